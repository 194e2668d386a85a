//! Coverage: from test results to a status per control of a framework.
//!
//! A control is as weak as the weakest of its tests that ran, and reaches no further than approval logs can, than
//! the links claim, and than the results may be relied on. Nothing here says that a control is met.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::{CatalogControl, Reach};
use super::error::ControlError;
use super::item::{Evaluation, State};
use super::library::Library;
use super::mapping::Link;
use super::outcome::Reliance;
use crate::report::model::{self, TestOutcome};

/// The result of one test, as far as controls depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Its outcome.
    pub outcome: TestOutcome,
    /// How far it may be relied on.
    pub reliance: &'a Reliance,
    /// Its items; none where it was not run.
    pub evaluation: Option<&'a Evaluation>,
}

/// Returns the controls of `frameworks`, in their order, with the status that `results` give them.
///
/// `results` are by test id, `out_of_scope` the reasons by qualified control id. A subject that several tests
/// looked at counts once.
///
/// # Errors
///
/// Names an unknown framework, and an unknown control out of scope.
pub fn controls(
    library: &Library,
    frameworks: &[String],
    results: &BTreeMap<String, Standing<'_>>,
    out_of_scope: &BTreeMap<String, String>,
) -> Result<Vec<model::Control>, ControlError> {
    let known: BTreeSet<&str> = library
        .catalogs
        .iter()
        .flat_map(|catalog| &catalog.controls)
        .map(|control| control.id.as_str())
        .collect();
    if let Some(unknown) = out_of_scope.keys().find(|id| !known.contains(id.as_str())) {
        return Err(ControlError::unknown("out_of_scope", "control", unknown, known));
    }
    let mut links: BTreeMap<&str, Vec<&Link>> = BTreeMap::new();
    for link in &library.links {
        links.entry(&link.control).or_default().push(link);
    }
    let subjects = Subjects::of(library, results);
    let mut controls = Vec::new();
    let mut listed: BTreeSet<&str> = BTreeSet::new();
    for framework in frameworks {
        let (catalog, baseline) = library.selected(framework)?;
        if !listed.insert(&catalog.id) {
            let detail = format!("the framework `{}` is selected twice", catalog.id);
            return Err(ControlError::invalid("frameworks", detail));
        }
        for control in &catalog.controls {
            let links = links.get(control.id.as_str()).map_or(&[][..], Vec::as_slice);
            let standing = match out_of_scope.get(&control.id) {
                Some(reason) => Status::without("out_of_scope", reason.clone()),
                None if baseline.is_some_and(|baseline| !control.baselines.contains(baseline)) => {
                    let reason = format!("not in the baseline {}", baseline.unwrap_or_default());
                    Status::without("out_of_scope", reason)
                }
                None => status(control, links, results),
            };
            let (population, exceptions) = if standing.word == "out_of_scope" {
                (0, 0)
            } else {
                subjects.count(library, links.iter().map(|link| link.test.as_str()))
            };
            controls.push(model::Control {
                id: control.id.clone(),
                title: control.title.clone(),
                group: control.group.clone(),
                reach: control.reach.word().to_owned(),
                can_show: control.can_show.clone(),
                status: standing.word.to_owned(),
                cap: standing.cap.word().to_owned(),
                reasons: standing.reasons,
                tests: links.iter().map(|link| link.test.clone()).collect(),
                population,
                exceptions,
                evidenced: links
                    .iter()
                    .map(|link| &link.test)
                    .filter(|test| {
                        results
                            .get(*test)
                            .is_some_and(|standing| standing.outcome != TestOutcome::NotEvidencedHere)
                    })
                    .cloned()
                    .collect(),
            });
        }
    }
    Ok(controls)
}

/// A control's status while it is being found.
struct Status {
    word: &'static str,
    cap: Reach,
    reasons: Vec<String>,
}

impl Status {
    fn without(word: &'static str, reason: String) -> Self {
        Self { word, cap: Reach::None, reasons: vec![reason] }
    }

    fn cap(&mut self, reach: Reach, reason: String) {
        self.cap = self.cap.min(reach);
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }
}

fn status(control: &CatalogControl, links: &[&Link], results: &BTreeMap<String, Standing<'_>>) -> Status {
    if control.reach == Reach::None {
        return Status::without("not_tested", "approval logs do not reach it".to_owned());
    }
    if links.is_empty() {
        return Status::without("not_tested", "no test of this library bears on it".to_owned());
    }
    let ran: Vec<(&Link, &Standing<'_>)> = links
        .iter()
        .filter_map(|link| results.get(&link.test).map(|standing| (*link, standing)))
        .filter(|(_, standing)| standing.outcome != TestOutcome::NotEvidencedHere)
        .collect();
    let claimed = ran.iter().map(|(link, _)| link.relation.reach()).max().unwrap_or(Reach::None);
    let mut status = Status {
        word: weakest(ran.iter().map(|(_, standing)| standing.outcome)),
        cap: control.reach.min(claimed),
        reasons: Vec::new(),
    };
    for link in links {
        match results.get(&link.test).map(|standing| standing.outcome) {
            None => status.cap(Reach::Partial, format!("{} did not run", link.test)),
            Some(TestOutcome::NotEvidencedHere) => {
                status.cap(Reach::Partial, format!("{}: not evidenced here", link.test));
            }
            Some(_) => {}
        }
    }
    let mut shared: BTreeMap<&String, Vec<&str>> = BTreeMap::new();
    for (link, standing) in ran {
        for need in link.needs.iter().filter(|need| !is_clean(results, need)) {
            status.cap(Reach::Partial, format!("{} needs a clean {need}", link.test));
        }
        for reason in &standing.reliance.reasons {
            shared.entry(reason).or_default().push(&link.test);
        }
        if standing.outcome == TestOutcome::Limited {
            status.cap(Reach::Partial, format!("{} limits reliance", link.test));
        }
    }
    // Most tests are limited for the same few reasons: each is said once, with the tests it holds for.
    for (reason, tests) in shared {
        status.cap(Reach::Partial, format!("{reason} ({})", tests.join(", ")));
    }
    status
}

/// Returns the weakest status over the tests that ran; that nothing occurred only where nothing did in any.
fn weakest(outcomes: impl Iterator<Item = TestOutcome>) -> &'static str {
    // The outcomes are declared weakest first, and `NoOccurrence` last of those that a run can give.
    match outcomes.min() {
        None | Some(TestOutcome::NotEvidencedHere) => "not_tested",
        Some(TestOutcome::Exception) => "exception",
        // A control whose evidence is limited has not been shown to operate, nor to fail.
        Some(TestOutcome::UnableToTest | TestOutcome::Limited) => "unable_to_test",
        Some(TestOutcome::Review) => "review",
        Some(TestOutcome::NoException) => "no_exception",
        Some(TestOutcome::NoOccurrence) => "no_occurrence",
    }
}

fn is_clean(results: &BTreeMap<String, Standing<'_>>, test: &str) -> bool {
    results.get(test).is_some_and(|standing| {
        matches!(standing.outcome, TestOutcome::NoException | TestOutcome::NoOccurrence)
    })
}

/// Which subjects each test looked at, as bits over the sorted subjects of its table.
struct Subjects {
    tests: BTreeMap<String, Looked>,
}

/// The subjects of one test.
struct Looked {
    all: Vec<u64>,
    exceptions: Vec<u64>,
}

impl Subjects {
    fn of(library: &Library, results: &BTreeMap<String, Standing<'_>>) -> Self {
        let mut by_table: BTreeMap<&str, Vec<(&str, &Evaluation)>> = BTreeMap::new();
        for (id, standing) in results {
            if let (Some(test), Some(evaluation)) = (library.tests.get(id), standing.evaluation) {
                by_table.entry(&test.subject).or_default().push((id, evaluation));
            }
        }
        let mut tests = BTreeMap::new();
        for evaluations in by_table.into_values() {
            let mut index: Vec<&str> = Vec::new();
            for (_, evaluation) in &evaluations {
                index = merged(&index, evaluation.subjects.iter().flatten());
            }
            for (id, evaluation) in evaluations {
                // Evidence-quality rows limit reliance and are no exceptions of a control.
                let deviates =
                    library.tests.get(id).is_some_and(|test| test.kind == super::definition::Kind::Deviation);
                let exceptions = evaluation
                    .items
                    .iter()
                    .filter(|item| deviates && matches!(item.state, State::Exception | State::Accepted))
                    .map(|item| item.subject_id.as_str());
                let looked = Looked {
                    all: bits(&index, evaluation.subjects.iter().flatten()),
                    exceptions: bits(&index, exceptions),
                };
                tests.insert(id.to_owned(), looked);
            }
        }
        Self { tests }
    }

    /// Counts the distinct subjects of `tests`, and those with an exception.
    fn count<'a>(&self, library: &Library, tests: impl Iterator<Item = &'a str>) -> (u64, u64) {
        let mut by_table: BTreeMap<&str, Vec<&Looked>> = BTreeMap::new();
        for id in tests {
            if let (Some(test), Some(looked)) = (library.tests.get(id), self.tests.get(id)) {
                by_table.entry(&test.subject).or_default().push(looked);
            }
        }
        let union = |bits: &dyn Fn(&Looked) -> &[u64], looked: &[&Looked]| -> u64 {
            let words = looked.first().map_or(0, |first| bits(first).len());
            (0..words)
                .map(|word| {
                    let all = looked.iter().fold(0, |all, looked| all | bits(looked)[word]);
                    u64::from(all.count_ones())
                })
                .sum()
        };
        by_table.values().fold((0, 0), |(population, exceptions), looked| {
            (
                population + union(&|looked| &looked.all, looked),
                exceptions + union(&|looked| &looked.exceptions, looked),
            )
        })
    }
}

/// Merges two sorted lists, each name once.
fn merged<'a>(left: &[&'a str], right: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut all = Vec::with_capacity(left.len());
    let mut left = left.iter().copied().peekable();
    for name in right {
        while let Some(before) = left.next_if(|before| *before < name) {
            all.push(before);
        }
        left.next_if(|same| *same == name);
        all.push(name);
    }
    all.extend(left);
    all
}

/// Sets the bits of sorted `names` in sorted `index`, which holds them all.
fn bits<'a>(index: &[&str], names: impl Iterator<Item = &'a str>) -> Vec<u64> {
    let mut bits = vec![0; index.len().div_ceil(64)];
    let mut place = 0;
    for name in names {
        while index.get(place).is_some_and(|at| *at < name) {
            place += 1;
        }
        if index.get(place) == Some(&name) {
            bits[place / 64] |= 1 << (place % 64);
        }
    }
    bits
}

#[cfg(test)]
mod tests;
