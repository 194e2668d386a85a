//! A pack: its bytes, then its results derived again twice, from its own files and under the verifier's trust.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::{Brought, Verified, VerifyArgs};
use crate::assess::DERIVATION;
use crate::cli::Io;
use crate::error::Failure;
use crate::exit::Exit;
use crate::integrity::checkpoint::Checkpoint;
use crate::integrity::head::LogHead;
use crate::integrity::verdict::{Break, BreakKind, Verdict};
use crate::pack::{PackCheck, PackFolder, StatementKey};
use crate::report::console::{clean, grouped};
use crate::report::json;
use crate::report::model::{Log, Report};
use crate::run::material::Material;
use crate::run::{Options, RunError, run as run_all};

/// What was found about a pack.
#[derive(Debug, Serialize)]
pub(super) struct PackResult {
    /// Verdict.
    pub(super) verdict: Verdict,
    /// Why it is not verified.
    pub(super) reasons: Vec<String>,
    /// The bag and its statement.
    pub(super) check: PackCheck,
    /// same, differs, or not-derived.
    pub(super) derivation: &'static str,
    /// Files that shaped the results and differ from those that this program ships.
    pub(super) overrides: Vec<String>,
    /// Logs whose verdict or grade is lower under the verifier's trust than the report says.
    pub(super) lowered: Vec<String>,
}

pub(super) fn verify(
    path: &str,
    args: &VerifyArgs,
    brought: &Brought,
    io: &mut Io<'_>,
) -> Result<Exit, Failure> {
    let pack = PackFolder::open(Path::new(path))?;
    let keys: Vec<StatementKey> = brought.keyring.keys().filter_map(StatementKey::of_trusted).collect();
    let mut result = PackResult::of(pack.check(&keys)?);
    let mut logs = Vec::new();
    if result.verdict != Verdict::Altered {
        match json::parse(&pack.report_json()?) {
            Ok(report) => {
                logs.clone_from(&report.logs);
                result.derive(&pack, &report, args, brought)?;
            }
            Err(error) => result.altered("data/01_report.json", format!("is no report: {error}")),
        }
    }
    let unreadable = result.check.breaks.iter().any(|found| found.kind == BreakKind::UnreadableObject);
    let exit = match result.verdict {
        Verdict::Altered => Exit::Altered,
        _ if unreadable => Exit::Incomplete,
        Verdict::NotVerifiable => Exit::NotEvidenced,
        Verdict::Verified => Exit::Done,
    };
    if args.json {
        let verified = Verified {
            schema: "countersign/verify/1",
            verdict: result.verdict,
            exit: exit.code(),
            logs: &logs,
            pack: Some(&result),
        };
        io.result(&serde_json::to_string_pretty(&verified).expect("strings and numbers are JSON"))?;
    } else {
        result.print(path, &logs, io)?;
    }
    Ok(exit)
}

impl PackResult {
    fn of(check: PackCheck) -> Self {
        Self {
            verdict: check.verdict,
            reasons: check.reasons.clone(),
            check,
            derivation: "not-derived",
            overrides: Vec::new(),
            lowered: Vec::new(),
        }
    }

    fn limit(&mut self, reason: String) {
        self.verdict = self.verdict.min(Verdict::NotVerifiable);
        self.reasons.push(reason);
    }

    fn altered(&mut self, object: &str, detail: String) {
        self.verdict = Verdict::Altered;
        self.reasons.push(format!("`{object}` {detail}"));
        self.check.breaks.push(Break {
            object: object.to_owned(),
            line: 0,
            offset: 0,
            seq: None,
            kind: BreakKind::DigestMismatch,
            detail,
        });
    }

    /// Derives the results again: first from the pack's own files, then under what the verifier brought.
    fn derive(
        &mut self,
        pack: &PackFolder,
        report: &Report,
        args: &VerifyArgs,
        brought: &Brought,
    ) -> Result<(), Failure> {
        let settings = pack.run()?;
        if settings.derivation != DERIVATION {
            self.limit(format!(
                "the pack was made under derivation {}, and this program has {DERIVATION}: use the version that made it",
                settings.derivation
            ));
            return Ok(());
        }
        if pack.is_redacted() && !args.tables_only {
            self.limit("redacted, the sources are not here".to_owned());
            return Ok(());
        }
        let withheld = pack.objects()?.iter().any(|object| object.path.is_none());
        if withheld && args.objects.is_none() {
            if args.tables_only {
                self.reasons.push("as asked, the logs themselves were not verified again".to_owned());
            } else {
                self.limit("the pack holds no source objects; `--objects DIR` supplies them".to_owned());
            }
            return Ok(());
        }
        let options = Options::new(settings.period(), settings.as_of);
        let mut material = match Material::of_pack(pack, args.objects.as_deref()) {
            Ok(material) => material,
            Err(error) => {
                self.altered("data/07_policy", format!("cannot be used again: {error}"));
                return Ok(());
            }
        };
        match run_all(&material, options) {
            Ok(run) if json::to_bytes(run.assessment.report()) == pack.report_json()? => {
                self.derivation = "same"
            }
            Ok(_) => {
                self.derivation = "differs";
                self.altered("data/01_report.json", "is not what the pack's own files give".to_owned());
                return Ok(());
            }
            Err(error) => {
                self.altered("data/07_policy", format!("cannot be run again: {error}"));
                return Ok(());
            }
        }
        self.overrides = report.overrides.iter().map(|entry| entry.path.clone()).collect();

        material.keyring = brought.keyring.clone();
        material.heads = self::brought(&brought.heads, report);
        material.checkpoints = self::checkpoints(&brought.checkpoints, report);
        // Where the objects begin is what the report says they continue; a verifier who knows better brings `--after`.
        if !brought.after.is_empty() {
            material.after = self::brought(&brought.after, report);
        }
        let again = run_all(&material, options).map_err(|error: RunError| Failure::from(error))?;
        self.lowered = lowered(&report.logs, &again.assessment.report().logs);
        if !self.lowered.is_empty() {
            let reason = format!(
                "under what you brought, {} of {} logs are weaker than the report says: {}",
                self.lowered.len(),
                report.logs.len(),
                self.lowered.join(", ")
            );
            self.limit(reason);
        }
        Ok(())
    }

    fn print(&self, path: &str, logs: &[Log], io: &mut Io<'_>) -> Result<(), Failure> {
        io.result(&format!(
            "{:<15} pack {} · {} files · results {}",
            self.verdict.word(),
            clean(path),
            grouped(self.check.files as u64),
            match self.derivation {
                "same" => "derived again, byte for byte the same",
                "differs" => "derived again, and they differ",
                _ => "not derived again",
            }
        ))?;
        for reason in &self.reasons {
            io.result(&format!("  = note: {}", clean(reason)))?;
        }
        for found in self.check.breaks.iter().take(super::MAX_BREAKS) {
            io.result(&format!("  {}: {}", found.kind, clean(&found.detail)))?;
            io.result(&format!("    --> {}", clean(&found.object)))?;
        }
        for path in &self.overrides {
            io.result(&format!("  = note: `{}` differs from the one this program ships", clean(path)))?;
        }
        let verified = logs.iter().filter(|log| log.verdict == Verdict::Verified).count();
        if !logs.is_empty() {
            io.result(&format!("The report says: verified {verified} of {} logs", logs.len()))?;
        }
        for log in logs.iter().filter(|log| log.verdict != Verdict::Verified) {
            io.result(&format!("  {:<15} {}", log.verdict.word(), clean(&log.log)))?;
        }
        Ok(())
    }
}

/// Returns the heads brought, by the source whose log they name.
fn brought(heads: &[LogHead], report: &Report) -> BTreeMap<String, Vec<LogHead>> {
    let mut by_source: BTreeMap<String, Vec<LogHead>> = BTreeMap::new();
    for log in &report.logs {
        let of_log = heads.iter().filter(|head| head.log == log.log).cloned();
        by_source.entry(log.source.clone()).or_default().extend(of_log);
    }
    by_source
}

/// Returns the checkpoints brought, by the source whose log they name.
fn checkpoints(checkpoints: &[Checkpoint], report: &Report) -> BTreeMap<String, Vec<Checkpoint>> {
    let mut by_source: BTreeMap<String, Vec<Checkpoint>> = BTreeMap::new();
    for log in &report.logs {
        let of_log = checkpoints.iter().filter(|checkpoint| checkpoint.log() == log.log).cloned();
        by_source.entry(log.source.clone()).or_default().extend(of_log);
    }
    by_source
}

/// Returns the logs of `reported` whose verdict or grade is lower in `found`.
fn lowered(reported: &[Log], found: &[Log]) -> Vec<String> {
    reported
        .iter()
        .filter_map(|before| {
            let now = found.iter().find(|log| log.source == before.source && log.log == before.log);
            match now {
                None => Some(format!("`{}` is gone", before.log)),
                Some(now) if now.verdict < before.verdict => {
                    Some(format!("`{}` is {}, reported {}", before.log, now.verdict, before.verdict))
                }
                Some(now) if now.integrity < before.integrity => Some(format!(
                    "`{}` has grade {}, reported {}",
                    before.log, now.integrity, before.integrity
                )),
                Some(_) => None,
            }
        })
        .collect()
}
