//! Why a pack could not be written or read. What is wrong *inside* a pack is a result, not an error.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::digest::Digest;

/// What prevented a pack from being written or read.
#[derive(Debug, Error)]
pub enum PackError {
    /// The output folder holds something that is not ours to replace. The user can fix this.
    #[error("output folder `{folder}` is not empty and not an earlier pack: it holds `{found}`")]
    Occupied {
        /// The folder.
        folder: PathBuf,
        /// The first thing in it that no pack of ours put there.
        found: String,
    },
    /// The output path is something else than a folder. The user can fix this.
    #[error("output path `{path}` is not a folder")]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// A file name cannot stand in a pack. The user can fix this.
    #[error("`{path}` cannot stand in a pack: {why}")]
    UnsafePath {
        /// The path inside the pack.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Two files claim one place. The user can fix this.
    #[error("`{second}` cannot stand in a pack beside `{first}`: they differ at most in case")]
    Collision {
        /// The path that came first.
        first: String,
        /// The path that came second.
        second: String,
    },
    /// The key file holds no usable signing key. The user can fix this.
    #[error("`{path}` holds no Ed25519 signing key: {why}")]
    Key {
        /// The key file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// The folder is no pack that this program reads. The user can fix this.
    #[error("`{folder}` is not a pack: {why}")]
    NotAPack {
        /// The folder.
        folder: PathBuf,
        /// What was expected and found.
        why: String,
    },
    /// A file of a pack cannot be used. The pack is damaged, and `check` says how.
    #[error("cannot use `{path}` of the pack: {why}")]
    Unusable {
        /// The path inside the pack.
        path: String,
        /// What was expected and found.
        why: String,
    },
    /// A source object is no longer what the run read. The user can fix this.
    #[error(
        "object `{name}` of source `{source_id}` changed during the run: read with sha256 {expected}, packed with {found}"
    )]
    SourceChanged {
        /// Source id.
        source_id: String,
        /// Name as declared.
        name: String,
        /// Digest that the run recorded.
        expected: Digest,
        /// Digest of the bytes that would have been packed.
        found: Digest,
    },
    /// Reading or writing failed. The user can fix this.
    #[error("cannot {doing} `{path}`")]
    Io {
        /// What was being done, as a verb.
        doing: &'static str,
        /// The path.
        path: PathBuf,
        /// The cause.
        #[source]
        cause: io::Error,
    },
    /// A table could not be encoded. This is a bug in the tool.
    #[error("cannot encode table `{table}`")]
    Table {
        /// The table.
        table: String,
        /// The cause.
        #[source]
        cause: polars::error::PolarsError,
    },
}

impl PackError {
    /// Returns an [`PackError::Io`] maker for `map_err`.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::Io { doing, path, cause }
    }

    /// Tells whether the call itself was wrong (exit 2) rather than input or output (exit 5).
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Occupied { .. }
            | Self::NotAFolder { .. }
            | Self::UnsafePath { .. }
            | Self::Collision { .. }
            | Self::Key { .. }
            | Self::NotAPack { .. } => true,
            Self::Unusable { .. } | Self::SourceChanged { .. } | Self::Io { .. } | Self::Table { .. } => {
                false
            }
        }
    }

    /// Returns what to do about it.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::Occupied { .. } => {
                "name a folder that does not exist, is empty, or holds nothing but an earlier pack".to_owned()
            }
            Self::NotAFolder { .. } => "name a folder with `--out`".to_owned(),
            Self::UnsafePath { .. } => {
                "rename the file so that it uses only letters, digits, `.`, `_` and `-`".to_owned()
            }
            Self::Collision { .. } => "rename one of the two files".to_owned(),
            Self::Key { .. } => {
                "give the private key that `countersign keys generate` wrote, in PKCS#8 PEM".to_owned()
            }
            Self::NotAPack { .. } => "name the folder that holds `bagit.txt`".to_owned(),
            Self::Unusable { .. } => {
                "run `countersign verify` on the pack to see what was changed".to_owned()
            }
            Self::SourceChanged { .. } => {
                "run the report again on objects that nobody writes to meanwhile".to_owned()
            }
            Self::Io { .. } => {
                "check that the path exists, may be written, and that the disk has room; in place of a mount \
                 point, name a folder inside it"
                    .to_owned()
            }
            Self::Table { .. } => return None,
        };
        Some(help)
    }
}
