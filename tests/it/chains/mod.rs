//! Logs of every format that can be verified: what each change to them, and each forgery, ends in.

pub(crate) mod capture;
pub(crate) mod edit;
pub(crate) mod format;
mod json;
mod matrix;
mod records;
pub(crate) mod resign;

use std::fs;

use countersign::integrity::verdict::{BreakKind, Completeness, Effect, Grade, Verdict};
use serde_json::Value;
use tempfile::TempDir;

use self::format::Format;

/// What a verifier brings.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Brings<'b> {
    /// Chain profile; the native format needs none.
    pub(crate) chain: Option<&'b str>,
    /// Name of the log, for formats that carry none.
    pub(crate) log: Option<&'b str>,
    /// Trust file; empty for none.
    pub(crate) trust: &'b str,
    /// Shared key.
    pub(crate) mac: Option<&'b [u8]>,
    /// Head file.
    pub(crate) head: Option<&'b str>,
}

impl<'b> Brings<'b> {
    /// What a verifier of a sound log of `format` brings: the key, and no head.
    pub(crate) fn key(format: &'b Format) -> Self {
        let foreign = format.chain != "countersign-log";
        Self {
            chain: foreign.then_some(format.chain),
            log: foreign.then_some(format.log),
            trust: &format.trust,
            mac: format.mac.as_deref(),
            head: None,
        }
    }
}

/// What `verify` says, of all logs in the files together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Answer {
    /// Exit code.
    pub(crate) exit: u8,
    /// Verdict; `None` where `verify` refused to look.
    pub(crate) verdict: Option<Verdict>,
    /// The lowest grade.
    pub(crate) grade: Grade,
    /// The lowest level.
    pub(crate) completeness: Completeness,
    /// Kinds of breaks that are no notes, in order of what they end in.
    pub(crate) breaks: Vec<BreakKind>,
    /// Kinds of notes.
    pub(crate) notes: Vec<BreakKind>,
    /// Fields that no hash and no signature covers.
    pub(crate) uncovered: Vec<String>,
    /// The head file of the last record, where there is one log with one chain.
    pub(crate) head: Option<String>,
}

/// Runs `verify --json` in this process.
#[track_caller]
pub(crate) fn verify(files: &[(String, String)], brings: Brings<'_>) -> Answer {
    verify_or_refuse(files, brings).expect("what the verifier brings is as it should be")
}

/// Runs `verify --json` in this process; `None` where it refuses what the verifier brings.
#[track_caller]
pub(crate) fn verify_or_refuse(files: &[(String, String)], brings: Brings<'_>) -> Option<Answer> {
    let folder = TempDir::new().unwrap();
    let place = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let mut args = vec!["verify".to_owned(), "--json".to_owned()];
    args.extend(files.iter().map(|(name, text)| place(name, text.as_bytes())));
    let mut option = |name: &str, value: String| args.extend([name.to_owned(), value]);
    if let Some(chain) = brings.chain {
        option("--chain", chain.to_owned());
    }
    if let Some(log) = brings.log {
        option("--log", log.to_owned());
    }
    if !brings.trust.is_empty() {
        option("--trust", place("trust.toml", brings.trust.as_bytes()));
    }
    if let Some(mac) = brings.mac {
        option("--mac-key", place("mac.key", mac));
    }
    if let Some(head) = brings.head {
        option("--head", place("a.head", head.as_bytes()));
    }
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let exit = countersign::cli::run_with(&args, &mut out, &mut err);
    if out.is_empty() {
        let said = String::from_utf8(err).unwrap();
        assert!(matches!(exit, 2 | 4) && said.starts_with("error: "), "{args:?}: {exit} {said}");
        if exit == 2 {
            return None;
        }
        return Some(Answer {
            exit,
            verdict: None,
            grade: Grade::None,
            completeness: Completeness::Unknown,
            breaks: Vec::new(),
            notes: Vec::new(),
            uncovered: Vec::new(),
            head: None,
        });
    }
    Some(Answer::of(exit, &serde_json::from_slice(&out).unwrap()))
}

impl Answer {
    fn of(exit: u8, document: &Value) -> Self {
        let logs = document["logs"].as_array().unwrap();
        let word = |log: &Value, member: &str| log[member].as_str().unwrap().to_owned();
        let mut kinds: Vec<BreakKind> = logs
            .iter()
            .flat_map(|log| log["breaks"].as_array().unwrap())
            .map(|found| BreakKind::from_word(&word(found, "kind")).unwrap())
            .collect();
        kinds.sort();
        kinds.dedup();
        let (notes, breaks) = kinds.into_iter().partition(|kind| kind.effect(true) == Effect::Note);
        let mut uncovered: Vec<String> = logs
            .iter()
            .flat_map(|log| log["uncovered_fields"].as_array().unwrap())
            .map(|field| field.as_str().unwrap().trim_start_matches('/').replace('/', "."))
            .collect();
        uncovered.sort();
        uncovered.dedup();
        let verdict = Verdict::from_word(document["verdict"].as_str().unwrap());
        assert!(verdict.is_some(), "{document}");
        Self {
            exit,
            verdict,
            grade: logs
                .iter()
                .map(|log| Grade::from_word(&word(log, "integrity")).unwrap())
                .min()
                .unwrap_or(Grade::None),
            completeness: logs
                .iter()
                .map(|log| Completeness::from_word(&word(log, "completeness")).unwrap())
                .min()
                .unwrap_or(Completeness::Unknown),
            breaks,
            notes,
            uncovered,
            head: match logs.as_slice() {
                [log] => Self::head(log),
                _ => None,
            },
        }
    }

    fn head(log: &Value) -> Option<String> {
        let head = log["head"].as_object()?;
        let digest = head["digest"].as_str().unwrap();
        Some(format!("{} {} {digest}\n", log["log"].as_str().unwrap(), head["seq"].as_u64().unwrap()))
    }

    /// Tells whether this answer warns of more than `intact` did: a worse verdict or grade, or a kind of break.
    pub(crate) fn detects(&self, intact: &Self) -> bool {
        self.verdict.is_none()
            || self.verdict < intact.verdict
            || self.grade < intact.grade
            || self.breaks.iter().any(|kind| !intact.breaks.contains(kind))
    }
}
