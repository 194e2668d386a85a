//! The rows of tests that have no exceptions, one table a test: what a person must judge, and what limits reliance.

use super::build::{paragraph, table};
use super::text::{DOT, NOTHING, place, plural, second_or_dash};
use super::{View, links, subsection};
use crate::report::document::{Block, Section, Table, Text};
use crate::report::model::{Noted, Test};

/// Rows printed of one test; a person who judges more of them works in the workpaper.
pub(super) const MAX_NOTED: usize = 100;

pub(super) fn write(view: &View, numbers: [&str; 2], sections: &mut Vec<Section>) {
    let report = view.report;
    let [review, limited] = numbers;
    let about = "Rows of indicators. None is an exception: each is a signal that a person must judge. A row about a person, a pair, or a \
         group stands for several records, and its facts say how many.";
    let tables = tables(view, "review", "for review", &report.review);
    sections.push(subsection(
        review,
        "review",
        "Rows for review",
        blocks(about, tables, "No row is for review."),
    ));
    let about = "Rows of evidence-quality tests. None is an exception: each says how far the evidence goes, and limits the reliance on the \
         tests that rest on it.";
    let tables = self::tables(view, "limited", "limiting reliance", &report.limited);
    sections.push(subsection(
        limited,
        "limiting",
        "Rows that limit reliance",
        blocks(about, tables, "No row limits reliance."),
    ));
}

fn blocks(about: &str, tables: Vec<Table>, none: &str) -> Vec<Block> {
    let mut blocks = vec![paragraph(about)];
    if tables.is_empty() {
        blocks.push(paragraph(none));
    }
    blocks.extend(tables.into_iter().map(Block::Table));
    blocks
}

/// Returns a table for each test that has rows among `rows`, in catalogue order.
fn tables(view: &View, member: &str, words: &str, rows: &[Noted]) -> Vec<Table> {
    let of_test = |test: &Test| -> Vec<&Noted> { rows.iter().filter(|row| row.test == test.id).collect() };
    view.report
        .tests
        .iter()
        .map(|test| (test, of_test(test)))
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(test, rows)| list(view, member, words, test, &rows))
        .collect()
}

fn list(view: &View, member: &str, words: &str, test: &Test, rows: &[&Noted]) -> Table {
    let id = links::anchor(member, &test.id);
    let caption = format!("{} {}, {words}: {}", test.id, test.slug, plural(test.exceptions, "row", "rows"));
    let mut list = table(&id, caption)
        .column("Item", 22)
        .column("Test", 10)
        .column("Occurred (UTC)", 14)
        .column("What was found", 36)
        .column("Where", 24)
        .filter()
        .capped(rows, MAX_NOTED, member, |row| cells(view, row));
    // The report itself lists so many rows of a test at most.
    let held = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    if test.exceptions > held {
        list.total = test.exceptions;
        list.rest = Some("02_machine/items.csv".to_owned());
    }
    list
}

fn cells(view: &View, row: &Noted) -> Vec<Text> {
    vec![
        Text::mono(&row.native_id),
        view.links.test(Text::mono(&row.test), &row.test),
        Text::body(second_or_dash(row.time)),
        Text::body(found(row)),
        Text::mono(whereabouts(row)),
    ]
}

/// Returns what is to be looked at, and every fact.
fn found(row: &Noted) -> String {
    // These stand in the other cells.
    let elsewhere = ["source", "object", "line"];
    let time = row.time.map(|at| at.to_string());
    let facts = row.facts.iter().filter(|(label, value)| {
        !(elsewhere.contains(&label.as_str())
            || value.is_empty()
            || *value == row.native_id
            || time.as_ref() == Some(value))
    });
    let facts = facts.map(|(label, value)| format!("{}: {value}", label.replace('_', " ")));
    std::iter::once(row.reason.clone()).chain(facts).collect::<Vec<_>>().join(DOT)
}

/// Returns the line, or the table of the pack of what is no one line.
fn whereabouts(row: &Noted) -> String {
    match place(&row.object, row.line) {
        nothing if nothing == NOTHING => format!("tables/{}.parquet", row.subject),
        place => place,
    }
}
