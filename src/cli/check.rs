//! `countersign check`: answers a scheduled job by exit code.

use std::path::PathBuf;

use clap::Args;

use super::gate::{FailOn, Gate};
use super::{Common, Io, period};
use crate::error::Failure;
use crate::exit::Exit;
use crate::report::check::Check;
use crate::report::console;
use crate::run::material::Material;
use crate::run::{RunError, run as run_all};
use crate::settings::Workspace;

/// Reasons printed one by one; `--json` has everything.
const MAX_REASONS: usize = 5;

/// Answer a scheduled job by exit code: did a control break?
#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    /// Folder with a `countersign.toml`
    #[arg(default_value = ".")]
    workspace: PathBuf,
    /// Print the whole result as JSON
    #[arg(long)]
    json: bool,
    /// Exit with 1 on exceptions
    #[arg(long, value_name = "WHAT", default_value = "any")]
    fail_on: FailOn,
    /// An earlier `check --json` to compare with
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
}

pub(super) fn run(args: &CheckArgs, common: &Common, io: &mut Io<'_>) -> Result<Exit, Failure> {
    let baseline = args.baseline.as_ref().map(read_baseline).transpose()?;
    let workspace = Workspace::load(&args.workspace).map_err(RunError::from)?;
    let options = period::of_check(&workspace, common)?;
    let material = Material::of_workspace(workspace)?;
    let run = run_all(&material, options)?;
    let report = run.assessment.report();
    let gate = Gate::of(&run, &material);
    let reasons = gate.check_only(baseline.as_ref());
    let exit = Exit::worst(
        gate.common_but_known()
            .chain(gate.exceptions(args.fail_on, baseline.as_ref()))
            .chain((!reasons.is_empty()).then_some(Exit::NotEvidenced)),
    );
    if args.json {
        let check = Check::new(report, exit.code(), baseline.as_ref());
        let text = serde_json::to_string_pretty(&check).expect("strings, numbers and lists are JSON");
        io.result(&text)?;
        return Ok(exit);
    }
    let mut lines = console::summary(report);
    let room = console::MAX_LINES - 1;
    let shown = reasons.len().min(MAX_REASONS);
    lines.truncate(room - shown - usize::from(reasons.len() > shown));
    lines.extend(
        reasons.iter().take(shown).map(|reason| format!("Not evidenced  {}", console::clean(reason))),
    );
    if reasons.len() > shown {
        lines.push(format!("               … and {} more reasons", reasons.len() - shown));
    }
    for line in lines {
        io.result(&line)?;
    }
    io.result(&console::conclusion(report, exit.code()))?;
    gate.explain(io);
    Ok(exit)
}

fn read_baseline(path: &PathBuf) -> Result<Check, Failure> {
    let unusable = |why: String| {
        Failure::message(
            Exit::Usage,
            format!("baseline `{}` {why}", path.display()),
            "give a file that `countersign check --json` wrote",
        )
    };
    let text = std::fs::read_to_string(path).map_err(|error| unusable(format!("cannot be read: {error}")))?;
    let check: Check =
        serde_json::from_str(&text).map_err(|error| unusable(format!("is no check result: {error}")))?;
    if check.schema != "countersign/check/1" {
        return Err(unusable(format!("has schema `{}`, expected `countersign/check/1`", check.schema)));
    }
    Ok(check)
}
