//! The canonical event: one fact from one record, the same shape for every product.
//!
//! A source profile fills it (`docs/formats/event.md`); absent is always null, never a default. Columns of one
//! principal share a prefix: `requester_` asked, `subject_` gets the access, `decider_` voted, `executor_` ran it.

use crate::columns;

columns! {
    /// One fact that a record states: a request, a decision, a resolution, an execution, or another kind.
    pub struct Event in "canonical_event" {
        /// SHA-256 over source id, object name, byte offset, line digest, rule, and sub-index, each length-prefixed.
        id: Brief,
        /// Source id of the workspace.
        source: Brief,
        /// Log name; the source id where the format has no log names.
        log: Brief,
        /// Object name as declared in the workspace.
        object: Brief,
        /// Byte offset of the record in the decompressed object.
        offset: Int,
        /// Bytes of the record, without its line end.
        length: Int,
        /// Line number, from 1, in the whole object; null until segments are stitched.
        line: Int,
        /// Position of the record in its line or document, from 0.
        index: Int,
        /// SHA-256 of the record's bytes.
        line_digest: Brief,
        /// Id of the profile rule that made the event.
        rule: Brief,
        /// Position among the events that the rule made from the record, from 0.
        sub: Int,
        /// Kind: request, decision, resolution, grant, revocation, execution, session, policy_change, bypass, notification, observation, heartbeat, close.
        kind: Brief,
        /// The product's own id of the item, as a person would look it up there.
        native_id: Brief,
        /// The product's own name of the record type.
        native_type: Brief,
        /// Source time, UTC epoch milliseconds.
        time_ms: Int,
        /// Source time as RFC 3339 UTC with the source's own precision.
        time: Brief,
        /// Time of receipt by the collector, UTC epoch milliseconds.
        received_ms: Int,
        /// Sequence number in the log.
        seq: Int,
        /// Integrity grade of the record.
        grade: Brief,
        /// Request this belongs to, `source instance:type:value`.
        corr_request: Brief,
        /// Session this belongs to, namespaced.
        corr_session: Brief,
        /// Run or workflow this belongs to, namespaced.
        corr_run: Brief,
        /// Ticket or change this belongs to, namespaced.
        corr_change: Brief,
        /// What a null `corr_request` means: linked, none (the product always writes it), not_logged, ambiguous (several).
        request_link: Brief,
        /// Kind of the requester as the product states it: human, agent, service, system, group.
        requester_kind: Brief,
        /// Namespace in which `requester_id` is unique.
        requester_ns: Brief,
        /// Id of whoever asked.
        requester_id: Brief,
        /// Display name of the requester.
        requester_name: Brief,
        /// E-mail address of the requester.
        requester_email: Brief,
        /// Namespace of `subject_id`.
        subject_ns: Brief,
        /// Who receives the access, where that is not the requester.
        subject_id: Brief,
        /// Kind of the decider as the product states it.
        decider_kind: Brief,
        /// Namespace in which `decider_id` is unique.
        decider_ns: Brief,
        /// Id of whoever decided.
        decider_id: Brief,
        /// Display name of the decider.
        decider_name: Brief,
        /// E-mail address of the decider.
        decider_email: Brief,
        /// Bot or plugin that submitted the decision for the decider.
        decider_via: Brief,
        /// Kind of the executor as the product states it.
        executor_kind: Brief,
        /// Namespace in which `executor_id` is unique.
        executor_ns: Brief,
        /// Id of whoever ran the action.
        executor_id: Brief,
        /// Display name of the executor.
        executor_name: Brief,
        /// E-mail address of the executor.
        executor_email: Brief,
        /// Name of the action.
        action_name: Brief,
        /// Class of the action: read, write, admin, access, deploy, exec, tool.
        action_class: Brief,
        /// Command context as it will be shown: redacted, capped.
        command: Brief,
        /// State of the command in the log: full, truncated, redacted, hashed, encrypted, absent.
        command_state: Brief,
        /// Digest of the exact command.
        command_digest: Brief,
        /// How the bytes under `command_digest` were made; digests compare only within one value.
        canonicalisation: Brief,
        /// Digest of the command as the reviewer changed it.
        edited_digest: Brief,
        /// Id of the target.
        resource_id: Brief,
        /// Type of the target.
        resource_type: Brief,
        /// Group of the target.
        resource_group: Brief,
        /// Environment of the target.
        env: Brief,
        /// Risk level: low, medium, high, critical.
        risk: Brief,
        /// Data class of the target.
        data_class: Brief,
        /// Policy or rule that gated the action.
        policy_id: Brief,
        /// Digest of that policy.
        policy_digest: Brief,
        /// Approvals the product required.
        quorum: Int,
        /// What a null `quorum` means: none (the product needs one), not_logged.
        quorum_link: Brief,
        /// Outcome of a decision: approved, approved_with_changes, denied, changes_requested, commented, abstained, dismissed.
        outcome: Brief,
        /// The product's own word for the outcome.
        native_outcome: Brief,
        /// What decided: human, policy, model, standing_rule, timeout, break_glass, system.
        basis: Brief,
        /// How much was granted: once, session, run, window, permanent.
        scope: Brief,
        /// Reviewer group the vote was cast for.
        decision_group: Brief,
        /// Phase of a decision relative to the action: pre, post.
        phase: Brief,
        /// Final state of a request: pending, approved, denied, expired, cancelled, withdrawn, revoked, superseded, bypassed, consumed.
        resolution: Brief,
        /// Reason given.
        reason: Brief,
        /// Ticket or change named in the reason.
        ticket: Brief,
        /// Channel: slack, teams, web, api, cli, mcp, email, sms, chat_other.
        channel: Brief,
        /// Id of the channel.
        channel_id: Brief,
        /// Start of validity, UTC epoch milliseconds.
        not_before_ms: Int,
        /// End of validity, exclusive, UTC epoch milliseconds.
        not_after_ms: Int,
        /// State of an execution: started, succeeded, failed, blocked, not_run.
        exec_state: Brief,
        /// Exit code or status of an execution.
        exec_code: Brief,
        /// Start of an execution, UTC epoch milliseconds.
        started_ms: Int,
        /// End of an execution, UTC epoch milliseconds.
        ended_ms: Int,
        /// Rows an execution touched.
        row_count: Int,
        /// Values masked in the output.
        masked_count: Int,
        /// True where the product marks the request as an emergency.
        break_glass: Flag,
        /// True where a control was overridden.
        bypass: Flag,
        /// True where the product itself held the execution until a decision.
        held: Flag,
        /// What was masked in the texts above, `column:class=count`, sorted, joined by a comma.
        masked: Brief,
        /// As `masked`, for the classes of which a value makes the event an exception of DAT-02.
        secrets: Brief,
        /// Quality marks, sorted, joined by a comma.
        quality: Brief,
        /// Key under which re-exports of the same fact are recognised.
        dedup_key: Brief,
        /// Version of a snapshot; the greatest per `dedup_key` wins.
        snapshot_version: Int,
        /// Keys under which other records of the source may take values of this event, as JSON, by join of the profile.
        offers: Brief,
        /// Keys by which this event takes values of other records, as JSON, by join of the profile.
        takes: Brief,
        /// Ids of the events that gave values, `join=id`, joined by a comma.
        joined: Brief,
    }
}
