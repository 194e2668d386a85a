//! What a verb looks into: a workspace, or a pack.

use std::path::Path;

use super::{Common, period};
use crate::error::Failure;
use crate::exit::Exit;
use crate::integrity::verdict::{Effect, Verdict};
use crate::pack::PackFolder;
use crate::run::material::Material;
use crate::run::{Options, Run, RunError, run as run_all};
use crate::settings::Workspace;

/// Runs the workspace at `path`, or derives the pack there again from its own files.
///
/// # Errors
/// As of a run; a pack whose seal is broken ends with 3, and one without its logs with 2.
pub(super) fn run(path: &Path, common: &Common) -> Result<(Material, Run), Failure> {
    let (material, options) = if PackFolder::is_pack(path) {
        of_pack(path)?
    } else {
        let workspace = Workspace::load(path).map_err(RunError::from)?;
        let options = period::of_report(&workspace, common)?;
        (Material::of_workspace(workspace)?, options)
    };
    let run = run_all(&material, options)?;
    Ok((material, run))
}

fn of_pack(path: &Path) -> Result<(Material, Options), Failure> {
    let pack = open(path)?;
    if pack.objects()?.iter().any(|object| object.path.is_none()) {
        return Err(Failure::message(
            Exit::Usage,
            format!("pack `{}` does not hold all of its logs", path.display()),
            "give the workspace that it was made from, or a pack with `pack.sources = \"include\"`",
        ));
    }
    let settings = pack.run()?;
    Ok((Material::of_pack(&pack, None)?, Options::new(settings.period(), settings.as_of)))
}

/// Opens a pack, once its seal holds. Who signed it, only `verify` tells.
///
/// # Errors
/// Where it is no pack, or was changed since it was sealed, which ends with 3.
pub(super) fn open(path: &Path) -> Result<PackFolder, Failure> {
    let pack = PackFolder::open(path)?;
    let check = pack.check(&[])?;
    if check.verdict == Verdict::Altered {
        // Nobody was named whose key is trusted, so that the key is unknown is no news.
        let first = check.breaks.iter().find(|found| found.kind.effect(true) != Effect::NotVerifiable);
        let why = first.map_or_else(String::new, |found| {
            format!(": `{}` {}: {}", found.object, found.kind, found.detail)
        });
        return Err(Failure::message(
            Exit::Altered,
            format!("pack `{}` is altered{why}", path.display()),
            "bring the pack as it was sealed; `countersign verify` lists what changed",
        ));
    }
    Ok(pack)
}
