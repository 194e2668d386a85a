//! Pages of JSON formats: every member that is written has its name on the page.

use std::collections::BTreeSet;

use countersign::clock::Period;
use countersign::digest::Digest;
use countersign::integrity::verdict::{Break, BreakKind, Completeness, Grade, Verdict};
use countersign::report::check::{Check, CheckControl, CheckException, CheckHole, CheckSource, CheckTest};
use countersign::report::model::{Head, Log, SeqRange, TestOutcome};
use serde_json::Value;

use super::root;

/// Adds the names of all members in `value`, at any depth.
fn members(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            names.extend(object.keys().cloned());
            object.values().for_each(|value| members(value, names));
        }
        Value::Array(list) => list.iter().for_each(|value| members(value, names)),
        _ => {}
    }
}

/// Returns the members of `value` that `page` does not name.
fn unnamed(page: &str, value: &Value) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let mut names = BTreeSet::new();
    members(value, &mut names);
    assert!(names.len() > 5, "there is something to look for");
    names.retain(|name| !text.contains(&format!("`{name}`")));
    names
}

#[test]
fn every_member_of_check_json_is_on_its_page() {
    let check = serde_json::to_value(check()).unwrap();
    assert_eq!(unnamed("docs/formats/check-json.md", &without(&check, "logs")), BTreeSet::new());
}

#[test]
fn every_member_of_a_log_is_on_the_page_of_verify_json() {
    let log = serde_json::to_value(log()).unwrap();
    assert_eq!(unnamed("docs/formats/verify-json.md", &log), BTreeSet::new());
}

/// Returns `value` with its member `name` emptied, for what another page describes.
fn without(value: &Value, name: &str) -> Value {
    let mut value = value.clone();
    value[name] = Value::Null;
    value
}

/// Has one of everything: a member added to any of the types is noticed here first.
fn check() -> Check {
    let (from, to) = ("2026-07-01".parse().unwrap(), "2026-10-01".parse().unwrap());
    let text = || "x".to_owned();
    Check {
        schema: text(),
        as_of: to,
        period: Period { from, to },
        exit: 0,
        logs: vec![log()],
        sources: vec![CheckSource {
            id: text(),
            read: 0,
            events: 0,
            ignored: 0,
            observations: 0,
            rejected: 0,
            duplicates: 0,
            objects: vec![text()],
        }],
        tests: vec![CheckTest {
            id: text(),
            kind: text(),
            result: TestOutcome::NoException,
            reliance: text(),
            population: 0,
            exceptions: 0,
            accepted: 0,
            untestable: 0,
            pending: 0,
            reasons: vec![text()],
        }],
        controls: vec![CheckControl { id: text(), status: text(), reach: text(), tests: vec![text()] }],
        exceptions: vec![CheckException {
            id: text(),
            test: text(),
            also: vec![text()],
            severity: text(),
            source: text(),
            native_id: text(),
            case: None,
            object: text(),
            line: 1,
            time: None,
            summary: text(),
            state: text(),
            accepted: None,
        }],
        holes: vec![CheckHole { source: text(), kind: BreakKind::Gap, from, to }],
    }
}

fn log() -> Log {
    let text = || "x".to_owned();
    Log {
        source: text(),
        log: text(),
        verdict: Verdict::Altered,
        reasons: vec![text()],
        objects: vec![text()],
        records: 0,
        covered: 0,
        rejected: 0,
        integrity: Grade::None,
        completeness: Completeness::Unknown,
        signed: 0,
        pinned: 0,
        first: None,
        head: Some(Head { seq: 0, digest: Digest::of(b"") }),
        in_period: Some(SeqRange { first: 0, last: 0, records: 1 }),
        keys: vec![text()],
        uncovered_fields: vec![text()],
        breaks: vec![Break {
            object: text(),
            line: 1,
            offset: 0,
            seq: None,
            kind: BreakKind::Gap,
            detail: text(),
        }],
    }
}
