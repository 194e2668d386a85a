//! Events to cases to tables: one row per request, decision, execution and so on, with people resolved.
//!
//! Input: the events of every segment, in the order source, object, offset. Output: the frames of
//! [`table`](crate::table). Two passes over the events, so that memory holds tables and never the events:
//! the first surveys requests, the second writes what refers to them. Where the workspace links sources, `link` reads
//! the events of those before.

mod destructive;
mod evidence;
pub mod gate;
pub mod inherit;
mod link;
mod repeat;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::DataFrame;

use crate::clock::{Moment, Period};
use crate::column::{FrameBuilder, FrameReader, Row, text};
use crate::event::Event;
use crate::identity::{Resolution, Roster};
use crate::report::model::{LinkResult, UnresolvedIdentity};
use crate::settings::{Gated, Link, Role};
use crate::table::{
    AccessGrant, ApprovalCase, Cancellation, Change, ControlEvent, Decision, EventRow, Execution,
    ExternalActivity, PolicyChange, Request, ResolutionRow, Revocation, Session, Stop,
};

/// The published tables, by name.
pub type Tables = BTreeMap<&'static str, DataFrame>;

/// What the join needs besides the events.
#[derive(Debug)]
pub struct Context<'a> {
    /// The roster, or none.
    pub roster: &'a Roster,
    /// The workspace's rules.
    pub gated: &'a [Gated],
    /// The workspace's links between sources.
    pub links: &'a [Link],
    /// Sources with a chain profile.
    pub chained: BTreeSet<&'a str>,
    /// Which tables each source fills.
    pub roles: BTreeMap<&'a str, Role>,
    /// Spans in which votes on requests may be missing, by the instance that their request ids begin with.
    pub holes: Vec<(&'a str, Period)>,
    /// All holes, by source.
    pub source_holes: Vec<(&'a str, Period)>,
    /// Difference between the clocks of two sources that leaves an order unknown, milliseconds.
    pub clock_tolerance_ms: i64,
    /// Longest time from a break-glass execution to its review, milliseconds.
    pub max_review_ms: i64,
    /// Longest time from the end of a grant to its withdrawal, milliseconds.
    pub withdrawal_grace_ms: i64,
    /// Farthest that an execution and its independent record may be apart, milliseconds.
    pub match_window_ms: i64,
    /// Spans in which executions may be missing, of whatever source.
    pub execution_holes: Vec<Period>,
    /// Sources whose format always writes a reason that was given.
    pub state_reasons: BTreeSet<&'a str>,
    /// Sources whose profile knows a record of access that is taken back.
    pub log_withdrawals: BTreeSet<&'a str>,
}

impl Context<'_> {
    /// Tells whether everything that was recorded about `request` between the two moments is there.
    fn is_complete(&self, request: &str, from: i64, to: i64) -> bool {
        let instance = request.split(':').next().unwrap_or_default();
        let span = Period { from: Moment::from_ms(from), to: Moment::from_ms(to) };
        !self.holes.iter().any(|(of, hole)| *of == instance && hole.touches(span))
    }

    /// Tells whether every request up to `at` is there, of any source.
    fn has_all_requests(&self, at: i64) -> bool {
        !self.holes.iter().any(|(_, hole)| hole.from.ms() <= at)
    }

    /// Tells whether every execution within the match window of `at` is there, of any source.
    fn has_all_executions(&self, at: i64) -> bool {
        let (from, to) = (at.saturating_sub(self.match_window_ms), at.saturating_add(self.match_window_ms));
        let span = Period { from: Moment::from_ms(from), to: Moment::from_ms(to.saturating_add(1)) };
        !self.execution_holes.iter().any(|hole| hole.touches(span))
    }

    /// Tells whether the format of the event's source always writes a reason that was given.
    fn states_reasons(&self, event: &Event) -> bool {
        event.source.as_deref().is_some_and(|source| self.state_reasons.contains(source))
    }
}

/// The tables, and what was noticed while filling them.
#[derive(Debug)]
pub struct Joined {
    /// Every table that events fill, empty ones included.
    pub tables: Tables,
    /// Identities that no roster row resolves, sorted.
    pub unresolved: Vec<UnresolvedIdentity>,
    /// Events per source that repeat a fact already stated, counted once.
    pub repeated: BTreeMap<String, u64>,
    /// What each link joined, in the order declared.
    pub links: Vec<LinkResult>,
}

/// Joins the events of `parts`, which are frames of [`Event`] in order. Each is freed as soon as it is read for good.
pub fn join(parts: Vec<DataFrame>, context: &Context<'_>) -> Joined {
    let repeats = repeat::find(&parts, &context.chained);
    let links = link::Links::find(&parts, &repeats, context);
    let mut join = Join::new(context, &links);
    join.repeated.clone_from(&repeats.by_source);
    // The product that a link leads to says who asked; the others repeat it.
    let mut later = Vec::new();
    for (frame, part) in parts.iter().zip(0..) {
        each(frame, part, &repeats, |row, event| {
            if links.apply(part, row, event) && event.kind.as_deref() == Some("request") {
                later.push(event.clone());
            } else {
                join.survey(event);
            }
        });
    }
    later.iter().for_each(|event| join.survey(event));
    for (frame, part) in parts.into_iter().zip(0..) {
        each(&frame, part, &repeats, |row, event| {
            links.apply(part, row, event);
            join.write(event);
        });
    }
    join.finish()
}

fn each(frame: &DataFrame, part: usize, repeats: &repeat::Repeats, mut act: impl FnMut(usize, &mut Event)) {
    let reader = FrameReader::<Event>::new(frame);
    for (mut event, row) in reader.rows().zip(0..) {
        if !repeats.contains(part, row) {
            act(row, &mut event);
        }
    }
}

/// What later rows need to know of a request.
#[derive(Clone, Debug)]
struct RequestFacts {
    action_class: Option<String>,
    action_name: Option<String>,
    resource_id: Option<String>,
    resource_group: Option<String>,
    env: Option<String>,
    break_glass: Option<bool>,
    quorum: Option<i64>,
    not_after_ms: Option<i64>,
    requested_ms: Option<i64>,
}

/// The state of one case while it is being joined.
#[derive(Clone, Debug, Default)]
struct CaseFacts {
    source: Option<String>,
    native_id: Option<String>,
    requested_ms: Option<i64>,
    first_approved_ms: Option<i64>,
    first_executed_ms: Option<i64>,
    last: Option<(i64, &'static str)>,
    decisions: i64,
    executions: i64,
}

/// Builders of the tables that events fill.
#[derive(Default)]
struct Builders {
    event: FrameBuilder<EventRow>,
    request: FrameBuilder<Request>,
    decision: FrameBuilder<Decision>,
    execution: FrameBuilder<Execution>,
    revocation: FrameBuilder<Revocation>,
    access_grant: FrameBuilder<AccessGrant>,
    session: FrameBuilder<Session>,
    cancellation: FrameBuilder<Cancellation>,
    policy_change: FrameBuilder<PolicyChange>,
    control_event: FrameBuilder<ControlEvent>,
    external: FrameBuilder<ExternalActivity>,
}

struct Join<'a> {
    context: &'a Context<'a>,
    links: &'a link::Links,
    builders: Builders,
    requests: BTreeMap<String, RequestFacts>,
    voted: BTreeSet<String>,
    bypassed: BTreeSet<String>,
    cases: BTreeMap<String, CaseFacts>,
    unresolved: BTreeMap<(String, String), UnresolvedIdentity>,
    evidence: evidence::Evidence,
    repeated: BTreeMap<String, u64>,
}

impl<'a> Join<'a> {
    fn new(context: &'a Context<'a>, links: &'a link::Links) -> Self {
        Self {
            context,
            links,
            builders: Builders::default(),
            requests: BTreeMap::new(),
            voted: BTreeSet::new(),
            bypassed: BTreeSet::new(),
            cases: BTreeMap::new(),
            unresolved: BTreeMap::new(),
            evidence: evidence::Evidence::default(),
            repeated: BTreeMap::new(),
        }
    }

    fn role(&self, event: &Event) -> Role {
        let source = event.source.as_deref().unwrap_or_default();
        self.context.roles.get(source).copied().unwrap_or(Role::Approvals)
    }

    /// First pass: requests, and which of them have a vote or a bypass on record.
    fn survey(&mut self, event: &Event) {
        if self.role(event) != Role::Approvals {
            return;
        }
        let Some(id) = text(&event.corr_request) else { return };
        match event.kind.as_deref() {
            Some("request") => self.request(id, event),
            Some("decision") if rows::outcome(event).is_some() => {
                self.voted.insert(id);
            }
            Some("bypass") => {
                self.bypassed.insert(id);
            }
            _ => {}
        }
    }

    fn request(&mut self, id: String, event: &Event) {
        if self.requests.contains_key(&id) {
            let source = text(&event.source).unwrap_or_default();
            *self.repeated.entry(source).or_default() += 1;
            return;
        }
        let who = self.resolve(
            event,
            [&event.requester_ns, &event.requester_id, &event.requester_kind].map(Option::as_deref),
        );
        let beneficiary = match &event.subject_id {
            Some(_) => self.resolve(event, [event.subject_ns.as_deref(), event.subject_id.as_deref(), None]),
            None => Resolution::default(),
        };
        let mut row = rows::request(&id, event, &who, &beneficiary);
        row.reason_state = rows::reason_state(row.reason.as_ref(), self.context.states_reasons(event));
        let case = self.cases.entry(id.clone()).or_default();
        case.source = text(&event.source);
        case.native_id = text(&event.native_id);
        case.requested_ms = event.time_ms;
        self.builders.request.push(&row);
        self.requests.insert(
            id,
            RequestFacts {
                action_class: row.action_class,
                action_name: row.action_name,
                resource_id: row.resource_id,
                resource_group: row.resource_group,
                env: row.env,
                break_glass: row.break_glass,
                quorum: row.quorum,
                not_after_ms: event.not_after_ms,
                requested_ms: event.time_ms,
            },
        );
    }

    /// Second pass: everything that refers to a request.
    fn write(&mut self, event: &Event) {
        // Here and not in the first pass: of the events and their own table, one shrinks as the other grows.
        self.builders.event.push(&rows::event(event));
        match self.role(event) {
            Role::Independent if event.kind.as_deref() == Some("execution") => self.external(event),
            Role::Independent => {}
            Role::Executions if event.kind.as_deref() == Some("execution") => self.execution(event),
            Role::Executions => {}
            Role::Approvals => self.fact(event),
        }
    }

    fn fact(&mut self, event: &Event) {
        match event.kind.as_deref() {
            Some("decision") => self.decision(event),
            Some("resolution") => self.resolution(event),
            Some("execution") => self.execution(event),
            Some("revocation") => {
                self.mark(event, "revoked");
                self.builders.revocation.push(&rows::target!(Revocation, event));
            }
            Some("grant") => self.grant(event),
            Some("session") => self.builders.session.push(&rows::target!(Session, event)),
            Some("policy_change") => {
                let (who, complete) = self.changer(event);
                let bypass = event.bypass == Some(true);
                self.builders.policy_change.push(&rows::change!(PolicyChange, event, bypass, who, complete));
            }
            Some("bypass") => {
                let (who, complete) = self.changer(event);
                self.builders.control_event.push(&rows::change!(ControlEvent, event, true, who, complete));
            }
            _ => {}
        }
    }

    /// Resolves who changed a rule or overrode a control, and tells whether the request for it would be there.
    fn changer(&mut self, event: &Event) -> (Resolution, bool) {
        let who = if event.requester_id.is_some() {
            let asked = [&event.requester_ns, &event.requester_id, &event.requester_kind];
            self.resolve(event, asked.map(Option::as_deref))
        } else {
            self.executor(event).0
        };
        let at = event.time_ms.unwrap_or(i64::MAX);
        let complete = match &event.corr_request {
            Some(id) => self.context.is_complete(id, i64::MIN, at),
            None => self.context.has_all_requests(at),
        };
        (who, complete)
    }

    fn grant(&mut self, event: &Event) {
        let due = event
            .not_after_ms
            .or(event.ended_ms)
            .map(|end| end.saturating_add(self.context.withdrawal_grace_ms));
        let source = event.source.as_deref().unwrap_or_default();
        let logged = self.context.log_withdrawals.contains(source);
        let complete = match (rows::about(event).1, event.time_ms, due) {
            (Some(target), Some(at), Some(due)) => {
                Some(logged && self.context.is_complete(&target, at, due.max(at)))
            }
            _ => None,
        };
        self.builders.access_grant.push(&rows::grant(event, complete));
    }

    fn decision(&mut self, event: &Event) {
        let Some(outcome) = rows::outcome(event) else { return };
        self.push_decision(event, outcome);
    }

    fn push_decision(&mut self, event: &Event, outcome: rows::Outcome) {
        let who = self.resolve(
            event,
            [&event.decider_ns, &event.decider_id, &event.decider_kind].map(Option::as_deref),
        );
        let facts = event.corr_request.as_ref().and_then(|id| self.requests.get(id.as_str()));
        let mut row = rows::decision(event, outcome, &who, facts.and_then(|facts| facts.not_after_ms));
        row.reason_state = rows::reason_state(row.reason.as_ref(), self.context.states_reasons(event));
        if let Some(id) = &event.corr_request {
            let case = self.cases.entry(id.to_string()).or_default();
            case.decisions += 1;
            if matches!(outcome, Some("approve" | "auto_approve")) {
                case.first_approved_ms = earliest(case.first_approved_ms, event.time_ms);
            }
            if row.phase.as_deref() == Some("pre") {
                self.mark(event, rows::case_state(outcome));
            }
        }
        self.builders.decision.push(&row);
    }

    /// The final state of a request. It becomes a decision only where no vote is on record, or where it ends one.
    fn resolution(&mut self, event: &Event) {
        let voted = event.corr_request.as_ref().is_some_and(|id| self.voted.contains(id.as_str()));
        match event.resolution.as_deref() {
            Some("approved" | "bypassed") if !voted => {
                self.push_decision(event, rows::resolved_approval(event))
            }
            Some("denied") if !voted => self.push_decision(event, Some("deny")),
            Some("approved") => self.mark(event, "approved"),
            Some("denied") => self.mark(event, "denied"),
            Some("expired") => self.push_decision(event, Some("expire")),
            Some("revoked" | "withdrawn") => self.push_decision(event, Some("revoke")),
            Some("cancelled") => {
                self.mark(event, "cancelled");
                self.builders.cancellation.push(&rows::target!(Cancellation, event));
            }
            _ => {}
        }
    }

    fn execution(&mut self, event: &Event) {
        if matches!(event.exec_state.as_deref(), Some("not_run" | "blocked")) {
            return;
        }
        let who = self.executor(event);
        let facts = event.corr_request.as_ref().and_then(|id| self.requests.get(id.as_str()));
        let mut row = rows::execution(event, &who, facts);
        let demand = gate::demand(
            self.context.gated,
            &gate::Facts {
                source: event.source.as_deref().unwrap_or_default(),
                action_class: row.action_class.as_deref(),
                env: row.env.as_deref(),
                resource: row.resource_id.as_deref(),
                actor_kind: row.actor_kind.as_deref(),
                held: event.held,
            },
        );
        row.requires_approval = demand.approval;
        let linked = event.corr_request.is_some();
        row.quorum = match (demand.quorum, facts, linked) {
            (Some(rule), Some(facts), _) => facts.quorum.map(|asked| asked.max(rule)),
            (Some(rule), None, false) => Some(rule),
            _ => None,
        };
        if let (Some(id), Some(at)) = (&event.corr_request, row.ts_ms) {
            let asked = facts.and_then(|facts| facts.requested_ms).unwrap_or(i64::MIN);
            let due = at.saturating_add(self.context.max_review_ms);
            let placed = !self.links.is_doubtful(id);
            row.votes_complete = Some(placed && self.context.is_complete(id, asked.min(at), at));
            row.reviews_complete = Some(placed && self.context.is_complete(id, at, due));
        }
        if event.corr_request.as_ref().is_some_and(|id| self.bypassed.contains(id.as_str())) {
            row.bypass = Some(true);
        }
        if let Some(id) = &event.corr_request {
            let case = self.cases.entry(id.to_string()).or_default();
            case.executions += 1;
            case.first_executed_ms = earliest(case.first_executed_ms, row.ts_ms);
        } else {
            let case = self.cases.entry(row.orphan_case().unwrap_or_default()).or_default();
            case.source = text(&event.source);
            case.native_id = text(&event.native_id);
            case.executions += 1;
            case.first_executed_ms = earliest(case.first_executed_ms, row.ts_ms);
        }
        self.builders.execution.push(&row);
    }

    fn executor(&mut self, event: &Event) -> (Resolution, [Option<String>; 2]) {
        let (ns, id, kind) = if event.executor_id.is_some() {
            (&event.executor_ns, &event.executor_id, &event.executor_kind)
        } else {
            (&event.requester_ns, &event.requester_id, &event.requester_kind)
        };
        let who = self.resolve(event, [ns, id, kind].map(Option::as_deref));
        (who, [text(ns), text(id)])
    }

    /// Something that ran, as a record tells that does not depend on the approval log.
    fn external(&mut self, event: &Event) {
        if matches!(event.exec_state.as_deref(), Some("not_run" | "blocked")) {
            return;
        }
        let (who, [_, id]) = self.executor(event);
        let demand = gate::demand(
            self.context.gated,
            &gate::Facts {
                source: event.source.as_deref().unwrap_or_default(),
                action_class: event.action_class.as_deref(),
                env: event.env.as_deref(),
                resource: event.resource_id.as_deref(),
                actor_kind: who.kind.as_deref(),
                held: event.held,
            },
        );
        self.builders.external.push(&ExternalActivity {
            activity_id: text(&event.id),
            source_id: text(&event.source),
            event_id: text(&event.id),
            system: text(&event.source),
            actor_id: id,
            principal_id: who.principal,
            action_name: text(&event.action_name),
            resource_id: text(&event.resource_id),
            ts_ms: event.time_ms,
            correlation_id: text(&event.corr_request).or_else(|| text(&event.corr_session)),
            principal_ns: who.principal_ns,
            requires_approval: demand.approval,
            executions_complete: event.time_ms.map(|at| self.context.has_all_executions(at)),
        });
    }

    fn mark(&mut self, event: &Event, state: &'static str) {
        if let (Some(id), Some(at)) = (&event.corr_request, event.time_ms) {
            let case = self.cases.entry(id.to_string()).or_default();
            if case.last.is_none_or(|(last, _)| last <= at) {
                case.last = Some((at, state));
            }
        }
    }

    /// Resolves `[ns, id, kind]` at the event's time, and remembers who could not be resolved.
    fn resolve(&mut self, event: &Event, [ns, id, kind]: [Option<&str>; 3]) -> Resolution {
        let at = event.time_ms.map(Moment::from_ms);
        let found = self.context.roster.resolve(ns, id, kind, at);
        if let (Some(ns), Some(id)) = (ns, id) {
            self.evidence.add(ns, id, &found, at);
        }
        let open = !matches!(found.state, "resolved" | "absent");
        if let (true, Some(ns), Some(id)) = (open, ns, id) {
            let entry = self.unresolved.entry((ns.to_owned(), id.to_owned())).or_insert_with(|| {
                let [ns, id] = [ns, id].map(crate::redact::shown);
                UnresolvedIdentity { ns, id, events: 0, first: at, why: found.state.to_owned() }
            });
            entry.events += 1;
            entry.first = entry.first.min(at).or(at);
        }
        found
    }

    fn finish(self) -> Joined {
        let mut cases = FrameBuilder::<ApprovalCase>::default();
        for (id, facts) in &self.cases {
            cases.push(&rows::case(id, facts, self.requests.contains_key(id)));
        }
        let Builders {
            event,
            request,
            decision,
            execution,
            revocation,
            access_grant,
            session,
            cancellation,
            policy_change,
            control_event,
            external,
        } = self.builders;
        let tables = Tables::from([
            (EventRow::TABLE, event.finish()),
            (Request::TABLE, request.finish()),
            (Decision::TABLE, decision.finish()),
            (Execution::TABLE, execution.finish()),
            (Revocation::TABLE, revocation.finish()),
            (AccessGrant::TABLE, access_grant.finish()),
            (Session::TABLE, session.finish()),
            (Cancellation::TABLE, cancellation.finish()),
            (PolicyChange::TABLE, policy_change.finish()),
            (ControlEvent::TABLE, control_event.finish()),
            (ExternalActivity::TABLE, external.finish()),
            (ApprovalCase::TABLE, cases.finish()),
            (Stop::TABLE, FrameBuilder::<Stop>::default().finish()),
            (Change::TABLE, FrameBuilder::<Change>::default().finish()),
            (crate::table::Identity::TABLE, crate::column::to_frame(&self.context.roster.identities())),
            (ResolutionRow::TABLE, self.evidence.finish(self.context.roster)),
            (
                crate::table::ReviewerGrant::TABLE,
                crate::column::to_frame(&self.context.roster.reviewer_grants()),
            ),
        ]);
        Joined {
            tables,
            unresolved: self.unresolved.into_values().collect(),
            repeated: self.repeated,
            links: self.links.results.clone(),
        }
    }
}

/// Returns the earlier of two moments, of which either may be unknown.
fn earliest(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests;
