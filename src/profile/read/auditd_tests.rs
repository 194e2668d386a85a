//! Tests of the reader of the audit daemon's log: every line is in one event or is counted, wherever it stands.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Found, Unusable, auditd};
use crate::digest::Digest;
use crate::integrity::verdict::BreakKind;

/// What an object holds: events as JSON with offset, line, and length; and lines that belong to none.
#[derive(Debug, Default)]
struct Parts {
    events: Vec<(Value, u64, u64, u64)>,
    others: Vec<(Option<BreakKind>, u64)>,
}

fn read(text: &str) -> Parts {
    let mut parts = Parts::default();
    auditd::read(text, &mut |found: Found<'_>| match found {
        Ok(record) => {
            assert_eq!(record.index, parts.events.len() as u64);
            let value = serde_json::from_str(record.text).unwrap();
            parts.events.push((value, record.offset, record.line, record.length));
        }
        Err(Unusable { line, kind, .. }) => parts.others.push((kind, line)),
    });
    parts
}

fn line(id: u32, kind: &str, rest: &str) -> String {
    format!("type={kind} msg=audit(1783332001.120:{id}): {rest}\n")
}

#[test]
fn lines_of_one_event_are_one_record_also_where_those_of_others_lie_between() {
    let text = [
        line(1, "SYSCALL", "arch=c000003e success=yes auid=1000"),
        line(2, "SYSCALL", "arch=c000003e success=no auid=1001"),
        line(1, "EXECVE", "argc=2 a0=\"ls\" a1=2D6C"),
        line(2, "PROCTITLE", "proctitle=636174002F78"),
        line(1, "EOE", ""),
    ];
    let parts = read(&text.concat());
    let ids: Vec<&str> = parts.events.iter().map(|(event, ..)| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["1783332001.120:1", "1783332001.120:2"]);
    let (first, offset, at, length) = &parts.events[0];
    assert_eq!((*offset, *at), (0, 1));
    let own = [&text[0], &text[2], &text[4]].map(|line| line.trim_end_matches('\n')).join("\n");
    assert_eq!(*length, own.len() as u64);
    assert_eq!((&first["argv"], &first["argv_state"]), (&json!(["ls", "-l"]), &json!("full")));
    assert_eq!((&first["types"], &first["lines"]), (&json!(["SYSCALL", "EXECVE", "EOE"]), &json!(3)));
    let (second, offset, at, _) = &parts.events[1];
    assert_eq!((*offset, *at), (text[0].len() as u64, 2));
    assert_eq!(second["PROCTITLE"]["proctitle"], "cat /x");
    assert_eq!((&second["SYSCALL"]["auid"], &second["whole"]), (&json!("1001"), &json!(true)));
}

#[test]
fn the_digest_is_that_of_the_event_s_own_lines() {
    let text = [line(1, "SYSCALL", "a=1"), line(2, "CWD", "x=1"), line(1, "EOE", "")].concat();
    let mut digests = Vec::new();
    auditd::read(&text, &mut |found| digests.push(found.unwrap().digest));
    let lines: Vec<&str> = text.lines().collect();
    let own = [lines[0], lines[2]].join("\n");
    assert_eq!(digests, [Digest::of(own.as_bytes()), Digest::of(lines[1].as_bytes())]);
}

#[test]
fn another_host_is_another_event() {
    let text =
        "node=a type=USER_CMD msg=audit(1.0:1): auid=1\nnode=b type=USER_CMD msg=audit(1.0:1): auid=2\n";
    let parts = read(text);
    let found: Vec<_> =
        parts.events.iter().map(|(event, ..)| (&event["node"], &event["USER_CMD"]["auid"])).collect();
    assert_eq!(found, [(&json!("a"), &json!("1")), (&json!("b"), &json!("2"))]);
}

#[test]
fn texts_that_somebody_else_chose_are_read_as_they_were_written() {
    let said = |rest: &str| read(&line(1, "USER_CMD", rest)).events[0].0["USER_CMD"].clone();
    let message = said("pid=1 auid=1000 msg='cwd=\"/\" cmd=6C73202D6C res=success'");
    assert_eq!(message["msg"], json!({"cwd": "/", "cmd": "ls -l", "res": "success"}));
    // A quote does not end the message, an escaped look does not decode, and a text in quotes is no hex.
    assert_eq!(said("msg='cmd=\"it's\" res=failed'")["msg"], json!({"cmd": "it's", "res": "failed"}));
    assert_eq!(said("msg='cmd=\"6C73\" res=1'")["msg"]["cmd"], "6C73");
    // What is not chosen by others stays: a number of an even count of digits is no hex.
    assert_eq!(said("pid=1234 old=8192 inode=4194433")["old"], "8192");
    assert_eq!(
        (&said("key=(null) exe=?")["key"], &said("key=(null) exe=?")["exe"]),
        (&Value::Null, &Value::Null)
    );
    // Bytes that are no text are left out and named; another value would be a guess.
    let broken = said("exe=FF6162 comm=\"x\"");
    assert_eq!((broken.get("exe"), &broken["undecodable"]), (None, &json!(["exe"])));
    // A name that stands twice is no one value.
    assert_eq!(said("uid=1 uid=0")["uid"], json!(["1", "0"]));
}

#[test]
fn what_the_daemon_knows_stands_beside_what_the_kernel_said() {
    let text = line(
        1,
        "SYSCALL",
        "auid=1000 comm=\"x\"\u{1d}AUID=\"dana\" SYSCALL=execve SADDR={ fam=inet port=22 }",
    );
    let said = &read(&text).events[0].0["SYSCALL"];
    assert_eq!(said["auid"], "1000");
    assert_eq!(
        said["enriched"],
        json!({"AUID": "dana", "SYSCALL": "execve", "SADDR": "{ fam=inet port=22 }"})
    );
    // Nobody but the daemon writes the byte: a program's text that holds it would be in hex.
    assert!(said.get("SYSCALL").is_none());
}

#[test]
fn arguments_are_all_there_or_none() {
    let argv = |lines: &[&str]| {
        let text: String = lines.iter().map(|rest| line(1, "EXECVE", rest)).collect();
        let event = read(&text).events.remove(0).0;
        (event["argv_state"].as_str().unwrap().to_owned(), event["argv"].clone())
    };
    let full = |words: Value| ("full".to_owned(), words);
    let none = |state: &str| (state.to_owned(), Value::Null);
    assert_eq!(argv(&["argc=2 a0=\"rm\" a1=6120 "]), full(json!(["rm", "a "])));
    assert_eq!(argv(&["argc=0"]), full(json!([])));
    assert_eq!(argv(&["argc=2 a0=\"e\" a1_len=4 a1[0]=\"ab\"", "a1[1]=\"cd\""]), full(json!(["e", "abcd"])));
    // In hex the length counts digits or bytes, and a letter may be cut in the middle.
    assert_eq!(argv(&["argc=1 a0_len=4 a0[0]=C3 a0[1]=A9"]), full(json!(["é"])));
    assert_eq!(argv(&["argc=1 a0_len=2 a0[0]=C3 a0[1]=A9"]), full(json!(["é"])));
    for lines in [
        &["argc=2 a0=\"rm\""][..],
        &["a0=\"rm\""],
        &["argc=1 a0=\"rm\"", "argc=2 a1=\"x\""],
        &["argc=1 a0=\"rm\" a0=\"ls\""],
        &["argc=1 a0_len=4 a0[0]=\"ab\""],
        &["argc=1 a0[1]=\"ab\""],
        &["argc=many a0=\"rm\""],
        &["argc=99999999 a0=\"rm\""],
    ] {
        assert_eq!(argv(lines), none("missing"), "{lines:?}");
    }
    assert_eq!(argv(&["argc=1 a0=FF"]), none("undecodable"));
}

#[test]
fn what_is_no_line_of_the_daemon_is_counted() {
    let event = line(1, "USER_CMD", "auid=1");
    let text = [
        &event,
        "\n",
        "Jul 6 db1 hello\n",
        "type=user msg=audit(1.0:1): x=1\n",
        "type= msg=audit(1.0:1): x=1\n",
        "type=CWD msg=audit(1:1): x=1\n",
        "type=CWD msg=audit(1.0:x): x=1\n",
        "type=CWD msg=other(1.0:1): x=1\n",
        &event[..20],
    ]
    .concat();
    let parts = read(&text);
    assert_eq!(parts.events.len(), 1);
    let malformed = |line| (Some(BreakKind::Malformed), line);
    let mut expected = vec![(None, 2)];
    expected.extend((3..9).map(malformed));
    expected.push((Some(BreakKind::TornTail), 9));
    assert_eq!(parts.others, expected);
    // The same line once more says nothing more; another of the same kind makes it two.
    let twice = read(&[event.as_str(), &event].concat()).events.remove(0).0;
    assert_eq!((&twice["USER_CMD"]["auid"], &twice["lines"]), (&json!("1"), &json!(2)));
    let other = read(&[event.as_str(), &line(1, "USER_CMD", "auid=2")].concat()).events.remove(0).0;
    assert!(other["USER_CMD"].is_array());
}

proptest! {
    #[test]
    fn every_line_is_in_one_event_or_counted(
        lines in proptest::collection::vec((0_u32..6, 0_usize..6, "[ -~\u{1d}é]{0,20}"), 0..40),
        torn in any::<bool>(),
    ) {
        let kinds = ["SYSCALL", "EXECVE", "CWD", "EOE", "lower", ""];
        let mut text: String = lines
            .iter()
            .map(|(id, kind, rest)| match kinds[*kind] {
                "" => format!("{rest}\n"),
                kind => line(*id, kind, rest),
            })
            .collect();
        if torn {
            text.pop();
        }
        let parts = read(&text);
        let within: u64 = parts.events.iter().map(|(event, ..)| event["lines"].as_u64().unwrap()).sum();
        prop_assert_eq!(within + parts.others.len() as u64, text.lines().count() as u64);
        let mut seen = BTreeMap::new();
        for (event, _, at, _) in &parts.events {
            prop_assert!(seen.insert((event["node"].to_string(), event["id"].to_string()), at).is_none());
        }
    }
}
