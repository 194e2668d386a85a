//! Strict Ed25519 for a key that signs often: the same verdicts from precomputed multiples.
//!
//! A log is signed by few keys many times. What `verify_strict` computes for each signature, `S·B − k·A`, is here a sum
//! of about 64 points looked up in two tables, one for the base point `B` and one for the key's `−A`, and the division at the end
//! is shared by all signatures of a call. Each signature still gets a verdict of its own: nothing is combined at random, so this is
//! no batch verification.
//!
//! Why the verdicts are those of `verify_strict`. That function accepts if and only if (1) `S` is reduced, (2) the bytes `R`
//! decode to a point, (3) neither that point nor `A` has small order, and (4) the encoding of `S·B − k·A` is `R`. Here
//! (4) is checked on the same point, computed by integers `S` and `k` alike, so that parts of small order cannot come out otherwise. An
//! encoding that was just written decodes to the point it was written from, so (4) gives (2), and that point's order gives (3).

use std::sync::OnceLock;

use curve25519_dalek::Scalar;
use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::traits::Identity as _;
use ed25519_dalek::VerifyingKey;
use sha2::{Digest as _, Sha512};

use super::Signed;

/// Signatures that share one division. More than this gains nothing that can be measured.
const SHARED: usize = 64;
/// Bits of a scalar in one digit. Of 5 to 10, 8 is where larger tables stop to pay, and a digit is a byte.
const DIGITS: usize = 32;
/// Multiples kept per digit: 1 to 128, the sign being free.
const MULTIPLES: usize = 128;

/// A key with its table.
pub(super) struct FastKey {
    bytes: [u8; 32],
    minus_a: Comb,
}

impl FastKey {
    /// Computes the table, which takes about as long as 20 signatures. `None` for a weak key, which accepts nothing.
    pub(super) fn new(key: &VerifyingKey) -> Option<Self> {
        (!key.is_weak()).then(|| Self { bytes: key.to_bytes(), minus_a: Comb::new(-key.to_edwards()) })
    }

    /// Gives one verdict per pair of message and signature, in their order.
    pub(super) fn verify_each(&self, items: &[Signed<'_>]) -> Vec<bool> {
        items.chunks(SHARED).flat_map(|chunk| self.verify_chunk(chunk)).collect()
    }

    fn verify_chunk(&self, items: &[Signed<'_>]) -> Vec<bool> {
        // The neutral element has small order, so it says no wherever it stands in for an `S` that is not reduced.
        let points: Vec<EdwardsPoint> = items
            .iter()
            .map(|(message, signature)| {
                self.expected_r(message, signature).unwrap_or_else(EdwardsPoint::identity)
            })
            .collect();
        // No point on this curve has a zero denominator, so one signature cannot spoil the shared division for another.
        let encodings = EdwardsPoint::compress_batch_alloc(&points);
        encodings
            .iter()
            .zip(&points)
            .zip(items)
            .map(|((encoding, point), (_, signature))| {
                encoding.as_bytes()[..] == signature[..32] && !point.is_small_order()
            })
            .collect()
    }

    /// Returns `S·B − k·A` (RFC 8032 §5.1.7, without the cofactor); `None` where `S` is not reduced.
    fn expected_r(&self, message: &[u8], signature: &[u8; 64]) -> Option<EdwardsPoint> {
        let (r, s) = signature.split_at(32);
        let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(s.try_into().ok()?))?;
        let hash = Sha512::new().chain_update(r).chain_update(self.bytes).chain_update(message).finalize();
        let k = Scalar::from_bytes_mod_order_wide(&hash.into());
        Some(self.minus_a.add_product(&k, base_point().product(&s)))
    }
}

/// Returns the table of the base point, computed once.
fn base_point() -> &'static Comb {
    static TABLE: OnceLock<Comb> = OnceLock::new();
    TABLE.get_or_init(|| Comb::new(ED25519_BASEPOINT_POINT))
}

/// Multiples of one point: `table[i][j]` is `(j + 1) · 256^i` times it. 640 KiB.
struct Comb {
    table: Vec<[EdwardsPoint; MULTIPLES]>,
}

impl Comb {
    fn new(point: EdwardsPoint) -> Self {
        let mut unit = point;
        let table = (0..DIGITS)
            .map(|_| {
                let mut multiple = EdwardsPoint::identity();
                let row = std::array::from_fn(|_| {
                    multiple += unit;
                    multiple
                });
                unit = multiple + multiple;
                row
            })
            .collect();
        Self { table }
    }

    fn product(&self, scalar: &Scalar) -> EdwardsPoint {
        self.add_product(scalar, EdwardsPoint::identity())
    }

    /// Returns `sum` plus `scalar` times the point.
    fn add_product(&self, scalar: &Scalar, mut sum: EdwardsPoint) -> EdwardsPoint {
        for (row, digit) in self.table.iter().zip(digits(scalar)) {
            let multiple = usize::from(digit.unsigned_abs()).checked_sub(1).map(|index| &row[index]);
            match multiple {
                None => {}
                Some(multiple) if digit > 0 => sum += multiple,
                Some(multiple) => sum -= multiple,
            }
        }
        sum
    }
}

/// Returns the digits of a reduced scalar to the base 256, least first, each from −128 to 127.
fn digits(scalar: &Scalar) -> [i8; DIGITS] {
    let mut carry = false;
    scalar.to_bytes().map(|byte| {
        let (byte, wrapped) = byte.overflowing_add(u8::from(carry));
        // From 128 on a byte is read as itself minus 256, and the next one is greater by one. The last byte of a
        // reduced scalar is at most 16, so the last carry has been used up.
        carry = wrapped || byte >= 128;
        byte.cast_signed()
    })
}

#[cfg(test)]
mod tests;
