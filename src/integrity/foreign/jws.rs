//! Records that are a JSON Web Signature (RFC 7515), in compact or JSON serialisation.
//!
//! The algorithm is taken from the protected header and from a closed list; it must be that of the key. `none`, the symmetric
//! algorithms, critical extensions (`crit`), and payloads that are not base64url (RFC 7797) are refused. A key inside the header
//! (`jwk`) is a claim, and no key is ever fetched (`jku`, `x5u`) or taken from a certificate (`x5c`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::integrity::foreign::envelope::{
    Fault, Opened, Signers, bounded, payload_text, quoted, signed_twice, together, wrong,
};
use crate::integrity::foreign::seen::SignatureSeen;
use crate::integrity::jwk::{JwkError, public_key};
use crate::integrity::signature::{Algorithm, KeyError, PublicKey};
use crate::integrity::tree::{Limits, Node, parse};
use crate::integrity::verdict::BreakKind;

/// Opens a record that is a compact token, a JSON text that holds one, or an object in either JSON serialisation. `types` are the
/// values of `typ` that the format has; an empty list takes any, and none.
///
/// # Errors
///
/// The kind and the facts where it is none of them, or can be read in more than one way.
pub fn open(record: &str, types: &[&str], signers: &Signers<'_>) -> Result<Opened, Fault> {
    if !record.starts_with(['{', '"']) {
        return open_compact(record, types, signers);
    }
    let node = parse(record, &Limits::RECORD)
        .map_err(|fault| (fault.kind.break_kind(), format!("{} at byte {}", fault.what, fault.at)))?;
    open_node(&node, types, signers)
}

/// Opens a JSON value that is a token or an object in either JSON serialisation (RFC 7515 §7.2).
///
/// # Errors
///
/// As [`open`].
pub fn open_node(node: &Node<'_>, types: &[&str], signers: &Signers<'_>) -> Result<Opened, Fault> {
    if let Some(token) = node.text() {
        return open_compact(token, types, signers);
    }
    let payload = text_member(node, "payload")?;
    let mut tokens = Vec::new();
    match node.member("signatures") {
        None => tokens.push(Token::of(node, payload)?),
        Some(list) => {
            if let Some(name) = SIGNATURE.iter().find(|name| node.member(name).is_some()) {
                return Err(malformed(format!("member `{name}` beside `signatures`")));
            }
            let items = list.items().ok_or_else(|| malformed("expected an array as member `signatures`"))?;
            for item in bounded(items)? {
                tokens.push(Token::of(item, payload)?);
            }
        }
    }
    let mut opened = opened(payload, &tokens, types, signers)?;
    opened.uncovered = uncovered(node);
    Ok(opened)
}

/// Opens a token in compact serialisation (RFC 7515 §7.1).
///
/// # Errors
///
/// As [`open`].
pub fn open_compact(token: &str, types: &[&str], signers: &Signers<'_>) -> Result<Opened, Fault> {
    let mut parts = token.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(protected), Some(payload), Some(signature), None) => {
            opened(payload, &[Token { protected, payload, signature, header: None }], types, signers)
        }
        _ => Err(malformed("expected a token of three parts with `.` between them")),
    }
}

/// Members of one signature.
const SIGNATURE: [&str; 3] = ["protected", "header", "signature"];

/// Returns the pointers of what no signature covers; the signatures themselves are what is checked.
fn uncovered(node: &Node<'_>) -> Vec<String> {
    let mut pointers = Vec::new();
    let mut of = |at: &str, node: &Node<'_>, covered: &[&str]| {
        let members = node.members().unwrap_or_default().iter();
        let open = members.filter(|member| !covered.contains(&member.name.as_ref()));
        pointers
            .extend(open.map(|member| format!("{at}/{}", member.name.replace('~', "~0").replace('/', "~1"))));
    };
    of("", node, &["payload", "protected", "signature", "signatures"]);
    for (n, item) in node.member("signatures").and_then(Node::items).unwrap_or_default().iter().enumerate() {
        of(&format!("/signatures/{n}"), item, &["protected", "signature"]);
    }
    pointers
}

/// Checks the signatures over the bytes as received (RFC 7515 §5.2), and decodes the payload that they are over.
fn opened(
    payload: &str,
    tokens: &[Token<'_>],
    types: &[&str],
    signers: &Signers<'_>,
) -> Result<Opened, Fault> {
    let mut media_type = None;
    let mut signatures = Vec::with_capacity(tokens.len());
    for token in tokens {
        let (seen, named) = token.check(types, signers)?;
        media_type = media_type.or(named);
        signatures.push(seen);
    }
    let mut faults = Vec::new();
    faults.extend(signed_twice(&signatures));
    let payload = decoded("payload", payload)?;
    let payload = payload_text(payload).map_err(|fault| faults.push(fault)).ok();
    let signature = together(&signatures);
    Ok(Opened { payload, media_type, signature, signatures, faults, uncovered: Vec::new() })
}

/// One signature and what it is over, encoded.
struct Token<'t> {
    protected: &'t str,
    payload: &'t str,
    signature: &'t str,
    header: Option<&'t Node<'t>>,
}

impl<'t> Token<'t> {
    fn of(node: &'t Node<'t>, payload: &'t str) -> Result<Self, Fault> {
        Ok(Self {
            protected: text_member(node, "protected")?,
            payload,
            signature: text_member(node, "signature")?,
            header: node.member("header"),
        })
    }

    /// Returns what the signature shows, and the media type that its protected header names.
    fn check(&self, types: &[&str], signers: &Signers<'_>) -> Result<(SignatureSeen, Option<String>), Fault> {
        let protected = String::from_utf8(decoded("protected header", self.protected)?)
            .map_err(|_| malformed("the protected header is not UTF-8"))?;
        let protected = parse(&protected, &Limits::RECORD).map_err(|fault| {
            (fault.kind.break_kind(), format!("protected header: {} at byte {}", fault.what, fault.at))
        })?;
        check_headers(&protected, self.header)?;
        check_type(&protected, types)?;
        let signature = decoded("signature", self.signature)?;
        let media_type = ["cty", "typ"].iter().find_map(|name| protected.member(name)?.text());
        Ok((self.verify(&protected, &signature, signers), media_type.map(str::to_owned)))
    }

    fn verify(&self, protected: &Node<'_>, signature: &[u8], signers: &Signers<'_>) -> SignatureSeen {
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
        let fits = |key: &PublicKey| key.check(algorithm, message.as_bytes(), signature);
        if let Some(jwk) = protected.member("jwk") {
            return match public_key(jwk) {
                Ok(key) => signers.by_key(&key, fits),
                Err(
                    error @ (JwkError::Private | JwkError::Key(KeyError::Weak | KeyError::NonCanonical(_))),
                ) => wrong(BreakKind::WeakKey, error.to_string()),
                Err(error) => wrong(BreakKind::BadSignature, error.to_string()),
            };
        }
        let kid = protected.member("kid").or_else(|| self.header?.member("kid")).and_then(Node::text);
        signers.by_hint(kid.unwrap_or_default(), fits)
    }
}

/// Refuses a token of another type (RFC 8725 §3.11). `application/` may be left out of one, and case does not count (RFC 7515
/// §4.1.9).
fn check_type(protected: &Node<'_>, types: &[&str]) -> Result<(), Fault> {
    let plain = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.strip_prefix("application/").map_or(text.clone(), str::to_owned)
    };
    let found = protected.member("typ").map(|typ| typ.text().unwrap_or_default());
    if types.is_empty() || found.is_some_and(|found| types.iter().any(|known| plain(known) == plain(found))) {
        return Ok(());
    }
    let types: Vec<String> = types.iter().map(|known| format!("`{known}`")).collect();
    let found = found.map_or("none".to_owned(), quoted);
    Err(malformed(format!("expected type {}, found {found}", types.join(" or "))))
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

fn text_member<'n>(node: &'n Node<'_>, name: &str) -> Result<&'n str, Fault> {
    let text = node.member(name).and_then(Node::text);
    text.ok_or_else(|| malformed(format!("expected a text as member `{name}` of the signature object")))
}

fn malformed(what: impl Into<String>) -> Fault {
    (BreakKind::Malformed, what.into())
}

#[cfg(test)]
mod tests;
