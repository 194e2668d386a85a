//! Waivers: exceptions that somebody accepted, dated, owned, and with an end.
//!
//! In: the files of the workspace's `waivers/` ([`file`]), the roster, the control library. Out: [`Waiver`]s that are
//! in order. Which items they cover is decided in [`crate::assess`]. A waiver turns an exception into an accepted one;
//! it removes no item and improves no result of a test.

mod error;
mod file;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use globset::GlobMatcher;

pub use self::error::WaiverError;
use crate::clock::Moment;
use crate::control::library::Library;
use crate::identity::Roster;
use crate::pack::NamedBytes;
use crate::pack::layout::PackPath;
use crate::table::Waiver as Row;

/// The folder of a workspace, and of a pack's policy, that holds them.
pub const FOLDER: &str = "waivers";

/// The longest life of a waiver, in days: so that each is looked at again every quarter.
pub const MAX_DAYS: i64 = 90;

/// The size that no waiver reaches.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// A waiver, in order.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// Id, such as `W-2026-014`.
    pub id: String,
    /// File that states it, below the workspace.
    pub file: String,
    /// Test whose exceptions it accepts.
    pub test: String,
    /// Which of them.
    pub scope: Scope,
    /// Items it may cover.
    pub max_rows: u64,
    /// Why.
    pub reason: String,
    /// What may go wrong meanwhile.
    pub risk: Option<String>,
    /// The control that stands in.
    pub compensating: Option<Compensating>,
    /// Person who answers for it.
    pub owner: String,
    /// Person who asked for it, where that is not the owner.
    pub requested_by: Option<String>,
    /// Person who approved it.
    pub approved_by: String,
    /// Items before this moment are not accepted.
    pub from: Moment,
    /// Items from this moment on are not accepted.
    pub expires: Moment,
}

/// The control that stands in for the waived one, by the test that shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Compensating {
    /// Test.
    pub test: String,
    /// Why it stands in.
    pub why: String,
}

/// Which exceptions a waiver means. Every condition must hold; an absent one always does.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Ids of exceptions, as a report prints them.
    pub exception: Option<BTreeSet<String>>,
    /// The products' own ids of the items.
    pub native_id: Option<BTreeSet<String>>,
    /// Cases.
    pub case: Option<BTreeSet<String>>,
    /// Sources.
    pub source: Option<BTreeSet<String>>,
    /// Environments.
    pub env: Option<BTreeSet<String>>,
    /// Groups of the target.
    pub resource_group: Option<BTreeSet<String>>,
    /// Action classes.
    pub action_class: Option<BTreeSet<String>>,
    /// Globs over the target, as written and compiled.
    pub resource: Option<Vec<(String, GlobMatcher)>>,
    /// Start, where later than the waiver's.
    pub from: Option<Moment>,
    /// End, exclusive, where earlier than the waiver's.
    pub to: Option<Moment>,
}

impl Scope {
    /// Returns the conditions in words, in a fixed order.
    pub fn describe(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        for (name, values) in [
            ("exception", &self.exception),
            ("native_id", &self.native_id),
            ("case", &self.case),
            ("source", &self.source),
            ("env", &self.env),
            ("resource_group", &self.resource_group),
            ("action_class", &self.action_class),
        ] {
            if let Some(values) = values {
                parts.push(format!("{name} {}", values.iter().cloned().collect::<Vec<_>>().join(", ")));
            }
        }
        if let Some(globs) = &self.resource {
            let globs: Vec<&str> = globs.iter().map(|(text, _)| text.as_str()).collect();
            parts.push(format!("resource {}", globs.join(", ")));
        }
        parts.extend(self.from.map(|from| format!("from {from}")));
        parts.extend(self.to.map(|to| format!("before {to}")));
        parts.join("; ")
    }
}

impl Waiver {
    /// Returns the waiver's row of the published table.
    pub fn row(&self) -> Row {
        Row {
            waiver_id: Some(self.id.clone()),
            test: Some(self.test.clone()),
            from_ms: Some(self.from.ms()),
            to_ms: Some(self.expires.ms()),
            max_rows: i64::try_from(self.max_rows).ok(),
            approved_by: Some(self.approved_by.clone()),
        }
    }
}

/// Reads the files of the folder `waivers/` below `root`, by name; notes and hidden files are left out.
///
/// # Errors
///
/// [`WaiverError`] for a file that cannot be read, is too large, or is no TOML file by its name.
pub fn files(root: &Path) -> Result<Vec<NamedBytes>, WaiverError> {
    let folder = root.join(FOLDER);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable = |path: &str| {
        let path = path.to_owned();
        move |source| WaiverError::Read { path, source }
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).map_err(unreadable(FOLDER))? {
        let entry = entry.map_err(unreadable(FOLDER))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || name.ends_with(".md") {
            continue;
        }
        let path = format!("{FOLDER}/{name}");
        let metadata = fs::metadata(entry.path()).map_err(unreadable(&path))?;
        if !metadata.is_file() || !name.ends_with(".toml") || PackPath::new(&path).is_err() {
            return Err(WaiverError::NotAWaiver { path });
        }
        if metadata.len() > MAX_FILE_BYTES {
            return Err(WaiverError::Oversize { path, found: metadata.len(), limit: MAX_FILE_BYTES });
        }
        files.push((path.clone(), fs::read(entry.path()).map_err(unreadable(&path))?));
    }
    files.sort();
    Ok(files)
}

/// Reads waivers from `files`, in their order.
///
/// # Errors
///
/// [`WaiverError`] with file and line: its form, an unknown test or one that cannot be waived, no end or one too far
/// off, people whom the roster does not name, an approver who is owner or requester, and an id that stands twice.
pub fn parse(files: &[NamedBytes], roster: &Roster, library: &Library) -> Result<Vec<Waiver>, WaiverError> {
    let mut waivers: Vec<Waiver> = Vec::new();
    for (path, bytes) in files {
        let waiver = file::parse(path, bytes, roster, library)?;
        if let Some(first) = waivers.iter().find(|known| known.id == waiver.id) {
            return Err(WaiverError::Twice { path: path.clone(), id: waiver.id, first: first.file.clone() });
        }
        waivers.push(waiver);
    }
    Ok(waivers)
}
