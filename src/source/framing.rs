//! How the bytes of an object are cut into records.

use std::io::{self, BufRead, Read as _};

use memchr::memchr;
use serde_json::value::RawValue;

use crate::digest::{Digest, Hasher};

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
    /// `.json` objects are documents, `.csv` objects tables with a header, all others lines; compression suffixes do not
    /// count.
    ByName {
        /// Pointers to try in a document, in order.
        records: Vec<String>,
    },
    /// JSON values one after another, on one or many lines each.
    Stream,
    /// JSON objects one after another whose members are the records. Names may repeat, and an item of an array may
    /// carry the array's name: `sudo` writes both.
    Members,
    /// Lines of the Linux audit daemon: those that share host, time, and serial are one record, wherever they stand.
    Auditd,
    /// Comma-separated values (RFC 4180): one record per row.
    Csv {
        /// The byte between two fields.
        delimiter: u8,
        /// Names of the fields; without them the first row names them.
        header: Option<Vec<String>>,
    },
}

impl Framing {
    /// Returns the pointers to try in a document; none where the framing has no such document.
    pub fn pointers(&self) -> &[String] {
        match self {
            Self::Document { records } | Self::ByName { records } => records,
            Self::Lines | Self::Stream | Self::Members | Self::Auditd | Self::Csv { .. } => &[],
        }
    }

    /// Tells whether the object named `name` holds one record per line.
    pub fn is_lines(&self, name: &str) -> bool {
        match self {
            Self::Lines => true,
            Self::Document { .. } | Self::Stream | Self::Members | Self::Auditd | Self::Csv { .. } => false,
            Self::ByName { .. } => !bare(name).ends_with(".json") && !bare(name).ends_with(".csv"),
        }
    }

    /// Tells whether the object named `name` is a table.
    pub fn is_table(&self, name: &str) -> bool {
        match self {
            Self::Csv { .. } => true,
            Self::ByName { .. } => bare(name).ends_with(".csv"),
            Self::Lines | Self::Document { .. } | Self::Stream | Self::Members | Self::Auditd => false,
        }
    }
}

/// Returns the name of an object without the suffix of its compression.
fn bare(name: &str) -> &str {
    [".gz", ".zst"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}

/// One record as it lies in its object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record<'a> {
    /// What is mapped: the record's own bytes without a line end, or the JSON that a reader made of them.
    pub text: &'a str,
    /// Bytes that the record takes in the object.
    pub length: u64,
    /// Byte offset of the text in the decompressed object.
    pub offset: u64,
    /// Line on which it starts, from 1, counted from the start of its segment.
    pub line: u64,
    /// Position in its line or document, from 0.
    pub index: u64,
    /// SHA-256 of the bytes that it takes in the object.
    pub digest: Digest,
}

impl<'a> Record<'a> {
    /// Returns the record `text` at a place.
    pub fn new(text: &'a str, offset: u64, line: u64, index: u64) -> Self {
        Self { text, length: text.len() as u64, offset, line, index, digest: Digest::of(text.as_bytes()) }
    }

    /// Returns the record that `text` shows of this one, which keeps its place, length and digest.
    pub fn shown_as<'b>(&self, text: &'b str) -> Record<'b> {
        let Self { length, offset, line, index, digest, .. } = *self;
        Record { text, length, offset, line, index, digest }
    }
}

/// The longest record of a format that sets no limit of its own: 16 MiB.
///
/// Above the largest record of any product read here (Kubernetes cuts at 10 MiB); it bounds memory per thread.
pub const MAX_RECORD: usize = 16 << 20;

/// The largest JSON document read as a whole: 512 MiB.
pub const MAX_DOCUMENT: u64 = 512 << 20;

/// The deepest nesting of a record. serde_json refuses 128; products need fewer than 20.
pub const MAX_DEPTH: usize = 64;

/// One line of an object, or what is left of one that is too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line<'a> {
    /// The bytes without their LF; empty for an oversize line.
    pub bytes: &'a [u8],
    /// Byte offset in the decompressed object.
    pub offset: u64,
    /// Number from 1, counted from where reading began.
    pub number: u64,
    /// True where an LF ends the line.
    pub ended: bool,
    /// Its length in bytes and its SHA-256 where it exceeds the limit; the bytes were skipped.
    pub oversize: Option<(u64, Digest)>,
}

/// Cuts a reader into lines, in constant memory. A line that the reader's buffer holds whole is not copied.
pub struct Lines<R> {
    reader: R,
    /// Bytes of the reader's buffer that the last line took, its LF included.
    taken: usize,
    /// A line that the reader's buffer does not hold whole.
    buffer: Vec<u8>,
    offset: u64,
    number: u64,
    limit: usize,
    end: u64,
}

impl<R: BufRead> Lines<R> {
    /// Reads lines from `reader`, whose first byte lies at `offset`; lines that begin at `end` or later are not read.
    pub fn new(reader: R, offset: u64, end: u64, limit: usize) -> Self {
        Self { reader, taken: 0, buffer: Vec::new(), offset, number: 0, limit, end }
    }

    /// Skips to the first line that begins after the current position, and counts nothing.
    ///
    /// # Errors
    ///
    /// When the reader fails.
    pub fn skip_partial(&mut self) -> io::Result<()> {
        self.offset += self.skip_to_lf(&mut Hasher::default())?.0;
        Ok(())
    }

    /// Returns the offset of the byte after the last line read.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the next line, or `None` at the end.
    ///
    /// # Errors
    ///
    /// When the reader fails.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.reader.consume(std::mem::take(&mut self.taken));
        if self.offset >= self.end {
            return Ok(None);
        }
        let Some(length) = memchr(b'\n', self.available()?).filter(|length| *length <= self.limit) else {
            return self.joined_line();
        };
        self.taken = length + 1;
        self.number += 1;
        let offset = self.offset;
        self.offset += self.taken as u64;
        // The bytes are there already, so this reads nothing.
        let bytes = &self.reader.fill_buf()?[..length];
        Ok(Some(Line { bytes, offset, number: self.number, ended: true, oversize: None }))
    }

    /// Reads a line that crosses the end of the reader's buffer, has no LF, or is too long.
    fn joined_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.buffer.clear();
        let limit = self.limit as u64 + 1;
        let read = self.reader.by_ref().take(limit).read_until(b'\n', &mut self.buffer)? as u64;
        if read == 0 {
            return Ok(None);
        }
        let offset = self.offset;
        self.number += 1;
        let mut ended = self.buffer.last() == Some(&b'\n');
        let mut oversize = None;
        let mut length = read;
        if ended {
            self.buffer.pop();
        } else if read == limit {
            let mut hasher = Hasher::default();
            hasher.update(&self.buffer);
            let (skipped, found) = self.skip_to_lf(&mut hasher)?;
            length += skipped;
            ended = found;
            oversize = Some((length - u64::from(ended), hasher.finish()));
            self.buffer.clear();
        }
        self.offset += length;
        Ok(Some(Line { bytes: &self.buffer, offset, number: self.number, ended, oversize }))
    }

    /// Returns the bytes in the reader's buffer, filled where it was empty; none at the end.
    fn available(&mut self) -> io::Result<&[u8]> {
        while let Err(error) = self.reader.fill_buf() {
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        self.reader.fill_buf()
    }

    /// Skips past the next LF and hashes what lies before it; returns the bytes skipped, and whether there was one.
    fn skip_to_lf(&mut self, hasher: &mut Hasher) -> io::Result<(u64, bool)> {
        let mut skipped = 0;
        loop {
            let available = self.available()?;
            if available.is_empty() {
                return Ok((skipped, false));
            }
            let found = memchr(b'\n', available);
            let used = found.map_or(available.len(), |at| at + 1);
            hasher.update(&available[..found.unwrap_or(available.len())]);
            self.reader.consume(used);
            skipped += used as u64;
            if found.is_some() {
                return Ok((skipped, true));
            }
        }
    }
}

/// Returns the records of a JSON document: exact slices of `text`, in order.
///
/// # Errors
///
/// A fragment saying why `text` is not a JSON document, or that no pointer leads anywhere.
pub fn document_records<'a>(text: &'a str, pointers: &[String]) -> Result<Vec<Record<'a>>, String> {
    let root: &RawValue =
        serde_json::from_str(text).map_err(|error| format!("is not a JSON document: {error}"))?;
    let mut found = None;
    for pointer in pointers {
        found = found.or(descend(root, pointer)?);
    }
    let found = found.ok_or_else(|| format!("holds nothing at {}", quoted(pointers)))?;
    let items: Vec<&RawValue> = if found.get().starts_with('[') {
        serde_json::from_str(found.get()).map_err(|error| format!("is not a JSON array: {error}"))?
    } else {
        vec![found]
    };
    let mut line = 1;
    let mut counted = 0;
    let mut records = Vec::with_capacity(items.len());
    for (item, index) in items.into_iter().zip(0..) {
        let offset = offset_in(text, item.get());
        line += text.as_bytes()[counted..offset].iter().filter(|byte| **byte == b'\n').count() as u64;
        counted = offset;
        records.push(Record::new(item.get(), offset as u64, line, index));
    }
    Ok(records)
}

fn quoted(pointers: &[String]) -> String {
    let quoted: Vec<String> = pointers.iter().map(|pointer| format!("`{pointer}`")).collect();
    quoted.join(" or ")
}

/// Returns where `part`, a slice of `text`, begins in it.
pub(crate) fn offset_in(text: &str, part: &str) -> usize {
    part.as_ptr().addr() - text.as_ptr().addr()
}

/// Returns the value at a pointer. Of a member that stands there twice readers would take one or the other, so it is refused.
fn descend<'a>(value: &'a RawValue, pointer: &str) -> Result<Option<&'a RawValue>, String> {
    let mut value = value;
    for token in pointer.split('/').skip(1) {
        let name = token.replace("~1", "/").replace("~0", "~");
        let Ok(members) = members(value.get()) else { return Ok(None) };
        let mut named = members.into_iter().filter(|(member, _)| *member == name);
        let Some((_, found)) = named.next() else { return Ok(None) };
        if named.next().is_some() {
            return Err(format!("holds `{name}` twice"));
        }
        value = found;
    }
    Ok(Some(value))
}

/// Returns the members of a JSON object in their order, with names that stand twice.
///
/// # Errors
///
/// A fragment saying that `text` is no JSON object.
pub(crate) fn members(text: &str) -> Result<Vec<(String, &RawValue)>, String> {
    serde_json::from_str::<Members<'_>>(text)
        .map(|members| members.0)
        .map_err(|error| format!("is not a JSON object: {error}"))
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> serde::de::Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}
