//! What may stay: one rule for each column of a table and each member of the report. Nothing stays by accident.

use crate::integrity::verdict::BreakKind;
use crate::table::{Schema, schemas};

/// What a reader may ask to be withheld.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    /// Persons, agents, and services: ids, names, and namespaces.
    People,
    /// Targets, their groups, environments, and data classes.
    Resources,
    /// Free text.
    Text,
}

impl Class {
    /// Returns the word of the command line and of the list.
    pub fn word(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Resources => "resources",
            Self::Text => "text",
        }
    }
}

/// What becomes of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Rule {
    /// It is a word of the product, of the control library, or of the workspace's own making, and stays.
    Keep,
    /// It stays where it is a word of a closed list.
    Word,
    /// It stays where it is `people`, the namespace of a roster; else as a person.
    Namespace,
    /// It belongs to a class.
    Of(Class),
    /// An id or a digest: a pseudonym always.
    Id,
    /// The name of a log: it stays where it is that of a source.
    Log,
    /// The id of a key: it stays where it is a digest.
    Key,
    /// A file of the workspace: it stays where it lies in a folder whose files are named after the product's.
    Path,
    /// A phrase: it stays where a query states it word for word.
    Phrase,
    /// The value of a fact: it stays where it is a number, a time or a word, and is else what it is known as.
    Fact,
}

/// Returns the rule of a column, whatever its table.
pub(super) fn of_column(column: &str) -> Rule {
    match column {
        "source_id" | "test" => Rule::Keep,
        "kind" | "actor_kind" | "reviewer_kind" | "identity" | "reviewer_identity" | "action_class"
        | "scope" | "risk" | "grade" | "channel" | "reason_state" | "outcome" | "basis" | "phase"
        | "request_link" | "target_kind" | "status" | "subject" | "mode" | "state" | "gaps" | "role" => {
            Rule::Word
        }
        "log" | "epoch" | "chain" | "system" => Rule::Log,
        "actor_id"
        | "principal_id"
        | "reviewer_id"
        | "reviewer_principal_id"
        | "on_behalf_of"
        | "beneficiary_principal_id"
        | "owner_principal_id"
        | "approved_by"
        | "delegates" => Rule::Of(Class::People),
        "resource_id" | "resource_group" | "env" | "data_class" | "destination" => Rule::Of(Class::Resources),
        "action_name" | "reason" | "ticket_ref" | "parameters" | "stated_by" | "owned_by" | "origin" => {
            Rule::Of(Class::Text)
        }
        _ if column.ends_with("_ns") => Rule::Namespace,
        _ => Rule::Id,
    }
}

/// Returns the rule of a text of the report at `path`, in which `*` stands for any position of a list.
pub(super) fn of_member(path: &str) -> Rule {
    let (list, rest) = path.split_once('/').unwrap_or((path, ""));
    let rest = rest.strip_prefix("*/").unwrap_or(rest);
    match (list, rest) {
        ("schema" | "entity" | "system" | "as_of", "") => Rule::Keep,
        ("period" | "verdicts" | "frameworks" | "mappings" | "links" | "days" | "waterfall", _) => Rule::Keep,
        ("tests" | "controls", rest) if !rest.starts_with("reasons") => Rule::Keep,
        (
            "sources",
            "id" | "profile" | "product" | "basis" | "role" | "require" | "grade" | "mechanism" | "first"
            | "last" | "absent/*" | "extracted/at",
        )
        | ("objects", "source")
        | ("logs", "source" | "verdict" | "integrity" | "completeness" | "breaks/*/kind")
        | ("holes", "source" | "kind" | "span/from" | "span/to")
        | (
            "exceptions",
            "test" | "also/*" | "severity" | "source" | "time" | "subject" | "grade" | "controls/*"
            | "facts/*/0",
        )
        | ("waivers", "test" | "state" | "from" | "expires" | "compensating/test" | "compensating/result")
        | ("untestable" | "pending", "test" | "source")
        | ("review" | "limited", "test" | "subject" | "source" | "time" | "facts/*/0")
        | ("cases", "state" | "moments/*/at" | "moments/*/lane" | "moments/*/valid_to")
        | ("cases", "moments/*/source" | "moments/*/grade")
        | ("keys", "purpose" | "standing" | "valid_from" | "valid_until" | "revoked_at" | "compromised_at")
        | ("unresolved", "first")
        | ("redactions", "source" | "class")
        | ("parameters", "name" | "test" | "tighter")
        | ("settings", "name") => Rule::Keep,
        ("people", "agents/*/kind" | "latencies/*/kind") | ("unresolved", "why") | ("cases", "gaps/*") => {
            Rule::Word
        }
        ("sources", "extracted/by")
        | ("waivers", "owner" | "requested_by" | "approved_by")
        | ("cases", "moments/*/who" | "moments/*/person")
        | ("people", _)
        | ("keys", "owner")
        | ("unresolved", "ns" | "id")
        | ("lookalikes", "ns" | "id" | "like/*")
        | ("parameters", "approved_by") => Rule::Of(Class::People),
        ("objects", "name")
        | ("logs", "objects/*" | "breaks/*/object")
        | ("holes", "object")
        | ("exceptions", "id" | "native_id" | "case" | "object" | "accepted")
        | ("waivers", "id" | "file")
        | ("untestable" | "pending" | "review" | "limited", "native_id" | "object")
        | ("review" | "limited", "item")
        | ("cases", "id" | "exceptions/*" | "moments/*/object") => Rule::Id,
        ("overrides" | "policy", "path") => Rule::Path,
        ("logs", "log") | ("keys", "logs/*") => Rule::Log,
        ("logs", "keys/*") | ("keys", "id") => Rule::Key,
        ("exceptions", "summary") | ("untestable" | "pending" | "review" | "limited", "reason") => {
            Rule::Phrase
        }
        ("exceptions" | "review" | "limited", "facts/*/1") => Rule::Fact,
        _ => Rule::Of(Class::Text),
    }
}

/// Tells whether `text` is a word, or several joined by commas, of the closed lists of `docs/formats/tables.md`.
pub(super) fn is_word(text: &str) -> bool {
    text.split(',').map(str::trim).all(|part| WORDS.contains(&part) || is_break(part))
}

/// Tells whether `text` names a column of a published table, such as `request.reason`.
pub(super) fn is_column(text: &str) -> bool {
    text.split_once('.').is_some_and(|(table, column)| {
        let of_table = |schema: &&Schema| schema.table == table;
        schemas().iter().filter(of_table).any(|schema| schema.columns.iter().any(|c| c.name == column))
    })
}

fn is_break(word: &str) -> bool {
    serde_json::from_value::<BreakKind>(word.into()).is_ok()
}

/// The closed lists, together. No value of a log that is none of these words passes for one.
const WORDS: &[&str] = &[
    "abstained",
    "approved_with_changes",
    "blocked",
    "bypass",
    "bypassed",
    "changes_requested",
    "close",
    "commented",
    "consumed",
    "dismissed",
    "grant",
    "group",
    "heartbeat",
    "not_run",
    "notification",
    "observation",
    "resolution",
    "superseded",
    "withdrawn",
    "absent",
    "access",
    "active",
    "actor",
    "admin",
    "agent",
    "ambiguous",
    "api",
    "approval",
    "approvals",
    "approve",
    "approved",
    "auto_approve",
    "break_glass",
    "cancellation",
    "cancelled",
    "change",
    "chat_other",
    "cli",
    "collector",
    "consistent",
    "control_event",
    "critical",
    "damaged",
    "decision",
    "declared",
    "denied",
    "deny",
    "deploy",
    "dynamic",
    "email",
    "ended",
    "exec",
    "execution",
    "executions",
    "expire",
    "expired",
    "external_activity",
    "failed",
    "given",
    "head-anchored",
    "high",
    "human",
    "independent",
    "linked",
    "low",
    "mac",
    "mcp",
    "medium",
    "missing",
    "model",
    "nearest",
    "no_roster",
    "none",
    "not_logged",
    "ok",
    "once",
    "parsed",
    "pending",
    "permanent",
    "pinned-anchored",
    "pinned-signed",
    "policy",
    "policy_change",
    "post",
    "pre",
    "range",
    "read",
    "record",
    "rejected",
    "request",
    "resolved",
    "revocation",
    "revoke",
    "revoked",
    "run",
    "self-signed",
    "service",
    "session",
    "slack",
    "sms",
    "standing_rule",
    "started",
    "static",
    "stop",
    "succeeded",
    "system",
    "teams",
    "timeout",
    "tool",
    "uncertain",
    "unknown",
    "unresolved",
    "weak",
    "web",
    "window",
    "write",
];
