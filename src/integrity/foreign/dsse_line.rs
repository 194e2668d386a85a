//! Records that are a DSSE envelope, with in-toto statements recognised (secure-systems-lab/dsse, envelope.md and protocol.md).
//!
//! The key id in an envelope is not authenticated: it may help to find a key and proves nothing. Every signature is checked, and
//! none may be made twice by one key, so that a count of signatures is a count of keys.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::integrity::dsse::{IN_TOTO, pre_authentication};
use crate::integrity::foreign::envelope::{
    Fault, Opened, Signers, bounded, payload_text, quoted, signed_twice, together,
};
use crate::integrity::signature::{Algorithm, KeyKind, PublicKey};
use crate::integrity::tree::{Limits, Node, parse};
use crate::integrity::verdict::BreakKind;

/// Opens a record that is a DSSE envelope. `types` are the payload types that the format has; an empty list takes any.
///
/// # Errors
///
/// The kind and the facts where it is no such envelope, or can be read in more than one way.
pub fn open(record: &str, types: &[&str], signers: &Signers<'_>) -> Result<Opened, Fault> {
    let node = parse(record, &Limits::RECORD)
        .map_err(|fault| (fault.kind.break_kind(), format!("{} at byte {}", fault.what, fault.at)))?;
    open_node(&node, types, signers)
}

/// Opens a JSON value that is a DSSE envelope.
///
/// # Errors
///
/// As [`open`].
pub fn open_node(node: &Node<'_>, types: &[&str], signers: &Signers<'_>) -> Result<Opened, Fault> {
    let payload_type = text_member(node, "payloadType")?;
    if !types.is_empty() && !types.contains(&payload_type) {
        let types: Vec<String> = types.iter().map(|known| format!("`{known}`")).collect();
        let found = quoted(payload_type);
        return Err(malformed(format!("expected payload type {}, found {found}", types.join(" or "))));
    }
    let payload = decoded("payload", text_member(node, "payload")?)?;
    let message = pre_authentication(payload_type, &payload);
    let items = node.member("signatures").and_then(Node::items);
    let items = items.ok_or_else(|| malformed("expected an array as member `signatures`"))?;
    let mut signatures = Vec::new();
    for item in bounded(items)? {
        let signature = decoded("signature", text_member(item, "sig")?)?;
        let hint = match item.member("keyid") {
            None => "",
            Some(hint) if hint.is_null() => "",
            Some(hint) => hint.text().ok_or_else(|| malformed("expected a text as member `keyid`"))?,
        };
        signatures.push(signers.by_hint(hint, |key| fits(key, &message, &signature)));
    }
    let mut faults: Vec<Fault> = signed_twice(&signatures).into_iter().collect();
    let payload = payload_text(payload).map_err(|fault| faults.push(fault)).ok();
    if payload_type == IN_TOTO
        && let Some(payload) = &payload
    {
        faults.extend(statement_fault(payload));
    }
    Ok(Opened {
        payload,
        media_type: Some(payload_type.to_owned()),
        signature: together(&signatures),
        signatures,
        faults,
        uncovered: uncovered(node),
    })
}

/// An envelope names no algorithm: the kind of key decides. ECDSA signatures are found in both encodings.
fn fits(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    match key.kind() {
        KeyKind::Ed25519 => key.check(Algorithm::Ed25519, message, signature),
        KeyKind::P256 => {
            key.check(Algorithm::Es256Der, message, signature)
                || key.check(Algorithm::Es256P1363, message, signature)
        }
        KeyKind::Rsa => key.check(Algorithm::Rs256, message, signature),
    }
}

/// Says what a payload lacks that is to be an in-toto statement (in-toto/attestation, spec/v1/statement.md).
fn statement_fault(payload: &str) -> Option<Fault> {
    const TYPES: [&str; 2] = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];
    let node = parse(payload, &Limits::RECORD).ok()?;
    let text = |name: &str| node.member(name).and_then(Node::text);
    let subjects = node.member("subject").and_then(Node::items).unwrap_or_default();
    let digested = |subject: &Node<'_>| {
        let digests = subject.member("digest").and_then(Node::members).unwrap_or_default();
        !digests.is_empty() && digests.iter().all(|digest| digest.node.text().is_some())
    };
    let lacks = if !text("_type").is_some_and(|found| TYPES.contains(&found)) {
        "`_type` of in-toto"
    } else if text("predicateType").is_none_or(str::is_empty) {
        "`predicateType`"
    } else if subjects.is_empty() || !subjects.iter().all(digested) {
        "digest of each `subject`"
    } else {
        return None;
    };
    Some(malformed(format!("the payload is to be an in-toto statement and has no {lacks}")))
}

/// Returns the pointers of what the signatures do not cover; the signatures themselves are what is checked.
fn uncovered(node: &Node<'_>) -> Vec<String> {
    let covered = |pointer: &str| {
        pointer == "/payload"
            || pointer == "/payloadType"
            || (pointer.starts_with("/signatures/")
                && pointer.ends_with("/sig")
                && pointer.matches('/').count() == 3)
    };
    node.leaves().into_iter().map(|(pointer, _)| pointer).filter(|pointer| !covered(pointer)).collect()
}

fn text_member<'n>(node: &'n Node<'_>, name: &str) -> Result<&'n str, Fault> {
    let text = node.member(name).and_then(Node::text);
    text.ok_or_else(|| malformed(format!("expected a text as member `{name}` of the envelope")))
}

/// Decodes base64 in either alphabet, padded or not, as the envelope's specification asks; bits that a decoder would drop are
/// refused.
fn decoded(what: &str, text: &str) -> Result<Vec<u8>, Fault> {
    let alphabet = if text.contains(['-', '_']) { alphabet::URL_SAFE } else { alphabet::STANDARD };
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet, lenient)
        .decode(text)
        .map_err(|_| malformed(format!("the {what} is not base64")))
}

fn malformed(what: impl Into<String>) -> Fault {
    (BreakKind::Malformed, what.into())
}

#[cfg(test)]
mod tests;
