//! The pack of the period before: its last records are where this period's logs must go on.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::clock::{Moment, Period};
use crate::digest::Digest;
use crate::integrity::checkpoint::{Checkpoint, CheckpointError};
use crate::integrity::head::LogHead;
use crate::integrity::keyring::Keyring;
use crate::integrity::verdict::Verdict;
use crate::pack::{PackError, PackFolder, Signature, StatementKey};
use crate::report::json;
use crate::report::model::{Earlier, Report, Since};
use crate::settings::Workspace;

/// Schema of `previous.json`.
const SCHEMA: &str = "countersign/previous/1";

/// What an earlier pack says, as far as this run rests on it. It lies in the pack as `07_policy/previous.json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Previous {
    /// Always `countersign/previous/1`.
    pub schema: String,
    /// Results digest.
    pub results: Digest,
    /// Period that it reports.
    pub period: Period,
    /// Time after this moment was not tested in it.
    pub as_of: Moment,
    /// Owner of the trusted key that signed it; null where no trusted key did.
    pub signed_by: Option<String>,
    /// Its sources, in order.
    pub sources: Vec<PreviousSource>,
    /// Its exceptions, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<PreviousException>,
}

/// An exception of an earlier pack, as far as this run says what became of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviousException {
    /// Stable id.
    pub id: String,
    /// Primary test.
    pub test: String,
    /// Severity.
    pub severity: String,
    /// Source id.
    pub source: String,
    /// The product's own id.
    pub native_id: String,
    /// When it happened.
    pub time: Option<Moment>,
    /// Defect phrase.
    pub summary: String,
}

/// A source of an earlier pack.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviousSource {
    /// Source id.
    pub id: String,
    /// Last records of its logs; a log that was altered has none that counts.
    pub heads: Vec<LogHead>,
    /// The checkpoint over its lines, where the pack rested on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<PreviousCheckpoint>,
}

/// A checkpoint of an earlier pack, and where the lines under it began.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviousCheckpoint {
    /// The signed note.
    pub note: String,
    /// Name of the first object of its log. It says nothing of logs that begin elsewhere.
    pub first_object: String,
}

/// Why an earlier pack cannot be gone on from. The user can fix these.
#[derive(Debug, Error)]
pub enum PreviousError {
    /// It cannot be read.
    #[error("previous pack `{path}` cannot be used")]
    Pack {
        /// As typed.
        path: String,
        /// Why.
        #[source]
        source: Box<PackError>,
    },
    /// Its seal is broken.
    #[error("previous pack `{path}` is altered: {reason}")]
    Altered {
        /// As typed.
        path: String,
        /// The first break.
        reason: String,
    },
    /// Its report cannot be read.
    #[error("previous pack `{path}` holds no report of ours: {reason}")]
    NoReport {
        /// As typed.
        path: String,
        /// Why.
        reason: String,
    },
    /// The workspace names another record as the last one before its objects.
    #[error("`after` of source `{id}` is `{given}`, and the previous pack ends at `{found}`")]
    Disagrees {
        /// Source id.
        id: String,
        /// Head that the workspace names.
        given: String,
        /// Head of the pack.
        found: String,
    },
    /// Its checkpoint cannot be read under the keys that are trusted now.
    #[error("the checkpoint of source `{id}` in the previous pack cannot be used")]
    Checkpoint {
        /// Source id.
        id: String,
        /// Why.
        #[source]
        source: CheckpointError,
    },
    /// It does not lie before this period.
    #[error("the previous pack ends at {ended}, after this period's start, {starts}")]
    NotBefore {
        /// End of what it tested.
        ended: Moment,
        /// Start of this period.
        starts: Moment,
    },
}

impl PreviousError {
    /// Says what to do about it.
    pub fn help(&self) -> Option<String> {
        if let Self::Checkpoint { source, .. } = self {
            return source.help();
        }
        Some(
            match self {
                Self::Checkpoint { .. } => return None,
                Self::Pack { .. } | Self::NoReport { .. } => "give the folder of an earlier pack with `--previous`",
                Self::Altered { .. } => "bring the pack as it was sealed; `countersign verify` lists what changed",
                Self::Disagrees { .. } => {
                    "remove `after`, or find out which of the two is the log's: a log that was cut or rewritten between the \
                     periods looks like this"
                }
                Self::NotBefore { .. } => "give the pack of an earlier period",
            }
            .to_owned(),
        )
    }
}

impl Previous {
    /// Reads the pack at `path`, once its seal holds. `keyring` tells whether its signer is trusted.
    ///
    /// # Errors
    ///
    /// Refuses what is no pack, and one whose bytes are not those that were sealed.
    pub fn of_pack(path: &Path, keyring: &Keyring) -> Result<Self, PreviousError> {
        let name = path.display().to_string();
        let unusable = |source| PreviousError::Pack { path: name.clone(), source: Box::new(source) };
        let pack = PackFolder::open(path).map_err(unusable)?;
        let keys: Vec<StatementKey> = keyring.keys().filter_map(StatementKey::of_trusted).collect();
        let check = pack.check(&keys).map_err(unusable)?;
        if check.verdict == Verdict::Altered {
            let reason = check.breaks.first().map_or_else(String::new, |found| {
                format!("`{}` {}: {}", found.object, found.kind, found.detail)
            });
            return Err(PreviousError::Altered { path: name, reason });
        }
        let bytes = pack.report_json().map_err(unusable)?;
        let report = json::parse(&bytes)
            .map_err(|error| PreviousError::NoReport { path: name.clone(), reason: error.to_string() })?;
        let heads = |id: &str| {
            let logs = report.logs.iter().filter(|log| log.source == id && log.verdict != Verdict::Altered);
            let heads = logs.filter_map(|log| {
                let head = log.head.as_ref()?;
                Some(LogHead { log: log.log.clone(), seq: head.seq, digest: head.digest })
            });
            heads.collect()
        };
        let checkpoint = |id: &str| -> Option<PreviousCheckpoint> {
            let name = pack.policy_dir().join(format!("heads/{id}.head"));
            let note = std::fs::read_to_string(name).ok().filter(|text| Checkpoint::looks_like(text))?;
            let mut logs = report.logs.iter().filter(|log| log.source == id);
            let log = logs.next().filter(|log| log.verdict != Verdict::Altered)?;
            // Of several logs in one source, nothing here tells which of them it is of.
            let first_object = log.objects.first().filter(|_| logs.next().is_none())?.clone();
            Some(PreviousCheckpoint { note, first_object })
        };
        Ok(Self {
            schema: SCHEMA.to_owned(),
            results: Digest::of(&bytes),
            period: report.period,
            as_of: report.as_of,
            signed_by: match check.signature {
                Signature::Pinned { owner, .. } => Some(owner),
                _ => None,
            },
            sources: report
                .sources
                .iter()
                .map(|source| PreviousSource {
                    id: source.id.clone(),
                    heads: heads(&source.id),
                    checkpoint: checkpoint(&source.id),
                })
                .collect(),
            exceptions: report
                .exceptions
                .into_iter()
                .map(|found| PreviousException {
                    id: found.id,
                    test: found.test,
                    severity: found.severity,
                    source: found.source,
                    native_id: found.native_id,
                    time: found.time,
                    summary: found.summary,
                })
                .collect(),
        })
    }

    /// Says what became of its exceptions in `report`.
    pub fn since(&self, report: &Report) -> Since {
        let here: BTreeSet<&str> = report.exceptions.iter().map(|exception| exception.id.as_str()).collect();
        let state = |earlier: &PreviousException| match here.contains(earlier.id.as_str()) {
            true => "carried",
            false => report.absence(&earlier.source, earlier.time),
        };
        Since {
            results: self.results,
            period: self.period,
            as_of: self.as_of,
            signed_by: self.signed_by.clone(),
            exceptions: self
                .exceptions
                .iter()
                .map(|earlier| Earlier {
                    id: earlier.id.clone(),
                    state: state(earlier).to_owned(),
                    test: earlier.test.clone(),
                    severity: earlier.severity.clone(),
                    source: earlier.source.clone(),
                    native_id: earlier.native_id.clone(),
                    time: earlier.time,
                    summary: earlier.summary.clone(),
                })
                .collect(),
        }
    }

    /// Returns the end of the time that it tested.
    pub fn ended(&self) -> Moment {
        self.period.to.min(self.as_of)
    }

    /// Returns the sources that it had and `workspace` has not.
    pub fn gone<'a>(&'a self, workspace: &'a Workspace) -> impl Iterator<Item = &'a str> {
        let ids = self.sources.iter().map(|source| source.id.as_str());
        ids.filter(|id| workspace.source(id).is_none())
    }

    /// Says in one line what this period goes on from.
    pub fn describe(&self, workspace: &Workspace, starts: Moment) -> String {
        let mut text = format!("pack as of {}, results sha256 {}, ", self.as_of, self.results);
        match &self.signed_by {
            Some(owner) => text.push_str(&format!("signed by {owner}")),
            None => text.push_str("not signed by a trusted key"),
        }
        if self.ended() < starts {
            text.push_str(&format!("; the time from {} to {starts} is in neither", self.ended()));
        }
        let gone: Vec<&str> = self.gone(workspace).collect();
        if !gone.is_empty() {
            text.push_str(&format!("; sources that it had and this one lacks: {}", gone.join(", ")));
        }
        text
    }
}
