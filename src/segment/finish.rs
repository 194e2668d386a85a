//! Parts after stitching: absolute lines, final grades, and what must not count dropped and counted elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;

use super::Part;
use super::stitch::{Stitched, StitchedSource};
use crate::integrity::stitch::{Fate, LogVerdict};
use crate::integrity::verdict::{BreakKind, Grade};

/// Segment key: source, object, offset.
pub type Key = (String, String, u64);

/// Parts by segment key.
pub type Parts = BTreeMap<Key, Part>;

/// Completes the parts by what stitching found.
///
/// A record of a chained log keeps, loses or changes its grade by its fate. A record of another log counts as
/// re-exported where its bytes stand in an earlier object of the source. The tallies follow, so that records are
/// conserved. `order` lists the sources as `stitched` does.
pub fn finish(parts: &mut Parts, stitched: &mut Stitched, order: &[String]) {
    let mut seen = BTreeMap::new();
    for (key, part) in parts.iter_mut() {
        let Some(at) = order.iter().position(|source| *source == key.0) else { continue };
        let base = stitched.bases.get(key).copied().unwrap_or_default();
        let fates = match stitched.verdicts.get(&key.0) {
            Some(verdicts) => chained(part, key, base, verdicts),
            None => repeated(part, key, &mut seen),
        };
        apply(part, &fates, base, &mut stitched.sources[at]);
    }
}

/// What becomes of records, by their offset; the others stay as they are.
#[derive(Default)]
struct Fates {
    grades: BTreeMap<i64, Grade>,
    damaged: BTreeMap<i64, BreakKind>,
    dropped: BTreeSet<i64>,
}

impl Fates {
    fn goes(&self, offset: i64) -> bool {
        self.dropped.contains(&offset) || self.damaged.contains_key(&offset)
    }
}

fn text<'a>(frame: &'a DataFrame, name: &str) -> Option<&'a StringChunked> {
    frame.column(name).ok().and_then(|column| column.str().ok())
}

fn int<'a>(frame: &'a DataFrame, name: &str) -> Option<&'a Int64Chunked> {
    frame.column(name).ok().and_then(|column| column.i64().ok())
}

/// Returns the offset that an integrity id ends with.
fn offset_of(id: Option<&str>) -> Option<i64> {
    id?.rsplit('@').next()?.parse().ok()
}

/// Looks up the fate of every record of a chained log.
fn chained(part: &Part, (_, object, start): &Key, base: u64, verdicts: &[LogVerdict]) -> Fates {
    let mut fates = Fates::default();
    let frame = &part.records;
    let (Some(ids), Some(lines), Some(logs)) =
        (text(frame, "integrity_id"), int(frame, "line"), text(frame, "log"))
    else {
        return fates;
    };
    for row in 0..frame.height() {
        let (Some(offset), Some(line)) = (offset_of(ids.get(row)), lines.get(row)) else { continue };
        let line = u64::try_from(line).unwrap_or_default();
        let place = u64::try_from(offset).unwrap_or_default();
        let verdict = verdicts.iter().find(|verdict| Some(verdict.log.log.as_str()) == logs.get(row));
        let fate = match part.group(place) {
            Some(group) => verdict.and_then(|verdict| verdict.fate_of(object, *start, group, place)),
            None => part
                .signer(line)
                .and_then(|key| verdict.and_then(|verdict| verdict.fate_at(object, base + line, key))),
        };
        match fate {
            Some(Fate::Kept(grade)) => {
                fates.grades.insert(offset, grade);
            }
            Some(Fate::Dropped(_)) => {
                fates.dropped.insert(offset);
            }
            Some(Fate::Damaged(kind)) => {
                fates.damaged.insert(offset, kind);
            }
            None => {
                fates.damaged.insert(offset, BreakKind::Rejected);
            }
        }
    }
    fates
}

/// Finds the records whose bytes stand in an earlier object of the source.
fn repeated(part: &Part, (source, object, _): &Key, seen: &mut BTreeMap<(String, String), String>) -> Fates {
    let mut fates = Fates::default();
    let frame = &part.events;
    let (Some(offsets), Some(digests)) = (int(frame, "offset"), text(frame, "line_digest")) else {
        return fates;
    };
    for row in 0..frame.height() {
        let (Some(offset), Some(digest)) = (offsets.get(row), digests.get(row)) else { continue };
        let first = seen.entry((source.clone(), digest.to_owned())).or_insert_with(|| object.clone());
        if first != object {
            fates.dropped.insert(offset);
        }
    }
    fates
}

fn apply(part: &mut Part, fates: &Fates, base: u64, source: &mut StitchedSource) {
    let offsets: Vec<i64> = int(&part.events, "offset")
        .map(|offsets| offsets.iter().map(Option::unwrap_or_default).collect())
        .unwrap_or_default();
    let mapped: BTreeSet<i64> = offsets.iter().copied().filter(|offset| fates.goes(*offset)).collect();
    let records: Vec<i64> = text(&part.records, "integrity_id")
        .map(|ids| ids.iter().map(|id| offset_of(id).unwrap_or_default()).collect())
        .unwrap_or_default();
    let tally = &mut source.tally;
    for offset in records.iter().filter(|offset| fates.goes(**offset)) {
        match fates.damaged.get(offset) {
            Some(kind) => *tally.rejected.entry(*kind).or_default() += 1,
            None => tally.duplicates += 1,
        }
        if mapped.contains(offset) {
            tally.mapped -= 1;
        } else if tally.housekeeping > 0 {
            tally.housekeeping -= 1;
        } else if tally.observations > 0 {
            tally.observations -= 1;
        } else if let Some(count) = tally.ignored.values_mut().find(|count| **count > 0) {
            *count -= 1;
        }
    }
    tally.events -= offsets.iter().filter(|offset| fates.goes(**offset)).count() as u64;
    part.events = completed(&part.events, &offsets, fates, base);
    part.records = completed(&part.records, &records, fates, base);
}

/// Drops the rows whose record goes, sets the final grade of the others, and makes lines absolute.
fn completed(frame: &DataFrame, offsets: &[i64], fates: &Fates, base: u64) -> DataFrame {
    let mut frame = frame.clone();
    if !fates.grades.is_empty() {
        let old = text(&frame, "grade").cloned().unwrap_or_default();
        let grades: StringChunked = offsets
            .iter()
            .zip(old.iter())
            .map(|(offset, old)| fates.grades.get(offset).map(|grade| grade.word()).or(old))
            .collect();
        set(&mut frame, grades.with_name("grade".into()).into_series());
    }
    if base > 0 {
        let base = i64::try_from(base).unwrap_or(i64::MAX);
        if let Some(lines) = int(&frame, "line").cloned() {
            set(&mut frame, (lines + base).with_name("line".into()).into_series());
        }
    }
    if offsets.iter().any(|offset| fates.goes(*offset)) {
        let keep: BooleanChunked = offsets.iter().map(|offset| !fates.goes(*offset)).collect();
        frame = frame.filter(&keep).expect("a mask of the frame's own height");
    }
    frame
}

fn set(frame: &mut DataFrame, series: Series) {
    frame.with_column(series.into()).expect("the column has the frame's own height");
}
