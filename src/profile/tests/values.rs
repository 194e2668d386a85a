//! Tests of values inside values, of lists that pair up, and of the operators on them.

use serde_json::json;

use super::{HARD, SOFT, events, profile, refused, rejected, run, value, value_with};
use crate::integrity::verdict::BreakKind;
use crate::profile::Mapped;

#[test]
fn texts_are_decoded() {
    let decoded = |expression: &str, text: &str| value("reason", expression, &json!({"x": 1, "t": text}));
    assert_eq!(decoded(r#"{ of = "/t", decode = "base64" }"#, "bHMgL3RtcA=="), "ls /tmp");
    assert_eq!(decoded(r#"{ of = "/t", decode = "base64" }"#, "_-8"), json!(null), "no UTF-8 text");
    assert_eq!(
        decoded(r#"{ of = "/t", decode = "base64" }"#, "w7_Dvw"),
        "ÿÿ",
        "the other alphabet, unpadded"
    );
    assert_eq!(decoded(r#"{ of = "/t", decode = "hex" }"#, "6c73"), "ls");
    assert_eq!(decoded(r#"{ of = "/t", decode = "percent" }"#, "a%20b+c"), "a b+c");
    assert_eq!(decoded(r#"{ of = "/t", decode = "percent" }"#, "a%2"), json!(null));
    assert_eq!(decoded(r#"{ of = "/t", decode = "json" }"#, r#""a\"b""#), "a\"b");
    assert_eq!(decoded(r#"{ of = "/t", decode = "json" }"#, "{}"), json!(null), "no scalar");
    assert_eq!(decoded(r#"{ of = "/t", decode = ["json", "base64"] }"#, r#""bHM=""#), "ls");
}

#[test]
fn lists_of_names_and_values_are_objects() {
    let tables = "[nested]\na = { at = \"/attributes\", pairs = \"otlp\" }\nd = { at = \"/details\", pairs = [\"/key\", \"/value\"] }\nj = { at = \"@a/json\" }\n";
    let body = format!(
        "{SOFT}[rule.set]\nreason = \"={{@a/n}}{{@a/b}}{{@a/s.t}}{{@a/l/1}}{{@a/k/in}}\"\nticket = \"={{@d/Justification}}\"\nrisk = \"@j/level\"\n"
    );
    let profile = profile(&format!("\n{tables}{body}"));
    let record = json!({"x": 1,
        "attributes": [
            {"key": "n", "value": {"intValue": "9007199254740993"}},
            {"key": "b", "value": {"boolValue": true}},
            {"key": "s.t", "value": {"stringValue": "S"}},
            {"key": "l", "value": {"arrayValue": {"values": [{"stringValue": "0"}, {"intValue": 7}]}}},
            {"key": "k", "value": {"kvlistValue": {"values": [{"key": "in", "value": {"stringValue": "I"}}]}}},
            {"key": "json", "value": {"stringValue": "{\"level\":\"high\"}"}}],
        "details": [{"key": "Justification", "value": "CH-7"}, {"key": "Justification", "value": "CH-7"}]});
    let event = &events(&profile, &record)[0];
    assert_eq!(event["reason"], "9007199254740993trueS7I", "64-bit integers are exact");
    assert_eq!((&event["ticket"], &event["risk"]), (&json!("CH-7"), &json!("high")));
}

#[test]
fn a_name_with_two_values_gives_neither() {
    let tables = "\n[nested]\na = { at = \"/list\", pairs = [\"/k\", \"/v\"] }\n";
    let profile = profile(&format!("{tables}{HARD}outcome = \"@a/outcome\"\n"));
    let record =
        json!({"x": 1, "list": [{"k": "outcome", "v": "approved"}, {"k": "outcome", "v": "denied"}]});
    assert!(rejected(&profile, &record).contains("expected text, found an array"));
}

#[test]
fn encoded_documents_are_read() {
    let tables = "\n[nested]\nb = { at = \"/body\", decode = \"base64\" }\nt = { at = \"/either\" }\n";
    let profile = profile(&format!("{tables}{SOFT}[rule.set]\nreason = \"@b/id\"\nticket = \"@t/id\"\n"));
    let event = &events(&profile, &json!({"x": 1, "body": "eyJpZCI6ICJSIn0=", "either": {"id": "T"}}))[0];
    assert_eq!((&event["reason"], &event["ticket"]), (&json!("R"), &json!("T")));
    let event = &events(&profile, &json!({"x": 1, "body": "***", "either": "{\"id\":\"S\"}"}))[0];
    assert_eq!((event.get("reason"), &event["ticket"]), (None, &json!("S")));
    let twice = json!({"x": 1, "body": "eyJhIjoxLCJhIjoyfQ=="}).to_string();
    assert!(matches!(run(&profile, &twice, &[]).0, Mapped::Rejected { kind: BreakKind::DuplicateKey, .. }));
}

#[test]
fn a_record_may_lie_in_a_string() {
    let profile = profile(&format!(
        "\n[read]\nframing = \"lines\"\nunwrap = [\"/properties/log\"]\n{SOFT}[rule.set]\nreason = \"/x\"\nticket = \"@record/by\"\n"
    ));
    for log in [json!("{\"x\":\"1\"}"), json!({"x": "1"})] {
        let event = &events(&profile, &json!({"by": "b", "properties": {"log": log}}))[0];
        assert_eq!((&event["reason"], &event["ticket"]), (&json!("1"), &json!("b")));
    }
}

#[test]
fn members_are_chosen_by_other_values() {
    let record = json!({"x": 1, "type": "user", "entity": {"user": {"id": "u"}, "app": {"id": "a"}}, "n": 1, "list": [{"v": 5}, {"v": 6}]});
    assert_eq!(value("reason", r#"{ of = "/entity", member = "/type", at = "/id" }"#, &record), "u");
    assert_eq!(value("reason", r#"{ of = "/entity", member = "=none" }"#, &record), json!(null));
    assert_eq!(value("reason", r#"{ of = "/list", nth = "/n", at = "/v" }"#, &record), "6");
    assert_eq!(value("reason", r#"{ of = "/list", nth = 2, at = "/v" }"#, &record), json!(null));
    assert_eq!(value("reason", r#"{ of = "/list", join = "+", at = "/v" }"#, &record), "5+6");
}

#[test]
fn words_of_a_shell_never_run_together() {
    let quoted = |words: &[&str]| {
        value("command", r#"{ of = "/w", join = " ", quote = "shell" }"#, &json!({"x": 1, "w": words}))
    };
    assert_eq!(quoted(&["rm", "a", "b"]), "rm a b");
    assert_eq!(quoted(&["rm", "a b"]), "rm 'a b'");
    assert_eq!(quoted(&["echo", "it's", ""]), r"echo 'it'\''s' ''");
}

#[test]
fn arrays_pair_up_by_position() {
    let profile = profile(
        r#"
[[rule]]
id = "r"
emit = "decision"
when = { "/x" = { exists = true } }
each = "/requests"
zip = "/decisions"
[rule.set]
time = "=2026-07-01T00:00:00Z"
corr_request = "={@index}-{@item/name}"
outcome = { of = "@zip/type", map = "verdict" }
[maps.verdict]
approve = "approved"
reject = "denied"
"#,
    );
    let found = events(
        &profile,
        &json!({"x": 1, "requests": [{"name": "a"}, {"name": "b"}], "decisions": [{"type": "reject"}, {"type": "approve"}]}),
    );
    assert_eq!(
        (&found[0]["corr_request"], &found[0]["outcome"]),
        (&json!("src:request:0-a"), &json!("denied"))
    );
    assert_eq!(
        (&found[1]["corr_request"], &found[1]["outcome"]),
        (&json!("src:request:1-b"), &json!("approved"))
    );
    let uneven =
        json!({"x": 1, "requests": [{"name": "a"}, {"name": "b"}], "decisions": [{"type": "reject"}]});
    assert!(rejected(&profile, &uneven).contains("1 items at `/decisions` beside 2"));
    let alone = "\n[[rule]]\nid = \"r\"\nemit = \"notification\"\nwhen = { \"/x\" = 1 }\nzip = \"/d\"\n";
    assert!(refused(alone).0.contains("`zip` without `each`"));
}

#[test]
fn canonical_digests_do_not_depend_on_the_writer() {
    let digest = |args: &str| {
        let profile = profile(&format!(
            "{HARD}outcome = \"=approved\"\ncommand_digest = {{ of = \"/args\", digest = \"jcs-sha256\" }}\ncanonicalisation = \"=jcs-sha256\"\n"
        ));
        let (mapped, found) = run(&profile, &format!("{{\"x\":1,\"args\":{args}}}"), &[]);
        (matches!(mapped, Mapped::Events(1)), found.first().and_then(|event| event.command_digest.clone()))
    };
    let expected = crate::digest::Digest::of(br#"{"a":[1,2.5,"x"],"b":null}"#).to_string();
    assert_eq!(digest(r#"{ "b": null, "a": [1.0, 2.50, "\u0078"] }"#), (true, Some(expected)));
    assert_eq!(digest(r#"{"n": 9007199254740993}"#), (false, None), "a number that readers round is refused");
    assert_eq!(digest("null"), (true, None));
}

#[test]
fn moments_in_parts_and_without_separators() {
    let time = |expression: &str, at: serde_json::Value| {
        value_with("", "not_after_ms", expression, &json!({"x": 1, "t": at}))
    };
    let parts = r#"{ of = "/t", time = ["seconds-nanoseconds", "iso-basic"] }"#;
    assert_eq!(
        time(parts, json!({"seconds": 1_772_446_000, "nanoseconds": 120_000_000})),
        1_772_446_000_120_i64
    );
    assert_eq!(time(parts, json!({"seconds": 1})), 1_000);
    assert_eq!(
        time(parts, json!({"seconds": 1, "nanos": 1_000_000_000})),
        json!(null),
        "refused, with a mark"
    );
    assert_eq!(time(parts, json!({"seconds": "1"})), json!(null));
    assert_eq!(time(parts, json!("20260302100640Z")), 1_772_446_000_000_i64);
    assert_eq!(time(parts, json!("20260302T100640+0100")), 1_772_442_400_000_i64);
    assert_eq!(time(parts, json!("2026030210064Z")), json!(null));
    assert_eq!(
        time(r#"{ of = "/t", time = "rfc2822" }"#, json!("Mon, 2 Mar 2026 10:06:40 +0000")),
        1_772_446_000_000_i64
    );
}
