//! Tests of the readers: every part of an object is a record or is counted, at its own place.

use std::io::Write as _;

use crate::digest::Digest;
use crate::integrity::verdict::BreakKind;
use crate::profile::Profile;

const HEAD: &str = "schema = \"countersign/source-profile/1\"\nname = \"test\"\nversion = \"1\"\nproduct = \"Test\"\n\
    basis = \"documentation\"\nintegrity = \"none\"\nabsent = []\nmatch = \"all\"\n";
const RULE: &str = "\n[[rule]]\nid = \"r\"\nemit = \"notification\"\nwhen = { \"/x\" = { exists = true } }\n";

fn try_profile(read: &str) -> Result<Profile, String> {
    Profile::parse("profile.toml", &format!("{HEAD}[read]\n{read}{RULE}")).map_err(|error| error.to_string())
}

/// A record's text, offset, line and index; or the kind and the first words of what is none.
type Part = Result<(String, u64, u64, u64), (Option<BreakKind>, u64, String)>;

/// Reads `text`, and asserts that a record's digest and length are those of its own bytes in it.
fn read(read: &str, name: &str, text: &str) -> Result<Vec<Part>, String> {
    let profile = try_profile(read).unwrap();
    let mut parts = Vec::new();
    profile.object(name, text, &mut |found| {
        parts.push(match found {
            Ok(record) => {
                let from = usize::try_from(record.offset).unwrap();
                let own = &text[from..from + usize::try_from(record.length).unwrap()];
                assert_eq!(record.digest, Digest::of(own.as_bytes()), "{own}");
                assert_eq!(text[..from].matches('\n').count() as u64 + 1, record.line, "{own}");
                Ok((record.text.to_owned(), record.offset, record.line, record.index))
            }
            Err(unusable) => Err((unusable.kind, unusable.line, unusable.detail)),
        });
    })?;
    Ok(parts)
}

fn texts(parts: &[Part]) -> Vec<&str> {
    parts
        .iter()
        .map(|part| part.as_ref().map_or_else(|(.., what)| what.as_str(), |(text, ..)| text))
        .collect()
}

#[test]
fn a_table_is_one_object_per_row() {
    let text = "a,b\r\n1,\"two, \"\"quoted\"\"\"\r\n\r\n\"x\ny\",\n";
    let parts = read("framing = \"csv\"", "t.csv", text).unwrap();
    assert_eq!(texts(&parts), [r#"{"a":"1","b":"two, \"quoted\""}"#, r#"{"a":"x\ny","b":""}"#]);
    assert_eq!(parts[1].as_ref().unwrap().2, 4, "a row's place is its first line");
    let parts =
        read("framing = \"csv\"\ndelimiter = \";\"\nheader = [\"p\", \"q\"]", "t", "1;2\n3;4").unwrap();
    assert_eq!(texts(&parts), [r#"{"p":"1","q":"2"}"#, r#"{"p":"3","q":"4"}"#]);
}

#[test]
fn rows_that_say_less_or_more_are_counted_and_swallow_nothing() {
    let parts = read("framing = \"csv\"", "t.csv", "a,b\n1\n1,2,3\n1,\"2\"x\n4,5\nz,\"open\n6,7\n").unwrap();
    let kinds: Vec<bool> = parts.iter().map(Result::is_ok).collect();
    assert_eq!(kinds, [false, false, false, true, false], "{parts:?}");
    assert!(texts(&parts)[2].contains("quote inside a field"), "{parts:?}");
    assert!(
        parts.iter().filter_map(|part| part.as_ref().err()).all(|part| part.0 == Some(BreakKind::Malformed))
    );
    assert!(read("framing = \"csv\"", "t", "a,a\n1,2\n").unwrap_err().contains("twice"));
    assert!(read("framing = \"csv\"", "t", "").unwrap_err().contains("names of its fields"));
}

#[test]
fn values_one_after_another_are_records_until_one_is_damaged() {
    let text = "{\"x\":1}\n\n{\n \"x\": 2\n} {\"x\":3}";
    let parts = read("framing = \"stream\"", "t", text).unwrap();
    assert_eq!(texts(&parts), ["{\"x\":1}", "{\n \"x\": 2\n}", "{\"x\":3}"]);
    let lines: Vec<u64> = parts.iter().map(|part| part.as_ref().unwrap().2).collect();
    assert_eq!(lines, [1, 3, 5]);
    let torn = read("framing = \"stream\"", "t", "{\"x\":1}\n{\"x\":").unwrap();
    assert_eq!(torn[1].as_ref().unwrap_err().0, Some(BreakKind::TornTail));
    let broken = read("framing = \"stream\"", "t", "{\"x\":1}\n}\n{\"x\":2}").unwrap();
    assert_eq!((broken.len(), broken[1].as_ref().unwrap_err().0), (2, Some(BreakKind::Malformed)));
}

#[test]
fn members_that_repeat_are_records_of_their_own() {
    let text = "{\n\"accept\": {\"argv\": [\"argv\": \"a:b\", \"argv\": \"c\"], \"n\": 1},\n\"accept\": {\"t\": \"}\\\"\"}\n,\"reject\": []}\n{\"exit\":{}}";
    let parts = read("framing = \"members\"", "t", text).unwrap();
    assert_eq!(
        texts(&parts),
        [
            r#"{"accept":{"argv":["a:b","c"],"n":1}}"#,
            r#"{"accept":{"t":"}\""}}"#,
            r#"{"reject":[]}"#,
            r#"{"exit":{}}"#
        ]
    );
    for (torn, kind) in [
        ("{\"a\":{}", BreakKind::TornTail),
        ("{\"a\":{\"b\"", BreakKind::TornTail),
        ("[1]", BreakKind::Malformed),
        ("{\"a\":{} \"b\" 1}", BreakKind::Malformed),
        ("{\"a\":[1 2]}", BreakKind::Malformed),
    ] {
        let parts = read("framing = \"members\"", "t", torn).unwrap();
        assert_eq!(parts.last().unwrap().as_ref().unwrap_err().0, Some(kind), "{torn}: {parts:?}");
    }
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    assert!(read("framing = \"members\"", "t", &deep).unwrap()[0].is_err());
}

#[test]
fn items_of_arrays_are_records_with_what_they_carry() {
    let read_of =
        "framing = \"lines\"\nexplode = [[\"/r\", \"/s\"], \"/l\"]\ncarry = { who = \"0/w\", at = \"1/a\" }";
    let text = "{\"w\":1,\"r\":[{\"a\":2,\"l\":[{\"x\":3},{\"x\":4}]},{\"l\":[]}]}\n{\"x\":5}\n{\"s\":[{\"x\":6}]}\n";
    let parts = read(read_of, "t", text).unwrap();
    assert_eq!(
        texts(&parts),
        [
            r#"{"item":{"x":3},"at":2,"who":1}"#,
            r#"{"item":{"x":4},"at":2,"who":1}"#,
            "an empty list of records",
            r#"{"x":5}"#,
            r#"{"item":{"x":6}}"#,
        ]
    );
    let places: Vec<(u64, u64)> =
        parts.iter().flatten().map(|(_, offset, _, index)| (*offset, *index)).collect();
    assert_eq!(places[..2], [(24, 0), (32, 1)]);
    let twice = read(read_of, "t", "{\"r\":[{\"x\":1}],\"r\":[{\"x\":2}]}").unwrap();
    assert_eq!(
        twice[0].as_ref().unwrap_err().0,
        Some(BreakKind::DuplicateKey),
        "neither list hides the other"
    );
}

#[test]
fn lines_that_wrap_a_record_are_opened() {
    let syslog = "framing = \"lines\"\npattern = \"syslog\"";
    for header in [
        "",
        "<34>1 2026-07-06T10:00:00Z host app 1 - - ",
        "<34>1 2026-07-06T10:00:00Z host app 1 ID [a@1 b=\"c\"] ",
        "Jul  6 10:00:00 host app[12]: ",
        "<13>Jul 16 10:00:00 host app: @cee: ",
        "2026-07-06T10:00:00.1+02:00 host app: ",
    ] {
        let parts = read(syslog, "t", &format!("{header}{{\"x\":1}}")).unwrap();
        assert_eq!(texts(&parts), ["{\"x\":1}"], "{header}");
    }
    let other = read(syslog, "t", "hello {\"x\":1}\n").unwrap();
    assert_eq!(other[0].as_ref().unwrap_err().0, Some(BreakKind::Malformed));

    let fields = "framing = \"lines\"\npattern = '^(?<x>\\S+) (?<y>\\d+)?$'";
    assert_eq!(
        texts(&read(fields, "t", "a 1\nb \n").unwrap()),
        [r#"{"x":"a","y":"1"}"#, r#"{"x":"b","y":null}"#]
    );

    let form = "framing = \"lines\"\nform = \"payload\"";
    let parts =
        read(form, "t", "token=t&payload=%7B%22x%22%3A%22a+b%22%7D\n{\"x\":1}\nother=1\npayload=1&payload=2")
            .unwrap();
    let known = [
        "{\"x\":\"a b\"}",
        "{\"x\":1}",
        "a form without the field `payload`",
        "a form with the field `payload` twice",
    ];
    assert_eq!(texts(&parts), known);
}

#[test]
fn a_last_line_that_may_be_torn_is_not_whole() {
    let whole = |read: &str, line: &str| try_profile(read).unwrap().is_whole(line);
    assert!(whole("framing = \"lines\"", "{\"x\":1}") && !whole("framing = \"lines\"", "{\"x\":"));
    let syslog = "framing = \"lines\"\npattern = \"syslog\"";
    assert!(whole(syslog, "<1>Jul  6 10:00:00 h a: {}") && !whole(syslog, "<1>Jul  6 10:00:00 h a: {"));
    assert!(!whole("framing = \"lines\"\npattern = '^(?<x>.*)$'", "anything"), "text never shows its end");
}

#[test]
fn readers_that_cannot_be_meant_are_refused() {
    for (read, what) in [
        ("framing = \"csv\"\nexplode = [\"/a\"]", "records that a reader assembles"),
        ("framing = \"csv\"\ndelimiter = \"ab\"", "one ASCII character"),
        ("framing = \"lines\"\ndelimiter = \";\"", "for csv only"),
        ("framing = \"stream\"\nform = \"p\"", "lines only can wrap"),
        ("framing = \"lines\"\nform = \"p\"\npattern = \"(?<a>b)\"", "in one profile"),
        ("framing = \"lines\"\npattern = \"abc\"", "without a named group"),
        ("framing = \"lines\"\npattern = '(?<x>(\\w{100}){1000})'", "exceeds size limit"),
        ("framing = \"lines\"\nform = \"p\"\nexplode = [\"/a\"]", "records that a reader assembles"),
        ("framing = \"lines\"\nexplode = [\"/a\"]\ncarry = { x = \"1/b\" }", "nothing to carry as `x`"),
        ("framing = \"lines\"\nexplode = []", "expected one to 4 arrays"),
        ("framing = \"members\"\nrecords = [\"\"]", "no meaning for members"),
    ] {
        let error = try_profile(read).unwrap_err();
        assert!(error.contains(what), "{read}: {error}");
    }
}

#[test]
fn random_bytes_are_read_without_harm() {
    let mut text = String::new();
    for seed in 0..400_u32 {
        text.push(char::from_u32((seed * 7_919) % 126 + 1).unwrap_or('{'));
        text.push_str(["{", "\"", "}", ",", "[", ":", "\n"][usize::try_from(seed % 7).unwrap()]);
    }
    for framing in ["stream", "members", "csv", "lines"] {
        let profile = try_profile(&format!("framing = \"{framing}\"")).unwrap();
        for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            let mut parts = 0;
            let _ = profile.object("t", &text[cut..], &mut |_| parts += 1);
        }
    }
    std::io::sink().write_all(text.as_bytes()).unwrap();
}
