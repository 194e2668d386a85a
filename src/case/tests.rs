use super::*;
use crate::column::{Brief, to_frame};

fn some(text: &str) -> Option<Brief> {
    Some(text.into())
}

fn event(id: &str, kind: &str, at: i64) -> Event {
    Event {
        id: some(id),
        source: some("gate"),
        log: some("gate"),
        kind: some(kind),
        native_id: some(id),
        time_ms: Some(at),
        corr_request: some("gate:request:R"),
        grade: some("parsed"),
        ..Event::default()
    }
}

fn vote(id: &str, outcome: &str, basis: &str, at: i64) -> Event {
    Event {
        decider_ns: some("email"),
        decider_id: some("lee@corp.example"),
        outcome: some(outcome),
        basis: some(basis),
        ..event(id, "decision", at)
    }
}

fn context(roster: &Roster) -> Context<'_> {
    Context {
        roster,
        gated: &[],
        links: &[],
        chained: BTreeSet::from(["gate"]),
        roles: BTreeMap::from([("gate", Role::Approvals)]),
        holes: Vec::new(),
        source_holes: Vec::new(),
        clock_tolerance_ms: 2_000,
        max_review_ms: 0,
        withdrawal_grace_ms: 0,
        match_window_ms: 0,
        execution_holes: Vec::new(),
        state_reasons: BTreeSet::new(),
        log_withdrawals: BTreeSet::new(),
    }
}

fn joined(events: &[Event]) -> Joined {
    join(vec![to_frame(events)], &context(&Roster::default()))
}

fn rows<R: Row>(joined: &Joined) -> Vec<R> {
    FrameReader::new(&joined.tables[R::TABLE]).rows().collect()
}

#[test]
fn outcomes_follow_the_table() {
    let cases = [
        ("approved", "human", Some("approve")),
        ("approved", "policy", Some("auto_approve")),
        ("approved", "timeout", Some("auto_approve")),
        ("denied", "timeout", Some("expire")),
        ("changes_requested", "human", Some("deny")),
        ("dismissed", "human", Some("revoke")),
        ("approved", "unheard-of", None),
    ];
    for (outcome, basis, expected) in cases {
        let found = rows::<Decision>(&joined(&[vote("d", outcome, basis, 1)]));
        assert_eq!(found[0].outcome.as_deref(), expected, "{outcome} on {basis}");
    }
    assert!(rows::<Decision>(&joined(&[vote("d", "commented", "human", 1)])).is_empty());
}

#[test]
fn resolution_counts_only_without_a_vote() {
    let resolved = Event { resolution: some("approved"), ..event("s", "resolution", 5) };
    let alone = rows::<Decision>(&joined(std::slice::from_ref(&resolved)));
    assert_eq!((alone.len(), alone[0].reviewer_id.clone()), (1, None));
    let voted = rows::<Decision>(&joined(&[vote("d", "approved", "human", 4), resolved]));
    assert_eq!(voted.len(), 1);
    assert_eq!(voted[0].decision_id.as_deref(), Some("d"));
}

#[test]
fn execution_inherits_what_it_does_not_say_and_null_stays_null() {
    let request = Event {
        action_class: some("write"),
        env: some("prod"),
        quorum_link: some("not_logged"),
        break_glass: Some(false),
        ..event("R", "request", 1)
    };
    let ran = Event { held: Some(true), ..event("e", "execution", 3) };
    let found = rows::<Execution>(&joined(&[request, ran]));
    assert_eq!((found[0].action_class.as_deref(), found[0].env.as_deref()), (Some("write"), Some("prod")));
    assert_eq!((found[0].requires_approval, found[0].quorum), (Some(true), None));
    assert_eq!(
        found[0].break_glass, None,
        "the execution does not say, and the request alone cannot exclude it"
    );
}

#[test]
fn run_that_was_blocked_is_no_execution() {
    let blocked = Event { exec_state: some("blocked"), ..event("e", "execution", 3) };
    assert!(rows::<Execution>(&joined(&[blocked])).is_empty());
}

#[test]
fn newest_snapshot_wins_and_repeats_are_counted() {
    let at = |id: &str, version: i64| Event {
        dedup_key: some("k"),
        snapshot_version: Some(version),
        ..vote(id, "approved", "human", version)
    };
    let found = joined(&[at("a", 1), at("b", 3), at("c", 2)]);
    let decisions = rows::<Decision>(&found);
    assert_eq!(decisions.len(), 1);
    assert_eq!(decisions[0].decision_id.as_deref(), Some("b"));
    assert_eq!(found.repeated["gate"], 2);
}

#[test]
fn record_without_a_key_counts_once_where_another_object_has_it_too() {
    let at = |object: &str, digest: &str| Event {
        object: some(object),
        line_digest: some(digest),
        rule: some("vote"),
        sub: Some(0),
        ..vote(&format!("{object}-{digest}"), "approved", "human", 1)
    };
    let first = [at("a", "x"), at("a", "x"), at("a", "y")];
    let again = [at("b", "x"), at("b", "y"), at("b", "y"), at("b", "z")];
    let roster = Roster::default();
    let context = context(&roster);
    let found = join(vec![to_frame(&first), to_frame(&again)], &context);
    assert_eq!(rows::<Decision>(&found).len(), 5, "x twice, y twice, and z");
    assert_eq!(found.repeated["gate"], 2);
    let elsewhere = Context { chained: BTreeSet::new(), ..context };
    assert_eq!(rows::<Decision>(&join(vec![to_frame(&first), to_frame(&again)], &elsewhere)).len(), 7);
}

#[test]
fn orphaned_execution_is_a_case_with_gaps() {
    let ran = Event { corr_request: None, request_link: some("none"), ..event("e", "execution", 3) };
    let cases = rows::<ApprovalCase>(&joined(&[ran]));
    assert_eq!(cases[0].gaps.as_deref(), Some("request,decision"));
    assert_eq!(cases[0].state.as_deref(), Some("unknown"));
}

#[test]
fn executions_source_fills_executions_only() {
    let roster = Roster::default();
    let context = Context { roles: BTreeMap::from([("gate", Role::Executions)]), ..context(&roster) };
    let events = [event("R", "request", 1), vote("d", "approved", "human", 2), event("e", "execution", 3)];
    let found = join(vec![to_frame(&events)], &context);
    assert_eq!(rows::<Request>(&found).len() + rows::<Decision>(&found).len(), 0);
    assert_eq!(rows::<Execution>(&found).len(), 1);
}
