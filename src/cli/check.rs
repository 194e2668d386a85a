//! `countersign check`: answers a scheduled job by exit code.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::gate::{FailOn, Gate};
use super::{Common, Io, github, period};
use crate::error::Failure;
use crate::exit::Exit;
use crate::report::check::Check;
use crate::report::model::Report;
use crate::report::{console, junit, sarif};
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
    /// Write SARIF 2.1.0 for code hosts
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    /// Write JUnit XML for CI servers
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Speak to GitHub Actions: annotations, the step's summary and outputs, and alerts for what could not be tested
    #[arg(long)]
    github: bool,
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
    let check = Check::new(report, exit.code(), baseline.as_ref());
    write_files(args, report, &check)?;
    if args.github {
        github::speak(report, &check, io)?;
    }
    if args.json {
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

/// Writes the files that were asked for, before any exit code ends the job.
fn write_files(args: &CheckArgs, report: &Report, check: &Check) -> Result<(), Failure> {
    let workspace_file = args.workspace.join("countersign.toml");
    let workspace_file = workspace_file.strip_prefix(".").unwrap_or(&workspace_file);
    if let Some(path) = &args.sarif {
        let bytes = sarif::to_bytes(report, check, &workspace_file.display().to_string(), args.github);
        write(path, &bytes)?;
    }
    if let Some(path) = &args.junit {
        write(path, &junit::to_bytes(report))?;
    }
    Ok(())
}

/// Writes a file whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        file.write_all(bytes)?;
        file.persist(path).map_err(|error| error.error)
    });
    written.map(drop).map_err(|error| {
        Failure::message(
            Exit::Incomplete,
            format!("cannot write `{}`: {error}", path.display()),
            "name a file in a folder that exists and can be written to",
        )
    })
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
