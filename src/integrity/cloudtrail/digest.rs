//! One digest file, read strictly.

use serde::{Deserialize, Serialize};

use super::object::Fault;
use crate::clock::Moment;
use crate::digest::Digest;
use crate::integrity::json::{JsonFaultKind, scan_object};
use crate::integrity::verdict::BreakKind;
use crate::redact::shown;
use crate::source::framing::MAX_DEPTH;

/// The only signature that a digest file may state.
pub const ALGORITHM: &str = "SHA256withRSA";
/// The only hash that a digest file may state.
const HASH: &str = "SHA-256";
/// Most log files in one digest. AWS writes a file about every five minutes; a busy account has some thousands an hour.
const MAX_FILES: usize = 1_000_000;

/// A digest file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DigestFile {
    /// SHA-256 of its bytes, unpacked.
    pub sha256: Digest,
    /// Account.
    pub account: String,
    /// Start of its hour.
    pub start: Moment,
    /// End of its hour.
    pub end: Moment,
    /// The end as written, which is what was signed.
    pub end_text: String,
    /// Bucket to which it was delivered.
    pub bucket: String,
    /// Key at which it was delivered.
    pub key: String,
    /// Fingerprint of the key that it names.
    pub fingerprint: String,
    /// The digest before it; `None` at the start, and after validation was off.
    pub previous: Option<Previous>,
    /// Log files of its hour.
    pub files: Vec<ListedFile>,
}

/// The digest before, as a digest names it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Previous {
    /// Bucket.
    pub bucket: String,
    /// Key.
    pub key: String,
    /// SHA-256 of its bytes, unpacked.
    pub sha256: Digest,
    /// Its signature, as written.
    pub signature: String,
}

/// A log file, as a digest lists it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ListedFile {
    /// Bucket.
    pub bucket: String,
    /// Key.
    pub key: String,
    /// SHA-256 of its bytes, unpacked.
    pub sha256: Digest,
    /// Time of its first and of its last event, where stated.
    pub times: Option<(Moment, Moment)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    aws_account_id: String,
    digest_start_time: String,
    digest_end_time: String,
    #[serde(rename = "digestS3Bucket")]
    digest_s3_bucket: String,
    #[serde(rename = "digestS3Object")]
    digest_s3_object: String,
    digest_public_key_fingerprint: String,
    digest_signature_algorithm: String,
    #[serde(rename = "previousDigestS3Bucket")]
    previous_digest_s3_bucket: Option<String>,
    #[serde(rename = "previousDigestS3Object")]
    previous_digest_s3_object: Option<String>,
    previous_digest_hash_value: Option<String>,
    previous_digest_hash_algorithm: Option<String>,
    previous_digest_signature: Option<String>,
    log_files: Vec<RawFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawFile {
    #[serde(rename = "s3Bucket")]
    bucket: String,
    #[serde(rename = "s3Object")]
    object: String,
    hash_value: String,
    hash_algorithm: String,
    newest_event_time: Option<String>,
    oldest_event_time: Option<String>,
}

impl DigestFile {
    /// Reads the unpacked text of a digest file.
    ///
    /// # Errors
    ///
    /// Refuses a repeated member name, another algorithm, a hash that is not 64 lower-case hex digits, and a previous digest
    /// that is named in part.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let start = text.len() - text.trim_start().len();
        let scanned = scan_object(text, start, MAX_DEPTH).map_err(|fault| {
            let kind = match fault.kind {
                JsonFaultKind::DuplicateKey => BreakKind::DuplicateKey,
                JsonFaultKind::UnsafeNumber => BreakKind::UnsafeNumber,
                _ => BreakKind::Malformed,
            };
            Fault { kind, detail: format!("digest file: {}", fault.what) }
        })?;
        if !text[scanned.end..].trim().is_empty() {
            return Err(malformed("bytes after the document"));
        }
        let raw: Raw = serde_json::from_str(text).map_err(|error| malformed(&error.to_string()))?;
        if raw.digest_signature_algorithm != ALGORITHM {
            return Err(expected("digestSignatureAlgorithm", ALGORITHM, &raw.digest_signature_algorithm));
        }
        if raw.log_files.len() > MAX_FILES {
            return Err(malformed(&format!("{} log files, the limit is {MAX_FILES}", raw.log_files.len())));
        }
        let previous = raw.previous()?;
        let file = Self {
            sha256: Digest::of(text.as_bytes()),
            start: moment("digestStartTime", &raw.digest_start_time)?,
            end: moment("digestEndTime", &raw.digest_end_time)?,
            end_text: raw.digest_end_time,
            account: raw.aws_account_id,
            bucket: raw.digest_s3_bucket,
            key: raw.digest_s3_object,
            fingerprint: raw.digest_public_key_fingerprint,
            previous,
            files: raw.log_files.into_iter().map(RawFile::read).collect::<Result<_, _>>()?,
        };
        if file.start >= file.end {
            return Err(malformed("`digestEndTime` is not after `digestStartTime`"));
        }
        Ok(file)
    }

    /// Returns the bytes that its signature signs (`docs/formats/cloudtrail.md` §3).
    pub fn signed_bytes(&self) -> Vec<u8> {
        let previous = self.previous.as_ref().map_or("null", |previous| previous.signature.as_str());
        format!("{}\n{}/{}\n{}\n{previous}", self.end_text, self.bucket, self.key, self.sha256).into_bytes()
    }
}

impl Raw {
    fn previous(&self) -> Result<Option<Previous>, Fault> {
        let members = (
            &self.previous_digest_s3_bucket,
            &self.previous_digest_s3_object,
            &self.previous_digest_hash_value,
            &self.previous_digest_hash_algorithm,
            &self.previous_digest_signature,
        );
        match members {
            (Some(bucket), Some(key), Some(hash), Some(algorithm), Some(signature)) => {
                if algorithm != HASH {
                    return Err(expected("previousDigestHashAlgorithm", HASH, algorithm));
                }
                Ok(Some(Previous {
                    bucket: bucket.clone(),
                    key: key.clone(),
                    sha256: hash_value("previousDigestHashValue", hash)?,
                    signature: signature.clone(),
                }))
            }
            // The hash algorithm is a constant of the format, and may stand where there is nothing to hash.
            (None, None, None, _, None) => Ok(None),
            _ => Err(malformed("the digest before it is named in part")),
        }
    }
}

impl RawFile {
    fn read(self) -> Result<ListedFile, Fault> {
        if self.hash_algorithm != HASH {
            return Err(expected("hashAlgorithm", HASH, &self.hash_algorithm));
        }
        let time =
            |name: &str, text: &Option<String>| text.as_deref().map(|text| moment(name, text)).transpose();
        let oldest = time("oldestEventTime", &self.oldest_event_time)?;
        let newest = time("newestEventTime", &self.newest_event_time)?;
        Ok(ListedFile {
            sha256: hash_value("hashValue", &self.hash_value)?,
            bucket: self.bucket,
            key: self.object,
            times: oldest.zip(newest),
        })
    }
}

fn hash_value(member: &str, text: &str) -> Result<Digest, Fault> {
    Digest::from_hex(text).ok_or_else(|| malformed(&format!("`{member}` is not 64 lower-case hex digits")))
}

fn moment(member: &str, text: &str) -> Result<Moment, Fault> {
    let shaped = text.len() == 20 && text.ends_with('Z');
    let time = shaped.then(|| text.parse().ok()).flatten();
    time.ok_or_else(|| malformed(&format!("`{member}` is not a time such as `2026-08-04T10:01:31Z`")))
}

fn expected(member: &str, expected: &str, found: &str) -> Fault {
    malformed(&format!("expected `{member}` to be `{expected}`, found `{}`", shown(found)))
}

fn malformed(detail: &str) -> Fault {
    Fault { kind: BreakKind::Malformed, detail: format!("digest file: {detail}") }
}
