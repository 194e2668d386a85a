//! Transparency logs as others keep them: folders of tiles, and proofs about one record.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::{Brought, VerifyArgs, said_by};
use crate::cli::Io;
use crate::error::Failure;
use crate::exit::Exit;
use crate::integrity::checkpoint::Checkpoint;
use crate::integrity::keyring::Standing;
use crate::integrity::note::MAX_NOTE;
use crate::integrity::tiles::{MAX_BUNDLE, Tiles, examine};
use crate::integrity::tlog_proof::TlogProof;
use crate::integrity::verdict::{Break, BreakKind, Completeness, Effect, Grade, Verdict};
use crate::report::model::Log;
use crate::run::RunError;

/// Longest record that a proof is about.
const MAX_RECORD: u64 = 16 << 20;

/// Tells whether `path` is a folder of tiles.
pub(super) fn is_tiles(path: &Path) -> bool {
    path.join("checkpoint").is_file() && path.join("tile").is_dir()
}

/// Tells whether `path` is a proof about one record.
pub(super) fn is_proof(path: &Path) -> bool {
    read(path, 64).is_ok_and(|start| TlogProof::looks_like(&start))
}

/// Verifies a folder of tiles: every entry and every hash, against the checkpoint in it and those that were brought.
pub(super) fn verify_tiles(
    path: &Path,
    args: &VerifyArgs,
    brought: &Brought,
    io: &mut Io<'_>,
) -> Result<Exit, Failure> {
    let own = path.join("checkpoint");
    let bytes = read(&own, MAX_NOTE as u64 + 1).map_err(|error| unreadable(&own, &error))?;
    let checkpoint = Checkpoint::parse(&bytes, &brought.keyring)
        .map_err(|source| RunError::Checkpoint { path: own.display().to_string(), source })?;
    io.note(&said_by(&checkpoint, &brought.keyring, false));
    let (heads, other): (Vec<&Checkpoint>, Vec<&Checkpoint>) =
        brought.checkpoints.iter().partition(|head| head.origin == checkpoint.origin);
    let sizes: Vec<u64> = heads.iter().map(|head| head.size).collect();
    let tiles = examine(&|name| file(path, name), &checkpoint, &sizes);
    let trusted = checkpoint.standing(&brought.keyring, None) == Standing::Trusted;
    let log = log_of_tiles(&checkpoint, &tiles, &heads, trusted);
    let mut exits = vec![exit_of(&log)];
    if args.require_complete && log.completeness < Completeness::Terminated {
        exits.push(Exit::NotEvidenced);
    }
    if !other.is_empty() || !brought.heads.is_empty() {
        exits.push(Exit::Usage);
    }
    super::logs::unmatched(brought.heads.iter(), other.iter().map(|head| head.origin.clone()), io);
    let exit = Exit::worst(exits);
    super::logs::print(&[log], exit, args.json, io)?;
    Ok(exit)
}

fn log_of_tiles(checkpoint: &Checkpoint, tiles: &Tiles, heads: &[&Checkpoint], trusted: bool) -> Log {
    let mut log = Log::bare(&checkpoint.origin, vec!["checkpoint".to_owned()], Vec::new());
    log.breaks.clone_from(&tiles.breaks);
    log.records = tiles.entries;
    if tiles.root.is_some_and(|root| root != checkpoint.root) {
        let detail = "the entries have another root than the checkpoint says".to_owned();
        log.breaks.push(at("checkpoint", BreakKind::Altered, detail));
    }
    let mut held = 0;
    for (head, mark) in heads.iter().zip(&tiles.marks) {
        let detail = format!("{} entries, a checkpoint that was brought says {}", checkpoint.size, head.size);
        if head.size > checkpoint.size {
            log.breaks.push(at("checkpoint", BreakKind::TruncatedTail, detail));
        } else if head.forks_from(checkpoint) {
            let detail =
                format!("root `{}`, and `{}` in the checkpoint that was brought", checkpoint.root, head.root);
            log.breaks.push(at("checkpoint", BreakKind::Fork, detail));
        } else if mark.is_some_and(|root| root != head.root) {
            let detail =
                format!("its first {} entries are not those of the checkpoint that was brought", head.size);
            log.breaks.push(at("checkpoint", BreakKind::Altered, detail));
        } else if mark.is_some() {
            held = held.max(head.size);
        }
    }
    if checkpoint.size == 0 {
        log.breaks.push(at("checkpoint", BreakKind::Empty, "no entry".to_owned()));
    }
    log.breaks.sort();
    if log.breaks.iter().any(|found| found.kind.effect(true) == Effect::Altered) {
        log.verdict = Verdict::Altered;
        log.integrity = if log.records > 0 { Grade::Parsed } else { Grade::None };
        log.reasons.push(format!(
            "what was found differs from what was signed, first in `{}`",
            log.breaks[0].object
        ));
        return log;
    }
    if log.breaks.iter().any(|found| found.kind.effect(true) == Effect::Population) {
        let what = "files of the log are missing: what they hold is not shown";
        log.reasons.push(what.to_owned());
    }
    let whole = tiles.root == Some(checkpoint.root) && tiles.entries == checkpoint.size && log.records > 0;
    let anchored = whole && held == checkpoint.size;
    // The log's own checkpoint covers all, if somebody trusted signed it; one that was brought covers what lies before it.
    log.covered = match (whole, trusted) {
        (true, true) => log.records,
        (true, false) => held,
        (false, _) => 0,
    };
    log.pinned = if trusted { log.covered } else { 0 };
    log.integrity = match (whole, trusted, anchored) {
        (false, ..) => {
            if log.records > 0 {
                Grade::Parsed
            } else {
                Grade::None
            }
        }
        (true, true, true) => Grade::PinnedAnchored,
        (true, true, false) => Grade::PinnedSigned,
        (true, false, true) => Grade::HeadAnchored,
        (true, false, false) => Grade::Consistent,
    };
    log.completeness = match (whole, anchored) {
        (false, _) => Completeness::Unknown,
        (true, true) => Completeness::PinnedHead,
        (true, false) => Completeness::Contiguous,
    };
    log.first = whole.then_some(0);
    if log.covered < log.records {
        log.reasons.push(
            "no trusted key signed the checkpoint: bring the log's key with purpose `checkpoint`, or a checkpoint of your own as \
             `--head`"
                .to_owned(),
        );
    }
    if whole && log.covered == log.records && log.breaks.is_empty() {
        log.verdict = Verdict::Verified;
        log.uncovered_fields.clear();
    }
    log
}

/// Verifies that a record is in a log. The record is the second path, or the proof's own extra data, or the file beside the proof.
pub(super) fn verify_proof(
    path: &Path,
    record: Option<&Path>,
    args: &VerifyArgs,
    brought: &Brought,
    io: &mut Io<'_>,
) -> Result<Exit, Failure> {
    let bytes = read(path, MAX_NOTE as u64 + 1).map_err(|error| unreadable(path, &error))?;
    let proof = TlogProof::parse(&bytes, &brought.keyring)
        .map_err(|error| Failure::new(Exit::Usage, &error, error.help()))?;
    let name = path.display().to_string();
    let beside = name.strip_suffix(".tlog-proof").map(Path::new).filter(|beside| beside.is_file());
    let record = match (record, &proof.extra, beside) {
        (Some(file), ..) | (None, None, Some(file)) => {
            read(file, MAX_RECORD).map_err(|error| unreadable(file, &error))?
        }
        (None, Some(extra), _) => extra.clone(),
        (None, None, None) => {
            return Err(Failure::message(
                Exit::Usage,
                format!("`{name}` does not hold the record that it is about"),
                "give the record as a second path",
            ));
        }
    };
    let checkpoint = &proof.checkpoint;
    io.note(&said_by(checkpoint, &brought.keyring, false));
    let mut log = Log::bare(&checkpoint.origin, vec![name.clone()], Vec::new());
    log.records = 1;
    log.first = Some(proof.index);
    // A record from a log of lines may have kept its line end, which is no part of the leaf.
    let line = record.strip_suffix(b"\n").unwrap_or(&record);
    let shown = proof.verify(&record).or_else(|_| proof.verify(line));
    let trusted = checkpoint.standing(&brought.keyring, None) == Standing::Trusted;
    let anchored = brought.checkpoints.iter().any(|head| {
        (&head.origin, head.size, head.root) == (&checkpoint.origin, checkpoint.size, checkpoint.root)
    });
    let forked = brought.checkpoints.iter().any(|head| head.forks_from(checkpoint));
    match shown {
        Err(error) => {
            log.verdict = Verdict::Altered;
            log.integrity = Grade::None;
            log.breaks.push(at(&name, BreakKind::DigestMismatch, error.to_string()));
        }
        Ok(()) if forked => {
            log.verdict = Verdict::Altered;
            let detail = "its checkpoint has another root than the one that was brought".to_owned();
            log.breaks.push(at(&name, BreakKind::Fork, detail));
        }
        Ok(()) if trusted || anchored => {
            log.verdict = Verdict::Verified;
            log.covered = 1;
            log.pinned = u64::from(trusted);
            log.uncovered_fields.clear();
            log.integrity = match (trusted, anchored) {
                (true, true) => Grade::PinnedAnchored,
                (true, false) => Grade::PinnedSigned,
                _ => Grade::HeadAnchored,
            };
        }
        Ok(()) => {
            log.integrity = Grade::Consistent;
            log.reasons.push(
                "the record is in the tree, and no trusted key signed its checkpoint: bring the log's key with purpose `checkpoint`"
                    .to_owned(),
            );
        }
    }
    let exit = exit_of(&log);
    super::logs::print(&[log], exit, args.json, io)?;
    Ok(exit)
}

fn exit_of(log: &Log) -> Exit {
    let unreadable = log.breaks.iter().any(|found| found.kind == BreakKind::UnreadableObject);
    match log.verdict {
        Verdict::Altered => Exit::Altered,
        _ if unreadable => Exit::Incomplete,
        Verdict::NotVerifiable => Exit::NotEvidenced,
        Verdict::Verified => Exit::Done,
    }
}

fn file(folder: &Path, name: &str) -> io::Result<Option<Vec<u8>>> {
    match read(&folder.join(name), MAX_BUNDLE + 1) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(error),
    }
}

fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let what = format!("cannot read `{}`: {error}", path.display());
    Failure::message(Exit::Incomplete, what, "check that the file exists and is readable")
}

fn at(object: &str, kind: BreakKind, detail: String) -> Break {
    Break { object: object.to_owned(), line: 0, offset: 0, seq: None, kind, detail }
}
