//! The same fact stated twice: re-exports and snapshots, counted once.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::DataFrame;

use crate::column::{int_at, text_at};

/// Events that repeat a fact, by part and row.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    rows: BTreeSet<(usize, usize)>,
    /// How many, per source.
    pub(super) by_source: BTreeMap<String, u64>,
}

impl Repeats {
    /// Tells whether the event in `row` of `part` repeats another.
    pub(super) fn contains(&self, part: usize, row: usize) -> bool {
        self.rows.contains(&(part, row))
    }
}

/// Finds repeats: of the events of one source with one kind and one `dedup_key`, the greatest snapshot version
/// stays, and of equals the first in order.
pub(super) fn find(parts: &[DataFrame]) -> Repeats {
    let mut kept: BTreeMap<(String, String, String), (i64, usize, usize)> = BTreeMap::new();
    let mut repeats = Repeats::default();
    for (frame, part) in parts.iter().zip(0..) {
        let (Ok(keys), Ok(sources), Ok(kinds)) =
            (frame.column("dedup_key"), frame.column("source"), frame.column("kind"))
        else {
            continue;
        };
        if keys.null_count() == keys.len() {
            continue;
        }
        let versions = frame.column("snapshot_version").ok();
        for row in 0..frame.height() {
            let (Some(key), Some(source), Some(kind)) =
                (text_at(keys, row), text_at(sources, row), text_at(kinds, row))
            else {
                continue;
            };
            let version = versions.and_then(|versions| int_at(versions, row)).unwrap_or(i64::MIN);
            let id = (source.to_owned(), kind.to_owned(), key.to_owned());
            let here = (version, part, row);
            let loser = match kept.get(&id) {
                Some(best) if best.0 >= version => here,
                Some(best) => {
                    let worse = *best;
                    kept.insert(id, here);
                    worse
                }
                None => {
                    kept.insert(id, here);
                    continue;
                }
            };
            repeats.rows.insert((loser.1, loser.2));
            *repeats.by_source.entry(source.to_owned()).or_default() += 1;
        }
    }
    repeats
}
