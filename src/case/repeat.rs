//! The same fact stated twice: re-exports and snapshots, counted once.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::DataFrame;

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
        let text = |name: &str| frame.column(name).ok().and_then(|column| column.str().ok());
        let (Some(keys), Some(sources), Some(kinds)) = (text("dedup_key"), text("source"), text("kind"))
        else {
            continue;
        };
        if keys.null_count() == keys.len() {
            continue;
        }
        let versions = frame.column("snapshot_version").ok().and_then(|column| column.i64().ok());
        for row in 0..frame.height() {
            let (Some(key), Some(source), Some(kind)) = (keys.get(row), sources.get(row), kinds.get(row))
            else {
                continue;
            };
            let version = versions.and_then(|versions| versions.get(row)).unwrap_or(i64::MIN);
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
