//! Joins by nearest time through the whole pipeline: the link says that it is weak, and losing a record helps nobody.

use std::collections::BTreeMap;

use countersign::column::FrameReader;
use countersign::report::model::{Report, TestOutcome};
use countersign::run::Run;
use countersign::table::Execution;

use crate::support::{Workspace, conserves};

/// A record of a coding agent that writes no id of a call.
fn record(second: u32, sequence: u32, what: &str, tool: &str) -> String {
    let verdict = match what {
        "tool_decision" => "\"decision\":\"accept\",\"source\":\"user_temporary\"",
        _ => "\"success\":\"true\",\"decision_type\":\"accept\",\"decision_source\":\"user_temporary\"",
    };
    format!(
        "{{\"timeUnixNano\":\"{}000000000\",\"body\":\"claude_code.{what}\",\"attributes\":{{\"event.name\":\"claude_code.{what}\",\
         \"event.sequence\":{sequence},\"session.id\":\"s\",\"tool_name\":\"{tool}\",\"user.email\":\"kim@acme.example\",{verdict}}}}}\n",
        1_783_332_000 + second
    )
}

fn answer(second: u32, sequence: u32, tool: &str) -> String {
    record(second, sequence, "tool_decision", tool)
}

fn result(second: u32, sequence: u32, tool: &str) -> String {
    record(second, sequence, "tool_result", tool)
}

/// Runs over `lines`, of which `declared` say how many there are.
fn run(lines: &[String], declared: Option<usize>) -> Run {
    let workspace = Workspace::with_source("claude-code-otel");
    workspace.edit("countersign.toml", |text| {
        let text = text.replace("2026-06-01", "2026-07-01").replace("2026-07-01 }", "2026-08-01 }");
        let count = declared.map(|records| {
            format!("extracted = {{ by = \"kim\", at = 2026-08-02T00:00:00Z, how = \"copied\", records = {records} }}\n")
        });
        text + count.as_deref().unwrap_or("# nobody counted\n")
    });
    workspace.write("logs/a.jsonl", lines.concat());
    let run = workspace.library(None);
    conserves(run.assessment.report());
    run
}

/// Words for how each execution came to its request, in the order of time.
fn links(run: &Run) -> Vec<(Option<String>, String)> {
    let mut rows: Vec<Execution> = FrameReader::<Execution>::new(&run.tables["execution"]).rows().collect();
    rows.sort_by_key(|row| row.ts_ms);
    rows.into_iter().map(|row| (row.request_id, row.request_link.unwrap())).collect()
}

fn near(sequence: u32) -> (Option<String>, String) {
    (Some(format!("a:request:s/#{sequence}")), "nearest".to_owned())
}

fn none(word: &str) -> (Option<String>, String) {
    (None, word.to_owned())
}

/// Three calls of two tools, each answered and then run.
fn session() -> Vec<String> {
    vec![
        answer(0, 1, "Bash"),
        result(5, 2, "Bash"),
        answer(100, 3, "Bash"),
        result(105, 4, "Bash"),
        answer(200, 5, "Write"),
        result(201, 6, "Write"),
    ]
}

fn rests_on_nearness(report: &Report) -> Vec<&str> {
    let says = |reasons: &[String]| reasons.iter().any(|reason| reason.contains("nearest in time"));
    report.tests.iter().filter(|test| says(&test.reasons)).map(|test| test.id.as_str()).collect()
}

#[test]
fn what_was_joined_by_time_alone_is_shown_counted_and_never_relied_on_in_full() {
    let joined = run(&session(), Some(6));
    assert_eq!(links(&joined), [near(1), near(3), near(5)]);
    let report = joined.assessment.report();
    let tally = report.sources[0].tally.joins["answer"];
    assert_eq!((tally.taken, tally.missing, tally.ambiguous, tally.nearest_ms), (3, 0, 0, Some(600_000)));
    let weak = rests_on_nearness(report);
    assert!(["AUTHZ-01", "AUTHZ-02", "SOD-04"].iter().all(|id| weak.contains(id)), "{weak:?}");
    for test in report.tests.iter().filter(|test| weak.contains(&test.id.as_str())) {
        assert_eq!(test.reliance, "limited", "{}", test.id);
    }
    // Nothing was taken, so nothing rests on it.
    let apart = run(&[answer(0, 1, "Bash"), result(5, 2, "Write")], Some(2));
    assert_eq!(links(&apart), [none("not_logged")]);
    assert!(rests_on_nearness(apart.assessment.report()).is_empty());
}

#[test]
fn where_a_record_may_be_missing_nearness_says_nothing() {
    // A record in between cannot be read. It may have been the answer.
    let mut torn = session();
    torn.insert(3, "{\"timeUnixNano\":\n".to_owned());
    let found = links(&run(&torn, Some(7)));
    assert_eq!(found, [near(1), none("ambiguous"), near(5)]);
    // Two results after one answer, the other answer being lost.
    let mut lost = session();
    lost.remove(2);
    assert_eq!(links(&run(&lost, None)), [none("ambiguous"), none("ambiguous"), near(5)]);
}

#[test]
fn losing_a_record_makes_no_result_better() {
    let clean = |outcome| matches!(outcome, TestOutcome::NoException | TestOutcome::NoOccurrence);
    let results = |report: &Report| -> BTreeMap<String, TestOutcome> {
        report.tests.iter().map(|test| (test.id.clone(), test.result)).collect()
    };
    let session = session();
    let whole = run(&session, Some(session.len()));
    let base = results(whole.assessment.report());
    assert!(base.values().any(|outcome| clean(*outcome)), "{base:?}");
    for at in 0..session.len() {
        let mut less = session.clone();
        less.remove(at);
        // Somebody counted them: the loss shows.
        let shown = run(&less, Some(session.len()));
        for (id, outcome) in results(shown.assessment.report()) {
            assert!(!clean(outcome) || clean(base[&id]), "{id} without record {at}: {outcome:?}");
        }
        // Nobody did: what is joined is joined weakly all the same, and no execution is where it was not before but to another.
        let hidden = run(&less, None);
        let links = links(&hidden);
        assert!(links.iter().all(|(request, word)| request.is_some() == (word == "nearest")), "{links:?}");
        let report = hidden.assessment.report();
        if links.iter().any(|(_, word)| word == "nearest") {
            assert!(rests_on_nearness(report).contains(&"AUTHZ-01"), "{at}");
        }
    }
}
