//! What changed between two reports: results, exceptions, sources, logs, keys, and what shaped the results.
//!
//! In: two reports. Out: a [`Diff`], which is `countersign/diff/1` as JSON (`docs/formats/diff-json.md`). Only what differs is
//! listed, and exceptions that did not change are counted. It says nothing of which report is right.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::model::{Exception, Key, Log, Report, Source, Test, TestOutcome};
use crate::clock::{Moment, Period};
use crate::digest::Digest;
use crate::integrity::verdict::{Completeness, Grade, Verdict};

/// What `diff --json` prints.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Diff {
    /// Always `countersign/diff/1`.
    pub schema: &'static str,
    /// The first report.
    pub before: Side,
    /// The second.
    pub after: Side,
    /// Why a difference may not be a change of the world: other periods, other rules.
    pub notes: Vec<String>,
    /// Tests whose result or counts differ, by id.
    pub tests: Vec<Change<TestState>>,
    /// Controls whose status differs, by id.
    pub controls: Vec<Change<String>>,
    /// Exceptions that stand in one of the two only, or differ.
    pub exceptions: Vec<ExceptionChange>,
    /// Exceptions that stand in both, alike.
    pub unchanged: usize,
    /// Sources that differ, by id.
    pub sources: Vec<Change<SourceState>>,
    /// Logs that differ, by source and name.
    pub logs: Vec<Change<LogState>>,
    /// Keys that differ, by id and owner.
    pub keys: Vec<Change<KeyState>>,
    /// Files that shaped the results and differ, by path.
    pub policy: Vec<Change<Digest>>,
    /// Parameters that differ, by name.
    pub parameters: Vec<Change<i64>>,
    /// Settings that differ, by name.
    pub settings: Vec<Change<String>>,
}

/// One of the two reports.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Side {
    /// Results digest.
    pub results: Digest,
    /// Entity.
    pub entity: String,
    /// System.
    pub system: String,
    /// Period.
    pub period: Period,
    /// Time after this moment was not tested.
    pub as_of: Moment,
    /// Number of the rules by which results were derived.
    pub derivation: u32,
}

/// Something that is in both and differs, or is in one only.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Change<T> {
    /// Its name.
    pub id: String,
    /// As it was; null where it was not there.
    pub before: Option<T>,
    /// As it is; null where it is gone.
    pub after: Option<T>,
}

/// The result of a test.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TestState {
    /// Result.
    pub result: TestOutcome,
    /// full or limited.
    pub reliance: String,
    /// Items.
    pub population: u64,
    /// Exceptions, accepted ones included.
    pub exceptions: u64,
    /// Exceptions under a waiver.
    pub accepted: u64,
    /// Items that could not be tested.
    pub untestable: u64,
    /// Items whose limit ends after as-of.
    pub pending: u64,
}

/// What a source gave.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SourceState {
    /// Source profile.
    pub profile: String,
    /// Role.
    pub role: String,
    /// Grade found.
    pub grade: Grade,
    /// Grade demanded.
    pub require: Grade,
    /// Objects read.
    pub objects: usize,
    /// Records read.
    pub records: u64,
}

/// What verification says of a log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LogState {
    /// Verdict.
    pub verdict: Verdict,
    /// Lowest grade.
    pub integrity: Grade,
    /// Completeness.
    pub completeness: Completeness,
    /// Records.
    pub records: u64,
    /// Breaks.
    pub breaks: usize,
}

/// What is known of a key, without how much it signed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct KeyState {
    /// Purpose.
    pub purpose: String,
    /// trusted or claimed.
    pub standing: String,
    /// Logs it is trusted for.
    pub logs: Vec<String>,
    /// End of validity.
    pub valid_until: Option<Moment>,
    /// Revocation.
    pub revoked_at: Option<Moment>,
    /// Compromise.
    pub compromised_at: Option<Moment>,
}

/// An exception that stands in one of the two only, or differs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ExceptionChange {
    /// Stable id.
    pub id: String,
    /// new, updated, closed, out-of-window, source-missing.
    pub state: &'static str,
    /// Primary test.
    pub test: String,
    /// Severity.
    pub severity: String,
    /// Source id.
    pub source: String,
    /// The product's own id.
    pub native_id: String,
    /// Case id.
    pub case: Option<String>,
    /// When.
    pub time: Option<Moment>,
    /// Object.
    pub object: String,
    /// Line.
    pub line: u64,
    /// Defect phrase.
    pub summary: String,
}

impl Diff {
    /// Compares `before` with `after`.
    pub fn new(before: &Report, after: &Report) -> Self {
        let (exceptions, unchanged) = exceptions(before, after);
        Self {
            schema: "countersign/diff/1",
            before: side(before),
            after: side(after),
            notes: notes(before, after),
            tests: changes(named(&before.tests, test), named(&after.tests, test)),
            controls: changes(
                named(&before.controls, |control| (control.id.clone(), control.status.clone())),
                named(&after.controls, |control| (control.id.clone(), control.status.clone())),
            ),
            exceptions,
            unchanged,
            sources: changes(named(&before.sources, source), named(&after.sources, source)),
            logs: changes(named(&before.logs, log), named(&after.logs, log)),
            keys: changes(named(&before.keys, key), named(&after.keys, key)),
            policy: changes(
                named(&before.policy, |file| (file.path.clone(), file.sha256)),
                named(&after.policy, |file| (file.path.clone(), file.sha256)),
            ),
            parameters: changes(
                named(&before.parameters, |parameter| (parameter.name.clone(), parameter.value)),
                named(&after.parameters, |parameter| (parameter.name.clone(), parameter.value)),
            ),
            settings: changes(
                named(&before.settings, |setting| (setting.name.clone(), setting.value.clone())),
                named(&after.settings, |setting| (setting.name.clone(), setting.value.clone())),
            ),
        }
    }
}

fn side(report: &Report) -> Side {
    Side {
        results: super::json::digest(report),
        entity: report.entity.clone(),
        system: report.system.clone(),
        period: report.period,
        as_of: report.as_of,
        derivation: report.derivation,
    }
}

/// Says what makes the two hard to compare.
fn notes(before: &Report, after: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    if (&before.entity, &before.system) != (&after.entity, &after.system) {
        notes.push(format!(
            "they are of different systems: `{} · {}` and `{} · {}`",
            before.entity, before.system, after.entity, after.system
        ));
    }
    if before.derivation != after.derivation {
        notes.push(format!(
            "they were made under different rules, derivation {} and {}: a result may differ for that alone",
            before.derivation, after.derivation
        ));
    }
    if before.period != after.period {
        notes.push(format!(
            "their periods differ: {} to {}, and {} to {}",
            before.period.from, before.period.to, after.period.from, after.period.to
        ));
    } else if before.as_of != after.as_of {
        notes.push(format!("their as-of differs: {} and {}", before.as_of, after.as_of));
    }
    notes
}

fn named<T, V>(list: &[T], of: impl Fn(&T) -> (String, V)) -> BTreeMap<String, V> {
    list.iter().map(of).collect()
}

/// Returns what differs between two lists, by name.
fn changes<V: Clone + PartialEq>(before: BTreeMap<String, V>, after: BTreeMap<String, V>) -> Vec<Change<V>> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| Change {
            id: name.clone(),
            before: before.get(name).cloned(),
            after: after.get(name).cloned(),
        })
        .collect()
}

fn test(test: &Test) -> (String, TestState) {
    let state = TestState {
        result: test.result,
        reliance: test.reliance.clone(),
        population: test.population,
        exceptions: test.exceptions,
        accepted: test.accepted,
        untestable: test.untestable,
        pending: test.pending,
    };
    (test.id.clone(), state)
}

fn source(source: &Source) -> (String, SourceState) {
    let state = SourceState {
        profile: source.profile.clone(),
        role: source.role.clone(),
        grade: source.grade,
        require: source.require,
        objects: source.objects,
        records: source.tally.read,
    };
    (source.id.clone(), state)
}

fn log(log: &Log) -> (String, LogState) {
    let state = LogState {
        verdict: log.verdict,
        integrity: log.integrity,
        completeness: log.completeness,
        records: log.records,
        breaks: log.breaks.len(),
    };
    (format!("{}/{}", log.source, log.log), state)
}

fn key(key: &Key) -> (String, KeyState) {
    let state = KeyState {
        purpose: key.purpose.clone(),
        standing: key.standing.clone(),
        logs: key.logs.clone(),
        valid_until: key.valid_until,
        revoked_at: key.revoked_at,
        compromised_at: key.compromised_at,
    };
    (format!("{} {}", key.id, key.owner).trim_end().to_owned(), state)
}

/// Returns the exceptions that differ, the new ones first, and how many do not.
fn exceptions(before: &Report, after: &Report) -> (Vec<ExceptionChange>, usize) {
    let old: BTreeMap<&str, &Exception> = before.exceptions.iter().map(|e| (e.id.as_str(), e)).collect();
    let new: BTreeMap<&str, &Exception> = after.exceptions.iter().map(|e| (e.id.as_str(), e)).collect();
    let mut changed = Vec::new();
    let mut unchanged = 0;
    for exception in &after.exceptions {
        match old.get(exception.id.as_str()) {
            None => changed.push(change(exception, "new")),
            Some(known) if same(known, exception) => unchanged += 1,
            Some(_) => changed.push(change(exception, "updated")),
        }
    }
    for exception in &before.exceptions {
        if !new.contains_key(exception.id.as_str()) {
            changed.push(change(exception, after.absence(&exception.source, exception.time)));
        }
    }
    (changed, unchanged)
}

/// Tells whether two exceptions of one id say the same; where the record lies now does not matter.
fn same(before: &Exception, after: &Exception) -> bool {
    (&before.also, before.time, &before.accepted, &before.severity, &before.summary, before.grade)
        == (&after.also, after.time, &after.accepted, &after.severity, &after.summary, after.grade)
}

fn change(exception: &Exception, state: &'static str) -> ExceptionChange {
    ExceptionChange {
        id: exception.id.clone(),
        state,
        test: exception.test.clone(),
        severity: exception.severity.clone(),
        source: exception.source.clone(),
        native_id: exception.native_id.clone(),
        case: exception.case.clone(),
        time: exception.time,
        object: exception.object.clone(),
        line: exception.line,
        summary: exception.summary.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn states(diff: &Diff) -> Vec<&str> {
        diff.exceptions.iter().map(|exception| exception.state).collect()
    }

    #[test]
    fn a_report_does_not_differ_from_itself() {
        let report = fixture::report();
        let diff = Diff::new(&report, &report);
        assert_eq!(diff.unchanged, report.exceptions.len());
        let value = serde_json::to_value(&diff).unwrap();
        for (name, member) in value.as_object().unwrap() {
            if let Some(list) = member.as_array() {
                assert!(list.is_empty(), "{name}: {list:?}");
            }
        }
        assert_eq!(diff.before, diff.after);
    }

    #[test]
    fn each_kind_of_change_is_listed_by_name() {
        let before = fixture::report();
        let mut after = before.clone();
        after.tests[0].untestable += 1;
        after.controls[0].status = "review".to_owned();
        after.sources.pop();
        after.logs[0].records += 1;
        after.keys[0].standing = "claimed".to_owned();
        after.policy[0].sha256 = Digest::of(b"other");
        after.parameters[0].value += 1;
        after.settings[0].value = "yes".to_owned();
        let diff = Diff::new(&before, &after);
        assert_eq!(diff.tests[0].id, before.tests[0].id);
        assert_eq!(diff.controls[0].id, before.controls[0].id);
        assert_eq!(diff.sources[0].after, None);
        assert_eq!(diff.logs.len(), 1);
        assert_eq!(diff.keys[0].after.as_ref().unwrap().standing, "claimed");
        assert_eq!(diff.policy[0].id, before.policy[0].path);
        assert_eq!(diff.parameters[0].after, Some(before.parameters[0].value + 1));
        assert_eq!(diff.settings[0].before.as_deref(), Some(before.settings[0].value.as_str()));
        assert!(diff.notes.is_empty());
    }

    #[test]
    fn an_exception_that_is_gone_is_closed_only_where_its_time_and_source_are_still_looked_at() {
        let before = fixture::report();
        let mut after = before.clone();
        let gone = after.exceptions.remove(0);
        let mut new = gone.clone();
        new.id = "f".repeat(64);
        after.exceptions.push(new);
        after.exceptions[0].accepted = Some("w-1".to_owned());
        let diff = Diff::new(&before, &after);
        assert_eq!(states(&diff), ["updated", "new", "closed"]);
        assert_eq!(diff.unchanged, before.exceptions.len() - 2);

        let mut later = after.clone();
        later.period.from = gone.time.unwrap().plus_ms(1);
        let diff = Diff::new(&before, &later);
        assert!(states(&diff).contains(&"out-of-window") && !states(&diff).contains(&"closed"));
        assert!(diff.notes[0].starts_with("their periods differ"), "{:?}", diff.notes);

        after.sources.retain(|source| source.id != gone.source);
        assert!(states(&Diff::new(&before, &after)).contains(&"source-missing"));
    }

    #[test]
    fn a_moved_record_is_no_change_and_other_rules_are_named() {
        let before = fixture::report();
        let mut after = before.clone();
        after.exceptions[0].object = "elsewhere.jsonl".to_owned();
        after.exceptions[0].line += 7;
        after.derivation += 1;
        let diff = Diff::new(&before, &after);
        assert!(diff.exceptions.is_empty());
        assert!(diff.notes[0].contains("derivation 1 and 2"), "{:?}", diff.notes);
    }
}
