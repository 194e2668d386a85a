//! Single records, read again: what stitching asks for where two objects overlap.
//!
//! Overlaps are rare and short, so one line is found again by reading its object once more. That keeps `verify` in
//! constant memory, and a run on a cluster free of an index.

use std::io::{BufRead, BufReader};

use super::plan::SourcePlan;
use crate::digest::Digest;
use crate::integrity::chain::RunSummary;
use crate::integrity::countersign_log::MAX_LINE;
use crate::integrity::stitch::{Link, LinkIndex};
use crate::source::container::Unpacked;
use crate::source::framing::{Line, Lines};
use crate::source::location::ObjectRef;
use crate::source::object;

/// Finds links by reading the objects of a plan again.
#[derive(Clone, Copy, Debug)]
pub struct Reread<'a>(pub &'a [SourcePlan<'a>]);

impl LinkIndex for Reread<'_> {
    fn link_at(&self, run: &RunSummary, line: u64, _seq: u64) -> Option<Link> {
        let source = self.0.iter().find(|source| source.settings.id == run.source)?;
        let object = source.objects.iter().find(|object| object.name == run.object)?;
        line_at(object, run.start, line)
    }
}

/// Reads line `line` of `object` again, counted from 1 at the line that begins at `start`.
pub fn line_at(object: &ObjectRef, start: u64, line: u64) -> Option<Link> {
    // What starts inside an object lies in a plain one.
    let range = (start > 0).then_some(start..object.size);
    let unpacked = Unpacked::new(object::open(object, range).ok()?).ok()?;
    let lines = Lines::new(BufReader::new(unpacked), start, u64::MAX, MAX_LINE);
    find(lines, line, |found| {
        let digest = found.oversize.map_or_else(|| Digest::of(found.bytes), |(_, digest)| digest);
        Some(Link { digest, offset: found.offset })
    })
}

/// Returns the bytes of line `line` of `object`, without its LF, counted from 1 at the first line that begins at `cut` or later;
/// `None` where it is longer than a record of `countersign-log/1` may be.
pub fn line_bytes(object: &ObjectRef, cut: u64, line: u64) -> Option<Vec<u8>> {
    let from = cut.saturating_sub(1);
    let range = (cut > 0).then_some(from..object.size);
    let unpacked = Unpacked::new(object::open(object, range).ok()?).ok()?;
    let mut lines = Lines::new(BufReader::new(unpacked), from, u64::MAX, MAX_LINE);
    if cut > 0 {
        lines.skip_partial().ok()?;
    }
    find(lines, line, |found| found.oversize.is_none().then(|| found.bytes.to_vec()))
}

fn find<R: BufRead, T>(
    mut lines: Lines<R>,
    line: u64,
    take: impl FnOnce(&Line<'_>) -> Option<T>,
) -> Option<T> {
    while let Some(found) = lines.next_line().ok()? {
        if found.number == line {
            return take(&found);
        }
    }
    None
}
