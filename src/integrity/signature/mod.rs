//! Public keys as trusted, and the one place whose answer about a signature counts.
//!
//! In: key files, and signatures over bytes as received. Out: yes or no. Three kinds of key are known, each checked in
//! one way only: the key says which algorithms it has, and the signature never chooses a hash or an encoding.
//! [`ed25519`] has the strict reading of Ed25519, [`es256`] ECDSA on P-256, [`rs256`] RSA; [`pem`] reads key files.

use std::fmt;

use ed25519_dalek::SigningKey;
use thiserror::Error;

use crate::digest::Digest;

mod ed25519;
mod es256;
mod pem;
mod rs256;

pub use pem::signing_key_from_pem;

/// How a signature is made and written. All of them hash with SHA-256 or, Ed25519, with SHA-512.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Algorithm {
    /// Ed25519 (RFC 8032), read strictly; 64 bytes.
    Ed25519,
    /// ECDSA on P-256 with SHA-256, written as `r` and `s` of 32 bytes each (IEEE P1363, JWS `ES256`).
    Es256P1363,
    /// ECDSA on P-256 with SHA-256, written as DER (RFC 3279 §2.2.3).
    Es256Der,
    /// RSA PKCS#1 v1.5 with SHA-256 (RFC 8017 §8.2).
    Rs256,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 4] = [Self::Ed25519, Self::Es256P1363, Self::Es256Der, Self::Rs256];

    /// Returns its name as files and messages write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::Es256P1363 => "es256-p1363",
            Self::Es256Der => "es256-der",
            Self::Rs256 => "rs256",
        }
    }

    /// Parses the name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.word() == word)
    }

    /// Returns the kind of key that has it.
    pub fn kind(self) -> KeyKind {
        match self {
            Self::Ed25519 => KeyKind::Ed25519,
            Self::Es256P1363 | Self::Es256Der => KeyKind::P256,
            Self::Rs256 => KeyKind::Rsa,
        }
    }
}

/// What a public key is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum KeyKind {
    /// A point of edwards25519.
    Ed25519,
    /// A point of NIST P-256.
    P256,
    /// An RSA modulus of 2048 to 8192 bits with its exponent.
    Rsa,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "Ed25519",
            Self::P256 => "P-256",
            Self::Rsa => "RSA",
        })
    }
}

/// Why bytes are not a usable key.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum KeyError {
    /// The bytes are no point of the curve. The user can fix this.
    #[error("expected a point of {0}, found bytes that are none")]
    NotAPoint(KeyKind),
    /// The encoding is not the canonical one. The user can fix this.
    #[error("expected the canonical encoding of the {0} public key, found another one")]
    NonCanonical(KeyKind),
    /// Anybody can make signatures that this key accepts. The user can fix this.
    #[error("weak key: the public key has small order, so anybody can make signatures that it accepts")]
    Weak,
    /// An RSA key that is too short to trust, or too long to check. The user can fix this.
    #[error("expected an RSA key of 2048 to 8192 bits, found {bits}")]
    RsaSize {
        /// Length of the modulus.
        bits: usize,
    },
    /// An RSA key that no sound generator makes. The user can fix this.
    #[error(
        "expected an RSA key with an odd modulus and an odd exponent from 65537 to 2³³ − 1, found another"
    )]
    RsaNumbers,
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
            Self::NotAPoint(_)
            | Self::NonCanonical(_)
            | Self::Weak
            | Self::RsaSize { .. }
            | Self::RsaNumbers => {
                "ask the owner for another key; `countersign keys generate` makes one".to_owned()
            }
            Self::NotPem { found: pem::PRIVATE, .. } => {
                "give the public key, which `keys generate --out k` writes to `k.pub`; a private key never leaves its owner"
                    .to_owned()
            }
            Self::NotPem { .. } => {
                "give an ordinary PEM file, as `countersign keys generate`, `openssl genpkey` or `openssl pkey -pubout` writes it"
                    .to_owned()
            }
        })
    }
}

/// A public key that passed every check at load, decoded once.
///
/// Its id is the SHA-256 of the 32 raw bytes of an Ed25519 key, and of the whole SPKI DER of any other, in the one form
/// that [`PublicKey::to_pem`] writes.
#[derive(Clone)]
pub struct PublicKey {
    id: Digest,
    spki: Vec<u8>,
    material: Material,
}

#[derive(Clone)]
enum Material {
    Ed25519(ed25519::Key),
    P256(es256::Key),
    Rsa(rs256::Key),
}

impl PublicKey {
    /// Decodes the 32 raw bytes of an Ed25519 public key.
    ///
    /// # Errors
    ///
    /// Refuses what is no point, has small order, or is not encoded canonically.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = ed25519::Key::from_bytes(bytes)?;
        Ok(Self { id: Digest::of(bytes), spki: key.spki(), material: Material::Ed25519(key) })
    }

    /// Decodes an SPKI PEM text.
    ///
    /// # Errors
    ///
    /// Refuses other PEM texts, keys of another kind, and those that are weak or not encoded canonically.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        Self::from_spki(&pem::spki(text)?)
    }

    /// Decodes an SPKI in DER.
    ///
    /// # Errors
    ///
    /// Refuses what [`PublicKey::from_pem`] refuses.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let info = pem::parse_spki(der)?;
        match pem::kind(&info)? {
            KeyKind::Ed25519 => {
                let raw = info.subject_public_key.as_bytes().and_then(|raw| raw.try_into().ok());
                Self::from_bytes(raw.ok_or(KeyError::NotAPoint(KeyKind::Ed25519))?)
            }
            KeyKind::P256 => {
                let key = es256::Key::from_spki(info)?;
                Ok(Self::named_by_spki(key.spki(), Material::P256(key)))
            }
            KeyKind::Rsa => {
                let key = rs256::Key::from_spki(&info)?;
                Ok(Self::named_by_spki(key.spki(), Material::Rsa(key)))
            }
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

    /// Returns the key id.
    pub fn id(&self) -> Digest {
        self.id
    }

    /// Returns what kind of key it is.
    pub fn kind(&self) -> KeyKind {
        match self.material {
            Material::Ed25519(_) => KeyKind::Ed25519,
            Material::P256(_) => KeyKind::P256,
            Material::Rsa(_) => KeyKind::Rsa,
        }
    }

    /// Returns the key as SPKI PEM text.
    pub fn to_pem(&self) -> String {
        pem::to_pem(&self.spki)
    }

    /// Returns the key as SPKI DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Returns the 32 raw bytes of an Ed25519 key.
    pub fn ed25519_bytes(&self) -> Option<&[u8; 32]> {
        match &self.material {
            Material::Ed25519(key) => Some(key.as_bytes()),
            Material::P256(_) | Material::Rsa(_) => None,
        }
    }

    /// Tells whether `signature` is a valid signature of `message` by `algorithm`; never where that is not the key's.
    pub fn check(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match (algorithm, &self.material) {
            (Algorithm::Ed25519, Material::Ed25519(key)) => {
                signature.try_into().is_ok_and(|signature| key.verifies(message, signature))
            }
            (Algorithm::Es256P1363, Material::P256(key)) => key.verifies_p1363(message, signature),
            (Algorithm::Es256Der, Material::P256(key)) => key.verifies_der(message, signature),
            (Algorithm::Rs256, Material::Rsa(key)) => key.verifies(message, signature),
            _ => false,
        }
    }

    /// Tells whether this is an Ed25519 key and `signature` a strictly valid signature of `message` (RFC 8032 §5.1.7,
    /// cofactorless, with canonical `S` and without small-order points).
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        matches!(&self.material, Material::Ed25519(key) if key.verifies(message, signature))
    }

    fn named_by_spki(spki: Vec<u8>, material: Material) -> Self {
        Self { id: Digest::of(&spki), spki, material }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id)
    }
}

#[cfg(test)]
mod tests;
