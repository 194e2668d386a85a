//! Public keys as JSON Web Keys (RFC 7517), in the three kinds that are known here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use thiserror::Error;

use crate::integrity::signature::{KeyError, PublicKey};
use crate::integrity::tree::Node;

/// Why a JSON Web Key is not a usable public key.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum JwkError {
    /// It has not the members that its kind needs. The producer of the log can fix this.
    #[error("expected a JSON Web Key with {0}")]
    Shape(&'static str),
    /// It is of a kind that is not known here. The producer of the log can fix this.
    #[error("expected a JSON Web Key of kind Ed25519, P-256 or RSA")]
    Kind,
    /// It holds the private half, so anybody who has the log can sign. The producer of the log can fix this.
    #[error("weak key: the JSON Web Key holds its private half")]
    Private,
    /// Its numbers make no usable key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Reads a public key (RFC 7518 §6.2.1, §6.3.1; RFC 8037 §2).
///
/// # Errors
///
/// Refuses other kinds of key, a private one, and what [`PublicKey::from_spki`] refuses.
pub fn public_key(jwk: &Node<'_>) -> Result<PublicKey, JwkError> {
    if jwk.member("d").is_some() {
        return Err(JwkError::Private);
    }
    let text = |name: &str| jwk.member(name).and_then(Node::text);
    match (text("kty"), text("crv")) {
        (Some("OKP"), Some("Ed25519")) => {
            let point = number(jwk, "x").and_then(|x| x.try_into().ok());
            Ok(PublicKey::from_bytes(&point.ok_or(JwkError::Shape("`x` of 32 bytes"))?)?)
        }
        (Some("EC"), Some("P-256")) => {
            let (x, y) = (number(jwk, "x"), number(jwk, "y"));
            match (x, y) {
                (Some(x), Some(y)) if x.len() == 32 && y.len() == 32 => {
                    Ok(PublicKey::from_spki(&[&P256_SPKI[..], &x, &y].concat())?)
                }
                _ => Err(JwkError::Shape("`x` and `y` of 32 bytes each")),
            }
        }
        (Some("RSA"), None) => match (number(jwk, "n"), number(jwk, "e")) {
            (Some(n), Some(e)) => Ok(PublicKey::from_spki(&rsa_spki(&n, &e))?),
            _ => Err(JwkError::Shape("`n` and `e`")),
        },
        _ => Err(JwkError::Kind),
    }
}

/// An SPKI of an uncompressed P-256 point, up to its coordinates (RFC 5480 §2).
const P256_SPKI: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// The algorithm identifier of RSA keys (RFC 3279 §2.3.1).
const RSA_ALGORITHM: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

fn rsa_spki(n: &[u8], e: &[u8]) -> Vec<u8> {
    let key = der(0x30, &[der_integer(n), der_integer(e)].concat());
    der(0x30, &[RSA_ALGORITHM.to_vec(), der(0x03, &[&[0], key.as_slice()].concat())].concat())
}

fn der_integer(number: &[u8]) -> Vec<u8> {
    let mut content = number.to_vec();
    if content.first().is_none_or(|first| first & 0x80 != 0) {
        content.insert(0, 0);
    }
    der(0x02, &content)
}

/// Returns a DER element (X.690 §8.1).
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count().min(length.len() - 1)..];
    let mut element = vec![tag];
    if let [short @ 0..=0x7f] = length {
        element.push(*short);
    } else {
        element.push(0x80 | u8::try_from(length.len()).expect("a length has at most 8 bytes"));
        element.extend_from_slice(length);
    }
    element.extend_from_slice(content);
    element
}

fn number(jwk: &Node<'_>, name: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(jwk.member(name)?.text()?).ok()
}
