//! OSCAL 1.2: our test objectives as a catalog, the assessment plan, and the assessment results.
//!
//! In: the report and its results digest. Out: three JSON documents that refer to one another. Ids are UUIDs of version 5, made from
//! what they stand for, so that the same results have the same bytes. Neither the JSON schema nor common validators notice a
//! finding that names no observation, so [`check`] resolves every reference before anything is written.

mod catalog;
pub mod check;
mod plan;
mod results;
#[cfg(test)]
mod tests;

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use serde_json::{Value, json};

use self::check::Dangling;
use super::model::{Report, Test};
use super::visible::visible;
use crate::digest::Digest;

/// Version of the models.
const VERSION: &str = "1.2.1";
/// Namespace of our properties.
const NS: &str = "https://countersign.dev/ns/oscal";
/// Namespace of our UUIDs: version 5 of the URL namespace (RFC 9562, 6.6) and [`NS`].
const NAMESPACE: [u8; 16] =
    [0xa5, 0x20, 0x7f, 0x09, 0xfb, 0x10, 0x5d, 0xfe, 0xa1, 0x64, 0xf0, 0x75, 0x53, 0x1a, 0xe8, 0xad];

/// Name of the catalog below `02_machine/`.
pub const CATALOG: &str = "oscal-catalog.json";
/// Name of the plan.
pub const PLAN: &str = "oscal-assessment-plan.json";
/// Name of the results.
pub const RESULTS: &str = "oscal-assessment-results.json";

/// Returns the three documents, by name.
///
/// # Errors
/// [`Dangling`] where a reference leads nowhere. This is a bug in the tool.
pub fn documents(report: &Report, results: Digest) -> Result<Vec<(&'static str, Vec<u8>)>, Dangling> {
    let of = Documents { report, results };
    let documents = [(CATALOG, of.catalog()), (PLAN, of.plan()), (RESULTS, of.assessment_results())];
    check::resolve(&documents)?;
    Ok(documents.into_iter().map(|(name, document)| (name, bytes(&document))).collect())
}

fn bytes(document: &Value) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(document).expect("strings, numbers and lists are JSON");
    bytes.push(b'\n');
    bytes
}

/// What the documents are made from.
struct Documents<'a> {
    report: &'a Report,
    results: Digest,
}

impl Documents<'_> {
    /// Returns the UUID of one thing of these results.
    fn uuid(&self, kind: &str, name: &str) -> String {
        uuid(&[&self.results.to_string(), kind, name])
    }

    /// Returns the metadata of a document, whose party is the entity.
    fn metadata(&self, document: &str, title: &str, links: &[(&str, &str)]) -> Value {
        let links: Vec<Value> = links.iter().map(|(href, rel)| json!({ "href": href, "rel": rel })).collect();
        let mut metadata = json!({
            "title": title,
            "last-modified": self.report.as_of,
            "version": self.results.to_string(),
            "oscal-version": VERSION,
            "roles": [{ "id": "preparer", "title": "Prepared by management" }],
            "parties": [{ "uuid": self.party(document), "type": "organization", "name": word(&self.report.entity) }],
            "responsible-parties": [{ "role-id": "preparer", "party-uuids": [self.party(document)] }],
        });
        if !links.is_empty() {
            metadata["links"] = json!(links);
        }
        metadata
    }

    fn party(&self, document: &str) -> String {
        self.uuid("party", document)
    }

    /// Returns the id of the program as a component of `document`.
    fn tool(&self, document: &str) -> String {
        self.uuid("tool", document)
    }

    fn component(&self, document: &str) -> Value {
        json!({
            "uuid": self.tool(document),
            "type": "software",
            "title": concat!("countersign ", env!("CARGO_PKG_VERSION")),
            "description": "The program that ran the tests. It is software of its operator, and no assessor.",
            "status": { "state": "operational" },
        })
    }
}

/// Returns the id of a test as a control: `SOD-02` as `sod-02`.
fn control_id(test: &Test) -> String {
    let token: String = test
        .id
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c.to_ascii_lowercase() } else { '_' })
        .collect();
    if token.starts_with(|c: char| c.is_ascii_alphabetic()) { token } else { format!("_{token}") }
}

/// Returns the id of the objective of a test.
fn objective_id(test: &Test) -> String {
    format!("{}_obj", control_id(test))
}

/// Returns a property in our namespace.
fn prop(name: &str, value: impl ToString) -> Value {
    json!({ "name": name, "ns": NS, "value": word(&value.to_string()) })
}

/// Returns `text` as a property value or a name: on one line, without space at its ends, never empty.
fn word(text: &str) -> String {
    let shown = visible(text);
    let shown = shown.trim();
    if shown.is_empty() { "none".to_owned() } else { shown.to_owned() }
}

/// Returns `text` as OSCAL markup that shows exactly these characters: OSCAL prose is Markdown with insertions.
fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in word(text).chars() {
        if "\\`*_{}[]<>#|~^$&!\"'".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Returns the UUID of version 5 (RFC 9562, 5.5) of `parts`, joined by LF, in our namespace.
fn uuid(parts: &[&str]) -> String {
    uuid_v5(&NAMESPACE, parts.join("\n").as_bytes())
}

fn uuid_v5(namespace: &[u8; 16], name: &[u8]) -> String {
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    context.update(namespace);
    context.update(name);
    let digest = context.finish();
    let mut id = [0u8; 16];
    id.copy_from_slice(&digest.as_ref()[..16]);
    id[6] = (id[6] & 0x0f) | 0x50;
    id[8] = (id[8] & 0x3f) | 0x80;
    let hex = hex::encode(id);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
