//! The redaction key: pseudonyms, salts, and disclosures.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::digest::Digest;

/// Bytes of a redaction key: the length of the hash, below which HMAC loses strength.
pub const KEY_BYTES: usize = 32;
/// Hex digits of a pseudonym: 80 bits, so that a million values collide with odds of one in a trillion.
const PSEUDONYM_DIGITS: usize = 20;

/// The secret under which values are withheld. It has no `Debug` that shows it, and is written nowhere.
#[derive(Clone)]
pub struct RedactionKey {
    salts: [u8; KEY_BYTES],
    pseudonyms: [u8; KEY_BYTES],
}

impl fmt::Debug for RedactionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedactionKey(..)")
    }
}

impl RedactionKey {
    /// Takes the bytes of a key.
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        let pseudonyms = mac(&bytes, &[b"countersign-redacted/1 pseudonym"]);
        Self { salts: bytes, pseudonyms }
    }

    /// Returns what stands for `value`.
    pub fn pseudonym(&self, value: &str) -> String {
        let code = Digest::from(mac(&self.pseudonyms, &[value.as_bytes()])).to_string();
        format!("withheld-{}", code.get(..PSEUDONYM_DIGITS).unwrap_or(&code))
    }

    /// Returns the disclosure of `value` in the column `name`: RFC 9901, §4.2.1, with a salt that the key gives.
    pub fn disclosure(&self, event: &str, pointer: &str, name: &str, value: &str) -> String {
        let salt = URL_SAFE_NO_PAD.encode(mac(&self.salts, &[event.as_bytes(), pointer.as_bytes()]));
        let array = serde_json::to_vec(&[salt.as_str(), name, value]).expect("text can be said in JSON");
        URL_SAFE_NO_PAD.encode(array)
    }
}

/// Returns the commitment to a disclosure: RFC 9901, §4.2.3.
pub(super) fn commitment(disclosure: &str) -> String {
    URL_SAFE_NO_PAD.encode(Digest::of(disclosure.as_bytes()).as_bytes())
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
