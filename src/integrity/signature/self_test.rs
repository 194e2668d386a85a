//! Whether the Ed25519 of this very build is strict.
//!
//! The feature `legacy_compatibility` of the library, switched on by any crate that shares it, turns off the check of `S` even in
//! `verify_strict`, and no line of our source would show it. So the program asks itself at start-up, with signatures
//! that only a lenient verifier takes.

use thiserror::Error;

use super::PublicKey;

/// A verdict that no strict Ed25519 gives. This is a bug in the build of the tool.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("the Ed25519 of this build is not strict: expected {vector} to be {}, found it {}", word(*.valid), word(!*.valid))]
pub struct SelfTestError {
    /// The signature.
    pub vector: &'static str,
    /// True where it is a valid one.
    pub valid: bool,
}

impl SelfTestError {
    /// Returns what to do about it.
    pub fn help(&self) -> Option<String> {
        Some(
            "build the program anew with its own `Cargo.lock`, and without the feature `legacy_compatibility` of \
             `ed25519-dalek` and `curve25519-dalek`"
                .to_owned(),
        )
    }
}

type Verifier<'a> = dyn Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool + 'a;

fn word(valid: bool) -> &'static str {
    if valid { "accepted" } else { "refused" }
}

struct Vector {
    name: &'static str,
    key: &'static str,
    message: &'static str,
    signature: &'static str,
    valid: bool,
}

/// One signature that everybody accepts, and three with an `S` that is not reduced. In hex.
const VECTORS: [Vector; 4] = [
    Vector {
        name: "RFC 8032 §7.1 test 1",
        key: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        message: "",
        signature: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        valid: true,
    },
    Vector {
        name: "Wycheproof Ed25519 tcId 63",
        key: "7d4d0e7f6153a69b6242b522abbee685fda4420f8834b108c3bdae369ef549fa",
        message: "54657374",
        signature: "7c38e026f29e14aabd059a0f2db8b0cd783040609a8be684db12f82a27774ab067654bce3832c2d76f8f6f5dafc08d9339d4eef676573336a5c51eb6f946b31d",
        valid: false,
    },
    Vector {
        name: "Wycheproof Ed25519 tcId 85",
        key: "100fdf47fb94f1536a4f7c3fda27383fa03375a8f527c537e6f1703c47f94f86",
        message: "6a0bc2b0057cedfc0fa2e3f7f7d39279b30f454a69dfd1117c758d86b19d85e0",
        signature: "0971f86d2c9c78582524a103cb9cf949522ae528f8054dc20107d999be673ff4e25ebf2f2928766b1248bec6e91697775f8446639ede46ad4df4053000000010",
        valid: false,
    },
    Vector {
        name: "ed25519-speccheck case 6",
        key: "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
        message: "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
        signature: "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514",
        valid: false,
    },
];

/// Asks this build's own verifier for the verdicts that tell a strict one from a lenient one.
///
/// # Errors
///
/// Names the first signature on which it is wrong; nothing that this build says about signatures counts then.
pub fn self_test() -> Result<(), SelfTestError> {
    ask(&|key, message, signature| {
        PublicKey::from_bytes(key).is_ok_and(|key| key.verifies(message, signature))
    })
}

/// Asks `verifies`, given key, message, and signature.
fn ask(verifies: &Verifier<'_>) -> Result<(), SelfTestError> {
    for Vector { name, key, message, signature, valid } in VECTORS {
        let message = hex::decode(message).expect("a constant in hex");
        if verifies(&bytes(key), &message, &bytes(signature)) != valid {
            return Err(SelfTestError { vector: name, valid });
        }
    }
    Ok(())
}

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).expect("a constant in hex of this length");
    bytes
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::Scalar;
    use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
    use sha2::{Digest as _, Sha512};

    use super::*;

    /// Verifies as a library does that reduces `S` instead of refusing it.
    fn lenient(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let (r, s) = signature.split_at(32);
        let hash = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize();
        let k = Scalar::from_bytes_mod_order_wide(&hash.into());
        let s = Scalar::from_bytes_mod_order(s.try_into().unwrap());
        let minus_a = -CompressedEdwardsY(*key).decompress().unwrap();
        EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &minus_a, &s).compress().as_bytes() == r
    }

    fn of_pair(name: &str) -> impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool {
        let vector = VECTORS.iter().find(|vector| vector.name == name).unwrap();
        let accepted: [u8; 64] = bytes(vector.signature);
        move |key, message, signature| {
            lenient(key, message, signature)
                && (*signature == accepted
                    || PublicKey::from_bytes(key).unwrap().verifies(message, signature))
        }
    }

    #[test]
    fn this_build_is_strict() {
        assert_eq!(self_test(), Ok(()));
    }

    #[test]
    fn a_lenient_verifier_is_caught_by_each_vector_alone() {
        for vector in &VECTORS[1..] {
            let error = ask(&of_pair(vector.name)).unwrap_err();
            assert_eq!((error.vector, error.valid), (vector.name, false));
            assert!(error.to_string().ends_with("to be refused, found it accepted"), "{error}");
            assert!(error.help().unwrap().contains("legacy_compatibility"));
        }
        assert!(ask(&lenient).is_err());
    }

    #[test]
    fn a_verifier_that_always_says_the_same_is_caught() {
        assert_eq!(ask(&|_, _, _| false).unwrap_err().vector, "RFC 8032 §7.1 test 1");
        assert_eq!(ask(&|_, _, _| true).unwrap_err().vector, "Wycheproof Ed25519 tcId 63");
    }
}
