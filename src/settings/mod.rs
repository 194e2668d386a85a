//! The workspace: what a team declares about its sources, its period, and its rules.
//!
//! [`file`] holds `countersign.toml` as typed; [`Workspace`] is the same, validated and ready. Every path in it is
//! relative to the workspace, and stays so: results never show a path of the machine.

mod file;
mod link;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::GlobMatcher;
use thiserror::Error;

use crate::clock::{Moment, Period};
use crate::digest::Digest;
use crate::identity::PeopleFile;
use crate::integrity::verdict::{BreakKind, Grade};
use crate::redact::{Allowed, Policy};
use crate::report::model::Extracted;

pub use self::link::{Link, LinkColumn, Pair};

/// The name of the workspace file.
pub const FILE: &str = "countersign.toml";

/// A workspace, validated.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Folder of the workspace file.
    pub root: PathBuf,
    /// The workspace file's bytes.
    pub text: String,
    /// Legal entity or team.
    pub entity: String,
    /// System in scope.
    pub system: String,
    /// Start of the period.
    pub from: Moment,
    /// End of the period, exclusive; a period without one ends at as-of.
    pub to: Option<Moment>,
    /// Frameworks whose controls are listed, in order.
    pub frameworks: Vec<String>,
    /// Parameter profile.
    pub parameters: String,
    /// Trust file.
    pub trust: Option<String>,
    /// Files of the roster.
    pub people: Vec<PeopleFile>,
    /// Sources, in the order declared.
    pub sources: Vec<Source>,
    /// Links between sources, in order.
    pub links: Vec<Link>,
    /// Rules that say which executions must be approved, in order.
    pub gated: Vec<Gated>,
    /// What the team knows it cannot test.
    pub expected_unable: Vec<ExpectedUnable>,
    /// Breaks that were looked into.
    pub known_breaks: Vec<KnownBreak>,
    /// Controls out of scope.
    pub out_of_scope: Vec<OutOfScope>,
    /// How the pack is made.
    pub pack: Pack,
    /// What is masked in text from logs.
    pub redaction: Arc<Policy>,
    /// Values that look like secrets and are none.
    pub allowed: Vec<Allowed>,
}

/// Which tables a source fills.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// All of them.
    Approvals,
    /// `execution` only.
    Executions,
    /// `external_activity` only.
    Independent,
}

impl Role {
    /// Returns the word used in the workspace file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approvals => "approvals",
            Self::Executions => "executions",
            Self::Independent => "independent",
        }
    }
}

/// A source.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name everywhere.
    pub id: String,
    /// Source profile.
    pub profile: String,
    /// Chain profile, where the source profile names none or another.
    pub chain: Option<String>,
    /// Patterns of its objects.
    pub objects: Vec<String>,
    /// Which tables it fills.
    pub role: Role,
    /// Log names expected inside.
    pub logs: Vec<String>,
    /// Minimum grade, where declared.
    pub require: Option<Grade>,
    /// File with the last record's head.
    pub head: Option<String>,
    /// File with the head before these objects.
    pub after: Option<String>,
    /// File that lists its objects with their digests.
    pub census: Option<String>,
    /// Longest silence allowed, milliseconds.
    pub max_silence_ms: Option<i64>,
    /// Start of its life, where later than the period's.
    pub from: Option<Moment>,
    /// End of its life, exclusive, where earlier than the period's.
    pub until: Option<Moment>,
    /// Constants that the product omits.
    pub set: BTreeMap<String, String>,
    /// How the objects were extracted.
    pub extracted: Option<Extracted>,
    /// Why it may be empty, and until when.
    pub may_be_empty: Option<(String, Moment)>,
}

/// A rule that says which executions must be approved. All conditions must match; an absent one always does.
#[derive(Clone, Debug)]
pub struct Gated {
    /// Action classes.
    pub action_class: Option<BTreeSet<String>>,
    /// Environments.
    pub env: Option<BTreeSet<String>>,
    /// Sources.
    pub source: Option<BTreeSet<String>>,
    /// Kinds of actor.
    pub actor_kind: Option<BTreeSet<String>>,
    /// Globs over the resource id.
    pub resource: Option<Vec<GlobMatcher>>,
    /// Whether a match demands approval.
    pub approval: bool,
    /// Approvals demanded.
    pub quorum: i64,
}

/// Items of a source that are known to lack a column.
#[derive(Clone, Debug)]
pub struct ExpectedUnable {
    /// Test.
    pub test: String,
    /// Source.
    pub source: String,
    /// `table.column`.
    pub column: String,
    /// Items covered at most.
    pub max_items: u64,
    /// Why.
    pub reason: String,
    /// Until when, exclusive.
    pub until: Moment,
}

/// A break that was looked into.
#[derive(Clone, Debug)]
pub struct KnownBreak {
    /// Log.
    pub log: String,
    /// Kind.
    pub kind: BreakKind,
    /// `object:line`.
    pub line: String,
    /// SHA-256 of the line.
    pub digest: Digest,
    /// Why it is accepted.
    pub reason: String,
    /// Who decided.
    pub decided_by: String,
    /// Until when, exclusive.
    pub until: Moment,
}

/// A control that is out of scope.
#[derive(Clone, Debug)]
pub struct OutOfScope {
    /// Qualified id.
    pub control: String,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub decided_by: String,
}

/// How the pack is made.
#[derive(Clone, Debug)]
pub struct Pack {
    /// Key file that signs the statement.
    pub key: Option<String>,
    /// Whether the source objects are included.
    pub include_sources: bool,
}

/// Why a workspace cannot be used. The user can fix all of these.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// There is none.
    #[error("no workspace in `{folder}`: there is no `countersign.toml`")]
    Missing {
        /// Folder as typed.
        folder: String,
    },
    /// It cannot be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// File, relative to the workspace.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not what the format says.
    #[error("`{path}`, line {line}: {message}")]
    Malformed {
        /// File, relative to the workspace.
        path: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
        /// A near match.
        suggestion: Option<String>,
    },
    /// A value is not one of those that the format allows.
    #[error("{place}: {message}")]
    Invalid {
        /// Which entry.
        place: String,
        /// What was expected and what was found.
        message: String,
        /// What to do.
        help: Option<String>,
    },
}

impl SettingsError {
    /// Says what to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => Some(
                "name a folder that holds one, or write one: `entity`, `period`, and one `[[source]]` are enough"
                    .to_owned(),
            ),
            Self::Unreadable { .. } => Some("check that the file exists and is readable".to_owned()),
            Self::Malformed { suggestion: Some(word), .. } => Some(format!("did you mean `{word}`?")),
            Self::Malformed { .. } => Some("`docs/formats/workspace.md` lists every key".to_owned()),
            Self::Invalid { help, .. } => help.clone(),
        }
    }
}

impl Workspace {
    /// Reads `countersign.toml` in `root`.
    ///
    /// # Errors
    ///
    /// When it is missing, unreadable, or not what the format says.
    pub fn load(root: &Path) -> Result<Self, SettingsError> {
        let path = root.join(FILE);
        if !path.is_file() {
            return Err(SettingsError::Missing { folder: root.display().to_string() });
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|source| SettingsError::Unreadable { path: FILE.to_owned(), source })?;
        file::parse(&text, root)
    }

    /// Parses a workspace file that lies nowhere.
    #[cfg(test)]
    pub(crate) fn of_text(text: &str) -> Result<Self, SettingsError> {
        file::parse(text, Path::new("."))
    }

    /// Returns the file at `relative`, which may not be absent.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn read(&self, relative: &str) -> Result<String, SettingsError> {
        std::fs::read_to_string(self.root.join(relative))
            .map_err(|source| SettingsError::Unreadable { path: relative.to_owned(), source })
    }

    /// Returns the period that ends at `as_of` where the workspace leaves the end open.
    pub fn period(&self, as_of: Moment) -> Period {
        Period { from: self.from, to: self.to.unwrap_or(as_of) }
    }

    /// Returns the source with this id.
    pub fn source(&self, id: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == id)
    }
}

/// Returns the word of `known` that `word` was probably meant to be.
pub fn near<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests;
