//! Links between tests and the controls they say something about. A link is a claim that a person makes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::catalog::{About, Catalog, CatalogControl, Reach};
use super::definition::{Test, is_test_id};
use super::error::{ControlError, line_at};
use crate::report::model;

/// The value of `schema` in a mapping.
pub const SCHEMA: &str = "countersign/mapping/1";

/// What a test does for a control; never that it satisfies it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Background.
    Context,
    /// It bears on a part.
    Supports,
    /// It tests the control's operation.
    Tests,
}

impl Relation {
    /// Returns the word used in files and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Supports => "supports",
            Self::Tests => "tests",
        }
    }

    /// Returns the furthest that a result reaches through this link.
    pub fn reach(self) -> Reach {
        match self {
            Self::Context => Reach::Context,
            Self::Supports => Reach::Partial,
            Self::Tests => Reach::Direct,
        }
    }
}

/// How sure the claim is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// A judgement.
    Low,
    /// Common practice.
    Medium,
    /// Beyond reasonable argument.
    High,
}

impl Confidence {
    /// Returns the word printed for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Status {
    Unreviewed,
    Reviewed,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingFile {
    schema: String,
    catalog: String,
    status: Status,
    framework: Option<About>,
    #[serde(default)]
    link: Vec<LinkFile>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkFile {
    test: Spanned<String>,
    control: Spanned<String>,
    relation: Relation,
    why: String,
    not_shown: String,
    #[serde(default)]
    needs: BTreeSet<String>,
    confidence: Confidence,
    reviewed_by: Option<String>,
    reviewed_on: Option<toml::value::Datetime>,
}

/// A link between a test and a control.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// Test.
    pub test: String,
    /// Qualified control id.
    pub control: String,
    /// What the test does for the control.
    pub relation: Relation,
    /// Why.
    pub why: String,
    /// What it leaves open.
    pub not_shown: String,
    /// Tests without whose clean result the claim reaches a part at most; they need not be shipped.
    pub needs: BTreeSet<String>,
    /// How sure the claim is.
    pub confidence: Confidence,
    /// Who reviewed it, if anybody.
    pub reviewed_by: Option<String>,
}

impl From<&Link> for model::Mapping {
    fn from(link: &Link) -> Self {
        Self {
            control: link.control.clone(),
            test: link.test.clone(),
            relation: link.relation.word().to_owned(),
            why: link.why.clone(),
            not_shown: link.not_shown.clone(),
            confidence: link.confidence.word().to_owned(),
            reviewed: link.reviewed_by.is_some(),
        }
    }
}

/// Reads the links of one mapping file.
///
/// # Errors
///
/// Says what is wrong: its form, an unknown catalogue, control or test, a link to a control that approval logs
/// do not reach, a claim stronger than the control's reach, or a reviewed file with an unreviewed link.
pub fn parse(
    path: &str,
    text: &str,
    catalogs: &[Catalog],
    tests: &BTreeMap<String, Test>,
) -> Result<Vec<Link>, ControlError> {
    let file: MappingFile =
        toml::from_str(text).map_err(|error| ControlError::invalid(path, error.to_string()))?;
    if file.schema != SCHEMA {
        let detail = format!("expected schema `{SCHEMA}`, found `{}`", file.schema);
        return Err(ControlError::invalid(path, detail));
    }
    let Some(catalog) = catalogs.iter().find(|catalog| catalog.id == file.catalog) else {
        let known = catalogs.iter().map(|catalog| catalog.id.as_str());
        return Err(ControlError::unknown(path, "catalogue", &file.catalog, known).located(text));
    };
    file.link
        .into_iter()
        .map(|link| {
            let line = line_at(text, link.test.span().start);
            checked(path, link, file.status, catalog, tests).map_err(|error| error.at_line(line))
        })
        .collect()
}

/// Returns the framework that a mapping declares itself, with its id: a team's own, of a table and a mapping.
pub(super) fn declared(path: &str, text: &str) -> Result<Option<(String, About)>, ControlError> {
    let file: MappingFile =
        toml::from_str(text).map_err(|error| ControlError::invalid(path, error.to_string()))?;
    Ok(file.framework.map(|about| (file.catalog, about)))
}

fn checked(
    path: &str,
    link: LinkFile,
    status: Status,
    catalog: &Catalog,
    tests: &BTreeMap<String, Test>,
) -> Result<Link, ControlError> {
    let (test, id) = (link.test.get_ref(), link.control.get_ref());
    let claim = format!("the link {test} to `{id}`");
    let invalid = |detail: String| Err(ControlError::invalid(path, detail));
    if !tests.contains_key(test) {
        return Err(ControlError::unknown(path, "test", test, tests.keys().map(String::as_str)));
    }
    let Some(control) = catalog.controls.iter().find(|control| control.id == *id) else {
        let known = catalog.controls.iter().map(|control| control.id.as_str());
        return Err(ControlError::unknown(path, "control", id, known));
    };
    if let Some(detail) = overclaims(&link, control) {
        return invalid(format!("{claim} {detail}"));
    }
    if link.why.trim().is_empty() || link.not_shown.trim().is_empty() {
        return invalid(format!("{claim} lacks `why` or `not_shown`"));
    }
    if let Some(need) = link.needs.iter().find(|need| !is_test_id(need)) {
        return invalid(format!("{claim} needs `{need}`, which is no test id"));
    }
    let reviewed = link.reviewed_by.as_deref().is_some_and(|by| !by.trim().is_empty());
    if reviewed != link.reviewed_on.is_some() {
        return invalid(format!("{claim} needs both `reviewed_by` and `reviewed_on`, or neither"));
    }
    if status == Status::Reviewed && !reviewed {
        return invalid(format!("{claim} is not reviewed, but the file says `reviewed`"));
    }
    Ok(Link {
        test: link.test.into_inner(),
        control: link.control.into_inner(),
        relation: link.relation,
        why: link.why,
        not_shown: link.not_shown,
        needs: link.needs,
        confidence: link.confidence,
        reviewed_by: link.reviewed_by,
    })
}

/// Says why a link claims more than the control's reach allows.
fn overclaims(link: &LinkFile, control: &CatalogControl) -> Option<&'static str> {
    match (control.reach, link.relation) {
        (Reach::None, _) => Some("names a control that approval logs do not reach"),
        (Reach::Context, Relation::Tests | Relation::Supports) => {
            Some("claims more than context, which is the control's reach")
        }
        _ => None,
    }
}
