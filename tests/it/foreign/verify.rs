//! `verify FILE` without a profile, and every option that a foreign log can be verified with.

use std::fs;
use std::io::Write as _;

use serde_json::Value;

use super::{head_of, read, vector, verify};
use crate::chains::format::{foreign, pem_trust};
use crate::support::{Ran, Workspace, countersign};

/// Returns verdict, grade, completeness, records, covered, rejected, signed, and pinned of the one log.
#[track_caller]
fn judged(ran: &Ran) -> String {
    let json = ran.json();
    let logs = json["logs"].as_array().unwrap();
    assert_eq!((logs.len(), json["exit"].as_i64()), (1, Some(i64::from(ran.exit))), "{ran:#?}");
    let log = &logs[0];
    let word = |name: &str| log[name].as_str().unwrap().to_owned();
    let counts = ["records", "covered", "rejected", "signed", "pinned"].map(|name| log[name].to_string());
    format!(
        "{} {} {} {} {}",
        ran.exit,
        word("verdict"),
        word("integrity"),
        word("completeness"),
        counts.join(" ")
    )
}

fn listed(value: &Value) -> String {
    let words: Vec<&str> = value.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    words.join(" ")
}

/// A folder with the files of one real log, and the trust file that names its key.
fn placed(chain: &str) -> (Workspace, Vec<String>) {
    let format = foreign().into_iter().find(|format| format.chain == chain).unwrap();
    let workspace = Workspace::empty();
    for (name, text) in &format.files {
        workspace.write(&format!("logs/{name}"), text);
    }
    workspace.write("trust.toml", &format.trust);
    let names = format.files.iter().map(|(name, _)| format!("logs/{name}")).collect();
    (workspace, names)
}

/// What is said of each format without any key or head: why it was recognised, and the exact answer.
const UNTRUSTED: [(&str, &str, &str, &str); 8] = [
    (
        "agent-receipts",
        "the first 3 records have the members of Agent Receipts",
        "4 not-verifiable consistent contiguous 3 0 0 0 0",
        "/proof/created /proof/verificationMethod",
    ),
    (
        "agt-python-log",
        "the first 8 records have the members of Agent Governance Toolkit (Python AuditLog)",
        "4 not-verifiable consistent contiguous 16 0 0 0 0",
        "/compute_driver /container_runtime /environment /matched_rule /policy_decision /sandbox_id /session_id \
         /target_did /trace_id",
    ),
    (
        "agt-python-sink",
        "the first 8 records have the members of Agent Governance Toolkit (Python FileAuditSink)",
        "4 not-verifiable consistent unknown 16 0 0 0 0",
        "/container_runtime /environment /sandbox_id",
    ),
    (
        "agt-rust",
        "the first 8 records have the members of Agent Governance Toolkit (Rust AuditLogger)",
        "4 not-verifiable consistent contiguous 18 0 0 0 0",
        "/action /agent_id /decision",
    ),
    (
        "agt-typescript",
        "the first 8 records have the members of Agent Governance Toolkit (TypeScript AuditLogger)",
        "4 not-verifiable consistent contiguous 18 0 0 0 0",
        "",
    ),
    (
        "codechain",
        "the first 8 records have the members of Codechain",
        "4 not-verifiable consistent contiguous 92 0 0 91 0",
        "",
    ),
    (
        "pipelock",
        "the first 8 records have the members of Pipelock",
        "4 not-verifiable consistent contiguous 19 0 0 11 0",
        "",
    ),
    (
        "signet",
        "the first 8 records have the members of Signet",
        "4 not-verifiable consistent contiguous 20 0 0 20 0",
        "",
    ),
];

#[test]
fn each_format_is_recognised_by_its_first_records_and_answered_exactly() {
    for (chain, why, expected, uncovered) in UNTRUSTED {
        let (workspace, _) = placed(chain);
        let ran = verify(&workspace, &["logs"], &["--json"]);
        assert_eq!(judged(&ran), expected, "{chain}: {ran:#?}");
        assert_eq!(listed(&ran.json()["logs"][0]["uncovered_fields"]), uncovered, "{chain}");
        assert!(ran.err.starts_with(&format!("read as `{chain}`: {why}: `/")), "{chain}: {}", ran.err);
        assert!(ran.kinds().iter().all(|kind| kind == "unknown-key"), "{chain}: {:?}", ran.kinds());
        // Named, the format gives the same answer, and nothing is left to explain.
        let named = verify(&workspace, &["logs"], &["--json", "--chain", chain]);
        assert_eq!((named.exit, &named.out), (ran.exit, &ran.out), "{chain}");
        assert!(!named.err.contains("read as"), "{chain}: {}", named.err);
    }
}

#[test]
fn pinned_key_counts_for_its_own_log_only() {
    for chain in ["agent-receipts", "codechain", "pipelock", "signet"] {
        let (workspace, _) = placed(chain);
        let trust = workspace.at("trust.toml").to_str().unwrap().to_owned();
        let own = verify(&workspace, &["logs"], &["--json", "--trust", &trust, "--log", chain]);
        let pinned = own.json()["logs"][0]["pinned"].as_u64().unwrap();
        assert!(pinned > 0, "{chain}: {own:#?}");
        let other = verify(&workspace, &["logs"], &["--json", "--trust", &trust, "--log", "another"]);
        assert_eq!((other.exit, other.json()["logs"][0]["pinned"].as_u64()), (4, Some(0)), "{chain}");
        // Receipts name their key by a text, and only the keys of the log are tried under it.
        let kind = if chain == "agent-receipts" { "unknown-key" } else { "wrong-purpose-key" };
        assert!(other.kinds().contains(&kind.to_owned()), "{chain}: {:?}", other.kinds());
    }
    let (workspace, _) = placed("agent-receipts");
    let trust = workspace.at("trust.toml").to_str().unwrap().to_owned();
    let ran = verify(&workspace, &["logs"], &["--json", "--trust", &trust, "--log", "agent-receipts"]);
    assert_eq!(judged(&ran), "0 verified pinned-signed contiguous 3 3 0 3 3", "{ran:#?}");
    let complete = ["--trust", &trust, "--log", "agent-receipts", "--require-complete"];
    verify(&workspace, &["logs"], &complete).says(4, &["verified", "contiguous"]);
}

#[test]
fn compressed_and_rotated_files_give_the_answer_of_plain_ones() {
    let (workspace, names) = placed("signet");
    let trust = workspace.at("trust.toml").to_str().unwrap().to_owned();
    let options = ["--json", "--trust", &trust, "--log", "signet"];
    let plain = judged(&verify(&workspace, &["logs"], &options));
    let [first, second] = names.as_slice() else { panic!("two days: {names:?}") };
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(workspace.read(first).as_bytes()).unwrap();
    workspace.write("packed/2026-07-01.jsonl.gz", gz.finish().unwrap());
    let zst = zstd::encode_all(workspace.read(second).as_bytes(), 3).unwrap();
    workspace.write("packed/2026-07-02.jsonl.zst", zst);
    assert_eq!(judged(&verify(&workspace, &["packed"], &options)), plain);
    // The second day alone says that it goes on from a record that is not there.
    let late = verify(&workspace, &[second], &options);
    assert!(late.exit == 4 && late.kinds() == ["late-start"], "{late:#?}");
}

#[test]
fn files_that_each_begin_a_chain_show_no_missing_file() {
    let workspace = Workspace::empty();
    let key = vector("agt-python-sink/hmac.key");
    for file in fs::read_dir(vector("agt-python-sink/rotated")).unwrap() {
        let file = file.unwrap();
        workspace
            .write(&format!("logs/{}", file.file_name().to_str().unwrap()), fs::read(file.path()).unwrap());
    }
    let run = || verify(&workspace, &["logs"], &["--json", "--mac-key", key.to_str().unwrap()]);
    assert_eq!(judged(&run()), "4 not-verifiable mac unknown 12 0 0 12 0");
    fs::remove_file(workspace.at("logs/audit.20260701080248.jsonl")).unwrap();
    let ran = run();
    assert!(ran.kinds().is_empty(), "{:?}", ran.kinds());
    assert_eq!(ran.json()["logs"][0]["completeness"], "unknown", "nothing shows it, and nothing is claimed");
}

#[test]
fn threads_change_no_byte_of_an_answer() {
    for (chain, ..) in UNTRUSTED {
        let (workspace, names) = placed(chain);
        let trust = workspace.at("trust.toml").to_str().unwrap().to_owned();
        let damaged = workspace.read(&names[0]).replacen("20", "02", 3);
        for text in [workspace.read(&names[0]), damaged] {
            workspace.write(&names[0], text);
            let on = |threads: &str| {
                let options = ["--json", "--trust", &trust, "--log", chain, "--threads", threads];
                let ran = verify(&workspace, &["logs"], &[&options[..], &["--chain", chain]].concat());
                (ran.exit, ran.out, ran.err)
            };
            let one = on("1");
            assert!(one.1.contains("\"records\":"), "{chain}: {one:?}");
            assert_eq!(one, on("2"), "{chain}");
            assert_eq!(one, on("5"), "{chain}");
        }
    }
}

#[test]
fn member_that_stands_twice_in_a_document_is_no_record() {
    let workspace = Workspace::empty();
    let lines = read("agt-python-log/entries.jsonl");
    let records: Vec<&str> = lines.lines().collect();
    let run = |text: String| {
        workspace.write("logs/log.json", text);
        verify(&workspace, &["logs"], &["--json", "--chain", "agt-python-log"])
    };
    let whole = run(format!("{{\"entries\":[{}]}}", records.join(",")));
    assert_eq!(judged(&whole), "4 not-verifiable consistent contiguous 16 0 0 0 0", "{whole:#?}");

    let doubled = records[3].replacen('{', "{\"outcome\":\"denied\",", 1);
    let ran = run(format!(
        "{{\"entries\":[{}]}}",
        lines.replace(records[3], &doubled).trim_end().replace('\n', ",")
    ));
    assert!(ran.exit == 3 && ran.kinds().contains(&"duplicate-key".to_owned()), "{ran:#?}");

    // The second list would hide the first, or the first the second, by who reads it.
    let (first, rest) = (records[..8].join(","), records[8..].join(","));
    let ran = run(format!("{{\"entries\":[{first}],\"entries\":[{first},{rest}]}}"));
    assert!(
        ran.exit == 3 && ran.kinds() == ["malformed"] && ran.out.contains("holds `entries` twice"),
        "{ran:#?}"
    );
}

#[test]
fn shared_key_shows_no_more_than_who_holds_it_could_make() {
    let log = vector("agt-python-sink/audit.jsonl");
    let (log, key) = (log.to_str().unwrap(), vector("agt-python-sink/hmac.key"));
    let workspace = Workspace::empty();
    workspace.write("other.key", "another key\n");
    workspace.write("empty.key", "");
    let at = |name: &str| workspace.at(name).to_str().unwrap().to_owned();
    let run = |more: &[&str]| countersign(&[&["verify", log], more].concat());
    run(&[]).says(4, &["consistent", "16 of 16 records carry a code made with a shared key", "`--mac-key`"]);
    let good = ["--mac-key", key.to_str().unwrap()];
    run(&good).says(4, &["not-verifiable", "· mac ·", "16 of 16 records rest on a shared key"]);
    let bad = run(&["--mac-key", &at("other.key"), "--json"]);
    assert_eq!(judged(&bad), "3 altered none unknown 0 0 16 0 0", "{bad:#?}");
    assert!(bad.kinds().iter().all(|kind| kind == "bad-signature"), "{:?}", bad.kinds());
    run(&["--mac-key", &at("empty.key")]).refuses(&["shared key", "is empty"]);
    run(&["--mac-key", &at("none.key")]).refuses(&["cannot read shared key"]);
}

#[test]
fn tail_that_is_cut_shows_against_a_head_only() {
    for (chain, last) in [("agt-typescript", 17), ("agt-rust", 17), ("agt-python-log", 15), ("codechain", 91)]
    {
        let (workspace, names) = placed(chain);
        let whole = verify(&workspace, &["logs"], &["--json"]);
        let head = head_of(&whole);
        assert!(head.starts_with(&format!("log {last} ")), "{chain}: {head}");
        workspace.write("a.head", &head);
        let brought = workspace.at("a.head").to_str().unwrap().to_owned();
        // The text names the head as `--head` takes it.
        verify(&workspace, &["logs"], &[]).says(4, &[&format!("  head: {}", head.trim_end())]);

        let held = verify(&workspace, &["logs"], &["--json", "--head", &brought, "--require-complete"]);
        let log = &held.json()["logs"][0];
        assert_eq!(log["completeness"], "pinned-head", "{chain}: {held:#?}");
        assert_eq!(
            (&log["covered"], &log["integrity"]),
            (&log["records"], &Value::from("head-anchored")),
            "{chain}"
        );
        let expected = if chain == "codechain" { 4 } else { 0 };
        assert_eq!(held.exit, expected, "{chain}: {held:#?}");

        let file = &names[0];
        let cut = chains_cut(&workspace.read(file), chain);
        workspace.write(file, cut);
        let alone = verify(&workspace, &["logs"], &["--json"]);
        assert!(alone.kinds().iter().all(|kind| kind == "unknown-key"), "{chain}: {:?}", alone.kinds());
        assert_eq!(alone.json()["logs"][0]["completeness"], "contiguous", "{chain}");
        let against = verify(&workspace, &["logs"], &["--json", "--head", &brought]);
        assert_eq!((against.exit, against.json()["verdict"].as_str()), (3, Some("altered")), "{chain}");
        assert!(against.kinds().contains(&"truncated-tail".to_owned()), "{chain}: {:?}", against.kinds());
        assert!(against.json()["logs"][0]["completeness"] != "pinned-head", "{chain}");
    }
}

/// Returns the text without its last record.
fn chains_cut(text: &str, chain: &str) -> String {
    use crate::chains::format::{Container, Cut};
    let container = match chain {
        "codechain" => Container::Words,
        "agt-python-log" => Container::Entries,
        _ => Container::Array,
    };
    let mut cut = Cut::of(text, container);
    cut.records.pop().unwrap();
    cut.text()
}

#[test]
fn log_goes_on_from_the_head_before_it_or_was_cut() {
    let (workspace, names) = placed("codechain");
    let text = workspace.read(&names[0]);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    workspace.write(&names[0], lines[10..].concat());
    let late = |after: Option<usize>| {
        let mut args = vec!["--json", "--log", "codechain"];
        let place = workspace.at("before.head");
        if let Some(line) = after {
            workspace.write("before.head", crate::support::head_of("codechain", line, lines[line]));
            args.extend(["--after", place.to_str().unwrap()]);
        }
        let ran = verify(&workspace, &["logs"], &args);
        let kinds = ran.kinds().into_iter().filter(|kind| kind != "unknown-key").collect::<Vec<_>>();
        (ran.exit, kinds)
    };
    assert_eq!(late(None), (4, vec!["late-start".to_owned()]));
    assert_eq!(late(Some(9)), (4, Vec::new()), "it goes on from the line before");
    let cut = late(Some(8));
    assert!(cut.0 == 3 && cut.1.contains(&"truncated-head".to_owned()), "{cut:?}");
}

#[test]
fn two_heads_that_contradict_each_other_are_a_fork() {
    let (workspace, _) = placed("agt-typescript");
    let head = head_of(&verify(&workspace, &["logs"], &["--json"]));
    workspace.write("a.head", &head);
    let last = if head.trim_end().ends_with('0') { '1' } else { '0' };
    workspace.write("b.head", format!("{}{last}\n", &head[..head.len() - 2]));
    let at = |name: &str| workspace.at(name).to_str().unwrap().to_owned();
    let (a, b) = (at("a.head"), at("b.head"));
    let ran = verify(&workspace, &["logs"], &["--json", "--head", &a, "--head", &b]);
    assert!(ran.exit == 3 && ran.kinds().contains(&"fork".to_owned()), "{ran:#?}");
    // The same head twice is one head.
    verify(&workspace, &["logs"], &["--head", &a, "--head", &a]).says(0, &["verified"]);
    // A head of another log matches nothing here.
    verify(&workspace, &["logs"], &["--head", &a, "--log", "another"])
        .says(2, &["matches no log in these files"]);
}

#[test]
fn two_histories_of_one_chain_are_a_fork() {
    let folder =
        std::env::var_os("COUNTERSIGN_VECTORS").unwrap_or_else(|| panic!("set `COUNTERSIGN_VECTORS`"));
    let place =
        |name: &str| std::path::Path::new(&folder).join("codechain").join(name).to_str().unwrap().to_owned();
    for other in ["hashchain_a", "hashchain_b"] {
        let ran = countersign(&["verify", "--json", &place(other), &place("hashchain_fork")]);
        assert_eq!((ran.exit, ran.json()["verdict"].as_str()), (3, Some("altered")), "{ran:#?}");
        assert!(ran.kinds().contains(&"fork".to_owned()), "{:?}", ran.kinds());
    }
    // The longer form of the same history is none.
    let ran = countersign(&["verify", "--json", &place("hashchain_a"), &place("hashchain_b")]);
    assert!(ran.exit == 4 && !ran.kinds().contains(&"fork".to_owned()), "{ran:#?}");
}

/// Returns a chain profile file of the user's own.
fn own_profile(id: &str) -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("chains/agt-python-log.toml")).unwrap();
    text.replace("id = \"agt-python-log\"", &format!("id = \"{id}\""))
}

#[test]
fn chain_profile_may_be_an_id_or_a_file() {
    let log = vector("agt-python-log/entries.jsonl");
    let log = log.to_str().unwrap();
    let workspace = Workspace::empty();
    workspace.write("mine.toml", own_profile("mine"));
    workspace.write("bad.toml", own_profile("bad").replace("canon = \"py-json\"", "canon = \"py-jsn\""));
    let at = |name: &str| workspace.at(name).to_str().unwrap().to_owned();
    let run = |chain: &str| countersign(&["verify", log, "--chain", chain]);
    run(&at("mine.toml")).says(4, &["consistent", "16 of 16 records rest on their hash chain alone"]);
    run(&at("bad.toml")).refuses(&["py-jsn"]);
    run(&at("none.toml")).refuses(&["cannot read chain profile"]);
    run("agt-pyton-log")
        .refuses(&["no chain profile is named `agt-pyton-log`", "did you mean `agt-python-log`?"]);
    // Another format than the one that the records show is said, and not one of its records is taken.
    let ran = run("agt-rust");
    ran.says(3, &["look like `agt-python-log`, and `--chain` says `agt-rust`", "16 rejected"]);
    countersign(&["verify", log, "--chain", "agt-rust", "--source", "countersign"])
        .says(2, &["cannot be used with"]);
}

#[test]
fn our_own_format_may_be_named_as_well() {
    let folder = crate::support::sample("clean");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (log, trust) = (at("logs/gate-eu/gate-eu-2026-06.jsonl"), at("trust.toml"));
    let run = |more: &[&str]| countersign(&[&["verify", "--json", "--trust", &trust, &log], more].concat());
    let named = run(&["--chain", "countersign-log"]);
    assert_eq!((named.exit, &named.out, named.err.as_str()), (0, &run(&[]).out, ""));
}

#[test]
fn format_that_two_profiles_fit_is_asked_for() {
    // A workspace may hold a profile that fits the same records.
    let workspace = Workspace::empty();
    workspace.write("chains/mine.toml", own_profile("mine"));
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["verify", vector("agt-python-log/entries.jsonl").to_str().unwrap()])
        .env_clear()
        .current_dir(workspace.at(""))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    for text in
        ["the files fit 2 formats", "`agt-python-log` (", "`mine` (", "such as `--chain agt-python-log`"]
    {
        assert!(said.contains(text), "`{text}` is missing in {said}");
    }
    assert!(output.stdout.is_empty());
}

#[test]
fn damage_to_some_of_the_first_records_does_not_hide_the_format() {
    let lines: Vec<String> = read("signet/days/2026-07-01.jsonl").lines().map(str::to_owned).collect();
    let workspace = Workspace::empty();
    let write = |damaged: usize| {
        let text = lines.iter().zip(0..).map(|(line, at)| {
            if at < damaged { "{\"damaged\":true}\n".to_owned() } else { format!("{line}\n") }
        });
        workspace.write("a.jsonl", text.collect::<String>());
    };
    write(3);
    let ran = verify(&workspace, &["a.jsonl"], &["--json"]);
    assert!(
        ran.err.contains("read as `signet`") && ran.err.contains("5 of the first 8 records do"),
        "{}",
        ran.err
    );
    assert_eq!(ran.exit, 3, "{ran:#?}");
    write(4);
    verify(&workspace, &["a.jsonl"], &[])
        .says(4, &["is of no format that is recognised", "countersign chains list"]);
}

#[test]
fn input_that_is_no_log_is_never_more_than_not_verifiable() {
    let workspace = Workspace::empty();
    let whole = read("signet/days/2026-07-01.jsonl");
    let junk: Vec<u8> = (0..4096_u32).map(|n| u8::try_from((n * n / 7) % 256).unwrap()).collect();
    workspace.write("junk.bin", &junk);
    workspace.write("half.jsonl", &whole[..300]);
    workspace.write("empty.jsonl", "");
    workspace.write("blank.jsonl", "\n\n");
    workspace.write("list.json", "[]");
    for name in ["junk.bin", "half.jsonl", "list.json"] {
        let ran = verify(&workspace, &[name], &["--json"]);
        assert_eq!(judged(&ran), "4 not-verifiable none unknown 0 0 0 0 0", "{name}: {ran:#?}");
        assert_eq!(ran.kinds(), ["unrecognised-format"], "{name}");
        assert_eq!(ran.json()["logs"][0]["breaks"][0]["object"], name);
        let said = verify(&workspace, &[name], &[]);
        said.says(
            4,
            &[&format!("error: `{name}` is of no format that is recognised"), "help: name its chain profile"],
        );
    }
    for name in ["empty.jsonl", "blank.jsonl"] {
        let ran = verify(&workspace, &[name], &[]);
        assert!(ran.exit != 0 && !ran.out.contains("verified  "), "{name}: {ran:#?}");
    }
    verify(&workspace, &["empty.jsonl"], &["--chain", "signet"]).says(4, &["not-verifiable", "no record"]);
    verify(&workspace, &["none.jsonl"], &[]).says(2, &["none.jsonl"]);

    // A last record that was cut is set aside and named; the others are judged.
    workspace.write("torn.jsonl", format!("{whole}{}", &whole[..300]));
    let torn = verify(&workspace, &["torn.jsonl"], &["--json"]);
    assert!(torn.exit == 4 && torn.kinds().contains(&"torn-tail".to_owned()), "{torn:#?}");
    assert_eq!(torn.json()["logs"][0]["records"], 10);

    workspace.write("mixed/a.jsonl", &whole);
    workspace.write("mixed/b.jsonl", read("agt-python-sink/audit.jsonl"));
    verify(&workspace, &["mixed"], &[])
        .refuses(&["`a.jsonl` is of format `signet`", "`b.jsonl` of `agt-python-sink`"]);
}

#[test]
fn forged_logs_are_never_verified() {
    let workspace = Workspace::empty();
    workspace.write("trust.toml", pem_trust(&read("signet/signer.pub"), "signet"));
    let trust = workspace.at("trust.toml").to_str().unwrap().to_owned();
    for (folder, exit, kinds) in [
        ("forged-weak-key", 3, &["altered", "weak-key"][..]),
        ("forged-one-signed", 3, &["altered", "missing-signature"]),
        ("forged-stranger-inside", 4, &["unknown-key"]),
        ("resigned", 4, &["unknown-key"]),
    ] {
        let place = vector(&format!("signet/{folder}"));
        let ran = countersign(&[
            "verify",
            "--json",
            "--chain",
            "signet",
            "--log",
            "signet",
            "--trust",
            &trust,
            place.to_str().unwrap(),
        ]);
        let mut found = ran.kinds();
        found.sort();
        found.dedup();
        assert_eq!(
            (ran.exit, found),
            (exit, kinds.iter().map(|kind| (*kind).to_owned()).collect()),
            "{folder}: {ran:#?}"
        );
    }
}
