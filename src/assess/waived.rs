//! Which exceptions the waivers cover, and what became of each waiver.
//!
//! A waiver that is in doubt accepts nothing. It must fit the item, be in force when the item happened, cover no more
//! items than it may, have an approver who is party to none of them, and a compensating control that was seen to work.
//! An accepted item stays in the population and among the exceptions.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::exception::{Failing, id};
use super::place::{Place, rows_where};
use crate::case::Tables;
use crate::clock::Moment;
use crate::column::{FrameReader, Row};
use crate::control::item::{Evaluation, State};
use crate::report::model::{self, TestOutcome};
use crate::table::{AccessGrant, Decision, Execution, ExternalActivity, Request};
use crate::waiver::{Scope, Waiver};

/// What the tables say of one item that a waiver asks about.
#[derive(Clone, Debug, Default)]
struct Facts {
    case: Option<String>,
    env: Option<String>,
    action_class: Option<String>,
    resource: Option<String>,
    resource_group: Option<String>,
    /// Who asked, approved, or acted.
    parties: BTreeSet<String>,
    /// Whether somebody among them is not known by the roster, or not stated.
    unknown_party: bool,
}

/// Everything that decides whether a waiver applies, apart from the waiver.
pub(super) struct Ground<'a> {
    pub(super) failing: &'a [Failing],
    pub(super) places: &'a BTreeMap<String, Place>,
    pub(super) tables: &'a Tables,
    pub(super) outcomes: &'a BTreeMap<String, TestOutcome>,
    pub(super) as_of: Moment,
}

/// Accepts what `waivers` cover: marks the items of `evaluations`, and returns the standing of each waiver, and which
/// waiver covers which item, by test and event.
///
/// Of two waivers for one item the first by file accepts it; the other counts it as matched all the same.
pub(super) fn accept(
    waivers: &[Waiver],
    ground: &Ground<'_>,
    evaluations: &mut BTreeMap<String, Evaluation>,
) -> (Vec<model::Waiver>, BTreeMap<(String, String), String>) {
    let mut accepted: BTreeMap<(String, String), String> = BTreeMap::new();
    if waivers.is_empty() {
        return (Vec::new(), accepted);
    }
    let tests: BTreeSet<&str> = waivers.iter().map(|waiver| waiver.test.as_str()).collect();
    let asked: Vec<&Failing> =
        ground.failing.iter().filter(|item| tests.contains(item.test.as_str())).collect();
    let events: BTreeSet<&str> = asked.iter().map(|item| item.event.as_str()).collect();
    let facts = facts(ground.tables, &events);
    let ids = ids(ground, &events);
    let mut standings = Vec::new();
    for waiver in waivers {
        let matched: Vec<Matched<'_>> = asked
            .iter()
            .filter(|item| item.test == waiver.test)
            .filter_map(|item| {
                let place = ground.places.get(&item.event)?;
                let facts = facts.get(&item.event)?;
                let ids = ids.get(item.event.as_str());
                let fits = fits(&waiver.scope, place, facts, ids);
                fits.then_some(Matched { event: &item.event, place, facts })
            })
            .collect();
        let judged = judge(waiver, &matched, ground);
        let mut own = 0;
        for event in &judged.covers {
            let key = (waiver.test.clone(), (*event).to_owned());
            if let Entry::Vacant(free) = accepted.entry(key) {
                free.insert(waiver.id.clone());
                own += 1;
            }
            mark(evaluations, &waiver.test, event);
        }
        standings.push(standing(waiver, judged, own, ground));
    }
    (standings, accepted)
}

/// Turns an exception into an accepted one. Nothing else can be accepted.
fn mark(evaluations: &mut BTreeMap<String, Evaluation>, test: &str, subject: &str) {
    let Some(evaluation) = evaluations.get_mut(test) else { return };
    let found = evaluation.items.binary_search_by(|item| item.subject_id.as_str().cmp(subject));
    if let Some(item) = found.ok().and_then(|index| evaluation.items.get_mut(index))
        && item.state == State::Exception
    {
        item.state = State::Accepted;
    }
}

/// An exception that a waiver means.
struct Matched<'a> {
    event: &'a str,
    place: &'a Place,
    facts: &'a Facts,
}

/// What a waiver covers, and why it covers no more.
struct Judged<'a> {
    covers: Vec<&'a str>,
    matched: u64,
    void: bool,
    reasons: Vec<String>,
}

fn judge<'a>(waiver: &Waiver, matched: &[Matched<'a>], ground: &Ground<'_>) -> Judged<'a> {
    let mut reasons = Vec::new();
    let (mut before, mut after, mut untimed) = (0, 0, 0);
    let mut in_force: Vec<&Matched<'a>> = Vec::new();
    for item in matched {
        match item.place.ts_ms.map(Moment::from_ms) {
            None => untimed += 1,
            Some(at) if at < waiver.from => before += 1,
            Some(at) if at >= waiver.expires => after += 1,
            Some(_) => in_force.push(item),
        }
    }
    let own = in_force.iter().filter(|item| item.facts.parties.contains(&waiver.approved_by)).count();
    let (unsure, sure): (Vec<&Matched<'a>>, Vec<&Matched<'a>>) =
        in_force.iter().copied().partition(|item| item.facts.unknown_party);
    let covers: Vec<&str> = sure.iter().map(|item| item.event).collect();
    let mut void = false;
    let count = u64::try_from(in_force.len()).unwrap_or(u64::MAX);
    if count > waiver.max_rows {
        void = true;
        reasons.push(format!("{count} items match, more than the {} it may cover", waiver.max_rows));
    }
    if own > 0 {
        void = true;
        reasons.push(format!("its approver `{}` is party to {own} of the items", waiver.approved_by));
    }
    if let Some(why) = waiver.compensating.as_ref().and_then(|other| not_shown(&other.test, ground.outcomes))
    {
        void = true;
        reasons.push(why);
    }
    for (count, what) in [
        (before, "happened before it was in force"),
        (after, "happened after its end"),
        (untimed, "have no time"),
        (unsure.len(), "have a party whom the roster does not name, who may be its approver"),
    ] {
        if count > 0 {
            reasons.push(format!("{count} matching items {what}"));
        }
    }
    let matched = u64::try_from(matched.len()).unwrap_or(u64::MAX);
    Judged { covers: if void { Vec::new() } else { covers }, matched, void, reasons }
}

/// Says why a compensating control was not seen to work, by the test that shows it.
fn not_shown(test: &str, outcomes: &BTreeMap<String, TestOutcome>) -> Option<String> {
    match outcomes.get(test) {
        Some(TestOutcome::NoException) => None,
        Some(outcome) => {
            Some(format!("the test of its compensating control, {test}, gave: {}", outcome.phrase()))
        }
        None => Some(format!("the test of its compensating control, {test}, did not run")),
    }
}

fn standing(waiver: &Waiver, judged: Judged<'_>, accepted: u64, ground: &Ground<'_>) -> model::Waiver {
    let state = match (judged.void, accepted) {
        (true, _) => "void",
        (false, 0) => "unused",
        (false, _) => "applied",
    };
    model::Waiver {
        id: waiver.id.clone(),
        file: waiver.file.clone(),
        test: waiver.test.clone(),
        scope: waiver.scope.describe(),
        state: state.to_owned(),
        expired: waiver.expires <= ground.as_of,
        max_rows: waiver.max_rows,
        matched: judged.matched,
        accepted,
        reason: waiver.reason.clone(),
        risk: waiver.risk.clone(),
        compensating: waiver.compensating.as_ref().map(|other| model::Compensating {
            test: other.test.clone(),
            why: other.why.clone(),
            result: ground.outcomes.get(&other.test).copied(),
        }),
        owner: waiver.owner.clone(),
        requested_by: waiver.requested_by.clone(),
        approved_by: waiver.approved_by.clone(),
        from: waiver.from,
        expires: waiver.expires,
        reasons: judged.reasons,
    }
}

/// Tells whether a waiver means an item. A value that is not known fits no condition.
fn fits(scope: &Scope, place: &Place, facts: &Facts, ids: Option<&BTreeSet<String>>) -> bool {
    let among = |allowed: &Option<BTreeSet<String>>, found: Option<&String>| {
        allowed.as_ref().is_none_or(|allowed| found.is_some_and(|found| allowed.contains(found)))
    };
    let listed =
        scope.exception.as_ref().is_none_or(|allowed| ids.is_some_and(|ids| !allowed.is_disjoint(ids)));
    let resource = scope.resource.as_ref().is_none_or(|globs| {
        facts.resource.as_ref().is_some_and(|found| globs.iter().any(|(_, glob)| glob.is_match(found)))
    });
    let at = place.ts_ms.map(Moment::from_ms);
    let from = scope.from.is_none_or(|from| at.is_some_and(|at| from <= at));
    let to = scope.to.is_none_or(|to| at.is_some_and(|at| at < to));
    listed
        && among(&scope.native_id, Some(&place.native_id))
        && among(&scope.source, Some(&place.source))
        && among(&scope.case, facts.case.as_ref())
        && among(&scope.env, facts.env.as_ref())
        && among(&scope.resource_group, facts.resource_group.as_ref())
        && among(&scope.action_class, facts.action_class.as_ref())
        && resource
        && from
        && to
}

/// Returns the ids that a report may print for the exception at each event: one for every test that it fails.
fn ids<'a>(ground: &Ground<'a>, events: &BTreeSet<&str>) -> BTreeMap<&'a str, BTreeSet<String>> {
    let mut ids: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for item in ground.failing.iter().filter(|item| events.contains(item.event.as_str())) {
        if let Some(place) = ground.places.get(&item.event) {
            let id = id(&item.test, &place.source, &place.native_id).to_string();
            ids.entry(&item.event).or_default().insert(id);
        }
    }
    ids
}

/// Reads what waivers ask of the items behind `events`, and of the cases that they belong to.
///
/// The parties of an event that no such row states are not known, so that no waiver covers it.
fn facts(tables: &Tables, events: &BTreeSet<&str>) -> BTreeMap<String, Facts> {
    let mut found: BTreeMap<String, Facts> = BTreeMap::new();
    let own = |event: Option<&str>| event.is_some_and(|event| events.contains(event));
    for_rows(tables, "execution", "event_id", own, |row: Execution| {
        let mut facts = Facts {
            case: row.request_id.clone(),
            env: row.env,
            action_class: row.action_class,
            resource: row.resource_id,
            resource_group: row.resource_group,
            // Several requests, or a link that the product does not log: who asked cannot be told.
            unknown_party: row.request_id.is_none() && row.request_link.as_deref() != Some("none"),
            ..Facts::default()
        };
        facts.party(row.principal_id);
        found.insert(row.event_id.unwrap_or_default(), facts);
    });
    for_rows(tables, "decision", "event_id", own, |row: Decision| {
        let facts = found.entry(row.event_id.unwrap_or_default()).or_default();
        facts.unknown_party |= row.request_id.is_none();
        facts.case = facts.case.take().or(row.request_id);
        facts.reviewer(row.outcome.as_deref(), row.reviewer_id.is_some(), row.reviewer_principal_id);
    });
    for_rows(tables, "request", "event_id", own, |row: Request| {
        let facts = found.entry(row.event_id.unwrap_or_default()).or_default();
        facts.unknown_party |= row.request_id.is_none();
        facts.case = facts.case.take().or(row.request_id);
    });
    for_rows(tables, "external_activity", "event_id", own, |row: ExternalActivity| {
        let facts = found.entry(row.event_id.unwrap_or_default()).or_default();
        facts.resource = facts.resource.take().or(row.resource_id);
        facts.party(row.principal_id);
    });
    for_rows(tables, "access_grant", "event_id", own, |row: AccessGrant| {
        let facts = found.entry(row.event_id.unwrap_or_default()).or_default();
        let request = row.target_id.filter(|_| row.target_kind.as_deref() == Some("request"));
        facts.unknown_party |= request.is_none();
        facts.case = facts.case.take().or(request);
    });
    for event in events {
        let unknown = || Facts { unknown_party: true, ..Facts::default() };
        found.entry((*event).to_owned()).or_insert_with(unknown);
    }
    of_cases(tables, &mut found);
    found
}

/// Adds to each item who else took part in its case, and what its request says where the item itself does not.
fn of_cases(tables: &Tables, found: &mut BTreeMap<String, Facts>) {
    let cases: BTreeSet<String> = found.values().filter_map(|facts| facts.case.clone()).collect();
    let inside = |case: Option<&str>| case.is_some_and(|case| cases.contains(case));
    let mut parts: BTreeMap<String, Facts> = BTreeMap::new();
    let mut asked: BTreeSet<String> = BTreeSet::new();
    for_rows(tables, "request", "request_id", inside, |row: Request| {
        let case = row.request_id.unwrap_or_default();
        let facts = parts.entry(case.clone()).or_default();
        facts.party(row.principal_id);
        if row.on_behalf_of.is_some() {
            facts.party(row.beneficiary_principal_id);
        }
        facts.env = facts.env.take().or(row.env);
        facts.action_class = facts.action_class.take().or(row.action_class);
        facts.resource = facts.resource.take().or(row.resource_id);
        facts.resource_group = facts.resource_group.take().or(row.resource_group);
        asked.insert(case);
    });
    for_rows(tables, "execution", "request_id", inside, |row: Execution| {
        parts.entry(row.request_id.unwrap_or_default()).or_default().party(row.principal_id);
    });
    for_rows(tables, "decision", "request_id", inside, |row: Decision| {
        let facts = parts.entry(row.request_id.unwrap_or_default()).or_default();
        facts.reviewer(row.outcome.as_deref(), row.reviewer_id.is_some(), row.reviewer_principal_id);
    });
    for facts in found.values_mut() {
        let Some(case) = facts.case.clone() else { continue };
        // Without the request, who asked is not known.
        facts.unknown_party |= !asked.contains(&case);
        let Some(part) = parts.get(&case) else { continue };
        facts.parties.extend(part.parties.iter().cloned());
        facts.unknown_party |= part.unknown_party;
        facts.env = facts.env.take().or_else(|| part.env.clone());
        facts.action_class = facts.action_class.take().or_else(|| part.action_class.clone());
        facts.resource = facts.resource.take().or_else(|| part.resource.clone());
        facts.resource_group = facts.resource_group.take().or_else(|| part.resource_group.clone());
    }
}

impl Facts {
    fn party(&mut self, principal: Option<String>) {
        match principal {
            Some(principal) => drop(self.parties.insert(principal)),
            None => self.unknown_party = true,
        }
    }

    /// Adds who voted. What lapsed, or was let through by a rule, nobody need have voted for.
    fn reviewer(&mut self, outcome: Option<&str>, named: bool, principal: Option<String>) {
        if named || !matches!(outcome, Some("auto_approve" | "expire")) {
            self.party(principal);
        }
    }
}

fn for_rows<R: Row>(
    tables: &Tables,
    table: &str,
    column: &str,
    wanted: impl Fn(Option<&str>) -> bool,
    mut each: impl FnMut(R),
) {
    let Some(frame) = tables.get(table) else { return };
    let reader = FrameReader::<R>::new(frame);
    for index in rows_where(frame, column, |text| wanted(Some(text))) {
        each(reader.row(index));
    }
}
