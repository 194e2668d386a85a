//! Log files: recognised, scanned in segments, stitched, and nothing kept.

use std::collections::BTreeMap;
use std::path::Path;

use super::format::{Chosen, Profiles};
use super::{Brought, Verified, VerifyArgs, print_log};
use crate::cli::Io;
use crate::clock::{Moment, Period};
use crate::error::Failure;
use crate::exit::Exit;
use crate::integrity::countersign_log::is_log_name;
use crate::integrity::foreign::ChainFormat;
use crate::integrity::head::LogHead;
use crate::integrity::verdict::{Break, BreakKind, Completeness, Effect, Verdict};
use crate::profile::Integrity;
use crate::report::console::clean;
use crate::report::model::Log;
use crate::run::RunError;
use crate::segment::links::Reread;
use crate::segment::parallel::segments;
use crate::segment::plan::{ChainPlan, SEGMENT_BYTES, SourcePlan, plan};
use crate::segment::scan::Keep;
use crate::segment::stitch::{Anchors, Summaries, stitch};
use crate::settings::{Role, Source};
use crate::source::location::{self, LocationError, ObjectRef};

/// The name of files that carry no log name, where `--log` gives none.
const UNNAMED: &str = "log";

pub(super) fn verify(args: &VerifyArgs, brought: &Brought, io: &mut Io<'_>) -> Result<Exit, Failure> {
    let objects = objects(&args.paths)?;
    let profiles = Profiles::open(args)?;
    let chosen = match profiles.choose(args, &objects) {
        Err(_) if args.source.is_none() && args.chain.is_none() && !brought.checkpoints.is_empty() => {
            return super::lines::verify(args, &objects, brought, io);
        }
        // Who reads JSON gets a document for every answer about the files.
        Err(failure) if args.json && failure.exit() == Exit::NotEvidenced => {
            return unrecognised(args, &profiles, &objects, &failure, io);
        }
        found => found?,
    };
    if let Some(note) = &chosen.note {
        io.note(note);
    }
    if let Some(limits) = chosen.chain.and_then(limits) {
        io.note(&limits);
    }
    let id = name(args, brought, &chosen);
    let settings = source(id.clone(), args.log.clone(), chosen.profile.name());
    let all_heads = brought.heads.iter().chain(&brought.after);
    let chain = chosen.chain.map(|format| ChainPlan {
        mac: brought.mac.clone(),
        ..ChainPlan::new(format, chosen.profile, all_heads)
    });
    let sources = vec![SourcePlan {
        context: chosen.profile.context(&id, "", &settings.set).map_err(RunError::from)?,
        settings,
        profile: chosen.profile,
        chain,
        objects,
        missing: Vec::new(),
    }];
    let plan = plan(sources, SEGMENT_BYTES);
    let summaries: Summaries = segments(&plan, &brought.keyring, Keep::Summary)
        .into_iter()
        .map(|(_, summary)| ((summary.source.clone(), summary.object.clone(), summary.start), summary))
        .collect();
    let anchors = Anchors {
        keyring: &brought.keyring,
        heads: &BTreeMap::from([(id.clone(), brought.heads.clone())]),
        checkpoints: &BTreeMap::from([(id.clone(), brought.checkpoints.clone())]),
        after: &BTreeMap::from([(id, brought.after.clone())]),
        census: &BTreeMap::new(),
        links: &Reread(&plan.sources),
        fates: false,
    };
    // A verifier has no period: every time counts.
    let always = Period { from: Moment::from_ms(0), to: Moment::from_ms(253_402_300_799_000) };
    let mut stitched = stitch(&plan.sources, &summaries, always, &anchors);
    contradictions(&brought.heads, &mut stitched.logs);

    let exit = Exit::worst(exits(args, &stitched));
    print(&stitched.logs, exit, args.json, io)?;
    if chosen.chain.is_some() && !args.json && brought.heads.is_empty() {
        print_heads(&stitched.logs, io)?;
    }
    unmatched(stitched.unmatched_heads.iter(), stitched.unmatched_checkpoints.iter().cloned(), io);
    Ok(exit)
}

/// Says what the format of a log cannot show, whatever its records say.
fn limits(format: &ChainFormat) -> Option<String> {
    let limits: Vec<&str> = format.limits().iter().map(|limit| limit.word()).collect();
    (!limits.is_empty()).then(|| {
        format!("limits of the format: {}; `countersign chains` says what they mean", limits.join(", "))
    })
}

/// Two heads at one place of a log, with other bytes: somebody was shown another log, whichever of the two this one is.
fn contradictions(heads: &[LogHead], logs: &mut [Log]) {
    for (index, head) in heads.iter().enumerate() {
        let other = heads[..index]
            .iter()
            .find(|other| (&other.log, other.seq) == (&head.log, head.seq) && other.digest != head.digest);
        let Some(other) = other else { continue };
        let detail = format!(
            "two heads at sequence {}: one states `{}`, the other `{}`",
            head.seq, other.digest, head.digest
        );
        for log in logs.iter_mut().filter(|log| log.log == head.log) {
            log.verdict = Verdict::Altered;
            log.completeness = log.completeness.min(Completeness::Contiguous);
            let object = log.objects.last().cloned().unwrap_or_default();
            log.reasons.insert(0, format!("`fork`: {detail}"));
            log.breaks.push(Break {
                object,
                line: 0,
                offset: 0,
                seq: Some(head.seq),
                kind: BreakKind::Fork,
                detail: detail.clone(),
            });
            log.breaks.sort();
        }
    }
}

fn unrecognised(
    args: &VerifyArgs,
    profiles: &Profiles,
    objects: &[ObjectRef],
    failure: &Failure,
    io: &mut Io<'_>,
) -> Result<Exit, Failure> {
    let name = args.log.as_deref().unwrap_or(UNNAMED);
    let object = objects.iter().find(|object| profiles.fits_none(object));
    let detail = "no format is recognised by its first records".to_owned();
    let log = Log {
        reasons: vec![detail.clone()],
        breaks: vec![Break {
            object: object.map(|object| object.name.clone()).unwrap_or_default(),
            line: 0,
            offset: 0,
            seq: None,
            kind: BreakKind::UnrecognisedFormat,
            detail,
        }],
        ..super::lines::bare(name, objects)
    };
    print(&[log], failure.exit(), args.json, io)?;
    Ok(failure.exit())
}

/// Prints the logs as the verifier asked.
pub(super) fn print(logs: &[Log], exit: Exit, json: bool, io: &mut Io<'_>) -> Result<(), Failure> {
    if json {
        let verdict = logs.iter().map(|log| log.verdict).min().unwrap_or(Verdict::NotVerifiable);
        let schema = "countersign/verify/1";
        let result = Verified { schema, verdict, exit: exit.code(), logs, pack: None };
        return io.result(&serde_json::to_string_pretty(&result).expect("strings and numbers are JSON"));
    }
    for log in logs {
        print_log(log, io)?;
    }
    if logs.is_empty() {
        io.result("not-verifiable  no record was found")?;
    }
    Ok(())
}

/// Prints the last record of each log as `--head` takes it: foreign products write no such file.
fn print_heads(logs: &[Log], io: &mut Io<'_>) -> Result<(), Failure> {
    for log in logs.iter().filter(|log| log.verdict != Verdict::Altered && is_log_name(&log.log)) {
        if let Some(head) = &log.head {
            let head = LogHead { log: log.log.clone(), seq: head.seq, digest: head.digest };
            io.result(&format!("  head: {head}"))?;
        }
    }
    Ok(())
}

/// Says which heads and which checkpoints, by origin, match no input.
pub(super) fn unmatched<'h>(
    heads: impl Iterator<Item = &'h LogHead>,
    origins: impl Iterator<Item = String>,
    io: &mut Io<'_>,
) {
    for head in heads {
        io.note(&format!("error: head `{head}` matches no log in these files"));
    }
    for origin in origins {
        let origin = clean(&origin);
        io.note(&format!(
            "error: the checkpoint of `{origin}` matches no log of lines in these files; `--log` names them"
        ));
    }
}

/// Returns the name of what is verified. Where neither the files nor the verifier say it, the one checkpoint that was brought does.
fn name(args: &VerifyArgs, brought: &Brought, chosen: &Chosen<'_>) -> String {
    let sealed = match brought.checkpoints.as_slice() {
        [one] if *chosen.profile.integrity() == Integrity::None && is_log_name(one.log()) => {
            Some(one.log().to_owned())
        }
        _ => None,
    };
    args.log.clone().or(sealed).unwrap_or_else(|| UNNAMED.to_owned())
}

fn exits(args: &VerifyArgs, stitched: &crate::segment::stitch::Stitched) -> Vec<Exit> {
    let mut exits = Vec::new();
    if !stitched.unmatched_heads.is_empty() || !stitched.unmatched_checkpoints.is_empty() {
        exits.push(Exit::Usage);
    }
    if stitched.sources.iter().any(|source| source.unreadable) {
        exits.push(Exit::Incomplete);
    }
    if stitched.logs.is_empty() {
        exits.push(Exit::NotEvidenced);
    }
    for log in &stitched.logs {
        let missing = log.breaks.iter().any(|found| found.kind.effect(true) == Effect::Population);
        let incomplete = args.require_complete && log.completeness < Completeness::Terminated;
        match log.verdict {
            Verdict::Altered => exits.push(Exit::Altered),
            Verdict::NotVerifiable => exits.push(Exit::NotEvidenced),
            Verdict::Verified if missing || incomplete => exits.push(Exit::NotEvidenced),
            Verdict::Verified => {}
        }
    }
    exits
}

fn objects(paths: &[String]) -> Result<Vec<ObjectRef>, Failure> {
    let mut objects = Vec::new();
    for path in paths {
        let (found, faults) = location::resolve_members(path, Path::new("."))
            .map_err(|error| Failure::new(Exit::Usage, &error, error.help()))?;
        objects.extend(found);
        if let Some(fault) = faults.into_iter().next() {
            let error = LocationError::Archive { name: fault.name, detail: fault.detail };
            return Err(Failure::new(Exit::Incomplete, &error, error.help()));
        }
    }
    objects.sort_by(|a: &ObjectRef, b| a.name.cmp(&b.name));
    objects.dedup_by(|a, b| a.name == b.name);
    Ok(objects)
}

pub(super) fn source(id: String, log: Option<String>, profile: &str) -> Source {
    Source {
        id,
        profile: profile.to_owned(),
        chain: None,
        objects: Vec::new(),
        role: Role::Approvals,
        logs: log.into_iter().collect(),
        require: None,
        head: None,
        after: None,
        census: None,
        max_silence_ms: None,
        from: None,
        until: None,
        set: BTreeMap::new(),
        extracted: None,
        may_be_empty: None,
    }
}
