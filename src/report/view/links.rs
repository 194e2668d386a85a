//! Which rows and headings of the document can be linked to.
//!
//! A link is only written where its target is printed: a case or exception beyond its cap is named, not linked.

use std::collections::{BTreeMap, BTreeSet};

use super::{MAX_CASES, MAX_EXCEPTIONS};
use crate::digest::Digest;
use crate::report::document::Text;
use crate::report::model::{Case, Report};

/// The anchors that the document has, by what they stand for.
pub(super) struct Links {
    tests: BTreeSet<String>,
    controls: BTreeSet<String>,
    exceptions: BTreeSet<String>,
    cases: BTreeSet<String>,
}

impl Links {
    /// Collects them.
    pub(super) fn of(report: &Report) -> Self {
        Self {
            tests: report.tests.iter().map(|test| test.id.clone()).collect(),
            controls: report.controls.iter().filter(|c| !c.tests.is_empty()).map(|c| c.id.clone()).collect(),
            exceptions: report.exceptions.iter().take(MAX_EXCEPTIONS).map(|e| e.id.clone()).collect(),
            cases: shown_cases(report).iter().map(|case| case.id.clone()).collect(),
        }
    }

    /// Links `text` to the procedure of test `id`.
    pub(super) fn test(&self, text: Text, id: &str) -> Text {
        link(text, "test", &self.tests, id)
    }

    /// Links `text` to the results of control `id`, where it has tests.
    pub(super) fn control(&self, text: Text, id: &str) -> Text {
        link(text, "control", &self.controls, id)
    }

    /// Links `text` to the row of exception `id`.
    pub(super) fn exception(&self, text: Text, id: &str) -> Text {
        link(text, "exception", &self.exceptions, id)
    }

    /// Links `text` to case `id`.
    pub(super) fn case(&self, text: Text, id: &str) -> Text {
        link(text, "case", &self.cases, id)
    }
}

fn link(text: Text, kind: &str, known: &BTreeSet<String>, id: &str) -> Text {
    if known.contains(id) { text.to(anchor(kind, id)) } else { text }
}

/// Returns the anchor of the thing `id`: readable where `id` is plain, else its digest.
pub(crate) fn anchor(kind: &str, id: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if !id.is_empty() && id.len() <= 80 && id.chars().all(plain) {
        return format!("{kind}-{id}");
    }
    // A control's id holds a colon, which plain ids don't, so a dot-joined form cannot meet another plain id.
    let digest: String = Digest::of(id.as_bytes()).to_string().chars().take(24).collect();
    match id.split_once(':') {
        Some((framework, local))
            if kind == "control" && framework.chars().chain(local.chars()).all(plain) =>
        {
            format!("{kind}-{framework}-{local}")
        }
        _ => format!("{kind}-{digest}"),
    }
}

/// Returns the cases laid out, in the order in which the register names them.
pub(super) fn shown_cases(report: &Report) -> Vec<&Case> {
    let by_id: BTreeMap<&str, &Case> = report.cases.iter().map(|case| (case.id.as_str(), case)).collect();
    let mut seen = BTreeSet::new();
    let named = report.exceptions.iter().filter_map(|exception| exception.case.as_deref());
    let rest = report.cases.iter().map(|case| case.id.as_str());
    named
        .chain(rest)
        .filter(|id| seen.insert(*id))
        .filter_map(|id| by_id.get(id).copied())
        .take(MAX_CASES)
        .collect()
}
