//! Every segment of a plan, on the threads of this machine.
//!
//! The digest of an object that is cut into ranges is work of its own: it reads the bytes in order while other threads
//! read the lines, so that no thread waits for it at the end.

use std::io;

use rayon::prelude::*;

use super::Part;
use super::plan::Plan;
use super::scan::{Keep, lines};
use super::summary::Summary;
use crate::digest::Digest;
use crate::integrity::keyring::Keyring;
use crate::progress::tell;
use crate::source::object;

/// What one thread does at a time.
enum Task {
    /// The digest of the object of a segment, by the segment's index.
    Digest(usize),
    /// A segment, by its index.
    Lines(usize),
}

/// What came of a task.
enum Done {
    Digest(usize, io::Result<(Digest, u64)>),
    Lines(Box<(Part, Summary)>),
}

/// Verifies and normalises every segment of `plan`, and returns them in its order.
///
/// The result is that of [`segment`](fn@super::scan::segment) on each, whatever the number of threads.
pub fn segments(plan: &Plan<'_>, keyring: &Keyring, keep: Keep) -> Vec<(Part, Summary)> {
    let digests = plan.segments.iter().zip(0..).filter(|(segment, _)| segment.needs_digest());
    // Digests come first: each takes as long as several segments, and the longest work must not begin last.
    let tasks: Vec<Task> = digests
        .map(|(_, index)| Task::Digest(index))
        .chain((0..plan.segments.len()).map(Task::Lines))
        .collect();
    let bytes = |index: usize| {
        let segment = &plan.segments[index];
        let whole = || plan.sources[segment.source].objects[segment.object].size;
        segment.range.as_ref().map_or_else(whole, |range| range.end - range.start)
    };
    let count = plan.segments.len();
    tell(|watcher| watcher.planned(count as u64, (0..count).map(bytes).sum()));
    let done: Vec<Done> = tasks
        .into_par_iter()
        .with_max_len(1)
        .map(|task| match task {
            Task::Digest(index) => {
                let segment = &plan.segments[index];
                Done::Digest(index, object::digest(&plan.sources[segment.source].objects[segment.object]))
            }
            Task::Lines(index) => {
                let segment = &plan.segments[index];
                let done = lines(&plan.sources[segment.source], segment, keyring, keep);
                tell(|watcher| watcher.read(bytes(index)));
                Done::Lines(Box::new(done))
            }
        })
        .collect();
    tell(|watcher| watcher.done());
    let mut digests = Vec::new();
    let mut segments = Vec::with_capacity(plan.segments.len());
    for done in done {
        match done {
            Done::Digest(index, digest) => digests.push((index, digest)),
            Done::Lines(segment) => segments.push(*segment),
        }
    }
    for (index, digest) in digests {
        segments[index].1.digested(digest);
    }
    segments
}
