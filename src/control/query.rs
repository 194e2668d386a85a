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

/// The stack of a query's thread: the longest shipped query, unoptimised, needs less than an eighth of it.
const STACK_BYTES: usize = 64 << 20;

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
    let mut frames = Vec::with_capacity(reads.len());
    for table in reads {
        let frame = match tables.get(table.as_str()) {
            Some(frame) => frame.clone(),
            None => empty(table).ok_or_else(|| ControlError::Query {
                path: path.to_owned(),
                detail: format!("no table `{table}`"),
            })?,
        };
        frames.push((table.as_str(), spread(frame, sql)));
    }
    on_deep_stack(|| execute(sql, frames))
        .map_err(|error| ControlError::Query { path: path.to_owned(), detail: error.to_string() })
}

/// Spreads out the columns of one value that a query names, so that the engine reads plain columns. For the others one
/// value stands as long as the query runs: most columns of most tables are empty.
fn spread(mut frame: DataFrame, sql: &str) -> DataFrame {
    let named =
        |column: &&Column| matches!(column, Column::Scalar(_)) && sql.contains(column.name().as_str());
    let plain: Vec<Column> = frame
        .columns()
        .iter()
        .filter(named)
        .map(|column| column.clone().take_materialized_series().into_column())
        .collect();
    for column in plain {
        frame.with_column(column).expect("a column of the frame's own height and name");
    }
    frame
}

fn execute(sql: &str, frames: Vec<(&str, DataFrame)>) -> PolarsResult<DataFrame> {
    let mut context = SQLContext::new();
    for (table, frame) in frames {
        context.register(table, frame.lazy());
    }
    context.execute(sql)?.collect()
}

/// Runs `work` on a thread of its own with a deep stack.
///
/// Polars plans a query by recursion. A caller on a rayon thread would nest further queries on the same stack while
/// it waits for Polars' pool, and overflow it.
fn on_deep_stack<T: Send>(work: impl FnOnce() -> PolarsResult<T> + Send) -> PolarsResult<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("query".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, work)?;
        match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
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
