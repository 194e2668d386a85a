use polars::prelude::*;

use super::*;
use crate::control::item::Item;
use crate::digest::Digest;

fn evaluation(subjects: &[&str], exceptions: &[&str]) -> Evaluation {
    let item = |id: &&str| Item {
        subject_id: (*id).to_owned(),
        state: State::Exception,
        reason: "defect".to_owned(),
        facts: Vec::new(),
    };
    Evaluation {
        subjects: StringChunked::from_iter_values("subject_id".into(), subjects.iter().copied()),
        items: exceptions.iter().map(item).collect(),
        population_sql: Digest::ZERO,
        exceptions_sql: Digest::ZERO,
    }
}

/// Runs every shipped test with `outcome`, changed by `change`, and returns the controls.
fn with(
    outcome: TestOutcome,
    change: impl FnOnce(&mut BTreeMap<String, TestOutcome>),
    reliance: &Reliance,
) -> BTreeMap<String, model::Control> {
    let library = Library::load(None).unwrap();
    let mut outcomes: BTreeMap<String, TestOutcome> =
        library.tests.keys().map(|id| (id.clone(), outcome)).collect();
    change(&mut outcomes);
    let results = outcomes
        .into_iter()
        .map(|(id, outcome)| (id, Standing { outcome, reliance, evaluation: None }))
        .collect();
    let frameworks: Vec<String> = library.catalogs.iter().map(|catalog| catalog.id.clone()).collect();
    let out_of_scope = [("soc2-tsc-2017:CC6.3".to_owned(), "not in the engagement".to_owned())].into();
    controls(&library, &frameworks, &results, &out_of_scope)
        .unwrap()
        .into_iter()
        .map(|control| (control.id.clone(), control))
        .collect()
}

static FULL: Reliance = Reliance { reasons: Vec::new() };

#[test]
fn every_control_of_every_framework_is_listed() {
    let found = with(TestOutcome::NoException, |_| {}, &FULL);
    assert_eq!(found.len(), 424);
    for control in found.values().filter(|control| control.reach == "none") {
        assert_eq!((control.status.as_str(), control.cap.as_str()), ("not_tested", "none"), "{}", control.id);
        assert!(control.tests.is_empty(), "{}", control.id);
    }
    // No link bears on it in this library, though approval logs could reach it.
    assert_eq!(found["iso27001-2022:A.8.19"].status, "not_tested");
    assert_eq!(found["soc2-tsc-2017:CC6.3"].status, "out_of_scope");
    assert_eq!(found["soc2-tsc-2017:CC6.3"].reasons, ["not in the engagement"]);
}

#[test]
fn the_weakest_test_that_ran_decides() {
    use TestOutcome::*;
    for (outcome, expected) in [
        (Exception, "exception"),
        (UnableToTest, "unable_to_test"),
        (Limited, "unable_to_test"),
        (Review, "review"),
        (NoException, "no_exception"),
    ] {
        let set = |outcomes: &mut BTreeMap<String, TestOutcome>| {
            outcomes.insert("SOD-01".to_owned(), outcome);
        };
        let found = with(NoException, set, &FULL);
        assert_eq!(found["iso27001-2022:A.5.3"].status, expected);
        assert_eq!(found["iso27001-2022:A.8.15"].status, "no_exception", "SOD-01 has no link to it");
    }
}

#[test]
fn nothing_occurred_only_where_nothing_did_in_any_test() {
    let found = with(TestOutcome::NoOccurrence, |_| {}, &FULL);
    assert_eq!(found["iso27001-2022:A.5.3"].status, "no_occurrence");
    let one = |outcomes: &mut BTreeMap<String, TestOutcome>| {
        outcomes.insert("SOD-03".to_owned(), TestOutcome::NoException);
    };
    let found = with(TestOutcome::NoOccurrence, one, &FULL);
    assert_eq!(found["iso27001-2022:A.5.3"].status, "no_exception");
}

#[test]
fn the_cap_is_the_lowest_of_reach_claim_and_reliance() {
    let clean = with(TestOutcome::NoException, |_| {}, &FULL);
    // Direct reach, every link clean, nothing needed but AGT-01, which is clean.
    assert_eq!(clean["soc2-tsc-2017:CC5.1"].cap, "direct");
    assert!(clean["soc2-tsc-2017:CC5.1"].reasons.is_empty());
    assert_eq!(clean["iso27001-2022:A.5.16"].cap, "partial", "its reach");
    assert_eq!(clean["iso27001-2022:A.8.24"].cap, "context", "its reach");
    // Without an independent record nothing reaches further than a part.
    let alone = |outcomes: &mut BTreeMap<String, TestOutcome>| {
        outcomes.insert("LOG-08".to_owned(), TestOutcome::NotEvidencedHere);
    };
    let alone = with(TestOutcome::NoException, alone, &FULL);
    assert_eq!(alone["iso27001-2022:A.8.2"].cap, "partial");
    assert!(alone["iso27001-2022:A.8.2"].reasons.contains(&"AUTHZ-01 needs a clean LOG-08".to_owned()));

    let limited = Reliance { reasons: vec!["no roster".to_owned()] };
    let found = with(TestOutcome::NoException, |_| {}, &limited);
    assert_eq!(found["soc2-tsc-2017:CC5.1"].cap, "partial");
    assert!(
        found["soc2-tsc-2017:CC5.1"]
            .reasons
            .iter()
            .any(|reason| { reason.starts_with("no roster (") && reason.contains("SOD-01") })
    );
    assert_eq!(found["iso27001-2022:A.8.24"].cap, "context", "a cap never raises");
}

#[test]
fn a_test_that_is_not_evidenced_or_did_not_run_caps_at_partial() {
    let unfilled = |outcomes: &mut BTreeMap<String, TestOutcome>| {
        outcomes.insert("SOD-03".to_owned(), TestOutcome::NotEvidencedHere);
    };
    let found = with(TestOutcome::NoException, unfilled, &FULL);
    let control = &found["soc2-tsc-2017:CC5.1"];
    assert_eq!((control.status.as_str(), control.cap.as_str()), ("no_exception", "partial"));
    assert!(control.reasons.contains(&"SOD-03: not evidenced here".to_owned()));

    let gone = |outcomes: &mut BTreeMap<String, TestOutcome>| {
        outcomes.remove("SOD-03");
    };
    let found = with(TestOutcome::NoException, gone, &FULL);
    assert_eq!(found["soc2-tsc-2017:CC5.1"].cap, "partial");

    let found = with(TestOutcome::NotEvidencedHere, |_| {}, &FULL);
    let control = &found["soc2-tsc-2017:CC5.1"];
    assert_eq!((control.status.as_str(), control.cap.as_str()), ("not_tested", "none"));
}

#[test]
fn a_subject_of_several_tests_counts_once() {
    let library = Library::load(None).unwrap();
    let first = evaluation(&["d1", "d2", "d3"], &["d1", "d2"]);
    let second = evaluation(&["d2", "d3", "d4"], &["d2"]);
    let executions = evaluation(&["d1", "e1"], &["d1"]);
    let records = evaluation(&["i1", "i2"], &["i1"]);
    let standing = |evaluation| Standing {
        outcome: TestOutcome::Exception,
        reliance: &FULL,
        evaluation: Some(evaluation),
    };
    let results = [
        ("SOD-01".to_owned(), standing(&first)),
        ("SOD-02".to_owned(), standing(&second)),
        ("AUTHZ-02".to_owned(), standing(&executions)),
        ("LOG-01".to_owned(), standing(&records)),
    ]
    .into();
    let found = controls(&library, &["iso27001-2022".to_owned()], &results, &BTreeMap::new()).unwrap();
    let numbers = |id: &str| {
        let control = found.iter().find(|control| control.id == format!("iso27001-2022:{id}")).unwrap();
        (control.population, control.exceptions)
    };
    // Four decisions and two executions: the id `d1` of another table is another subject.
    assert_eq!(numbers("A.5.3"), (6, 3));
    // A row of an evidence-quality test limits reliance, and is no exception.
    assert_eq!(numbers("A.5.33"), (2, 0));
    assert_eq!(numbers("A.5.1"), (0, 0));
}

#[test]
fn unknown_names_are_refused_with_a_near_match() {
    let library = Library::load(None).unwrap();
    let none = BTreeMap::new();
    let error = controls(&library, &["iso27001-2002".to_owned()], &BTreeMap::new(), &none).unwrap_err();
    assert_eq!(error.help().unwrap(), "did you mean `iso27001-2022`?");
    let scope = [("soc2-tsc-2017:P6.9".to_owned(), "no".to_owned())].into();
    let error = controls(&library, &["soc2-tsc-2017".to_owned()], &BTreeMap::new(), &scope).unwrap_err();
    assert_eq!(error.to_string(), "`out_of_scope` names the unknown control `soc2-tsc-2017:P6.9`");
}

/// Bits over more than one word, at their edges.
#[test]
fn bits_are_set_where_the_names_are() {
    let names: Vec<String> = (0..130).map(|number| format!("s{number:03}")).collect();
    let index: Vec<&str> = names.iter().map(String::as_str).collect();
    let set = bits(&index, ["s000", "s063", "s064", "s129"].into_iter());
    assert_eq!(set, [1 | 1 << 63, 1, 2]);
    assert_eq!(merged(&["a", "c"], ["b", "c", "d"].into_iter()), ["a", "b", "c", "d"]);
}
