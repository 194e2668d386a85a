//! Parts after stitching: absolute line numbers, and records that stand twice dropped and counted.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use polars::prelude::*;

use super::Part;
use super::stitch::Stitched;

/// A range of sequence numbers that another object holds as well.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repeated {
    /// Log name.
    pub log: String,
    /// Sequence numbers to drop.
    pub seqs: RangeInclusive<u64>,
}

/// Segment key: source, object, offset.
pub type Key = (String, String, u64);

/// Parts by segment key.
pub type Parts = BTreeMap<Key, Part>;

/// Completes the parts: `repeated` are the ranges of chained logs that were exported twice.
///
/// Records of other logs count as re-exported where their bytes stand in an earlier object of the source. The
/// tallies of `stitched` are corrected so that records are conserved.
pub fn finish(parts: &mut Parts, stitched: &mut Stitched, repeated: &BTreeMap<Key, Vec<Repeated>>, order: &[String]) {
    let mut seen: BTreeMap<(String, String), String> = BTreeMap::new();
    for (key, part) in parts.iter_mut() {
        let base = stitched.bases.get(key).copied().unwrap_or_default();
        let ranges = repeated.get(key).map(Vec::as_slice).unwrap_or_default();
        let (events, dropped) = drop_events(&part.events, key, ranges, &mut seen);
        let records = drop_records(&part.records, ranges, &dropped);
        let gone = (part.records.height() - records.height()) as u64;
        let fewer = (part.events.height() - events.height()) as u64;
        part.events = with_base(events, base);
        part.records = with_base(records, base);
        if let Some(at) = order.iter().position(|source| *source == key.0) {
            let tally = &mut stitched.sources[at].tally;
            let mapped = dropped.len() as u64;
            tally.duplicates += gone;
            tally.mapped -= mapped.min(tally.mapped);
            tally.events -= fewer.min(tally.events);
            // Records without events (heartbeats, ignored ones) that stand twice were counted under their reason.
            let silent = gone - mapped.min(gone);
            tally.housekeeping -= silent.min(tally.housekeeping);
        }
    }
}

fn text<'a>(frame: &'a DataFrame, name: &str) -> Option<&'a StringChunked> {
    frame.column(name).ok().and_then(|column| column.str().ok())
}

fn int<'a>(frame: &'a DataFrame, name: &str) -> Option<&'a Int64Chunked> {
    frame.column(name).ok().and_then(|column| column.i64().ok())
}

fn in_ranges(ranges: &[Repeated], log: Option<&str>, seq: Option<i64>) -> bool {
    let Some(seq) = seq.and_then(|seq| u64::try_from(seq).ok()) else { return false };
    ranges.iter().any(|range| Some(range.log.as_str()) == log && range.seqs.contains(&seq))
}

/// Returns the events that stay, and the offsets of the records whose events went.
fn drop_events(
    frame: &DataFrame,
    (source, object, _): &Key,
    ranges: &[Repeated],
    seen: &mut BTreeMap<(String, String), String>,
) -> (DataFrame, BTreeSet<i64>) {
    let mut dropped = BTreeSet::new();
    let (Some(logs), Some(seqs), Some(offsets)) = (text(frame, "log"), int(frame, "seq"), int(frame, "offset")) else {
        return (frame.clone(), dropped);
    };
    let digests = text(frame, "line_digest");
    let mut last = None;
    let keep: BooleanChunked = (0..frame.height())
        .map(|row| {
            let offset = offsets.get(row).unwrap_or_default();
            if dropped.contains(&offset) {
                return false;
            }
            let repeats = if seqs.get(row).is_some() {
                in_ranges(ranges, logs.get(row), seqs.get(row))
            } else if last == Some(offset) {
                false
            } else {
                last = Some(offset);
                let digest = digests.and_then(|digests| digests.get(row)).unwrap_or_default();
                let first = seen
                    .entry((source.clone(), digest.to_owned()))
                    .or_insert_with(|| object.clone());
                first != object
            };
            if repeats {
                dropped.insert(offset);
            }
            !repeats
        })
        .collect();
    if dropped.is_empty() {
        return (frame.clone(), dropped);
    }
    (frame.filter(&keep).expect("a mask of the frame's own height"), dropped)
}

fn drop_records(frame: &DataFrame, ranges: &[Repeated], dropped: &BTreeSet<i64>) -> DataFrame {
    if ranges.is_empty() && dropped.is_empty() {
        return frame.clone();
    }
    let (Some(logs), Some(seqs), Some(ids)) = (text(frame, "log"), int(frame, "seq"), text(frame, "integrity_id"))
    else {
        return frame.clone();
    };
    let keep: BooleanChunked = (0..frame.height())
        .map(|row| {
            let offset = ids.get(row).and_then(|id| id.rsplit('@').next()).and_then(|offset| offset.parse().ok());
            !(in_ranges(ranges, logs.get(row), seqs.get(row)) || offset.is_some_and(|at| dropped.contains(&at)))
        })
        .collect();
    frame.filter(&keep).expect("a mask of the frame's own height")
}

fn with_base(mut frame: DataFrame, base: u64) -> DataFrame {
    let base = i64::try_from(base).unwrap_or(i64::MAX);
    if base > 0 {
        if let Ok(lines) = frame.column("line").and_then(|column| column.i64().cloned()) {
            let moved = (lines + base).with_name("line".into());
            frame.with_column(moved.into_series().into()).expect("the column has the frame's own height");
        }
    }
    frame
}
