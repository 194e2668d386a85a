//! `countersign seal`, and what `verify --head` makes of its checkpoints, as processes.

use std::fs;

use countersign::report::model::TestOutcome;

use crate::support::{AS_OF, Ran, SignedLog, Workspace, countersign, head_of, result};

const LOG: &str = "logs/gate-eu/gate-eu-2026-06.jsonl";
const KEY: &str = "keys/seal.pem";

/// A log, the key that seals it, and a trust file with the keys of both.
struct Bench {
    workspace: Workspace,
    lines: Vec<String>,
}

impl Bench {
    fn new() -> Self {
        let workspace = Workspace::copy_of("clean");
        let bench =
            Self { lines: workspace.read(LOG).lines().map(|line| format!("{line}\n")).collect(), workspace };
        countersign(&["keys", "generate", "--out", &bench.at(KEY)]).says(0, &[]);
        bench.workspace.edit("trust.toml", |text| {
            format!("{text}\n[[key]]\nfile = \"{KEY}.pub\"\nowner = \"audit\"\npurpose = \"checkpoint\"\n")
        });
        bench
    }

    fn at(&self, path: &str) -> String {
        self.workspace.at(path).to_str().unwrap().to_owned()
    }

    /// Writes the first `count` lines as the log.
    fn cut(&self, count: usize) {
        self.workspace.write(LOG, self.lines[..count].concat());
    }

    fn seal(&self, more: &[&str]) -> Ran {
        self.seal_file(LOG, more)
    }

    fn seal_file(&self, file: &str, more: &[&str]) -> Ran {
        countersign(&[&["seal", &self.at(file), "--key", &self.at(KEY)], more].concat())
    }

    /// Returns the checkpoint, the seal, and the log.
    fn files(&self) -> [Option<Vec<u8>>; 3] {
        [format!("{LOG}.checkpoint"), format!("{LOG}.seal"), LOG.to_owned()]
            .map(|name| fs::read(self.workspace.at(&name)).ok())
    }

    /// Keeps a copy of the checkpoint, as an auditor would.
    fn keep(&self, name: &str) -> String {
        fs::copy(self.at(&format!("{LOG}.checkpoint")), self.at(name)).unwrap();
        self.at(name)
    }

    fn verify(&self, more: &[&str]) -> Ran {
        countersign(&[&["verify", &self.at(LOG), "--trust", &self.at("trust.toml")], more].concat())
    }

    /// Asserts that sealing ends with 3, says `what`, and leaves every file as it was.
    #[track_caller]
    fn refuses(&self, what: &str) {
        let before = self.files();
        for more in [&[][..], &["--full"]] {
            let ran = self.seal(more);
            ran.says(3, &[what, "nothing was sealed"]);
            assert!(ran.out.is_empty());
            assert!(before == self.files(), "{what}: a file was changed");
        }
    }
}

#[test]
fn seal_goes_on_where_it_ended_and_gives_the_checkpoint_of_a_whole_reading() {
    let bench = Bench::new();
    for count in [1, 2, 3, 100, 256, 257, 373, 374] {
        bench.cut(count);
        let ran = bench.seal(&[]);
        ran.says(0, &[]);
        assert!(ran.out.starts_with(&format!("gate-eu {count} ")), "{ran:#?}");
        let files = bench.files();
        fs::remove_file(bench.at(&format!("{LOG}.checkpoint"))).unwrap();
        fs::remove_file(bench.at(&format!("{LOG}.seal"))).unwrap();
        assert_eq!(bench.seal(&["--threads", "1"]).out, ran.out);
        assert!(files == bench.files(), "{count} lines: one reading and several differ");
        // A second time there is nothing to do, also when everything is read.
        bench.seal(&[]).says(0, &["stands as it was"]);
        bench.seal(&["--full"]).says(0, &["stands as it was"]);
        assert!(files == bench.files());
    }
    let head = bench.keep("all.checkpoint");
    bench
        .verify(&["--head", &head])
        .says(0, &["verified", "374 of 374", "pinned-anchored", "pinned-head", "signed by audit"]);
}

#[test]
fn what_append_adds_is_sealed_on() {
    let bench = Bench::new();
    bench.cut(374);
    fs::remove_file(bench.at(LOG)).unwrap();
    let append = |event: &str| {
        let script = format!("printf '%s\\n' '{event}' | \"$0\" append \"$1\" --key \"$2\" --log gate-eu");
        let program = env!("CARGO_BIN_EXE_countersign");
        let ran = std::process::Command::new("sh")
            .args(["-c", &script, program, &bench.at(LOG), &bench.at("keys/gate-eu-TEST-KEY.pem")])
            .output()
            .unwrap();
        assert!(ran.status.success(), "{ran:?}");
    };
    append("{\"kind\":\"heartbeat\"}");
    bench.seal(&[]).says(0, &[]);
    let first = bench.keep("first.checkpoint");
    append("{\"kind\":\"heartbeat\"}");
    append("{\"kind\":\"close\"}");
    bench.seal(&[]).says(0, &["of the lines sealed before"]);
    let second = bench.keep("second.checkpoint");
    bench.verify(&["--head", &first]).says(0, &["terminated"]);
    bench.verify(&["--head", &first, "--head", &second]).says(0, &["pinned-anchored", "pinned-head"]);
}

#[test]
fn cut_tail_is_found_with_a_checkpoint() {
    let bench = Bench::new();
    bench.cut(300);
    bench.seal(&[]).says(0, &[]);
    let head = bench.keep("kept.checkpoint");
    bench.cut(374);
    bench.verify(&["--head", &head]).says(0, &["verified"]);
    for count in [299, 250, 1] {
        bench.cut(count);
        let ran = bench.verify(&["--head", &head, "--json"]);
        assert_eq!((ran.exit, ran.kinds()), (3, vec!["truncated-tail".to_owned()]), "{count} lines");
        assert_ne!(ran.json()["logs"][0]["completeness"], "pinned-head");
        bench.verify(&[]).says(0, &["contiguous"]);
        bench.refuses("were sealed");
    }
}

#[test]
fn rewritten_line_under_a_new_chain_is_found_with_a_checkpoint() {
    let bench = Bench::new();
    bench.cut(374);
    bench.seal(&[]).says(0, &[]);
    let head = bench.keep("kept.checkpoint");
    let key = bench.workspace.read("keys/gate-eu-TEST-KEY.pem");
    let mut log = SignedLog::parse("gate-eu", &key, &bench.lines.concat());
    let event = &mut log.records[7].1;
    assert!(event.contains('{'));
    *event = event.replacen('{', "{\"changed\":1,", 1);
    bench.workspace.write(LOG, log.text());
    // Whoever holds the key of the records can do this, and nothing but the checkpoint shows it.
    bench.verify(&[]).says(0, &["verified"]);
    let ran = bench.verify(&["--head", &head, "--json"]);
    assert_eq!((ran.exit, ran.kinds()), (3, vec!["altered".to_owned()]));
    bench.refuses("is not sealed on");
}

#[test]
fn head_inside_the_log_covers_up_to_it() {
    let bench = Bench::new();
    bench.cut(300);
    bench.seal(&[]).says(0, &[]);
    let head = bench.keep("kept.checkpoint");
    bench.cut(374);
    for threads in ["1", "2"] {
        let ran = bench.verify(&["--head", &head, "--json", "--threads", threads]);
        let json = ran.says(0, &[]).json();
        let log = &json["logs"][0];
        // The lowest grade is that of the lines behind the checkpoint.
        assert_eq!(
            (log["integrity"].as_str(), log["completeness"].as_str()),
            (Some("pinned-signed"), Some("terminated"))
        );
    }
    // Without the closing record, the tail behind a checkpoint is not shown to be the last.
    bench.cut(373);
    bench.verify(&["--head", &head, "--require-complete"]).says(4, &["contiguous"]);
    // A head in words and a checkpoint may be brought together, and either is enough to find a cut.
    bench.workspace.write("own.head", head_of("gate-eu", 372, &bench.lines[372]));
    bench
        .verify(&["--head", &head, "--head", &bench.at("own.head"), "--require-complete"])
        .says(0, &["pinned-head"]);
}

#[test]
fn seal_refuses_each_break() {
    let bench = Bench::new();
    let sealed = |count: usize| {
        for name in [format!("{LOG}.checkpoint"), format!("{LOG}.seal")] {
            let _ = fs::remove_file(bench.workspace.at(&name));
        }
        bench.cut(count);
        bench.seal(&[]).says(0, &[]);
    };
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = bench.lines.clone();
        change(&mut lines);
        bench.workspace.write(LOG, lines.concat());
    };
    sealed(300);
    with(&|lines| lines.truncate(200));
    bench.refuses("is not sealed on");
    with(&|lines| drop(lines.remove(299)));
    bench.refuses("is not sealed on");
    with(&|lines| drop(lines.remove(320)));
    bench.refuses("line 321 does not link to the line before");
    with(&|lines| lines.swap(310, 311));
    bench.refuses("does not link");
    with(&|lines| lines.insert(310, lines[309].clone()));
    bench.refuses("does not link");
    with(&|lines| lines.push(lines[373].clone()));
    bench.refuses("line 375 follows a closing record");
    with(&|lines| lines[310] = lines[310].replacen('{', "{ ", 1));
    bench.refuses("line 311: ");
    with(&|lines| {
        lines[373].pop();
    });
    bench.refuses("without a line end, at line 374");
    with(&|lines| {
        let cut = lines[373].len() / 2;
        lines[373].truncate(cut);
    });
    bench.refuses("without a line end, at line 374");
    // A line that was sealed and is another now: the last one is compared each time, the others with `--full`.
    with(&|lines| lines[299] = lines[299].replacen("\"seq\":299", "\"seq\":298", 1));
    bench.refuses("is not sealed on");
    let before = bench.files();
    with(&|lines| lines[5] = lines[5].replacen("\"seq\":5", "\"seq\":6", 1));
    bench.seal(&["--full"]).says(3, &["nothing was sealed"]);
    assert!(before[..2] == bench.files()[..2]);
    // Keys: under a trust file, new records must be signed by the keys of the log.
    sealed(300);
    with(&|_| {});
    let key = bench.workspace.read(KEY);
    let own = SignedLog::parse("gate-eu", &key, &bench.lines.concat()).lines();
    fs::remove_file(bench.at(&format!("{LOG}.checkpoint"))).unwrap();
    fs::remove_file(bench.at(&format!("{LOG}.seal"))).unwrap();
    bench.workspace.write(LOG, own.concat());
    bench.seal(&["--trust", &bench.at("trust.toml")]).says(3, &["wrong-purpose-key", "nothing was sealed"]);
    bench.seal(&[]).says(0, &["this key signs the records too"]);
}

#[test]
fn seal_of_others_is_not_gone_on_from() {
    let bench = Bench::new();
    bench.cut(300);
    bench.seal(&[]).says(0, &[]);
    let checkpoint = format!("{LOG}.checkpoint");
    let good = bench.workspace.read(&checkpoint);
    bench.cut(374);
    // The hashes of the seal are nobody's word: they must have the root that was signed.
    let seal = format!("{LOG}.seal");
    let state = bench.workspace.read(&seal);
    let at = state.find("hashes\":[\"").unwrap() + 10;
    let other = if &state[at..=at] == "0" { "1" } else { "0" };
    bench.workspace.edit(&seal, |text| format!("{}{other}{}", &text[..at], &text[at + 1..]));
    bench.refuses("is not sealed on");
    bench.workspace.write(&seal, "{}");
    bench.refuses("is no seal");
    bench.workspace.write(&seal, &state);
    // Neither is a checkpoint that another key signed, or that was changed.
    bench.workspace.edit(&checkpoint, |text| text.replacen("300", "299", 1));
    bench.refuses("does not fit this key");
    bench.workspace.write(&checkpoint, &good);
    countersign(&["keys", "generate", "--out", &bench.at("keys/next.pem")]).says(0, &[]);
    let next = |more: &[&str]| {
        countersign(&[&["seal", &bench.at(LOG), "--key", &bench.at("keys/next.pem")], more].concat())
    };
    next(&[]).refuses(&["neither this key nor a trusted one", "--trust"]);
    next(&["--trust", &bench.at("trust.toml")]).says(0, &["gate-eu 374 "]);
    bench.workspace.edit(&checkpoint, |_| "no note".to_owned());
    bench.seal(&[]).refuses(&["is no checkpoint", "expected a signed note"]);
    fs::remove_file(bench.at(&checkpoint)).unwrap();
    bench.seal(&[]).refuses(&["its checkpoint", "is not there", "bring the checkpoint back"]);
}

/// A kill leaves one of these states; each is gone on from, and to the same files.
#[test]
fn kill_between_the_writes_leaves_the_old_or_the_new_checkpoint() {
    let bench = Bench::new();
    bench.cut(300);
    bench.seal(&[]).says(0, &[]);
    let old = bench.files();
    bench.cut(374);
    bench.seal(&[]).says(0, &[]);
    let new = bench.files();
    let restore = |checkpoint: &Option<Vec<u8>>, seal: &Option<Vec<u8>>| {
        bench.workspace.write(&format!("{LOG}.checkpoint"), checkpoint.as_ref().unwrap());
        bench.workspace.write(&format!("{LOG}.seal"), seal.as_ref().unwrap());
        bench.seal(&[]).says(0, &["gate-eu 374 "]);
        assert!(bench.files() == new);
    };
    restore(&new[0], &old[1]);
    restore(&old[0], &old[1]);
    // This one no kill leaves, but somebody who puts an old checkpoint back does.
    restore(&old[0], &new[1]);
    bench.workspace.write(&format!("{LOG}.checkpoint.part"), "half a");
    bench.workspace.write(&format!("{LOG}.seal.part"), "half a");
    restore(&old[0], &old[1]);
    // The first seal, killed between its writes.
    fs::remove_file(bench.at(&format!("{LOG}.seal"))).unwrap();
    bench.seal(&[]).says(0, &[]);
    assert!(bench.files() == new);
}

#[test]
fn any_file_of_lines_is_sealed_and_verified() {
    let bench = Bench::new();
    let file = "export.log";
    let lines = ["first line\r", "", "\u{fffd} third", "{\"id\":4}"];
    let text = |count: usize| lines[..count].iter().map(|line| format!("{line}\n")).collect::<String>();
    let verify = |more: &[&str]| {
        countersign(
            &[&["verify", &bench.at(file), "--head", &bench.at("export.log.checkpoint")], more].concat(),
        )
    };
    bench.workspace.write(file, text(3));
    bench.seal_file(file, &[]).refuses(&["do not say which log", "--log NAME"]);
    bench.seal_file(file, &["--log", "export"]).says(0, &["export 3 "]);
    verify(&[]).says(0, &["verified", "export", "3 of 3", "head-anchored", "pinned-head"]);
    bench.workspace.write(file, text(4));
    let json = verify(&["--json"]).says(4, &["seal the log again"]).json();
    assert_eq!(
        (json["logs"][0]["covered"].as_u64(), json["logs"][0]["records"].as_u64()),
        (Some(3), Some(4))
    );
    bench.workspace.write(file, text(2));
    assert_eq!(
        (verify(&["--json"]).exit, verify(&["--json"]).kinds()),
        (3, vec!["truncated-tail".to_owned()])
    );
    bench.workspace.write(file, text(3).replace("first", "other"));
    assert_eq!((verify(&["--json"]).exit, verify(&["--json"]).kinds()), (3, vec!["altered".to_owned()]));
    // A blank line, a CR, and a line end are bytes like any other.
    bench.workspace.write(file, text(3).replace("\r\n\n", "\n\n"));
    verify(&[]).says(3, &["altered"]);
    bench.workspace.write(file, text(3).trim_end());
    verify(&[]).says(3, &["truncated-tail"]);
    bench.workspace.write(file, text(3));
    verify(&["--log", "other"]).says(2, &["checkpoint of `export`", "matches no log"]);
}

#[test]
fn sealed_export_of_a_product_without_a_mechanism_is_verified_in_a_workspace() {
    let workspace = Workspace::copy_of("clean");
    let file = fs::read_dir(workspace.at("exports/hoop")).unwrap().next().unwrap().unwrap().path();
    let key = workspace.at("k.pem");
    let checkpoint = workspace.at("hoop.checkpoint");
    countersign(&["keys", "generate", "--out", key.to_str().unwrap()]).says(0, &[]);
    let seal = [
        "seal",
        file.to_str().unwrap(),
        "--key",
        key.to_str().unwrap(),
        "--log",
        "hoop",
        "--checkpoint",
        checkpoint.to_str().unwrap(),
    ];
    countersign(&seal).says(0, &["hoop 68 "]);
    fs::remove_file(file.with_extension("jsonl.seal")).unwrap();
    let log = |workspace: &Workspace| {
        let (_, check) = workspace.check();
        check.logs.into_iter().find(|log| log.log == "hoop").unwrap()
    };
    assert_eq!(log(&workspace).verdict.word(), "not-verifiable");
    let before = workspace.run("check", &[]).exit;
    workspace.edit("countersign.toml", |text| {
        text.replacen(
            "id        = \"hoop\"",
            "id        = \"hoop\"\nhead = \"hoop.checkpoint\"\nrequire = \"head-anchored\"",
            1,
        )
    });
    let sealed = log(&workspace);
    assert_eq!(
        (sealed.verdict.word(), sealed.covered, sealed.integrity.word()),
        ("verified", 68, "head-anchored")
    );
    assert_eq!((sealed.completeness.word(), sealed.uncovered_fields.len()), ("pinned-head", 0));
    assert_eq!(workspace.run("check", &[]).exit, before);

    // The checkpoint travels in the pack, and the pack comes out again from its own files.
    let pack = workspace.at("pack");
    workspace.run("report", &["--out", pack.to_str().unwrap()]).says(0, &[]);
    let verified = countersign(&["verify", pack.to_str().unwrap(), "--json"]).json();
    assert_eq!(verified["pack"]["derivation"], "same");
    let lowered = verified["pack"]["lowered"].to_string();
    assert!(lowered.contains("`hoop` is not-verifiable, reported verified"), "{lowered}");
    let verified =
        countersign(&["verify", pack.to_str().unwrap(), "--head", checkpoint.to_str().unwrap(), "--json"])
            .json();
    assert!(!verified["pack"]["lowered"].to_string().contains("hoop"), "{verified}");

    // A row that was changed, and one that is gone: nothing that rests on the source says more than `unable to test`.
    let text = fs::read_to_string(&file).unwrap();
    for (changed, kind) in [
        (text.replacen("\"", "\" ", 1).replacen("\" ", "\"", 1).replacen(',', ", ", 1), "altered"),
        (text.split_inclusive('\n').skip(1).collect(), "truncated-tail"),
    ] {
        assert_ne!(changed, text);
        fs::write(&file, changed).unwrap();
        let (exit, check) = workspace.check();
        let log = check.logs.iter().find(|log| log.log == "hoop").unwrap();
        assert_eq!((exit, log.verdict.word(), log.breaks[0].kind.word()), (3, "altered", kind), "{log:#?}");
        assert!(
            check.holes.iter().any(|hole| hole.source == "hoop" && hole.kind.word() == kind),
            "{:#?}",
            check.holes
        );
        assert_eq!(result(&check, "AUTHZ-02").result, TestOutcome::UnableToTest);
    }
    assert!(workspace.run("check", &["--as-of", AS_OF]).exit == 3);
}

#[test]
fn checkpoint_that_cannot_be_believed_is_refused() {
    let bench = Bench::new();
    bench.cut(374);
    bench.seal(&[]).says(0, &[]);
    let head = bench.keep("kept.checkpoint");
    // A trusted key is named, and the text is another: nobody's head.
    bench.workspace.edit("kept.checkpoint", |text| text.replacen("374", "373", 1));
    bench.verify(&["--head", &head]).refuses(&["checkpoint `", "does not fit the trusted key"]);
    // Without that key it is a head that the verifier brought, and another root than the log's.
    countersign(&["verify", &bench.at(LOG), "--head", &head]).says(3, &["no key that you trust", "altered"]);
    bench.workspace.write("kept.checkpoint", "gate-eu\n0374\n\n— a b\n");
    bench.verify(&["--head", &head]).refuses(&["checkpoint `"]);
    // One log, one size, two roots.
    bench.keep("kept.checkpoint");
    let other = Bench::new();
    let key = other.workspace.read("keys/gate-eu-TEST-KEY.pem");
    let mut log = SignedLog::parse("gate-eu", &key, &other.lines.concat());
    log.records[3].1 = log.records[3].1.replacen('{', "{\"changed\":1,", 1);
    other.workspace.write(LOG, log.text());
    other.seal(&[]).says(0, &[]);
    let forked = other.keep("fork.checkpoint");
    let ran = bench.verify(&["--head", &head, "--head", &forked, "--json"]);
    assert_eq!((ran.exit, ran.kinds()), (3, vec!["altered".to_owned(), "fork".to_owned()]));
}

#[test]
fn empty_log_has_the_empty_root_and_covers_nothing() {
    let bench = Bench::new();
    bench.workspace.write("empty.jsonl", "");
    bench
        .seal_file("empty.jsonl", &["--log", "gate-eu"])
        .says(0, &["gate-eu 0 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]);
    let head = bench.at("empty.jsonl.checkpoint");
    countersign(&["verify", &bench.at("empty.jsonl"), "--head", &head, "--log", "gate-eu"])
        .says(4, &["not-verifiable"]);
    // A checkpoint over nothing lifts nothing.
    bench.cut(374);
    bench.verify(&["--head", &head]).says(0, &["pinned-signed", "terminated"]);
    bench.workspace.write("empty.jsonl", bench.lines.concat());
    bench.seal_file("empty.jsonl", &[]).says(0, &["gate-eu 374 "]);
    bench.seal_file("no/such.jsonl", &[]).says(5, &["cannot read"]);
}
