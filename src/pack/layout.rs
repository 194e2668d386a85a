//! Where things lie in a pack, and which names may stand in it. `docs/formats/pack.md` has the same lists.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;

use crate::pack::error::PackError;

/// Value of `Countersign-Pack` in `bag-info.txt`, by which a pack of ours is known.
pub const FORMAT: &str = "countersign/pack/1";

/// The bag declaration.
pub const BAGIT: &str = "bagit.txt";
/// The only content that the bag declaration may have.
pub const BAGIT_TEXT: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
/// Who, as of when, how much.
pub const BAG_INFO: &str = "bag-info.txt";
/// Digests of the payload.
pub const MANIFEST: &str = "manifest-sha256.txt";
/// Digests of everything else.
pub const TAG_MANIFEST: &str = "tagmanifest-sha256.txt";
/// How to check the pack without this program.
pub const VERIFY: &str = "VERIFY.md";
/// The signed statement.
pub const STATEMENT: &str = "attestation/statement.dsse.json";

/// What every payload path begins with.
pub const PAYLOAD: &str = "data/";
/// What lies where.
pub const README: &str = "data/00_README.txt";
/// The canonical report.
pub const REPORT_JSON: &str = "data/01_report.json";
/// The report as HTML.
pub const REPORT_HTML: &str = "data/01_report.html";
/// The report as PDF.
pub const REPORT_PDF: &str = "data/01_report.pdf";
/// The workpaper, an XLSX workbook.
pub const WORKPAPER: &str = "data/01_workpaper.xlsx";
/// Results for machines.
pub const MACHINE: &str = "data/02_machine/";
/// State of every item of every test, below [`MACHINE`].
pub const ITEMS: &str = "items.json";
/// Commitments to what was withheld from a redacted pack, below [`MACHINE`].
pub const REDACTIONS_NAME: &str = "redactions.json";
/// The same, as a path of the pack.
pub const REDACTIONS: &str = "data/02_machine/redactions.json";
/// What the tests read, besides the tables.
pub const POPULATION: &str = "data/04_population/";
/// The tables as Parquet.
pub const TABLES: &str = "data/04_population/tables/";
/// The source objects.
pub const SOURCES: &str = "data/05_sources/";
/// Which source object lies where.
pub const OBJECTS: &str = "data/05_sources/objects.json";
/// Public key of the statement.
pub const STATEMENT_KEY: &str = "data/06_keys/statement.pub";
/// The trust file and the keys that it names.
pub const TRUST: &str = "data/06_keys/trust/";
/// Everything that shaped the results.
pub const POLICY: &str = "data/07_policy/";
/// As-of, period and derivation.
pub const RUN: &str = "data/07_policy/run.json";

/// Results for CI servers and code hosts.
pub const CI: &str = "data/08_ci/";

/// The longest path, so that it fits every common file system below some folder of the reader's.
pub const MAX_PATH: usize = 1_024;
/// The longest part of a path, the limit of every common file system.
pub const MAX_PART: usize = 255;
/// The longest file name kept of a source object; the digest tells them apart, the name is for people.
const MAX_OBJECT_NAME: usize = 100;

/// A relative path that means one file on every system: the only kind that is written to or read from a pack.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PackPath(String);

impl PackPath {
    /// Admits `path` if it is safe.
    ///
    /// # Errors
    /// [`PackError::UnsafePath`] with the rule that it breaks.
    pub fn new(path: &str) -> Result<Self, PackError> {
        match defect(path) {
            None => Ok(Self(path.to_owned())),
            Some(why) => Err(PackError::UnsafePath { path: path.escape_debug().to_string(), why }),
        }
    }

    /// Returns the path with `/` between its parts.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether the payload manifest lists it.
    pub fn is_payload(&self) -> bool {
        self.0.starts_with(PAYLOAD)
    }
}

impl fmt::Display for PackPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Borrow<str> for PackPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

fn defect(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("it is empty");
    }
    if path.len() > MAX_PATH {
        return Some("it is longer than 1,024 bytes");
    }
    path.split('/').find_map(part_defect)
}

fn part_defect(part: &str) -> Option<&'static str> {
    if part.is_empty() {
        return Some("a part of it is empty");
    }
    if part.len() > MAX_PART {
        return Some("a part of it is longer than 255 bytes");
    }
    if !part.bytes().all(is_safe) {
        return Some("it has a character other than letters, digits, `.`, `_` and `-`");
    }
    if part.ends_with('.') {
        return Some("a part of it ends in a dot");
    }
    if is_device(part) {
        return Some("a part of it is a device name");
    }
    None
}

fn is_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

/// Windows opens a device for these names, whatever their case and extension.
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).to_ascii_lowercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

/// Returns a safe file name for the source object declared as `name`: its last part, unsafe characters replaced.
///
/// Different objects may get the same name; each lies in a folder of its own.
pub fn object_file_name(name: &str) -> String {
    let last = name.split(['/', '\\']).rfind(|part| !part.is_empty()).unwrap_or_default();
    let safe: String =
        last.chars().map(|c| if u8::try_from(c).is_ok_and(is_safe) { c } else { '_' }).collect();
    // The end is what says how to read the file: `.jsonl.gz`.
    let tail = safe[safe.len().saturating_sub(MAX_OBJECT_NAME)..].trim_end_matches('.');
    if part_defect(tail).is_some() { format!("object-{tail}") } else { tail.to_owned() }
}

/// The names already taken, so that no two are one on a file system that ignores case.
#[derive(Default, Debug)]
pub struct Names {
    /// Lower-case path of every file and folder, its exact spelling, and whether it is a file.
    taken: BTreeMap<String, (String, bool)>,
}

impl Names {
    /// Takes `path` and the folders that lead to it.
    ///
    /// # Errors
    /// [`PackError::Collision`] where a file or folder has the name already, or has it in another case.
    pub fn take(&mut self, path: &PackPath) -> Result<(), PackError> {
        let text = path.as_str();
        for (end, _) in text.match_indices('/') {
            self.take_one(&text[..end], false, text)?;
        }
        self.take_one(text, true, text)
    }

    fn take_one(&mut self, name: &str, file: bool, whole: &str) -> Result<(), PackError> {
        match self.taken.get(&name.to_ascii_lowercase()) {
            None => {
                self.taken.insert(name.to_ascii_lowercase(), (name.to_owned(), file));
                Ok(())
            }
            Some((first, false)) if !file && first == name => Ok(()),
            Some((first, _)) => Err(PackError::Collision { first: first.clone(), second: whole.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_mean_another_file_somewhere_are_refused() {
        for bad in [
            "",
            "/data",
            "data/",
            "data//x",
            "data/../x",
            "..",
            "./x",
            "data/.",
            "a b",
            "a\\b",
            "a:b",
            "a\n",
            "é",
            "data/x.",
            "data/con",
            "data/NUL.txt",
            "com1/x",
            "lpt9.tar.gz",
            "a\0",
        ] {
            assert!(matches!(PackPath::new(bad), Err(PackError::UnsafePath { .. })), "{bad:?}");
        }
        assert!(PackPath::new(&"x".repeat(256)).is_err());
        assert!(PackPath::new(&"x/".repeat(512).trim_end_matches('/').repeat(2)).is_err());
        for good in
            ["data/01_report.pdf", "a", ".x", "data/..x", "data/com10", "data/console.txt", "data/com"]
        {
            assert_eq!(PackPath::new(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn object_names_are_safe_and_keep_their_ending() {
        for (name, file) in [
            ("logs/gate-eu/2026-07.jsonl.gz", "2026-07.jsonl.gz"),
            ("s3://bucket/key with space.json", "key_with_space.json"),
            ("logs/", "logs"),
            ("..", "object-"),
            ("", "object-"),
            ("a\\..\\nul.txt", "object-nul.txt"),
            ("журнал.jsonl", "______.jsonl"),
        ] {
            assert_eq!(object_file_name(name), file, "{name}");
            assert!(PackPath::new(&format!("data/{}", object_file_name(name))).is_ok());
        }
        let long = format!("{}.jsonl.gz", "x".repeat(300));
        assert!(
            object_file_name(&long).len() <= MAX_OBJECT_NAME
                && object_file_name(&long).ends_with(".jsonl.gz")
        );
    }

    #[test]
    fn names_that_differ_only_in_case_collide() {
        let mut names = Names::default();
        let mut take = |path: &str| names.take(&PackPath::new(path).unwrap());
        take("data/a/x").unwrap();
        take("data/a/y").unwrap();
        for bad in ["data/a/X", "data/A/z", "data/a", "data/a/x", "data/a/x/y"] {
            assert!(matches!(take(bad), Err(PackError::Collision { .. })), "{bad}");
        }
    }
}
