//! Tests of the language, feature by feature, on profiles of a few lines.

mod join;
mod nearest;
mod schema;
mod values;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Mapped, Profile, ProfileError, event_json};
use crate::event::Event;
use crate::integrity::record::VerifiedRecord;
use crate::integrity::verdict::BreakKind;
use crate::source::framing::{Framing, Record};

const HEAD: &str = r#"
schema = "countersign/source-profile/1"
name = "test"
version = "1"
product = "Test"
basis = "fixture"
integrity = "none"
absent = []
"#;

const READ: &str = "[read]\nframing = \"lines\"\n";

/// A rule that proves nothing, so that a refused value leaves a mark.
const SOFT: &str = "[[rule]]\nid = \"r\"\nemit = \"notification\"\nwhen = { \"/x\" = { exists = true } }\n";

/// A rule whose events are evidence, so that a refused value rejects the record.
const HARD: &str = r#"
[[rule]]
id = "r"
emit = "decision"
when = { "/x" = { exists = true } }
[rule.set]
time = ["/time", "=2026-07-01T00:00:00Z"]
corr_request = "=R-1"
"#;

fn try_profile(body: &str) -> Result<Profile, ProfileError> {
    let matching = if body.contains("match = \"first\"") { "" } else { "match = \"all\"\n" };
    let read = if body.contains("[read]") { "" } else { READ };
    // Top-level keys of a body stand before its first table.
    let (top, tables) = body.split_at(body.find("\n[").unwrap_or(0));
    Profile::parse("profile.toml", &format!("{HEAD}{matching}{top}\n{read}{tables}"))
}

fn profile(body: &str) -> Profile {
    try_profile(body).unwrap_or_else(|error| panic!("{error} ({:?})\n{body}", error.help()))
}

fn run<'p>(profile: &'p Profile, text: &str, set: &[(&str, &str)]) -> (Mapped<'p>, Vec<Event>) {
    let set: BTreeMap<String, String> =
        set.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let context = profile.context("src", "object", &set).unwrap();
    let mut events = Vec::new();
    let record = VerifiedRecord::unprotected(Record::new(text, 0, 1, 0), "log-1");
    let mapped = profile.map(&record, &context, &mut events);
    (mapped, events)
}

fn events(profile: &Profile, record: &Value) -> Vec<Map<String, Value>> {
    let (mapped, events) = run(profile, &record.to_string(), &[]);
    assert_eq!(mapped, Mapped::Events(events.len()), "{record}");
    events.iter().map(event_json).collect()
}

fn rejected(profile: &Profile, record: &Value) -> String {
    match run(profile, &record.to_string(), &[]) {
        (Mapped::Rejected { kind: BreakKind::Rejected, detail }, events) if events.is_empty() => detail,
        (other, _) => panic!("{other:?} for {record}"),
    }
}

/// Sets `column` to an expression, and returns what it becomes for `record` in a rule that proves nothing.
fn value(column: &str, expression: &str, record: &Value) -> Value {
    value_with("", column, expression, record)
}

fn value_with(tables: &str, column: &str, expression: &str, record: &Value) -> Value {
    let profile = profile(&format!("\n{tables}\n{SOFT}[rule.set]\n{column} = {expression}\n"));
    let mut record = record.clone();
    record["x"] = json!(1);
    events(&profile, &record)[0].get(column).cloned().unwrap_or(Value::Null)
}

fn matches(condition: &str, record: &Value) -> bool {
    let profile = profile(&format!(
        "\n[[rule]]\nid = \"r\"\nemit = \"notification\"\nwhen = {condition}\n[rule.set]\nreason = \"=yes\"\n"
    ));
    match run(&profile, &record.to_string(), &[]).0 {
        Mapped::Events(1) => true,
        Mapped::Observation { .. } => false,
        other => panic!("{other:?}"),
    }
}

fn refused(body: &str) -> (String, Option<String>) {
    let error = try_profile(body).map(|_| ()).expect_err(body);
    (error.to_string(), error.help())
}

#[test]
fn paths_constants_templates_and_fallbacks() {
    let record = json!({"a": {"b/c": "deep", "n": 7, "f": 1.5, "t": true}, "empty": "", "list": ["p", "q"]});
    assert_eq!(value("reason", "\"/a/b~1c\"", &record), "deep");
    assert_eq!(value("reason", "\"/a/n\"", &record), "7");
    assert_eq!(value("reason", "\"/a/f\"", &record), "1.5");
    assert_eq!(value("reason", "\"/a/t\"", &record), "true");
    assert_eq!(value("reason", "\"/list/1\"", &record), "q");
    assert_eq!(value("reason", "\"/missing\"", &record), Value::Null);
    assert_eq!(value("reason", "\"=plain\"", &record), "plain");
    assert_eq!(value("reason", "\"={/a/n}-{/a/b~1c}{{}}\"", &record), "7-deep{}");
    assert_eq!(value("reason", "\"={/a/n}-{/missing}\"", &record), Value::Null, "no half-made template");
    assert_eq!(value("reason", "[\"/missing\", \"/a/n\", \"=last\"]", &record), "7");
    assert_eq!(
        value("reason", "[\"/empty\", \"=last\"]", &record),
        "",
        "an empty string is not null by itself"
    );
    assert_eq!(value("quorum", "2", &record), 2);
    assert_eq!(value("held", "true", &record), true);
    assert_eq!(value("reason", "\"@source\"", &record), "src");
    assert_eq!(value("reason", "\"@log\"", &record), "log-1");
}

#[test]
fn declared_nulls_fall_through() {
    let read = "[read]\nframing = \"lines\"\nnulls = [\"\", \"-\", \"0001-01-01T00:00:00Z\"]\n";
    let fallback = "[\"/a\", \"/b\", \"/c\"]";
    let record = json!({"a": "", "b": "-", "c": "0001-01-01T00:00:00Z"});
    assert_eq!(value_with(read, "reason", fallback, &record), Value::Null);
    let record = json!({"a": "", "b": null, "c": "x"});
    assert_eq!(value_with(read, "reason", fallback, &record), "x");
}

#[test]
fn named_expressions_are_shared_and_never_circular() {
    let lets = "[let]\nwho = [\"/a\", \"$other\"]\nother = \"/b\"\n";
    assert_eq!(value_with(lets, "reason", "\"={$who}!\"", &json!({"b": "kim"})), "kim!");
    let circle = format!("\n[let]\na = \"$b\"\nb = \"$a\"\n{SOFT}[rule.set]\nreason = \"$a\"\n");
    assert!(refused(&circle).0.contains("`$a` is defined by itself"));
    let (what, help) = refused(&format!("\n[let]\nwho = \"/a\"\n{SOFT}[rule.set]\nreason = \"$woh\"\n"));
    assert!(what.contains("`[let]` has no `woh`"), "{what}");
    assert_eq!(help.unwrap(), "did you mean `who`?");
    assert!(refused(&format!("\n[let]\nwho = \"/a\"\n{SOFT}")).0.contains("`$who` is never used"));
}

#[test]
fn maps_are_closed() {
    let map = "[maps.m]\nyes = \"approved\"\nno = \"denied\"\nperhaps = \"unknown\"\n1 = \"approved\"\nnone = \"\"\n";
    let hard = format!("\n{map}{HARD}outcome = {{ of = \"/x\", map = \"m\" }}\n");
    let profile = profile(&hard);
    assert_eq!(events(&profile, &json!({"x": "no"}))[0]["outcome"], "denied");
    assert_eq!(events(&profile, &json!({"x": 1}))[0]["outcome"], "approved");
    let unknown = &events(&profile, &json!({"x": "perhaps"}))[0];
    assert_eq!((unknown.get("outcome"), &unknown["quality"]), (None, &json!("enum_unknown")));
    assert_eq!(
        rejected(&profile, &json!({"x": "Yes"})),
        "unknown value `Yes` at `/x` for `outcome` (rule `r`)"
    );
    assert_eq!(rejected(&profile, &json!({"x": "none"})), "no value for `outcome` (rule `r`)");
    assert_eq!(rejected(&profile, &json!({"x": null})), "no value for `outcome` (rule `r`)");
    // Where nothing is proved, a mark is enough.
    let soft = self::profile(&format!("\n{map}{SOFT}[rule.set]\noutcome = {{ of = \"/x\", map = \"m\" }}\n"));
    let event = &events(&soft, &json!({"x": "Yes"}))[0];
    assert_eq!(event.get("outcome"), None);
    assert_eq!(event["quality"], "time_missing,value_refused");
}

#[test]
fn columns_with_a_vocabulary_are_closed_without_a_map() {
    let profile = profile(&format!("{HARD}outcome = \"/x\"\n"));
    assert_eq!(events(&profile, &json!({"x": "denied"}))[0]["outcome"], "denied");
    assert_eq!(
        rejected(&profile, &json!({"x": "aproved"})),
        "unknown value `aproved` at `/x` for `outcome` (rule `r`)"
    );
    let (what, help) = refused(&format!("{HARD}outcome = \"=aproved\"\n"));
    assert!(what.ends_with("`aproved` is not a value of this column"), "{what}");
    assert_eq!(help.unwrap(), "did you mean `approved`?");
    let (what, _) =
        refused(&format!("\n[maps.m]\na = \"aproved\"\n{HARD}outcome = {{ of = \"/x\", map = \"m\" }}\n"));
    assert!(what.contains("`aproved`"), "{what}");
}

#[test]
fn evidence_needs_its_time_and_its_core() {
    let profile = profile(
        &format!("{HARD}outcome = \"=approved\"\n").replace("\"=2026-07-01T00:00:00Z\"", "\"/other\""),
    );
    assert_eq!(rejected(&profile, &json!({"x": 1})), "no time (rule `r`)");
    assert_eq!(rejected(&profile, &json!({"x": 1, "time": "0001-01-01T00:00:00Z"})), "no time (rule `r`)");
    let detail = rejected(&profile, &json!({"x": 1, "time": "soon"}));
    assert_eq!(detail, "`soon` is no time in a format that the profile declares for `time` (rule `r`)");
    let (what, _) = refused(HARD);
    assert!(what.contains("a rule that emits decision sets no `outcome`"), "{what}");
    let (what, help) = refused(&HARD.replace("\"decision\"", "\"execution\""));
    assert!(what.contains("sets no `request_link`"), "{what}");
    assert!(help.unwrap().contains("not_logged"));
}

#[test]
fn times_and_durations() {
    let time = |expression: &str, record: &Value| value("not_after_ms", expression, record);
    assert_eq!(time("\"/t\"", &json!({"t": "1970-01-01T00:00:01.5Z"})), 1500);
    assert_eq!(time("{ of = \"/t\", time = \"epoch-s\" }", &json!({"t": "1.25"})), 1250);
    assert_eq!(time("{ of = \"/t\", time = \"epoch-s\" }", &json!({"t": 1.25})), 1250);
    assert_eq!(time("{ of = \"/t\", time = [\"epoch-ms\", \"rfc3339\"] }", &json!({"t": 1250})), 1250);
    let pattern = "{ of = \"/t\", time = \"%d.%m.%Y %H:%M:%S\", zone = \"+01:00\" }";
    assert_eq!(time(pattern, &json!({"t": "01.01.1970 01:00:02"})), 2000);
    let ttl = "{ add = [{ of = \"/t\", time = \"epoch-s\" }, { of = \"/ttl\", duration = \"go\" }] }";
    assert_eq!(time(ttl, &json!({"t": 1, "ttl": "8h0m0.5s"})), 28_801_500);
    assert_eq!(time(ttl, &json!({"t": 1})), Value::Null);
    let nanos = "{ add = [{ of = \"/t\", time = \"epoch-s\" }, { of = \"/ttl\", duration = \"ns\" }] }";
    assert_eq!(time(nanos, &json!({"t": 1, "ttl": 1_800_000_000_000_i64})), 1_801_000);
    let (what, help) =
        refused(&format!("\n{SOFT}[rule.set]\nreason = {{ of = \"/t\", time = \"%d.%m.%Y\" }}\n"));
    assert!(what.contains("a pattern without a zone"), "{what}");
    assert!(help.unwrap().contains("zone"));
}

#[test]
fn an_event_keeps_the_precision_of_its_time() {
    let profile = profile(&format!("{HARD}outcome = \"=approved\"\n"));
    let event = &events(&profile, &json!({"x": 1, "time": "2026-07-01T02:00:00.123456789+02:00"}))[0];
    assert_eq!(event["time"], "2026-07-01T00:00:00.123456789Z");
    assert_eq!(event["time_ms"], 1_782_864_000_123_i64);
}

#[test]
fn an_assumed_zone_is_marked() {
    let read = "[read]\nframing = \"lines\"\nzone = \"-05:00\"\n";
    let profile = profile(&format!("\n{read}{HARD}outcome = \"=approved\"\n"));
    let event = &events(&profile, &json!({"x": 1, "time": "2026-07-01T00:00:00"}))[0];
    assert_eq!(event["time"], "2026-07-01T05:00:00Z");
    assert_eq!(event["quality"], "zone_assumed");
}

#[test]
fn captures_joins_finds_greatest_and_digests() {
    let arn = json!({"arn": "arn:aws:sts::111:assumed-role/release/lee"});
    assert_eq!(value("reason", "{ of = \"/arn\", match = 'role/([^/]+)/' }", &arn), "release");
    let named = "{ of = \"/arn\", match = 'role/(?<role>[^/]+)/(?<who>.+)$', take = \"who\" }";
    assert_eq!(value("reason", named, &arn), "lee");
    assert_eq!(value("reason", "{ of = \"/arn\", match = '^nothing$' }", &arn), Value::Null);
    assert_eq!(value("reason", "{ of = \"/r\", join = \",\" }", &json!({"r": ["a", 2]})), "a,2");
    assert_eq!(value("reason", "{ of = \"/r\", join = \",\" }", &json!({"r": []})), Value::Null);
    let find = "{ of = \"/l\", find = { \"@item/k\" = \"b\" }, at = \"/v\" }";
    assert_eq!(value("reason", find, &json!({"l": [{"k": "a", "v": 1}, {"k": "b", "v": 2}]})), "2");
    assert_eq!(value("reason", find, &json!({"l": []})), Value::Null);
    let greatest = "{ greatest = [\"/a\", { greatest = [\"@item/n\"], over = \"/l\" }] }";
    assert_eq!(value("quorum", greatest, &json!({"a": 3, "l": [{"n": 2}, {"n": 9}, {}]})), 9);
    assert_eq!(value("quorum", greatest, &json!({})), Value::Null);
    assert_eq!(value("quorum", "{ add = [\"/a\", 1] }", &json!({"a": 3})), 4);
    let digest = "{ of = \"/c\", digest = \"utf8-sha256\" }\ncanonicalisation = \"=utf8-sha256\"";
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(value("command_digest", digest, &json!({"c": "abc"})), abc);
    assert_eq!(
        value("command_digest", digest, &json!({"c": 7})),
        Value::Null,
        "only a string has bytes to digest"
    );
    let (what, _) = refused(&format!("\n{SOFT}[rule.set]\ncommand_digest = \"/c\"\n"));
    assert!(what.contains("`command_digest` without `canonicalisation`"), "{what}");
}

#[test]
fn conditional_values() {
    let choice = "{ if = { \"/n\" = { gt = 3 } }, then = \"=many\", else = \"=few\" }";
    assert_eq!(value("reason", choice, &json!({"n": 4})), "many");
    assert_eq!(value("reason", choice, &json!({"n": 3})), "few");
    assert_eq!(value("reason", "{ if = { \"/n\" = 1 }, then = \"=one\" }", &json!({"n": 2})), Value::Null);
}

#[test]
fn conditions() {
    let record = json!({"s": "login", "n": 5, "big": u64::MAX, "f": 5.5, "t": true, "z": null, "o": {}, "l": [{"k": 1}, {"k": 2}]});
    for (condition, expected) in [
        ("{ \"/s\" = \"login\" }", true),
        ("{ \"/s\" = { eq = \"Login\" } }", false),
        ("{ \"/s\" = [\"logout\", \"login\"] }", true),
        ("{ \"/s\" = { not_in = [\"login\"] } }", false),
        ("{ \"/n\" = 5 }", true),
        ("{ \"/n\" = \"5\" }", false),
        ("{ \"/t\" = true }", true),
        ("{ \"/t\" = \"true\" }", false),
        ("{ \"/z\" = { exists = true } }", true),
        ("{ \"/z\" = { present = true } }", false),
        ("{ \"/y\" = { exists = false } }", true),
        ("{ \"/o\" = { type = \"object\" } }", true),
        ("{ \"/y\" = { type = \"null\" } }", false),
        ("{ \"/z\" = { type = \"null\" } }", true),
        ("{ \"/s\" = { matches = '^log' } }", true),
        ("{ \"/n\" = { ge = 5, lt = 6 } }", true),
        ("{ \"/n\" = { le = 4 } }", false),
        ("{ \"/f\" = { gt = 5 } }", true),
        ("{ \"/big\" = { gt = 5 } }", true),
        ("{ \"/big\" = { lt = 5 } }", false),
        ("{ \"/s\" = { gt = 5 } }", false),
        ("{ \"/l\" = { has = { \"@item/k\" = 2 } } }", true),
        ("{ \"/l\" = { has = { \"@item/k\" = 3 } } }", false),
        ("{ \"/s\" = { has = { \"@item/k\" = 3 } } }", false),
        ("{ not = { \"/s\" = \"login\" } }", false),
        ("{ any = [{ \"/s\" = \"no\" }, { \"/n\" = 5 }] }", true),
        ("{ all = [{ \"/s\" = \"login\" }, { \"/n\" = 6 }] }", false),
        ("[{ \"/s\" = \"login\" }, { \"/n\" = 5 }]", true),
        ("{ \"/s\" = \"login\", \"/n\" = 6 }", false),
    ] {
        assert_eq!(matches(condition, &record), expected, "{condition}");
    }
}

#[test]
fn arrays_explode_with_their_parents_at_hand() {
    let profile = profile(
        r#"
[[rule]]
id = "r"
emit = "notification"
when = { "/id" = { present = true } }
each = ["/outer", "@item/inner"]
where = { "@item/skip" = { exists = false } }
[rule.set]
reason = "={/id}/{@parent/name}/{@item/name}/{@index}"
"#,
    );
    let record = json!({"id": "R", "outer": [
        {"name": "a", "inner": [{"name": "x"}, {"name": "y", "skip": 1}, {"name": "z"}]},
        {"name": "b", "inner": null},
        {"name": "c", "inner": [{"name": "w"}]},
    ]});
    let found = events(&profile, &record);
    let reasons: Vec<&str> = found.iter().map(|event| event["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["R/a/x/0", "R/a/z/2", "R/c/w/0"]);
    let subs: Vec<i64> = found.iter().map(|event| event["sub"].as_i64().unwrap()).collect();
    assert_eq!(subs, [0, 1, 2]);
    let ids: std::collections::BTreeSet<&str> =
        found.iter().filter_map(|event| event["id"].as_str()).collect();
    assert_eq!(ids.len(), 3);
    assert_eq!(
        rejected(&profile, &json!({"id": "R", "outer": 3})),
        "expected an array at `/outer`, found a number (rule `r`)"
    );
}

#[test]
fn all_rules_or_the_first() {
    let rules = r#"
[[rule]]
id = "a"
emit = "notification"
when = { "/x" = { exists = true } }
[rule.set]
reason = "=a"
[[rule]]
id = "b"
emit = "session"
when = { "/x" = { exists = true } }
[rule.set]
reason = "=b"
"#;
    assert_eq!(events(&profile(rules), &json!({"x": 1})).len(), 2);
    let first = events(&profile(&format!("match = \"first\"\n{rules}")), &json!({"x": 1}));
    assert_eq!(first.len(), 1);
    assert_eq!(first[0]["rule"], "a");
}

#[test]
fn a_fault_in_one_rule_leaves_no_event_of_the_record() {
    let body = format!(
        "\n{SOFT}[rule.set]\nreason = \"=kept\"\n{}outcome = \"/x\"\n",
        HARD.replace("\"r\"", "\"hard\"")
    );
    let profile = profile(&body);
    let (mapped, events) = run(&profile, r#"{"x":"nonsense"}"#, &[]);
    assert!(matches!(mapped, Mapped::Rejected { .. }));
    assert!(events.is_empty());
}

#[test]
fn records_that_make_no_event_say_why() {
    let profile = profile(
        r#"
[read]
framing = "lines"
record_time = "/time"
[[housekeeping]]
when = { "/kind" = "beat" }
reason = "a heartbeat"
[[ignore]]
when = { "/kind" = "noise" }
reason = "it says nothing"
[[reject]]
when = { "/kind" = "odd" }
reason = "an odd record"
value = "/what"
[[rule]]
id = "r"
emit = "notification"
when = { "/kind" = "note" }
[rule.set]
reason = "=x"
"#,
    );
    let mapped = |text: &str| run(&profile, text, &[]).0;
    let time_ms = Some(1000);
    assert_eq!(mapped(r#"{"kind":"beat","time":"1970-01-01T00:00:01Z"}"#), Mapped::Housekeeping { time_ms });
    let reason = "it says nothing";
    assert_eq!(
        mapped(r#"{"kind":"noise","time":"1970-01-01T00:00:01Z"}"#),
        Mapped::Ignored { reason, time_ms }
    );
    assert_eq!(mapped(r#"{"kind":"other","time":"1970-01-01T00:00:01Z"}"#), Mapped::Observation { time_ms });
    assert_eq!(mapped(r#"{"kind":"other","time":"soon"}"#), Mapped::Observation { time_ms: None });
    assert_eq!(rejected(&profile, &json!({"kind": "odd", "what": "thing"})), "an odd record `thing`");
    assert_eq!(rejected(&profile, &json!({"kind": "odd"})), "an odd record");
}

#[test]
fn principals_take_the_first_that_has_an_id() {
    let profile = profile(
        r#"
[let]
ns = { if = { "@id" = { matches = "@" } }, then = "=email", else = "=shop:{/org}" }
[[rule]]
id = "r"
emit = "notification"
when = { "/x" = { exists = true } }
[rule.set]
requester = [{ id = "/bot", ns = "=bots", kind = "=service" }, { id = "/user", ns = "$ns", name = "/name" }]
decider = { id = "/nobody", ns = "=never", kind = "=human" }
executor = { id = "/user" }
subject = { id = "/for", ns = "$ns" }
"#,
    );
    let event =
        &events(&profile, &json!({"x": 1, "user": "kim@x.example", "org": "o", "name": "Kim", "for": "u-7"}))
            [0];
    assert_eq!((&event["requester_ns"], &event["requester_id"]), (&json!("email"), &json!("kim@x.example")));
    assert_eq!(event["requester_name"], "Kim");
    assert_eq!(event.get("requester_kind"), None);
    assert_eq!((event.get("decider_ns"), event.get("decider_kind")), (None, None));
    assert_eq!(event["executor_ns"], "src", "a missing namespace is the source id");
    assert_eq!((&event["subject_ns"], &event["subject_id"]), (&json!("shop:o"), &json!("u-7")));
    let bot = &events(&profile, &json!({"x": 1, "user": "kim", "bot": "b", "name": "Kim"}))[0];
    assert_eq!((&bot["requester_ns"], &bot["requester_kind"]), (&json!("bots"), &json!("service")));
    assert_eq!(bot.get("requester_name"), None, "members of two principals never mix");
}

const RUN: &str = r#"
[[rule]]
id = "run"
emit = "execution"
when = { "/x" = { exists = true } }
[rule.set]
time = "=2026-07-01T00:00:00Z"
corr_request = "/requests"
corr_session = "/x"
request_link = "=none"
"#;

#[test]
fn a_link_says_what_its_absence_means() {
    let profile = profile(RUN);
    let link = |requests: Value| {
        let event = events(&profile, &json!({"x": "S", "requests": requests}))[0].clone();
        (event["request_link"].as_str().unwrap().to_owned(), event.get("corr_request").cloned())
    };
    assert_eq!(link(json!(null)), ("none".to_owned(), None));
    assert_eq!(link(json!([])), ("none".to_owned(), None));
    assert_eq!(link(json!("R")), ("linked".to_owned(), Some(json!("src:request:R"))));
    assert_eq!(link(json!(["R", "R"])), ("linked".to_owned(), Some(json!("src:request:R"))));
    assert_eq!(link(json!(["R", "Q"])), ("ambiguous".to_owned(), None));
}

#[test]
fn a_workspace_names_instances_and_constants() {
    let profile = profile(&format!("\n[settings]\nteam = \"the team's id\"\n{RUN}reason = \"@set/team\"\n"));
    let set = [
        ("request_instance", "gate-eu"),
        ("env", "prod"),
        ("quorum", "2"),
        ("team", "T1"),
        ("executor_ns", "corp"),
    ];
    let (_, events) = run(&profile, r#"{"x":"S","requests":"R"}"#, &set);
    let event = event_json(&events[0]);
    assert_eq!(event["corr_request"], "gate-eu:request:R");
    assert_eq!(event["corr_session"], "src:session:S");
    assert_eq!(
        (&event["env"], &event["quorum"], &event["reason"]),
        (&json!("prod"), &json!(2), &json!("T1"))
    );
    assert_eq!(
        event.get("executor_ns"),
        None,
        "a namespace never names a principal that the record does not"
    );

    let wrong = |key: &str, value: &str| {
        let set = BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let error = profile.context("src", "object", &set).unwrap_err();
        (error.to_string(), error.help().unwrap())
    };
    assert_eq!(
        wrong("evn", "prod"),
        ("`set` of source `src`: unknown key `evn`".to_owned(), "did you mean `env`?".to_owned())
    );
    let (what, help) = wrong("action_class", "wirte");
    assert_eq!(
        (what.as_str(), help.as_str()),
        ("`set` of source `src`: `action_class` cannot be `wirte`", "did you mean `write`?")
    );
    assert!(wrong("outcome", "approved").0.contains("unknown key"), "a verdict is never a constant");
    assert!(wrong("break_glass", "yes").1.contains("`true` or `false`"));
}

#[test]
fn json_in_a_string_is_addressed_by_name() {
    let profile = profile(
        r#"
[nested]
meta = "/view/private"
[[rule]]
id = "r"
emit = "notification"
when = { "@meta/id" = { present = true } }
[rule.set]
reason = "={@meta/id}{@meta/list/1}"
"#,
    );
    assert_eq!(
        events(&profile, &json!({"view": {"private": "{\"id\":\"R\",\"list\":[1,2]}"}}))[0]["reason"],
        "R2"
    );
    for text in ["plain words", "", "7"] {
        let (mapped, _) = run(&profile, &json!({"view": {"private": text}}).to_string(), &[]);
        assert_eq!(mapped, Mapped::Observation { time_ms: None }, "{text}");
    }
    let twice = json!({"view": {"private": "{\"id\":1,\"id\":2}"}}).to_string();
    assert!(matches!(run(&profile, &twice, &[]).0, Mapped::Rejected { kind: BreakKind::DuplicateKey, .. }));
}

#[test]
fn wrapped_records_are_unwrapped() {
    let profile = profile(&format!(
        "\n[read]\nframing = \"lines\"\nunwrap = [\"/payload\"]\n{SOFT}[rule.set]\nreason = \"={{/x}}{{@record/by}}\"\n"
    ));
    assert_eq!(events(&profile, &json!({"by": "b", "payload": {"x": 1}}))[0]["reason"], "1b");
    assert_eq!(events(&profile, &json!({"by": "b", "x": 2, "payload": "text"}))[0]["reason"], "2b");
}

#[test]
fn groups_of_columns_are_laid_over_each_other() {
    let body = format!(
        "\n[columns.a]\nreason = \"=a\"\nticket = \"=t\"\n[columns.b]\nreason = \"=b\"\n{SOFT}use = [\"a\", \"b\"]\n[rule.set]\nenv = \"=prod\"\n"
    );
    let event = &events(&profile(&body), &json!({"x": 1}))[0];
    assert_eq!(
        (&event["reason"], &event["ticket"], &event["env"]),
        (&json!("b"), &json!("t"), &json!("prod"))
    );
    let unused = format!("\n[columns.a]\nreason = \"=a\"\n{SOFT}[rule.set]\nenv = \"=prod\"\n");
    assert!(refused(&unused).0.contains("columns `a` are never used"));
}

#[test]
fn unsafe_numbers_are_named_where_they_are_used() {
    let profile = profile(&format!("{HARD}outcome = \"=approved\"\nreason = \"/n\"\n"));
    let text = r#"{"x":1,"n":99999999999999999999}"#;
    assert!(matches!(run(&profile, text, &[]).0, Mapped::Rejected { kind: BreakKind::UnsafeNumber, .. }));
    assert!(matches!(run(&profile, r#"{"x":1,"other":99999999999999999999}"#, &[]).0, Mapped::Events(1)));
}

#[test]
fn repeats_have_keys_by_source_and_kind() {
    let profile = profile(&format!(
        "{HARD}outcome = \"=approved\"\ndedup_key = \"={{/x}}\"\nsnapshot_version = \"/v\"\n"
    ));
    let event = &events(&profile, &json!({"x": "u-1", "v": 4}))[0];
    assert_eq!((&event["dedup_key"], &event["snapshot_version"]), (&json!("src:decision:u-1"), &json!(4)));
    assert!(profile.deduplicates() && profile.is_snapshot());
}

#[test]
fn framings() {
    let framing = |read: &str| profile(&format!("\n[read]\n{read}\n{SOFT}")).framing();
    let records = vec!["/data".to_owned(), String::new()];
    assert_eq!(framing("framing = \"lines\""), Framing::Lines);
    assert_eq!(
        framing("framing = \"document\"\nrecords = [\"/data\", \"\"]"),
        Framing::Document { records: records.clone() }
    );
    assert_eq!(framing("framing = \"by-name\"\nrecords = [\"/data\", \"\"]"), Framing::ByName { records });
    let (what, _) = refused(&format!("\n[read]\nframing = \"lines\"\nrecords = [\"/a\"]\n{SOFT}"));
    assert!(what.contains("`records` has no meaning for lines"), "{what}");
}

#[test]
fn what_the_language_does_not_know_is_refused_with_its_place() {
    let rule = format!("\n{SOFT}[rule.set]\n");
    for (body, what, help) in [
        ("\n[raed]\n[read]\nframing = \"lines\"\n".to_owned(), "unknown key `raed`", "did you mean `read`?"),
        (rule.replace("emit", "emits"), "unknown key `emits`", "did you mean `emit`?"),
        (
            rule.replace("notification", "notfication"),
            "unknown value `notfication`",
            "did you mean `notification`?",
        ),
        (
            format!("{rule}reson = \"/a\"\n"),
            "`reson` is no column that a rule sets",
            "did you mean `reason`?",
        ),
        (format!("{rule}grade = \"=verified\"\n"), "`grade` is no column that a rule sets", "write one of"),
        (format!("{rule}reason = \"a\"\n"), "`a` is neither a path nor a constant", "write `/a`"),
        (format!("{rule}reason = \"@itme/a\"\n"), "unknown reference `@itme`", "did you mean `item`?"),
        (
            format!("{rule}reason = {{ of = \"/a\", mpa = \"m\" }}\n"),
            "without an operator",
            "did you mean `map`?",
        ),
        (format!("{rule}reason = {{ of = \"/a\", map = \"m\" }}\n"), "`[maps]` has no `m`", "write one of"),
        (
            format!("{rule}reason = {{ of = \"/a\", map = \"m\", join = \",\" }}\n"),
            "several operators",
            "exactly one",
        ),
        (format!("{rule}reason = {{ of = \"/a\", match = \"(\" }}\n"), "unclosed group", ""),
        (
            format!("{rule}reason = {{ of = \"/a\", match = \"(a)\\\\1\" }}\n"),
            "backreferences are not supported",
            "",
        ),
        (format!("{rule}reason = {{ of = \"/a\", duration = \"h\" }}\n"), "unknown value `h`", ""),
        (format!("{rule}reason = 1.5\n"), "a float has no meaning here", ""),
        (format!("{rule}reason = \"={{/a\"\n"), "`{` without `}`", "write `{{`"),
        (format!("{rule}reason = \"@set/team\"\n"), "`[settings]` declares no `team`", ""),
        (format!("{rule}requester = {{ ns = \"=a\" }}\n"), "`id` is missing", ""),
        (format!("{rule}subject = {{ id = \"/a\", name = \"/b\" }}\n"), "unknown key `name`", ""),
        (rule.replace("exists = true", "exist = true"), "unknown test `exist`", "did you mean `exists`?"),
        (rule.replace("\"/x\" =", "\"x\" ="), "`x` is no subject of a condition", "write a path"),
        (format!("{rule}{rule}"), "rule `r` twice", ""),
        ("\n[read]\nframing = \"lines\"\n".to_owned(), "a profile without a rule", "add `[[rule]]`"),
        (format!("{rule}reason ="), "source profile profile.toml:", ""),
    ] {
        let (found, found_help) = refused(&body);
        assert!(found.contains(what), "{found}\n{body}");
        assert!(found_help.unwrap_or_default().contains(help), "{found}\n{body}");
    }
}

#[test]
fn a_place_names_line_and_column() {
    let text = format!("{HEAD}match = \"all\"\n{READ}{SOFT}[rule.set]\n  reson = \"/a\"\n");
    let Err(ProfileError::Invalid { place, .. }) = Profile::parse("sources/x/profile.toml", &text) else {
        panic!("accepted")
    };
    let line = text.lines().position(|line| line.contains("reson")).unwrap() + 1;
    assert_eq!(place.to_string(), format!("sources/x/profile.toml:{line}:3"));
}

#[test]
fn filled_columns_follow_from_the_rules() {
    let profile = profile(&format!(
        "{RUN}executor = {{ id = \"/u\" }}\n{}outcome = \"=approved\"\ndecider = {{ id = \"/d\" }}\n",
        HARD.replace("\"r\"", "\"vote\"")
    ));
    let filled = profile.columns_filled();
    for column in [
        "execution.ts_ms",
        "execution.request_id",
        "execution.request_link",
        "execution.session_id",
        "execution.actor_id",
        "execution.principal_id",
        "decision.outcome",
        "decision.reviewer_id",
        "decision.request_id",
        "event.kind",
    ] {
        assert!(filled.contains(column), "{column}");
    }
    for column in ["execution.command_digest", "decision.reason", "request.request_id", "decision.seq"] {
        assert!(!filled.contains(column), "{column}");
    }
}

#[test]
fn filled_columns_are_columns_of_the_tables() {
    use crate::column::Row as _;
    use crate::table::{
        AccessGrant, Decision, EventRow, Execution, PolicyChange, Request, Revocation, Session,
    };
    let mut known = std::collections::BTreeSet::new();
    for (table, columns) in [
        ("event", EventRow::COLUMNS),
        ("request", Request::COLUMNS),
        ("decision", Decision::COLUMNS),
        ("execution", Execution::COLUMNS),
        ("revocation", Revocation::COLUMNS),
        ("session", Session::COLUMNS),
        ("policy_change", PolicyChange::COLUMNS),
        ("access_grant", AccessGrant::COLUMNS),
        ("control_event", crate::table::ControlEvent::COLUMNS),
    ] {
        known.extend(columns.iter().map(|column| format!("{table}.{}", column.name)));
    }
    for entry in super::library::Library::shipped().unwrap().entries() {
        let strange: Vec<String> = entry.profile().columns_filled().difference(&known).cloned().collect();
        assert!(strange.is_empty(), "{}: {strange:?}", entry.profile().name());
    }
}

#[test]
fn a_pattern_runs_in_linear_time_or_is_refused() {
    // What takes a backtracking engine longer than the universe has is one pass here.
    let text = format!("{}!", "a".repeat(50_000));
    let condition = r#"{ "/t" = { matches = '^(a+)+$' } }"#;
    assert!(!matches(condition, &json!({"t": text})));
    let huge = "\n[[ignore]]\nwhen = { \"/t\" = { matches = '((a{1000}){1000}){1000}' } }\nreason = \"x\"\n";
    let (what, _) = refused(&format!("{huge}{SOFT}[rule.set]\nreason = \"=x\"\n"));
    assert!(what.contains("size limit"), "{what}");
    let back = huge.replace("((a{1000}){1000}){1000}", "(a)\\1");
    let (what, _) = refused(&format!("{back}{SOFT}[rule.set]\nreason = \"=x\"\n"));
    assert!(what.contains("backreference") || what.contains("escape"), "{what}");
}
