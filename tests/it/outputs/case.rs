//! `countersign case`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::formats::report;
use crate::support::{ACME_PACK, Ran, SignedLog, Workspace, countersign, sample};

const LOG: &str = "logs/gate-eu/gate-eu-2026-06.jsonl";

fn case(id: &str, more: &[&str]) -> Ran {
    let acme = sample("acme");
    countersign(&[&["case", id, acme.to_str().unwrap()], more].concat())
}

#[test]
fn every_id_at_hand_leads_to_the_same_case() {
    let report = report();
    let found = report.exceptions.iter().find(|exception| exception.test == "SOD-01").unwrap();
    let case_id = found.case.as_deref().unwrap();
    let by_case = case(case_id, &[]);
    by_case.says(0, &["SOD-01    exception", "--> logs/gate-eu/", "pinned-anchored", "log gate-eu verified"]);
    assert!(by_case.out.lines().count() <= 25, "{}", by_case.out);
    for id in [found.id.as_str(), &found.id[..8], &found.native_id] {
        assert_eq!(case(id, &[]).out, by_case.out, "{id}");
    }
}

#[test]
fn the_json_has_the_moments_of_the_report_and_every_member_is_on_its_page() {
    let report = report();
    let expected = report.cases.iter().max_by_key(|case| case.moments.len()).unwrap();
    let view = case(&expected.id, &["--json"]).json();
    assert_eq!(view["schema"], "countersign/case/1");
    let moments = view["moments"].as_array().unwrap();
    assert_eq!(moments.len(), expected.moments.len());
    for (found, expected) in moments.iter().zip(&expected.moments) {
        assert_eq!(
            (&found["object"], &found["line"]),
            (&Value::from(expected.object.clone()), &expected.line.into())
        );
        assert_eq!(found["status"], "ok", "a record that the table of integrity lists");
    }
    let ids: BTreeSet<&str> =
        view["exceptions"].as_array().unwrap().iter().map(|found| found["id"].as_str().unwrap()).collect();
    assert_eq!(ids, expected.exceptions.iter().map(String::as_str).collect());
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formats/case-json.md");
    let page = fs::read_to_string(page).unwrap();
    let mut described = view.clone();
    // These are as in `report.json`, whose page has them.
    described["exceptions"] = Value::Null;
    let mut names = BTreeSet::new();
    members(&described, &mut names);
    names.retain(|name| !page.contains(&format!("`{name}`")));
    assert_eq!(names, BTreeSet::new());
}

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

#[test]
fn an_id_that_fits_several_cases_is_asked_for_and_one_that_fits_none_is_refused() {
    // A product may call a request and an execution of another request alike.
    let clean = Clean::new();
    let ran = clean.with(|log| {
        let request = first(log, "\"kind\":\"request\"");
        let name = id_of(&log.records[request].1);
        let linked = format!("\"corr\":{{\"request\":\"{name}\"}}");
        let other = log.records.iter().position(|(_, event)| {
            event.contains("\"kind\":\"execution\"") && event.contains("\"corr\"") && !event.contains(&linked)
        });
        let event = &mut log.records[other.unwrap()].1;
        *event = event.replacen(&id_of(event), &name, 1);
        name
    });
    ran.refuses(&["fits 2 cases", "help: give one of `gate-eu:request:", "(the product's own id)"]);
    case("no-such-id", &[]).refuses(&["`no-such-id` names no case", "check --json"]);
    case("abc", &[]).refuses(&["names no case"]);
}

#[test]
fn a_pack_answers_as_its_workspace_and_a_touched_one_does_not() {
    let report = report();
    let id = report.exceptions[0].case.as_deref().unwrap();
    let pack = ACME_PACK.0.to_str().unwrap();
    assert_eq!(countersign(&["case", id, pack]).out, case(id, &[]).out);
    let touched = tempfile::tempdir().unwrap();
    crate::support::copy_folder(&ACME_PACK.0, touched.path());
    fs::write(touched.path().join("data/00_README.txt"), "x").unwrap();
    countersign(&["case", id, touched.path().to_str().unwrap()]).says(3, &["is altered", "00_README.txt"]);
}

#[test]
fn text_of_a_log_moves_no_cursor() {
    let clean = Clean::new();
    let ran = clean.with(|log| {
        let at = first(log, "\"kind\":\"request\"");
        let event = &mut log.records[at].1;
        *event = event.replacen("\"action\":{\"name\":\"", "\"action\":{\"name\":\"\\u001b[2J\\u202e", 1);
        id_of(event)
    });
    ran.says(0, &["<U+001B>[2J<U+202E>"]);
    assert!(!ran.out.contains('\u{1b}') && !ran.out.contains('\u{202e}'), "{ran:#?}");
}

/// `samples/clean`, whose log is changed and signed again.
struct Clean(Workspace);

impl Clean {
    fn new() -> Self {
        Self(Workspace::unanchored())
    }

    /// Changes the log, and asks for the case that `change` names.
    fn with(&self, change: impl FnOnce(&mut SignedLog) -> String) -> Ran {
        let key = self.0.read("keys/gate-eu-TEST-KEY.pem");
        let mut log = SignedLog::parse("gate-eu", &key, &self.0.read(LOG));
        let id = change(&mut log);
        self.0.write(LOG, log.text());
        countersign(&["case", &id, self.0.at("").to_str().unwrap()])
    }
}

/// Returns where the first event with `text` stands.
fn first(log: &SignedLog, text: &str) -> usize {
    log.records.iter().position(|(_, event)| event.contains(text)).unwrap()
}

/// Returns the id of an event.
fn id_of(event: &str) -> String {
    event.split_once("\"id\":\"").unwrap().1.split('"').next().unwrap().to_owned()
}
