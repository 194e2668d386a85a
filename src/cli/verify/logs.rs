//! Log files: recognised, scanned in segments, stitched, and nothing kept.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;

use super::format::Profiles;
use super::{Brought, Verified, VerifyArgs, print_log};
use crate::cli::Io;
use crate::clock::{Moment, Period};
use crate::error::Failure;
use crate::exit::Exit;
use crate::integrity::verdict::{Completeness, Effect, Verdict};
use crate::run::RunError;
use crate::segment::links::Reread;
use crate::segment::plan::{ChainPlan, SEGMENT_BYTES, SourcePlan, plan};
use crate::segment::scan::{Keep, segment};
use crate::segment::stitch::{Anchors, Summaries, stitch};
use crate::settings::{Role, Source};
use crate::source::location::{self, ObjectRef};

/// The name of files that carry no log name, where `--log` gives none.
const UNNAMED: &str = "log";

pub(super) fn verify(args: &VerifyArgs, brought: &Brought, io: &mut Io<'_>) -> Result<Exit, Failure> {
    let objects = objects(&args.paths)?;
    let profiles = Profiles::open(args)?;
    let chosen = profiles.choose(args, &objects)?;
    if let Some(note) = &chosen.note {
        io.note(note);
    }
    let id = args.log.clone().unwrap_or_else(|| UNNAMED.to_owned());
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
    let summaries: Summaries = plan
        .segments
        .par_iter()
        .map(|piece| segment(&plan.sources[piece.source], piece, &brought.keyring, Keep::Summary).1)
        .map(|summary| ((summary.source.clone(), summary.object.clone(), summary.start), summary))
        .collect();
    let anchors = Anchors {
        keyring: &brought.keyring,
        heads: &BTreeMap::from([(id.clone(), brought.heads.clone())]),
        after: &BTreeMap::from([(id, brought.after.clone())]),
        links: &Reread(&plan.sources),
        fates: false,
    };
    // A verifier has no period: every time counts.
    let always = Period { from: Moment::from_ms(0), to: Moment::from_ms(253_402_300_799_000) };
    let stitched = stitch(&plan.sources, &summaries, always, &anchors);

    let exit = Exit::worst(exits(args, &stitched));
    let verdict = stitched.logs.iter().map(|log| log.verdict).min().unwrap_or(Verdict::NotVerifiable);
    if args.json {
        let result = Verified {
            schema: "countersign/verify/1",
            verdict,
            exit: exit.code(),
            logs: &stitched.logs,
            pack: None,
        };
        io.result(&serde_json::to_string_pretty(&result).expect("strings and numbers are JSON"))?;
    } else {
        for log in &stitched.logs {
            print_log(log, io)?;
        }
        if stitched.logs.is_empty() {
            io.result("not-verifiable  no record was found")?;
        }
    }
    for head in &stitched.unmatched_heads {
        io.note(&format!("error: head `{head}` matches no log in these files"));
    }
    Ok(exit)
}

fn exits(args: &VerifyArgs, stitched: &crate::segment::stitch::Stitched) -> Vec<Exit> {
    let mut exits = Vec::new();
    if !stitched.unmatched_heads.is_empty() {
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
        let found = location::resolve(path, Path::new("."))
            .map_err(|error| Failure::new(Exit::Usage, &error, error.help()))?;
        objects.extend(found);
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
        max_silence_ms: None,
        from: None,
        until: None,
        set: BTreeMap::new(),
        extracted: None,
        may_be_empty: None,
    }
}
