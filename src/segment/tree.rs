//! Logs against checkpoints: which of their lines have the root that somebody signed.
//!
//! A second pass over the lines, on all threads: each piece of an object becomes a range of subtrees at its place in
//! the tree, and the ranges are joined in order. Nothing else is kept, so memory does not grow with the log.

use std::io::{self, BufReader};

use rayon::prelude::*;

use crate::integrity::checkpoint::Checkpoint;
use crate::integrity::line_leaves::LineLeaves;
use crate::integrity::merkle::CompactRange;
use crate::source::container::Unpacked;
use crate::source::location::ObjectRef;
use crate::source::object;

/// An object of a log, as it was cut for reading.
#[derive(Clone, Debug)]
pub struct TreeObject<'a> {
    /// The object.
    pub object: &'a ObjectRef,
    /// Where its pieces begin, in order, and how many lines each was seen to have. The first begins at 0.
    pub pieces: Vec<(u64, u64)>,
    /// Lines that repeat those of another object and count once: first line, from 1, and number of lines, in order.
    pub repeated: Vec<(u64, u64)>,
}

/// The lines of one object, from its first, that lie under a checkpoint.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Prefix {
    /// Index of the object.
    pub object: usize,
    /// Last line, from 1.
    pub lines: u64,
}

/// What a checkpoint shows about the lines of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shown {
    /// These lines have its root, and are therefore those that were sealed.
    Held(Vec<Prefix>),
    /// The log has fewer lines than were sealed.
    Fewer {
        /// Lines found.
        lines: u64,
    },
    /// The log has other lines than were sealed.
    Other,
    /// The lines could not be read to their end.
    Unread(String),
}

/// Compares the lines of `objects`, in this order, with `checkpoint`. Where all together have another root, an object whose
/// own lines have it is held by itself: a file may be sealed alone.
pub fn compare(objects: &[TreeObject<'_>], checkpoint: &Checkpoint) -> Shown {
    match hash(objects, checkpoint.size) {
        Ok(hashed) => judge(&hashed, checkpoint),
        Err(error) => Shown::Unread(error.to_string()),
    }
}

fn judge(hashed: &[Hashed], checkpoint: &Checkpoint) -> Shown {
    let lines: u64 = hashed.iter().map(|object| object.leaves).sum();
    let mut whole = CompactRange::new(0);
    let mut prefixes = Vec::new();
    for (object, index) in hashed.iter().zip(0..) {
        let before = whole.end();
        whole.join(object.whole.clone()).expect("objects are placed one behind the other");
        if whole.end() > before {
            prefixes.push(Prefix { object: index, lines: object.last_line });
        }
    }
    let holds =
        |range: &CompactRange| range.end() == checkpoint.size && range.root() == Some(checkpoint.root);
    if holds(&whole) {
        return Shown::Held(prefixes);
    }
    let alone: Vec<Prefix> = hashed
        .iter()
        .zip(0..)
        .filter(|(object, _)| hashed.len() > 1 && holds(&object.own))
        .map(|(object, index)| Prefix { object: index, lines: object.own_last_line })
        .collect();
    if !alone.is_empty() {
        return Shown::Held(alone);
    }
    if lines < checkpoint.size { Shown::Fewer { lines } } else { Shown::Other }
}

/// An object, hashed as far as the checkpoint reaches.
struct Hashed {
    /// Leaves in it, whether the checkpoint reaches them or not.
    leaves: u64,
    /// Its leaves at their place in the tree over all objects.
    whole: CompactRange,
    /// Line of the last of them.
    last_line: u64,
    /// Its leaves in a tree of its own.
    own: CompactRange,
    /// Line of the last of them.
    own_last_line: u64,
}

/// A piece of an object, hashed.
struct Piece {
    leaves: u64,
    whole: CompactRange,
    last_line: u64,
    own: CompactRange,
    own_last_line: u64,
}

/// Where a piece lies.
#[derive(Clone, Copy)]
struct Place {
    object: usize,
    start: u64,
    end: Option<u64>,
    /// Lines of the object before it.
    line: u64,
    /// Leaves of the object before it.
    own: u64,
    /// Leaves of all objects before it.
    whole: u64,
}

fn hash(objects: &[TreeObject<'_>], size: u64) -> io::Result<Vec<Hashed>> {
    let mut counts: Vec<Vec<u64>> = objects.iter().map(TreeObject::expected_leaves).collect();
    loop {
        let places = places(objects, &counts);
        let pieces: Vec<Piece> = places
            .par_iter()
            .map(|place| hash_piece(&objects[place.object], *place, size))
            .collect::<io::Result<_>>()?;
        let mut found: Vec<Vec<u64>> = vec![Vec::new(); objects.len()];
        for (place, piece) in places.iter().zip(&pieces) {
            found[place.object].push(piece.leaves);
        }
        // A torn line in the middle is counted as a line and is no leaf; what follows it then has another place.
        if found == counts {
            return Ok(joined(objects.len(), &places, pieces));
        }
        counts = found;
    }
}

impl TreeObject<'_> {
    fn expected_leaves(&self) -> Vec<u64> {
        let mut line = 0;
        self.pieces
            .iter()
            .map(|(_, lines)| {
                let (from, to) = (line, line + lines);
                line = to;
                lines - self.repeated_between(from, to)
            })
            .collect()
    }

    /// Counts the repeated lines among `(from, to]`.
    fn repeated_between(&self, from: u64, to: u64) -> u64 {
        self.repeated
            .iter()
            .map(|(first, lines)| (first + lines - 1).min(to).saturating_sub((first - 1).max(from)))
            .sum()
    }

    fn is_repeated(&self, line: u64) -> bool {
        let after = self.repeated.partition_point(|(first, _)| *first <= line);
        after > 0 && line - self.repeated[after - 1].0 < self.repeated[after - 1].1
    }
}

fn places(objects: &[TreeObject<'_>], counts: &[Vec<u64>]) -> Vec<Place> {
    let mut places = Vec::new();
    let mut whole = 0;
    for ((object, index), counts) in objects.iter().zip(0..).zip(counts) {
        let (mut line, mut own) = (0, 0);
        for ((start, lines), (at, leaves)) in object.pieces.iter().zip(counts.iter().enumerate()) {
            let end = object.pieces.get(at + 1).map(|(start, _)| *start);
            places.push(Place { object: index, start: *start, end, line, own, whole });
            line += lines;
            own += leaves;
            whole += leaves;
        }
    }
    places
}

fn joined(objects: usize, places: &[Place], pieces: Vec<Piece>) -> Vec<Hashed> {
    let mut hashed: Vec<Option<Hashed>> = (0..objects).map(|_| None).collect();
    for (place, piece) in places.iter().zip(pieces) {
        match &mut hashed[place.object] {
            None => {
                let Piece { leaves, whole, last_line, own, own_last_line } = piece;
                hashed[place.object] = Some(Hashed { leaves, whole, last_line, own, own_last_line });
            }
            Some(object) => {
                object.leaves += piece.leaves;
                object.whole.join(piece.whole).expect("pieces are placed one behind the other");
                object.own.join(piece.own).expect("pieces are placed one behind the other");
                object.last_line = object.last_line.max(piece.last_line);
                object.own_last_line = object.own_last_line.max(piece.own_last_line);
            }
        }
    }
    hashed.into_iter().flatten().collect()
}

fn hash_piece(object: &TreeObject<'_>, place: Place, size: u64) -> io::Result<Piece> {
    let mut leaves = open(object.object, place)?;
    let mut piece = Piece {
        leaves: 0,
        whole: CompactRange::new(place.whole.min(size)),
        last_line: 0,
        own: CompactRange::new(place.own.min(size)),
        own_last_line: 0,
    };
    let mut line = place.line;
    while let Some(leaf) = leaves.next_leaf()?.filter(|leaf| place.end.is_none_or(|end| leaf.offset < end)) {
        line += 1;
        if !leaf.ended || object.is_repeated(line) {
            continue;
        }
        if place.whole + piece.leaves < size {
            piece.whole.push(leaf.hash);
            piece.last_line = line;
        }
        if place.own + piece.leaves < size {
            piece.own.push(leaf.hash);
            piece.own_last_line = line;
        }
        piece.leaves += 1;
    }
    Ok(piece)
}

type Opened = LineLeaves<BufReader<Box<dyn io::Read + Send>>>;

fn open(object: &ObjectRef, place: Place) -> io::Result<Opened> {
    let buffered = |reader| BufReader::with_capacity(1 << 18, reader);
    if place.start == 0 && place.end.is_none() {
        let unpacked: Box<dyn io::Read + Send> = Box::new(Unpacked::new(object::open(object, None)?)?);
        return Ok(LineLeaves::new(buffered(unpacked), 0));
    }
    // One byte more in front: it tells whether a line begins exactly at the start.
    let from = place.start.saturating_sub(1);
    let mut leaves = LineLeaves::new(buffered(object::open(object, Some(from..object.size))?), from);
    if place.start > 0 {
        leaves.next_leaf()?;
    }
    Ok(leaves)
}

#[cfg(test)]
mod tests;
