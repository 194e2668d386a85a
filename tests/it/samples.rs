//! The four samples: what was planted is found, and what a sample says of itself holds.

#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::LazyLock;

use countersign::clock::Moment;
use countersign::report::model::TestOutcome;
use countersign::run::Run;
use toml::Table;

use crate::support::{
    ACME_PACK, AS_OF, SignedLog, Workspace, conserves, countersign, library, result, sample,
};

/// Test, source, and the product's own id.
type Item = (String, String, String);

fn table(path: &str) -> Table {
    fs::read_to_string(sample("").join(path)).unwrap().parse().unwrap()
}

fn entries<'t>(table: &'t Table, name: &str) -> Vec<&'t Table> {
    table[name].as_array().unwrap().iter().map(|entry| entry.as_table().unwrap()).collect()
}

fn text(entry: &Table, name: &str) -> String {
    entry[name].as_str().unwrap().to_owned()
}

fn number(entry: &Table, name: &str) -> u64 {
    u64::try_from(entry[name].as_integer().unwrap()).unwrap()
}

fn items(table: &Table, name: &str) -> BTreeSet<Item> {
    let found: Vec<Item> = entries(table, name)
        .into_iter()
        .map(|entry| (text(entry, "test"), text(entry, "source"), text(entry, "native_id")))
        .collect();
    let set: BTreeSet<Item> = found.iter().cloned().collect();
    assert_eq!(set.len(), found.len(), "an entry stands twice in `{name}`");
    set
}

#[test]
fn acme_exceptions_are_those_that_were_planted() {
    let expected = table("acme/EXPECTED.toml");
    assert_eq!(text(&expected, "as_of"), format!("{AS_OF}T00:00:00Z"));
    let ran = countersign(&["check", sample("acme").to_str().unwrap(), "--json", "--as-of", AS_OF]);
    let check = ran.says(1, &[]).check();
    let mut found = BTreeSet::new();
    for exception in &check.exceptions {
        assert!(
            exception.line > 0 && !exception.object.is_empty(),
            "an exception without a place: {exception:#?}"
        );
        for test in std::iter::once(&exception.test).chain(&exception.also) {
            let item = (test.clone(), exception.source.clone(), exception.native_id.clone());
            assert!(found.insert(item), "counted twice: {exception:#?}");
        }
    }
    let planted = items(&expected, "exception");
    assert!(planted.len() > 100);
    assert_eq!(found.difference(&planted).collect::<Vec<_>>(), Vec::<&Item>::new(), "found, and not planted");
    assert_eq!(planted.difference(&found).collect::<Vec<_>>(), Vec::<&Item>::new(), "planted, and not found");
    for test in &check.tests {
        let of_test = planted.iter().filter(|item| item.0 == test.id).count() as u64;
        assert_eq!(test.exceptions, of_test, "{test:#?}");
    }
}

#[test]
fn acme_untestable_and_pending_items_are_those_that_were_planned() {
    let expected = table("acme/EXPECTED.toml");
    let run = library(&sample("acme"), None);
    let planned: BTreeMap<Item, u64> = entries(&expected, "untestable")
        .into_iter()
        .map(|entry| {
            let items = u64::try_from(entry["items"].as_integer().unwrap()).unwrap();
            ((text(entry, "test"), text(entry, "source"), text(entry, "column")), items)
        })
        .collect();
    assert_eq!(run.untestable, planned);
    let report = run.assessment.report();
    let pending: BTreeSet<Item> = report
        .pending
        .iter()
        .map(|item| (item.test.clone(), item.source.clone(), item.native_id.clone()))
        .collect();
    assert_eq!(pending, items(&expected, "pending"));
    for test in &report.tests {
        let untestable: u64 =
            planned.iter().filter(|(item, _)| item.0 == test.id).map(|(_, items)| items).sum();
        let waiting = pending.iter().filter(|item| item.0 == test.id).count() as u64;
        assert_eq!((test.untestable, test.pending), (untestable, waiting), "{}", test.id);
    }
}

#[test]
fn acme_report_exits_0_and_says_where_the_pack_is() {
    let (pack, ran) = &*ACME_PACK;
    ran.says(0, &["Wrote", "signed", "verified 1 of 4 logs"]);
    assert!(pack.join("bagit.txt").is_file());
    assert!(ran.out.lines().count() <= 25, "{}", ran.out);
}

/// The run on `samples/globex`, once for all tests.
static GLOBEX: LazyLock<Run> = LazyLock::new(|| library(&sample("globex"), None));

#[test]
fn globex_exceptions_are_those_that_were_planted() {
    let expected = table("globex/EXPECTED.toml");
    assert_eq!(text(&expected, "as_of"), format!("{AS_OF}T00:00:00Z"));
    let report = GLOBEX.assessment.report();
    let mut found = BTreeSet::new();
    for exception in &report.exceptions {
        assert!(exception.line > 0 && !exception.object.is_empty(), "without a place: {exception:#?}");
        for test in std::iter::once(&exception.test).chain(&exception.also) {
            let item = (test.clone(), exception.source.clone(), exception.native_id.clone());
            assert!(found.insert(item), "counted twice: {exception:#?}");
        }
    }
    let planted = items(&expected, "exception");
    assert!(planted.len() > 100);
    assert_eq!(found.difference(&planted).collect::<Vec<_>>(), Vec::<&Item>::new(), "found, and not planted");
    assert_eq!(planted.difference(&found).collect::<Vec<_>>(), Vec::<&Item>::new(), "planted, and not found");
}

#[test]
fn globex_untestable_items_are_those_that_were_planned() {
    let expected = table("globex/EXPECTED.toml");
    let planned: BTreeMap<Item, u64> = entries(&expected, "untestable")
        .into_iter()
        .map(|entry| {
            ((text(entry, "test"), text(entry, "source"), text(entry, "column")), number(entry, "items"))
        })
        .collect();
    assert_eq!(GLOBEX.untestable, planned);
    let report = GLOBEX.assessment.report();
    assert!(report.pending.is_empty());
    let unresolved: BTreeSet<(String, String)> =
        report.unresolved.iter().map(|entry| (entry.ns.clone(), entry.id.clone())).collect();
    let named =
        entries(&expected, "unresolved").into_iter().map(|entry| (text(entry, "ns"), text(entry, "id")));
    assert_eq!(unresolved, named.collect());
}

#[test]
fn globex_counts_of_every_test_are_those_that_were_planned() {
    let expected = table("globex/EXPECTED.toml");
    let report = GLOBEX.assessment.report();
    let mut planned: BTreeMap<String, [u64; 2]> =
        report.tests.iter().map(|test| (test.id.clone(), [0, 0])).collect();
    for entry in entries(&expected, "exception") {
        planned.get_mut(&text(entry, "test")).unwrap()[0] += 1;
    }
    // Rows that are no exceptions of an item: evidence that is lacking, and what is to be looked at.
    for entry in entries(&expected, "noted") {
        planned.get_mut(&text(entry, "test")).unwrap()[0] += number(entry, "items");
    }
    for entry in entries(&expected, "untestable") {
        planned.get_mut(&text(entry, "test")).unwrap()[1] += number(entry, "items");
    }
    let found: BTreeMap<String, [u64; 2]> =
        report.tests.iter().map(|test| (test.id.clone(), [test.exceptions, test.untestable])).collect();
    assert_eq!(found, planned);
    assert!(found.len() > 30);
    // Who asked for access asked for a role, and two products name one thing in two ways: no row says otherwise.
    let scope = report.tests.iter().find(|test| test.id == "AUTHZ-07").unwrap();
    assert!(scope.exceptions == 0 && scope.untestable > 1_000, "{scope:#?}");
}

#[test]
fn globex_records_go_where_they_were_planned_to_go() {
    let expected = table("globex/EXPECTED.toml");
    let report = GLOBEX.assessment.report();
    conserves(report);
    let mut counted = 0;
    let found: BTreeMap<String, [u64; 4]> = report
        .sources
        .iter()
        .map(|source| {
            let tally = &source.tally;
            counted += tally.events - tally.repeated_events;
            let rejected = tally.rejected.values().sum();
            (source.id.clone(), [tally.read, tally.duplicates, tally.repeated_events, rejected])
        })
        .collect();
    let planned: BTreeMap<String, [u64; 4]> = entries(&expected, "source")
        .into_iter()
        .map(|entry| {
            let counts =
                ["records", "duplicates", "repeated_events", "rejected"].map(|name| number(entry, name));
            (text(entry, "id"), counts)
        })
        .collect();
    assert_eq!(found, planned);
    assert_eq!(planned.len(), 8);
    assert_eq!(counted, number(&expected, "events"));
    assert_eq!(counted, 50_000);
}

#[test]
fn globex_links_join_what_was_planned_and_weak_ones_limit_what_rests_on_them() {
    let expected = table("globex/EXPECTED.toml");
    let report = GLOBEX.assessment.report();
    let found: BTreeMap<String, [u64; 3]> = report
        .links
        .iter()
        .map(|link| (link.id.clone(), [link.joined, link.ambiguous, link.orphaned]))
        .collect();
    let planned: BTreeMap<String, [u64; 3]> = entries(&expected, "link")
        .into_iter()
        .map(|entry| (text(entry, "id"), ["joined", "ambiguous", "orphaned"].map(|name| number(entry, name))))
        .collect();
    assert_eq!(found, planned);
    let weak = planned["calls"][0];
    assert!(weak > 100);
    let limit =
        format!("limited reliance: {weak} executions of `cloudtrail` are joined to a request by a weak link");
    for test in &report.tests {
        let rests = [
            "AUTHZ-01", "AUTHZ-02", "AUTHZ-03", "AUTHZ-04", "AUTHZ-05", "AUTHZ-06", "AUTHZ-07", "AUTHZ-08",
            "AUTHZ-09", "BG-01", "BG-03", "CHG-01", "DAT-01", "DAT-03", "LOG-08", "SOD-04", "SOD-05",
            "SOD-06",
        ]
        .contains(&test.id.as_str());
        let said = test.reasons.iter().any(|reason| reason.starts_with(&limit));
        assert_eq!(said, rests, "{test:#?}");
        assert!(!said || test.reliance == "limited", "{test:#?}");
    }
    // A denial in Slack, for a session of hoop, that went on in AWS: three products, one case.
    let crossing = report.cases.iter().filter(|case| {
        let sources: BTreeSet<&str> = case.moments.iter().map(|moment| moment.source.as_str()).collect();
        ["cloudtrail", "hoop", "slack"].iter().all(|source| sources.contains(source))
    });
    assert!(crossing.count() > 1);
}

#[test]
fn clean_has_nothing_to_note() {
    let (exit, check) = Workspace::copy_of("clean").check();
    assert_eq!((exit, check.exceptions.len(), check.holes.len()), (0, 0, 0));
    let clean = [TestOutcome::NoException, TestOutcome::NoOccurrence];
    for test in &check.tests {
        match test.id.as_str() {
            // There is no independent record, no reference file, and hoop asks for no reason: the workspace says so.
            "LOG-08" | "SOD-06" | "AGT-03" | "POL-01" | "POL-02" => {
                assert_eq!(test.result, TestOutcome::NotEvidencedHere);
            }
            "REV-09" => assert_eq!((test.result, test.untestable), (TestOutcome::UnableToTest, 22)),
            _ => assert!(clean.contains(&test.result) && test.untestable == 0, "{test:#?}"),
        }
    }
    assert!(result(&check, "AUTHZ-01").population > 50);
}

#[test]
fn broken_shows_each_break_where_it_is() {
    let expected = table("broken/BROKEN.toml");
    let (exit, check) = Workspace::copy_of("broken").check();
    assert_eq!(exit, 3);
    let verdicts: BTreeSet<(String, String)> =
        check.logs.iter().map(|log| (log.log.clone(), log.verdict.word().to_owned())).collect();
    let planned = entries(&expected, "log").into_iter().map(|log| (text(log, "log"), text(log, "verdict")));
    assert_eq!(verdicts, planned.collect());
    let breaks: Vec<(String, String, String, i64, i64)> = check
        .logs
        .iter()
        .flat_map(|log| log.breaks.iter().map(|found| (log.log.clone(), found)))
        .map(|(log, found)| {
            let (line, seq) =
                (i64::try_from(found.line).unwrap(), i64::try_from(found.seq.unwrap()).unwrap());
            (log, found.kind.word().to_owned(), found.object.clone(), line, seq)
        })
        .collect();
    let mut planned: Vec<(String, String, String, i64, i64)> = entries(&expected, "break")
        .into_iter()
        .map(|found| {
            let number = |name: &str| found[name].as_integer().unwrap();
            (text(found, "log"), text(found, "kind"), text(found, "object"), number("line"), number("seq"))
        })
        .collect();
    planned.sort();
    assert_eq!(breaks, planned);
    let summary = Workspace::copy_of("broken").run("check", &[]);
    summary.says(3, &["altered at logs/payments-gate.jsonl:52", "gap at logs/deploy-gate.jsonl:44"]);
}

const LOG: &str = "logs/gate-eu/gate-eu-2026-06.jsonl";
const HOOP: &str = "exports/hoop/sessions-2026-06.jsonl";

/// An execution that nobody approved.
const UNAPPROVED: &str = r#"{"kind":"execution","id":"ex-planted","executor":{"kind":"human","ns":"email","id":"dana.reyes@acme.example","name":"Dana Reyes"},"action":{"name":"ledger.adjust","class":"write","command":"x","command_state":"full","command_digest":"b5e7a207aeedadc110209756e73f001dc34e9fa49c048d56c1993dfe20d229cc","canonicalisation":"acme-command/1"},"target":[{"type":"database","id":"ledger-eu","group":"ledger","env":"prod"}],"corr":{"request":"rq-planted"},"execution":{"state":"succeeded","code":"0","started":"2026-06-09T10:01:31.000Z","ended":"2026-06-09T10:01:31.000Z"}}"#;

/// Returns `samples/clean` with an execution that nobody approved, in a log that is signed again, and its lines.
fn with_unapproved() -> (Workspace, Vec<String>) {
    let workspace = Workspace::unanchored();
    let mut log =
        SignedLog::parse("gate-eu", &workspace.read("keys/gate-eu-TEST-KEY.pem"), &workspace.read(LOG));
    assert_eq!(log.text(), workspace.read(LOG), "the signer of the tests writes what the generator wrote");
    // A request that nobody answered, and what was done all the same.
    let request = r#"{"kind":"request","id":"rq-planted","corr":{"request":"rq-planted"},"requester":{"kind":"human","ns":"email","id":"dana.reyes@acme.example"},"action":{"name":"ledger.adjust","class":"write"},"target":[{"type":"database","id":"ledger-eu","group":"ledger","env":"prod"}],"justification":[{"text":"Correction of a batch that was booked twice","by":"requester"}]}"#;
    log.records.push(("2026-06-09T10:01:12.000Z".to_owned(), request.to_owned()));
    log.records.push(("2026-06-09T10:01:31.000Z".to_owned(), UNAPPROVED.to_owned()));
    // The sort is stable and the log's times rise, so only the two new records move.
    log.records.sort_by(|a, b| a.0.cmp(&b.0));
    let lines = log.lines();
    (workspace, lines)
}

/// Returns the index of the planted execution's line.
fn planted(lines: &[String]) -> usize {
    lines.iter().position(|line| line.contains("ex-planted")).unwrap()
}

/// Asserts that AUTHZ-01 is unable to test, and that its reasons name `place` and the hole around it.
#[track_caller]
fn is_unable(workspace: &Workspace, lines: &[String], index: usize, exit: i32, place: &str) {
    let (found, check) = workspace.check();
    assert_eq!(found, exit, "{:#?}", check.holes);
    let test = result(&check, "AUTHZ-01");
    assert_eq!((test.result, test.exceptions), (TestOutcome::UnableToTest, 0), "{test:#?}");
    let time = |line: &String| line.split_once("\"time\":\"").unwrap().1[..24].parse::<Moment>().unwrap();
    // The end of a span is exclusive, and the moment of the intact record after the hole still belongs to it.
    let span = format!("from {} to {}", time(&lines[index - 1]), time(&lines[index + 1]).plus_ms(1));
    assert!(
        test.reasons.iter().any(|reason| reason.contains(&span) && reason.contains(place)),
        "{span} in {test:#?}"
    );
}

#[test]
fn unapproved_execution_is_an_exception() {
    let (workspace, lines) = with_unapproved();
    workspace.write(LOG, lines.concat());
    let (exit, check) = workspace.check();
    assert_eq!(exit, 1);
    let found: Vec<(&str, &str)> =
        check.exceptions.iter().map(|found| (found.test.as_str(), found.native_id.as_str())).collect();
    assert_eq!(found, [("AUTHZ-01", "ex-planted")]);
    assert_eq!(usize::try_from(check.exceptions[0].line), Ok(planted(&lines) + 1));
}

#[test]
fn deleting_the_line_of_an_unapproved_execution_leaves_the_test_unable() {
    let (workspace, lines) = with_unapproved();
    let at = planted(&lines);
    let mut less = lines.clone();
    less.remove(at);
    workspace.write(LOG, less.concat());
    is_unable(&workspace, &lines, at, 3, &format!("(gap at {LOG}:{})", at + 1));
}

#[test]
fn changing_kind_time_or_request_of_an_unapproved_execution_leaves_the_test_unable() {
    let (workspace, lines) = with_unapproved();
    let at = planted(&lines);
    let changes = [
        ("\"kind\":\"execution\"", "\"kind\":\"heartbeat\""),
        ("\"started\":\"2026-06-09T10:01:31", "\"started\":\"2026-05-09T10:01:31"),
        ("\"time\":\"2026-06-09T10:01:31", "\"time\":\"2026-05-09T10:01:31"),
        ("\"request\":\"rq-planted\"", "\"request\":\"rq-20428\""),
    ];
    for (old, new) in changes {
        let mut changed = lines.clone();
        changed[at] = changed[at].replace(old, new);
        assert_ne!(changed, lines, "{old}");
        workspace.write(LOG, changed.concat());
        is_unable(&workspace, &lines, at, 3, &format!("(altered at {LOG}:{})", at + 1));
    }
}

#[test]
fn misspelt_outcome_in_an_unsigned_source_leaves_the_tests_unable() {
    let workspace = Workspace::unanchored();
    let text = workspace.read(HOOP);
    let changed = text.replacen("\"status\":\"APPROVED\"", "\"status\":\"APROVED\"", 1);
    let line = 1 + text.lines().zip(changed.lines()).position(|(before, after)| before != after).unwrap();
    workspace.write(HOOP, changed);
    let (exit, check) = workspace.check();
    assert_eq!(exit, 4);
    for id in ["AUTHZ-01", "AUTHZ-02", "AUTHZ-04", "SOD-01", "SOD-02", "SOD-03"] {
        let test = result(&check, id);
        assert_eq!(test.result, TestOutcome::UnableToTest, "{test:#?}");
        let place = format!("{HOOP}:{line}");
        assert!(test.reasons.iter().any(|reason| reason.contains(&place)), "{test:#?}");
    }
    let found = &check.logs.iter().find(|log| log.log == "hoop").unwrap().breaks;
    assert!(found[0].detail.contains("`APROVED`"), "{found:#?}");
    workspace.run("check", &[]).says(4, &[]);
}
