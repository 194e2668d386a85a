//! The rows of tests that have no exceptions: indicators, whose rows a person must judge, and evidence-quality tests, whose rows
//! limit what rests on them.

use std::collections::{BTreeMap, BTreeSet};

use super::place::{Place, rows_where};
use crate::case::Tables;
use crate::clock::Moment;
use crate::column::FrameReader;
use crate::control::definition::{Kind, Test};
use crate::control::item::{Evaluation, Item, State};
use crate::control::library::Library;
use crate::integrity::verdict::Grade;
use crate::report::model::Noted;
use crate::table::{ExpectedSource, IntegrityRow};

/// Rows listed of one test. The test's own count is always complete, and `items.csv` has every row.
const MAX_ROWS: usize = 10_000;

/// Returns the tests of `kind` with their rows, by id; of each test the first [`MAX_ROWS`] by key.
fn rows<'a>(
    library: &'a Library,
    evaluations: &'a BTreeMap<String, Evaluation>,
    kind: Kind,
) -> impl Iterator<Item = (&'a Test, &'a Item)> {
    let tests = library.tests.values().filter(move |test| test.kind == kind);
    tests.filter_map(|test| Some((test, evaluations.get(&test.id)?))).flat_map(|(test, evaluation)| {
        // `waiver::file` refuses a waiver for these kinds, so no row of them is accepted.
        evaluation.with(State::Exception).take(MAX_ROWS).map(move |item| (test, item))
    })
}

/// Returns the events that rows of both kinds stand for, so that they can be placed.
pub(super) fn events<'a>(
    library: &'a Library,
    evaluations: &'a BTreeMap<String, Evaluation>,
) -> BTreeSet<&'a str> {
    [Kind::Indicator, Kind::EvidenceQuality]
        .into_iter()
        .flat_map(|kind| rows(library, evaluations, kind))
        .map(|(_, item)| item.subject_id.as_str())
        .collect()
}

/// Returns the rows of every test of `kind`, by test, time, and key.
///
/// A row whose subject is a record names its object and line. One that stands for several, such as a reviewer or a pair, has none;
/// its facts say how many, and whose.
pub(super) fn noted(
    library: &Library,
    evaluations: &BTreeMap<String, Evaluation>,
    kind: Kind,
    tables: &Tables,
    places: &BTreeMap<String, Place>,
) -> Vec<Noted> {
    let found: Vec<(&Test, &Item)> = rows(library, evaluations, kind).collect();
    let wanted = |table: &str| -> BTreeSet<&str> {
        let of_table = found.iter().filter(|(test, _)| test.subject == table);
        of_table.map(|(_, item)| item.subject_id.as_str()).collect()
    };
    let ranges = integrity(tables, &wanted("integrity"));
    let logs = expected(tables, &wanted("expected_source"));
    let mut noted: Vec<Noted> = found
        .into_iter()
        .map(|(test, item)| {
            let key = item.subject_id.as_str();
            let place = match test.subject.as_str() {
                "integrity" => ranges.get(key),
                "expected_source" => logs.get(key),
                _ => places.get(key),
            };
            row(test, item, place)
        })
        .collect();
    noted.sort_by(|a, b| (&a.test, a.time, &a.item).cmp(&(&b.test, b.time, &b.item)));
    noted
}

fn row(test: &Test, item: &Item, place: Option<&Place>) -> Noted {
    let place = place.cloned().unwrap_or_else(|| Place::of_subject(&item.subject_id));
    Noted {
        test: test.id.clone(),
        item: item.subject_id.clone(),
        subject: test.subject.clone(),
        source: place.source,
        native_id: place.native_id,
        object: place.object,
        line: place.line,
        time: place.ts_ms.map(Moment::from_ms),
        reason: item.reason.clone(),
        facts: item.facts.clone(),
    }
}

/// Looks up records and ranges of the `integrity` table.
fn integrity(tables: &Tables, wanted: &BTreeSet<&str>) -> BTreeMap<String, Place> {
    let Some(frame) = tables.get("integrity").filter(|_| !wanted.is_empty()) else { return BTreeMap::new() };
    let reader = FrameReader::<IntegrityRow>::new(frame);
    let rows = rows_where(frame, "integrity_id", |id| wanted.contains(id)).into_iter();
    rows.map(|index| {
        let row = reader.row(index);
        let id = row.integrity_id.unwrap_or_default();
        let place = Place {
            source: row.source_id.unwrap_or_default(),
            native_id: id.clone(),
            object: row.object.unwrap_or_default(),
            line: row.line.and_then(|line| u64::try_from(line).ok()).unwrap_or_default(),
            grade: row.grade.as_deref().and_then(Grade::from_word).unwrap_or(Grade::None),
            ts_ms: row.ts_ms,
        };
        (id, place)
    })
    .collect()
}

/// Looks up logs of the `expected_source` table, which lie in no one object.
fn expected(tables: &Tables, wanted: &BTreeSet<&str>) -> BTreeMap<String, Place> {
    let Some(frame) = tables.get("expected_source").filter(|_| !wanted.is_empty()) else {
        return BTreeMap::new();
    };
    let reader = FrameReader::<ExpectedSource>::new(frame);
    let rows = rows_where(frame, "expected_id", |id| wanted.contains(id)).into_iter();
    rows.map(|index| {
        let row = reader.row(index);
        let id = row.expected_id.unwrap_or_default();
        let source = row.source_id.unwrap_or_default();
        let place = Place { source, ..Place::of_subject(&id) };
        (id, place)
    })
    .collect()
}
