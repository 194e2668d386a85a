//! The seam between a chain profile and whoever judges a log by it: what one record shows by itself.
//!
//! A format has one or more *layers*. A layer is one chain construction over some of the records: an evidence file may
//! hold a recorder entry per line, and a signed receipt inside some of them. Whatever takes more than one record to see (links, gaps,
//! forks, ends) is judged from the values below, never from bytes again.

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::digest::Digest;
use crate::integrity::verdict::BreakKind;

/// Which records of a layer carry a signature.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Signed {
    /// None: a hash chain alone.
    Never,
    /// Some: a signed record stands for those before it, as far as its signed bytes contain the link.
    Some,
    /// Each: a record without one is damaged, and no chain stands in for it.
    Each,
}

/// What a profile says of a layer before any data is read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LayerFacts {
    /// Name within the format.
    pub name: String,
    /// True where records link to the record before them by a hash.
    pub linked: bool,
    /// True where the link is a hash that covers the link of the record it names, so that what covers a record covers all
    /// before it. An id, a code under a shared key, and a hash without the link in it do not.
    pub binds: bool,
    /// True where the link is the SHA-256 of the line before, which is what a brought head states.
    pub links_lines: bool,
    /// True where a sequence number stands in each record; it rises by `step` from `start`.
    pub sequenced: bool,
    /// First sequence number of a chain.
    pub start: u64,
    /// Difference between neighbours.
    pub step: u64,
    /// True where a chain goes on from one object to the next.
    pub spans_files: bool,
    /// Which records are signed.
    pub signed: Signed,
    /// True where the signed bytes contain the link to the record before, so that a trusted signature covers what came before.
    pub signs_link: bool,
    /// True where the signed bytes of each signed record contain its place: the link, or the sequence number where there is no link.
    pub signs_place: bool,
    /// False where a signature is made over the link alone: it covers what came before, and not the record that carries it.
    pub signs_record: bool,
    /// True where the code is made with a shared key: the grade is `mac` at most.
    pub symmetric: bool,
    /// True where the record's hash covers its time.
    pub time_covered: bool,
    /// Layers (by index) whose coverage contains this layer's: where one of them holds, this one adds nothing.
    pub within: Vec<usize>,
}

/// How a record names the one before it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Prev {
    /// By one of the forms that only a first record has.
    Genesis,
    /// By this value, decoded as the profile says.
    Value(Vec<u8>),
    /// Both are possible: a genesis form that is also a value a record could have.
    GenesisOr(Vec<u8>),
}

/// What a record's signature shows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum SignatureSeen {
    /// The layer signs no such record.
    NotSigned,
    /// The layer signs each record, and this one carries none.
    Missing,
    /// A key of the trust file that is bound to this log made it, or a shared key that the verifier brought.
    Fits {
        /// Key id.
        key: Digest,
        /// The name under which the record claims its key, digested; the key id itself where the record holds the key.
        claim: Digest,
    },
    /// It fits a key that only the record holds.
    SelfSigned {
        /// Key id.
        key: Digest,
    },
    /// No key is at hand to check it with; `claim` as above.
    Unchecked {
        /// The name under which the record claims its key, digested.
        claim: Digest,
    },
    /// It does not fit the key that it must fit. The kind is `bad-signature` or `weak-key`.
    Wrong {
        /// Kind.
        kind: BreakKind,
        /// The facts, as a fragment.
        detail: String,
    },
}

/// What a record says about the end of its chain.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Terminal {
    /// True where nothing may follow it in its chain.
    pub last: bool,
    /// Records that the chain holds by its word, the record itself included where it is of the chain.
    pub count: Option<u64>,
    /// Sequence number of the last record, by its word.
    pub seq: Option<u64>,
    /// Link of the last record, by its word.
    pub head: Option<Vec<u8>>,
    /// Layer and chain that it speaks of, where not its own.
    pub of: Option<(usize, String)>,
}

/// What one layer sees in one record, looking at nothing else.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Seen {
    /// Index of the layer in its format.
    pub layer: usize,
    /// Chain within the layer; empty where there is only one.
    pub chain: String,
    /// Sequence number.
    pub seq: Option<u64>,
    /// How it names the record before it; `None` where the layer does not link.
    pub prev: Option<Prev>,
    /// The value by which the next record must name this one; `None` where the layer does not link.
    pub link: Option<Vec<u8>>,
    /// Its signature.
    pub signature: SignatureSeen,
    /// Its time, UTC.
    pub time: Option<Moment>,
    /// Digests of values that no two records may share, whichever layer sees them.
    pub ids: Vec<Digest>,
    /// What it says about the end of a chain.
    pub terminal: Option<Terminal>,
    /// What is wrong with it by itself: a stored hash that differs, a constant that is another, a value that is malformed.
    pub faults: Vec<(BreakKind, String)>,
}

impl Seen {
    /// Returns what a layer sees in a record before it has looked.
    pub(super) fn nothing(layer: usize) -> Self {
        Self {
            layer,
            chain: String::new(),
            seq: None,
            prev: None,
            link: None,
            signature: SignatureSeen::NotSigned,
            time: None,
            ids: Vec::new(),
            terminal: None,
            faults: Vec::new(),
        }
    }
}
