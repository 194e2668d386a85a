//! Removing something never improves a result (contract of `docs/ARCHITECTURE.md`, "Six invariants").
//!
//! A small workspace without breaks, in which some tests note exceptions, loses keys, heads, roster rows, objects, and
//! records at random. The everyday run tries a few such losses; `COUNTERSIGN_CASES=500` tries that many.

use countersign::integrity::verdict::{BreakKind, Completeness, Effect, Verdict};
use countersign::report::model::{Report, TestOutcome};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::chains::edit::Files;
use crate::chains::format::{Format, formats};
use crate::chains::{Answer, Brings, verify, verify_or_refuse};
use crate::support::{SignedLog, Workspace};

const LOG: &str = "logs/gate-eu/gate-eu-2026-06.jsonl";
const SESSIONS: &str = "exports/hoop/sessions-2026-06.jsonl";

/// One loss. Numbers are reduced to what there is.
#[derive(Clone, Debug)]
enum Loss {
    Key,
    Head,
    Roster,
    RosterRow(usize),
    Log,
    Sessions,
    Record(usize),
    Tail(usize),
    Start(usize),
    Session(usize),
}

fn losses() -> impl Strategy<Value = Vec<Loss>> {
    let one = prop_oneof![
        1 => Just(Loss::Key),
        2 => Just(Loss::Head),
        1 => Just(Loss::Roster),
        4 => (0_usize..1000).prop_map(Loss::RosterRow),
        1 => Just(Loss::Log),
        1 => Just(Loss::Sessions),
        4 => (0_usize..1000).prop_map(Loss::Record),
        2 => (1_usize..100).prop_map(Loss::Tail),
        2 => (1_usize..100).prop_map(Loss::Start),
        4 => (0_usize..1000).prop_map(Loss::Session),
    ];
    proptest::collection::vec(one, 1..4)
}

/// The clean month with some approvals by the requesters themselves, signed again.
fn workspace() -> Workspace {
    let workspace = Workspace::copy_of("clean");
    let key = workspace.read("keys/gate-eu-TEST-KEY.pem");
    let mut log = SignedLog::parse("gate-eu", &key, &workspace.read(LOG));
    let mut made = 0;
    for at in 0..log.records.len() {
        if made == 3 || !log.records[at].1.starts_with("{\"kind\":\"decision\"") {
            continue;
        }
        let decision: serde_json::Value = serde_json::from_str(&log.records[at].1).unwrap();
        let asked = format!("{{\"kind\":\"request\",\"id\":{}", decision["corr"]["request"]);
        let Some((_, request)) = log.records.iter().find(|(_, event)| event.starts_with(&asked)) else {
            continue;
        };
        let request: serde_json::Value = serde_json::from_str(request).unwrap();
        if request["requester"]["kind"] == "human" {
            let mut own = decision.clone();
            own["decider"] = request["requester"].clone();
            log.records[at].1 = own.to_string();
            made += 1;
        }
    }
    assert_eq!(made, 3, "the sample has decisions on requests of people");
    workspace.write(LOG, log.text());
    workspace.write("heads/gate-eu.head", log.head());
    workspace
}

fn lose(workspace: &Workspace, loss: &Loss) {
    let drop_line = |file: &str, from: usize, at: usize| {
        let text = workspace.read(file);
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        if lines.len() > from {
            lines.remove(from + at % (lines.len() - from));
        }
        workspace.write(file, lines.concat());
    };
    let keep = |file: &str, keep: &dyn Fn(&[&str]) -> String| {
        let text = workspace.read(file);
        workspace.write(file, keep(&text.split_inclusive('\n').collect::<Vec<_>>()));
    };
    let forget = |what: &str| {
        let text = workspace.read("countersign.toml");
        let kept = text.split_inclusive('\n').filter(|line| !line.trim_start().starts_with(what));
        workspace.write("countersign.toml", kept.collect::<String>());
    };
    let present = |file: &str| workspace.at(file).exists();
    match loss {
        Loss::Key => workspace.write("trust.toml", "# nobody\n"),
        Loss::Head => forget("head "),
        Loss::Roster => forget("people "),
        Loss::RosterRow(at) => drop_line("reference/people.csv", 1, *at),
        Loss::Log if present(LOG) => std::fs::remove_file(workspace.at(LOG)).unwrap(),
        Loss::Sessions if present(SESSIONS) => std::fs::remove_file(workspace.at(SESSIONS)).unwrap(),
        Loss::Record(at) if present(LOG) => drop_line(LOG, 0, *at),
        Loss::Tail(count) if present(LOG) => {
            keep(LOG, &|lines| lines[..lines.len().saturating_sub(*count)].concat())
        }
        Loss::Start(count) if present(LOG) => keep(LOG, &|lines| lines[(*count).min(lines.len())..].concat()),
        Loss::Session(at) if present(SESSIONS) => drop_line(SESSIONS, 0, *at),
        _ => {}
    }
}

/// What improved from `base` to `less`, in words; empty where nothing did.
fn improved(base: &Report, less: &Report, losses: &[Loss]) -> Vec<String> {
    let mut better = Vec::new();
    for log in &less.logs {
        let before = base.logs.iter().find(|before| (&before.source, &before.log) == (&log.source, &log.log));
        let Some(before) = before else {
            if log.verdict == Verdict::Verified {
                better.push(format!("a verified log appeared: {}", log.log));
            }
            continue;
        };
        if log.verdict > before.verdict
            || log.integrity > before.integrity
            || log.completeness > before.completeness
        {
            better.push(format!("log {}: {log:#?}", log.log));
        }
    }
    for test in &less.tests {
        let clean = |outcome| matches!(outcome, TestOutcome::NoException | TestOutcome::NoOccurrence);
        let before = base.tests.iter().find(|before| before.id == test.id).map(|before| before.result);
        if clean(test.result) && !before.is_some_and(clean) && !only_what_nothing_shows(less, losses) {
            better.push(format!("{}: {before:?} became {:?}", test.id, test.result));
        }
    }
    better
}

/// Tells whether all that happened is a loss that no mechanism can show, and whether the report says that much less of
/// completeness: the end of a log without a head, and records of a source without a chain.
fn only_what_nothing_shows(less: &Report, losses: &[Loss]) -> bool {
    let cut = losses.iter().any(|loss| matches!(loss, Loss::Tail(_)))
        && losses.iter().any(|loss| matches!(loss, Loss::Head));
    let chained =
        less.logs.iter().any(|log| log.source == "gate-eu" && log.completeness <= Completeness::Contiguous);
    let session = losses.iter().any(|loss| matches!(loss, Loss::Session(_)));
    let counted = less.logs.iter().any(|log| {
        log.source == "hoop" && log.completeness == Completeness::Unknown && log.verdict < Verdict::Verified
    });
    (cut && chained) || (session && counted)
}

#[test]
fn losing_anything_improves_nothing() {
    let base = workspace().library(None).assessment.report().clone();
    let breaks = base.logs.iter().flat_map(|log| &log.breaks);
    let broken: Vec<BreakKind> =
        breaks.map(|found| found.kind).filter(|kind| kind.effect(true) != Effect::Note).collect();
    assert!(broken.is_empty(), "{broken:?}");
    assert!(base.tests.iter().any(|test| test.result == TestOutcome::Exception));
    assert!(base.tests.iter().any(|test| test.result == TestOutcome::NoException));
    assert!(base.logs.iter().any(|log| log.verdict == Verdict::Verified));

    let cases = std::env::var("COUNTERSIGN_CASES").ok().map_or(4, |cases| cases.parse().unwrap());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let mut each: Vec<Vec<Loss>> = vec![
        vec![Loss::Key],
        vec![Loss::Head],
        vec![Loss::Roster],
        vec![Loss::Log],
        vec![Loss::Sessions],
        vec![Loss::Head, Loss::Tail(40)],
    ];
    let drawn = (0..cases).map(|_| losses().new_tree(&mut runner).unwrap().current());
    each.extend(drawn);
    for losses in each {
        let workspace = workspace();
        losses.iter().for_each(|loss| lose(&workspace, loss));
        let less = workspace.library(None).assessment.report().clone();
        if matches!(losses[..], [Loss::Key]) {
            assert!(
                !improved(&less, &base, &losses).is_empty(),
                "a key that is found again improves something"
            );
        }
        let better = improved(&base, &less, &losses);
        assert!(better.is_empty(), "after {losses:?}: {better:#?}");
    }
}

/// One loss of a log that stands alone. Numbers are reduced to what there is.
#[derive(Clone, Debug)]
enum LogLoss {
    Key(usize),
    Shared,
    Head,
    File(usize),
    Record(usize),
    Tail(usize),
    Start(usize),
}

fn log_losses() -> impl Strategy<Value = Vec<LogLoss>> {
    let one = prop_oneof![
        2 => (0_usize..1000).prop_map(LogLoss::Key),
        1 => Just(LogLoss::Shared),
        2 => Just(LogLoss::Head),
        1 => (0_usize..1000).prop_map(LogLoss::File),
        4 => (0_usize..1000).prop_map(LogLoss::Record),
        2 => (1_usize..20).prop_map(LogLoss::Tail),
        2 => (1_usize..20).prop_map(LogLoss::Start),
    ];
    proptest::collection::vec(one, 1..4)
}

/// What is left of a log and of what a verifier brings.
#[derive(Clone)]
struct Left {
    files: Files,
    keys: Vec<String>,
    mac: Option<Vec<u8>>,
    head: Option<String>,
}

impl Left {
    fn lose(&mut self, loss: &LogLoss) {
        let records = self.files.len();
        match loss {
            LogLoss::Key(at) if !self.keys.is_empty() => drop(self.keys.remove(at % self.keys.len())),
            LogLoss::Shared => self.mac = None,
            LogLoss::Head => self.head = None,
            LogLoss::File(at) => self.files.drop_file(*at),
            LogLoss::Record(at) if records > 0 => self.drop_record(at % records),
            LogLoss::Tail(count) => {
                (0..(*count).min(records)).for_each(|_| self.drop_record(self.files.len() - 1));
            }
            LogLoss::Start(count) => (0..(*count).min(records)).for_each(|_| self.drop_record(0)),
            LogLoss::Key(_) | LogLoss::Record(_) => {}
        }
    }

    fn drop_record(&mut self, index: usize) {
        self.files = self.files.change(index, |records, at| drop(records.remove(at)));
    }

    fn verify(&self, format: &Format) -> Option<Answer> {
        let trust = self.keys.concat();
        let brings = Brings {
            trust: &trust,
            mac: self.mac.as_deref(),
            head: self.head.as_deref(),
            ..Brings::key(format)
        };
        // A head that matches no record is refused as a mistake, which is no answer, and no better one.
        verify_or_refuse(&self.files.texts(), brings)
    }
}

#[test]
fn losing_anything_of_a_log_of_any_format_improves_nothing() {
    let cases = std::env::var("COUNTERSIGN_CASES").ok().map_or(6, |cases| cases.parse().unwrap());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    for format in formats() {
        let head = verify(&format.files, Brings::key(&format)).head;
        assert!(head.is_some(), "{}: a log of one chain has a head", format.chain);
        let keys = format.trust.split_inclusive("\n\"\"\"\n").map(str::to_owned).collect();
        let whole = Left { files: Files::of(&format), keys, mac: format.mac.clone(), head };
        let base = whole.verify(&format).unwrap();
        assert!(
            base.breaks.is_empty() && base.verdict > Some(Verdict::Altered),
            "{}: {base:?}",
            format.chain
        );
        let mut each = vec![
            vec![LogLoss::Key(0)],
            vec![LogLoss::Shared],
            vec![LogLoss::Head],
            vec![LogLoss::File(1)],
            vec![LogLoss::Record(1)],
            vec![LogLoss::Tail(1)],
            vec![LogLoss::Start(1)],
            vec![LogLoss::Head, LogLoss::Tail(1)],
        ];
        each.extend((0..cases).map(|_| log_losses().new_tree(&mut runner).unwrap().current()));
        for losses in each {
            let mut left = whole.clone();
            losses.iter().for_each(|loss| left.lose(loss));
            let Some(less) = left.verify(&format) else { continue };
            let better = less.verdict > base.verdict
                || less.grade > base.grade
                || less.completeness > base.completeness;
            assert!(!better, "{} after {losses:?}: {base:?} became {less:?}", format.chain);
        }
    }
}
