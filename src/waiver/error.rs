//! What can be wrong with a waiver.

use thiserror::Error;

/// Why the waivers of a workspace cannot be used. The user can fix all of these.
#[derive(Debug, Error)]
pub enum WaiverError {
    /// It cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// File, below the workspace.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is no file that a waiver could be.
    #[error("`{path}` is no waiver: expected a TOML file named with letters, digits, `.`, `_` and `-`")]
    NotAWaiver {
        /// File, below the workspace.
        path: String,
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
    /// It is not what the format says, or not what the rules allow.
    #[error("`{path}`, line {line}: {message}")]
    Invalid {
        /// File, below the workspace.
        path: String,
        /// Line, from 1.
        line: usize,
        /// What was expected and what was found.
        message: String,
        /// What to do.
        help: String,
    },
    /// Two files have one id.
    #[error("`{path}` states the waiver `{id}`, as `{first}` does")]
    Twice {
        /// File, below the workspace.
        path: String,
        /// Id.
        id: String,
        /// The other file.
        first: String,
    },
}

impl WaiverError {
    /// Says what to do about it.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Read { .. } => "check that the file exists and is readable".to_owned(),
            Self::NotAWaiver { .. } => "keep one TOML file per waiver there, and nothing else".to_owned(),
            Self::Oversize { .. } => "write one waiver per file, for few exceptions".to_owned(),
            Self::Invalid { help, .. } => help.clone(),
            Self::Twice { .. } => "give each waiver an id of its own".to_owned(),
        })
    }
}
