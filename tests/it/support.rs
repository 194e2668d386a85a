//! Runs of the program on copies of the samples, and logs that are changed, signed again, or both.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use countersign::digest::Digest;
use countersign::report::check::{Check, CheckTest};
use countersign::report::model::{Report, Test, TestOutcome};
use countersign::run::material::Material;
use countersign::run::{Options, Run};
use countersign::settings::Workspace as Settings;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use ed25519_dalek::{Signer as _, SigningKey};
use tempfile::TempDir;

/// The as-of of every run that names no other: after the period of each sample.
pub(crate) const AS_OF: &str = "2026-10-01";

/// Returns the folder of a sample.
pub(crate) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)
}

/// How a run of the program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Exit code.
    pub(crate) exit: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Ran {
    /// Asserts the exit code, and that the program said each of `texts` on standard error or output.
    #[track_caller]
    pub(crate) fn says(&self, exit: i32, texts: &[&str]) -> &Self {
        assert_eq!(self.exit, exit, "{self:#?}");
        for text in texts {
            assert!(self.err.contains(text) || self.out.contains(text), "`{text}` is missing in {self:#?}");
        }
        self
    }

    /// Asserts the exit code of a usage error, with its grammar: what, and what to do.
    #[track_caller]
    pub(crate) fn refuses(&self, texts: &[&str]) {
        self.says(2, texts);
        assert!(self.err.starts_with("error: ") && self.out.is_empty(), "{self:#?}");
    }

    /// Returns the document of `check --json`.
    #[track_caller]
    pub(crate) fn check(&self) -> Check {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// Returns the document of `verify --json`.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// Returns the kinds of breaks of `verify --json`, in order, those of all logs together.
    #[track_caller]
    pub(crate) fn kinds(&self) -> Vec<String> {
        let found = self.json();
        let logs = found["logs"].as_array().unwrap().iter();
        let breaks = logs.flat_map(|log| log["breaks"].as_array().unwrap().iter());
        breaks.map(|found| found["kind"].as_str().unwrap().to_owned()).collect()
    }
}

/// Runs the program in an empty environment.
pub(crate) fn countersign<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(args)
        .env_clear()
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran {
        exit: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Returns the result of `test`.
#[track_caller]
pub(crate) fn result<'c>(check: &'c Check, test: &str) -> &'c CheckTest {
    check.tests.iter().find(|found| found.id == test).unwrap_or_else(|| panic!("{test} did not run"))
}

/// A test's id, result, population, exceptions, untestable and pending items.
pub(crate) type Outcome = (String, TestOutcome, u64, u64, u64, u64);

/// Returns the outcome of every test.
pub(crate) fn outcomes(report: &Report) -> Vec<Outcome> {
    let of = |test: &Test| {
        (test.id.clone(), test.result, test.population, test.exceptions, test.untestable, test.pending)
    };
    report.tests.iter().map(of).collect()
}

/// A pack of `samples/acme`, made once by the program, and how that run ended.
pub(crate) static ACME_PACK: LazyLock<(PathBuf, Ran)> = LazyLock::new(|| {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("acme-pack");
    let ran = countersign(&[
        "report".as_ref(),
        sample("acme").as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
        "--as-of".as_ref(),
        AS_OF.as_ref(),
        "--threads".as_ref(),
        "2".as_ref(),
    ]);
    (out, ran)
});

/// A workspace of its own: a copy of a sample, or built from nothing.
pub(crate) struct Workspace {
    folder: TempDir,
}

impl Workspace {
    /// Returns a copy of the sample `name`.
    pub(crate) fn copy_of(name: &str) -> Self {
        let workspace = Self::empty();
        copy_folder(&sample(name), workspace.folder.path());
        workspace
    }

    /// Returns a copy of `samples/clean` that declares no record count and no head, so that a change shows only in
    /// the log that was changed.
    pub(crate) fn unanchored() -> Self {
        let workspace = Self::copy_of("clean");
        workspace.edit("countersign.toml", |text| {
            let plain = text.replace(", records = 374", "").replace(", records = 68", "");
            plain.replace("head        = \"heads/gate-eu.head\"\n", "")
        });
        workspace
    }

    /// Returns an empty folder.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// Returns a workspace with one source, whose only object `logs/a.jsonl` is not there yet.
    pub(crate) fn with_source(profile: &str) -> Self {
        let workspace = Self::empty();
        workspace.write(
            "countersign.toml",
            format!(
                "entity = \"Acme\"\nperiod = {{ from = 2026-06-01, to = 2026-07-01 }}\n\n\
                 [[source]]\nid = \"a\"\nprofile = \"{profile}\"\nobjects = [\"logs/*\"]\n"
            ),
        );
        workspace
    }

    /// Returns the path of a file in it.
    pub(crate) fn at(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Returns the text of a file in it.
    pub(crate) fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.at(relative)).unwrap()
    }

    /// Writes a file in it.
    pub(crate) fn write(&self, relative: &str, bytes: impl AsRef<[u8]>) {
        let path = self.at(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Changes a text file in it. The change must change something.
    #[track_caller]
    pub(crate) fn edit(&self, relative: &str, change: impl FnOnce(&str) -> String) {
        let before = self.read(relative);
        let after = change(&before);
        assert_ne!(before, after, "the edit of {relative} changed nothing");
        self.write(relative, after);
    }

    /// Runs a command of the program on it, at [`AS_OF`] unless `args` names another as-of.
    pub(crate) fn run(&self, command: &str, args: &[&str]) -> Ran {
        let folder = self.folder.path().to_str().unwrap();
        let mut all = vec![command, folder];
        if !args.contains(&"--as-of") {
            all.extend(["--as-of", AS_OF]);
        }
        all.extend(args);
        countersign(&all)
    }

    /// Runs `check --json`, and returns its exit code, as the process gave it, and its document.
    #[track_caller]
    pub(crate) fn check(&self) -> (i32, Check) {
        let ran = self.run("check", &["--json"]);
        let check = ran.check();
        assert_eq!(i32::from(check.exit), ran.exit, "the document and the process disagree");
        (ran.exit, check)
    }

    /// Runs the library on it.
    pub(crate) fn library(&self, segment_bytes: Option<u64>) -> Run {
        library(self.folder.path(), segment_bytes)
    }
}

/// Runs the library on the workspace in `folder`.
pub(crate) fn library(folder: &Path, segment_bytes: Option<u64>) -> Run {
    let settings = Settings::load(folder).unwrap();
    let as_of = AS_OF.parse().unwrap();
    let mut options = Options::new(settings.period(as_of), as_of);
    options.segment_bytes = segment_bytes.unwrap_or(options.segment_bytes);
    countersign::run::run(&Material::of_workspace(settings).unwrap(), options).unwrap()
}

/// Asserts that every record of every source went somewhere, and that the waterfall sums.
#[track_caller]
pub(crate) fn conserves(report: &Report) {
    for source in &report.sources {
        let tally = &source.tally;
        let ignored: u64 = tally.ignored.values().sum();
        let rejected: u64 = tally.rejected.values().sum();
        let sum =
            tally.mapped + ignored + tally.observations + tally.housekeeping + rejected + tally.duplicates;
        assert_eq!(tally.read, sum, "records of `{}`: {tally:#?}", source.id);
        let of_objects = report.objects.iter().filter(|object| object.source == source.id);
        assert_eq!(tally.read, of_objects.map(|object| object.records).sum::<u64>(), "{tally:#?}");
    }
    let mut pairs = 0;
    for (step, at) in report.waterfall.iter().zip(1..) {
        if let Some(next) = report.waterfall[at..].iter().find(|next| next.unit == step.unit) {
            let aside: u64 = step.set_aside.iter().map(|(_, items)| items).sum();
            assert_eq!(step.items, aside + next.items, "from {step:#?} to {next:#?}");
            pairs += 1;
        }
    }
    assert!(pairs > 0, "{:#?}", report.waterfall);
}

/// Copies a folder and all that lies in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Returns the files below a folder: names with `/`, sorted, and bytes.
pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    fn add(folder: &Path, below: &str, all: &mut Vec<(String, Vec<u8>)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{below}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                add(&entry.path(), &format!("{name}/"), all);
            } else {
                all.push((name, fs::read(entry.path()).unwrap()));
            }
        }
    }
    let mut all = Vec::new();
    add(folder, "", &mut all);
    all.sort();
    all
}

/// A `countersign-log/1` as its events, to be changed and signed again (docs/formats/countersign-log.md, sections 4
/// and 6). It shares no code with the program.
pub(crate) struct SignedLog {
    log: String,
    key: SigningKey,
    /// Time and event text of every record.
    pub(crate) records: Vec<(String, String)>,
}

impl SignedLog {
    /// Returns an empty log that `key_pem` signs.
    pub(crate) fn new(log: &str, key_pem: &str) -> Self {
        Self { log: log.to_owned(), key: SigningKey::from_pkcs8_pem(key_pem).unwrap(), records: Vec::new() }
    }

    /// Takes a signed log apart.
    pub(crate) fn parse(log: &str, key_pem: &str, text: &str) -> Self {
        let mut parsed = Self::new(log, key_pem);
        for line in text.lines() {
            let time = line.split_once("\"time\":\"").unwrap().1[..24].to_owned();
            let event = line[..line.len() - 138].split_once(",\"event\":").unwrap().1.to_owned();
            parsed.records.push((time, event));
        }
        parsed
    }

    /// Returns the lines, each with its line end, chained and signed.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines_then(self.records.len(), self)
    }

    /// Returns the lines; those from `cut` on are signed by the key of `other`.
    pub(crate) fn lines_then(&self, cut: usize, other: &Self) -> Vec<String> {
        let mut prev = "0".repeat(64);
        let mut lines = Vec::new();
        for ((time, event), seq) in self.records.iter().zip(0..) {
            let signer = if seq < cut { &self.key } else { &other.key };
            let key = Digest::of(signer.verifying_key().as_bytes());
            let body = format!(
                "{{\"v\":\"countersign-log/1\",\"log\":\"{}\",\"seq\":{seq},\"time\":\"{time}\",\"key\":\"{key}\",\
                 \"prev\":\"{prev}\",\"event\":{event}",
                self.log
            );
            let signature = signer.sign(format!("countersign-log/1\n{body}").as_bytes());
            let line = format!("{body},\"sig\":\"{}\"}}", hex::encode(signature.to_bytes()));
            prev = Digest::of(line.as_bytes()).to_string();
            lines.push(line + "\n");
        }
        lines
    }

    /// Returns the text of the log.
    pub(crate) fn text(&self) -> String {
        self.lines().concat()
    }

    /// Returns the head file of the last record.
    pub(crate) fn head(&self) -> String {
        let lines = self.lines();
        head_of(&self.log, lines.len() - 1, lines.last().unwrap())
    }
}

/// Returns the head file that `line` makes.
pub(crate) fn head_of(log: &str, seq: usize, line: &str) -> String {
    format!("{log} {seq} {}\n", Digest::of(line.trim_end_matches('\n').as_bytes()))
}
