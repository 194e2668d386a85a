//! Section 7: every exception with the line that shows it, and what could not be tested.

use std::collections::BTreeSet;

use super::build::{paragraph, table};
use super::text::{DOT, listed, local_id, of, place, plural, second_or_dash, short};
use super::{MAX_EXCEPTIONS, MAX_ROWS, View, links, section, subsection, tone};
use crate::report::document::{Block, Section, Table, Text};
use crate::report::model::{Exception, Untestable};

pub(super) fn write(view: &View, sections: &mut Vec<Section>) {
    let report = view.report;
    let shown = report.exceptions.len().min(MAX_EXCEPTIONS);
    let accepted = report.exceptions.iter().filter(|e| e.accepted.is_some()).count();
    sections.push(section("7", "exceptions", "Exceptions register", vec![
        paragraph(format!(
            "{} shown; {} accepted by a waiver. An id stays the same when the log is exported again. Each row names the object and line that show it.",
            of(shown, report.exceptions.len()),
            of(accepted, report.exceptions.len()),
        )),
        Block::Table(register(view)),
        paragraph("Management’s response, owner, and due date for each are not part of this document."),
    ]));
    sections.push(subsection("7.1", "untestable", "Items that could not be tested", vec![
        paragraph("An item is untestable when a missing value would change its outcome. It is not counted as held."),
        Block::Table(items(view, "untestable-list", "Untestable items", "untestable", &report.untestable)),
    ]));
    sections.push(subsection(
        "7.2",
        "pending",
        "Pending items",
        vec![
            paragraph("Their limit ends after the as-of moment; the next report has to look at them again."),
            Block::Table(items(view, "pending-list", "Pending items", "pending", &report.pending)),
        ],
    ));
}

fn register(view: &View) -> Table {
    table("exception-register", "Exceptions, most severe first")
        .column("Exception", 12)
        .column("Severity", 11)
        .column("Test", 10)
        .column("Occurred (UTC)", 11)
        .column("What was found", 28)
        .column("Where", 16)
        .column("Case", 12)
        .column("Bears on", 9)
        .empty("No exception is listed.")
        .filter()
        .capped(
            &first_of_each(&view.report.exceptions),
            MAX_EXCEPTIONS,
            "exceptions",
            |(exception, first)| row(view, exception, *first),
        )
}

/// Marks the first exception with each id: the one that links to the id lead to.
fn first_of_each(exceptions: &[Exception]) -> Vec<(&Exception, bool)> {
    let mut seen = BTreeSet::new();
    exceptions.iter().map(|exception| (exception, seen.insert(&exception.id))).collect()
}

fn row(view: &View, exception: &Exception, first: bool) -> Vec<Text> {
    let tests: Vec<&str> =
        std::iter::once(exception.test.as_str()).chain(exception.also.iter().map(String::as_str)).collect();
    let controls: Vec<&str> = exception.controls.iter().map(|id| local_id(id)).collect();
    let case = match &exception.case {
        Some(case) => view.links.case(Text::mono(case), case),
        None => Text::body("–"),
    };
    let tone = tone::severity(&exception.severity);
    let severity = match &exception.accepted {
        None => Text::mark(&exception.severity, tone),
        Some(_) => Text::mark(format!("{}{DOT}accepted", exception.severity), tone),
    };
    let id = Text::mono(short(&exception.id));
    vec![
        if first { id.at(links::anchor("exception", &exception.id)) } else { id },
        severity,
        view.links.test(Text::mono(tests.join(DOT)), &exception.test),
        Text::body(second_or_dash(exception.time)),
        Text::body(found(exception)),
        Text::mono(
            [
                place(&exception.object, exception.line).as_str(),
                exception.source.as_str(),
                exception.grade.word(),
            ]
            .join(DOT),
        ),
        case,
        Text::body(listed(&controls)),
    ]
}

/// Returns the defect phrase, the product's own id, and the facts.
fn found(exception: &Exception) -> String {
    let mut parts = vec![exception.summary.clone(), format!("{} {}", exception.subject, exception.native_id)];
    parts.extend(exception.accepted.iter().map(|waiver| format!("accepted by waiver {waiver}")));
    parts.extend(exception.facts.iter().map(|(label, value)| format!("{label}: {value}")));
    parts.join(DOT)
}

fn items(view: &View, id: &str, caption: &str, member: &str, items: &[Untestable]) -> Table {
    let caption = format!("{caption}: {}", plural(items.len(), "item", "items"));
    table(id, caption)
        .column("Item", 24)
        .column("Test", 13)
        .column("Source", 16)
        .column("Missing", 22)
        .column("Where", 25)
        .empty("None.")
        .filter()
        .capped(items, MAX_ROWS, member, |item| {
            vec![
                Text::mono(&item.native_id),
                view.links.test(Text::mono(&item.test), &item.test),
                Text::mono(&item.source),
                Text::mono(&item.reason),
                Text::mono(place(&item.object, item.line)),
            ]
        })
}
