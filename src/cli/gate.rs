//! What ends a run of `report` or `check` with another code than 0, and why.

use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;

use super::Io;
use crate::assess::below_required;
use crate::control::definition::{Kind, Tier};
use crate::exit::Exit;
use crate::integrity::verdict::{Effect, Grade, Verdict};
use crate::report::check::Check;
use crate::report::console::clean;
use crate::report::model::{Exception, Hole, Log, Report, TestOutcome};
use crate::run::Run;
use crate::run::material::Material;
use crate::segment::links::line_at;

/// Which exceptions end a run with 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum FailOn {
    /// None
    None,
    /// Those that the baseline lacks; without a baseline, any
    New,
    /// Severity high or critical
    High,
    /// Any
    Any,
}

/// The reasons of a run to end with another code than 0.
pub(super) struct Gate<'a> {
    run: &'a Run,
    material: &'a Material,
}

impl<'a> Gate<'a> {
    pub(super) fn of(run: &'a Run, material: &'a Material) -> Self {
        Self { run, material }
    }

    fn report(&self) -> &Report {
        self.run.assessment.report()
    }

    /// Returns the exits that `report` and `check` share.
    pub(super) fn common(&self) -> impl Iterator<Item = Exit> + use<> {
        let altered = self.report().logs.iter().any(|log| log.verdict == Verdict::Altered);
        self.exits(altered, !self.report().holes.is_empty())
    }

    /// Returns the exits that `report` and `check` share, without those of breaks that the workspace knows.
    pub(super) fn common_but_known(&self) -> impl Iterator<Item = Exit> + use<> {
        let altered = self.report().logs.iter().filter(|log| log.verdict == Verdict::Altered);
        let (known, unknown): (Vec<&Log>, Vec<&Log>) = altered.partition(|log| self.all_known(log));
        // Only the holes that the known breaks themselves tear are excused; a silence beside them is not.
        let excused = |hole: &Hole| {
            known.iter().filter(|log| log.source == hole.source).flat_map(|log| &log.breaks).any(|found| {
                hole.line > 0 && (found.object.as_str(), found.line) == (hole.object.as_str(), hole.line)
            })
        };
        let holes = self.report().holes.iter().any(|hole| !excused(hole));
        self.exits(!unknown.is_empty(), holes)
    }

    fn exits(&self, altered: bool, holes: bool) -> impl Iterator<Item = Exit> + use<> {
        [
            (!self.run.unmatched_heads.is_empty(), Exit::Usage),
            (altered, Exit::Altered),
            (self.run.unreadable, Exit::Incomplete),
            (holes, Exit::NotEvidenced),
            (self.gone().next().is_some(), Exit::NotEvidenced),
            (!below_required(self.report()).is_empty(), Exit::NotEvidenced),
            (!self.uncovered().is_empty(), Exit::NotEvidenced),
        ]
        .into_iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, exit)| exit)
    }

    /// Returns the columns that tests need and that nothing covers, of sources of which more is required: source, column, grade.
    ///
    /// Such a column has grade `parsed`, which is below what its source requires, whatever the grade of the records.
    fn uncovered(&self) -> BTreeSet<(&str, &str, Grade)> {
        let tests = self.material.controls.tests.values().filter(|test| test.kind != Kind::EvidenceQuality);
        let needed: BTreeSet<&String> = tests.flat_map(|test| &test.requires).collect();
        let report = self.report();
        let demanding = report.sources.iter().filter(|source| source.require > Grade::Parsed);
        demanding
            .flat_map(|source| {
                let logs = report.logs.iter().filter(|log| log.source == source.id);
                let open =
                    logs.flat_map(|log| &log.uncovered_fields).filter(|column| needed.contains(column));
                open.map(|column| (source.id.as_str(), column.as_str(), source.require))
            })
            .collect()
    }

    /// Returns the sources of the previous pack that this workspace lacks.
    fn gone(&self) -> impl Iterator<Item = &str> {
        let previous = self.material.previous.iter();
        previous.flat_map(|previous| previous.gone(&self.material.workspace))
    }

    /// Tells whether every break that makes `log` altered is one that the workspace knows, byte for byte.
    fn all_known(&self, log: &Log) -> bool {
        let as_of = self.report().as_of;
        log.breaks.iter().filter(|found| found.kind.effect(true) == Effect::Altered).all(|found| {
            let place = format!("{}:{}", found.object, found.line);
            self.material.workspace.known_breaks.iter().any(|known| {
                known.log == log.log
                    && known.kind == found.kind
                    && as_of < known.until
                    && known.line == place
                    && self.line_digest(&log.source, &found.object, found.line) == Some(known.digest)
            })
        })
    }

    fn line_digest(&self, source: &str, object: &str, line: u64) -> Option<crate::digest::Digest> {
        let object = self.material.objects.get(source)?.0.iter().find(|found| found.name == object)?;
        line_at(object, 0, line).map(|link| link.digest)
    }

    /// Returns the exit of exceptions, if `fail_on` gates any.
    pub(super) fn exceptions(&self, fail_on: FailOn, baseline: Option<&Check>) -> Option<Exit> {
        let known: BTreeSet<&str> = baseline
            .into_iter()
            .flat_map(|check| &check.exceptions)
            .filter(|exception| exception.state != "closed")
            .map(|exception| exception.id.as_str())
            .collect();
        let gates = |exception: &&Exception| {
            exception.accepted.is_none()
                && match fail_on {
                    FailOn::None => false,
                    FailOn::Any => true,
                    FailOn::High => matches!(exception.severity.as_str(), "high" | "critical"),
                    FailOn::New => !known.contains(exception.id.as_str()),
                }
        };
        self.report().exceptions.iter().any(|exception| gates(&exception)).then_some(Exit::Exceptions)
    }

    /// Returns what only `check` minds: untestable items that nobody expected, and what the baseline had.
    pub(super) fn check_only(&self, baseline: Option<&Check>) -> Vec<String> {
        let mut reasons = self.unexpected_untestable();
        if let Some(baseline) = baseline {
            reasons.extend(self.lost(baseline));
        }
        reasons
    }

    fn unexpected_untestable(&self) -> Vec<String> {
        let report = self.report();
        let core =
            |id: &str| self.material.controls.tests.get(id).is_some_and(|test| test.tier == Tier::Core);
        // What no source here can fill is listed as such, and gates where the baseline could.
        let tests = report.tests.iter();
        let not_evidenced: BTreeSet<&str> = tests
            .filter(|test| test.result == TestOutcome::NotEvidencedHere)
            .map(|test| test.id.as_str())
            .collect();
        let mut left: BTreeMap<usize, u64> = BTreeMap::new();
        let mut reasons = Vec::new();
        for ((test, source, column), items) in &self.run.untestable {
            if !core(test) || *items == 0 || not_evidenced.contains(test.as_str()) {
                continue;
            }
            let mut of_source =
                self.material.workspace.expected_unable.iter().zip(0..).filter(|(entry, _)| {
                    entry.test == *test && entry.source == *source && report.as_of < entry.until
                });
            // Two tables may have a column of one name: the entry for this very column comes first.
            let name = |column: &str| column.rsplit('.').next().map(str::to_owned);
            let expected = of_source
                .clone()
                .find(|(entry, _)| entry.column == *column)
                .or_else(|| of_source.find(|(entry, _)| name(&entry.column) == name(column)));
            let allowed = expected.map_or(0, |(entry, at)| *left.entry(at).or_insert(entry.max_items));
            if *items > allowed {
                let source = if source.is_empty() { "the workspace" } else { source };
                reasons.push(format!(
                    "{test}: {items} items of {source} untestable for want of `{column}`, {allowed} expected"
                ));
            } else if let Some((_, at)) = expected {
                left.insert(at, allowed - items);
            }
        }
        reasons
    }

    /// Returns what the baseline had and this run has not: objects, and tests that could run.
    fn lost(&self, baseline: &Check) -> Vec<String> {
        let report = self.report();
        let mut reasons = Vec::new();
        for source in &baseline.sources {
            for name in &source.objects {
                if !report.objects.iter().any(|object| object.source == source.id && object.name == *name) {
                    reasons.push(format!(
                        "object `{name}` of `{}` was there at the baseline and is gone",
                        source.id
                    ));
                }
            }
        }
        let ran = |outcome: TestOutcome| outcome != TestOutcome::NotEvidencedHere;
        for before in baseline.tests.iter().filter(|test| ran(test.result)) {
            if !report.tests.iter().any(|test| test.id == before.id && ran(test.result)) {
                reasons.push(format!("{} could run at the baseline and cannot now", before.id));
            }
        }
        for before in &baseline.logs {
            for key in &before.keys {
                let now = report.logs.iter().find(|log| log.log == before.log && log.source == before.source);
                if now.is_some_and(|log| {
                    log.pinned < log.records && before.pinned == before.records && !log.keys.contains(key)
                }) {
                    reasons.push(format!("key {key} signed `{}` at the baseline and is gone", before.log));
                }
            }
        }
        reasons
    }

    /// Writes the reasons for 2, 3, 4 and 5 that the summary does not already show.
    pub(super) fn explain(&self, io: &mut Io<'_>) {
        for head in &self.run.unmatched_heads {
            io.note(&format!("head `{}` matches no log of its source", clean(head)));
        }
        for object in &self.report().objects {
            if let Some(error) = &object.error {
                io.note(&format!(
                    "object `{}` of `{}`: {}",
                    clean(&object.name),
                    clean(&object.source),
                    clean(error)
                ));
            }
        }
        for source in self.gone() {
            io.note(&format!("source `{}` of the previous pack is not in this workspace", clean(source)));
        }
        for (source, required, found) in below_required(self.report()) {
            io.note(&format!("source `{}` has grade {found}, and {required} is required", clean(source)));
        }
        for (source, column, required) in self.uncovered() {
            io.note(&format!(
                "no hash or signature of source `{}` covers `{}`, and {required} is required",
                clean(source),
                clean(column)
            ));
        }
    }
}
