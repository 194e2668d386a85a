//! Logs as tiles (c2sp.org/tlog-tiles): every hash computed again from the entries.
//!
//! In: files by name, and a checkpoint. Out: what is missing, what differs, and the root over the entries. Tiles are
//! read one behind the other, and of each level only the open tile is kept.

use std::io;

use super::checkpoint::Checkpoint;
use super::merkle::{CompactRange, leaf_hash, root_of};
use super::verdict::{Break, BreakKind};
use crate::digest::Digest;

/// Hashes of a full tile.
const WIDTH: u64 = 256;
/// Longest entry bundle: 256 entries of 65,535 bytes, each with its length.
pub const MAX_BUNDLE: u64 = 256 * (2 + 65_535);
/// Most breaks that are listed. Beyond them reading stops: a checkpoint costs nothing to invent, whatever its size.
pub const MAX_BREAKS: usize = 1000;

/// Gives the bytes of a file by its name in the log, or `None` where there is none.
pub type Read<'a> = dyn Fn(&str) -> io::Result<Option<Vec<u8>>> + 'a;

/// What a log of tiles shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tiles {
    /// Entries found.
    pub entries: u64,
    /// What is missing or differs, by file.
    pub breaks: Vec<Break>,
    /// Root over all entries; `None` where the hashes of some could not be had.
    pub root: Option<Digest>,
    /// Roots at the sizes asked for, of the same entries.
    pub marks: Vec<Option<Digest>>,
}

/// Reads the log as far as `checkpoint` reaches, and returns the roots at `sizes` too.
pub fn examine(read: &Read<'_>, checkpoint: &Checkpoint, sizes: &[u64]) -> Tiles {
    let mut reader = Reader {
        read,
        size: checkpoint.size,
        levels: Vec::new(),
        range: CompactRange::new(0),
        whole: true,
        found: Tiles { entries: 0, breaks: Vec::new(), root: None, marks: vec![None; sizes.len()] },
    };
    reader.mark(sizes);
    for index in 0..checkpoint.size.div_ceil(WIDTH) {
        if reader.found.breaks.len() >= MAX_BREAKS {
            reader.whole = false;
            break;
        }
        reader.bundle(index, sizes);
    }
    reader.finish()
}

struct Reader<'a> {
    read: &'a Read<'a>,
    size: u64,
    /// Of each level, the hashes of the open tile, and its index.
    levels: Vec<(Vec<Digest>, u64)>,
    range: CompactRange,
    /// False once the hash of some entry could not be had.
    whole: bool,
    found: Tiles,
}

impl Reader<'_> {
    fn bundle(&mut self, index: u64, sizes: &[u64]) {
        let width = WIDTH.min(self.size - index * WIDTH);
        let hashes = match self.file("tile/entries", index, width) {
            Some((name, bytes, full)) => match entries(&bytes) {
                Some(entries) if entries.len() as u64 == if full { WIDTH } else { width } => {
                    let taken = usize::try_from(width).expect("a tile has at most 256 entries");
                    self.found.entries += width;
                    Some(entries[..taken].iter().map(|entry| leaf_hash(entry)).collect())
                }
                _ => {
                    self.add(&name, BreakKind::Malformed, format!("it is no bundle of {width} entries"));
                    None
                }
            },
            None => {
                self.missing("tile/entries", index, width);
                None
            }
        };
        // Where the entries are gone, their hashes may still stand in the tile, and the rest can be judged.
        let Some(hashes) = hashes.or_else(|| self.tile_hashes(0, index, width)) else {
            self.whole = false;
            return;
        };
        for hash in hashes {
            if self.whole {
                self.range.push(hash);
                self.mark(sizes);
            }
            self.push(0, hash, index);
        }
    }

    fn mark(&mut self, sizes: &[u64]) {
        for (size, mark) in sizes.iter().zip(&mut self.found.marks) {
            if *size == self.range.end() {
                *mark = self.range.root();
            }
        }
    }

    /// Adds a hash to the open tile of a level; a full tile is compared and becomes one hash of the next.
    fn push(&mut self, level: usize, hash: Digest, tile: u64) {
        if self.levels.len() == level {
            self.levels.push((Vec::new(), tile));
        }
        let open = &mut self.levels[level];
        if open.0.is_empty() {
            open.1 = tile;
        }
        open.0.push(hash);
        if open.0.len() as u64 == WIDTH {
            let full = std::mem::take(&mut open.0);
            self.compare(level, tile, &full);
            self.push(level + 1, root_of(&full), tile / WIDTH);
        }
    }

    fn compare(&mut self, level: usize, index: u64, expected: &[Digest]) {
        let width = expected.len() as u64;
        let Some(found) = self.tile_hashes(level, index, width) else {
            self.missing(&format!("tile/{level}"), index, width);
            return;
        };
        if found != expected {
            let at = found.iter().zip(expected).position(|(a, b)| a != b).unwrap_or_default();
            let name = name(&format!("tile/{level}"), index, width);
            let what = if level == 0 { "entry" } else { "tile below" };
            self.add(&name, BreakKind::DigestMismatch, format!("hash {at} is not that of the {what}"));
        }
    }

    fn tile_hashes(&self, level: usize, index: u64, width: u64) -> Option<Vec<Digest>> {
        let (_, bytes, full) = self.file(&format!("tile/{level}"), index, width)?;
        let hashes: Option<Vec<Digest>> =
            bytes.chunks(32).map(|hash| <[u8; 32]>::try_from(hash).ok().map(Digest::from)).collect();
        let mut hashes = hashes.filter(|hashes| hashes.len() as u64 == if full { WIDTH } else { width })?;
        hashes.truncate(usize::try_from(width).ok()?);
        Some(hashes)
    }

    /// Returns a tile with its name, and whether it is the full one, which stands in for a partial one that is gone.
    fn file(&self, folder: &str, index: u64, width: u64) -> Option<(String, Vec<u8>, bool)> {
        [width, WIDTH].into_iter().find_map(|width| {
            let name = name(folder, index, width);
            let bytes = (self.read)(&name).ok().flatten()?;
            Some((name, bytes, width == WIDTH))
        })
    }

    fn missing(&mut self, folder: &str, index: u64, width: u64) {
        let name = name(folder, index, width);
        let (kind, detail) = match (self.read)(&name) {
            Ok(Some(_)) => (BreakKind::Malformed, format!("it is no tile of {width} hashes")),
            Ok(None) => (BreakKind::MissingObject, "the log does not hold it".to_owned()),
            Err(error) => (BreakKind::UnreadableObject, error.to_string()),
        };
        self.add(&name, kind, detail);
    }

    fn add(&mut self, object: &str, kind: BreakKind, detail: String) {
        if self.found.breaks.len() < MAX_BREAKS {
            let object = object.to_owned();
            self.found.breaks.push(Break { object, line: 0, offset: 0, seq: None, kind, detail });
        }
    }

    fn finish(mut self) -> Tiles {
        for level in 0..self.levels.len() {
            let (open, index) = std::mem::take(&mut self.levels[level]);
            // With a hole before it, what is open is not what the tile holds.
            if !open.is_empty() && self.whole {
                self.compare(level, index, &open);
            }
        }
        self.found.root = self.range.root().filter(|_| self.whole && self.range.end() == self.size);
        self.found.breaks.sort();
        self.found.breaks.dedup();
        self.found
    }
}

/// Returns the name of a tile: its index in groups of three digits, all but the last with an `x` before them.
pub fn name(folder: &str, index: u64, width: u64) -> String {
    let mut groups = vec![format!("{:03}", index % 1000)];
    let mut rest = index / 1000;
    while rest > 0 {
        groups.push(format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    groups.reverse();
    let partial = if width < WIDTH { format!(".p/{width}") } else { String::new() };
    format!("{folder}/{}{partial}", groups.join("/"))
}

/// Cuts an entry bundle: each entry is preceded by its length as two bytes.
fn entries(bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        rest = after;
    }
    Some(entries)
}

#[cfg(test)]
mod tests;
