//! Which columns of the published tables a profile can fill.

use std::collections::BTreeSet;

use super::rule::{Assign, Rule};
use super::{Integrity, Profile};

impl Profile {
    /// Returns `table.column` for every column that some rule of the profile can fill.
    ///
    /// What the workspace adds (`set`, `[[gated]]`, the roster) is not in it, except that whoever is named by an
    /// id can have a principal.
    pub fn columns_filled(&self) -> BTreeSet<String> {
        let mut filled = BTreeSet::new();
        for rule in &self.rules {
            let mut add = |table: &str, column: &str| {
                filled.insert(format!("{table}.{column}"));
            };
            for column in
                ["event_id", "source_id", "ts_ms", "kind", "grade", "content_digest", "object", "line"]
            {
                add("event", column);
            }
            // Every text is searched, whatever the rule; a rule without free text has none to search.
            if rule.assigns.iter().any(|assign| crate::redact::FREE_TEXT.contains(&assigned(assign).as_str()))
            {
                for column in ["text_fields", "masked", "secret_fields", "secret_classes"] {
                    add("event", column);
                }
            }
            if self.integrity == Integrity::CountersignLog {
                add("event", "seq");
            }
            let Some(table) = table_of(rule.kind) else { continue };
            for column in base(table, &self.integrity) {
                add(table, column);
            }
            for assign in &rule.assigns {
                for column in columns(table, &assigned(assign)) {
                    add(table, column);
                }
            }
            for column in self.taken(rule).flat_map(|name| columns(table, name)) {
                add(table, column);
            }
            if table == "decision" && !sets(rule, "phase") && rule.kind == "resolution" {
                add(table, "phase");
            }
        }
        filled
    }

    /// Returns the event columns and principals that events of a rule may take from other records.
    pub(super) fn taken<'p>(&'p self, rule: &'p Rule) -> impl Iterator<Item = &'static str> + 'p {
        let joins = rule.takes.iter().filter_map(|(index, _)| self.joins.get(*index));
        joins.flat_map(super::Join::names).flat_map(|name| match name {
            "command" => {
                ["command", "command_digest", "canonicalisation"].as_slice().iter().copied().chain(None)
            }
            other => [].as_slice().iter().copied().chain(Some(other)),
        })
    }

    /// Tells whether re-exports of one fact are recognised by a key.
    pub fn deduplicates(&self) -> bool {
        self.rules.iter().any(|rule| sets(rule, "dedup_key"))
    }

    /// Tells whether records are snapshots of rows that change, so that the newest counts.
    pub fn is_snapshot(&self) -> bool {
        self.rules.iter().any(|rule| sets(rule, "snapshot_version"))
    }

    /// Returns the ids and kinds of its rules, in their order.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rules.iter().map(|rule| (rule.id.as_str(), rule.kind))
    }

    /// Returns the reasons for which it ignores records.
    pub fn ignore_reasons(&self) -> impl Iterator<Item = &str> {
        self.ignores.iter().map(|verdict| verdict.reason.as_str())
    }
}

fn sets(rule: &Rule, name: &str) -> bool {
    rule.assigns.iter().any(|assign| assigned(assign) == name)
}

pub(super) fn assigned(assign: &Assign) -> String {
    match assign {
        Assign::Time(_) => "time".to_owned(),
        Assign::Request(_) => "corr_request".to_owned(),
        Assign::Column { column, .. } => column.name.to_owned(),
        Assign::Principal { role, .. } => role.name.to_owned(),
    }
}

/// Returns the table that events of a kind fill.
pub(super) fn table_of(kind: &'static str) -> Option<&'static str> {
    match kind {
        "request" | "execution" | "revocation" | "session" | "policy_change" => Some(kind),
        "decision" | "resolution" => Some("decision"),
        "grant" => Some("access_grant"),
        "bypass" => Some("control_event"),
        _ => None,
    }
}

/// Returns the columns that every row has.
fn base(table: &str, integrity: &Integrity) -> Vec<&'static str> {
    let chained = *integrity == Integrity::CountersignLog;
    let mut columns = match table {
        "request" => vec!["source_id", "event_id", "content_digest"],
        "decision" => vec!["decision_id", "source_id", "event_id", "content_digest"],
        "execution" => vec!["execution_id", "source_id", "event_id", "content_digest"],
        _ => vec!["id", "source_id", "event_id"],
    };
    match table {
        "request" if chained => columns.push("seq"),
        "decision" | "execution" if chained => columns.extend(["seq", "chain"]),
        _ => {}
    }
    columns
}

/// Returns the columns of `table` that a value in the event column `name` fills.
pub(super) fn columns(table: &str, name: &str) -> &'static [&'static str] {
    let dated = !matches!(table, "request" | "decision" | "execution");
    match (table, name) {
        (_, "time") => &["ts_ms"],
        ("request" | "decision", "corr_request") => &["request_id"],
        ("execution", "corr_request") => &["request_id", "request_link"],
        ("execution", "corr_session") => &["session_id"],
        ("request" | "decision" | "execution", "native_id") => &["native_id"],
        ("request", "requester") | ("execution", "executor") => {
            &["actor_id", "actor_ns", "actor_kind", "principal_id", "principal_ns", "identity"]
        }
        ("request", "subject") => &["on_behalf_of", "beneficiary_principal_id", "beneficiary_principal_ns"],
        ("decision", "decider") => &[
            "reviewer_id",
            "reviewer_ns",
            "reviewer_kind",
            "reviewer_principal_id",
            "reviewer_principal_ns",
            "reviewer_identity",
        ],
        ("request" | "execution", "action_class") => &["action_class"],
        ("request", "action_name") => &["action_name"],
        ("execution", "action_name") => &["action_name", "destructive"],
        ("execution", "command") => &["parameters", "destructive"],
        ("request" | "decision" | "execution", "command_digest") => &["command_digest"],
        ("decision", "edited_digest") => &["command_digest"],
        ("request" | "decision" | "execution", "canonicalisation") => &["canonicalisation"],
        ("request" | "execution", "resource_id") => &["resource_id"],
        ("request" | "execution", "resource_group") => &["resource_group"],
        ("request" | "execution", "env") => &["env"],
        ("request" | "decision", "scope") => &["scope"],
        ("request", "data_class") => &["data_class"],
        ("request" | "decision", "reason") => &["reason"],
        ("request", "ticket") => &["ticket_ref"],
        ("request", "risk") => &["risk"],
        ("request" | "execution", "break_glass") => &["break_glass"],
        ("execution", "bypass") => &["bypass"],
        ("request", "quorum") => &["quorum"],
        ("request", "policy_id") => &["policy_id"],
        ("request" | "decision", "policy_digest") => &["policy_digest"],
        ("request" | "decision", "channel") => &["channel"],
        ("decision", "outcome" | "resolution") => &["outcome"],
        ("decision", "basis") => &["basis"],
        ("decision", "phase") => &["phase"],
        ("decision", "not_after_ms") => &["expires_ms"],
        ("execution", "exec_state") => &["outcome"],
        ("execution", "ended_ms") => &["ended_ms"],
        ("execution", "row_count") => &["row_count"],
        ("execution", "held") => &["requires_approval"],
        ("policy_change" | "control_event", "requester" | "executor") => {
            &["actor_id", "actor_kind", "principal_id", "principal_ns"]
        }
        ("policy_change" | "control_event", "corr_request") => &["request_id"],
        ("policy_change" | "control_event", "policy_digest") => &["to_digest"],
        ("policy_change" | "control_event", _) => &[],
        (_, "corr_request" | "corr_session" | "subject") if dated => &["target_kind", "target_id"],
        (_, "started_ms" | "not_before_ms") if dated => &["start_ms"],
        (_, "ended_ms" | "not_after_ms") if dated => &["end_ms"],
        _ => &[],
    }
}
