//! Checkpoints applied to the logs of one source: what they cover, and what they show to be gone or changed.
//!
//! A checkpoint stands beside the chain of a log. Where the sealed lines of a chained log have its root, the last of them
//! is a head like any other, and the chain is judged with it. In a log without a mechanism of its own the lines
//! under the checkpoint are covered by it alone.

use std::collections::BTreeMap;

use super::plan::SourcePlan;
use super::summary::Summary;
use super::tree::{Prefix, Shown, TreeObject, compare};
use crate::clock::Period;
use crate::integrity::checkpoint::Checkpoint;
use crate::integrity::countersign_log::LogLine;
use crate::integrity::head::{LogHead, WitnessedHead};
use crate::integrity::keyring::Keyring;
use crate::integrity::stitch::{Fate, LogVerdict};
use crate::integrity::verdict::{Break, BreakKind, Completeness, Effect, Grade, Verdict};
use crate::report::model::{Hole, Log};
use crate::segment::links::line_bytes;
use crate::source::location::ObjectRef;

/// Lines under checkpoints: the last one, from 1, by object name.
pub type Covered = BTreeMap<String, u64>;

/// What checkpoints show about one log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sealed {
    /// Lines that they cover.
    pub covered: Covered,
    /// Last lines under them, as heads, where the log is a `countersign-log/1`.
    pub heads: Vec<LogHead>,
    /// Those of them that a trusted cosigner saw, and when.
    pub witnessed: Vec<WitnessedHead>,
    /// What they show to be wrong.
    pub breaks: Vec<Break>,
    /// What they could not show, in words.
    pub remarks: Vec<String>,
}

/// Compares the lines of a log, which lie in `objects` in this order, with the checkpoints that were brought for it.
pub fn examine(objects: &[TreeObject<'_>], checkpoints: &[&Checkpoint], keyring: &Keyring) -> Sealed {
    let mut sealed = Sealed::default();
    for (index, checkpoint) in checkpoints.iter().enumerate() {
        if let Some(other) = checkpoints[..index].iter().find(|other| other.forks_from(checkpoint)) {
            let detail = format!(
                "two checkpoints of `{}` at {} lines: root `{}` and root `{}`",
                checkpoint.origin, checkpoint.size, other.root, checkpoint.root
            );
            sealed.breaks.push(at_the_end(objects, BreakKind::Fork, detail));
        }
        sealed.take(objects, checkpoint, keyring);
    }
    sealed.breaks.sort();
    sealed.breaks.dedup();
    sealed
}

impl Sealed {
    fn take(&mut self, objects: &[TreeObject<'_>], checkpoint: &Checkpoint, keyring: &Keyring) {
        let Checkpoint { origin, size, .. } = checkpoint;
        match compare(objects, checkpoint) {
            Shown::Held(prefixes) => {
                let last = prefixes.last();
                if let Some(head) = last.and_then(|last| head_at(&objects[last.object], last.lines)) {
                    let seen_at = checkpoint.anchored_at(keyring);
                    self.witnessed
                        .extend(seen_at.map(|seen_at| WitnessedHead { head: head.clone(), seen_at }));
                    self.heads.push(head);
                }
                for Prefix { object, lines } in prefixes {
                    let covered = self.covered.entry(objects[object].object.name.clone()).or_default();
                    *covered = (*covered).max(lines);
                }
            }
            Shown::Fewer { lines } => {
                let detail = format!("{lines} lines, the checkpoint of `{origin}` was made over {size}");
                self.breaks.push(at_the_end(objects, BreakKind::TruncatedTail, detail));
            }
            Shown::Other => {
                let detail = format!(
                    "the first {size} lines are not those of the checkpoint of `{origin}`: their root is another"
                );
                self.breaks.push(at_the_end(objects, BreakKind::Altered, detail));
            }
            Shown::Unread(cause) => {
                self.remarks.push(format!("the checkpoint of `{origin}` could not be compared: {cause}"));
            }
        }
    }

    /// Returns the last covered line of `object`, from 1; 0 where there is none.
    fn last(&self, object: &TreeObject<'_>) -> u64 {
        self.covered.get(&object.object.name).copied().unwrap_or_default()
    }

    /// Tells whether there is nothing to apply.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Returns the head that line `line` of a `countersign-log/1` object is; `None` where it is no record.
fn head_at(object: &TreeObject<'_>, line: u64) -> Option<LogHead> {
    let mut before = 0;
    let (start, line) = object.pieces.iter().find_map(|(start, lines)| {
        let found = (line <= before + lines).then_some((*start, line - before));
        before += lines;
        found
    })?;
    let bytes = line_bytes(object.object, start, line)?;
    let record = LogLine::parse(&bytes).ok()?;
    Some(LogHead { log: record.log.to_owned(), seq: record.seq, digest: crate::digest::Digest::of(&bytes) })
}

fn at_the_end(objects: &[TreeObject<'_>], kind: BreakKind, detail: String) -> Break {
    let last = objects.iter().rev().find(|object| object.lines() > 0).or(objects.last());
    Break {
        object: last.map(|object| object.object.name.clone()).unwrap_or_default(),
        line: last.map_or(0, TreeObject::lines),
        offset: 0,
        seq: None,
        kind,
        detail,
    }
}

impl TreeObject<'_> {
    /// Returns the number of lines, one without its end included.
    pub fn lines(&self) -> u64 {
        self.pieces.iter().map(|(_, lines)| lines).sum()
    }
}

/// Returns the objects of a chained log as the tree has them: in order of sequence, without repeated lines.
pub fn objects_of_log<'a>(
    source: &'a SourcePlan<'_>,
    segments: &[&Summary],
    verdict: &LogVerdict,
) -> Vec<TreeObject<'a>> {
    let first_seq = |object: &TreeObject<'_>| {
        let runs = segments.iter().filter(|summary| summary.object == object.object.name);
        runs.flat_map(|summary| &summary.runs)
            .flat_map(|run| &run.stretches)
            .filter(|stretch| stretch.log == verdict.log.log)
            .map(|stretch| stretch.first)
            .min()
    };
    let mut objects: Vec<TreeObject<'a>> = objects_of_source(source, segments)
        .into_iter()
        .filter(|object| verdict.log.objects.contains(&object.object.name))
        .collect();
    objects.sort_by_key(|object| first_seq(object).unwrap_or(u64::MAX));
    for object in &mut objects {
        object.repeated = verdict
            .ranges
            .iter()
            .filter(|range| range.object == object.object.name)
            .filter(|range| range.otherwise == Fate::Dropped(BreakKind::ReExport))
            .map(|range| (range.line, range.lines))
            .collect();
        object.repeated.sort_unstable();
    }
    objects
}

/// Returns the objects of a source, in order.
pub fn objects_of_source<'a>(source: &'a SourcePlan<'_>, segments: &[&Summary]) -> Vec<TreeObject<'a>> {
    let pieces = |object: &ObjectRef| -> Vec<(u64, u64)> {
        let own = segments.iter().filter(|summary| summary.object == object.name);
        own.map(|summary| (summary.start, summary.lines)).collect()
    };
    source
        .objects
        .iter()
        .map(|object| TreeObject { object, pieces: pieces(object), repeated: Vec::new() })
        .collect()
}

/// Adds to the verdict of a chained log what checkpoints show against it. What they hold, its heads have said already.
pub fn onto_chained(verdict: &mut LogVerdict, sealed: &Sealed, source: &str, lifetime: Period) {
    verdict.holes.extend(sealed.breaks.iter().map(|found| hole(source, found, lifetime)));
    against(&mut verdict.log, sealed);
}

/// Adds to the verdict of a log with a chain profile what checkpoints over its lines, which lie in `objects`, show.
pub fn onto_foreign(verdict: &mut LogVerdict, objects: &[TreeObject<'_>], sealed: &Sealed, lifetime: Period) {
    let source = verdict.log.source.clone();
    onto_chained(verdict, sealed, &source, lifetime);
    let log = &mut verdict.log;
    let to_the_end =
        !sealed.covered.is_empty() && objects.iter().all(|object| sealed.last(object) == object.lines());
    if to_the_end && sealed.breaks.is_empty() && log.completeness >= Completeness::Contiguous {
        log.completeness = log.completeness.max(Completeness::PinnedHead);
    }
}

/// Completes the log of a source without a mechanism of its own. `lines` counts the lines of all its objects.
pub fn onto_plain(log: &mut Log, objects: &[TreeObject<'_>], sealed: &Sealed, whole: bool) {
    against(log, sealed);
    if !sealed.breaks.is_empty() {
        return;
    }
    let last = |object: &TreeObject<'_>| sealed.last(object);
    log.covered = objects.iter().map(last).sum::<u64>().min(log.records);
    let to_the_end = objects.iter().all(|object| last(object) == object.lines());
    if log.covered == 0 {
        return;
    }
    log.uncovered_fields.clear();
    log.reasons.clear();
    if log.covered < log.records {
        log.reasons.push(format!(
            "{} of {} records lie after the last checkpoint, and nothing in them can show a change: seal the log again",
            log.records - log.covered,
            log.records
        ));
        return;
    }
    let complete = whole && to_the_end;
    if log.rejected == 0 {
        log.integrity = Grade::HeadAnchored;
    } else {
        log.reasons.push(format!("{} of {} records could not be used", log.rejected, log.records));
    }
    if complete {
        log.completeness = Completeness::PinnedHead;
    } else {
        log.reasons.push("not every object could be read to its end".to_owned());
    }
    let population = log.breaks.iter().any(|found| found.kind.effect(false) <= Effect::Population);
    if complete && log.rejected == 0 && !population {
        log.verdict = Verdict::Verified;
    }
}

/// Returns the holes of what checkpoints show about a source without a mechanism of its own.
pub fn holes(sealed: &Sealed, source: &str, lifetime: Period) -> Vec<Hole> {
    sealed.breaks.iter().map(|found| hole(source, found, lifetime)).collect()
}

fn against(log: &mut Log, sealed: &Sealed) {
    log.reasons.extend(sealed.remarks.iter().cloned());
    if !sealed.remarks.is_empty() && log.verdict == Verdict::Verified {
        log.verdict = Verdict::NotVerifiable;
    }
    for found in &sealed.breaks {
        log.verdict = Verdict::Altered;
        log.completeness = log.completeness.min(Completeness::Contiguous);
        let Break { object, line, kind, detail, .. } = found;
        log.reasons.push(format!("`{kind}` at {object}:{line}: {detail}"));
        log.breaks.push(found.clone());
    }
    log.breaks.sort();
}

/// A root says that some line is not what it was, and not which: the whole life of the source is in doubt.
fn hole(source: &str, found: &Break, lifetime: Period) -> Hole {
    Hole::torn_by(found, source, lifetime)
}
