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

/// The commands of `VERIFY.md`, except those marked for a program that few machines have.
fn verify_commands(pack: &Path) -> String {
    let text = fs::read_to_string(pack.join(VERIFY)).unwrap();
    let blocks = text.split("\n```sh\n").skip(1).map(|rest| rest.split("\n```").next().unwrap());
    let script: Vec<&str> = blocks.collect();
    assert!(script.len() >= 3, "{text}");
    format!("set -eu\n{}\n", script.join("\n"))
}

/// Runs the commands with a key from outside the pack, and returns whether they accept it, and what they print.
fn follow_verify(pack: &Path, seed: u8) -> (bool, String) {
    let scratch = tempfile::tempdir().unwrap();
    let key_file = scratch.path().join("outside.pub");
    fs::write(&key_file, dsse::public_pem(&key(seed).verifying_key())).unwrap();
    let output = Command::new("sh")
        .args(["-c", &verify_commands(pack)])
        .current_dir(pack)
        .env("KEY", &key_file)
        .env("TMPDIR", scratch.path())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// Tells whether this machine has the programs that `VERIFY.md` asks for.
fn auditors_machine() -> bool {
    let has = |program: &str| {
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    cfg!(unix) && ["openssl", "sha256sum", "python3"].into_iter().all(has)
}

#[test]
fn the_commands_of_verify_md_accept_the_pack_and_refuse_each_change() {
    if !auditors_machine() {
        return;
    }
    let (_folder, out) = pack(true);
    let (accepted, text) = follow_verify(&out, 1);
    assert!(accepted, "{text}");
    assert!(text.contains("Signature Verified Successfully"), "{text}");
    assert!(text.contains("the statement is about these files"), "{text}");
    assert!(text.contains(&dsse::key_id(&key(1).verifying_key()).to_string()), "{text}");
    assert!(!follow_verify(&out, 2).0, "another key");

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
        let (accepted, text) = follow_verify(&out, 1);
        assert!(!accepted, "{name}: {text}");
    }
    let (_folder, out) = pack(false);
    let (accepted, text) = follow_verify(&out, 1);
    assert!(accepted, "unsigned: {text}");
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
