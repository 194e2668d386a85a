//! Who signed a record: the key that the verifier brought, or only a claim.

use super::condition::all_hold;
use super::encoding::{Encoding, decode_any};
use super::format::{KeySource, Signature, SignatureAlgorithm};
use super::hash::{mac_fits, mac_of};
use super::pointer::Pointer;
use super::seen::SignatureSeen;
use super::value::{Kind, View};
use crate::digest::Digest;
use crate::integrity::keyring::Keyring;
use crate::integrity::signature::{Algorithm, KeyError, KeyKind, PublicKey};
use crate::integrity::verdict::BreakKind;
use crate::redact::shown;

/// The keys at hand for one log. What lies in a record is a claim and is not among them.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// Name of the log, to which keys are bound.
    pub log: &'a str,
    /// The trust file.
    pub keyring: &'a Keyring,
    /// Shared keys that the verifier brought for this log.
    pub mac: &'a [Vec<u8>],
}

/// What the id of a shared key is made with. The key itself may be short, so its plain hash is not written down.
const MAC_ID: &[u8] = b"countersign/shared-key/1";

/// Returns the id under which a shared key is named: HMAC-SHA256 of a fixed text under it.
pub fn mac_key_id(key: &[u8]) -> Digest {
    Digest::from(mac_of(key, MAC_ID))
}

/// Checks the signature of a record.
pub(super) fn seen(signature: &Signature, view: &View<'_>, keys: &Keys<'_>) -> SignatureSeen {
    let unsigned = signature.unsigned.iter().any(|condition| condition.holds(view));
    if unsigned || !all_hold(&signature.when, view) {
        return SignatureSeen::NotSigned;
    }
    let Some(place) = view.at(&signature.field).filter(|place| place.kind() != Kind::Null) else {
        return SignatureSeen::Missing;
    };
    let Some(bytes) = place.text().and_then(|text| decode_any(&signature.encodings, text)) else {
        return wrong(
            BreakKind::BadSignature,
            format!("`{}` is no signature as the profile says", signature.field),
        );
    };
    let message = match signature.over.bytes(view) {
        Ok(message) => message,
        Err((_, what)) => {
            return wrong(BreakKind::BadSignature, format!("the signed bytes cannot be told: {what}"));
        }
    };
    match signature.algorithm {
        SignatureAlgorithm::Hmac => shared(&signature.key, view, keys, &message, &bytes),
        SignatureAlgorithm::Asymmetric(algorithm) => {
            let check = Check { algorithm, message: &message, signature: &bytes, keys };
            match &signature.key {
                KeySource::Embedded(pointer, encodings) => check.embedded(view, pointer, encodings),
                KeySource::Fingerprint(pointer, encodings) => check.fingerprint(view, pointer, encodings),
                KeySource::Name(pointer) => check.named(name(view, pointer)),
                KeySource::Unnamed => check.named(Digest::of(b"")),
            }
        }
    }
}

/// Checks a code with each shared key at hand. Where none fits, it is wrong: the verifier brought the keys of this log.
fn shared(
    source: &KeySource,
    view: &View<'_>,
    keys: &Keys<'_>,
    message: &[u8],
    code: &[u8],
) -> SignatureSeen {
    let claim = match source {
        KeySource::Name(pointer) => name(view, pointer),
        _ => Digest::of(b""),
    };
    match keys.mac.iter().find(|key| mac_fits(key, message, code)) {
        Some(key) => SignatureSeen::Fits { key: mac_key_id(key), claim },
        None if keys.mac.is_empty() => SignatureSeen::Unchecked { claim },
        None => wrong(BreakKind::BadSignature, "the code fits no shared key at hand".to_owned()),
    }
}

fn name(view: &View<'_>, pointer: &Pointer) -> Digest {
    Digest::of(view.at(pointer).and_then(|place| place.text()).unwrap_or_default().as_bytes())
}

fn wrong(kind: BreakKind, detail: String) -> SignatureSeen {
    SignatureSeen::Wrong { kind, detail }
}

struct Check<'c> {
    algorithm: Algorithm,
    message: &'c [u8],
    signature: &'c [u8],
    keys: &'c Keys<'c>,
}

impl Check<'_> {
    fn fits(&self, key: &PublicKey) -> bool {
        key.check(self.algorithm, self.message, self.signature)
    }

    /// Decodes a key that lies in a record: the raw bytes of an Ed25519 key, the SPKI in DER of another one.
    fn key(&self, raw: &[u8]) -> Result<PublicKey, KeyError> {
        match self.algorithm.kind() {
            kind @ KeyKind::Ed25519 => {
                PublicKey::from_bytes(raw.try_into().map_err(|_| KeyError::NotAPoint(kind))?)
            }
            _ => PublicKey::from_spki(raw),
        }
    }

    fn does_not_fit() -> SignatureSeen {
        wrong(BreakKind::BadSignature, "the signature does not fit the record and its key".to_owned())
    }

    /// The record holds a key. One of the trust file with the same id is checked in its place.
    fn embedded(&self, view: &View<'_>, pointer: &Pointer, encodings: &[Encoding]) -> SignatureSeen {
        let text = view.at(pointer).and_then(|place| place.text());
        let Some(raw) = text.and_then(|text| decode_any(encodings, text)) else {
            return wrong(BreakKind::BadSignature, format!("`{pointer}` holds no key as the profile says"));
        };
        let id = Digest::of(&raw);
        if let Some(trusted) = self.keys.keyring.find(id) {
            return if self.fits(&trusted.public) {
                SignatureSeen::Fits { key: id, claim: id }
            } else {
                Self::does_not_fit()
            };
        }
        match self.key(&raw) {
            Ok(key) if self.fits(&key) => SignatureSeen::SelfSigned { key: id },
            Ok(_) => Self::does_not_fit(),
            Err(error @ (KeyError::Weak | KeyError::NonCanonical(_))) => {
                wrong(BreakKind::WeakKey, format!("`{pointer}`: {error}"))
            }
            Err(error) => wrong(BreakKind::BadSignature, format!("`{pointer}`: {error}")),
        }
    }

    /// The record holds the id of a key, which only the trust file can supply.
    fn fingerprint(&self, view: &View<'_>, pointer: &Pointer, encodings: &[Encoding]) -> SignatureSeen {
        let text = view.at(pointer).and_then(|place| place.text()).unwrap_or_default();
        let id =
            decode_any(encodings, text).and_then(|raw| Some(Digest::from(<[u8; 32]>::try_from(raw).ok()?)));
        let Some(id) = id else {
            return wrong(BreakKind::BadSignature, format!("`{}` at `{pointer}` is no key id", shown(text)));
        };
        match self.keys.keyring.find(id) {
            None => SignatureSeen::Unchecked { claim: id },
            Some(key) if self.fits(&key.public) => SignatureSeen::Fits { key: id, claim: id },
            Some(_) => Self::does_not_fit(),
        }
    }

    /// The record holds a name, or nothing. Whichever key of this log fits made the signature; where none does, the key may
    /// be one that is not at hand, and only other records under the same name can show more.
    fn named(&self, claim: Digest) -> SignatureSeen {
        let fitting = self.keys.keyring.bound_to(self.keys.log).find(|key| self.fits(&key.public));
        match fitting {
            Some(key) => SignatureSeen::Fits { key: key.public.id(), claim },
            None => SignatureSeen::Unchecked { claim },
        }
    }
}
