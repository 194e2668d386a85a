//! `countersign diff`: what changed between two packs.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::{Io, input};
use crate::error::Failure;
use crate::exit::Exit;
use crate::report::console::clean;
use crate::report::diff::{Change, Diff, ExceptionChange, LogState, Side, SourceState, TestState};
use crate::report::json;
use crate::report::model::Report;
use crate::report::view::text::{place, short};

/// Entries printed of one list; `--json` has all.
const MAX_LISTED: usize = 12;

/// Show what changed between two packs: results, exceptions, sources, keys, and rules
#[derive(Args, Debug)]
pub(super) struct DiffArgs {
    /// The earlier pack
    before: PathBuf,
    /// The later pack
    after: PathBuf,
    /// Print the differences as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &DiffArgs, io: &mut Io<'_>) -> Result<Exit, Failure> {
    let (before, after) = (report(&args.before)?, report(&args.after)?);
    let diff = Diff::new(&before, &after);
    if args.json {
        io.result(&serde_json::to_string_pretty(&diff).expect("strings and numbers are JSON"))?;
    } else {
        print(&diff, io)?;
    }
    io.note("both seals hold; who signed, and whether the results follow from the logs, `countersign verify` tells");
    Ok(Exit::Done)
}

/// Returns the report of a pack, once its seal holds.
fn report(path: &Path) -> Result<Report, Failure> {
    let pack = input::open(path)?;
    json::parse(&pack.report_json()?).map_err(|error| Failure::new(Exit::Usage, &error, error.help()))
}

fn print(diff: &Diff, io: &mut Io<'_>) -> Result<(), Failure> {
    io.result(&side("Before", &diff.before))?;
    io.result(&side("After", &diff.after))?;
    for note in &diff.notes {
        io.result(&format!("  = note: {}", clean(note)))?;
    }
    let count = |state: &str| diff.exceptions.iter().filter(|found| found.state == state).count();
    let states = ["new", "updated", "closed", "out-of-window", "source-missing"];
    let states: Vec<String> = states
        .iter()
        .map(|state| (count(state), state))
        .filter(|(count, _)| *count > 0)
        .map(|(count, state)| format!("{count} {}", state.replace('-', " ")))
        .collect();
    let states = if states.is_empty() { String::new() } else { format!(" · {}", states.join(" · ")) };
    io.result(&format!("Exceptions   {} unchanged{states}", diff.unchanged))?;
    list(&diff.exceptions, io, exception)?;
    changed("Tests", &diff.tests, io, test)?;
    changed("Controls", &diff.controls, io, Clone::clone)?;
    changed("Sources", &diff.sources, io, source)?;
    changed("Logs", &diff.logs, io, log)?;
    changed("Keys", &diff.keys, io, |key| key.standing.clone())?;
    changed("Policy", &diff.policy, io, |digest| short(&digest.to_string()))?;
    changed("Parameters", &diff.parameters, io, ToString::to_string)?;
    changed("Settings", &diff.settings, io, Clone::clone)
}

fn side(label: &str, side: &Side) -> String {
    clean(&format!(
        "{label:<12} {} · {} · {} to {} · as of {} · results {}",
        side.entity,
        side.system,
        side.period.from.day(),
        side.period.to.day(),
        side.as_of.minute(),
        short(&side.results.to_string())
    ))
}

/// Prints a list of changes: what it was, and what it is.
fn changed<T: Serialize>(
    label: &str,
    changes: &[Change<T>],
    io: &mut Io<'_>,
    say: impl Fn(&T) -> String,
) -> Result<(), Failure> {
    if changes.is_empty() {
        return io.result(&format!("{label:<12} no difference"));
    }
    io.result(&format!("{label:<12} {} differ", changes.len()))?;
    list(changes, io, |change| {
        let (before, after) = (change.before.as_ref().map(&say), change.after.as_ref().map(&say));
        match (before, after) {
            (Some(before), Some(after)) if before == after => format!("{}: {after}, in details", change.id),
            (Some(before), Some(after)) => format!("{}: {before} → {after}", change.id),
            (None, Some(after)) => format!("{}: new, {after}", change.id),
            (Some(before), None) => format!("{}: gone, was {before}", change.id),
            (None, None) => change.id.clone(),
        }
    })
}

fn list<T>(entries: &[T], io: &mut Io<'_>, line: impl Fn(&T) -> String) -> Result<(), Failure> {
    for entry in entries.iter().take(MAX_LISTED) {
        io.result(&format!("  {}", clean(&line(entry))))?;
    }
    if entries.len() > MAX_LISTED {
        io.result(&format!("  … and {} more; `--json` has all", entries.len() - MAX_LISTED))?;
    }
    Ok(())
}

fn exception(found: &ExceptionChange) -> String {
    format!(
        "{:<14} {} {:<8} {:<9} {}: {} {}",
        found.state.replace('-', " "),
        short(&found.id),
        found.severity,
        found.test,
        found.summary,
        found.native_id,
        place(&found.object, found.line)
    )
}

fn test(test: &TestState) -> String {
    let mut text = format!("{}, {} of {}", test.result.phrase(), test.exceptions, test.population);
    if test.untestable > 0 {
        text.push_str(&format!(", {} untestable", test.untestable));
    }
    text
}

fn source(source: &SourceState) -> String {
    format!("{}, {} records in {} objects, {}", source.profile, source.records, source.objects, source.grade)
}

fn log(log: &LogState) -> String {
    format!("{}, {}, {}, {} records", log.verdict, log.integrity, log.completeness, log.records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn printed(before: &Report, after: &Report) -> String {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut io = Io { out: &mut out, err: &mut err, quiet: false };
        print(&Diff::new(before, after), &mut io).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn hostile_text_begins_no_line_and_moves_no_cursor() {
        let (plain, hostile) = (fixture::report(), fixture::hostile());
        let mut changed = hostile.clone();
        changed.exceptions.truncate(1);
        for (before, after) in [(&plain, &hostile), (&hostile, &plain), (&hostile, &changed)] {
            let text = printed(before, after);
            assert!(fixture::is_plain(&text), "something hidden is left");
            for line in text.lines() {
                let ours = [
                    "Before ",
                    "After ",
                    "Exceptions ",
                    "Tests ",
                    "Controls ",
                    "Sources ",
                    "Logs ",
                    "Keys ",
                    "Policy ",
                    "Parameters ",
                    "Settings ",
                    "  ",
                ];
                assert!(ours.iter().any(|start| line.starts_with(start)), "{line}");
            }
        }
        let text = printed(&plain, &hostile);
        assert!(
            text.contains("<U+001B>[31m") && text.contains("<U+202E>gpj.exe"),
            "the text itself is there"
        );
    }
}
