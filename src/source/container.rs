//! Compression, recognised by its first bytes and never by a file name.

use std::io::{self, BufRead, BufReader, Read};

use super::object::HashingReader;

/// The most bytes that one stored byte may unpack to.
///
/// Real logs compress 10 to 40 times; a 200 MiB run of zeros reaches 1,000. Above 200 it is an attack or an accident.
pub const MAX_RATIO: u64 = 200;

/// Bytes that may be unpacked before [`MAX_RATIO`] counts, so that tiny files are not refused for their headers.
pub(super) const RATIO_GRACE: u64 = 1 << 20;

/// How the bytes of an object are packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Container {
    /// Not at all.
    Plain,
    /// gzip (RFC 1952), one or more members.
    Gzip,
    /// Zstandard (RFC 8878), one or more frames.
    Zstd,
}

impl Container {
    /// Recognises a container by the magic number at its start.
    pub fn sniff(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

/// Why unpacking stopped, where it is not the store's fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stopped {
    /// The packed bytes end in the middle.
    Truncated,
    /// One byte unpacked to more than [`MAX_RATIO`].
    Ratio,
    /// Bytes follow the one gzip member that the object may hold.
    Trailing,
    /// The packed bytes are damaged, or the store failed.
    Unreadable,
}

/// Classifies an error of an [`Unpacked`] reader.
pub fn stopped(error: &io::Error) -> Stopped {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Stopped::Truncated,
        io::ErrorKind::FileTooLarge => Stopped::Ratio,
        _ if error.get_ref().is_some_and(|inner| inner.is::<TrailingBytes>()) => Stopped::Trailing,
        _ if error.to_string().contains("incomplete frame") => Stopped::Truncated,
        _ => Stopped::Unreadable,
    }
}

/// Bytes after the only gzip member that an object may have.
///
/// Programs differ on what follows a first member: some read on, some stop. Whoever verifies and whoever reads must
/// see the same bytes.
#[derive(Debug, thiserror::Error)]
#[error("bytes follow its gzip member, which some readers skip and others read")]
struct TrailingBytes;

type Raw = BufReader<HashingReader<Box<dyn Read + Send>>>;

/// The unpacked bytes of an object; hashes the packed ones as they pass.
pub struct Unpacked {
    inner: Inner,
    unpacked: u64,
}

enum Inner {
    Plain(Raw),
    Gzip(Box<flate2::bufread::MultiGzDecoder<Raw>>),
    /// A gzip object that must hold one member and nothing else.
    OneGzip(Box<flate2::bufread::GzDecoder<Raw>>),
    Zstd(zstd::stream::read::Decoder<'static, Raw>),
}

impl Unpacked {
    /// Unpacks what `stored` holds.
    ///
    /// # Errors
    ///
    /// When the first bytes cannot be read.
    pub fn new(stored: Box<dyn Read + Send>) -> io::Result<Self> {
        Self::open(stored, |raw| Inner::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(raw))))
    }

    /// Unpacks what `stored` holds, where a gzip object may have one member only and nothing after it.
    ///
    /// # Errors
    ///
    /// When the first bytes cannot be read.
    pub fn one_member(stored: Box<dyn Read + Send>) -> io::Result<Self> {
        Self::open(stored, |raw| Inner::OneGzip(Box::new(flate2::bufread::GzDecoder::new(raw))))
    }

    fn open(stored: Box<dyn Read + Send>, gzip: fn(Raw) -> Inner) -> io::Result<Self> {
        let mut raw = BufReader::with_capacity(1 << 18, HashingReader::new(stored));
        let inner = match Container::sniff(raw.fill_buf()?) {
            Container::Plain => Inner::Plain(raw),
            Container::Gzip => gzip(raw),
            Container::Zstd => Inner::Zstd(zstd::stream::read::Decoder::with_buffer(raw)?),
        };
        Ok(Self { inner, unpacked: 0 })
    }

    /// Tells whether the bytes are not packed, so that they can be cut into ranges.
    pub fn is_plain(&self) -> bool {
        matches!(self.inner, Inner::Plain(_))
    }

    /// Reads the stored bytes to their end and returns their digest and length.
    ///
    /// # Errors
    ///
    /// When the rest cannot be read.
    pub fn finish(self) -> io::Result<(crate::digest::Digest, u64)> {
        let raw = match self.inner {
            Inner::Plain(raw) => raw,
            Inner::Gzip(decoder) => decoder.into_inner(),
            Inner::OneGzip(decoder) => decoder.into_inner(),
            Inner::Zstd(decoder) => decoder.finish(),
        };
        raw.into_inner().finish()
    }

    fn stored(&self) -> u64 {
        match &self.inner {
            Inner::Plain(raw) => raw.get_ref().bytes(),
            Inner::Gzip(decoder) => decoder.get_ref().get_ref().bytes(),
            Inner::OneGzip(decoder) => decoder.get_ref().get_ref().bytes(),
            Inner::Zstd(decoder) => decoder.get_ref().get_ref().bytes(),
        }
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.inner {
            Inner::Plain(raw) => return raw.read(buffer),
            Inner::Gzip(decoder) => decoder.read(buffer)?,
            Inner::OneGzip(decoder) => {
                let read = decoder.read(buffer)?;
                if read == 0 && !buffer.is_empty() && !decoder.get_mut().fill_buf()?.is_empty() {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, TrailingBytes));
                }
                read
            }
            Inner::Zstd(decoder) => decoder.read(buffer)?,
        };
        self.unpacked += read as u64;
        if self.unpacked > RATIO_GRACE + MAX_RATIO * self.stored() {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("unpacks to more than {MAX_RATIO} times its size"),
            ));
        }
        Ok(read)
    }
}
