//! A small pack, and ways to look at it and to tamper with it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use countersign::clock::{Moment, Period};
use countersign::column::to_frame;
use countersign::digest::Digest;
use countersign::integrity::verdict::{BreakKind, Completeness, Grade, Verdict};
use countersign::pack::layout::{MANIFEST, TAG_MANIFEST};
use countersign::pack::{
    PackCheck, PackContents, PackError, PackFolder, Sealed, SourceContent, SourceObject, StatementKey, seal,
};
use countersign::report::model::{
    Log, Object, People, PolicyFile, Report, Source, Tally, TestOutcome, Verdicts,
};
use countersign::table::Request;
use ed25519_dalek::SigningKey;
use polars::prelude::DataFrame;
use tempfile::TempDir;

/// A change to a pack, by name.
pub(super) type Change = (&'static str, fn(&Path));

pub(super) fn moment(text: &str) -> Moment {
    text.parse().unwrap()
}

pub(super) fn report() -> Report {
    let object = b"one line\n";
    Report {
        schema: "countersign/report/1".to_owned(),
        derivation: 1,
        entity: "Acme Payments".to_owned(),
        system: "payments platform".to_owned(),
        period: Period { from: moment("2026-07-01"), to: moment("2026-10-01") },
        as_of: moment("2026-10-02T08:00:00Z"),
        verdicts: Verdicts {
            integrity: Verdict::Verified,
            logs_verified: 1,
            logs: 1,
            population: "reconciled".to_owned(),
            completeness: Completeness::Contiguous,
            tests: TestOutcome::NoException,
            outcomes: BTreeMap::new(),
        },
        sources: vec![source()],
        objects: vec![Object {
            source: "gate-eu".to_owned(),
            name: "logs/july.jsonl".to_owned(),
            bytes: 9,
            sha256: Some(Digest::of(object)),
            records: 1,
            error: None,
        }],
        logs: vec![log()],
        holes: vec![],
        waterfall: vec![],
        tests: vec![],
        frameworks: vec![],
        controls: vec![],
        mappings: vec![],
        exceptions: vec![],
        waivers: vec![],
        since: None,
        untestable: vec![],
        pending: vec![],
        review: vec![],
        limited: vec![],
        cases: vec![],
        people: People::default(),
        days: vec![],
        keys: vec![],
        unresolved: vec![],
        lookalikes: vec![],
        links: Vec::new(),
        redactions: vec![],
        parameters: vec![],
        settings: vec![],
        overrides: vec![],
        policy: vec![PolicyFile { path: "countersign.toml".to_owned(), sha256: Digest::of(b"entity") }],
    }
}

pub(super) fn source() -> Source {
    Source {
        id: "gate-eu".to_owned(),
        profile: "countersign".to_owned(),
        product: "Countersign log".to_owned(),
        basis: "real sample".to_owned(),
        role: "approvals".to_owned(),
        require: Grade::PinnedSigned,
        grade: Grade::PinnedSigned,
        mechanism: "signed chain".to_owned(),
        objects: 1,
        bytes: 9,
        tally: Tally { read: 1, ..Tally::default() },
        first: None,
        last: None,
        days_covered: 1,
        extracted: None,
        absent: vec![],
    }
}

pub(super) fn log() -> Log {
    Log {
        source: "gate-eu".to_owned(),
        log: "gate-eu".to_owned(),
        verdict: Verdict::Verified,
        reasons: vec![],
        objects: vec!["logs/july.jsonl".to_owned()],
        records: 1,
        covered: 1,
        rejected: 0,
        integrity: Grade::PinnedSigned,
        completeness: Completeness::Contiguous,
        signed: 1,
        pinned: 1,
        first: Some(0),
        head: None,
        in_period: None,
        keys: vec![],
        uncovered_fields: vec![],
        breaks: vec![],
    }
}

pub(super) fn table() -> DataFrame {
    let rows: Vec<Request> = (0..3)
        .map(|i| Request { request_id: Some(format!("R-{i}")), ts_ms: Some(i), ..Request::default() })
        .collect();
    to_frame(rows.iter())
}

/// What the two queries below give on the table.
const ITEMS: &str = concat!(
    r#"{"SOD-01":[{"subject_id":"R-0","state":"ok"},{"subject_id":"R-1","state":"accepted"},"#,
    r#"{"subject_id":"R-2","state":"untestable"}]}"#
);
const POPULATION_SQL: &str = "SELECT request_id, \
    CASE WHEN ts_ms = 2 THEN 'untestable:ts_ms' ELSE 'testable' END AS testability FROM request;\n";
const EXCEPTIONS_SQL: &str = "SELECT request_id, 'why' AS reason FROM request WHERE ts_ms > 0 -- no line end";

pub(super) fn contents<'a>(report: &'a Report, json: &'a [u8], table: &'a DataFrame) -> PackContents<'a> {
    let named = |name: &str, bytes: &str| (name.to_owned(), bytes.as_bytes().to_vec());
    PackContents {
        report,
        results: Digest::of(json),
        report_json: Box::new(move |out| out.write_all(json)),
        report_html: Some(b"<!doctype html>"),
        report_pdf: Some(b"%PDF-1.7"),
        workpaper: Some(b"PK"),
        machine: vec![("items.json".to_owned(), Box::new(|out| out.write_all(ITEMS.as_bytes())))],
        tables: vec![("request".to_owned(), table)],
        population: vec![named("rejected.jsonl", ""), named("unresolved-identities.csv", "ns,id\n")],
        sources: vec![july(SourceContent::Bytes(b"one line\n".to_vec()))],
        trust: vec![named("trust.toml", ""), named("gate-eu.pub", "not a key\n")],
        policy: vec![
            named("countersign.toml", "entity = \"Acme Payments\"\n"),
            named("controls/tests/sod-01/population.sql", POPULATION_SQL),
            named("controls/tests/sod-01/exceptions.sql", EXCEPTIONS_SQL),
        ],
        ci: vec![("junit.xml".to_owned(), Box::new(|out| out.write_all(b"<testsuites/>\n")))],
    }
}

pub(super) fn july(content: SourceContent) -> SourceObject {
    SourceObject {
        source: "gate-eu".to_owned(),
        name: "logs/july.jsonl".to_owned(),
        sha256: Some(Digest::of(b"one line\n")),
        bytes: 9,
        error: None,
        content,
    }
}

pub(super) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(super) fn pin(seed: u8) -> StatementKey {
    StatementKey::new(key(seed).verifying_key(), "Acme internal audit")
}

/// Seals the fixture at `out`, with the key of seed 1 where `signed`.
pub(super) fn seal_at(out: &Path, signed: bool) -> Result<Sealed, PackError> {
    let report = report();
    let json = serde_json::to_vec(&report).unwrap();
    let table = table();
    seal(contents(&report, &json, &table), signed.then_some(key(1)).as_ref(), out)
}

/// A sealed pack in a folder of its own, and the temporary folder that holds it.
pub(super) fn pack(signed: bool) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("pack");
    seal_at(&out, signed).unwrap();
    (folder, out)
}

pub(super) fn check(pack: &Path, keys: &[StatementKey]) -> PackCheck {
    PackFolder::open(pack).unwrap().check(keys).unwrap()
}

pub(super) fn kinds(check: &PackCheck) -> Vec<(&str, BreakKind)> {
    check.breaks.iter().map(|found| (found.object.as_str(), found.kind)).collect()
}

/// Every file below `root`, by its path with `/`, with its bytes.
pub(super) fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// Writes both manifests anew, as somebody would who wants to hide a change.
pub(super) fn recompute_manifests(pack: &Path) {
    let write = |name: &str, payload: bool| {
        let lines: String = tree(pack)
            .iter()
            .filter(|(path, _)| path.starts_with("data/") == payload && *path != TAG_MANIFEST)
            .map(|(path, bytes)| format!("{}  {path}\n", Digest::of(bytes)))
            .collect();
        fs::write(pack.join(name), lines).unwrap();
    };
    write(MANIFEST, true);
    write(TAG_MANIFEST, false);
}

pub(super) fn replace_in(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "`{from}` is not in {}", path.display());
    fs::write(path, text.replace(from, to)).unwrap();
}
