//! Rotation endorsements of pipelock: one signing key names the next one, in a file beside the log.
//!
//! The prior key signs the SHA-256 of a domain string and of the seven other members, as Go writes them: compact, in the
//! order of its struct (luckyPipewrench/pipelock, `internal/receipt`). Such a file is evidence that a key was endorsed. What that is
//! worth, the trust file says ([`Keyring::with_rotations`](super::Keyring::with_rotations)).

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::clock::Moment;
use crate::digest::Digest;
use crate::integrity::signature::{KeyError, PublicKey};

/// What the signed bytes begin with.
const DOMAIN: &[u8] = b"pipelock-rotation-endorsement-v1\0";

/// A rotation that the prior key signed. Only [`Rotation::parse`] makes one, so holding it is the proof.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rotation {
    prior: PublicKey,
    new: PublicKey,
    session: String,
    final_seq: u64,
    tail: Digest,
    rotated_at: Moment,
}

/// Why a file is no rotation that counts.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum RotationError {
    /// It is not written as the product writes it. The user can fix this.
    #[error("expected a rotation endorsement of pipelock, found {0}")]
    Malformed(String),
    /// One of the two keys cannot be used. The user can fix this.
    #[error("`{member}` is no usable key")]
    Key {
        /// Where it stands.
        member: &'static str,
        /// Cause.
        source: KeyError,
    },
    /// The prior key did not sign it. The user can fix this.
    #[error("the endorsement does not fit `prior_signer_key`")]
    BadSignature,
}

impl RotationError {
    /// Returns what to do about it.
    pub fn help(&self) -> Option<String> {
        Some("give the file as the product wrote it, or leave `--rotation` out".to_owned())
    }
}

impl Rotation {
    /// Parses a rotation endorsement and verifies its signature.
    ///
    /// # Errors
    ///
    /// Refuses what the product does not write, weak keys, and a signature that does not fit.
    pub fn parse(text: &str) -> Result<Self, RotationError> {
        let wire: Wire =
            serde_json::from_str(text).map_err(|error| RotationError::Malformed(error.to_string()))?;
        let malformed = |what: &str| RotationError::Malformed(what.to_owned());
        if wire.version != 1 {
            return Err(malformed("another version than 1"));
        }
        let signed = wire.signed_bytes().ok_or_else(|| malformed("a text that Go would escape"))?;
        let prior = key(&wire.prior_signer_key, "prior_signer_key")?;
        let new = key(&wire.new_signer_key, "new_signer_key")?;
        if prior == new {
            return Err(malformed("a key that endorses itself"));
        }
        let signature = wire.endorsement.strip_prefix("ed25519:").and_then(bytes::<64>);
        let signature =
            signature.ok_or_else(|| malformed("a signature that is not `ed25519:` and 128 hex digits"))?;
        let tail = Digest::from_hex(&wire.prior_tail_hash);
        let tail = tail.ok_or_else(|| malformed("a tail hash that is not 64 hex digits"))?;
        let rotated_at = wire.rotated_at.parse().map_err(|_| malformed("a time that is not RFC 3339"))?;
        if !prior.verifies(&signed, &signature) {
            return Err(RotationError::BadSignature);
        }
        Ok(Self { prior, new, session: wire.session_id, final_seq: wire.prior_final_seq, tail, rotated_at })
    }

    /// Returns the key that endorses.
    pub fn prior(&self) -> &PublicKey {
        &self.prior
    }

    /// Returns the key that is endorsed.
    pub fn new_key(&self) -> &PublicKey {
        &self.new
    }

    /// Returns the recorder session that it speaks of.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// Returns the sequence number of the last record of the prior key, by its word.
    pub fn final_seq(&self) -> u64 {
        self.final_seq
    }

    /// Returns the link of the last record of the prior key, by its word.
    pub fn tail(&self) -> Digest {
        self.tail
    }

    /// Returns when the key changed, by the word of the prior key.
    pub fn rotated_at(&self) -> Moment {
        self.rotated_at
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    version: u8,
    session_id: String,
    prior_signer_key: String,
    prior_final_seq: u64,
    prior_tail_hash: String,
    new_signer_key: String,
    rotated_at: String,
    endorsement: String,
}

impl Wire {
    /// Returns what is signed, before the signature algorithm hashes it again; `None` where a text holds what Go escapes.
    fn signed_bytes(&self) -> Option<[u8; 32]> {
        let Self { session_id, prior_signer_key, prior_final_seq, prior_tail_hash, .. } = self;
        let Self { new_signer_key, rotated_at, .. } = self;
        let texts = [session_id, prior_signer_key, prior_tail_hash, new_signer_key, rotated_at];
        let plain = |byte: u8| (b' '..=b'~').contains(&byte) && !b"\"\\<>&".contains(&byte);
        if !texts.into_iter().all(|text| text.bytes().all(plain)) {
            return None;
        }
        let json = format!(
            "{{\"version\":1,\"session_id\":\"{session_id}\",\"prior_signer_key\":\"{prior_signer_key}\",\
             \"prior_final_seq\":{prior_final_seq},\"prior_tail_hash\":\"{prior_tail_hash}\",\
             \"new_signer_key\":\"{new_signer_key}\",\"rotated_at\":\"{rotated_at}\"}}"
        );
        Some(Sha256::new().chain_update(DOMAIN).chain_update(json).finalize().into())
    }
}

fn key(text: &str, member: &'static str) -> Result<PublicKey, RotationError> {
    let bytes = bytes(text).ok_or_else(|| {
        RotationError::Malformed(format!("a `{member}` that is not 64 lower-case hex digits"))
    })?;
    PublicKey::from_bytes(&bytes).map_err(|source| RotationError::Key { member, source })
}

/// Decodes lower-case hex of exactly this many bytes.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    (hex::encode(bytes) == text).then_some(bytes)
}
