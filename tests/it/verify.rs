//! `countersign verify`: what each change to a log or a pack ends in, as a process.

#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::fs;
use std::path::Path;

use crate::support::{
    ACME_PACK, Ran, SignedLog, Workspace, copy_folder, countersign, files, head_of, sample,
};

const LOG: &str = "logs/gate-eu/gate-eu-2026-06.jsonl";

/// A copy of `samples/clean` whose one log is verified.
struct Bench {
    workspace: Workspace,
    lines: Vec<String>,
}

impl Bench {
    fn new() -> Self {
        let workspace = Workspace::copy_of("clean");
        let lines = workspace.read(LOG).lines().map(|line| format!("{line}\n")).collect();
        Self { workspace, lines }
    }

    /// Runs `verify` on the log, as it is now, with trust.
    fn verify(&self, args: &[&str]) -> Ran {
        let trust = self.workspace.at("trust.toml");
        self.untrusted(&[args, &["--trust", trust.to_str().unwrap()]].concat())
    }

    fn untrusted(&self, args: &[&str]) -> Ran {
        countersign(&[&["verify", self.workspace.at(LOG).to_str().unwrap()], args].concat())
    }

    /// Writes the log, and asserts how `verify` ends and which kind it finds first.
    #[track_caller]
    fn finds(&self, text: impl AsRef<[u8]>, exit: i32, kind: &str) {
        self.workspace.write(LOG, text);
        let ran = self.verify(&["--json"]);
        let kinds = ran.kinds();
        assert!(
            ran.exit == exit && kinds.iter().any(|found| found == kind),
            "{kind}: exit {}, {kinds:?}",
            ran.exit
        );
        assert_eq!(ran.json()["exit"], exit);
    }
}

#[test]
fn log_is_verified_with_trust_and_not_verifiable_without() {
    let bench = Bench::new();
    let head = bench.workspace.at("heads/gate-eu.head");
    let head = head.to_str().unwrap();
    bench.verify(&[]).says(0, &["verified", "374 of 374 records covered", "pinned-signed", "terminated"]);
    bench.verify(&["--head", head]).says(0, &["pinned-anchored", "pinned-head"]);
    bench.verify(&["--require-complete"]).says(0, &[]);
    let ran = bench.untrusted(&["--json"]);
    let json = ran.says(4, &[]).json();
    assert_eq!(json["verdict"], "not-verifiable");
    let reason = json["logs"][0]["reasons"][0].as_str().unwrap();
    assert!(reason.contains("374 of 374 records") && reason.contains("countersign keys trust"), "{reason}");
    // A head that somebody else wrote down covers the whole chain without a key.
    let ran = bench.untrusted(&["--head", head, "--json"]);
    assert_ne!(ran.json()["verdict"], "altered");
}

#[test]
fn cut_tail_is_found_with_a_head_only() {
    let bench = Bench::new();
    let cut = &bench.lines[..300];
    bench.workspace.write(LOG, cut.concat());
    let head = bench.workspace.at("heads/gate-eu.head");
    let ran = bench.verify(&["--head", head.to_str().unwrap(), "--json"]);
    assert_eq!((ran.exit, ran.kinds()), (3, vec!["truncated-tail".to_owned()]));
    let ran = bench.verify(&["--json"]);
    assert_eq!((ran.exit, ran.json()["logs"][0]["completeness"].as_str()), (0, Some("contiguous")));
    bench.verify(&["--require-complete"]).says(4, &["contiguous"]);
    bench.workspace.write("own.head", head_of("gate-eu", 299, &cut[299]));
    let own = bench.workspace.at("own.head");
    let ran = bench.verify(&["--head", own.to_str().unwrap(), "--require-complete"]);
    ran.says(0, &["pinned-head"]);
}

#[test]
fn each_change_to_a_log_has_its_kind() {
    let bench = Bench::new();
    let lines = &bench.lines;
    let changed = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = lines.clone();
        change(&mut lines);
        lines.concat()
    };
    bench.finds(changed(&|lines| drop(lines.remove(7))), 3, "gap");
    bench.finds(changed(&|lines| lines.swap(7, 8)), 3, "reordered");
    bench.finds(changed(&|lines| lines.insert(8, lines[7].clone())), 3, "duplicate");
    bench.finds(changed(&|lines| lines[7] = lines[7].replace('\n', "\r\n")), 3, "malformed");
    bench.finds(changed(&|lines| lines[0].insert(0, '\u{feff}')), 3, "malformed");
    bench.finds(changed(&|lines| lines[7].insert(0, '\n')), 3, "malformed");
    bench.finds(
        changed(&|lines| lines[7] = lines[7].replace("T06:", "T05:").replace("T0", "T1")),
        3,
        "altered",
    );
}

/// A signature does not make a record good that readers would read differently, or not at all.
#[test]
fn signed_records_that_no_reader_should_take_have_their_kinds() {
    let bench = Bench::new();
    let key = bench.workspace.read("keys/gate-eu-TEST-KEY.pem");
    let log = SignedLog::parse("gate-eu", &key, &bench.lines.concat());
    let signed = |old: &str, new: &str| {
        let mut log = SignedLog::parse("gate-eu", &key, &log.text());
        let event = &mut log.records[7].1;
        assert!(event.contains(old));
        *event = event.replacen(old, new, 1);
        log
    };
    bench.finds(signed("{", "{\"kind\":\"x\",").text(), 3, "duplicate-key");
    bench.finds(signed("{", "{\"n\":18446744073709551616,").text(), 3, "unsafe-number");
    let deep = format!("{{\"deep\":{}1{},", "[".repeat(100_000), "]".repeat(100_000));
    bench.finds(signed("{", &deep).text(), 4, "oversize");
    // What a reader may ignore, it takes.
    let more = signed("{", "{\"more\":[1,{}],");
    bench.workspace.write(LOG, more.text());
    bench.workspace.write("more.head", more.head());
    let head = bench.workspace.at("more.head");
    bench.verify(&["--head", head.to_str().unwrap()]).says(0, &["374 of 374 records covered", "pinned-head"]);
}

#[test]
fn torn_tail_is_not_evidenced() {
    let bench = Bench::new();
    let mut text = bench.lines[..300].concat();
    text.push_str(&bench.lines[300][..200]);
    bench.finds(text, 4, "torn-tail");
}

#[test]
fn paths_that_are_no_log() {
    let bench = Bench::new();
    countersign(&["verify", "no/such/log.jsonl"])
        .refuses(&["no object matches `no/such/log.jsonl`", "help: "]);
    countersign(&["verify"]).says(2, &["<PATH>"]);
    bench.workspace.write("other.jsonl", "{\"id\":1}\n");
    let other = bench.workspace.at("other.jsonl");
    countersign(&["verify", other.to_str().unwrap()])
        .says(4, &["is of no format that is recognised", "`--source`"]);
    bench.workspace.write("bad.head", "gate-us 1 5f0c\n");
    let bad = bench.workspace.at("bad.head");
    bench.verify(&["--head", bad.to_str().unwrap()]).refuses(&["expected `<log> <seq> <sha256>`"]);
    bench.workspace.write("bad.head", head_of("gate-us", 1, "x"));
    bench.verify(&["--head", bad.to_str().unwrap()]).says(2, &["head `gate-us 1 ", "matches no log"]);
    let trust = bench.workspace.at("none.toml");
    bench
        .untrusted(&["--trust", trust.to_str().unwrap()])
        .refuses(&["cannot read trust file", "caused by: "]);
}

/// Verifies a pack under the trust and the head of `samples/acme`.
fn verify_pack(pack: &Path) -> Ran {
    let (trust, head) = (sample("acme/trust.toml"), sample("acme/heads/gate-eu.head"));
    let (trust, head) = (trust.to_str().unwrap(), head.to_str().unwrap());
    countersign(&["verify", pack.to_str().unwrap(), "--trust", trust, "--head", head])
}

#[test]
fn pack_is_verified_with_trust_and_head_from_outside() {
    let (pack, ran) = &*ACME_PACK;
    ran.says(0, &[]);
    verify_pack(pack)
        .says(0, &["verified ", "derived again, byte for byte the same", "verified 1 of 4 logs"]);
    countersign(&["verify", pack.to_str().unwrap()]).says(4, &["not-verifiable"]);
}

#[test]
fn one_touched_byte_of_a_pack_is_altered() {
    let (pack, ran) = &*ACME_PACK;
    ran.says(0, &[]);
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("pack");
    copy_folder(pack, &copy);
    let all = files(&copy);
    // The first file of each folder and kind.
    let mut seen = std::collections::BTreeSet::new();
    let kind = |name: &str| {
        let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
        (folder.to_owned(), file.rsplit('.').next().unwrap().to_owned())
    };
    let mut touched = 0;
    for (name, bytes) in all.iter().filter(|(name, bytes)| !bytes.is_empty() && seen.insert(kind(name))) {
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        fs::write(copy.join(name), changed).unwrap();
        let ran = verify_pack(&copy);
        assert!(ran.exit == 3 && ran.out.contains("altered"), "{name}: {ran:#?}");
        fs::write(copy.join(name), bytes).unwrap();
        touched += 1;
    }
    let has = |end: &str| seen.iter().any(|(_, kind)| kind == end);
    assert!(touched > 15 && has("html") && has("pdf") && has("parquet") && has("zst"), "{seen:?}");
    fs::write(copy.join("data/05_sources/extra.jsonl"), "{}\n").unwrap();
    verify_pack(&copy).says(3, &["extra-object"]);
}
