//! Whether every reference leads somewhere, which no schema can say.
//!
//! All documents of one set are looked at together: a UUID stands once, each `#…` names a resource of its own document, each plain
//! file name is one of the set, and each id of an observation, risk, activity, component, actor, party, role, control, or
//! objective exists.

use std::collections::BTreeSet;

use serde_json::Value;
use thiserror::Error;

/// A reference that leads nowhere, or an id that stands twice. This is a bug in the tool.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("`{document}` has `{member}` = `{value}`, {why}")]
pub struct Dangling {
    /// Document.
    pub document: String,
    /// Member that holds it.
    pub member: String,
    /// Value.
    pub value: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Dangling {
    /// Says what to do about it.
    pub fn help(&self) -> Option<String> {
        Some("report this, and leave `oscal` out of `--formats` until then".to_owned())
    }
}

/// What a set of documents defines.
#[derive(Default)]
struct Defined {
    files: BTreeSet<String>,
    uuids: BTreeSet<String>,
    roles: BTreeSet<String>,
    controls: BTreeSet<String>,
    objectives: BTreeSet<String>,
}

/// Resolves every reference of `documents`.
///
/// # Errors
/// The first that leads nowhere.
pub fn resolve(documents: &[(&str, Value)]) -> Result<(), Dangling> {
    let mut defined = Defined {
        files: documents.iter().map(|(name, _)| (*name).to_owned()).collect(),
        ..Defined::default()
    };
    for (name, document) in documents {
        each_text(document, "", &mut |member, text| match member {
            "uuid" if !defined.uuids.insert(text.to_owned()) => {
                Err(dangling(name, member, text, "which stands twice"))
            }
            _ => Ok(()),
        })?;
        define(document, "", &mut defined);
    }
    for (name, document) in documents {
        let own = resources(document);
        each_text(document, "", &mut |member, text| match missing(member, text, &own, &defined) {
            Some(why) => Err(dangling(name, member, text, why)),
            None => Ok(()),
        })?;
    }
    Ok(())
}

/// Returns why the value of `member` leads nowhere.
fn missing(
    member: &str,
    text: &str,
    resources: &BTreeSet<String>,
    defined: &Defined,
) -> Option<&'static str> {
    let (known, why) = match member {
        "observation-uuid" | "risk-uuid" | "activity-uuid" | "component-uuid" | "actor-uuid"
        | "party-uuids" => (defined.uuids.contains(text), "which nothing defines"),
        "role-id" => (defined.roles.contains(text), "which no role has"),
        "control-id" => (defined.controls.contains(text), "which no control of the catalog has"),
        "objective-id" | "target-id" => {
            (defined.objectives.contains(text), "which no objective of the catalog has")
        }
        "href" => match text.strip_prefix('#') {
            Some(resource) => (resources.contains(resource), "which no resource of the document has"),
            // Another folder of the pack is not of this set.
            None if text.contains('/') => return None,
            None => (defined.files.contains(text), "which is no document of the set"),
        },
        _ => return None,
    };
    (!known).then_some(why)
}

/// Collects roles, controls, and objectives: the objects with an `id`, by the list they stand in.
fn define(value: &Value, list: &str, defined: &mut Defined) {
    match value {
        Value::Object(members) => {
            if let Some(id) = members.get("id").and_then(Value::as_str) {
                let objective = members.get("name").and_then(Value::as_str) == Some("assessment-objective");
                match list {
                    "roles" => drop(defined.roles.insert(id.to_owned())),
                    "controls" => drop(defined.controls.insert(id.to_owned())),
                    "parts" if objective => drop(defined.objectives.insert(id.to_owned())),
                    _ => {}
                }
            }
            members.iter().for_each(|(member, value)| define(value, member, defined));
        }
        Value::Array(values) => values.iter().for_each(|value| define(value, list, defined)),
        _ => {}
    }
}

/// Returns the ids of the back-matter resources of a document.
fn resources(document: &Value) -> BTreeSet<String> {
    let roots = document.as_object().into_iter().flat_map(|members| members.values());
    let lists = roots.filter_map(|root| root["back-matter"]["resources"].as_array());
    lists.flatten().filter_map(|resource| resource["uuid"].as_str()).map(str::to_owned).collect()
}

/// Calls `visit` with each text below `value` and the member that holds it; texts of a list are those of its member.
fn each_text(
    value: &Value,
    member: &str,
    visit: &mut impl FnMut(&str, &str) -> Result<(), Dangling>,
) -> Result<(), Dangling> {
    match value {
        Value::String(text) => visit(member, text),
        Value::Array(values) => values.iter().try_for_each(|value| each_text(value, member, visit)),
        Value::Object(members) => {
            members.iter().try_for_each(|(member, value)| each_text(value, member, visit))
        }
        _ => Ok(()),
    }
}

fn dangling(document: &str, member: &str, value: &str, why: &'static str) -> Dangling {
    Dangling { document: document.to_owned(), member: member.to_owned(), value: value.to_owned(), why }
}
