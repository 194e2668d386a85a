//! Files of lines in no format that is recognised, against the checkpoints that were brought.

use std::io::{self, BufRead as _, BufReader};

use rayon::prelude::*;

use super::{Brought, VerifyArgs};
use crate::cli::Io;
use crate::error::Failure;
use crate::exit::Exit;
use crate::integrity::checkpoint::Checkpoint;
use crate::integrity::keyring::Keyring;
use crate::integrity::verdict::{Break, BreakKind, Completeness, Grade, Verdict};
use crate::report::model::Log;
use crate::segment::plan::{SEGMENT_BYTES, cuts};
use crate::segment::sealed::{examine, onto_plain};
use crate::segment::summary;
use crate::segment::tree::TreeObject;
use crate::source::container::Unpacked;
use crate::source::location::ObjectRef;
use crate::source::object;

/// Verifies the lines of `objects`. Nothing is said about what is in them.
pub(super) fn verify(
    args: &VerifyArgs,
    objects: &[ObjectRef],
    brought: &Brought,
    io: &mut Io<'_>,
) -> Result<Exit, Failure> {
    io.note("read as lines: no format is recognised, and only the checkpoint tells what they were");
    let first = brought.checkpoints.first().map_or("", Checkpoint::log);
    let name = args.log.clone().unwrap_or_else(|| first.to_owned());
    let (own, other): (Vec<&Checkpoint>, Vec<&Checkpoint>) =
        brought.checkpoints.iter().partition(|checkpoint| checkpoint.log() == name);
    let counted: Vec<io::Result<Counted>> = objects.par_iter().map(count).collect();
    let mut trees = Vec::new();
    let mut log = bare(&name, objects);
    let mut whole = true;
    for (object, counted) in objects.iter().zip(counted) {
        match counted {
            Ok(Counted { pieces, torn }) => {
                let tree = TreeObject { object, pieces, repeated: Vec::new() };
                log.records += tree.lines();
                if torn {
                    log.rejected += 1;
                    log.breaks.push(at(object, tree.lines(), BreakKind::TornTail, "no line end".to_owned()));
                }
                trees.push(tree);
            }
            Err(error) => {
                whole = false;
                let failure = summary::Failure::of(&error);
                log.breaks.push(at(object, 0, failure.kind, failure.detail));
            }
        }
    }
    if log.records == 0 && whole {
        log.breaks.push(Break {
            object: String::new(),
            ..at(&objects[0], 0, BreakKind::Empty, "no line".to_owned())
        });
    }
    if log.records > 0 {
        log.integrity = Grade::Parsed;
    }
    if whole && !own.is_empty() {
        // No record here names a key, so that none needs to be older than a compromise.
        onto_plain(&mut log, &trees, &examine(&trees, &own, &Keyring::empty()), whole);
    }
    let mut exits = vec![match log.verdict {
        Verdict::Altered => Exit::Altered,
        Verdict::NotVerifiable => Exit::NotEvidenced,
        Verdict::Verified if args.require_complete && log.completeness < Completeness::Terminated => {
            Exit::NotEvidenced
        }
        Verdict::Verified => Exit::Done,
    }];
    if log.breaks.iter().any(|found| found.kind == BreakKind::UnreadableObject) {
        exits.push(Exit::Incomplete);
    }
    if !other.is_empty() || !brought.heads.is_empty() {
        exits.push(Exit::Usage);
    }
    let unmatched = other.iter().map(|checkpoint| checkpoint.origin.clone());
    super::logs::unmatched(brought.heads.iter(), unmatched, io);
    let exit = Exit::worst(exits);
    super::logs::print(&[log], exit, args.json, io)?;
    Ok(exit)
}

/// The pieces of an object with their lines, and whether bytes follow the last LF.
struct Counted {
    pieces: Vec<(u64, u64)>,
    torn: bool,
}

fn count(object: &ObjectRef) -> io::Result<Counted> {
    let cuts = cuts(object, SEGMENT_BYTES);
    let mut pieces: Vec<(u64, u64)> = cuts.iter().map(|start| (*start, 0)).collect();
    let mut reader = BufReader::with_capacity(1 << 18, Unpacked::new(object::open(object, None)?)?);
    let (mut at, mut piece, mut begins) = (0, 0, true);
    loop {
        let available = reader.fill_buf()?;
        if available.is_empty() {
            return Ok(Counted { pieces, torn: !begins });
        }
        let mut rest = available;
        while !rest.is_empty() {
            if begins {
                while cuts.get(piece + 1).is_some_and(|next| *next <= at) {
                    piece += 1;
                }
                pieces[piece].1 += 1;
            }
            let found = memchr::memchr(b'\n', rest);
            let used = found.map_or(rest.len(), |end| end + 1);
            begins = found.is_some();
            at += used as u64;
            rest = &rest[used..];
        }
        let used = available.len();
        reader.consume(used);
    }
}

fn at(object: &ObjectRef, line: u64, kind: BreakKind, detail: String) -> Break {
    Break { object: object.name.clone(), line, offset: 0, seq: None, kind, detail }
}

pub(super) fn bare(name: &str, objects: &[ObjectRef]) -> Log {
    let objects = objects.iter().map(|object| object.name.clone()).collect();
    Log::bare(name, objects, vec!["no checkpoint covers these lines".to_owned()])
}
