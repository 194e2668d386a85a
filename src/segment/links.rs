//! Single records, read again: what stitching asks for where two objects overlap.
//!
//! Overlaps are rare and short, so one line is found again by reading its object once more. That keeps `verify` in
//! constant memory, and a run on a cluster free of an index.

use std::io::{BufRead, BufReader, Read as _};

use super::plan::SourcePlan;
use crate::digest::Digest;
use crate::integrity::chain::RunSummary;
use crate::integrity::countersign_log::MAX_LINE;
use crate::integrity::foreign::scan::{Back, chain_name};
use crate::integrity::foreign::stitch::{ForeignIndex, Walked};
use crate::integrity::foreign::{ChainFormat, Keys, Seen};
use crate::integrity::keyring::Keyring;
use crate::integrity::stitch::{Link, LinkIndex};
use crate::source::container::Unpacked;
use crate::source::framing::{self, Line, Lines, MAX_DOCUMENT, Record};
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

/// Finds the records of one chain by reading an object of a source again.
#[derive(Clone, Copy, Debug)]
pub struct RecordsAgain<'a> {
    /// The source.
    pub source: &'a SourcePlan<'a>,
    /// Its chain profile.
    pub format: &'a ChainFormat,
}

impl ForeignIndex for RecordsAgain<'_> {
    fn walk(
        &self,
        object: &str,
        start: u64,
        chain: (usize, &str),
        each: &mut dyn FnMut(Walked) -> bool,
    ) -> bool {
        self.records(object, start, chain, each).is_some()
    }
}

impl RecordsAgain<'_> {
    fn records(
        &self,
        object: &str,
        start: u64,
        chain: (usize, &str),
        each: &mut dyn FnMut(Walked) -> bool,
    ) -> Option<()> {
        let object = self.source.objects.iter().find(|known| known.name == object)?;
        let unpacked = Unpacked::new(object::open(object, None).ok()?).ok()?;
        if !self.source.framing().is_lines(&object.name) {
            let mut text = String::new();
            unpacked.take(MAX_DOCUMENT).read_to_string(&mut text).ok()?;
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            for record in framing::document_records(text, self.source.framing().pointers()).ok()? {
                if record.offset >= start && !self.one(&record, chain, each) {
                    break;
                }
            }
            return Some(());
        }
        let mut lines = Lines::new(BufReader::new(unpacked), 0, u64::MAX, self.format.max_record());
        while let Some(line) = lines.next_line().ok()? {
            let Ok(text) = std::str::from_utf8(line.bytes) else { continue };
            if line.offset < start || line.oversize.is_some() {
                continue;
            }
            if !self.one(&Record::new(text, line.offset, line.number, 0), chain, each) {
                break;
            }
        }
        Some(())
    }

    /// Shows a record, if it is an intact one of the chain; false where no more is wanted.
    fn one(&self, record: &Record<'_>, chain: (usize, &str), each: &mut dyn FnMut(Walked) -> bool) -> bool {
        // Signatures were checked when the segment was read.
        let keys = Keys { log: &self.source.settings.id, keyring: &Keyring::empty(), mac: &[] };
        let Ok(seen) = self.format.examine(record, &keys) else { return true };
        let of_chain = |seen: &&Seen| seen.layer == chain.0 && chain_name(&seen.chain) == chain.1;
        let Some(seen) = seen.iter().find(of_chain) else { return true };
        each(Walked {
            offset: record.offset,
            digest: record.digest,
            link: seen.link.as_deref().map(Digest::of),
            prev: Back::of(seen.prev.as_ref()),
        })
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
