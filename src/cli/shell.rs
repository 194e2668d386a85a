//! `countersign completions` and `countersign man`: what a shell and a manual know of the command line, from its own definition.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, Io};
use crate::error::Failure;
use crate::exit::Exit;

/// Print a completion script for a shell
#[derive(Args, Debug)]
pub(super) struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

/// Write manual pages, one for the program and one for each command
#[derive(Args, Debug)]
pub(super) struct ManArgs {
    /// Folder that the pages go to; made where it does not exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn completions(args: &CompletionsArgs, io: &mut Io<'_>) -> Result<Exit, Failure> {
    // The generator panics where its output is gone, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "countersign", &mut script);
    io.out.write_all(&script).map_err(|error| Failure::output(&error))?;
    Ok(Exit::Done)
}

pub(super) fn man(args: &ManArgs, io: &mut Io<'_>) -> Result<Exit, Failure> {
    let unwritable = |error: std::io::Error, path: &Path| {
        Failure::message(
            Exit::Incomplete,
            format!("cannot write to `{}`: {error}", path.display()),
            "name a folder that can be written to",
        )
    };
    std::fs::create_dir_all(&args.out).map_err(|error| unwritable(error, &args.out))?;
    clap_mangen::generate_to(Cli::command(), &args.out).map_err(|error| unwritable(error, &args.out))?;
    io.note(&format!("wrote manual pages to `{}`", args.out.display()));
    Ok(Exit::Done)
}
