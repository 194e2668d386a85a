//! `countersign controls lint`: what loading alone does not check.

use std::io::Write;
use std::path::Path;

use crate::control::case;
use crate::control::catalog::Reach;
use crate::control::{ControlError, Library};
use crate::run::{RunError, material};
use crate::settings::{FILE, Workspace};

/// Checks what a workspace says of controls: its frameworks, its parameter profile, its reference files, and its waivers.
pub(super) fn of_workspace(folder: &Path) -> Result<(), RunError> {
    if !folder.join(FILE).is_file() {
        return Ok(());
    }
    let library = super::library(folder)?;
    let workspace = Workspace::load(folder)?;
    for framework in &workspace.frameworks {
        library.selected(framework)?;
    }
    library.profile(&workspace.parameters)?;
    let roster = material::roster_of(&workspace)?;
    crate::reference::parse(&crate::reference::files(folder)?, &roster)?;
    let files = crate::waiver::files(folder)?;
    crate::waiver::parse(&files, &roster, &library)?;
    Ok(())
}

/// Checks that every test has cases of every kind, and prints what there is.
pub(super) fn of_library(library: &Library, out: &mut dyn Write) -> Result<(), ControlError> {
    let mut cases = 0;
    for test in library.tests.values() {
        let own = case::cases(library, test)?;
        case::all_kinds(test, &own)?;
        cases += own.len();
    }
    let controls: usize = library.catalogs.iter().map(|catalog| catalog.controls.len()).sum();
    writeln!(
        out,
        "{} tests with {} portable queries and {cases} cases, {} frameworks with {controls} controls, {} links",
        library.tests.len(),
        2 * library.tests.len(),
        library.catalogs.len(),
        library.links.len(),
    )?;
    let unreviewed = library.links.iter().filter(|link| link.reviewed_by.is_none()).count();
    let profiles: Vec<&str> = library.parameters.profiles().collect();
    writeln!(out, "{unreviewed} links unreviewed; parameter profiles {}", profiles.join(", "))?;
    for catalog in &library.catalogs {
        let bare = catalog.controls.iter().filter(|control| {
            control.reach >= Reach::Partial && !library.links.iter().any(|link| link.control == control.id)
        });
        let bare = bare.count();
        if bare > 0 {
            writeln!(out, "{:18} {bare} controls within reach have no test", catalog.id)?;
        }
    }
    for changed in library.overrides() {
        match changed.shipped {
            Some(shipped) => {
                writeln!(out, "replaced {} {} (shipped {shipped})", changed.path, changed.sha256)?
            }
            None => writeln!(out, "added    {} {}", changed.path, changed.sha256)?,
        }
    }
    Ok(())
}
