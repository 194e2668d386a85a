//! Why a roster cannot be used.

use thiserror::Error;

/// Why a roster cannot be used. The user can fix all of these.
#[derive(Debug, Error)]
pub enum RosterError {
    /// A row is not what the format says.
    #[error("roster `{path}`, line {line}: {message}")]
    Malformed {
        /// File, relative to the workspace.
        path: String,
        /// Line, from 1.
        line: u64,
        /// What was expected and what was found.
        message: String,
    },
    /// The file is none of the formats that are read.
    #[error("roster `{path}` is no roster and no directory export that is known: {message}")]
    UnknownFormat {
        /// File, relative to the workspace.
        path: String,
        /// What was found.
        message: String,
    },
    /// A user of an export is not what the format says.
    #[error("roster `{path}`, user {place}: {message}")]
    User {
        /// File, relative to the workspace.
        path: String,
        /// JSON Pointer or line of the user.
        place: String,
        /// What was expected and what was found.
        message: String,
    },
    /// An export says itself that users are missing.
    #[error("roster `{path}` is not the whole directory: {message}")]
    Incomplete {
        /// File, relative to the workspace.
        path: String,
        /// What it says.
        message: String,
    },
}

impl RosterError {
    /// Says what to do about it.
    pub fn help(&self) -> Option<String> {
        Some(
            match self {
                Self::Malformed { .. } => {
                    "the columns are `person,name,kind,owner,ns,id,from,until,reviews`; see `docs/formats/people.md`"
                }
                Self::UnknownFormat { .. } => {
                    "give a `people.csv`, a `reviewers.csv`, or the users of SCIM 2.0, Okta, or Entra; see `docs/formats/people.md`"
                }
                Self::User { .. } => {
                    "export the users again, or name this person in `people.csv`, which goes before every export"
                }
                Self::Incomplete { .. } => "export every page, one after the other, into the same file",
            }
            .to_owned(),
        )
    }
}
