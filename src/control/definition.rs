//! A control test: what it is for, in words, and its two queries.
//!
//! In: `test.toml`, `population.sql`, `exceptions.sql` of one folder of `controls/tests/`. Out: a [`Test`] whose
//! words and queries agree: the tables and parameters it declares are those that its queries read.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::error::ControlError;
use super::portable::{self, PARAM, Published};
use crate::digest::Digest;

/// The value of `schema` in `test.toml`.
pub const SCHEMA: &str = "countersign/control-test/1";

/// What the rows of a test are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Each row is an item where the control did not operate.
    Deviation,
    /// A person must judge each row.
    Indicator,
    /// Rows limit how far other results may be relied on.
    EvidenceQuality,
}

impl Kind {
    /// Returns the word used in files and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deviation => "deviation",
            Self::Indicator => "indicator",
            Self::EvidenceQuality => "evidence-quality",
        }
    }
}

/// How much an exception matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// To be looked at.
    Medium,
    /// To be looked at soon.
    High,
    /// To be looked at now.
    Critical,
}

impl Severity {
    /// Returns the word used in files and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Whether a test belongs to the set that `check` gates on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// An untestable item gates.
    Core,
    /// An untestable item is listed only.
    Extended,
}

/// `test.toml` as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TestFile {
    schema: String,
    id: String,
    slug: String,
    title: String,
    version: u32,
    tier: Tier,
    kind: Kind,
    severity: Severity,
    subject: String,
    subject_key: String,
    objective: String,
    predicate: String,
    reads: BTreeSet<String>,
    requires: BTreeSet<String>,
    parameters: BTreeSet<String>,
    relies_on: BTreeSet<String>,
    cannot_show: String,
    remedy: String,
}

/// A control test, ready to run.
#[derive(Clone, Debug)]
pub struct Test {
    /// Catalogue id, such as `AUTHZ-01`.
    pub id: String,
    /// Kebab-case name, such as `executed-without-approval`.
    pub slug: String,
    /// The compliant state, in one line.
    pub title: String,
    /// Raised with any change that can turn a result.
    pub version: u32,
    /// Whether it gates.
    pub tier: Tier,
    /// What its rows are.
    pub kind: Kind,
    /// How much a row matters.
    pub severity: Severity,
    /// Table of which one row is one item.
    pub subject: String,
    /// Column of that table that `subject_id` holds.
    pub subject_key: String,
    /// What the test is for.
    pub objective: String,
    /// What makes a row an exception, in words.
    pub predicate: String,
    /// Published tables that its queries read, without `param`.
    pub reads: BTreeSet<String>,
    /// Columns, `table.column`, without which it cannot be evidenced.
    pub requires: BTreeSet<String>,
    /// Columns of `param` that belong to tests and that its queries read.
    pub parameters: BTreeSet<String>,
    /// Tests whose rows limit how far its result may be relied on.
    pub relies_on: BTreeSet<String>,
    /// What it cannot show.
    pub cannot_show: String,
    /// What to do about an exception.
    pub remedy: String,
    /// Text of `population.sql`.
    pub population_sql: String,
    /// Text of `exceptions.sql`.
    pub exceptions_sql: String,
    /// Columns that `exceptions.sql` gives beyond `subject_id` and `reason`.
    pub facts: Vec<String>,
}

impl Test {
    /// Reads a test from the texts of its folder; `folder` is its path below `controls/`.
    ///
    /// # Errors
    ///
    /// Says which file is wrong: its form, a query outside the portable subset, an unknown table or column, or
    /// words that do not agree with the queries.
    pub fn parse(
        folder: &str,
        toml: &str,
        population_sql: &str,
        exceptions_sql: &str,
        published: &Published,
    ) -> Result<Self, ControlError> {
        let path = format!("{folder}/test.toml");
        let file: TestFile =
            toml::from_str(toml).map_err(|error| ControlError::invalid(&path, error.to_string()))?;
        check_words(&path, folder, &file)?;
        let population_path = format!("{folder}/population.sql");
        let exceptions_path = format!("{folder}/exceptions.sql");
        let population = portable::check(&population_path, population_sql, published)?;
        let exceptions = portable::check(&exceptions_path, exceptions_sql, published)?;
        if population.columns != ["subject_id", "testability"] {
            let found = population.columns.join(", ");
            let detail = format!("expected the columns subject_id, testability; found {found}");
            return Err(ControlError::invalid(&population_path, detail));
        }
        let [subject_id, reason, facts @ ..] = exceptions.columns.as_slice() else {
            let detail = "expected the columns subject_id, reason, and facts";
            return Err(ControlError::invalid(&exceptions_path, detail));
        };
        if subject_id != "subject_id" || reason != "reason" {
            let detail = format!("expected subject_id, reason first; found {subject_id}, {reason}");
            return Err(ControlError::invalid(&exceptions_path, detail));
        }
        check_tables(&path, &file, published)?;
        let read: BTreeSet<String> = population.reads.union(&exceptions.reads).cloned().collect();
        let tables = read.iter().filter(|table| *table != PARAM).cloned().collect();
        agree(&path, "reads", &file.reads, &tables)?;
        let own = |name: &&String| !super::parameter::is_general(name);
        let parameters = population.parameters.union(&exceptions.parameters).filter(own).cloned().collect();
        agree(&path, "parameters", &file.parameters, &parameters)?;
        Ok(Self {
            id: file.id,
            slug: file.slug,
            title: file.title,
            version: file.version,
            tier: file.tier,
            kind: file.kind,
            severity: file.severity,
            subject: file.subject,
            subject_key: file.subject_key,
            objective: one_line(&file.objective),
            predicate: one_line(&file.predicate),
            reads: file.reads,
            requires: file.requires,
            parameters: file.parameters,
            relies_on: file.relies_on,
            cannot_show: one_line(&file.cannot_show),
            remedy: one_line(&file.remedy),
            population_sql: population_sql.to_owned(),
            exceptions_sql: exceptions_sql.to_owned(),
            facts: facts.to_vec(),
        })
    }

    /// Returns the folder of the test below `controls/`.
    pub fn folder(&self) -> String {
        folder_of(&self.id)
    }

    /// Returns the SHA-256 of `population.sql`.
    pub fn population_digest(&self) -> Digest {
        Digest::of(self.population_sql.as_bytes())
    }

    /// Returns the SHA-256 of `exceptions.sql`.
    pub fn exceptions_digest(&self) -> Digest {
        Digest::of(self.exceptions_sql.as_bytes())
    }

    /// Tells whether holes are rows of it, so that none stops it: it judges the evidence by the tables that tell of holes.
    pub fn lists_holes(&self) -> bool {
        let tells = |table: &String| matches!(table.as_str(), "integrity" | "expected_source");
        self.kind == Kind::EvidenceQuality && self.reads.iter().any(tells)
    }

    /// Returns the tables that its queries read, `param` included.
    pub fn inputs(&self) -> BTreeSet<String> {
        self.reads.iter().cloned().chain([PARAM.to_owned()]).collect()
    }
}

/// Tells whether `id` is formed like a test's, such as `AUTHZ-01`.
pub fn is_test_id(id: &str) -> bool {
    let Some((family, number)) = id.split_once('-') else { return false };
    (2..=5).contains(&family.len())
        && family.bytes().all(|byte| byte.is_ascii_uppercase())
        && number.len() == 2
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn folder_of(id: &str) -> String {
    format!("tests/{}", id.to_ascii_lowercase())
}

fn check_words(path: &str, folder: &str, file: &TestFile) -> Result<(), ControlError> {
    let invalid = |detail: String| Err(ControlError::invalid(path, detail));
    if file.schema != SCHEMA {
        return invalid(format!("expected schema `{SCHEMA}`, found `{}`", file.schema));
    }
    if !is_test_id(&file.id) || folder_of(&file.id) != folder {
        return invalid(format!("expected an id that fits the folder `{folder}`, found `{}`", file.id));
    }
    let kebab = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if file.slug.is_empty() || !file.slug.bytes().all(kebab) {
        return invalid(format!("expected a slug of lower-case letters and `-`, found `{}`", file.slug));
    }
    for (name, text) in [
        ("title", &file.title),
        ("objective", &file.objective),
        ("predicate", &file.predicate),
        ("cannot_show", &file.cannot_show),
        ("remedy", &file.remedy),
    ] {
        if text.trim().is_empty() {
            return invalid(format!("expected words in `{name}`, found none"));
        }
    }
    if ["Ensure", "Check", "Verify"].iter().any(|verb| file.title.starts_with(verb)) {
        return invalid(format!("expected a title that states a state, found `{}`", file.title));
    }
    Ok(())
}

fn check_tables(path: &str, file: &TestFile, published: &Published) -> Result<(), ControlError> {
    let key = format!("{}.{}", file.subject, file.subject_key);
    for column in file.requires.iter().chain([&key]) {
        let known = column
            .split_once('.')
            .and_then(|(table, column)| published.get(table).map(|columns| columns.contains(column)));
        if known != Some(true) {
            let names: Vec<String> = published
                .iter()
                .flat_map(|(table, columns)| columns.iter().map(move |column| format!("{table}.{column}")))
                .collect();
            return Err(ControlError::unknown(path, "column", column, names.iter().map(String::as_str)));
        }
    }
    Ok(())
}

/// Refuses a declaration that differs from what the queries do.
fn agree(
    path: &str,
    field: &str,
    declared: &BTreeSet<String>,
    found: &BTreeSet<String>,
) -> Result<(), ControlError> {
    if declared == found {
        return Ok(());
    }
    let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    let detail = format!("`{field}` says [{}], but the queries read [{}]", list(declared), list(found));
    Err(ControlError::invalid(path, detail))
}

/// Joins the lines of a paragraph.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
