//! Tests of values inside values, of lists that pair up, and of the operators on them.

use serde_json::{Value, json};

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
    assert_eq!(digest(r#"{ "b": null, "a": [1.0, 2.50, "\u0078"] }"#), (true, Some(expected.into())));
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

/// One time in a zone, and the marks of its event.
fn zoned(zone: &str, text: &str) -> (serde_json::Value, serde_json::Value) {
    let body = format!("{SOFT}[rule.set]\ntime = {{ of = \"/t\", time = \"rfc3339\", zone = {zone} }}\n");
    let event = events(&profile(&format!("\n{body}")), &json!({"x": 1, "t": text})).remove(0);
    let read = |name: &str| event.get(name).cloned().unwrap_or_default();
    (read("time"), read("quality"))
}

#[test]
fn a_place_has_the_offset_of_its_day() {
    let berlin = r#""Europe/Berlin""#;
    assert_eq!(zoned(berlin, "2026-07-01T12:00:00"), (json!("2026-07-01T10:00:00Z"), json!("zone_assumed")));
    assert_eq!(
        zoned(berlin, "2026-12-01 12:00:00.5"),
        (json!("2026-12-01T11:00:00.5Z"), json!("zone_assumed"))
    );
    // An offset that the record states goes before the zone, also in the hour that is there twice.
    assert_eq!(zoned(berlin, "2026-10-25T02:30:00+01:00"), (json!("2026-10-25T01:30:00Z"), json!(null)));
    // Rules of the past are known too: Moscow was at +04:00 all the year in 2012.
    assert_eq!(zoned(r#""Europe/Moscow""#, "2012-12-01T12:00:00").0, "2012-12-01T08:00:00Z");
}

#[test]
fn a_local_time_that_was_twice_or_never_is_refused_unless_the_profile_chooses() {
    let (twice, never) = ("2026-10-25T02:30:00", "2026-03-29T02:30:00");
    let berlin = |rest: &str| format!("{{ name = \"Europe/Berlin\"{rest} }}");
    for zone in
        [r#""Europe/Berlin""#.to_owned(), berlin(""), berlin(", repeated = \"reject\", skipped = \"reject\"")]
    {
        assert_eq!(zoned(&zone, twice), (json!(null), json!("time_missing,value_refused")), "{zone}");
        assert_eq!(zoned(&zone, never), (json!(null), json!("time_missing,value_refused")), "{zone}");
    }
    let chosen = |at: &str| (json!(at), json!("time_ambiguous,zone_assumed"));
    assert_eq!(zoned(&berlin(", repeated = \"earlier\""), twice), chosen("2026-10-25T00:30:00Z"));
    assert_eq!(zoned(&berlin(", repeated = \"later\""), twice), chosen("2026-10-25T01:30:00Z"));
    assert_eq!(zoned(&berlin(", skipped = \"later\""), never), chosen("2026-03-29T01:30:00Z"));
    assert_eq!(zoned(&berlin(", skipped = \"later\""), twice).0, json!(null), "one choice is not the other");
    // The first and the last moment of the hour, and those beside it.
    let earlier = berlin(", repeated = \"earlier\"");
    assert_eq!(
        zoned(&earlier, "2026-10-25T01:59:59"),
        (json!("2026-10-24T23:59:59Z"), json!("zone_assumed"))
    );
    assert_eq!(zoned(&earlier, "2026-10-25T02:00:00"), chosen("2026-10-25T00:00:00Z"));
    assert_eq!(
        zoned(&earlier, "2026-10-25T03:00:00"),
        (json!("2026-10-25T02:00:00Z"), json!("zone_assumed"))
    );
    // In evidence, the record is rejected with the time named.
    let hard = HARD.replace(
        "[\"/time\", \"=2026-07-01T00:00:00Z\"]",
        "{ of = \"/t\", time = \"rfc3339\", zone = \"Europe/Berlin\" }",
    );
    let profile = profile(&format!("{hard}outcome = \"=approved\"\n"));
    let why = rejected(&profile, &json!({"x": 1, "t": twice}));
    assert!(why.contains("the local time `2026-10-25T02:30:00` was twice in `Europe/Berlin`"), "{why}");
    let why = rejected(&profile, &json!({"x": 1, "t": never}));
    assert!(why.contains("never was in `Europe/Berlin`"), "{why}");
}

#[test]
fn a_zone_that_nobody_knows_is_refused_when_the_profile_is_loaded() {
    let read = |zone: &str| {
        format!("\n[read]\nframing = \"lines\"\nzone = {zone}\n{SOFT}[rule.set]\nreason = \"=x\"\n")
    };
    let (what, help) = refused(&read(r#""Europe/Berlni""#));
    assert!(what.contains("`Europe/Berlni` is no offset, and no zone of the database"), "{what}");
    assert_eq!(help.as_deref(), Some("did you mean `Europe/Berlin`?"));
    assert_eq!(refused(&read(r#""europe/berlin""#)).1.as_deref(), Some("did you mean `Europe/Berlin`?"));
    assert!(refused(&read(r#""CET-1CEST""#)).0.contains("no zone of the database"));
    let (what, help) = refused(&read(r#"{ name = "Europe/Berlin", repeated = "first" }"#));
    assert!(what.contains("unknown value `first`") && help.is_some(), "{what}");
    assert!(refused(&read(r#"{ name = "Europe/Berlin", gap = "later" }"#)).0.contains("unknown key `gap`"));
    // A pattern without `%z` may rely on the zone of a place.
    profile(&read("\"Asia/Tokyo\"\ntime = \"%d.%m.%Y %H:%M:%S\""));
}

#[test]
fn members_of_an_object_are_walked_with_their_names() {
    let body = format!(
        "\n{}each = [{{ members = \"/tools\" }}, \"@item/calls\"]\nwhere = {{ \"@key\" = {{ not_in = [\"skip\"] }} }}\n[rule.set]\nreason = \"={{@key}}:{{@item}}:{{@index}}\"\nticket = \"@parent/note\"\n",
        SOFT
    );
    let profile = profile(&body);
    let record = json!({"x": 1, "tools": {
        "a.b/c": {"note": "n", "calls": ["1", "2"]}, "skip": {"calls": ["3"]}, "": {"calls": ["4"]}}});
    let found: Vec<(String, String)> = events(&profile, &record)
        .iter()
        .map(|event| {
            (
                event["reason"].as_str().unwrap().to_owned(),
                event.get("ticket").map_or(String::new(), |t| t.as_str().unwrap().to_owned()),
            )
        })
        .collect();
    let expected = [(":4:0", ""), ("a.b/c:1:0", "n"), ("a.b/c:2:1", "n")];
    assert_eq!(found, expected.map(|(reason, ticket)| (reason.to_owned(), ticket.to_owned())));
    // Nothing there is no member; something else is a fault of the record, here of no evidence.
    assert!(matches!(run(&profile, r#"{"x":1}"#, &[]).0, Mapped::Observation { .. }));
    assert!(matches!(run(&profile, r#"{"x":1,"tools":null}"#, &[]).0, Mapped::Observation { .. }));
    let (mapped, _) = run(&profile, r#"{"x":1,"tools":["a"]}"#, &[]);
    assert!(
        matches!(&mapped, Mapped::Rejected { detail, .. } if detail.contains("expected an object at `/tools`, found an array")),
        "{mapped:?}"
    );
    // A name twice never reaches a rule.
    let (mapped, _) = run(&profile, r#"{"x":1,"tools":{"a":{},"a":{}}}"#, &[]);
    assert!(matches!(mapped, Mapped::Rejected { kind: BreakKind::DuplicateKey, .. }), "{mapped:?}");
}

#[test]
fn conditions_ask_of_members() {
    let condition = r#"{ "/tools" = { has_member = { "@key" = "rm", "@item/ok" = true } } }"#;
    assert!(super::matches(condition, &json!({"tools": {"ls": {"ok": true}, "rm": {"ok": true}}})));
    assert!(!super::matches(condition, &json!({"tools": {"ls": {"ok": true}, "rm": {"ok": false}}})));
    assert!(!super::matches(condition, &json!({"tools": [{"ok": true}]})));
    assert!(!super::matches(condition, &json!({"tools": {}})));
}

#[test]
fn names_of_members_mean_nothing_where_no_members_are_walked() {
    let (what, help) = refused(&format!("\n{SOFT}each = \"/list\"\n[rule.set]\nreason = \"@key\"\n"));
    assert!(what.contains("`@key` without an object whose members are walked"), "{what}");
    assert!(help.unwrap().contains("members"));
    let zip = format!("\n{SOFT}each = {{ members = \"/a\" }}\nzip = \"/b\"\n[rule.set]\nreason = \"@key\"\n");
    assert!(refused(&zip).0.contains("which have no position"));
    let both =
        format!("\n{SOFT}each = {{ members = \"/a\", items = \"/b\" }}\n[rule.set]\nreason = \"@key\"\n");
    assert!(refused(&both).0.contains("expected one of `items` and `members`"));
    let (what, _) =
        refused(&format!("\n{SOFT}each = {{ member = \"/a\" }}\n[rule.set]\nreason = \"@item\"\n"));
    assert!(what.contains("unknown key `member`"), "{what}");
}

#[test]
fn a_step_says_which_items_are_looked_at_further() {
    let body = format!(
        "\n{SOFT}each = [{{ members = \"/tools\", where = {{ \"@item/approved\" = {{ type = \"array\" }} }} }}, \"@item/approved\"]\n[rule.set]\nreason = \"={{@key}}:{{@item}}\"\n"
    );
    // Without the condition, the truth value would be a fault of the whole record.
    let record = json!({"x": 1, "tools": {"rm": {"approved": ["c1"]}, "ls": {"approved": true}}});
    let found = events(&profile(&body), &record);
    assert_eq!(found.iter().map(|event| event["reason"].clone()).collect::<Vec<_>>(), [json!("rm:c1")]);
    let open = body.replace(", where = { \"@item/approved\" = { type = \"array\" } }", "");
    assert_ne!(open, body);
    assert!(matches!(run(&profile(&open), &record.to_string(), &[]).0, Mapped::Rejected { .. }));
    let items = format!(
        "\n{SOFT}each = [{{ items = \"/list\", where = {{ \"@item/on\" = true }} }}, \"@item/of\"]\n[rule.set]\nreason = \"@item\"\n"
    );
    let record = json!({"x": 1, "list": [{"on": true, "of": ["a"]}, {"on": false, "of": 7}]});
    let found = events(&profile(&items), &record);
    assert_eq!(found.iter().map(|event| event["reason"].clone()).collect::<Vec<_>>(), [json!("a")]);
}

#[test]
fn what_is_named_is_found_anew_for_every_item_and_once_for_the_record() {
    let profile = profile(
        "[let]\nown = \"={@item/id}/{/x}\"\nfirst = { of = \"/items\", find = { \"@item/id\" = { present = true } }, at = \"/id\" }\n\
         outer = { if = { \"$first\" = \"a\" }, then = \"={$first}+{$own}\" }\n\
         [[rule]]\nid = \"r\"\nemit = \"notification\"\nwhen = { \"/x\" = { exists = true } }\neach = \"/items\"\n\
         [rule.set]\nreason = \"$own\"\nticket = \"$first\"\naction_name = \"$outer\"\n\
         [[rule]]\nid = \"again\"\nemit = \"notification\"\nwhen = { \"$first\" = \"a\" }\n[rule.set]\nticket = \"$first\"\nreason = \"={/x}\"\n",
    );
    let of = |items: Value| {
        let all = events(&profile, &json!({ "x": "X", "items": items }));
        all.iter()
            .map(|event| {
                ["reason", "ticket", "action_name"].map(|name| event.get(name).cloned().unwrap_or_default())
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of(json!([{ "id": "a" }, { "id": "b" }])),
        [
            [json!("a/X"), json!("a"), json!("a+a/X")],
            [json!("b/X"), json!("a"), json!("a+b/X")],
            [json!("X"), json!("a"), Value::Null],
        ]
    );
    assert_eq!(of(json!([{ "id": "c" }])), [[json!("c/X"), json!("c"), Value::Null]]);
}

#[test]
fn a_principal_whose_namespace_is_refused_leaves_no_id() {
    let profile = profile(&format!(
        "[maps.spaces]\na = \"A\"\n{SOFT}[rule.set]\nrequester = {{ id = \"/id\", ns = {{ of = \"/ns\", map = \"spaces\" }}, name = \"/name\" }}\n"
    ));
    let columns = |ns: &str| {
        let found = events(&profile, &json!({ "x": 1, "id": "dana", "ns": ns, "name": "Dana" })).remove(0);
        ["requester_ns", "requester_id", "requester_name", "quality"]
            .map(|name| found.get(name).cloned().unwrap_or_default())
    };
    assert_eq!(columns("a")[..3], [json!("A"), json!("dana"), json!("Dana")]);
    let [ns, id, name, quality] = columns("b");
    assert_eq!([ns, id, name], [Value::Null, Value::Null, Value::Null]);
    assert_eq!(quality, "time_missing,value_refused");
}
