//! Reference files on `samples/acme`: what the four tests that need them then find, and how they travel in a pack.

use std::path::Path;

use countersign::report::model::{Report, TestOutcome};

use crate::support::{AS_OF, Workspace, countersign};

const NEEDED: [&str; 4] = ["SOD-06", "AGT-03", "POL-01", "POL-02"];

fn outcome(report: &Report, test: &str) -> (TestOutcome, u64, u64) {
    let found = report.tests.iter().find(|found| found.id == test).unwrap();
    (found.result, found.population, found.exceptions)
}

/// Returns the products' own ids of the exceptions in which `test` has a part.
fn exceptions(report: &Report, test: &str) -> Vec<String> {
    let of = report
        .exceptions
        .iter()
        .filter(|found| found.test == test || found.also.iter().any(|also| also == test));
    let mut ids: Vec<String> = of.map(|found| found.native_id.clone()).collect();
    ids.sort();
    ids
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[test]
fn without_them_four_tests_are_not_evidenced() {
    let run = Workspace::copy_of("clean").library(None);
    for test in NEEDED {
        assert_eq!(outcome(run.assessment.report(), test), (TestOutcome::NotEvidencedHere, 0, 0), "{test}");
    }
}

/// Version 15 of the policy was approved by somebody else, 16 by her who put it in force, and 17 by nobody.
#[test]
fn they_are_compared_with_the_logs_and_lie_in_the_pack() {
    let workspace = Workspace::copy_of("acme");
    let policies = "policy,digest,approved_by,from\n\
        prod-change,a155c94320fb0ef778fff9ec98d7b8a4453107a2f369bbd5a5ae17569ac05b5b,dana.reyes,2026-07-05\n\
        prod-change,4f953df6345eb3b49eb2656eca68530a28047b772073d58930b9d815b852a24a,grace.okafor,2026-08-09\n";
    workspace.write("reference/policies.csv", policies);
    workspace.write("reference/sod_rules.csv", "role_a,role_b,mode\nrequester,approver,dynamic\n");
    workspace.write(
        "reference/agents.csv",
        "ns,id,action_class,group,env\ngate-eu,agent:ledger-reconciler,*,*,*\n",
    );
    let out = workspace.at("out");
    let (folder, to) = (workspace.at(""), out.to_str().unwrap());
    let folder = folder.to_str().unwrap();
    countersign(&["report", folder, "--out", to, "--as-of", AS_OF, "--formats", "json"]).says(0, &[]);
    let report: Report = serde_json::from_slice(&read(&out.join("data/01_report.json"))).unwrap();

    assert_eq!(outcome(&report, "POL-01"), (TestOutcome::Exception, 3, 2));
    assert_eq!(exceptions(&report, "POL-01"), ["pc-16", "pc-17"]);
    // Five decisions under the version before 15, and seventeen under 17. Only what a rule decided names a version.
    assert_eq!(outcome(&report, "POL-02"), (TestOutcome::Exception, 1_367, 22));
    assert_eq!(exceptions(&report, "POL-02").len(), 22);
    let (result, population, found) = outcome(&report, "SOD-06");
    assert_eq!(result, TestOutcome::Exception);
    assert!(found > 0 && population > 1_000, "{found} of {population}");
    assert_eq!(exceptions(&report, "SOD-06").len() as u64, found, "each is listed, with its place");
    let (result, _, found) = outcome(&report, "AGT-03");
    assert!(result == TestOutcome::Exception && found > 0, "{found}");

    for name in ["agents", "policies", "sod_rules"] {
        let path = format!("reference/{name}.csv");
        assert_eq!(read(&out.join("data/07_policy").join(&path)), read(&workspace.at(&path)));
        assert!(report.policy.iter().any(|file| file.path == path), "the report names {path}");
    }
    let ran = countersign(&["verify", to, "--json"]);
    assert_eq!((ran.exit, &ran.json()["pack"]["derivation"]), (4, &"same".into()), "unsigned: {ran:#?}");
}

#[test]
fn what_is_wrong_is_refused_with_file_line_and_help() {
    let workspace = Workspace::copy_of("clean");
    for (path, text, message, help) in [
        (
            "roles.csv",
            "person,role\nnobody,author\n",
            "line 2: `person`: the roster has no human",
            "`people`",
        ),
        ("sod_rules.csv", "role_a,role_c,mode\n", "line 1: unknown column `role_c`", "did you mean"),
        ("policies.csv", "policy,digest,approved_by,from\na,b,c,soon\n", "line 2: `from`: ", "RFC 3339"),
        ("agents.csv", "ns,id\n", "line 1: missing column `action_class`", "the columns are"),
    ] {
        let path = format!("reference/{path}");
        workspace.write(&path, text);
        workspace.run("check", &[]).refuses(&[&format!("`{path}`, {message}"), help]);
        let folder = workspace.at("");
        let lint = countersign(&["controls", "lint", "--workspace", folder.to_str().unwrap()]);
        lint.says(2, &[message]);
        std::fs::remove_file(workspace.at(&path)).unwrap();
    }
}
