//! Controls, exceptions, and the mapping between tests and controls.

use std::collections::BTreeMap;

use super::sheet::{Book, Cell, Head, auditor, column, iso, text};
use super::{MAX_EXCEPTIONS, WorkpaperError};
use crate::report::csv::facts;
use crate::report::model::{Control, Exception, Noted, Report};
use crate::report::view::text::of;

const APPLICABLE: &[&str] = &["yes", "no"];
const STATUS: &[&str] = &["open", "in progress", "closed", "accepted"];
/// How ISO auditors grade; the tool does not.
const GRADES: &[&str] = &["major", "minor", "opportunity for improvement", "none"];

pub(super) fn controls(book: &mut Book, report: &Report) -> Result<(), WorkpaperError> {
    let with_tests = report.controls.iter().filter(|control| !control.tests.is_empty()).count();
    let head = Head {
        tab: "Controls",
        purpose: "Every control of every framework, and what the tests say about it.",
        source: "Catalogues and mappings of 07_policy/controls in the pack; ids are the framework’s, the wording is ours"
            .to_owned(),
        procedure: "A control is as weak as the weakest of its tests, and reaches no further than approval logs do.".to_owned(),
        result: format!("{} controls have tests", of(with_tests, report.controls.len())),
    };
    let columns = [
        column("Control", 22),
        column("In our words", 44),
        column("Group", 20),
        column("Status", 16),
        column("Reach of approval logs", 14),
        column("Shown as far as", 14),
        column("Population", 12),
        column("Exceptions", 12),
        column("Tests", 26),
        column("Why", 60),
        auditor("Auditor’s conclusion", 24, &[]),
        auditor("W/P ref", 12, &[]),
    ];
    let rows = report.controls.iter().map(|control| {
        vec![
            text(&control.id),
            text(&control.title),
            text(&control.group),
            text(control.status.replace('_', " ")),
            text(&control.reach),
            text(&control.cap),
            Cell::Count(control.population),
            Cell::Count(control.exceptions),
            text(control.tests.join(", ")),
            text(control.reasons.join("; ")),
        ]
    });
    book.tab(head, &columns, rows)
}

pub(super) fn exceptions(book: &mut Book, report: &Report) -> Result<(), WorkpaperError> {
    let shown = report.exceptions.len().min(MAX_EXCEPTIONS);
    let head = Head {
        tab: "Exceptions",
        purpose: "Every exception, with room for management’s response and the auditor’s grade.",
        source: "report.json, exceptions; 02_machine/exceptions.csv of the pack has the same rows".to_owned(),
        procedure: "An item that is an exception of several tests is one row, under the most specific."
            .to_owned(),
        result: format!("{} exceptions listed", of(shown, report.exceptions.len())),
    };
    let columns = [
        column("Exception", 20),
        column("Severity (the tool’s triage)", 12),
        column("Test", 11),
        column("Also", 16),
        column("Controls", 34),
        column("Occurred (UTC)", 20),
        column("ISO 8601", 26),
        column("What was found", 34),
        column("Facts", 70),
        column("Source", 16),
        column("Product’s own id", 20),
        column("Case", 28),
        column("Object", 34),
        column("Line", 8),
        column("Grade", 16),
        column("Accepted by waiver", 14),
        auditor("Management response", 40, &[]),
        auditor("Owner", 18, &[]),
        auditor("Due", 12, &[]),
        auditor("Status", 12, STATUS),
        auditor("Auditor’s grade", 16, GRADES),
        auditor("W/P ref", 12, &[]),
    ];
    let rows = report.exceptions.iter().take(MAX_EXCEPTIONS).map(exception);
    book.tab(head, &columns, rows)
}

fn exception(exception: &Exception) -> Vec<Cell> {
    vec![
        text(&exception.id),
        text(&exception.severity),
        text(&exception.test),
        text(exception.also.join(", ")),
        text(exception.controls.join(", ")),
        Cell::Time(exception.time),
        iso(exception.time),
        text(&exception.summary),
        text(facts(&exception.facts)),
        text(&exception.source),
        text(&exception.native_id),
        text(exception.case.clone().unwrap_or_default()),
        text(&exception.object),
        Cell::Count(exception.line),
        text(exception.grade.word()),
        text(exception.accepted.clone().unwrap_or_default()),
    ]
}

/// Writes the rows that are no exceptions: what a person must judge, and what limits reliance.
pub(super) fn noted(book: &mut Book, report: &Report) -> Result<(), WorkpaperError> {
    let of_kind = |kind: &str| -> u64 {
        report.tests.iter().filter(|test| test.kind == kind).map(|test| test.exceptions).sum()
    };
    let head = Head {
        tab: "For_Review",
        purpose: "Rows of indicators, which a person must judge, and rows that limit reliance. None is an exception.",
        source: "report.json, review and limited; 02_machine/items.csv of the pack has every row".to_owned(),
        procedure:
            "A row about a person, a pair, or a group stands for several records; its facts say how many."
                .to_owned(),
        result: format!(
            "{} rows for review listed, {} rows that limit reliance",
            of(report.review.len(), of_kind("indicator")),
            of(report.limited.len(), of_kind("evidence-quality"))
        ),
    };
    let columns = [
        column("Test", 11),
        column("Says", 16),
        column("Item", 30),
        column("One item is", 16),
        column("Occurred (UTC)", 20),
        column("ISO 8601", 26),
        column("What was found", 40),
        column("Facts", 70),
        column("Source", 16),
        column("Product’s own id", 24),
        column("Object", 34),
        column("Line", 8),
        auditor("Judgement", 40, &[]),
        auditor("Judged by", 18, &[]),
        auditor("W/P ref", 12, &[]),
    ];
    let review = report.review.iter().map(|row| (row, "for review"));
    let limited = report.limited.iter().map(|row| (row, "limits reliance"));
    let rows = review.chain(limited).take(MAX_EXCEPTIONS).map(|(row, says)| noted_row(row, says));
    book.tab(head, &columns, rows)
}

fn noted_row(row: &Noted, says: &str) -> Vec<Cell> {
    vec![
        text(&row.test),
        text(says),
        text(&row.item),
        text(row.subject.replace('_', " ")),
        Cell::Time(row.time),
        iso(row.time),
        text(&row.reason),
        text(facts(&row.facts)),
        text(&row.source),
        text(&row.native_id),
        text(&row.object),
        Cell::Count(row.line),
    ]
}

pub(super) fn mapping(book: &mut Book, report: &Report) -> Result<(), WorkpaperError> {
    let head = Head {
        tab: "Mapping_SoA",
        purpose: "Which test bears on which control, in the columns of a statement of applicability.",
        source: "07_policy/controls/mappings of the pack".to_owned(),
        procedure:
            "A link is a claim that a person made, with what it leaves open. None says that a control is met."
                .to_owned(),
        result: format!("{} links", report.mappings.len()),
    };
    let columns = [
        column("Control", 22),
        column("In our words", 44),
        column("Test", 11),
        column("Relation", 12),
        column("Why", 54),
        column("Not shown", 54),
        column("Confidence", 12),
        column("Reviewed by a named person", 14),
        auditor("Applicable", 12, APPLICABLE),
        auditor("Justification", 34, &[]),
        auditor("Implementation summary", 34, &[]),
        auditor("Evidence ref", 14, &[]),
        auditor("Owner", 18, &[]),
        auditor("Review date", 14, &[]),
    ];
    let titles: BTreeMap<&str, &Control> =
        report.controls.iter().map(|control| (control.id.as_str(), control)).collect();
    let rows = report.mappings.iter().map(|link| {
        let title = titles.get(link.control.as_str()).map(|control| control.title.clone());
        vec![
            text(&link.control),
            text(title.unwrap_or_default()),
            text(&link.test),
            text(&link.relation),
            text(&link.why),
            text(&link.not_shown),
            text(&link.confidence),
            text(if link.reviewed { "yes" } else { "no" }),
        ]
    });
    book.tab(head, &columns, rows)
}
