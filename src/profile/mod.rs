//! Verified records to events, by mapping files and no code.
//!
//! A profile is one TOML file, `sources/<name>/profile.toml`, in the language of
//! `docs/formats/source-profile.md`. It is compiled once; a record is parsed once, and every path, pattern and
//! map in the profile is ready by then. What a profile does not allow for is never guessed: in a rule that
//! emits a request, a decision, a resolution or an execution it rejects the record, elsewhere it leaves a mark.

mod column;
mod compile;
mod condition;
mod context;
mod coverage;
mod error;
mod expr;
mod join;
mod json;
pub mod library;
mod lint;
mod load;
mod map;
mod memo;
mod nearest;
mod nested;
mod places;
mod read;
mod rule;
pub mod sample;
mod stamp;
pub(crate) mod syntax;
#[cfg(test)]
mod tests;
mod uncovered;
mod zone;

use std::collections::BTreeMap;
use std::fmt;

pub use column::event_json;
pub use context::Context;
pub(crate) use error::did_you_mean;
pub use error::{Place, ProfileError};
pub use join::{Join, Offer, Taking, read_keys};
pub use lint::{Remark, Weight};
pub use nearest::Nearest;
pub use read::{Found, Unusable};

use crate::digest::Digest;
use crate::integrity::verdict::BreakKind;
use crate::source::framing::Framing;

/// A compiled source profile: how the records of one product become events.
#[derive(Debug)]
pub struct Profile {
    name: String,
    version: String,
    product: String,
    product_versions: Option<String>,
    basis: Basis,
    integrity: Integrity,
    absent: Vec<String>,
    digest: Digest,
    framing: Framing,
    reader: read::Reader,
    unwrap: Vec<json::Pointer>,
    max_record: usize,
    match_first: bool,
    settings: BTreeMap<String, String>,
    record_time: Option<expr::Expr>,
    joins: Vec<Join>,
    housekeeping: Vec<rule::Verdict>,
    ignores: Vec<rule::Verdict>,
    rejects: Vec<rule::Verdict>,
    rules: Vec<rule::Rule>,
    plan: expr::Plan,
}

/// What became of one record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mapped<'p> {
    /// So many events were appended, at least one.
    Events(usize),
    /// The profile says that the record states no fact of its own.
    Ignored {
        /// The profile's reason.
        reason: &'p str,
        /// The record's time, UTC epoch milliseconds, where it has one.
        time_ms: Option<i64>,
    },
    /// No rule fits; the record is kept and counted.
    Observation {
        /// The record's time, UTC epoch milliseconds, where it has one.
        time_ms: Option<i64>,
    },
    /// The record belongs to the log itself, such as a heartbeat.
    Housekeeping {
        /// The record's time, UTC epoch milliseconds, where it has one.
        time_ms: Option<i64>,
    },
    /// The record cannot be used: a hole of its source.
    Rejected {
        /// What it is counted as.
        kind: BreakKind,
        /// What was expected and found, with the value named.
        detail: String,
    },
}

/// What a profile was written from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Basis {
    /// The product's source code was read.
    Source,
    /// Real records were at hand.
    Fixture,
    /// The format is specified, and the product follows it by definition.
    Specification,
    /// Records that the product or its vendor published were read, and no schema.
    RealSample,
    /// The vendor's own schema or type definitions were read.
    VendorSchema,
    /// Only the vendor's documentation, or an agreement with whoever writes the log.
    Documentation,
}

impl Basis {
    /// Returns the word printed for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Fixture => "fixture",
            Self::RealSample => "real sample",
            Self::VendorSchema => "vendor schema",
            Self::Specification => "specification",
            Self::Documentation => "documentation",
        }
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How the records of a product are protected.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Integrity {
    /// By nothing that the log holds.
    None,
    /// By the hash chain and the signatures of `countersign-log/1`.
    CountersignLog,
    /// By the signed digest files of AWS CloudTrail.
    CloudTrail,
    /// As the chain profile of this id says.
    Chain(String),
}

impl Integrity {
    /// Words of the mechanisms that need no chain profile.
    pub(super) const WORDS: [&'static str; 3] = ["none", "countersign-log", "cloudtrail"];

    /// What a profile writes before the id of a chain profile.
    pub(super) const CHAIN: &'static str = "chain:";
}

impl fmt::Display for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.pad("none"),
            Self::CountersignLog => f.pad("countersign-log"),
            Self::CloudTrail => f.pad("cloudtrail"),
            Self::Chain(id) => f.pad(&format!("{}{id}", Self::CHAIN)),
        }
    }
}

impl Profile {
    /// Returns the name, by which a workspace refers to it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the version of the profile itself.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the product whose records it reads.
    pub fn product(&self) -> &str {
        &self.product
    }

    /// Returns the versions of the product that it was written for, in words.
    pub fn product_versions(&self) -> Option<&str> {
        self.product_versions.as_deref()
    }

    /// Returns what it was written from.
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// Returns how the product protects its records.
    pub fn integrity(&self) -> &Integrity {
        &self.integrity
    }

    /// Returns, in words, what the product does not log.
    pub fn absent(&self) -> &[String] {
        &self.absent
    }

    /// Returns what its events take from other records of their source.
    pub fn joins(&self) -> &[Join] {
        &self.joins
    }

    /// Returns the digest of the profile's text.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns how its records lie in an object.
    pub fn framing(&self) -> Framing {
        self.framing.clone()
    }

    /// Returns the names that a workspace's `set` may give, beside columns, and what each means.
    pub fn settings(&self) -> &BTreeMap<String, String> {
        &self.settings
    }
}
