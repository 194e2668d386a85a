//! Tests of joins by nearest time: which record gives, when none does, and that losing one helps nobody.

use serde_json::{Value, json};

use super::{profile, refused, run};
use crate::column::Brief;
use crate::event::Event;
use crate::profile::event_json;
use crate::profile::join::among;

const NEAREST: &str = r#"
[joins.answer]
columns = ["corr_request", "policy_id"]
nearest = "10s"
once = true
[[rule]]
id = "answer"
emit = "decision"
when = { "/type" = "answer" }
[rule.set]
time = "/at"
corr_request = "/request"
policy_id = "/policy"
outcome = "=approved"
basis = "=human"
[rule.offers]
answer = "/tool"
[[rule]]
id = "result"
emit = "execution"
when = { "/type" = "result" }
[rule.set]
time = "/at"
corr_request = "/request"
request_link = "=not_logged"
[rule.takes]
answer = "/tool"
"#;

fn at(ms: i64) -> String {
    crate::clock::Moment::from_ms(1_782_900_000_000 + ms).to_string()
}

fn answer(ms: i64, request: &str) -> Value {
    json!({"type": "answer", "at": at(ms), "request": request, "tool": "Bash", "policy": "p"})
}

fn result(ms: i64) -> Value {
    json!({"type": "result", "at": at(ms), "tool": "Bash"})
}

/// Maps records by `body`, lets their events take, and returns the executions in the order of the records.
fn results(body: &str, records: &[Value]) -> Vec<Event> {
    let profile = profile(body);
    let mut events = Vec::new();
    for (record, number) in records.iter().zip(0..) {
        let mut found = run(&profile, &record.to_string(), &[]).1;
        found.iter_mut().for_each(|event| event.id = Some(format!("{number}").into()));
        events.append(&mut found);
    }
    among(&mut events, profile.joins());
    events.retain(|event| event.kind.as_deref() == Some("execution"));
    events
}

/// Returns the request, the word for the link, and the marks of each execution.
fn linked(body: &str, records: &[Value]) -> Vec<(Option<String>, String, String)> {
    let words = |event: &Event| {
        let text = |of: &Option<Brief>| of.as_deref().unwrap_or_default().to_owned();
        let request = event.corr_request.as_deref().and_then(|id| id.strip_prefix("src:request:"));
        (request.map(str::to_owned), text(&event.request_link), text(&event.quality))
    };
    results(body, records).iter().map(words).collect()
}

fn near(request: &str) -> (Option<String>, String, String) {
    (Some(request.to_owned()), "nearest".to_owned(), "joined,joined_nearest".to_owned())
}

fn open(word: &str, mark: &str) -> (Option<String>, String, String) {
    (None, word.to_owned(), mark.to_owned())
}

#[test]
fn the_nearest_record_gives_and_the_link_says_that_it_is_weak() {
    let records = [answer(0, "A"), answer(4_000, "B"), result(6_000)];
    assert_eq!(linked(NEAREST, &records), [near("B")]);
    let event = event_json(&results(NEAREST, &records)[0]);
    assert_eq!((&event["joined"], &event["policy_id"]), (&json!("answer=1"), &json!("p")));
    // The order in which they stand says nothing.
    assert_eq!(linked(NEAREST, &[result(6_000), answer(4_000, "B"), answer(0, "A")]), [near("B")]);
}

#[test]
fn two_as_near_give_nothing() {
    let tie = [answer(1_000, "A"), answer(1_000, "B"), result(2_000)];
    assert_eq!(linked(NEAREST, &tie), [open("ambiguous", "join_ambiguous")]);
    // A third one that lies nearer ends the tie; one that lies farther does not.
    let nearer = [&tie[..], &[answer(1_500, "C")]].concat();
    assert_eq!(linked(NEAREST, &nearer), [near("C")]);
    let farther = [&tie[..], &[answer(0, "C")]].concat();
    assert_eq!(linked(NEAREST, &farther), [open("ambiguous", "join_ambiguous")]);
    // Before and behind are as near where both count.
    let any = NEAREST.replace("once = true", "order = \"any\"");
    let around = [answer(1_000, "A"), result(2_000), answer(3_000, "B")];
    assert_eq!(linked(&any, &around), [open("ambiguous", "join_ambiguous")]);
    assert_eq!(linked(&any, &[answer(1_000, "A"), result(2_000), answer(2_999, "B")]), [near("B")]);
    // Two that say the same are no two.
    assert_eq!(linked(NEAREST, &[answer(1_000, "A"), answer(1_000, "A"), result(2_000)]), [near("A")]);
}

#[test]
fn the_window_ends_at_its_last_moment() {
    assert_eq!(linked(NEAREST, &[answer(0, "A"), result(10_000)]), [near("A")]);
    assert_eq!(linked(NEAREST, &[answer(0, "A"), result(10_001)]), [open("not_logged", "join_missing")]);
    let any = NEAREST.replace("once = true", "order = \"any\"");
    assert_eq!(linked(&any, &[result(0), answer(10_000, "A")]), [near("A")]);
    assert_eq!(linked(&any, &[result(0), answer(10_001, "A")]), [open("not_logged", "join_missing")]);
}

#[test]
fn a_later_record_gives_only_where_the_order_does_not_matter() {
    let records = [result(0), answer(1, "A")];
    assert_eq!(linked(NEAREST, &records), [open("not_logged", "join_missing")]);
    assert_eq!(linked(&NEAREST.replace("once = true", "order = \"any\""), &records), [near("A")]);
    // The same moment is not later.
    assert_eq!(linked(NEAREST, &[result(0), answer(0, "A")]), [near("A")]);
}

#[test]
fn without_a_key_nothing_is_asked_and_another_key_is_another_thing() {
    let mut keyless = result(1_000);
    keyless["tool"] = Value::Null;
    assert_eq!(linked(NEAREST, &[answer(0, "A"), keyless]), [open("not_logged", "")]);
    let mut nameless = answer(0, "A");
    nameless["tool"] = Value::Null;
    assert_eq!(linked(NEAREST, &[nameless, result(1_000)]), [open("not_logged", "join_missing")]);
    let mut other = result(1_000);
    other["tool"] = json!("Write");
    assert_eq!(linked(NEAREST, &[answer(0, "A"), other]), [open("not_logged", "join_missing")]);
}

#[test]
fn a_record_that_gives_once_gives_to_nobody_where_two_would_take_from_it() {
    let twice = [answer(0, "A"), result(1_000), result(2_000)];
    assert_eq!(
        linked(NEAREST, &twice),
        [open("ambiguous", "join_ambiguous"), open("ambiguous", "join_ambiguous")]
    );
    let each = [answer(0, "A"), result(1_000), answer(1_500, "B"), result(2_000)];
    assert_eq!(linked(NEAREST, &each), [near("A"), near("B")]);
    // Without `once` both take, which the lint notes.
    let shared = NEAREST.replace("once = true", "");
    assert_eq!(linked(&shared, &twice), [near("A"), near("A")]);
    let notes = |body: &str| profile(body).lint().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert!(notes(&shared).iter().any(|note| note.contains("several executions may take the same")));
    assert!(!notes(NEAREST).iter().any(|note| note.contains("several executions")));
}

#[test]
fn what_the_record_says_itself_stays_and_nearness_does_not_contradict_it() {
    let mut own = result(1_000);
    own["request"] = json!("R");
    let found = linked(NEAREST, &[answer(0, "A"), own]);
    assert_eq!((found[0].0.as_deref(), found[0].1.as_str()), (Some("R"), "linked"));
    // Where the product always writes the request, nobody asked.
    let always = NEAREST.replace("=not_logged", "=none");
    let found = linked(&always, &[answer(0, "A"), result(1_000)]);
    assert_eq!((found[0].0.as_deref(), found[0].1.as_str()), (None, "none"));
    let found = linked(&always, &[answer(0, "A"), answer(0, "B"), result(1_000)]);
    assert_eq!(found[0].1, "none");
}

#[test]
fn losing_an_answer_places_no_execution_that_had_none_before_unless_it_was_one_of_several() {
    // Every way to lose records of a session: an execution takes what it took, nothing, or what now lies nearest; and
    // always by a link that says that it is weak. None becomes `linked`.
    let records = [
        answer(0, "A"),
        result(1_000),
        answer(2_000, "B"),
        answer(2_000, "C"),
        result(3_000),
        result(30_000),
    ];
    let whole = linked(NEAREST, &records);
    assert_eq!(whole, [near("A"), open("ambiguous", "join_ambiguous"), open("not_logged", "join_missing")]);
    for kept in 0_u32..64 {
        let less: Vec<Value> =
            (0..6).filter(|at| kept & (1 << at) != 0).map(|at| records[at].clone()).collect();
        for (request, word, marks) in linked(NEAREST, &less) {
            assert_ne!(word, "linked", "{kept:b}");
            assert_eq!(request.is_some(), word == "nearest" && marks.contains("joined_nearest"), "{kept:b}");
        }
    }
}

#[test]
fn joins_by_nearness_that_cannot_be_meant_are_refused() {
    for (from, to, says) in [
        ("\"10s\"", "\"0s\"", "no time within which a record is near"),
        ("\"10s\"", "\"25h\"", "no time within which a record is near"),
        ("\"10s\"", "\"-10s\"", "no time within which a record is near"),
        ("\"10s\"", "\"soon\"", "no time within which a record is near"),
        ("nearest = \"10s\"", "", "`once` has a meaning beside `nearest` only"),
        ("once = true", "once = \"yes\"", "expected a boolean"),
        ("nearest", "neerest", "unknown key `neerest`"),
        ("emit = \"execution\"", "emit = \"session\"", "which goes by nearness in time"),
    ] {
        let (what, _) = refused(&NEAREST.replacen(from, to, 1));
        assert!(what.contains(says), "{to}: {what}");
    }
}
