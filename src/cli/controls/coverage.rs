//! `countersign controls coverage`: a run, and what it says of each control in scope.

use std::path::Path;

use serde::Serialize;

use super::super::gate::Gate;
use super::super::{Common, Io, period};
use crate::clock::Moment;
use crate::error::Failure;
use crate::exit::Exit;
use crate::report::console::{clean, grouped};
use crate::report::model::{Control, Report};
use crate::report::view::tone;
use crate::run::material::Material;
use crate::run::{RunError, run as run_all};
use crate::settings::Workspace;

/// The document that `--json` prints.
#[derive(Serialize)]
struct Coverage<'a> {
    schema: &'static str,
    as_of: Moment,
    exit: u8,
    controls: Vec<Covered<'a>>,
}

/// One control in scope.
#[derive(Serialize)]
struct Covered<'a> {
    id: &'a str,
    reach: &'a str,
    cap: &'a str,
    status: &'a str,
    tests: &'a [String],
    evidenced: &'a [String],
    population: u64,
    exceptions: u64,
    reasons: &'a [String],
}

impl<'a> From<&'a Control> for Covered<'a> {
    fn from(control: &'a Control) -> Self {
        Self {
            id: &control.id,
            reach: &control.reach,
            cap: &control.cap,
            status: &control.status,
            tests: &control.tests,
            evidenced: &control.evidenced,
            population: control.population,
            exceptions: control.exceptions,
            reasons: &control.reasons,
        }
    }
}

pub(super) fn run(folder: &Path, json: bool, common: &Common, io: &mut Io<'_>) -> Result<Exit, Failure> {
    let workspace = Workspace::load(folder).map_err(RunError::from)?;
    let options = period::of_check(&workspace, common)?;
    let material = Material::of_workspace(workspace)?;
    let run = run_all(&material, options)?;
    let report = run.assessment.report();
    let gate = Gate::of(&run, &material);
    // What the logs themselves leave open must not look like an answer.
    let exit = Exit::worst(gate.common_but_known());
    if json {
        let coverage = Coverage {
            schema: "countersign/controls-coverage/1",
            as_of: report.as_of,
            exit: exit.code(),
            controls: in_scope(report).map(Covered::from).collect(),
        };
        let text = serde_json::to_string_pretty(&coverage).expect("strings, numbers and lists are JSON");
        io.result(&text)?;
    } else {
        lines(report, io)?;
    }
    gate.explain(io);
    Ok(exit)
}

fn in_scope(report: &Report) -> impl Iterator<Item = &Control> {
    report.controls.iter().filter(|control| control.status != "out_of_scope")
}

fn lines(report: &Report, io: &mut Io<'_>) -> Result<(), Failure> {
    io.result(&format!("As of {}: {} to before {}", report.as_of, report.period.from, report.period.to))?;
    let width = in_scope(report).map(|control| control.id.chars().count()).max().unwrap_or_default();
    for control in in_scope(report) {
        let tests = if control.tests.is_empty() {
            "no test".to_owned()
        } else {
            format!("{} tests evidenced", of(control.evidenced.len(), control.tests.len()))
        };
        let items = match control.population {
            0 => String::new(),
            population => format!(" · {} with an exception", of(control.exceptions, population)),
        };
        let (_, phrase, _) = tone::status(&control.status);
        io.result(&format!(
            "{:width$}  reach {:7}  shown {:7}  {tests} · {phrase}{items}",
            clean(&control.id),
            control.reach,
            control.cap,
        ))?;
    }
    let reached = in_scope(report).filter(|control| control.reach != "none");
    let (evidenced, reached): (Vec<&Control>, Vec<&Control>) = {
        let all: Vec<&Control> = reached.collect();
        (all.iter().copied().filter(|control| !control.evidenced.is_empty()).collect(), all)
    };
    io.result(&format!(
        "{} controls in scope and within reach have a test that these sources evidence",
        of(evidenced.len(), reached.len())
    ))
}

fn of(part: impl TryInto<u64>, whole: impl TryInto<u64>) -> String {
    let count = |number: Result<u64, _>| grouped(number.unwrap_or(u64::MAX));
    format!("{} of {}", count(part.try_into().map_err(drop)), count(whole.try_into().map_err(drop)))
}
