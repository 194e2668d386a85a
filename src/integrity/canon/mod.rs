//! Canonicalisers: the closed list of ways in which known products turn a JSON value into the bytes that they hash or sign.
//!
//! "Canonical JSON" is a label under which products do different things, so each has its own word here, and a word never
//! changes its meaning. What readers of the source text could disagree on is refused, not repaired: two different logs must
//! not have the same canonical bytes only because a number was rounded or a member was left out.
//!
//! | input | what happens |
//! |---|---|
//! | member name twice, half a surrogate pair | refused when the tree is read; after normalisation, a name twice is refused here |
//! | integer beyond 2⁵³ | refused where the product holds numbers as doubles (`jcs`, `jcs+nfc`, `js-…`), else written exactly |
//! | integer beyond 64 bits, `-0`, `1e400` | refused by all but `raw` |
//! | `-0.0` | `0` (`jcs…`, `js-…`), `-0.0` (`py-json…`), `-0` (`go-json`) |

use thiserror::Error;

use crate::integrity::json::lexer::NumberClass;
use crate::integrity::tree::{Member, Node, Number, Value};
use crate::integrity::verdict::{BreakKind, words};

mod number;
mod order;
mod text;
pub mod time;

use self::text::Escapes;

words! {
    /// A way to write a JSON value as bytes.
    pub enum Canon {
        /// RFC 8785: names in UTF-16 order, numbers as ECMAScript writes them.
        Jcs = "jcs",
        /// RFC 8785 after Unicode normalisation (NFC) of all texts and names.
        JcsNfc = "jcs+nfc",
        /// NFC, names in code point order, texts as Go's `json.Marshal` escapes them, integers of 64 bits only.
        JcsNfcHtml = "jcs+nfc+html",
        /// Python `json.dumps(value, sort_keys=True)`: `, ` and `: ` between, ASCII only.
        PyJson = "py-json",
        /// Python `json.dumps(value, sort_keys=True, separators=(",", ":"))`.
        PyJsonCompact = "py-json-compact",
        /// As `py-json-compact`, with `ensure_ascii=False`.
        PyJsonCompactUtf8 = "py-json-compact-utf8",
        /// `JSON.stringify` of an object whose members were set in the order of the source.
        JsOrdered = "js-ordered",
        /// `JSON.stringify` of objects whose members were set in the order of their sorted names.
        JsSorted = "js-sorted",
        /// Go `json.Marshal` of a struct whose fields have the order of the source.
        GoJson = "go-json",
        /// The bytes of the source.
        Raw = "raw",
    }
}

/// Why a value has no canonical bytes.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum CanonError {
    /// Readers would not agree on the number. The producer of the log can fix this.
    #[error("number `{number}` is not the same to all readers")]
    UnsafeNumber {
        /// Its spelling, cut where it is long.
        number: String,
    },
    /// The canonicaliser writes integers only. The producer of the log can fix this.
    #[error("expected integers only, found `{number}`")]
    NotAnInteger {
        /// Its spelling, cut where it is long.
        number: String,
    },
    /// Two member names are one after normalisation. The producer of the log can fix this.
    #[error("two names of one object are the same after Unicode normalisation")]
    DuplicateKey,
    /// The product's canonical bytes leave out a member of this name, so that they would not show a change of its value.
    #[error("member `__proto__` would be left out of the canonical bytes")]
    LeftOut,
    /// `raw` bytes were asked of a value that was assembled or changed. This is a bug in the chain profile.
    #[error("an assembled value has no source bytes")]
    NoSource,
}

impl CanonError {
    /// Returns the kind of break that a record with this fault is.
    pub fn break_kind(&self) -> BreakKind {
        match self {
            Self::UnsafeNumber { .. } | Self::NotAnInteger { .. } => BreakKind::UnsafeNumber,
            Self::DuplicateKey => BreakKind::DuplicateKey,
            Self::LeftOut | Self::NoSource => BreakKind::Malformed,
        }
    }

    /// Returns what to do about it.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::UnsafeNumber { .. } | Self::NotAnInteger { .. } => {
                "let the producer write such numbers as texts".to_owned()
            }
            Self::DuplicateKey => "let the producer normalise names before it writes them".to_owned(),
            Self::LeftOut => "let the producer refuse members called `__proto__`".to_owned(),
            Self::NoSource => "name another canonicaliser than `raw` in the chain profile".to_owned(),
        })
    }

    fn unsafe_number(number: &Number<'_>) -> Self {
        Self::UnsafeNumber { number: shown(number.text()) }
    }
}

fn shown(number: &str) -> String {
    if number.len() <= 40 { number.to_owned() } else { format!("{}…", &number[..40]) }
}

/// What stands between members and items, and after a name.
const COMPACT: (&[u8], &[u8]) = (b",", b":");
const SPACED: (&[u8], &[u8]) = (b", ", b": ");

impl Canon {
    /// Appends the canonical bytes of `node` to `out`.
    ///
    /// # Errors
    ///
    /// When the value has no canonical bytes; what was appended until then is of no use.
    pub fn write(self, node: &Node<'_>, out: &mut Vec<u8>) -> Result<(), CanonError> {
        if self == Self::Raw {
            out.extend_from_slice(node.raw().ok_or(CanonError::NoSource)?.as_bytes());
            return Ok(());
        }
        match node.value() {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Bool(true) => out.extend_from_slice(b"true"),
            Value::Bool(false) => out.extend_from_slice(b"false"),
            Value::Number(number) => self.number(number, out)?,
            Value::Text(text) => self.text(text, out),
            Value::Array(items) => self.array(items, out)?,
            Value::Object(members) => self.object(members, out)?,
            Value::Verbatim(text) => text::compact(text, self.escapes().html, out),
        }
        Ok(())
    }

    /// Returns the canonical bytes of `node`.
    ///
    /// # Errors
    ///
    /// As [`Canon::write`].
    pub fn to_bytes(self, node: &Node<'_>) -> Result<Vec<u8>, CanonError> {
        let mut out = Vec::new();
        self.write(node, &mut out)?;
        Ok(out)
    }

    fn array(self, items: &[Node<'_>], out: &mut Vec<u8>) -> Result<(), CanonError> {
        out.push(b'[');
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                out.extend_from_slice(self.separators().0);
            }
            self.write(item, out)?;
        }
        out.push(b']');
        Ok(())
    }

    fn object(self, members: &[Member<'_>], out: &mut Vec<u8>) -> Result<(), CanonError> {
        out.push(b'{');
        for (n, (name, node)) in order::members(self, members)?.into_iter().enumerate() {
            if n > 0 {
                out.extend_from_slice(self.separators().0);
            }
            text::write(&name, self.escapes(), out);
            out.extend_from_slice(self.separators().1);
            self.write(node, out)?;
        }
        out.push(b'}');
        Ok(())
    }

    fn text(self, text: &str, out: &mut Vec<u8>) {
        match self {
            Self::JcsNfc | Self::JcsNfcHtml => text::write(&text::normalised(text), self.escapes(), out),
            _ => text::write(text, self.escapes(), out),
        }
    }

    fn number(self, number: &Number<'_>, out: &mut Vec<u8>) -> Result<(), CanonError> {
        let written = match (number.class(), self) {
            (NumberClass::Huge | NumberClass::NegativeZero | NumberClass::Infinite, _)
            | (NumberClass::Wide, Self::Jcs | Self::JcsNfc | Self::JsOrdered | Self::JsSorted) => {
                return Err(CanonError::unsafe_number(number));
            }
            // A Go `int64` is what this one is made from.
            (NumberClass::Wide, Self::JcsNfcHtml) if number.text().parse::<i64>().is_err() => {
                return Err(CanonError::unsafe_number(number));
            }
            // The grammar leaves an integer without an exponent one spelling, which all products write.
            (NumberClass::Safe | NumberClass::Wide, _) => number.text().to_owned(),
            (NumberClass::Double, Self::JcsNfcHtml) => {
                return Err(CanonError::NotAnInteger { number: shown(number.text()) });
            }
            (NumberClass::Double, Self::PyJson | Self::PyJsonCompact | Self::PyJsonCompactUtf8) => {
                number::python(number.double())
            }
            (NumberClass::Double, Self::GoJson) => number::go(number.double()),
            (NumberClass::Double, _) => number::ecmascript(number.double()),
        };
        out.extend_from_slice(written.as_bytes());
        Ok(())
    }

    fn separators(self) -> (&'static [u8], &'static [u8]) {
        if self == Self::PyJson { SPACED } else { COMPACT }
    }

    fn escapes(self) -> Escapes {
        Escapes {
            ascii: matches!(self, Self::PyJson | Self::PyJsonCompact),
            html: matches!(self, Self::JcsNfcHtml | Self::GoJson),
        }
    }
}

#[cfg(test)]
mod tests;
