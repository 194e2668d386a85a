//! One event to one row: what each column of a table takes from the canonical event.

use std::collections::BTreeSet;

use super::{CaseFacts, RequestFacts, destructive};
use crate::clock::Moment;
use crate::column::{Brief, text};
use crate::event::Event;
use crate::identity::Resolution;
use crate::integrity::verdict::Grade;
use crate::table::{AccessGrant, ApprovalCase, Decision, EventRow, Execution, Request};

/// An outcome as the `decision` table words it; null where the product's word has no certain meaning.
pub(super) type Outcome = Option<&'static str>;

/// Returns the kind and the id of what a dated fact is about: a request, a session, or else whoever has the access.
pub(super) fn about(event: &Event) -> (Option<&'static str>, Option<String>) {
    match (&event.corr_request, &event.corr_session, &event.subject_id) {
        (Some(id), ..) => (Some("request"), Some(id.to_string())),
        (None, Some(id), _) => (Some("session"), Some(id.to_string())),
        (None, None, Some(id)) => {
            let ns = event.subject_ns.as_deref().or(event.source.as_deref()).unwrap_or_default();
            (Some("actor"), Some(format!("{ns}:actor:{id}")))
        }
        (None, None, None) => (None, None),
    }
}

/// Fills a table of facts about a target.
macro_rules! target {
    ($table:ident, $event:expr) => {{
        use $crate::column::text;
        let event: &$crate::event::Event = $event;
        let (kind, id) = $crate::case::rows::about(event);
        $table {
            id: text(&event.id),
            source_id: text(&event.source),
            event_id: text(&event.id),
            ts_ms: event.time_ms,
            target_kind: kind.map(str::to_owned),
            target_id: id,
            principal_id: None,
            start_ms: event.not_before_ms.or(event.started_ms),
            end_ms: event.not_after_ms.or(event.ended_ms),
            effective_ms: event.time_ms,
        }
    }};
}

/// Fills a table of changes to the rules.
macro_rules! change {
    ($table:ident, $event:expr, $bypass:expr, $who:expr, $complete:expr) => {{
        use $crate::column::text;
        let event: &$crate::event::Event = $event;
        let who: $crate::identity::Resolution = $who;
        $table {
            id: text(&event.id),
            source_id: text(&event.source),
            event_id: text(&event.id),
            ts_ms: event.time_ms,
            actor_id: text(&event.requester_id).or_else(|| text(&event.executor_id)),
            principal_id: who.principal,
            from_digest: None,
            to_digest: text(&event.policy_digest),
            kind: text(&event.native_type),
            bypass: Some($bypass),
            request_id: text(&event.corr_request),
            actor_kind: who.kind,
            principal_ns: who.principal_ns,
            requests_complete: Some($complete),
        }
    }};
}

pub(super) use {change, target};

pub(super) fn event(event: &Event) -> EventRow {
    EventRow {
        event_id: text(&event.id),
        source_id: text(&event.source),
        epoch: text(&event.log),
        seq: event.seq,
        ts_ms: event.time_ms,
        observed_ms: event.received_ms,
        kind: text(&event.kind),
        native_id: text(&event.native_id),
        grade: text(&event.grade),
        content_digest: text(&event.line_digest),
        object: text(&event.object),
        line: event.line,
        record_index: event.index,
        text_fields: Some(free_texts(event)),
        masked: text(&event.masked),
        secret_fields: event.secrets.as_deref().map(|hits| parts(hits, |(field, _)| field.to_owned())),
        secret_classes: event.secrets.as_deref().map(|hits| parts(hits, |(_, class)| class.to_owned())),
    }
}

/// Counts the free texts of an event ([`crate::redact::FREE_TEXT`]).
fn free_texts(event: &Event) -> i64 {
    let texts = [&event.action_name, &event.command, &event.exec_code, &event.native_outcome, &event.reason];
    texts.into_iter().map(|text| i64::from(text.is_some())).sum()
}

/// Returns one part of each `field:class=count`, sorted and without repeats.
fn parts(hits: &str, pick: fn((&str, &str)) -> String) -> String {
    let names: BTreeSet<String> =
        crate::redact::hits(hits).map(|(field, class, _)| pick((field, class))).collect();
    names.into_iter().collect::<Vec<_>>().join(",")
}

/// Returns what a missing reason means, where the format of the source always writes one that was given.
pub(super) fn reason_state(reason: Option<&String>, always_written: bool) -> Option<String> {
    let state = match (reason, always_written) {
        (Some(_), _) => "given",
        (None, true) => "none",
        (None, false) => "not_logged",
    };
    Some(state.to_owned())
}

pub(super) fn grant(event: &Event, complete: Option<bool>) -> AccessGrant {
    let (kind, target) = about(event);
    AccessGrant {
        id: text(&event.id),
        source_id: text(&event.source),
        event_id: text(&event.id),
        ts_ms: event.time_ms,
        target_kind: kind.map(str::to_owned),
        target_id: target,
        principal_id: None,
        start_ms: event.not_before_ms.or(event.started_ms),
        end_ms: event.not_after_ms.or(event.ended_ms),
        effective_ms: event.time_ms,
        withdrawals_complete: complete,
    }
}

pub(super) fn request(id: &str, event: &Event, who: &Resolution, beneficiary: &Resolution) -> Request {
    Request {
        request_id: Some(id.to_owned()),
        source_id: text(&event.source),
        event_id: text(&event.id),
        native_id: text(&event.native_id),
        ts_ms: event.time_ms,
        seq: event.seq,
        actor_id: text(&event.requester_id),
        actor_ns: text(&event.requester_ns),
        actor_kind: who.kind.clone(),
        principal_id: who.principal.clone(),
        principal_ns: who.principal_ns.clone(),
        identity: Some(who.state.to_owned()),
        on_behalf_of: text(&event.subject_id),
        beneficiary_principal_id: beneficiary.principal.clone(),
        beneficiary_principal_ns: beneficiary.principal_ns.clone(),
        action_class: text(&event.action_class),
        action_name: text(&event.action_name),
        command_digest: text(&event.command_digest),
        canonicalisation: text(&event.canonicalisation),
        resource_id: text(&event.resource_id),
        resource_group: text(&event.resource_group),
        env: text(&event.env),
        scope: text(&event.scope),
        data_class: text(&event.data_class),
        reason: text(&event.reason),
        ticket_ref: text(&event.ticket),
        risk: text(&event.risk),
        break_glass: event.break_glass,
        quorum: event.quorum.or((event.quorum_link.as_deref() == Some("none")).then_some(1)),
        policy_id: text(&event.policy_id),
        policy_digest: text(&event.policy_digest),
        content_digest: text(&event.line_digest),
        channel: text(&event.channel),
        reason_state: None,
        actor_ended_ms: who.ended.map(Moment::ms),
    }
}

/// Returns the outcome of a decision event, or `None` where it is no vote (a comment, an abstention).
///
/// The table is the one of `docs/formats/tables.md`, "From events to rows".
pub(super) fn outcome(event: &Event) -> Option<Outcome> {
    let basis = event.basis.as_deref();
    Some(match event.outcome.as_deref() {
        Some("commented" | "abstained") => return None,
        Some("approved" | "approved_with_changes") => approval(basis),
        Some("denied" | "changes_requested") if basis == Some("timeout") => Some("expire"),
        Some("denied" | "changes_requested") => Some("deny"),
        Some("dismissed") => Some("revoke"),
        _ => None,
    })
}

fn approval(basis: Option<&str>) -> Outcome {
    match basis {
        Some("human" | "break_glass") => Some("approve"),
        Some("policy" | "standing_rule" | "model" | "system" | "timeout") => Some("auto_approve"),
        _ => None,
    }
}

/// Returns the outcome of an approval that the log states without a vote.
pub(super) fn resolved_approval(event: &Event) -> Outcome {
    match event.basis.as_deref() {
        None => Some("approve"),
        basis => approval(basis),
    }
}

pub(super) fn case_state(outcome: Outcome) -> &'static str {
    match outcome {
        Some("approve" | "auto_approve") => "approved",
        Some("deny") => "denied",
        Some("expire") => "expired",
        Some("revoke") => "revoked",
        _ => "unknown",
    }
}

/// Returns the log in which the event's sequence number counts, where a chain vouches for the order.
fn chain(event: &Event) -> Option<String> {
    let grade = event.grade.as_deref().and_then(Grade::from_word)?;
    event.seq?;
    (grade >= Grade::Consistent).then(|| {
        format!(
            "{}/{}",
            event.source.as_deref().unwrap_or_default(),
            event.log.as_deref().unwrap_or_default()
        )
    })
}

pub(super) fn decision(
    event: &Event,
    outcome: Outcome,
    who: &Resolution,
    request_not_after_ms: Option<i64>,
) -> Decision {
    let kind = who.kind.clone();
    Decision {
        decision_id: text(&event.id),
        source_id: text(&event.source),
        event_id: text(&event.id),
        native_id: text(&event.native_id),
        request_id: text(&event.corr_request),
        ts_ms: event.time_ms,
        seq: event.seq,
        chain: chain(event),
        reviewer_id: text(&event.decider_id),
        reviewer_ns: text(&event.decider_ns),
        reviewer_kind: kind,
        reviewer_principal_id: who.principal.clone(),
        reviewer_principal_ns: who.principal_ns.clone(),
        reviewer_identity: Some(who.state.to_owned()),
        outcome: outcome.map(str::to_owned),
        basis: text(&event.basis),
        phase: Some(event.phase.as_deref().unwrap_or("pre").to_owned()),
        command_digest: text(&event.edited_digest).or_else(|| text(&event.command_digest)),
        canonicalisation: text(&event.canonicalisation),
        scope: text(&event.scope),
        expires_ms: event.not_after_ms.or(request_not_after_ms),
        reason: text(&event.reason),
        policy_digest: text(&event.policy_digest),
        content_digest: text(&event.line_digest),
        channel: text(&event.channel),
        reviewer_ended_ms: who.ended.map(Moment::ms),
        ..Decision::default()
    }
}

pub(super) fn execution(
    event: &Event,
    (who, [ns, id]): &(Resolution, [Option<String>; 2]),
    facts: Option<&RequestFacts>,
) -> Execution {
    let inherit = |own: &Option<Brief>, pick: fn(&RequestFacts) -> &Option<String>| {
        text(own).or_else(|| facts.and_then(|facts| pick(facts).clone()))
    };
    let link = match (&event.corr_request, event.request_link.as_deref()) {
        (Some(_), Some(link @ ("declared" | "weak" | "nearest"))) => link,
        (Some(_), _) => "linked",
        (None, Some(link @ ("none" | "ambiguous"))) => link,
        (None, _) => "not_logged",
    };
    let action_class = inherit(&event.action_class, |facts| &facts.action_class);
    let action_name = inherit(&event.action_name, |facts| &facts.action_name);
    let destructive = destructive::is(&destructive::Facts {
        class: action_class.as_deref(),
        name: action_name.as_deref(),
        command: event.command.as_deref(),
        state: event.command_state.as_deref(),
    });
    Execution {
        execution_id: text(&event.id),
        source_id: text(&event.source),
        event_id: text(&event.id),
        native_id: text(&event.native_id),
        request_id: text(&event.corr_request),
        request_link: Some(link.to_owned()),
        session_id: text(&event.corr_session),
        ts_ms: event.time_ms,
        ended_ms: event.ended_ms,
        seq: event.seq,
        chain: chain(event),
        actor_id: id.clone(),
        actor_ns: ns.clone(),
        actor_kind: who.kind.clone(),
        principal_id: who.principal.clone(),
        principal_ns: who.principal_ns.clone(),
        identity: Some(who.state.to_owned()),
        action_class,
        action_name,
        command_digest: text(&event.command_digest),
        canonicalisation: text(&event.canonicalisation),
        resource_id: inherit(&event.resource_id, |facts| &facts.resource_id),
        resource_group: inherit(&event.resource_group, |facts| &facts.resource_group),
        env: inherit(&event.env, |facts| &facts.env),
        resource_stated: Some(event.resource_id.is_some()),
        parameters: text(&event.command),
        outcome: text(&event.exec_state),
        break_glass: either(event.break_glass, facts.map_or(Some(false), |facts| facts.break_glass)),
        bypass: event.bypass,
        row_count: event.row_count,
        destructive,
        content_digest: text(&event.line_digest),
        actor_ended_ms: who.ended.map(Moment::ms),
        ..Execution::default()
    }
}

impl Execution {
    /// Returns the id of the case that an execution without a request is alone in.
    pub fn orphan_case(&self) -> Option<String> {
        let native = self.native_id.as_ref().or(self.execution_id.as_ref())?;
        Some(format!("{}:execution:{native}", self.source_id.as_deref().unwrap_or_default()))
    }
}

/// Returns the truth of "a or b" where either may be unknown.
fn either(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

pub(super) fn case(id: &str, facts: &CaseFacts, has_request: bool) -> ApprovalCase {
    let mut gaps = Vec::new();
    if !has_request {
        gaps.push("request");
    }
    if facts.decisions == 0 {
        gaps.push("decision");
    }
    let state = facts.last.map_or(if has_request { "pending" } else { "unknown" }, |(_, state)| state);
    ApprovalCase {
        case_id: Some(id.to_owned()),
        request_id: has_request.then(|| id.to_owned()),
        source_id: facts.source.clone(),
        native_id: facts.native_id.clone(),
        state: Some(state.to_owned()),
        requested_ms: facts.requested_ms,
        first_approved_ms: facts.first_approved_ms,
        first_executed_ms: facts.first_executed_ms,
        decisions: Some(facts.decisions),
        executions: Some(facts.executions),
        gaps: (!gaps.is_empty()).then(|| gaps.join(",")),
    }
}
