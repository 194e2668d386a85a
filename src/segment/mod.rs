//! The three functions on which every run stands, embedded or on a cluster: plan, segment, stitch.
//!
//! [`plan::plan`] cuts the objects of a workspace into segments. [`scan::segment`] verifies and normalises one of
//! them into a [`Part`] and a [`summary::Summary`]; it sees nothing else. [`stitch::stitch`] folds the set of
//! summaries, sorted, into verdicts, holes and totals. Summaries are never merged pairwise: with a fork in a log,
//! the order of merging would change the result.

pub mod census;
pub mod finish;
mod foreign;
pub mod hole;
pub mod links;
pub mod parallel;
pub mod plan;
pub mod scan;
pub mod sealed;
pub mod stitch;
pub mod summary;
pub mod tree;

use polars::prelude::DataFrame;

use crate::digest::Digest;

/// The rows of one segment. Lines count from the start of the segment until they are stitched.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Frame of [`crate::event::Event`].
    pub events: DataFrame,
    /// Frame of [`crate::table::IntegrityRow`]: one row per record.
    pub records: DataFrame,
    /// Key that signed the records from a line on, up to the next entry; empty without signatures.
    pub signers: Vec<(u64, Digest)>,
    /// Byte offset of each record of a log with a chain profile, and its group in the summary.
    pub groups: Vec<(u64, usize)>,
}

impl Part {
    /// Returns the key of the record on `line`, counted from the start of the segment.
    pub fn signer(&self, line: u64) -> Option<Digest> {
        let after = self.signers.partition_point(|(first, _)| *first <= line);
        after.checked_sub(1).and_then(|at| self.signers.get(at)).map(|(_, key)| *key)
    }

    /// Returns the group of the record at `offset`.
    pub fn group(&self, offset: u64) -> Option<usize> {
        let at = self.groups.binary_search_by_key(&offset, |(offset, _)| *offset).ok()?;
        Some(self.groups[at].1)
    }
}
