//! The command line: one file per command, and what they share.
//!
//! stdout is the result, stderr everything else. A command returns how it ended or a [`Failure`]; only [`main`] turns
//! that into an exit code.

mod append;
mod case;
mod chains;
mod check;
pub mod controls;
mod diff;
mod gate;
mod github;
mod input;
mod keys;
mod period;
mod progress;
mod redact;
mod render;
mod report;
mod sample;
mod seal;
mod secret;
mod shell;
mod sources;
mod verify;

use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;

use clap::{Args, ColorChoice, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::clock::Moment;
use crate::error::Failure;
use crate::exit::Exit;
use crate::integrity::signature::{SelfTestError, self_test};

/// Turns approval logs into audit evidence.
#[derive(Parser, Debug)]
#[command(name = "countersign", version, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Start of the period, instead of the workspace's
    #[arg(long, global = true, value_name = "TIME")]
    from: Option<Moment>,
    /// End of the period, exclusive, instead of the workspace's
    #[arg(long, global = true, value_name = "TIME")]
    to: Option<Moment>,
    /// Test nothing after this moment
    #[arg(long, global = true, value_name = "TIME")]
    as_of: Option<Moment>,
    /// Print the result only
    #[arg(long, short, global = true)]
    quiet: bool,
    /// When to colour messages
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
    /// Threads to use; the result is the same for any number
    #[arg(long, global = true, value_name = "N")]
    threads: Option<usize>,
}

/// When to colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Color {
    /// On a terminal, unless NO_COLOR is set; anywhere with CLICOLOR_FORCE.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Make the audit pack: verify the logs, test every case, write reports and evidence
    Report(report::ReportArgs),
    /// Answer a scheduled job by exit code: did a control break?
    Check(check::CheckArgs),
    /// Verify logs, or a pack, offline
    Verify(verify::VerifyArgs),
    Case(case::CaseArgs),
    Diff(diff::DiffArgs),
    Redact(redact::RedactArgs),
    Sample(sample::SampleArgs),
    Sources(sources::SourcesArgs),
    Chains(chains::ChainsArgs),
    Controls(controls::Args),
    /// Append events to a log as chained and signed records
    Append(append::AppendArgs),
    /// Extend the Merkle tree of a log and sign a checkpoint
    Seal(seal::SealArgs),
    /// Make, inspect and trust keys
    Keys(keys::KeysArgs),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
}

/// Where a command writes.
pub struct Io<'a> {
    /// The result.
    pub out: &'a mut dyn Write,
    /// Everything else.
    pub err: &'a mut dyn Write,
    /// True where only the result is wanted.
    pub quiet: bool,
}

impl Io<'_> {
    /// Writes a line of the result.
    ///
    /// # Errors
    ///
    /// When the output is gone.
    pub fn result(&mut self, line: &str) -> Result<(), Failure> {
        writeln!(self.out, "{line}").map_err(|error| Failure::output(&error))
    }

    /// Writes a line for the program that runs this one; `--quiet` does not silence it.
    pub fn command(&mut self, line: &str) {
        let _ = writeln!(self.err, "{line}");
    }

    /// Writes a line that is no result; a closed stderr is nobody's failure.
    pub fn note(&mut self, line: &str) {
        if !self.quiet {
            let _ = writeln!(self.err, "{line}");
        }
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = parse();
    progress::show(cli.common.quiet);
    if let Some(threads) = cli.common.threads {
        // Fails only if the pool exists already, and nothing before this line makes one.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    }
    // Standard error is not locked: the threads that draw progress write there too.
    let (mut out, mut err) = (io::stdout().lock(), io::stderr());
    let mut io = Io { out: &mut out, err: &mut err, quiet: cli.common.quiet };
    let exit = match run(&cli, &mut io) {
        Ok(exit) => exit,
        Err(failure) => {
            let text = failure.to_string();
            let _ = write!(io.err, "{}", if coloured(cli.common.color) { paint(&text) } else { text });
            failure.exit()
        }
    };
    match io.out.flush() {
        Ok(()) => ExitCode::from(exit.code()),
        Err(_) => ExitCode::from(Exit::Incomplete.code()),
    }
}

/// Runs one command line, its program name left out, with the outputs of the caller, and returns the exit code.
///
/// Like [`main`], for a caller that asks often: no process, no colour, and no thread pool of its own.
pub fn run_with(args: &[&str], out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let mut io = Io { out, err, quiet: false };
    let ended = match Cli::try_parse_from([&["countersign"], args].concat()) {
        Ok(cli) => run(&cli, &mut io),
        Err(error) => Err(Failure::message(Exit::Usage, error.to_string(), "see `countersign --help`")),
    };
    match ended {
        Ok(exit) => exit.code(),
        Err(failure) => {
            let _ = write!(io.err, "{failure}");
            failure.exit().code()
        }
    }
}

fn run(cli: &Cli, io: &mut Io<'_>) -> Result<Exit, Failure> {
    refuse_lenient(self_test())?;
    match &cli.command {
        Command::Report(args) => report::run(args, &cli.common, io),
        Command::Check(args) => check::run(args, &cli.common, io),
        Command::Verify(args) => verify::run(args, io),
        Command::Case(args) => case::run(args, &cli.common, io),
        Command::Diff(args) => diff::run(args, io),
        Command::Redact(args) => redact::run(args, &cli.common, io),
        Command::Sample(args) => sample::run(args, &cli.common, io),
        Command::Controls(args) => controls::answer(args, &cli.common, io),
        Command::Sources(args) => match sources::run(args, io.out) {
            Ok(true) => Ok(Exit::Done),
            Ok(false) => Ok(Exit::Usage),
            Err(sources::SourcesError::Profile(error)) => Err(crate::run::RunError::from(error).into()),
            Err(sources::SourcesError::Unreadable { path, cause }) => Err(Failure::message(
                Exit::Usage,
                format!("cannot read `{path}`: {cause}"),
                "check that the file exists and is readable",
            )),
            Err(sources::SourcesError::Output(error)) => Err(Failure::output(&error)),
        },
        Command::Chains(args) => Ok(chains::run(args, io.out).map(|()| Exit::Done)?),
        Command::Append(args) => append::run(args, io),
        Command::Seal(args) => seal::run(args, io),
        Command::Keys(args) => keys::run(args, io),
        Command::Completions(args) => shell::completions(args, io),
        Command::Man(args) => shell::man(args, io),
    }
}

/// Refuses to run where the build takes signatures that a strict verifier refuses.
fn refuse_lenient(tested: Result<(), SelfTestError>) -> Result<(), Failure> {
    tested.map_err(|error| Failure::new(Exit::Incomplete, &error, error.help()).leaving("nothing was done"))
}

/// Parses the command line; what it says of colour holds for its own errors and help, too.
fn parse() -> Cli {
    let args: Vec<_> = std::env::args_os().collect();
    let said = (0..args.len()).rev().find_map(|at| {
        let arg = args[at].to_str()?;
        let word = if arg == "--color" { args.get(at + 1)?.to_str()? } else { arg.strip_prefix("--color=")? };
        Color::from_str(word, false).ok()
    });
    let choice = match said {
        Some(Color::Always) => ColorChoice::Always,
        Some(Color::Never) => ColorChoice::Never,
        Some(Color::Auto) | None => ColorChoice::Auto,
    };
    let matches = Cli::command().color(choice).get_matches_from(args);
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

fn coloured(when: Color) -> bool {
    wants_colour(when, io::stderr().is_terminal(), |name| std::env::var(name).ok())
}

/// Tells whether to colour. Without an option, `NO_COLOR` comes first (no-color.org), then `CLICOLOR_FORCE`, then whether
/// somebody looks.
fn wants_colour(when: Color, terminal: bool, env: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name| env(name).is_some_and(|value| !value.is_empty());
    match when {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR") => false,
        Color::Auto if set("CLICOLOR_FORCE") && env("CLICOLOR_FORCE").as_deref() != Some("0") => true,
        Color::Auto => terminal && env("TERM").as_deref() != Some("dumb"),
    }
}

/// Colours the labels of a failure.
fn paint(text: &str) -> String {
    text.replacen("error:", "\u{1b}[1;31merror:\u{1b}[0m", 1)
        .replace("  help:", "  \u{1b}[1;36mhelp:\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_follows_the_option_then_the_environment_then_the_terminal() {
        let wants = |when, terminal, set: &[(&str, &str)]| {
            wants_colour(when, terminal, |name| {
                set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let (force, no) = (("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1"));
        assert!(wants(Color::Auto, true, &[]) && !wants(Color::Auto, false, &[]));
        assert!(!wants(Color::Auto, true, &[no]) && wants(Color::Auto, true, &[("NO_COLOR", "")]));
        assert!(
            wants(Color::Auto, false, &[force]) && !wants(Color::Auto, false, &[("CLICOLOR_FORCE", "0")])
        );
        assert!(!wants(Color::Auto, true, &[force, no]));
        assert!(!wants(Color::Auto, true, &[("TERM", "dumb")]));
        assert!(wants(Color::Always, false, &[no]) && !wants(Color::Never, true, &[force]));
    }

    #[test]
    fn a_lenient_build_does_nothing_and_ends_with_5() {
        assert!(refuse_lenient(self_test()).is_ok());
        let lenient = SelfTestError { vector: "a vector", valid: false };
        let failure = refuse_lenient(Err(lenient)).unwrap_err();
        assert_eq!(failure.exit().code(), 5);
        let text = failure.to_string();
        assert!(text.starts_with("error: the Ed25519 of this build is not strict"), "{text}");
        assert!(text.ends_with("nothing was done\n"), "{text}");
    }
}
