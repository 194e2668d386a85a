//! SHA-256 digests as a type of their own, so that no hash is ever compared as loose text.

use std::{fmt, io};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest, 32 bytes; printed and parsed as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The all-zero value, which `countersign-log/1` uses for "no previous line".
    pub const ZERO: Self = Self([0; 32]);

    /// Returns the digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Returns the digest of `parts`, each preceded by its length as a big-endian `u64`.
    ///
    /// The prefix makes the concatenation unambiguous: no two different lists share their bytes.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut bytes = Vec::new();
        parts.into_iter().for_each(|part| push_part(&mut bytes, part));
        Self::of(&bytes)
    }

    /// Parses exactly 64 lower-case hex digits; anything else is `None`.
    pub fn from_hex(text: &str) -> Option<Self> {
        bytes_of_hex(text.as_bytes()).map(Self)
    }

    /// Hands the digits to `then`.
    pub(crate) fn digits<T>(&self, then: impl FnOnce(&str) -> T) -> T {
        let mut digits = [0; 64];
        hex::encode_to_slice(self.0, &mut digits).expect("32 bytes have 64 digits");
        then(std::str::from_utf8(&digits).expect("digits are ASCII"))
    }

    /// Returns the raw bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digits(|digits| f.write_str(digits))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| {
            serde::de::Error::custom(format!("expected 64 lower-case hex digits, found `{text}`"))
        })
    }
}

/// Appends `part` after its length, as [`Digest::of_parts`] does.
pub(crate) fn push_part(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
    bytes.extend_from_slice(part);
}

/// Decodes exactly `2 * N` lower-case hex digits; anything else is `None`.
///
/// A log line holds 256 of them. The loop has no branch, so that the compiler decodes many at once; the crate `hex` takes
/// a fifth of the time of a whole line for it.
pub(crate) fn bytes_of_hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    if digits.len() != 2 * N {
        return None;
    }
    let mut values = [[0; 2]; N];
    let mut others = 0;
    for (value, digit) in values.as_flattened_mut().iter_mut().zip(digits) {
        *value = value_of(*digit);
        others |= u8::from(!is_digit(*digit));
    }
    (others == 0).then(|| values.map(|[high, low]| high << 4 | low))
}

/// Tells whether `byte` is one of `0-9a-f`.
fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit() | (byte.wrapping_sub(b'a') < 6)
}

/// Returns the value of a hex digit, and something for other bytes.
fn value_of(byte: u8) -> u8 {
    // Letters have bit 6 set, and their low four bits are nine less than their value.
    (byte & 0xf).wrapping_add(9 * (byte >> 6))
}

/// Hashes bytes that arrive in pieces.
#[derive(Default, Clone)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Adds `bytes` to what has been hashed so far.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the digest of everything added.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_as_the_crate_hex_does_and_upper_case_is_refused() {
        let bytes: [u8; 32] = std::array::from_fn(|at| u8::try_from(at * 37 % 256).unwrap());
        let text = hex::encode(bytes);
        assert_eq!(bytes_of_hex(text.as_bytes()), Some(bytes));
        for at in 0..text.len() {
            for byte in 0..=255u8 {
                let mut changed = text.clone().into_bytes();
                changed[at] = byte;
                let mut expected = [0; 32];
                let good =
                    hex::decode_to_slice(&changed, &mut expected).is_ok() && !byte.is_ascii_uppercase();
                assert_eq!(bytes_of_hex(&changed), good.then_some(expected), "{byte} at {at}");
            }
        }
        assert_eq!(bytes_of_hex::<32>(&text.as_bytes()[1..]), None);
    }
}
