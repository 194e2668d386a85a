//! What stands in a pack: every value of its tables, and every reading of its files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use countersign::report::model::Report;
use polars::prelude::*;
use serde_json::Value;

pub(super) fn report(pack: &Path) -> Report {
    serde_json::from_slice(&fs::read(pack.join("data/01_report.json")).unwrap()).unwrap()
}

pub(super) fn table(pack: &Path, name: &str) -> DataFrame {
    let path = pack.join(format!("data/04_population/tables/{name}.parquet"));
    ParquetReader::new(File::open(path).unwrap()).finish().unwrap()
}

pub(super) fn texts(frame: &DataFrame, column: &str) -> Vec<Option<String>> {
    let series = frame.column(column).unwrap().as_materialized_series().clone();
    series.str().unwrap().iter().map(|text| text.map(str::to_owned)).collect()
}

/// Every file of `folder`, by path.
pub(super) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    found
}

/// The bytes of a file as they lie there, and as whoever unpacks it reads them. `entity` stands on the cover of the report.
pub(super) fn readings(path: &Path, bytes: Vec<u8>, entity: &str) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    match path.extension().and_then(|end| end.to_str()) {
        Some("parquet") => {
            let frame = ParquetReader::new(std::io::Cursor::new(bytes.clone())).finish().unwrap();
            for column in frame.columns().iter().filter(|column| column.dtype() == &DataType::String) {
                let held = texts(&frame, column.name());
                all.push(held.into_iter().flatten().collect::<Vec<_>>().join("\n").into_bytes());
            }
        }
        Some("pdf") => {
            let mut document = lopdf::Document::load_mem(&bytes).unwrap();
            let pages: Vec<u32> = document.get_pages().keys().copied().collect();
            let shown = document.extract_text(&pages).unwrap();
            assert!(shown.contains(entity), "the text of the PDF can be read");
            all.push(shown.into_bytes());
            document.decompress();
            for object in document.objects.values() {
                if let Ok(stream) = object.as_stream() {
                    all.push(stream.content.clone());
                }
            }
        }
        Some("json") if path.ends_with("statement.dsse.json") => {
            let envelope: Value = serde_json::from_slice(&bytes).unwrap();
            let payload = envelope["payload"].as_str().unwrap();
            all.push(base64::engine::general_purpose::STANDARD.decode(payload).unwrap());
        }
        _ => {}
    }
    all.push(bytes);
    all
}

/// Columns of what `people` covers.
pub(super) const PEOPLE: [&str; 9] = [
    "actor_id",
    "actor_ns",
    "principal_id",
    "owner_principal_id",
    "reviewer_id",
    "reviewer_ns",
    "reviewer_principal_id",
    "on_behalf_of",
    "delegates",
];

/// Columns of what `resources` covers.
pub(super) const RESOURCES: [&str; 5] = ["resource_id", "resource_group", "env", "data_class", "destination"];

/// Columns of what is withheld whatever is asked for.
pub(super) const ALWAYS: [&str; 20] = [
    "origin",
    "target_id",
    "reason",
    "action_name",
    "ticket_ref",
    "parameters",
    "command_digest",
    "content_digest",
    "policy_digest",
    "shown_digest",
    "artefact_digest",
    "agent_config_digest",
    "event_id",
    "request_id",
    "decision_id",
    "execution_id",
    "native_id",
    "session_id",
    "case_id",
    "object",
];

/// Every value of `columns` in the tables of a pack.
pub(super) fn held(pack: &Path, columns: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(pack.join("data/04_population/tables")).unwrap() {
        let name = entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        let frame = table(pack, &name);
        for column in columns {
            if frame.column(column).is_ok_and(|held| held.dtype() == &DataType::String) {
                found.extend(texts(&frame, column).into_iter().flatten());
            }
        }
    }
    found
}

/// Ids, names, and addresses of the roster.
pub(super) fn named(roster: &Path) -> BTreeSet<String> {
    let mut roster = csv::Reader::from_path(roster).unwrap();
    let rows = roster.records().map(Result::unwrap);
    rows.flat_map(|row| [0, 1, 5].map(|index| row[index].to_owned())).collect()
}

/// Leaves out what stands in any report: names that the workspace gave, words of our own that somebody used as the name of
/// an action, and what is too short to tell.
pub(super) fn telling(pack: &Path, mut found: BTreeSet<String>) -> Vec<String> {
    let report = report(pack);
    let own = ["not logged", "database session"];
    found.retain(|value| {
        value.chars().count() > 5
            && !value.bytes().all(|b| b.is_ascii_lowercase())
            && !own.contains(&value.as_str())
            && *value != report.system
            && !report.sources.iter().any(|source| source.id == *value)
    });
    found.into_iter().collect()
}

/// Files of a pack in which a value of `planted` stands, with some of them.
pub(super) fn standing(pack: &Path, planted: &[String]) -> Vec<(String, Vec<String>)> {
    let finder = AhoCorasick::new(planted).unwrap();
    let entity = report(pack).entity;
    let mut hits = Vec::new();
    for (path, bytes) in files(pack) {
        for reading in readings(&path, bytes, &entity) {
            let found: BTreeSet<&str> =
                finder.find_iter(&reading).map(|hit| planted[hit.pattern().as_usize()].as_str()).collect();
            if !found.is_empty() {
                let file = path.strip_prefix(pack).unwrap().display().to_string();
                hits.push((file, found.into_iter().map(str::to_owned).take(5).collect::<Vec<_>>()));
            }
        }
    }
    hits
}
