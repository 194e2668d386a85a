//! What `check --github` tells GitHub Actions: annotations, the step's summary, and its outputs.
//!
//! Log text could otherwise end a line and begin a workflow command, so every text is escaped for the place it goes to. The
//! caps are those of the service: it drops what exceeds them without a word.

use std::fs::OpenOptions;
use std::io::Write as _;

use super::Io;
use crate::error::Failure;
use crate::exit::Exit;
use crate::report::check::{Check, CheckException};
use crate::report::model::Report;
use crate::report::visible::visible;

/// Annotations of one step: the service shows ten errors and ten warnings, and the last here says how many more there are.
const MAX_ANNOTATIONS: usize = 9;
/// Bytes of a step's summary; the service refuses 1 MiB, and loses what comes close to it.
const MAX_SUMMARY: usize = 900 << 10;

/// Writes annotations to stderr, and the summary and outputs to the files that the service names.
///
/// # Errors
///
/// Where a named file cannot be written.
pub(super) fn speak(report: &Report, check: &Check, io: &mut Io<'_>) -> Result<(), Failure> {
    for line in annotations(check) {
        io.command(&line);
    }
    append("GITHUB_STEP_SUMMARY", &summary(report, check))?;
    append("GITHUB_OUTPUT", &outputs(check))
}

fn open(check: &Check) -> impl Iterator<Item = &CheckException> {
    check.exceptions.iter().filter(|exception| exception.state != "closed" && exception.accepted.is_none())
}

fn annotations(check: &Check) -> Vec<String> {
    let total = open(check).count();
    let shown = open(check).take(MAX_ANNOTATIONS).map(|exception| {
        let title = property(&format!("{} {}", exception.test, exception.severity));
        let text = format!(
            "{}: {} of {}, {}:{}",
            exception.summary, exception.native_id, exception.source, exception.object, exception.line
        );
        format!("::error title={title}::{}", data(&text))
    });
    let more = (total > MAX_ANNOTATIONS)
        .then(|| format!("::error title=countersign::and {} more exceptions", total - MAX_ANNOTATIONS));
    shown.chain(more).collect()
}

fn summary(report: &Report, check: &Check) -> String {
    let mut out = format!(
        "## Countersign: {}\n\nPeriod {} to {}, as of {}. Exit code {}. These are results of automated procedures; the \
         conclusion is the assessor's.\n\n| test | result | exceptions | population | untestable |\n|---|---|---|---|---|\n",
        cell(&report.system),
        check.period.from,
        check.period.to,
        check.as_of,
        check.exit
    );
    for test in &check.tests {
        out.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            cell(&test.id),
            test.result.phrase(),
            test.exceptions,
            test.population,
            test.untestable
        ));
    }
    out.push_str("\n| exception | severity | state | item | place |\n|---|---|---|---|---|\n");
    for (listed, exception) in check.exceptions.iter().enumerate() {
        let row = format!(
            "| {} {} | {} | {} | {} | {}:{} |\n",
            cell(&exception.test),
            cell(&exception.summary),
            cell(&exception.severity),
            exception.state,
            cell(&exception.native_id),
            cell(&exception.object),
            exception.line
        );
        if out.len() + row.len() > MAX_SUMMARY {
            out.push_str(&format!(
                "\n{listed} of {} shown; `check --json` lists all.\n",
                check.exceptions.len()
            ));
            break;
        }
        out.push_str(&row);
    }
    out
}

fn outputs(check: &Check) -> String {
    let new = check.exceptions.iter().filter(|exception| exception.state == "new").count();
    format!("exit={}\nexceptions={}\nnew={new}\n", check.exit, open(check).count())
}

fn append(variable: &str, text: &str) -> Result<(), Failure> {
    let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) else { return Ok(()) };
    let written = OpenOptions::new().append(true).create(true).open(&path);
    written.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        Failure::message(
            Exit::Incomplete,
            format!("cannot write the file that `{variable}` names: {error}"),
            "run this inside a step of GitHub Actions, or leave `--github` out",
        )
    })
}

/// Escapes the text of a workflow command.
fn data(text: &str) -> String {
    visible(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Escapes a cell of a Markdown table: no markup, no link, and no mention survives.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            c if c.is_ascii_punctuation() && !matches!(c, '-' | '.' | ',' | '/' | ':') => {
                out.extend(['\\', c])
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_a_log_begins_no_command_and_no_markup() {
        assert_eq!(data("a\n::set-output name=x::y%"), "a↵ ::set-output name=x::y%25");
        assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
        assert_eq!(cell("|<img>@team[x](y)"), "\\|&lt;img&gt;&#64;team\\[x\\]\\(y\\)");
    }
}
