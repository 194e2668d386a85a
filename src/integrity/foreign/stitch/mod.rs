//! Segment summaries of a foreign log to one verdict.
//!
//! [`stitch_foreign`] is a pure fold over the *set* of summaries: their order, their number, and the cuts between them change
//! nothing. A foreign source is one log, named by the source; its chains are judged one by one, and the worst counts.
//! In steps:
//!
//! 1. `layout`: summaries to pieces per chain, with lines of whole objects;
//! 2. `order`: the place of each piece in its chain, by number or by links, and what stands in two places;
//! 3. `chain`: what lies between neighbours, and both ends;
//! 4. `cover`: from which record cover reaches back how far, and what each record is worth;
//! 5. `judge`: keys, counts, completeness, verdict, reasons;
//! 6. `hole`: the spans of time in which records may be missing.

mod after;
mod chain;
mod cover;
mod hole;
mod judge;
mod layout;
mod order;
mod record;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::scan::{Back, ForeignSummary, Mapped};
use super::seen::LayerFacts;
use crate::clock::{Moment, Period};
use crate::digest::Digest;
use crate::integrity::head::LogHead;
use crate::integrity::keyring::Keyring;
use crate::integrity::stitch::{ObjectFact, Stitched};

/// Most times that records are read again to compare what stands in two places, of one log.
pub const MAX_WALKS: usize = 64;
/// Most records compared one by one at a time: 32 MiB of digests.
pub const MAX_COMPARED: u64 = 1 << 20;

/// A record, read again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Walked {
    /// Byte offset.
    pub offset: u64,
    /// SHA-256 of the record.
    pub digest: Digest,
    /// By what the next record must name it.
    pub link: Option<Digest>,
    /// How it names the record before it.
    pub prev: Back,
}

/// Reads records of a log again. It is asked only where two ranges overlap, or a record names none that is at hand.
pub trait ForeignIndex {
    /// Shows the records of one chain of `object` from byte `start` on, in file order, until `each` returns false; false
    /// where the object cannot be read.
    fn walk(
        &self,
        object: &str,
        start: u64,
        chain: (usize, &str),
        each: &mut dyn FnMut(Walked) -> bool,
    ) -> bool;
}

/// Knows no record. With it, what stands in two places cannot be compared, and the verdict says so.
#[derive(Clone, Copy, Debug)]
pub struct NoRecords;

impl ForeignIndex for NoRecords {
    fn walk(&self, _: &str, _: u64, _: (usize, &str), _: &mut dyn FnMut(Walked) -> bool) -> bool {
        false
    }
}

/// Everything that is judged together: one source.
#[derive(Clone, Copy)]
pub struct ForeignInput<'a> {
    /// Source id, which is the name of the log.
    pub source: &'a str,
    /// The layers of the format.
    pub layers: &'a [LayerFacts],
    /// Its objects, in order.
    pub objects: &'a [ObjectFact],
    /// Summaries of all its segments, in any order and any number of times.
    pub summaries: &'a [ForeignSummary],
    /// Last records, as brought from outside.
    pub heads: &'a [LogHead],
    /// Last records before the objects, as brought from outside.
    pub after: &'a [LogHead],
    /// Trusted keys; the same that the segments were scanned with.
    pub keyring: &'a Keyring,
    /// Records, read again.
    pub index: &'a dyn ForeignIndex,
    /// Time for which the source is evidence: the period, cut to the source's own life.
    pub period: Period,
    /// End of what is tested; edges of the log run up to here.
    pub as_of: Moment,
    /// Columns that the source profile fills from fields that no layer covers.
    pub uncovered_columns: &'a [String],
    /// Columns by the pointer that fills them: some records may leave open what others cover.
    pub mapped: &'a Mapped,
    /// True where the fate of each record is wanted, and not only their number.
    pub fates: bool,
}

/// Folds the set of summaries of one source into the verdict on its log.
pub fn stitch_foreign(input: &ForeignInput<'_>) -> Stitched {
    let layout = layout::lay_out(input);
    let line_bases: BTreeMap<(String, u64), u64> =
        layout.runs.iter().map(|run| ((run.summary.object.clone(), run.summary.start), run.base)).collect();
    let verdict = judge::judge(input, &layout);
    let mut unmatched_heads: Vec<LogHead> =
        input.heads.iter().chain(input.after).filter(|head| head.log != input.source).cloned().collect();
    unmatched_heads.sort();
    unmatched_heads.dedup();
    Stitched { logs: vec![verdict], unmatched_heads, line_bases }
}
