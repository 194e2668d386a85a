//! What lies in a folder, without following a link.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::pack::error::PackError;
use crate::pack::layout::PackPath;

/// Everything found below a folder.
#[derive(Default, Debug)]
pub(super) struct Found {
    /// Regular files with safe names, and their lengths.
    pub(super) files: BTreeMap<PackPath, u64>,
    /// Everything else that is no folder, by its printable path: what it is.
    pub(super) odd: BTreeMap<String, &'static str>,
    /// Folders that hold nothing at all.
    pub(super) empty: BTreeSet<String>,
}

/// Lists what lies below `root`, which may itself be a link.
pub(super) fn walk(root: &Path) -> Result<Found, PackError> {
    let mut found = Found::default();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let place = root.join(&folder);
        let mut entries = 0_u64;
        for entry in fs::read_dir(&place).map_err(PackError::io("read", &place))? {
            let entry = entry.map_err(PackError::io("read", &place))?;
            entries += 1;
            let name = entry.file_name();
            let path = format!("{folder}{}", name.to_string_lossy());
            let kind = entry.file_type().map_err(PackError::io("read", &entry.path()))?;
            let safe = name.to_str().and_then(|_| PackPath::new(&path).ok());
            match safe {
                None => {
                    found.odd.insert(path.escape_debug().to_string(), "its name cannot stand in a pack");
                }
                Some(_) if kind.is_dir() => folders.push(format!("{path}/")),
                Some(safe) if kind.is_file() => {
                    let length = entry.metadata().map_err(PackError::io("read", &entry.path()))?.len();
                    found.files.insert(safe, length);
                }
                Some(_) => {
                    let what = if kind.is_symlink() { "a symbolic link" } else { "neither file nor folder" };
                    found.odd.insert(path, what);
                }
            }
        }
        if entries == 0 && !folder.is_empty() {
            found.empty.insert(folder.trim_end_matches('/').to_owned());
        }
    }
    Ok(found)
}
