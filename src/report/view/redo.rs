//! Section 14: how anybody gets the same results, or draws a sample of them, with commands for this very pack.

use super::build::{code, paragraph, table};
use super::text::{count, short};
use super::{View, section, subsection};
use crate::report::document::{Block, Section, Table, Text};

/// Items that a command here draws at most; an auditor puts another number in its place.
const SAMPLE: u64 = 25;

pub(super) fn write(view: &View, sections: &mut Vec<Section>) {
    let report = view.report;
    sections.push(section(
        "14",
        "re-performance",
        "Re-performance",
        vec![paragraph(
            "Four ways to do this work again. PACK stands for the folder of the pack, WORKSPACE for the folder with countersign.toml and the same logs. Each result can be compared with a number in this document.",
        )],
    ));
    sections.push(subsection("14.1", "redo-sample", "Draw a sample", vec![
        paragraph(
            "Every item was tested, so nothing here rests on a sample. To look at some of them by hand, choose a seed after the results digest was fixed, and say it to nobody before. The items with the lowest SHA-256 of seed and id are drawn; docs/formats/sample.md has a script of five lines that draws the same ones. The control of any framework can stand in place of a test.",
        ),
        Block::Table(samples(view)),
    ]));
    sections.push(subsection("14.2", "redo-tests", "Run the tests in another engine", vec![
        paragraph("DuckDB runs the same queries on the tables of the pack, and counts the items of each test by state. From the folder of the pack:"),
        code("duckdb < data/04_population/redo.sql"),
        paragraph("What a waiver accepts is an exception there: the queries know no waiver. data/02_machine/items.json has the state of every item in this report; VERIFY.md compares the two, item by item."),
    ]));
    sections.push(subsection("14.3", "redo-case", "Follow one case", vec![
        paragraph("One case from its records, with object, line, and grade of each, and what every test says of it. An exception’s id, or the id that the product itself logs, finds it. The pack must hold its logs; else give the workspace:"),
        code(case(view)),
    ]));
    sections.push(subsection("14.4", "redo-report", "Make the report again", vec![
        paragraph("From the same logs and the same workspace, with a version of the program that has the derivation below. The last line must print the results digest of this document:"),
        code(again(view)),
        code("sha256sum again/data/01_report.json"),
        Block::Facts {
            title: "What makes it the same report".to_owned(),
            facts: vec![
                super::build::fact("Derivation", Text::body(report.derivation.to_string())),
                super::build::fact("Results digest", Text::mono(view.digest.to_string())),
            ],
        },
    ]));
}

fn samples(view: &View) -> Table {
    let tests = view.report.tests.iter().filter(|test| test.population > 0);
    table("sample-commands", "Commands that draw a sample, by test")
        .column("Test", 14)
        .number("Items", 10)
        .number("Exceptions", 11)
        .column("Command", 65)
        .empty("No test has an item.")
        .rows(tests.map(|test| {
            let size = test.population.min(SAMPLE);
            vec![
                view.links.test(Text::mono(&test.id), &test.id),
                Text::body(count(test.population)),
                Text::body(count(test.exceptions)),
                Text::mono(format!(
                    "countersign sample PACK --control {} --size {size} --seed SEED",
                    test.id
                )),
            ]
        }))
}

fn case(view: &View) -> String {
    let id = view.report.exceptions.first().map_or_else(|| "ID".to_owned(), |exception| short(&exception.id));
    format!("countersign case {id} PACK")
}

fn again(view: &View) -> String {
    let report = view.report;
    let previous = if report.since.is_some() { " --previous PREVIOUS" } else { "" };
    format!(
        "countersign report WORKSPACE --from {} --to {} --as-of {}{previous} --out again",
        report.period.from, report.period.to, report.as_of
    )
}
