//! CSV, for spreadsheets and scripts: every exception, and every item that did not simply hold. No list is cut.
//!
//! The files are RFC 4180 with LF at the line ends, and `docs/formats/csv.md` describes them. A spreadsheet takes a field that
//! begins with `=` for a formula, and log text is anybody's: [`field`] is the one way into a cell.

use std::io::{self, Write};

use super::model::Exception;
use super::visible::visible;
use crate::clock::Moment;

/// Columns of `exceptions.csv`.
const EXCEPTIONS: [&str; 16] = [
    "exception",
    "severity",
    "test",
    "also",
    "controls",
    "source",
    "native_id",
    "case",
    "subject",
    "time",
    "object",
    "line",
    "grade",
    "summary",
    "facts",
    "accepted",
];

/// Columns of `items.csv`.
const ITEMS: [&str; 10] =
    ["test", "item", "state", "reason", "source", "native_id", "time", "object", "line", "facts"];

/// An item of a test that did not simply hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ItemRow<'a> {
    /// Test.
    pub test: &'a str,
    /// Key of the subject in its table.
    pub item: &'a str,
    /// exception, accepted, untestable, or pending; of an indicator's row review, of an evidence-quality test's limited.
    pub state: &'static str,
    /// Defect phrase, what is to be looked at, or what is missing or awaited.
    pub reason: &'a str,
    /// Source id; empty where the item is no event.
    pub source: String,
    /// The product's own id.
    pub native_id: String,
    /// When it happened.
    pub time: Option<Moment>,
    /// Object.
    pub object: String,
    /// Line, from 1; 0 where the item is no event.
    pub line: u64,
    /// The facts of an item that did not hold, label and value.
    pub facts: &'a [(String, String)],
}

/// Writes `exceptions.csv`.
///
/// # Errors
/// When the output fails.
pub fn exceptions(exceptions: &[Exception], out: impl Write) -> io::Result<()> {
    let mut writer = Writer::new(out);
    writer.row(EXCEPTIONS)?;
    for exception in exceptions {
        writer.row([
            exception.id.as_str(),
            &exception.severity,
            &exception.test,
            &exception.also.join(" "),
            &exception.controls.join(" "),
            &exception.source,
            &exception.native_id,
            exception.case.as_deref().unwrap_or_default(),
            &exception.subject,
            &time(exception.time),
            &exception.object,
            &exception.line.to_string(),
            exception.grade.word(),
            &exception.summary,
            &facts(&exception.facts),
            exception.accepted.as_deref().unwrap_or_default(),
        ])?;
    }
    writer.end()
}

/// Writes `items.csv`.
///
/// # Errors
/// When the output fails.
pub fn items<'a>(items: impl Iterator<Item = ItemRow<'a>>, out: impl Write) -> io::Result<()> {
    let mut writer = Writer::new(out);
    writer.row(ITEMS)?;
    for item in items {
        writer.row([
            item.test,
            item.item,
            item.state,
            item.reason,
            &item.source,
            &item.native_id,
            &time(item.time),
            &item.object,
            &item.line.to_string(),
            &facts(item.facts),
        ])?;
    }
    writer.end()
}

/// Returns facts as one field, not yet safe for a spreadsheet.
pub(super) fn facts(facts: &[(String, String)]) -> String {
    facts.iter().map(|(label, value)| format!("{label}: {value}")).collect::<Vec<_>>().join("; ")
}

/// Writes rows whose every field has passed [`field`].
pub struct Writer<W: Write>(::csv::Writer<W>);

impl<W: Write> Writer<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self(::csv::Writer::from_writer(out))
    }

    /// Writes a row.
    ///
    /// # Errors
    /// When the output fails.
    pub fn row<'a>(&mut self, fields: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
        self.0.write_record(fields.into_iter().map(field)).map_err(io::Error::other)
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// When the output fails.
    pub fn end(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Returns `text` so that a spreadsheet shows it and never runs it, with invisible characters spelt out.
pub fn field(text: &str) -> String {
    guarded(&visible(text))
}

/// Returns `text` behind an apostrophe where a spreadsheet would take it for a formula.
///
/// A text that begins with an apostrophe gets one more, so that whoever takes one off again has every text as it was.
pub fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn time(at: Option<Moment>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn rows(bytes: &[u8]) -> Vec<Vec<String>> {
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn every_exception_is_a_row_and_none_is_cut() {
        let report = fixture::report_with_exceptions(7_001);
        let mut bytes = Vec::new();
        exceptions(&report.exceptions, &mut bytes).unwrap();
        let rows = rows(&bytes);
        assert_eq!(rows.len(), 7_002);
        assert_eq!(rows[0], EXCEPTIONS);
        for (row, exception) in rows[1..].iter().zip(&report.exceptions) {
            assert_eq!((&row[0], &row[11]), (&exception.id, &exception.line.to_string()));
        }
    }

    #[test]
    fn no_field_is_a_formula_and_taking_the_apostrophe_off_gives_the_text_again() {
        for text in ["=1+1", "+x", "-2", "@SUM(A1)", "'=x", "'", "", "plain", "a=b", "<U+0009>"] {
            let guarded = guarded(text);
            assert!(!guarded.starts_with(['=', '+', '-', '@']), "{guarded}");
            assert_eq!(guarded.strip_prefix('\'').unwrap_or(&guarded), text);
        }
        assert_eq!(field("\t=1"), "‹U+0009›=1");
    }

    #[test]
    fn hostile_text_stays_in_its_field() {
        let mut report = fixture::report();
        let exception = &mut report.exceptions[0];
        let hostile = format!("=HYPERLINK(\"http://x\",\"y\"),{}\r\n=1", fixture::HOSTILE);
        exception.native_id.clone_from(&hostile);
        exception.summary.clone_from(&hostile);
        exception.facts = vec![("=label".to_owned(), hostile)];
        let mut bytes = Vec::new();
        exceptions(&report.exceptions, &mut bytes).unwrap();
        let rows = rows(&bytes);
        assert_eq!(rows.len(), report.exceptions.len() + 1, "a line end in a field ended the row");
        for value in rows.iter().flatten() {
            assert!(!value.starts_with(['=', '+', '-', '@', '\t', '\r']), "{value}");
            assert_eq!(*value, visible(value), "{value:?}");
        }
        assert!(rows[1][6].starts_with("'=HYPERLINK(\"http://x\""), "{}", rows[1][6]);
    }
}
