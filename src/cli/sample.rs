//! `countersign sample`: a sample of a control's population that anybody can draw again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use polars::prelude::{DataFrame, ParquetReader, SerReader};
use serde::Deserialize;

use super::{Common, Io, input, period};
use crate::assess::place::{Place, Places};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::error::Failure;
use crate::exit::Exit;
use crate::pack::PackFolder;
use crate::pack::layout::{ITEMS, MACHINE, TABLES};
use crate::report::console::{clean, grouped};
use crate::report::csv::Writer;
use crate::report::json;
use crate::report::model::{Report, Test};
use crate::run::material::Material;
use crate::run::{RunError, run as run_all};
use crate::sample::{draw, population_digest};
use crate::settings::Workspace;

/// Columns of the sample. The last six are the same in every row: where the sample comes from.
const COLUMNS: [&str; 16] = [
    "rank",
    "rank_sha256",
    "item",
    "subject",
    "tests",
    "source",
    "native_id",
    "time",
    "object",
    "line",
    "control",
    "seed",
    "size",
    "population",
    "population_sha256",
    "results_sha256",
];

/// Draw a sample of a control's population that anybody can draw again
#[derive(Args, Debug)]
pub(super) struct SampleArgs {
    /// Folder with a `countersign.toml`, or a pack
    #[arg(default_value = ".")]
    workspace: PathBuf,
    /// Control such as iso27001-2022:A.5.3, or test such as AUTHZ-01
    #[arg(long, value_name = "ID")]
    control: String,
    /// How many items to draw
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    size: u32,
    /// Text that decides which: let the auditor choose it after the population is fixed
    #[arg(long, value_name = "SEED", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    seed: String,
}

/// What a sample is drawn from.
struct Population {
    report: Report,
    results: Digest,
    /// State per item, by test.
    items: BTreeMap<String, Vec<(String, String)>>,
    events: DataFrame,
}

pub(super) fn run(args: &SampleArgs, common: &Common, io: &mut Io<'_>) -> Result<Exit, Failure> {
    let population = if PackFolder::is_pack(&args.workspace) {
        of_pack(&args.workspace)?
    } else {
        of_workspace(&args.workspace, common)?
    };
    let tests = tests(&population.report, &args.control)?;
    let mut items: BTreeMap<&str, Vec<(&Test, &str)>> = BTreeMap::new();
    for test in &tests {
        for (item, state) in population.items.get(&test.id).into_iter().flatten() {
            items.entry(item).or_default().push((test, state));
        }
    }
    if items.is_empty() {
        return Err(Failure::message(
            Exit::Usage,
            format!("the population of `{}` is empty", args.control),
            "choose a control whose tests had something to look at; `check --json` lists them",
        ));
    }
    let size = usize::try_from(args.size).unwrap_or(usize::MAX);
    let drawn = draw(&args.seed, items.keys().copied(), size);
    let digest = population_digest(items.keys().copied()).to_string();
    let places = Places::of(&population.events);
    let source = [
        args.control.as_str(),
        &args.seed,
        &args.size.to_string(),
        &items.len().to_string(),
        &digest,
        &population.results.to_string(),
    ]
    .map(str::to_owned);
    let written = (|| -> io::Result<()> {
        let mut writer = Writer::new(&mut *io.out);
        writer.row(COLUMNS)?;
        for (found, rank) in drawn.iter().zip(1..) {
            let own = items.get(found.item.as_str()).map_or(&[][..], Vec::as_slice);
            let row = row(rank, found.rank, &found.item, own, &places);
            writer.row(row.iter().chain(&source).map(String::as_str))?;
        }
        writer.end()
    })();
    written.map_err(|error| Failure::output(&error))?;
    io.note(&format!(
        "{} of {} items of {} · population sha256 {digest}",
        grouped(drawn.len() as u64),
        grouped(items.len() as u64),
        clean(&args.control)
    ));
    Ok(Exit::Done)
}

fn row(
    rank: usize,
    digest: Digest,
    item: &str,
    tests: &[(&Test, &str)],
    places: &Places<'_>,
) -> [String; 10] {
    let subjects: BTreeSet<&str> = tests.iter().map(|(test, _)| test.subject.as_str()).collect();
    let said: Vec<String> = tests.iter().map(|(test, state)| format!("{}={state}", test.id)).collect();
    let Place { source, native_id, object, line, ts_ms, .. } = places.find(item).unwrap_or_default();
    let time = ts_ms.map(Moment::from_ms);
    [
        rank.to_string(),
        digest.to_string(),
        item.to_owned(),
        subjects.into_iter().collect::<Vec<_>>().join(" "),
        said.join(" "),
        source,
        native_id,
        time.map(|time| time.to_string()).unwrap_or_default(),
        object,
        line.to_string(),
    ]
}

/// Returns the tests that `control` names: itself, or those linked to it. Evidence-quality tests look at logs and not at what a
/// control did.
fn tests<'a>(report: &'a Report, control: &str) -> Result<Vec<&'a Test>, Failure> {
    let linked: BTreeSet<&str> = match report.controls.iter().find(|found| found.id == control) {
        Some(found) => found.tests.iter().map(String::as_str).collect(),
        None => report.tests.iter().map(|test| test.id.as_str()).filter(|id| *id == control).collect(),
    };
    let direct = !control.contains(':');
    let tests: Vec<&Test> = report
        .tests
        .iter()
        .filter(|test| linked.contains(test.id.as_str()) && (direct || test.kind != "evidence-quality"))
        .collect();
    if tests.is_empty() {
        let known = report.controls.iter().any(|found| found.id == control);
        let what = if known { "has no test here" } else { "is no control and no test of this report" };
        return Err(Failure::message(
            Exit::Usage,
            format!("`{control}` {what}"),
            "give a control such as `iso27001-2022:A.5.3`, or a test such as `AUTHZ-01`; `countersign controls list` has all",
        ));
    }
    Ok(tests)
}

fn of_workspace(path: &Path, common: &Common) -> Result<Population, Failure> {
    let workspace = Workspace::load(path).map_err(RunError::from)?;
    let options = period::of_report(&workspace, common)?;
    let mut run = run_all(&Material::of_workspace(workspace)?, options)?;
    let items = run.evaluations.iter().map(|(test, evaluation)| {
        let states =
            evaluation.states().map(|(subject, state)| (subject.to_owned(), state.word().to_owned()));
        (test.clone(), states.collect())
    });
    Ok(Population {
        items: items.collect(),
        results: run.assessment.results_digest(),
        report: run.assessment.report().clone(),
        events: run.tables.remove("event").unwrap_or_default(),
    })
}

/// An entry of `items.json`.
#[derive(Deserialize)]
struct ItemState {
    subject_id: String,
    state: String,
}

/// Reads the items that a pack lists, once its seal holds; nothing is derived again.
fn of_pack(path: &Path) -> Result<Population, Failure> {
    let pack = input::open(path)?;
    let unusable = |file: &str, why: String| {
        Failure::message(
            Exit::Usage,
            format!("`{file}` of the pack cannot be read: {why}"),
            "bring a pack that this program or an earlier version of it made",
        )
    };
    let bytes = pack.report_json()?;
    let report = json::parse(&bytes).map_err(|error| Failure::new(Exit::Usage, &error, error.help()))?;
    let listed: BTreeMap<String, Vec<ItemState>> =
        serde_json::from_slice(&pack.read(&format!("{MACHINE}{ITEMS}"))?)
            .map_err(|error| unusable(ITEMS, error.to_string()))?;
    let table = format!("{TABLES}event.parquet");
    let file = File::open(pack.place(&table)).map_err(|error| unusable(&table, error.to_string()))?;
    let events = ParquetReader::new(file).finish().map_err(|error| unusable(&table, error.to_string()))?;
    let items = listed
        .into_iter()
        .map(|(test, items)| (test, items.into_iter().map(|item| (item.subject_id, item.state)).collect()));
    Ok(Population { results: Digest::of(&bytes), report, items: items.collect(), events })
}
