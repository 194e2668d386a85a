//! Bytes of an object to the records that a profile maps: rows, values one after another, what lines wrap.
//!
//! Whatever holds no record is given as unusable and counted, so that every part of an object ends somewhere.

mod auditd;
#[cfg(test)]
mod auditd_tests;
mod csv;
mod explode;
mod load;
mod members;
#[cfg(test)]
mod tests;
mod wrap;

use serde_json::value::RawValue;

#[cfg(test)]
pub(super) use load::KEYS;
pub(super) use load::Reading;

use self::explode::Explode;
use self::wrap::Wrap;
use super::Profile;
use crate::integrity::verdict::BreakKind;
use crate::source::framing::{Framing, Record, document_records, offset_in};

/// How the records of a profile are found in its objects, beside the framing.
#[derive(Debug, Default)]
pub(super) struct Reader {
    wrap: Option<Wrap>,
    explode: Explode,
}

/// A part of an object that is no record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unusable {
    /// Line on which it starts, from 1.
    pub line: u64,
    /// Byte offset in the decompressed object.
    pub offset: u64,
    /// What is wrong with it; `None` where nothing is, and it only holds nothing.
    pub kind: Option<BreakKind>,
    /// What was expected and found.
    pub detail: String,
}

impl Unusable {
    fn new(place: &Record<'_>, kind: BreakKind, detail: impl Into<String>) -> Self {
        Self { line: place.line, offset: place.offset, kind: Some(kind), detail: detail.into() }
    }
}

/// A record, or a part of an object that is none.
pub type Found<'a> = Result<Record<'a>, Unusable>;

impl Profile {
    /// Tells whether one line or document may hold several records, each with a place of its own.
    pub fn explodes(&self) -> bool {
        !self.reader.explode.steps.is_empty()
    }

    /// Gives `each` every record that a line holds.
    pub fn line(&self, line: Record<'_>, each: &mut dyn FnMut(Found<'_>)) {
        self.reader.wrapped(line, each);
    }

    /// Tells whether a last line without a line end is whole: text of another format than JSON never shows it.
    pub fn is_whole(&self, line: &str) -> bool {
        let whole = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        match &self.reader.wrap {
            None => whole(line),
            Some(wrap) => wrap.json_of(line).is_some_and(|text| whole(&text)),
        }
    }

    /// Gives `each` every record of the object `name` that does not hold one record per line.
    ///
    /// # Errors
    ///
    /// A fragment saying why nothing of `text` can be used.
    pub fn document(&self, name: &str, text: &str, each: &mut dyn FnMut(Found<'_>)) -> Result<(), String> {
        match &self.framing {
            Framing::Stream => stream(text, &mut |found| self.exploded(found, each)),
            Framing::Auditd => auditd::read(text, each),
            Framing::Members => members::read(text, &mut |found| self.exploded(found, each)),
            Framing::Csv { delimiter, header } => csv::read(text, *delimiter, header.as_deref(), each)?,
            framing if framing.is_table(name) => csv::read(text, b',', None, each)?,
            Framing::Lines | Framing::Document { .. } | Framing::ByName { .. } => {
                for record in document_records(text, self.framing.pointers())? {
                    self.reader.explode.records(record, each);
                }
            }
        }
        Ok(())
    }

    /// Gives `each` every record of a whole object, by the framing that its name asks for. A blank line holds nothing.
    ///
    /// # Errors
    ///
    /// As [`Profile::document`].
    pub fn object(&self, name: &str, text: &str, each: &mut dyn FnMut(Found<'_>)) -> Result<(), String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if !self.framing.is_lines(name) {
            return self.document(name, text, each);
        }
        let (mut offset, mut rest) = (0, text);
        for number in 1_u64.. {
            if rest.is_empty() {
                break;
            }
            let end = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |at| at + 1);
            let (line, after) = rest.split_at(end);
            rest = after;
            let record = Record::new(line.trim_end_matches(['\n', '\r']), offset, number, 0);
            offset += line.len() as u64;
            match record.text.trim().is_empty() {
                true => each(Err(Unusable {
                    line: record.line,
                    offset: record.offset,
                    kind: None,
                    detail: "blank line".to_owned(),
                })),
                false => self.line(record, each),
            }
        }
        Ok(())
    }

    fn exploded(&self, found: Found<'_>, each: &mut dyn FnMut(Found<'_>)) {
        match found {
            Ok(record) => self.reader.explode.records(record, each),
            unusable => each(unusable),
        }
    }
}

impl Reader {
    fn wrapped(&self, line: Record<'_>, each: &mut dyn FnMut(Found<'_>)) {
        match &self.wrap {
            None => self.explode.records(line, each),
            Some(wrap) => wrap.open(line, &mut |found| match found {
                Ok(record) => self.explode.records(record, each),
                unusable => each(unusable),
            }),
        }
    }
}

/// Gives every value of a text that holds JSON values one after another. Behind one that is none, nothing is sure.
fn stream(text: &str, each: &mut dyn FnMut(Found<'_>)) {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let (mut line, mut counted, mut index) = (1, 0, 0);
    loop {
        let from = values.byte_offset();
        let Some(value) = values.next() else { return };
        let at = match &value {
            Ok(value) => offset_in(text, value.get()),
            Err(_) => from + (text[from..].len() - text[from..].trim_start().len()),
        };
        line += newlines(&text[counted..at]);
        counted = at;
        match value {
            Ok(value) => each(Ok(Record::new(value.get(), at as u64, line, index))),
            Err(error) => {
                let rest = Record::new(&text[at..], at as u64, line, index);
                let (kind, what) = match error.is_eof() {
                    true => (BreakKind::TornTail, "the last value is not complete"),
                    false => (BreakKind::Malformed, "not JSON, and what follows cannot be told apart"),
                };
                return each(Err(Unusable::new(&rest, kind, format!("{what}: {error}"))));
            }
        }
        index += 1;
    }
}

fn newlines(text: &str) -> u64 {
    memchr::memchr_iter(b'\n', text.as_bytes()).count() as u64
}
