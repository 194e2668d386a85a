//! What signed envelopes in a record have in common: a payload that is decoded once, and signatures over it.

use crate::digest::Digest;
use crate::integrity::foreign::seen::{Seen, SignatureSeen};
use crate::integrity::keyring::Keyring;
use crate::integrity::signature::PublicKey;
use crate::integrity::tree::{Limits, Node, parse};
use crate::integrity::verdict::BreakKind;

/// Most signatures of one envelope: each is tried with each key of its log. Envelopes seen here have one, those of a quorum a few.
pub const MAX_SIGNATURES: usize = 64;

/// What is wrong with a record, with the facts as a fragment.
pub type Fault = (BreakKind, String);

/// Whose signatures count: the trust file, and the log to which its keys must be bound.
#[derive(Clone, Copy, Debug)]
pub struct Signers<'a> {
    /// Name of the log.
    pub log: &'a str,
    /// The trust file.
    pub keyring: &'a Keyring,
}

/// An envelope whose payload was decoded and whose signatures were checked over exactly those bytes.
///
/// Only the payload may be mapped: what else stands in the record is in `uncovered`.
#[derive(Clone, PartialEq, Debug)]
pub struct Opened {
    /// The payload, where it is strict JSON; the bytes that were verified are the bytes to be parsed.
    pub payload: Option<String>,
    /// Media type of the payload, where the signature covers one.
    pub media_type: Option<String>,
    /// What its signatures show together.
    pub signature: SignatureSeen,
    /// What each of them shows, in their order.
    pub signatures: Vec<SignatureSeen>,
    /// What is wrong with the envelope or the payload.
    pub faults: Vec<Fault>,
    /// JSON Pointers of what no signature covers in the record.
    pub uncovered: Vec<String>,
}

impl Opened {
    /// Returns it as what a layer sees that neither links nor counts its records.
    pub fn into_seen(self, layer: usize) -> Seen {
        Seen { signature: self.signature, faults: self.faults, ..Seen::nothing(layer) }
    }
}

impl<'a> Signers<'a> {
    /// Returns what a signature shows that names its key only by a hint. `fits` tells whether a key made it.
    ///
    /// A hint is a claim: whichever key of this log fits has signed. A hint that is the id of a trusted key must be true.
    pub(super) fn by_hint(&self, hint: &str, fits: impl Fn(&PublicKey) -> bool) -> SignatureSeen {
        let claim = Digest::of(hint.as_bytes());
        let named = Digest::from_hex(hint).and_then(|id| self.keyring.find(id));
        if let Some(key) = named {
            let id = key.public.id();
            return if fits(&key.public) {
                SignatureSeen::Fits { key: id, claim: id }
            } else {
                does_not_fit()
            };
        }
        match self.keyring.bound_to(self.log).find(|key| fits(&key.public)) {
            Some(key) => SignatureSeen::Fits { key: key.public.id(), claim },
            None => SignatureSeen::Unchecked { claim },
        }
    }

    /// Returns what a signature shows whose key lies in the record. A key in a record is a claim, unless the trust file has it.
    pub(super) fn by_key(&self, key: &PublicKey, fits: impl Fn(&PublicKey) -> bool) -> SignatureSeen {
        let id = key.id();
        if !fits(key) {
            does_not_fit()
        } else if self.keyring.find(id).is_some() {
            SignatureSeen::Fits { key: id, claim: id }
        } else {
            SignatureSeen::SelfSigned { key: id }
        }
    }
}

/// Returns what several signatures show: one that is wrong spoils the envelope, and one that fits a trusted key carries it.
pub(super) fn together(signatures: &[SignatureSeen]) -> SignatureSeen {
    let wrong = signatures.iter().find(|seen| matches!(seen, SignatureSeen::Wrong { .. }));
    let fitting = signatures.iter().find(|seen| matches!(seen, SignatureSeen::Fits { .. }));
    wrong.or(fitting).or(signatures.first()).cloned().unwrap_or(SignatureSeen::Missing)
}

/// Refuses an envelope of more signatures than are checked.
pub(super) fn bounded<'n, 't>(items: &'n [Node<'t>]) -> Result<&'n [Node<'t>], Fault> {
    if items.len() > MAX_SIGNATURES {
        let what = format!("an envelope of {} signatures, above the limit of {MAX_SIGNATURES}", items.len());
        return Err((BreakKind::Oversize, what));
    }
    Ok(items)
}

/// Says that one key has signed an envelope twice, so that a count of signatures would be no count of keys.
pub(super) fn signed_twice(signatures: &[SignatureSeen]) -> Option<Fault> {
    let key = |seen: &SignatureSeen| match seen {
        SignatureSeen::Fits { key, .. } | SignatureSeen::SelfSigned { key } => Some(*key),
        _ => None,
    };
    let keys: Vec<Digest> = signatures.iter().filter_map(key).collect();
    let twice = keys.iter().enumerate().any(|(n, key)| keys[..n].contains(key));
    twice.then(|| (BreakKind::Malformed, "one key has signed the envelope twice".to_owned()))
}

/// Returns what a signature shows that does not fit the key that it must fit.
pub(super) fn does_not_fit() -> SignatureSeen {
    wrong(BreakKind::BadSignature, "the signature does not fit the payload and its key")
}

/// Returns what a signature shows that is wrong.
pub(super) fn wrong(kind: BreakKind, detail: impl Into<String>) -> SignatureSeen {
    SignatureSeen::Wrong { kind, detail: detail.into() }
}

/// Reads the bytes of a payload as a JSON text of which all readers see the same value.
pub(super) fn payload_text(bytes: Vec<u8>) -> Result<String, Fault> {
    let text = String::from_utf8(bytes)
        .map_err(|_| (BreakKind::Malformed, "the payload is not UTF-8".to_owned()))?;
    let node = parse(&text, &Limits::RECORD).map_err(|fault| {
        (fault.kind.break_kind(), format!("payload: {} at byte {}", fault.what, fault.at))
    })?;
    let numbers = node.numbers();
    if numbers.beyond_64_bits || numbers.infinite {
        let what = "payload: a number that is not the same to all readers".to_owned();
        return Err((BreakKind::UnsafeNumber, what));
    }
    Ok(text)
}

/// Returns `text` as it may stand in a message.
pub(super) fn quoted(text: &str) -> String {
    let short: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    format!("`{short}`")
}
