//! The same evidence under two names: an object, or a record, that two sources would both count.

use std::collections::{BTreeMap, BTreeSet};

use super::RunError;
use super::material::Objects;
use crate::clock::{Moment, Period};
use crate::column::{int_at, text_at};
use crate::integrity::verdict::BreakKind;
use crate::report::model::Hole;
use crate::segment::finish::Parts;
use crate::segment::plan::SourcePlan;
use crate::settings::Source;
use crate::source::location::ObjectRef;

/// Refuses an object that two sources read in the same way: each of its records would be two items of the population.
///
/// Two sources may read one object by different profiles, or one for approvals and another as an independent record.
///
/// # Errors
///
/// [`RunError::ReadTwice`], naming the first such object.
pub(super) fn refuse(sources: &[Source], objects: &BTreeMap<String, Objects>) -> Result<(), RunError> {
    let mut seen: BTreeMap<(String, &str, &str), &str> = BTreeMap::new();
    for source in sources {
        for object in objects.get(&source.id).map(|(found, _)| found.as_slice()).unwrap_or_default() {
            let place = (place(object), source.profile.as_str(), source.role.word());
            if let Some(first) = seen.insert(place, &source.id) {
                return Err(RunError::ReadTwice {
                    object: object.name.clone(),
                    first: first.to_owned(),
                    second: source.id.clone(),
                });
            }
        }
    }
    Ok(())
}

/// Returns what two names of one object share: the resolved file, or the name where it lies in a store.
fn place(object: &ObjectRef) -> String {
    let (file, inside) = object.place();
    let resolved = file.and_then(|file| std::fs::canonicalize(file).ok());
    resolved.map_or_else(|| object.name.clone(), |path| format!("{}{inside}", path.display()))
}

/// Returns a hole for each source whose records stand in a log of another source as well, and would count twice.
///
/// The copy may be a mistake, or one log handed over as that of two gates. Nothing tells which of the two the records are of, so
/// neither shows the records of that time. Sources that read by other profiles or in other roles do not count a record twice.
pub(super) fn shared(sources: &[SourcePlan<'_>], parts: &Parts, window: Period) -> Vec<Hole> {
    let mut readers: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for source in sources {
        let settings = &source.settings;
        readers.entry((&settings.profile, settings.role.word())).or_default().push(&settings.id);
    }
    readers.values().filter(|ids| ids.len() > 1).flat_map(|ids| twice(ids, parts, window)).collect()
}

/// A record of some source; half of its digest tells it from every other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    digest: u128,
    source: usize,
    time: Option<i64>,
}

fn twice(ids: &[&str], parts: &Parts, window: Period) -> Vec<Hole> {
    let mut seen: Vec<Seen> = Vec::new();
    for ((id, ..), part) in parts {
        let Some(source) = ids.iter().position(|own| own == id) else { continue };
        let events = &part.events;
        let (Ok(digests), Ok(times)) = (events.column("line_digest"), events.column("time_ms")) else {
            continue;
        };
        seen.extend((0..events.height()).filter_map(|row| {
            let digest = u128::from_str_radix(text_at(digests, row)?.get(..32)?, 16).ok()?;
            Some(Seen { digest, source, time: int_at(times, row) })
        }));
    }
    seen.sort_unstable();
    // Records and the time that they span, by the source and the one that holds them too.
    let mut pairs: BTreeMap<(usize, usize), (u64, Period)> = BTreeMap::new();
    for same in seen.chunk_by(|a, b| a.digest == b.digest) {
        let owners: BTreeSet<usize> = same.iter().map(|seen| seen.source).collect();
        let span = span(same, window);
        for a in &owners {
            for b in owners.iter().filter(|b| *b != a) {
                let (records, all) = pairs.entry((*a, *b)).or_insert((0, span));
                *records += 1;
                *all = Period { from: all.from.min(span.from), to: all.to.max(span.to) };
            }
        }
    }
    pairs
        .into_iter()
        .map(|((own, other), (records, span))| Hole {
            source: ids[own].to_owned(),
            span,
            kind: BreakKind::Duplicate,
            object: String::new(),
            line: 0,
            detail: format!(
                "{records} {} stand in source `{}` as well: nothing tells whose they are",
                if records == 1 { "record" } else { "records" },
                ids[other]
            ),
        })
        .collect()
}

/// Returns the time from the first to the last of some records; a record without one may be of any.
fn span(records: &[Seen], window: Period) -> Period {
    let times: Option<Vec<i64>> = records.iter().map(|seen| seen.time).collect();
    let bounds = times.as_ref().and_then(|times| Some((times.iter().min()?, times.iter().max()?)));
    bounds.map_or(window, |(first, last)| Period {
        from: Moment::from_ms(*first),
        to: Moment::from_ms(*last).plus_ms(1),
    })
}
