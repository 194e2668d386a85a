//! Damage charged to time: the spans in which records of a source may be missing.
//!
//! A hole runs from the intact record before the damage to the intact record after it, but only where the times of the
//! log never fall; elsewhere the order of records says nothing about when the missing ones were, and the hole is
//! the whole period.

use std::collections::BTreeMap;

use super::summary::{Reject, Summary, Times};
use crate::clock::{Moment, Period};
use crate::duration::{elapsed, exact};
use crate::integrity::verdict::BreakKind;
use crate::report::model::Hole;

/// The longest bucket of times, where no silence limit asks for a shorter one: one day.
pub const DAY_MS: i64 = 86_400_000;

/// Returns the holes that rejected records and failed reads leave in one log, whose `segments` are in order.
///
/// `base` gives the lines before each segment of its object.
pub fn damage(
    source: &str,
    segments: &[&Summary],
    bases: &BTreeMap<(String, u64), u64>,
    times: &Times,
    window: Period,
) -> Vec<Hole> {
    let mut holes = Vec::new();
    for (summary, at) in segments.iter().zip(0..) {
        let edge = |side: &[&Summary], last: bool| edge_time(side, last);
        let (before, after) = (edge(&segments[..at], true), edge(&segments[at + 1..], false));
        let base = bases.get(&(summary.object.clone(), summary.start)).copied().unwrap_or(0);
        let mut push = |kind, line, detail: &str, from: Option<Moment>, to: Option<Moment>| {
            holes.push(Hole {
                source: source.to_owned(),
                span: span(from.or(before), to.or(after), times.falls, window),
                kind,
                object: summary.object.clone(),
                line,
                detail: detail.to_owned(),
            });
        };
        if summary.rejects_cut {
            let detail =
                "too many records could not be used to list them; the whole segment counts as missing";
            push(BreakKind::Rejected, 0, detail, before, after);
        }
        for reject in &summary.rejects {
            push(reject.kind, base + reject.line, &reject.detail, reject.before, reject.after);
        }
        if let Some(failure) = &summary.failure {
            push(failure.kind, 0, &failure.detail, last_time(summary), None);
        }
    }
    holes
}

/// Returns the first or last known time of a run of segments.
fn edge_time(segments: &[&Summary], last: bool) -> Option<Moment> {
    let times = |summary: &&Summary| {
        let all = summary.times.values();
        if last {
            all.filter_map(|times| times.last).max()
        } else {
            all.filter_map(|times| times.first).min()
        }
    };
    if last { segments.iter().rev().find_map(times) } else { segments.iter().find_map(times) }
}

fn last_time(summary: &Summary) -> Option<Moment> {
    summary.times.values().filter_map(|times| times.last).max()
}

fn span(from: Option<Moment>, to: Option<Moment>, falls: bool, window: Period) -> Period {
    if falls {
        return window;
    }
    let from = from.unwrap_or(window.from);
    Period { from, to: to.unwrap_or(window.to).max(from.plus_ms(1)) }
}

/// Returns the silences of a log longer than `max_silence_ms` within `window`, edges included.
pub fn silences(source: &str, times: &Times, max_silence_ms: i64, window: Period) -> Vec<Hole> {
    let inside = |at: Moment| at.max(window.from).min(window.to);
    let mut last = window.from;
    let mut holes = Vec::new();
    let mut mark = |from: Moment, to: Moment| {
        let silent = to.ms() - from.ms();
        if silent > max_silence_ms {
            holes.push(Hole {
                source: source.to_owned(),
                span: Period { from, to },
                kind: BreakKind::Silence,
                object: String::new(),
                line: 0,
                detail: format!(
                    "no record for {}, and the workspace allows {}",
                    elapsed(silent),
                    exact(max_silence_ms)
                ),
            });
        }
    };
    for (low, high) in times.buckets.values() {
        mark(last, inside(*low).max(last));
        last = last.max(inside(*high));
    }
    mark(last, window.to);
    holes
}

/// Follows the times around rejected records while a segment is read.
#[derive(Debug, Default)]
pub struct Surroundings {
    last: Option<Moment>,
    open: usize,
}

impl Surroundings {
    /// Notes the time of a good record: it ends the span of every reject since the last one.
    pub fn good(&mut self, at: Moment, rejects: &mut [Reject]) {
        for reject in rejects.iter_mut().skip(self.open) {
            reject.after = Some(at);
        }
        self.open = rejects.len();
        self.last = Some(at);
    }

    /// Returns the time of the last good record.
    pub fn last(&self) -> Option<Moment> {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        text.parse().unwrap()
    }

    fn window() -> Period {
        Period { from: at("2026-07-01"), to: at("2026-07-02") }
    }

    fn times(moments: &[&str]) -> Times {
        let mut times = Times::default();
        for moment in moments {
            times.add(at(moment), 3_600_000);
        }
        times
    }

    #[test]
    fn silence_counts_edges_and_the_middle() {
        let found =
            silences("s", &times(&["2026-07-01T06:00:00Z", "2026-07-01T07:30:00Z"]), 3_600_000, window());
        let spans: Vec<(String, String)> =
            found.iter().map(|hole| (hole.span.from.minute(), hole.span.to.minute())).collect();
        assert_eq!(
            spans,
            [
                ("2026-07-01 00:00".to_owned(), "2026-07-01 06:00".to_owned()),
                ("2026-07-01 06:00".to_owned(), "2026-07-01 07:30".to_owned()),
                ("2026-07-01 07:30".to_owned(), "2026-07-02 00:00".to_owned()),
            ]
        );
    }

    #[test]
    fn silence_exactly_at_the_limit_is_allowed() {
        let every_hour: Vec<String> = (0..24).map(|hour| format!("2026-07-01T{hour:02}:00:00Z")).collect();
        let moments: Vec<&str> = every_hour.iter().map(String::as_str).collect();
        assert!(silences("s", &times(&moments), 3_600_000, window()).is_empty());
    }

    #[test]
    fn log_without_records_is_one_silence() {
        let found = silences("s", &Times::default(), 3_600_000, window());
        assert_eq!((found.len(), found[0].span), (1, window()));
    }

    #[test]
    fn falling_times_make_a_hole_of_the_whole_period() {
        assert_eq!(
            span(Some(at("2026-07-01T05:00:00Z")), Some(at("2026-07-01T06:00:00Z")), true, window()),
            window()
        );
    }
}
