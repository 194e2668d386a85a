//! `countersign verify`: verifies logs, or a pack, offline.

mod format;
mod lines;
mod logs;
mod pack;
#[cfg(test)]
mod tests;
mod tlog;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::Io;
use crate::error::Failure;
use crate::exit::Exit;
use crate::integrity::checkpoint::Checkpoint;
use crate::integrity::head::{LogHead, parse_heads};
use crate::integrity::keyring::rotation::Rotation;
use crate::integrity::keyring::{Keyring, Standing};
use crate::integrity::verdict::{Effect, Verdict};
use crate::pack::PackFolder;
use crate::report::console::{clean, grouped};
use crate::report::model::Log;
use crate::run::RunError;

/// Breaks printed of one log; `--json` has them all.
const MAX_BREAKS: usize = 7;
/// Reasons printed of one log; `--json` has them all.
const MAX_REASONS: usize = 5;
/// Uncovered fields printed of one log; `--json` has them all.
const MAX_FIELDS: usize = 8;

/// Verify logs, or a pack, offline.
#[derive(Args, Debug)]
pub(super) struct VerifyArgs {
    /// Log files, folders or globs; or one pack; or a folder of tiles; or a proof about one record, and the record
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// The trust file that the verifier brings
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// A rotation endorsement of pipelock: evidence that a key named its successor; may be repeated
    #[arg(long, value_name = "FILE", requires = "trust")]
    rotation: Vec<PathBuf>,
    /// The last record of a log, as somebody else wrote it down, or a checkpoint of it; may be repeated
    #[arg(long, value_name = "FILE")]
    head: Vec<PathBuf>,
    /// The last record before these files, where they do not start at the log's first; may be repeated
    #[arg(long, value_name = "FILE")]
    after: Vec<PathBuf>,
    /// Read the files as this source profile says
    #[arg(long, value_name = "PROFILE")]
    source: Option<String>,
    /// Verify the files by this chain profile: its id, or a file
    #[arg(long, value_name = "ID|FILE", conflicts_with = "source")]
    chain: Option<String>,
    /// A shared key, as raw bytes, for formats that use one; may be repeated
    #[arg(long, value_name = "FILE")]
    mac_key: Vec<PathBuf>,
    /// Name of the log, for files that do not carry one
    #[arg(long, value_name = "NAME")]
    log: Option<String>,
    /// Exit with 4 where completeness is below `terminated`
    #[arg(long)]
    require_complete: bool,
    /// For a pack without its sources: where the source objects lie
    #[arg(long, value_name = "DIR", conflicts_with = "tables_only")]
    objects: Option<PathBuf>,
    /// For a pack without its sources: accept that the logs themselves are not verified again
    #[arg(long)]
    tables_only: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// `countersign/verify/1`: what `verify --json` prints.
#[derive(Serialize)]
struct Verified<'a> {
    schema: &'static str,
    verdict: Verdict,
    exit: u8,
    logs: &'a [Log],
    pack: Option<&'a pack::PackResult>,
}

pub(super) fn run(args: &VerifyArgs, io: &mut Io<'_>) -> Result<Exit, Failure> {
    let keyring = match &args.trust {
        Some(path) => Keyring::load(path).map_err(RunError::from)?,
        None => Keyring::empty(),
    };
    let (keyring, remarks) = keyring.with_rotations(&read_rotations(&args.rotation)?);
    for remark in remarks {
        io.note(&format!("note: {remark}"));
    }
    let (heads, checkpoints) = read_heads(&args.head, Some(&keyring))?;
    let (after, _) = read_heads(&args.after, None)?;
    for checkpoint in &checkpoints {
        io.note(&said_by(checkpoint, &keyring, true));
    }
    let brought = Brought { keyring, heads, checkpoints, after, mac: read_shared(&args.mac_key)? };
    let packs = args.paths.iter().filter(|path| PackFolder::is_pack(path.as_ref())).count();
    match (packs, args.paths.as_slice()) {
        (0, [path]) if tlog::is_tiles(path.as_ref()) => tlog::verify_tiles(path.as_ref(), args, &brought, io),
        (0, [path, rest @ ..]) if rest.len() < 2 && tlog::is_proof(path.as_ref()) => {
            tlog::verify_proof(path.as_ref(), rest.first().map(AsRef::as_ref), args, &brought, io)
        }
        (0, _) => logs::verify(args, &brought, io),
        (1, [path]) => pack::verify(path, args, &brought, io),
        _ => Err(Failure::message(
            Exit::Usage,
            "a pack is verified alone",
            "give one pack, or log files, but not both",
        )),
    }
}

/// What the verifier brings from outside.
struct Brought {
    keyring: Keyring,
    heads: Vec<LogHead>,
    checkpoints: Vec<Checkpoint>,
    after: Vec<LogHead>,
    /// Shared keys.
    mac: Vec<Vec<u8>>,
}

/// Reads shared keys; one line end behind a key is not part of it.
fn read_shared(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, Failure> {
    let mut keys = Vec::new();
    for path in paths {
        let what = format!("shared key `{}`", path.display());
        let mut key = std::fs::read(path).map_err(|error| {
            let help = "check that the file exists and is readable";
            Failure::message(Exit::Usage, format!("cannot read {what}: {error}"), help)
        })?;
        if key.ends_with(b"\n") {
            key.pop();
        }
        if key.is_empty() {
            let help = "give the file that holds the key";
            return Err(Failure::message(Exit::Usage, format!("{what} is empty"), help));
        }
        keys.push(key);
    }
    Ok(keys)
}

fn read_rotations(paths: &[PathBuf]) -> Result<Vec<Rotation>, Failure> {
    let read = |path: &PathBuf| {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            let what = format!("cannot read rotation endorsement `{shown}`: {error}");
            Failure::message(Exit::Usage, what, "check that the file exists and is readable")
        })?;
        Rotation::parse(&text).map_err(|error| {
            let what = format!("rotation endorsement `{shown}` does not count: {error}");
            Failure::message(Exit::Usage, what, error.help().unwrap_or_default())
        })
    };
    paths.iter().map(read).collect()
}

/// Returns what a checkpoint rests on beside the word of whoever brought it.
fn said_by(checkpoint: &Checkpoint, keyring: &Keyring, brought: bool) -> String {
    let Checkpoint { origin, size, .. } = checkpoint;
    let what = format!("checkpoint of `{}`, {} records", clean(origin), grouped(*size));
    let standing = checkpoint.standing(keyring, None);
    if standing != Standing::Trusted {
        let rest = if brought { "; it counts as a head that you brought" } else { "" };
        return format!("{what}: no key that you trust signed it{rest}");
    }
    let owners: Vec<String> = checkpoint.vouched().iter().map(|key| clean(&key.owner)).collect();
    match checkpoint.anchored_at(keyring) {
        Some(at) => format!("{what}: signed by {}, and seen at {at}", owners.join(", ")),
        None => format!("{what}: signed by {}", owners.join(", ")),
    }
}

/// Reads head files; with `keyring`, a file may be a checkpoint.
fn read_heads(
    paths: &[PathBuf],
    keyring: Option<&Keyring>,
) -> Result<(Vec<LogHead>, Vec<Checkpoint>), Failure> {
    let mut heads = Vec::new();
    let mut checkpoints = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let what = format!("cannot read head file `{}`", path.display());
            Failure::message(
                Exit::Usage,
                format!("{what}: {error}"),
                "check that the file exists and is readable",
            )
        })?;
        if let Some(keyring) = keyring.filter(|_| Checkpoint::looks_like(&text)) {
            let checkpoint = Checkpoint::parse(text.as_bytes(), keyring)
                .map_err(|source| RunError::Checkpoint { path: path.display().to_string(), source })?;
            checkpoints.push(checkpoint);
            continue;
        }
        let found = parse_heads(&text)
            .map_err(|source| RunError::Head { path: path.display().to_string(), source })?;
        heads.extend(found);
    }
    Ok((heads, checkpoints))
}

/// Prints, on one line, the fields that no hash or signature covers.
fn print_uncovered(log: &Log, io: &mut Io<'_>) -> Result<(), Failure> {
    let fields = &log.uncovered_fields;
    let [first, ..] = fields.as_slice() else { return Ok(()) };
    if fields.len() == 1 && !first.starts_with('/') && !first.contains('.') {
        return Ok(()); // A format without a mechanism, which the reasons say.
    }
    let named: Vec<&str> = fields.iter().take(MAX_FIELDS).map(String::as_str).collect();
    let more = fields.len().saturating_sub(MAX_FIELDS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    io.result(&format!("  uncovered fields: {}{more}", clean(&named.join(", "))))
}

/// Prints one log: a line, why it is not verified, and its breaks.
fn print_log(log: &Log, io: &mut Io<'_>) -> Result<(), Failure> {
    let rejected = match log.rejected {
        0 => String::new(),
        some => format!(", {} rejected", grouped(some)),
    };
    io.result(&format!(
        "{:<15} {} · {} of {} records covered{rejected} · {} · {}",
        log.verdict.word(),
        clean(&log.log),
        grouped(log.covered),
        grouped(log.records),
        log.integrity,
        log.completeness
    ))?;
    for reason in log.reasons.iter().take(MAX_REASONS) {
        io.result(&format!("  = note: {}", clean(reason)))?;
    }
    if log.reasons.len() > MAX_REASONS {
        io.result(&format!("  … {} reasons in all; `--json` lists them", log.reasons.len()))?;
    }
    print_uncovered(log, io)?;
    let shown =
        log.breaks.iter().filter(|found| found.kind.effect(true) != Effect::Note || log.breaks.len() <= 3);
    for found in shown.take(MAX_BREAKS) {
        let seq = found.seq.map(|seq| format!("  (sequence {seq})")).unwrap_or_default();
        io.result(&format!("  {}: {}", found.kind, clean(&found.detail)))?;
        io.result(&format!("    --> {}:{}{seq}", clean(&found.object), found.line))?;
    }
    if log.breaks.len() > MAX_BREAKS {
        io.result(&format!("  … {} breaks in all; `--json` lists them", log.breaks.len()))?;
    }
    Ok(())
}
