//! The tests' own tests: small tables and the states that a test must give on them.
//!
//! Each file of a test's `cases/` is one case, named after what it shows: `fail_`, `pass_`, `boundary_`,
//! `untestable_`, `pending_`, `no_occurrence_`. `defaults.toml` beside them gives every row of a table the values
//! that do not matter; a row lists under `null` those that it takes back.

use std::collections::BTreeMap;

use polars::prelude::*;
use serde::Deserialize;

use super::definition::Test;
use super::error::ControlError;
use super::item;
use super::library::Library;
use super::parameter::RUN_COLUMNS;
use super::portable::PARAM;
use super::query::Tables;
use crate::column::ColumnType;
use crate::table::{Schema, schemas};

/// The start of the period in a case that states none.
const PERIOD_START_MS: i64 = 0;
/// The end of the period, and as-of, in a case that states none.
const PERIOD_END_MS: i64 = 1_000_000_000;

/// Names a row's columns that take no default.
const NULL: &str = "null";

/// What a case's name starts with, and the state that its items must then have.
const KINDS: &[&str] = &["fail_", "pass_", "boundary_", "untestable_", "pending_", "no_occurrence_"];

/// Kinds of which every test has at least one case.
const REQUIRED: &[&str] = &["fail_", "pass_", "boundary_", "untestable_", "no_occurrence_"];

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    why: String,
    #[serde(default)]
    param: BTreeMap<String, i64>,
    #[serde(default)]
    table: BTreeMap<String, Vec<toml::Table>>,
    expect: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Defaults {
    #[serde(default)]
    table: BTreeMap<String, toml::Table>,
}

/// One case of a test.
#[derive(Clone, Debug)]
pub struct Case {
    /// Test it belongs to.
    pub test: String,
    /// Name, such as `fail_no_decision`.
    pub name: String,
    /// What it shows.
    pub why: String,
    /// The tables, `param` included.
    pub tables: Tables,
    /// State per subject: `ok`, `exception: <reason>`, `untestable:<column>`, or `pending:<what>`.
    pub expect: BTreeMap<String, String>,
}

/// Reads the cases of `test`, by name.
///
/// # Errors
///
/// Says which file is wrong: its form, an unknown table or column, or a name that does not fit what it expects.
pub fn cases(library: &Library, test: &Test) -> Result<Vec<Case>, ControlError> {
    let folder = format!("{}/cases/", test.folder());
    let defaults_path = format!("{folder}defaults.toml");
    let defaults: Defaults = match library.files().get(&defaults_path) {
        Some(bytes) => parse(&defaults_path, bytes)?,
        None => Defaults::default(),
    };
    library
        .files()
        .iter()
        .filter(|(path, _)| **path != defaults_path)
        .filter_map(|(path, bytes)| Some((path, path.strip_prefix(&folder)?, bytes)))
        .map(|(path, name, bytes)| {
            let Some(name) = name.strip_suffix(".toml") else {
                return Err(ControlError::invalid(path, "expected one TOML file per case"));
            };
            let file: CaseFile = parse(path, bytes)?;
            fits_its_name(path, name, &file.expect)?;
            Ok(Case {
                test: test.id.clone(),
                name: name.to_owned(),
                tables: tables(library, path, &file, &defaults)?,
                why: file.why,
                expect: file.expect,
            })
        })
        .collect()
}

/// Refuses a test that lacks a case of some kind: one that was never seen to find anything shows nothing.
///
/// # Errors
///
/// [`ControlError::NoCase`], which names the kinds.
pub fn all_kinds(test: &Test, cases: &[Case]) -> Result<(), ControlError> {
    let missing: Vec<&str> = REQUIRED
        .iter()
        .copied()
        .filter(|kind| !cases.iter().any(|case| case.name.starts_with(kind)))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(ControlError::NoCase { test: test.id.clone(), missing: missing.join(", ") })
}

/// Runs a case and returns what differs, as lines for people; none where it gives what it expects.
///
/// # Errors
///
/// As [`item::evaluate`].
pub fn differences(test: &Test, case: &Case) -> Result<Vec<String>, ControlError> {
    let evaluation = item::evaluate(test, &case.tables)?;
    let found: BTreeMap<String, String> =
        evaluation.described().map(|(subject, state)| (subject.to_owned(), state.into_owned())).collect();
    let mut lines = Vec::new();
    for (subject, expected) in &case.expect {
        match found.get(subject) {
            None => lines.push(format!("{subject}: expected `{expected}`, found no item")),
            Some(found) if found != expected => {
                lines.push(format!("{subject}: expected `{expected}`, found `{found}`"));
            }
            Some(_) => {}
        }
    }
    for (subject, found) in found.iter().filter(|(subject, _)| !case.expect.contains_key(*subject)) {
        lines.push(format!("{subject}: expected no item, found `{found}`"));
    }
    Ok(lines)
}

fn parse<T: for<'de> Deserialize<'de>>(path: &str, bytes: &[u8]) -> Result<T, ControlError> {
    let text = std::str::from_utf8(bytes).map_err(|error| ControlError::invalid(path, error.to_string()))?;
    toml::from_str(text).map_err(|error| ControlError::invalid(path, error.to_string()))
}

fn fits_its_name(path: &str, name: &str, expect: &BTreeMap<String, String>) -> Result<(), ControlError> {
    let with = |prefix: &str| expect.values().filter(|state| state.starts_with(prefix)).count();
    let Some(kind) = KINDS.iter().find(|kind| name.starts_with(*kind)) else {
        let detail = format!("expected a name that starts with one of {}", KINDS.join(", "));
        return Err(ControlError::invalid(path, detail));
    };
    let fits = match *kind {
        "fail_" => with("exception: ") > 0,
        "pass_" => !expect.is_empty() && with("ok") == expect.len(),
        "untestable_" => with("untestable:") > 0,
        "pending_" => with("pending:") > 0,
        "no_occurrence_" => expect.is_empty(),
        _ => !expect.is_empty(),
    };
    if fits {
        Ok(())
    } else {
        Err(ControlError::invalid(path, format!("what it expects does not fit its name, `{kind}`")))
    }
}

fn tables(
    library: &Library,
    path: &str,
    file: &CaseFile,
    defaults: &Defaults,
) -> Result<Tables, ControlError> {
    let schemas = schemas();
    let known = || schemas.iter().map(|schema| schema.table);
    for name in file.table.keys().chain(defaults.table.keys()) {
        if !known().any(|table| table == name) {
            return Err(ControlError::unknown(path, "table", name, known()));
        }
    }
    let mut tables = Tables::new();
    for schema in &schemas {
        let rows = file.table.get(schema.table).map_or(&[][..], Vec::as_slice);
        let frame = frame(path, schema, rows, defaults.table.get(schema.table))?;
        tables.insert(schema.table, frame);
    }
    tables.insert(PARAM, param(library, path, &file.param)?);
    Ok(tables)
}

fn frame(
    path: &str,
    schema: &Schema,
    rows: &[toml::Table],
    defaults: Option<&toml::Table>,
) -> Result<DataFrame, ControlError> {
    let known = || schema.columns.iter().map(|column| column.name);
    for name in rows.iter().chain(defaults).flat_map(toml::Table::keys) {
        if name != NULL && !known().any(|column| column == name) {
            return Err(ControlError::unknown(path, "column", name, known()));
        }
    }
    let value = |row: &toml::Table, name: &str| -> Option<toml::Value> {
        let taken_back = row
            .get(NULL)
            .and_then(toml::Value::as_array)
            .is_some_and(|names| names.iter().any(|null| null.as_str() == Some(name)));
        if taken_back {
            return None;
        }
        row.get(name).or_else(|| defaults.and_then(|defaults| defaults.get(name))).cloned()
    };
    let wrong = |name: &str, value: &toml::Value| {
        let detail = format!("`{}.{name}` cannot hold `{value}`", schema.table);
        ControlError::invalid(path, detail)
    };
    let columns = schema
        .columns
        .iter()
        .map(|column| {
            let name = column.name;
            let values = rows.iter().map(|row| value(row, name));
            Ok(match column.ty {
                ColumnType::Text => cells(name, values, |value| value.as_str().map(str::to_owned), wrong)?,
                ColumnType::Int => cells(name, values, toml::Value::as_integer, wrong)?,
                ColumnType::Flag => cells(name, values, toml::Value::as_bool, wrong)?,
            })
        })
        .collect::<Result<Vec<Column>, ControlError>>()?;
    Ok(DataFrame::new(rows.len(), columns).expect("columns of one table have distinct names and one height"))
}

/// Makes a column of one type from values of TOML.
fn cells<T>(
    name: &'static str,
    values: impl Iterator<Item = Option<toml::Value>>,
    read: impl Fn(&toml::Value) -> Option<T>,
    wrong: impl Fn(&str, &toml::Value) -> ControlError,
) -> Result<Column, ControlError>
where
    Series: NamedFrom<Vec<Option<T>>, [Option<T>]>,
{
    let values = values
        .map(|value| match value {
            None => Ok(None),
            Some(value) => read(&value).map(Some).ok_or_else(|| wrong(name, &value)),
        })
        .collect::<Result<Vec<Option<T>>, ControlError>>()?;
    Ok(Series::new(name.into(), values).into())
}

/// Returns `param`: the base profile, the case's own values over it.
fn param(library: &Library, path: &str, own: &BTreeMap<String, i64>) -> Result<DataFrame, ControlError> {
    let mut values: BTreeMap<String, i64> =
        library.profile("base")?.into_iter().map(|parameter| (parameter.column, parameter.value)).collect();
    for (&column, value) in RUN_COLUMNS.iter().zip([PERIOD_START_MS, PERIOD_END_MS, PERIOD_END_MS]) {
        values.insert(column.to_owned(), value);
    }
    for (column, value) in own {
        if values.insert(column.clone(), *value).is_none() {
            let known = values.keys().filter(|known| *known != column).map(String::as_str);
            return Err(ControlError::unknown(path, "parameter", column, known));
        }
    }
    let columns = values.into_iter().map(|(name, value)| Column::new(name.into(), [value])).collect();
    Ok(DataFrame::new(1, columns).expect("parameters have distinct names and one row"))
}
