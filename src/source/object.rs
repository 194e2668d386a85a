//! Reading an object's bytes as they are stored, whole or a range, and hashing them on the way.

use std::fs::File;
use std::future::Future;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::ops::Range;
use std::sync::OnceLock;

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::{GetOptions, GetResultPayload};
use thiserror::Error;

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
    if let Some((archive, member)) = object.member() {
        return member.open(archive, range);
    }
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
    // A weak tag never matches in `If-Match` (RFC 9110 section 13.1.1).
    let strong = object.etag().filter(|tag| !tag.starts_with("W/"));
    let options = GetOptions {
        range: range.map(Into::into),
        if_match: strong.map(str::to_owned),
        ..GetOptions::default()
    };
    let result = block_on(store.get_opts(path, options)).map_err(|error| io::Error::other(refusal(error)))?;
    // A server may ignore the condition; what it sent says which version it is.
    if let (Some(planned), Some(sent)) = (object.etag(), result.meta.e_tag.as_deref())
        && planned.trim_matches('"') != sent.trim_matches('"')
    {
        return Err(io::Error::other(Refusal::Changed));
    }
    Ok(match result.payload {
        GetResultPayload::Stream(stream) => Box::new(StreamReader {
            stream: stream.map_err(|error| io::Error::other(refusal(error))).boxed(),
            chunk: bytes::Bytes::new(),
        }),
        GetResultPayload::File(mut file, _) => {
            file.seek(SeekFrom::Start(result.range.start))?;
            Box::new(file.take(result.range.end - result.range.start))
        }
    })
}

/// Why a store did not give an object. The words of a store name its address and its request, so they stay out of results.
#[derive(Debug, Error)]
pub(super) enum Refusal {
    /// It was listed, and is not there.
    #[error("the object is gone since it was listed")]
    Gone,
    /// It is another version than the one listed.
    #[error("the object changed since it was listed")]
    Changed,
    /// This account may not read it.
    #[error("the store denies access")]
    Denied,
    /// The store does not know this account.
    #[error("the store does not accept the credentials")]
    Unauthenticated,
    /// Nobody whom this machine trusts vouches for the store.
    #[error("the store's certificate is not trusted; `SSL_CERT_FILE` names the authorities that are")]
    Untrusted,
    /// The store failed, or the connection broke.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// Returns what a store's error means for a run.
pub(super) fn refusal(error: object_store::Error) -> Refusal {
    match error {
        object_store::Error::NotFound { .. } => Refusal::Gone,
        object_store::Error::Precondition { .. } => Refusal::Changed,
        object_store::Error::PermissionDenied { .. } => Refusal::Denied,
        object_store::Error::Unauthenticated { .. } => Refusal::Unauthenticated,
        other if is_untrusted(&other) => Refusal::Untrusted,
        // What fails while listing is not told apart by kind.
        other => match status(&other.to_string()) {
            Some("401 Unauthorized") => Refusal::Unauthenticated,
            Some("403 Forbidden") => Refusal::Denied,
            Some(status) => Refusal::Failed(format!("it answered {}", crate::redact::shown(status))),
            None => Refusal::Failed("the connection broke, or there was no answer".to_owned()),
        },
    }
}

/// Tells whether a certificate was refused. The reason lies at the end of the chain of causes, in the words of `rustls`.
fn is_untrusted(error: &(dyn std::error::Error + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |cause| cause.source());
    causes.into_iter().any(|cause| cause.to_string().contains("invalid peer certificate"))
}

/// Returns the status line that a store's error quotes. Before it stand names of this program and a URL, which has no spaces.
fn status(words: &str) -> Option<&str> {
    let (_, rest) = words.split_once("status code: ")?;
    rest.split([':', '\n']).next()
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;
    use object_store::path::Path;
    use object_store::{ObjectStore, ObjectStoreExt as _};

    use super::*;

    /// Returns a store with one object, and the object as it was listed.
    fn stored(bytes: &'static str) -> (Arc<dyn ObjectStore>, ObjectRef) {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        block_on(store.put(&Path::from("a.jsonl"), bytes.into())).unwrap();
        let object = ObjectRef::listed(Arc::clone(&store), Path::from("a.jsonl"));
        assert!(object.etag().is_some(), "there is a version to pin");
        (store, object)
    }

    fn read(object: &ObjectRef, range: Option<Range<u64>>) -> Result<String, String> {
        let mut text = String::new();
        let mut reader = open(object, range).map_err(|error| error.to_string())?;
        reader.read_to_string(&mut text).map_err(|error| error.to_string())?;
        Ok(text)
    }

    #[test]
    fn the_version_that_was_listed_is_read_whole_and_in_ranges() {
        let (_, object) = stored("one\ntwo\n");
        assert_eq!(read(&object, None).unwrap(), "one\ntwo\n");
        assert_eq!(read(&object, Some(4..8)).unwrap(), "two\n");
    }

    #[test]
    fn an_object_that_changed_since_it_was_listed_is_not_read() {
        let (store, object) = stored("one\n");
        block_on(store.put(&Path::from("a.jsonl"), "two\n".into())).unwrap();
        for range in [None, Some(0..2)] {
            assert_eq!(read(&object, range).unwrap_err(), "the object changed since it was listed");
        }
    }

    #[test]
    fn a_failed_listing_says_why_and_names_no_address() {
        let listing = |answer: &str| {
            let words = format!("error performing GET http://127.0.0.1:1/b?prefix=a in 2.5ms - {answer}");
            refusal(object_store::Error::Generic { store: "S3", source: words.into() }).to_string()
        };
        let answered =
            |status: &str| listing(&format!("Server returned non-2xx status code: {status}: <Error>"));
        assert_eq!(answered("403 Forbidden"), "the store denies access");
        assert_eq!(answered("401 Unauthorized"), "the store does not accept the credentials");
        assert_eq!(answered("404 Not Found"), "the store failed: it answered 404 Not Found");
        let broken = "the store failed: the connection broke, or there was no answer";
        assert_eq!(listing("HTTP error: request or response body error"), broken);
    }

    #[test]
    fn an_object_that_vanished_since_it_was_listed_says_so() {
        let (store, object) = stored("one\n");
        block_on(store.delete(&Path::from("a.jsonl"))).unwrap();
        assert_eq!(read(&object, None).unwrap_err(), "the object is gone since it was listed");
    }
}
