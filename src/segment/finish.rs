//! Parts after stitching: absolute lines, final grades, and what must not count dropped and counted elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;

use super::Part;
use super::stitch::{Stitched, StitchedSource};
use crate::column::{int_at, text_at, text_column};
use crate::digest::Digest;
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
            None => {
                let covered = stitched.covered.get(&key.0).and_then(|covered| covered.get(&key.1));
                let mut fates = repeated(part, key, &mut seen);
                fates.anchor(part, base, covered.copied().unwrap_or_default());
                fates
            }
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
    /// Raises the records on the first `covered` lines of the object, which a checkpoint holds.
    fn anchor(&mut self, part: &Part, base: u64, covered: u64) {
        let frame = &part.records;
        let (Ok(ids), Ok(lines)) = (frame.column("integrity_id"), frame.column("line")) else { return };
        for row in 0..frame.height() {
            let (Some(offset), Some(line)) = (offset_of(text_at(ids, row)), int_at(lines, row)) else {
                continue;
            };
            if u64::try_from(line).is_ok_and(|line| base + line <= covered) {
                self.grades.insert(offset, Grade::HeadAnchored);
            }
        }
    }

    fn goes(&self, offset: i64) -> bool {
        self.dropped.contains(&offset) || self.damaged.contains_key(&offset)
    }
}

/// Returns the offset that an integrity id ends with.
fn offset_of(id: Option<&str>) -> Option<i64> {
    id?.rsplit('@').next()?.parse().ok()
}

/// Looks up the fate of every record of a chained log.
fn chained(part: &Part, (_, object, start): &Key, base: u64, verdicts: &[LogVerdict]) -> Fates {
    let mut fates = Fates::default();
    let frame = &part.records;
    let (Ok(ids), Ok(lines), Ok(logs)) =
        (frame.column("integrity_id"), frame.column("line"), frame.column("log"))
    else {
        return fates;
    };
    for row in 0..frame.height() {
        let (Some(offset), Some(line)) = (offset_of(text_at(ids, row)), int_at(lines, row)) else { continue };
        let line = u64::try_from(line).unwrap_or_default();
        let log = text_at(logs, row);
        let verdict = verdicts.iter().find(|verdict| Some(verdict.log.log.as_str()) == log);
        let place = u64::try_from(offset).unwrap_or_default();
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

/// The objects of a source, by name, and in which of them each digest of a record stands first.
#[derive(Default)]
struct Seen {
    names: Vec<String>,
    first: BTreeMap<Digest, usize>,
}

/// Finds the records whose bytes stand in an earlier object of the source. Parts come in the order of their keys.
fn repeated(part: &Part, (source, object, _): &Key, seen: &mut BTreeMap<String, Seen>) -> Fates {
    let mut fates = Fates::default();
    let frame = &part.events;
    let (Ok(offsets), Ok(digests)) = (frame.column("offset"), frame.column("line_digest")) else {
        return fates;
    };
    let objects = seen.entry(source.clone()).or_default();
    let here = objects.names.partition_point(|name| name < object);
    if objects.names.get(here) != Some(object) {
        objects.names.push(object.clone());
    }
    for row in 0..frame.height() {
        let digest = text_at(digests, row).and_then(Digest::from_hex);
        let (Some(offset), Some(digest)) = (int_at(offsets, row), digest) else { continue };
        if *objects.first.entry(digest).or_insert(here) != here {
            fates.dropped.insert(offset);
        }
    }
    fates
}

fn apply(part: &mut Part, fates: &Fates, base: u64, source: &mut StitchedSource) {
    let offsets: Vec<i64> = part.events.column("offset").map_or_else(
        |_| Vec::new(),
        |column| (0..column.len()).map(|row| int_at(column, row).unwrap_or_default()).collect(),
    );
    let mapped: BTreeSet<i64> = offsets.iter().copied().filter(|offset| fates.goes(*offset)).collect();
    let records: Vec<i64> = part.records.column("integrity_id").map_or_else(
        |_| Vec::new(),
        |column| (0..column.len()).map(|row| offset_of(text_at(column, row)).unwrap_or_default()).collect(),
    );
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
        let old = frame.column("grade").cloned().unwrap_or_default();
        let grades = offsets.iter().zip(0..).map(|(offset, row)| {
            fates.grades.get(offset).map(|grade| grade.word()).or_else(|| text_at(&old, row))
        });
        set(&mut frame, text_column("grade", grades));
    }
    if base > 0 {
        let base = i64::try_from(base).unwrap_or(i64::MAX);
        if let Some(lines) = frame.column("line").ok().and_then(|column| column.i64().ok()).cloned() {
            set(&mut frame, (lines + base).with_name("line".into()).into_column());
        }
    }
    if offsets.iter().any(|offset| fates.goes(*offset)) {
        let keep: BooleanChunked = offsets.iter().map(|offset| !fates.goes(*offset)).collect();
        frame = frame.filter(&keep).expect("a mask of the frame's own height");
    }
    frame
}

fn set(frame: &mut DataFrame, column: Column) {
    frame.with_column(column).expect("the column has the frame's own height");
}
