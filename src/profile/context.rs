//! What a mapping knows beside the record: source, object, and the constants of the workspace.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Profile;
use super::column::{EventColumn, Holds, ROLES, Slot, check_word, column};
use super::error::{ProfileError, did_you_mean};
use crate::column::Brief;
use crate::digest::{Digest, push_part};
use crate::event::Event;
use crate::redact::{Policy, shown};
use crate::source::framing::Record;

/// The types of correlation id whose instance a workspace may name, `request_instance = "gate-eu"`.
const CORRELATIONS: [&str; 4] = ["request", "session", "run", "change"];

/// Where records come from, and what the workspace says about them. Made by [`Profile::context`].
#[derive(Clone, Debug)]
pub struct Context {
    source: String,
    object: String,
    set: BTreeMap<String, String>,
    fills: Vec<(&'static str, Fill)>,
    /// Instances of correlation ids that are not those of the source, by their type.
    instances: Vec<(&'static str, String)>,
    redaction: Arc<Policy>,
    /// What is hashed first for the id of each of its events.
    ids: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Fill {
    Text(Brief),
    Int(i64),
    Flag(bool),
}

impl Profile {
    /// Returns the context of `object` in source `source`, whose workspace entry says `set`.
    ///
    /// A key of `set` is a column of the event that the product omits because it is constant, or
    /// `<type>_instance` for the namespace of correlation ids, or a setting that the profile declares.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Set`] for a key that is none of these, or a value that its column cannot hold.
    pub fn context(
        &self,
        source: &str,
        object: &str,
        set: &BTreeMap<String, String>,
    ) -> Result<Context, ProfileError> {
        let wrong = |what: String, help: Option<String>| ProfileError::Set {
            source_id: source.to_owned(),
            what,
            help,
        };
        let mut fills = Vec::new();
        for (key, value) in set {
            let instance = key.strip_suffix("_instance").is_some_and(|name| CORRELATIONS.contains(&name));
            if instance || self.settings.contains_key(key) {
                continue;
            }
            let fillable = column(key).filter(|column| is_fillable(column));
            let Some(column) = fillable else {
                let known = self.settable_names();
                let help = did_you_mean(key, known.iter().map(String::as_str));
                return Err(wrong(format!("unknown key `{}`", shown(key)), Some(help)));
            };
            let fill = read_fill(column, value).map_err(|help| {
                wrong(format!("`{}` cannot be `{}`", column.name, shown(value)), Some(help))
            })?;
            fills.push((column.name, fill));
        }
        Ok(Context {
            source: source.to_owned(),
            object: object.to_owned(),
            set: set.clone(),
            fills,
            instances: CORRELATIONS
                .iter()
                .filter_map(|name| Some((*name, set.get(&format!("{name}_instance"))?.clone())))
                .collect(),
            redaction: Arc::default(),
            ids: ids(source, object),
        })
    }

    fn settable_names(&self) -> Vec<String> {
        let columns = super::column::COLUMNS.iter().filter(|column| is_fillable(column));
        columns
            .map(|column| column.name.to_owned())
            .chain(CORRELATIONS.iter().map(|name| format!("{name}_instance")))
            .chain(self.settings.keys().cloned())
            .collect()
    }
}

impl Context {
    /// Returns the source id.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns the object name as declared.
    pub fn object(&self) -> &str {
        &self.object
    }

    /// Returns the same context for another object.
    pub fn with_object(&self, object: &str) -> Self {
        Self { object: object.to_owned(), ids: ids(&self.source, object), ..self.clone() }
    }

    /// Returns the same context under another policy of masking.
    pub fn with_redaction(self, redaction: Arc<Policy>) -> Self {
        Self { redaction, ..self }
    }

    /// Returns the id of an event: SHA-256 over source id, object name, byte offset, line digest, rule, and sub-index, each
    /// length-prefixed.
    pub(super) fn event_id(&self, record: &Record<'_>, rule: &str, sub: u64) -> Digest {
        let mut bytes = Vec::with_capacity(self.ids.len() + rule.len() + 80);
        bytes.extend_from_slice(&self.ids);
        let (offset, sub) = (record.offset.to_be_bytes(), sub.to_be_bytes());
        for part in [&offset, record.digest.as_bytes().as_slice(), rule.as_bytes(), &sub] {
            push_part(&mut bytes, part);
        }
        Digest::of(&bytes)
    }

    /// Returns what is masked in events.
    pub(super) fn redaction(&self) -> &Policy {
        &self.redaction
    }

    /// Returns a value of the workspace's `set`.
    pub(super) fn setting(&self, name: &str) -> Option<&str> {
        self.set.get(name).map(String::as_str)
    }

    /// Returns the namespaced correlation id of `value`.
    pub(super) fn correlation(&self, kind: &str, value: &str) -> Brief {
        let own = self.instances.iter().find(|(known, _)| *known == kind);
        let instance = own.map_or(self.source.as_str(), |(_, instance)| instance);
        [instance, ":", kind, ":", value].concat().into()
    }

    /// Fills the columns of `event` that are still null and that the workspace declares constant.
    pub(super) fn fill(&self, event: &mut Event) {
        for (name, fill) in &self.fills {
            let Some(column) = column(name) else { continue };
            // A namespace or a kind without an id would name a principal that the record does not.
            let nobody = ROLES.iter().any(|role| {
                name.strip_prefix(role.name).is_some_and(|rest| rest.starts_with('_'))
                    && matches!(role.id, Slot::Text(id) if id(event).is_none())
            });
            match (column.slot, fill) {
                _ if nobody && column.holds == Holds::Principal => {}
                (Slot::Text(slot), Fill::Text(text)) => {
                    slot(event).get_or_insert_with(|| text.clone());
                }
                (Slot::Int(slot), Fill::Int(int)) => {
                    slot(event).get_or_insert(*int);
                }
                (Slot::Flag(slot), Fill::Flag(flag)) => {
                    slot(event).get_or_insert(*flag);
                }
                _ => {}
            }
        }
    }
}

fn ids(source: &str, object: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_part(&mut bytes, source.as_bytes());
    push_part(&mut bytes, object.as_bytes());
    bytes
}

/// Tells whether a workspace may declare the column constant: facts about a system, never about one record.
fn is_fillable(column: &EventColumn) -> bool {
    matches!(
        column.name,
        "env"
            | "resource_group"
            | "resource_type"
            | "resource_id"
            | "data_class"
            | "action_class"
            | "channel"
            | "risk"
            | "policy_id"
            | "scope"
            | "quorum"
            | "requester_kind"
            | "requester_ns"
            | "decider_kind"
            | "decider_ns"
            | "executor_kind"
            | "executor_ns"
            | "break_glass"
            | "bypass"
            | "canonicalisation"
    )
}

fn read_fill(column: &EventColumn, value: &str) -> Result<Fill, String> {
    match (column.slot, column.holds) {
        (Slot::Text(_), Holds::Words(words)) => check_word(value, words).map(|()| Fill::Text(value.into())),
        (Slot::Text(_), Holds::Principal) if column.name.ends_with("_kind") => {
            check_word(value, super::column::PRINCIPAL_KINDS).map(|()| Fill::Text(value.into()))
        }
        (Slot::Text(_), _) => Ok(Fill::Text(shown(value).into())),
        (Slot::Int(_), _) => value.parse().map(Fill::Int).map_err(|_| "write an integer".to_owned()),
        (Slot::Flag(_), _) => value.parse().map(Fill::Flag).map_err(|_| "write `true` or `false`".to_owned()),
    }
}
