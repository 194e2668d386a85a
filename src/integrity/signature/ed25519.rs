//! Strict Ed25519.
//!
//! Verifiers in the wild disagree on edge cases: small-order keys, unreduced scalars, non-canonical points. Whoever can
//! make a signature that one verifier takes and another refuses can later deny it, so only the strictest reading counts,
//! one signature at a time.

use ed25519_dalek::pkcs8::EncodePublicKey as _;
use ed25519_dalek::{Signature, VerifyingKey};

use super::{KeyError, KeyKind};

/// A public key that is on the curve, canonical and not weak.
#[derive(Clone)]
pub(super) struct Key(VerifyingKey);

impl Key {
    pub(super) fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint(KeyKind::Ed25519))?;
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        if !is_canonical(bytes) {
            return Err(KeyError::NonCanonical(KeyKind::Ed25519));
        }
        Ok(Self(key))
    }

    pub(super) fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    pub(super) fn spki(&self) -> Vec<u8> {
        self.0.to_public_key_der().expect("a public key has an encoding").into_vec()
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

/// Tells whether the y coordinate is reduced modulo p = 2²⁵⁵ − 19. (An x of 0 with a sign bit is weak already.)
fn is_canonical(bytes: &[u8; 32]) -> bool {
    let at_least_p = bytes[0] >= 0xed && bytes[1..31].iter().all(|&b| b == 0xff) && bytes[31] & 0x7f == 0x7f;
    !at_least_p
}
