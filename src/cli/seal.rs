//! `countersign seal`: a Merkle tree over a log's lines, and a signed checkpoint of it.

use std::path::PathBuf;

use clap::Args;

use super::Io;
use super::append::signing_key;
use crate::error::Failure;
use crate::exit::Exit;
use crate::integrity::checkpoint::encode_hash;
use crate::integrity::keyring::Keyring;
use crate::integrity::seal::{Seal, SealError};
use crate::report::console::{clean, grouped};
use crate::run::RunError;

/// Extend the Merkle tree of a log and sign a checkpoint.
///
/// Reads what was added since the last time, refuses a log that is not what was sealed then, and writes `LOG.checkpoint`. Keep
/// a copy where the writer of the log cannot change it: `verify --head` shows with it that nothing up to there was cut or rewritten.
#[derive(Args, Debug)]
pub(super) struct SealArgs {
    /// The log file; any file of lines
    #[arg(value_name = "LOG")]
    path: PathBuf,
    /// Private key that signs the checkpoint
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The checkpoint, read and replaced, where it is not `LOG.checkpoint`
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Name of the log, where its records do not carry one
    #[arg(long, value_name = "NAME")]
    log: Option<String>,
    /// Trust file: keys of earlier checkpoints, and keys that must have signed the records
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Read everything again, not only what was added
    #[arg(long)]
    full: bool,
}

pub(super) fn run(args: &SealArgs, io: &mut Io<'_>) -> Result<Exit, Failure> {
    let key = signing_key(&args.key).map_err(|failure| failure.leaving("nothing was sealed"))?;
    let keyring = match &args.trust {
        Some(path) => Keyring::load(path).map_err(RunError::from)?,
        None => Keyring::empty(),
    };
    let seal = Seal {
        path: &args.path,
        key: &key,
        log: args.log.as_deref(),
        checkpoint: args.checkpoint.as_deref(),
        keyring: &keyring,
        full: args.full,
    };
    let sealed = seal.run().map_err(failure)?;
    let place = clean(&sealed.path.display().to_string());
    if sealed.read < sealed.bytes {
        io.note(&format!(
            "read {} of {} bytes; of the lines sealed before, the last was compared, and `--full` reads all of them again",
            grouped(sealed.read),
            grouped(sealed.bytes)
        ));
    }
    if sealed.same_key {
        io.note("note: this key signs the records too; a checkpoint is worth more under a key that their writer does not hold");
    }
    io.note(&match sealed.unchanged {
        true => format!("`{place}` stands as it was"),
        false => format!("`{place}` is written; keep a copy where the writer of the log cannot reach it"),
    });
    let checkpoint = &sealed.checkpoint;
    io.result(&format!(
        "{} {} {}",
        clean(&checkpoint.origin),
        checkpoint.size,
        encode_hash(&checkpoint.root)
    ))
    .map_err(|failure| failure.leaving(format!("the checkpoint is in `{place}`")))?;
    Ok(Exit::Done)
}

fn failure(error: SealError) -> Failure {
    let state = match &error {
        SealError::Io { action: "write", .. } => {
            "the checkpoint may have been written: run the command again"
        }
        _ => "nothing was sealed",
    };
    Failure::new(error.exit(), &error, error.help()).leaving(state)
}
