//! `countersign append`: events on standard input become chained, signed records.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use ed25519_dalek::SigningKey;

use super::Io;
use super::period::source_date_epoch;
use crate::clock::Moment;
use crate::error::Failure;
use crate::exit::Exit;
use crate::integrity::head::{LogHead, parse_heads};
use crate::integrity::signature::signing_key_from_pem;
use crate::integrity::writer::{Append, AppendError, Batch};

/// Append events to a log as chained and signed records.
///
/// Reads events from standard input to its end, one JSON object a line, checks all of them, and appends all or none. Exits
/// with 0 only once the records are on disk, and prints the new head: keep it where the writer of the log cannot change it.
#[derive(Args, Debug)]
pub(super) struct AppendArgs {
    /// The log file; made where it does not exist
    #[arg(value_name = "LOG")]
    path: PathBuf,
    /// Private key that signs the records
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Name of the log; needed where the file is new
    #[arg(long, value_name = "NAME")]
    log: Option<String>,
    /// Head of the file that a new one continues, as `append` printed it
    #[arg(long, value_name = "FILE")]
    after: Option<PathBuf>,
    /// Move a torn last line aside, and append a record that says so
    #[arg(long)]
    recover: bool,
}

pub(super) fn run(args: &AppendArgs, io: &mut Io<'_>) -> Result<Exit, Failure> {
    append(args, io).map_err(|failure| match failure.exit() {
        Exit::Incomplete => failure,
        _ => failure.leaving("nothing was appended"),
    })
}

fn append(args: &AppendArgs, io: &mut Io<'_>) -> Result<Exit, Failure> {
    let key = signing_key(&args.key)?;
    let after = args.after.as_deref().map(head).transpose()?;
    let now = source_date_epoch()?;
    let mut input = Vec::new();
    io::stdin().lock().read_to_end(&mut input).map_err(|error| {
        let what = format!("cannot read events from standard input: {error}");
        Failure::message(Exit::Incomplete, what, "run the command again").leaving("nothing was appended")
    })?;
    let batch = Batch::parse(&input).map_err(failure)?;
    let append = Append {
        path: &args.path,
        key: &key,
        log: args.log.as_deref(),
        after: after.as_ref(),
        recover: args.recover,
        now: now.unwrap_or_else(Moment::now),
    };
    let appended = append.run(&batch).map_err(failure)?;
    if let Some(file) = appended.recovered {
        io.note(&format!("torn bytes are in `{}`, and a `recovered` record says so", file.display()));
    }
    if let Some(key) = appended.unchecked_key {
        io.note(&format!("note: the last record before is signed by key `{key}`, which was not checked"));
    }
    io.result(&appended.head.to_string())
        .map_err(|failure| failure.leaving(format!("the records are in `{}`", args.path.display())))?;
    Ok(Exit::Done)
}

fn failure(error: AppendError) -> Failure {
    let state = match &error {
        AppendError::Io { action: "append to", .. } => {
            "records may have been appended: look at the end of the log before repeating the events"
        }
        _ => "nothing was appended",
    };
    Failure::new(error.exit(), &error, error.help()).leaving(state)
}

/// Reads a private key.
pub(super) fn signing_key(path: &Path) -> Result<SigningKey, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable("key", path, &error))?;
    signing_key_from_pem(&text).map_err(|error| {
        let what = format!("`{}` is no signing key: {error}", path.display());
        Failure::message(Exit::Usage, what, error.help().unwrap_or_default())
    })
}

fn head(path: &Path) -> Result<LogHead, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable("head", path, &error))?;
    let mut heads = parse_heads(&text).map_err(|error| Failure::new(Exit::Usage, &error, error.help()))?;
    match (heads.pop(), heads.is_empty()) {
        (Some(head), true) => Ok(head),
        _ => Err(Failure::message(
            Exit::Usage,
            format!("`{}` holds several heads, expected one", path.display()),
            "give a file with the head of the log that is continued",
        )),
    }
}

/// Returns the failure to read a file that was named on the command line.
pub(super) fn unreadable(what: &str, path: &Path, error: &io::Error) -> Failure {
    let message = format!("cannot read {what} file `{}`: {error}", path.display());
    Failure::message(Exit::Usage, message, "check that the file exists and is readable")
}
