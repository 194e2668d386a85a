//! The in-toto statement of a pack: what the signer says, and about which bytes.
//!
//! [`compose`] writes it from a report. [`Statement::parse`] reads one whose signature has been verified; it looks
//! at the members that a check needs and leaves the rest of the predicate as it stands.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::clock::{Moment, Period};
use crate::digest::Digest;
use crate::integrity::verdict::{Completeness, Grade, Verdict};
use crate::report::model::{Report, TestOutcome};

/// Statement type of in-toto, version 1.
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// Predicate type of our statements.
pub const PREDICATE_TYPE: &str = "https://countersign.dev/approval-evidence/v1";
/// Name of the program in the predicate.
const VERIFIER: &str = "https://countersign.dev/cli";

/// What a signer of a pack does not say, in the words of the predicate.
pub const DOES_NOT_ASSERT: [&str; 5] = [
    "that sources which were not submitted hold nothing more",
    "that what a log says is true",
    "who stood behind a key or an account",
    "that the rules which were tested are the right ones",
    "conformity with any standard, contract, or law",
];

/// A file that the statement is about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Subject {
    /// Path in the pack.
    pub name: String,
    /// Digest.
    pub digest: Sha256,
}

/// A digest as in-toto writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sha256 {
    /// SHA-256.
    pub sha256: Digest,
}

/// A statement whose signature has been verified.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The files that it is about.
    pub subjects: Vec<Subject>,
    /// Version of the program that sealed the pack.
    pub version: String,
    /// Time after it was not tested.
    pub as_of: Moment,
    /// Number of the rules by which results were derived.
    pub derivation: u32,
    /// SHA-256 of the canonical report.
    pub results: Digest,
    predicate: String,
}

impl Statement {
    /// Parses the payload of an envelope.
    ///
    /// # Errors
    /// What was expected and found, as a fragment.
    pub fn parse(payload: &[u8]) -> Result<Self, String> {
        let wire: Wire<Box<RawValue>> =
            serde_json::from_slice(payload).map_err(|error| format!("not an in-toto statement: {error}"))?;
        if wire.kind != STATEMENT_TYPE || wire.predicate_type != PREDICATE_TYPE {
            return Err(format!("expected a statement of type `{PREDICATE_TYPE}`"));
        }
        let repeated =
            wire.subject.iter().enumerate().any(|(index, subject)| {
                wire.subject[..index].iter().any(|earlier| earlier.name == subject.name)
            });
        if repeated {
            return Err("a subject is named twice".to_owned());
        }
        let known: Known = serde_json::from_str(wire.predicate.get())
            .map_err(|error| format!("not a predicate of type `{PREDICATE_TYPE}`: {error}"))?;
        Ok(Self {
            subjects: wire.subject,
            version: known.verifier.version,
            as_of: known.as_of,
            derivation: known.derivation,
            results: known.results_digest.sha256,
            predicate: wire.predicate.get().to_owned(),
        })
    }

    /// Tells whether everything that the predicate says is what `report` says.
    ///
    /// Holds only for reports of a derivation that this program knows; a later one may say more.
    pub fn agrees_with(&self, report: &Report) -> bool {
        to_text(&predicate(report, self.results, &self.version)) == self.predicate
    }
}

/// Returns the payload for a pack with these subjects and this report.
pub fn compose(subject: Vec<Subject>, report: &Report, results: Digest) -> Vec<u8> {
    let wire = Wire {
        kind: STATEMENT_TYPE.to_owned(),
        subject,
        predicate_type: PREDICATE_TYPE.to_owned(),
        predicate: predicate(report, results, env!("CARGO_PKG_VERSION")),
    };
    to_text(&wire).into_bytes()
}

fn to_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("a statement holds text, integers and lists, which JSON can say")
}

fn predicate<'a>(report: &'a Report, results: Digest, version: &'a str) -> Predicate<'a> {
    Predicate {
        verifier: VerifierOf { id: VERIFIER, version },
        entity: &report.entity,
        system: &report.system,
        period: report.period,
        as_of: report.as_of,
        derivation: report.derivation,
        results_digest: Sha256 { sha256: results },
        verdicts: verdicts(report),
        sources: report.sources.iter().map(|source| source_of(report, &source.id)).collect(),
        tests: tests(report),
        policy: report
            .policy
            .iter()
            .map(|file| PolicyOf { path: &file.path, digest: Sha256 { sha256: file.sha256 } })
            .collect(),
        does_not_assert: &DOES_NOT_ASSERT,
    }
}

fn verdicts(report: &Report) -> VerdictsOf<'_> {
    let verdicts = &report.verdicts;
    VerdictsOf {
        integrity: verdicts.integrity,
        logs_verified: verdicts.logs_verified,
        logs: verdicts.logs,
        population: &verdicts.population,
        completeness: verdicts.completeness,
        tests: verdicts.tests,
    }
}

fn source_of<'a>(report: &'a Report, id: &'a str) -> SourceOf<'a> {
    let objects = report.objects.iter().filter(|object| object.source == id).map(|object| ObjectOf {
        name: &object.name,
        bytes: object.bytes,
        digest: object.sha256.map(|sha256| Sha256 { sha256 }),
    });
    let logs = report.logs.iter().filter(|log| log.source == id).map(|log| LogOf {
        log: &log.log,
        verdict: log.verdict,
        integrity: log.integrity,
        completeness: log.completeness,
        records: log.records,
        covered: log.covered,
        head: log.head.as_ref().map(|head| HeadOf { seq: head.seq, digest: Sha256 { sha256: head.digest } }),
    });
    let source = report.sources.iter().find(|source| source.id == id);
    SourceOf {
        id,
        profile: source.map_or("", |source| &source.profile),
        records: source.map_or(0, |source| source.tally.read),
        objects: objects.collect(),
        logs: logs.collect(),
    }
}

fn tests(report: &Report) -> Vec<TestOf<'_>> {
    report
        .tests
        .iter()
        .map(|test| TestOf {
            id: &test.id,
            result: test.result,
            reliance: &test.reliance,
            population: test.population,
            exceptions: test.exceptions,
            accepted: test.accepted,
            untestable: test.untestable,
            pending: test.pending,
        })
        .collect()
}

/// The statement as it lies in the envelope.
#[derive(Serialize, Deserialize)]
struct Wire<P> {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: P,
}

/// The members of the predicate that a check reads. Others are ignored, as in-toto asks of a consumer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Known {
    verifier: KnownVerifier,
    as_of: Moment,
    derivation: u32,
    results_digest: Sha256,
}

#[derive(Deserialize)]
struct KnownVerifier {
    version: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Predicate<'a> {
    verifier: VerifierOf<'a>,
    entity: &'a str,
    system: &'a str,
    period: Period,
    as_of: Moment,
    derivation: u32,
    results_digest: Sha256,
    verdicts: VerdictsOf<'a>,
    sources: Vec<SourceOf<'a>>,
    tests: Vec<TestOf<'a>>,
    policy: Vec<PolicyOf<'a>>,
    does_not_assert: &'a [&'a str],
}

#[derive(Serialize)]
struct VerifierOf<'a> {
    id: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerdictsOf<'a> {
    integrity: Verdict,
    logs_verified: usize,
    logs: usize,
    population: &'a str,
    completeness: Completeness,
    tests: TestOutcome,
}

#[derive(Serialize)]
struct SourceOf<'a> {
    id: &'a str,
    profile: &'a str,
    records: u64,
    objects: Vec<ObjectOf<'a>>,
    logs: Vec<LogOf<'a>>,
}

#[derive(Serialize)]
struct ObjectOf<'a> {
    name: &'a str,
    bytes: u64,
    digest: Option<Sha256>,
}

#[derive(Serialize)]
struct LogOf<'a> {
    log: &'a str,
    verdict: Verdict,
    integrity: Grade,
    completeness: Completeness,
    records: u64,
    covered: u64,
    head: Option<HeadOf>,
}

#[derive(Serialize)]
struct HeadOf {
    seq: u64,
    digest: Sha256,
}

#[derive(Serialize)]
struct TestOf<'a> {
    id: &'a str,
    result: TestOutcome,
    reliance: &'a str,
    population: u64,
    exceptions: u64,
    accepted: u64,
    untestable: u64,
    pending: u64,
}

#[derive(Serialize)]
struct PolicyOf<'a> {
    path: &'a str,
    digest: Sha256,
}
