//! `countersign/report/1`: the content of `report.json`, and the only thing that renderers see.
//!
//! Its bytes are canonical (`report::json`), and its SHA-256 is the results digest that every report prints. It
//! holds no path of the machine, no rendering, signer, build or wall clock. Lists are sorted by the fields they
//! start with. Every text that came from a log has passed `redact`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::{Moment, Period};
use crate::digest::Digest;
use crate::integrity::verdict::{Break, BreakKind, Completeness, Grade, Verdict};

/// Everything a report says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Always `countersign/report/1`.
    pub schema: String,
    /// Raised with any change of the program that can turn a result.
    pub derivation: u32,
    /// Legal entity or team.
    pub entity: String,
    /// System in scope.
    pub system: String,
    /// The period tested.
    pub period: Period,
    /// Time after this moment is not tested.
    pub as_of: Moment,
    /// The three verdicts.
    pub verdicts: Verdicts,
    /// Sources, by id.
    pub sources: Vec<Source>,
    /// Objects read, by source and name.
    pub objects: Vec<Object>,
    /// Logs, by source and name.
    pub logs: Vec<Log>,
    /// Spans in which records may be missing, by source and start.
    pub holes: Vec<Hole>,
    /// What became of every line read; the steps sum.
    pub waterfall: Vec<WaterfallStep>,
    /// Test results, in catalogue order.
    pub tests: Vec<Test>,
    /// Frameworks, in the workspace's order.
    pub frameworks: Vec<Framework>,
    /// Results by control, in catalogue order, framework by framework.
    pub controls: Vec<Control>,
    /// Links between tests and controls.
    pub mappings: Vec<Mapping>,
    /// Exceptions, most severe first, then by time and id.
    pub exceptions: Vec<Exception>,
    /// Waivers, by file.
    #[serde(default)]
    pub waivers: Vec<Waiver>,
    /// What became of the exceptions of the pack of the period before; left out where the run goes on from none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
    /// Items that could not be tested, by test and subject.
    pub untestable: Vec<Untestable>,
    /// Items whose limit ends after as-of, by test and subject.
    pub pending: Vec<Untestable>,
    /// Rows of indicators, by test, time, and item: a person must judge them, and none is an exception.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub review: Vec<Noted>,
    /// Rows of evidence-quality tests, by test, time, and item: they limit what rests on them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limited: Vec<Noted>,
    /// Cases that hold an exception, by id.
    pub cases: Vec<Case>,
    /// What the links between sources joined, in the workspace's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LinkResult>,
    /// Counts per day, in order; one row for every day of the period.
    pub days: Vec<Day>,
    /// Who decided for whom, how long it took, and what agents ran.
    #[serde(default)]
    pub people: People,
    /// Keys used or trusted, by id.
    pub keys: Vec<Key>,
    /// Identities that no roster row resolves, by namespace and id.
    pub unresolved: Vec<UnresolvedIdentity>,
    /// Ids that a reader may take for another, by namespace and id.
    #[serde(default)]
    pub lookalikes: Vec<Lookalike>,
    /// What was masked in text from logs, by source and class.
    #[serde(default)]
    pub redactions: Vec<Redaction>,
    /// Parameter values, by name.
    pub parameters: Vec<Parameter>,
    /// Decisions of the workspace that belong on page one, such as whether an owner may approve an own agent.
    pub settings: Vec<Setting>,
    /// Shipped files that the workspace replaced, by path.
    pub overrides: Vec<Override>,
    /// Digests of everything that shaped the results: profiles, tests, mappings, catalogues, roster, trust.
    pub policy: Vec<PolicyFile>,
}

/// The three verdicts, never merged.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Verdicts {
    /// The worst over the logs.
    pub integrity: Verdict,
    /// Logs that are verified.
    pub logs_verified: usize,
    /// All logs.
    pub logs: usize,
    /// reconciled, gaps-found, or not-evidenced.
    pub population: String,
    /// The lowest level over the logs.
    pub completeness: Completeness,
    /// The weakest result over the tests that ran.
    pub tests: TestOutcome,
    /// Tests per outcome.
    pub outcomes: BTreeMap<TestOutcome, usize>,
}

/// A configured source, and where each of its lines went.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Source {
    /// Id.
    pub id: String,
    /// Source profile.
    pub profile: String,
    /// Product, as the profile names it.
    pub product: String,
    /// `source`, `fixture`, `specification`, or `documentation`: what the profile was made from.
    pub basis: String,
    /// approvals, executions, or independent.
    pub role: String,
    /// Minimum integrity grade demanded.
    pub require: Grade,
    /// Lowest grade found.
    pub grade: Grade,
    /// Integrity mechanism in words.
    pub mechanism: String,
    /// Objects read.
    pub objects: usize,
    /// Bytes read, compressed where the objects are.
    pub bytes: u64,
    /// Where every record went.
    pub tally: Tally,
    /// First record's time.
    pub first: Option<Moment>,
    /// Last record's time.
    pub last: Option<Moment>,
    /// Days of the period with a record.
    pub days_covered: usize,
    /// Who extracted the objects, as declared: by, at, how.
    pub extracted: Option<Extracted>,
    /// What the profile's product does not log, in words.
    pub absent: Vec<String>,
}

/// How the objects of a source came to be, as its owner declares it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Extracted {
    /// Person.
    pub by: String,
    /// When.
    pub at: Moment,
    /// Query or command.
    pub how: String,
    /// Records expected.
    pub records: Option<u64>,
    /// Objects expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<u64>,
}

/// Conservation of records: `read` is the sum of the others.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Records read.
    pub read: u64,
    /// Records that gave events.
    pub mapped: u64,
    /// Records set aside by a rule of the profile, by reason.
    pub ignored: BTreeMap<String, u64>,
    /// Records that no rule matches.
    pub observations: u64,
    /// Records of the log itself: heartbeats and closing records.
    pub housekeeping: u64,
    /// Records that could not be used, by kind.
    pub rejected: BTreeMap<BreakKind, u64>,
    /// Records that stand in two objects, counted once.
    pub duplicates: u64,
    /// Events made.
    pub events: u64,
    /// Events that repeat a fact already stated by another record.
    pub repeated_events: u64,
    /// Wishes of events to take values of another record of the source, by join of the profile.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub joins: BTreeMap<String, JoinTally>,
}

/// What became of the wishes of events to take values of another record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct JoinTally {
    /// One record had the key, or several that agree.
    pub taken: u64,
    /// No record had it.
    pub missing: u64,
    /// Several had it, and did not agree: nothing was taken.
    pub ambiguous: u64,
    /// Where time alone tells which record is meant: the longest time between the two, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest_ms: Option<i64>,
}

/// A link between two sources, and what became of the events it is for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinkResult {
    /// Id.
    pub id: String,
    /// Source whose events are joined.
    pub from: String,
    /// Source whose requests they belong to.
    pub to: String,
    /// declared, or weak.
    pub grade: String,
    /// Columns that must be equal, in words.
    pub compares: Vec<String>,
    /// Of a weak link, the longest time between an execution and its request, milliseconds.
    pub within_ms: Option<i64>,
    /// Events joined.
    pub joined: u64,
    /// Events that fit several requests, or whose requester is another: joined to none.
    pub ambiguous: u64,
    /// Events that fit no request: cases of their own, with gaps.
    pub orphaned: u64,
    /// Events that the link is not for: they do not say what it compares, or belong to a request already.
    pub aside: u64,
    /// Decisions among the ambiguous ones.
    pub open_decisions: u64,
}

/// An object as read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Object {
    /// Source id.
    pub source: String,
    /// Name as declared.
    pub name: String,
    /// Bytes as stored.
    pub bytes: u64,
    /// SHA-256 as stored; null where it could not be read to the end.
    pub sha256: Option<Digest>,
    /// Records.
    pub records: u64,
    /// Why it was not read to the end.
    pub error: Option<String>,
}

/// A log, verified.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Log {
    /// Source id.
    pub source: String,
    /// Log name.
    pub log: String,
    /// Verdict.
    pub verdict: Verdict,
    /// Why it is not `verified`, and what would help; empty where it is.
    pub reasons: Vec<String>,
    /// Objects, in order.
    pub objects: Vec<String>,
    /// Records.
    pub records: u64,
    /// Records covered from outside the log.
    pub covered: u64,
    /// Records rejected.
    pub rejected: u64,
    /// Lowest grade over its records.
    pub integrity: Grade,
    /// Completeness.
    pub completeness: Completeness,
    /// Records with a signature that fits.
    pub signed: u64,
    /// Records signed by a pinned key.
    pub pinned: u64,
    /// First sequence number.
    pub first: Option<u64>,
    /// Last sequence number and line digest.
    pub head: Option<Head>,
    /// Numbers of the records in the period; absent where the records carry none, or no period is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_period: Option<SeqRange>,
    /// Key ids used.
    pub keys: Vec<String>,
    /// Fields that no hash or signature covers.
    pub uncovered_fields: Vec<String>,
    /// Breaks, by object and line.
    pub breaks: Vec<Break>,
}

impl Log {
    /// Returns a log of which nothing was found yet and that nothing protects: `not-verifiable`, for these `reasons`.
    pub fn bare(name: &str, objects: Vec<String>, reasons: Vec<String>) -> Self {
        Self {
            source: name.to_owned(),
            log: name.to_owned(),
            verdict: Verdict::NotVerifiable,
            reasons,
            objects,
            records: 0,
            covered: 0,
            rejected: 0,
            integrity: Grade::None,
            completeness: Completeness::Unknown,
            signed: 0,
            pinned: 0,
            first: None,
            head: None,
            in_period: None,
            keys: Vec::new(),
            uncovered_fields: vec!["every field".to_owned()],
            breaks: Vec::new(),
        }
    }
}

/// The sequence numbers of a log's records whose time lies in the period.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SeqRange {
    /// Least number.
    pub first: u64,
    /// Greatest number.
    pub last: u64,
    /// Records with a number; a record that several objects hold counts once.
    pub records: u64,
}

impl SeqRange {
    /// Adds the number of another record.
    pub fn with(range: Option<Self>, seq: u64) -> Self {
        range.map_or(Self { first: seq, last: seq, records: 1 }, |range| Self {
            first: range.first.min(seq),
            last: range.last.max(seq),
            records: range.records + 1,
        })
    }

    /// Returns how many numbers from the first to the last no record in the period carries.
    pub fn absent(self) -> u64 {
        (self.last - self.first).saturating_add(1).saturating_sub(self.records)
    }
}

/// The last record of a log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Head {
    /// Sequence number.
    pub seq: u64,
    /// SHA-256 of the line.
    pub digest: Digest,
}

/// A span in which records of a source may be missing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Hole {
    /// Source id.
    pub source: String,
    /// Span.
    pub span: Period,
    /// Kind.
    pub kind: BreakKind,
    /// Object that shows it; empty where none does.
    pub object: String,
    /// Line that shows it; 0 where none does.
    pub line: u64,
    /// The facts.
    pub detail: String,
}

impl Hole {
    /// Returns the hole that a break tears into `span`.
    pub fn torn_by(found: &Break, source: &str, span: Period) -> Self {
        Self {
            source: source.to_owned(),
            span,
            kind: found.kind,
            object: found.object.clone(),
            line: found.line,
            detail: found.detail.clone(),
        }
    }
}

/// One step of the waterfall: `items` of the step before were set aside for `reason`, or remain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WaterfallStep {
    /// Stable id: lines, records, events, executions, …
    pub id: String,
    /// Label for people.
    pub label: String,
    /// What is counted: records, events, executions.
    pub unit: String,
    /// Items at this step.
    pub items: u64,
    /// Items set aside on the way to the next step of the same unit, by reason; they and the next step's items sum to `items`.
    pub set_aside: Vec<(String, u64)>,
}

/// The outcome of a test, weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// Items where the control did not operate.
    Exception,
    /// Something needed is missing.
    UnableToTest,
    /// An evidence-quality test found rows.
    Limited,
    /// An indicator has rows; a person must judge.
    Review,
    /// Every item held.
    NoException,
    /// The control had no occasion to run.
    NoOccurrence,
    /// No configured source can fill a column it needs.
    NotEvidencedHere,
}

impl TestOutcome {
    /// Returns the phrase printed in reports.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Exception => "exceptions noted",
            Self::UnableToTest => "unable to test",
            Self::Limited => "limits reliance",
            Self::Review => "for review",
            Self::NoException => "no exceptions noted",
            Self::NoOccurrence => "no occurrences",
            Self::NotEvidencedHere => "not evidenced here",
        }
    }
}

/// A control test and its result.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Test {
    /// Catalogue id, such as `AUTHZ-01`.
    pub id: String,
    /// Kebab-case name.
    pub slug: String,
    /// The compliant state, in one line.
    pub title: String,
    /// deviation, indicator, or evidence-quality.
    pub kind: String,
    /// low, medium, high, critical.
    pub severity: String,
    /// Table of which one row is one item.
    pub subject: String,
    /// What the test is for.
    pub objective: String,
    /// What makes a row an exception, in words.
    pub predicate: String,
    /// What it cannot show.
    pub cannot_show: String,
    /// What to do about an exception.
    pub remedy: String,
    /// Outcome.
    pub result: TestOutcome,
    /// full or limited.
    pub reliance: String,
    /// Why the outcome or the reliance is what it is.
    pub reasons: Vec<String>,
    /// N: the sum of the five states.
    pub population: u64,
    /// Exceptions, accepted ones included.
    pub exceptions: u64,
    /// Exceptions under a valid waiver.
    pub accepted: u64,
    /// Items that could not be tested.
    pub untestable: u64,
    /// Items whose limit ends after as-of.
    pub pending: u64,
    /// SHA-256 of `population.sql`.
    pub population_sql: Digest,
    /// SHA-256 of `exceptions.sql`.
    pub exceptions_sql: Digest,
    /// Sources whose rows it read.
    pub sources: Vec<String>,
}

/// A framework whose controls are listed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Framework {
    /// Id, such as `iso27001-2022`.
    pub id: String,
    /// Name and edition.
    pub name: String,
    /// Number of controls.
    pub count: usize,
}

/// A control and the status that the tests give it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Control {
    /// Qualified id, such as `iso27001-2022:A.5.3`.
    pub id: String,
    /// Our own wording.
    pub title: String,
    /// Group within the framework.
    pub group: String,
    /// direct, partial, context, or none.
    pub reach: String,
    /// What approval logs can show about it.
    pub can_show: String,
    /// Status word: exception, unable_to_test, review, no_exception, no_occurrence, not_tested, out_of_scope.
    pub status: String,
    /// How far the status reaches: direct, partial, context, or none; after every cap.
    pub cap: String,
    /// Why it was capped.
    pub reasons: Vec<String>,
    /// Tests linked, in catalogue order.
    pub tests: Vec<String>,
    /// Distinct subjects tested.
    pub population: u64,
    /// Distinct subjects with an exception.
    pub exceptions: u64,
    /// Of its tests, those for which the configured sources can fill every column that they need.
    #[serde(default)]
    pub evidenced: Vec<String>,
}

/// A link between a test and a control: a claim that a person made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mapping {
    /// Qualified control id.
    pub control: String,
    /// Test.
    pub test: String,
    /// tests, supports, or context.
    pub relation: String,
    /// Why the test says something about the control.
    pub why: String,
    /// What it leaves open.
    pub not_shown: String,
    /// high, medium, or low.
    pub confidence: String,
    /// True once a named person has reviewed it.
    pub reviewed: bool,
}

/// One item where a control did not operate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Exception {
    /// Stable id, independent of object, offset and line.
    pub id: String,
    /// Primary test.
    pub test: String,
    /// Further tests the same item fails.
    pub also: Vec<String>,
    /// Severity of the primary test.
    pub severity: String,
    /// Source id.
    pub source: String,
    /// The product's own id of the item.
    pub native_id: String,
    /// Case id.
    pub case: Option<String>,
    /// Object.
    pub object: String,
    /// Line, from 1.
    pub line: u64,
    /// When it happened.
    pub time: Option<Moment>,
    /// Table of the item.
    pub subject: String,
    /// Defect phrase, such as `executed without approval`.
    pub summary: String,
    /// The facts, label and value, for people.
    pub facts: Vec<(String, String)>,
    /// Integrity grade of the record.
    pub grade: Grade,
    /// Qualified ids of the controls it bears on.
    pub controls: Vec<String>,
    /// Waiver that accepts it.
    pub accepted: Option<String>,
}

/// The pack of the period before, and what became of its exceptions.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Since {
    /// Its results digest.
    pub results: Digest,
    /// The period that it reports.
    pub period: Period,
    /// Time after this moment was not tested in it.
    pub as_of: Moment,
    /// Owner of the trusted key that signed it; null where no trusted key did.
    pub signed_by: Option<String>,
    /// Its exceptions, in its order.
    pub exceptions: Vec<Earlier>,
}

/// An exception of an earlier pack.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Earlier {
    /// Stable id.
    pub id: String,
    /// carried, closed, out-of-window, or source-missing.
    pub state: String,
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

impl Report {
    /// Returns why an earlier exception, of `source` and at `time`, is not in this report. That it was put right is only one of
    /// the reasons.
    pub fn absence(&self, source: &str, time: Option<Moment>) -> &'static str {
        let end = self.period.to.min(self.as_of);
        let outside = |at: Moment| at < self.period.from || at >= end;
        if !self.sources.iter().any(|known| known.id == source) {
            "source-missing"
        } else if time.is_some_and(outside) {
            "out-of-window"
        } else {
            "closed"
        }
    }
}

/// A waiver, and what became of it in this run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Waiver {
    /// Id.
    pub id: String,
    /// File that states it, below the workspace.
    pub file: String,
    /// Test whose exceptions it accepts.
    pub test: String,
    /// Which of them, in words.
    pub scope: String,
    /// applied, unused, or void: it accepts nothing, for the reasons given.
    pub state: String,
    /// True where it ended at or before as-of.
    pub expired: bool,
    /// Items it may cover.
    pub max_rows: u64,
    /// Exceptions that fit what it names.
    pub matched: u64,
    /// Exceptions that it accepts.
    pub accepted: u64,
    /// Why it was granted.
    pub reason: String,
    /// What may go wrong meanwhile.
    pub risk: Option<String>,
    /// The control that stands in.
    pub compensating: Option<Compensating>,
    /// Person who answers for it.
    pub owner: String,
    /// Person who asked for it, where that is not the owner.
    pub requested_by: Option<String>,
    /// Person who approved it.
    pub approved_by: String,
    /// Items before this moment are not accepted.
    pub from: Moment,
    /// Items from this moment on are not accepted.
    pub expires: Moment,
    /// Why it accepts less than it names.
    pub reasons: Vec<String>,
}

/// A control that stands in for a waived one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Compensating {
    /// Test that shows it.
    pub test: String,
    /// Why it stands in.
    pub why: String,
    /// Its result; null where it did not run.
    pub result: Option<TestOutcome>,
}

/// An item that could not be tested, or not yet.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Untestable {
    /// Test.
    pub test: String,
    /// Source id.
    pub source: String,
    /// The product's own id.
    pub native_id: String,
    /// Object.
    pub object: String,
    /// Line.
    pub line: u64,
    /// The column or fact that is missing.
    pub reason: String,
}

/// A row of a test that has no exceptions: an indicator's, or an evidence-quality test's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Noted {
    /// Test.
    pub test: String,
    /// Key of the subject in its table.
    pub item: String,
    /// Table of the subject.
    pub subject: String,
    /// Source id; empty where the subject is not of one source.
    pub source: String,
    /// The product's own id; the key where the subject is no record.
    pub native_id: String,
    /// Object; empty where the subject is no record, such as a person.
    pub object: String,
    /// Line, from 1; 0 where the subject is no record.
    pub line: u64,
    /// When it happened.
    pub time: Option<Moment>,
    /// What is to be looked at, or what limits.
    pub reason: String,
    /// The facts, label and value, for people.
    pub facts: Vec<(String, String)>,
}

/// A case with its moments in order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Case {
    /// Case id.
    pub id: String,
    /// approved, denied, expired, revoked, cancelled, pending, unknown.
    pub state: String,
    /// What is missing.
    pub gaps: Vec<String>,
    /// Moments, by time.
    pub moments: Vec<CaseMoment>,
    /// Exceptions in it.
    pub exceptions: Vec<String>,
}

/// One moment of a case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CaseMoment {
    /// When.
    pub at: Option<Moment>,
    /// request, decision, execution, revocation, cancellation.
    pub lane: String,
    /// Who, as logged.
    pub who: String,
    /// Accountable person.
    pub person: Option<String>,
    /// What, in words.
    pub what: String,
    /// End of validity that this moment sets.
    pub valid_to: Option<Moment>,
    /// Source id.
    pub source: String,
    /// Object.
    pub object: String,
    /// Line.
    pub line: u64,
    /// Integrity grade.
    pub grade: Grade,
}

/// Counts of one day.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Day {
    /// UTC day, `2026-07-01`.
    pub day: String,
    /// Gated executions without an exception that a person approved.
    pub approved: u64,
    /// Gated executions let through by policy.
    pub automatic: u64,
    /// Break-glass executions.
    pub break_glass: u64,
    /// Executions that are an exception of some test.
    pub exceptions: u64,
    /// Executions out of scope or untestable.
    pub other: u64,
    /// Per source, in the order of `sources`: records; then verified, unverified, none, or broken.
    pub coverage: Vec<(u64, String)>,
}

/// What people decided and what agents ran in the period: counts, of which the first of each list are kept.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct People {
    /// Approvals before the action, by who asked and who approved; most first.
    pub pairs: Vec<Pair>,
    /// Pairs there are in all.
    pub pairs_total: u64,
    /// People who decided before the action; most approvals first.
    pub approvers: Vec<Approver>,
    /// Such people in all.
    pub approvers_total: u64,
    /// Agents and services that ran something; most executions first.
    pub agents: Vec<Agent>,
    /// Such agents and services in all.
    pub agents_total: u64,
    /// Time from request to a person's decision, by kind of requester.
    pub latencies: Vec<Latency>,
}

/// Approvals of one person's requests by one person.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Pair {
    /// Accountable person of the requester, or the id as logged.
    pub requester: String,
    /// Accountable person of the approver, or the id as logged.
    pub approver: String,
    /// True where they are one.
    pub same: bool,
    /// Approvals.
    pub approvals: u64,
}

/// A person who decided.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Approver {
    /// Accountable person, or the id as logged.
    pub who: String,
    /// Approvals.
    pub approvals: u64,
    /// Denials.
    pub denials: u64,
    /// Decisions for which the time since the request is known.
    pub timed: u64,
    /// The middle of those times, milliseconds.
    pub median_ms: Option<i64>,
    /// Decisions less than five seconds after their request.
    pub fast: u64,
}

/// An agent or service that ran something.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Agent {
    /// Namespace and id, as logged.
    pub id: String,
    /// agent or service.
    pub kind: String,
    /// Accountable person; null where the roster names none.
    pub owner: Option<String>,
    /// Executions.
    pub executions: u64,
    /// Those whose request a person approved.
    pub approved: u64,
    /// Those whose request only policy approved.
    pub automatic: u64,
    /// Those that were break-glass.
    pub break_glass: u64,
    /// Those that are an exception of some test.
    pub exceptions: u64,
}

/// How long decisions took on requests of one kind of requester.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Latency {
    /// human, agent, service, or unknown.
    pub kind: String,
    /// Decisions per class of time: below 1 s, 5 s, 30 s, 2 min, 10 min, 1 h, 4 h, 24 h, 7 d, and beyond.
    pub counts: Vec<u64>,
    /// Half of the decisions took no longer, milliseconds.
    pub p50_ms: Option<i64>,
    /// 95 of 100 took no longer, milliseconds.
    pub p95_ms: Option<i64>,
}

impl Latency {
    /// Upper ends of the classes of time, exclusive, in milliseconds; the last class has none.
    pub const CLASS_ENDS_MS: [i64; 9] = [
        1_000,
        5_000,
        30_000,
        2 * 60_000,
        10 * 60_000,
        60 * 60_000,
        4 * 3_600_000,
        24 * 3_600_000,
        7 * 86_400_000,
    ];
}

/// A key that signed records or that the trust file names.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Key {
    /// SHA-256 of the raw public key, hex.
    pub id: String,
    /// Owner, as the trust file says; empty for a key that only a log names.
    pub owner: String,
    /// log, checkpoint, statement; empty for a key that only a log names.
    pub purpose: String,
    /// Logs it is trusted for.
    pub logs: Vec<String>,
    /// trusted or claimed.
    pub standing: String,
    /// Start of validity.
    pub valid_from: Option<Moment>,
    /// End of validity, exclusive.
    pub valid_until: Option<Moment>,
    /// Revocation.
    pub revoked_at: Option<Moment>,
    /// Compromise.
    pub compromised_at: Option<Moment>,
    /// Records it signed.
    pub records: u64,
}

/// An identity that no roster row names at event time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct UnresolvedIdentity {
    /// Namespace.
    pub ns: String,
    /// Id.
    pub id: String,
    /// Events that name it.
    pub events: u64,
    /// First of them.
    pub first: Option<Moment>,
    /// unresolved, ambiguous, uncertain, or no_roster.
    pub why: String,
}

/// An id that a reader may take for another. It changes no result.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Lookalike {
    /// Namespace.
    pub ns: String,
    /// Id.
    pub id: String,
    /// What is odd about it.
    pub why: String,
    /// Other ids of the namespace that look the same.
    pub like: Vec<String>,
    /// Code points outside ASCII, joined by a space.
    pub code_points: String,
}

/// What was masked in the text of one source, of one class.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Redaction {
    /// Source id.
    pub source: String,
    /// Class of secret or of personal data.
    pub class: String,
    /// Values masked.
    pub hits: u64,
    /// Events that held one.
    pub events: u64,
    /// Whether a value of this class is an exception of DAT-02.
    pub exception: bool,
}

/// A parameter of a test.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Parameter {
    /// Column of `param`, such as `bg_01_max_review_ms`.
    pub name: String,
    /// Test.
    pub test: String,
    /// Value.
    pub value: i64,
    /// Base value.
    pub base: i64,
    /// Which direction is tighter: lower or higher.
    pub tighter: String,
    /// Why this value.
    pub why: String,
    /// Who approved a value looser than the base.
    #[serde(default)]
    pub approved_by: Option<String>,
}

/// A decision of the workspace that a reader must know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Setting {
    /// Name.
    pub name: String,
    /// Value, in words.
    pub value: String,
}

/// A shipped file that the workspace replaced or added to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Override {
    /// Path below the workspace, such as `controls/tests/authz-01/exceptions.sql`.
    pub path: String,
    /// Digest of the workspace's file.
    pub sha256: Digest,
    /// Digest of the shipped file; null where the workspace adds one.
    pub shipped: Option<Digest>,
}

/// A file that shaped the results.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PolicyFile {
    /// Path below the product or the workspace.
    pub path: String,
    /// Digest.
    pub sha256: Digest,
}
