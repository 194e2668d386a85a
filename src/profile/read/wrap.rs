//! What a line wraps: a record behind the header of a syslog, the fields of a pattern, a form.

use std::borrow::Cow;

use regex::Regex;
use serde_json::{Map, Value};

use super::{Found, Unusable};
use crate::integrity::verdict::BreakKind;
use crate::source::framing::{Record, offset_in};

/// The group of a pattern that holds the record itself.
pub(super) const RECORD: &str = "record";

/// Headers of RFC 5424, of RFC 3164, and of rsyslog's own form before a JSON object, with or without `@cee:`.
pub(super) const SYSLOG: &str = r"^(?:<[0-9]{1,3}>)?(?:1 \S+ \S+ \S+ \S+ \S+ (?:-|(?:\[[^\]]*\])+) |(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}T\S+) \S+ [^:{]+: ?)?\x{feff}?(?:@cee: ?)?(?<record>\{.*)$";

/// How the record of a line is found.
#[derive(Debug)]
pub(super) enum Wrap {
    /// By a pattern: the group `record` is the record; without one, the named groups are its members.
    Pattern(Regex),
    /// In a field of an HTML form (WHATWG URL, §5.1). A line that is an object already is taken as it stands.
    Form(String),
}

impl Wrap {
    /// Gives the record that `line` wraps.
    pub(super) fn open(&self, line: Record<'_>, each: &mut dyn FnMut(Found<'_>)) {
        match self {
            Self::Form(_) if line.text.starts_with('{') => each(Ok(line)),
            Self::Pattern(pattern) => match pattern.captures(line.text) {
                None => each(Err(Unusable::new(
                    &line,
                    BreakKind::Malformed,
                    "not a line as the profile's pattern has it",
                ))),
                Some(found) => match found.name(RECORD) {
                    Some(own) => {
                        let at = offset_in(line.text, own.as_str()) as u64;
                        each(Ok(Record::new(own.as_str(), line.offset + at, line.line, line.index)));
                    }
                    None => {
                        let members: Map<String, Value> = pattern
                            .capture_names()
                            .flatten()
                            .map(|name| {
                                let value = found.name(name).map(|group| group.as_str());
                                (name.to_owned(), value.map_or(Value::Null, Value::from))
                            })
                            .collect();
                        each(Ok(line.shown_as(&Value::Object(members).to_string())));
                    }
                },
            },
            Self::Form(field) => match form_field(line.text, field) {
                Ok(text) => each(Ok(line.shown_as(&text))),
                Err(what) => each(Err(Unusable::new(&line, BreakKind::Malformed, what))),
            },
        }
    }

    /// Returns the JSON that a line wraps, where JSON is what it wraps.
    pub(super) fn json_of<'a>(&self, line: &'a str) -> Option<Cow<'a, str>> {
        match self {
            Self::Form(_) if line.starts_with('{') => Some(Cow::Borrowed(line)),
            Self::Form(field) => form_field(line, field).ok().map(Cow::Owned),
            Self::Pattern(pattern) => Some(Cow::Borrowed(pattern.captures(line)?.name(RECORD)?.as_str())),
        }
    }
}

fn form_field(text: &str, field: &str) -> Result<String, String> {
    let mut found = url::form_urlencoded::parse(text.as_bytes()).filter(|(name, _)| name == field);
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Ok(value.into_owned()),
        (Some(_), Some(_)) => Err(format!("a form with the field `{field}` twice")),
        (None, _) => Err(format!("a form without the field `{field}`")),
    }
}
