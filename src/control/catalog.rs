//! Frameworks: the complete list of control ids of each, in our own words, with how far approval logs reach.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::error::ControlError;

/// The value of `schema` in a file of catalogues.
pub const SCHEMA: &str = "countersign/catalogs/1";

/// How far approval logs reach on a control, least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// They say nothing about it.
    None,
    /// They give background only.
    Context,
    /// They show a part of it.
    Partial,
    /// They show its operation.
    Direct,
}

impl Reach {
    /// Returns the word used in files and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Context => "context",
            Self::Partial => "partial",
            Self::Direct => "direct",
        }
    }
}

/// A framework's entry in a file of catalogues.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    name: String,
    publisher: String,
    file: String,
    id_pattern: String,
    count: usize,
    direct: usize,
    partial: usize,
    context: usize,
    none: usize,
    text: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogsFile {
    schema: String,
    #[serde(default)]
    catalog: Vec<Entry>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    title: String,
    group: String,
    reach: Reach,
    can_show: String,
    #[serde(default)]
    aliases: String,
    #[serde(default)]
    baselines: String,
}

/// A framework with all of its controls, in its own order.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// Id, such as `iso27001-2022`.
    pub id: String,
    /// Name and edition.
    pub name: String,
    /// Who publishes it.
    pub publisher: String,
    /// Whose the wording is.
    pub text: String,
    /// Its controls.
    pub controls: Vec<CatalogControl>,
}

/// One control of a framework.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CatalogControl {
    /// Qualified id, such as `iso27001-2022:A.5.3`.
    pub id: String,
    /// Our own wording.
    pub title: String,
    /// Group within the framework.
    pub group: String,
    /// How far approval logs reach.
    pub reach: Reach,
    /// What approval logs can show about it.
    pub can_show: String,
    /// Other ways to write its id.
    pub aliases: Vec<String>,
    /// Baselines of the framework that hold it; empty where the framework has none.
    pub baselines: BTreeSet<String>,
}

impl Catalog {
    /// Returns the baselines that its controls name.
    pub fn baselines(&self) -> BTreeSet<&str> {
        self.controls.iter().flat_map(|control| &control.baselines).map(String::as_str).collect()
    }

    /// Returns the framework of `rows`, for one that no file of catalogues declares: its ids have no pattern.
    ///
    /// # Errors
    ///
    /// As [`parse`], of the table.
    pub(super) fn bare(id: &str, about: About, table: &str, rows: &str) -> Result<Self, ControlError> {
        let pattern = about.id_pattern.as_deref().unwrap_or(".+");
        let controls = controls(id, pattern, table, rows)?;
        if about.count != controls.len() {
            let detail = format!("expected {} controls in `{table}`, found {}", about.count, controls.len());
            return Err(ControlError::invalid(table, detail));
        }
        Ok(Self {
            id: id.to_owned(),
            name: about.name,
            publisher: about.publisher.unwrap_or_default(),
            text: about.text.unwrap_or_default(),
            controls,
        })
    }
}

/// What a mapping says of a framework that no file of catalogues declares.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct About {
    name: String,
    count: usize,
    id_pattern: Option<String>,
    publisher: Option<String>,
    text: Option<String>,
}

/// Reads the catalogues that `text` declares; `read` returns a file by its path below `controls/`.
///
/// # Errors
///
/// Says which file is wrong: its form, an id that does not fit the pattern or stands twice, or counts other than
/// those stated.
pub fn parse<'a>(
    path: &str,
    text: &str,
    read: impl Fn(&str) -> Result<&'a str, ControlError>,
) -> Result<Vec<Catalog>, ControlError> {
    let file: CatalogsFile =
        toml::from_str(text).map_err(|error| ControlError::invalid(path, error.to_string()))?;
    if file.schema != SCHEMA {
        let detail = format!("expected schema `{SCHEMA}`, found `{}`", file.schema);
        return Err(ControlError::invalid(path, detail).located(text));
    }
    file.catalog
        .into_iter()
        .map(|entry| {
            let table = format!("catalogs/{}", entry.file);
            let rows = read(&table).map_err(|error| error.located(text))?;
            let controls = controls(&entry.id, &entry.id_pattern, &table, rows)?;
            counts(&entry, path, &controls).map_err(|error| error.located(text))?;
            Ok(Catalog {
                id: entry.id,
                name: entry.name,
                publisher: entry.publisher,
                text: entry.text,
                controls,
            })
        })
        .collect()
}

fn controls(
    framework: &str,
    id_pattern: &str,
    table: &str,
    text: &str,
) -> Result<Vec<CatalogControl>, ControlError> {
    let pattern = regex::Regex::new(&format!("^(?:{id_pattern})$"))
        .map_err(|error| ControlError::invalid(table, error.to_string()))?;
    let list = |text: &str| {
        let names = text.split(';').map(str::trim).filter(|name| !name.is_empty());
        names.map(str::to_owned).collect::<Vec<String>>()
    };
    let mut controls: Vec<CatalogControl> = Vec::new();
    for (row, line) in csv::Reader::from_reader(text.as_bytes()).deserialize().zip(2..) {
        let invalid = |detail: String| ControlError::invalid(table, detail).at_line(line);
        let row: Row = row.map_err(|error: csv::Error| invalid(error.to_string()))?;
        if !pattern.is_match(&row.id) {
            return Err(invalid(format!("expected an id like `{id_pattern}`, found `{}`", row.id)));
        }
        if row.title.trim().is_empty() || row.group.trim().is_empty() || row.can_show.trim().is_empty() {
            return Err(invalid(format!("`{}` has an empty field", row.id)));
        }
        let id = format!("{framework}:{}", row.id);
        if controls.iter().any(|control| control.id == id) {
            return Err(invalid(format!("`{}` stands twice", row.id)));
        }
        controls.push(CatalogControl {
            id,
            title: row.title,
            group: row.group,
            reach: row.reach,
            can_show: row.can_show,
            aliases: list(&row.aliases),
            baselines: list(&row.baselines).into_iter().collect(),
        });
    }
    Ok(controls)
}

fn counts(entry: &Entry, path: &str, controls: &[CatalogControl]) -> Result<(), ControlError> {
    let with = |reach| controls.iter().filter(|control| control.reach == reach).count();
    for (what, expected, found) in [
        ("controls", entry.count, controls.len()),
        ("controls of reach direct", entry.direct, with(Reach::Direct)),
        ("controls of reach partial", entry.partial, with(Reach::Partial)),
        ("controls of reach context", entry.context, with(Reach::Context)),
        ("controls of reach none", entry.none, with(Reach::None)),
    ] {
        if expected != found {
            let detail = format!("expected {expected} {what} in `{}`, found {found}", entry.file);
            return Err(ControlError::invalid(path, detail));
        }
    }
    Ok(())
}
