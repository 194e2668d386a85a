//! The result algebra: from counts of items to the outcome of a test, and how far it may be relied on.
//!
//! Pure functions. Adding an untestable item or a hole never improves an outcome, nor does taking a source, a
//! roster or an independent record away.

use std::collections::BTreeMap;

use super::definition::{Kind, Test};
use super::item::Counts;
use crate::report::model::TestOutcome;

/// What decides the outcome of a test besides its items.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Circumstances {
    /// Holes in the sources that fill the tables it reads; none for a test that lists them itself.
    pub holes: usize,
    /// Whether a configured source can fill every column it requires.
    pub fillable: bool,
}

/// Returns the outcome of a test; the first rule that holds decides.
pub fn outcome(kind: Kind, counts: &Counts, circumstances: Circumstances) -> TestOutcome {
    let rows = counts.exceptions() > 0;
    match kind {
        Kind::Deviation if rows => return TestOutcome::Exception,
        Kind::EvidenceQuality if rows => return TestOutcome::Limited,
        _ => {}
    }
    let only_pending = counts.population() == counts.pending;
    if !circumstances.fillable {
        TestOutcome::NotEvidencedHere
    } else if counts.untestable > 0 || circumstances.holes > 0 {
        TestOutcome::UnableToTest
    } else if only_pending {
        TestOutcome::NoOccurrence
    } else if rows {
        TestOutcome::Review
    } else {
        TestOutcome::NoException
    }
}

/// How far a result may be relied on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reliance {
    /// Why it is limited, in order; empty where it is full.
    pub reasons: Vec<String>,
}

impl Reliance {
    /// Tells whether the result may be relied on in part only.
    pub fn is_limited(&self) -> bool {
        !self.reasons.is_empty()
    }

    /// Returns `full` or `limited`.
    pub fn word(&self) -> &'static str {
        if self.is_limited() { "limited" } else { "full" }
    }
}

/// Returns the reliance of a test: `reasons` of its own, and those of the tests it relies on.
///
/// `reasons` are what the run knows, such as a source without integrity mechanism or no roster. `outcomes` are
/// those of the other tests; one that did not run limits as much as one with rows.
pub fn reliance(
    test: &Test,
    outcomes: &BTreeMap<String, TestOutcome>,
    reasons: impl IntoIterator<Item = String>,
) -> Reliance {
    let mut all: Vec<String> = reasons.into_iter().collect();
    for other in &test.relies_on {
        let clean =
            |outcome: &&TestOutcome| matches!(outcome, TestOutcome::NoException | TestOutcome::NoOccurrence);
        match outcomes.get(other) {
            None => all.push(format!("{other} did not run")),
            Some(outcome) if !clean(&outcome) => all.push(format!("{other}: {}", outcome.phrase())),
            Some(_) => {}
        }
    }
    Reliance { reasons: all }
}

#[cfg(test)]
mod tests;
