//! What the workbook is, the results at a glance, and the marks.

use super::sheet::{Book, Cell, Head, auditor, column, text};
use super::{MAX_EXCEPTIONS, MAX_POPULATION, WorkpaperError};
use crate::report::model::Report;
use crate::report::view::text::{of, span};

/// The marks of the test sheet, and what they mean.
const MARKS: [(&str, &str); 6] = [
    ("✓", "The attribute held for this item."),
    ("X", "Exception: the attribute did not hold. The tab Exceptions has the facts."),
    ("A", "Exception that a waiver accepts. It is still an exception."),
    ("U", "Unable to test: something that the test needs is not known. Not counted as held."),
    ("P", "Pending: the limit ends after as-of. The next report looks at it again."),
    ("n/a", "The test has no occasion here."),
];

/// Returns the mark of a state.
pub(super) fn mark(state: Option<&str>) -> &'static str {
    match state {
        Some("ok") => "✓",
        Some("exception") => "X",
        Some("accepted") => "A",
        Some("pending") => "P",
        // A state that is not known is never shown as one that held.
        Some(_) => "U",
        None => "n/a",
    }
}

pub(super) fn readme(book: &mut Book, report: &Report) -> Result<(), WorkpaperError> {
    let head = Head {
        tab: "README",
        purpose: "What this workbook is, where it comes from, and how to work in it.",
        source: format!("report.json of the same pack, results sha256 {}", book.results()),
        procedure: "Automated procedures and findings. No opinion or assurance is expressed.".to_owned(),
        result: "The three verdicts stand side by side and are never added up: see Summary.".to_owned(),
    };
    let columns = [column("About", 24), column("Value", 100)];
    let frameworks: Vec<&str> = report.frameworks.iter().map(|framework| framework.name.as_str()).collect();
    let mut rows: Vec<(&str, String)> = vec![
        ("Entity", report.entity.clone()),
        ("System", report.system.clone()),
        ("Period (UTC)", span(report.period)),
        ("As of (UTC)", report.as_of.to_string()),
        ("Frameworks", frameworks.join(", ")),
        ("Derivation", report.derivation.to_string()),
        ("Results digest", book.results().to_string()),
    ];
    let tabs = [
        ("Summary", "the verdicts, and the result of every test"),
        ("Controls", "every control of every framework, and what the tests say about it"),
        ("Population", "executions that tests looked at, with a mark per test"),
        ("Sample", "a sample of them to test by hand, and how to draw another"),
        ("Attributes", "the test sheet of that sample: marks, and columns for the auditor"),
        ("Exceptions", "every exception, with columns for management’s response and the auditor"),
        ("For_Review", "rows that a person must judge, and rows that limit reliance; none is an exception"),
        ("Reconciliation", "where every record went"),
        ("IPE", "information produced by the entity: what each source is, and who extracted it"),
        ("Keys", "keys that signed records, or that are trusted"),
        (
            "Mapping_SoA",
            "which test bears on which control, with the columns of a statement of applicability",
        ),
        ("Changes", "what this team changed of what the program ships"),
        ("Evidence_Index", "files behind the results, with their digests"),
        ("Tickmarks", "the marks, and what they mean"),
    ];
    rows.extend(tabs.map(|(tab, what)| (tab, what.to_owned())));
    rows.extend([
        ("Auditor’s columns", "They are coloured, and empty. Nothing here fills them in.".to_owned()),
        (
            "Limits",
            format!(
                "Population lists the first {MAX_POPULATION} executions and Exceptions the first {MAX_EXCEPTIONS}; the files \
                 04_population/tables/execution.parquet and 02_machine/exceptions.csv of the pack have all."
            ),
        ),
        (
            "Text from logs",
            "Every value is text, a number, or a date: no formula and no link. Invisible characters are spelt out as ‹U+202E›."
                .to_owned(),
        ),
    ]);
    book.tab(head, &columns, rows.into_iter().map(|(label, value)| vec![text(label), text(value)]))
}

pub(super) fn summary(book: &mut Book, report: &Report) -> Result<(), WorkpaperError> {
    let verdicts = &report.verdicts;
    let head = Head {
        tab: "Summary",
        purpose: "The result of every test.",
        source: "Tests of 07_policy/controls/tests in the pack, on the tables of 04_population".to_owned(),
        procedure: "Every item of the population was tested, none was sampled.".to_owned(),
        result: format!(
            "Integrity: verified {} logs, worst {}. Population: {}, completeness {}. Control tests: {}, {} exceptions.",
            of(verdicts.logs_verified, verdicts.logs),
            verdicts.integrity,
            verdicts.population.replace('-', " "),
            verdicts.completeness,
            verdicts.tests.phrase(),
            report.exceptions.len()
        ),
    };
    let columns = [
        column("Test", 12),
        column("What holds when there is no exception", 48),
        column("Kind", 16),
        column("Severity", 10),
        column("Result", 22),
        column("Population", 12),
        column("Exceptions, or rows", 12),
        column("Accepted", 10),
        column("Untestable", 12),
        column("Pending", 10),
        column("Reliance", 10),
        column("Why", 70),
        auditor("W/P ref", 12, &[]),
        auditor("Comment", 30, &[]),
    ];
    let rows = report.tests.iter().map(|test| {
        vec![
            text(&test.id),
            text(&test.title),
            text(&test.kind),
            text(&test.severity),
            text(test.result.phrase()),
            Cell::Count(test.population),
            Cell::Count(test.exceptions),
            Cell::Count(test.accepted),
            Cell::Count(test.untestable),
            Cell::Count(test.pending),
            text(&test.reliance),
            text(test.reasons.join("; ")),
        ]
    });
    book.tab(head, &columns, rows)
}

pub(super) fn tickmarks(book: &mut Book) -> Result<(), WorkpaperError> {
    let head = Head {
        tab: "Tickmarks",
        purpose: "The marks of the tabs Population and Attributes.",
        source: "This workbook".to_owned(),
        procedure: "One mark per test and item; no tested cell is left empty.".to_owned(),
        result: "The auditor’s own marks go below.".to_owned(),
    };
    let columns = [column("Mark", 16), column("Meaning", 90), auditor("Auditor’s note", 40, &[])];
    book.tab(head, &columns, MARKS.into_iter().map(|(mark, meaning)| vec![text(mark), text(meaning)]))
}
