//! `countersign diff`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::case::members;
use crate::support::{ACME_PACK, AS_OF, SignedLog, Workspace, copy_folder, countersign};

const LOG: &str = "logs/gate-eu/gate-eu-2026-06.jsonl";

/// Makes a pack of `workspace` at `out` in it.
fn pack(workspace: &Workspace, out: &str, more: &[&str]) -> String {
    let out = workspace.at(out).to_str().unwrap().to_owned();
    workspace.run("report", &[&["--out", &out, "--formats", "json"], more].concat());
    out
}

#[test]
fn a_pack_does_not_differ_from_itself() {
    let pack = ACME_PACK.0.to_str().unwrap();
    let ran = countersign(&["diff", pack, pack]);
    ran.says(0, &["Exceptions   86 unchanged\n", "Tests        no difference", "both seals hold"]);
    assert!(!ran.out.contains("note:"), "{}", ran.out);
}

#[test]
fn what_was_changed_is_what_is_listed_and_each_member_is_on_its_page() {
    let workspace = Workspace::unanchored();
    let before = pack(&workspace, "before", &[]);
    let key = workspace.read("keys/gate-eu-TEST-KEY.pem");
    let mut log = SignedLog::parse("gate-eu", &key, &workspace.read(LOG));
    // Without its decision, an execution ran unapproved.
    let decision = log.records.iter().position(|(_, event)| event.contains("\"kind\":\"decision\"")).unwrap();
    log.records.remove(decision);
    workspace.write(LOG, log.text());
    let after = pack(&workspace, "after", &[]);
    let ran = countersign(&["diff", &before, &after, "--json"]);
    ran.says(0, &[]);
    let diff = ran.json();
    let exceptions = diff["exceptions"].as_array().unwrap();
    assert!(
        !exceptions.is_empty() && exceptions.iter().all(|found| found["state"] == "new"),
        "{exceptions:?}"
    );
    assert!(exceptions.iter().any(|found| found["test"] == "AUTHZ-01"));
    let ids = |list: &str| -> Vec<&str> {
        diff[list].as_array().unwrap().iter().map(|change| change["id"].as_str().unwrap()).collect()
    };
    assert!(ids("tests").contains(&"AUTHZ-01"), "{diff:#}");
    assert_eq!(ids("sources"), ["gate-eu"]);
    assert!(ids("logs").iter().all(|log| log.starts_with("gate-eu/")) && !ids("logs").is_empty());
    assert!(ids("keys").is_empty() && ids("parameters").is_empty() && ids("policy").is_empty(), "{diff:#}");

    let back = countersign(&["diff", &after, &before, "--json"]).json();
    assert!(back["exceptions"].as_array().unwrap().iter().all(|found| found["state"] == "closed"));

    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formats/diff-json.md");
    let page = fs::read_to_string(page).unwrap();
    let mut names = BTreeSet::new();
    members(&diff, &mut names);
    // Parts of `period`, which the page of `check --json` describes.
    names.retain(|name| !["from", "to"].contains(&name.as_str()) && !page.contains(&format!("`{name}`")));
    assert_eq!(names, BTreeSet::new());
}

#[test]
fn other_periods_are_named_and_an_exception_outside_is_not_closed() {
    let workspace = Workspace::copy_of("acme");
    let whole = ACME_PACK.0.to_str().unwrap();
    let later = pack(&workspace, "later", &["--from", "2026-08-01"]);
    let ran = countersign(&["diff", whole, &later, "--json"]);
    let diff = ran.says(0, &[]).json();
    let state = |word: &str| -> Vec<&Value> {
        diff["exceptions"].as_array().unwrap().iter().filter(|found| found["state"] == word).collect()
    };
    assert!(!state("out-of-window").is_empty());
    assert!(state("out-of-window").iter().all(|found| found["time"].as_str().unwrap() < "2026-08-01"));
    assert!(state("closed").is_empty(), "{:#?}", state("closed"));
    countersign(&["diff", whole, &later]).says(0, &["= note: their periods differ", "out of window"]);
}

#[test]
fn a_touched_pack_is_not_compared() {
    let touched = tempfile::tempdir().unwrap();
    copy_folder(&ACME_PACK.0, touched.path());
    fs::write(touched.path().join("data/02_machine/items.csv"), "x").unwrap();
    let touched = touched.path().to_str().unwrap().to_owned();
    let pack = ACME_PACK.0.to_str().unwrap();
    let ran = countersign(&["diff", pack, &touched]);
    ran.says(3, &["is altered", "items.csv"]);
    assert!(ran.out.is_empty());
    let workspace = Workspace::copy_of("clean");
    countersign(&["diff", pack, workspace.at("").to_str().unwrap(), "--as-of", AS_OF])
        .refuses(&["bagit.txt"]);
}
