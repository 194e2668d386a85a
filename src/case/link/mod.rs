//! Cases across sources: events of one product join the requests of another, by the links of the workspace.
//!
//! A declared link compares columns. A request id of `from` that it leads to one request of `to` is that request from
//! then on, whoever names it; an event without a request id is joined on its own. Where a link leads to several
//! requests, nothing is joined, and what the event may have meant counts as unknown. [`weak`] joins executions by
//! person and time.

mod weak;

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::DataFrame;

use super::Context;
use super::repeat::Repeats;
use crate::clock::Moment;
use crate::column::{FrameReader, text, text_at};
use crate::event::Event;
use crate::identity::Resolution;
use crate::report::model::LinkResult;
use crate::settings::{Link, Pair};

/// What the links of the workspace make of the events.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// Request ids of one source that stand for a request of another.
    aliases: BTreeMap<String, String>,
    /// What became of events without a request id, by part and row.
    events: BTreeMap<(usize, usize), Fate>,
    /// Request ids that a link leads to several requests.
    unclear: BTreeSet<String>,
    /// Request ids that a link leads to something that nobody asked for.
    unasked: BTreeSet<String>,
    /// Requests that a decision may or may not be about.
    doubtful: BTreeSet<String>,
    /// How often each link joined, in the order declared.
    pub(super) results: Vec<LinkResult>,
}

/// What became of an event without a request id.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Fate {
    /// It belongs to this request.
    Joined(String, &'static str),
    /// It belongs to something that nobody asked for.
    Unasked,
    /// Several requests fit.
    Ambiguous,
}

impl Links {
    /// Finds what the links of `context` join.
    pub(super) fn find(parts: &[DataFrame], repeats: &Repeats, context: &Context<'_>) -> Self {
        let mut links = Self::default();
        if context.links.is_empty() {
            return links;
        }
        let events = Events { parts, repeats };
        let mut asked = Asked::new(&events, context);
        let mut results: BTreeMap<&str, LinkResult> = BTreeMap::new();
        for link in in_turn(context.links) {
            let result = match link.within_ms {
                None => links.declared(link, &events, &mut asked),
                Some(within) => links.weak(link, within, &events, context),
            };
            results.insert(&link.id, result);
        }
        links.results = context.links.iter().filter_map(|link| results.remove(link.id.as_str())).collect();
        links
    }

    /// Puts an event where the links lead it. Returns true where its request id changed.
    pub(super) fn apply(&self, part: usize, row: usize, event: &mut Event) -> bool {
        match self.events.get(&(part, row)) {
            Some(Fate::Joined(id, grade)) => {
                event.corr_request = Some(self.followed(id).into());
                event.request_link = Some((*grade).into());
                return true;
            }
            Some(Fate::Unasked) => event.request_link = Some("none".into()),
            Some(Fate::Ambiguous) => event.request_link = Some("ambiguous".into()),
            None => {}
        }
        let Some(own) = event.corr_request.as_deref() else { return false };
        let followed = self.followed(own);
        if followed != own {
            event.corr_request = Some(followed.into());
            event.request_link = Some("declared".into());
            return true;
        }
        let known = [(&self.unasked, "none"), (&self.unclear, "ambiguous")];
        let known = known.into_iter().find(|(ids, _)| ids.contains(own));
        if let (Some((_, word)), Some("execution")) = (known, event.kind.as_deref()) {
            event.corr_request = None;
            event.request_link = Some(word.into());
        }
        false
    }

    /// Tells whether a decision that no link could place may be about this request.
    pub(super) fn is_doubtful(&self, request: &str) -> bool {
        self.doubtful.contains(request)
    }

    /// Follows a request id to the request that it stands for. Links lead in no circle, so this ends.
    fn followed<'a>(&'a self, id: &'a str) -> &'a str {
        let mut id = id;
        while let Some(next) = self.aliases.get(id).filter(|next| *next != id) {
            id = next;
        }
        id
    }

    fn declared(&mut self, link: &Link, events: &Events<'_>, asked: &mut Asked<'_>) -> LinkResult {
        let index = Index::new(link, events, self);
        let mut result = empty(link);
        let mut claims: BTreeMap<String, Claim> = BTreeMap::new();
        events.each(&link.from, |part, row, event| {
            if self.is_settled(part, row, event) {
                return;
            }
            let Some(key) = key(&link.pairs, |pair| pair.from_value(event)) else {
                result.aside += 1;
                return;
            };
            let targets = index.requests.get(&key);
            if let Some(own) = &event.corr_request {
                let claim = claims.entry(own.to_string()).or_default();
                claim.add(event, targets);
                claim.unasked |= index.unasked.contains(&key);
                return;
            }
            let fate = match (targets.map(BTreeSet::len), index.unasked.contains(&key)) {
                (None, false) => {
                    result.orphaned += 1;
                    return;
                }
                (None, true) => Fate::Unasked,
                (Some(1), false) => {
                    let only = targets.and_then(BTreeSet::first).cloned().unwrap_or_default();
                    Fate::Joined(only, "declared")
                }
                _ => Fate::Ambiguous,
            };
            if fate == Fate::Ambiguous {
                result.ambiguous += 1;
                if is_decision(event) {
                    result.open_decisions += 1;
                    self.doubtful.extend(targets.into_iter().flatten().cloned());
                }
            } else {
                result.joined += 1;
            }
            self.events.insert((part, row), fate);
        });
        for (own, claim) in claims {
            self.settle(link, &own, claim, asked, &mut result);
        }
        result
    }

    /// Tells whether an earlier link has placed the event.
    fn is_settled(&self, part: usize, row: usize, event: &Event) -> bool {
        event.corr_request.as_ref().is_some_and(|id| self.aliases.contains_key(id.as_str()))
            || self.events.get(&(part, row)).is_some_and(|fate| *fate != Fate::Ambiguous)
    }

    /// Decides what a request id of `link.from` stands for.
    fn settle(
        &mut self,
        link: &Link,
        own: &str,
        claim: Claim,
        asked: &mut Asked<'_>,
        result: &mut LinkResult,
    ) {
        if asked.elsewhere(own, &link.from) {
            result.aside += claim.events;
            return;
        }
        let targets: BTreeSet<String> = claim.targets.iter().map(|id| self.followed(id).to_owned()).collect();
        let mut all = targets.iter();
        match (all.next(), all.next()) {
            (None, _) if !claim.unasked => result.orphaned += claim.events,
            (None, _) => {
                result.joined += claim.events;
                self.unasked.insert(own.to_owned());
            }
            (Some(only), None) if !claim.unasked && asked.agree(own, &link.from, only) => {
                result.joined += claim.events;
                self.unclear.remove(own);
                asked.merge(own, only);
                if own != only {
                    self.aliases.insert(own.to_owned(), only.clone());
                }
            }
            _ => {
                result.ambiguous += claim.events;
                self.unclear.insert(own.to_owned());
                if claim.decisions > 0 {
                    result.open_decisions += claim.decisions;
                    self.doubtful.extend(targets);
                }
            }
        }
    }
}

/// What the events with one request id say of where they belong.
#[derive(Default)]
struct Claim {
    targets: BTreeSet<String>,
    unasked: bool,
    events: u64,
    decisions: u64,
}

impl Claim {
    fn add(&mut self, event: &Event, targets: Option<&BTreeSet<String>>) {
        self.targets.extend(targets.into_iter().flatten().cloned());
        self.events += 1;
        self.decisions += u64::from(is_decision(event));
    }
}

fn is_decision(event: &Event) -> bool {
    matches!(event.kind.as_deref(), Some("decision" | "resolution"))
}

/// Values of the compared columns of one source, and the requests that have them.
struct Index {
    requests: BTreeMap<Vec<String>, BTreeSet<String>>,
    /// Values of what ran although nobody was asked.
    unasked: BTreeSet<Vec<String>>,
}

impl Index {
    fn new(link: &Link, events: &Events<'_>, links: &Links) -> Self {
        let mut index = Self { requests: BTreeMap::new(), unasked: BTreeSet::new() };
        events.each(&link.to, |_, _, event| {
            let Some(key) = key(&link.pairs, |pair| pair.to.value(event)) else { return };
            let unasked = event.request_link.as_deref() == Some("none");
            match &event.corr_request {
                Some(id) => {
                    index.requests.entry(key).or_default().insert(links.followed(id).to_owned());
                }
                None if unasked && event.kind.as_deref() == Some("execution") => {
                    index.unasked.insert(key);
                }
                None => {}
            }
        });
        index
    }
}

/// Returns the values that `read` gives for all pairs, or nothing where one is missing.
fn key<'e>(pairs: &[Pair], read: impl Fn(&Pair) -> Option<&'e str>) -> Option<Vec<String>> {
    pairs.iter().map(|pair| read(pair).map(str::to_owned)).collect()
}

/// The requests on record, by id.
struct Asked<'a> {
    context: &'a Context<'a>,
    requests: BTreeMap<String, Vec<Asker>>,
}

/// A request as one source records it.
#[derive(Clone)]
struct Asker {
    source: String,
    who: Resolution,
    ns: Option<String>,
    id: Option<String>,
}

impl<'a> Asked<'a> {
    fn new(events: &Events<'_>, context: &'a Context<'a>) -> Self {
        let mut requests: BTreeMap<String, Vec<Asker>> = BTreeMap::new();
        for source in context.roles.keys() {
            events.of_kinds(source, &["request"], |_, _, event| {
                let Some(id) = &event.corr_request else { return };
                let askers = requests.entry(id.to_string()).or_default();
                if askers.iter().all(|asker| asker.source != *source) {
                    askers.push(Asker {
                        source: (*source).to_owned(),
                        who: requester(event, context),
                        ns: text(&event.requester_ns),
                        id: text(&event.requester_id),
                    });
                }
            });
        }
        Self { context, requests }
    }

    /// Tells whether another source than `source` records the request.
    fn elsewhere(&self, id: &str, source: &str) -> bool {
        self.requests.get(id).is_some_and(|askers| askers.iter().any(|asker| asker.source != source))
    }

    /// Tells whether whoever asked for `own`, as `source` has it, is surely whoever asked for `other`. One request
    /// that two products record has one requester; two requests that share an id are two cases.
    fn agree(&self, own: &str, source: &str, other: &str) -> bool {
        let Some(ours) = self.requests.get(own).and_then(|all| all.iter().find(|one| one.source == source))
        else {
            return true;
        };
        let theirs = self.requests.get(other).map(Vec::as_slice).unwrap_or_default();
        own == other || theirs.iter().all(|theirs| self.same(ours, theirs))
    }

    /// Notes that whoever asked for `own` asked for `other`, of which nobody else may be the requester from now on.
    fn merge(&mut self, own: &str, other: &str) {
        if own != other
            && let Some(ours) = self.requests.get(own).cloned()
        {
            self.requests.entry(other.to_owned()).or_default().extend(ours);
        }
    }

    fn same(&self, a: &Asker, b: &Asker) -> bool {
        let identity = a.id.is_some() && a.ns.is_some() && (&a.ns, &a.id) == (&b.ns, &b.id);
        let person = a.who.principal.is_some()
            && (&a.who.principal_ns, &a.who.principal) == (&b.who.principal_ns, &b.who.principal);
        identity || (self.context.roster.is_present() && person)
    }
}

/// Resolves whoever asked, by the request event.
fn requester(event: &Event, context: &Context<'_>) -> Resolution {
    let at = event.time_ms.map(Moment::from_ms);
    let [ns, id, kind] =
        [&event.requester_ns, &event.requester_id, &event.requester_kind].map(Option::as_deref);
    context.roster.resolve(ns, id, kind, at)
}

/// The events of the run, without repeats.
struct Events<'a> {
    parts: &'a [DataFrame],
    repeats: &'a Repeats,
}

impl Events<'_> {
    /// Shows the events of `source` that a case can hold.
    fn each(&self, source: &str, act: impl FnMut(usize, usize, &Event)) {
        self.of_kinds(source, &KINDS, act);
    }

    /// Shows the events of `source` that are of one of `kinds`.
    fn of_kinds(&self, source: &str, kinds: &[&str], mut act: impl FnMut(usize, usize, &Event)) {
        for (frame, part) in self.parts.iter().zip(0..) {
            let (Ok(sources), Ok(named)) = (frame.column("source"), frame.column("kind")) else { continue };
            // A part holds events of one source.
            if frame.height() == 0 || text_at(sources, 0) != Some(source) {
                continue;
            }
            let reader = FrameReader::<Event>::new(frame);
            for row in 0..frame.height() {
                let wanted = text_at(named, row).is_some_and(|kind| kinds.contains(&kind));
                if wanted && !self.repeats.contains(part, row) {
                    act(part, row, &reader.row(row));
                }
            }
        }
    }
}

/// Kinds of events that a case can hold.
const KINDS: [&str; 8] =
    ["request", "decision", "resolution", "execution", "grant", "revocation", "session", "bypass"];

fn empty(link: &Link) -> LinkResult {
    LinkResult {
        id: link.id.clone(),
        from: link.from.clone(),
        to: link.to.clone(),
        grade: link.grade().to_owned(),
        compares: link.pairs.iter().map(Pair::describe).collect(),
        within_ms: link.within_ms,
        joined: 0,
        ambiguous: 0,
        orphaned: 0,
        aside: 0,
        open_decisions: 0,
    }
}

/// Returns the declared links, each after those that lead on from where it leads, and then the weak ones.
fn in_turn(links: &[Link]) -> Vec<&Link> {
    let (mut open, weak): (Vec<&Link>, Vec<&Link>) = links.iter().partition(|link| link.within_ms.is_none());
    let mut turn = Vec::new();
    while !open.is_empty() {
        let waiting: BTreeSet<&str> = open.iter().map(|link| link.from.as_str()).collect();
        // The workspace refuses circles, so one of them is always free.
        let at = open.iter().position(|link| !waiting.contains(link.to.as_str())).unwrap_or_default();
        turn.push(open.remove(at));
    }
    turn.extend(weak);
    turn
}

#[cfg(test)]
mod tests;
