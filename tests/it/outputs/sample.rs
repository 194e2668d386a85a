//! `countersign sample`.

use std::collections::BTreeMap;
use std::fs;

use countersign::digest::Digest;
use serde_json::Value;

use super::formats::{report, table};
use crate::support::{ACME_PACK, Ran, copy_folder, countersign, sample as sample_folder};

fn drawn(place: &str, control: &str, size: &str, seed: &str) -> Ran {
    countersign(&["sample", place, "--control", control, "--size", size, "--seed", seed])
}

fn pack() -> &'static str {
    ACME_PACK.0.to_str().unwrap()
}

/// The items of a test as the pack lists them.
fn items(test: &str) -> Vec<(String, String)> {
    let items: Value =
        serde_json::from_slice(&fs::read(ACME_PACK.0.join("data/02_machine/items.json")).unwrap()).unwrap();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    items[test]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (word(&item["subject_id"]), word(&item["state"])))
        .collect()
}

#[test]
fn the_sample_is_what_the_page_says_and_every_row_says_where_it_comes_from() {
    let ran = drawn(pack(), "AUTHZ-01", "25", "a seed, \"quoted\"");
    ran.says(0, &["25 of "]);
    let rows = table(ran.out.as_bytes());
    let mut ids: Vec<String> = items("AUTHZ-01").into_iter().map(|(id, _)| id).collect();
    ids.sort();
    let population = Digest::of(ids.iter().map(|id| format!("{id}\n")).collect::<String>().as_bytes());
    let rank = |id: &String| Digest::of(format!("a seed, \"quoted\"\0{id}").as_bytes());
    let mut by_rank = ids.clone();
    by_rank.sort_by_key(rank);
    assert_eq!(rows.len(), 25);
    let report = report();
    for ((row, id), at) in rows.iter().zip(&by_rank).zip(1..) {
        assert_eq!(
            (&row["item"], &row["rank"], &row["rank_sha256"]),
            (id, &at.to_string(), &rank(id).to_string())
        );
        assert_eq!(row["population"], ids.len().to_string());
        assert_eq!(row["population_sha256"], population.to_string());
        assert_eq!(row["seed"], "a seed, \"quoted\"");
        assert_eq!((row["subject"].as_str(), row["source"].is_empty()), ("execution", false));
        assert!(report.objects.iter().any(|object| object.name == row["object"]) && row["line"] != "0");
    }
}

#[test]
fn workspace_and_pack_give_the_same_bytes() {
    let acme = sample_folder("acme");
    for control in ["SOD-01", "iso27001-2022:A.5.3"] {
        assert_eq!(
            drawn(acme.to_str().unwrap(), control, "10", "s").out,
            drawn(pack(), control, "10", "s").out
        );
    }
}

#[test]
fn the_population_of_a_control_is_that_of_its_tests_together() {
    let report = report();
    let control = report.controls.iter().find(|control| control.id == "iso27001-2022:A.5.3").unwrap();
    let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for test in
        report.tests.iter().filter(|test| control.tests.contains(&test.id) && test.kind != "evidence-quality")
    {
        for (item, state) in items(&test.id) {
            expected.entry(item).or_default().push(format!("{}={state}", test.id));
        }
    }
    let rows = table(drawn(pack(), &control.id, "1000000", "s").out.as_bytes());
    let found: BTreeMap<String, Vec<String>> = rows
        .iter()
        .map(|row| (row["item"].clone(), row["tests"].split(' ').map(str::to_owned).collect()))
        .collect();
    assert!(found.len() > 1_000 && found.values().any(|tests| tests.len() > 2));
    assert_eq!(found, expected);
    assert_eq!(rows.len(), found.len(), "an item was drawn twice");
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    drawn(pack(), "SOD-99", "5", "s").refuses(&["is no control and no test", "controls list"]);
    let report = report();
    let untested = report.controls.iter().find(|control| control.tests.is_empty()).unwrap();
    drawn(pack(), &untested.id, "5", "s").refuses(&["has no test here"]);
    drawn(pack(), "SOD-01", "0", "s").says(2, &["--size"]);
    drawn(pack(), "SOD-01", "5", "").says(2, &["--seed"]);
    let touched = tempfile::tempdir().unwrap();
    copy_folder(&ACME_PACK.0, touched.path());
    let items = touched.path().join("data/02_machine/items.json");
    fs::write(&items, fs::read_to_string(&items).unwrap().replacen("\"ok\"", "\"no\"", 1)).unwrap();
    drawn(touched.path().to_str().unwrap(), "SOD-01", "5", "s").says(3, &["is altered", "items.json"]);
}
