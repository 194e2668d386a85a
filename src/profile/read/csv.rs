//! Comma-separated values (RFC 4180) as one JSON object per row, whose members are all text.

use csv::{ByteRecord, ReaderBuilder};
use serde_json::{Map, Value};

use super::{Found, Unusable, newlines};
use crate::integrity::verdict::BreakKind;
use crate::redact::shown;
use crate::source::framing::Record;

/// Gives every row of `text` after the names.
///
/// # Errors
///
/// Where the names cannot be read, or one of them stands twice: no row says anything then.
pub(super) fn read(
    text: &str,
    delimiter: u8,
    header: Option<&[String]>,
    each: &mut dyn FnMut(Found<'_>),
) -> Result<(), String> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut row = ByteRecord::new();
    let names = match header {
        Some(names) => names.to_vec(),
        None => match reader.read_byte_record(&mut row) {
            Ok(true) => texts(&row)?,
            Ok(false) => return Err("holds no row with the names of its fields".to_owned()),
            Err(error) => return Err(format!("is no table of values: {error}")),
        },
    };
    distinct(&names)?;
    let (mut line, mut counted) = (1, 0);
    for index in 0.. {
        let from = usize::try_from(reader.position().byte()).unwrap_or(text.len());
        let more = reader.read_byte_record(&mut row).map_err(|error| format!("is no table: {error}"))?;
        if !more {
            break;
        }
        let to = usize::try_from(reader.position().byte()).unwrap_or(text.len());
        // The reader skips blank rows and leaves line ends to the next one.
        let own = text.get(from..to).unwrap_or_default();
        let start = from + (own.len() - own.trim_start_matches(['\r', '\n']).len());
        let own = text.get(start..to).unwrap_or_default().trim_end_matches(['\r', '\n']);
        line += newlines(&text[counted..start]);
        counted = start;
        let place = Record::new(own, start as u64, line, index);
        let json = if strict(own, delimiter) { object(&row, &names) } else { Err(STRAY.to_owned()) };
        match json {
            Ok(json) => each(Ok(place.shown_as(&json))),
            Err(what) => each(Err(Unusable::new(&place, BreakKind::Malformed, what))),
        }
    }
    Ok(())
}

const STRAY: &str = "a quote inside a field, or one that is not closed";

/// Tells whether quotes stand as RFC 4180 §2 has them. A stray one would swallow the rows that follow.
fn strict(row: &str, delimiter: u8) -> bool {
    #[derive(PartialEq)]
    enum At {
        Start,
        Plain,
        Quoted,
        Closed,
    }
    let mut at = At::Start;
    for byte in row.bytes() {
        at = match (at, byte) {
            (At::Quoted, b'"') => At::Closed,
            (At::Quoted, _) | (At::Start | At::Closed, b'"') => At::Quoted,
            (At::Plain, b'"') => return false,
            (_, byte) if byte == delimiter => At::Start,
            (At::Closed, _) => return false,
            (At::Start | At::Plain, _) => At::Plain,
        };
    }
    at != At::Quoted
}

fn object(row: &ByteRecord, names: &[String]) -> Result<String, String> {
    if row.len() != names.len() {
        return Err(format!("a row of {} fields; expected {}", row.len(), names.len()));
    }
    let members: Map<String, Value> =
        names.iter().cloned().zip(texts(row)?.into_iter().map(Value::from)).collect();
    Ok(Value::Object(members).to_string())
}

fn texts(row: &ByteRecord) -> Result<Vec<String>, String> {
    row.iter()
        .map(|field| std::str::from_utf8(field).map(str::to_owned).map_err(|_| "not UTF-8 text".to_owned()))
        .collect()
}

fn distinct(names: &[String]) -> Result<(), String> {
    match names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
        Some((_, name)) => Err(format!("names the field `{}` twice", shown(name))),
        None => Ok(()),
    }
}
