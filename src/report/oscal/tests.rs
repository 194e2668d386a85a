use std::collections::BTreeMap;

use super::*;
use crate::report::fixture;
use crate::report::json as report_json;
use crate::report::model::TestOutcome;

fn set(report: &Report) -> BTreeMap<&'static str, Value> {
    let documents = documents(report, report_json::digest(report)).unwrap();
    documents.into_iter().map(|(name, bytes)| (name, serde_json::from_slice(&bytes).unwrap())).collect()
}

fn result(report: &Report) -> Value {
    set(report)[RESULTS]["assessment-results"]["results"][0].clone()
}

#[test]
fn uuids_are_those_of_version_5() {
    // RFC 9562, A.4.
    let dns: [u8; 16] = hex::decode("6ba7b8109dad11d180b400c04fd430c8").unwrap().try_into().unwrap();
    assert_eq!(uuid_v5(&dns, b"www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    let url: [u8; 16] = hex::decode("6ba7b8119dad11d180b400c04fd430c8").unwrap().try_into().unwrap();
    assert_eq!(uuid_v5(&url, NS.as_bytes()).replace('-', ""), hex::encode(NAMESPACE));
    assert_eq!(uuid(&["a", "b"]), "c4ebea4a-abff-56bb-9711-b920199948c2");
}

#[test]
fn every_test_is_an_observation_and_a_finding_only_where_it_tested_an_objective() {
    let report = fixture::report();
    let result = result(&report);
    let observations = result["observations"].as_array().unwrap();
    assert_eq!(observations.len(), report.tests.len());
    let states: BTreeMap<String, (String, String)> = result["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let target = &finding["target"];
            let word = |value: &Value| value.as_str().unwrap().to_owned();
            (
                word(&target["target-id"]),
                (word(&target["status"]["state"]), word(&target["status"]["reason"])),
            )
        })
        .collect();
    let mut seen = Vec::new();
    for test in &report.tests {
        let expected = match (test.kind.as_str(), test.result) {
            ("indicator", _) => None,
            (_, TestOutcome::NoException) => Some(("satisfied", "pass")),
            (_, TestOutcome::Exception) => Some(("not-satisfied", "fail")),
            (_, TestOutcome::UnableToTest | TestOutcome::Limited) => Some(("not-satisfied", "other")),
            _ => None,
        };
        let found = states.get(&format!("{}_obj", test.id.to_lowercase()));
        let found = found.map(|(state, reason)| (state.as_str(), reason.as_str()));
        assert_eq!(found, expected, "{}: {:?}", test.id, test.result);
        seen.push(test.result);
    }
    for outcome in [
        TestOutcome::NoException,
        TestOutcome::Exception,
        TestOutcome::UnableToTest,
        TestOutcome::NoOccurrence,
    ] {
        assert!(seen.contains(&outcome), "the fixture has no {outcome:?}");
    }
}

#[test]
fn counts_of_an_observation_are_those_of_the_report() {
    let report = fixture::report();
    let result = result(&report);
    for (test, observation) in report.tests.iter().zip(result["observations"].as_array().unwrap()) {
        let prop = |name: &str| {
            let props = observation["props"].as_array().unwrap();
            props.iter().find(|prop| prop["name"] == name).unwrap()["value"].as_str().unwrap().to_owned()
        };
        assert_eq!(prop("test"), test.id);
        assert_eq!(prop("population"), test.population.to_string());
        assert_eq!(prop("exceptions"), test.exceptions.to_string());
        assert_eq!(prop("untestable"), test.untestable.to_string());
    }
}

#[test]
fn an_accepted_exception_stays_a_finding_with_a_risk() {
    let mut report = fixture::report();
    let test = report.tests.iter_mut().find(|test| test.result == TestOutcome::Exception).unwrap();
    test.accepted = test.exceptions;
    let objective = objective_id(test);
    let result = result(&report);
    let finding = result["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["target"]["target-id"] == objective)
        .unwrap();
    assert_eq!(finding["target"]["status"]["state"], "not-satisfied");
    let risks = result["risks"].as_array().unwrap();
    let risk = risks.iter().find(|risk| risk["uuid"] == finding["related-risks"][0]["risk-uuid"]).unwrap();
    assert_eq!(risk["status"], "deviation-approved");
}

#[test]
fn long_lists_are_capped_and_say_so() {
    let report = fixture::report_with_exceptions(1_000);
    let result = result(&report);
    let test = &report.exceptions[0].test;
    let observations = result["observations"].as_array().unwrap();
    let own = observations.iter().find(|o| o["props"][0]["value"] == test.as_str()).unwrap();
    let evidence = own["relevant-evidence"].as_array().unwrap();
    assert_eq!(evidence.len(), results::MAX_LISTED + 1);
    assert_eq!(evidence[0]["description"], "200 of 1000 exceptions are listed here.");
}

#[test]
fn every_broken_reference_is_found() {
    let report = fixture::report();
    let mut accepted = report.clone();
    accepted.tests.iter_mut().find(|test| test.result == TestOutcome::Exception).unwrap().accepted = 1;
    let names = [CATALOG, PLAN, RESULTS];
    let good: Vec<(&str, Value)> = {
        let set = set(&accepted);
        names.map(|name| (name, set[name].clone())).into()
    };
    check::resolve(&good).unwrap();
    let mut broken = 0;
    for member in [
        "observation-uuid",
        "risk-uuid",
        "activity-uuid",
        "component-uuid",
        "actor-uuid",
        "party-uuids",
        "role-id",
        "control-id",
        "objective-id",
        "target-id",
        "href",
    ] {
        for at in 0..good.len() {
            let mut set = good.clone();
            let mut first = None;
            change(&mut set[at].1, "", member, &mut first);
            let Some(first) = first else { continue };
            if first.contains('/') {
                continue;
            }
            let error = check::resolve(&set).expect_err(member);
            assert_eq!((error.document.as_str(), error.member.as_str()), (names[at], member));
            broken += 1;
        }
    }
    assert!(broken >= 15, "{broken}");
    let mut twice = good.clone();
    let id = twice[1].1["assessment-plan"]["uuid"].clone();
    twice[2].1["assessment-results"]["uuid"] = id;
    assert_eq!(check::resolve(&twice).unwrap_err().why, "which stands twice");
}

/// Changes the first text of `member`, and says what it was.
fn change(value: &mut Value, own: &str, member: &str, first: &mut Option<String>) {
    match value {
        Value::String(text) if own == member && first.is_none() => {
            *first = Some(text.clone());
            // Of a file or a resource, one that is not there; the form of a reference stays.
            text.push('0');
        }
        Value::Array(values) => values.iter_mut().for_each(|value| change(value, own, member, first)),
        Value::Object(members) => {
            members.iter_mut().for_each(|(name, value)| change(value, &name.clone(), member, first));
        }
        _ => {}
    }
}

#[test]
fn hostile_text_is_shown_and_is_no_markup() {
    let mut report = fixture::report();
    let hostile = format!(" {{{{ insert: param, x }}}} [x](javascript:1) {}", fixture::HOSTILE);
    report.entity.clone_from(&hostile);
    report.system.clone_from(&hostile);
    report.tests[0].title.clone_from(&hostile);
    report.tests[0].reasons = vec![hostile.clone()];
    for exception in &mut report.exceptions {
        exception.native_id.clone_from(&hostile);
        exception.summary.clone_from(&hostile);
        exception.object = String::new();
    }
    for document in set(&report).into_values() {
        texts(&document, "", &mut |member, text| {
            assert!(!text.contains(['\u{202e}', '\u{1b}', '\u{200b}', '\n']), "{member}: {text}");
            if matches!(member, "title" | "description" | "remarks" | "prose" | "statement" | "label") {
                let mut signs = text.chars();
                while let Some(sign) = signs.next() {
                    assert!(!"<>[]{}*_`".contains(sign), "{member} has {sign} unescaped: {text}");
                    if sign == '\\' {
                        signs.next();
                    }
                }
            }
            if member == "value" || member == "name" {
                assert_eq!(text, text.trim(), "{member}");
                assert!(!text.is_empty(), "{member}");
            }
        });
    }
}

fn texts(value: &Value, own: &str, visit: &mut impl FnMut(&str, &str)) {
    match value {
        Value::String(text) => visit(own, text),
        Value::Array(values) => values.iter().for_each(|value| texts(value, own, visit)),
        Value::Object(members) => members.iter().for_each(|(name, value)| texts(value, name, visit)),
        _ => {}
    }
}

#[test]
fn the_same_results_have_the_same_bytes_and_others_have_other_ids() {
    let report = fixture::report();
    let digest = report_json::digest(&report);
    assert_eq!(documents(&report, digest).unwrap(), documents(&report, digest).unwrap());
    let mut other = report.clone();
    other.exceptions[0].line += 1;
    let id = |report: &Report| set(report)[RESULTS]["assessment-results"]["uuid"].clone();
    assert_ne!(id(&report), id(&other));
}

#[test]
fn a_report_of_nothing_is_three_documents_too() {
    assert_eq!(set(&fixture::empty()).len(), 3);
}
