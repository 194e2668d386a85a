//! Bad input: every run says what is wrong in so many words, and ends with the exit code that scripts rely on.

#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use countersign::exit::Exit;
use countersign::report::json;
use countersign::report::model::{Report, TestOutcome};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{Ran, Workspace, conserves, countersign, result, sample};

const LOG: &str = "logs/gate-eu/gate-eu-2026-06.jsonl";
const HOOP: &str = "exports/hoop/sessions-2026-06.jsonl";

/// A hoop session that the profile maps.
fn session() -> String {
    fs::read_to_string(sample("clean").join(HOOP)).unwrap().lines().next().unwrap().to_owned()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Returns a hoop workspace whose one object holds `bytes`.
fn hoop(name: &str, bytes: impl AsRef<[u8]>) -> Workspace {
    let workspace = Workspace::with_source("hoop-sessions");
    workspace.write(&format!("logs/{name}"), bytes);
    workspace
}

/// Asserts that `report` ends with `exit`, and that its pack is written all the same and states a hole of `kind`.
#[track_caller]
fn has_hole(workspace: &Workspace, exit: i32, kind: &str, detail: &str) -> Report {
    let out = workspace.at("out");
    let ran = workspace.run("report", &["--formats", "json", "--out", out.to_str().unwrap()]);
    ran.says(exit, &["first: "]);
    let report = json::parse(&fs::read(out.join("data/01_report.json")).unwrap()).unwrap();
    conserves(&report);
    if exit == 5 {
        ran.says(exit, &[&format!("of `a`: {kind}")]);
    }
    let holes: Vec<(&str, &str)> =
        report.holes.iter().map(|hole| (hole.kind.word(), hole.detail.as_str())).collect();
    assert!(holes.iter().any(|hole| hole.0 == kind && hole.1.contains(detail)), "{holes:#?}");
    for test in report.tests.iter().filter(|test| test.kind == "deviation") {
        // Some need a roster, an independent record, or what the product does not log at all.
        let lacks = test.reasons.iter().any(|reason| reason.starts_with("no configured source can fill"));
        let expected = if lacks { TestOutcome::NotEvidencedHere } else { TestOutcome::UnableToTest };
        assert_eq!(test.result, expected, "{test:#?}");
        assert!(
            !lacks || !["AUTHZ-01", "SOD-01", "SOD-02", "SOD-03"].contains(&test.id.as_str()),
            "{test:#?}"
        );
    }
    report
}

#[test]
fn folder_without_a_workspace() {
    let empty = Workspace::empty();
    for command in ["check", "report"] {
        let out = empty.at("out");
        let args: &[&str] = if command == "report" { &["--out", out.to_str().unwrap()] } else { &[] };
        empty.run(command, args).refuses(&["no workspace in", "there is no `countersign.toml`", "help: "]);
        assert!(!out.exists());
    }
}

/// Runs `check` on `samples/clean` with one text replaced in one of its files.
#[track_caller]
fn replaced(file: &str, old: &str, new: &str) -> Ran {
    let workspace = Workspace::copy_of("clean");
    workspace.edit(file, |text| text.replacen(old, new, 1));
    workspace.run("check", &[])
}

#[test]
fn workspace_file_that_is_not_as_it_should_be() {
    let file = "countersign.toml";
    replaced(file, "entity =", "entitiy =").refuses(&[
        "`countersign.toml`, line 4",
        "`entitiy`",
        "did you mean `entity`?",
    ]);
    replaced(file, "max_silence", "max_silense").refuses(&["`max_silense`", "did you mean `max_silence`?"]);
    replaced(file, "profile     = \"countersign\"", "profile = \"countersing\"")
        .refuses(&["no source profile is named `countersing`", "did you mean `countersign`?"]);
    replaced(file, "objects     = [\"logs/gate-eu/*.jsonl\"]", "objects = [\"x\"]\nrole = \"aprovals\"")
        .refuses(&["`aprovals`", "did you mean `approvals`?"]);
    replaced(file, "schema = \"countersign/workspace/1\"", "schema = \"countersign/workspace/2\"")
        .refuses(&["countersign/workspace/2", "countersign/workspace/1"]);
    let link = |columns: &str| {
        let link = format!("[[link]]\nid = \"l\"\nfrom = \"hoop\"\nto = \"gate-eu\"\n{columns}\n[[gated]]");
        replaced(file, "[[gated]]", &link)
    };
    link("equal = [{ from = \"corr_sesion\", to = \"corr_request\" }]").refuses(&[
        "link `l`",
        "`corr_sesion`",
        "did you mean `corr_session`?",
    ]);
    link("equals = []").refuses(&["`equals`", "did you mean `equal`?"]);
    link("equal = [{ from = \"env\", to = \"env\" }]").refuses(&["tells one case of `gate-eu` from another"]);
    link("equal = [{ from = \"env\", to = \"env\" }]\nwithin = \"10\"").refuses(&["`10` of `within`"]);
    link("equal = [{ from = \"corr_run\", to = \"corr_request\" }]").says(0, &[]);
    replaced(file, "[[gated]]", "[[gated]").refuses(&["`countersign.toml`, line"]);
    replaced(file, "heads/gate-eu.head", "heads/none.head")
        .refuses(&["cannot read `heads/none.head`", "help: "]);
}

#[test]
fn trust_file_and_keys_that_are_not_as_they_should_be() {
    replaced("trust.toml", "owner  ", "ownr  ")
        .refuses(&["unknown member `ownr` in key 1", "did you mean `owner`?"]);
    replaced("trust.toml", "gate-eu-TEST-KEY.pub", "none.pub")
        .refuses(&["key 1: cannot read `keys/none.pub`"]);
    replaced("trust.toml", "\"log\"", "\"logs\"")
        .refuses(&["expected purpose `log`, `checkpoint` or `statement`, found `logs`"]);
    let workspace = Workspace::copy_of("clean");
    workspace.write("keys/gate-eu-TEST-KEY.pub", "not a key\n");
    workspace.run("check", &[]).refuses(&["key 1: unusable key", "caused by: "]);
    let trust = workspace.at("trust.toml");
    let log = workspace.at(LOG);
    countersign(&["verify".as_ref(), log.as_os_str(), "--trust".as_ref(), trust.as_os_str()])
        .refuses(&["key 1: unusable key"]);
}

#[test]
fn signing_key_that_is_no_key() {
    let workspace = Workspace::copy_of("clean");
    let out = workspace.at("out");
    for key in ["trust.toml", "keys/gate-eu-TEST-KEY.pub"] {
        let path = workspace.at(key);
        let args = ["--out", out.to_str().unwrap(), "--key", path.to_str().unwrap()];
        workspace
            .run("report", &args)
            .refuses(&["holds no Ed25519 signing key", "help: give the private key"]);
        assert!(!out.exists());
    }
}

#[test]
fn roster_with_a_bad_row() {
    let people = "reference/people.csv";
    replaced(people, "dana.reyes,Dana Reyes,human", "dana.reyes,Dana Reyes,humna")
        .refuses(&["roster `reference/people.csv`, line 2", "humna"]);
    replaced(people, "dana.reyes@acme.example,,,", "dana.reyes@acme.example,soon,,")
        .refuses(&["line 2", "soon"]);
    replaced(people, "dana.reyes,Dana Reyes,human,", "dana.reyes,Dana Reyes,").refuses(&["line 2"]);
}

#[test]
fn as_of_before_the_period() {
    let workspace = Workspace::copy_of("clean");
    for as_of in ["2026-05-31", "2026-06-01"] {
        workspace
            .run("check", &["--as-of", as_of])
            .refuses(&["is not after the start of the period", "help: "]);
    }
    workspace.run("check", &["--as-of", "soon"]).says(2, &["soon"]);
    workspace.run("check", &["--from", "2026-07-02"]).refuses(&["the period ends at"]);
}

#[test]
fn heads_that_do_not_fit() {
    let workspace = Workspace::copy_of("clean");
    let head = "heads/gate-eu.head";
    workspace.edit(head, |text| text.replace("gate-eu", "gate-us"));
    workspace.run("check", &[]).says(2, &["head `gate-us 373 ", "matches no log of its source"]);
    workspace.edit(head, |text| text.replace("gate-us 373", "gate-eu 380"));
    workspace.run("check", &[]).says(3, &["truncated-tail"]);
    workspace.edit(head, |text| text.replace("gate-eu 380", "gate-eu 12"));
    workspace.run("check", &[]).says(3, &["fork"]);
    workspace.write(head, "gate-eu 373\n");
    workspace
        .run("check", &[])
        .refuses(&["head file `heads/gate-eu.head`", "line 1: expected `<log> <seq> <sha256>`"]);
    workspace.write(head, "");
    workspace.run("check", &[]).refuses(&["expected a head, found an empty file"]);
}

#[test]
fn output_folder_that_cannot_be_used() {
    let workspace = Workspace::copy_of("clean");
    let others = workspace.at("others");
    workspace.write("others/notes.txt", "mine\n");
    let report = |out: &Path| workspace.run("report", &["--out", out.to_str().unwrap()]);
    report(&others).refuses(&["is not empty and not an earlier pack: it holds `notes.txt`", "help: "]);
    assert_eq!(workspace.read("others/notes.txt"), "mine\n");
    assert_eq!(fs::read_dir(&others).unwrap().count(), 1);
    report(&others.join("notes.txt")).refuses(&["is not a folder"]);
    report(&others.join("notes.txt/out")).says(5, &["error: cannot ", "notes.txt", "caused by: ", "help: "]);
    assert_eq!(workspace.read("others/notes.txt"), "mine\n");
    // Our pack with a file of somebody else's is no longer only ours.
    let mixed = workspace.at("mixed");
    report(&mixed).says(0, &[]);
    workspace.write("mixed/notes.txt", "mine\n");
    report(&mixed).refuses(&["is not empty and not an earlier pack"]);
    assert_eq!(workspace.read("mixed/notes.txt"), "mine\n");
}

#[test]
fn object_that_is_missing() {
    let workspace = Workspace::with_source("hoop-sessions");
    has_hole(&workspace, 4, "missing-object", "no object matches `logs/*`");
}

#[test]
fn logs_that_are_empty() {
    let report = has_hole(&hoop("a.jsonl", ""), 4, "empty", "no record inside the period");
    assert_eq!(report.sources[0].tally.read, 0);
    let signed = Workspace::with_source("countersign");
    signed.write("logs/a.jsonl", "");
    has_hole(&signed, 4, "empty", "");
}

#[test]
fn gzip_that_is_cut_or_corrupt() {
    let session = session() + "\n";
    let whole = gzip(session.repeat(200).as_bytes());
    let cut = &whole[..whole.len() - 20];
    has_hole(&hoop("a.jsonl.gz", cut), 4, "truncated-object", "the compressed bytes end in the middle");
    let mut corrupt = whole.clone();
    let middle = corrupt.len() / 2;
    corrupt[middle] ^= 0xff;
    corrupt[middle + 1] ^= 0xff;
    has_hole(&hoop("a.jsonl.gz", corrupt), 5, "unreadable-object", "");
    let bomb = gzip(&vec![b' '; 8 << 20]);
    has_hole(&hoop("a.jsonl.gz", bomb), 4, "oversize", "more than 200 times its size");
}

#[test]
fn line_of_100_mib_is_counted_and_the_run_goes_on() {
    let workspace = Workspace::with_source("hoop-sessions");
    workspace.write("logs/a.jsonl", "");
    let session = session();
    let mut file = BufWriter::new(File::create(workspace.at("logs/a.jsonl")).unwrap());
    writeln!(file, "{session}").unwrap();
    file.write_all(b"{\"id\":\"").unwrap();
    for _ in 0..100 {
        file.write_all(&[b'x'; 1 << 20]).unwrap();
    }
    writeln!(file, "\"}}\n{}", session.replace("17dbf0fa", "27dbf0fa")).unwrap();
    file.into_inner().unwrap();
    let run = workspace.library(None);
    let report = run.assessment.report();
    conserves(report);
    let tally = &report.sources[0].tally;
    assert_eq!((tally.read, tally.mapped, tally.rejected.values().sum::<u64>()), (3, 2, 1));
    let hole = &report.holes[0];
    assert_eq!((hole.kind.word(), hole.line), ("oversize", 2));
    assert!(hole.detail.contains("104857609 bytes") || hole.detail.contains("16777216"), "{}", hole.detail);
}

/// Writes `lines` into a hoop export between two good sessions, and asserts that line 2 is a hole of `kind`.
#[track_caller]
fn rejects(line: impl AsRef<[u8]>, kind: &str, detail: &str) {
    let session = session();
    // Another session, with a review of its own.
    let last = session.replace("17dbf0fa", "27dbf0fa").replace("87a1b09d", "97a1b09d");
    let bytes = [session.as_bytes(), b"\n", line.as_ref(), b"\n", last.as_bytes(), b"\n"].concat();
    let report = has_hole(&hoop("a.jsonl", bytes), 4, kind, detail);
    let tally = &report.sources[0].tally;
    assert_eq!((tally.read, tally.mapped, tally.rejected.values().sum::<u64>()), (3, 2, 1), "{tally:#?}");
    assert_eq!(report.holes[0].line, 2, "{:#?}", report.holes);
}

#[test]
fn records_that_cannot_be_read() {
    rejects("no JSON", "malformed", "");
    rejects(b"\xff\xfe\x00", "malformed", "not UTF-8");
    rejects(session().replacen("\"verb\":", "\"id\":\"x\",\"verb\":", 1), "duplicate-key", "`id`");
    rejects("[".repeat(100_000) + &"]".repeat(100_000), "oversize", "");
}

#[test]
fn unknown_enum_value_is_named() {
    rejects(session().replace("APPROVED", "APROVED"), "rejected", "`APROVED`");
}

#[test]
fn binary_file_is_rejected_and_counted() {
    let noise: Vec<u8> =
        (0..50_000_u32).flat_map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let report = has_hole(&hoop("a.jsonl", &noise), 4, "malformed", "not UTF-8");
    let tally = &report.sources[0].tally;
    assert_eq!(tally.mapped + tally.observations, 0, "{tally:#?}");
    let workspace = Workspace::with_source("countersign");
    workspace.write("logs/a.jsonl", &noise);
    workspace.run("check", &[]).says(3, &["malformed"]);
}

#[test]
fn expected_unable_that_has_expired_no_longer_excuses() {
    let workspace = Workspace::copy_of("acme");
    // The entry for AUTHZ-01 and hoop, and no other.
    let entry = |text: &str, from: &str, to: &str| {
        let (before, after) = text.split_once("test = \"AUTHZ-01\"\nsource = \"hoop\"").unwrap();
        format!("{before}test = \"AUTHZ-01\"\nsource = \"hoop\"{}", after.replacen(from, to, 1))
    };
    workspace.edit("countersign.toml", |text| entry(text, "until = 2027-06-30", "until = 2026-10-01"));
    let ran = workspace.run("check", &["--fail-on", "none"]);
    ran.says(4, &["AUTHZ-01: 8 items of hoop untestable for want of `execution.quorum`, 0 expected"]);
    workspace.edit("countersign.toml", |text| entry(text, "until = 2026-10-01", "until = 2026-10-02"));
    workspace.run("check", &["--fail-on", "none"]).says(0, &[]);
    workspace.edit("countersign.toml", |text| entry(text, "max_items = 50", "max_items = 7"));
    workspace.run("check", &["--fail-on", "none"]).says(4, &["8 items of hoop", "7 expected"]);
}

#[test]
fn entry_for_a_column_of_the_same_name_takes_no_place_of_the_right_one() {
    let workspace = Workspace::copy_of("acme");
    let other = "[[expected_unable]]\ntest = \"AUTHZ-01\"\nsource = \"hoop\"\ncolumn = \"decision.quorum\"\nmax_items = 1\nreason = \"another table\"\nuntil = 2027-06-30\n\n[[expected_unable]]";
    workspace.edit("countersign.toml", |text| text.replacen("[[expected_unable]]", other, 1));
    workspace.run("check", &["--fail-on", "none"]).says(0, &[]);
    workspace.edit("countersign.toml", |text| text.replace("execution.quorum", "decision.quorum"));
    let ran = workspace.run("check", &["--fail-on", "none"]);
    ran.says(4, &["AUTHZ-01: 8 items of hoop untestable for want of `execution.quorum`, 1 expected"]);
}

#[test]
fn record_count_that_differs_is_not_evidenced() {
    let ran = replaced("countersign.toml", "records = 68", "records = 69");
    ran.says(4, &[]);
    let workspace = Workspace::copy_of("clean");
    workspace.edit("countersign.toml", |text| text.replace("records = 68", "records = 69"));
    let (_, check) = workspace.check();
    assert_eq!(result(&check, "AUTHZ-01").result, TestOutcome::UnableToTest);
}

#[test]
fn object_that_two_sources_read_alike_is_refused() {
    let workspace = Workspace::copy_of("clean");
    let again = "\n[[source]]\nid = \"hoop-copy\"\nprofile = \"hoop-sessions\"\nobjects = [\"exports/hoop/*.jsonl\"]\n";
    workspace
        .edit("countersign.toml", |text| text.replacen("\n[[gated]]", &format!("{again}\n[[gated]]"), 1));
    let count_twice =
        "is read by source `hoop` and again by source `hoop-copy`: its records would count twice";
    workspace.run("check", &[]).says(2, &[count_twice, "take the object out of `objects`"]);
    workspace.edit("countersign.toml", |text| {
        text.replacen("id = \"hoop-copy\"", "id = \"hoop-copy\"\nrole = \"independent\"", 1)
    });
    let ran = workspace.run("check", &[]);
    assert_ne!(ran.exit, 2, "an independent record may lie in the same object: {}", ran.err);
}

#[test]
fn exit_codes_of_the_usage_page_are_those_of_the_program() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/usage.md")).unwrap();
    let section = page.split("## Exit codes").nth(1).unwrap();
    let rows: Vec<(u8, &str)> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "))
        .filter_map(|(code, when)| Some((code.parse().ok()?, when.trim_end_matches(" |"))))
        .collect();
    let all = [
        (Exit::Done, "nothing gated"),
        (Exit::Exceptions, "exceptions gated by `--fail-on`"),
        (Exit::Usage, "usage, configuration"),
        (Exit::Altered, "`altered`"),
        (Exit::NotEvidenced, "not evidenced"),
        (Exit::Incomplete, "incomplete"),
    ];
    assert_eq!(rows.len(), Exit::PRECEDENCE.len());
    assert_eq!(all.len(), Exit::PRECEDENCE.len());
    for ((exit, words), (code, when)) in all.iter().zip(&rows) {
        assert_eq!(exit.code(), *code);
        assert!(when.contains(words), "{code}: {when}");
    }
    let gating = Exit::PRECEDENCE.iter().filter(|exit| **exit != Exit::Done);
    let order: Vec<String> = gating.map(|exit| exit.code().to_string()).collect();
    assert!(section.contains(&format!("the order is {}.", order.join(", "))), "{order:?}");
}
