//! A CSV file with the columns that its format knows: header, rows, and the line of each.

use std::collections::BTreeMap;

use super::error::ReferenceError;
use crate::clock::Moment;
use crate::identity::Roster;
use crate::settings::near;

/// The columns that a file must have, and those that it may have.
pub(super) struct Format {
    pub(super) required: &'static [&'static str],
    pub(super) optional: &'static [&'static str],
}

/// One row, with its place for errors.
pub(super) struct Line<'a> {
    path: &'a str,
    line: u64,
    cells: BTreeMap<&'static str, String>,
}

/// Reads the rows of `text`; `path` names it in errors.
pub(super) fn lines<'a>(path: &'a str, text: &str, format: &Format) -> Result<Vec<Line<'a>>, ReferenceError> {
    let wrong = |line: u64, message: String, help: String| {
        let path = path.to_owned();
        ReferenceError::Invalid { path, line, message, help }
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut columns: Vec<&'static str> = Vec::new();
    let mut lines: Vec<Line<'a>> = Vec::new();
    let mut seen: BTreeMap<Vec<String>, u64> = BTreeMap::new();
    for (record, at) in reader.records().zip(1..) {
        let record = record.map_err(|error| {
            let line = error.position().map_or(at, csv::Position::line);
            wrong(line, error.to_string(), format!("the columns are `{}`", format.names().join(",")))
        })?;
        let line = record.position().map_or(at, csv::Position::line);
        if columns.is_empty() {
            columns = header(&record, format).map_err(|(message, help)| wrong(line, message, help))?;
            continue;
        }
        let values: Vec<String> = record.iter().map(str::to_owned).collect();
        if let Some(first) = seen.insert(values.clone(), line) {
            let help = "remove one of the two rows".to_owned();
            return Err(wrong(line, format!("the row says what line {first} says"), help));
        }
        let cells = columns.iter().copied().zip(values).collect();
        lines.push(Line { path, line, cells });
    }
    if columns.is_empty() {
        let names = format.names().join(",");
        return Err(wrong(1, "there is no header".to_owned(), format!("begin the file with `{names}`")));
    }
    Ok(lines)
}

fn header(record: &csv::StringRecord, format: &Format) -> Result<Vec<&'static str>, (String, String)> {
    let names = format.names();
    let all = format!("the columns are `{}`", names.join(","));
    let mut columns = Vec::new();
    for name in record {
        let Some(column) = names.iter().find(|known| *known == &name) else {
            let help = match near(name, names.iter().copied()) {
                Some(word) => format!("did you mean `{word}`? {all}"),
                None => all,
            };
            return Err((format!("unknown column `{name}`"), help));
        };
        if columns.contains(column) {
            return Err((format!("the column `{name}` stands twice"), all));
        }
        columns.push(column);
    }
    match format.required.iter().find(|name| !columns.contains(name)) {
        Some(name) => Err((format!("missing column `{name}`"), all)),
        None => Ok(columns),
    }
}

impl Format {
    fn names(&self) -> Vec<&'static str> {
        self.required.iter().chain(self.optional).copied().collect()
    }
}

impl Line<'_> {
    /// Returns the error that `message` is on this line.
    pub(super) fn wrong(&self, message: impl Into<String>, help: &str) -> ReferenceError {
        ReferenceError::Invalid {
            path: self.path.to_owned(),
            line: self.line,
            message: message.into(),
            help: help.to_owned(),
        }
    }

    /// Returns the line, from 1.
    pub(super) fn number(&self) -> u64 {
        self.line
    }

    /// Returns the value of a column; none where it is empty, or where the file has no such column.
    pub(super) fn value(&self, column: &str) -> Option<&str> {
        self.cells.get(column).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns the value of a column that must not be empty.
    pub(super) fn required(&self, column: &str) -> Result<&str, ReferenceError> {
        let message = || format!("`{column}` must not be empty");
        self.value(column).ok_or_else(|| self.wrong(message(), "fill in the cell, or remove the row"))
    }

    /// Returns the span of `from` and `until`.
    pub(super) fn span(&self) -> Result<(Option<Moment>, Option<Moment>), ReferenceError> {
        let (from, until) = (self.moment("from")?, self.moment("until")?);
        if let (Some(from), Some(until)) = (from, until)
            && until <= from
        {
            let message = format!("`until` {until} is not after `from` {from}");
            return Err(self.wrong(message, "give the first moment that no longer counts"));
        }
        Ok((from, until))
    }

    fn moment(&self, column: &str) -> Result<Option<Moment>, ReferenceError> {
        let help = "write a date, or an RFC 3339 time with its offset";
        self.value(column)
            .map(|text| text.parse().map_err(|error| self.wrong(format!("`{column}`: {error}"), help)))
            .transpose()
    }

    /// Returns the value of `column`, which must be a human of the roster.
    pub(super) fn person(&self, column: &str, roster: &Roster) -> Result<String, ReferenceError> {
        let person = self.required(column)?;
        if roster.is_human(person) {
            return Ok(person.to_owned());
        }
        let message = format!("`{column}`: the roster has no human `{person}`");
        Err(self.wrong(message, "use `person` of the roster that `people` names"))
    }
}
