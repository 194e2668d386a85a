//! Section 1: the report on one page, and beside it what the report does not cover.

use super::build::{chip, note, table};
use super::text::{DOT, count, minute_or_dash, of, place, plural, span};
use super::{View, section, tone};
use crate::integrity::verdict::Verdict;
use crate::report::document::{Block, Chip, Section, Text, Tone};
use crate::report::model::{Report, TestOutcome};

const TOP: usize = 5;

pub(super) fn write(view: &View, sections: &mut Vec<Section>) {
    let report = view.report;
    let blocks = vec![summary(report), Block::Chips { chips: chips(report) }, top(view), not_covered(report)];
    sections.push(section("1", "at-a-glance", "At a glance", blocks));
}

/// Says in a few sentences what was found; an altered log comes before everything else.
fn summary(report: &Report) -> Block {
    let read: u64 = report.sources.iter().map(|source| source.tally.read).sum();
    let lead = format!(
        "{} were applied to {} from {}, {}.",
        plural(report.tests.len(), "test", "tests"),
        plural(read, "record", "records"),
        plural(report.sources.len(), "source", "sources"),
        span(report.period)
    );
    let mut paragraphs = vec![lead];
    let altered: Vec<_> = report.logs.iter().filter(|log| log.verdict == Verdict::Altered).collect();
    for log in &altered {
        let first = log
            .breaks
            .first()
            .map_or_else(String::new, |b| format!(", first at {} ({})", place(&b.object, b.line), b.kind));
        paragraphs.push(format!(
            "Alteration was detected in log {}{first}. Results that rest on the records concerned are unable to test. \
             Preserve the original files.",
            log.log
        ));
    }
    let ids = |wanted| {
        report
            .tests
            .iter()
            .filter(|t| t.result == wanted)
            .map(|t| t.id.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let exceptions = ids(TestOutcome::Exception);
    if exceptions.is_empty() && !report.tests.is_empty() && read > 0 {
        paragraphs.push("No exceptions were noted in the tests that could be completed.".to_owned());
    } else if !exceptions.is_empty() {
        paragraphs.push(format!(
            "{} noted, in {exceptions}.",
            plural(report.exceptions.len(), "exception was", "exceptions were")
        ));
    }
    let unable = ids(TestOutcome::UnableToTest);
    if !unable.is_empty() {
        paragraphs.push(format!(
            "Could not be completed: {unable}. No result is reported for what rests on them alone."
        ));
    }
    if read == 0 {
        paragraphs.push("No record was read. An empty input is not a result.".to_owned());
    }
    let tone = match (altered.is_empty(), report.verdicts.tests) {
        (false, _) => Tone::Bad,
        (true, outcome) => tone::outcome(outcome),
    };
    note(tone, "What was found", paragraphs)
}

fn chips(report: &Report) -> Vec<Chip> {
    let read: u64 = report.sources.iter().map(|source| source.tally.read).sum();
    let mapped: u64 = report.sources.iter().map(|source| source.tally.mapped).sum();
    let sum = |f: fn(&crate::report::model::Day) -> u64| report.days.iter().map(f).sum::<u64>();
    let approved = sum(|day| day.approved);
    let executions = sum(|day| day.approved + day.automatic + day.break_glass + day.exceptions + day.other);
    let accepted = report.exceptions.iter().filter(|e| e.accepted.is_some()).count();
    let unable = report.tests.iter().filter(|t| t.result == TestOutcome::UnableToTest).count();
    let days = report.sources.iter().map(|source| source.days_covered).min().unwrap_or(0);
    let exceptions = report.exceptions.len();
    let shade = |n: usize, tone| if n == 0 { Tone::Plain } else { tone };
    vec![
        chip("Records read", count(read), format!("{} gave events", of(mapped, read)), Tone::Plain),
        chip("Executions", count(executions), "in the period, of every kind".to_owned(), Tone::Plain),
        chip("Approved by a person", of(approved, executions), "gated, without an exception", Tone::Plain),
        chip(
            "Exceptions",
            count(exceptions),
            format!("{} accepted by a waiver", of(accepted, exceptions)),
            shade(exceptions, Tone::Bad),
        ),
        chip(
            "Unable to test",
            of(unable, report.tests.len()),
            format!("tests; {} listed", plural(report.untestable.len(), "item", "items")),
            shade(unable, Tone::Unknown),
        ),
        chip("Days with records", of(days, report.days.len()), "in the source with the fewest", Tone::Plain),
    ]
}

fn top(view: &View) -> Block {
    let table = table("top-exceptions", "Most severe exceptions")
        .column("Exception", 34)
        .column("Severity", 12)
        .column("Test", 13)
        .column("When (UTC)", 17)
        .column("Where", 30)
        .empty("No exception is listed.")
        .capped(&view.report.exceptions, TOP, "exceptions", |exception| {
            let title = format!("{}{DOT}{}", exception.summary, exception.native_id);
            vec![
                view.links.exception(Text::body(title), &exception.id),
                Text::mark(&exception.severity, tone::severity(&exception.severity)),
                view.links.test(Text::mono(&exception.test), &exception.test),
                Text::body(minute_or_dash(exception.time)),
                Text::mono(place(&exception.object, exception.line)),
            ]
        });
    let rest = table.rest.as_ref().map(|_| "section 7".to_owned());
    Block::Table(crate::report::document::Table { rest, ..table })
}

/// The box of equal weight: each line is true of this report, not of reports in general.
fn not_covered(report: &Report) -> Block {
    let sources = report.sources.iter().map(|source| source.id.as_str()).collect::<Vec<_>>().join(", ");
    let mut lines = vec![
        format!("Records outside the {}{}.", plural(report.sources.len(), "source", "sources"), if sources.is_empty() { String::new() } else { format!(" named here ({sources})") }),
        "Actions that were never logged. Chains and signatures show that a record was changed or removed inside a verified range; they cannot show that an action left none.".to_owned(),
        format!("Anything outside {}, and anything after the as-of moment.", span(report.period)),
    ];
    let uncovered = report.verdicts.logs.saturating_sub(report.verdicts.logs_verified);
    if uncovered > 0 {
        lines.push(format!(
            "Whether {} still hold what was written: they are not verified.",
            of(uncovered, report.verdicts.logs) + " logs"
        ));
    }
    let without: usize = report.controls.iter().filter(|control| control.tests.is_empty()).count();
    if without > 0 {
        lines.push(format!(
            "{} controls of the frameworks: no test here bears on them.",
            of(without, report.controls.len())
        ));
    }
    let elsewhere: Vec<_> = report
        .tests
        .iter()
        .filter(|t| t.result == TestOutcome::NotEvidencedHere)
        .map(|t| t.id.as_str())
        .collect();
    if !elsewhere.is_empty() {
        lines.push(format!("Tests that no configured source can feed: {}.", elsewhere.join(", ")));
    }
    lines.push(
        "The design of controls, and whether the rules that say what must be approved are the right ones."
            .to_owned(),
    );
    note(Tone::Caution, "What this does not cover", lines)
}
