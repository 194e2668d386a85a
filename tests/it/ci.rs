//! `check` as a scheduled job uses it: files for the servers around it, written before the exit code ends the job.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::support::{AS_OF, Workspace, sample};

#[test]
fn files_are_written_before_exceptions_end_the_job() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["check", "--json", "--github", "--as-of", AS_OF, "--sarif"])
        .arg(at("results.sarif"))
        .arg("--junit")
        .arg(at("junit.xml"))
        .arg(sample("acme"))
        .env_clear()
        .env("GITHUB_STEP_SUMMARY", at("summary.md"))
        .env("GITHUB_OUTPUT", at("output"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let check: Value = serde_json::from_slice(&output.stdout).unwrap();
    let exceptions = check["exceptions"].as_array().unwrap();

    let sarif: Value = serde_json::from_slice(&fs::read(at("results.sarif")).unwrap()).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let ids = |list: &[Value], pointer: &str| -> Vec<String> {
        let found = list.iter().filter_map(|one| one.pointer(pointer).and_then(Value::as_str));
        found.map(str::to_owned).collect()
    };
    assert_eq!(ids(results, "/partialFingerprints/approvalException~1v1"), ids(exceptions, "/id"));

    let junit = fs::read_to_string(at("junit.xml")).unwrap();
    let suites = ["<testsuite name=\"iso27001-2022\"", "<testsuite name=\"soc2-tsc-2017\""];
    assert!(suites.iter().all(|suite| junit.contains(suite)), "{junit}");

    let summary = fs::read_to_string(at("summary.md")).unwrap();
    assert!(summary.contains("| SOD-01 | exceptions noted |"), "{summary}");
    let outputs = fs::read_to_string(at("output")).unwrap();
    let count = exceptions.len();
    assert_eq!(outputs, format!("exit=1\nexceptions={count}\nnew={count}\n"));
    let annotations = String::from_utf8(output.stderr).unwrap();
    assert_eq!(annotations.lines().filter(|line| line.starts_with("::error ")).count(), 10, "{annotations}");
    assert!(annotations.contains(&format!("and {} more exceptions", count - 9)), "{annotations}");
}

#[test]
fn file_that_cannot_be_written_leaves_the_run_incomplete() {
    let workspace = Workspace::copy_of("clean");
    let file = workspace.at("no/such/folder/results.sarif");
    workspace
        .run("check", &["--sarif", file.to_str().unwrap()])
        .says(5, &["cannot write", "help: name a file"]);
}
