//! What can be wrong with control files, and with a run of their queries.

use std::path::PathBuf;

/// Why a control library cannot be used, or a query of it could not be run.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// A file of the workspace's `controls/` cannot be read. The user can fix this.
    #[error("cannot read control file `{}`", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is larger than a control file may be. The user can fix this.
    #[error("control file `{path}` has {found} bytes, more than the limit of {limit}")]
    Oversize {
        /// Path below `controls/`.
        path: String,
        /// Its size.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// A file does not have the form it should have. The user can fix this.
    #[error("control file `{path}`{} is not valid: {detail}", at(*line))]
    Invalid {
        /// Path below `controls/`.
        path: String,
        /// Line, from 1; 0 where the whole file is meant, or the detail names it.
        line: usize,
        /// What was expected and what was found.
        detail: String,
    },
    /// A query leaves the portable subset. The user can fix this.
    #[error("query `{path}` is not portable: {construct}{place}")]
    NotPortable {
        /// Path below `controls/`.
        path: String,
        /// The construct, by name.
        construct: String,
        /// Where, as ` (line 3, column 7)`; empty where it is not known.
        place: String,
        /// How to say it instead.
        instead: String,
    },
    /// A name that nothing defines. The user can fix this.
    #[error("`{path}`{} names the unknown {what} `{name}`", at(*line))]
    Unknown {
        /// Path below `controls/`, or the argument that named it.
        path: String,
        /// Line, from 1; 0 where no file names it.
        line: usize,
        /// What kind of thing.
        what: &'static str,
        /// The name.
        name: String,
        /// A near match, if there is one.
        near: Option<String>,
    },
    /// The period ends before it starts. The user can fix this.
    #[error("the period from `{from}` to `{to}` holds no time")]
    EmptyPeriod {
        /// Start.
        from: String,
        /// End, or as-of where that is earlier.
        to: String,
    },
    /// A query could not be run on the tables. This is a bug in the tool, or in the workspace's own query.
    #[error("query `{path}` could not be run: {detail}")]
    Query {
        /// Path below `controls/`.
        path: String,
        /// What the engine said.
        detail: String,
    },
    /// A query gave rows that break its contract. This is a bug in the query.
    #[error("query `{path}` broke its contract: {detail}")]
    Contract {
        /// Path below `controls/`.
        path: String,
        /// What was expected and what was found.
        detail: String,
    },
    /// A test lacks a case of some kind. The author of the test can fix this.
    #[error("test {test} has no case of the kinds {missing}")]
    NoCase {
        /// Test.
        test: String,
        /// Kinds, as the names of cases begin.
        missing: String,
    },
    /// Cases do not give what they expect. The author of the test can fix this.
    #[error("{failed} of {total} cases differ from what they expect")]
    Cases {
        /// Cases that differ.
        failed: usize,
        /// Cases run.
        total: usize,
    },
    /// Tables for `controls test --tables` cannot be read. The user can fix this.
    #[error("cannot read table `{}`: {detail}", path.display())]
    Table {
        /// The Parquet file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// The output could not be written. The user can fix this.
    #[error("cannot write the output")]
    Output(#[from] std::io::Error),
}

impl ControlError {
    /// Says what to do about it.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Read { .. } => "check that the file exists and is readable".to_owned(),
            Self::Oversize { .. } => "split the file, or keep cases small".to_owned(),
            Self::Invalid { .. } => {
                "compare it with a shipped file: `countersign controls show <ID>`".to_owned()
            }
            Self::NotPortable { instead, .. } => instead.clone(),
            Self::Unknown { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::Unknown { .. } => {
                "list what there is with `countersign controls list`, or add what is missing".to_owned()
            }
            Self::EmptyPeriod { .. } => "set an as-of and an end later than the period's start".to_owned(),
            Self::Query { .. } | Self::Contract { .. } => {
                "run `countersign controls test`; report it where the query is a shipped one".to_owned()
            }
            Self::NoCase { test, .. } => format!(
                "add one to `controls/tests/{}/cases/`: a test that was never seen to find anything shows nothing",
                test.to_ascii_lowercase()
            ),
            Self::Cases { .. } => "correct the queries, or what the cases expect".to_owned(),
            Self::Table { .. } => "give a folder that holds one Parquet file per table".to_owned(),
            Self::Output(_) => return None,
        })
    }

    /// Makes an [`ControlError::Invalid`].
    pub(crate) fn invalid(path: &str, detail: impl Into<String>) -> Self {
        Self::Invalid { path: path.to_owned(), line: 0, detail: detail.into() }
    }

    /// Says on which line of its file it is.
    pub(crate) fn at_line(mut self, found: usize) -> Self {
        if let Self::Invalid { line, .. } | Self::Unknown { line, .. } = &mut self {
            *line = found;
        }
        self
    }

    /// Returns the file that it is about, below `controls/`.
    pub(crate) fn path(&self) -> Option<&str> {
        match self {
            Self::Invalid { path, .. } | Self::Unknown { path, .. } => Some(path),
            _ => None,
        }
    }

    /// Looks in `text` for the line that names what is wrong, where it is not known yet.
    pub(crate) fn located(self, text: &str) -> Self {
        let name = match &self {
            Self::Unknown { line: 0, name, .. } => Some(name.as_str()),
            // What is wrong is the first thing that the message quotes.
            Self::Invalid { line: 0, detail, .. } if !detail.contains(" at line ") => {
                detail.split('`').nth(1)
            }
            _ => None,
        };
        let found = name.and_then(|name| text.lines().position(|line| line.contains(name)));
        match found {
            Some(index) => self.at_line(index + 1),
            None => self,
        }
    }

    /// Makes an [`ControlError::Unknown`], with the nearest of `known` names.
    pub(crate) fn unknown<'a>(
        path: &str,
        what: &'static str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let near = known
            .into_iter()
            .map(|known| (strsim::damerau_levenshtein(known, name), known))
            .min()
            .filter(|(distance, _)| *distance <= 1 + name.len() / 4)
            .map(|(_, known)| known.to_owned());
        Self::Unknown { path: path.to_owned(), line: 0, what, name: name.to_owned(), near }
    }

    /// Tells whether the tool, not a file, is at fault.
    pub fn is_internal(&self) -> bool {
        matches!(self, Self::Query { .. } | Self::Contract { .. })
    }
}

/// Returns the place in a message.
fn at(line: usize) -> String {
    if line == 0 { String::new() } else { format!(", line {line}") }
}

/// Returns the line, from 1, of a place in `text`.
pub(crate) fn line_at(text: &str, start: usize) -> usize {
    text.get(..start).unwrap_or(text).matches('\n').count() + 1
}
