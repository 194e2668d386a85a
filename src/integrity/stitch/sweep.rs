//! Records that stand in two places: repeated, exported twice, or forked.

use super::layout::{Layout, LogGroup, Piece};
use super::{Link, LinkIndex};
use crate::digest::Digest;

/// A range of sequence numbers of one piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::integrity) struct Seg {
    /// Index into the pieces of the log.
    pub(in crate::integrity) piece: usize,
    pub(in crate::integrity) from: u64,
    pub(in crate::integrity) to: u64,
}

impl Seg {
    pub(in crate::integrity) fn records(self) -> u64 {
        self.to - self.from + 1
    }
}

/// How a range relates to the one that was kept in its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::integrity) enum Overlap {
    /// Byte-equal.
    Same,
    /// Different from this sequence number on.
    Fork(u64),
    /// No link was to be had.
    Unknown,
}

/// Disjoint ranges in order of sequence, and what was set aside for them.
#[derive(Default)]
pub(in crate::integrity) struct Sweep {
    pub(in crate::integrity) kept: Vec<Seg>,
    /// The range set aside, the piece that was kept in its place, and how they relate.
    pub(in crate::integrity) overlaps: Vec<(Seg, usize, Overlap)>,
}

/// Takes ranges in order of their first number, and keeps of each what no earlier one holds. `compare` says how a range
/// relates to the piece that was kept in its place.
pub(in crate::integrity) fn sweep(
    mut ranges: Vec<Seg>,
    compare: &mut dyn FnMut(Seg, usize) -> Overlap,
) -> Sweep {
    ranges.sort_by_key(|seg| (seg.from, seg.piece));
    let mut sweep = Sweep::default();
    for range in ranges {
        place(range, &mut sweep, compare);
    }
    sweep
}

fn place(range: Seg, sweep: &mut Sweep, compare: &mut dyn FnMut(Seg, usize) -> Overlap) {
    let at = sweep.kept.partition_point(|kept| kept.to < range.from);
    let mut free = Vec::new();
    let mut cursor = range.from;
    for kept in sweep.kept[at..].iter().take_while(|kept| kept.from <= range.to) {
        if cursor < kept.from {
            free.push(Seg { piece: range.piece, from: cursor, to: kept.from - 1 });
        }
        let shared = Seg { piece: range.piece, from: range.from.max(kept.from), to: range.to.min(kept.to) };
        sweep.overlaps.push((shared, kept.piece, compare(shared, kept.piece)));
        cursor = shared.to + 1;
    }
    if cursor <= range.to {
        free.push(Seg { piece: range.piece, from: cursor, to: range.to });
    }
    sweep.kept.extend(free);
    sweep.kept[at..].sort_by_key(|kept| kept.from);
}

/// The pieces of one log, and the links of their records.
pub(super) struct Chain<'a> {
    pub(super) layout: &'a Layout<'a>,
    pub(super) group: &'a LogGroup,
    pub(super) links: &'a dyn LinkIndex,
}

impl Chain<'_> {
    pub(super) fn piece(&self, seg: Seg) -> &Piece {
        &self.group.pieces[seg.piece]
    }

    /// Returns the digest and the offset of record `seq` of piece `index`.
    pub(super) fn link(&self, index: usize, seq: u64) -> Option<Link> {
        let piece = &self.group.pieces[index];
        if seq == piece.last() {
            return Some(Link { digest: piece.stretch.head, offset: piece.stretch.last_offset });
        }
        let after = piece.parts.partition_point(|part| part.first <= seq);
        let part = &piece.parts[after - 1];
        self.links.link_at(self.layout.runs[part.run], part.line + (seq - part.first), seq)
    }

    /// Returns the digest of record `seq` of piece `index`, asking the index only inside a part.
    pub(super) fn digest(&self, index: usize, seq: u64) -> Option<Digest> {
        let next = self.group.pieces[index].parts.iter().find(|part| part.first == seq + 1);
        next.map(|part| part.prev).or_else(|| self.link(index, seq).map(|link| link.digest))
    }

    /// Returns the offset of record `seq` of piece `index`, 0 where it is not to be had.
    pub(super) fn offset(&self, index: usize, seq: u64) -> u64 {
        let part = self.group.pieces[index].parts.iter().find(|part| part.first == seq);
        part.map(|part| part.offset)
            .or_else(|| self.link(index, seq).map(|link| link.offset))
            .unwrap_or_default()
    }

    /// Returns what record `seq` of piece `index` states as the digest of the line before.
    pub(super) fn prev(&self, index: usize, seq: u64) -> Option<Digest> {
        let piece = &self.group.pieces[index];
        if seq == piece.first() { Some(piece.stretch.prev) } else { self.digest(index, seq - 1) }
    }

    /// Takes ranges in order of their first sequence number, and keeps of each what no earlier one holds.
    pub(super) fn sweep(&self, ranges: Vec<Seg>) -> Sweep {
        sweep(ranges, &mut |shared, kept| self.compare(shared, kept))
    }

    /// Compares the link at the last common record: in a chain, equal there means equal before.
    fn compare(&self, shared: Seg, kept: usize) -> Overlap {
        match self.same(shared.piece, kept, shared.to) {
            None => Overlap::Unknown,
            Some(true) => Overlap::Same,
            Some(false) => Overlap::Fork(self.first_difference(shared, kept)),
        }
    }

    fn same(&self, one: usize, other: usize, seq: u64) -> Option<bool> {
        Some(self.digest(one, seq)? == self.digest(other, seq)?)
    }

    /// Finds the first differing record by halving: once two chains differ they never meet again.
    fn first_difference(&self, shared: Seg, kept: usize) -> u64 {
        let (mut low, mut high) = (shared.from, shared.to);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.same(shared.piece, kept, middle) {
                Some(true) => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }
}
