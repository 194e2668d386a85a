//! Lists, shows, and lints chain profiles.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::error::Failure;
use crate::exit::Exit;
use crate::integrity::foreign::seen::{LayerFacts, Signed};
use crate::integrity::foreign::{ChainEntry, ChainError, ChainFormat, ChainLibrary, ChainOrigin};
use crate::report::console::clean;

/// Work with the chain profiles, which say how a product hashes, links, and signs its records.
#[derive(Args, Clone, Debug)]
pub(super) struct ChainsArgs {
    #[command(subcommand)]
    command: ChainsCommand,
}

#[derive(Subcommand, Clone, Debug)]
enum ChainsCommand {
    /// List the profiles at hand, shipped and from the workspace.
    List(ListArgs),
    /// Show the layers of one profile, and what its format cannot show.
    Show(ShowArgs),
    /// Compile profiles and say, before any data is read, what their formats cannot show.
    Lint(LintArgs),
}

#[derive(Args, Clone, Debug)]
struct ListArgs {
    /// Folder with a `chains` folder of its own.
    #[arg(default_value = ".")]
    workspace: PathBuf,
}

#[derive(Args, Clone, Debug)]
struct ShowArgs {
    /// Id of the profile.
    id: String,
    /// Folder with a `chains` folder of its own.
    #[arg(long, default_value = ".")]
    workspace: PathBuf,
}

#[derive(Args, Clone, Debug)]
struct LintArgs {
    /// Profile files; all profiles at hand, if left out.
    files: Vec<PathBuf>,
    /// Folder with a `chains` folder of its own.
    #[arg(long, default_value = ".")]
    workspace: PathBuf,
}

/// Why a run of `chains` did not end well.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChainsError {
    /// A profile cannot be used. The user can fix this.
    #[error(transparent)]
    Profile(#[from] ChainError),
    /// Some of several profiles cannot be used; the result says why. The user can fix this.
    #[error("{unusable} of {} cannot be used", count(*files, "chain profile"))]
    Some {
        /// Profiles that cannot be used.
        unusable: usize,
        /// Profiles looked at.
        files: usize,
    },
    /// The output cannot be written.
    #[error("cannot write the result")]
    Output(#[from] io::Error),
}

impl From<ChainsError> for Failure {
    fn from(error: ChainsError) -> Self {
        match error {
            ChainsError::Profile(error) => Self::new(Exit::Usage, &error, error.help()),
            error @ ChainsError::Some { .. } => {
                let help = "mend the profiles that the lines above name".to_owned();
                Self::new(Exit::Usage, &error, Some(help))
            }
            ChainsError::Output(error) => Self::output(&error),
        }
    }
}

/// Runs `chains`.
///
/// # Errors
///
/// [`ChainsError::Profile`] for a profile that is not there or cannot be used.
pub(super) fn run(args: &ChainsArgs, out: &mut dyn Write) -> Result<(), ChainsError> {
    match &args.command {
        ChainsCommand::List(args) => list(&ChainLibrary::open(&args.workspace)?, out),
        ChainsCommand::Show(args) => show(ChainLibrary::open(&args.workspace)?.entry(&args.id)?, out),
        ChainsCommand::Lint(args) if args.files.is_empty() => {
            ChainLibrary::open(&args.workspace)?.iter().try_for_each(|format| lint(format, out))
        }
        ChainsCommand::Lint(args) => lint_files(&args.files, out),
    }
}

/// Lints each file, so that one that cannot be used does not hide the next.
fn lint_files(files: &[PathBuf], out: &mut dyn Write) -> Result<(), ChainsError> {
    if let [path] = files {
        return lint(&read(path)?, out);
    }
    let mut unusable = 0;
    for path in files {
        match read(path) {
            Ok(format) => lint(&format, out)?,
            Err(error) => {
                unusable += 1;
                let failure = Failure::from(ChainsError::from(error)).to_string();
                writeln!(out, "{}", failure.trim_end())?;
            }
        }
    }
    match unusable {
        0 => Ok(()),
        unusable => Err(ChainsError::Some { unusable, files: files.len() }),
    }
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn read(path: &Path) -> Result<ChainFormat, ChainError> {
    let text = std::fs::read_to_string(path)
        .map_err(|cause| ChainError::Unreadable { path: path.display().to_string(), cause })?;
    let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    ChainFormat::parse_file(&path.display().to_string(), &id, &text)
}

fn list(library: &ChainLibrary, out: &mut dyn Write) -> Result<(), ChainsError> {
    let width = |text: fn(&ChainFormat) -> &str| {
        library.iter().map(|format| text(format).chars().count()).max().unwrap_or(0)
    };
    let (ids, products) = (width(ChainFormat::id), width(ChainFormat::product));
    for entry in library.entries() {
        let format = entry.format();
        let layers: Vec<&str> = format.layers().iter().map(|layer| layer.name.as_str()).collect();
        writeln!(
            out,
            "{:ids$}  {:products$}  {:8}  {:>8}  {}  {}",
            format.id(),
            clean(format.product()),
            signed(format.layers()),
            count(format.lints().len(), "lint"),
            clean(&origin(entry)),
            clean(&layers.join(", "))
        )?;
    }
    Ok(())
}

/// Says what the signatures of a format are worth at most.
fn signed(layers: &[LayerFacts]) -> &'static str {
    let signing = || layers.iter().filter(|layer| layer.signed != Signed::Never);
    if signing().next().is_none() {
        "unsigned"
    } else if signing().all(|layer| layer.symmetric) {
        "mac"
    } else {
        "signed"
    }
}

fn origin(entry: &ChainEntry) -> String {
    match (entry.origin(), entry.replaces()) {
        (ChainOrigin::Shipped, _) => "shipped".to_owned(),
        (ChainOrigin::Workspace(path), None) => format!("added by {path}"),
        (ChainOrigin::Workspace(path), Some(_)) => format!("replaced by {path}"),
    }
}

fn show(entry: &ChainEntry, out: &mut dyn Write) -> Result<(), ChainsError> {
    let format = entry.format();
    writeln!(out, "{} {}", format.id(), clean(format.version()))?;
    writeln!(out, "  product   {}", clean(format.product()))?;
    if let Some(versions) = format.product_versions() {
        writeln!(out, "  versions  {}", clean(versions))?;
    }
    writeln!(out, "  origin    {}", clean(&origin(entry)))?;
    writeln!(out, "  profile   sha256 {}", format.digest())?;
    if let Some(replaced) = entry.replaces() {
        writeln!(out, "  replaces  sha256 {replaced}")?;
    }
    for (index, layer) in format.layers().iter().enumerate() {
        writeln!(out, "layer {}", clean(&layer.name))?;
        if let Some(envelope) = format.envelope(index) {
            writeln!(out, "  envelope  {envelope}")?;
        }
        let linked = match (layer.linked, layer.spans_files) {
            (false, _) => "no",
            (true, false) => "within a file",
            (true, true) => "across files",
        };
        writeln!(out, "  linked    {linked}")?;
        if layer.sequenced {
            writeln!(out, "  sequence  from {}, by {}", layer.start, layer.step)?;
        } else {
            writeln!(out, "  sequence  none")?;
        }
        let signed = match (layer.signed, layer.symmetric) {
            (Signed::Never, _) => "no record",
            (Signed::Some, false) => "some records",
            (Signed::Each, false) => "each record",
            (Signed::Some, true) => "some records, with a shared key",
            (Signed::Each, true) => "each record, with a shared key",
        };
        let link = if layer.signs_link { ", the link included" } else { "" };
        writeln!(out, "  signed    {signed}{link}")?;
        let time = if layer.time_covered { "covered" } else { "not covered" };
        writeln!(out, "  time      {time}")?;
    }
    print_lints(format, out)
}

fn lint(format: &ChainFormat, out: &mut dyn Write) -> Result<(), ChainsError> {
    writeln!(out, "{}: compiles; {}", format.id(), count(format.lints().len(), "lint"))?;
    for lint in format.lints() {
        writeln!(out, "  {}", clean(&lint.to_string()))?;
    }
    Ok(())
}

fn print_lints(format: &ChainFormat, out: &mut dyn Write) -> Result<(), ChainsError> {
    if !format.lints().is_empty() {
        writeln!(out, "what the format cannot show")?;
    }
    for lint in format.lints() {
        writeln!(out, "  {}", clean(&lint.to_string()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
