//! Several files to one roster: hand-written rows first, then directory exports in the order listed.
//!
//! The result is text in the two formats that a pack keeps, `people.csv` and `reviewers.csv`, so that a run from a
//! workspace and a run from its pack read the same roster, and no export with all that it says of people is packed.

use serde::Serialize;

use super::error::RosterError;
use super::export::{self, Export};
use super::people;
use crate::digest::Digest;

/// A file that the workspace lists under `people`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeopleFile {
    /// Path, relative to the workspace.
    pub path: String,
    /// Namespace of a directory's own ids.
    pub ns: Option<String>,
    /// Kind of the users whose type a directory does not state.
    pub kind: Option<String>,
}

/// The roster as texts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Gathered {
    /// The rows, as `people.csv`.
    pub people: String,
    /// The reviewers' authority, where a file of its own states it.
    pub reviewers: Option<String>,
    /// Which files the rows come from, as JSON, where `people.csv` is not the only one.
    pub origins: Option<String>,
}

/// One file behind a gathered roster.
#[derive(Serialize)]
struct Origin<'a> {
    file: &'a str,
    sha256: Digest,
    rows: usize,
}

enum Format {
    People,
    Reviewers,
    Export,
}

/// Gathers the files, each with its text.
///
/// # Errors
///
/// When a file is no roster, or not what its format says.
pub fn gather(files: &[(PeopleFile, String)]) -> Result<Gathered, RosterError> {
    let mut gathered = Gathered::default();
    let mut rows = Vec::new();
    let mut origins = Vec::new();
    let mut own = Vec::new();
    for (file, text) in files {
        match format(text) {
            Format::People => own.push((file, text)),
            Format::Reviewers => {
                super::reviewers::parse(text, &file.path)?;
                let all = gathered.reviewers.get_or_insert_with(String::new);
                // One header for all files.
                let body =
                    if all.is_empty() { text } else { text.split_once('\n').map_or("", |split| split.1) };
                all.push_str(body);
                if !all.ends_with('\n') {
                    all.push('\n');
                }
            }
            Format::Export => {}
        }
    }
    // One roster alone is packed as it was written.
    if let ([(file, text)], 1) = (own.as_slice(), files.len() - usize::from(gathered.reviewers.is_some())) {
        people::parse(text, &file.path)?;
        gathered.people = (*text).clone();
        return Ok(gathered);
    }
    for (file, text) in &own {
        let found = people::parse(text, &file.path)?;
        origins.push(Origin { file: &file.path, sha256: Digest::of(text.as_bytes()), rows: found.len() });
        rows.extend(found);
    }
    for (file, text) in files.iter().filter(|(_, text)| matches!(format(text), Format::Export)) {
        let before = rows.len();
        let (ns, kind) = (file.ns.as_deref(), file.kind.as_deref());
        export::add(Export { path: &file.path, text, ns, kind }, &mut rows)?;
        let rows = rows.len() - before;
        origins.push(Origin { file: &file.path, sha256: Digest::of(text.as_bytes()), rows });
    }
    gathered.people = people::print(&rows);
    gathered.origins =
        Some(serde_json::to_string_pretty(&origins).expect("texts and numbers are JSON") + "\n");
    Ok(gathered)
}

/// Tells the formats apart: a CSV by its header, an export by being JSON or a CSV with another one.
fn format(text: &str) -> Format {
    let header = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
    let columns: Vec<&str> = header.split(',').map(|column| column.trim().trim_matches('"')).collect();
    if columns.contains(&"person") && columns.contains(&"group") {
        Format::Reviewers
    } else if columns.contains(&"person") || (columns.contains(&"ns") && columns.contains(&"id")) {
        Format::People
    } else {
        Format::Export
    }
}
