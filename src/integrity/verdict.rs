//! The words of an integrity result: verdict, grade, completeness, and kinds of break.
//!
//! `docs/formats/verdicts.md` is the page for people; the effects below are its table.

use serde::{Deserialize, Serialize};

/// Declares an enum whose variants are printed, parsed and serialised as fixed kebab-case words.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident { $( $(#[$vmeta:meta])* $variant:ident = $word:literal, )+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
        pub enum $name { $( $(#[$vmeta])* #[serde(rename = $word)] $variant, )+ }

        impl $name {
            /// Every value, weakest first.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )+];

            /// Returns the word printed for this value.
            pub fn word(self) -> &'static str {
                match self { $( Self::$variant => $word, )+ }
            }

            /// Parses the word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $( $word => Some(Self::$variant), )+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(self.word()) }
        }
    };
}
pub(in crate::integrity) use words;

words! {
    /// What was found about a log, or about several; the worst is the least.
    pub enum Verdict {
        /// Something was changed, removed, added or reordered.
        Altered = "altered",
        /// Nothing is broken, but something is not covered from outside the log.
        NotVerifiable = "not-verifiable",
        /// Every record is covered by something from outside the log.
        Verified = "verified",
    }
}

words! {
    /// How strongly a record or a value is protected, weakest first.
    pub enum Grade {
        /// Nothing known.
        None = "none",
        /// It parsed.
        Parsed = "parsed",
        /// It fits its hash chain.
        Consistent = "consistent",
        /// A shared-key code fits, which whoever verifies could have made.
        Mac = "mac",
        /// A signature fits a key that only the log names.
        SelfSigned = "self-signed",
        /// It lies at or before a head that the verifier brought.
        HeadAnchored = "head-anchored",
        /// A pinned key signed it.
        PinnedSigned = "pinned-signed",
        /// A pinned key signed it, and a brought head or checkpoint holds it.
        PinnedAnchored = "pinned-anchored",
    }
}

words! {
    /// How far the records are shown to be all there are, weakest first.
    pub enum Completeness {
        /// Nothing shows it.
        Unknown = "unknown",
        /// Sequence numbers run without a hole from the first record to the last.
        Contiguous = "contiguous",
        /// The last record says that it is the last.
        Terminated = "terminated",
        /// The last record is the head that the verifier brought.
        PinnedHead = "pinned-head",
    }
}

words! {
    /// What is wrong with a record, a range, or an object.
    pub enum BreakKind {
        /// The bytes are not those that were hashed or signed.
        Altered = "altered",
        /// Sequence numbers fall.
        Reordered = "reordered",
        /// The same record twice in one object.
        Duplicate = "duplicate",
        /// Two different records claim one place.
        Fork = "fork",
        /// A record of another log.
        Spliced = "spliced",
        /// The first record does not begin the chain as its format demands.
        WrongGenesis = "wrong-genesis",
        /// The chain does not continue the `after` head.
        TruncatedHead = "truncated-head",
        /// The chain ends before its head or goes on after its last record.
        TruncatedTail = "truncated-tail",
        /// The signature does not fit.
        BadSignature = "bad-signature",
        /// A signature that the format requires is absent.
        MissingSignature = "missing-signature",
        /// The key is one that anybody could sign for.
        WeakKey = "weak-key",
        /// A digest differs from the one written down.
        DigestMismatch = "digest-mismatch",
        /// A file that no manifest names.
        ExtraObject = "extra-object",
        /// Sequence numbers leave a hole.
        Gap = "gap",
        /// The record is not what its format says.
        Malformed = "malformed",
        /// A member name twice in one object.
        DuplicateKey = "duplicate-key",
        /// A number that readers would not agree on.
        UnsafeNumber = "unsafe-number",
        /// No trust file knows the key.
        UnknownKey = "unknown-key",
        /// The key was revoked before this record.
        RevokedKey = "revoked-key",
        /// The record lies outside the key's validity.
        ExpiredKey = "expired-key",
        /// The key is not trusted for this log or this purpose.
        WrongPurposeKey = "wrong-purpose-key",
        /// No known format.
        UnrecognisedFormat = "unrecognised-format",
        /// A declared log or object is absent.
        MissingObject = "missing-object",
        /// The object cannot be read.
        UnreadableObject = "unreadable-object",
        /// The object ends in the middle of its compression.
        TruncatedObject = "truncated-object",
        /// There is no record.
        Empty = "empty",
        /// A limit was hit.
        Oversize = "oversize",
        /// The last line has no line end.
        TornTail = "torn-tail",
        /// A record that could not be used.
        Rejected = "rejected",
        /// No record for longer than the workspace allows.
        Silence = "silence",
        /// Times fall.
        ClockRollback = "clock-rollback",
        /// A value that no hash or signature covers.
        UncoveredField = "uncovered-field",
        /// The first record is not the log's first ever.
        LateStart = "late-start",
        /// The same bytes in two objects, counted once.
        ReExport = "re-export",
    }
}

/// What a break does to its log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effect {
    /// The log is `altered`; exit 3.
    Altered,
    /// The log is `not-verifiable`; exit 4 from `verify`.
    NotVerifiable,
    /// Records are missing from the population; exit 4.
    Population,
    /// Worth saying; no effect.
    Note,
}

impl BreakKind {
    /// Returns the effect in a log that is `protected` by a chain or signatures, or in one that is not.
    pub fn effect(self, protected: bool) -> Effect {
        match self {
            Self::Altered
            | Self::Reordered
            | Self::Duplicate
            | Self::Fork
            | Self::Spliced
            | Self::WrongGenesis
            | Self::TruncatedHead
            | Self::TruncatedTail
            | Self::BadSignature
            | Self::MissingSignature
            | Self::WeakKey
            | Self::DigestMismatch
            | Self::ExtraObject => Effect::Altered,
            Self::Gap | Self::Malformed | Self::DuplicateKey | Self::UnsafeNumber => {
                if protected {
                    Effect::Altered
                } else {
                    Effect::Population
                }
            }
            Self::UnknownKey
            | Self::RevokedKey
            | Self::ExpiredKey
            | Self::WrongPurposeKey
            | Self::UnrecognisedFormat => Effect::NotVerifiable,
            Self::MissingObject
            | Self::UnreadableObject
            | Self::TruncatedObject
            | Self::Empty
            | Self::Oversize
            | Self::TornTail
            | Self::Rejected
            | Self::Silence => Effect::Population,
            Self::ClockRollback | Self::UncoveredField | Self::LateStart | Self::ReExport => Effect::Note,
        }
    }
}

/// One break, with the place that shows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Break {
    /// Object name as declared.
    pub object: String,
    /// Line number in the object, from 1; 0 where the break is the object's as a whole.
    pub line: u64,
    /// Byte offset of the line in the decompressed object.
    pub offset: u64,
    /// Sequence number, where the record has one that can be read.
    pub seq: Option<u64>,
    /// What is wrong.
    pub kind: BreakKind,
    /// The facts, as a fragment: what was expected and what was found.
    pub detail: String,
}
