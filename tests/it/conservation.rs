//! Nothing disappears and nothing counts twice: every record read is accounted for, copies change no result.

#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::sync::LazyLock;

use countersign::report::model::{Report, Tally};

use crate::support::{SignedLog, Workspace, conserves, library, outcomes, sample};

const LOG: &str = "logs/gate-eu/gate-eu-2026-06.jsonl";
const HOOP: &str = "exports/hoop/sessions-2026-06.jsonl";

fn tally<'r>(report: &'r Report, source: &str) -> &'r Tally {
    &report.sources.iter().find(|found| found.id == source).unwrap().tally
}

#[test]
fn every_sample_conserves_its_records() {
    for name in ["acme", "clean", "broken"] {
        conserves(library(&sample(name), None).assessment.report());
    }
}

#[test]
fn damaged_sources_conserve_their_records() {
    let workspace = Workspace::unanchored();
    workspace.edit(HOOP, |text| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines[3] = lines[3].replace("APPROVED", "APROVED").replace("\"done\"", "\"dnoe\"");
        lines[9].truncate(40);
        lines.insert(15, String::new());
        lines.insert(16, r#"{"something":"else"}"#.to_owned());
        lines.insert(17, format!("{}1{}", "[".repeat(100), "]".repeat(100)));
        lines.push(lines[0].clone());
        lines.join("\n") + "\n"
    });
    workspace.edit(LOG, |text| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines[50] = lines[50].replace("\"event\":{", "\"event\":{ ");
        lines.remove(120);
        lines.swap(200, 201);
        lines.insert(250, lines[249].clone());
        lines.insert(300, String::new());
        lines.insert(310, "no record".to_owned());
        lines.join("\n") + "\n{\"v\":\"countersign-log/1\",\"log\":"
    });
    let run = workspace.library(None);
    let report = run.assessment.report();
    conserves(report);
    let (gate, hoop) = (tally(report, "gate-eu"), tally(report, "hoop"));
    assert_eq!((gate.read, hoop.read), (374 - 1 + 3 + 1, 68 + 3 + 1));
    assert!(gate.rejected.len() >= 3 && hoop.rejected.len() >= 2, "{gate:#?} {hoop:#?}");
    conserves(workspace.library(Some(1 << 12)).assessment.report());
}

/// The report on `samples/clean` without head and counts, as it stands.
static BEFORE: LazyLock<Report> = LazyLock::new(|| report(&Workspace::unanchored()));

fn report(workspace: &Workspace) -> Report {
    let run = workspace.library(None);
    conserves(run.assessment.report());
    run.assessment.report().clone()
}

/// Asserts that `workspace` gives the results of `samples/clean`, and the same number of events.
#[track_caller]
fn changes_nothing(workspace: &Workspace) -> Report {
    let after = report(workspace);
    assert_eq!((after.holes.len(), after.exceptions.len()), (0, 0), "{:#?}", after.holes);
    assert_eq!(outcomes(&after), outcomes(&BEFORE));
    for source in &BEFORE.sources {
        assert_eq!(tally(&after, &source.id).events, source.tally.events, "{}", source.id);
    }
    let verdicts = |report: &Report| report.logs.iter().map(|log| log.verdict).collect::<Vec<_>>();
    assert_eq!(verdicts(&after), verdicts(&BEFORE));
    after
}

/// Exports an object again under another name, whole or in part, and compares with one export.
#[track_caller]
fn copy_changes_nothing(object: &str, copy: &str, source: &str, lines: std::ops::Range<usize>) {
    let workspace = Workspace::unanchored();
    let text = workspace.read(object);
    let part: Vec<&str> = text.lines().skip(lines.start).take(lines.len()).collect();
    workspace.write(copy, part.join("\n") + "\n");
    let after = changes_nothing(&workspace);
    let tally = tally(&after, source);
    assert_eq!(tally.duplicates, lines.len() as u64, "{tally:#?}");
    assert_eq!(tally.rejected.values().sum::<u64>(), 0, "{tally:#?}");
}

#[test]
fn whole_copy_of_a_chained_log_counts_once() {
    copy_changes_nothing(LOG, "logs/gate-eu/again.jsonl", "gate-eu", 0..374);
}

#[test]
fn overlap_of_a_chained_log_counts_once() {
    copy_changes_nothing(LOG, "logs/gate-eu/part.jsonl", "gate-eu", 100..250);
}

#[test]
fn whole_copy_of_an_unchained_source_counts_once() {
    copy_changes_nothing(HOOP, "exports/hoop/again.jsonl", "hoop", 0..68);
}

#[test]
fn overlap_of_an_unchained_source_counts_once() {
    copy_changes_nothing(HOOP, "exports/hoop/part.jsonl", "hoop", 20..50);
}

/// The lines of an export come in any order; what happened is told by their times.
#[test]
fn shuffled_lines_of_an_unchained_source_change_no_result() {
    let workspace = Workspace::unanchored();
    workspace.edit(HOOP, |text| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_by_key(|line| countersign::digest::Digest::of(line.as_bytes()));
        lines.join("\n") + "\n"
    });
    changes_nothing(&workspace);
}

/// The files of a rotated log may have any names: their order follows from the records.
#[test]
fn files_of_a_chained_log_in_any_order_change_no_result() {
    let workspace = Workspace::unanchored();
    let text = workspace.read(LOG);
    let lines: Vec<&str> = text.lines().collect();
    std::fs::remove_file(workspace.at(LOG)).unwrap();
    for (name, part) in [("b", &lines[..120]), ("c", &lines[120..260]), ("a", &lines[260..])] {
        workspace.write(&format!("logs/gate-eu/{name}.jsonl"), part.join("\n") + "\n");
    }
    changes_nothing(&workspace);
}

/// Two records of one log that say the same at two sequence numbers are two events.
#[test]
fn equal_events_of_a_chained_log_are_two() {
    let workspace = Workspace::unanchored();
    let mut log =
        SignedLog::parse("gate-eu", &workspace.read("keys/gate-eu-TEST-KEY.pem"), &workspace.read(LOG));
    let before = tally(&BEFORE, "gate-eu");
    let at = log.records.iter().position(|(_, event)| event.contains("\"kind\":\"execution\"")).unwrap();
    log.records.insert(at, log.records[at].clone());
    workspace.write(LOG, log.text());
    let run = workspace.library(None);
    conserves(run.assessment.report());
    let after = tally(run.assessment.report(), "gate-eu");
    assert_eq!((after.read, after.duplicates), (before.read + 1, 0));
}
