//! Tests of values that events take from other records: what compiles, and what is taken.

use serde_json::{Value, json};

use super::{profile, refused, run};
use crate::event::Event;
use crate::profile::join::among;
use crate::profile::{Taking, event_json};

const JOINED: &str = r#"
[joins.start]
columns = ["executor", "command", "action_name", "corr_request"]
[joins.person]
columns = ["executor_email"]
order = "any"
[[rule]]
id = "start"
emit = "notification"
when = { "/type" = "start" }
[rule.set]
time = "/at"
action_name = "/action"
command_digest = { of = "/command", digest = "utf8-sha256" }
canonicalisation = "=utf8-sha256"
corr_request = "/request"
executor = { id = "/user", ns = "=test" }
[rule.offers]
start = "/run"
[[rule]]
id = "end"
emit = "execution"
when = { "/type" = "end" }
[rule.set]
time = "/at"
corr_request = "/request"
request_link = "=not_logged"
exec_state = "=succeeded"
[rule.takes]
start = "/run"
person = "/user"
[[rule]]
id = "person"
emit = "observation"
when = { "/type" = "person" }
[rule.set]
executor = { id = "/user", ns = "=test", email = "/email" }
[rule.offers]
person = "/user"
"#;

fn start(at: &str, run: &str, user: &str) -> Value {
    json!({"type": "start", "at": at, "run": run, "user": user, "action": "rm", "command": "rm x", "request": "R-1"})
}

fn end(at: &str, run: &str) -> Value {
    json!({"type": "end", "at": at, "run": run})
}

/// Maps records, lets their events take from one another, and returns the executions.
fn ends(records: &[Value]) -> Vec<Event> {
    let profile = profile(JOINED);
    let mut events = Vec::new();
    for (record, number) in records.iter().zip(0..) {
        let mut found = run(&profile, &record.to_string(), &[]).1;
        // Each record lies somewhere else.
        found.iter_mut().for_each(|event| event.id = Some(format!("{number}").into()));
        events.append(&mut found);
    }
    let ids: Vec<_> = events.iter().map(|event| event.id.clone()).collect();
    among(&mut events, profile.joins());
    assert_eq!(ids, events.iter().map(|event| event.id.clone()).collect::<Vec<_>>(), "ids stay as they are");
    events.retain(|event| event.kind.as_deref() == Some("execution"));
    events
}

const EARLY: &str = "2026-07-01T10:00:00Z";
const LATE: &str = "2026-07-01T10:05:00Z";

#[test]
fn an_event_takes_what_an_earlier_record_with_its_key_says() {
    let found = ends(&[end(LATE, "a"), start(EARLY, "a", "dana"), start(EARLY, "b", "kim")]);
    let event = event_json(&found[0]);
    assert_eq!((&event["executor_id"], &event["executor_ns"]), (&json!("dana"), &json!("test")));
    assert_eq!((&event["action_name"], &event["corr_request"]), (&json!("rm"), &json!("src:request:R-1")));
    assert_eq!(event["request_link"], "linked", "a request id that is taken links");
    assert_eq!(event["canonicalisation"], "utf8-sha256", "a digest comes with how it was made");
    assert_eq!((&event["quality"], &event["joined"]), (&json!("joined"), &json!("start=1")));
    assert_eq!((&event["exec_state"], &event["time"]), (&json!("succeeded"), &json!(LATE)));
}

#[test]
fn a_later_record_gives_nothing_where_it_must_come_before() {
    let found = ends(&[start(LATE, "a", "dana"), end(EARLY, "a")]);
    let event = event_json(&found[0]);
    assert_eq!((event.get("executor_id"), &event["quality"]), (None, &json!("join_missing")));
    assert_eq!(event["request_link"], "not_logged");
    // The same moment is not later.
    assert_eq!(event_json(&ends(&[start(EARLY, "a", "dana"), end(EARLY, "a")])[0])["quality"], "joined");
}

#[test]
fn records_that_do_not_agree_give_nothing() {
    let found = ends(&[start(EARLY, "a", "dana"), start(EARLY, "a", "kim"), end(LATE, "a")]);
    let event = event_json(&found[0]);
    assert_eq!((event.get("executor_id"), &event["quality"]), (None, &json!("join_ambiguous")));
    let same = ends(&[start(EARLY, "a", "dana"), start(EARLY, "a", "dana"), end(LATE, "a")]);
    assert_eq!(event_json(&same[0])["quality"], "joined", "several that agree are one");
}

#[test]
fn what_the_record_says_itself_stays() {
    let mut own = end(LATE, "a");
    own["request"] = json!("R-2");
    let found = ends(&[start(EARLY, "a", "dana"), own]);
    assert_eq!(event_json(&found[0])["corr_request"], "src:request:R-2");
}

#[test]
fn a_table_beside_the_log_has_no_time_and_gives_all_the_same() {
    let person = |email: &str| json!({"type": "person", "user": "dana", "email": email});
    let mut known = end(EARLY, "none");
    known["user"] = json!("dana");
    let found = event_json(&ends(&[known.clone(), person("dana@x.example")])[0]);
    assert_eq!(
        (&found["executor_email"], &found["quality"]),
        (&json!("dana@x.example"), &json!("join_missing,joined"))
    );
    let two = event_json(&ends(&[known.clone(), person("dana@x.example"), person("d@x.example")])[0]);
    assert_eq!((two.get("executor_email"), &two["quality"]), (None, &json!("join_ambiguous,join_missing")));
    // A record without the key asks for nothing.
    assert_eq!(event_json(&ends(&[end(EARLY, "none"), person("d@x.example")])[0])["quality"], "join_missing");
}

#[test]
fn what_is_taken_has_the_lower_grade() {
    let profile = profile(JOINED);
    let map = |record: Value, grade: &str, id: &str| {
        let mut event = run(&profile, &record.to_string(), &[]).1.remove(0);
        (event.grade, event.id) = (Some(grade.into()), Some(id.into()));
        event
    };
    let mut giver = map(start(EARLY, "a", "dana"), "parsed", "g");
    let mut taker = map(end(LATE, "a"), "pinned-signed", "t");
    let join = &profile.joins()[1];
    assert_eq!(join.name(), "start");
    let offer = join.offer(&mut giver);
    assert_eq!(join.take(&mut taker, std::slice::from_ref(&offer), false), Taking::Taken);
    assert_eq!(taker.grade.as_deref(), Some("parsed"));
    // One's own offer is nobody else's.
    let mut alone = map(start(EARLY, "a", "dana"), "parsed", "g");
    assert_eq!(join.take(&mut alone, &[offer], false), Taking::Missing);
}

#[test]
fn joins_that_cannot_be_meant_are_refused() {
    let (what, help) = refused(&JOINED.replace("start = \"/run\"\nperson", "strat = \"/run\"\nperson"));
    assert!(what.contains("`[joins]` has no `strat`"), "{what}");
    assert_eq!(help.as_deref(), Some("did you mean `start`?"));
    for column in ["outcome", "exec_state", "time", "native_id", "executor_id", "dedup_key", "command_digest"]
    {
        let body = JOINED.replace("\"executor_email\"", &format!("\"{column}\""));
        assert!(refused(&body).0.contains("nothing that a record takes from another"), "{column}");
    }
    assert!(
        refused(&JOINED.replace("[rule.offers]\nperson = \"/user\"\n", ""))
            .0
            .contains("no rule offers anything by join `person`")
    );
    assert!(
        refused(&JOINED.replace("person = \"/user\"\n[[rule]]", "[[rule]]"))
            .0
            .contains("no rule takes anything by join `person`")
    );
    assert!(
        refused(&JOINED.replace("[rule.takes]\n", "[rule.offers]\nstart = \"/run\"\n[rule.takes]\n"))
            .0
            .contains("would take from one another")
    );
    assert!(
        refused(&JOINED.replace("order = \"any\"", "order = \"after\"")).0.contains("unknown value `after`")
    );
    assert!(
        refused(&JOINED.replace("columns = [\"executor_email\"]", "columns = []"))
            .0
            .contains("takes nothing")
    );
}

#[test]
fn what_is_taken_can_be_filled_and_rests_on_both_records() {
    let profile = profile(JOINED);
    let filled = profile.columns_filled();
    for column in ["execution.actor_id", "execution.command_digest", "execution.action_name"] {
        assert!(filled.contains(column), "{column}");
    }
    let mapped = profile.mapped_pointers();
    // `/action` stands on the start alone, and the action of an execution rests on it.
    assert!(mapped["/action"].contains("execution.action_name"), "{:?}", mapped["/action"]);
    assert!(mapped["/run"].contains("execution.actor_id"), "{:?}", mapped["/run"]);
}
