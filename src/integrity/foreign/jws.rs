//! Records that are a JSON Web Signature (RFC 7515), in compact or flattened JSON serialisation.
//!
//! The algorithm is taken from the protected header and from a closed list; it must be that of the key. `none`, the symmetric
//! algorithms, critical extensions (`crit`), and payloads that are not base64url (RFC 7797) are refused. A key inside the header
//! (`jwk`) is a claim, and no key is ever fetched (`jku`, `x5u`) or taken from a certificate (`x5c`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::integrity::foreign::envelope::{Fault, Opened, Signers, payload_text, quoted, wrong};
use crate::integrity::foreign::seen::SignatureSeen;
use crate::integrity::jwk::{JwkError, public_key};
use crate::integrity::signature::{Algorithm, KeyError};
use crate::integrity::tree::{Limits, Node, parse};
use crate::integrity::verdict::BreakKind;

/// Opens a record that is a compact token, a JSON text that holds one, or an object in flattened JSON serialisation.
///
/// # Errors
///
/// The kind and the facts where it is none of them, or can be read in more than one way.
pub fn open(record: &str, signers: &Signers<'_>) -> Result<Opened, Fault> {
    if !record.starts_with(['{', '"']) {
        return open_compact(record, signers);
    }
    let node = parse(record, &Limits::RECORD)
        .map_err(|fault| (fault.kind.break_kind(), format!("{} at byte {}", fault.what, fault.at)))?;
    open_node(&node, signers)
}

/// Opens a JSON value that is a token or an object in flattened JSON serialisation.
///
/// # Errors
///
/// As [`open`].
pub fn open_node(node: &Node<'_>, signers: &Signers<'_>) -> Result<Opened, Fault> {
    if let Some(token) = node.text() {
        return open_compact(token, signers);
    }
    if node.member("signatures").is_some() {
        return Err(malformed(
            "expected the flattened JSON serialisation with one signature, found the general one",
        ));
    }
    let member = |name: &str| {
        let text = node.member(name).and_then(Node::text);
        text.ok_or_else(|| malformed(format!("expected a text as member `{name}` of the signature object")))
    };
    let parts = Parts {
        protected: member("protected")?,
        payload: member("payload")?,
        signature: member("signature")?,
    };
    let header = node.member("header");
    let mut opened = parts.open(header, signers)?;
    let members = node.members().unwrap_or_default();
    opened.uncovered = members
        .iter()
        .filter(|member| !["protected", "payload", "signature"].contains(&member.name.as_ref()))
        .map(|member| format!("/{}", member.name.replace('~', "~0").replace('/', "~1")))
        .collect();
    Ok(opened)
}

/// Opens a token in compact serialisation (RFC 7515 §7.1).
///
/// # Errors
///
/// As [`open`].
pub fn open_compact(token: &str, signers: &Signers<'_>) -> Result<Opened, Fault> {
    let mut parts = token.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(protected), Some(payload), Some(signature), None) => {
            Parts { protected, payload, signature }.open(None, signers)
        }
        _ => Err(malformed("expected a token of three parts with `.` between them")),
    }
}

/// The three parts, encoded.
struct Parts<'t> {
    protected: &'t str,
    payload: &'t str,
    signature: &'t str,
}

impl Parts<'_> {
    /// Checks the signature over the bytes as received (RFC 7515 §5.2).
    fn open(&self, header: Option<&Node<'_>>, signers: &Signers<'_>) -> Result<Opened, Fault> {
        let protected = String::from_utf8(decoded("protected header", self.protected)?)
            .map_err(|_| malformed("the protected header is not UTF-8"))?;
        let protected = parse(&protected, &Limits::RECORD).map_err(|fault| {
            (fault.kind.break_kind(), format!("protected header: {} at byte {}", fault.what, fault.at))
        })?;
        check_headers(&protected, header)?;
        let signature = decoded("signature", self.signature)?;
        let payload = decoded("payload", self.payload)?;
        let seen = self.check(&protected, header, &signature, signers);
        let mut faults = Vec::new();
        let payload = payload_text(payload).map_err(|fault| faults.push(fault)).ok();
        let media_type = ["cty", "typ"].iter().find_map(|name| protected.member(name)?.text());
        Ok(Opened {
            payload,
            media_type: media_type.map(str::to_owned),
            signature: seen.clone(),
            signatures: vec![seen],
            faults,
            uncovered: Vec::new(),
        })
    }

    fn check(
        &self,
        protected: &Node<'_>,
        header: Option<&Node<'_>>,
        signature: &[u8],
        signers: &Signers<'_>,
    ) -> SignatureSeen {
        let algorithm = match protected.member("alg").and_then(Node::text) {
            // RFC 9864 gives Ed25519 a name of its own.
            Some("EdDSA" | "Ed25519") => Algorithm::Ed25519,
            Some("ES256") => Algorithm::Es256P1363,
            Some("RS256") => Algorithm::Rs256,
            other => {
                let found = other.map_or("none in the protected header".to_owned(), quoted);
                let what = format!("expected algorithm `EdDSA`, `ES256` or `RS256`, found {found}");
                return wrong(BreakKind::BadSignature, what);
            }
        };
        // A payload that base64url could write in two ways was refused, so these bytes and the payload are one thing.
        let message = format!("{}.{}", self.protected, self.payload);
        let fits = |key: &crate::integrity::signature::PublicKey| {
            key.check(algorithm, message.as_bytes(), signature)
        };
        if let Some(jwk) = protected.member("jwk") {
            return match public_key(jwk) {
                Ok(key) => signers.by_key(&key, fits),
                Err(
                    error @ (JwkError::Private | JwkError::Key(KeyError::Weak | KeyError::NonCanonical(_))),
                ) => wrong(BreakKind::WeakKey, error.to_string()),
                Err(error) => wrong(BreakKind::BadSignature, error.to_string()),
            };
        }
        let kid = protected.member("kid").or_else(|| header?.member("kid")).and_then(Node::text);
        signers.by_hint(kid.unwrap_or_default(), fits)
    }
}

/// Refuses what would change how the signature is read, and an unprotected header that says more than a key id.
fn check_headers(protected: &Node<'_>, header: Option<&Node<'_>>) -> Result<(), Fault> {
    if protected.members().is_none() {
        return Err(malformed("expected an object as protected header"));
    }
    if protected.member("crit").is_some() {
        return Err(malformed("the protected header has critical extensions, and none is known here"));
    }
    if protected.member("b64").is_some_and(|b64| b64.boolean() != Some(true)) {
        return Err(malformed("the payload is not base64url (`b64` is not true)"));
    }
    let Some(header) = header else { return Ok(()) };
    let members = header.members().ok_or_else(|| malformed("expected an object as unprotected header"))?;
    for member in members {
        if protected.member(&member.name).is_some() {
            return Err(malformed(format!("header {} stands in both headers", quoted(&member.name))));
        }
        if ["alg", "crit", "b64", "jwk"].contains(&member.name.as_ref()) {
            return Err(malformed(format!("header {} is not protected", quoted(&member.name))));
        }
    }
    Ok(())
}

/// Decodes base64url without padding (RFC 7515 §2); bits that a decoder would drop are refused.
fn decoded(what: &str, text: &str) -> Result<Vec<u8>, Fault> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| malformed(format!("the {what} is not base64url without padding")))
}

fn malformed(what: impl Into<String>) -> Fault {
    (BreakKind::Malformed, what.into())
}

#[cfg(test)]
mod tests;
