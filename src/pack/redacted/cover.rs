//! Decides about one text: whether it stays, and what stands in its place.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};

use crate::clock::Moment;
use crate::pack::redacted::key::RedactionKey;
use crate::pack::redacted::rule::{Class, Rule, is_column, is_word, of_column};
use crate::pack::redacted::{Original, RedactError};

/// What stands in the place of a withheld text.
const WITHHELD: &str = "[withheld]";
/// Class of ids in the list; no reader asks for it, for it is always withheld.
const ID: &str = "id";
/// The shortest part of a withheld value that is looked for inside other values.
const MIN_PART: usize = 4;
/// The shortest withheld value that is looked for in texts that stay; shorter ones stand in any text by chance.
const MIN_STANDING: usize = 6;

/// What the report says of a person whom no log names.
const NOT_LOGGED: &str = "not logged";
/// Folders of a workspace whose files replace files of the product, or add to them.
const PRODUCT_FOLDERS: [&str; 4] = ["controls/", "sources/", "chains/", "report-templates/"];

/// A text that does not stay.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Withheld {
    /// Class, as the list says it.
    pub(super) class: &'static str,
    /// What stands in its place.
    pub(super) shown: String,
}

/// Everything by which it is decided.
#[derive(Debug)]
pub(super) struct Cover {
    key: RedactionKey,
    classes: BTreeSet<Class>,
    queries: Option<String>,
    sources: BTreeSet<String>,
    people: BTreeSet<String>,
    resources: BTreeSet<String>,
    /// Ids and texts that look like a number.
    numeric_ids: BTreeSet<String>,
    /// Of each withheld class, what finds its values and their parts inside others; nothing where no finder can be built.
    parts: BTreeMap<Class, Option<AhoCorasick>>,
    /// Withheld values that must stand nowhere.
    gone: BTreeSet<String>,
    /// Names that the workspace gave itself.
    own: BTreeSet<String>,
}

impl Cover {
    pub(super) fn new(original: &Original<'_>, classes: &BTreeSet<Class>, key: RedactionKey) -> Self {
        let mut classes = classes.clone();
        classes.insert(Class::Text);
        let people = values(original, |rule| matches!(rule, Rule::Of(Class::People) | Rule::Namespace));
        let resources = values(original, |rule| rule == Rule::Of(Class::Resources));
        let mut numeric_ids = values(original, |rule| matches!(rule, Rule::Id | Rule::Of(Class::Text)));
        numeric_ids.retain(|id| id.parse::<i64>().is_ok());
        let report = original.report;
        let sources: BTreeSet<String> = report.sources.iter().map(|source| source.id.clone()).collect();
        let own = sources.iter().cloned().chain([report.entity.clone(), report.system.clone()]).collect();
        let mut cover = Self {
            key,
            queries: original.queries.map(str::to_owned),
            sources,
            numeric_ids,
            parts: BTreeMap::new(),
            gone: BTreeSet::new(),
            own,
            people: people.clone(),
            resources: resources.clone(),
            classes,
        };
        for (class, found) in [(Class::People, people), (Class::Resources, resources)] {
            if cover.classes.contains(&class) {
                cover.parts.insert(class, finder_of_parts(&found));
                cover.gone.extend(found);
            }
        }
        cover
    }

    pub(super) fn key(&self) -> &RedactionKey {
        &self.key
    }

    pub(super) fn withheld(&self) -> Vec<&'static str> {
        self.classes.iter().map(|class| class.word()).collect()
    }

    /// Notes a withheld value that no table holds, such as the name of a person.
    pub(super) fn note(&mut self, value: &str) {
        self.gone.insert(value.to_owned());
    }

    /// Returns what stands for `value` under `rule`, or nothing where it stays.
    pub(super) fn decide(&self, rule: Rule, value: &str) -> Option<Withheld> {
        if matches!(value, "" | "*" | NOT_LOGGED) {
            return None;
        }
        match rule {
            Rule::Keep => None,
            Rule::Word => (!is_word(value)).then(|| self.pseudonym(ID, value)),
            Rule::Namespace if value == "people" => None,
            Rule::Namespace => self.decide(Rule::Of(Class::People), value),
            Rule::Of(Class::Text) => Some(text()),
            Rule::Of(class) => {
                let goes = self.classes.contains(&class) || self.holds_withheld(value);
                goes.then(|| self.pseudonym(class.word(), value))
            }
            Rule::Id => Some(self.pseudonym(ID, value)),
            Rule::Log => (!self.sources.contains(value)).then(|| self.pseudonym(ID, value)),
            Rule::Key => (!is_digest(value)).then(|| self.pseudonym(ID, value)),
            Rule::Path => {
                let named = PRODUCT_FOLDERS.iter().any(|folder| value.starts_with(folder));
                (!named).then(|| self.pseudonym(ID, value))
            }
            Rule::Phrase => (!self.is_phrase(value)).then(text),
            Rule::Fact => self.fact(value),
        }
    }

    /// Tells whether a value contains a withheld one, or a part of one; also where that cannot be told.
    fn holds_withheld(&self, value: &str) -> bool {
        let value = value.to_lowercase();
        self.parts.values().any(|finder| finder.as_ref().is_none_or(|finder| finder.is_match(&value)))
    }

    fn fact(&self, value: &str) -> Option<Withheld> {
        let is_plain = is_word(value) || value.parse::<i64>().is_ok() || value.parse::<Moment>().is_ok();
        if self.people.contains(value) {
            self.decide(Rule::Of(Class::People), value)
        } else if self.resources.contains(value) {
            self.decide(Rule::Of(Class::Resources), value)
        } else if self.numeric_ids.contains(value) || !is_plain {
            Some(text())
        } else {
            None
        }
    }

    fn is_phrase(&self, value: &str) -> bool {
        let stated = |queries: &String| {
            queries.contains(&format!("'{value}'")) || queries.contains(&format!(":{value}'"))
        };
        is_word(value) || is_column(value) || self.queries.as_ref().is_some_and(stated)
    }

    fn pseudonym(&self, class: &'static str, value: &str) -> Withheld {
        Withheld { class, shown: self.key.pseudonym(value) }
    }

    /// Refuses bytes of the pack in which a withheld value stands all the same.
    ///
    /// Words of lower-case letters alone are let pass: `service` is a text of every report, and somebody's login.
    pub(super) fn refuse_standing(&self, bytes: &[u8], place: &str) -> Result<(), RedactError> {
        let telling = |value: &&String| {
            value.len() >= MIN_STANDING
                && !value.bytes().all(|byte| byte.is_ascii_lowercase())
                && !self.own.iter().any(|own| own.contains(value.as_str()))
        };
        let wanted: Vec<&String> = self.gone.iter().filter(telling).collect();
        let stands = || RedactError::Stands { place: place.to_owned() };
        let found = finder(wanted.iter().map(|value| value.as_bytes())).ok_or_else(stands)?;
        if found.is_match(bytes) { Err(stands()) } else { Ok(()) }
    }
}

fn text() -> Withheld {
    Withheld { class: Class::Text.word(), shown: WITHHELD.to_owned() }
}

fn is_digest(value: &str) -> bool {
    value.len() == 64 && value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Returns every value that a table holds in a column whose rule is `of`.
fn values(original: &Original<'_>, of: impl Fn(Rule) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for frame in original.tables.values() {
        for column in frame.columns() {
            if of(of_column(column.name())) && column.dtype().is_string() {
                let held = column.as_materialized_series();
                found.extend(
                    (0..frame.height())
                        .filter_map(|row| held.str().ok().and_then(|texts| texts.get(row)))
                        .filter(|value| !matches!(*value, "" | "*" | "people"))
                        .map(str::to_owned),
                );
            }
        }
    }
    found
}

/// Returns what finds each of `found`, and each part of one that tells something, in a text of lower case.
fn finder_of_parts(found: &BTreeSet<String>) -> Option<AhoCorasick> {
    let mut parts = BTreeSet::new();
    for value in found {
        let value = value.to_lowercase();
        let pieces = value.split(|c: char| !c.is_alphanumeric());
        parts.extend(pieces.filter(|part| part.chars().count() >= MIN_PART).map(str::to_owned));
        parts.insert(value);
    }
    finder(parts.iter().map(String::as_bytes))
}

fn finder<'a>(wanted: impl Iterator<Item = &'a [u8]>) -> Option<AhoCorasick> {
    AhoCorasickBuilder::new().kind(Some(AhoCorasickKind::ContiguousNFA)).build(wanted).ok()
}
