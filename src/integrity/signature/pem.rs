//! Key files: SPKI and PKCS#8 as PEM.

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use ed25519_dalek::pkcs8::spki::SubjectPublicKeyInfoRef;
use ed25519_dalek::pkcs8::spki::der::asn1::ObjectIdentifier;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::spki::der::{Decode as _, Document};

use super::{KeyError, KeyKind};

/// How a private key is named in messages.
pub(super) const PRIVATE: &str = "a private key";
/// `rsaEncryption` (RFC 8017 §A.1).
pub(super) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// `id-Ed25519` (RFC 8410 §3).
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// `id-ecPublicKey` (RFC 5480 §2.1.1).
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// `secp256r1` (RFC 5480 §2.1.1.1).
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

const LABEL: &str = "PUBLIC KEY";
const EXPECTED: &str = "an Ed25519, P-256 or RSA public key as PEM (`-----BEGIN PUBLIC KEY-----`)";

/// Returns the DER within an SPKI PEM text.
pub(super) fn spki(text: &str) -> Result<Vec<u8>, KeyError> {
    match Document::from_pem(text.trim()) {
        Ok((LABEL, document)) => Ok(document.into_vec()),
        _ if text.contains("BEGIN PUBLIC KEY") => {
            Err(not_pem("a public key that is not encoded as it must be"))
        }
        _ => Err(not_pem(describe(text))),
    }
}

/// Reads the outer structure of an SPKI.
pub(super) fn parse_spki(der: &[u8]) -> Result<SubjectPublicKeyInfoRef<'_>, KeyError> {
    SubjectPublicKeyInfoRef::from_der(der)
        .map_err(|_| not_pem("a public key that is not encoded as it must be"))
}

/// Returns the kind of key that an SPKI names.
pub(super) fn kind(info: &SubjectPublicKeyInfoRef<'_>) -> Result<KeyKind, KeyError> {
    let algorithm = &info.algorithm;
    match algorithm.oid {
        ED25519 if algorithm.parameters.is_none() => Ok(KeyKind::Ed25519),
        EC if algorithm.parameters_oid() == Ok(P256) => Ok(KeyKind::P256),
        RSA => Ok(KeyKind::Rsa),
        _ => Err(not_pem("a public key of another kind")),
    }
}

/// Returns an SPKI as PEM text.
pub(super) fn to_pem(spki: &[u8]) -> String {
    Document::try_from(spki)
        .and_then(|document| document.to_pem(LABEL, LineEnding::LF))
        .expect("a decoded key has an encoding")
}

/// Decodes a PKCS#8 PEM text to a signing key.
///
/// # Errors
///
/// Refuses everything else, saying what the text looks like.
pub fn signing_key_from_pem(text: &str) -> Result<SigningKey, KeyError> {
    SigningKey::from_pkcs8_pem(text.trim()).map_err(|_| KeyError::NotPem {
        expected: "an Ed25519 private key as PEM (`-----BEGIN PRIVATE KEY-----`, unencrypted)",
        found: describe(text),
    })
}

fn not_pem(found: &'static str) -> KeyError {
    KeyError::NotPem { expected: EXPECTED, found }
}

/// Says what a text that did not decode looks like, without repeating any of it: it may be a secret.
fn describe(text: &str) -> &'static str {
    match text.trim() {
        "" => "an empty file",
        text if text.contains("ENCRYPTED PRIVATE KEY") => "an encrypted private key",
        text if text.contains("OPENSSH PRIVATE KEY") => "an OpenSSH private key",
        text if text.contains("BEGIN PRIVATE KEY") => PRIVATE,
        text if text.contains("BEGIN RSA PUBLIC KEY") => "an RSA public key in PKCS#1 form",
        text if text.contains("BEGIN PUBLIC KEY") => "a public key",
        text if text.contains("BEGIN CERTIFICATE") => "a certificate",
        text if text.starts_with("ssh-") => "an OpenSSH public key",
        text if text.contains("-----BEGIN") => "another kind of PEM",
        _ => "no PEM at all",
    }
}
