//! The hash functions that a chain profile may name.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use sha3::Sha3_256;

/// A hash function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum HashAlgorithm {
    /// FIPS 180-4.
    Sha256,
    /// FIPS 180-4.
    Sha384,
    /// FIPS 180-4.
    Sha512,
    /// FIPS 202.
    Sha3,
    /// BLAKE3 with its default length of 32 bytes.
    Blake3,
}

impl HashAlgorithm {
    /// Words of the functions.
    pub(super) const WORDS: [&str; 5] = ["sha256", "sha384", "sha512", "sha3-256", "blake3"];

    /// Returns the function of a word.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "sha256" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            "sha3-256" => Self::Sha3,
            "blake3" => Self::Blake3,
            _ => return None,
        })
    }

    /// Returns the hash of `bytes`.
    pub(super) fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
            Self::Sha3 => Sha3_256::digest(bytes).to_vec(),
            Self::Blake3 => blake3::hash(bytes).as_bytes().to_vec(),
        }
    }
}

/// Tells, in constant time, whether `code` is the HMAC-SHA256 (RFC 2104) of `message` under `key`.
pub(super) fn mac_fits(key: &[u8], message: &[u8], code: &[u8]) -> bool {
    mac(key, message).verify_slice(code).is_ok()
}

/// Returns the HMAC-SHA256 of `message` under `key`.
pub(super) fn mac_of(key: &[u8], message: &[u8]) -> [u8; 32] {
    mac(key, message).finalize().into_bytes().into()
}

fn mac(key: &[u8], message: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hashes of no bytes at all, as FIPS 180-4, FIPS 202, and the BLAKE3 paper's test vectors have them.
    #[test]
    fn every_function_gives_its_published_hash_of_nothing() {
        for (word, begins) in [
            ("sha256", "e3b0c44298fc1c14"),
            ("sha384", "38b060a751ac9638"),
            ("sha512", "cf83e1357eefb8bd"),
            ("sha3-256", "a7ffc6f8bf1ed766"),
            ("blake3", "af1349b9f5f9a1a6"),
        ] {
            let hash = hex::encode(HashAlgorithm::from_word(word).unwrap().of(b""));
            assert!(hash.starts_with(begins), "{word}: {hash}");
        }
    }

    /// RFC 4231 §4.3.
    #[test]
    fn hmac_is_that_of_the_rfc() {
        let code = mac_of(b"Jefe", b"what do ya want for nothing?");
        assert!(hex::encode(code).starts_with("5bdcc146bf60754e6a042426089575c7"));
        assert!(mac_fits(b"Jefe", b"what do ya want for nothing?", &code));
        assert!(!mac_fits(b"Jeff", b"what do ya want for nothing?", &code));
        assert!(!mac_fits(b"Jefe", b"what do ya want for nothing?", &code[..16]));
    }
}
