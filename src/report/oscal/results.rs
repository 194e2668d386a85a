//! The assessment results: an observation per test, and a finding where the test is one of a control.
//!
//! `no occurrences` and `not evidenced here` are observations without a finding, and so is an indicator: none of them says that an
//! objective is met. `unable to test` is `not-satisfied` for another reason than failure. The words `satisfied` and
//! `not-satisfied` are OSCAL's; they are about the test objective, never about a control of a framework.

use serde_json::{Value, json};

use super::{Documents, PLAN, markup, objective_id, prop, word};
use crate::report::model::{Exception, Report, Test, TestOutcome};

const DOCUMENT: &str = "results";

/// Exceptions listed with an observation; `report.json` and `exceptions.csv` have all.
pub(super) const MAX_LISTED: usize = 200;

impl Documents<'_> {
    /// Returns the assessment results.
    pub(super) fn assessment_results(&self) -> Value {
        let report = self.report;
        let ran: Vec<&Test> =
            report.tests.iter().filter(|test| test.result != TestOutcome::NotEvidencedHere).collect();
        let verdicts = &report.verdicts;
        let mut result = json!({
            "uuid": self.uuid("result", "period"),
            "title": "Tests of approval records over the whole population",
            "description": "Automated procedures and their findings, prepared by management. No opinion or assurance is expressed.",
            "start": report.period.from,
            "end": report.period.to.min(report.as_of),
            "props": [
                prop("results-digest", self.results),
                prop("derivation", report.derivation),
                prop("integrity", verdicts.integrity),
                prop("logs-verified", format!("{} of {}", verdicts.logs_verified, verdicts.logs)),
                prop("population", &verdicts.population),
                prop("completeness", verdicts.completeness),
            ],
            "local-definitions": { "components": [self.component(DOCUMENT)] },
            "reviewed-controls": self.reviewed(&ran),
        });
        let observations: Vec<Value> = report.tests.iter().map(|test| self.observation(test)).collect();
        let findings: Vec<Value> = report.tests.iter().filter_map(|test| self.finding(test)).collect();
        let accepted = report.tests.iter().filter(|test| test.accepted > 0 && target(test).is_some());
        let risks: Vec<Value> = accepted.map(|test| self.risk(test)).collect();
        for (member, list) in [("observations", observations), ("findings", findings), ("risks", risks)] {
            if !list.is_empty() {
                result[member] = json!(list);
            }
        }
        json!({ "assessment-results": {
            "uuid": self.uuid("document", DOCUMENT),
            "metadata": self.metadata(DOCUMENT, "Assessment results for approval records", &[]),
            "import-ap": { "href": PLAN },
            "results": [result],
            "back-matter": { "resources": [{
                "uuid": self.resource(DOCUMENT, "report"),
                "title": "report.json: every number, with the object and line behind it",
                "rlinks": [{
                    "href": "../01_report.json",
                    "media-type": "application/json",
                    "hashes": [{ "algorithm": "SHA-256", "value": self.results.to_string() }],
                }],
            }] },
        } })
    }

    fn observation(&self, test: &Test) -> Value {
        let own: Vec<&Exception> = exceptions(self.report, test).collect();
        let mut evidence = vec![json!({
            "href": format!("#{}", self.resource(DOCUMENT, "report")),
            "description": format!("{} of {} exceptions are listed here.", own.len().min(MAX_LISTED), own.len()),
        })];
        evidence.extend(own.iter().take(MAX_LISTED).map(|exception| {
            json!({
                "description": format!("Exception: {}", markup(&exception.summary)),
                "props": [
                    prop("exception", &exception.id),
                    prop("severity", &exception.severity),
                    prop("source", &exception.source),
                    prop("native-id", &exception.native_id),
                    prop("place", format!("{}:{}", exception.object, exception.line)),
                    prop("grade", exception.grade),
                ],
            })
        }));
        let mut observation = json!({
            "uuid": self.uuid("observation", &test.id),
            "title": markup(&format!("{}: {}", test.id, outcome(test))),
            "description": markup(&test.title),
            "props": [
                prop("test", &test.id),
                prop("result", word(test.result.phrase())),
                prop("population", test.population),
                prop("exceptions", test.exceptions),
                prop("accepted", test.accepted),
                prop("untestable", test.untestable),
                prop("pending", test.pending),
                prop("reliance", &test.reliance),
            ],
            "methods": ["TEST"],
            "types": ["control-objective"],
            "origins": [{ "actors": [{ "type": "tool", "actor-uuid": self.tool(DOCUMENT) }] }],
            "relevant-evidence": evidence,
            "collected": self.report.as_of,
        });
        if !test.reasons.is_empty() {
            observation["remarks"] = json!(markup(&test.reasons.join("; ")));
        }
        observation
    }

    fn finding(&self, test: &Test) -> Option<Value> {
        let (state, reason) = target(test)?;
        let mut finding = json!({
            "uuid": self.uuid("finding", &test.id),
            "title": markup(&test.title),
            "description": markup(&format!("{}: {}", test.id, outcome(test))),
            "target": {
                "type": "objective-id",
                "target-id": objective_id(test),
                "status": { "state": state, "reason": reason },
            },
            "related-observations": [{ "observation-uuid": self.uuid("observation", &test.id) }],
        });
        if test.accepted > 0 {
            finding["related-risks"] = json!([{ "risk-uuid": self.uuid("risk", &test.id) }]);
        }
        Some(finding)
    }

    /// Returns the risk that a waiver accepted. It stays a finding.
    fn risk(&self, test: &Test) -> Value {
        let text = format!(
            "{} of {} exceptions of {} are accepted by a waiver.",
            test.accepted, test.exceptions, test.id
        );
        json!({
            "uuid": self.uuid("risk", &test.id),
            "title": markup(&test.title),
            "description": markup(&text),
            "statement": markup(&text),
            "status": "deviation-approved",
            "related-observations": [{ "observation-uuid": self.uuid("observation", &test.id) }],
        })
    }
}

/// Returns state and reason of the finding of a test; nothing where the test gives none.
fn target(test: &Test) -> Option<(&'static str, &'static str)> {
    if test.kind == "indicator" {
        return None;
    }
    match test.result {
        TestOutcome::NoException => Some(("satisfied", "pass")),
        TestOutcome::Exception => Some(("not-satisfied", "fail")),
        TestOutcome::UnableToTest | TestOutcome::Limited => Some(("not-satisfied", "other")),
        TestOutcome::Review | TestOutcome::NoOccurrence | TestOutcome::NotEvidencedHere => None,
    }
}

fn exceptions<'a>(report: &'a Report, test: &'a Test) -> impl Iterator<Item = &'a Exception> {
    report
        .exceptions
        .iter()
        .filter(|exception| exception.test == test.id || exception.also.contains(&test.id))
}

fn outcome(test: &Test) -> String {
    format!("{}, {} of {}", test.result.phrase(), test.exceptions, test.population)
}
