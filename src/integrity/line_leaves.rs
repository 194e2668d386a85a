//! The raw lines of a file as leaves of a Merkle tree, in constant memory whatever the length of a line.
//!
//! A leaf is a line without its LF, byte for byte: no CR, no byte-order mark, and no blank is taken away. Bytes after the last
//! LF are no line, and so no leaf (`docs/formats/checkpoint.md`).

use std::io::{self, BufRead};

use super::merkle::LeafHasher;
use crate::digest::Digest;

/// One line, hashed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LineLeaf {
    /// Hash of the leaf.
    pub hash: Digest,
    /// Offset of its first byte.
    pub offset: u64,
    /// Offset after its LF, or after its last byte where no LF follows.
    pub end: u64,
    /// True where an LF ends it; otherwise it is no leaf.
    pub ended: bool,
}

/// Reads lines and hashes each.
pub struct LineLeaves<R> {
    reader: R,
    offset: u64,
}

impl<R: BufRead> LineLeaves<R> {
    /// Reads from `reader`, whose first byte lies at `offset`.
    pub fn new(reader: R, offset: u64) -> Self {
        Self { reader, offset }
    }

    /// Returns the next line, or `None` at the end.
    ///
    /// # Errors
    ///
    /// When the reader fails.
    pub fn next_leaf(&mut self) -> io::Result<Option<LineLeaf>> {
        let offset = self.offset;
        let mut hasher = LeafHasher::default();
        loop {
            let available = self.reader.fill_buf()?;
            if available.is_empty() {
                let begun = self.offset > offset;
                return Ok(begun.then(|| LineLeaf {
                    hash: hasher.finish(),
                    offset,
                    end: self.offset,
                    ended: false,
                }));
            }
            let found = memchr::memchr(b'\n', available);
            let line = found.unwrap_or(available.len());
            hasher.update(&available[..line]);
            let used = line + usize::from(found.is_some());
            self.reader.consume(used);
            self.offset += used as u64;
            if found.is_some() {
                return Ok(Some(LineLeaf { hash: hasher.finish(), offset, end: self.offset, ended: true }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrity::merkle::leaf_hash;

    #[test]
    fn lines_are_leaves_byte_for_byte_whatever_the_buffer() {
        let text = b"\xef\xbb\xbfa\r\n\nlonger than the buffer\nno line end";
        for capacity in 1..9 {
            let mut leaves = LineLeaves::new(io::BufReader::with_capacity(capacity, &text[..]), 100);
            let mut found = Vec::new();
            while let Some(leaf) = leaves.next_leaf().unwrap() {
                found.push((leaf.hash, leaf.offset, leaf.end, leaf.ended));
            }
            let expected = [
                (leaf_hash(b"\xef\xbb\xbfa\r"), 100, 106, true),
                (leaf_hash(b""), 106, 107, true),
                (leaf_hash(b"longer than the buffer"), 107, 130, true),
                (leaf_hash(b"no line end"), 130, 141, false),
            ];
            assert_eq!(found, expected, "capacity {capacity}");
        }
        assert_eq!(LineLeaves::new(&b""[..], 0).next_leaf().unwrap(), None);
    }
}
