//! The set of summaries, folded into logs, holes, objects and totals.
//!
//! A pure function of the set: the order and the number of times that a summary arrives change nothing, and neither
//! does where the objects were cut.

use std::collections::{BTreeMap, BTreeSet};

use super::hole::{damage, silences};
use super::plan::SourcePlan;
use super::summary::{Summary, Times};
use crate::clock::{Moment, Period};
use crate::integrity::verdict::{BreakKind, Completeness, Grade, Verdict};
use crate::report::model::{Hole, Log, Object, Tally};

/// Summaries by source, object and offset: a set, whatever order they came in.
pub type Summaries = BTreeMap<(String, String, u64), Summary>;

/// A source after stitching.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StitchedSource {
    /// Where every record went.
    pub tally: Tally,
    /// Times per log.
    pub times: BTreeMap<String, Times>,
    /// Objects, by name.
    pub objects: Vec<Object>,
    /// True where an object could not be read, which is exit 5.
    pub unreadable: bool,
    /// Records whose time lies in the period.
    pub in_period: u64,
}

/// Everything that the summaries show.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Stitched {
    /// Sources, in the plan's order.
    pub sources: Vec<StitchedSource>,
    /// Logs, by source and name.
    pub logs: Vec<Log>,
    /// Holes, by source and start.
    pub holes: Vec<Hole>,
    /// Lines before each segment of its object.
    pub bases: BTreeMap<(String, String, u64), u64>,
}

/// Returns the span of `period` that can be tested at `as_of`.
pub fn window(period: Period, as_of: Moment) -> Period {
    Period { from: period.from, to: period.to.min(as_of) }
}

/// Folds the summaries of the segments of `sources`, apart from the chains of their logs.
///
/// `window` is the period, ended at as-of.
pub fn stitch(sources: &[SourcePlan], summaries: &Summaries, window: Period) -> Stitched {
    let mut stitched = Stitched::default();
    for source in sources {
        let id = source.settings.id.as_str();
        let segments: Vec<&Summary> = summaries.values().filter(|summary| summary.source == id).collect();
        let bases = bases(&segments);
        let found = one(source, &segments);
        let mut times = Times::default();
        for log in found.times.values() {
            times.extend(log);
        }
        stitched.holes.extend(damage(id, &segments, &bases, &times, lifetime(source, window)));
        stitched.holes.extend(absent(source, &found, window));
        stitched.logs.extend(plain_log(source, &found, &stitched.holes));
        stitched.bases.extend(bases.into_iter().map(|((object, start), base)| ((id.to_owned(), object, start), base)));
        stitched.sources.push(found);
    }
    stitched.holes.sort();
    stitched.holes.dedup();
    stitched
}

/// Returns the part of `window` in which the source lived.
pub fn lifetime(source: &SourcePlan, window: Period) -> Period {
    let from = source.settings.from.map_or(window.from, |from| from.max(window.from));
    let to = source.settings.until.map_or(window.to, |until| until.min(window.to));
    Period { from, to: to.max(from) }
}

fn bases(segments: &[&Summary]) -> BTreeMap<(String, u64), u64> {
    let mut bases = BTreeMap::new();
    let mut lines: BTreeMap<&str, u64> = BTreeMap::new();
    for summary in segments {
        let before = lines.entry(summary.object.as_str()).or_default();
        bases.insert((summary.object.clone(), summary.start), *before);
        *before += summary.lines;
    }
    bases
}

fn one(source: &SourcePlan, segments: &[&Summary]) -> StitchedSource {
    let mut found = StitchedSource::default();
    let mut objects: BTreeMap<&str, Object> = BTreeMap::new();
    for summary in segments {
        add(&mut found.tally, &summary.tally);
        for (log, times) in &summary.times {
            found.times.entry(log.clone()).or_default().extend(times);
        }
        let object = objects.entry(summary.object.as_str()).or_insert_with(|| Object {
            source: source.settings.id.clone(),
            name: summary.object.clone(),
            bytes: source
                .objects
                .iter()
                .find(|object| object.name == summary.object)
                .map_or(0, |object| object.size),
            sha256: None,
            records: 0,
            error: None,
        });
        object.records += summary.tally.read;
        if let Some((digest, bytes)) = summary.stored {
            object.sha256 = Some(digest);
            object.bytes = bytes;
        }
        if let Some(failure) = &summary.failure {
            found.unreadable |= failure.kind == BreakKind::UnreadableObject;
            object.error = Some(format!("{}: {}", failure.kind, failure.detail));
        }
    }
    found.unreadable |= source.missing.iter().any(|missing| missing.kind == BreakKind::UnreadableObject);
    found.objects = objects.into_values().collect();
    found
}

fn add(total: &mut Tally, part: &Tally) {
    total.read += part.read;
    total.mapped += part.mapped;
    total.observations += part.observations;
    total.housekeeping += part.housekeeping;
    total.duplicates += part.duplicates;
    total.events += part.events;
    total.repeated_events += part.repeated_events;
    for (reason, count) in &part.ignored {
        *total.ignored.entry(reason.clone()).or_default() += count;
    }
    for (kind, count) in &part.rejected {
        *total.rejected.entry(*kind).or_default() += count;
    }
}

/// Returns the holes of what is not there at all: objects, logs, records, and time without any.
fn absent(source: &SourcePlan, found: &StitchedSource, window: Period) -> Vec<Hole> {
    let settings = &source.settings;
    let lifetime = lifetime(source, window);
    let whole = |kind, object: &str, detail: String| Hole {
        source: settings.id.clone(),
        span: lifetime,
        kind,
        object: object.to_owned(),
        line: 0,
        detail,
    };
    let mut holes: Vec<Hole> =
        source.missing.iter().map(|missing| whole(missing.kind, &missing.pattern, missing.detail.clone())).collect();
    let protected = source.profile.is_protected();
    if protected {
        for log in settings.logs.iter().filter(|log| !found.times.contains_key(*log)) {
            holes.push(whole(BreakKind::MissingObject, "", format!("no object holds a record of log `{log}`")));
        }
    }
    let excused = settings.may_be_empty.as_ref().is_some_and(|(_, until)| window.to <= *until);
    let inside: u64 = in_window(found, lifetime);
    if inside == 0 && !excused {
        holes.push(whole(BreakKind::Empty, "", "there is no record inside the period".to_owned()));
    }
    if let Some(expected) = settings.extracted.as_ref().and_then(|extracted| extracted.records) {
        if expected != found.tally.read {
            let detail = format!("{} records were read, and the extraction declares {expected}", found.tally.read);
            holes.push(whole(BreakKind::Gap, "", detail));
        }
    }
    if let (Some(limit), true) = (settings.max_silence_ms, inside > 0) {
        for times in found.times.values() {
            holes.extend(silences(&settings.id, times, limit, lifetime));
        }
    }
    holes
}

/// Counts the days' records inside a window; the edge days count if a bucket of theirs touches it.
fn in_window(found: &StitchedSource, window: Period) -> u64 {
    found
        .times
        .values()
        .flat_map(|times| times.buckets.values())
        .filter(|(low, high)| *low < window.to && *high >= window.from)
        .count() as u64
}

/// Returns the log of a source whose format has no mechanism.
fn plain_log(source: &SourcePlan, found: &StitchedSource, holes: &[Hole]) -> Option<Log> {
    if source.profile.is_protected() {
        return None;
    }
    let id = source.settings.id.clone();
    let records = found.tally.read;
    let rejected: u64 = found.tally.rejected.values().sum();
    let product = source.profile.product();
    let breaks = holes
        .iter()
        .filter(|hole| hole.source == id && hole.line > 0)
        .map(|hole| crate::integrity::verdict::Break {
            object: hole.object.clone(),
            line: hole.line,
            offset: 0,
            seq: None,
            kind: hole.kind,
            detail: hole.detail.clone(),
        })
        .collect();
    Some(Log {
        source: id.clone(),
        log: id,
        verdict: Verdict::NotVerifiable,
        reasons: vec![format!(
            "{product} writes neither hashes nor signatures, so nothing in these {records} records can show a change; a \
             checkpoint over each export, kept by somebody else, would cover them"
        )],
        objects: found.objects.iter().map(|object| object.name.clone()).collect(),
        records,
        covered: 0,
        rejected,
        integrity: if records > rejected { Grade::Parsed } else { Grade::None },
        completeness: Completeness::Unknown,
        signed: 0,
        pinned: 0,
        first: None,
        head: None,
        keys: Vec::new(),
        uncovered_fields: vec!["every field".to_owned()],
        breaks,
    })
}

/// Returns the declared log names of all sources, for the census of what should be there.
pub fn declared(sources: &[SourcePlan]) -> BTreeSet<(&str, &str)> {
    sources
        .iter()
        .flat_map(|source| source.settings.logs.iter().map(|log| (source.settings.id.as_str(), log.as_str())))
        .collect()
}
