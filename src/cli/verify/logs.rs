//! Log files: recognised, scanned in segments, stitched, and nothing kept.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use super::{Brought, Verified, VerifyArgs, print_log};
use crate::cli::Io;
use crate::clock::{Moment, Period};
use crate::error::Failure;
use crate::exit::Exit;
use crate::integrity::countersign_log::{FORMAT, is_log_name};
use crate::integrity::verdict::{Completeness, Effect, Verdict};
use crate::profile::library::{Entry, Library};
use crate::profile::{Integrity, Profile};
use crate::report::console::clean;
use crate::run::RunError;
use crate::segment::links::Reread;
use crate::segment::parallel::segments;
use crate::segment::plan::{SEGMENT_BYTES, SourcePlan, plan};
use crate::segment::scan::Keep;
use crate::segment::stitch::{Anchors, Summaries, stitch};
use crate::settings::{Role, Source};
use crate::source::container::Unpacked;
use crate::source::location::{self, ObjectRef};
use crate::source::object;

/// The name of files that carry no log name, where `--log` gives none.
const UNNAMED: &str = "log";

pub(super) fn verify(args: &VerifyArgs, brought: &Brought, io: &mut Io<'_>) -> Result<Exit, Failure> {
    let objects = objects(&args.paths)?;
    let library = Library::open(Path::new(".")).or_else(|_| Library::shipped()).map_err(RunError::from)?;
    let entry = profile(args, &objects, &library)?;
    if args.source.is_none() {
        io.note(&format!("read as `{}`: the first record names this format", entry.profile().name()));
    }
    let id = name(args, brought, entry.profile());
    let settings = source(id.clone(), args.log.clone(), entry.profile().name());
    let sources = vec![SourcePlan {
        context: entry.profile().context(&id, "", &settings.set).map_err(RunError::from)?,
        settings,
        profile: entry.profile(),
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
        links: &Reread(&plan.sources),
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
    for origin in &stitched.unmatched_checkpoints {
        let origin = clean(origin);
        io.note(&format!(
            "error: the checkpoint of `{origin}` matches no log of lines in these files; `--log` names them"
        ));
    }
    Ok(exit)
}

/// Returns the name of what is verified. Where neither the files nor the verifier say it, the one checkpoint that was brought does.
fn name(args: &VerifyArgs, brought: &Brought, profile: &Profile) -> String {
    let sealed = match brought.checkpoints.as_slice() {
        [one] if profile.integrity() == Integrity::None && is_log_name(one.log()) => {
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
        let found = location::resolve(path, Path::new("."))
            .map_err(|error| Failure::new(Exit::Usage, &error, error.help()))?;
        objects.extend(found);
    }
    objects.sort_by(|a: &ObjectRef, b| a.name.cmp(&b.name));
    objects.dedup_by(|a, b| a.name == b.name);
    Ok(objects)
}

/// Returns the profile that `--source` names, or the one that the first record of every object names.
fn profile<'l>(args: &VerifyArgs, objects: &[ObjectRef], library: &'l Library) -> Result<&'l Entry, Failure> {
    if let Some(name) = &args.source {
        return library.find(name).map_err(|error| RunError::from(error).into());
    }
    for object in objects {
        let mut start = Vec::new();
        let opened = object::open(object, None).and_then(Unpacked::new);
        let read = opened.and_then(|unpacked| unpacked.take(64).read_to_end(&mut start));
        let marker = format!("{{\"v\":\"{FORMAT}\"");
        // An empty or unreadable file names no format; it is judged with the others.
        if read.is_ok() && !start.is_empty() && !looks_like(&start, marker.as_bytes()) {
            return Err(Failure::message(
                Exit::NotEvidenced,
                format!("`{}` is of no format that is recognised by its first record", object.name),
                "name its source profile with `--source`; `countersign sources list` shows them",
            ));
        }
    }
    library.find("countersign").map_err(|error| RunError::from(error).into())
}

/// Tells whether a file begins as the format does; damage to a few bytes at the start does not hide it.
fn looks_like(start: &[u8], marker: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let start: Vec<u8> = start.iter().copied().skip_while(|byte| matches!(byte, b'\n' | b'\r')).collect();
    let same = start.iter().zip(marker).filter(|(a, b)| a == b).count();
    same + 3 >= marker.len()
}

fn source(id: String, log: Option<String>, profile: &str) -> Source {
    Source {
        id,
        profile: profile.to_owned(),
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
