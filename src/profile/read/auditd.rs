//! The log of the Linux audit daemon: lines that share `msg=audit(time:serial)` are one record.
//!
//! An event of the kernel is several lines (`SYSCALL`, `EXECVE`, `CWD`, `PATH`, `PROCTITLE`), between which those of other
//! events may lie, so lines are gathered by host, time, and serial wherever they stand in the object. Fields are as
//! audit-userspace reads them (`auparse/ellist.c`, `auparse/typetab.h`): a text that somebody else chose stands in quotes, or, with
//! any character that could break out of them, in hex. What the daemon adds in its `enriched` format stands behind a
//! byte 0x1D.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Found, Unusable};
use crate::digest::Digest;
use crate::integrity::verdict::BreakKind;
use crate::source::framing::Record;

/// Between the fields of an event and what the daemon knows of them.
const ENRICHED: char = '\u{1d}';

/// Fields whose text is in quotes or in hex: those that audit-userspace calls escaped.
const ESCAPED: [&str; 32] = [
    "acct",
    "cgroup",
    "cmd",
    "comm",
    "cwd",
    "data",
    "device",
    "dir",
    "exe",
    "file",
    "grp",
    "invalid_context",
    "key",
    "name",
    "new-chardev",
    "new-disk",
    "new-fs",
    "new-net",
    "new-rng",
    "new_group",
    "ocomm",
    "old-chardev",
    "old-disk",
    "old-fs",
    "old-net",
    "old-rng",
    "path",
    "proctitle",
    "root_dir",
    "sw",
    "vm",
    "watch",
];

/// The most arguments that are put together. Linux bounds them by the bytes of a stack, a few megabytes of at least two each.
const MAX_ARGUMENTS: usize = 1 << 20;

/// Gives every event of `text` as a record, in the order of their first lines, and every line that belongs to none.
pub(super) fn read(text: &str, each: &mut dyn FnMut(Found<'_>)) {
    let mut events: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut offset = 0;
    for (number, whole) in (1..).zip(text.split_inclusive('\n')) {
        let line = whole.trim_end_matches(['\n', '\r']);
        let place = Place { text: line, offset, line: number };
        offset += whole.len() as u64;
        let faulty = |kind, detail: &str| {
            Part::Unusable(Unusable { line: number, offset: place.offset, kind, detail: detail.to_owned() })
        };
        if line.trim().is_empty() {
            parts.push(faulty(None, "blank line"));
        } else if !whole.ends_with('\n') {
            parts.push(faulty(Some(BreakKind::TornTail), "the last line has no line end"));
        } else if let Some(message) = Message::of(line) {
            match events.get(&(message.node, message.id)).and_then(|at| parts.get_mut(*at)) {
                Some(Part::Event(event)) => event.push((place, message)),
                _ => {
                    events.insert((message.node, message.id), parts.len());
                    parts.push(Part::Event(vec![(place, message)]));
                }
            }
        } else {
            parts.push(faulty(Some(BreakKind::Malformed), "not a line of the audit daemon"));
        }
    }
    let mut index = 0;
    for part in parts {
        match part {
            Part::Unusable(unusable) => each(Err(unusable)),
            Part::Event(lines) => {
                event(&lines, index, each);
                index += 1;
            }
        }
    }
}

/// What stands in an object, in its order: a line that is none, or the lines of an event.
enum Part<'a> {
    Unusable(Unusable),
    Event(Vec<(Place<'a>, Message<'a>)>),
}

/// A line and where it lies.
#[derive(Clone, Copy)]
struct Place<'a> {
    text: &'a str,
    offset: u64,
    line: u64,
}

/// One line, cut into its head, its fields, and what the daemon added.
#[derive(Clone, Copy)]
struct Message<'a> {
    node: &'a str,
    kind: &'a str,
    /// `time:serial`.
    id: &'a str,
    fields: &'a str,
    enriched: &'a str,
}

impl<'a> Message<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let (node, line) = match line.strip_prefix("node=") {
            Some(rest) => rest.split_once(' ')?,
            None => ("", line),
        };
        let (kind, rest) = line.strip_prefix("type=")?.split_once(' ')?;
        let (id, rest) = rest.strip_prefix("msg=audit(")?.split_once("):")?;
        let (time, serial) = id.split_once(':')?;
        let (seconds, millis) = time.split_once('.')?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // Other members of the record have names in lower case.
        let is_type =
            kind.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b"_[]".contains(&b));
        if !is_type
            || !kind.starts_with(|c: char| c.is_ascii_uppercase())
            || ![seconds, millis, serial].into_iter().all(digits)
        {
            return None;
        }
        let (fields, enriched) = rest.split_once(ENRICHED).unwrap_or((rest, ""));
        Some(Self { node, kind, id, fields, enriched })
    }
}

/// Gives the record of the lines of an event. Its place is that of the first, its digest that of all, as they stand.
fn event(lines: &[(Place<'_>, Message<'_>)], index: u64, each: &mut dyn FnMut(Found<'_>)) {
    let Some((first, head)) = lines.first() else { return };
    let own = lines.iter().map(|(place, _)| place.text).collect::<Vec<_>>().join("\n");
    let json = Value::Object(members(head, lines)).to_string();
    each(Ok(Record {
        text: &json,
        length: own.len() as u64,
        offset: first.offset,
        line: first.line,
        index,
        digest: Digest::of(own.as_bytes()),
    }));
}

/// Returns what an event says: its id, its messages by type, and the arguments of a program that was started.
fn members(head: &Message<'_>, lines: &[(Place<'_>, Message<'_>)]) -> Map<String, Value> {
    let (time, serial) = head.id.split_once(':').unwrap_or((head.id, ""));
    let mut types: Vec<&str> = Vec::new();
    let mut arguments = Arguments::default();
    let mut members = Map::new();
    let mut seen = BTreeSet::new();
    // The same line once more says nothing more, as in a file that was put together of two.
    for (_, message) in lines.iter().filter(|(place, _)| seen.insert(place.text)) {
        types.push(message.kind);
        if message.kind == "EXECVE" {
            fields(message.fields, |name, raw| arguments.take(name, raw));
        }
        put(&mut members, message.kind, Value::Object(said(message)));
    }
    let whole = !types.contains(&"SYSCALL") || types.iter().any(|kind| matches!(*kind, "EOE" | "PROCTITLE"));
    if types.contains(&"EXECVE") {
        let (state, words) = arguments.together();
        members.insert("argv_state".to_owned(), state.into());
        members.insert("argv".to_owned(), words.into());
    }
    if !head.node.is_empty() {
        members.insert("node".to_owned(), head.node.into());
    }
    for (name, value) in [("id", head.id), ("time", time), ("serial", serial)] {
        members.insert(name.to_owned(), value.into());
    }
    members.insert("types".to_owned(), types.into());
    members.insert("lines".to_owned(), lines.len().into());
    members.insert("whole".to_owned(), whole.into());
    members
}

/// Returns the fields of one line: its own, those of a program's message under `msg`, and what the daemon knows of them under
/// `enriched`. A text in hex that is none is left out and named under `undecodable`.
fn said(message: &Message<'_>) -> Map<String, Value> {
    let mut said = Map::new();
    let mut undecodable: Vec<&str> = Vec::new();
    // A program's message is the last field. Whatever stands in it, it ends with the last quote.
    let (own, message_of) = match message.fields.split_once(" msg='") {
        Some((own, rest)) => (own, rest.strip_suffix('\'').or(Some(rest))),
        None => (message.fields, None),
    };
    let is_arguments = message.kind == "EXECVE";
    let mut note = |into: &mut Map<String, Value>, text| {
        fields(text, |name, raw| match value(name, raw, is_arguments) {
            Some(value) => put(into, name, value),
            None => undecodable.push(name),
        });
    };
    note(&mut said, own);
    if let Some(text) = message_of {
        let mut inner = Map::new();
        note(&mut inner, text);
        said.insert("msg".to_owned(), Value::Object(inner));
    }
    if !message.enriched.is_empty() {
        let mut known = Map::new();
        fields(message.enriched, |name, raw| put(&mut known, name, unquoted(raw).into()));
        said.insert("enriched".to_owned(), Value::Object(known));
    }
    if !undecodable.is_empty() {
        said.insert("undecodable".to_owned(), undecodable.into());
    }
    said
}

/// Adds a value; a name that stands twice has an array of both, so that whoever asks for one finds none.
fn put(members: &mut Map<String, Value>, name: &str, value: Value) {
    match members.get_mut(name) {
        None => {
            members.insert(name.to_owned(), value);
        }
        Some(Value::Array(values)) => values.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
    }
}

/// Calls `each` with the name and the raw value of every `name=value`; words without a value say nothing that is asked for.
fn fields<'a>(text: &'a str, mut each: impl FnMut(&'a str, &'a str)) {
    let mut rest = text.trim_start_matches([' ', ',']);
    while !rest.is_empty() {
        let word = rest.find(' ').unwrap_or(rest.len());
        let Some(equals) = rest[..word].find('=') else {
            rest = rest[word..].trim_start_matches([' ', ',']);
            continue;
        };
        let (name, behind) = (&rest[..equals], &rest[equals + 1..]);
        let closing = match behind.chars().next() {
            Some('"') => Some('"'),
            Some('{') => Some('}'),
            _ => None,
        };
        let length = match closing.and_then(|end| behind[1..].find(end)) {
            Some(at) => at + 2,
            None => behind.find(' ').unwrap_or(behind.len()),
        };
        each(name.trim_start_matches('('), behind[..length].trim_end_matches(','));
        rest = behind[length..].trim_start_matches([' ', ',']);
    }
}

/// Reads a value: nothing where it says that it has none, and `None` where it holds bytes that are no text.
fn value(name: &str, raw: &str, is_argument: bool) -> Option<Value> {
    if matches!(raw, "?" | "(null)" | "(none)" | "") {
        return Some(Value::Null);
    }
    let escaped = ESCAPED.contains(&name) || (is_argument && is_argument_name(name));
    if !escaped {
        return Some(unquoted(raw).into());
    }
    let bytes = bytes(raw);
    // The title of a process is its arguments, each ended by a zero byte.
    let text = String::from_utf8(bytes).ok()?;
    Some(if name == "proctitle" { text.trim_end_matches('\0').replace('\0', " ") } else { text }.into())
}

/// Returns the bytes of an escaped value: what stands in quotes, or what the hex digits say.
fn bytes(raw: &str) -> Vec<u8> {
    let is_hex = !raw.is_empty()
        && raw.len().is_multiple_of(2)
        && raw.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
    match is_hex {
        true => hex::decode(raw).unwrap_or_default(),
        false => unquoted(raw).as_bytes().to_vec(),
    }
}

fn unquoted(raw: &str) -> &str {
    raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(raw)
}

fn is_argument_name(name: &str) -> bool {
    name.strip_prefix('a').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        && !name.ends_with("_len")
}

/// The arguments of a program, of one `EXECVE` line or of several (`audit_log_execve_info` in the kernel's `auditsc.c`).
#[derive(Default)]
struct Arguments<'a> {
    count: Option<usize>,
    /// Raw pieces by argument and piece.
    pieces: BTreeMap<(usize, usize), &'a str>,
    /// Length of an argument that is in pieces, by argument.
    lengths: BTreeMap<usize, usize>,
    /// Whether a name stood twice.
    unclear: bool,
}

impl<'a> Arguments<'a> {
    fn take(&mut self, name: &'a str, raw: &'a str) {
        let twice = if name == "argc" {
            self.count.replace(raw.parse().unwrap_or(usize::MAX)).is_some()
        } else if let Some(argument) = name.strip_suffix("_len").and_then(number) {
            self.lengths.insert(argument, raw.parse().unwrap_or(usize::MAX)).is_some()
        } else if let Some((argument, piece)) = name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            match (number(argument), piece.parse()) {
                (Some(argument), Ok(piece)) => self.pieces.insert((argument, piece), raw).is_some(),
                _ => false,
            }
        } else if let Some(argument) = number(name) {
            self.pieces.insert((argument, 0), raw).is_some()
        } else {
            false
        };
        self.unclear |= twice;
    }

    /// Returns the word for what is there, and the arguments where all of them are.
    fn together(&self) -> (&'static str, Option<Vec<String>>) {
        let Some(count) = self.count.filter(|count| !self.unclear && *count <= MAX_ARGUMENTS) else {
            return ("missing", None);
        };
        let mut words = Vec::new();
        for argument in 0..count {
            let pieces: Vec<&str> =
                self.pieces.range((argument, 0)..=(argument, usize::MAX)).map(|(_, raw)| *raw).collect();
            let in_order = self.pieces.range((argument, 0)..=(argument, usize::MAX)).map(|((_, at), _)| *at);
            if pieces.is_empty() || !in_order.eq(0..pieces.len()) {
                return ("missing", None);
            }
            let whole: Vec<u8> = pieces.iter().flat_map(|raw| bytes(raw)).collect();
            let written: usize = pieces.iter().map(|raw| unquoted(raw).len()).sum();
            let length = self.lengths.get(&argument);
            if length.is_some_and(|length| *length != whole.len() && *length != written) {
                return ("missing", None);
            }
            match String::from_utf8(whole) {
                Ok(word) => words.push(word),
                Err(_) => return ("undecodable", None),
            }
        }
        ("full", Some(words))
    }
}

/// Returns the number of an argument, `a12`.
fn number(name: &str) -> Option<usize> {
    name.strip_prefix('a')?.parse().ok()
}
