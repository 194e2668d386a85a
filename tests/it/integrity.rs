//! `countersign-log/1` from outside: frozen vectors, and the commands that write and verify it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// How a run of the program ended.
struct Ended {
    code: i32,
    out: String,
    err: String,
}

/// A folder in which the program runs, with nothing in its environment but a fixed time.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A bench with a key `k` that `trust.toml` binds to log `gate`.
    fn with_key() -> Self {
        let bench = Self::new();
        let id = bench.ok(&["keys", "generate", "--out", "k"]);
        bench.trust(id.trim());
        bench
    }

    fn trust(&self, fingerprint: &str) -> Ended {
        let args =
            ["keys", "trust", "k.pub", "--owner", "platform team", "--purpose", "log", "--log", "gate"];
        self.run(&[&args[..], &["--fingerprint", fingerprint, "--trust", "trust.toml"]].concat(), "")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn spawn(&self, args: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("SOURCE_DATE_EPOCH", "1782864000")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn run(&self, args: &[&str], stdin: &str) -> Ended {
        let mut child = self.spawn(args);
        // The program may refuse before it reads; a closed pipe is then its answer.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = child.wait_with_output().unwrap();
        Ended {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn ok(&self, args: &[&str]) -> String {
        let ended = self.run(args, "");
        assert_eq!(ended.code, 0, "{args:?}: {}", ended.err);
        ended.out
    }

    fn append(&self, events: &str, more: &[&str]) -> Ended {
        self.run(&[&["append", "gate.jsonl", "--key", "k", "--log", "gate"], more].concat(), events)
    }

    /// Verifies with what the bench trusts, and returns the exit code and the only log.
    fn verify(&self, more: &[&str]) -> (i32, Value) {
        let ended =
            self.run(&[&["verify", "gate.jsonl", "--trust", "trust.toml", "--json"], more].concat(), "");
        let result: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{}", ended.err));
        assert_eq!(result["exit"], ended.code);
        (ended.code, result["logs"][0].clone())
    }
}

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/countersign-log")
}

#[test]
fn every_frozen_vector_gives_what_its_index_says() {
    let index = fs::read_to_string(vectors().join("index.toml")).unwrap();
    let index: BTreeMap<String, toml::Table> = toml::from_str(&index).unwrap();
    assert!(index.len() >= 51);
    let bench = Bench::new();
    let trust = vectors().join("trust.toml");
    for (name, expected) in index {
        let file = |file: &str| vectors().join(&name).join(file).to_str().unwrap().to_owned();
        let text = |member: &str| expected.get(member).and_then(toml::Value::as_str);
        let mut args =
            vec!["verify".to_owned(), "--json".into(), "--trust".into(), trust.to_str().unwrap().into()];
        args.extend(expected["files"].as_array().unwrap().iter().map(|name| file(name.as_str().unwrap())));
        for brought in ["head", "after"] {
            args.extend(text(brought).into_iter().flat_map(|name| [format!("--{brought}"), file(name)]));
        }
        let ended = bench.run(&args.iter().map(String::as_str).collect::<Vec<_>>(), "");
        let result: Value =
            serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{name}: {}", ended.err));
        let log = &result["logs"][0];
        assert_eq!(log["verdict"], text("verdict").unwrap(), "{name}: {log:#}");
        let code = BTreeMap::from([("verified", 0), ("altered", 3), ("not-verifiable", 4)]);
        assert_eq!(ended.code, code[text("verdict").unwrap()], "{name}");
        for member in ["completeness", "integrity"] {
            assert!(text(member).is_none_or(|word| log[member] == word), "{name}: {log:#}");
        }
        let breaks = log["breaks"].as_array().unwrap();
        if let Some(kind) = text("kind") {
            let line = expected["line"].as_integer().unwrap();
            assert!(
                breaks.iter().any(|found| found["kind"] == kind && found["line"] == line),
                "{name}: {log:#}"
            );
        }
        if let Some(kind) = text("note") {
            assert_eq!(
                breaks.iter().map(|found| &found["kind"]).collect::<Vec<_>>(),
                [kind],
                "{name}: {log:#}"
            );
        }
        assert!(text("kind").is_some() || text("note").is_some() || breaks.is_empty(), "{name}: {log:#}");
    }
}

#[test]
fn a_log_is_written_headed_and_verified() {
    let bench = Bench::with_key();
    let first = bench.append("{\"kind\":\"request\",\"id\":\"R-1\"}\n{\"kind\":\"decision\"}\n", &[]);
    assert_eq!(first.code, 0, "{}", first.err);
    assert!(first.out.starts_with("gate 1 ") && first.out.ends_with('\n'), "{}", first.out);
    fs::write(bench.path("head"), &first.out).unwrap();
    let (code, log) = bench.verify(&["--head", "head", "--require-complete"]);
    assert_eq!(
        (code, &log["integrity"], &log["completeness"]),
        (0, &"pinned-anchored".into(), &"pinned-head".into())
    );
    assert_eq!(bench.verify(&["--require-complete"]).0, 4);
    assert_eq!(bench.append("{\"kind\":\"close\"}", &[]).code, 0);
    assert_eq!(bench.verify(&["--require-complete"]).1["completeness"], "terminated");
    let refused = bench.append("{}", &[]);
    assert_eq!((refused.code, refused.out.as_str()), (3, ""));
    assert!(
        refused.err.contains("is closed") && refused.err.ends_with("nothing was appended\n"),
        "{}",
        refused.err
    );
}

#[test]
fn the_tail_cut_shows_against_the_head_that_append_printed() {
    let bench = Bench::with_key();
    let ended = bench.append("{}\n{}\n{}\n", &[]);
    fs::write(bench.path("head"), &ended.out).unwrap();
    let text = fs::read_to_string(bench.path("gate.jsonl")).unwrap();
    let kept: String = text.split_inclusive('\n').take(2).collect();
    fs::write(bench.path("gate.jsonl"), &kept).unwrap();
    let (code, log) = bench.verify(&["--head", "head"]);
    assert_eq!((code, &log["breaks"][0]["kind"]), (3, &"truncated-tail".into()));
    let (code, log) = bench.verify(&[]);
    assert_eq!((code, &log["completeness"]), (0, &"contiguous".into()));
    assert_eq!(bench.verify(&["--require-complete"]).0, 4);
    fs::write(bench.path("other"), ended.out.replace("gate ", "other ")).unwrap();
    assert_eq!(bench.verify(&["--head", "other"]).0, 2);
}

#[test]
fn bad_events_and_bad_keys_end_with_2_and_change_nothing() {
    let bench = Bench::with_key();
    assert_eq!(bench.append("{}", &[]).code, 0);
    let before = fs::read(bench.path("gate.jsonl")).unwrap();
    for (events, message) in [
        ("{\"a\":1,\"a\":2}\n", "error: event 1: member `a` stands twice"),
        ("{}\n{\"n\":18446744073709551616}\n", "error: event 2: expected an integer of at most 64 bits"),
        ("not json", "error: event 1: expected `{`"),
        ("{\"kind\":\"close\"}\n{}\n", "error: event 2: it follows a `close` event"),
    ] {
        let ended = bench.append(events, &[]);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{events}");
        assert!(ended.err.starts_with(message) && ended.err.contains("  help: "), "{}", ended.err);
        assert!(ended.err.ends_with("\nnothing was appended\n"), "{}", ended.err);
    }
    fs::write(bench.path("junk"), "not a key").unwrap();
    for key in ["k.pub", "junk", "absent"] {
        let ended = bench.run(&["append", "gate.jsonl", "--key", key], "{}");
        assert_eq!(ended.code, 2, "{}", ended.err);
    }
    assert_eq!(fs::read(bench.path("gate.jsonl")).unwrap(), before);
}

#[test]
fn a_log_that_cannot_be_written_ends_with_5() {
    let bench = Bench::with_key();
    let ended = bench.run(&["append", "absent/gate.jsonl", "--key", "k", "--log", "gate"], "{}");
    assert_eq!(ended.code, 5, "{}", ended.err);
    assert!(ended.err.contains("cannot lock `absent/gate.jsonl.lock`"), "{}", ended.err);
}

#[test]
fn a_torn_tail_is_recovered_and_the_log_says_so() {
    let bench = Bench::with_key();
    assert_eq!(bench.append("{}", &[]).code, 0);
    let mut bytes = fs::read(bench.path("gate.jsonl")).unwrap();
    bytes.extend_from_slice(b"{\"v\":\"countersign-log/1\",\"log\":\"gate\",\"se");
    fs::write(bench.path("gate.jsonl"), &bytes).unwrap();
    let (code, log) = bench.verify(&[]);
    assert_eq!(
        (code, &log["verdict"], &log["breaks"][0]["kind"]),
        (4, &"not-verifiable".into(), &"torn-tail".into())
    );
    let refused = bench.append("{}", &[]);
    assert_eq!(refused.code, 3);
    assert!(refused.err.contains("--recover"), "{}", refused.err);
    let recovered = bench.append("{}", &["--recover"]);
    assert!(recovered.code == 0 && recovered.out.starts_with("gate 2 "), "{}", recovered.err);
    assert_eq!(fs::read(bench.path("gate.jsonl.torn-1")).unwrap().len(), 41);
    assert_eq!(bench.verify(&[]).0, 0);
}

#[test]
fn two_writers_at_once_make_one_chain() {
    let bench = Bench::with_key();
    assert_eq!(bench.append("{}", &[]).code, 0);
    let mut children = Vec::new();
    for _ in 0..8 {
        let mut child = bench.spawn(&["append", "gate.jsonl", "--key", "k"]);
        child.stdin.take().unwrap().write_all(b"{}\n{}\n{}\n").unwrap();
        children.push(child);
    }
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let (code, log) = bench.verify(&[]);
    assert_eq!((code, &log["records"]), (0, &25.into()));
}

#[test]
fn a_kill_at_any_moment_leaves_a_log_that_is_at_most_torn() {
    let bench = Bench::with_key();
    assert_eq!(bench.append("{\"kind\":\"heartbeat\"}", &[]).code, 0);
    let event = format!("{{\"kind\":\"request\",\"note\":\"{}\"}}\n", "x".repeat(40_000));
    let batch = event.repeat(100);
    let (mut torn, mut grown, mut killed) = (0, 0, 0);
    for round in 0..24_u64 {
        let before = fs::metadata(bench.path("gate.jsonl")).unwrap().len();
        let mut child = bench.spawn(&["append", "gate.jsonl", "--key", "k", "--recover"]);
        child.stdin.take().unwrap().write_all(batch.as_bytes()).unwrap();
        if round % 2 == 0 {
            // Spread over the run: reading the chain, signing, writing, and syncing.
            std::thread::sleep(Duration::from_millis(round * round * 37 % 400));
        } else {
            // In the middle of writing, or of syncing.
            let length = || fs::metadata(bench.path("gate.jsonl")).unwrap().len();
            while length() <= before && child.try_wait().unwrap().is_none() {}
        }
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        grown += u32::from(fs::metadata(bench.path("gate.jsonl")).unwrap().len() > before);
        let (code, log) = bench.verify(&[]);
        let kinds: Vec<&Value> =
            log["breaks"].as_array().unwrap().iter().map(|found| &found["kind"]).collect();
        assert!(code == 0 || (code == 4 && kinds == ["torn-tail"]), "round {round}: {log:#}");
        torn += u32::from(code == 4);
        if round % 4 == 3 {
            // Keep the log small, so that later kills do not all fall into reading it.
            assert_eq!(bench.append("{}", &["--recover"]).code, 0);
            assert_eq!(bench.verify(&[]).0, 0);
            // A new log has no torn bytes: those of the old one would stand in the way of its own.
            for entry in fs::read_dir(bench.path("")).unwrap() {
                let path = entry.unwrap().path();
                if path.file_name().unwrap().to_str().unwrap().starts_with("gate.jsonl") {
                    fs::remove_file(path).unwrap();
                }
            }
            assert_eq!(bench.append("{\"kind\":\"heartbeat\"}", &[]).code, 0);
        }
    }
    assert!(killed > 0 && grown > 0, "{killed} killed, {grown} had written, {torn} torn");
}

#[test]
fn keys_are_private_ordinary_and_never_overwritten() {
    let bench = Bench::new();
    let id = bench.ok(&["keys", "generate", "--out", "k"]);
    assert_eq!(id.trim().len(), 64);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(bench.path("k")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(fs::read_to_string(bench.path("k")).unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert!(fs::read_to_string(bench.path("k.pub")).unwrap().starts_with("-----BEGIN PUBLIC KEY-----\n"));
    assert_eq!(bench.ok(&["keys", "show", "k"]), id);
    assert_eq!(bench.ok(&["keys", "show", "k.pub"]), id);
    let before = fs::read(bench.path("k")).unwrap();
    let again = bench.run(&["keys", "generate", "--out", "k"], "");
    assert_eq!((again.code, fs::read(bench.path("k")).unwrap()), (2, before));
    fs::write(bench.path("j.pub"), "").unwrap();
    assert_eq!(bench.run(&["keys", "generate", "--out", "j"], "").code, 2);
    assert!(!bench.path("j").exists());
}

#[test]
fn a_key_is_trusted_only_with_the_fingerprint_its_owner_gave() {
    let bench = Bench::new();
    let id = bench.ok(&["keys", "generate", "--out", "k"]);
    let id = id.trim();
    let wrong = format!("{}{}", &id[..63], if id.ends_with('0') { '1' } else { '0' });
    let refused = bench.trust(&wrong);
    assert_eq!(refused.code, 2);
    assert!(refused.err.ends_with("`trust.toml` was left as it was\n"), "{}", refused.err);
    assert!(!bench.path("trust.toml").exists());
    let without = bench.run(
        &["keys", "trust", "k.pub", "--owner", "x", "--purpose", "statement", "--trust", "trust.toml"],
        &format!("{id}\n"),
    );
    assert_eq!(without.code, 2, "a pipe is no terminal");
    fs::write(bench.path("trust.toml"), "# kept by the platform team\n").unwrap();
    assert_eq!(bench.trust(id).code, 0);
    let text = fs::read_to_string(bench.path("trust.toml")).unwrap();
    assert!(
        text.starts_with("# kept by the platform team\n\n[[key]]\nowner = \"platform team\"\n"),
        "{text}"
    );
    let twice = bench.trust(id);
    assert!(twice.code == 2 && twice.err.contains("listed above already"), "{}", twice.err);
    let private = bench.run(
        &[
            "keys",
            "trust",
            "k",
            "--owner",
            "x",
            "--purpose",
            "statement",
            "--trust",
            "t",
            "--fingerprint",
            id,
        ],
        "",
    );
    assert!(private.code == 2 && private.err.contains("a private key"), "{}", private.err);
}

#[test]
fn text_around_a_public_key_never_reaches_the_trust_file() {
    let bench = Bench::new();
    let id = bench.ok(&["keys", "generate", "--out", "k"]);
    let pem = fs::read_to_string(bench.path("k.pub")).unwrap();
    fs::write(bench.path("k.pub"), format!("\"\"\"\nlogs = [\"everything\"]\nx = \"\"\"\n{pem}")).unwrap();
    assert_eq!(bench.trust(id.trim()).code, 0);
    let text = fs::read_to_string(bench.path("trust.toml")).unwrap();
    assert!(!text.contains("everything"), "{text}");
}

#[test]
fn the_page_on_verdicts_lists_every_word_under_its_effect() {
    use countersign::integrity::verdict::{BreakKind, Completeness, Effect, Grade, Verdict};
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formats/verdicts.md");
    let page = fs::read_to_string(page).unwrap();
    // The first word of each table row, by the heading it stands under.
    let mut rows: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut heading = "";
    for line in page.lines() {
        heading = line.strip_prefix('#').map_or(heading, |line| line.trim_start_matches('#').trim());
        let word = line.strip_prefix("| `").and_then(|row| row.split_once('`'));
        rows.entry(heading).or_default().extend(word.map(|(word, _)| word));
    }
    let words = |effect: Effect| -> Vec<&str> {
        BreakKind::ALL.iter().filter(|kind| kind.effect(true) == effect).map(|kind| kind.word()).collect()
    };
    assert_eq!(rows["The log is `altered`"], words(Effect::Altered));
    assert_eq!(rows["The log is `not-verifiable`"], words(Effect::NotVerifiable));
    assert_eq!(rows["Records are missing from the population"], words(Effect::Population));
    assert_eq!(rows["Notes"], words(Effect::Note));
    let four: Vec<&str> = BreakKind::ALL
        .iter()
        .filter(|kind| kind.effect(true) == Effect::Altered && kind.effect(false) != Effect::Altered)
        .map(|kind| kind.word())
        .collect();
    assert_eq!(rows["The log is `altered`"][13..], four);
    assert_eq!(rows["Grade"], Grade::ALL.iter().map(|grade| grade.word()).collect::<Vec<_>>());
    assert_eq!(rows["Completeness"], Completeness::ALL.iter().map(|level| level.word()).collect::<Vec<_>>());
    let mut verdicts = Verdict::ALL.iter().map(|verdict| verdict.word()).collect::<Vec<_>>();
    verdicts.sort_unstable();
    let mut listed = rows["Verdict"].clone();
    listed.sort_unstable();
    assert_eq!(listed, verdicts);
}
