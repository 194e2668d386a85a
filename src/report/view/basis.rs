//! Section 2: on what basis the report stands, and whose responsibility is what.

use super::build::{fact, list, paragraph};
use super::text::{plural, second, span};
use super::{View, section, subsection};
use crate::report::document::{Block, Section, Text};

pub(super) fn write(view: &View, sections: &mut Vec<Section>) {
    let report = view.report;
    let read: u64 = report.sources.iter().map(|source| source.tally.read).sum();
    let entity = if report.entity.is_empty() { "the entity" } else { &report.entity };
    sections.push(section("2", "basis", "Basis, limits, and responsibilities", vec![
        paragraph(format!(
            "Countersign (derivation {}) applied the {} of section 8 to {} from {} for the period {} (UTC), as of {}. \
             The management of {entity} chose the sources, the tests, and the mapping to controls, and is responsible for them.",
            report.derivation,
            plural(report.tests.len(), "test", "tests"),
            plural(read, "record", "records"),
            plural(report.sources.len(), "source", "sources"),
            span(report.period),
            second(report.as_of),
        )),
        paragraph(format!(
            "The program is run by {entity} and is not independent of it. It is not an auditor. This document expresses no \
             opinion, conclusion, or assurance on the design or operation of controls, on conformity with ISO/IEC 27001, or on \
             the Trust Services Criteria. Other procedures might have brought other matters to light."
        )),
        Block::Facts {
            title: "Who is responsible for what".to_owned(),
            facts: vec![
                fact("Management", Text::body("Sources, extraction, roster, trust file, waivers, parameters, mapping, and what is done about exceptions")),
                fact("The program", Text::body("Reading what it was given, the procedures as written in section 8, and the same results from the same inputs")),
                fact("The assessor", Text::body("Whether the evidence is enough, how exceptions are graded, and every conclusion")),
            ],
        },
    ]));
    sections.push(subsection("2.1", "reading", "How to read the results", vec![
        paragraph("Every test looks at its full population, not at a sample, unless it says otherwise. Each item is in exactly one state: held, exception, accepted exception, untestable, or pending; the states sum to N."),
        list([
            "No exceptions noted: every item could be tested, and held.",
            "Exceptions noted (k of N): k items did not hold; accepted ones are counted in k.",
            "Unable to test: something needed is missing, or records may be. It is never counted as held.",
            "No occurrences: the control had no occasion to run.",
            "For review: an indicator has rows; a person must judge them.",
            "Limits reliance: a test of the evidence itself has rows; what rests on them is capped.",
            "Not evidenced here: no configured source logs what the test needs.",
        ]),
        paragraph("Severity is the program’s order of attention. It is not a grading; that column belongs to the assessor."),
        paragraph("Times are those of the sources’ own clocks, in UTC. No third party vouches for them unless section 5 says so."),
    ]));
}
