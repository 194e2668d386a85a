//! What one segment says about itself: about a kilobyte, however long the segment.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::digest::Digest;
use crate::integrity::chain::RunSummary;
use crate::integrity::cloudtrail::object::TrailObject;
use crate::integrity::foreign::scan::ForeignSummary;
use crate::integrity::verdict::BreakKind;
use crate::report::model::Tally;
use crate::source::container::{Stopped, stopped};

/// The most rejected records listed one by one in a segment; past it, the whole segment counts as damaged.
pub const MAX_REJECTS: usize = 10_000;

/// The summary of one segment. Data errors are data in it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// Source id.
    pub source: String,
    /// Object name.
    pub object: String,
    /// Offset of the segment's first byte.
    pub start: u64,
    /// Lines begun in the segment.
    pub lines: u64,
    /// Digest and length as stored, where the segment is a whole object that could be read to its end.
    pub stored: Option<(Digest, u64)>,
    /// Why reading stopped early.
    pub failure: Option<Failure>,
    /// Where every record went.
    pub tally: Tally,
    /// Records that could not be used, by place, in a log without its own integrity mechanism.
    pub rejects: Vec<Reject>,
    /// True where there were more than [`MAX_REJECTS`].
    pub rejects_cut: bool,
    /// Times per log.
    pub times: BTreeMap<String, Times>,
    /// Chain state per log, where the format has a chain.
    pub runs: Vec<RunSummary>,
    /// What the object is, in a folder of AWS CloudTrail.
    pub trail: Option<TrailObject>,
    /// State of the chains, where a chain profile says how records are hashed and signed.
    pub foreign: Option<ForeignSummary>,
}

/// Why an object could not be read to its end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// unreadable-object, truncated-object, oversize, or malformed (a document).
    pub kind: BreakKind,
    /// The facts.
    pub detail: String,
}

impl Failure {
    /// Says what an error of reading an object is.
    pub fn of(error: &io::Error) -> Self {
        let (kind, detail) = match stopped(error) {
            Stopped::Truncated => {
                (BreakKind::TruncatedObject, "the compressed bytes end in the middle".to_owned())
            }
            Stopped::Ratio => (BreakKind::Oversize, error.to_string()),
            Stopped::Trailing => (BreakKind::Altered, error.to_string()),
            Stopped::Unreadable => (BreakKind::UnreadableObject, error.to_string()),
        };
        Self { kind, detail }
    }
}

/// A record that could not be used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reject {
    /// Line, from 1, counted from the start of the segment.
    pub line: u64,
    /// Byte offset in the object.
    pub offset: u64,
    /// Kind.
    pub kind: BreakKind,
    /// The facts.
    pub detail: String,
    /// Time of the last good record before it in the segment.
    pub before: Option<Moment>,
    /// Time of the first good record after it in the segment.
    pub after: Option<Moment>,
}

/// The times of a log's records within a segment.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Times {
    /// Time of the first record.
    pub first: Option<Moment>,
    /// Time of the last record.
    pub last: Option<Moment>,
    /// True where a time is earlier than one before it.
    pub falls: bool,
    /// First and last time in every span of the length of the longest silence allowed (one day where none is set),
    /// by span number. A longer silence always separates two of them, so none is missed.
    pub buckets: BTreeMap<i64, (Moment, Moment)>,
    /// Records per UTC day, by number of the day since the Unix epoch.
    pub days: BTreeMap<i64, u64>,
}

impl Times {
    /// Adds the time of the next record; `span_ms` is the length of a bucket.
    pub fn add(&mut self, at: Moment, span_ms: i64) {
        self.falls |= self.last.is_some_and(|last| at < last);
        self.first = self.first.or(Some(at));
        self.last = Some(at);
        let bucket = self.buckets.entry(at.ms().div_euclid(span_ms)).or_insert((at, at));
        *bucket = (bucket.0.min(at), bucket.1.max(at));
        *self.days.entry(at.day_number()).or_default() += 1;
    }

    /// Adds the times of the segment that follows.
    pub fn extend(&mut self, next: &Times) {
        self.falls |=
            next.falls || matches!((self.last, next.first), (Some(last), Some(first)) if first < last);
        self.first = self.first.or(next.first);
        self.last = next.last.or(self.last);
        for (span, (low, high)) in &next.buckets {
            let bucket = self.buckets.entry(*span).or_insert((*low, *high));
            *bucket = (bucket.0.min(*low), bucket.1.max(*high));
        }
        for (day, records) in &next.days {
            *self.days.entry(*day).or_default() += records;
        }
    }
}
