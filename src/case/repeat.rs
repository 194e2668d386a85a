//! The same fact stated twice: re-exports and snapshots, counted once.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::{Column, DataFrame};

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

    fn add(&mut self, source: &str, place: (usize, usize)) {
        self.rows.insert(place);
        *self.by_source.entry(source.to_owned()).or_default() += 1;
    }
}

/// Finds repeats: of the events of one source with one kind and one `dedup_key`, the greatest snapshot version
/// stays, and of equals the first in order.
///
/// In a source of `chained`, whose objects the chain lays side by side, an event without such a key repeats another where
/// the very bytes of its record stand in an earlier object and nothing linked them there. Equal records within one object
/// are as many facts: an object that has one twice adds none where another has it twice as well. (Where there is no
/// chain at all, a record that stands in two objects is set aside before it comes here.)
pub(super) fn find(parts: &[DataFrame], chained: &BTreeSet<&str>) -> Repeats {
    let mut kept: BTreeMap<(String, String, String), (i64, usize, usize)> = BTreeMap::new();
    let mut seen = Seen::default();
    let mut repeats = Repeats::default();
    for (frame, part) in parts.iter().zip(0..) {
        let (Ok(keys), Ok(sources), Ok(kinds)) =
            (frame.column("dedup_key"), frame.column("source"), frame.column("kind"))
        else {
            continue;
        };
        let unkeyed = keys.null_count() > 0
            && (0..frame.height().min(1))
                .any(|row| text_at(sources, row).is_some_and(|id| chained.contains(id)));
        let columns = unkeyed.then(|| Columns::of(frame)).flatten();
        if keys.null_count() == keys.len() && columns.is_none() {
            continue;
        }
        let versions = frame.column("snapshot_version").ok();
        for row in 0..frame.height() {
            let (Some(source), Some(kind)) = (text_at(sources, row), text_at(kinds, row)) else { continue };
            let Some(key) = text_at(keys, row) else {
                if columns.as_ref().is_some_and(|columns| seen.repeats(source, columns, row)) {
                    repeats.add(source, (part, row));
                }
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
            repeats.add(source, (loser.1, loser.2));
        }
    }
    repeats
}

/// The columns that tell one record from another.
struct Columns<'a> {
    object: &'a Column,
    digest: &'a Column,
    rule: &'a Column,
    sub: &'a Column,
}

impl<'a> Columns<'a> {
    fn of(frame: &'a DataFrame) -> Option<Self> {
        let column = |name| frame.column(name).ok();
        Some(Self {
            object: column("object")?,
            digest: column("line_digest")?,
            rule: column("rule")?,
            sub: column("sub")?,
        })
    }
}

/// One event of one record: source, digest of the record, rule, and sub-index.
type Fact = (String, String, String, i64);

/// How often each event of a record without a key stands in the object that has it most often, and in the one at hand.
#[derive(Default)]
struct Seen {
    object: (String, String),
    most: BTreeMap<Fact, u64>,
    here: BTreeMap<Fact, u64>,
}

impl Seen {
    fn repeats(&mut self, source: &str, columns: &Columns<'_>, row: usize) -> bool {
        let (Some(object), Some(digest)) = (text_at(columns.object, row), text_at(columns.digest, row))
        else {
            return false;
        };
        if (self.object.0.as_str(), self.object.1.as_str()) != (source, object) {
            self.object = (source.to_owned(), object.to_owned());
            self.here.clear();
        }
        let rule = text_at(columns.rule, row).unwrap_or_default().to_owned();
        let fact = (source.to_owned(), digest.to_owned(), rule, int_at(columns.sub, row).unwrap_or_default());
        let here = self.here.entry(fact.clone()).or_default();
        *here += 1;
        let most = self.most.entry(fact).or_default();
        let repeats = *here <= *most;
        *most = (*most).max(*here);
        repeats
    }
}
