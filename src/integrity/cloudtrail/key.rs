//! Which RSA key signed a digest, and what that is worth.
//!
//! The list that `aws cloudtrail list-public-keys` prints lies beside the log, so a key in it is a claim. Only the trust
//! file makes a key count.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::spki::SubjectPublicKeyInfoRef;
use ed25519_dalek::pkcs8::spki::der::Decode as _;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use super::digest::DigestFile;
use crate::clock::Moment;
use crate::digest::Digest;
use crate::integrity::keyring::{Keyring, Standing};
use crate::integrity::signature::{Algorithm, KeyKind, PublicKey};

/// An entry of the list of public keys.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct ListedKey {
    /// Fingerprint, by which digests name the key.
    #[serde(rename = "Fingerprint")]
    pub fingerprint: String,
    /// Base64 of an `RSAPublicKey` (RFC 8017 §A.1.1) in DER.
    #[serde(rename = "Value")]
    pub value: String,
}

impl ListedKey {
    /// Decodes the key; `None` where the value is no usable RSA key.
    pub fn public(&self) -> Option<PublicKey> {
        PublicKey::from_spki(&spki(&STANDARD.decode(&self.value).ok()?)).ok()
    }
}

/// What the signature of a digest shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signed {
    /// A key of the trust file made it.
    By {
        /// Key id.
        key: Digest,
        /// What the key is worth here.
        standing: Standing,
    },
    /// A key that only the list beside the log names made it.
    Claimed {
        /// Key id.
        key: Digest,
    },
    /// It does not fit the key that the digest names.
    Wrong,
    /// The key that the digest names is not at hand.
    Unchecked,
    /// There is no signature at hand.
    Absent,
}

/// Every key at hand.
pub struct KeyBook<'a> {
    log: &'a str,
    keyring: &'a Keyring,
    pinned: Vec<(&'a PublicKey, String)>,
    claims: BTreeMap<&'a str, Vec<PublicKey>>,
}

impl<'a> KeyBook<'a> {
    /// Gathers the RSA keys of the trust file, and those that lists beside the log claim.
    pub fn new(log: &'a str, keyring: &'a Keyring, listed: impl IntoIterator<Item = &'a ListedKey>) -> Self {
        let pinned = keyring
            .keys()
            .filter(|key| key.public.kind() == KeyKind::Rsa)
            .map(|key| (&key.public, fingerprint(&key.public)))
            .collect();
        let mut claims: BTreeMap<&str, Vec<PublicKey>> = BTreeMap::new();
        for key in listed {
            let known = claims.entry(key.fingerprint.as_str()).or_default();
            if let Some(public) = key.public().filter(|public| !known.contains(public)) {
                known.push(public);
            }
        }
        Self { log, keyring, pinned, claims }
    }

    /// Judges `signature` of `digest`, where `latest` is the greatest time in its chain up to it.
    ///
    /// The fingerprint only says which key was meant; a pinned key that fits counts whatever fingerprint is stated.
    pub fn judge(&self, digest: &DigestFile, signature: &str, latest: Moment) -> Signed {
        let canonical = !signature.bytes().any(|byte| byte.is_ascii_uppercase());
        let bytes = hex::decode(signature).ok().filter(|_| canonical);
        let message = digest.signed_bytes();
        let fits = |key: &PublicKey| {
            bytes.as_ref().is_some_and(|bytes| key.check(Algorithm::Rs256, &message, bytes))
        };
        if let Some((key, _)) = self.pinned.iter().find(|(key, _)| fits(key)) {
            let standing = self.keyring.judge_log(key.id(), self.log, latest);
            return Signed::By { key: key.id(), standing };
        }
        let claimed = self.claims.get(digest.fingerprint.as_str()).map_or(&[][..], Vec::as_slice);
        if let Some(key) = claimed.iter().find(|key| fits(key)) {
            return Signed::Claimed { key: key.id() };
        }
        let named = self.pinned.iter().any(|(_, fingerprint)| *fingerprint == digest.fingerprint);
        if bytes.is_none() || named || !claimed.is_empty() { Signed::Wrong } else { Signed::Unchecked }
    }
}

/// Returns the fingerprint by which CloudTrail names a key: the MD5 of its PKCS#1 DER, in hex. It is a name, not a proof.
pub fn fingerprint(key: &PublicKey) -> String {
    let info = SubjectPublicKeyInfoRef::from_der(key.spki()).ok();
    let pkcs1 = info.as_ref().and_then(|info| info.subject_public_key.as_bytes()).unwrap_or_default();
    Md5::digest(pkcs1).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// Wraps an `RSAPublicKey` as SPKI (RFC 5280 §4.1, RFC 3279 §2.3.1).
fn spki(pkcs1: &[u8]) -> Vec<u8> {
    /// `SEQUENCE { rsaEncryption, NULL }`.
    const RSA: [u8; 15] =
        [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let bits = [&[0], pkcs1].concat();
    tagged(0x30, &[&RSA[..], &tagged(0x03, &bits)].concat())
}

/// Returns a DER value with its tag and length.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant: Vec<u8> = length.iter().copied().skip_while(|byte| *byte == 0).collect();
    let header = match significant.as_slice() {
        [] => vec![tag, 0],
        [short] if *short < 0x80 => vec![tag, *short],
        long => {
            let count = u8::try_from(long.len()).expect("a length has at most eight bytes");
            [&[tag, 0x80 | count], long].concat()
        }
    };
    [header.as_slice(), content].concat()
}
