//! Strict Ed25519: public keys as trusted, and the one function whose answer counts.
//!
//! Verifiers in the wild disagree on edge cases: small-order keys, unreduced scalars, non-canonical points. Whoever can
//! make a signature that one verifier takes and another refuses can later deny it, so only the strictest reading counts,
//! one signature at a time.

use std::fmt;

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _};
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use thiserror::Error;

use crate::digest::Digest;

/// Why bytes are not a usable key.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum KeyError {
    /// The bytes are no point of the curve. The user can fix this.
    #[error("expected an Ed25519 public key, found 32 bytes that are no point of the curve")]
    NotAPoint,
    /// The encoding is not the canonical one of its point. The user can fix this.
    #[error("expected the canonical encoding of an Ed25519 public key, found another one")]
    NonCanonical,
    /// Anybody can make signatures that this key accepts. The user can fix this.
    #[error("weak key: the public key has small order, so anybody can make signatures that it accepts")]
    Weak,
    /// Not the expected PEM. The user can fix this.
    #[error("expected {expected}, found {found}")]
    NotPem {
        /// What should have been there.
        expected: &'static str,
        /// What the text looks like.
        found: &'static str,
    },
}

impl KeyError {
    /// Returns what to do about it.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::NotAPoint | Self::NonCanonical | Self::Weak => {
                "ask the owner for another key; `countersign keys generate` makes one".to_owned()
            }
            Self::NotPem { found: PRIVATE, .. } => {
                "give the public key, which `keys generate --out k` writes to `k.pub`; a private key never leaves its owner"
                    .to_owned()
            }
            Self::NotPem { .. } => {
                "give an ordinary Ed25519 PEM file, as `countersign keys generate` or `openssl genpkey` writes it".to_owned()
            }
        })
    }
}

const PRIVATE: &str = "a private key";

/// An Ed25519 public key that is on the curve, canonical and not weak, decoded once.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    id: Digest,
    key: VerifyingKey,
}

impl PublicKey {
    /// Decodes the 32 raw bytes of a public key.
    ///
    /// # Errors
    ///
    /// Refuses what is no point, has small order, or is not encoded canonically.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint)?;
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        if !is_canonical(bytes) {
            return Err(KeyError::NonCanonical);
        }
        Ok(Self { id: Digest::of(bytes), key })
    }

    /// Decodes an SPKI PEM text.
    ///
    /// # Errors
    ///
    /// Refuses other PEM texts, and the keys that [`PublicKey::from_bytes`] refuses.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let expected = "an Ed25519 public key as PEM (`-----BEGIN PUBLIC KEY-----`)";
        match VerifyingKey::from_public_key_pem(text.trim()) {
            Ok(key) => Self::from_bytes(key.as_bytes()),
            Err(_) if text.contains("BEGIN PUBLIC KEY") => {
                Err(KeyError::NotPem { expected, found: "a public key of another kind" })
            }
            Err(_) => Err(KeyError::NotPem { expected, found: describe(text) }),
        }
    }

    /// Returns the public half of a signing key, under the same refusals.
    ///
    /// # Errors
    ///
    /// Refuses what [`PublicKey::from_bytes`] refuses.
    pub fn of_signing_key(key: &SigningKey) -> Result<Self, KeyError> {
        Self::from_bytes(key.verifying_key().as_bytes())
    }

    /// Returns the key id: the SHA-256 of the raw public key.
    pub fn id(&self) -> Digest {
        self.id
    }

    /// Returns the key as SPKI PEM text.
    pub fn to_pem(&self) -> String {
        self.key.to_public_key_pem(LineEnding::LF).expect("a public key has an encoding")
    }

    /// Returns the 32 raw bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Tells whether `signature` is a strictly valid signature of `message` (RFC 8032 §5.1.7, cofactorless, with
    /// canonical `S` and without small-order points).
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id)
    }
}

/// Decodes a PKCS#8 PEM text to a signing key.
///
/// # Errors
///
/// Refuses everything else, saying what the text looks like.
pub fn signing_key_from_pem(text: &str) -> Result<SigningKey, KeyError> {
    SigningKey::from_pkcs8_pem(text.trim()).map_err(|_| KeyError::NotPem {
        expected: "an Ed25519 private key as PEM (`-----BEGIN PRIVATE KEY-----`, unencrypted)",
        found: describe(text),
    })
}

/// Tells whether the y coordinate is reduced modulo p = 2²⁵⁵ − 19. (An x of 0 with a sign bit is weak already.)
fn is_canonical(bytes: &[u8; 32]) -> bool {
    let at_least_p = bytes[0] >= 0xed && bytes[1..31].iter().all(|&b| b == 0xff) && bytes[31] & 0x7f == 0x7f;
    !at_least_p
}

/// Says what a text that did not decode looks like, without repeating any of it: it may be a secret.
fn describe(text: &str) -> &'static str {
    match text.trim() {
        "" => "an empty file",
        text if text.contains("ENCRYPTED PRIVATE KEY") => "an encrypted private key",
        text if text.contains("OPENSSH PRIVATE KEY") => "an OpenSSH private key",
        text if text.contains("BEGIN PRIVATE KEY") => PRIVATE,
        text if text.contains("BEGIN PUBLIC KEY") => "a public key",
        text if text.contains("BEGIN CERTIFICATE") => "a certificate",
        text if text.starts_with("ssh-") => "an OpenSSH public key",
        text if text.contains("-----BEGIN") => "another kind of PEM",
        _ => "no PEM at all",
    }
}

#[cfg(test)]
mod tests;
