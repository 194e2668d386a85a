//! What can be wrong with a profile, or with how a workspace uses one.

use std::fmt;

use crate::redact::shown;

/// A place in a profile file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// File, as a person would open it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Place {
    /// Returns the place of byte `offset` in `text`.
    pub(super) fn of(file: &str, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The profile file does not say something the language knows. The user can fix this.
    #[error("source profile {place}: {what}")]
    Invalid {
        /// Where.
        place: Place,
        /// What was expected and found.
        what: String,
        /// What to do.
        help: Option<String>,
    },
    /// No profile has this name. The user can fix this.
    #[error("no source profile is named `{}`", shown(name))]
    Unknown {
        /// The name asked for.
        name: String,
        /// What to do.
        help: String,
    },
    /// A folder of `sources/` lacks a file. The user can fix this.
    #[error("source profile `{folder}` has no `{file}`")]
    MissingFile {
        /// The folder.
        folder: String,
        /// The file.
        file: &'static str,
    },
    /// A file of `sources/` cannot be read. The user can fix this.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// The file or folder.
        path: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// A workspace's `set` does not fit the profile. The user can fix this.
    #[error("`set` of source `{}`: {what}", shown(source_id))]
    Set {
        /// The source.
        source_id: String,
        /// What was expected and found.
        what: String,
        /// What to do.
        help: Option<String>,
    },
}

impl ProfileError {
    /// Says what to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Invalid { help, .. } | Self::Set { help, .. } => help.clone(),
            Self::Unknown { help, .. } => Some(help.clone()),
            Self::MissingFile { file, .. } => Some(format!("add `{file}`, or remove the folder")),
            Self::Unreadable { .. } => Some("check that the file exists and is readable".to_owned()),
        }
    }
}

/// Returns the word of `known` that `word` is nearest to, if it is near enough to be a slip of the hand.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let limit = 1 + word.chars().count() / 4;
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Returns the help for an unknown `word`: the nearest known one, else all of them.
pub(crate) fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> String {
    match nearest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "write one of {}",
            known.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        ),
    }
}
