//! Section 8: how each test works, with which parameters, and why it is linked to a control.

use std::collections::BTreeSet;

use super::build::{fact, heading, paragraph, table};
use super::results::Caps;
use super::text::{NOTHING, count, listed, local_id, of, or_dash};
use super::{MAX_ROWS, View, links, section, subsection, tone};
use crate::duration::exact;
use crate::report::document::{Block, Fact, Section, Table, Text, Tone};
use crate::report::model::{Parameter, Report, Test};

pub(super) fn write(view: &View, sections: &mut Vec<Section>) {
    let report = view.report;
    let mut blocks = vec![paragraph(
        "Each test is two SQL queries over the tables of the pack: one selects the population, one the exceptions. Their digests tie this page to the files, so anybody can run them again.",
    )];
    let caps = Caps::of(report);
    for test in &report.tests {
        blocks.push(heading(format!("{} {}", test.id, test.slug), links::anchor("test", &test.id)));
        blocks.push(Block::Facts {
            title: format!("Procedure of {}", test.id),
            facts: procedure(report, test, &caps),
        });
    }
    sections.push(section("8", "procedures", "Procedures and mapping", blocks));
    let differ = report.parameters.iter().filter(|parameter| parameter.value != parameter.base).count();
    let about = format!(
        "{} differ from the base profile. A value that is looser than what its profile extends names who approved it.",
        of(differ, report.parameters.len())
    );
    let blocks = vec![paragraph(about), Block::Table(parameters(view))];
    sections.push(subsection("8.1", "parameters", "Parameters", blocks));
    sections.push(subsection("8.2", "mapping", "Links between tests and controls", mapping(view)));
    sections.push(subsection(
        "8.3",
        "policy",
        "Files that shaped the results",
        vec![Block::Table(overrides(report)), Block::Table(policy(report))],
    ));
}

/// Returns the reasons of a result. What limits the reliance of many tests stands once, in the table of such reasons, and is named
/// by its number there.
fn because(test: &Test, caps: &Caps<'_>) -> String {
    let mut said = Vec::new();
    let mut numbered = BTreeSet::new();
    for reason in &test.reasons {
        match reason.strip_prefix("limited reliance: ").and_then(|limit| caps.number(limit)) {
            Some(number) => {
                numbered.insert(number);
            }
            None => said.push(reason.clone()),
        }
    }
    if !numbered.is_empty() {
        said.push(format!("limited reliance: {} of “{}”", Caps::listed(numbered), Caps::TITLE));
    }
    said.join(super::text::DOT)
}

fn procedure(report: &Report, test: &Test, caps: &Caps<'_>) -> Vec<Fact> {
    let parameters: Vec<String> = report
        .parameters
        .iter()
        .filter(|parameter| parameter.test == test.id)
        .map(|parameter| format!("{} = {}", parameter.name, value(parameter, parameter.value)))
        .collect();
    let mut facts = vec![
        fact("Result", Text::mark(tone::result(test), tone::outcome(test.result))),
        fact("Holds when there is no exception", Text::body(&test.title)),
        fact("Objective", Text::body(&test.objective)),
        fact("One item is", Text::body(format!("a row of table {}", test.subject))),
        fact(a_row(test), Text::body(&test.predicate)),
        fact("Cannot show", Text::body(or_dash(&test.cannot_show))),
        fact("What to do about one", Text::body(or_dash(&test.remedy))),
        fact(
            "Kind, severity, and reliance",
            Text::body(format!("{}, {}, {}", test.kind, test.severity, test.reliance)),
        ),
        fact("Sources read", Text::mono(listed(&test.sources))),
        fact("Parameters", Text::mono(listed(&parameters))),
        fact("population.sql (SHA-256)", Text::mono(test.population_sql.to_string())),
        fact("exceptions.sql (SHA-256)", Text::mono(test.exceptions_sql.to_string())),
    ];
    facts.retain(|fact| fact.value.text != NOTHING);
    if !test.reasons.is_empty() {
        facts.insert(1, fact("Because", Text::body(because(test, caps))));
    }
    facts
}

/// Says what a row of the test is. Only that of a deviation is an exception.
fn a_row(test: &Test) -> &'static str {
    match test.kind.as_str() {
        "indicator" => "Is for review",
        "evidence-quality" => "Limits reliance",
        _ => "Is an exception",
    }
}

/// Returns a parameter's value; those named `_ms` also as a length of time.
fn value(parameter: &Parameter, value: i64) -> String {
    if parameter.name.ends_with("_ms") {
        // Number and unit stay on one line.
        format!("{value} ({})", exact(value).replace(' ', "\u{a0}"))
    } else {
        value.to_string()
    }
}

fn parameters(view: &View) -> Table {
    table("parameter-list", "Parameters, beside their base values")
        .column("Parameter", 20)
        .column("Test", 9)
        .number("Value", 12)
        .number("Base value", 12)
        .column("Against base", 9)
        .column("Why", 29)
        .column("Approved by", 9)
        .empty("No test has a parameter.")
        .rows(view.report.parameters.iter().map(|parameter| {
            let (word, tone) = against_base(parameter);
            vec![
                Text::mono(&parameter.name),
                view.links.test(Text::mono(&parameter.test), &parameter.test),
                Text::body(value(parameter, parameter.value)),
                Text::body(value(parameter, parameter.base)),
                Text::mark(word, tone),
                Text::body(or_dash(&parameter.why)),
                Text::body(or_dash(parameter.approved_by.as_deref().unwrap_or_default())),
            ]
        }))
}

/// Tells whether the value is tighter or looser than the base.
fn against_base(parameter: &Parameter) -> (&'static str, Tone) {
    use std::cmp::Ordering::{Equal, Greater, Less};
    match (parameter.value.cmp(&parameter.base), parameter.tighter.as_str()) {
        (Equal, _) => ("as base", Tone::Plain),
        (Less, "lower") | (Greater, "higher") => ("tighter", Tone::Good),
        (Greater, "lower") | (Less, "higher") => ("looser", Tone::Caution),
        _ => ("differs", Tone::Caution),
    }
}

fn mapping(view: &View) -> Vec<Block> {
    let mappings = &view.report.mappings;
    let unreviewed = mappings.iter().filter(|mapping| !mapping.reviewed).count();
    let table = table("mapping-list", "Links, each a claim that a person made")
        .column("Control", 13)
        .column("Test", 12)
        .column("Relation", 10)
        .column("Why", 27)
        .column("Not shown", 22)
        .column("Confidence", 10)
        .column("Reviewed", 12)
        .empty("No test is linked to a control.")
        .filter()
        .capped(mappings, MAX_ROWS * 4, "mappings", |mapping| {
            vec![
                view.links.control(Text::mono(local_id(&mapping.control)), &mapping.control),
                view.links.test(Text::mono(&mapping.test), &mapping.test),
                Text::body(&mapping.relation),
                Text::body(or_dash(&mapping.why)),
                Text::body(or_dash(&mapping.not_shown)),
                Text::body(&mapping.confidence),
                if mapping.reviewed { Text::body("yes") } else { Text::mark("not yet", Tone::Caution) },
            ]
        });
    vec![
        paragraph(format!("Not yet reviewed by a named person: {} links.", of(unreviewed, mappings.len()))),
        Block::Table(table),
    ]
}

fn overrides(report: &Report) -> Table {
    table("override-list", "Shipped files that the workspace replaced or added to")
        .column("File", 40)
        .column("SHA-256 as used", 30)
        .column("SHA-256 as shipped", 30)
        .empty("None: everything is as shipped.")
        .rows(report.overrides.iter().map(|file| {
            vec![
                Text::mono(&file.path),
                Text::mono(file.sha256.to_string()),
                file.shipped.map_or_else(
                    || Text::body("added by the workspace"),
                    |digest| Text::mono(digest.to_string()),
                ),
            ]
        }))
}

fn policy(report: &Report) -> Table {
    table(
        "policy-list",
        format!(
            "Profiles, tests, mappings, catalogues, roster, and trust: {} files",
            count(report.policy.len())
        ),
    )
    .column("File", 45)
    .column("SHA-256", 55)
    .empty("No file is listed.")
    .filter()
    .capped(&report.policy, MAX_ROWS, "policy", |file| {
        vec![Text::mono(&file.path), Text::mono(file.sha256.to_string())]
    })
}
