//! The set of summaries, folded into logs, holes, objects and totals.
//!
//! A pure function of the set: the order and the number of times that a summary arrives change nothing, and neither
//! does where the objects were cut.

use std::collections::BTreeMap;

use super::census::{self, Census};
use super::hole::{damage, silences};
use super::links::RecordsAgain;
use super::plan::{ChainPlan, SourcePlan};
use super::sealed::{self, Covered, Sealed};
use super::summary::{Summary, Times};
use super::tree::TreeObject;
use crate::clock::{Moment, Period};
use crate::integrity::chain::RunSummary;
use crate::integrity::checkpoint::Checkpoint;
use crate::integrity::cloudtrail::{self, Expected, Item, TrailInput};
use crate::integrity::foreign::scan::ForeignSummary;
use crate::integrity::foreign::stitch::{ForeignInput, stitch_foreign};
use crate::integrity::head::{LogHead, WitnessedHead};
use crate::integrity::keyring::Keyring;
use crate::integrity::stitch::{LinkIndex, LogVerdict, ObjectFact, StitchInput, stitch as chain_stitch};
use crate::integrity::verdict::{BreakKind, Grade};
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
    /// Verdicts of chained logs, by source.
    pub verdicts: BTreeMap<String, Vec<LogVerdict>>,
    /// Holes, by source and start.
    pub holes: Vec<Hole>,
    /// Lines before each segment of its object.
    pub bases: BTreeMap<(String, String, u64), u64>,
    /// Heads that match no input.
    pub unmatched_heads: Vec<LogHead>,
    /// Origins of checkpoints that match no input.
    pub unmatched_checkpoints: Vec<String>,
    /// Lines under checkpoints in logs without a mechanism of their own, by source.
    pub covered: BTreeMap<String, Covered>,
}

/// What was brought from outside to judge logs by.
#[derive(Clone, Copy)]
pub struct Anchors<'a> {
    /// Trusted keys.
    pub keyring: &'a Keyring,
    /// Last records, by source.
    pub heads: &'a BTreeMap<String, Vec<LogHead>>,
    /// Checkpoints, by source.
    pub checkpoints: &'a BTreeMap<String, Vec<Checkpoint>>,
    /// Last records before the objects, by source.
    pub after: &'a BTreeMap<String, Vec<LogHead>>,
    /// Objects as somebody listed them, by source.
    pub census: &'a BTreeMap<String, Census>,
    /// Links of single records.
    pub links: &'a dyn LinkIndex,
    /// True where the fate of each record is wanted, and not only their number.
    pub fates: bool,
}

/// Returns the span of `period` that can be tested at `as_of`.
pub fn window(period: Period, as_of: Moment) -> Period {
    Period { from: period.from, to: period.to.min(as_of) }
}

/// Folds the summaries of the segments of `sources`. `window` is the period, ended at as-of.
pub fn stitch(
    sources: &[SourcePlan<'_>],
    summaries: &Summaries,
    window: Period,
    anchors: &Anchors<'_>,
) -> Stitched {
    let mut stitched = Stitched::default();
    for source in sources {
        let id = source.settings.id.as_str();
        let first_log = stitched.logs.len();
        let segments: Vec<&Summary> = summaries.values().filter(|summary| summary.source == id).collect();
        let bases = bases(&segments);
        let found = one(source, &segments);
        let mut times = Times::default();
        for log in found.times.values() {
            times.extend(log);
        }
        // A row that changes states moments of days; where it lies says nothing about when its neighbours ran.
        times.falls |= source.profile.is_snapshot();
        let mut holes = absent(source, &found, window);
        holes.extend(damage(id, &segments, &bases, &times, lifetime(source, window)));
        if source.is_protected() {
            let (verdicts, unmatched) = match &source.chain {
                Some(chain) => {
                    let mut verdicts = foreign(source, chain, &segments, window, anchors);
                    let (objects, sealed, unmatched) = plain_checkpoints(source, &segments, anchors);
                    for verdict in &mut verdicts.logs {
                        sealed::onto_foreign(verdict, &objects, &sealed, lifetime(source, window));
                    }
                    (verdicts, unmatched)
                }
                None if source.is_trail() => {
                    // Digests cover objects: no checkpoint over lines is of such a source.
                    let all = anchors.checkpoints.get(id).into_iter().flatten();
                    let origins = all.map(|checkpoint| checkpoint.origin.clone()).collect();
                    (trail(source, &segments, window, anchors), origins)
                }
                None => chained(source, &segments, window, anchors),
            };
            stitched.unmatched_checkpoints.extend(unmatched);
            holes.extend(verdicts.logs.iter().flat_map(|verdict| verdict.holes.clone()));
            stitched.logs.extend(verdicts.logs.iter().map(|verdict| with_rejects(&verdict.log, &found)));
            stitched.unmatched_heads.extend(verdicts.unmatched_heads);
            stitched.verdicts.insert(id.to_owned(), verdicts.logs);
        } else {
            let mut log = plain_log(source, &found, &holes);
            let (objects, sealed, unmatched) = plain_checkpoints(source, &segments, anchors);
            holes.extend(sealed::holes(&sealed, id, lifetime(source, window)));
            let whole =
                source.missing.is_empty() && found.objects.iter().all(|object| object.error.is_none());
            sealed::onto_plain(&mut log, &objects, &sealed, whole);
            stitched.unmatched_checkpoints.extend(unmatched);
            stitched.covered.insert(id.to_owned(), sealed.covered);
            stitched.logs.push(log);
        }
        if let Some(census) = anchors.census.get(id) {
            let breaks = census.breaks(&found.objects);
            holes.extend(census::holes(&breaks, id, lifetime(source, window)));
            census::onto(&mut stitched.logs[first_log..], &breaks);
        }
        // The chain and the reader may both notice that an object is missing or that a log is silent.
        holes.sort();
        holes.dedup_by(|a, b| (&a.span, a.kind, &a.object, a.line) == (&b.span, b.kind, &b.object, b.line));
        stitched.holes.extend(holes);
        stitched
            .bases
            .extend(bases.into_iter().map(|((object, start), base)| ((id.to_owned(), object, start), base)));
        stitched.sources.push(found);
    }
    stitched.logs.sort_by(|a, b| (&a.source, &a.log).cmp(&(&b.source, &b.log)));
    stitched.holes.sort();
    stitched
}

/// Judges the chained logs of a source.
fn chains(
    source: &SourcePlan<'_>,
    segments: &[&Summary],
    window: Period,
    anchors: &Anchors<'_>,
    sealed: &[LogHead],
    witnessed: &[WitnessedHead],
) -> crate::integrity::stitch::Stitched {
    let none = Vec::new();
    let id = &source.settings.id;
    let heads = [anchors.heads.get(id).unwrap_or(&none), sealed].concat();
    let runs: Vec<RunSummary> = segments.iter().flat_map(|summary| summary.runs.clone()).collect();
    chain_stitch(&StitchInput {
        source: id,
        logs: &source.settings.logs,
        objects: &object_facts(source, segments),
        runs: &runs,
        heads: &heads,
        witnessed,
        after: anchors.after.get(id).unwrap_or(&none),
        keyring: anchors.keyring,
        links: anchors.links,
        period: lifetime(source, window),
        as_of: window.to,
        max_silence: source.settings.max_silence_ms,
    })
}

/// Judges the log of a source with a chain profile.
fn foreign(
    source: &SourcePlan<'_>,
    chain: &ChainPlan<'_>,
    segments: &[&Summary],
    window: Period,
    anchors: &Anchors<'_>,
) -> crate::integrity::stitch::Stitched {
    let none = Vec::new();
    let id = &source.settings.id;
    let summaries: Vec<ForeignSummary> =
        segments.iter().filter_map(|summary| summary.foreign.clone()).collect();
    stitch_foreign(&ForeignInput {
        source: id,
        layers: chain.format.layers(),
        objects: &object_facts(source, segments),
        summaries: &summaries,
        heads: anchors.heads.get(id).unwrap_or(&none),
        after: anchors.after.get(id).unwrap_or(&none),
        keyring: anchors.keyring,
        index: &RecordsAgain { source, format: chain.format },
        period: lifetime(source, window),
        as_of: window.to,
        uncovered_columns: &chain.uncovered_columns,
        mapped: &chain.mapped,
        fates: anchors.fates,
    })
}

/// Returns the objects of a source and why some were not read to their end.
fn object_facts(source: &SourcePlan<'_>, segments: &[&Summary]) -> Vec<ObjectFact> {
    let mut objects: Vec<ObjectFact> = source
        .objects
        .iter()
        .map(|object| ObjectFact {
            name: object.name.clone(),
            fault: segments
                .iter()
                .filter(|summary| summary.object == object.name)
                .find_map(|summary| summary.failure.as_ref())
                .map(|failure| (failure.kind, failure.detail.clone())),
        })
        .collect();
    objects.extend(source.missing.iter().map(|missing| ObjectFact {
        name: missing.pattern.clone(),
        fault: Some((missing.kind, missing.detail.clone())),
    }));
    objects
}

/// Judges the chained logs of a source, and compares their lines with its checkpoints.
fn chained(
    source: &SourcePlan<'_>,
    segments: &[&Summary],
    window: Period,
    anchors: &Anchors<'_>,
) -> (crate::integrity::stitch::Stitched, Vec<String>) {
    let mut verdicts = chains(source, segments, window, anchors, &[], &[]);
    let Some(all) = anchors.checkpoints.get(&source.settings.id) else { return (verdicts, Vec::new()) };
    let mut unmatched: Vec<String> = all.iter().map(|checkpoint| checkpoint.origin.clone()).collect();
    let mut found: BTreeMap<String, Sealed> = BTreeMap::new();
    for verdict in &verdicts.logs {
        let own: Vec<&Checkpoint> =
            all.iter().filter(|checkpoint| checkpoint.log() == verdict.log.log).collect();
        if own.is_empty() {
            continue;
        }
        unmatched.retain(|origin| own.iter().all(|checkpoint| checkpoint.origin != *origin));
        let objects = sealed::objects_of_log(source, segments, verdict);
        found.insert(verdict.log.log.clone(), sealed::examine(&objects, &own, anchors.keyring));
    }
    let heads: Vec<LogHead> = found.values().flat_map(|sealed| sealed.heads.clone()).collect();
    let witnessed: Vec<WitnessedHead> = found.values().flat_map(|sealed| sealed.witnessed.clone()).collect();
    if !heads.is_empty() {
        verdicts = chains(source, segments, window, anchors, &heads, &witnessed);
    }
    for verdict in &mut verdicts.logs {
        if let Some(sealed) = found.get(&verdict.log.log) {
            sealed::onto_chained(verdict, sealed, &source.settings.id, lifetime(source, window));
        }
    }
    (verdicts, unmatched)
}

/// Compares the lines of a source that is one log with its checkpoints. Records in documents are no lines.
fn plain_checkpoints<'a>(
    source: &'a SourcePlan<'_>,
    segments: &[&Summary],
    anchors: &Anchors<'_>,
) -> (Vec<TreeObject<'a>>, Sealed, Vec<String>) {
    let settings = &source.settings;
    let all = anchors.checkpoints.get(&settings.id).map(Vec::as_slice).unwrap_or_default();
    let objects = sealed::objects_of_source(source, segments);
    let framing = source.framing();
    let of_lines = objects.iter().all(|object| framing.is_lines(&object.object.name));
    let (own, other): (Vec<&Checkpoint>, Vec<&Checkpoint>) = all.iter().partition(|checkpoint| {
        let log = checkpoint.log();
        of_lines && (log == settings.id || settings.logs.iter().any(|name| name == log))
    });
    let sealed =
        if own.is_empty() { Sealed::default() } else { sealed::examine(&objects, &own, anchors.keyring) };
    (objects, sealed, other.into_iter().map(|checkpoint| checkpoint.origin.clone()).collect())
}

/// Judges the objects of a CloudTrail folder.
fn trail(
    source: &SourcePlan<'_>,
    segments: &[&Summary],
    window: Period,
    anchors: &Anchors<'_>,
) -> crate::integrity::stitch::Stitched {
    let id = &source.settings.id;
    let items: Vec<Item<'_>> = segments
        .iter()
        .map(|summary| Item {
            name: &summary.object,
            object: summary.trail.as_ref(),
            fault: summary.failure.as_ref().map(|failure| (failure.kind, failure.detail.as_str())),
            records: summary.tally.read - summary.tally.housekeeping,
            lines: summary.lines,
            times: summary.times.get(id).and_then(|times| cloudtrail::bounds(&times.buckets)),
        })
        .collect();
    let missing: Vec<_> = source
        .missing
        .iter()
        .map(|missing| (missing.pattern.clone(), missing.kind, missing.detail.clone()))
        .collect();
    let heads = [anchors.heads, anchors.after].into_iter().filter_map(|heads| heads.get(id)).flatten();
    cloudtrail::stitch(&TrailInput {
        source: id,
        items: &items,
        missing: &missing,
        expected: &Expected::of(id, |name| source.settings.set.get(name).map(String::as_str)),
        heads: &heads.cloned().collect::<Vec<_>>(),
        keyring: anchors.keyring,
        period: lifetime(source, window),
    })
}

/// Adds to a log the records that are intact and yet could not be used.
fn with_rejects(log: &Log, found: &StitchedSource) -> Log {
    let unusable: u64 = found.tally.rejected.get(&BreakKind::Rejected).copied().unwrap_or_default();
    Log { rejected: log.rejected.max(unusable), ..log.clone() }
}

/// Returns the part of `window` in which the source lived.
pub fn lifetime(source: &SourcePlan<'_>, window: Period) -> Period {
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

fn one(source: &SourcePlan<'_>, segments: &[&Summary]) -> StitchedSource {
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
fn absent(source: &SourcePlan<'_>, found: &StitchedSource, window: Period) -> Vec<Hole> {
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
    let mut holes: Vec<Hole> = source
        .missing
        .iter()
        .map(|missing| whole(missing.kind, &missing.pattern, missing.detail.clone()))
        .collect();
    let excused = settings.may_be_empty.as_ref().is_some_and(|(_, until)| window.to <= *until);
    let inside: u64 = in_window(found, lifetime);
    if inside == 0 && !excused {
        holes.push(whole(BreakKind::Empty, "", "there is no record inside the period".to_owned()));
    }
    let declared = settings.extracted.as_ref().and_then(|extracted| extracted.records);
    if let Some(expected) = declared.filter(|expected| *expected != found.tally.read) {
        let detail =
            format!("{} records were read, and the extraction declares {expected}", found.tally.read);
        holes.push(whole(BreakKind::Gap, "", detail));
    }
    let declared = settings.extracted.as_ref().and_then(|extracted| extracted.objects);
    let objects = found.objects.len() as u64;
    if let Some(expected) = declared.filter(|expected| *expected != objects) {
        let kind = if objects < expected { BreakKind::MissingObject } else { BreakKind::ExtraObject };
        let detail = format!("{objects} objects were read, and the extraction declares {expected}");
        holes.push(whole(kind, "", detail));
    }
    if let (Some(limit), true, false) = (settings.max_silence_ms, inside > 0, source.is_native()) {
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
fn plain_log(source: &SourcePlan<'_>, found: &StitchedSource, holes: &[Hole]) -> Log {
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
    let objects = found.objects.iter().map(|object| object.name.clone()).collect();
    let reason = format!(
        "{product} writes neither hashes nor signatures, so nothing in these {records} records can show a change; a \
         checkpoint over each export, kept by somebody else, would cover them"
    );
    Log {
        records,
        rejected,
        integrity: if records > rejected { Grade::Parsed } else { Grade::None },
        breaks,
        ..Log::bare(&id, objects, vec![reason])
    }
}
