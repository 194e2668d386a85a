//! The cover: what is reported on, the three verdicts, and what the report is not.

use super::build::{chip, fact};
use super::text::{count, of, plural, second, span};
use super::{View, tone};
use crate::integrity::verdict::Verdict;
use crate::report::document::{Chip, Document, Fact, Section, Text, Tone};
use crate::report::model::{Report, TestOutcome};

const TITLE: &str = "Approval control evidence report";
const SUBTITLE: &str = "Automated procedures and findings over privileged-action approval records";
const STATEMENT: &str = "Results of automated procedures. No opinion or assurance is expressed: the conclusion is the \
    assessor’s. The three verdicts stand side by side and are never added up.";

/// Puts the cover before `sections`.
pub(super) fn write(view: &View, sections: Vec<Section>) -> Document {
    let report = view.report;
    let running_head = [report.entity.as_str(), report.system.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(super::text::DOT);
    Document {
        title: TITLE.to_owned(),
        subtitle: SUBTITLE.to_owned(),
        running_head,
        language: "en".to_owned(),
        results_digest: view.digest.to_string(),
        cover: facts(view),
        verdicts: vec![integrity(report), population(report), control_tests(report)],
        statement: STATEMENT.to_owned(),
        sections,
    }
}

fn facts(view: &View) -> Vec<Fact> {
    let report = view.report;
    let mut facts = vec![fact("Entity", Text::strong(&report.entity))];
    if !report.system.is_empty() {
        facts.push(fact("System", Text::body(&report.system)));
    }
    facts.push(fact("Period (UTC)", Text::body(span(report.period))));
    facts.push(fact("As of (UTC)", Text::body(second(report.as_of))));
    let frameworks: Vec<_> = report.frameworks.iter().map(|f| f.name.as_str()).collect();
    facts.push(fact("Frameworks", Text::body(super::text::or_dash(&frameworks.join(super::text::DOT)))));
    facts.push(fact("Examined", Text::body(examined(report))));
    for setting in &report.settings {
        facts.push(fact(setting.name.as_str(), Text::body(&setting.value)));
    }
    facts.push(fact("Derivation", Text::body(report.derivation.to_string())));
    facts.push(fact("Results digest (SHA-256)", Text::mono(view.digest.to_string())));
    facts
}

fn examined(report: &Report) -> String {
    let records: u64 = report.sources.iter().map(|source| source.tally.read).sum();
    format!(
        "{} from {} in {}",
        plural(records, "record", "records"),
        plural(report.sources.len(), "source", "sources"),
        plural(report.objects.len(), "object", "objects"),
    )
}

/// Returns the chip of the integrity verdict: `verified 1 of 4 logs`.
pub(super) fn integrity(report: &Report) -> Chip {
    let verdicts = &report.verdicts;
    let logs_with = |verdict| report.logs.iter().filter(|log| log.verdict == verdict).count();
    let mut parts: Vec<String> = [Verdict::Altered, Verdict::NotVerifiable]
        .into_iter()
        .map(|verdict| (logs_with(verdict), verdict))
        .filter(|(n, _)| *n > 0)
        .map(|(n, verdict)| format!("{} {}", count(n), tone::verdict_phrase(verdict)))
        .collect();
    if parts.is_empty() {
        parts.push(
            if verdicts.logs == 0 {
                "no log was read"
            } else {
                "every record is covered from outside its log"
            }
            .to_owned(),
        );
    }
    let noun = if verdicts.logs == 1 { "log" } else { "logs" };
    let value = format!("verified {} {noun}", of(verdicts.logs_verified, verdicts.logs));
    chip("Integrity", value, parts.join(", "), tone::verdict(verdicts.integrity))
}

/// Returns the chip of the population verdict.
pub(super) fn population(report: &Report) -> Chip {
    let (phrase, tone) = tone::population(&report.verdicts.population);
    let holes = match report.holes.len() {
        0 if report.sources.is_empty() => "no source was read".to_owned(),
        0 => "no hole was found in the period".to_owned(),
        n => plural(n, "hole", "holes"),
    };
    let note = format!("{holes}; completeness of the weakest log: {}", report.verdicts.completeness);
    chip("Population", phrase, note, tone)
}

/// Returns the chip of the control tests.
pub(super) fn control_tests(report: &Report) -> Chip {
    let verdicts = &report.verdicts;
    let total: usize = verdicts.outcomes.values().sum();
    let parts: Vec<String> = verdicts
        .outcomes
        .iter()
        .filter(|(_, n)| **n > 0)
        .map(|(outcome, n)| format!("{} {}", count(*n), outcome.phrase()))
        .collect();
    let note = if total == 0 {
        "no test ran".to_owned()
    } else {
        format!("of {}: {}", plural(total, "test", "tests"), parts.join(", "))
    };
    let tone = if total == 0 { Tone::Unknown } else { tone::outcome(verdicts.tests) };
    let value = match verdicts.tests {
        _ if total == 0 => "not tested".to_owned(),
        TestOutcome::Exception => {
            let accepted = report.exceptions.iter().filter(|e| e.accepted.is_some()).count();
            let all = plural(report.exceptions.len(), "exception", "exceptions");
            if accepted == 0 {
                format!("{all} noted")
            } else {
                format!("{all} noted, {} accepted", count(accepted))
            }
        }
        other => other.phrase().to_owned(),
    };
    chip("Control tests", value, note, tone)
}
