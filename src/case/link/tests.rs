use super::*;
use crate::case::{Joined, join};
use crate::clock::Period;
use crate::column::{Brief, Row, to_frame};
use crate::identity::Roster;
use crate::settings::{Role, Workspace};
use crate::table::{ApprovalCase, Decision, Execution, Request};

const SOURCES: [&str; 3] = ["hoop", "slack", "cloud"];

const PEOPLE: &str = "person,name,kind,owner,ns,id,from,until,reviews\n\
    dana,Dana,human,,email,dana@corp.example,,,\n\
    dana,Dana,human,,slack,U1,,,\n\
    dana,Dana,human,,aws,arn:dana,,,\n\
    lee,Lee,human,,email,lee@corp.example,,,\n\
    lee,Lee,human,,slack,U2,,,\n\
    lee,Lee,human,,aws,arn:lee,,,\n\
    bot,Bot,agent,dana,aws,arn:bot,,,\n";

const DECLARED: &str = r#"
[[link]]
id = "clicks"
from = "slack"
to = "hoop"
equal = [{ from = "corr_request", prefix = "hoop/", to = "corr_session" }]
[[link]]
id = "calls"
from = "cloud"
to = "hoop"
equal = [{ from = "corr_request", to = "corr_session" }]
"#;

const WEAK: &str = r#"
[[link]]
id = "near"
from = "cloud"
to = "hoop"
equal = [{ from = "resource_id", to = "resource_id" }]
within = "10m"
"#;

fn workspace(links: &str) -> Result<Workspace, crate::settings::SettingsError> {
    let mut text = "entity = \"E\"\nperiod = { from = 2026-07-01 }\n".to_owned();
    for (source, role) in SOURCES.into_iter().zip(["approvals", "approvals", "executions"]) {
        text += &format!(
            "[[source]]\nid = \"{source}\"\nprofile = \"csv\"\nobjects = [\"{source}\"]\nrole = \"{role}\"\n"
        );
    }
    Workspace::of_text(&(text + links))
}

fn some(text: &str) -> Option<Brief> {
    Some(text.into())
}

fn event(source: &str, id: &str, kind: &str, at: i64, request: Option<&str>) -> Event {
    Event {
        id: some(id),
        source: some(source),
        log: some(source),
        kind: some(kind),
        native_id: some(id),
        time_ms: Some(at),
        corr_request: request.map(|request| format!("{source}:request:{request}").into()),
        grade: some("parsed"),
        ..Event::default()
    }
}

/// What hoop records of session `session` under review `review`.
fn asked(review: &str, session: &str, who: &str, at: i64) -> Event {
    Event {
        corr_session: Some(format!("hoop:session:{session}").into()),
        requester_ns: some("email"),
        requester_id: some(who),
        resource_id: some("ledger"),
        ..event("hoop", &format!("ask-{review}"), "request", at, Some(review))
    }
}

fn click(id: &str, request: &str, at: i64) -> Event {
    Event {
        decider_ns: some("slack"),
        decider_id: some("U2"),
        outcome: some("approved"),
        basis: some("human"),
        ..event("slack", id, "decision", at, Some(request))
    }
}

fn call(id: &str, request: Option<&str>, who: &str, at: i64) -> Event {
    Event {
        executor_ns: some("aws"),
        executor_id: some(who),
        resource_id: some("ledger"),
        request_link: some("not_logged"),
        ..event("cloud", id, "execution", at, request)
    }
}

fn joined(links: &str, events: &[Event]) -> Joined {
    with_holes(links, events, Vec::new())
}

fn with_holes(links: &str, events: &[Event], source_holes: Vec<(&str, Period)>) -> Joined {
    let workspace = workspace(links).unwrap();
    let roster = Roster::parse(PEOPLE, "people.csv").unwrap();
    let context = Context {
        roster: &roster,
        gated: &[],
        links: &workspace.links,
        roles: workspace.sources.iter().map(|source| (source.id.as_str(), source.role)).collect(),
        chained: BTreeSet::new(),
        holes: Vec::new(),
        source_holes,
        clock_tolerance_ms: 2_000,
        max_review_ms: 0,
        withdrawal_grace_ms: 0,
        match_window_ms: 0,
        execution_holes: Vec::new(),
        state_reasons: BTreeSet::new(),
        log_withdrawals: BTreeSet::new(),
    };
    assert_eq!(context.roles["cloud"], Role::Executions);
    let of =
        |name: &str| events.iter().filter(|event| event.source.as_deref() == Some(name)).collect::<Vec<_>>();
    join(["cloud", "slack", "hoop"].map(|name| to_frame(of(name))).into(), &context)
}

fn rows<R: Row>(joined: &Joined) -> Vec<R> {
    FrameReader::new(&joined.tables[R::TABLE]).rows().collect()
}

/// Joined, ambiguous, orphaned, aside, and open decisions of a link.
fn counts(joined: &Joined, link: &str) -> [u64; 5] {
    let found = joined.links.iter().find(|found| found.id == link).unwrap();
    [found.joined, found.ambiguous, found.orphaned, found.aside, found.open_decisions]
}

#[test]
fn declared_links_make_one_case_of_three_products() {
    let found = joined(
        DECLARED,
        &[
            asked("R", "S", "dana@corp.example", 1_000),
            click("c", "hoop/S", 2_000),
            call("x", Some("S"), "arn:dana", 9_000),
        ],
    );
    let cases = rows::<ApprovalCase>(&found);
    assert_eq!(cases.len(), 1, "{cases:?}");
    assert_eq!((cases[0].decisions, cases[0].executions, cases[0].gaps.clone()), (Some(1), Some(1), None));
    let execution = &rows::<Execution>(&found)[0];
    assert_eq!(execution.request_id.as_deref(), Some("hoop:request:R"));
    assert_eq!(execution.request_link.as_deref(), Some("declared"));
    assert_eq!(rows::<Decision>(&found)[0].request_id.as_deref(), Some("hoop:request:R"));
    assert_eq!((counts(&found, "clicks"), counts(&found, "calls")), ([1, 0, 0, 0, 0], [1, 0, 0, 0, 0]));
}

#[test]
fn prefix_keeps_the_ids_of_other_products_apart() {
    let found =
        joined(DECLARED, &[asked("R", "S", "dana@corp.example", 1_000), click("c", "teleport/S", 2_000)]);
    assert_eq!(counts(&found, "clicks"), [0, 0, 0, 1, 0]);
    assert_eq!(rows::<ApprovalCase>(&found).len(), 2);
}

#[test]
fn orphans_are_cases_with_gaps() {
    let found = joined(DECLARED, &[click("c", "hoop/S", 2_000), call("x", Some("T"), "arn:dana", 9_000)]);
    let gaps: Vec<Option<String>> = rows::<ApprovalCase>(&found).into_iter().map(|case| case.gaps).collect();
    assert_eq!(gaps, ["request,decision", "request"].map(|gaps| Some(gaps.to_owned())));
    assert_eq!((counts(&found, "clicks"), counts(&found, "calls")), ([0, 0, 1, 0, 0], [0, 0, 1, 0, 0]));
}

#[test]
fn ambiguous_key_joins_nothing_and_leaves_the_votes_open() {
    let found = joined(
        DECLARED,
        &[
            asked("R", "S", "dana@corp.example", 1_000),
            asked("Q", "S", "dana@corp.example", 1_500),
            click("c", "hoop/S", 2_000),
            call("x", Some("S"), "arn:dana", 9_000),
            Event { exec_state: some("succeeded"), ..event("hoop", "own", "execution", 8_000, Some("Q")) },
        ],
    );
    assert_eq!((counts(&found, "clicks"), counts(&found, "calls")), ([0, 1, 0, 0, 1], [0, 1, 0, 0, 0]));
    let executions = rows::<Execution>(&found);
    let of = |id: &str| executions.iter().find(|row| row.native_id.as_deref() == Some(id)).unwrap();
    assert_eq!((of("x").request_id.clone(), of("x").request_link.as_deref()), (None, Some("ambiguous")));
    assert_eq!(of("own").votes_complete, Some(false), "the click may have been about this request");
}

#[test]
fn one_request_that_two_products_record_counts_once_and_its_owner_says_who_asked() {
    let card = |who: &str| Event {
        requester_ns: some("slack"),
        requester_id: some(who),
        ..event("slack", "card", "request", 1_100, Some("hoop/S"))
    };
    let hoop = asked("R", "S", "dana@corp.example", 1_000);
    let found = joined(DECLARED, &[card("U1"), hoop.clone(), click("c", "hoop/S", 2_000)]);
    let requests = rows::<Request>(&found);
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].actor_ns.as_deref(), Some("email"), "hoop's own, though slack comes first");
    assert_eq!(found.repeated.get("slack"), Some(&1));
    // Somebody else's request under the same key is another case: its approval is not taken for this one.
    let found = joined(DECLARED, &[card("U2"), hoop, click("c", "hoop/S", 2_000)]);
    assert_eq!(rows::<Request>(&found).len(), 2);
    assert_eq!(counts(&found, "clicks"), [0, 2, 0, 0, 1]);
}

#[test]
fn two_cards_of_two_requesters_are_no_one_request() {
    let card = |id: &str, request: &str, who: &str| Event {
        requester_ns: some("slack"),
        requester_id: some(who),
        ..event("slack", id, "request", 1_100, Some(request))
    };
    let links = format!(
        "{DECLARED}{}",
        DECLARED
            .replace("\"clicks\"", "\"others\"")
            .replace("hoop/", "hoop:")
            .replace("\"calls\"", "\"more\"")
    );
    // hoop has what ran, and not who asked: the cards say it, and they do not agree.
    let ran =
        Event { corr_session: some("hoop:session:S"), ..event("hoop", "own", "execution", 8_000, Some("R")) };
    let found = joined(&links, &[card("a", "hoop/S", "U1"), card("b", "hoop:S", "U2"), ran]);
    assert_eq!((counts(&found, "clicks"), counts(&found, "others")), ([1, 0, 0, 1, 0], [0, 1, 0, 0, 0]));
    assert_eq!(rows::<Request>(&found).len(), 2);
}

#[test]
fn decision_without_a_request_id_that_fits_two_requests_leaves_them_open() {
    let links = DECLARED.replacen("from = \"corr_request\", prefix = \"hoop/\"", "from = \"corr_run\"", 1);
    let vote = Event { corr_run: some("slack:run:S"), corr_request: None, ..click("c", "", 2_000) };
    let found = joined(
        &links,
        &[
            asked("R", "S", "dana@corp.example", 1_000),
            asked("Q", "S", "dana@corp.example", 1_500),
            vote,
            event("hoop", "own", "execution", 8_000, Some("Q")),
        ],
    );
    assert_eq!(counts(&found, "clicks"), [0, 1, 0, 0, 1]);
    assert_eq!(rows::<Execution>(&found)[0].votes_complete, Some(false));
}

#[test]
fn masked_text_is_no_value() {
    let links = WEAK.replace("resource_id", "action_name");
    let action = |event: Event, masked: Option<&str>| Event {
        action_name: some("rotate [masked: password]"),
        masked: masked.map(Brief::from),
        ..event
    };
    let request = || asked("R", "S", "dana@corp.example", 1_000_000);
    let run = || call("x", None, "arn:dana", 1_000_100);
    let plain = [action(request(), None), action(run(), None)];
    assert_eq!(counts(&joined(&links, &plain), "near"), [1, 0, 0, 0, 0]);
    let hits = Some("action_name:password=1");
    assert_eq!(
        counts(&joined(&links, &[action(request(), hits), action(run(), None)]), "near"),
        [0, 1, 0, 0, 0]
    );
    assert_eq!(
        counts(&joined(&links, &[action(request(), None), action(run(), hits)]), "near"),
        [0, 0, 0, 1, 0]
    );
}

#[test]
fn hole_of_the_requests_leaves_a_weak_link_open() {
    let request = asked("R", "S", "dana@corp.example", 1_000_000);
    let run = call("x", None, "arn:dana", 1_000_100);
    let hole = |from: i64, to: i64| Period { from: Moment::from_ms(from), to: Moment::from_ms(to) };
    let found = with_holes(WEAK, &[request.clone(), run.clone()], vec![("hoop", hole(999_000, 999_500))]);
    assert_eq!(counts(&found, "near"), [0, 1, 0, 0, 0]);
    let found =
        with_holes(WEAK, &[request, run], vec![("hoop", hole(0, 400_099)), ("slack", hole(0, i64::MAX))]);
    assert_eq!(counts(&found, "near"), [1, 0, 0, 0, 0]);
}

#[test]
fn composite_key_needs_all_its_columns() {
    let links = DECLARED.replace(
        "equal = [{ from = \"corr_request\", to = \"corr_session\" }]",
        "equal = [{ from = \"corr_request\", to = \"corr_session\" }, { from = \"resource_id\", to = \"resource_id\" }]",
    );
    let hoop = asked("R", "S", "dana@corp.example", 1_000);
    let same = call("x", Some("S"), "arn:dana", 9_000);
    let other = Event { resource_id: some("treasury"), ..same.clone() };
    let silent = Event { resource_id: None, ..same.clone() };
    assert_eq!(counts(&joined(&links, &[hoop.clone(), same]), "calls"), [1, 0, 0, 0, 0]);
    assert_eq!(counts(&joined(&links, &[hoop.clone(), other]), "calls"), [0, 0, 1, 0, 0]);
    assert_eq!(counts(&joined(&links, &[hoop, silent]), "calls"), [0, 0, 0, 1, 0]);
}

#[test]
fn call_of_a_session_that_nobody_asked_for_had_no_request() {
    let session = Event {
        corr_session: some("hoop:session:S"),
        request_link: some("none"),
        ..event("hoop", "S", "execution", 5_000, None)
    };
    let links = DECLARED.replace("from = \"corr_request\", to", "from = \"corr_run\", to");
    let run = Event { corr_run: some("cloud:run:S"), ..call("x", None, "arn:dana", 6_000) };
    let tagged = call("x", Some("S"), "arn:dana", 6_000);
    for (links, run) in [(links.as_str(), run), (DECLARED, tagged)] {
        let found = joined(links, &[session.clone(), run]);
        let executions = rows::<Execution>(&found);
        assert_eq!(executions.len(), 2);
        assert!(executions.iter().all(|row| row.request_id.is_none()), "{executions:?}");
        assert!(executions.iter().all(|row| row.request_link.as_deref() == Some("none")));
        assert_eq!(counts(&found, "calls")[..3], [1, 0, 0]);
    }
}

#[test]
fn weak_link_takes_the_one_request_of_that_person_shortly_before() {
    let request = asked("R", "S", "dana@corp.example", 1_000_000);
    let cases: [(&str, i64, [u64; 5]); 7] = [
        ("arn:bot", 1_000_000, [0, 0, 0, 2, 0]),
        ("arn:stranger", 1_000_000, [0, 0, 0, 2, 0]),
        ("arn:dana", 1_000_000 + 600_000, [1, 0, 0, 1, 0]),
        ("arn:dana", 1_000_000 + 600_001, [0, 0, 1, 1, 0]),
        ("arn:dana", 1_000_000 - 2_000, [1, 0, 0, 1, 0]),
        ("arn:dana", 1_000_000 - 2_001, [0, 0, 1, 1, 0]),
        ("arn:lee", 1_000_000, [0, 0, 1, 1, 0]),
    ];
    for (who, at, expected) in cases {
        let grant = event("cloud", "g", "grant", at, None);
        let found = joined(WEAK, &[request.clone(), call("x", None, who, at), grant]);
        assert_eq!(counts(&found, "near"), expected, "{who} at {at}");
        let linked = rows::<Execution>(&found)[0].request_link.clone();
        assert_eq!(linked.as_deref() == Some("weak"), expected[0] == 1);
    }
}

#[test]
fn weak_link_joins_nothing_where_another_request_may_be_meant() {
    let request = asked("R", "S", "dana@corp.example", 1_000_000);
    let stranger = asked("Q", "T", "nobody@corp.example", 1_010_000);
    let silent = Event { resource_id: None, ..asked("Q", "T", "dana@corp.example", 1_010_000) };
    let second = asked("Q", "T", "dana@corp.example", 1_010_000);
    let late = asked("Q", "T", "dana@corp.example", 1_500_000);
    let run = call("x", None, "arn:dana", 1_100_000);
    for other in [stranger, silent, second] {
        let found = joined(WEAK, &[request.clone(), other.clone(), run.clone()]);
        assert_eq!(counts(&found, "near"), [0, 1, 0, 0, 0], "{other:?}");
        assert_eq!(rows::<Execution>(&found)[0].request_link.as_deref(), Some("ambiguous"));
    }
    assert_eq!(counts(&joined(WEAK, &[request, late, run]), "near"), [1, 0, 0, 0, 0]);
}

#[test]
fn weak_link_heals_no_execution_that_had_no_request() {
    let request = asked("R", "S", "dana@corp.example", 1_000_000);
    let run = Event { request_link: some("none"), ..call("x", None, "arn:dana", 1_100_000) };
    let found = joined(WEAK, &[request, run]);
    assert_eq!(counts(&found, "near"), [0, 0, 0, 1, 0]);
    assert_eq!(rows::<Execution>(&found)[0].request_link.as_deref(), Some("none"));
}

#[test]
fn what_is_wrong_with_a_link_is_said() {
    let cases = [
        ("equal = [{ from = \"corr_request\"", "equal = [{ form = \"corr_request\"", "did you mean `from`?"),
        ("to = \"hoop\"\nequal", "to = \"hop\"\nequal", "did you mean `hoop`?"),
        ("corr_session", "corr_sesion", "did you mean `corr_session`?"),
        ("to = \"corr_session\" }", "to = \"resource_id\" }", "give `within` for a weak link"),
        (
            "from = \"slack\"\nto = \"hoop\"",
            "from = \"slack\"\nto = \"slack\"",
            "let the links of a case lead to one source",
        ),
        (
            "from = \"slack\"\nto = \"hoop\"",
            "from = \"slack\"\nto = \"cloud\"",
            "the source that records who asked",
        ),
        ("id = \"calls\"", "id = \"clicks\"", "give each link its own `id`"),
        ("prefix = \"hoop/\"", "prefix = \"\"", "remove `prefix`"),
        ("equal = [{", "withn = \"4m\"\nequal = [{", "did you mean `within`?"),
    ];
    workspace(DECLARED).unwrap();
    for (old, new, help) in cases {
        let changed = DECLARED.replacen(old, new, 1);
        assert_ne!(changed, DECLARED);
        let error = workspace(&changed).unwrap_err();
        assert!(error.help().unwrap_or_default().contains(help), "{error}: {:?}", error.help());
    }
}
