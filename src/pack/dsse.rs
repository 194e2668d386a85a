//! Signed envelopes: DSSE 1.0 with one Ed25519 signature.
//!
//! Sealing: [`Envelope::sign`]. Opening goes in this order, and the types hold it: [`Envelope::parse`] reads the
//! envelope and nothing in it; [`Envelope::open`] gives the payload, once its signature has been verified strictly.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::integrity::dsse::{IN_TOTO, pre_authentication};
use crate::pack::error::PackError;

/// An envelope whose payload nobody has looked at yet.
pub struct Envelope {
    payload: Vec<u8>,
    signature: Signature,
    key: Digest,
}

impl Envelope {
    /// Signs `payload`, an in-toto statement.
    pub fn sign(payload: Vec<u8>, key: &SigningKey) -> Self {
        let signature = key.sign(&pre_authentication(IN_TOTO, &payload));
        Self { payload, signature, key: key_id(&key.verifying_key()) }
    }

    /// Returns the bytes of the envelope file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let wire = Wire {
            payload: STANDARD.encode(&self.payload),
            payload_type: IN_TOTO.to_owned(),
            signatures: vec![WireSignature {
                keyid: self.key.to_string(),
                sig: STANDARD.encode(self.signature.to_bytes()),
            }],
        };
        let mut bytes = serde_json::to_vec(&wire).expect("an envelope holds only text, which JSON can say");
        bytes.push(b'\n');
        bytes
    }

    /// Parses an envelope file, and refuses every byte that [`Envelope::to_bytes`] would not have written.
    ///
    /// # Errors
    /// What was expected and found, as a fragment.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let wire: Wire =
            serde_json::from_slice(bytes).map_err(|error| format!("not a DSSE envelope: {error}"))?;
        if wire.payload_type != IN_TOTO {
            return Err(format!("expected payload type `{IN_TOTO}`, found `{}`", shown(&wire.payload_type)));
        }
        let [signature] = wire.signatures.as_slice() else {
            return Err(format!("expected 1 signature, found {}", wire.signatures.len()));
        };
        let key = Digest::from_hex(&signature.keyid).ok_or("the key id is not 64 lower-case hex digits")?;
        let decode =
            |text: &str| STANDARD.decode(text).map_err(|error| format!("not standard base64: {error}"));
        let raw = decode(&signature.sig)?;
        let signature = Signature::from_slice(&raw)
            .map_err(|_| format!("expected a signature of 64 bytes, found {}", raw.len()))?;
        let envelope = Self { payload: decode(&wire.payload)?, signature, key };
        if envelope.to_bytes() != bytes {
            return Err("the envelope is not written in the one permitted way".to_owned());
        }
        Ok(envelope)
    }

    /// Returns the id of the key that the envelope names; a claim until [`Envelope::open`] succeeds with that key.
    pub fn key(&self) -> Digest {
        self.key
    }

    /// Returns the payload if `key` is the one that the envelope names and has signed it.
    ///
    /// The check is `verify_strict`: no small-order key, no non-canonical encoding, no cofactor.
    pub fn open(&self, key: &VerifyingKey) -> Option<&[u8]> {
        let fits = key_id(key) == self.key
            && key.verify_strict(&pre_authentication(IN_TOTO, &self.payload), &self.signature).is_ok();
        fits.then_some(&self.payload)
    }
}

/// Returns the id of a key: the SHA-256 of its 32 bytes.
pub fn key_id(key: &VerifyingKey) -> Digest {
    Digest::of(key.as_bytes())
}

/// Returns the public key as SPKI PEM.
pub fn public_pem(key: &VerifyingKey) -> String {
    key.to_public_key_pem(LineEnding::LF).expect("an Ed25519 key has a PEM form")
}

/// Parses a public key from SPKI PEM.
pub fn public_from_pem(pem: &str) -> Option<VerifyingKey> {
    VerifyingKey::from_public_key_pem(pem).ok()
}

/// Reads a signing key from a PKCS#8 PEM file.
///
/// # Errors
/// [`PackError::Io`] where the file cannot be read, [`PackError::Key`] where it holds something else.
pub fn read_signing_key(path: &Path) -> Result<SigningKey, PackError> {
    let bytes = std::fs::read(path).map_err(PackError::io("read", path))?;
    let refuse = |why: String| PackError::Key { path: path.to_owned(), why };
    let pem = std::str::from_utf8(&bytes).map_err(|_| refuse("it is not text".to_owned()))?;
    if pem.contains("PUBLIC KEY") {
        return Err(refuse("it is a public key".to_owned()));
    }
    SigningKey::from_pkcs8_pem(pem).map_err(|_| refuse("it is not PKCS#8 PEM of an Ed25519 key".to_owned()))
}

/// The envelope as it lies in its file. The order of members is that of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<WireSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSignature {
    keyid: String,
    sig: String,
}

fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    #[test]
    fn the_signed_bytes_are_those_of_the_dsse_specification() {
        // The vector of secure-systems-lab/dsse, protocol.md.
        assert_eq!(
            pre_authentication("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn an_envelope_opens_with_its_own_key_only() {
        let envelope = Envelope::parse(&Envelope::sign(b"{}".to_vec(), &key()).to_bytes()).unwrap();
        assert_eq!(envelope.open(&key().verifying_key()), Some(&b"{}"[..]));
        assert_eq!(envelope.open(&SigningKey::from_bytes(&[8; 32]).verifying_key()), None);
    }

    #[test]
    fn every_flipped_bit_of_an_envelope_shows() {
        let bytes = Envelope::sign(br#"{"_type":"x"}"#.to_vec(), &key()).to_bytes();
        for position in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[position] ^= 1 << bit;
                let opened = Envelope::parse(&changed)
                    .ok()
                    .and_then(|e| e.open(&key().verifying_key()).map(Vec::from));
                assert_eq!(opened, None, "byte {position} bit {bit}");
            }
        }
    }

    #[test]
    fn another_way_to_write_the_same_envelope_is_refused() {
        let text = String::from_utf8(Envelope::sign(b"{\"a\":1}".to_vec(), &key()).to_bytes()).unwrap();
        let (payload, rest) = text.strip_prefix('{').unwrap().split_once(',').unwrap();
        for bad in [
            text.trim_end().to_owned(),
            format!(" {text}"),
            text.replace("\":\"", "\": \""),
            format!("{{{},{payload}}}\n", rest.trim_end().strip_suffix('}').unwrap()),
            text.replacen('{', "{\"x\":1,", 1),
            text.replace(IN_TOTO, "application/vnd.in-toto"),
            text.replacen("{\"payload\"", "{\"payload\":\"\",\"payload\"", 1),
            text.replace("==\"", "\""),
        ] {
            if bad != text {
                assert!(Envelope::parse(bad.as_bytes()).is_err(), "{bad}");
            }
        }
    }

    #[test]
    fn a_small_order_key_signs_for_nobody() {
        // The identity point: with it, R = identity and S = 0 satisfy the cofactored equation for every message.
        let mut identity = [0; 32];
        identity[0] = 1;
        let weak = VerifyingKey::from_bytes(&identity).unwrap();
        let mut signature = [0; 64];
        signature[0] = 1;
        let envelope = Envelope {
            payload: b"anything".to_vec(),
            signature: Signature::from_bytes(&signature),
            key: key_id(&weak),
        };
        assert!(weak.is_weak());
        assert_eq!(envelope.open(&weak), None);
    }

    #[test]
    fn a_file_that_is_not_a_signing_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k");
        for (content, why) in [
            (public_pem(&key().verifying_key()).into_bytes(), "it is a public key"),
            (b"hello".to_vec(), "it is not PKCS#8 PEM of an Ed25519 key"),
            (vec![0xff, 0xfe], "it is not text"),
        ] {
            std::fs::write(&path, content).unwrap();
            let error = read_signing_key(&path).unwrap_err();
            assert!(error.is_usage() && error.to_string().ends_with(why), "{error}");
        }
        assert!(!read_signing_key(&folder.path().join("absent")).unwrap_err().is_usage());
    }
}
