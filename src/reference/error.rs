//! What can be wrong with a reference file.

use thiserror::Error;

/// Why the reference files of a workspace cannot be used. The user can fix all of these.
#[derive(Debug, Error)]
pub enum ReferenceError {
    /// It cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// File, below the workspace.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is too large.
    #[error("`{path}` has {found} bytes, more than the limit of {limit}")]
    Oversize {
        /// File, below the workspace.
        path: String,
        /// Its size.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// It is not what the format says, or it contradicts another file.
    #[error("`{path}`, line {line}: {message}")]
    Invalid {
        /// File, below the workspace.
        path: String,
        /// Line, from 1.
        line: u64,
        /// What was expected and what was found.
        message: String,
        /// What to do.
        help: String,
    },
}

impl ReferenceError {
    /// Says what to do about it.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Read { .. } => "check that the file exists and is readable".to_owned(),
            Self::Oversize { .. } => "leave out rows that ended before the period".to_owned(),
            Self::Invalid { help, .. } => format!("{help}; see `docs/formats/reference.md`"),
        })
    }
}
