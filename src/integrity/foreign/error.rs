//! What can be wrong with a chain profile.

use crate::profile::{Place, ProfileError};
use crate::redact::shown;

/// Why a chain profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The file does not say something that the language knows. The user can fix this.
    #[error("chain profile {place}: {what}")]
    Invalid {
        /// Where.
        place: Place,
        /// What was expected and found.
        what: String,
        /// What to do.
        help: Option<String>,
    },
    /// No profile has this id. The user can fix this.
    #[error("no chain profile is named `{}`", shown(id))]
    Unknown {
        /// The id asked for.
        id: String,
        /// What to do.
        help: String,
    },
    /// A file of `chains/` cannot be read. The user can fix this.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// The file or folder.
        path: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
}

impl ChainError {
    /// Says what to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Invalid { help, .. } => {
                help.clone().or_else(|| Some("read `docs/formats/chain-profile.md`".to_owned()))
            }
            Self::Unknown { help, .. } => Some(help.clone()),
            Self::Unreadable { .. } => Some("check that the file exists and is readable".to_owned()),
        }
    }
}

impl From<ProfileError> for ChainError {
    /// Takes over what the reader of TOML files says; it makes no other errors.
    fn from(error: ProfileError) -> Self {
        let help = error.help();
        match error {
            ProfileError::Invalid { place, what, help } => Self::Invalid { place, what, help },
            other => Self::Invalid {
                place: Place { file: String::new(), line: 1, column: 1 },
                what: other.to_string(),
                help,
            },
        }
    }
}
