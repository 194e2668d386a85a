//! How bytes are written as text: hashes, signatures, keys.
//!
//! Each form has exactly one spelling per value. A second spelling of the same bytes would be a change that nobody sees.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// The alphabet and padding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Form {
    /// Lower-case hexadecimal.
    Hex,
    /// Upper-case hexadecimal.
    UpperHex,
    /// RFC 4648 §4, padded.
    Base64,
    /// RFC 4648 §4, without padding.
    Base64Bare,
    /// RFC 4648 §5, without padding.
    Base64Url,
    /// RFC 4648 §5, padded.
    Base64UrlPadded,
    /// Multibase `u`: RFC 4648 §5 without padding, behind a `u`.
    MultibaseU,
    /// The text itself, as UTF-8.
    Text,
}

impl Form {
    /// Words of the forms.
    pub(super) const WORDS: [&str; 8] =
        ["hex", "HEX", "b64", "b64-nopad", "b64url", "b64url-pad", "multibase-u", "text"];

    /// Returns the form of a word.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "hex" => Self::Hex,
            "HEX" => Self::UpperHex,
            "b64" => Self::Base64,
            "b64-nopad" => Self::Base64Bare,
            "b64url" => Self::Base64Url,
            "b64url-pad" => Self::Base64UrlPadded,
            "multibase-u" => Self::MultibaseU,
            "text" => Self::Text,
            _ => return None,
        })
    }

    fn encode(self, bytes: &[u8]) -> Option<String> {
        Some(match self {
            Self::Hex => hex::encode(bytes),
            Self::UpperHex => hex::encode_upper(bytes),
            Self::Base64 => STANDARD.encode(bytes),
            Self::Base64Bare => STANDARD_NO_PAD.encode(bytes),
            Self::Base64Url => URL_SAFE_NO_PAD.encode(bytes),
            Self::Base64UrlPadded => URL_SAFE.encode(bytes),
            Self::MultibaseU => format!("u{}", URL_SAFE_NO_PAD.encode(bytes)),
            Self::Text => String::from_utf8(bytes.to_vec()).ok()?,
        })
    }

    fn decode(self, text: &str) -> Option<Vec<u8>> {
        let bytes = match self {
            Self::Hex | Self::UpperHex => hex::decode(text).ok()?,
            Self::Base64 => STANDARD.decode(text).ok()?,
            Self::Base64Bare => STANDARD_NO_PAD.decode(text).ok()?,
            Self::Base64Url => URL_SAFE_NO_PAD.decode(text).ok()?,
            Self::Base64UrlPadded => URL_SAFE.decode(text).ok()?,
            Self::MultibaseU => URL_SAFE_NO_PAD.decode(text.strip_prefix('u')?).ok()?,
            Self::Text => text.as_bytes().to_vec(),
        };
        // The case of hex digits, and whatever else a decoder is lenient about.
        (self.encode(&bytes)? == text).then_some(bytes)
    }
}

/// A form behind a fixed prefix, such as `sha256:`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Encoding {
    /// Alphabet and padding.
    pub form: Form,
    /// What stands before it.
    pub prefix: String,
}

impl Encoding {
    /// Lower-case hex without a prefix.
    pub(super) fn hex() -> Self {
        Self { form: Form::Hex, prefix: String::new() }
    }

    /// Returns the text of `bytes`; `None` where the form is text and they are not UTF-8.
    pub(super) fn encode(&self, bytes: &[u8]) -> Option<String> {
        Some(format!("{}{}", self.prefix, self.form.encode(bytes)?))
    }

    /// Returns the bytes of `text`, where it is their only spelling.
    pub(super) fn decode(&self, text: &str) -> Option<Vec<u8>> {
        self.form.decode(text.strip_prefix(self.prefix.as_str())?)
    }
}

/// Returns the bytes of `text` in the first of `encodings` that it fits.
pub(super) fn decode_any(encodings: &[Encoding], text: &str) -> Option<Vec<u8>> {
    encodings.iter().find_map(|encoding| encoding.decode(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_what_it_writes_and_no_second_spelling() {
        for word in Form::WORDS {
            let encoding = Encoding { form: Form::from_word(word).unwrap(), prefix: "p:".to_owned() };
            let text = encoding.encode(b"\x7f~~~").unwrap();
            assert_eq!(encoding.decode(&text).as_deref(), Some(b"\x7f~~~".as_slice()), "{word}");
            assert_eq!(encoding.decode(text.strip_prefix("p:").unwrap()), None, "{word} without its prefix");
        }
        let of = |word: &str| Encoding { form: Form::from_word(word).unwrap(), prefix: String::new() };
        assert_eq!(of("hex").decode("AB"), None);
        assert_eq!(of("HEX").decode("ab"), None);
        assert_eq!(of("b64").decode("fn5+"), of("b64url").decode("fn5-"));
        assert_eq!(of("b64").decode("fg"), None, "padding is missing");
        assert_eq!(of("b64-nopad").decode("fh"), None, "bits beyond the last byte");
        assert_eq!(of("multibase-u").decode("zfg"), None);
    }
}
