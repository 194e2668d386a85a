//! What one object of a CloudTrail folder is, told by its content.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::digest::DigestFile;
use super::key::ListedKey;
use crate::digest::Digest;
use crate::integrity::verdict::BreakKind;
use crate::redact::shown;

/// Name under which the records of a log file lie.
pub const RECORDS: &str = "Records";

/// An object, as its own bytes show it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum TrailObject {
    /// A digest file.
    Digest(Box<DigestFile>),
    /// The metadata of an object, as `aws s3api head-object` prints it.
    Metadata(Metadata),
    /// Public keys, as `aws cloudtrail list-public-keys` prints them.
    Keys(Vec<ListedKey>),
    /// A log file.
    Log {
        /// SHA-256 of its bytes, unpacked.
        sha256: Digest,
    },
}

/// What the metadata of a digest file says of its signature.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Metadata {
    /// Signature, as written.
    pub signature: Option<String>,
    /// Its algorithm.
    pub algorithm: Option<String>,
    /// Whether it says when a digest was made later for an hour that had none.
    pub backfilled: bool,
}

/// Why an object cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Kind.
    pub kind: BreakKind,
    /// The facts, as a fragment.
    pub detail: String,
}

#[derive(Deserialize)]
struct RawHead {
    #[serde(rename = "Metadata")]
    metadata: RawMetadata,
}

#[derive(Deserialize)]
struct RawMetadata {
    signature: Option<String>,
    #[serde(rename = "signature-algorithm")]
    algorithm: Option<String>,
    #[serde(rename = "backfill-generation-timestamp")]
    backfilled: Option<String>,
}

#[derive(Deserialize)]
struct RawKeys {
    #[serde(rename = "PublicKeyList")]
    keys: Vec<ListedKey>,
}

/// Reads the unpacked text of an object.
///
/// # Errors
///
/// Refuses what is no JSON object, has a member twice, or is none of the four.
pub fn read(text: &str) -> Result<TrailObject, Fault> {
    let names = member_names(text)?;
    let has = |name: &str| names.contains(name);
    let malformed = |error: serde_json::Error| Fault {
        kind: if error.to_string().starts_with("duplicate field") {
            BreakKind::DuplicateKey
        } else {
            BreakKind::Malformed
        },
        detail: error.to_string(),
    };
    // A file with records is a log file whatever else it holds: its records must not slip past as housekeeping.
    if has(RECORDS) {
        Ok(TrailObject::Log { sha256: Digest::of(text.as_bytes()) })
    } else if has("digestS3Object") {
        DigestFile::parse(text).map(|file| TrailObject::Digest(Box::new(file)))
    } else if has("PublicKeyList") {
        let RawKeys { keys } = serde_json::from_str(text).map_err(malformed)?;
        Ok(TrailObject::Keys(keys))
    } else if has("Metadata") {
        let RawHead { metadata } = serde_json::from_str(text).map_err(malformed)?;
        let RawMetadata { signature, algorithm, backfilled } = metadata;
        Ok(TrailObject::Metadata(Metadata { signature, algorithm, backfilled: backfilled.is_some() }))
    } else {
        let detail = "expected a log file, a digest file, its metadata, or a list of public keys".to_owned();
        Err(Fault { kind: BreakKind::Malformed, detail })
    }
}

/// Tells whether the first bytes of an object are those of a digest file.
pub fn looks_like_digest(start: &[u8]) -> bool {
    let text = String::from_utf8_lossy(start);
    text.trim_start_matches('\u{feff}').trim_start().starts_with('{')
        && ["\"digestS3Object\"", "\"digestStartTime\"", "\"awsAccountId\""]
            .iter()
            .all(|name| text.contains(name))
}

/// Returns the member names of the object that `text` is.
fn member_names(text: &str) -> Result<BTreeSet<Cow<'_, str>>, Fault> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let found = deserializer.deserialize_map(Names).and_then(|names| deserializer.end().map(|()| names));
    let names = found.map_err(|error| Fault {
        kind: BreakKind::Malformed,
        detail: format!("is not a JSON document: {error}"),
    })?;
    let mut seen = BTreeSet::new();
    for name in names {
        if let Some(twice) = seen.replace(name) {
            let detail = format!("member `{}` stands twice", shown(&twice));
            return Err(Fault { kind: BreakKind::DuplicateKey, detail });
        }
    }
    Ok(seen)
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = Vec<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut names = Vec::new();
        while let Some((name, _)) = map.next_entry::<String, &RawValue>()? {
            names.push(Cow::Owned(name));
        }
        Ok(names)
    }
}
