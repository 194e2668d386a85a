//! A report without what is withheld. Every text of it is visited; what no rule names is withheld.

use serde_json::Value;

use crate::digest::Digest;
use crate::pack::redacted::cover::{Cover, Withheld};
use crate::pack::redacted::rule::{Class, Rule, of_member};
use crate::pack::redacted::{Original, RedactError};
use crate::report::model::{Report, Setting};

/// Where a text of the report was withheld.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) class: &'static str,
    /// JSON Pointer.
    pub(super) pointer: String,
    /// The text.
    pub(super) value: String,
}

/// Lists whose order would tell that of withheld values, and the members that order them and stay.
const REORDERED: [(&str, &[&str]); 15] = [
    ("objects", &["source"]),
    ("logs", &["source"]),
    ("holes", &["source", "span"]),
    ("waivers", &["test"]),
    ("untestable", &["test"]),
    ("pending", &["test"]),
    ("review", &["test", "time"]),
    ("limited", &["test", "time"]),
    ("cases", &[]),
    ("unresolved", &[]),
    ("lookalikes", &[]),
    ("keys", &[]),
    ("people/pairs", &["approvals"]),
    ("people/approvers", &["approvals"]),
    ("people/agents", &["executions"]),
];

/// Returns the report without what `cover` withholds, and every place where something was.
pub(super) fn redact(
    original: &Original<'_>,
    cover: &mut Cover,
) -> Result<(Report, Vec<Place>), RedactError> {
    let mut report = original.report.clone();
    report.objects.iter_mut().for_each(|object| object.sha256 = None);
    report.logs.iter_mut().for_each(|log| log.head = None);
    report.policy.iter_mut().for_each(|file| file.sha256 = Digest::ZERO);
    for file in &mut report.overrides {
        file.sha256 = Digest::ZERO;
    }
    let mut value = serde_json::to_value(&report).map_err(RedactError::Shape)?;
    for (list, by) in REORDERED {
        if let Some(Value::Array(items)) = value.pointer_mut(&format!("/{list}")) {
            reorder(items, by, cover);
        }
    }
    let mut walk = Walk { cover, places: Vec::new() };
    walk.visit(&mut value, "", "");
    let places = walk.places;
    let mut report: Report = serde_json::from_value(value).map_err(RedactError::Shape)?;
    report.settings.push(Setting {
        name: "Redacted".to_owned(),
        value: format!(
            "{} withheld, ids and digests replaced; made from the pack with results digest {}",
            cover.withheld().join(", "),
            original.results
        ),
    });
    Ok((report, places))
}

/// Sorts by the members `by`, numbers downwards, and then by a code of the whole item.
fn reorder(items: &mut [Value], by: &[&str], cover: &Cover) {
    items.sort_by_cached_key(|item| {
        let member = |name: &&str| match &item[*name] {
            Value::Number(number) => format!("{:020}", u64::MAX - number.as_u64().unwrap_or_default()),
            other => other.to_string(),
        };
        (by.iter().map(member).collect::<Vec<_>>(), cover.key().pseudonym(&item.to_string()))
    });
}

struct Walk<'a> {
    cover: &'a mut Cover,
    places: Vec<Place>,
}

impl Walk<'_> {
    /// Visits `value`; `path` names it with `*` for positions, `pointer` exactly.
    fn visit(&mut self, value: &mut Value, path: &str, pointer: &str) {
        match value {
            Value::String(text) => self.text(text, path, pointer),
            Value::Array(items) => {
                // Of a pair, label and value have rules of their own.
                let pair = path.ends_with("/facts/*");
                for (index, item) in items.iter_mut().enumerate() {
                    let part = if pair { index.to_string() } else { "*".to_owned() };
                    self.visit(item, &joined(path, &part), &format!("{pointer}/{index}"));
                }
            }
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    let escaped = name.replace('~', "~0").replace('/', "~1");
                    self.visit(member, &joined(path, name), &format!("{pointer}/{escaped}"));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&mut self, text: &mut String, path: &str, pointer: &str) {
        if path == "policy/*/sha256" || path.starts_with("overrides/*/s") {
            return;
        }
        let rule = of_member(path);
        if let Some(Withheld { class, shown }) = self.cover.decide(rule, text) {
            if rule == Rule::Of(Class::People) {
                self.cover.note(text);
            }
            let value = std::mem::replace(text, shown);
            self.places.push(Place { class, pointer: pointer.to_owned(), value });
        }
    }
}

fn joined(path: &str, part: &str) -> String {
    if path.is_empty() { part.to_owned() } else { format!("{path}/{part}") }
}
