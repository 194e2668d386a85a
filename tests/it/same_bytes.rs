//! Same input, same bytes: threads, segment sizes, and runs change nothing.

#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::fs;
use std::path::Path;

use countersign::pack::parquet;
use countersign::report::json;
use countersign::report::model::TestOutcome;
use countersign::run::Run;

use crate::support::{ACME_PACK, AS_OF, Workspace, countersign, files, library, sample};

/// Returns the bytes of the report and of every table of a run.
fn bytes(run: &Run) -> Vec<(String, Vec<u8>)> {
    let tables =
        run.tables.iter().map(|(name, frame)| ((*name).to_owned(), parquet::encode(name, frame).unwrap()));
    let mut all: Vec<(String, Vec<u8>)> = tables.collect();
    all.push(("report.json".to_owned(), json::to_bytes(run.assessment.report())));
    all
}

#[track_caller]
fn equal(found: &[(String, Vec<u8>)], expected: &[(String, Vec<u8>)], what: &str) {
    let names = |all: &[(String, Vec<u8>)]| all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(found), names(expected), "{what}");
    for ((name, found), (_, expected)) in found.iter().zip(expected) {
        assert!(found == expected, "{what}: `{name}` has {} bytes, expected {}", found.len(), expected.len());
    }
}

#[test]
fn two_runs_with_other_numbers_of_threads_give_the_same_pack() {
    let (pack, ran) = &*ACME_PACK;
    ran.says(0, &[]);
    let again = Path::new(env!("CARGO_TARGET_TMPDIR")).join("acme-pack-one-thread");
    let acme = sample("acme");
    let args = [
        "report",
        acme.to_str().unwrap(),
        "--out",
        again.to_str().unwrap(),
        "--as-of",
        AS_OF,
        "--threads",
        "1",
    ];
    countersign(&args).says(0, &[]);
    let (first, second) = (files(pack), files(&again));
    assert!(first.len() > 40, "{} files", first.len());
    equal(&second, &first, "one thread");
    fs::remove_dir_all(again).unwrap();
}

/// One log was edited, one lost a line, and one has a line that is no record, so that places are compared as well.
#[test]
fn segment_sizes_change_no_byte_of_the_report_and_the_tables() {
    let broken = Workspace::copy_of("broken");
    let dirty = Workspace::unanchored();
    dirty.edit("exports/hoop/sessions-2026-06.jsonl", |text| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.insert(40, "no JSON");
        lines.insert(20, "");
        lines.join("\n")
    });
    for (name, workspace) in [("broken", &broken), ("dirty", &dirty)] {
        let whole = workspace.library(None);
        let expected = bytes(&whole);
        assert!(whole.assessment.report().objects.iter().any(|object| object.bytes > 40_000));
        for segment_bytes in [1 << 12, 10_007] {
            let cut = workspace.library(Some(segment_bytes));
            equal(&bytes(&cut), &expected, &format!("{name} in segments of {segment_bytes} bytes"));
        }
    }
    let dirty = dirty.library(Some(1 << 12));
    let report = dirty.assessment.report();
    assert_eq!(report.holes.iter().map(|hole| hole.line).collect::<Vec<_>>(), [42], "{:#?}", report.holes);
    assert!(report.tests.iter().any(|test| test.result == TestOutcome::UnableToTest));
}

#[test]
fn acme_is_the_same_in_small_segments() {
    let acme = sample("acme");
    equal(&bytes(&library(&acme, Some(1 << 16))), &bytes(&library(&acme, None)), "acme");
}
