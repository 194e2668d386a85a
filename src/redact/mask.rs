//! Text with its secrets replaced by what they were.
//!
//! A masked value becomes `[redacted:<class>]`. In an id it becomes `[redacted:<class>:<tag>]`, because two ids must stay
//! two ids; the tag is half of a SHA-256.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::class::Class;
use super::detect::{self, Found};
use super::policy::{Action, Policy};
use crate::digest::Digest;

/// Times that a text is searched again after something in it was masked.
///
/// Each pass shortens what is left, and a text that still shows something new after so many was made to.
const MAX_PASSES: usize = 16;

/// What kind of text is searched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Commands, reasons, and the like: every class.
    FreeText,
    /// Ids, names, and targets: secrets only. An address is what an id is.
    Id,
}

/// A masked value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Hit {
    /// Its class.
    pub class: Class,
    /// Whether it makes its event an exception.
    pub exception: bool,
}

/// Returns `text` masked, and what was masked in its order; `None` where there was nothing to mask.
pub fn mask(text: &str, policy: &Policy, scope: Scope) -> Option<(String, Vec<Hit>)> {
    let mut hits = Vec::new();
    let mut current = pass(text, policy, scope, &mut hits)?;
    for _ in 0..MAX_PASSES {
        match pass(&current, policy, scope, &mut hits) {
            Some(next) => current = next,
            None => return Some((current, hits)),
        }
    }
    let class = hits.first().map_or(Class::HighEntropy, |hit| hit.class);
    Some((placeholder(class, text, scope), hits))
}

/// Masks what one search finds between the placeholders that are there already.
fn pass(text: &str, policy: &Policy, scope: Scope, hits: &mut Vec<Hit>) -> Option<String> {
    static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| {
        let words: Vec<&str> = Class::ALL.iter().map(|class| class.word()).collect();
        Regex::new(&format!(r"\[redacted:(?:{})(?::[0-9a-f]{{32}})?\]", words.join("|")))
            .expect("the words are plain letters")
    });
    let mut out = String::new();
    let mut done = 0;
    let mut clean = true;
    let barriers =
        if text.contains("[redacted:") { PLACEHOLDER.find_iter(text).collect() } else { Vec::new() };
    let mut start = 0;
    for end in barriers.iter().map(regex::Match::range).chain(std::iter::once(text.len()..text.len())) {
        for found in merged(actionable(&text[start..end.start], policy, scope)) {
            let range = start + found.range.start..start + found.range.end;
            out.push_str(&text[done..range.start]);
            out.push_str(&placeholder(found.class, &text[range.clone()], scope));
            hits.push(Hit { class: found.class, exception: policy.action(found.class) == Action::Exception });
            done = range.end;
            clean = false;
        }
        start = end.end;
    }
    if clean {
        return None;
    }
    out.push_str(&text[done..]);
    Some(out)
}

/// Returns what is to be masked in `text`.
fn actionable(text: &str, policy: &Policy, scope: Scope) -> Vec<Found> {
    let mut found = detect::find(text, scope);
    found.retain(|found| {
        policy.action(found.class) != Action::Keep && !policy.allows(&text[found.range.clone()])
    });
    found
}

/// Joins what overlaps: a value that two detectors see in part is masked as a whole.
fn merged(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|found| (found.range.start, found.class));
    let mut all: Vec<Found> = Vec::with_capacity(found.len());
    for next in found {
        match all.last_mut() {
            Some(last) if next.range.start < last.range.end => {
                last.range = Range { start: last.range.start, end: last.range.end.max(next.range.end) };
                last.class = last.class.min(next.class);
            }
            _ => all.push(next),
        }
    }
    all
}

fn placeholder(class: Class, value: &str, scope: Scope) -> String {
    match scope {
        Scope::FreeText => format!("[redacted:{class}]"),
        Scope::Id => {
            let tag = Digest::of_parts([b"countersign-redaction/1".as_slice(), value.as_bytes()]).to_string();
            format!("[redacted:{class}:{}]", &tag[..32])
        }
    }
}
