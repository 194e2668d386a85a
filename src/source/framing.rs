//! How the bytes of an object are cut into records.

use crate::digest::Digest;

/// How records lie in an object, as a source profile declares it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Framing {
    /// One JSON value per line, each line ending in LF.
    Lines,
    /// One JSON document per object. Its records are the items of the array at the first JSON Pointer (RFC 6901)
    /// that resolves, or the value there if it is no array; the empty pointer is the document itself.
    Document {
        /// Pointers to try, in order.
        records: Vec<String>,
    },
    /// `.json` objects are documents, all others lines; compression suffixes do not count.
    ByName {
        /// Pointers to try in a document, in order.
        records: Vec<String>,
    },
}

/// One record as it lies in its object. The text is the exact source slice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record<'a> {
    /// The record's own bytes, without a line end.
    pub text: &'a str,
    /// Byte offset of the text in the decompressed object.
    pub offset: u64,
    /// Line on which it starts, from 1, counted from the start of its segment.
    pub line: u64,
    /// Position in its line or document, from 0.
    pub index: u64,
    /// SHA-256 of the text.
    pub digest: Digest,
}

impl<'a> Record<'a> {
    /// Returns the record `text` at a place.
    pub fn new(text: &'a str, offset: u64, line: u64, index: u64) -> Self {
        Self { text, offset, line, index, digest: Digest::of(text.as_bytes()) }
    }
}
