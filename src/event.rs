//! The canonical event: one fact from one record, the same shape for every product.
//!
//! A source profile fills it (`docs/formats/event.md`); absent is always null, never a default. Columns of one
//! principal share a prefix: `requester_` asked, `subject_` gets the access, `decider_` voted, `executor_` ran it.

use crate::columns;

columns! {
    /// One fact that a record states: a request, a decision, a resolution, an execution, or another kind.
    pub struct Event in "canonical_event" {
        /// SHA-256 over source id, object name, byte offset, line digest, rule, and sub-index, each length-prefixed.
        id: Text,
        /// Source id of the workspace.
        source: Text,
        /// Log name; the source id where the format has no log names.
        log: Text,
        /// Object name as declared in the workspace.
        object: Text,
        /// Byte offset of the record in the decompressed object.
        offset: Int,
        /// Bytes of the record, without its line end.
        length: Int,
        /// Line number, from 1, in the whole object; null until segments are stitched.
        line: Int,
        /// Position of the record in its line or document, from 0.
        index: Int,
        /// SHA-256 of the record's bytes.
        line_digest: Text,
        /// Id of the profile rule that made the event.
        rule: Text,
        /// Position among the events that the rule made from the record, from 0.
        sub: Int,
        /// Kind: request, decision, resolution, grant, revocation, execution, session, policy_change, bypass, notification, observation, heartbeat, close.
        kind: Text,
        /// The product's own id of the item, as a person would look it up there.
        native_id: Text,
        /// The product's own name of the record type.
        native_type: Text,
        /// Source time, UTC epoch milliseconds.
        time_ms: Int,
        /// Source time as RFC 3339 UTC with the source's own precision.
        time: Text,
        /// Time of receipt by the collector, UTC epoch milliseconds.
        received_ms: Int,
        /// Sequence number in the log.
        seq: Int,
        /// Integrity grade of the record.
        grade: Text,
        /// Request this belongs to, `source instance:type:value`.
        corr_request: Text,
        /// Session this belongs to, namespaced.
        corr_session: Text,
        /// Run or workflow this belongs to, namespaced.
        corr_run: Text,
        /// Ticket or change this belongs to, namespaced.
        corr_change: Text,
        /// What a null `corr_request` means: linked, none (the product always writes it), not_logged, ambiguous (several).
        request_link: Text,
        /// Kind of the requester as the product states it: human, agent, service, system, group.
        requester_kind: Text,
        /// Namespace in which `requester_id` is unique.
        requester_ns: Text,
        /// Id of whoever asked.
        requester_id: Text,
        /// Display name of the requester.
        requester_name: Text,
        /// E-mail address of the requester.
        requester_email: Text,
        /// Namespace of `subject_id`.
        subject_ns: Text,
        /// Who receives the access, where that is not the requester.
        subject_id: Text,
        /// Kind of the decider as the product states it.
        decider_kind: Text,
        /// Namespace in which `decider_id` is unique.
        decider_ns: Text,
        /// Id of whoever decided.
        decider_id: Text,
        /// Display name of the decider.
        decider_name: Text,
        /// E-mail address of the decider.
        decider_email: Text,
        /// Bot or plugin that submitted the decision for the decider.
        decider_via: Text,
        /// Kind of the executor as the product states it.
        executor_kind: Text,
        /// Namespace in which `executor_id` is unique.
        executor_ns: Text,
        /// Id of whoever ran the action.
        executor_id: Text,
        /// Display name of the executor.
        executor_name: Text,
        /// E-mail address of the executor.
        executor_email: Text,
        /// Name of the action.
        action_name: Text,
        /// Class of the action: read, write, admin, access, deploy, exec, tool.
        action_class: Text,
        /// Command context as it will be shown: redacted, capped.
        command: Text,
        /// State of the command in the log: full, truncated, redacted, hashed, encrypted, absent.
        command_state: Text,
        /// Digest of the exact command.
        command_digest: Text,
        /// How the bytes under `command_digest` were made; digests compare only within one value.
        canonicalisation: Text,
        /// Digest of the command as the reviewer changed it.
        edited_digest: Text,
        /// Id of the target.
        resource_id: Text,
        /// Type of the target.
        resource_type: Text,
        /// Group of the target.
        resource_group: Text,
        /// Environment of the target.
        env: Text,
        /// Risk level: low, medium, high, critical.
        risk: Text,
        /// Data class of the target.
        data_class: Text,
        /// Policy or rule that gated the action.
        policy_id: Text,
        /// Digest of that policy.
        policy_digest: Text,
        /// Approvals the product required.
        quorum: Int,
        /// What a null `quorum` means: none (the product needs one), not_logged.
        quorum_link: Text,
        /// Outcome of a decision: approved, approved_with_changes, denied, changes_requested, commented, abstained, dismissed.
        outcome: Text,
        /// The product's own word for the outcome.
        native_outcome: Text,
        /// What decided: human, policy, model, standing_rule, timeout, break_glass, system.
        basis: Text,
        /// How much was granted: once, session, run, window, permanent.
        scope: Text,
        /// Reviewer group the vote was cast for.
        decision_group: Text,
        /// Phase of a decision relative to the action: pre, post.
        phase: Text,
        /// Final state of a request: pending, approved, denied, expired, cancelled, withdrawn, revoked, superseded, bypassed, consumed.
        resolution: Text,
        /// Reason given.
        reason: Text,
        /// Ticket or change named in the reason.
        ticket: Text,
        /// Channel: slack, teams, web, api, cli, mcp, email, sms, chat_other.
        channel: Text,
        /// Id of the channel.
        channel_id: Text,
        /// Start of validity, UTC epoch milliseconds.
        not_before_ms: Int,
        /// End of validity, exclusive, UTC epoch milliseconds.
        not_after_ms: Int,
        /// State of an execution: started, succeeded, failed, blocked, not_run.
        exec_state: Text,
        /// Exit code or status of an execution.
        exec_code: Text,
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
        masked: Text,
        /// As `masked`, for the classes of which a value makes the event an exception of DAT-02.
        secrets: Text,
        /// Quality marks, sorted, joined by a comma.
        quality: Text,
        /// Key under which re-exports of the same fact are recognised.
        dedup_key: Text,
        /// Version of a snapshot; the greatest per `dedup_key` wins.
        snapshot_version: Int,
        /// Keys under which other records of the source may take values of this event, as JSON, by join of the profile.
        offers: Text,
        /// Keys by which this event takes values of other records, as JSON, by join of the profile.
        takes: Text,
        /// Ids of the events that gave values, `join=id`, joined by a comma.
        joined: Text,
    }
}
