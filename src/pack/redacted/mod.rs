//! A pack without what belongs to the withheld classes, made from a run: `docs/formats/redacted-pack.md`.
//!
//! In: a report and its tables. Out: both without every value that no rule lets stay ([`redact`]), and the list of
//! commitments to what is gone ([`Redacted::list`]). What the rules do not name is withheld.

mod cover;
mod key;
mod list;
mod report;
mod rule;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::{DataFrame, PolarsError};
use thiserror::Error;

use self::cover::Cover;
use self::report::Place;
use self::table::Ordered;
use crate::case::Tables;
use crate::digest::Digest;
use crate::report::model::Report;

pub use self::key::{KEY_BYTES, RedactionKey};
pub use self::rule::Class;

/// Why a pack cannot be redacted.
#[derive(Debug, Error)]
pub enum RedactError {
    /// A table holds what no rule covers. This is a bug in the tool.
    #[error("table `{table}` cannot be redacted: {why}")]
    Table {
        /// Table.
        table: String,
        /// What was found.
        why: String,
    },
    /// A table could not be put in order. This is a bug in the tool.
    #[error("table `{table}` cannot be put in order")]
    Order {
        /// Table.
        table: String,
        /// Why.
        #[source]
        cause: PolarsError,
    },
    /// The report lost its shape. This is a bug in the tool.
    #[error("the redacted report is no report")]
    Shape(#[source] serde_json::Error),
    /// A withheld value stands in a text that stays. The user can fix this.
    #[error("a withheld value still stands in {place}, and nothing was written")]
    Stands {
        /// Where, in words; never the value.
        place: String,
    },
}

impl RedactError {
    /// Returns what to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Stands { .. } => Some(
                "rename the source, system, entity, or control of the workspace that holds it, and make the first pack again"
                    .to_owned(),
            ),
            _ => Some("report this, with the names of the table and the column".to_owned()),
        }
    }
}

/// What is made from.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    /// The report.
    pub report: &'a Report,
    /// Its results digest.
    pub results: Digest,
    /// The tables.
    pub tables: &'a Tables,
    /// The queries of the tests; null where the workspace replaced or added one, so that they are no public text.
    pub queries: Option<&'a str>,
}

/// A report and its tables without what is withheld.
#[derive(Debug)]
pub struct Redacted {
    /// The report.
    pub report: Report,
    /// The tables, by name.
    pub tables: BTreeMap<String, DataFrame>,
    cover: Cover,
    ordered: Vec<Ordered>,
    places: Vec<Place>,
    results: Digest,
}

/// Withholds `classes` from `original`, with pseudonyms and salts under `key`.
///
/// # Errors
/// [`RedactError`]; nothing was written then.
pub fn redact(
    original: Original<'_>,
    classes: &BTreeSet<Class>,
    key: RedactionKey,
) -> Result<Redacted, RedactError> {
    let mut cover = Cover::new(&original, classes, key);
    let (report, places) = report::redact(&original, &mut cover)?;
    let ordered: Vec<Ordered> = original
        .tables
        .iter()
        .map(|(name, frame)| Ordered::of(name, frame, &cover))
        .collect::<Result<_, _>>()?;
    let mut tables = BTreeMap::new();
    for table in &ordered {
        tables.insert(table.name().to_owned(), table.redacted(&cover)?);
    }
    cover.refuse_standing(&crate::report::json::to_bytes(&report), "the report")?;
    if let Some(queries) = original.queries {
        cover.refuse_standing(queries.as_bytes(), "the queries of the tests")?;
    }
    Ok(Redacted { report, tables, cover, ordered, places, results: original.results })
}

impl Redacted {
    /// Returns what stands for the id `value`.
    pub fn pseudonym(&self, value: &str) -> String {
        self.cover.key().pseudonym(value)
    }

    /// Returns the words of what is withheld, in order.
    pub fn withheld(&self) -> Vec<&'static str> {
        self.cover.withheld()
    }
}
