//! The renderings of a report that `--formats` names, as files of the pack.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use clap::ValueEnum;

use crate::assess::Assessment;
use crate::assess::place::{Place, Places};
use crate::clock::Moment;
use crate::control::item::State;
use crate::error::Failure;
use crate::exit::Exit;
use crate::pack::Fill;
use crate::report::check::Check;
use crate::report::csv::ItemRow;
use crate::report::html::{self, Templates};
use crate::report::workpaper::{self, Population};
use crate::report::{csv, junit, oscal, pdf, sarif, view};
use crate::run::Run;
use crate::run::tested::Executions;

/// A rendering.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
pub(super) enum Format {
    /// One HTML file
    Html,
    /// PDF
    Pdf,
    /// Workpaper for a spreadsheet
    Xlsx,
    /// Canonical JSON
    Json,
    /// OSCAL 1.2: objectives, assessment plan, and assessment results
    Oscal,
    /// Every exception and every item that did not simply hold, for spreadsheets
    Csv,
    /// SARIF 2.1.0, for code hosts
    Sarif,
    /// JUnit XML, for CI servers
    Junit,
}

/// Files of a pack: name below the folder of its kind, and what writes it.
pub(super) type Files<'a> = Vec<(String, Fill<'a>)>;

/// The renderings that were asked for.
pub(super) struct Renderings<'a> {
    /// The report as HTML.
    pub(super) html: Option<String>,
    /// The report as PDF.
    pub(super) pdf: Option<Vec<u8>>,
    /// The workpaper.
    pub(super) xlsx: Option<Vec<u8>>,
    /// Files below `02_machine/`.
    pub(super) machine: Files<'a>,
    /// Files below `08_ci/`.
    pub(super) ci: Files<'a>,
}

impl<'a> Renderings<'a> {
    /// Renders `run` in `formats`.
    ///
    /// # Errors
    /// A template that fails, or a document that cannot be drawn.
    pub(super) fn of(run: &'a Run, formats: &[Format], templates: &Templates) -> Result<Self, Failure> {
        let mut rendered = Self::of_assessment(&run.assessment, formats, templates)?;
        if formats.contains(&Format::Xlsx) {
            let xlsx = workpaper::render(&run.assessment, &population(run))
                .map_err(|error| Failure::new(Exit::Incomplete, &error, error.help()))?;
            rendered.xlsx = Some(xlsx);
        }
        if formats.contains(&Format::Csv) {
            rendered.machine.push(("items.csv".to_owned(), Box::new(move |out| items(run, out))));
        }
        Ok(rendered)
    }

    /// Renders `assessment` in those of `formats` that need no more than the report: all but the workpaper, and of
    /// the CSV files the exceptions.
    ///
    /// # Errors
    /// As [`Renderings::of`].
    pub(super) fn of_assessment(
        assessment: &'a Assessment,
        formats: &[Format],
        templates: &Templates,
    ) -> Result<Self, Failure> {
        let formats: BTreeSet<Format> = formats.iter().copied().collect();
        let wants = |format| formats.contains(&format);
        let report = assessment.report();
        let document = view::document(assessment);
        let html = wants(Format::Html)
            .then(|| html::render(&document, templates))
            .transpose()
            .map_err(|error| Failure::new(Exit::Usage, &error, error.help()))?;
        let pdf = wants(Format::Pdf)
            .then(|| pdf::render(&document))
            .transpose()
            .map_err(|error| Failure::new(Exit::Incomplete, &error, error.help()))?;
        let mut machine: Files<'a> = Vec::new();
        if wants(Format::Oscal) {
            let documents = oscal::documents(report, assessment.results_digest())
                .map_err(|error| Failure::new(Exit::Incomplete, &error, error.help()))?;
            machine.extend(documents.into_iter().map(|(name, bytes)| (name.to_owned(), written(bytes))));
        }
        if wants(Format::Csv) {
            let exceptions = move |out: &mut _| csv::exceptions(&report.exceptions, out);
            machine.push(("exceptions.csv".to_owned(), Box::new(exceptions)));
        }
        let mut ci: Files<'a> = Vec::new();
        if wants(Format::Sarif) {
            let check = Check::new(report, Exit::Done.code(), None);
            let bytes = sarif::to_bytes(report, &check, "countersign.toml", false);
            ci.push(("results.sarif".to_owned(), written(bytes)));
        }
        if wants(Format::Junit) {
            ci.push(("junit.xml".to_owned(), written(junit::to_bytes(report))));
        }
        Ok(Self { html, pdf, xlsx: None, machine, ci })
    }
}

fn population(run: &Run) -> Population {
    Executions::of(run).map(|found| found.population(run.assessment.results_digest())).unwrap_or_default()
}

/// Returns what writes `bytes`.
fn written<'a>(bytes: Vec<u8>) -> Fill<'a> {
    Box::new(move |out| out.write_all(&bytes))
}

/// Returns the templates of the workspace in `root`, which lie over the shipped ones.
pub(super) fn templates(root: &Path) -> Result<Templates, Failure> {
    let own = root.join("report-templates");
    if !own.is_dir() {
        return Ok(Templates::shipped());
    }
    Templates::with_overrides(&own).map_err(|error| Failure::new(Exit::Usage, &error, error.help()))
}

/// Writes `items.csv`: the items of every test that did not simply hold, however many.
fn items(run: &Run, out: impl Write) -> io::Result<()> {
    let empty = polars::prelude::DataFrame::default();
    let places = Places::of(run.tables.get("event").unwrap_or(&empty));
    let kinds: BTreeMap<&str, &str> =
        run.assessment.report().tests.iter().map(|test| (test.id.as_str(), test.kind.as_str())).collect();
    let rows = run.evaluations.iter().flat_map(|(test, evaluation)| {
        evaluation.items.iter().map(|item| {
            let Place { source, native_id, object, line, ts_ms, .. } =
                places.find(&item.subject_id).unwrap_or_default();
            let time = ts_ms.map(Moment::from_ms);
            let state = word(item.state, kinds.get(test.as_str()).copied());
            let (reason, facts) = (item.reason.as_str(), &item.facts);
            ItemRow {
                test,
                item: &item.subject_id,
                state,
                reason,
                source,
                native_id,
                time,
                object,
                line,
                facts,
            }
        })
    });
    csv::items(rows, out)
}

/// Returns the word for an item of a test of this kind. Only a deviation is an exception.
fn word(state: State, kind: Option<&str>) -> &'static str {
    match (state, kind) {
        (State::Exception, Some("indicator")) => "review",
        (State::Exception, Some("evidence-quality")) => "limited",
        (state, _) => state.word(),
    }
}
