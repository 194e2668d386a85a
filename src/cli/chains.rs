//! Lists, shows, and lints chain profiles.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::error::Failure;
use crate::exit::Exit;
use crate::integrity::foreign::seen::{LayerFacts, Signed};
use crate::integrity::foreign::{ChainEntry, ChainError, ChainFormat, ChainLibrary, ChainOrigin};

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
    /// Compile profiles and say what their formats cannot show; all at hand, without a file.
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
    /// Profile files.
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
    /// The output cannot be written.
    #[error("cannot write the result")]
    Output(#[from] io::Error),
}

impl From<ChainsError> for Failure {
    fn from(error: ChainsError) -> Self {
        match error {
            ChainsError::Profile(error) => Self::new(Exit::Usage, &error, error.help()),
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
        ChainsCommand::Lint(args) => args.files.iter().try_for_each(|path| lint(&read(path)?, out)),
    }
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
            "{:ids$}  {:products$}  {:8}  {:2} lints  {}  {}",
            format.id(),
            format.product(),
            signed(format.layers()),
            format.lints().len(),
            origin(entry),
            layers.join(", ")
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
    writeln!(out, "{} {}", format.id(), format.version())?;
    writeln!(out, "  product   {}", format.product())?;
    if let Some(versions) = format.product_versions() {
        writeln!(out, "  versions  {versions}")?;
    }
    writeln!(out, "  origin    {}", origin(entry))?;
    writeln!(out, "  profile   sha256 {}", format.digest())?;
    for layer in format.layers() {
        writeln!(out, "layer {}", layer.name)?;
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
    writeln!(out, "{}: compiles; {} lints", format.id(), format.lints().len())?;
    for lint in format.lints() {
        writeln!(out, "  {lint}")?;
    }
    Ok(())
}

fn print_lints(format: &ChainFormat, out: &mut dyn Write) -> Result<(), ChainsError> {
    if !format.lints().is_empty() {
        writeln!(out, "what the format cannot show")?;
    }
    for lint in format.lints() {
        writeln!(out, "  {lint}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chains(arguments: &[&str]) -> (Result<(), String>, String) {
        #[derive(clap::Parser)]
        struct Cli {
            #[command(flatten)]
            args: ChainsArgs,
        }
        let cli = <Cli as clap::Parser>::try_parse_from([&["chains"], arguments].concat()).unwrap();
        let mut out = Vec::new();
        let done = run(&cli.args, &mut out).map_err(|error| error.to_string());
        (done, String::from_utf8(out).unwrap())
    }

    #[test]
    fn chains_lists_shows_and_lints() {
        let elsewhere = tempfile::tempdir().unwrap();
        let workspace = elsewhere.path().to_str().unwrap();
        let (done, out) = chains(&["list", workspace]);
        assert_eq!(done, Ok(()));
        assert_eq!(out.lines().count(), 9, "{out}");
        assert!(out.lines().all(|line| line.contains("  shipped  ")), "{out}");
        let of = |id: &str| out.lines().find(|line| line.starts_with(id)).unwrap();
        assert!(of("agt-python-sink").contains("  mac  "), "{out}");
        assert!(of("agt-rust").contains("  unsigned  "), "{out}");
        assert!(of("pipelock").contains("recorder, receipt, "), "{out}");

        let (done, out) = chains(&["show", "agt-python-sink", "--workspace", workspace]);
        assert_eq!(done, Ok(()));
        for expected in [
            "  linked    within a file",
            "each record, with a shared key, the link included",
            "uncovered-field at `/environment`",
        ] {
            assert!(out.contains(expected), "{expected}: {out}");
        }
        let (done, _) = chains(&["show", "signett", "--workspace", workspace]);
        assert_eq!(done, Err("no chain profile is named `signett`".to_owned()));
        let (done, out) = chains(&["lint", "--workspace", workspace]);
        assert_eq!(done, Ok(()));
        assert_eq!(out.matches(": compiles; ").count(), 9, "{out}");
    }

    #[test]
    fn a_workspace_s_profile_replaces_the_shipped_one_and_an_unsound_one_is_refused() {
        let workspace = tempfile::tempdir().unwrap();
        let folder = workspace.path().join("chains");
        std::fs::create_dir_all(&folder).unwrap();
        let shipped = ChainLibrary::shipped().unwrap();
        let text = shipped.entry("signet").unwrap().text().to_owned();
        std::fs::write(folder.join("signet.toml"), text.replace("version = \"1\"", "version = \"2\""))
            .unwrap();
        let path = workspace.path().to_str().unwrap();
        let (done, out) = chains(&["list", path]);
        assert_eq!(done, Ok(()));
        assert!(out.contains("replaced by chains/signet.toml"), "{out}");

        let wrong = folder.join("signet.toml");
        std::fs::write(&wrong, text.replace("canon = \"jcs\"", "canon = \"jsc\"")).unwrap();
        let (done, _) = chains(&["lint", wrong.to_str().unwrap()]);
        let error = done.unwrap_err();
        assert!(error.contains("signet.toml:") && error.ends_with("unknown canonicaliser `jsc`"), "{error}");
    }
}
