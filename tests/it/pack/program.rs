//! Other programs, and this one with other numbers of threads.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use countersign::column::to_frame;
use countersign::digest::Digest;
use countersign::pack::layout::{BAG_INFO, REPORT_JSON, REPORT_PDF, VERIFY};
use countersign::pack::{dsse, parquet};
use countersign::table::Request;

use super::fixture::{Change, key, pack, recompute_manifests, replace_in};

/// The commands of a page: those marked `sh`, or those marked `sh duckdb`.
fn commands(page: &Path, mark: &str) -> String {
    let text = fs::read_to_string(page).unwrap();
    let fence = format!("\n```{mark}\n");
    let blocks = text.split(fence.as_str()).skip(1).map(|rest| rest.split("\n```").next().unwrap());
    let script: Vec<&str> = blocks.collect();
    assert!(!script.is_empty(), "{text}");
    format!("set -eu\n{}\n", script.join("\n"))
}

/// Runs the commands of `VERIFY.md`; see [`follow`].
fn follow_verify(pack: &Path, mark: &str, seed: u8) -> (bool, String) {
    follow(&commands(&pack.join(VERIFY), mark), pack, seed)
}

/// Runs `script` with a key from outside the pack, and returns whether it accepts the pack, and what it prints.
fn follow(script: &str, pack: &Path, seed: u8) -> (bool, String) {
    let scratch = tempfile::tempdir().unwrap();
    let key_file = scratch.path().join("outside.pub");
    fs::write(&key_file, dsse::public_pem(&key(seed).verifying_key())).unwrap();
    let output = Command::new("sh")
        .args(["-c", script])
        .current_dir(pack)
        .env("KEY", &key_file)
        .env("TMPDIR", scratch.path())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// Tells whether this machine has `programs`.
fn machine_has(programs: &[&str]) -> bool {
    let has = |program: &str| {
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    cfg!(unix) && programs.iter().all(|program| has(program))
}

#[test]
fn the_commands_of_verify_md_accept_the_pack_and_refuse_each_change() {
    if !machine_has(&["openssl", "sha256sum", "python3"]) {
        return;
    }
    let (_folder, out) = pack(true);
    let (accepted, text) = follow_verify(&out, "sh", 1);
    assert!(accepted, "{text}");
    assert!(text.contains("Signature Verified Successfully"), "{text}");
    assert!(text.contains("the statement is about these files"), "{text}");
    assert!(text.contains(&dsse::key_id(&key(1).verifying_key()).to_string()), "{text}");
    assert!(!follow_verify(&out, "sh", 2).0, "another key");

    let changes: [Change; 5] = [
        ("a touched file", |out| fs::write(out.join(REPORT_JSON), "{}").unwrap()),
        ("an added file", |out| fs::write(out.join("data/extra"), "").unwrap()),
        ("a removed file", |out| fs::remove_file(out.join(REPORT_PDF)).unwrap()),
        ("a touched file under fresh manifests", |out| {
            fs::write(out.join(REPORT_JSON), "{}").unwrap();
            recompute_manifests(out);
        }),
        ("a touched bag-info under fresh manifests", |out| {
            replace_in(&out.join(BAG_INFO), "Acme", "Acne");
            recompute_manifests(out);
        }),
    ];
    for (name, change) in changes {
        let (_folder, out) = pack(true);
        change(&out);
        let (accepted, text) = follow_verify(&out, "sh", 1);
        assert!(!accepted, "{name}: {text}");
    }
    let (_folder, out) = pack(false);
    let (accepted, text) = follow_verify(&out, "sh", 1);
    assert!(accepted, "unsigned: {text}");
}

#[test]
fn the_commands_of_the_page_for_auditors_work() {
    if !machine_has(&["sha256sum"]) {
        return;
    }
    let (_folder, out) = pack(true);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verifying-a-pack.md");
    let script = commands(&page, "sh").replace("cd PACK\n", "").replace("/tmp/", "\"$TMPDIR\"/");
    let (accepted, text) = follow(&script, &out, 1);
    assert!(accepted && text.is_empty(), "{text}");
    fs::write(out.join("extra"), "").unwrap();
    let (accepted, text) = follow(&script, &out, 1);
    assert!(!accepted && text.contains("> extra"), "{text}");
}

#[test]
fn duckdb_gives_the_same_items_by_the_commands_of_verify_md() {
    if !machine_has(&["duckdb", "python3"]) {
        return;
    }
    let (_folder, out) = pack(true);
    let (accepted, text) = follow_verify(&out, "sh duckdb", 1);
    assert!(accepted && text.contains("SOD-01 3 items, the same"), "{text}");
    replace_in(&out.join("data/02_machine/items.json"), "accepted", "ok");
    let (accepted, text) = follow_verify(&out, "sh duckdb", 1);
    assert!(!accepted && text.contains("SOD-01 3 items, DIFFERENT"), "{text}");
}

// Parquet bytes and threads: the thread pool is made once per process, so each count needs a process of its own.

const THREADS_TEST: &str = "pack::program::parquet_bytes_for_a_thread_count";
/// What Polars sizes its thread pool by.
const THREADS: &str = "POLARS_MAX_THREADS";
const RESULT_FILE: &str = "COUNTERSIGN_TEST_PARQUET_DIGEST";

#[test]
#[ignore = "a helper of the next test, which runs it in a process of its own"]
fn parquet_bytes_for_a_thread_count() {
    let Some(result) = std::env::var_os(RESULT_FILE) else { return };
    let rows: Vec<Request> = (0..150_000_i64)
        .map(|i| Request {
            request_id: Some(format!("R-{i}")),
            ts_ms: (i % 5 != 0).then_some(i),
            reason: Some("x".repeat(usize::try_from(i % 50).unwrap())),
            ..Request::default()
        })
        .collect();
    let frame = to_frame(rows.iter());
    // A frame that many threads made lies in many chunks.
    let threads: usize = std::env::var(THREADS).unwrap().parse().unwrap();
    let mut pieces = frame.slice(0, 0);
    let step = frame.height() / (threads * 3);
    for start in (0..frame.height()).step_by(step) {
        pieces.vstack_mut(&frame.slice(i64::try_from(start).unwrap(), step)).unwrap();
    }
    let digest = Digest::of(&parquet::encode("request", &pieces).unwrap());
    fs::write(result, digest.to_string()).unwrap();
}

#[test]
fn parquet_bytes_do_not_depend_on_the_thread_count() {
    let folder = tempfile::tempdir().unwrap();
    let run = |threads: &str| {
        let result = folder.path().join(threads);
        let status = Command::new(std::env::current_exe().unwrap())
            .args([THREADS_TEST, "--exact", "--ignored"])
            .env(THREADS, threads)
            .env("RAYON_NUM_THREADS", threads)
            .env(RESULT_FILE, &result)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        fs::read_to_string(result).unwrap()
    };
    assert_eq!(run("1"), run("4"));
}
