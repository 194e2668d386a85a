//! The sheets that an auditor tests on: population, sample, attributes.

use std::collections::BTreeMap;

use super::front::mark;
use super::sheet::{Book, Cell, Column, Head, auditor, column, iso, text};
use super::{Population, SAMPLE, Tested, WorkpaperError};
use crate::report::model::Report;
use crate::report::view::text::{place, short};

/// Words of the auditor's conclusion on an item.
const CONCLUSIONS: &[&str] = &["agree", "disagree", "not determined"];

pub(super) fn population(book: &mut Book, population: &Population) -> Result<(), WorkpaperError> {
    let head = Head {
        tab: "Population",
        purpose: "The executions that tests looked at, by time.",
        source: "04_population/tables/execution.parquet of the pack".to_owned(),
        procedure: legend(population),
        result: format!(
            "{} of {} executions listed; population sha256 {}",
            population.first.len(),
            population.executions,
            population.digest
        ),
    };
    let mut columns = vec![column("Execution id", 22)];
    columns.extend(shared());
    columns.extend([column("Environment", 12), column("Object", 30), column("Line", 8), column("Grade", 16)]);
    columns.extend(letters(population));
    let rows = population.first.iter().map(|row| {
        let mut cells = vec![text(&row.item)];
        cells.extend(of_execution(row));
        cells.extend([text(&row.environment), text(&row.object), Cell::Count(row.line), text(&row.grade)]);
        cells.extend(marks(row));
        cells
    });
    book.tab(head, &columns, rows)
}

pub(super) fn sample(book: &mut Book, population: &Population) -> Result<(), WorkpaperError> {
    let head = Head {
        tab: "Sample",
        purpose: "Lead sheet: which items are tested by hand, and how they were drawn.",
        source: format!(
            "{} executions that tests looked at; population sha256 {}",
            population.executions, population.digest
        ),
        procedure: format!(
            "The {SAMPLE} items of lowest SHA-256 of seed, zero byte, and item id. The seed is the results digest, which nobody \
             chooses freely; draw your own with: countersign sample PACK --control ID --size N --seed YOURS"
        ),
        result: format!("{} items drawn with the seed {}", population.sample.len(), population.seed),
    };
    let columns = [
        column("Rank", 8),
        column("Execution id", 68),
        column("Source", 16),
        column("Product’s own id", 24),
        column("Time (UTC)", 20),
        column("Where", 40),
        auditor("Selected", 12, &["yes", "no", "replaced"]),
        auditor("Reason", 30, &[]),
    ];
    let rows = population.sample.iter().zip(1..).map(|(row, rank)| {
        vec![
            Cell::Count(rank),
            text(&row.item),
            text(&row.source),
            text(&row.native_id),
            Cell::Time(row.time),
            text(place(&row.object, row.line)),
        ]
    });
    book.tab(head, &columns, rows)
}

pub(super) fn attributes(
    book: &mut Book,
    report: &Report,
    population: &Population,
) -> Result<(), WorkpaperError> {
    let mut of_case: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for exception in &report.exceptions {
        let case = exception.case.as_deref().unwrap_or_default();
        of_case.entry(case).or_default().push(format!("{} {}", exception.test, short(&exception.id)));
    }
    let head = Head {
        tab: "Attributes",
        purpose: "Test sheet of the sample.",
        source: "The tab Sample; the logs in 05_sources of the pack".to_owned(),
        procedure: legend(population),
        result: "Marks are the program’s; the columns behind them are the auditor’s. The tab Tickmarks says what they mean."
            .to_owned(),
    };
    let mut columns = vec![column("Rank", 12), column("Execution id", 22)];
    columns.extend(shared());
    columns.push(column("ISO 8601", 26));
    columns.extend(letters(population));
    columns.extend([
        column("Exceptions in the case", 30),
        column("Where", 40),
        auditor("Performed again", 16, &["yes", "no"]),
        auditor("Auditor’s conclusion", 20, CONCLUSIONS),
        auditor("W/P ref", 12, &[]),
        auditor("Comment", 40, &[]),
    ]);
    let rows = population.sample.iter().zip(1..).map(|(row, rank)| {
        let mut cells = vec![Cell::Count(rank), text(&row.item)];
        cells.extend(of_execution(row));
        cells.push(iso(row.time));
        cells.extend(marks(row));
        let noted = of_case.get(row.case.as_str()).map(|noted| noted.join(", "));
        cells.extend([text(noted.unwrap_or_else(|| "none".to_owned())), text(place(&row.object, row.line))]);
        cells
    });
    book.tab(head, &columns, rows)
}

/// Returns the columns of [`of_execution`].
fn shared() -> [Column; 8] {
    [
        column("Source", 16),
        column("Product’s own id", 18),
        column("Time (UTC)", 20),
        column("Requester", 22),
        column("Approver", 22),
        column("Executor", 22),
        column("Action", 24),
        column("Resource", 28),
    ]
}

fn of_execution(row: &Tested) -> [Cell; 8] {
    [
        text(&row.source),
        text(&row.native_id),
        Cell::Time(row.time),
        text(&row.requester),
        text(&row.approver),
        text(&row.executor),
        text(&row.action),
        text(&row.resource),
    ]
}

fn marks(row: &Tested) -> impl Iterator<Item = Cell> {
    row.states.iter().map(|state| text(mark(*state)))
}

/// Returns the letter of an attribute, `A` first; after `Z` the number of the column.
fn letter(at: usize) -> String {
    let letter =
        u32::try_from(at).ok().filter(|at| *at < 26).and_then(|at| char::from_u32(u32::from('A') + at));
    letter.map_or_else(|| (at + 1).to_string(), |letter| letter.to_string())
}

fn letters(population: &Population) -> impl Iterator<Item = Column> {
    let named = population.attributes.iter().enumerate();
    named.map(|(at, attribute)| column(format!("{} {}", letter(at), attribute.test), 10))
}

fn legend(population: &Population) -> String {
    let named = population.attributes.iter().enumerate();
    let named: Vec<String> = named
        .map(|(at, attribute)| format!("{} {}: {}", letter(at), attribute.test, attribute.title))
        .collect();
    if named.is_empty() { "No test of executions ran.".to_owned() } else { named.join(" · ") }
}
