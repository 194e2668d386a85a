//! `countersign/check/1`: what `check --json` prints, and what a later run takes as its baseline.
//!
//! The members are documented in `docs/formats/check-json.md`. Lists follow the order of the report.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::model::{Exception, Log, Report, TestOutcome, Waiver};
use crate::clock::{Moment, Period};
use crate::integrity::verdict::BreakKind;

/// The document that `check --json` prints.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Check {
    /// Always `countersign/check/1`.
    pub schema: String,
    /// Time after this moment was not tested.
    pub as_of: Moment,
    /// Period tested.
    pub period: Period,
    /// Exit code.
    pub exit: u8,
    /// Logs, as in `verify --json`.
    pub logs: Vec<Log>,
    /// Sources.
    pub sources: Vec<CheckSource>,
    /// Tests.
    pub tests: Vec<CheckTest>,
    /// Controls.
    pub controls: Vec<CheckControl>,
    /// Exceptions, closed ones of the baseline last.
    pub exceptions: Vec<CheckException>,
    /// Holes.
    pub holes: Vec<CheckHole>,
    /// Waivers, by file.
    #[serde(default)]
    pub waivers: Vec<Waiver>,
}

/// Where the records of a source went.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CheckSource {
    /// Source id.
    pub id: String,
    /// Records read.
    pub read: u64,
    /// Events made.
    pub events: u64,
    /// Records set aside by a rule of the profile.
    pub ignored: u64,
    /// Records that no rule matches.
    pub observations: u64,
    /// Records that could not be used.
    pub rejected: u64,
    /// Records that stand in two objects.
    pub duplicates: u64,
    /// Objects read, by name; a baseline's object that is gone is exit 4.
    pub objects: Vec<String>,
}

/// The result of a test.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CheckTest {
    /// Test id.
    pub id: String,
    /// deviation, indicator, or evidence-quality.
    pub kind: String,
    /// Outcome.
    pub result: TestOutcome,
    /// full or limited.
    pub reliance: String,
    /// Items.
    pub population: u64,
    /// Exceptions, accepted ones included.
    pub exceptions: u64,
    /// Exceptions under a valid waiver.
    pub accepted: u64,
    /// Items that could not be tested.
    pub untestable: u64,
    /// Items whose limit ends after as-of.
    pub pending: u64,
    /// Why.
    pub reasons: Vec<String>,
}

/// The status of a control.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CheckControl {
    /// Qualified id.
    pub id: String,
    /// Status.
    pub status: String,
    /// Reach.
    pub reach: String,
    /// How far the status reaches, after every cap.
    #[serde(default)]
    pub cap: String,
    /// Tests linked.
    pub tests: Vec<String>,
    /// Of them, those for which the configured sources can fill every column that they need.
    #[serde(default)]
    pub evidenced: Vec<String>,
}

/// An exception and its standing against the baseline.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CheckException {
    /// Stable id.
    pub id: String,
    /// Primary test.
    pub test: String,
    /// Further tests.
    pub also: Vec<String>,
    /// Severity.
    pub severity: String,
    /// Source id.
    pub source: String,
    /// The product's own id.
    pub native_id: String,
    /// Case id.
    pub case: Option<String>,
    /// Object.
    pub object: String,
    /// Line.
    pub line: u64,
    /// When.
    pub time: Option<Moment>,
    /// Defect phrase.
    pub summary: String,
    /// new, unchanged, updated, or closed.
    pub state: String,
    /// Waiver id.
    pub accepted: Option<String>,
}

/// A span in which records may be missing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CheckHole {
    /// Source id.
    pub source: String,
    /// Kind.
    pub kind: BreakKind,
    /// Start.
    pub from: Moment,
    /// End, exclusive.
    pub to: Moment,
}

impl Check {
    /// Returns the document for `report`, compared with `baseline` where there is one.
    pub fn new(report: &Report, exit: u8, baseline: Option<&Check>) -> Self {
        Self {
            schema: "countersign/check/1".to_owned(),
            as_of: report.as_of,
            period: report.period,
            exit,
            logs: report.logs.clone(),
            sources: sources(report),
            tests: report
                .tests
                .iter()
                .map(|test| CheckTest {
                    id: test.id.clone(),
                    kind: test.kind.clone(),
                    result: test.result,
                    reliance: test.reliance.clone(),
                    population: test.population,
                    exceptions: test.exceptions,
                    accepted: test.accepted,
                    untestable: test.untestable,
                    pending: test.pending,
                    reasons: test.reasons.clone(),
                })
                .collect(),
            controls: report
                .controls
                .iter()
                .map(|control| CheckControl {
                    id: control.id.clone(),
                    status: control.status.clone(),
                    reach: control.reach.clone(),
                    cap: control.cap.clone(),
                    tests: control.tests.clone(),
                    evidenced: control.evidenced.clone(),
                })
                .collect(),
            exceptions: exceptions(report, baseline),
            holes: report
                .holes
                .iter()
                .map(|hole| CheckHole {
                    source: hole.source.clone(),
                    kind: hole.kind,
                    from: hole.span.from,
                    to: hole.span.to,
                })
                .collect(),
            waivers: report.waivers.clone(),
        }
    }
}

fn sources(report: &Report) -> Vec<CheckSource> {
    report
        .sources
        .iter()
        .map(|source| CheckSource {
            id: source.id.clone(),
            read: source.tally.read,
            events: source.tally.events,
            ignored: source.tally.ignored.values().sum::<u64>() + source.tally.housekeeping,
            observations: source.tally.observations,
            rejected: source.tally.rejected.values().sum(),
            duplicates: source.tally.duplicates,
            objects: report
                .objects
                .iter()
                .filter(|object| object.source == source.id)
                .map(|object| object.name.clone())
                .collect(),
        })
        .collect()
}

fn exceptions(report: &Report, baseline: Option<&Check>) -> Vec<CheckException> {
    let known: BTreeMap<&str, &CheckException> = baseline
        .into_iter()
        .flat_map(|baseline| &baseline.exceptions)
        .filter(|exception| exception.state != "closed")
        .map(|exception| (exception.id.as_str(), exception))
        .collect();
    let found: BTreeSet<&str> = report.exceptions.iter().map(|exception| exception.id.as_str()).collect();
    let mut all: Vec<CheckException> = report
        .exceptions
        .iter()
        .map(|exception| compared(exception, known.get(exception.id.as_str())))
        .collect();
    all.extend(
        known
            .values()
            .filter(|exception| !found.contains(exception.id.as_str()))
            .map(|exception| CheckException { state: "closed".to_owned(), ..(*exception).clone() }),
    );
    all
}

fn compared(exception: &Exception, known: Option<&&CheckException>) -> CheckException {
    let now = CheckException {
        id: exception.id.clone(),
        test: exception.test.clone(),
        also: exception.also.clone(),
        severity: exception.severity.clone(),
        source: exception.source.clone(),
        native_id: exception.native_id.clone(),
        case: exception.case.clone(),
        object: exception.object.clone(),
        line: exception.line,
        time: exception.time,
        summary: exception.summary.clone(),
        state: "new".to_owned(),
        accepted: exception.accepted.clone(),
    };
    let Some(known) = known else { return now };
    let same = known.also == now.also && known.time == now.time && known.accepted == now.accepted;
    CheckException { state: if same { "unchanged" } else { "updated" }.to_owned(), ..now }
}
