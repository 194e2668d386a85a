use std::thread;

use super::*;
use crate::integrity::countersign_log::LogLine;

struct Bench {
    folder: tempfile::TempDir,
    key: SigningKey,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), key: SigningKey::from_bytes(&[7; 32]) }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("gate.jsonl")
    }

    fn append(&self, events: &str) -> Result<Appended, AppendError> {
        self.append_as(events, &self.key, false, 1_000)
    }

    fn append_as(
        &self,
        events: &str,
        key: &SigningKey,
        recover: bool,
        now: i64,
    ) -> Result<Appended, AppendError> {
        let batch = Batch::parse(events.as_bytes())?;
        let now = Moment::from_ms(now);
        Append { path: &self.path(), key, log: Some("gate"), after: None, recover, now }.run(&batch)
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(self.path()).unwrap().lines().map(str::to_owned).collect()
    }

    fn write(&self, bytes: &[u8]) {
        fs::write(self.path(), bytes).unwrap();
    }

    fn read(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap()
    }
}

#[test]
fn batches_go_on_where_the_last_one_ended() {
    let bench = Bench::new();
    let first = bench.append("{\"kind\":\"request\"}\n{\"kind\":\"decision\"}\n").unwrap();
    assert_eq!((first.head.seq, bench.lines().len()), (1, 2));
    let second = bench.append(" {\"kind\":\"heartbeat\"}\r\n\n").unwrap();
    assert_eq!(second.head.seq, 2);
    let lines = bench.lines();
    let parsed: Vec<_> = lines.iter().map(|line| LogLine::parse(line.as_bytes()).unwrap()).collect();
    assert_eq!(parsed[0].prev, Digest::ZERO);
    assert_eq!(parsed[2].prev, first.head.digest);
    assert_eq!(second.head.digest, Digest::of(lines[2].as_bytes()));
}

#[test]
fn time_never_falls() {
    let bench = Bench::new();
    bench.append_as("{}", &bench.key, false, 5_000).unwrap();
    bench.append_as("{}", &bench.key, false, 2_000).unwrap();
    let lines = bench.lines();
    assert_eq!(LogLine::parse(lines[1].as_bytes()).unwrap().time, Moment::from_ms(5_000));
}

#[test]
fn a_batch_with_one_bad_event_leaves_the_log_alone() {
    let bench = Bench::new();
    bench.append("{}").unwrap();
    let before = bench.read();
    for (events, number) in [
        ("{}\n{\"a\":1,\"a\":2}\n", 2),
        ("{\"n\":1e999}", 1),
        ("{}\n\n[]", 3),
        ("{\"kind\":\"close\"}\n{}", 2),
        (&format!("{{\"x\":\"{}\"}}", "y".repeat(MAX_LINE)), 1),
    ] {
        match bench.append(events) {
            Err(error @ AppendError::Event { .. }) => {
                assert_eq!(error.exit(), Exit::Usage);
                assert!(error.to_string().starts_with(&format!("event {number}: ")), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(bench.read(), before);
    assert!(matches!(Batch::parse(b"{}\n\xff"), Err(AppendError::Event { number: 2, .. })));
}

#[test]
fn a_new_log_needs_a_name_and_an_event() {
    let bench = Bench::new();
    let append = |log, events: &str| {
        let now = Moment::from_ms(0);
        Append { path: &bench.path(), key: &bench.key, log, after: None, recover: false, now }
            .run(&Batch::parse(events.as_bytes()).unwrap())
    };
    assert!(matches!(append(None, "{}"), Err(AppendError::NoName { .. })));
    assert!(matches!(append(Some("Gate"), "{}"), Err(AppendError::BadName(_))));
    assert!(matches!(append(Some("gate"), ""), Err(AppendError::NoEvents)));
    assert!(append(Some("gate"), "{}").is_ok());
    assert!(matches!(append(Some("other"), "{}"), Err(AppendError::OtherLog { .. })));
    assert_eq!(append(None, "").unwrap().head.seq, 0);
    assert_eq!(bench.lines().len(), 1);
}

#[test]
fn a_rotated_file_goes_on_from_the_head_of_the_last_one() {
    let bench = Bench::new();
    let head = bench.append("{}\n{}").unwrap().head;
    let next = bench.folder.path().join("gate-2.jsonl");
    let append = |path: &Path| {
        let now = Moment::from_ms(2_000);
        Append { path, key: &bench.key, log: None, after: Some(&head), recover: false, now }
            .run(&Batch::parse(b"{}").unwrap())
    };
    assert_eq!(append(&next).unwrap().head.seq, 2);
    let text = fs::read_to_string(&next).unwrap();
    assert_eq!(LogLine::parse(text.trim_end().as_bytes()).unwrap().prev, head.digest);
    assert!(matches!(append(&next), Err(AppendError::NotNew { .. })));
}

#[test]
fn a_closed_or_broken_log_is_refused() {
    let bench = Bench::new();
    bench.append("{\"id\":\"R-1\"}\n{}\n{}").unwrap();
    let good = bench.read();
    let refused = |bytes: &[u8]| {
        bench.write(bytes);
        let error = bench.append("{}").unwrap_err();
        assert_eq!((error.exit(), bench.read()), (Exit::Altered, bytes.to_vec()), "{error}");
        error.to_string()
    };
    let text = String::from_utf8(good.clone()).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    assert!(refused(text.replace("R-1", "R-2").as_bytes()).contains("line 2 does not link"));
    assert!(refused([lines[0], lines[2]].concat().as_bytes()).contains("line 2 does not link"));
    assert!(refused(text.replacen('\n', "\r\n", 1).as_bytes()).contains("line 1: line ends in CR LF"));
    assert!(refused(format!("{}{}x\n", lines[0], lines[1]).as_bytes()).contains("line 3: "));
    assert!(refused(format!("{text}junk").as_bytes()).contains("no cut record"));
    let last = lines[2].replace("\"event\":{}", "\"event\":{ }");
    assert!(refused([lines[0], lines[1], &last].concat().as_bytes()).contains("the signature does not fit"));
    bench.write(&good);
    bench.append("{\"kind\":\"close\"}").unwrap();
    assert!(refused(&bench.read()).contains("is closed"));
}

#[test]
fn another_key_may_go_on_and_says_what_it_could_not_check() {
    let bench = Bench::new();
    bench.append("{}").unwrap();
    let other = SigningKey::from_bytes(&[8; 32]);
    let appended = bench.append_as("{}", &other, false, 1_000).unwrap();
    assert_eq!(appended.unchecked_key, Some(PublicKey::of_signing_key(&bench.key).unwrap().id()));
    assert_eq!(bench.append_as("{}", &other, false, 1_000).unwrap().unchecked_key, None);
}

#[test]
fn a_torn_tail_is_refused_and_recovered_wherever_it_was_cut() {
    let bench = Bench::new();
    bench.append("{\"kind\":\"request\"}").unwrap();
    let one = bench.read();
    bench.append("{\"kind\":\"decision\"}").unwrap();
    let two = bench.read();
    for cut in one.len() + 1..two.len() {
        let torn_file = bench.folder.path().join("gate.jsonl.torn-1");
        let _ = fs::remove_file(&torn_file);
        bench.write(&two[..cut]);
        let error = bench.append("{}").unwrap_err();
        assert!(matches!(error, AppendError::Torn { line: 2, .. }), "{error}");
        let appended = bench.append_as("{}", &bench.key, true, 2_000).unwrap();
        assert_eq!((appended.head.seq, appended.recovered.as_deref()), (2, Some(torn_file.as_path())));
        assert_eq!(fs::read(&torn_file).unwrap(), &two[one.len()..cut]);
        let lines = bench.lines();
        let digest = Digest::of(&two[one.len()..cut]);
        let event =
            format!("{{\"kind\":\"recovered\",\"length\":{},\"digest\":\"{digest}\"}}", cut - one.len());
        assert!(lines[1].contains(&event), "{}", lines[1]);
        assert!(bench.append("{}").is_ok());
    }
}

#[test]
fn a_recovery_that_was_killed_is_finished_by_the_next() {
    let bench = Bench::new();
    bench.append("{}").unwrap();
    let one = bench.read();
    let torn = br#"{"v":"countersign-log/1","log":"ga"#;
    let file = bench.folder.path().join("gate.jsonl.torn-1");
    // Killed after the bytes were copied, before they were cut from the log.
    fs::write(&file, torn).unwrap();
    bench.write(&[&one[..], torn].concat());
    assert!(bench.append_as("", &bench.key, true, 1_000).is_ok());
    assert_eq!(bench.lines().len(), 2);
    // Killed after they were cut, before the record was written.
    bench.write(&one);
    assert!(matches!(bench.append("{}"), Err(AppendError::Pending { .. })));
    assert_eq!(bench.read(), one);
    assert_eq!(bench.append_as("", &bench.key, true, 1_000).unwrap().head.seq, 1);
    assert!(bench.lines()[1].contains(&Digest::of(torn).to_string()));
    // Something else lies in the way.
    bench.write(&[&one[..], torn].concat());
    fs::write(&file, "other").unwrap();
    assert!(matches!(bench.append_as("", &bench.key, true, 1_000), Err(AppendError::Occupied { .. })));
}

#[test]
fn writers_at_once_take_turns() {
    let bench = Bench::new();
    thread::scope(|scope| {
        for writer in 0..4 {
            let bench = &bench;
            scope.spawn(move || {
                for n in 0..10 {
                    bench.append(&format!("{{\"id\":\"{writer}-{n}\"}}")).unwrap();
                }
            });
        }
    });
    let appended = bench.append("").unwrap();
    assert_eq!((appended.head.seq, bench.lines().len()), (39, 40));
}
