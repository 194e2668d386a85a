//! Records that lie in arrays of a line or document: each innermost item is one record.

use std::fmt::Write as _;

use memchr::memmem;
use serde_json::value::RawValue;

use super::{Found, Unusable, newlines};
use crate::integrity::verdict::BreakKind;
use crate::source::framing::{Record, members, offset_in};

/// The arrays that are opened, the outer first, and what the items take with them.
#[derive(Debug, Default)]
pub(super) struct Explode {
    /// Per level, pointers to try in order, as their names.
    pub steps: Vec<Vec<Vec<String>>>,
    /// Name in the record, number of steps taken to the value around, names down to the value.
    pub carry: Vec<(String, usize, Vec<String>)>,
}

/// Why a value cannot be opened.
type Fault = (BreakKind, String);

impl Explode {
    /// Gives every record that `whole` holds. A value that lacks the array is a record itself.
    pub(super) fn records(&self, whole: Record<'_>, each: &mut dyn FnMut(Found<'_>)) {
        if !self.may_open(whole.text) {
            return each(Ok(whole));
        }
        // What is no JSON is refused with its reason where it is mapped.
        let Ok(value) = serde_json::from_str::<&RawValue>(whole.text) else { return each(Ok(whole)) };
        let mut walk =
            Walk { explode: self, whole, around: Vec::new(), index: 0, line: whole.line, counted: 0 };
        walk.value(value, each);
    }
}

impl Explode {
    /// Tells whether `text` may hold an array of the first step. Most lines hold none, and to search for a name is far cheaper
    /// than to parse.
    fn may_open(&self, text: &str) -> bool {
        let Some(pointers) = self.steps.first() else { return false };
        // Letters have no other spelling in JSON than `\u` and their number (RFC 8259, section 7).
        let spelt = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let occurs = |name: &str| memmem::find(text.as_bytes(), name.as_bytes()).is_some();
        let may_be = |names: &Vec<String>| names.first().is_none_or(|name| !spelt(name) || occurs(name));
        pointers.iter().any(may_be) || occurs("\\u")
    }
}

struct Walk<'e, 'a> {
    explode: &'e Explode,
    whole: Record<'a>,
    /// Values around the one at hand, the outermost first.
    around: Vec<&'a RawValue>,
    index: u64,
    line: u64,
    counted: usize,
}

impl<'a> Walk<'_, 'a> {
    fn value(&mut self, value: &'a RawValue, each: &mut dyn FnMut(Found<'_>)) {
        let array = match self.explode.steps.get(self.around.len()) {
            None => None,
            Some(pointers) => match pointers.iter().find_map(|names| array(value, names).transpose()) {
                None => None,
                Some(Ok(array)) => Some(array),
                Some(Err((kind, what))) => {
                    let place = self.place(value);
                    return each(Err(Unusable::new(&place, kind, what)));
                }
            },
        };
        let Some(array) = array else {
            let place = self.place(value);
            self.index += 1;
            return self.emit(place, each);
        };
        let items: Vec<&RawValue> = serde_json::from_str(array.get()).unwrap_or_default();
        if items.is_empty() {
            let place = self.place(array);
            let (line, offset) = (place.line, place.offset);
            each(Err(Unusable { line, offset, kind: None, detail: "an empty list of records".to_owned() }));
        }
        self.around.push(value);
        for item in items {
            self.value(item, each);
        }
        self.around.pop();
    }

    fn place(&mut self, value: &'a RawValue) -> Record<'a> {
        let at = offset_in(self.whole.text, value.get());
        self.line += newlines(self.whole.text.get(self.counted..at).unwrap_or_default());
        self.counted = self.counted.max(at);
        if self.around.is_empty() {
            return self.whole;
        }
        Record::new(value.get(), self.whole.offset + at as u64, self.line, self.index)
    }

    fn emit(&self, record: Record<'_>, each: &mut dyn FnMut(Found<'_>)) {
        if self.around.is_empty() || self.explode.carry.is_empty() {
            return each(Ok(record));
        }
        let mut text = format!("{{\"item\":{}", record.text);
        for (name, level, names) in &self.explode.carry {
            let found = self.around.get(*level).map(|value| below(value, names));
            match found {
                Some(Ok(Some(value))) => {
                    // Writing to a string cannot fail.
                    let _ = write!(text, ",{}:{}", serde_json::Value::from(name.as_str()), value.get());
                }
                Some(Err((kind, what))) => return each(Err(Unusable::new(&record, kind, what))),
                Some(Ok(None)) | None => {}
            }
        }
        text.push('}');
        each(Ok(record.shown_as(&text)));
    }
}

/// Returns the array at `names` below `value`, if one lies there.
fn array<'a>(value: &'a RawValue, names: &[String]) -> Result<Option<&'a RawValue>, Fault> {
    Ok(below(value, names)?.filter(|found| found.get().starts_with('[')))
}

fn below<'a>(value: &'a RawValue, names: &[String]) -> Result<Option<&'a RawValue>, Fault> {
    let mut value = value;
    for name in names {
        if !value.get().starts_with('{') {
            return Ok(None);
        }
        let members = members(value.get()).map_err(|what| (BreakKind::Malformed, what))?;
        let mut found = members.into_iter().filter(|(known, _)| known == name);
        value = match (found.next(), found.next()) {
            (Some((_, found)), None) => found,
            (Some(_), Some(_)) => {
                let what = format!("member `{}` twice in one object", crate::redact::shown(name));
                return Err((BreakKind::DuplicateKey, what));
            }
            (None, _) => return Ok(None),
        };
    }
    Ok(Some(value))
}
