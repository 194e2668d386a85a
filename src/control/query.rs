//! Runs one query over the published tables.
//!
//! The only module that touches Polars' SQL. It gets queries that [`super::portable`] has passed, because Polars
//! 0.55 answers some others silently wrong: a `LEFT JOIN` with more than equality in `ON` drops rows.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;
use polars::sql::SQLContext;

use super::error::ControlError;
use crate::column::ColumnType;
use crate::table::{Schema, schemas};

/// The frames that queries read, by table name. `param` is one of them.
pub type Tables = BTreeMap<&'static str, DataFrame>;

/// Runs `sql`, which reads `reads`, and returns its rows in no particular order.
///
/// A table of `reads` that `tables` lacks counts as empty, with every column.
///
/// # Errors
///
/// [`ControlError::Query`] where the engine refuses the query or a table lacks a column.
pub fn run(
    path: &str,
    sql: &str,
    reads: &BTreeSet<String>,
    tables: &Tables,
) -> Result<DataFrame, ControlError> {
    let mut context = SQLContext::new();
    for table in reads {
        let frame = match tables.get(table.as_str()) {
            Some(frame) => frame.clone(),
            None => empty(table).ok_or_else(|| ControlError::Query {
                path: path.to_owned(),
                detail: format!("no table `{table}`"),
            })?,
        };
        context.register(table, frame.lazy());
    }
    context
        .execute(sql)
        .and_then(LazyFrame::collect)
        .map_err(|error| ControlError::Query { path: path.to_owned(), detail: error.to_string() })
}

/// Returns a published table without rows.
pub fn empty(table: &str) -> Option<DataFrame> {
    schemas().into_iter().find(|schema| schema.table == table).map(|schema| empty_of(&schema))
}

fn empty_of(schema: &Schema) -> DataFrame {
    let column = |column: &crate::column::Column| {
        Column::new_empty(PlSmallStr::from_static(column.name), &dtype(column.ty))
    };
    DataFrame::new(0, schema.columns.iter().map(column).collect())
        .expect("columns of one table have distinct names")
}

/// Returns the Polars type of a column.
pub(crate) fn dtype(ty: ColumnType) -> DataType {
    match ty {
        ColumnType::Text => DataType::String,
        ColumnType::Int => DataType::Int64,
        ColumnType::Flag => DataType::Boolean,
    }
}
