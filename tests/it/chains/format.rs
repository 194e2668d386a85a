//! The formats of the matrix: for each, a real log that verifies as well as its format can, and what a verifier brings.

use std::fs;
use std::path::{Path, PathBuf};

use super::resign::{self, Resign};
use super::{capture, json};
use crate::support::{SignedLog, sample};

/// The public key under which `signet/resigned` is signed.
const SIGNET_STRANGER: &str = "15841d846cf3d3e7737b3936114b527427bebf13d0028e797761412ce7ed5fd5";

/// How the records of a log lie in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Container {
    /// One per line, JSON.
    Lines,
    /// One per line, fields apart by a space.
    Words,
    /// The items of a JSON array.
    Array,
    /// The items of the member `entries` of a JSON document.
    Entries,
}

/// One file, cut so that its records can be changed: `between[0]`, `records[0]`, `between[1]` … give its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    /// Records.
    pub(crate) records: Vec<String>,
    /// What stands around them, one more than there are records.
    between: Vec<String>,
}

impl Cut {
    pub(crate) fn of(text: &str, container: Container) -> Self {
        let spans = match container {
            Container::Lines | Container::Words => {
                let mut start = 0;
                let ends = text.match_indices('\n').map(|(end, _)| end);
                ends.map(|end| std::mem::replace(&mut start, end + 1)..end).collect()
            }
            Container::Array => json::items(text, None),
            Container::Entries => json::items(text, Some("entries")),
        };
        let mut at = 0;
        let mut cut = Self { records: Vec::new(), between: Vec::new() };
        for span in spans {
            cut.between.push(text[at..span.start].to_owned());
            cut.records.push(text[span.clone()].to_owned());
            at = span.end;
        }
        cut.between.push(text[at..].to_owned());
        assert_eq!(cut.text(), text);
        cut
    }

    /// Returns the text: with another number of records, what stands between them follows.
    pub(crate) fn text(&self) -> String {
        let last = self.between.len() - 1;
        let mut text = self.between[0].clone();
        for (index, record) in self.records.iter().enumerate() {
            if index > 0 {
                text.push_str(&self.between[index.clamp(1, (last - 1).max(1))]);
            }
            text.push_str(record);
        }
        text + &self.between[last]
    }
}

/// A format with a real log of it.
pub(crate) struct Format {
    /// Its chain profile, a file of `chains/`.
    pub(crate) chain: &'static str,
    /// Container.
    pub(crate) container: Container,
    /// The files of the log, in order: name and text.
    pub(crate) files: Vec<(String, String)>,
    /// Trust file; empty where no key can help.
    pub(crate) trust: String,
    /// Shared key, where the format has one.
    pub(crate) mac: Option<Vec<u8>>,
    /// The name that the trust file binds the key to.
    pub(crate) log: &'static str,
    /// The same log signed by a key that is not trusted, where the format signs.
    pub(crate) resigned: Option<Resigned>,
    /// How its records are signed again, where a test knows how.
    pub(crate) resign: Option<Resign>,
    /// The member that holds the signature, where the format signs.
    pub(crate) signature: Option<&'static str>,
    /// True where the key alone, without a head, covers every record of this log.
    pub(crate) verifies: bool,
    /// Where a hash joins members by a separator that may stand in them: the separator, and the members in order.
    pub(crate) joined: Option<(char, &'static [&'static str])>,
}

/// A log signed again, and under what it would count.
pub(crate) struct Resigned {
    /// The files of the log.
    pub(crate) files: Vec<(String, String)>,
    /// Trust file with the key that signed it.
    pub(crate) trust: String,
    /// The shared key that signed it.
    pub(crate) mac: Option<Vec<u8>>,
}

/// Returns the formats that this build can verify: the native one, and those with a profile in `chains/`.
pub(crate) fn formats() -> Vec<Format> {
    let shipped = profiles();
    let mut all = vec![native()];
    all.extend(foreign().into_iter().filter(|format| shipped.iter().any(|name| name == format.chain)));
    all
}

/// Returns the names of the chain profiles that are shipped.
pub(crate) fn profiles() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("chains");
    let Ok(files) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// Returns every foreign format of which there is a real log here, whether or not its profile is shipped.
pub(crate) fn foreign() -> Vec<Format> {
    vec![
        Format {
            resigned: Some(Resigned {
                files: folder("signet/resigned"),
                trust: pem_trust(&capture::pem(&hex::decode(SIGNET_STRANGER).unwrap()), "signet"),
                mac: None,
            }),
            signature: Some("receipt.sig"),
            trust: pem_trust(&read("signet/signer.pub"), "signet"),
            ..unsigned("signet", Container::Lines, folder("signet/days"))
        },
        unsigned("agt-python-log", Container::Entries, vec![file("agt-python-log/export.json")]),
        sink(),
        unsigned("agt-typescript", Container::Array, vec![file("agt-typescript/export.json")]),
        Format {
            joined: Some(('|', &["agent_id", "action", "decision"])),
            ..unsigned("agt-rust", Container::Array, vec![file("agt-rust/export.json")])
        },
        capture::pipelock(),
        capture::agent_receipts(),
        capture::codechain(),
    ]
}

/// The sink's log with its shared key, which signs every line.
fn sink() -> Format {
    let (name, text) = file("agt-python-sink/audit.jsonl");
    let records = Cut::of(&text, Container::Lines).records;
    let again = |key: &[u8]| {
        resign::sink(&records, key).iter().map(|record| format!("{record}\n")).collect::<String>()
    };
    let key = read("agt-python-sink/hmac.key").into_bytes();
    assert_eq!(again(&key), text, "the sink's code is what this test takes it for");
    let other = b"another shared key".to_vec();
    Format {
        resigned: Some(Resigned {
            files: vec![(name.clone(), again(&other))],
            trust: String::new(),
            mac: Some(other),
        }),
        signature: Some("signature"),
        mac: Some(key),
        ..unsigned("agt-python-sink", Container::Lines, vec![(name, text)])
    }
}

fn unsigned(chain: &'static str, container: Container, files: Vec<(String, String)>) -> Format {
    Format {
        chain,
        container,
        files,
        trust: String::new(),
        mac: None,
        log: chain,
        resigned: None,
        resign: None,
        signature: None,
        verifies: false,
        joined: None,
    }
}

/// Our own format: the first records of the clean sample, so that a mutation of each leaf stays affordable.
pub(crate) fn native() -> Format {
    let key = fs::read_to_string(sample("clean").join("keys/gate-eu-TEST-KEY.pem")).unwrap();
    let text = fs::read_to_string(sample("clean").join("logs/gate-eu/gate-eu-2026-06.jsonl")).unwrap();
    let text: String = text.lines().take(12).map(|line| format!("{line}\n")).collect();
    let public = fs::read_to_string(sample("clean").join("keys/gate-eu-TEST-KEY.pub")).unwrap();
    let parsed = SignedLog::parse("gate-eu", &key, &text);
    assert_eq!(parsed.text(), text, "the sample is signed by its test key");
    let other = fs::read_to_string(sample("acme").join("keys/acme-report-TEST-KEY.pem")).unwrap();
    let resigned = Resigned {
        files: vec![("gate-eu.jsonl".to_owned(), SignedLog::parse("gate-eu", &other, &text).text())],
        trust: pem_trust(
            &fs::read_to_string(sample("acme").join("keys/acme-report-TEST-KEY.pub")).unwrap(),
            "gate-eu",
        ),
        mac: None,
    };
    Format {
        chain: "countersign-log",
        container: Container::Lines,
        joined: None,
        files: vec![("gate-eu.jsonl".to_owned(), text)],
        trust: pem_trust(&public, "gate-eu"),
        mac: None,
        log: "gate-eu",
        resigned: Some(resigned),
        resign: None,
        signature: Some("sig"),
        verifies: true,
    }
}

/// Returns a trust file that binds the public key `pem` to `log`.
pub(crate) fn pem_trust(pem: &str, log: &str) -> String {
    format!("[[key]]\nowner = \"test\"\npurpose = \"log\"\nlogs = [\"{log}\"]\npem = \"\"\"\n{pem}\"\"\"\n")
}

fn chains() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/chains")
}

fn read(name: &str) -> String {
    fs::read_to_string(chains().join(name)).unwrap()
}

fn file(name: &str) -> (String, String) {
    (Path::new(name).file_name().unwrap().to_str().unwrap().to_owned(), read(name))
}

fn folder(name: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = fs::read_dir(chains().join(name))
        .unwrap()
        .map(|entry| file(&format!("{name}/{}", entry.unwrap().file_name().to_str().unwrap())))
        .collect();
    files.sort();
    files
}

/// Returns the logs of the format whose folder begins with `prefix`, by name.
pub(crate) fn vectors_folder(chain: &str, prefix: &str) -> Vec<(String, Vec<(String, String)>)> {
    let Ok(entries) = fs::read_dir(chains().join(chain)) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    names.into_iter().map(|name| (format!("{chain}/{name}"), folder(&format!("{chain}/{name}")))).collect()
}
