//! Strict Ed25519.
//!
//! Verifiers in the wild disagree on edge cases: small-order keys, unreduced scalars, non-canonical points. Whoever can
//! make a signature that one verifier takes and another refuses can later deny it, so only the strictest reading counts,
//! one signature at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use ed25519_dalek::pkcs8::EncodePublicKey as _;
use ed25519_dalek::{Signature, VerifyingKey};

use super::comb::FastKey;
use super::{KeyError, KeyKind, Signed};

/// Number of the signature of a key from which on its table is used. Before, computing the table costs more than it saves.
const WORTH_A_TABLE: usize = 64;
/// Most tables at a time. A trust file can name any number of keys, and `verify` has a bound on its memory.
const MAX_TABLES: usize = 64;

/// Tables at this time, so that none beyond the limit is made.
static TABLES: AtomicUsize = AtomicUsize::new(0);

/// A public key that is on the curve, canonical and not weak. Clones share what was learnt about it.
#[derive(Clone)]
pub(super) struct Key {
    verifying: VerifyingKey,
    use_of_it: Arc<UseOfIt>,
}

/// How often a key was used, and its table once that is worth it. Neither changes a verdict.
#[derive(Default)]
struct UseOfIt {
    signatures: AtomicUsize,
    fast: OnceLock<Option<FastKey>>,
}

impl Key {
    pub(super) fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint(KeyKind::Ed25519))?;
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        if !is_canonical(bytes) {
            return Err(KeyError::NonCanonical(KeyKind::Ed25519));
        }
        Ok(Self { verifying: key, use_of_it: Arc::default() })
    }

    pub(super) fn as_bytes(&self) -> &[u8; 32] {
        self.verifying.as_bytes()
    }

    pub(super) fn spki(&self) -> Vec<u8> {
        self.verifying.to_public_key_der().expect("a public key has an encoding").into_vec()
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        match self.fast(1) {
            Some(fast) => fast.verify_each(&[(message, signature)]) == [true],
            None => self.verifies_strictly(message, signature),
        }
    }

    /// Gives one verdict per pair of message and signature, in their order.
    pub(super) fn verify_each(&self, items: &[Signed<'_>]) -> Vec<bool> {
        match self.fast(items.len()) {
            Some(fast) => fast.verify_each(items),
            None => {
                items.iter().map(|(message, signature)| self.verifies_strictly(message, signature)).collect()
            }
        }
    }

    /// Gives the verdict by which every faster way is judged.
    fn verifies_strictly(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.verifying.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }

    /// Counts `more` signatures, and returns the table where the key has one by now.
    fn fast(&self, more: usize) -> Option<&FastKey> {
        let made = &self.use_of_it.fast;
        if let Some(fast) = made.get() {
            return fast.as_ref();
        }
        let before = self.use_of_it.signatures.fetch_add(more, Ordering::Relaxed);
        if before.saturating_add(more) < WORTH_A_TABLE {
            return None;
        }
        made.get_or_init(|| if another_table() { FastKey::new(&self.verifying) } else { None }).as_ref()
    }
}

fn another_table() -> bool {
    let more = |tables: usize| (tables < MAX_TABLES).then_some(tables + 1);
    TABLES.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
}

impl Drop for UseOfIt {
    fn drop(&mut self) {
        if matches!(self.fast.get(), Some(Some(_))) {
            TABLES.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Tells whether the y coordinate is reduced modulo p = 2²⁵⁵ − 19. (An x of 0 with a sign bit is weak already.)
fn is_canonical(bytes: &[u8; 32]) -> bool {
    let at_least_p = bytes[0] >= 0xed && bytes[1..31].iter().all(|&b| b == 0xff) && bytes[31] & 0x7f == 0x7f;
    !at_least_p
}
