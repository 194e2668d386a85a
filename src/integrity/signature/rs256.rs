//! RSA PKCS#1 v1.5 with SHA-256 (RFC 8017 §8.2.2). The hash is never read from the signature.

use ed25519_dalek::pkcs8::spki::der::asn1::{AnyRef, BitStringRef, UintRef};
use ed25519_dalek::pkcs8::spki::der::{self, Decode as _, Encode as _, Reader as _, SliceReader};
use ed25519_dalek::pkcs8::spki::{AlgorithmIdentifier, SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use super::{KeyError, KeyKind, pem};

/// Least and greatest length of a modulus in bits: below, factoring is in reach; above, one signature costs too long.
const BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// Least exponent: smaller ones have been a lever for forgeries wherever padding was read with less care.
const LEAST_EXPONENT: u64 = 65537;
/// First exponent that is too large for `ring`.
const EXPONENT_END: u64 = 1 << 33;

/// An RSA public key within the limits, as `RSAPublicKey` (RFC 8017 §A.1.1) in DER.
#[derive(Clone)]
pub(super) struct Key(Vec<u8>);

impl Key {
    pub(super) fn from_spki(info: &SubjectPublicKeyInfoRef<'_>) -> Result<Self, KeyError> {
        let other = KeyError::NonCanonical(KeyKind::Rsa);
        let null = info.algorithm.parameters.is_some_and(|parameters| parameters == AnyRef::NULL);
        let bytes = info.subject_public_key.as_bytes().filter(|_| null).ok_or_else(|| other.clone())?;
        let (modulus, exponent) = numbers(bytes).ok_or(other)?;
        let bits = bit_length(modulus);
        if !BITS.contains(&bits) {
            return Err(KeyError::RsaSize { bits });
        }
        let exponent = exponent
            .iter()
            .try_fold(0_u64, |value, byte| value.checked_mul(256).map(|value| value + u64::from(*byte)));
        let odd = modulus.last().is_some_and(|byte| byte & 1 == 1);
        match exponent {
            Some(e) if odd && e & 1 == 1 && (LEAST_EXPONENT..EXPONENT_END).contains(&e) => {
                Ok(Self(bytes.to_owned()))
            }
            _ => Err(KeyError::RsaNumbers),
        }
    }

    pub(super) fn spki(&self) -> Vec<u8> {
        let algorithm = AlgorithmIdentifier { oid: pem::RSA, parameters: Some(AnyRef::NULL) };
        let key = BitStringRef::from_bytes(&self.0).expect("a key of at most 8192 bits fits");
        SubjectPublicKeyInfo { algorithm, subject_public_key: key }
            .to_der()
            .expect("a public key has an encoding")
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0).verify(message, signature).is_ok()
    }
}

/// Returns modulus and exponent, big-endian and without leading zeros.
fn numbers(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(bytes).ok()?;
    let numbers = reader
        .sequence(|inner| Ok::<_, der::Error>((UintRef::decode(inner)?, UintRef::decode(inner)?)))
        .ok()?;
    reader.finish().ok()?;
    Some((numbers.0.as_bytes(), numbers.1.as_bytes()))
}

fn bit_length(number: &[u8]) -> usize {
    let zeros = number.first().map_or(0, |byte| byte.leading_zeros());
    (number.len() * 8).saturating_sub(usize::try_from(zeros).expect("at most 8"))
}
