//! The timelines of cases: every moment in order, each with its place.

use std::collections::{BTreeMap, BTreeSet};

use super::place::{Place, places, rows_where};
use crate::case::Tables;
use crate::clock::Moment;
use crate::column::{FrameReader, Row};
use crate::identity::Roster;
use crate::integrity::verdict::Grade;
use crate::report::model::{Case, CaseMoment};
use crate::table::{ApprovalCase, Cancellation, Decision, EventRow, Execution, Request, Revocation};

/// A moment before its place is known.
struct Draft {
    case: String,
    event: String,
    at: Option<i64>,
    lane: &'static str,
    who: Option<String>,
    person: Option<String>,
    what: String,
    valid_to: Option<i64>,
}

/// Returns the cases `wanted`, by id. `exceptions` gives the exception ids of each.
pub(crate) fn timelines(
    tables: &Tables,
    wanted: &BTreeSet<String>,
    exceptions: &BTreeMap<String, Vec<String>>,
    roster: &Roster,
) -> Vec<Case> {
    let drafts = drafts(tables, wanted);
    let events: BTreeSet<&str> = drafts.iter().map(|draft| draft.event.as_str()).collect();
    let places = tables.get(EventRow::TABLE).map(|frame| places(frame, &events)).unwrap_or_default();
    let mut moments: BTreeMap<&str, Vec<CaseMoment>> = BTreeMap::new();
    for draft in &drafts {
        let place = places.get(&draft.event);
        moments.entry(draft.case.as_str()).or_default().push(moment(draft, place, roster));
    }
    for list in moments.values_mut() {
        list.sort_by(|a, b| (a.at, &a.object, a.line, &a.lane).cmp(&(b.at, &b.object, b.line, &b.lane)));
    }
    matching::<ApprovalCase>(tables, "case_id", wanted)
        .into_iter()
        .map(|row| {
            let id = row.case_id.unwrap_or_default();
            Case {
                state: row.state.unwrap_or_default(),
                gaps: row.gaps.map(|gaps| gaps.split(',').map(str::to_owned).collect()).unwrap_or_default(),
                moments: moments.remove(id.as_str()).unwrap_or_default(),
                exceptions: exceptions.get(&id).cloned().unwrap_or_default(),
                id,
            }
        })
        .collect()
}

/// Returns the events of the cases `wanted`.
pub(crate) fn events_of(tables: &Tables, wanted: &BTreeSet<String>) -> BTreeSet<String> {
    drafts(tables, wanted).into_iter().map(|draft| draft.event).collect()
}

fn moment(draft: &Draft, place: Option<&Place>, roster: &Roster) -> CaseMoment {
    let person = draft.person.as_deref();
    CaseMoment {
        at: draft.at.map(Moment::from_ms),
        lane: draft.lane.to_owned(),
        who: draft.who.clone().unwrap_or_else(|| "not logged".to_owned()),
        person: person.map(|person| roster.name(person).unwrap_or(person).to_owned()),
        what: draft.what.clone(),
        valid_to: draft.valid_to.map(Moment::from_ms),
        source: place.map(|place| place.source.clone()).unwrap_or_default(),
        object: place.map(|place| place.object.clone()).unwrap_or_default(),
        line: place.map_or(0, |place| place.line),
        grade: place.map_or(Grade::None, |place| place.grade),
    }
}

fn matching<R: Row>(tables: &Tables, column: &str, wanted: &BTreeSet<String>) -> Vec<R> {
    let Some(frame) = tables.get(R::TABLE) else { return Vec::new() };
    let reader = FrameReader::<R>::new(frame);
    rows_where(frame, column, |id| wanted.contains(id)).into_iter().map(|index| reader.row(index)).collect()
}

fn drafts(tables: &Tables, wanted: &BTreeSet<String>) -> Vec<Draft> {
    let mut drafts: Vec<Draft> =
        matching::<Request>(tables, "request_id", wanted).into_iter().map(request).collect();
    drafts.extend(matching::<Decision>(tables, "request_id", wanted).into_iter().map(decision));
    drafts.extend(matching::<Execution>(tables, "request_id", wanted).into_iter().map(execution));
    drafts.extend(orphans(tables, wanted).into_iter().map(execution));
    drafts.extend(matching::<Revocation>(tables, "target_id", wanted).into_iter().map(|row| Draft {
        case: row.target_id.unwrap_or_default(),
        event: row.event_id.unwrap_or_default(),
        at: row.ts_ms,
        lane: "revocation",
        who: None,
        person: row.principal_id,
        what: "access revoked".to_owned(),
        valid_to: None,
    }));
    drafts.extend(matching::<Cancellation>(tables, "target_id", wanted).into_iter().map(|row| Draft {
        case: row.target_id.unwrap_or_default(),
        event: row.event_id.unwrap_or_default(),
        at: row.ts_ms,
        lane: "cancellation",
        who: None,
        person: row.principal_id,
        what: "request cancelled".to_owned(),
        valid_to: None,
    }));
    drafts
}

/// Returns the executions without a request whose own case is wanted.
fn orphans(tables: &Tables, wanted: &BTreeSet<String>) -> Vec<Execution> {
    let natives: BTreeSet<String> =
        wanted.iter().filter_map(|case| case.splitn(3, ':').nth(2)).map(str::to_owned).collect();
    matching::<Execution>(tables, "native_id", &natives)
        .into_iter()
        .filter(|row| {
            row.request_id.is_none() && row.orphan_case().is_some_and(|case| wanted.contains(&case))
        })
        .collect()
}

fn phrase(parts: impl IntoIterator<Item = Option<String>>) -> String {
    let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}

fn request(row: Request) -> Draft {
    let emergency = (row.break_glass == Some(true)).then(|| "emergency".to_owned());
    Draft {
        case: row.request_id.unwrap_or_default(),
        event: row.event_id.unwrap_or_default(),
        at: row.ts_ms,
        lane: "request",
        who: row.actor_id,
        person: row.principal_id,
        what: phrase([
            Some("asked".to_owned()),
            row.action_name.or(row.action_class),
            row.resource_id,
            emergency,
        ]),
        valid_to: None,
    }
}

fn decision(row: Decision) -> Draft {
    let word = match row.outcome.as_deref() {
        Some("approve") => "approved",
        Some("auto_approve") => "approved automatically",
        Some("deny") => "denied",
        Some("revoke") => "revoked",
        Some("expire") => "expired",
        _ => "decided, outcome unknown",
    };
    let post = (row.phase.as_deref() == Some("post")).then(|| "review afterwards".to_owned());
    Draft {
        case: row.request_id.unwrap_or_default(),
        event: row.event_id.unwrap_or_default(),
        at: row.ts_ms,
        lane: "decision",
        who: row.reviewer_id,
        person: row.reviewer_principal_id,
        what: phrase([
            Some(word.to_owned()),
            post,
            row.channel.map(|channel| format!("by {channel}")),
            row.reason,
        ]),
        valid_to: row.expires_ms,
    }
}

fn execution(row: Execution) -> Draft {
    let emergency = (row.break_glass == Some(true)).then(|| "break-glass".to_owned());
    let joined = match row.request_link.as_deref() {
        Some("declared") => Some("joined by a declared link".to_owned()),
        Some("weak") => Some("joined by a weak link: the same person, shortly before".to_owned()),
        Some("nearest") => Some("joined by time alone, to the nearest record".to_owned()),
        _ => None,
    };
    Draft {
        case: row.request_id.clone().or_else(|| row.orphan_case()).unwrap_or_default(),
        event: row.event_id.unwrap_or_default(),
        at: row.ts_ms,
        lane: "execution",
        who: row.actor_id,
        person: row.principal_id,
        what: phrase([
            Some("ran".to_owned()),
            row.action_name.or(row.action_class),
            row.resource_id,
            emergency,
            joined,
        ]),
        valid_to: None,
    }
}
