use super::super::{PeopleFile, Roster, RosterError, gather};
use crate::clock::Moment;

const OKTA: &str = r#"[
 {"id":"00u1","status":"ACTIVE","created":"2025-01-01T00:00:00.000Z","statusChanged":"2025-01-02T00:00:00.000Z",
  "profile":{"login":"dana@corp.example","email":"Dana@Corp.example","firstName":"Dana","lastName":"Reyes"}},
 {"id":"00u2","status":"DEPROVISIONED","created":"2025-01-01T00:00:00.000Z","statusChanged":"2026-08-01T00:00:00.000Z",
  "profile":{"login":"lee@corp.example","email":"lee@corp.example","displayName":"Lee Ōta"}},
 {"id":"00u3","status":"DEPROVISIONED","created":"2025-01-01T00:00:00.000Z","lastUpdated":"2026-08-15T00:00:00.000Z",
  "profile":{"login":"kim@corp.example","email":"kim@corp.example"}},
 {"id":"00u4","status":"ACTIVE","created":"2026-07-10T00:00:00.000Z",
  "profile":{"login":"deploy-bot@corp.example","email":"deploy-bot@corp.example","userType":"Service Account"}},
 {"id":"00u5","status":"STAGED","created":"2026-07-10T00:00:00.000Z",
  "profile":{"login":"new@corp.example","email":"new@corp.example"}}
]"#;

const SCIM: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":2,"itemsPerPage":2,"startIndex":1,
 "Resources":[
 {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"2819c223","externalId":"e-1","userName":"dana",
  "displayName":"Dana Reyes","active":true,"emails":[{"value":"dana@corp.example","type":"work","primary":true}],
  "meta":{"resourceType":"User","created":"2025-01-23T04:56:22Z","lastModified":"2025-05-13T04:42:34Z"}},
 {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"9d1f","userName":"lee","active":false,
  "emails":[{"value":"lee@corp.example"}],
  "meta":{"created":"2025-01-23T04:56:22Z","lastModified":"2026-08-15T00:00:00Z"}}]}"#;

const ENTRA: &str = r#"{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users","value":[
 {"id":"6e7b768e","userPrincipalName":"dana@corp.example","mail":"dana.reyes@corp.example","displayName":"Dana Reyes",
  "accountEnabled":true,"createdDateTime":"2025-01-01T00:00:00Z","proxyAddresses":["SMTP:dana.reyes@corp.example","smtp:dr@corp.example","x500:/o=x"]},
 {"id":"87d349ed","userPrincipalName":"lee@corp.example","mail":null,"accountEnabled":false,
  "createdDateTime":"2025-01-01T00:00:00Z","employeeLeaveDateTime":"2026-08-01T00:00:00Z"},
 {"id":"4782e723","userPrincipalName":"kim@corp.example","accountEnabled":false}]}"#;

const ENTRA_CSV: &str = "userPrincipalName,displayName,surname,mail,givenName,objectId,userType,accountEnabled\n\
dana@corp.example,Dana Reyes,Reyes,dana.reyes@corp.example,Dana,6e7b768e,Member,True\n\
kim@corp.example,Kim,,,,4782e723,Member,False\n";

fn file(path: &str, ns: Option<&str>, kind: Option<&str>) -> PeopleFile {
    PeopleFile { path: path.to_owned(), ns: ns.map(str::to_owned), kind: kind.map(str::to_owned) }
}

/// Returns the roster of an export, as a run from a workspace and one from its pack both read it.
fn roster(text: &str, ns: &str) -> Roster {
    let gathered = gather(&[(file("users.json", Some(ns), Some("human")), text.to_owned())]).unwrap();
    assert!(gathered.origins.unwrap().contains("\"file\": \"users.json\""));
    Roster::parse(&gathered.people, "people.csv").unwrap()
}

fn answer(roster: &Roster, ns: &str, id: &str, at: &str) -> (Option<String>, &'static str, Option<String>) {
    let at: Moment = at.parse().unwrap();
    let found = roster.resolve(Some(ns), Some(id), None, Some(at));
    (found.principal, found.state, found.kind)
}

fn person(name: &str) -> (Option<String>, &'static str, Option<String>) {
    (Some(name.to_owned()), "resolved", Some("human".to_owned()))
}

const NOBODY: (Option<String>, &str, Option<String>) = (None, "unresolved", None);
const UNSURE: (Option<String>, &str, Option<String>) = (None, "uncertain", None);

#[test]
fn okta_users_are_one_person_by_id_login_and_address() {
    let roster = roster(OKTA, "okta:corp");
    for (ns, id) in
        [("okta:corp", "00u1"), ("okta:corp", "dana@corp.example"), ("email", "DANA@corp.example")]
    {
        assert_eq!(answer(&roster, ns, id, "2026-07-02"), person("dana@corp.example"), "{ns} {id}");
    }
    assert_eq!(roster.name("dana@corp.example"), Some("Dana Reyes"));
    assert_eq!(answer(&roster, "email", "dana@corp.example", "2024-12-31"), NOBODY);
}

#[test]
fn okta_says_when_an_account_was_closed_or_it_stays_open() {
    let roster = roster(OKTA, "okta:corp");
    assert_eq!(answer(&roster, "okta:corp", "00u2", "2026-07-31T23:59:59Z"), person("lee@corp.example"));
    assert_eq!(answer(&roster, "okta:corp", "00u2", "2026-08-01"), NOBODY);
    assert_eq!(answer(&roster, "okta:corp", "00u3", "2026-07-02"), UNSURE);
    assert_eq!(answer(&roster, "okta:corp", "00u3", "2026-08-15"), NOBODY);
    assert_eq!(
        answer(&roster, "okta:corp", "00u5", "2026-07-20"),
        NOBODY,
        "an account that nobody has activated"
    );
}

#[test]
fn the_type_that_a_directory_states_comes_before_the_word_of_the_workspace() {
    let roster = roster(OKTA, "okta:corp");
    let found = answer(&roster, "okta:corp", "00u4", "2026-08-02");
    assert_eq!(found, (None, "resolved", Some("service".to_owned())), "nobody answers for it yet");
}

#[test]
fn scim_users_are_known_by_user_name_and_ids() {
    let roster = roster(SCIM, "scim:corp");
    for id in ["2819c223", "e-1", "dana"] {
        assert_eq!(answer(&roster, "scim:corp", id, "2026-07-02"), person("dana@corp.example"), "{id}");
    }
    assert_eq!(answer(&roster, "scim:corp", "lee", "2026-07-02"), UNSURE, "SCIM does not say since when");
    assert_eq!(answer(&roster, "scim:corp", "lee", "2026-08-15"), NOBODY);
}

#[test]
fn entra_users_leave_on_their_last_day() {
    let roster = roster(ENTRA, "entra:corp");
    for (ns, id) in [("entra:corp", "6e7b768e"), ("email", "dr@corp.example"), ("email", "dana@corp.example")]
    {
        assert_eq!(answer(&roster, ns, id, "2026-07-02"), person("dana.reyes@corp.example"), "{ns} {id}");
    }
    assert_eq!(answer(&roster, "entra:corp", "87d349ed", "2026-07-31"), person("lee@corp.example"));
    assert_eq!(answer(&roster, "entra:corp", "87d349ed", "2026-08-01"), NOBODY);
    assert_eq!(answer(&roster, "entra:corp", "4782e723", "2026-07-02"), UNSURE);
    let csv = self::roster(ENTRA_CSV, "entra:corp");
    assert_eq!(answer(&csv, "entra:corp", "6e7b768e", "2026-07-02"), person("dana.reyes@corp.example"));
    assert_eq!(answer(&csv, "email", "kim@corp.example", "2026-07-02"), UNSURE);
}

const PEOPLE: &str = "person,name,kind,owner,ns,id,from,until,reviews\n\
dana,Dana,human,,email,dana@corp.example,2026-01-01,,ledger\n\
bot,Deploy bot,agent,dana,email,deploy-bot@corp.example,,,\n";

#[test]
fn accounts_belong_to_the_person_whom_the_roster_names_by_their_address() {
    let files = [
        (file("okta.json", Some("okta:corp"), Some("human")), OKTA.to_owned()),
        (file("people.csv", None, None), PEOPLE.to_owned()),
    ];
    let gathered = gather(&files).unwrap();
    let roster = Roster::parse(&gathered.people, "people.csv").unwrap();
    assert_eq!(answer(&roster, "okta:corp", "00u1", "2026-07-02"), person("dana"));
    let bot = answer(&roster, "okta:corp", "00u4", "2026-08-02");
    assert_eq!(
        bot,
        (Some("dana".to_owned()), "resolved", Some("agent".to_owned())),
        "what it is, people.csv says"
    );
    // What people.csv says of an alias stands: the directory's earlier start does not widen it.
    assert_eq!(answer(&roster, "email", "dana@corp.example", "2025-06-01"), NOBODY);
    let found = roster.resolve(Some("okta:corp"), Some("00u4"), None, Some("2026-08-02".parse().unwrap()));
    let origins: Vec<&str> = found.rows.iter().chain(&found.owners).map(|row| roster.origin(*row)).collect();
    assert_eq!(origins, ["okta.json:/3", "people.csv:2"]);
}

#[test]
fn one_roster_alone_is_packed_as_it_was_written() {
    let gathered = gather(&[(file("people.csv", None, None), PEOPLE.to_owned())]).unwrap();
    assert_eq!((gathered.people.as_str(), gathered.origins), (PEOPLE, None));
}

#[test]
fn reviewers_have_groups_and_dates_of_their_own() {
    let reviewers = "person,group,action_class,from,until\ndana,ledger,write,2026-07-01,2026-08-01\n";
    let files = [
        (file("people.csv", None, None), PEOPLE.to_owned()),
        (file("reviewers.csv", None, None), reviewers.to_owned()),
    ];
    let gathered = gather(&files).unwrap();
    let roster = Roster::parse(&gathered.people, "people.csv").unwrap();
    let roster = roster.with_reviewers(&gathered.reviewers.unwrap(), "reviewers.csv").unwrap();
    let grants = roster.reviewer_grants();
    assert_eq!(grants.len(), 2);
    assert_eq!(grants[1].action_class.as_deref(), Some("write"));
    assert_eq!(grants[1].valid_to_ms, Some("2026-08-01".parse::<Moment>().unwrap().ms()));
    let unknown = "person,group\nnobody,ledger\n";
    let error = roster.with_reviewers(unknown, "reviewers.csv").unwrap_err();
    assert!(error.to_string().contains("no row of the roster is `nobody`'s"), "{error}");
}

/// Returns why an export is refused.
fn refused(text: &str) -> RosterError {
    gather(&[(file("users.json", Some("x"), None), text.to_owned())]).unwrap_err()
}

#[test]
fn an_export_that_is_not_whole_is_refused() {
    let cut = SCIM.replace("\"totalResults\":2", "\"totalResults\":250");
    assert!(refused(&cut).to_string().contains("holds 2 of 250 users"));
    let more = ENTRA.replacen("\"value\"", "\"@odata.nextLink\":\"https://graph.example/next\",\"value\"", 1);
    assert!(refused(&more).to_string().contains("@odata.nextLink"));
    let whole = format!("{more}\n{ENTRA}").replace("87d349ed", "other");
    assert!(gather(&[(file("users.json", None, None), whole)]).is_ok(), "the last page names no next one");
}

#[test]
fn what_an_export_does_not_say_is_asked_for() {
    let error = refused(&ENTRA.replace("\"accountEnabled\":true,", ""));
    assert!(error.to_string().contains("user /value/0: it does not say `accountEnabled`"), "{error}");
    let error = refused(&OKTA.replace("\"STAGED\"", "\"SLEEPING\""));
    assert!(error.to_string().contains("unknown status `SLEEPING`"), "{error}");
    for text in ["{}", "[]", "{\"a\":1}", "", "a,b\n1,2\n", "[{\"profile\":{}}]", "{\"value\":"] {
        assert!(matches!(refused(text), RosterError::UnknownFormat { .. }), "{text}");
    }
}

#[test]
fn an_account_with_addresses_of_two_people_is_refused() {
    let people = format!("{PEOPLE}other,,human,,okta:corp,00u1,,,\n");
    let files = [
        (file("people.csv", None, None), people),
        (file("okta.json", Some("okta:corp"), None), OKTA.to_owned()),
    ];
    let error = gather(&files).unwrap_err();
    assert!(error.to_string().contains("its aliases belong to different people: `dana`, `other`"), "{error}");
}

#[test]
fn without_a_word_on_the_kind_it_stays_unknown() {
    let gathered = gather(&[(file("users.json", None, None), OKTA.to_owned())]).unwrap();
    let roster = Roster::parse(&gathered.people, "people.csv").unwrap();
    let found = answer(&roster, "email", "dana@corp.example", "2026-07-02");
    assert_eq!(found, (None, "resolved", None), "nobody said that the account is a person");
    assert_eq!(
        answer(&roster, "okta:corp", "00u1", "2026-07-02"),
        NOBODY,
        "no namespace was given for its ids"
    );
}
