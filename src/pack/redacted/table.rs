//! A table without what is withheld.

use polars::prelude::*;

use crate::pack::redacted::RedactError;
use crate::pack::redacted::cover::{Cover, Withheld};
use crate::pack::redacted::rule::of_column;

/// A table as the run made it, its rows in the order of what stands for their first value.
#[derive(Debug)]
pub(super) struct Ordered {
    name: String,
    frame: DataFrame,
}

impl Ordered {
    /// Puts the rows of `frame` in an order that says nothing about withheld values.
    pub(super) fn of(name: &str, frame: &DataFrame, cover: &Cover) -> Result<Self, RedactError> {
        let order = |cause| RedactError::Order { table: name.to_owned(), cause };
        let first = frame.columns().iter().find(|column| column.dtype().is_string());
        let frame = match first {
            None => frame.clone(),
            Some(first) => {
                let texts = first.as_materialized_series().str().map_err(order)?.clone();
                let mut rows: Vec<(Option<String>, usize)> = (0..frame.height())
                    .map(|row| (texts.get(row).map(|text| cover.key().pseudonym(text)), row))
                    .collect();
                rows.sort();
                let index: Vec<IdxSize> = rows
                    .into_iter()
                    .map(|(_, row)| {
                        IdxSize::try_from(row).expect("a frame has as many rows as its index counts")
                    })
                    .collect();
                frame.take(&IdxCa::from_vec("row".into(), index)).map_err(order)?
            }
        };
        Ok(Self { name: name.to_owned(), frame })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the table as it goes into the pack.
    pub(super) fn redacted(&self, cover: &Cover) -> Result<DataFrame, RedactError> {
        let mut columns = Vec::with_capacity(self.frame.width());
        for column in self.frame.columns() {
            columns.push(match column.dtype() {
                DataType::Int64 | DataType::Boolean => column.clone(),
                DataType::String => {
                    let rule = of_column(column.name());
                    let texts = self.texts(column)?;
                    let shown: Vec<Option<String>> = texts
                        .iter()
                        .map(|text| {
                            text.map(|text| {
                                cover.decide(rule, text).map_or_else(|| text.to_owned(), |gone| gone.shown)
                            })
                        })
                        .collect();
                    Column::new(column.name().clone(), shown)
                }
                other => {
                    let why = format!("column `{}` has type {other}", column.name());
                    return Err(RedactError::Table { table: self.name.clone(), why });
                }
            });
        }
        DataFrame::new(self.frame.height(), columns)
            .map_err(|cause| RedactError::Order { table: self.name.clone(), cause })
    }

    /// Calls `each` with every withheld value: row as the pack names it and as salts name it, column, and both texts.
    pub(super) fn each<E>(
        &self,
        cover: &Cover,
        mut each: impl FnMut(Cell<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let texts = |column: &Column| column.as_materialized_series().str().ok().cloned();
        let events = self.frame.column("event_id").ok().and_then(texts);
        for column in self.frame.columns() {
            let Some(values) = texts(column) else { continue };
            let rule = of_column(column.name());
            for row in 0..self.frame.height() {
                let Some(value) = values.get(row) else { continue };
                let Some(Withheld { class, .. }) = cover.decide(rule, value) else { continue };
                let (shown, salted) = match events.as_ref().and_then(|events| events.get(row)) {
                    Some(event) => (cover.key().pseudonym(event), event.to_owned()),
                    None => (row.to_string(), format!("row {row}")),
                };
                each(Cell {
                    class,
                    table: &self.name,
                    row: &shown,
                    event: &salted,
                    column: column.name(),
                    value,
                })?;
            }
        }
        Ok(())
    }

    fn texts<'a>(&self, column: &'a Column) -> Result<Vec<Option<&'a str>>, RedactError> {
        let texts = column
            .as_materialized_series()
            .str()
            .map_err(|cause| RedactError::Order { table: self.name.clone(), cause })?;
        Ok(texts.iter().collect())
    }
}

/// A withheld value, and where it stood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell<'a> {
    pub(super) class: &'static str,
    pub(super) table: &'a str,
    pub(super) row: &'a str,
    pub(super) event: &'a str,
    pub(super) column: &'a str,
    pub(super) value: &'a str,
}
