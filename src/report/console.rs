//! The summary that `report` and `check` print: at most 25 lines that say what happened and where to look.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::model::{Exception, Log, Report, Test, TestOutcome};
use super::visible::is_hidden;
use crate::integrity::verdict::Verdict;

/// The most lines printed.
pub const MAX_LINES: usize = 25;

/// Logs listed one by one.
const MAX_LOGS: usize = 6;

/// Returns the summary of a report, one string per line.
pub fn summary(report: &Report) -> Vec<String> {
    let mut lines = vec![
        format!(
            "{} · {} · {} to {} · as of {}",
            clean(&report.entity),
            clean(&report.system),
            report.period.from.day(),
            report.period.to.day(),
            report.as_of.minute()
        ),
        records(report),
        format!("Integrity    verified {} of {} logs", report.verdicts.logs_verified, report.verdicts.logs),
    ];
    lines.extend(report.logs.iter().take(MAX_LOGS).map(log));
    if report.logs.len() > MAX_LOGS {
        lines.push(format!("               … and {} more", report.logs.len() - MAX_LOGS));
    }
    lines.push(population(report));
    lines.push(outcomes(report));
    lines.push(exceptions(report));
    let room = MAX_LINES - 3 - lines.len();
    let failing: Vec<&Test> = report.tests.iter().filter(|test| test.exceptions > 0).collect();
    let shown = if failing.len() > room { room.saturating_sub(1) } else { failing.len() };
    lines.extend(failing.iter().take(shown).map(|test| example(test, &report.exceptions)));
    if failing.len() > shown {
        lines.push(format!("  … and {} more tests with exceptions", failing.len() - shown));
    }
    lines
}

fn records(report: &Report) -> String {
    let mut parts: BTreeMap<&str, u64> = BTreeMap::new();
    for source in &report.sources {
        let tally = &source.tally;
        for (label, count) in [
            ("mapped", tally.mapped),
            ("ignored", tally.ignored.values().sum()),
            ("observations", tally.observations),
            ("housekeeping", tally.housekeeping),
            ("rejected", tally.rejected.values().sum()),
            ("duplicates", tally.duplicates),
        ] {
            *parts.entry(label).or_default() += count;
        }
    }
    let read: u64 = report.sources.iter().map(|source| source.tally.read).sum();
    let sum: Vec<String> = ["mapped", "housekeeping", "ignored", "observations", "duplicates", "rejected"]
        .iter()
        .filter_map(|label| parts.get(label).map(|count| (label, *count)))
        .filter(|(_, count)| *count > 0)
        .map(|(label, count)| format!("{} {label}", grouped(count)))
        .collect();
    format!("Sources      {} · {} records = {}", report.sources.len(), grouped(read), sum.join(" + "))
}

fn log(log: &Log) -> String {
    let name = if log.log == log.source { log.log.clone() } else { format!("{}/{}", log.source, log.log) };
    let mut line =
        format!("  {:<18} {:<15} {}, {}", clean(&name), log.verdict, log.integrity, log.completeness);
    if log.verdict == Verdict::Verified {
        let _ = write!(line, ", {} of {} records covered", grouped(log.covered), grouped(log.records));
    } else if let Some(first) = log.breaks.first().filter(|_| log.verdict == Verdict::Altered) {
        let _ = write!(line, ", {} at {}:{}", first.kind, clean(&first.object), first.line);
    }
    line
}

fn population(report: &Report) -> String {
    let mut line = format!("Population   {}", report.verdicts.population.replace('-', " "));
    if let Some(hole) = report.holes.first() {
        let _ = write!(
            line,
            " · {} {}, first: {} {} from {} to {}",
            report.holes.len(),
            if report.holes.len() == 1 { "hole" } else { "holes" },
            hole.kind,
            clean(&hole.source),
            hole.span.from.minute(),
            hole.span.to.minute()
        );
    }
    line
}

fn outcomes(report: &Report) -> String {
    let parts: Vec<String> = report
        .verdicts
        .outcomes
        .iter()
        .map(|(outcome, count)| format!("{count} {}", outcome.phrase()))
        .collect();
    format!("Tests        {} · {}", report.tests.len(), parts.join(" · "))
}

fn exceptions(report: &Report) -> String {
    if report.exceptions.is_empty() {
        let untestable: u64 = report.tests.iter().map(|test| test.untestable).sum();
        return format!("Exceptions   0 · {} items untestable", grouped(untestable));
    }
    let mut severities: BTreeMap<&str, usize> = BTreeMap::new();
    for exception in &report.exceptions {
        *severities.entry(exception.severity.as_str()).or_default() += 1;
    }
    let parts: Vec<String> = ["critical", "high", "medium", "low"]
        .iter()
        .filter_map(|severity| severities.get(severity).map(|count| format!("{severity} {count}")))
        .collect();
    format!("Exceptions   {} · {}", grouped(report.exceptions.len() as u64), parts.join(", "))
}

fn example(test: &Test, exceptions: &[Exception]) -> String {
    let first = exceptions.iter().find(|e| e.test == test.id || e.also.contains(&test.id));
    let mut line = format!(
        "  {:<9} {:<32} {} of {}",
        test.id,
        test.slug.replace('-', " "),
        grouped(test.exceptions),
        grouped(test.population)
    );
    if let Some(first) = first {
        let _ = write!(line, " · {} {}:{}", clean(&first.native_id), clean(&first.object), first.line);
    }
    line
}

/// Returns the one line that says how the run ended.
pub fn conclusion(report: &Report, exit: u8) -> String {
    let what = match report.verdicts.tests {
        _ if report.verdicts.integrity == Verdict::Altered => "a log is altered".to_owned(),
        TestOutcome::Exception => "exceptions noted".to_owned(),
        outcome => outcome.phrase().to_owned(),
    };
    format!("Result       {what} · exit {exit}")
}

/// Returns `count` with its digits in groups of three.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (digit, left) in digits.chars().zip((0..digits.len()).rev()) {
        out.push(digit);
        if left > 0 && left % 3 == 0 {
            out.push(',');
        }
    }
    out
}

/// Returns `text` without anything a terminal would act on.
///
/// Control characters (C0, C1, and so every escape sequence), line ends, and what leaves no trace or turns the line around are
/// printed as code points.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            let _ = write!(out, "<U+{:04X}>", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        assert_eq!(
            ["0", "999", "1,000", "1,234,567"],
            [0, 999, 1_000, 1_234_567].map(grouped).each_ref().map(String::as_str)
        );
    }

    #[test]
    fn escapes_and_overrides_are_made_visible() {
        assert_eq!(clean("a\u{1b}[31mb\u{202e}c\u{9b}"), "a<U+001B>[31mb<U+202E>c<U+009B>");
    }
}
