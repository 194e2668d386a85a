//! Section 6: the tests, and what they say about every control of every framework.

use std::collections::BTreeSet;

use super::build::{heading, paragraph, table};
use super::text::{listed, local_id, of, or_dash, plural};
use super::{View, links, section, subsection, tone};
use crate::report::document::{Block, Section, Table, Text, Tone};
use crate::report::figure::matrix;
use crate::report::model::{Control, Framework, Report};

/// Id of the table of reasons.
const CAPS: &str = "cap-reasons";

pub(super) fn write(view: &View, sections: &mut Vec<Section>) {
    let report = view.report;
    sections.push(section("6", "results", "Results by control", vec![
        paragraph("The tests first; then every control of each framework. A control shows the weakest of its tests, capped by how far approval logs reach and by how far the evidence can be relied on."),
        Block::Table(tests(view)),
    ]));
    for (i, framework) in report.frameworks.iter().enumerate() {
        let id = links::anchor("framework", &framework.id);
        let number = format!("6.{}", i + 1);
        sections.push(subsection(&number, &id, &framework.name, framework_blocks(view, framework)));
    }
    let number = format!("6.{}", report.frameworks.len() + 1);
    sections.push(subsection(&number, "control-results", "Controls with tests", control_blocks(view)));
}

fn tests(view: &View) -> Table {
    table("test-results", "Tests")
        .column("Test", 11)
        .column("What holds when there is no exception", 24)
        .column("Result", 23)
        .number("Accepted", 9)
        .number("Untestable", 11)
        .number("Pending", 10)
        .column("Reliance", 11)
        .empty("No test ran.")
        .filter()
        .rows(view.report.tests.iter().map(|test| {
            let limited = test.reliance != "full";
            vec![
                view.links.test(Text::mono(&test.id), &test.id),
                Text::body(&test.title),
                Text::mark(tone::result(test), tone::outcome(test.result)),
                Text::body(of(test.accepted, test.exceptions)),
                Text::body(of(test.untestable, test.population)),
                Text::body(of(test.pending, test.population)),
                if limited { Text::mark(&test.reliance, Tone::Caution) } else { Text::body(&test.reliance) },
            ]
        }))
}

/// Returns the controls of `framework`.
fn controls_of<'a>(report: &'a Report, framework: &'a Framework) -> impl Iterator<Item = &'a Control> {
    report.controls.iter().filter(|c| c.id.split_once(':').is_some_and(|(id, _)| id == framework.id))
}

fn framework_blocks(view: &View, framework: &Framework) -> Vec<Block> {
    let report = view.report;
    let controls: Vec<&Control> = controls_of(report, framework).collect();
    let with_tests = controls.iter().filter(|control| !control.tests.is_empty()).count();
    let reached = controls.iter().filter(|control| control.reach != "none").count();
    let mut blocks = vec![paragraph(format!(
        "Listed: {} controls. Approval logs reach {}; tests here bear on {}.",
        of(controls.len(), framework.count),
        of(reached, controls.len()),
        of(with_tests, controls.len()),
    ))];
    if !controls.is_empty() {
        blocks.push(Block::Figure(matrix::figure(framework, &controls)));
    }
    blocks.push(Block::Table(control_table(view, framework, &controls)));
    blocks
}

fn control_table(view: &View, framework: &Framework, controls: &[&Control]) -> Table {
    table(&links::anchor("controls", &framework.id), format!("Every control of {}", framework.name))
        .column("Control", 10)
        .column("In our words", 31)
        .column("Status", 17)
        .column("Reach, shown as far as", 12)
        .number("Exceptions", 10)
        .number("Tests evidenced", 9)
        .column("Tests", 23)
        .empty("No control is listed.")
        .filter()
        .rows(controls.iter().map(|control| {
            let (_, phrase, tone) = tone::status(&control.status);
            vec![
                view.links.control(Text::mono(local_id(&control.id)), &control.id),
                Text::body(&control.title),
                Text::mark(phrase, tone),
                Text::body(if control.reach == control.cap {
                    control.cap.clone()
                } else {
                    format!("{}, {}", control.reach, control.cap)
                }),
                Text::body(if control.tests.is_empty() {
                    "–".to_owned()
                } else {
                    of(control.exceptions, control.population)
                }),
                Text::body(if control.tests.is_empty() {
                    "–".to_owned()
                } else {
                    of(control.evidenced.len(), control.tests.len())
                }),
                Text::mono(listed(&control.tests)),
            ]
        }))
}

fn control_blocks(view: &View) -> Vec<Block> {
    let controls: Vec<&Control> =
        view.report.controls.iter().filter(|control| !control.tests.is_empty()).collect();
    let report = view.report;
    let mut blocks = vec![paragraph(format!(
        "{} have at least one test. Population and exceptions count each subject once, however many tests look at it.",
        plural(controls.len(), "control", "controls")
    ))];
    let caps = Caps::of(report);
    if !caps.0.is_empty() {
        blocks.push(Block::Table(caps.table(view)));
    }
    for control in controls {
        blocks.extend(control_block(view, control, &caps));
    }
    blocks
}

/// A reason that caps controls, with the tests it concerns.
struct Cap<'a> {
    reason: &'a str,
    tests: BTreeSet<&'a str>,
    controls: usize,
}

/// Every reason that caps some control, each once, in the order in which the controls name them. Most controls share theirs.
pub(super) struct Caps<'a>(Vec<Cap<'a>>);

impl<'a> Caps<'a> {
    /// What the table of them is called.
    pub(super) const TITLE: &'static str = "Why controls are capped";

    /// Collects the reasons of every control that has a test.
    pub(super) fn of(report: &'a Report) -> Self {
        let mut caps: Vec<Cap<'a>> = Vec::new();
        let controls = report.controls.iter().filter(|control| !control.tests.is_empty());
        for text in controls.flat_map(|control| &control.reasons) {
            let (reason, tests) = parts(report, text);
            let at = caps.iter().position(|cap| cap.reason == reason).unwrap_or_else(|| {
                caps.push(Cap { reason, tests: BTreeSet::new(), controls: 0 });
                caps.len() - 1
            });
            caps[at].tests.extend(tests);
            caps[at].controls += 1;
        }
        Self(caps)
    }

    /// Returns the number of a reason, from 1, where some control has it.
    pub(super) fn number(&self, reason: &str) -> Option<usize> {
        self.0.iter().position(|cap| cap.reason == reason).map(|at| at + 1)
    }

    /// Returns the numbers of the reasons of `control`.
    fn numbers(&self, report: &Report, control: &Control) -> String {
        let of = |text: &String| self.number(parts(report, text).0);
        Self::listed(control.reasons.iter().filter_map(of).collect())
    }

    /// Prints numbers of reasons, runs of them as their ends: `R1, R4–R7`.
    pub(super) fn listed(numbers: BTreeSet<usize>) -> String {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for number in numbers {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == number => *last = number,
                _ => runs.push((number, number)),
            }
        }
        let print = |(first, last): (usize, usize)| match last - first {
            0 => format!("R{first}"),
            1 => format!("R{first}, R{last}"),
            _ => format!("R{first}–R{last}"),
        };
        runs.into_iter().map(print).collect::<Vec<_>>().join(", ")
    }

    fn table(&self, view: &View) -> Table {
        table(CAPS, Self::TITLE)
            .column("Reason", 8)
            .column("What it is", 38)
            .column("Tests it concerns", 44)
            .number("Controls", 10)
            .rows(self.0.iter().enumerate().map(|(at, cap)| {
                let tests: Vec<&str> = cap.tests.iter().copied().collect();
                vec![
                    Text::strong(format!("R{}", at + 1)),
                    Text::body(cap.reason),
                    Text::mono(listed(&tests)),
                    Text::body(of(cap.controls, view.report.controls.len())),
                ]
            }))
    }
}

/// Splits a reason into what it says and the tests in parentheses after it.
fn parts<'a>(report: &Report, text: &'a str) -> (&'a str, Vec<&'a str>) {
    let split = text.strip_suffix(')').and_then(|text| text.rsplit_once(" ("));
    if let Some((reason, named)) = split {
        let tests: Vec<&str> = named.split(", ").collect();
        if tests.iter().all(|id| report.tests.iter().any(|test| test.id == *id)) {
            return (reason, tests);
        }
    }
    (text, Vec::new())
}

fn control_block(view: &View, control: &Control, caps: &Caps<'_>) -> Vec<Block> {
    let report = view.report;
    let (_, phrase, tone) = tone::status(&control.status);
    let id = local_id(&control.id);
    let reach = format!(
        "{} subjects have an exception. Shown as far as: {}; reach of approval logs: {}. They can show: {}",
        of(control.exceptions, control.population),
        control.cap,
        control.reach,
        or_dash(&control.can_show)
    );
    let rows =
        control.tests.iter().filter_map(|id| report.tests.iter().find(|test| test.id == *id)).map(|test| {
            let mapping = report.mappings.iter().find(|m| m.control == control.id && m.test == test.id);
            vec![
                view.links.test(Text::mono(&test.id), &test.id),
                Text::body(mapping.map_or("–", |m| m.relation.as_str())),
                Text::mark(tone::result(test), tone::outcome(test.result)),
                Text::body(of(test.untestable, test.population)),
                Text::body(mapping.map_or("–", |m| m.not_shown.as_str())),
            ]
        });
    let anchor = links::anchor("control", &control.id);
    let table = table(&format!("{anchor}-tests"), format!("Tests linked to {id}"))
        .column("Test", 13)
        .column("Relation", 12)
        .column("Result", 27)
        .number("Untestable", 14)
        .column("Not shown", 34)
        .empty("None of its tests ran.")
        .rows(rows);
    let mut blocks = vec![
        heading(format!("{id} {}", control.title), anchor),
        Block::Paragraph { text: Text::mark(phrase, tone) },
        paragraph(reach),
        Block::Table(table),
    ];
    if !control.reasons.is_empty() {
        let text = format!("Capped by {}.", caps.numbers(report, control));
        blocks.push(Block::Paragraph { text: Text::body(text).to(CAPS) });
    }
    blocks
}
