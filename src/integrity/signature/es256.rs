//! ECDSA on P-256 with SHA-256 (FIPS 186-5 §6.4.2).
//!
//! `s` and `n − s` are both valid there, so whoever holds one signature can write a second one; no two records may be told
//! apart by their signature bytes alone. That is why a P-256 signature proves who signed and never that it is the only one.

use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{DerSignature, Signature, VerifyingKey};
use p256::pkcs8::EncodePublicKey as _;
use p256::pkcs8::spki::SubjectPublicKeyInfoRef;

use super::{KeyError, KeyKind};

/// A point of P-256 other than the one at infinity.
#[derive(Clone)]
pub(super) struct Key(VerifyingKey);

impl Key {
    pub(super) fn from_spki(info: SubjectPublicKeyInfoRef<'_>) -> Result<Self, KeyError> {
        VerifyingKey::try_from(info).map(Self).map_err(|_| KeyError::NotAPoint(KeyKind::P256))
    }

    /// Returns the SPKI with the point uncompressed, so that a key has one id however it was written.
    pub(super) fn spki(&self) -> Vec<u8> {
        self.0.to_public_key_der().expect("a public key has an encoding").into_vec()
    }

    pub(super) fn verifies_p1363(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.0.verify(message, &signature).is_ok())
    }

    pub(super) fn verifies_der(&self, message: &[u8], signature: &[u8]) -> bool {
        DerSignature::from_bytes(signature).is_ok_and(|signature| self.0.verify(message, &signature).is_ok())
    }
}
