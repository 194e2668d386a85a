//! A profile's own test: its sample records against the events it expects of them.
//!
//! `sample*.jsonl` holds one record per line, `sample*.json` one document. `expected.jsonl` holds, in the order
//! of the sample files and records, one line per event or per record without events: `at`, the place of the
//! record; then either the event's non-null columns, or `result` and its reason.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::library::Entry;
use super::{Context, Mapped, Place, Profile, ProfileError, Unusable, event_json};
use crate::event::Event;
use crate::integrity::record::VerifiedRecord;
use crate::source::framing::Record;

/// The source id under which samples are mapped.
pub const SOURCE: &str = "sample";

/// Columns that only say where a record lies; expected events leave them out.
const PLACE: [&str; 10] =
    ["id", "source", "log", "object", "offset", "length", "line", "index", "line_digest", "grade"];

/// One line of `expected.jsonl`.
pub type Line = Map<String, Value>;

/// What the samples of a profile showed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// Records read.
    pub records: usize,
    /// Events made.
    pub events: usize,
    /// Records by what became of them: `events`, `ignored`, `observation`, `housekeeping`, `rejected`.
    pub results: BTreeMap<&'static str, usize>,
    /// How the samples differ from what is expected, in order; empty where they do not.
    pub differences: Vec<String>,
}

/// Maps the samples of `entry` and compares the events with `expected.jsonl`.
///
/// # Errors
///
/// [`ProfileError::MissingFile`] where there is no sample or no `expected.jsonl`.
pub fn check(entry: &Entry) -> Result<Outcome, ProfileError> {
    let missing = |file| ProfileError::MissingFile { folder: entry.profile().name().to_owned(), file };
    let expected = entry.files().get("expected.jsonl").ok_or_else(|| missing("expected.jsonl"))?;
    let mut outcome = Outcome::default();
    let found = lines(entry, &mut outcome)?;
    if found.is_empty() {
        return Err(missing("sample.jsonl"));
    }
    compare(&String::from_utf8_lossy(expected), &found, &mut outcome.differences);
    Ok(outcome)
}

/// Returns what the samples of `entry` become, in the shape of `expected.jsonl`.
///
/// # Errors
///
/// [`ProfileError::Set`] where the profile cannot do without a setting.
pub fn lines(entry: &Entry, outcome: &mut Outcome) -> Result<Vec<Line>, ProfileError> {
    let mut found = Vec::new();
    let samples =
        entry.files().iter().filter(|(name, _)| name.starts_with("sample") && !name.ends_with(".md"));
    for (name, bytes) in samples {
        let text = String::from_utf8_lossy(bytes);
        let context = entry.profile().context(SOURCE, name, &settings(entry, name)?)?;
        let profile = entry.profile();
        let table = profile.framing().is_table(name);
        let by_line = profile.framing().is_lines(name) || table;
        let read = profile.object(name, &text, &mut |part| match part {
            Ok(record) => {
                let at = match (by_line, profile.explodes() && !table) {
                    (true, false) => format!("{name}:{}", record.line),
                    (true, true) => format!("{name}:{}[{}]", record.line, record.index),
                    (false, _) => format!("{name}[{}]", record.index),
                };
                one(profile, record, &context, &at, &mut found, outcome);
            }
            Err(Unusable { line, kind, detail, .. }) => {
                let (result, reason) = match kind {
                    Some(kind) => ("rejected", format!("{kind}: {detail}")),
                    None => ("ignored", detail),
                };
                outcome.records += 1;
                settle(&format!("{name}:{line}"), result, Some(reason), &mut found, outcome);
            }
        });
        if let Err(what) = read {
            settle(name, "rejected", Some(format!("{name} {what}")), &mut found, outcome);
        }
    }
    Ok(joined(found, entry.profile()))
}

/// Returns what a workspace would `set` for a sample: the table of its name in `set.toml`.
fn settings(entry: &Entry, sample: &str) -> Result<BTreeMap<String, String>, ProfileError> {
    let Some(bytes) = entry.files().get("set.toml") else { return Ok(BTreeMap::new()) };
    let file = format!("sources/{}/set.toml", entry.profile().name());
    let sets: BTreeMap<String, BTreeMap<String, String>> =
        toml::from_slice(bytes).map_err(|error| ProfileError::Invalid {
            place: Place { file, line: 1, column: 1 },
            what: error.message().to_owned(),
            help: Some("write a table of texts for each sample that needs one".to_owned()),
        })?;
    Ok(sets.get(sample).cloned().unwrap_or_default())
}

fn one(
    profile: &Profile,
    record: Record<'_>,
    context: &Context,
    at: &str,
    found: &mut Vec<Found>,
    outcome: &mut Outcome,
) {
    let mut events = Vec::new();
    let mapped = profile.map(&VerifiedRecord::unprotected(record, SOURCE), context, &mut events);
    outcome.records += 1;
    outcome.events += events.len();
    found.extend(events.into_iter().map(|event| Found::Event(at.to_owned(), Box::new(event))));
    let (result, reason) = match mapped {
        Mapped::Events(_) => ("events", None),
        Mapped::Ignored { reason, .. } => ("ignored", Some(reason.to_owned())),
        Mapped::Observation { .. } => ("observation", None),
        Mapped::Housekeeping { .. } => ("housekeeping", None),
        Mapped::Rejected { kind, detail } => ("rejected", Some(format!("{kind}: {detail}"))),
    };
    settle(at, result, reason, found, outcome);
}

/// What one record became, before its events take from others.
enum Found {
    /// An event, and the place of its record.
    Event(String, Box<Event>),
    Settled(Line),
}

/// Lets the events take what they may from one another, and writes them down.
fn joined(found: Vec<Found>, profile: &Profile) -> Vec<Line> {
    let events = found.iter().filter_map(|found| match found {
        Found::Event(_, event) => Some((**event).clone()),
        Found::Settled(_) => None,
    });
    let mut events: Vec<Event> = events.collect();
    super::join::among(&mut events, &profile.joins);
    // The id says where a record lies; what an event took shows without it.
    let links: BTreeMap<String, String> = found
        .iter()
        .filter_map(|found| match found {
            Found::Event(at, event) => {
                Some((event.id.as_ref()?.to_string(), format!("{at} {}", event.rule.as_deref()?)))
            }
            Found::Settled(_) => None,
        })
        .collect();
    let mut events = events.into_iter();
    found
        .into_iter()
        .filter_map(|found| match found {
            Found::Settled(line) => Some(line),
            Found::Event(at, _) => {
                let mut event = events.next()?;
                event.joined = event.joined.map(|joined| named(&joined, &links).into());
                let mut line = Map::from_iter([("at".to_owned(), Value::from(at))]);
                let columns = event_json(&event).into_iter();
                line.extend(columns.filter(|(name, _)| !PLACE.contains(&name.as_str())));
                Some(line)
            }
        })
        .collect()
}

/// Replaces the ids of events by the places of their records.
fn named(joined: &str, links: &BTreeMap<String, String>) -> String {
    let part = |part: &str| match part.split_once('=') {
        Some((join, id)) => format!("{join}={}", links.get(id).map_or(id, String::as_str)),
        None => part.to_owned(),
    };
    joined.split(',').map(part).collect::<Vec<_>>().join(",")
}

/// Counts what became of a record, and notes it where that is no event.
fn settle(
    at: &str,
    result: &'static str,
    reason: Option<String>,
    found: &mut Vec<Found>,
    outcome: &mut Outcome,
) {
    *outcome.results.entry(result).or_default() += 1;
    if result != "events" {
        let mut line = Map::from_iter([("at".to_owned(), at.into()), ("result".to_owned(), result.into())]);
        if let Some(reason) = reason {
            line.insert("reason".to_owned(), reason.into());
        }
        found.push(Found::Settled(line));
    }
}

/// Compares record by record, so that one event too many does not shift all that follow.
fn compare(expected: &str, found: &[Line], differences: &mut Vec<String>) {
    let mut wanted = Vec::new();
    for (number, line) in (1..).zip(expected.lines()) {
        match serde_json::from_str::<Line>(line) {
            Ok(line) => wanted.push(line),
            Err(error) => differences.push(format!("expected.jsonl:{number}: not a JSON object: {error}")),
        }
    }
    let (mut wanted_by, mut found_by) = (BTreeMap::new(), BTreeMap::new());
    for (lines, by) in [(wanted.as_slice(), &mut wanted_by), (found, &mut found_by)] {
        for line in lines {
            by.entry(text(line, "at")).or_insert_with(Vec::new).push(line);
        }
    }
    let mut places: Vec<&str> = found.iter().chain(&wanted).map(|line| text(line, "at")).collect();
    let mut seen = BTreeSet::new();
    places.retain(|place| seen.insert(*place));
    for place in places {
        let wanted = wanted_by.remove(place).unwrap_or_default();
        let found = found_by.remove(place).unwrap_or_default();
        for index in 0..wanted.len().max(found.len()) {
            compare_line(wanted.get(index).copied(), found.get(index).copied(), differences);
        }
    }
}

fn compare_line(wanted: Option<&Line>, found: Option<&Line>, differences: &mut Vec<String>) {
    let label = |line: &Line| {
        let what = if line.contains_key("rule") { text(line, "rule") } else { text(line, "result") };
        format!("{} {what}", text(line, "at"))
    };
    match (wanted, found) {
        (Some(wanted), None) => differences.push(format!("{}: expected, not found", label(wanted))),
        (None, Some(found)) => differences.push(format!("{}: found, not expected", label(found))),
        (Some(wanted), Some(found)) => {
            let names: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
            for name in names.into_iter().filter(|name| wanted.get(*name) != found.get(*name)) {
                let show = |value: Option<&Value>| value.map_or("null".to_owned(), Value::to_string);
                let (wanted, got) = (show(wanted.get(name)), show(found.get(name)));
                differences.push(format!("{}: `{name}`: expected {wanted}, found {got}", label(found)));
            }
        }
        (None, None) => {}
    }
}

fn text<'l>(line: &'l Line, name: &str) -> &'l str {
    line.get(name).and_then(Value::as_str).unwrap_or("-")
}
