//! Weak links: an execution joins the one request that the same person made shortly before, on the same thing.
//!
//! Only executions by people are joined so. An approval is never placed by a guess, and neither is what an agent or a
//! service ran, or what ran although its product shows that nobody was asked. Whatever else may fit (a request by somebody who cannot be resolved, one that lacks a
//! compared column, a hole in which another may lie) makes the answer ambiguous, and ambiguous joins nothing.

use std::collections::BTreeMap;

use super::{Events, Fate, Links, empty, key, requester};
use crate::case::Context;
use crate::clock::{Moment, Period};
use crate::event::Event;
use crate::report::model::LinkResult;
use crate::settings::Link;

/// An accountable person: namespace and id.
type Person = (String, String);

/// A request that executions may belong to.
struct Candidate {
    id: String,
    from: i64,
    to: i64,
    key: Vec<Option<String>>,
}

/// Requests of one kind, by their start, and the latest end of all up to each.
#[derive(Default)]
struct Shelf {
    candidates: Vec<Candidate>,
    latest: Vec<i64>,
}

/// The requests of a source, ready to be looked up.
#[derive(Default)]
struct Requests {
    /// Those that say everything, by compared values and person.
    sure: BTreeMap<(Vec<String>, Person), Shelf>,
    /// Those whose person nobody can tell, by compared values.
    unknown: BTreeMap<Vec<String>, Shelf>,
    /// Those that lack a compared value.
    open: Shelf,
}

impl Links {
    pub(super) fn weak(
        &mut self,
        link: &Link,
        within: i64,
        events: &Events<'_>,
        context: &Context<'_>,
    ) -> LinkResult {
        let requests = Requests::new(link, events, context);
        let mut result = empty(link);
        events.each(&link.from, |part, row, event| {
            if event.kind.as_deref() != Some("execution")
                || event.corr_request.is_some()
                || event.request_link.as_deref() == Some("none")
                || matches!(event.exec_state.as_deref(), Some("not_run" | "blocked"))
                || self.events.contains_key(&(part, row))
            {
                result.aside += 1;
                return;
            }
            let values = key(&link.pairs, |pair| pair.from_value(event));
            let (Some(values), Some(person), Some(at)) = (values, person(event, context), event.time_ms)
            else {
                result.aside += 1;
                return;
            };
            let span = (at.saturating_sub(within), at.saturating_add(context.clock_tolerance_ms));
            let Found { only, others } = requests.fitting(&values, &person, span, self);
            let hole = Period { from: Moment::from_ms(span.0), to: Moment::from_ms(span.1).plus_ms(1) };
            let hidden = context.source_holes.iter().any(|(of, found)| *of == link.to && found.touches(hole));
            match only {
                Some(id) if !others && !hidden => {
                    result.joined += 1;
                    self.events.insert((part, row), Fate::Joined(id, "weak"));
                }
                None if !others => result.orphaned += 1,
                _ => {
                    result.ambiguous += 1;
                    self.events.insert((part, row), Fate::Ambiguous);
                }
            }
        });
        result
    }
}

/// What fits an execution: a request that surely does, and whether another one may.
struct Found {
    only: Option<String>,
    others: bool,
}

impl Requests {
    fn new(link: &Link, events: &Events<'_>, context: &Context<'_>) -> Self {
        let mut ends: BTreeMap<String, i64> = BTreeMap::new();
        events.each(&link.to, |_, _, event| {
            if let (Some(id), Some(at)) = (&event.corr_request, event.ended_ms.max(event.time_ms)) {
                let end = ends.entry(id.to_string()).or_insert(at);
                *end = at.max(*end);
            }
        });
        let mut all = Self::default();
        events.of_kinds(&link.to, &["request"], |_, _, event| {
            let Some(id) = &event.corr_request else { return };
            let candidate = Candidate {
                id: id.to_string(),
                // A request without a time may be of any.
                from: event.time_ms.unwrap_or(i64::MIN),
                to: event.time_ms.map_or(i64::MAX, |at| ends.get(id.as_str()).copied().unwrap_or(at)),
                key: link.pairs.iter().map(|pair| pair.to.value(event).map(str::to_owned)).collect(),
            };
            let values: Option<Vec<String>> = candidate.key.iter().cloned().collect();
            let who = requester(event, context);
            if who.principal.is_some() && who.kind.as_deref().is_some_and(|kind| kind != "human") {
                return;
            }
            let person = who.kind.and(who.principal_ns.zip(who.principal));
            let shelf = match (values, person) {
                (Some(values), Some(person)) => all.sure.entry((values, person)).or_default(),
                (Some(values), None) => all.unknown.entry(values).or_default(),
                (None, _) => &mut all.open,
            };
            shelf.candidates.push(candidate);
        });
        all.sure.values_mut().chain(all.unknown.values_mut()).for_each(Shelf::sort);
        all.open.sort();
        all
    }

    fn fitting(&self, values: &[String], person: &Person, span: (i64, i64), links: &Links) -> Found {
        let known = self.sure.get(&(values.to_vec(), person.clone()));
        let mut ids =
            known.into_iter().flat_map(|shelf| shelf.within(span)).map(|one| links.followed(&one.id));
        let only = ids.next();
        let several = ids.any(|id| Some(id) != only);
        let unknown = self.unknown.get(values).is_some_and(|shelf| shelf.within(span).next().is_some());
        let fits = |one: &Candidate| {
            one.key.iter().zip(values).all(|(own, value)| own.as_ref().is_none_or(|own| own == value))
        };
        let open = self.open.within(span).any(fits);
        Found { only: only.map(str::to_owned), others: several || unknown || open }
    }
}

impl Shelf {
    fn sort(&mut self) {
        self.candidates.sort_by(|a, b| (a.from, a.to, &a.id).cmp(&(b.from, b.to, &b.id)));
        let mut latest = i64::MIN;
        self.latest = self
            .candidates
            .iter()
            .map(|one| {
                latest = latest.max(one.to);
                latest
            })
            .collect();
    }

    /// Returns the requests whose time touches `span`, both ends included.
    fn within(&self, (from, to): (i64, i64)) -> impl Iterator<Item = &Candidate> {
        let end = self.candidates.partition_point(|one| one.from <= to);
        let known = self.candidates[..end].iter().zip(&self.latest[..end]).rev();
        known
            .take_while(move |(_, latest)| **latest >= from)
            .map(|(one, _)| one)
            .filter(move |one| one.to >= from)
    }
}

/// Returns the person who ran an event; nothing where that cannot be told, or was no person.
fn person(event: &Event, context: &Context<'_>) -> Option<Person> {
    let at = event.time_ms.map(Moment::from_ms);
    let [ns, id, kind] = if event.executor_id.is_some() {
        [&event.executor_ns, &event.executor_id, &event.executor_kind]
    } else {
        [&event.requester_ns, &event.requester_id, &event.requester_kind]
    };
    let who = context.roster.resolve(ns.as_deref(), id.as_deref(), kind.as_deref(), at);
    if who.kind.as_deref() == Some("human") { who.principal_ns.zip(who.principal) } else { None }
}
