//! Files that hold a secret or open one: made once, never over another file, readable by their owner from the first byte.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter};
use std::path::Path;

use crate::error::Failure;
use crate::exit::Exit;

/// Permissions of a file that only its owner may read.
pub(super) const PRIVATE: u32 = 0o600;

/// Permissions of a file that is to be given away.
pub(super) const PUBLIC: u32 = 0o644;

/// Returns 32 bytes from the system's source of randomness.
///
/// # Errors
///
/// A [`Failure`] where the system gives none.
pub(super) fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::message(
            Exit::Incomplete,
            format!("the system gave no randomness: {error}"),
            "run the command again",
        )
    })?;
    Ok(bytes)
}

/// Writes a file that must not exist, with these permissions where the system has them. A file that could not be filled is removed.
///
/// # Errors
///
/// A [`Failure`] where the file exists or cannot be written.
pub(super) fn write_new(
    path: &Path,
    mode: u32,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let write = || {
        let mut file = BufWriter::new(options.open(path)?);
        let filled = fill(&mut file).and_then(|()| file.into_inner()?.sync_all());
        filled.inspect_err(|_| {
            let _ = fs::remove_file(path);
        })
    };
    write().map_err(|error| unwritable(path, &error))
}

/// Returns the failure of a file that cannot be written.
pub(super) fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let what = format!("cannot write `{}`: {error}", path.display());
    Failure::message(Exit::Incomplete, what, "check that the folder exists and is writable")
}
