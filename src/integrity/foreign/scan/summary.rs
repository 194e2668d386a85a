//! What one segment of a foreign log says about itself, of bounded size.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::digest::Digest;
use crate::integrity::chain::TornTail;
use crate::integrity::foreign::seen::Prev;
use crate::integrity::verdict::BreakKind;

/// Everything that the judge must know of one segment. Its line numbers count from the segment's start.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct ForeignSummary {
    /// Source id.
    pub source: String,
    /// Object name as declared.
    pub object: String,
    /// Byte offset of the segment.
    pub start: u64,
    /// Lines begun in it.
    pub lines: u64,
    /// Records of one chain that follow one another, in the order in which they begin.
    pub strands: Vec<Strand>,
    /// Records counted by what every layer sees in them together.
    pub groups: Vec<Group>,
    /// Damaged records, in file order.
    pub damaged: Vec<DamagedRecord>,
    /// What records say about the end of a chain, in file order.
    pub terminals: Vec<TerminalSeen>,
    /// Lines whose digest is that of a head that was brought.
    pub heads: BTreeMap<Digest, Spot>,
    /// Values that no two records may share, in file order.
    pub ids: Vec<IdSeen>,
    /// True where there were more ids than are compared.
    pub ids_cut: bool,
    /// What deserves a word and is no damage, by kind: the first record, the facts, and how many there are.
    pub notes: BTreeMap<BreakKind, (Spot, String, u64)>,
    /// Pointers that neither hash nor signature covers, of any record.
    pub uncovered: BTreeSet<String>,
    /// True where there were more of them than are listed.
    pub uncovered_cut: bool,
    /// Pointers that the source profile reads and that nothing covers in some record.
    pub exposed: BTreeSet<String>,
    /// Bytes after the last LF that are no record.
    pub torn: Option<TornTail>,
    /// Times of the records in file order, whatever their chain.
    pub clock: Clock,
    /// Records beyond a limit on the lists above; where there are any, the whole segment is damaged.
    pub unlisted: u64,
}

/// Where a record lies and what it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Spot {
    /// Line.
    pub line: u64,
    /// Byte offset in the object.
    pub offset: u64,
    /// Sequence number.
    pub seq: Option<u64>,
    /// SHA-256 of the record.
    pub digest: Digest,
}

/// Times in some order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Clock {
    /// Time of the first record that has one.
    pub first: Option<Moment>,
    /// Time of the last record that has one.
    pub last: Option<Moment>,
    /// Least time.
    pub earliest: Option<Moment>,
    /// Greatest time.
    pub latest: Option<Moment>,
    /// First record whose time is before that of the record before it.
    pub first_fall: Option<Spot>,
}

impl Clock {
    /// Adds the time of the next record.
    pub fn add(&mut self, time: Option<Moment>, spot: Spot) {
        let Some(time) = time else { return };
        if self.last.is_some_and(|last| time < last) {
            self.first_fall.get_or_insert(spot);
        }
        self.first.get_or_insert(time);
        self.last = Some(time);
        self.earliest = Some(self.earliest.map_or(time, |earliest| earliest.min(time)));
        self.latest = self.latest.max(Some(time));
    }

    /// Adds the times of what follows, which begins at `spot`.
    pub fn extend(&mut self, next: &Clock, spot: Spot) {
        if matches!((self.last, next.first), (Some(last), Some(first)) if first < last) {
            self.first_fall.get_or_insert(spot);
        }
        self.first_fall = self.first_fall.or(next.first_fall);
        self.first = self.first.or(next.first);
        self.last = next.last.or(self.last);
        self.earliest = [self.earliest, next.earliest].into_iter().flatten().min();
        self.latest = self.latest.max(next.latest);
    }
}

/// How a record names the one before it; values are digested, so that their length is no matter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Back {
    /// Not at all.
    None,
    /// By a form that only a first record has.
    Genesis,
    /// By this value.
    Link(Digest),
    /// By a form that a first record has, and that another could have as well.
    GenesisOr(Digest),
}

impl Back {
    /// Returns what a record says of the one before it.
    pub fn of(prev: Option<&Prev>) -> Self {
        match prev {
            None => Self::None,
            Some(Prev::Genesis) => Self::Genesis,
            Some(Prev::Value(value)) => Self::Link(Digest::of(value)),
            Some(Prev::GenesisOr(value)) => Self::GenesisOr(Digest::of(value)),
        }
    }

    /// Returns the value that it names, where it may name one.
    pub fn link(self) -> Option<Digest> {
        match self {
            Self::Link(link) | Self::GenesisOr(link) => Some(link),
            Self::None | Self::Genesis => None,
        }
    }

    /// Tells whether the record may be the first of its chain.
    pub fn may_begin(self) -> bool {
        !matches!(self, Self::Link(_))
    }
}

/// Whose signature a record carries, as far as the record alone can show.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Signer {
    /// Nobody's.
    Nobody,
    /// A key that is bound to the log.
    Fits {
        /// Key id.
        key: Digest,
        /// The name under which the record claims its key, digested.
        claim: Digest,
    },
    /// A key that only the record holds.
    SelfSigned {
        /// Key id.
        key: Digest,
    },
    /// Nobody could check it.
    Unchecked {
        /// The name under which the record claims its key, digested.
        claim: Digest,
    },
}

/// Records of one chain, each of which follows from the one before it, though others may lie between them.
///
/// Within a strand every key has one standing: it ends where the greatest time in it passes a moment at which some
/// key's standing changes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Strand {
    /// Index of the layer.
    pub layer: usize,
    /// Chain within the layer.
    pub chain: String,
    /// Number of records.
    pub records: u64,
    /// First record.
    pub first: Spot,
    /// Last record.
    pub last: Spot,
    /// How the first record names the one before it.
    pub prev: Back,
    /// By what the record after the last must name it.
    pub link: Option<Digest>,
    /// Who signed the first record.
    pub first_signer: Signer,
    /// Who signed the last record.
    pub last_signer: Signer,
    /// Times.
    pub clock: Clock,
    /// True where each record has a time that its hash covers, false where none has.
    pub timed: bool,
    /// How far cover may reach, in order.
    pub cuts: Vec<Cut>,
    /// Chains of layers that contain this one in which its records lie as well.
    pub outer: BTreeSet<(usize, String)>,
    /// True where some record lies in no such chain.
    pub alone: bool,
    /// True where the last record says that nothing may follow.
    pub closes: bool,
}

/// The last place of a strand up to which one key's signature, or a head, covers it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Cut {
    /// Records of the strand that it covers, from the first on.
    pub reach: u64,
    /// Byte offset below which those records lie.
    pub until: u64,
    /// Time of the record that covers them.
    pub time: Option<Moment>,
    /// What covers them.
    pub by: CutBy,
}

/// What reaches back from a record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum CutBy {
    /// A signature whose bytes contain the link.
    Signature(Signer),
    /// A head: the record has this digest.
    Head(Digest),
}

/// Records that lie in the same strands and carry signatures of the same keys.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Group {
    /// Index of the strand and signer, one per layer; none where no layer selects the line.
    pub members: Vec<(usize, Signer)>,
    /// How many of them lie where between the cuts of those strands.
    pub cells: Vec<Cell>,
    /// First record.
    pub first: Spot,
}

/// Records of one group between the same cuts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Cell {
    /// Per member, the number of cuts of its strand that do not reach the records.
    pub ranks: Vec<usize>,
    /// Records.
    pub records: u64,
}

/// A record that is not intact. What it says of itself is a claim.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct DamagedRecord {
    /// Line.
    pub line: u64,
    /// Byte offset.
    pub offset: u64,
    /// Kinds and facts, at least one; the first is the one that counts.
    pub faults: Vec<(BreakKind, String)>,
    /// Digest, where it was read whole.
    pub digest: Option<Digest>,
    /// The chains it says it is of; empty where it could not be read that far.
    pub claims: Vec<Claim>,
    /// Time of the last intact record before it in the segment.
    pub before: Option<Moment>,
    /// Time of the first intact record after it in the segment.
    pub after: Option<Moment>,
}

/// The place in a chain that a damaged record states.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Claim {
    /// Index of the layer.
    pub layer: usize,
    /// Chain within the layer.
    pub chain: String,
    /// Sequence number.
    pub seq: Option<u64>,
    /// How it names the record before it.
    pub prev: Back,
    /// By what the next record must name it.
    pub link: Option<Digest>,
}

/// What a record says about the end of a chain.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct TerminalSeen {
    /// Index of the layer whose chain it speaks of.
    pub layer: usize,
    /// That chain.
    pub chain: String,
    /// True where the record itself is of that chain.
    pub own: bool,
    /// The record.
    pub spot: Spot,
    /// True where nothing may follow.
    pub last: bool,
    /// Records that the chain holds by its word.
    pub count: Option<u64>,
    /// Sequence number of the last record, by its word.
    pub seq: Option<u64>,
    /// Link of the last record, by its word.
    pub head: Option<Digest>,
}

/// A value that no two records may share.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct IdSeen {
    /// The value and the pointer that leads to it, digested; the digest of the record where it states none.
    pub id: Digest,
    /// The record.
    pub spot: Spot,
}
