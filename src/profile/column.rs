//! The columns of the canonical event that a profile may fill, and the words that each closed one may hold.

use serde_json::{Map, Value};

use super::error::did_you_mean;
use crate::column::Brief;
use crate::event::Event;

/// Where a column lies in an [`Event`].
#[derive(Clone, Copy)]
pub(super) enum Slot {
    Text(fn(&mut Event) -> &mut Option<Brief>),
    Int(fn(&mut Event) -> &mut Option<i64>),
    Flag(fn(&mut Event) -> &mut Option<bool>),
}

/// What a column holds, beyond its type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Holds {
    /// Any value of its type.
    Any,
    /// One of these words, or null. `unknown` is accepted and stored as null.
    Words(&'static [&'static str]),
    /// A moment as UTC epoch milliseconds.
    Millis,
    /// A correlation id of this type; the mapping puts the source instance and the type before it.
    Correlation(&'static str),
    /// A member of a principal, set through the principal's own table.
    Principal,
    /// Filled by the mapping itself.
    Mechanical,
}

/// One column of the canonical event.
#[derive(Clone, Copy)]
pub(super) struct EventColumn {
    pub name: &'static str,
    pub slot: Slot,
    pub holds: Holds,
}

/// Kinds of principal.
pub(super) const PRINCIPAL_KINDS: &[&str] = &["human", "agent", "service", "system", "group"];

/// Kinds of event that a rule may emit.
pub(super) const KINDS: &[&str] = &[
    "request",
    "decision",
    "resolution",
    "grant",
    "revocation",
    "execution",
    "session",
    "policy_change",
    "bypass",
    "notification",
    "observation",
];

/// Tells whether a wrong value in an event of `kind` would change who approved or ran what.
pub(super) fn is_evidence(kind: &str) -> bool {
    matches!(kind, "request" | "decision" | "resolution" | "execution")
}

use Holds::{Any, Correlation, Mechanical, Millis, Principal, Words};

const ACTION_CLASSES: &[&str] = &["read", "write", "admin", "access", "deploy", "exec", "tool"];
const CHANNELS: &[&str] = &["slack", "teams", "web", "api", "cli", "mcp", "email", "sms", "chat_other"];
const COMMAND_STATES: &[&str] = &["full", "truncated", "redacted", "hashed", "encrypted", "absent"];
const EXEC_STATES: &[&str] = &["started", "succeeded", "failed", "blocked", "not_run"];
const OUTCOMES: &[&str] = &[
    "approved",
    "approved_with_changes",
    "denied",
    "changes_requested",
    "commented",
    "abstained",
    "dismissed",
];
const BASES: &[&str] = &["human", "policy", "model", "standing_rule", "timeout", "break_glass", "system"];
const RESOLUTIONS: &[&str] = &[
    "pending",
    "approved",
    "denied",
    "expired",
    "cancelled",
    "withdrawn",
    "revoked",
    "superseded",
    "bypassed",
    "consumed",
];

macro_rules! event_columns {
    ($( $name:ident : $ty:ident $holds:expr, )+) => {
        /// Every column of the canonical event, in its order.
        pub(super) const COLUMNS: &[EventColumn] = &[$(
            EventColumn { name: stringify!($name), slot: Slot::$ty(|event| &mut event.$name), holds: $holds },
        )+];
    };
}

event_columns! {
    id: Text Mechanical,
    source: Text Mechanical,
    log: Text Mechanical,
    object: Text Mechanical,
    offset: Int Mechanical,
    length: Int Mechanical,
    line: Int Mechanical,
    index: Int Mechanical,
    line_digest: Text Mechanical,
    rule: Text Mechanical,
    sub: Int Mechanical,
    kind: Text Mechanical,
    native_id: Text Any,
    native_type: Text Any,
    time_ms: Int Mechanical,
    time: Text Mechanical,
    received_ms: Int Millis,
    seq: Int Mechanical,
    grade: Text Mechanical,
    corr_request: Text Correlation("request"),
    corr_session: Text Correlation("session"),
    corr_run: Text Correlation("run"),
    corr_change: Text Correlation("change"),
    request_link: Text Words(&["none", "not_logged"]),
    requester_kind: Text Principal,
    requester_ns: Text Principal,
    requester_id: Text Principal,
    requester_name: Text Principal,
    requester_email: Text Principal,
    subject_ns: Text Principal,
    subject_id: Text Principal,
    decider_kind: Text Principal,
    decider_ns: Text Principal,
    decider_id: Text Principal,
    decider_name: Text Principal,
    decider_email: Text Principal,
    decider_via: Text Any,
    executor_kind: Text Principal,
    executor_ns: Text Principal,
    executor_id: Text Principal,
    executor_name: Text Principal,
    executor_email: Text Principal,
    action_name: Text Any,
    action_class: Text Words(ACTION_CLASSES),
    command: Text Any,
    command_state: Text Words(COMMAND_STATES),
    command_digest: Text Any,
    canonicalisation: Text Any,
    edited_digest: Text Any,
    resource_id: Text Any,
    resource_type: Text Any,
    resource_group: Text Any,
    env: Text Any,
    risk: Text Words(&["low", "medium", "high", "critical"]),
    data_class: Text Any,
    policy_id: Text Any,
    policy_digest: Text Any,
    quorum: Int Any,
    quorum_link: Text Words(&["none", "not_logged"]),
    outcome: Text Words(OUTCOMES),
    native_outcome: Text Any,
    basis: Text Words(BASES),
    scope: Text Words(&["once", "session", "run", "window", "permanent"]),
    decision_group: Text Any,
    phase: Text Words(&["pre", "post"]),
    resolution: Text Words(RESOLUTIONS),
    reason: Text Any,
    ticket: Text Any,
    channel: Text Words(CHANNELS),
    channel_id: Text Any,
    not_before_ms: Int Millis,
    not_after_ms: Int Millis,
    exec_state: Text Words(EXEC_STATES),
    exec_code: Text Any,
    started_ms: Int Millis,
    ended_ms: Int Millis,
    row_count: Int Any,
    masked_count: Int Any,
    break_glass: Flag Any,
    bypass: Flag Any,
    held: Flag Any,
    masked: Text Mechanical,
    secrets: Text Mechanical,
    quality: Text Mechanical,
    dedup_key: Text Any,
    snapshot_version: Int Any,
    offers: Text Mechanical,
    takes: Text Mechanical,
    joined: Text Mechanical,
}

/// Returns the column of this name.
pub(super) fn column(name: &str) -> Option<&'static EventColumn> {
    COLUMNS.iter().find(|column| column.name == name)
}

/// A principal of an event, and the columns it fills.
#[derive(Clone, Copy)]
pub(super) struct Role {
    pub name: &'static str,
    pub kind: Option<Slot>,
    pub ns: Slot,
    pub id: Slot,
    pub display: Option<Slot>,
    pub email: Option<Slot>,
    /// The mark of an event that should name this principal and does not.
    pub missing: &'static str,
}

macro_rules! role {
    ($name:literal, $kind:ident, $ns:ident, $id:ident, $display:ident, $email:ident, $missing:literal) => {
        Role {
            name: $name,
            kind: Some(Slot::Text(|event| &mut event.$kind)),
            ns: Slot::Text(|event| &mut event.$ns),
            id: Slot::Text(|event| &mut event.$id),
            display: Some(Slot::Text(|event| &mut event.$display)),
            email: Some(Slot::Text(|event| &mut event.$email)),
            missing: $missing,
        }
    };
}

/// The principals of an event.
pub(super) const ROLES: [Role; 4] = [
    role!(
        "requester",
        requester_kind,
        requester_ns,
        requester_id,
        requester_name,
        requester_email,
        "requester_missing"
    ),
    Role {
        name: "subject",
        kind: None,
        ns: Slot::Text(|event| &mut event.subject_ns),
        id: Slot::Text(|event| &mut event.subject_id),
        display: None,
        email: None,
        missing: "subject_missing",
    },
    role!("decider", decider_kind, decider_ns, decider_id, decider_name, decider_email, "decider_missing"),
    role!(
        "executor",
        executor_kind,
        executor_ns,
        executor_id,
        executor_name,
        executor_email,
        "executor_missing"
    ),
];

/// Returns the names that may stand in a rule's `set`.
pub(super) fn settable() -> Vec<&'static str> {
    let plain = COLUMNS
        .iter()
        .filter(|column| !matches!(column.holds, Principal | Mechanical))
        .map(|column| column.name);
    ROLES.iter().map(|role| role.name).chain(["time"]).chain(plain).collect()
}

/// Checks a `word` against a closed list; `unknown` is known.
pub(super) fn check_word(word: &str, words: &[&str]) -> Result<(), String> {
    if word == "unknown" || words.contains(&word) {
        return Ok(());
    }
    Err(did_you_mean(word, words.iter().copied()))
}

/// Returns an event as JSON: its columns in order, without the null ones.
pub fn event_json(event: &Event) -> Map<String, Value> {
    // The slots lend mutably, because the mapping writes through them.
    let mut event = event.clone();
    COLUMNS
        .iter()
        .filter_map(|column| {
            let value = match column.slot {
                Slot::Text(slot) => slot(&mut event).as_deref().map(Value::from),
                Slot::Int(slot) => slot(&mut event).map(Value::from),
                Slot::Flag(slot) => slot(&mut event).map(Value::from),
            };
            value.map(|value| (column.name.to_owned(), value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::{ColumnType, Row as _};

    #[test]
    fn the_list_names_every_column_of_the_event_with_its_type() {
        let here: Vec<(&str, &str)> = COLUMNS
            .iter()
            .map(|column| {
                let ty = match column.slot {
                    Slot::Text(_) => "text",
                    Slot::Int(_) => "int",
                    Slot::Flag(_) => "flag",
                };
                (column.name, ty)
            })
            .collect();
        let there: Vec<(&str, &str)> = Event::COLUMNS
            .iter()
            .map(|column| {
                let ty = match column.ty {
                    ColumnType::Text => "text",
                    ColumnType::Int => "int",
                    ColumnType::Flag => "flag",
                };
                (column.name, ty)
            })
            .collect();
        assert_eq!(here, there);
    }

    #[test]
    fn every_principal_column_belongs_to_a_role() {
        for column in COLUMNS.iter().filter(|column| column.holds == Principal) {
            let (role, _) = column.name.split_once('_').unwrap();
            assert!(ROLES.iter().any(|known| known.name == role), "{}", column.name);
        }
    }
}
