//! From a row back to its record: the object and line behind every number.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::DataFrame;

use crate::column::FrameReader;
use crate::integrity::verdict::Grade;
use crate::table::EventRow;

/// Where an event was logged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) source: String,
    pub(super) native_id: String,
    pub(super) object: String,
    pub(super) line: u64,
    pub(super) grade: Grade,
    pub(super) ts_ms: Option<i64>,
}

/// Looks up the events `wanted` in the `event` table.
pub(super) fn places(events: &DataFrame, wanted: &BTreeSet<&str>) -> BTreeMap<String, Place> {
    let reader = FrameReader::<EventRow>::new(events);
    rows_where(events, "event_id", |id| wanted.contains(id))
        .into_iter()
        .map(|index| reader.row(index))
        .map(|row| {
            let id = row.event_id.unwrap_or_default();
            let place = Place {
                source: row.source_id.unwrap_or_default(),
                // An id must outlive a re-export, so what stands in for a missing one is the record itself, not its place.
                native_id: row.native_id.unwrap_or_else(|| {
                    let digest = row.content_digest.as_deref().unwrap_or(&id);
                    format!("{digest}#{}", row.record_index.unwrap_or_default())
                }),
                object: row.object.unwrap_or_default(),
                line: row.line.and_then(|line| u64::try_from(line).ok()).unwrap_or_default(),
                grade: row.grade.as_deref().and_then(Grade::from_word).unwrap_or(Grade::None),
                ts_ms: row.ts_ms,
            };
            (id, place)
        })
        .collect()
}

/// Returns the indices of the rows whose text in `column` is `wanted`.
pub(super) fn rows_where(frame: &DataFrame, column: &str, wanted: impl Fn(&str) -> bool) -> Vec<usize> {
    let Some(values) = frame.column(column).ok().and_then(|column| column.str().ok()) else {
        return Vec::new();
    };
    values.iter().zip(0..).filter(|(value, _)| value.is_some_and(&wanted)).map(|(_, index)| index).collect()
}
