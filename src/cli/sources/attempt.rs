//! `sources try`: which profile reads a file, and what becomes of its records.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write};
use std::path::Path;

use super::SourcesError;
use crate::integrity::record::VerifiedRecord;
use crate::profile::library::Library;
use crate::profile::{Mapped, Profile, event_json};
use crate::redact::shown;
use crate::report::visible::visible;
use crate::source::container::Unpacked;
use crate::source::framing::MAX_DOCUMENT;

/// Events that are shown.
const EXAMPLES: usize = 3;

/// Places that are named for one reason.
const PLACES: usize = 5;

/// What one profile makes of a file.
struct Trial<'l> {
    profile: &'l Profile,
    /// Why nothing of the file can be read, where that is so.
    failure: Option<String>,
    records: usize,
    mapped: usize,
    ignored: BTreeMap<String, Vec<u64>>,
    unmapped: BTreeMap<String, Vec<u64>>,
    rejected: BTreeMap<String, Vec<u64>>,
    events: BTreeMap<String, usize>,
    examples: Vec<String>,
}

/// Maps `file` by `profile`, or by every profile at hand, and tells whether one of them fits.
///
/// # Errors
///
/// Where the file cannot be read, or no profile has the name.
pub(super) fn run(
    library: &Library,
    file: &Path,
    profile: Option<&str>,
    out: &mut dyn Write,
) -> Result<bool, SourcesError> {
    let text = read(file)?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let profiles: Vec<&Profile> = match profile {
        Some(id) => vec![library.find(id)?.profile()],
        None => library.entries().map(|entry| entry.profile()).collect(),
    };
    let mut trials = profiles
        .into_iter()
        .map(|profile| Trial::of(profile, &name, &text))
        .collect::<Result<Vec<_>, SourcesError>>()?;
    trials.sort_by_key(|trial| {
        (
            std::cmp::Reverse(trial.mapped),
            count(&trial.rejected),
            count(&trial.unmapped),
            trial.profile.name(),
        )
    });
    let fitting: Vec<&Trial<'_>> = trials.iter().filter(|trial| trial.mapped > 0).collect();
    for trial in &fitting {
        writeln!(out, "{}", trial.line())?;
    }
    let Some(best) = fitting.first() else {
        for trial in trials.iter().filter(|_| profile.is_some()) {
            trial.write(out)?;
        }
        writeln!(out, "no profile makes an event of `{}`", shown(&name))?;
        return Ok(false);
    };
    writeln!(out)?;
    best.write(out)?;
    writeln!(out, "\nexamples")?;
    for example in &best.examples {
        writeln!(out, "  {}", visible(example))?;
    }
    writeln!(out, "\n{}", source_block(best.profile, file))?;
    Ok(true)
}

fn read(file: &Path) -> Result<String, SourcesError> {
    let unreadable = |cause| SourcesError::Unreadable { path: file.display().to_string(), cause };
    let stored = std::fs::File::open(file).map_err(unreadable)?;
    let mut bytes = Vec::new();
    Unpacked::new(Box::new(stored))
        .and_then(|unpacked| unpacked.take(MAX_DOCUMENT).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl<'l> Trial<'l> {
    fn of(profile: &'l Profile, name: &str, text: &str) -> Result<Self, SourcesError> {
        let context = profile.context("source-1", name, &BTreeMap::new())?;
        let mut trial = Self {
            profile,
            failure: None,
            records: 0,
            mapped: 0,
            ignored: BTreeMap::new(),
            unmapped: BTreeMap::new(),
            rejected: BTreeMap::new(),
            events: BTreeMap::new(),
            examples: Vec::new(),
        };
        let mut events = Vec::new();
        let done = profile.object(name, text, &mut |found| {
            trial.records += 1;
            let record = match found {
                Ok(record) => record,
                Err(unusable) => {
                    let reasons = match unusable.kind {
                        Some(_) => &mut trial.rejected,
                        None => &mut trial.ignored,
                    };
                    reasons.entry(unusable.detail).or_default().push(unusable.line);
                    return;
                }
            };
            events.clear();
            let line = record.line;
            match profile.map(&VerifiedRecord::unprotected(record, "source-1"), &context, &mut events) {
                Mapped::Events(_) => trial.mapped += 1,
                Mapped::Ignored { reason, .. } => note(&mut trial.ignored, reason, line),
                Mapped::Housekeeping { .. } => note(&mut trial.ignored, "belongs to the log itself", line),
                Mapped::Observation { .. } => note(&mut trial.unmapped, "no rule makes an event of it", line),
                Mapped::Rejected { kind, detail } => {
                    note(&mut trial.rejected, &format!("{kind}: {detail}"), line);
                }
            }
            for event in &events {
                let kind = event.kind.as_deref().unwrap_or_default().to_owned();
                let seen = trial.events.entry(kind).or_default();
                *seen += 1;
                // One of each kind shows more than three of the first.
                if *seen == 1 && trial.examples.len() < EXAMPLES {
                    trial.examples.push(serde_json::Value::Object(event_json(event)).to_string());
                }
            }
        });
        trial.failure = done.err();
        Ok(trial)
    }

    fn line(&self) -> String {
        let [ignored, unmapped, rejected] = [&self.ignored, &self.unmapped, &self.rejected].map(count);
        format!(
            "{}: {} records: {} mapped, {ignored} ignored, {unmapped} unmapped, {rejected} rejected; {} events",
            self.profile.name(),
            self.records,
            self.mapped,
            self.events.values().sum::<usize>()
        )
    }

    fn write(&self, out: &mut dyn Write) -> Result<(), SourcesError> {
        let profile = self.profile;
        writeln!(out, "{} ({}), basis {}", profile.name(), profile.product(), profile.basis())?;
        if let Some(failure) = &self.failure {
            writeln!(out, "  the file {}", visible(failure))?;
        }
        writeln!(out, "  mapped    {:>6}", self.mapped)?;
        for (kind, events) in &self.events {
            writeln!(out, "    {events} {kind}")?;
        }
        for (word, reasons) in
            [("ignored", &self.ignored), ("unmapped", &self.unmapped), ("rejected", &self.rejected)]
        {
            writeln!(out, "  {word:9} {:>6}", count(reasons))?;
            for (reason, lines) in reasons {
                writeln!(out, "    {} {} ({})", lines.len(), visible(reason), places(lines))?;
            }
        }
        Ok(())
    }
}

fn note(reasons: &mut BTreeMap<String, Vec<u64>>, reason: &str, line: u64) {
    reasons.entry(reason.to_owned()).or_default().push(line);
}

fn count(reasons: &BTreeMap<String, Vec<u64>>) -> usize {
    reasons.values().map(Vec::len).sum()
}

fn places(lines: &[u64]) -> String {
    let distinct: BTreeSet<u64> = lines.iter().copied().collect();
    let named: Vec<String> = distinct.iter().take(PLACES).map(u64::to_string).collect();
    let more = if distinct.len() > PLACES { ", …" } else { "" };
    format!("line {}{more}", named.join(", "))
}

/// Returns what a workspace says of the file, ready to paste.
fn source_block(profile: &Profile, file: &Path) -> String {
    let text = |text: &str| toml::Value::from(text).to_string();
    let decides = profile.rules().any(|(_, kind)| matches!(kind, "decision" | "resolution"));
    let role = if decides { "approvals" } else { "executions" };
    let mut block = format!(
        "[[source]]\nid = {}\nprofile = {}\nobjects = [{}]\nrole = \"{role}\"",
        text(profile.name()),
        text(profile.name()),
        text(&file.display().to_string())
    );
    for (name, meaning) in profile.settings() {
        block += &format!("\n# set.{name}: {meaning}");
    }
    block
}
