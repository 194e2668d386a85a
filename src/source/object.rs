//! Reading an object's bytes as they are stored, whole or a range, and hashing them on the way.

use std::fs::File;
use std::future::Future;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::ops::Range;
use std::sync::OnceLock;

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::{GetOptions, GetResultPayload};

use super::location::ObjectRef;
use crate::digest::{Digest, Hasher};

/// Runs a future of the object store to its end. Several threads may call it at once.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME
        .get_or_init(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a current-thread runtime needs nothing that can be missing")
        })
        .block_on(future)
}

/// Opens `object`, or the bytes of `range`, for reading as stored.
///
/// # Errors
///
/// When the store refuses or the object is gone.
pub fn open(object: &ObjectRef, range: Option<Range<u64>>) -> io::Result<Box<dyn Read + Send>> {
    if let Some(file) = &object.file {
        let mut file = File::open(file)?;
        return Ok(match range {
            None => Box::new(file),
            Some(range) => {
                file.seek(SeekFrom::Start(range.start))?;
                Box::new(file.take(range.end - range.start))
            }
        });
    }
    let (store, path) = object.stored();
    let options = GetOptions { range: range.map(Into::into), ..GetOptions::default() };
    let result = block_on(store.get_opts(path, options)).map_err(io::Error::other)?;
    Ok(match result.payload {
        GetResultPayload::Stream(stream) => Box::new(StreamReader {
            stream: stream.map_err(io::Error::other).boxed(),
            chunk: bytes::Bytes::new(),
        }),
        GetResultPayload::File(mut file, _) => {
            file.seek(SeekFrom::Start(result.range.start))?;
            Box::new(file.take(result.range.end - result.range.start))
        }
    })
}

/// Presents a stream of chunks as a reader.
struct StreamReader {
    stream: BoxStream<'static, io::Result<bytes::Bytes>>,
    chunk: bytes::Bytes,
}

impl Read for StreamReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match block_on(self.stream.next()) {
                Some(chunk) => self.chunk = chunk?,
                None => return Ok(0),
            }
        }
        let taken = self.chunk.split_to(buffer.len().min(self.chunk.len()));
        buffer[..taken.len()].copy_from_slice(&taken);
        Ok(taken.len())
    }
}

/// Hashes and counts what passes through it.
pub struct HashingReader<R> {
    inner: R,
    hasher: Hasher,
    bytes: u64,
}

impl<R: Read> HashingReader<R> {
    /// Wraps `inner`.
    pub fn new(inner: R) -> Self {
        Self { inner, hasher: Hasher::default(), bytes: 0 }
    }

    /// Returns how many bytes were read.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads what is left and returns the digest of everything.
    ///
    /// # Errors
    ///
    /// When the rest cannot be read.
    pub fn finish(mut self) -> io::Result<(Digest, u64)> {
        let mut buffer = vec![0; 1 << 16];
        loop {
            match self.read(&mut buffer) {
                Ok(0) => return Ok((self.hasher.finish(), self.bytes)),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

/// Returns the SHA-256 of an object as stored, and its length.
///
/// # Errors
///
/// When it cannot be read to its end.
pub fn digest(object: &ObjectRef) -> io::Result<(Digest, u64)> {
    HashingReader::new(open(object, None)?).finish()
}
