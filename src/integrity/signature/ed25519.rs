//! Strict Ed25519.
//!
//! Verifiers in the wild disagree on edge cases: small-order keys, unreduced scalars, non-canonical points. Whoever can
//! make a signature that one verifier takes and another refuses can later deny it, so only the strictest reading counts,
//! one signature at a time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, RwLock};

use ed25519_dalek::pkcs8::EncodePublicKey as _;
use ed25519_dalek::{Signature, VerifyingKey};

use super::comb::FastKey;
use super::{KeyError, KeyKind, Signed};

/// Number of the signature of a key from which on its table is used. Before, computing the table costs more than it saves.
const WORTH_A_TABLE: usize = 64;
/// Most tables at a time. A trust file can name any number of keys, and `verify` has a bound on its memory.
const MAX_TABLES: usize = 64;

/// Most keys that stay decoded. Fewer than there are tables, so that a log that invents keys leaves some to the keys of others.
const MAX_DECODED: usize = 32;

/// Tables at this time, so that none beyond the limit is made.
static TABLES: AtomicUsize = AtomicUsize::new(0);
/// Keys that were met before: a log that carries its key in every record would else have it decoded, and forgotten, each time.
static DECODED: Decoded = Decoded::new();

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
        DECODED.key(bytes)
    }

    fn decode(bytes: &[u8; 32]) -> Result<Self, KeyError> {
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

/// The first keys that were decoded, and nothing that was refused. What is in it changes no verdict.
struct Decoded(RwLock<BTreeMap<[u8; 32], Key>>);

impl Decoded {
    const fn new() -> Self {
        Self(RwLock::new(BTreeMap::new()))
    }

    fn key(&self, bytes: &[u8; 32]) -> Result<Key, KeyError> {
        if let Some(key) = self.0.read().ok().and_then(|keys| keys.get(bytes).cloned()) {
            return Ok(key);
        }
        let key = Key::decode(bytes)?;
        match self.0.write() {
            Ok(mut keys) if keys.len() < MAX_DECODED => Ok(keys.entry(*bytes).or_insert(key).clone()),
            _ => Ok(key),
        }
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

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    fn shared(a: &Key, b: &Key) -> bool {
        Arc::ptr_eq(&a.use_of_it, &b.use_of_it)
    }

    #[test]
    fn a_key_that_was_met_before_is_the_same_key() {
        let decoded = Decoded::new();
        let keys: Vec<SigningKey> = (0..40).map(|seed| SigningKey::from_bytes(&[seed; 32])).collect();
        let raw = |number: usize| keys[number].verifying_key().to_bytes();
        let first: Vec<Key> = (0..40).map(|number| decoded.key(&raw(number)).unwrap()).collect();
        for (number, key) in first.iter().enumerate() {
            let again = decoded.key(&raw(number)).unwrap();
            assert_eq!(shared(key, &again), number < MAX_DECODED, "{number}");
            // Beyond the limit a key is worth the same; it is only decoded again.
            let signature = keys[number].sign(b"a record").to_bytes();
            for _ in 0..WORTH_A_TABLE + 1 {
                assert!(again.verifies(b"a record", &signature) && !again.verifies(b"a_record", &signature));
            }
        }
        assert!(!shared(&first[0], &first[1]));
    }

    #[test]
    fn a_key_that_was_refused_is_refused_again() {
        let decoded = Decoded::new();
        let mut neutral = [0; 32];
        neutral[0] = 1;
        for _ in 0..2 {
            assert!(matches!(decoded.key(&neutral), Err(KeyError::Weak)));
        }
        assert!(decoded.0.read().unwrap().is_empty());
    }
}
