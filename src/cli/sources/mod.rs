//! Lists, shows, tries, checks, and tests source profiles.

mod attempt;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::profile::library::{Entry, Library, Origin};
use crate::profile::{ProfileError, Weight, sample};

/// Work with the source profiles, which say how the records of a product become events.
#[derive(Args, Clone, Debug)]
pub(super) struct SourcesArgs {
    #[command(subcommand)]
    command: SourcesCommand,
}

#[derive(Subcommand, Clone, Debug)]
enum SourcesCommand {
    /// List the profiles at hand, shipped and from the workspace.
    List(ListArgs),
    /// Show what one profile reads, fills, and cannot see.
    Show(ShowArgs),
    /// Say which profile reads a file, and what becomes of its records.
    Try(TryArgs),
    /// Look for rules that never apply, overlap, or leave words open.
    Lint(LintArgs),
    /// Map the samples of profiles and compare with the events they expect.
    Test(TestArgs),
}

#[derive(Args, Clone, Debug)]
struct ListArgs {
    /// Folder with a `sources` folder of its own.
    #[arg(default_value = ".")]
    workspace: PathBuf,
}

#[derive(Args, Clone, Debug)]
struct ShowArgs {
    /// Name of the profile.
    id: String,
    /// Folder with a `sources` folder of its own.
    #[arg(long, default_value = ".")]
    workspace: PathBuf,
}

#[derive(Args, Clone, Debug)]
struct TryArgs {
    /// File with records, as it lies in the log; gzip and Zstandard are unpacked.
    file: PathBuf,
    /// Name of the profile; all, if left out.
    #[arg(long)]
    profile: Option<String>,
    /// Folder with a `sources` folder of its own.
    #[arg(long, default_value = ".")]
    workspace: PathBuf,
}

#[derive(Args, Clone, Debug)]
struct LintArgs {
    /// Name of the profile; all, if left out.
    id: Option<String>,
    /// Folder with a `sources` folder of its own.
    #[arg(long, default_value = ".")]
    workspace: PathBuf,
}

#[derive(Args, Clone, Debug)]
struct TestArgs {
    /// Name of the profile; all, if left out.
    id: Option<String>,
    /// Print what the samples become, in the shape of `expected.jsonl`, and compare nothing.
    #[arg(long)]
    lines: bool,
    /// Folder with a `sources` folder of its own.
    #[arg(long, default_value = ".")]
    workspace: PathBuf,
}

/// Why a run of `sources` did not end well.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourcesError {
    /// A profile cannot be used. The user can fix this.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The file to try cannot be read. The user can fix this.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The output cannot be written.
    #[error("cannot write the result")]
    Output(#[from] io::Error),
}

/// Runs `sources` and tells whether every sample became what is expected; true where nothing was compared.
///
/// # Errors
///
/// [`SourcesError::Profile`] for a profile that is not there or cannot be used.
pub(super) fn run(args: &SourcesArgs, out: &mut dyn Write) -> Result<bool, SourcesError> {
    match &args.command {
        SourcesCommand::List(args) => list(&Library::open(&args.workspace)?, out).map(|()| true),
        SourcesCommand::Show(args) => {
            let library = Library::open(&args.workspace)?;
            show(library.find(&args.id)?, out)?;
            Ok(true)
        }
        SourcesCommand::Try(args) => {
            let library = Library::open(&args.workspace)?;
            attempt::run(&library, &args.file, args.profile.as_deref(), out)
        }
        SourcesCommand::Lint(args) => lint(args.id.as_deref(), &args.workspace, out),
        SourcesCommand::Test(args) if args.lines => {
            let library = Library::open(&args.workspace)?;
            for entry in chosen(&library, args.id.as_deref())? {
                for line in sample::lines(entry, &mut sample::Outcome::default())? {
                    writeln!(out, "{}", serde_json::Value::Object(line))?;
                }
            }
            Ok(true)
        }
        SourcesCommand::Test(args) => test(args.id.as_deref(), &args.workspace, out),
    }
}

fn list(library: &Library, out: &mut dyn Write) -> Result<(), SourcesError> {
    let width =
        |text: fn(&Entry) -> &str| library.entries().map(|entry| text(entry).len()).max().unwrap_or(0);
    let names = width(|entry| entry.profile().name());
    let products = width(|entry| entry.profile().product());
    for entry in library.entries() {
        let profile = entry.profile();
        writeln!(
            out,
            "{:names$}  {:>3}  {:products$}  {:13}  {}",
            profile.name(),
            profile.version(),
            profile.product(),
            profile.basis(),
            origin(entry)
        )?;
    }
    Ok(())
}

fn origin(entry: &Entry) -> String {
    match (entry.origin(), entry.replaces()) {
        (Origin::Shipped, _) => "shipped".to_owned(),
        (Origin::Workspace(path), None) => format!("added by {path}"),
        (Origin::Workspace(path), Some(_)) => format!("replaced by {path}"),
    }
}

fn show(entry: &Entry, out: &mut dyn Write) -> Result<(), SourcesError> {
    let profile = entry.profile();
    writeln!(out, "{} {}", profile.name(), profile.version())?;
    writeln!(out, "  product    {}", profile.product())?;
    if let Some(versions) = profile.product_versions() {
        writeln!(out, "  versions   {versions}")?;
    }
    writeln!(out, "  basis      {}", profile.basis())?;
    writeln!(out, "  integrity  {}", profile.integrity())?;
    writeln!(out, "  origin     {}", origin(entry))?;
    writeln!(out, "  profile    sha256 {}", profile.digest())?;
    writeln!(out, "  folder     sha256 {}", entry.digest())?;
    if let Some(replaced) = entry.replaces() {
        writeln!(out, "  replaces   sha256 {replaced}")?;
    }
    writeln!(out, "  re-exports {}", repeats(entry))?;
    section(out, "rules", profile.rules().map(|(id, kind)| format!("{id}: {kind}")))?;
    section(out, "ignored", profile.ignore_reasons().map(str::to_owned))?;
    section(out, "settings", profile.settings().iter().map(|(name, text)| format!("{name}: {text}")))?;
    section(out, "not logged by the product", profile.absent().iter().cloned())?;
    section(out, "columns filled", profile.columns_filled())
}

fn repeats(entry: &Entry) -> &'static str {
    match (entry.profile().deduplicates(), entry.profile().is_snapshot()) {
        (false, _) => "not recognised: one fact, one record",
        (true, false) => "recognised by a key",
        (true, true) => "recognised by a key; the newest snapshot counts",
    }
}

fn section(
    out: &mut dyn Write,
    title: &str,
    lines: impl IntoIterator<Item = String>,
) -> Result<(), SourcesError> {
    let mut lines = lines.into_iter().peekable();
    if lines.peek().is_some() {
        writeln!(out, "{title}")?;
    }
    for line in lines {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

/// Writes what can be said against profiles, and tells whether nothing of it is an error.
fn lint(id: Option<&str>, workspace: &Path, out: &mut dyn Write) -> Result<bool, SourcesError> {
    let library = Library::open(workspace)?;
    let mut sound = true;
    for entry in chosen(&library, id)? {
        let remarks = entry.profile().lint();
        let errors = remarks.iter().filter(|remark| remark.weight == Weight::Error).count();
        writeln!(out, "{}: {errors} errors, {} notes", entry.profile().name(), remarks.len() - errors)?;
        for remark in &remarks {
            writeln!(out, "  {remark}")?;
        }
        sound &= errors == 0;
    }
    Ok(sound)
}

fn chosen<'l>(library: &'l Library, id: Option<&str>) -> Result<Vec<&'l Entry>, SourcesError> {
    Ok(match id {
        Some(id) => vec![library.find(id)?],
        None => library.entries().collect(),
    })
}

fn test(id: Option<&str>, workspace: &Path, out: &mut dyn Write) -> Result<bool, SourcesError> {
    let library = Library::open(workspace)?;
    let mut equal = true;
    for entry in chosen(&library, id)? {
        let outcome = sample::check(entry)?;
        let results: Vec<String> =
            outcome.results.iter().map(|(result, count)| format!("{count} {result}")).collect();
        let verdict = if outcome.differences.is_empty() { "as expected" } else { "differs" };
        writeln!(
            out,
            "{}: {verdict}; {} records ({}), {} events",
            entry.profile().name(),
            outcome.records,
            results.join(", "),
            outcome.events
        )?;
        for difference in &outcome.differences {
            writeln!(out, "  {difference}")?;
        }
        equal &= outcome.differences.is_empty();
    }
    Ok(equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(arguments: &[&str]) -> (Result<bool, String>, String) {
        #[derive(clap::Parser)]
        struct Cli {
            #[command(flatten)]
            args: SourcesArgs,
        }
        let cli = <Cli as clap::Parser>::try_parse_from([&["sources"], arguments].concat()).unwrap();
        let mut out = Vec::new();
        let done = run(&cli.args, &mut out).map_err(|error| error.to_string());
        (done, String::from_utf8(out).unwrap())
    }

    #[test]
    fn sources_lists_shows_and_tests() {
        let elsewhere = tempfile::tempdir().unwrap();
        let workspace = elsewhere.path().to_str().unwrap();
        let (done, out) = sources(&["list", workspace]);
        assert_eq!(done, Ok(true));
        let names: Vec<&str> = out.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
        let known: Vec<String> =
            Library::shipped().unwrap().entries().map(|entry| entry.profile().name().to_owned()).collect();
        assert_eq!(names, known);
        assert!(names.contains(&"teleport"), "{names:?}");
        assert!(out.lines().all(|line| line.ends_with("shipped")), "{out}");

        let (done, out) = sources(&["show", "teleport", "--workspace", workspace]);
        assert_eq!(done, Ok(true));
        for expected in
            ["  integrity  none", "  review: decision", "  decision.outcome", "not logged by the product"]
        {
            assert!(out.contains(expected), "{expected}: {out}");
        }
        let (done, _) = sources(&["show", "telport", "--workspace", workspace]);
        assert_eq!(done, Err("no source profile is named `telport`".to_owned()));

        let (done, out) = sources(&["test", "--workspace", workspace]);
        assert_eq!(done, Ok(true), "{out}");
        assert_eq!(out.lines().count(), known.len());
    }

    #[test]
    fn sources_test_names_what_differs() {
        let workspace = tempfile::tempdir().unwrap();
        let folder = workspace.path().join("sources/teleport");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in Library::shipped().unwrap().find("teleport").unwrap().files() {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        let expected = folder.join("expected.jsonl");
        let text = std::fs::read_to_string(&expected).unwrap();
        let changed: Vec<String> = text
            .lines()
            .enumerate()
            .filter(|(number, _)| *number != 4)
            .map(
                |(number, line)| {
                    if number == 1 { line.replace("\"lee\"", "\"leo\"") } else { line.to_owned() }
                },
            )
            .collect();
        std::fs::write(&expected, changed.join("\n")).unwrap();
        let (done, out) = sources(&["test", "teleport", "--workspace", workspace.path().to_str().unwrap()]);
        assert_eq!(done, Ok(false));
        let lines: Vec<&str> = out.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "  sample.jsonl:2 review: `decider_id`: expected \"leo\", found \"lee\"",
                "  sample.jsonl:4 request: found, not expected",
            ],
            "{out}"
        );
    }
}
