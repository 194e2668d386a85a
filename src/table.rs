//! The published tables: what the control tests read, and what lies in the pack as Parquet.
//!
//! The column lists below are the contract with every query; `docs/formats/tables.md` is printed from them.
//! All times are UTC epoch milliseconds. A principal is the accountable natural person, found through aliases,
//! delegation and agent ownership before any query runs; `*_principal_ns` is `people` where a roster named the
//! person, and the identity's own namespace where no roster was given. Principals compare only within one `*_ns`.

use crate::columns;

columns! {
    /// Every event of the period and its look-back, whatever its kind.
    pub struct EventRow in "event" {
        /// Event id.
        event_id: Text,
        /// Source id.
        source_id: Text,
        /// Log name; sequence numbers count within it.
        epoch: Text,
        /// Sequence number.
        seq: Int,
        /// Source time.
        ts_ms: Int,
        /// Collector time.
        observed_ms: Int,
        /// Kind of the event.
        kind: Text,
        /// The product's own id of the item.
        native_id: Text,
        /// Integrity grade of its record.
        grade: Text,
        /// SHA-256 of its record.
        content_digest: Text,
        /// Object name.
        object: Text,
        /// Line number in the object, from 1.
        line: Int,
        /// Position in the line or document, from 0.
        record_index: Int,
        /// Free texts that were searched for secrets and personal data: action name, command, exit text, outcome, reason.
        text_fields: Int,
        /// What was masked, `field:class=count`, joined by a comma; null where nothing was.
        masked: Text,
        /// Fields that held an unmasked value of a class that counts as an exception, joined by a comma; null where none did.
        secret_fields: Text,
        /// Classes of those values, joined by a comma.
        secret_classes: Text,
    }
}

columns! {
    /// One request for a privileged action or for access.
    pub struct Request in "request" {
        /// Namespaced request id; unique in the table.
        request_id: Text,
        /// Source id.
        source_id: Text,
        /// Event that states it.
        event_id: Text,
        /// The product's own request id.
        native_id: Text,
        /// When it was asked.
        ts_ms: Int,
        /// Sequence number in the log.
        seq: Int,
        /// Requester as logged.
        actor_id: Text,
        /// Namespace of `actor_id`.
        actor_ns: Text,
        /// human, agent, or service: by the roster, else as the product states it.
        actor_kind: Text,
        /// Accountable person of the requester; null where unresolved.
        principal_id: Text,
        /// Namespace of `principal_id`.
        principal_ns: Text,
        /// resolved, unresolved (no roster row in force), ambiguous (several), uncertain (a row may be in force), no_roster, absent (not logged).
        identity: Text,
        /// Who receives the access, where that is not the requester.
        on_behalf_of: Text,
        /// Accountable person of `on_behalf_of`; null where unresolved or nobody.
        beneficiary_principal_id: Text,
        /// Namespace of `beneficiary_principal_id`.
        beneficiary_principal_ns: Text,
        /// read, write, admin, access, deploy, exec, tool.
        action_class: Text,
        /// Name of the action.
        action_name: Text,
        /// Digest of the exact command.
        command_digest: Text,
        /// Canonicalisation of `command_digest`.
        canonicalisation: Text,
        /// Target.
        resource_id: Text,
        /// Group of the target.
        resource_group: Text,
        /// Environment of the target.
        env: Text,
        /// once, session, run, window, permanent.
        scope: Text,
        /// Data class of the target.
        data_class: Text,
        /// Reason the requester gave.
        reason: Text,
        /// Ticket the requester named.
        ticket_ref: Text,
        /// low, medium, high, critical.
        risk: Text,
        /// True where the product marks an emergency; null where it does not say.
        break_glass: Flag,
        /// Approvals the product required; null where it does not log them.
        quorum: Int,
        /// Policy that gated it.
        policy_id: Text,
        /// Digest of that policy.
        policy_digest: Text,
        /// SHA-256 of the record.
        content_digest: Text,
        /// slack, teams, web, api, cli, mcp, email, sms, chat_other; null where not logged.
        channel: Text,
        /// What a null `reason` means: given, none (the format always writes a reason that was given), not_logged.
        reason_state: Text,
        /// When the requester's last row of the roster ended, where the person has none in force any more.
        actor_ended_ms: Int,
    }
}

columns! {
    /// One vote or verdict on a request.
    pub struct Decision in "decision" {
        /// Id; unique in the table.
        decision_id: Text,
        /// Source id.
        source_id: Text,
        /// Event that states it.
        event_id: Text,
        /// The product's own decision id.
        native_id: Text,
        /// Namespaced request id.
        request_id: Text,
        /// When it was decided.
        ts_ms: Int,
        /// Sequence number in the log.
        seq: Int,
        /// Log in which `seq` counts, where that log is chained; null elsewhere.
        chain: Text,
        /// Reviewer as logged; null where the product names nobody.
        reviewer_id: Text,
        /// Namespace of `reviewer_id`.
        reviewer_ns: Text,
        /// human, agent, service: by the roster, else as the product states it; null where unknown.
        reviewer_kind: Text,
        /// Accountable person of the reviewer; null where unresolved.
        reviewer_principal_id: Text,
        /// Namespace of `reviewer_principal_id`.
        reviewer_principal_ns: Text,
        /// resolved, unresolved, ambiguous, uncertain, no_roster, absent.
        reviewer_identity: Text,
        /// approve, deny, revoke, expire, auto_approve; null where unknown.
        outcome: Text,
        /// human, policy, model, standing_rule, timeout, break_glass, system; null where unknown.
        basis: Text,
        /// pre (before the action) or post (a review afterwards).
        phase: Text,
        /// Digest of the command that was approved, edits included.
        command_digest: Text,
        /// Canonicalisation of `command_digest`.
        canonicalisation: Text,
        /// once, session, run, window, permanent.
        scope: Text,
        /// End of validity, exclusive; null where the product states none.
        expires_ms: Int,
        /// Uses allowed; null where the product states none.
        use_limit: Int,
        /// Who may use the approval besides the requester.
        delegates: Text,
        /// Batch the decision was part of.
        batch_id: Text,
        /// Reason the reviewer gave.
        reason: Text,
        /// When the item was shown to the reviewer.
        shown_ms: Int,
        /// Bytes shown.
        shown_bytes: Int,
        /// Digest of what was shown.
        shown_digest: Text,
        /// True where what was shown was cut.
        shown_truncated: Flag,
        /// Strength of the reviewer's sign-in.
        auth_strength: Text,
        /// Age of that sign-in.
        auth_age_ms: Int,
        /// Digest of the policy applied.
        policy_digest: Text,
        /// SHA-256 of the record.
        content_digest: Text,
        /// slack, teams, web, api, cli, mcp, email, sms, chat_other; null where not logged.
        channel: Text,
        /// What a null `reason` means: given, none (the format always writes a reason that was given), not_logged.
        reason_state: Text,
        /// When the reviewer's last row of the roster ended, where the person has none in force any more.
        reviewer_ended_ms: Int,
    }
}

columns! {
    /// One privileged action that ran.
    pub struct Execution in "execution" {
        /// Id; unique in the table.
        execution_id: Text,
        /// Source id.
        source_id: Text,
        /// Event that states it.
        event_id: Text,
        /// The product's own id of the execution or session.
        native_id: Text,
        /// Namespaced request id; see `request_link` for what null means.
        request_id: Text,
        /// linked (the record names it), declared or weak (a link of the workspace), nearest (another record of its source, by time alone), none (the product always writes the link, so nobody asked), not_logged, ambiguous (several requests).
        request_link: Text,
        /// Namespaced session id.
        session_id: Text,
        /// When it ran: its start, or its end where the product logs no later bound on the start.
        ts_ms: Int,
        /// When it ended.
        ended_ms: Int,
        /// Sequence number in the log.
        seq: Int,
        /// Log in which `seq` counts, where that log is chained; null elsewhere.
        chain: Text,
        /// Executor as logged.
        actor_id: Text,
        /// Namespace of `actor_id`.
        actor_ns: Text,
        /// human, agent, service: by the roster, else as the product states it.
        actor_kind: Text,
        /// Accountable person of the executor; null where unresolved.
        principal_id: Text,
        /// Namespace of `principal_id`.
        principal_ns: Text,
        /// resolved, unresolved, ambiguous, uncertain, no_roster, absent.
        identity: Text,
        /// read, write, admin, access, deploy, exec, tool.
        action_class: Text,
        /// Name of the action.
        action_name: Text,
        /// Digest of the exact command that ran.
        command_digest: Text,
        /// Canonicalisation of `command_digest`.
        canonicalisation: Text,
        /// Target.
        resource_id: Text,
        /// Group of the target.
        resource_group: Text,
        /// Environment of the target.
        env: Text,
        /// True where the execution itself names its target, false where `resource_id` is that of its request.
        resource_stated: Flag,
        /// Parameters, redacted.
        parameters: Text,
        /// started, succeeded, failed.
        outcome: Text,
        /// True: policy demands approval. False: out of scope. Null: it cannot be told.
        requires_approval: Flag,
        /// Approvals demanded: the greater of the `[[gated]]` rule's and the request's; null where the request's is not logged.
        quorum: Int,
        /// False where a hole may hide a vote on its request between request and execution; null without a request.
        votes_complete: Flag,
        /// False where a hole may hide a review within the break-glass limit; null without a request.
        reviews_complete: Flag,
        /// True where the run overrode the gate (break-glass, bypass); null where the product does not say.
        break_glass: Flag,
        /// True where the product marks a bypass; null where it does not say.
        bypass: Flag,
        /// Rows touched.
        row_count: Int,
        /// Bytes moved.
        byte_count: Int,
        /// Where data went.
        destination: Text,
        /// True where the action's name or the first words of its command say that it deletes, drops, purges, or destroys, other than rows by a condition; null where only a command could say so, and it is not logged in full.
        destructive: Flag,
        /// Digest of the artefact deployed.
        artefact_digest: Text,
        /// Digest of the agent's configuration.
        agent_config_digest: Text,
        /// SHA-256 of the record.
        content_digest: Text,
        /// When the executor's last row of the roster ended, where the person has none in force any more.
        actor_ended_ms: Int,
    }
}

/// Declares a dated fact about a target: these tables share their columns.
macro_rules! target_tables {
    ($( $(#[doc = $doc:literal])+ $name:ident $table:literal )+) => { $(
        columns! {
            $(#[doc = $doc])+
            pub struct $name in $table {
                /// Id; unique in the table.
                id: Text,
                /// Source id.
                source_id: Text,
                /// Event that states it.
                event_id: Text,
                /// When it happened.
                ts_ms: Int,
                /// Kind of the target: request, session, actor (whose access it was, where neither is logged).
                target_kind: Text,
                /// Namespaced id of the target.
                target_id: Text,
                /// Accountable person concerned.
                principal_id: Text,
                /// Start.
                start_ms: Int,
                /// End.
                end_ms: Int,
                /// When it took effect.
                effective_ms: Int,
            }
        }
    )+ };
}

target_tables! {
    /// Access or approval taken back.
    Revocation "revocation"
    /// An order to stop an agent.
    Stop "stop"
    /// A session opened or closed.
    Session "session"
    /// A request withdrawn before it was decided.
    Cancellation "cancellation"
}

columns! {
    /// Access that became effective.
    pub struct AccessGrant in "access_grant" {
        /// Id; unique in the table.
        id: Text,
        /// Source id.
        source_id: Text,
        /// Event that states it.
        event_id: Text,
        /// When it happened.
        ts_ms: Int,
        /// Kind of the target: request, session, actor (who holds the access, where neither is logged).
        target_kind: Text,
        /// Namespaced id of the target.
        target_id: Text,
        /// Accountable person concerned.
        principal_id: Text,
        /// Start.
        start_ms: Int,
        /// End; null where the log states none.
        end_ms: Int,
        /// When it took effect.
        effective_ms: Int,
        /// False where a hole may hide its withdrawal, or where its source never logs one; null without a target.
        withdrawals_complete: Flag,
    }
}

/// Declares a change to the rules: these tables share their columns.
macro_rules! change_tables {
    ($( $(#[doc = $doc:literal])+ $name:ident $table:literal )+) => { $(
        columns! {
            $(#[doc = $doc])+
            pub struct $name in $table {
                /// Id; unique in the table.
                id: Text,
                /// Source id.
                source_id: Text,
                /// Event that states it.
                event_id: Text,
                /// When it happened.
                ts_ms: Int,
                /// Who did it, as logged.
                actor_id: Text,
                /// Accountable person of the actor.
                principal_id: Text,
                /// Digest before.
                from_digest: Text,
                /// Digest after.
                to_digest: Text,
                /// Kind of change.
                kind: Text,
                /// True where it overrode a control.
                bypass: Flag,
                /// Namespaced id of the request it belongs to; null where the log names none.
                request_id: Text,
                /// human, agent, or service: by the roster, else as the product states it.
                actor_kind: Text,
                /// Namespace of `principal_id`.
                principal_ns: Text,
                /// False where a hole may hide the request it belongs to.
                requests_complete: Flag,
            }
        }
    )+ };
}

change_tables! {
    /// The approval rules, groups or gates changed.
    PolicyChange "policy_change"
    /// The gate itself was switched, degraded or bypassed.
    ControlEvent "control_event"
    /// A change record of a change system.
    Change "change"
}

columns! {
    /// One roster row in force for a span of time: which person an id stands for.
    pub struct Identity in "identity" {
        /// Id as logged.
        actor_id: Text,
        /// Namespace of `actor_id`; `*` stands for any.
        actor_ns: Text,
        /// Person, agent or service the id belongs to.
        principal_id: Text,
        /// human, agent, service.
        kind: Text,
        /// Accountable person of an agent or service; the person itself for a human.
        owner_principal_id: Text,
        /// active, ended.
        status: Text,
        /// End of employment or operation.
        ended_ms: Int,
        /// Start of validity.
        valid_from_ms: Int,
        /// End of validity, exclusive.
        valid_to_ms: Int,
        /// End of the time for which the row is surely in force; earlier than `valid_to_ms` where a directory does not say when an account was closed.
        certain_to_ms: Int,
        /// File and place that state the row.
        origin: Text,
    }
}

columns! {
    /// What the roster said of one id: the evidence for each resolution, with the span of time in which it was used.
    pub struct ResolutionRow in "resolution" {
        /// Id as logged.
        actor_id: Text,
        /// Namespace of `actor_id`.
        actor_ns: Text,
        /// resolved, unresolved, ambiguous, uncertain, no_roster.
        identity: Text,
        /// human, agent, service.
        kind: Text,
        /// Accountable person; null where unresolved.
        principal_id: Text,
        /// Rows of the roster that name the id: file and place, joined by ` | `.
        stated_by: Text,
        /// Rows that lead from an agent or a service to its person, joined by ` | `; null for a human.
        owned_by: Text,
        /// Times it was used.
        uses: Int,
        /// First use.
        first_ms: Int,
        /// Last use.
        last_ms: Int,
    }
}

columns! {
    /// Authority of a reviewer over a resource group for a span of time.
    pub struct ReviewerGrant in "reviewer_grant" {
        /// Person who may review.
        principal_id: Text,
        /// Resource group; `*` stands for any.
        resource_group: Text,
        /// Action class; `*` stands for any.
        action_class: Text,
        /// Start of validity.
        valid_from_ms: Int,
        /// End of validity, exclusive.
        valid_to_ms: Int,
    }
}

columns! {
    /// A role held by a person for a span of time.
    pub struct RoleAssignment in "role_assignment" {
        /// Person.
        principal_id: Text,
        /// Role.
        role: Text,
        /// Start of validity.
        valid_from_ms: Int,
        /// End of validity, exclusive.
        valid_to_ms: Int,
    }
}

columns! {
    /// Two roles that one person must not combine.
    pub struct SodRule in "sod_rule" {
        /// First role; requester, approver, and executor are parts that somebody plays in a request.
        role_a: Text,
        /// Second role, as the first.
        role_b: Text,
        /// dynamic (on one request) or static (held at one time).
        mode: Text,
    }
}

columns! {
    /// What an agent may do, for a span of time.
    pub struct AgentManifest in "agent_manifest" {
        /// Agent as logged.
        actor_id: Text,
        /// Namespace of `actor_id`.
        actor_ns: Text,
        /// Action class; `*` stands for any.
        action_class: Text,
        /// Resource group; `*` stands for any.
        resource_group: Text,
        /// Environment; `*` stands for any.
        env: Text,
        /// Digest of its registered configuration.
        config_digest: Text,
        /// Start of validity.
        valid_from_ms: Int,
        /// End of validity, exclusive.
        valid_to_ms: Int,
    }
}

columns! {
    /// A version of an approval policy and when it was in force.
    pub struct PolicyVersion in "policy_version" {
        /// Policy.
        policy_id: Text,
        /// Digest of this version.
        policy_digest: Text,
        /// Person who approved it.
        approved_by: Text,
        /// When it was approved: start of validity.
        valid_from_ms: Int,
        /// End of validity, exclusive.
        valid_to_ms: Int,
    }
}

columns! {
    /// One log that the workspace declares, or that lay in its objects undeclared.
    pub struct ExpectedSource in "expected_source" {
        /// `source/log`; unique in the table.
        expected_id: Text,
        /// Source id.
        source_id: Text,
        /// Log name.
        log: Text,
        /// True where the workspace declares it.
        declared: Flag,
        /// approvals, executions, independent.
        role: Text,
        /// Start of the span in which it should have records.
        from_ms: Int,
        /// End of that span, exclusive.
        to_ms: Int,
        /// Objects read.
        objects: Int,
        /// Records inside the period.
        records: Int,
        /// First record's time.
        first_ms: Int,
        /// Last record's time.
        last_ms: Int,
        /// Least sequence number of the records inside the period.
        first_seq: Int,
        /// Greatest sequence number of the records inside the period.
        last_seq: Int,
        /// True where the workspace says that it may be empty.
        may_be_empty: Flag,
        /// Longest silence allowed; null where none is declared.
        max_silence_ms: Int,
        /// True where its records carry sequence numbers.
        sequenced: Flag,
        /// True where a hash chain or signatures protect it.
        protected: Flag,
    }
}

columns! {
    /// A privileged action in a record that is independent of the approval log.
    pub struct ExternalActivity in "external_activity" {
        /// Id; unique in the table.
        activity_id: Text,
        /// Source id.
        source_id: Text,
        /// Event that states it.
        event_id: Text,
        /// System.
        system: Text,
        /// Who acted, as logged.
        actor_id: Text,
        /// Accountable person.
        principal_id: Text,
        /// Action.
        action_name: Text,
        /// Target.
        resource_id: Text,
        /// When.
        ts_ms: Int,
        /// Id shared with the approval log.
        correlation_id: Text,
        /// Namespace of `principal_id`.
        principal_ns: Text,
        /// True: policy demands approval. False: out of scope. Null: it cannot be told.
        requires_approval: Flag,
        /// False where a hole may hide the execution that it shows from the other side.
        executions_complete: Flag,
    }
}

columns! {
    /// An accepted exception: who, why, until.
    pub struct Waiver in "waiver" {
        /// Id.
        waiver_id: Text,
        /// Test it applies to.
        test: Text,
        /// Start.
        from_ms: Int,
        /// End, exclusive.
        to_ms: Int,
        /// Rows it may cover.
        max_rows: Int,
        /// Who approved it.
        approved_by: Text,
    }
}

columns! {
    /// A review carried out outside the logs, such as an access review.
    pub struct Review in "review" {
        /// Id.
        review_id: Text,
        /// Reviewer.
        principal_id: Text,
        /// What was reviewed.
        target_id: Text,
        /// When.
        ts_ms: Int,
    }
}

columns! {
    /// A finding of an earlier period that is being followed up.
    pub struct Finding in "finding" {
        /// Id.
        finding_id: Text,
        /// Test.
        test: Text,
        /// When it was raised.
        ts_ms: Int,
        /// When it was closed.
        closed_ms: Int,
    }
}

columns! {
    /// One case: everything joined under one request, or one orphan.
    pub struct ApprovalCase in "approval_case" {
        /// Namespaced request id, or the id of the orphaned item.
        case_id: Text,
        /// Request, if it was found.
        request_id: Text,
        /// Source of the request, else of the orphan.
        source_id: Text,
        /// The product's own id.
        native_id: Text,
        /// approved, denied, expired, revoked, cancelled, pending, unknown.
        state: Text,
        /// When it was asked.
        requested_ms: Int,
        /// First approving decision.
        first_approved_ms: Int,
        /// First execution.
        first_executed_ms: Int,
        /// Decisions.
        decisions: Int,
        /// Executions.
        executions: Int,
        /// What is missing: request, decision; joined by a comma; null where nothing is.
        gaps: Text,
    }
}

columns! {
    /// One record, or one damaged or missing range.
    pub struct IntegrityRow in "integrity" {
        /// Id; unique in the table.
        integrity_id: Text,
        /// Source id.
        source_id: Text,
        /// Log name.
        log: Text,
        /// Object name.
        object: Text,
        /// Line number, from 1; null for a range.
        line: Int,
        /// Sequence number.
        seq: Int,
        /// Time of the record; start of a range.
        ts_ms: Int,
        /// End of a range, exclusive; null for a record.
        to_ms: Int,
        /// record or range.
        subject: Text,
        /// ok, damaged, missing, rejected.
        status: Text,
        /// Kind of break; null where ok.
        kind: Text,
        /// Integrity grade.
        grade: Text,
        /// True where the format gives this record a sequence number or a chain link.
        sequenced: Flag,
        /// True where a hash or signature protects this record.
        protected: Flag,
    }
}

/// A published table: its name, what one row stands for, and its columns.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Name in queries and in the pack.
    pub table: &'static str,
    /// What one row stands for.
    pub doc: &'static str,
    /// The columns, in order.
    pub columns: &'static [crate::column::Column],
}

/// Returns every published table, in the order of this file.
pub fn schemas() -> Vec<Schema> {
    fn of<R: crate::column::Row>() -> Schema {
        Schema { table: R::TABLE, doc: R::DOC.trim(), columns: R::COLUMNS }
    }
    vec![
        of::<EventRow>(),
        of::<Request>(),
        of::<Decision>(),
        of::<Execution>(),
        of::<Revocation>(),
        of::<AccessGrant>(),
        of::<Stop>(),
        of::<Session>(),
        of::<Cancellation>(),
        of::<PolicyChange>(),
        of::<ControlEvent>(),
        of::<Change>(),
        of::<Identity>(),
        of::<ResolutionRow>(),
        of::<ReviewerGrant>(),
        of::<RoleAssignment>(),
        of::<SodRule>(),
        of::<AgentManifest>(),
        of::<PolicyVersion>(),
        of::<ExpectedSource>(),
        of::<ExternalActivity>(),
        of::<Waiver>(),
        of::<Review>(),
        of::<Finding>(),
        of::<ApprovalCase>(),
        of::<IntegrityRow>(),
    ]
}
