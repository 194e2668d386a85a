//! Exceptions: one per item, with a stable id, a primary test, and the place that shows it.

use std::collections::{BTreeMap, BTreeSet};

use super::place::Place;
use crate::case::Tables;
use crate::clock::Moment;
use crate::column::FrameReader;
use crate::digest::Digest;
use crate::report::model::Exception;
use crate::table::{Decision, Execution, Request};

/// An item of one test that is an exception.
#[derive(Clone, Debug)]
pub(super) struct Failing {
    pub(super) test: String,
    pub(super) severity: String,
    /// Table of the item.
    pub(super) subject: String,
    /// Event that states the item.
    pub(super) event: String,
    /// Defect phrase of the query.
    pub(super) reason: String,
    /// Facts of the query, label and value.
    pub(super) facts: Vec<(String, String)>,
    /// Waiver that accepts it.
    pub(super) accepted: Option<String>,
}

/// Severities, most severe first.
const SEVERITIES: [&str; 4] = ["critical", "high", "medium", "low"];

/// The test that any other precedes: what makes it an exception is mostly said better by the other.
const LEAST_SPECIFIC: &str = "AUTHZ-01";

/// The test that every other but [`LEAST_SPECIFIC`] precedes: that somebody had left says more than that nobody knows them.
const OF_THE_ROSTER: &str = "AGT-01";

/// The test that every other precedes: it says something of the record and nothing of the approval.
const OF_THE_RECORD: &str = "DAT-02";

/// Facts of queries that an exception states elsewhere: its case, and the people of its item.
const ELSEWHERE: [&str; 5] = ["request", "person", "reviewer", "executor", "approvals_required"];

/// What an exception says of its item, from the tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Item {
    pub(crate) case: Option<String>,
    facts: Vec<(String, String)>,
}

/// Groups failing items by event into exceptions, most severe first, then by time and id.
///
/// `controls` gives the qualified control ids that a test bears on.
pub(super) fn exceptions(
    failing: Vec<Failing>,
    places: &BTreeMap<String, Place>,
    mut items: BTreeMap<String, Item>,
    controls: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<Exception> {
    let mut by_event: BTreeMap<String, Vec<Failing>> = BTreeMap::new();
    for item in failing {
        by_event.entry(item.event.clone()).or_default().push(item);
    }
    let mut exceptions: Vec<Exception> = by_event
        .into_iter()
        .filter_map(|(event, group)| {
            let place = places.get(&event)?;
            Some(exception(group, place, items.remove(&event).unwrap_or_default(), controls))
        })
        .collect();
    exceptions.sort_by(|a, b| {
        let rank = |e: &Exception| SEVERITIES.iter().position(|severity| *severity == e.severity);
        (rank(a), a.time, &a.id).cmp(&(rank(b), b.time, &b.id))
    });
    exceptions
}

fn exception(
    mut group: Vec<Failing>,
    place: &Place,
    item: Item,
    controls: &BTreeMap<String, BTreeSet<String>>,
) -> Exception {
    // The catalogue lists general tests before the special ones of a family only for these.
    let last = |test: &str| (test == OF_THE_RECORD, test == LEAST_SPECIFIC, test == OF_THE_ROSTER);
    group.sort_by_key(|failing| (last(&failing.test), failing.test.clone()));
    let touched: BTreeSet<String> =
        group.iter().filter_map(|failing| controls.get(&failing.test)).flatten().cloned().collect();
    let also = group.iter().skip(1).map(|failing| failing.test.clone()).collect();
    // What one test's waiver covers may still be an exception of another: it is accepted when all of it is.
    let open = group.iter().any(|failing| failing.accepted.is_none());
    let partly: Vec<(String, String)> = group
        .iter()
        .filter_map(|failing| Some((&failing.test, failing.accepted.as_ref()?)))
        .filter(|_| open)
        .map(|(test, waiver)| ("accepted in part".to_owned(), format!("{test} by waiver {waiver}")))
        .collect();
    // The most specific test may be the milder one; the item is as severe as the worst of them.
    let severity = SEVERITIES.into_iter().find(|word| group.iter().any(|failing| failing.severity == *word));
    let first = group.swap_remove(0);
    let mut facts = item.facts;
    facts.extend(first.facts.into_iter().filter(|(label, _)| !ELSEWHERE.contains(&label.as_str())));
    facts.extend(partly);
    Exception {
        id: id(&first.test, &place.source, &place.native_id).to_string(),
        test: first.test,
        also,
        severity: severity.map_or(first.severity, str::to_owned),
        source: place.source.clone(),
        native_id: place.native_id.clone(),
        case: item.case,
        object: place.object.clone(),
        line: place.line,
        time: place.ts_ms.map(Moment::from_ms),
        subject: first.subject,
        summary: first.reason,
        facts,
        grade: place.grade,
        controls: touched.into_iter().collect(),
        accepted: first.accepted.filter(|_| !open),
    }
}

/// Returns the stable id: SHA-256 of a label, test, source, and the product's own id, joined by LF.
///
/// It leaves out object, offset and line, so that a re-export in other files keeps it.
pub(super) fn id(test: &str, source: &str, native_id: &str) -> Digest {
    Digest::of(format!("countersign-exception/1\n{test}\n{source}\n{native_id}").as_bytes())
}

/// Reads what the tables say of the items behind `events`.
pub(crate) fn items(tables: &Tables, events: &BTreeSet<&str>) -> BTreeMap<String, Item> {
    let mut items = BTreeMap::new();
    read::<Execution>(
        tables,
        "execution",
        events,
        |row: Execution| {
            let case = row.request_id.clone().or_else(|| row.orphan_case());
            let facts = facts([
                ("executor", row.actor_id),
                ("accountable person", row.principal_id),
                ("action", row.action_name.or(row.action_class)),
                ("resource", row.resource_id),
                ("environment", row.env),
                ("approvals demanded", row.quorum.map(|quorum| quorum.to_string())),
            ]);
            (row.event_id, Item { case, facts })
        },
        &mut items,
    );
    read::<Decision>(
        tables,
        "decision",
        events,
        |row: Decision| {
            let facts = facts([
                ("approver", row.reviewer_id),
                ("accountable person", row.reviewer_principal_id),
                ("kind of approver", row.reviewer_kind),
                ("channel", row.channel),
            ]);
            (row.event_id, Item { case: row.request_id, facts })
        },
        &mut items,
    );
    read::<Request>(
        tables,
        "request",
        events,
        |row: Request| {
            let facts = facts([
                ("requester", row.actor_id),
                ("action", row.action_name.or(row.action_class)),
                ("resource", row.resource_id),
            ]);
            (row.event_id, Item { case: row.request_id, facts })
        },
        &mut items,
    );
    items
}

fn read<R: crate::column::Row>(
    tables: &Tables,
    table: &str,
    events: &BTreeSet<&str>,
    item: impl Fn(R) -> (Option<String>, Item),
    items: &mut BTreeMap<String, Item>,
) {
    let Some(frame) = tables.get(table) else { return };
    let reader = FrameReader::<R>::new(frame);
    for index in super::place::rows_where(frame, "event_id", |id| events.contains(id)) {
        if let (Some(event), found) = item(reader.row(index)) {
            items.entry(event).or_insert(found);
        }
    }
}

fn facts<const N: usize>(facts: [(&str, Option<String>); N]) -> Vec<(String, String)> {
    facts.into_iter().filter_map(|(label, value)| Some((label.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrity::verdict::Grade;

    fn failing(test: &str, event: &str) -> Failing {
        Failing {
            test: test.to_owned(),
            severity: "critical".to_owned(),
            subject: "execution".to_owned(),
            event: event.to_owned(),
            reason: "executed without approval".to_owned(),
            facts: Vec::new(),
            accepted: None,
        }
    }

    fn place(object: &str, line: u64) -> Place {
        Place {
            source: "gate".to_owned(),
            native_id: "X-1".to_owned(),
            object: object.to_owned(),
            line,
            grade: Grade::PinnedSigned,
            ts_ms: Some(5),
        }
    }

    #[test]
    fn one_item_is_one_exception_whose_primary_is_not_authz_01() {
        let places = BTreeMap::from([("e".to_owned(), place("a.jsonl", 3))]);
        let group = vec![failing("AUTHZ-01", "e"), failing("BG-01", "e"), failing("AUTHZ-04", "e")];
        let found = exceptions(group, &places, BTreeMap::new(), &BTreeMap::new());
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].test.as_str(), found[0].also.as_slice()),
            ("AUTHZ-04", &["BG-01".to_owned(), "AUTHZ-01".to_owned()][..])
        );
    }

    /// An item under a waiver for one of its tests stays open for the other.
    #[test]
    fn an_item_is_accepted_when_each_of_its_tests_is() {
        let places = BTreeMap::from([("e".to_owned(), place("a.jsonl", 3))]);
        let with = |authz: Option<&str>, bg: Option<&str>| {
            let mut group = vec![failing("AUTHZ-01", "e"), failing("BG-01", "e")];
            group[0].accepted = authz.map(str::to_owned);
            group[1].accepted = bg.map(str::to_owned);
            let found = exceptions(group, &places, BTreeMap::new(), &BTreeMap::new());
            (found[0].accepted.clone(), found[0].facts.clone())
        };
        assert_eq!(with(None, None), (None, Vec::new()));
        let partly = vec![("accepted in part".to_owned(), "BG-01 by waiver W-2".to_owned())];
        assert_eq!(with(None, Some("W-2")), (None, partly));
        assert_eq!(with(Some("W-1"), Some("W-2")), (Some("W-2".to_owned()), Vec::new()));
    }

    #[test]
    fn an_item_is_as_severe_as_the_worst_of_its_tests() {
        let places = BTreeMap::from([("e".to_owned(), place("a.jsonl", 3))]);
        let mild = Failing { severity: "medium".to_owned(), ..failing("AUTHZ-09", "e") };
        let found = exceptions(
            vec![failing("AUTHZ-01", "e"), mild.clone()],
            &places,
            BTreeMap::new(),
            &BTreeMap::new(),
        );
        assert_eq!((found[0].test.as_str(), found[0].severity.as_str()), ("AUTHZ-09", "critical"));
        let found = exceptions(vec![mild], &places, BTreeMap::new(), &BTreeMap::new());
        assert_eq!(found[0].severity, "medium");
    }

    #[test]
    fn that_somebody_had_left_says_more_than_that_nobody_knows_them() {
        let places = BTreeMap::from([("e".to_owned(), place("a.jsonl", 3))]);
        let group = vec![failing("AUTHZ-01", "e"), failing("AGT-01", "e"), failing("REV-06", "e")];
        let found = exceptions(group, &places, BTreeMap::new(), &BTreeMap::new());
        assert_eq!(
            (found[0].test.as_str(), found[0].also.as_slice()),
            ("REV-06", &["AGT-01".to_owned(), "AUTHZ-01".to_owned()][..])
        );
    }

    #[test]
    fn id_does_not_depend_on_object_or_line() {
        let at = |object, line| {
            let places = BTreeMap::from([("e".to_owned(), place(object, line))]);
            exceptions(vec![failing("AUTHZ-01", "e")], &places, BTreeMap::new(), &BTreeMap::new())[0]
                .id
                .clone()
        };
        assert_eq!(at("a.jsonl", 3), at("b.jsonl.gz", 900));
    }
}
