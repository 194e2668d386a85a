use super::*;

const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn line(event: &str) -> String {
    let draft = Draft {
        log: "gate-eu",
        seq: 0,
        time: Moment::from_ms(1_782_864_000_000),
        key: Digest::of(b"key"),
        prev: Digest::ZERO,
        event,
    };
    draft.sign(|_| [0xab; 64])
}

fn kind_of(line: &str) -> BreakKind {
    LogLine::parse(line.as_bytes()).expect_err(line).kind
}

#[test]
fn a_drafted_line_parses_back() {
    let text = line(r#"{"kind":"close","note":",\"sig\":\"x\"}"}"#);
    let parsed = LogLine::parse(text.as_bytes()).unwrap();
    assert_eq!((parsed.log, parsed.seq, parsed.role), ("gate-eu", 0, Role::Close));
    assert_eq!(parsed.time.to_string(), "2026-07-01T00:00:00.000Z");
    assert_eq!(parsed.signature, [0xab; 64]);
    let mut signed = Vec::new();
    parsed.signed_bytes(&mut signed);
    let signed = String::from_utf8(signed).unwrap();
    assert!(
        signed.starts_with("countersign-log/1\n{\"v\":\"countersign-log/1\",\"log\":\"gate-eu\",\"seq\":0,")
    );
    assert!(signed.ends_with(r#""event":{"kind":"close","note":",\"sig\":\"x\"}"}"#));
}

#[test]
fn members_out_of_place_are_malformed() {
    let good = line(r#"{"kind":"request"}"#);
    let swaps = [
        ("\"seq\":0", "\"seq\":00"),
        ("\"seq\":0", "\"seq\":-1"),
        ("\"seq\":0", "\"seq\": 0"),
        ("\"seq\":0", "\"seq\":\"0\""),
        ("gate-eu", "Gate"),
        ("gate-eu", ""),
        ("00:00:00.000Z", "00:00:60.000Z"),
        ("2026-07-01", "2026-02-30"),
        ("00:00:00.000Z", "00:00:00.000+"),
        ("T00", "t00"),
        (ZEROS, &ZEROS[1..]),
        ("\"sig\"", "\"Sig\""),
        ("abab", "ABAB"),
        ("{\"v\"", "{ \"v\""),
        ("\"event\":{", "\"event\": {"),
        ("\"event\":{\"kind\":\"request\"}", "\"event\":[]"),
        ("\"event\":{\"kind\":\"request\"}", "\"event\":{},\"more\":{}"),
        ("}", "} "),
        ("countersign-log/1", "countersign-log/x"),
    ];
    for (from, to) in swaps {
        assert_eq!(kind_of(&good.replacen(from, to, 1)), BreakKind::Malformed, "{from} -> {to}");
    }
    assert_eq!(
        kind_of(&good.replacen("\"seq\":0", "\"seq\":9223372036854775808", 1)),
        BreakKind::UnsafeNumber
    );
    assert_eq!(kind_of(&good.replacen("log/1", "log/2", 1)), BreakKind::UnrecognisedFormat);
    for bad in
        [format!("\u{feff}{good}"), format!("{good}\r"), String::new(), " ".into(), good[..140].to_owned()]
    {
        assert_eq!(kind_of(&bad), BreakKind::Malformed, "{bad}");
    }
    let mut not_utf8 = good.into_bytes();
    not_utf8[250] = 0xff;
    assert_eq!(LogLine::parse(&not_utf8).unwrap_err().kind, BreakKind::Malformed);
}

#[test]
fn limits_are_exact() {
    let padded = |length: usize| {
        let bare = line(r#"{"x":""}"#).len();
        line(&format!("{{\"x\":\"{}\"}}", "a".repeat(length - bare)))
    };
    assert!(LogLine::parse(padded(MAX_LINE).as_bytes()).is_ok());
    assert_eq!(kind_of(&padded(MAX_LINE + 1)), BreakKind::Oversize);
    let deep = format!("{}{{}}{}", "{\"a\":".repeat(64), "}".repeat(64));
    assert_eq!(kind_of(&line(&deep)), BreakKind::Oversize);
}

#[test]
fn every_prefix_of_a_record_can_be_a_torn_tail() {
    let text = line("{\"kind\":\"request\",\"n\":[-1.5,\"é\\u00e9\"]}");
    for cut in 1..=text.len() {
        assert_eq!(check_torn(&text.as_bytes()[..cut]), Ok(()), "{cut}");
    }
    assert_eq!(check_torn(format!("{}\0\0\0", &text[..50]).as_bytes()), Ok(()));
}

#[test]
fn other_bytes_cannot_be_a_torn_tail() {
    let text = line(r#"{"kind":"request"}"#);
    for bad in [
        format!("{text}\u{b}"),
        format!("{text} "),
        format!("{text}\r"),
        "hello".to_owned(),
        text[..60].replace("gate", "GATE"),
        text[..text.len() - 5].replace("abab", "abaB"),
        format!("{{\"v\":\"{}\0\0x", &FORMAT[..4]),
    ] {
        assert!(check_torn(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn events_that_a_verifier_would_refuse_are_refused_before_writing() {
    assert_eq!(check_event(r#"{"kind":"heartbeat"}"#), Ok(Role::Heartbeat));
    for (event, kind) in [
        ("[]", BreakKind::Malformed),
        ("{}x", BreakKind::Malformed),
        ("{\r}", BreakKind::Malformed),
        (r#"{"a":1,"a":1}"#, BreakKind::DuplicateKey),
        (r#"{"a":1e999}"#, BreakKind::UnsafeNumber),
    ] {
        assert_eq!(check_event(event).unwrap_err().kind, kind, "{event}");
    }
}
