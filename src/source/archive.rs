//! Files inside archives, each an object of its own.
//!
//! An archive is recognised by its name (`.zip`, `.tar`, `.tar.gz`, `.tgz`, `.tar.zst`), because one object that holds many has to
//! be opened before anything is planned; what it then holds must be what the name says. Nothing is ever unpacked to
//! disk: a member is read where it lies. Names are whatever somebody wrote, so those that could mean another place are refused.

use std::collections::BTreeSet;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;

use flate2::Crc;
use globset::GlobMatcher;

use super::container::{MAX_RATIO, RATIO_GRACE, Unpacked};
use super::location::ObjectRef;
use super::object;
use crate::redact::shown;

/// What stands between the name of an archive and that of a file in it.
pub const INSIDE: &str = "!/";

/// The most files that are read of one archive: each costs a plan entry, and an export of a day of small files has thousands.
pub const MAX_MEMBERS: usize = 65_536;

/// The longest name of a file in an archive, the longest path of common systems.
const MAX_NAME: usize = 1_024;

/// Where a file lies in its archive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Member {
    /// Bytes of the archive, or of what it unpacks to, that hold the file.
    bytes: Range<u64>,
    packing: Packing,
}

/// How a file is packed in its archive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Packing {
    /// In a tar archive, whole; the archive itself may be compressed.
    Tar { compressed: bool },
    /// In a zip archive, as it is or deflated, with its size and CRC-32.
    Zip { deflated: bool, size: u64, crc: u32 },
}

/// A part of an archive that cannot be read, or the archive itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Archive, or archive and file.
    pub name: String,
    /// Whether there is nothing, and not something that cannot be read.
    pub absent: bool,
    /// What was expected and found.
    pub detail: String,
}

/// Tells whether the object of this name is looked into.
pub fn is_archive(name: &str) -> bool {
    is_zip(name) || is_tar(name)
}

fn is_zip(name: &str) -> bool {
    name.ends_with(".zip")
}

fn is_tar(name: &str) -> bool {
    [".tar", ".tar.gz", ".tgz", ".tar.zst"].iter().any(|suffix| name.ends_with(suffix))
}

/// Puts the files of every archive among `objects` in its place, those that `matcher` admits.
pub fn expand(objects: Vec<ObjectRef>, matcher: Option<&GlobMatcher>) -> (Vec<ObjectRef>, Vec<Fault>) {
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for object in objects {
        match is_archive(&object.name) {
            true => members(&object, matcher, &mut found, &mut faults),
            false => found.push(object),
        }
    }
    (found, faults)
}

fn members(
    archive: &ObjectRef,
    matcher: Option<&GlobMatcher>,
    found: &mut Vec<ObjectRef>,
    faults: &mut Vec<Fault>,
) {
    let before = found.len() + faults.len();
    let mut listing = Listing { archive, matcher, names: BTreeSet::new(), unpacked: 0, found, faults };
    let listed = if is_zip(&archive.name) { listing.zip() } else { listing.tar() };
    if let Err(error) = listed {
        let detail = format!("cannot be read as an archive: {error}");
        faults.push(Fault { name: archive.name.clone(), absent: false, detail });
    } else if found.len() + faults.len() == before {
        let detail = "the archive holds no file that is asked for".to_owned();
        faults.push(Fault { name: archive.name.clone(), absent: true, detail });
    }
}

struct Listing<'l> {
    archive: &'l ObjectRef,
    matcher: Option<&'l GlobMatcher>,
    /// Names seen so far.
    names: BTreeSet<String>,
    /// Bytes that the files so far unpack to.
    unpacked: u64,
    found: &'l mut Vec<ObjectRef>,
    faults: &'l mut Vec<Fault>,
}

impl Listing<'_> {
    fn zip(&mut self) -> io::Result<()> {
        let source = BufReader::with_capacity(1 << 16, Ranges { object: self.archive, at: 0 });
        let mut archive = zip::ZipArchive::new(source).map_err(io::Error::other)?;
        let mut taken: Vec<Range<u64>> = Vec::new();
        for index in 0..archive.len() {
            let file = archive.by_index_raw(index).map_err(io::Error::other)?;
            if file.is_dir() {
                continue;
            }
            let start = file.data_start().ok_or_else(|| io::Error::other("a file without data"))?;
            let bytes = start..start.saturating_add(file.compressed_size());
            let refused = match (file.encrypted(), file.compression()) {
                (true, _) => Some("is encrypted".to_owned()),
                (false, zip::CompressionMethod::Stored | zip::CompressionMethod::Deflated) => None,
                (false, other) => Some(format!("is packed with {other}, which is not read")),
            };
            let packing = Packing::Zip {
                deflated: file.compression() == zip::CompressionMethod::Deflated,
                size: file.size(),
                crc: file.crc32(),
            };
            let (name, size) = (file.name_raw().to_vec(), file.size());
            drop(file);
            // Files that share bytes make a small archive unpack to anything (Fifield, "A better zip bomb").
            let shared = taken.iter().any(|other| other.start < bytes.end && bytes.start < other.end);
            let refused = refused.or(shared.then(|| "shares its bytes with another file".to_owned()));
            taken.push(bytes.clone());
            self.member(&name, size, refused, Member { bytes, packing })?;
        }
        Ok(())
    }

    fn tar(&mut self) -> io::Result<()> {
        let unpacked = Unpacked::new(object::open(self.archive, None)?)?;
        let compressed = !unpacked.is_plain();
        let mut archive = tar::Archive::new(BufReader::with_capacity(1 << 18, unpacked));
        let mut entries = 0_u64;
        for entry in archive.entries()? {
            let entry = entry?;
            entries += 1;
            let kind = entry.header().entry_type();
            if kind.is_dir() {
                continue;
            }
            let refused = match kind {
                kind if kind.is_file() => None,
                kind if kind.is_symlink() || kind.is_hard_link() => Some("is a link, and no file".to_owned()),
                _ => Some("is no ordinary file".to_owned()),
            };
            let start = entry.raw_file_position();
            let bytes = start..start.saturating_add(entry.size());
            let member = Member { bytes, packing: Packing::Tar { compressed } };
            let (name, size) = (entry.path_bytes().into_owned(), entry.size());
            self.member(&name, size, refused, member)?;
        }
        // A file of zeros is an empty archive; one that ends before its first header is none at all.
        if entries == 0 && self.archive.size < 512 {
            return Err(io::Error::other("it is shorter than one header"));
        }
        Ok(())
    }

    fn member(&mut self, name: &[u8], size: u64, refused: Option<String>, member: Member) -> io::Result<()> {
        let text = String::from_utf8_lossy(name);
        // As in a folder: what begins with a dot belongs to a tool, not to a log.
        if text.split('/').any(|part| part.len() > 1 && part.starts_with('.') && part != "..") {
            return Ok(());
        }
        if self.matcher.is_some_and(|matcher| !matcher.is_match(text.as_ref())) {
            return Ok(());
        }
        if self.names.len() == MAX_MEMBERS {
            return Err(io::Error::other(format!("it holds more than {MAX_MEMBERS} files")));
        }
        self.unpacked = self.unpacked.saturating_add(size);
        if self.unpacked > RATIO_GRACE + MAX_RATIO.saturating_mul(self.archive.size) {
            let what = format!("its files unpack to more than {MAX_RATIO} times its size");
            return Err(io::Error::other(what));
        }
        let twice = !self.names.insert(text.clone().into_owned());
        let refused = hostile(name)
            .map(|why| format!("its name {why}"))
            .or(twice.then(|| "another file of the archive has its name".to_owned()))
            .or(refused);
        match refused {
            None => self.found.push(self.archive.inside(&text, size, member)),
            Some(detail) => {
                let name = format!("{}{INSIDE}{}", self.archive.name, shown(&text));
                self.faults.push(Fault { name, absent: false, detail });
            }
        }
        Ok(())
    }
}

/// Says why a name could mean something else than one file below the archive.
fn hostile(name: &[u8]) -> Option<&'static str> {
    let Ok(text) = std::str::from_utf8(name) else { return Some("is no UTF-8 text") };
    if text.is_empty() {
        return Some("is empty");
    }
    if text.len() > MAX_NAME {
        return Some("is longer than 1,024 bytes");
    }
    if text.contains('\\') {
        return Some("has a backslash, which some systems read as a slash");
    }
    if text.starts_with('/') || text.as_bytes().get(1) == Some(&b':') {
        return Some("is an absolute path");
    }
    if text.split('/').any(|part| matches!(part, ".." | "")) {
        return Some("leads out of the archive, or has an empty part");
    }
    if text.contains(INSIDE) {
        return Some("reads as a file inside another archive");
    }
    // Direction marks make a name look like another one (Unicode TR 36, section 2.4).
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().any(|c| c.is_control() || turns(c)).then_some("has control characters")
}

impl Member {
    /// Opens the file, or the bytes of `range` of it.
    pub(super) fn open(
        &self,
        archive: &ObjectRef,
        range: Option<Range<u64>>,
    ) -> io::Result<Box<dyn Read + Send>> {
        let length = self.bytes.end - self.bytes.start;
        let mut whole: Box<dyn Read + Send> = match self.packing {
            Packing::Tar { compressed: false } => {
                Box::new(Exact::new(object::open(archive, Some(self.bytes.clone()))?, length, None))
            }
            Packing::Tar { compressed: true } => {
                let mut unpacked = Unpacked::new(object::open(archive, None)?)?;
                skip(&mut unpacked, self.bytes.start)?;
                Box::new(Exact::new(unpacked, length, None))
            }
            Packing::Zip { deflated, size, crc } => {
                let stored = object::open(archive, Some(self.bytes.clone()))?;
                match deflated {
                    true => Box::new(Exact::new(flate2::read::DeflateDecoder::new(stored), size, Some(crc))),
                    false => Box::new(Exact::new(stored, size, Some(crc))),
                }
            }
        };
        Ok(match range {
            None => whole,
            Some(range) => {
                skip(&mut whole, range.start)?;
                Box::new(whole.take(range.end - range.start))
            }
        })
    }
}

fn skip(reader: &mut impl Read, bytes: u64) -> io::Result<()> {
    match io::copy(&mut reader.take(bytes), &mut io::sink())? == bytes {
        true => Ok(()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// A file that must have exactly the size, and where it is known the CRC-32, that its archive states.
struct Exact<R> {
    inner: R,
    left: u64,
    crc: Option<(u32, Crc)>,
}

impl<R: Read> Exact<R> {
    fn new(inner: R, size: u64, crc: Option<u32>) -> Self {
        Self { inner, left: size, crc: crc.map(|expected| (expected, Crc::new())) }
    }
}

impl<R: Read> Read for Exact<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let invalid = |what: &'static str| io::Error::new(io::ErrorKind::InvalidData, what);
        // One byte more than is left shows a file that is longer than its archive says.
        let most = usize::try_from(self.left.saturating_add(1)).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.inner.read(&mut buffer[..most])?;
        if read == 0 && most > 0 {
            if self.left > 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if self.crc.as_ref().is_some_and(|(expected, crc)| crc.sum() != *expected) {
                return Err(invalid(
                    "the file in the archive does not have the checksum that the archive states",
                ));
            }
        }
        let length = u64::try_from(read).unwrap_or(u64::MAX);
        self.left = self
            .left
            .checked_sub(length)
            .ok_or_else(|| invalid("the file in the archive is longer than the archive states"))?;
        if let Some((_, crc)) = &mut self.crc {
            crc.update(&buffer[..read]);
        }
        Ok(read)
    }
}

/// Reads an object at any place, by ranges.
struct Ranges<'o> {
    object: &'o ObjectRef,
    at: u64,
}

impl Read for Ranges<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = self.at.saturating_add(buffer.len() as u64).min(self.object.size);
        if self.at >= end {
            return Ok(0);
        }
        let mut reader = object::open(self.object, Some(self.at..end))?;
        let read = reader.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Ranges<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.object.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_mean_another_place_are_refused() {
        for name in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "C:/x",
            "a\\b",
            "a\0b",
            "a\nb",
            "log\u{202e}lnosj.txt",
            "inner.zip!/a",
        ] {
            assert!(hostile(name.as_bytes()).is_some(), "{name:?}");
        }
        assert!(hostile(b"\xff.jsonl").is_some());
        assert!(hostile("x".repeat(MAX_NAME + 1).as_bytes()).is_some());
        for name in ["a.jsonl", "2026/07/a b.jsonl.gz", "журнал.jsonl", "a..b"] {
            assert_eq!(hostile(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn a_file_has_exactly_the_size_and_checksum_that_are_stated() {
        let read = |bytes: &'static [u8], size: u64, crc: Option<u32>| {
            let mut text = Vec::new();
            Exact::new(bytes, size, crc).read_to_end(&mut text).map(|_| text).map_err(|error| error.kind())
        };
        let mut crc = Crc::new();
        crc.update(b"abc");
        assert_eq!(read(b"abc", 3, Some(crc.sum())).unwrap(), b"abc");
        assert_eq!(read(b"abc", 3, Some(crc.sum() ^ 1)), Err(io::ErrorKind::InvalidData));
        assert_eq!(read(b"abc", 4, None), Err(io::ErrorKind::UnexpectedEof));
        assert_eq!(read(b"abc", 2, None), Err(io::ErrorKind::InvalidData));
        assert_eq!(read(b"", 0, None).unwrap(), b"");
    }
}
