//! The place of each piece in its chain, and what stands in two places.
//!
//! Where records have sequence numbers, the number is the place. Elsewhere the links say which piece follows which, and a
//! piece that names no record at hand stands behind everything before it in file order, after a hole of unknown size.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use super::layout::{ChainId, Layout, Piece};
use super::{ForeignInput, MAX_COMPARED, MAX_WALKS, Walked};
use crate::digest::Digest;
use crate::integrity::foreign::seen::LayerFacts;
use crate::integrity::stitch::sweep::{Overlap, Seg, Sweep, sweep};

/// The pieces of one chain, each at its place.
pub(super) struct Ordered {
    /// Per piece, the place of its first record.
    pub(super) at: Vec<u64>,
    /// Pieces that name a record before them that is not at hand.
    pub(super) unresolved: BTreeSet<usize>,
    /// Pieces without a number that fits their layer.
    pub(super) unnumbered: BTreeSet<usize>,
    /// Disjoint ranges of places, and what was set aside for them.
    pub(super) sweep: Sweep,
    /// Per piece, byte offsets of records at which a range ends inside it.
    pub(super) marks: Vec<BTreeMap<u64, u64>>,
}

/// Reads records again, as often as a log may ask for it.
pub(super) struct Reader<'a> {
    input: &'a ForeignInput<'a>,
    walks: Cell<usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(input: &'a ForeignInput<'a>) -> Self {
        Self { input, walks: Cell::new(0) }
    }

    /// Tells whether the limit was hit.
    pub(super) fn exhausted(&self) -> bool {
        self.walks.get() > MAX_WALKS
    }

    fn walk(&self, object: &str, start: u64, id: &ChainId, each: &mut dyn FnMut(Walked) -> bool) -> bool {
        self.walks.set(self.walks.get() + 1);
        !self.exhausted() && self.input.index.walk(object, start, (id.layer, &id.chain), each)
    }
}

pub(super) fn order(
    layout: &Layout<'_>,
    layer: &LayerFacts,
    id: &ChainId,
    pieces: &[Piece],
    reader: &Reader<'_>,
) -> Ordered {
    let mut ordered = Ordered {
        at: vec![0; pieces.len()],
        unresolved: BTreeSet::new(),
        unnumbered: BTreeSet::new(),
        sweep: Sweep::default(),
        marks: vec![BTreeMap::new(); pieces.len()],
    };
    if layer.sequenced {
        ordered.by_number(layer, pieces);
    } else if layer.linked {
        ordered.by_links(layout, id, pieces, reader);
    } else {
        ordered.by_file(pieces);
    }
    let whole = pieces
        .iter()
        .zip(&ordered.at)
        .enumerate()
        .map(|(piece, (own, at))| Seg { piece, from: *at, to: *at + own.records - 1 })
        .collect();
    let marks = RefCell::new(std::mem::take(&mut ordered.marks));
    let at = &ordered.at;
    let found = sweep(whole, &mut |shared, kept| {
        let comparison = Comparison { layout, id, pieces, at, reader, marks: &marks };
        comparison.compare(shared, kept)
    });
    ordered.sweep = found;
    ordered.marks = marks.into_inner();
    ordered
}

impl Ordered {
    fn by_number(&mut self, layer: &LayerFacts, pieces: &[Piece]) {
        let step = layer.step.max(1);
        let mut beyond = 0;
        for (index, piece) in pieces.iter().enumerate() {
            let above = piece.first.seq.and_then(|seq| seq.checked_sub(layer.start));
            let fits = above.filter(|above| above.is_multiple_of(step)).map(|above| above / step);
            // A number from which the records would run out of numbers is none.
            let fits = fits.filter(|at| at.checked_add(piece.records).is_some_and(|end| end < u64::MAX / 2));
            match fits {
                Some(at) => {
                    self.at[index] = at;
                    beyond = beyond.max(at + piece.records);
                }
                None => {
                    self.unnumbered.insert(index);
                }
            }
        }
        for index in self.unnumbered.clone() {
            self.at[index] = beyond + 1;
            beyond += pieces[index].records + 1;
        }
    }

    fn by_file(&mut self, pieces: &[Piece]) {
        let mut at = 0;
        for (index, piece) in pieces.iter().enumerate() {
            self.at[index] = at;
            at += piece.records;
        }
    }

    fn by_links(&mut self, layout: &Layout<'_>, id: &ChainId, pieces: &[Piece], reader: &Reader<'_>) {
        let before = predecessors(layout, id, pieces, reader);
        let mut placed: Vec<Option<u64>> = pieces
            .iter()
            .zip(&before)
            .map(|(piece, before)| (before.is_none() && piece.prev.may_begin()).then_some(0))
            .collect();
        let mut beyond = 0;
        loop {
            settle(&mut placed, &before);
            for (piece, at) in pieces.iter().zip(&placed) {
                beyond = beyond.max(at.map_or(0, |at| at + piece.records));
            }
            // Pieces that name nothing at hand come first; pieces that only name one another in a circle follow.
            let left = |index: &usize| placed[*index].is_none();
            let next = (0..pieces.len())
                .filter(left)
                .find(|index| before[*index].is_none())
                .or_else(|| (0..pieces.len()).find(left));
            let Some(next) = next else { break };
            self.unresolved.insert(next);
            placed[next] = Some(if beyond == 0 { 0 } else { beyond + 1 });
        }
        self.at = placed.into_iter().map(Option::unwrap_or_default).collect();
    }
}

/// Gives every piece its place whose predecessor has one.
fn settle(placed: &mut [Option<u64>], before: &[Option<(usize, u64)>]) {
    let mut after: BTreeMap<usize, Vec<(usize, u64)>> = BTreeMap::new();
    for (index, before) in before.iter().enumerate() {
        if let Some((piece, nth)) = before {
            after.entry(*piece).or_default().push((index, *nth));
        }
    }
    let mut ready: Vec<usize> = (0..placed.len()).filter(|index| placed[*index].is_some()).collect();
    while let Some(piece) = ready.pop() {
        let Some(at) = placed[piece] else { continue };
        for (index, nth) in after.get(&piece).into_iter().flatten() {
            if placed[*index].is_none() {
                placed[*index] = Some(at + nth + 1);
                ready.push(*index);
            }
        }
    }
}

/// Finds, for each piece, the piece and the position in it of the record that it names as the one before.
fn predecessors(
    layout: &Layout<'_>,
    id: &ChainId,
    pieces: &[Piece],
    reader: &Reader<'_>,
) -> Vec<Option<(usize, u64)>> {
    let mut ends: BTreeMap<Digest, (usize, u64)> = BTreeMap::new();
    for (index, piece) in pieces.iter().enumerate() {
        if let Some(link) = piece.link {
            ends.entry(link).or_insert((index, piece.records - 1));
        }
    }
    let wanted: BTreeSet<Digest> =
        pieces.iter().filter_map(|piece| piece.prev.link()).filter(|link| !ends.contains_key(link)).collect();
    let inside = inside(layout, id, pieces, &wanted, reader);
    pieces
        .iter()
        .enumerate()
        .map(|(index, piece)| {
            let link = piece.prev.link()?;
            let found = ends.get(&link).or_else(|| inside.get(&link)).copied();
            found.filter(|(before, _)| *before != index)
        })
        .collect()
}

/// Looks for wanted links inside the pieces, by reading their records again.
fn inside(
    layout: &Layout<'_>,
    id: &ChainId,
    pieces: &[Piece],
    wanted: &BTreeSet<Digest>,
    reader: &Reader<'_>,
) -> BTreeMap<Digest, (usize, u64)> {
    let mut found = BTreeMap::new();
    // One piece alone names a record of another log, or one that is gone.
    if wanted.is_empty() || pieces.len() < 2 {
        return found;
    }
    let objects: BTreeSet<usize> = pieces.iter().map(|piece| piece.object).collect();
    for object in objects {
        let own: Vec<usize> = (0..pieces.len()).filter(|index| pieces[*index].object == object).collect();
        if own.iter().all(|index| pieces[*index].records < 2) {
            continue;
        }
        let (mut turn, mut nth) = (0, 0);
        reader.walk(&layout.objects[object].name, 0, id, &mut |record| {
            while own.get(turn).is_some_and(|index| pieces[*index].last.offset < record.offset) {
                (turn, nth) = (turn + 1, 0);
            }
            let Some(&index) = own.get(turn) else { return false };
            // What lies before the piece is damaged, and stands in no piece.
            if pieces[index].first.offset <= record.offset {
                if let Some(link) = record.link.filter(|link| wanted.contains(link)) {
                    found.entry(link).or_insert((index, nth));
                }
                nth += 1;
            }
            true
        });
    }
    found
}

struct Comparison<'a> {
    layout: &'a Layout<'a>,
    id: &'a ChainId,
    pieces: &'a [Piece],
    at: &'a [u64],
    reader: &'a Reader<'a>,
    marks: &'a RefCell<Vec<BTreeMap<u64, u64>>>,
}

impl Comparison<'_> {
    /// Compares the records of `shared` with those of piece `kept` at the same places, byte for byte.
    fn compare(&self, shared: Seg, kept: usize) -> Overlap {
        let nth = |piece: usize, place: u64| place - self.at[piece];
        let known = |piece: usize, place: u64| self.known(piece, nth(piece, place));
        // Of the first record of a piece the place is known, and nothing lies before it.
        if shared.from == shared.to
            && nth(shared.piece, shared.from) == 0
            && let (Some(a), Some(b)) = (known(shared.piece, shared.from), known(kept, shared.from))
        {
            self.marks.borrow_mut()[shared.piece].insert(0, self.pieces[shared.piece].first.offset);
            return if a == b { Overlap::Same } else { Overlap::Fork(shared.from) };
        }
        let count = shared.records();
        if count > MAX_COMPARED {
            return Overlap::Unknown;
        }
        let there = self.digests(kept, nth(kept, shared.from), count);
        let here = self.digests(shared.piece, nth(shared.piece, shared.from), count);
        let (Some(there), Some(here)) = (there, here) else { return Overlap::Unknown };
        let differs = there.iter().zip(&here).position(|(a, b)| a != b);
        match differs {
            None => Overlap::Same,
            Some(differs) => Overlap::Fork(shared.from + differs as u64),
        }
    }

    /// Returns the digest of a record that the summaries hold.
    fn known(&self, piece: usize, nth: u64) -> Option<Digest> {
        let own = &self.pieces[piece];
        if nth == 0 { Some(own.first.digest) } else { (nth + 1 == own.records).then_some(own.last.digest) }
    }

    /// Reads `count` records of a piece again, and marks where they begin and end.
    fn digests(&self, piece: usize, from: u64, count: u64) -> Option<Vec<Digest>> {
        let own = &self.pieces[piece];
        let mut digests = Vec::new();
        let mut at = 0;
        let mut last = None;
        let name = &self.layout.objects[own.object].name;
        self.reader.walk(name, own.first.offset, self.id, &mut |record| {
            if at + 1 == from {
                self.marks.borrow_mut()[piece].insert(at, record.offset);
            }
            if at >= from && at - from < count {
                digests.push(record.digest);
                last = Some((at, record.offset));
            }
            at += 1;
            at < from + count && record.offset <= own.last.offset
        });
        if let Some((at, offset)) = last {
            self.marks.borrow_mut()[piece].insert(at, offset);
        }
        (digests.len() as u64 == count).then_some(digests)
    }
}
