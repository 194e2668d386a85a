//! The output folder: whose it is, and how a finished pack takes its place.
//!
//! A pack is written beside its place under a temporary name, then renamed. Whatever is interrupted, the place holds
//! nothing, the earlier pack, or the new one, never half of one. Nothing that is not ours is ever removed.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::pack::bag::sync_folder;
use crate::pack::error::PackError;
use crate::pack::layout::{BAG_INFO, BAGIT, BAGIT_TEXT, MANIFEST, PackPath, TAG_MANIFEST};
use crate::pack::manifest;
use crate::pack::text;
use crate::pack::walk::walk;

/// Temporary names that are tried before giving up; each one taken is a run that was killed, or one still going.
const MAX_ATTEMPTS: u32 = 1_000;

/// A place where a pack may be put.
#[derive(Debug)]
pub struct OutFolder {
    place: PathBuf,
    holds: Holds,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Holds {
    Nothing,
    EmptyFolder,
    EarlierPack,
}

impl OutFolder {
    /// Judges `out` and touches nothing. Call it before a long run, so that a wrong path costs no time.
    ///
    /// # Errors
    /// [`PackError::Occupied`] or [`PackError::NotAFolder`] where the place is somebody else's, [`PackError::Io`]
    /// where it cannot be looked at.
    pub fn judge(out: &Path) -> Result<Self, PackError> {
        // A link to a folder stands for that folder: the link stays, and the pack lies on the folder's disk.
        let place = match fs::canonicalize(out) {
            Ok(place) => place,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if fs::symlink_metadata(out).is_ok() || out.file_name().is_none() {
                    return Err(PackError::NotAFolder { path: out.to_owned() });
                }
                return Ok(Self { place: out.to_owned(), holds: Holds::Nothing });
            }
            Err(error) => return Err(PackError::io("look at", out)(error)),
        };
        if !place.is_dir() {
            return Err(PackError::NotAFolder { path: out.to_owned() });
        }
        let holds = judge_folder(&place, out)?;
        Ok(Self { place, holds })
    }

    /// Creates the folder beside the place in which the pack is written.
    pub(super) fn begin(&self) -> Result<Partial, PackError> {
        let parent = self.parent();
        fs::create_dir_all(parent).map_err(PackError::io("create", parent))?;
        Ok(Partial { root: Some(self.free_sibling("partial")?) })
    }

    /// Puts the finished pack into its place.
    pub(super) fn put(self, mut partial: Partial) -> Result<(), PackError> {
        // Somebody may have used the place while the pack was being written.
        let now = Self::judge(&self.place)?;
        let Some(finished) = partial.root.take() else { return Ok(()) };
        let put = if now.holds == Holds::EarlierPack {
            now.replace(&finished)
        } else {
            fs::rename(&finished, &now.place).map_err(PackError::io("create", &now.place))
        };
        if put.is_err() {
            partial.root = Some(finished);
        }
        put.and_then(|()| sync_folder(now.parent()))
    }

    /// Moves the earlier pack aside, the finished one in, and only then removes the earlier one.
    fn replace(&self, finished: &Path) -> Result<(), PackError> {
        let aside = self.free_sibling("replaced")?;
        // The fresh sibling is empty, so a rename onto it is the move aside.
        fs::rename(&self.place, &aside).map_err(PackError::io("replace", &self.place))?;
        if let Err(error) = fs::rename(finished, &self.place) {
            fs::rename(&aside, &self.place).map_err(PackError::io("restore", &self.place))?;
            return Err(PackError::io("replace", &self.place)(error));
        }
        fs::remove_dir_all(&aside).map_err(PackError::io("remove", &aside))
    }

    fn parent(&self) -> &Path {
        match self.place.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }

    /// Creates an empty folder beside the place, on the same disk, so that a rename can reach the place.
    fn free_sibling(&self, what: &str) -> Result<PathBuf, PackError> {
        let name = self.place.file_name().unwrap_or_default().to_string_lossy();
        let mut attempt = 0;
        loop {
            let sibling = self.parent().join(format!(".{name}.{what}-{attempt}"));
            match fs::create_dir(&sibling) {
                Ok(()) => return Ok(sibling),
                Err(error) if error.kind() == ErrorKind::AlreadyExists && attempt < MAX_ATTEMPTS => {
                    attempt += 1
                }
                Err(error) => return Err(PackError::io("create", &sibling)(error)),
            }
        }
    }
}

/// A pack that is being written. Dropped before it is put in place, it is removed.
#[derive(Debug)]
pub(super) struct Partial {
    root: Option<PathBuf>,
}

impl Partial {
    pub(super) fn root(&self) -> &Path {
        self.root.as_deref().expect("a pack under way has its folder until it is put in place")
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if let Some(root) = &self.root {
            // The error that led here is the one to report; a left-over has a telling name.
            let _ = fs::remove_dir_all(root);
        }
    }
}

fn judge_folder(place: &Path, shown: &Path) -> Result<Holds, PackError> {
    let occupied = |found: String| Err(PackError::Occupied { folder: shown.to_owned(), found });
    let mut entries = fs::read_dir(place).map_err(PackError::io("read", shown))?;
    let first = match entries.next() {
        None => return Ok(Holds::EmptyFolder),
        Some(entry) => entry.map_err(PackError::io("read", shown))?.file_name(),
    };
    let Some(listed) = listed(place) else {
        return occupied(first.to_string_lossy().escape_debug().to_string());
    };
    let found = walk(place)?;
    let foreign = found.files.keys().find(|path| !listed.contains(*path)).map(ToString::to_string);
    match foreign.or_else(|| found.odd.into_keys().next()) {
        Some(foreign) => occupied(foreign),
        None => Ok(Holds::EarlierPack),
    }
}

/// Returns the files that an earlier pack of ours says it consists of; `None` where the folder is no such pack.
///
/// Only names count: a pack in which something was changed is still ours to replace, a stranger's file in it is not.
fn listed(place: &Path) -> Option<BTreeSet<PackPath>> {
    let read = |path: &str| {
        let place = place.join(path);
        fs::symlink_metadata(&place).ok().filter(fs::Metadata::is_file).and_then(|_| fs::read(place).ok())
    };
    if read(BAGIT)? != BAGIT_TEXT.as_bytes() || !text::claims_to_be_ours(&read(BAG_INFO)?) {
        return None;
    }
    let mut paths: BTreeSet<PackPath> = manifest::parse(&read(MANIFEST)?).ok()?.into_keys().collect();
    paths.extend(manifest::parse(&read(TAG_MANIFEST)?).ok()?.into_keys());
    paths.extend(PackPath::new(TAG_MANIFEST));
    Some(paths)
}
