//! Logs that a careless query reads as clean: none gives "no exceptions noted" for a test whose fields the damage touches.
//!
//! Each probe is a signed log of its own on the roster of `samples/clean`, and the table of the tests that it touches,
//! with what each of them has to say.

use countersign::report::check::Check;
use countersign::report::model::TestOutcome::{self, Exception, Limited, NoOccurrence, UnableToTest};

use crate::support::{SignedLog, Workspace, result};

/// Cases of a probe.
const CASES: usize = 200;

/// What a probe does to one case of request, decision, and execution.
#[derive(Clone, Copy, Default)]
struct Case {
    /// Who decides; nobody where none.
    decider: Option<&'static str>,
    /// The word for the outcome; no decision at all where none.
    outcome: Option<&'static str>,
    /// The action runs before anybody decides.
    early: bool,
}

const PERSON: &str = r#"{"kind":"human","ns":"email","id":"jurgen.gross@acme.example"}"#;
const AGENT: &str = r#"{"kind":"agent","id":"infra-pilot"}"#;

fn workspace(case: Case, cases: usize) -> Workspace {
    let workspace = Workspace::copy_of("clean");
    let mut log = SignedLog::new("gate-eu", &workspace.read("keys/gate-eu-TEST-KEY.pem"));
    let action = r#""action":{"name":"iam.rotate-key","class":"admin","command_digest":"aa","canonicalisation":"x"},"target":[{"type":"kms","id":"kms-prod","group":"identity","env":"prod"}]"#;
    let requester = r#"{"kind":"human","ns":"email","id":"noa.levi@acme.example"}"#;
    for at in 0..cases {
        let time =
            |minute: usize| format!("2026-06-{:02}T{:02}:{minute:02}:00.000Z", 2 + at / 20, 1 + at % 20);
        let mut add = |minute, event: String| log.records.push((time(minute), event));
        add(
            0,
            format!(
                r#"{{"kind":"request","id":"rq-{at}","corr":{{"request":"rq-{at}"}},"requester":{requester},{action},"policy":{{"required_approvals":1}},"justification":[{{"text":"Cover for a colleague","by":"requester"}}]}}"#
            ),
        );
        let run = format!(
            r#"{{"kind":"execution","id":"ex-{at}","corr":{{"request":"rq-{at}"}},"executor":{requester},{action},"execution":{{"state":"succeeded","code":"0"}}}}"#
        );
        if case.early {
            add(10, run.clone());
        }
        if let Some(outcome) = case.outcome {
            let decider = case.decider.map(|decider| format!(r#","decider":{decider}"#)).unwrap_or_default();
            add(
                20,
                format!(
                    r#"{{"kind":"decision","id":"dc-{at}","corr":{{"request":"rq-{at}"}}{decider},"action":{{"command_digest":"aa","canonicalisation":"x"}},"decision":{{"outcome":"{outcome}","scope":"once"}}}}"#
                ),
            );
        }
        if !case.early {
            add(30, run);
        }
    }
    workspace.write("logs/gate-eu/gate-eu-2026-06.jsonl", log.text());
    let toml = "entity = \"Acme\"\nperiod = { from = 2026-06-01, to = 2026-07-01 }\ntrust = \"trust.toml\"\n\
        people = \"reference/people.csv\"\n\n[[source]]\nid = \"gate-eu\"\nprofile = \"countersign\"\n\
        objects = [\"logs/gate-eu/*\"]\n\n[[gated]]\nenv = [\"prod\"]\n";
    workspace.write("countersign.toml", toml);
    workspace
}

/// Asserts what each test of `table` says, and how many exceptions it has.
#[track_caller]
fn says(case: Case, cases: usize, table: &[(&str, TestOutcome, u64)]) -> Check {
    let (_, check) = workspace(case, cases).check();
    for (test, outcome, exceptions) in table {
        let found = result(&check, test);
        assert_eq!((found.result, found.exceptions), (*outcome, *exceptions), "{found:#?}");
    }
    check
}

/// The ground that the probes stand on: without damage, nothing is found.
#[test]
fn a_log_without_damage_is_clean() {
    let case = Case { decider: Some(PERSON), outcome: Some("approved"), early: false };
    let tests = [
        "AUTHZ-01", "AUTHZ-07", "AUTHZ-08", "AUTHZ-09", "AUTHZ-10", "REV-01", "REV-05", "REV-06", "SOD-02",
        "SOD-03", "SOD-05", "STD-01",
    ];
    says(case, CASES, &tests.map(|test| (test, TestOutcome::NoException, 0)));
}

#[test]
fn two_hundred_executions_before_their_approval() {
    let case = Case { decider: Some(PERSON), outcome: Some("approved"), early: true };
    let all = CASES as u64;
    says(case, CASES, &[("AUTHZ-01", Exception, all), ("AUTHZ-02", Exception, all)]);
}

#[test]
fn every_reviewer_an_agent() {
    let case = Case { decider: Some(AGENT), outcome: Some("approved"), early: false };
    let all = CASES as u64;
    let no_person = [("REV-01", NoOccurrence, 0), ("REV-05", NoOccurrence, 0)];
    says(case, CASES, &[("AUTHZ-01", Exception, all), ("SOD-03", Exception, all)]);
    says(case, CASES, &no_person);
}

#[test]
fn every_denial_overridden() {
    let case = Case { decider: Some(PERSON), outcome: Some("denied"), early: false };
    let all = CASES as u64;
    // The denials give no reason either, and the format would have it.
    let table = [("AUTHZ-01", Exception, all), ("AUTHZ-04", Exception, all), ("REV-09", Exception, all)];
    says(case, CASES, &table);
}

#[test]
fn a_log_without_a_line() {
    let check = says(Case::default(), 0, &[]);
    for test in ["LOG-01", "LOG-04"] {
        assert_eq!(result(&check, test).result, Limited);
    }
    for test in check.tests.iter().filter(|test| test.kind != "evidence-quality") {
        assert!(!matches!(test.result, TestOutcome::NoException | NoOccurrence), "{test:#?}");
    }
}

#[test]
fn a_misspelt_outcome() {
    let case = Case { decider: Some(PERSON), outcome: Some("aproved"), early: false };
    let touched = [
        "AUTHZ-02", "AUTHZ-03", "AUTHZ-04", "AUTHZ-06", "AUTHZ-08", "DAT-03", "REV-01", "REV-02", "REV-05",
        "REV-06", "REV-07", "REV-09", "SOD-01", "SOD-02", "SOD-03", "SOD-04", "SOD-05", "STD-01", "AUTHZ-01",
    ];
    let check = says(case, CASES, &touched.map(|test| (test, UnableToTest, 0)));
    assert_eq!(result(&check, "LOG-01").result, Limited);
}

#[test]
fn nobody_named_as_reviewer() {
    let case = Case { decider: None, outcome: Some("approved"), early: false };
    // REV-01 and REV-02 are not touched: each approval took long, and stands alone in its hour, whoever gave it.
    let touched = ["AUTHZ-01", "REV-05", "REV-06", "SOD-01", "SOD-02", "SOD-03", "SOD-05"];
    says(case, CASES, &touched.map(|test| (test, UnableToTest, 0)));
}

#[test]
fn no_decision_at_all() {
    let case = Case::default();
    let mut table = vec![("AUTHZ-01", Exception, CASES as u64)];
    let of_decisions = [
        "AUTHZ-02", "AUTHZ-03", "AUTHZ-06", "AUTHZ-08", "REV-01", "REV-02", "REV-05", "SOD-01", "SOD-02",
        "SOD-03", "SOD-05", "STD-01",
    ];
    table.extend(of_decisions.map(|test| (test, NoOccurrence, 0)));
    says(case, CASES, &table);
}
