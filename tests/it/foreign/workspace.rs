//! A workspace with a source that a chain profile protects: `report`, `check`, and the pack.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use countersign::digest::Digest;
use countersign::report::check::Check;
use countersign::report::json;
use countersign::report::model::{Report, TestOutcome};
use countersign::run::material::Material;
use countersign::settings::Workspace as Settings;

use super::{read, vector};
use crate::support::{Ran, Workspace, conserves, countersign, result};

/// A source profile of the workspace's own. Each entry is a request, the answer of the policy to it, and what was done. Every
/// column rests on members that the chain covers, but for the outcome, which rests on `policy_decision`.
const PROFILE: &str = r#"
schema = "countersign/source-profile/1"
name = "agt"
version = "1"
product = "Agent Governance Toolkit"
basis = "fixture"
integrity = "none"
match = "all"
absent = []

[read]
framing = "lines"

[maps.verdict]
allow = "approved"
deny = "approved"
audit = "approved"
requires_approval = "approved"

[columns.common]
time = "/timestamp"
native_id = "/entry_id"
corr_request = "/entry_id"
action_name = "/event_type"
action_class = "=tool"

[[rule]]
id = "request"
emit = "request"
when = { "/entry_id" = { present = true } }
use = ["common"]
[rule.set]
quorum = 1
break_glass = false
requester = { id = "/agent_did", kind = "=agent" }

[[rule]]
id = "decision"
emit = "decision"
when = { "/entry_id" = { present = true } }
use = ["common"]
[rule.set]
outcome = [{ of = "/policy_decision", map = "verdict" }, "=approved"]
basis = "=human"
decider = { id = "=reviewer", kind = "=human" }

[[rule]]
id = "execution"
emit = "execution"
when = { "/entry_id" = { present = true } }
use = ["common"]
[rule.set]
request_link = "=none"
break_glass = false
bypass = false
executor = { id = "/agent_did", kind = "=agent" }
"#;

const LOG: &str = "logs/agt.jsonl";

/// The workspace, whose source has `more` keys. Its name stands before the others.
fn bench(more: &str) -> Workspace {
    let workspace = Workspace::empty();
    workspace.write("sources/agt/profile.toml", PROFILE);
    workspace.write(LOG, read("agt-python-log/entries.jsonl"));
    workspace.write(
        "countersign.toml",
        format!(
            "entity = \"Acme\"\nperiod = {{ from = 2026-07-01, to = 2026-07-02 }}\n\n\
             [[gated]]\naction_class = [\"tool\"]\n\n\
             [[source]]\nid = \"agt\"\nprofile = \"agt\"\nchain = \"agt-python-log\"\nobjects = [\"{LOG}\"]\n{more}\n"
        ),
    );
    workspace
}

/// Tests that need a column, by the library.
fn needing(workspace: &Workspace, column: &str) -> BTreeSet<String> {
    let settings = Settings::load(&workspace.at("")).unwrap();
    let material = Material::of_workspace(settings).unwrap();
    let tests = material.controls.tests.values();
    let needing = tests.filter(|test| test.requires.iter().any(|needed| needed == column));
    needing.map(|test| test.id.clone()).collect()
}

fn unable(check: &Check) -> BTreeSet<String> {
    let unable = check.tests.iter().filter(|test| test.result == TestOutcome::UnableToTest);
    unable.map(|test| test.id.clone()).collect()
}

/// Makes the pack, and returns how that ended and its report.
fn pack(workspace: &Workspace, more: &[&str]) -> (Ran, Report) {
    let out = workspace.at("out");
    let mut args = vec!["--out", out.to_str().unwrap()];
    args.extend(more);
    let ran = workspace.run("report", &args);
    let bytes = fs::read(out.join("data/01_report.json")).unwrap_or_else(|_| panic!("{ran:#?}"));
    (ran, json::parse(&bytes).unwrap())
}

/// The report and `check` must say the same of logs, holes, and tests, and the pack must give the report again.
#[track_caller]
fn agree(workspace: &Workspace) -> (Check, Report, Ran) {
    let (_, check) = workspace.check();
    let (ran, report) = pack(workspace, &["--formats", "json"]);
    assert_eq!(serde_json::to_value(&check.logs).unwrap(), serde_json::to_value(&report.logs).unwrap());
    let of_check: Vec<_> = check.tests.iter().map(|test| (&test.id, test.result)).collect();
    let of_report: Vec<_> = report.tests.iter().map(|test| (&test.id, test.result)).collect();
    assert_eq!(of_check, of_report);
    assert_eq!(check.holes.len(), report.holes.len());
    conserves(&report);
    let out = workspace.at("out");
    let verified = countersign(&[Path::new("verify"), &out]);
    assert!(verified.out.contains("derived again, byte for byte the same"), "{verified:#?}");
    (check, report, ran)
}

#[test]
fn column_that_nothing_covers_unables_exactly_the_tests_that_need_it() {
    let (plain, _, made) = agree(&bench(""));
    assert_eq!(made.exit, 0, "{made:#?}");
    assert!(plain.exceptions.is_empty(), "{:#?}", plain.exceptions);
    assert_eq!(result(&plain, "AUTHZ-01").result, TestOutcome::NoException, "{:#?}", plain.tests);
    assert_eq!(result(&plain, "AUTHZ-01").population, 16);
    assert!(plain.logs[0].uncovered_fields.contains(&"decision.outcome".to_owned()), "{:#?}", plain.logs);

    // The chain holds the records, so the source has what is demanded of it; the one column has not.
    let workspace = bench("require = \"consistent\"");
    let (strict, report, made) = agree(&workspace);
    let needing = needing(&workspace, "decision.outcome");
    let ran: BTreeSet<String> = plain
        .tests
        .iter()
        .filter(|test| !matches!(test.result, TestOutcome::NotEvidencedHere))
        .map(|test| test.id.clone())
        .collect();
    let expected: BTreeSet<String> = needing.intersection(&ran).cloned().collect();
    assert!(
        expected.len() >= 3 && expected.contains("AUTHZ-01") && expected.contains("SOD-01"),
        "{expected:?}"
    );
    let newly: BTreeSet<String> = unable(&strict).difference(&unable(&plain)).cloned().collect();
    assert_eq!(newly, expected.difference(&unable(&plain)).cloned().collect());
    for test in &strict.tests {
        let before = result(&plain, &test.id);
        let counts = |test: &countersign::report::check::CheckTest| {
            (test.population, test.exceptions, test.untestable)
        };
        assert_eq!(counts(test), counts(before), "{}: what was counted stays", test.id);
        if !expected.contains(&test.id) {
            assert_eq!(test.result, before.result, "{} does not read the column", test.id);
        }
    }
    let reasons = &result(&strict, "AUTHZ-01").reasons;
    let expected =
        "no hash or signature of source `agt` covers `decision.outcome`, and consistent is demanded";
    assert!(reasons.iter().any(|reason| reason == expected), "{reasons:#?}");
    assert_eq!(report.sources[0].grade.word(), "consistent");
    assert!(report.logs[0].breaks.is_empty() && strict.holes.is_empty());
    // A test that cannot be carried out must not leave a scheduled job green.
    let said = "no hash or signature of source `agt` covers `decision.outcome`, and consistent is required";
    made.says(4, &[said]);
}

#[test]
fn a_head_covers_the_records_and_not_the_column() {
    let bare = bench("");
    let (_, check) = bare.check();
    let head = check.logs[0].head.as_ref().unwrap();
    let workspace = bench("require = \"head-anchored\"\nhead = \"heads/agt.head\"");
    workspace.write("heads/agt.head", format!("agt {} {}\n", head.seq, head.digest));
    let (check, report, _) = agree(&workspace);
    let log = &report.logs[0];
    assert_eq!((log.integrity.word(), log.completeness.word()), ("head-anchored", "pinned-head"));
    assert_eq!((log.covered, log.verdict.word()), (16, "not-verifiable"));
    assert_eq!(result(&check, "AUTHZ-01").result, TestOutcome::UnableToTest);
    assert_eq!(result(&check, "LOG-01").result, TestOutcome::NoException, "{:#?}", result(&check, "LOG-01"));
}

#[test]
fn break_in_an_unsigned_chain_takes_every_record_with_it() {
    let workspace = bench("require = \"consistent\"");
    workspace.edit(LOG, |text| text.replacen("\"outcome\": \"failure\"", "\"outcome\": \"success\"", 1));
    let (check, report, made) = agree(&workspace);
    assert_eq!((check.exit, made.exit), (3, 3));
    assert_eq!(report.logs[0].verdict.word(), "altered");
    assert_eq!(report.logs[0].breaks[0].line, 4, "{:#?}", report.logs[0].breaks);
    // Whatever stands in the file may have been written anew by whoever changed one entry.
    assert_eq!((report.logs[0].records, report.logs[0].covered), (0, 0), "{:#?}", report.logs[0]);
    for test in check.tests.iter().filter(|test| !test.id.starts_with("LOG-")) {
        assert!(
            matches!(test.result, TestOutcome::UnableToTest | TestOutcome::NotEvidencedHere),
            "{} is {:?}",
            test.id,
            test.result
        );
    }
}

#[test]
fn damage_in_one_source_leaves_the_tests_of_the_other_tables_alone() {
    // A second source fills `execution` only: what is damaged there makes unable what reads executions, and nothing else.
    let second = "\n[[source]]\nid = \"runs\"\nprofile = \"agt\"\nchain = \"agt-python-log\"\nrole = \"executions\"\n\
                  objects = [\"logs/runs.jsonl\"]\n";
    let workspace = bench(second);
    let lines: Vec<String> =
        read("agt-python-log/entries.jsonl").lines().map(|line| format!("{line}\n")).collect();
    workspace.write("logs/runs.jsonl", lines.concat());
    let (_, whole) = workspace.check();
    workspace.write("logs/runs.jsonl", lines[..9].concat() + &lines[10..].concat());
    let (exit, damaged) = workspace.check();
    assert_eq!(exit, 3, "{:#?}", damaged.logs);
    let holes: BTreeSet<&str> = damaged.holes.iter().map(|hole| hole.source.as_str()).collect();
    assert_eq!(holes, BTreeSet::from(["runs"]), "a hole is charged to its own source");
    let settings = Settings::load(&workspace.at("")).unwrap();
    let material = Material::of_workspace(settings).unwrap();
    let mut changed = 0;
    for test in &damaged.tests {
        let definition = &material.controls.tests[&test.id];
        // The damaged source fills `execution`, and the table of all events.
        let reads = definition.reads.iter().any(|table| table == "execution" || table == "event");
        let before = result(&whole, &test.id);
        if test.id.starts_with("LOG-") || before.result == TestOutcome::Exception {
            continue;
        }
        if reads {
            changed += usize::from(before.result != test.result);
            assert!(
                matches!(
                    test.result,
                    TestOutcome::UnableToTest | TestOutcome::NotEvidencedHere | TestOutcome::Exception
                ),
                "{} reads executions and is {:?}",
                test.id,
                test.result
            );
        } else {
            assert_eq!(test.result, before.result, "{} reads no executions", test.id);
        }
    }
    assert!(changed > 0, "{:#?}", damaged.tests);
}

#[test]
fn shared_key_has_no_place_in_a_workspace() {
    let workspace = bench("mac_key = \"keys/hmac.key\"");
    workspace.run("check", &[]).refuses(&[
        "source `agt`",
        "a shared key has no place in a workspace",
        "--mac-key",
    ]);
    let out = workspace.at("out");
    workspace.run("report", &["--out", out.to_str().unwrap()]).refuses(&["a shared key has no place"]);
    assert!(!out.exists());
}

#[test]
fn chain_profile_of_a_source_must_be_known_and_may_be_the_workspaces_own() {
    let workspace = bench("");
    workspace.edit("countersign.toml", |text| text.replace("\"agt-python-log\"", "\"agt-pyton-log\""));
    workspace
        .run("check", &[])
        .refuses(&["no chain profile is named `agt-pyton-log`", "did you mean `agt-python-log`?"]);

    let own =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("chains/agt-python-log.toml")).unwrap();
    workspace.edit("countersign.toml", |text| text.replace("\"agt-pyton-log\"", "\"ours\""));
    workspace.write("chains/ours.toml", own.replace("id = \"agt-python-log\"", "id = \"ours\""));
    let (_, report, _) = agree(&workspace);
    let named = report.overrides.iter().find(|entry| entry.path == "chains/ours.toml").unwrap();
    assert_eq!(named.sha256, Digest::of(workspace.read("chains/ours.toml").as_bytes()));

    let native = bench("");
    native.edit("countersign.toml", |text| text.replace("profile = \"agt\"", "profile = \"countersign\""));
    native.run("check", &[]).refuses(&["names a chain profile", "remove `chain` from the source"]);
}

#[test]
fn integrity_page_names_what_nothing_covers() {
    let workspace = bench("require = \"consistent\"");
    let (ran, _) = pack(&workspace, &["--formats", "html,json"]);
    assert_eq!(ran.exit, 4, "{ran:#?}");
    let html = fs::read_to_string(workspace.at("out/data/01_report.html")).unwrap().replace("<wbr>", "");
    let from = html.find("id=\"uncovered-list\"").unwrap();
    let list = &html[from..from + html[from..].find("</table>").unwrap()];
    for text in ["decision.outcome", "/policy_decision", "/matched_rule"] {
        assert!(list.contains(text), "`{text}` is missing in {list}");
    }
    assert!(html.contains("by chain profile") && html.contains("agt-python-log"));
}

#[test]
fn other_formats_of_the_samples_are_sources_as_well() {
    // Not mapped by any rule that fits, and yet verified and counted: nothing disappears.
    let workspace = bench("");
    workspace.edit("countersign.toml", |text| text.replace("\"agt-python-log\"", "\"agt-python-sink\""));
    workspace.write(LOG, read("agt-python-sink/audit.jsonl"));
    let (_, check) = workspace.check();
    assert_eq!((check.logs[0].records, check.logs[0].integrity.word()), (16, "consistent"));
    assert!(check.logs[0].reasons.iter().any(|reason| reason.contains("shared key")), "{:#?}", check.logs[0]);
    assert!(vector("agt-python-sink/hmac.key").is_file());
}
