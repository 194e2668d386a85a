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
    #[error("control file `{path}` is not valid: {detail}")]
    Invalid {
        /// Path below `controls/`.
        path: String,
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
    #[error("`{path}` names the unknown {what} `{name}`")]
    Unknown {
        /// Path below `controls/`, or the argument that named it.
        path: String,
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
            Self::Cases { .. } => "correct the queries, or what the cases expect".to_owned(),
            Self::Table { .. } => "give a folder that holds one Parquet file per table".to_owned(),
            Self::Output(_) => return None,
        })
    }

    /// Makes an [`ControlError::Invalid`].
    pub(crate) fn invalid(path: &str, detail: impl Into<String>) -> Self {
        Self::Invalid { path: path.to_owned(), detail: detail.into() }
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
        Self::Unknown { path: path.to_owned(), what, name: name.to_owned(), near }
    }

    /// Tells whether the tool, not a file, is at fault.
    pub fn is_internal(&self) -> bool {
        matches!(self, Self::Query { .. } | Self::Contract { .. })
    }
}
