//! From a row back to its record: the object and line behind every number.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::DataFrame;

use crate::column::FrameReader;
use crate::integrity::verdict::Grade;
use crate::table::EventRow;

/// Where an event was logged; the default is that of what no event tells of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    pub(crate) source: String,
    pub(crate) native_id: String,
    pub(crate) object: String,
    pub(crate) line: u64,
    pub(crate) grade: Grade,
    pub(crate) ts_ms: Option<i64>,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            source: String::new(),
            native_id: String::new(),
            object: String::new(),
            line: 0,
            grade: Grade::None,
            ts_ms: None,
        }
    }
}

impl Place {
    /// Returns the place of a subject that is no one record: it has its id alone.
    pub(super) fn of_subject(id: &str) -> Self {
        Self { native_id: id.to_owned(), ..Self::default() }
    }
}

/// Looks up the events `wanted` in the `event` table.
pub(super) fn places(events: &DataFrame, wanted: &BTreeSet<&str>) -> BTreeMap<String, Place> {
    let reader = FrameReader::<EventRow>::new(events);
    rows_where(events, "event_id", |id| wanted.contains(id))
        .into_iter()
        .map(|index| reader.row(index))
        .map(|row| (row.event_id.clone().unwrap_or_default(), place(row)))
        .collect()
}

fn place(row: EventRow) -> Place {
    Place {
        source: row.source_id.unwrap_or_default(),
        // An id must outlive a re-export, so what stands in for a missing one is the record itself, not its place.
        native_id: row.native_id.unwrap_or_else(|| {
            let id = row.event_id.unwrap_or_default();
            let digest = row.content_digest.as_deref().unwrap_or(&id);
            format!("{digest}#{}", row.record_index.unwrap_or_default())
        }),
        object: row.object.unwrap_or_default(),
        line: row.line.and_then(|line| u64::try_from(line).ok()).unwrap_or_default(),
        grade: row.grade.as_deref().and_then(Grade::from_word).unwrap_or(Grade::None),
        ts_ms: row.ts_ms,
    }
}

/// The places of all events, found one at a time: for lists too long to hold.
pub(crate) struct Places<'a> {
    reader: FrameReader<'a, EventRow>,
    /// Event id and row, sorted.
    order: Vec<(&'a str, usize)>,
}

impl<'a> Places<'a> {
    /// Sorts the ids of the `event` table.
    pub(crate) fn of(events: &'a DataFrame) -> Self {
        let ids = events.column("event_id").ok().and_then(|column| column.str().ok());
        let rows = ids.into_iter().flat_map(|ids| ids.iter().zip(0..));
        let mut order: Vec<(&str, usize)> = rows.filter_map(|(id, row)| Some((id?, row))).collect();
        order.sort_unstable();
        Self { reader: FrameReader::new(events), order }
    }

    /// Returns where the event `id` was logged.
    pub(crate) fn find(&self, id: &str) -> Option<Place> {
        let found = self.order.binary_search_by(|(known, _)| (*known).cmp(id)).ok()?;
        Some(place(self.reader.row(self.order[found].1)))
    }
}

/// Returns the indices of the rows whose text in `column` is `wanted`.
pub(crate) fn rows_where(frame: &DataFrame, column: &str, wanted: impl Fn(&str) -> bool) -> Vec<usize> {
    let Some(values) = frame.column(column).ok().and_then(|column| column.str().ok()) else {
        return Vec::new();
    };
    values.iter().zip(0..).filter(|(value, _)| value.is_some_and(&wanted)).map(|(_, index)| index).collect()
}
