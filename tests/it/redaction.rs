//! Secrets planted in a log: none of them stands in anything that a run writes, apart from the logs themselves.

use std::collections::BTreeSet;

use countersign::column::text_at;
use countersign::report::model::Report;
use polars::prelude::{DataType, ParquetReader, SerReader as _};
use serde_json::{Value, json};

use crate::support::{Ran, SignedLog, Workspace, files, sample};

const LOG: &str = "logs/gate-eu/gate-eu-2026-06.jsonl";

/// What is planted: text that holds it, the secret itself, and its class. They are put together here, so that nobody
/// takes this file for a leak.
fn secrets() -> Vec<(String, String, &'static str)> {
    let entry = |before: &str, secret: &[&str], after: &str, class| {
        let secret = secret.concat();
        (format!("{before}{secret}{after}"), secret, class)
    };
    vec![
        entry(
            "aws_secret_access_key=",
            &["wJalrXUtnFEMI", "K7MDENGbPxRfiCYzz9xKQ8aB1zz"],
            " aws s3 ls",
            "cloud-key",
        ),
        entry(
            "git push https://x:",
            &["gh", "p_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"],
            "@github.com/a/b",
            "token",
        ),
        entry(
            "echo '",
            &["-----BEGIN PRIV", "ATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\n-----END PRIV", "ATE KEY-----"],
            "' > key",
            "private-key",
        ),
        entry(
            "curl -H x: ",
            &["eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiI5OTEifQ.", "c2lnbmF0dXJlLXBsYW50ZWQ"],
            "",
            "jwt",
        ),
        entry("psql postgres://app:", &["Pl4nted-Db-Pw!"], "@db/ledger", "connection-string"),
        entry("mysqldump --password=", &["pl4ntedHunter2"], " ledger", "password"),
        entry("API_KEY=", &["k9Qz2Xv7Lm4Rt8Wb1Ny6Pq"], " ./run", "high-entropy"),
        entry("refund ", &["4012 8888 8888 1881"], " in full", "card"),
        entry("asked by ", &["planted.person@elsewhere.example"], " today", "email"),
        entry("call ", &["+44 20 7946 0958"], " first", "phone"),
    ]
}

/// Returns `samples/clean` with secrets in commands, reasons, names, targets, ids, and in a record that is rejected.
fn planted(sources: &str) -> Workspace {
    let workspace = Workspace::unanchored();
    workspace.edit("countersign.toml", |text| format!("{text}\n[pack]\nsources = \"{sources}\"\n"));
    let mut log =
        SignedLog::parse("gate-eu", &workspace.read("keys/gate-eu-TEST-KEY.pem"), &workspace.read(LOG));
    let secrets = secrets();
    let of_kind = |log: &SignedLog, kind: &str| -> Vec<usize> {
        let mark = format!("\"kind\":\"{kind}\"");
        (0..log.records.len()).filter(|at| log.records[*at].1.contains(&mark)).collect()
    };
    let edit = |log: &mut SignedLog, at: usize, change: &dyn Fn(&mut Value)| {
        let mut event: Value = serde_json::from_str(&log.records[at].1).unwrap();
        change(&mut event);
        log.records[at].1 = event.to_string();
    };
    let runs = of_kind(&log, "execution");
    for ((text, _, _), at) in secrets.iter().zip(&runs) {
        edit(&mut log, *at, &|event| event["action"]["command"] = json!(text));
    }
    let votes = of_kind(&log, "decision");
    for ((text, _, _), at) in secrets.iter().zip(&votes) {
        edit(&mut log, *at, &|event| event["justification"] = json!([{ "by": "decider", "text": text }]));
    }
    let token = &secrets[1].1;
    edit(&mut log, runs[20], &|event| event["executor"]["id"] = json!(token));
    edit(&mut log, runs[21], &|event| event["executor"]["name"] = json!(token));
    edit(&mut log, runs[22], &|event| event["target"][0]["id"] = json!(secrets[4].0));
    edit(&mut log, runs[23], &|event| event["id"] = json!(format!("ex-{token}")));
    edit(&mut log, *votes.last().unwrap(), &|event| event["decision"]["outcome"] = json!(token));
    workspace.write(LOG, log.text());
    workspace
}

/// Every part of a secret that would give it away, without white space, which a page may break.
fn needles() -> Vec<String> {
    let bare = |secret: &str| secret.split_whitespace().collect::<String>();
    secrets().iter().map(|(_, secret, _)| bare(secret)).collect()
}

/// Returns what a reader of the file sees, without white space.
fn readable(name: &str, bytes: &[u8]) -> String {
    let text = if name.ends_with(".parquet") {
        let frame = ParquetReader::new(std::io::Cursor::new(bytes)).finish().unwrap();
        let mut text = String::new();
        for column in frame.columns().iter().filter(|column| column.dtype() == &DataType::String) {
            for row in 0..frame.height() {
                text.push_str(text_at(column, row).unwrap_or_default());
                text.push('\u{1}');
            }
        }
        text
    } else if name.ends_with(".pdf") {
        let pdf = lopdf::Document::load_mem(bytes).unwrap();
        let pages: Vec<u32> = pdf.get_pages().keys().copied().collect();
        pdf.extract_text(&pages).unwrap()
    } else if name.ends_with(".xlsx") {
        let mut members = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        let mut text = String::new();
        for index in 0..members.len() {
            std::io::Read::read_to_string(&mut members.by_index(index).unwrap(), &mut text).unwrap();
        }
        text
    } else {
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    text.split_whitespace().collect()
}

/// Returns the names of the files below `pack` in which a secret can be read.
fn leaks(pack: &std::path::Path) -> BTreeSet<String> {
    let needles = needles();
    files(pack)
        .into_iter()
        .filter(|(name, bytes)| {
            let text = readable(name, bytes);
            // JSON and HTML write some characters in another way.
            let plain =
                text.replace("\\n", "").replace("&#x2f;", "/").replace("&#x2F;", "/").replace("\\/", "/");
            needles.iter().any(|needle| plain.contains(needle) || text.contains(needle))
        })
        .map(|(name, _)| name)
        .collect()
}

fn report(workspace: &Workspace, out: &std::path::Path) -> Ran {
    workspace.run("report", &["--out", out.to_str().unwrap()])
}

#[test]
fn no_planted_secret_stands_in_any_artefact_of_a_pack() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("pack");
    let workspace = planted("digest");
    let ran = report(&workspace, &out);
    assert!(ran.exit != 2 && ran.exit != 5, "{ran:#?}");
    assert_eq!(leaks(&out), BTreeSet::new());
    let console: String = format!("{}{}", ran.out, ran.err).split_whitespace().collect();
    assert!(needles().iter().all(|needle| !console.contains(needle)), "{ran:#?}");

    // The reading that finds nothing does find what is there.
    let pdf = std::fs::read(out.join("data/01_report.pdf")).unwrap();
    assert!(readable("a.pdf", &pdf).contains("[redacted:"), "the PDF is read as text");
    let names: Vec<String> = files(&out).into_iter().map(|file| file.0).collect();
    for kind in [".html", ".json", ".parquet", ".csv", ".jsonl", ".pdf", ".toml", ".txt", ".md"] {
        assert!(names.iter().any(|name| name.ends_with(kind)), "{kind} in {names:?}");
    }
    let tables = std::fs::read(out.join("data/04_population/tables/execution.parquet")).unwrap();
    assert!(readable("a.parquet", &tables).contains("[redacted:password]"));
}

#[test]
fn the_logs_of_a_pack_are_as_they_were_read_and_it_derives_again() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("pack");
    let workspace = planted("include");
    report(&workspace, &out);
    let leaks = leaks(&out);
    assert!(!leaks.is_empty() && leaks.iter().all(|name| name.starts_with("data/05_sources/")), "{leaks:?}");
    let report: Report =
        serde_json::from_slice(&std::fs::read(out.join("data/01_report.json")).unwrap()).unwrap();
    let object = report.objects.iter().find(|object| object.source == "gate-eu").unwrap();
    let expected = countersign::digest::Digest::of(workspace.read(LOG).as_bytes());
    assert_eq!(object.sha256, Some(expected), "the digest is that of the log as it was read");
    let ran = countersign_verify(&out);
    assert!(!ran.out.contains("altered") && ran.exit == 4, "unsigned, and nothing else: {ran:#?}");
}

fn countersign_verify(pack: &std::path::Path) -> Ran {
    let trust = sample("clean").join("trust.toml");
    crate::support::countersign(&["verify", pack.to_str().unwrap(), "--trust", trust.to_str().unwrap()])
}

#[test]
fn every_hit_is_counted_by_class_and_every_secret_is_an_exception() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("pack");
    report(&planted("digest"), &out);
    let report: Report =
        serde_json::from_slice(&std::fs::read(out.join("data/01_report.json")).unwrap()).unwrap();
    let of = |class: &str| {
        let found = report.redactions.iter().find(|found| found.source == "gate-eu" && found.class == class);
        found.unwrap_or_else(|| panic!("no {class} in {:?}", report.redactions))
    };
    for (_, _, class) in secrets() {
        let planted = of(class);
        assert!(planted.hits >= 2 && planted.events >= 2, "one in a command, one in a reason: {planted:?}");
        assert_eq!(planted.exception, !matches!(class, "email" | "phone"));
    }
    let exceptions: Vec<_> = report
        .exceptions
        .iter()
        .filter(|found| found.test == "DAT-02" || found.also.contains(&"DAT-02".to_owned()))
        .collect();
    // Eight classes count, in a command and in a reason each; then a name, a target, an id twice over.
    assert_eq!(exceptions.len(), 8 * 2 + 4, "{exceptions:#?}");
    let facts = &exceptions.iter().find(|found| found.test == "DAT-02").unwrap().facts;
    assert!(facts.iter().any(|fact| fact.0 == "class"), "{facts:?}");
    let test = report.tests.iter().find(|test| test.id == "DAT-02").unwrap();
    assert_eq!(test.exceptions, 8 * 2 + 4);
}

#[test]
fn what_check_prints_and_writes_holds_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = planted("digest");
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (sarif, junit) = (at("a.sarif"), at("a.xml"));
    let plain = workspace.run("check", &["--sarif", &sarif, "--junit", &junit]);
    let json = workspace.run("check", &["--json"]);
    let verified = crate::support::countersign(&["verify", workspace.at(LOG).to_str().unwrap()]);
    let mut all: Vec<(String, String)> = [plain, json, verified]
        .into_iter()
        .flat_map(|ran| [("stdout".to_owned(), ran.out), ("stderr".to_owned(), ran.err)])
        .collect();
    all.push((sarif.clone(), std::fs::read_to_string(&sarif).unwrap()));
    all.push((junit.clone(), std::fs::read_to_string(&junit).unwrap()));
    for (name, text) in all {
        let text: String = text.split_whitespace().collect();
        assert!(needles().iter().all(|needle| !text.contains(needle)), "{name}: {text}");
    }
    assert!(std::fs::read_to_string(&sarif).unwrap().contains("DAT-02"));
}

#[test]
fn a_value_declared_harmless_is_shown_and_no_exception() {
    let secret = &secrets()[5].1;
    let digest = countersign::digest::Digest::of(secret.as_bytes());
    let workspace = planted("digest");
    let count = |workspace: &Workspace| {
        let run = workspace.library(None);
        let report = run.assessment.report().clone();
        let hits =
            report.redactions.iter().find(|found| found.class == "password").map_or(0, |found| found.hits);
        let test = report.tests.iter().find(|test| test.id == "DAT-02").unwrap();
        (hits, test.exceptions)
    };
    let before = count(&workspace);
    workspace.edit("countersign.toml", |text| {
        format!(
            "{text}\n[redaction]\nemail = \"keep\"\n[[redaction.allow]]\nsha256 = \"{digest}\"\nreason = \"known\"\n\
             decided_by = \"j.doe\"\n"
        )
    });
    let after = count(&workspace);
    assert_eq!((before.0 - after.0, before.1 - after.1), (2, 2), "{before:?} {after:?}");
}

#[test]
fn wrong_decisions_are_refused() {
    let refused = |lines: &str, texts: &[&str]| {
        let workspace = Workspace::unanchored();
        workspace.edit("countersign.toml", |text| format!("{text}\n[redaction]\n{lines}\n"));
        workspace.run("check", &[]).refuses(texts);
    };
    refused("email = \"shown\"", &["unknown value `shown` of `email`", "keep, mask, exception"]);
    refused("card = \"keep\"", &["unknown value `keep` of `card`"]);
    refused("password = \"keep\"", &["unknown field `password`"]);
    refused(
        "[[redaction.allow]]\nsha256 = \"12\"\nreason = \"r\"\ndecided_by = \"d\"",
        &["`sha256` is `12`", "sha256sum"],
    );
}
