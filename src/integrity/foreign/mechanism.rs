//! Layers whose records are signed envelopes: the envelope is opened, and its payload is what the layer sees.

use super::envelope::{Opened, Signers};
use super::value::{Fault, Place};
use super::{dsse_line, jws};
use crate::integrity::verdict::BreakKind;

/// A kind of envelope, and the types that a format's envelopes have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Mechanism {
    /// The kind.
    pub kind: MechanismKind,
    /// Values of `typ` of a JWS, or payload types of a DSSE envelope; empty where any is taken.
    pub types: Vec<String>,
}

/// A kind of envelope.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum MechanismKind {
    /// JSON Web Signature, RFC 7515.
    Jws,
    /// Dead Simple Signing Envelope, with in-toto statements recognised.
    Dsse,
}

/// The payload of a record's envelope, as its signatures were checked over it.
///
/// Only the examination of a record makes one, so whatever is mapped from it is what was verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payload(pub(super) String);

impl Payload {
    /// Returns it as text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl MechanismKind {
    /// Words of the kinds.
    pub(super) const WORDS: [&str; 2] = ["jws", "dsse"];

    /// Returns the kind of a word.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        match word {
            "jws" => Some(Self::Jws),
            "dsse" => Some(Self::Dsse),
            _ => None,
        }
    }

    /// Returns the word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Jws => "jws",
            Self::Dsse => "dsse",
        }
    }
}

impl Mechanism {
    /// Opens the envelope at `place`.
    ///
    /// # Errors
    ///
    /// When it is none of this kind and type, or can be read in more than one way.
    pub(super) fn open(&self, place: Place<'_>, signers: &Signers<'_>) -> Result<Opened, Fault> {
        let types: Vec<&str> = self.types.iter().map(String::as_str).collect();
        match (self.kind, place) {
            (MechanismKind::Jws, Place::Node(node)) => jws::open_node(node, &types, signers),
            (MechanismKind::Jws, Place::Fields(text, _) | Place::Field(text)) => {
                jws::open_compact(text, &types, signers)
            }
            (MechanismKind::Dsse, Place::Node(node)) => dsse_line::open_node(node, &types, signers),
            (MechanismKind::Dsse, Place::Fields(..) | Place::Field(_)) => {
                Err((BreakKind::Malformed, "expected a JSON object, found text".to_owned()))
            }
        }
    }

    /// Returns the members, below the envelope, that may stand in it and that no signature covers.
    pub(super) fn open_members(&self) -> &'static [&'static [&'static str]] {
        match self.kind {
            MechanismKind::Jws => &[&["header"], &["signatures", "*", "header"]],
            MechanismKind::Dsse => &[&["signatures", "*", "keyid"]],
        }
    }

    /// Tells whether the signatures cover the value at `path` below the envelope, or are checked there.
    pub(super) fn covers(&self, path: &[String]) -> bool {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match self.kind {
            // The whole envelope may be a text.
            MechanismKind::Jws => matches!(
                path[..],
                [] | ["payload" | "protected" | "signature"] | ["signatures", _, "protected" | "signature"]
            ),
            MechanismKind::Dsse => matches!(path[..], ["payload" | "payloadType"] | ["signatures", _, "sig"]),
        }
    }
}

#[cfg(test)]
mod tests;
