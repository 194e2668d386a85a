//! Logs of signed envelopes, as other people's libraries write them, and a line log of keyed codes: `verify` and `check`.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::support::{Ran, Workspace, countersign};

fn vectors(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/chains").join(name)
}

/// A folder with a log, and a trust file that binds keys of the vectors to the log `gate`.
struct Bench {
    folder: Workspace,
    log: &'static str,
    lines: Vec<String>,
}

impl Bench {
    fn of(log: &'static str, keys: &[&str]) -> Self {
        let bench = Self {
            folder: Workspace::empty(),
            log,
            lines: fs::read_to_string(vectors(log)).unwrap().lines().map(str::to_owned).collect(),
        };
        let keys: Vec<String> = keys
            .iter()
            .map(|key| {
                let pem = fs::read_to_string(vectors(key)).unwrap();
                format!("[[key]]\nowner = \"gate\"\npurpose = \"log\"\nlogs = [\"gate\"]\npem = \"\"\"\n{pem}\"\"\"\n")
            })
            .collect();
        bench.folder.write("trust.toml", keys.concat());
        bench
    }

    fn verify(&self, lines: &[String], args: &[&str]) -> Ran {
        let name = Path::new(self.log).file_name().unwrap().to_str().unwrap();
        self.folder.write(name, lines.iter().map(|line| format!("{line}\n")).collect::<String>());
        let (log, trust) = (self.folder.at(name), self.folder.at("trust.toml"));
        let paths = ["verify", log.to_str().unwrap(), "--trust", trust.to_str().unwrap(), "--log", "gate"];
        countersign(&[&paths, args].concat())
    }

    /// As [`Bench::verify`], without a process: the exit code.
    fn verify_here(&self, lines: &[String], args: &[&str]) -> u8 {
        let name = Path::new(self.log).file_name().unwrap().to_str().unwrap();
        self.folder.write(name, lines.iter().map(|line| format!("{line}\n")).collect::<String>());
        let (log, trust) = (self.folder.at(name), self.folder.at("trust.toml"));
        let paths = ["verify", log.to_str().unwrap(), "--trust", trust.to_str().unwrap(), "--log", "gate"];
        countersign::cli::run_with(&[&paths, args].concat(), &mut Vec::new(), &mut Vec::new())
    }

    /// Asserts how `verify` ends on changed lines, and the kind of break that it finds.
    #[track_caller]
    fn finds(&self, lines: &[String], exit: i32, kind: &str) {
        let chain = self.log.split_once('/').unwrap().0;
        let ran = self.verify(lines, &["--json", "--chain", chain]);
        let kinds = ran.kinds();
        assert!(ran.exit == exit && kinds.iter().any(|found| found == kind), "{kind}: {ran:#?}");
    }
}

#[test]
fn tokens_of_each_algorithm_are_verified_by_their_key_and_no_other() {
    let keys = ["jws-lines/gate.pub", "jws-lines/es256.pub", "jws-lines/rs256.pub"];
    let logs = ["jws-lines/decisions.jwt", "jws-lines/es256.jwt", "jws-lines/rs256.jwt"];
    for (log, records) in logs.into_iter().zip([12, 3, 3]) {
        for key in keys {
            let bench = Bench::of(log, &[key]);
            let ran = bench.verify(&bench.lines, &[]);
            let own = keys[logs.iter().position(|other| *other == log).unwrap()] == key;
            let covered = format!("{} of {records} records covered", if own { records } else { 0 });
            let (exit, word) = if own { (0, "verified ") } else { (4, "not-verifiable") };
            ran.says(exit, &["read as `jws-lines`", word, &covered]);
            // Nothing links the records, and nothing counts them.
            ran.says(exit, &["unknown", "no-sequence, signature-without-link"]);
            assert!(!ran.out.contains("uncovered fields"), "{ran:#?}");
        }
    }
    let all = Bench::of(logs[0], &keys);
    let mixed: Vec<String> =
        logs.iter().flat_map(|log| Bench::of(log, &[]).lines.into_iter().take(3)).collect();
    all.verify(&mixed, &[]).says(0, &["9 of 9 records covered", "pinned-signed"]);
}

/// Whatever one character of a line becomes, the line is not covered any more, unless it stands where no signature covers it.
#[test]
fn a_changed_character_is_never_covered() {
    for (log, key, chain) in [
        ("jws-lines/decisions.jwt", "jws-lines/gate.pub", "jws-lines"),
        ("dsse-lines/decisions.intoto.jsonl", "dsse-lines/bus.pub", "dsse-lines"),
    ] {
        let bench = Bench::of(log, &[key]);
        let line = &bench.lines[1];
        let keyid = line.find("\"keyid\"").map(|at| at..at + 10 + 64);
        let covered = |at: &usize| keyid.as_ref().is_none_or(|keyid| !keyid.contains(at));
        let change = |at: usize| {
            let other = if &line[at..=at] == "B" { "C" } else { "B" };
            format!("{}{other}{}", &line[..at], &line[at + 1..])
        };
        let mut lines = vec![bench.lines[0].clone()];
        lines.extend((0..line.len()).filter(covered).map(change));
        assert!(lines.len() > 250, "{}", lines.len());
        let ran = bench.verify(&lines, &["--json", "--chain", chain]);
        let log = &ran.json()["logs"][0];
        let counts = ["covered", "signed", "records", "rejected"].map(|count| log[count].as_u64().unwrap());
        assert_eq!((ran.exit, &counts[..2]), (3, &[1, 1][..]), "{chain}");
        assert_eq!(counts[2] + counts[3], lines.len() as u64, "{chain}");
    }
}

#[test]
fn no_records_and_keys_of_another_log_verify_nothing() {
    for (log, key, chain) in [
        ("jws-lines/decisions.jwt", "jws-lines/gate.pub", "jws-lines"),
        ("dsse-lines/decisions.intoto.jsonl", "dsse-lines/bus.pub", "dsse-lines"),
    ] {
        let bench = Bench::of(log, &[key]);
        assert_eq!(bench.verify_here(&[], &["--chain", chain]), 4);
        assert_eq!(bench.verify_here(&[String::new()], &["--chain", chain]), 4);
        assert_eq!(bench.verify_here(&bench.lines, &["--chain", chain]), 0);
        bench.folder.edit("trust.toml", |trust| trust.replace("\"gate\"]", "\"another\"]"));
        assert_eq!(bench.verify_here(&bench.lines, &["--chain", chain]), 4);
    }
}

#[test]
fn changed_tokens_are_altered() {
    let bench = Bench::of("jws-lines/decisions.jwt", &["jws-lines/gate.pub"]);
    let changed = |line: usize, change: &dyn Fn(&str) -> String| {
        let mut lines = bench.lines.clone();
        lines[line] = change(&lines[line]);
        lines
    };
    // The payload of another record under this record's signature.
    let spliced = changed(3, &|line| {
        let (own, other): (Vec<&str>, Vec<&str>) =
            (line.split('.').collect(), bench.lines[4].split('.').collect());
        format!("{}.{}.{}", own[0], other[1], own[2])
    });
    // A key that is not at hand could have made it, were it not that the others name their key alike.
    bench.finds(&spliced, 3, "bad-signature");
    for (unsigned, kind) in [
        ("eyJhbGciOiJub25lIn0", "bad-signature"),
        ("eyJhbGciOiJIUzI1NiJ9", "bad-signature"),
        ("eyJhbGciOiJFZERTQSIsImNyaXQiOlsieCJdLCJ4IjoxfQ", "malformed"),
    ] {
        let lines = changed(3, &|line| {
            let parts: Vec<&str> = line.split('.').collect();
            format!("{unsigned}.{}.{}", parts[1], parts[2])
        });
        bench.finds(&lines, 3, kind);
    }
    bench.finds(&changed(3, &|line| format!("{line}A")), 3, "bad-signature");
    bench.finds(&changed(3, &|line| format!("{line}=")), 3, "malformed");
    bench.finds(&changed(3, &|line| line.replace('.', "!")), 3, "malformed");
    assert_eq!(bench.verify(&changed(3, &|_| String::new()), &[]).exit, 4, "a blank line");
}

#[test]
fn envelopes_of_another_library_are_verified_and_their_key_ids_are_not_covered() {
    let bench = Bench::of("dsse-lines/decisions.intoto.jsonl", &["dsse-lines/bus.pub"]);
    bench.verify(&bench.lines, &[]).says(
        0,
        &[
            "read as `dsse-lines`",
            "verified ",
            "12 of 12 records covered",
            "pinned-signed",
            "uncovered fields: /signatures/*/keyid",
        ],
    );
    let changed = |from: &str, to: &str| {
        let mut lines = bench.lines.clone();
        assert!(lines[5].contains(from), "{from}");
        lines[5] = lines[5].replacen(from, to, 1);
        lines
    };
    // Who signed is found by the keys of the log, whatever the envelope says.
    assert_eq!(bench.verify(&changed("\"keyid\":\"77", "\"keyid\":\"78"), &[]).exit, 0);
    bench.finds(&changed("in-toto+json", "in-toto+jsonl"), 3, "bad-signature");
    let mut renamed = changed("in-toto+json", "in-toto+jsonl");
    renamed[5] = renamed[5].replacen("\"keyid\":\"77", "\"keyid\":\"78", 1);
    bench.finds(&renamed, 4, "unknown-key");
    bench.finds(&changed("\"signatures\":[{", "\"signatures\":[],\"s\":[{"), 3, "missing-signature");
    let line = &bench.lines[5];
    let signature = line[line.find('[').unwrap() + 1..line.rfind(']').unwrap()].to_owned();
    bench.finds(&changed("\"signatures\":[", &format!("\"signatures\":[{signature},")), 3, "malformed");
    bench.finds(&changed("\"payload\":", "\"payload\":\"e30=\",\"payload\":"), 3, "duplicate-key");
    let stranger = Bench::of("dsse-lines/decisions.intoto.jsonl", &["jws-lines/gate.pub"]);
    stranger.verify(&stranger.lines, &[]).says(4, &["not-verifiable", "0 of 12 records covered"]);
}

const GATE: &str = r#"schema = "countersign/chain-profile/1"
id = "gate"
version = "1"
product = "Gate"
read = { container = "text-lines", separator = "." }
recognise = [{ where = [{ field = "/3", present = false }] }]

[[layer]]
name = "decisions"
mechanism = "jws"
types = ["TYPE"]
seq = { field = "/seq", start = 1 }
time = { field = "/at" }
ids = ["/id"]
"#;

/// A profile of the product, in a file: numbers in the payload show what is missing.
#[test]
fn numbers_in_the_payload_show_gaps_and_the_type_must_be_that_of_the_product() {
    let bench = Bench::of("jws-lines/decisions.jwt", &["jws-lines/gate.pub"]);
    bench.folder.write("gate.toml", GATE.replace("TYPE", "decision+jwt"));
    let profile = bench.folder.at("gate.toml");
    let args = ["--chain", profile.to_str().unwrap()];
    bench.verify(&bench.lines, &args).says(0, &["12 of 12 records covered", "contiguous"]);
    let mut cut = bench.lines.clone();
    cut.remove(5);
    let gap = bench.verify(&cut, &[&args[..], &["--json"]].concat());
    assert_eq!((gap.exit, gap.kinds()), (3, vec!["gap".to_owned()]));
    let mut twice = bench.lines.clone();
    twice.push(twice[11].clone());
    let duplicate = bench.verify(&twice, &[&args[..], &["--json"]].concat());
    assert!(duplicate.exit == 3 && duplicate.kinds().contains(&"duplicate".to_owned()), "{duplicate:#?}");

    bench.folder.write("gate.toml", GATE.replace("TYPE", "receipt+jwt"));
    let other = bench.verify(&bench.lines, &[&args[..], &["--json"]].concat());
    assert_eq!(other.exit, 3);
    assert!(other.kinds().iter().all(|kind| kind == "malformed"), "{other:#?}");
}

const SOURCE: &str = r#"schema = "countersign/source-profile/1"
name = "gate-tokens"
version = "1"
product = "Gate"
basis = "fixture"
integrity = "chain:gate"
match = "first"
absent = []

[read]
framing = "lines"

[[rule]]
id = "decision"
emit = "decision"
when = { "/kind" = "decision" }
[rule.set]
time = "/at"
native_id = "/id"
corr_request = "/request"
outcome = "/outcome"
[rule.set.decider]
id = "/by"
ns = "=gate"
"#;

/// The mapping reads the payload, and nothing of the envelope around it.
#[test]
fn events_are_made_of_the_payload() {
    let bench = Bench::of("jws-lines/decisions.jwt", &["jws-lines/gate.pub"]);
    let log: String = bench.lines.iter().map(|line| format!("{line}\n")).collect();
    bench.folder.write("gate.jwt", &log);
    bench.folder.write("chains/gate.toml", GATE.replace("TYPE", "decision+jwt"));
    bench.folder.write("sources/gate-tokens/profile.toml", SOURCE);
    bench.folder.write(
        "countersign.toml",
        "entity = \"Acme\"\nperiod = { from = 2026-07-01, to = 2026-07-02 }\ntrust = \"trust.toml\"\n\
         [[source]]\nid = \"gate\"\nprofile = \"gate-tokens\"\nobjects = [\"gate.jwt\"]\n",
    );
    let report = bench.folder.library(None).assessment.report().clone();
    let source = &report.sources[0];
    assert_eq!((source.tally.read, source.tally.mapped, source.tally.events), (12, 12, 12));
    assert!(
        source.mechanism.ends_with("by chain profile `gate`; limits of the format: signature-without-link")
    );
    assert_eq!((report.logs[0].covered, report.logs[0].reasons.len()), (12, 0));
    // A profile of the workspace is named, with what it replaces.
    let own = report.overrides.iter().find(|own| own.path == "chains/gate.toml").unwrap();
    assert_eq!(own.shipped, None);
    let shipped = report.policy.iter().find(|file| file.path == "chains/gate.toml").unwrap();
    assert_eq!(shipped.sha256, own.sha256);

    // One payload in the place of another: the record is under no key of the log, and no test rests on it.
    bench.folder.write("gate.jwt", log.replacen("decision", "decisions", 1));
    let (exit, _) = bench.folder.check();
    assert_eq!(exit, 4);
}

/// A log of lines `text.code`, each code an HMAC over the one before and the text.
#[test]
fn a_line_log_of_keyed_codes_is_graded_mac() {
    const KEY: &[u8] = b"shared-test-key";
    let mut prev = String::new();
    let mut lines = Vec::new();
    for number in 1..=5 {
        let text = format!("{number} approved by lee");
        let mut mac = Hmac::<Sha256>::new_from_slice(KEY).unwrap();
        mac.update(format!("{prev}\n{text}").as_bytes());
        let code = STANDARD.encode(mac.finalize().into_bytes());
        lines.push(serde_json::json!({ "prev": prev, "text": text, "code": code }).to_string());
        prev = code;
    }
    let bench = Bench { folder: Workspace::empty(), log: "codes.jsonl", lines };
    bench.folder.write("trust.toml", "");
    bench.folder.write("key", KEY);
    bench.folder.write(
        "codes.toml",
        "schema = \"countersign/chain-profile/1\"\nid = \"codes\"\nversion = \"1\"\nproduct = \"Codes\"\n\
         read = { container = \"lines\" }\nrecognise = [{ where = [{ field = \"/code\", is = \"string\" }] }]\n\
         [[layer]]\nname = \"codes\"\nlink = { prev = \"/prev\", genesis = [\"\"], value = \"code\", enc = { as = \"b64\" }, spans_files = true }\n\
         signature = { alg = \"hmac-sha256\", over = { concat = [{ field = \"/prev\" }, { field = \"/text\" }], sep = \"\\n\" }, field = \"/code\", enc = { as = \"b64\" } }\n",
    );
    let (profile, key) = (bench.folder.at("codes.toml"), bench.folder.at("key"));
    let chain = ["--chain", profile.to_str().unwrap()];
    let keyed = [&chain[..], &["--mac-key", key.to_str().unwrap()]].concat();
    bench.verify(&bench.lines, &keyed).says(4, &["not-verifiable", " mac ", "rest on a shared key"]);
    assert!(!bench.verify(&bench.lines, &chain).out.contains(" mac "));
    let mut changed = bench.lines.clone();
    changed[2] = changed[2].replace("lee", "ana");
    let json = [&keyed[..], &["--json"]].concat();
    let ran = bench.verify(&changed, &json);
    assert_eq!(ran.exit, 3);
    assert!(ran.kinds().contains(&"bad-signature".to_owned()), "{ran:#?}");
    let mut dropped = bench.lines.clone();
    dropped.remove(2);
    assert_eq!(bench.verify(&dropped, &json).exit, 3);
}

/// Whoever hands over a log may hand over a `chains` folder with it: a profile from there is named.
#[test]
fn verify_names_a_chain_profile_of_the_folder_at_hand() {
    let bench = Bench::of("jws-lines/decisions.jwt", &["jws-lines/gate.pub"]);
    let log: String = bench.lines.iter().map(|line| format!("{line}\n")).collect();
    bench.folder.write("a.jwt", log);
    let shipped =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("chains/jws-lines.toml")).unwrap();
    bench.folder.write("chains/jws-lines.toml", format!("{shipped}\n# changed\n"));
    let run = |args: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["verify", "a.jwt", "--trust", "trust.toml", "--log", "gate"])
            .args(args)
            .env_clear()
            .current_dir(bench.folder.at(""))
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let note = "`chains/jws-lines.toml` of this folder replaces the shipped chain profile `jws-lines`";
    for args in [&[][..], &["--chain", "jws-lines"]] {
        let (exit, err) = run(args);
        assert!(exit == Some(0) && err.contains(note), "{exit:?} {err}");
    }
    let (_, err) = run(&["--chain", "chains/jws-lines.toml"]);
    assert!(!err.contains("of this folder"), "{err}");
    bench.folder.write("chains/jws-lines.toml", "id = ");
    let (exit, err) = run(&["--chain", "jws-lines"]);
    let note = "the chain profiles of this folder are not used: chain profile chains/jws-lines.toml:1:";
    assert!(exit == Some(0) && err.contains(note), "{exit:?} {err}");
}
