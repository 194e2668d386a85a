//! Segment summaries to one verdict per log.
//!
//! [`stitch`] is a pure fold over the *set* of summaries: it sorts them, drops repeated ones, and joins stretches that the cut
//! into segments has parted. After that nothing depends on where the cuts were, in which order the summaries came, or
//! how often. In steps:
//!
//! 1. `layout`: summaries to pieces and damaged lines with line numbers of the whole object, one group per log;
//! 2. `sweep`: within each object, then across objects, records that stand in two places are compared and counted once;
//! 3. `seam`: what lies between two neighbours by sequence number: a link, a gap, a damaged line;
//! 4. `ends`: the first and the last record against heads, the genesis rule and the closing record;
//! 5. `judge`: keys, grades, completeness, verdict, reasons;
//! 6. `hole`: the spans of time in which records may be missing.

mod ends;
mod hole;
pub(in crate::integrity) mod judge;
mod layout;
mod seam;
pub(in crate::integrity) mod sweep;

use std::collections::BTreeMap;

use crate::clock::{Moment, Period};
use crate::digest::Digest;
use crate::integrity::chain::RunSummary;
use crate::integrity::head::{LogHead, WitnessedHead};
use crate::integrity::keyring::Keyring;
use crate::integrity::verdict::{BreakKind, Grade};
use crate::report::model::{Hole, Log};

/// An object of the source, in the order in which the source lists them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObjectFact {
    /// Name as declared.
    pub name: String,
    /// Why it was not read to its end: `missing-object`, `unreadable-object`, or `truncated-object`, and the facts.
    pub fault: Option<(BreakKind, String)>,
}

/// A record as the parts of a run hold it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link {
    /// SHA-256 of the line.
    pub digest: Digest,
    /// Byte offset of the line in its object.
    pub offset: u64,
}

/// Gives the link of any admitted record. It is asked only where two objects overlap, and for a head inside a log.
pub trait LinkIndex {
    /// Returns the link of the record on `line` of `run`, counted from 1 at the start of the run; its sequence number is `seq`.
    fn link_at(&self, run: &RunSummary, line: u64, seq: u64) -> Option<Link>;
}

/// Knows no link. With it, overlapping objects and heads inside a log cannot be compared, and the verdict says so.
#[derive(Clone, Copy, Debug)]
pub struct NoLinks;

impl LinkIndex for NoLinks {
    fn link_at(&self, _: &RunSummary, _: u64, _: u64) -> Option<Link> {
        None
    }
}

/// Everything that is judged together: one source.
#[derive(Clone, Copy)]
pub struct StitchInput<'a> {
    /// Source id.
    pub source: &'a str,
    /// Log names that the source declares; empty where any may stand.
    pub logs: &'a [String],
    /// Its objects, in order.
    pub objects: &'a [ObjectFact],
    /// Summaries of all its segments, in any order and any number of times.
    pub runs: &'a [RunSummary],
    /// Last records, as brought from outside.
    pub heads: &'a [LogHead],
    /// Records of which it was shown when they existed. Every one of them is among `heads` too.
    pub witnessed: &'a [WitnessedHead],
    /// Last records before the objects, as brought from outside.
    pub after: &'a [LogHead],
    /// Trusted keys; the same that the segments were scanned with.
    pub keyring: &'a Keyring,
    /// Links of single records.
    pub links: &'a dyn LinkIndex,
    /// Time for which the source is evidence: the period, cut to the source's own life.
    pub period: Period,
    /// End of what is tested; edges of the log run up to here.
    pub as_of: Moment,
    /// Longest time without a record, in milliseconds, that is no silence; the same that the segments were scanned with.
    pub max_silence: Option<i64>,
}

/// What [`stitch`] found.
#[derive(Clone, PartialEq, Debug)]
pub struct Stitched {
    /// Logs, by name.
    pub logs: Vec<LogVerdict>,
    /// Heads whose log is neither declared nor found: whoever brought them meant another input.
    pub unmatched_heads: Vec<LogHead>,
    /// Lines before each run, by object name and start of the run: add them to the line numbers of its segment.
    pub line_bases: BTreeMap<(String, u64), u64>,
}

/// Byte offsets, rising, each with the fate of the records below it and from the one before on.
pub type Spans = Vec<(u64, Fate)>;

/// A log, verified.
#[derive(Clone, PartialEq, Debug)]
pub struct LogVerdict {
    /// What a report prints.
    pub log: Log,
    /// Spans in which records may be missing.
    pub holes: Vec<Hole>,
    /// What became of every line, by object and line.
    pub ranges: Vec<Range>,
    /// What became of the records of a foreign log, by object and start of the segment: per group of its summary, the byte
    /// offset below which its records share a fate.
    pub groups: BTreeMap<(String, u64), Vec<Spans>>,
    /// Records kept per key id.
    pub key_records: BTreeMap<Digest, u64>,
    /// Time of the first kept record, in order of sequence.
    pub first_time: Option<Moment>,
    /// Time of the last kept record, in order of sequence.
    pub last_time: Option<Moment>,
    /// True where some record's time is before the time of the record before it.
    pub times_fall: bool,
    /// True where the last record says that it is the last.
    pub closed: bool,
}

/// What became of a record in the end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fate {
    /// It counts, at this grade.
    Kept(Grade),
    /// It proves nothing.
    Damaged(BreakKind),
    /// It repeats a record that counts.
    Dropped(BreakKind),
}

/// Consecutive lines of one object that share a fate, key by key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Range {
    /// Object name.
    pub object: String,
    /// First line, from 1 in the whole object.
    pub line: u64,
    /// Number of lines.
    pub lines: u64,
    /// Fate of the records that name these keys.
    pub by_key: BTreeMap<Digest, Fate>,
    /// Fate of the others.
    pub otherwise: Fate,
}

impl LogVerdict {
    /// Returns the fate of the line `line` of `object`, whose record names `key`; `None` where the line is not the log's.
    pub fn fate_at(&self, object: &str, line: u64, key: Digest) -> Option<Fate> {
        let after =
            self.ranges.partition_point(|range| (range.object.as_str(), range.line) <= (object, line));
        let range = self.ranges.get(after.checked_sub(1)?)?;
        (range.object == object && line - range.line < range.lines)
            .then(|| range.by_key.get(&key).copied().unwrap_or(range.otherwise))
    }
}

impl LogVerdict {
    /// Returns the fate of the record at `offset` of `object`, which is of group `group` of the segment at `start`.
    pub fn fate_of(&self, object: &str, start: u64, group: usize, offset: u64) -> Option<Fate> {
        let spans = self.groups.get(&(object.to_owned(), start))?.get(group)?;
        let at = spans.partition_point(|(until, _)| *until <= offset);
        spans.get(at).map(|(_, fate)| *fate)
    }
}

/// Folds the set of summaries of one source into a verdict per log.
pub fn stitch(input: &StitchInput<'_>) -> Stitched {
    let layout = layout::lay_out(input);
    let logs: Vec<LogVerdict> = layout.logs.iter().map(|log| judge::judge(input, &layout, log)).collect();
    let known =
        |head: &&LogHead| !logs.iter().any(|log| log.log.log == head.log) && !input.logs.contains(&head.log);
    let mut unmatched_heads: Vec<LogHead> =
        input.heads.iter().chain(input.after).filter(known).cloned().collect();
    unmatched_heads.sort();
    unmatched_heads.dedup();
    Stitched { logs, unmatched_heads, line_bases: layout.line_bases }
}

#[cfg(test)]
mod tests;
