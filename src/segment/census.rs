//! The census of a source: its objects as somebody listed them, with their digests.
//!
//! A chain that starts anew with each file does not show that a file is gone, and a log without a chain shows nothing. A list that
//! was made when the objects were exported does.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::plan::Missing;
use crate::clock::Period;
use crate::digest::Digest;
use crate::integrity::verdict::{Break, BreakKind, Completeness, Verdict};
use crate::redact::shown;
use crate::report::model::{Hole, Log, Object};
use crate::source::location::ObjectRef;

/// What `sha256sum` prints over all objects of a source.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Census {
    objects: BTreeMap<String, Digest>,
}

/// Why a text is no census. The user can fix these.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum CensusError {
    /// There is nothing in it.
    #[error("expected a line per object, found an empty file")]
    Empty,
    /// A line is something else.
    #[error("line {line}: expected `<sha256>  <object>`, found {found}")]
    Malformed {
        /// Line number, from 1.
        line: usize,
        /// What is wrong with it.
        found: &'static str,
    },
    /// An object stands there twice.
    #[error("line {line}: object `{}` is listed already", shown(name))]
    Twice {
        /// Line number, from 1.
        line: usize,
        /// Object name.
        name: String,
    },
}

impl CensusError {
    /// Says what to do about it.
    pub fn help(&self) -> Option<String> {
        Some(
            "give what `sha256sum` prints over the objects, run in the folder that their names begin at"
                .to_owned(),
        )
    }
}

impl Census {
    /// Parses the lines of `sha256sum`: a digest, two spaces (or a space and `*`), and an object name.
    ///
    /// # Errors
    ///
    /// Refuses an empty text, a line of another shape, and an object that is listed twice.
    pub fn parse(text: &str) -> Result<Self, CensusError> {
        let mut objects = BTreeMap::new();
        for (line, at) in text.lines().zip(1..) {
            let malformed = |found| CensusError::Malformed { line: at, found };
            let (digest, name) =
                line.split_at_checked(64).ok_or_else(|| malformed("fewer than 64 characters"))?;
            let digest = Digest::from_hex(digest)
                .ok_or_else(|| malformed("a digest that is not 64 lower-case hex digits"))?;
            let name = name.strip_prefix("  ").or_else(|| name.strip_prefix(" *"));
            let name = name.ok_or_else(|| malformed("no two spaces behind the digest"))?;
            let name = name.strip_prefix("./").unwrap_or(name);
            if name.is_empty() {
                return Err(malformed("no object"));
            }
            if objects.insert(name.to_owned(), digest).is_some() {
                return Err(CensusError::Twice { line: at, name: name.to_owned() });
            }
        }
        if objects.is_empty() { Err(CensusError::Empty) } else { Ok(Self { objects }) }
    }

    /// Returns the objects that are listed and not among `found`.
    pub fn absent(&self, found: &[ObjectRef]) -> Vec<Missing> {
        let there: BTreeSet<&str> = found.iter().map(|object| object.name.as_str()).collect();
        let absent = self.objects.keys().filter(|name| !there.contains(name.as_str()));
        absent
            .map(|name| Missing {
                pattern: name.clone(),
                kind: BreakKind::MissingObject,
                detail: format!("the census lists `{name}`, and it is not there"),
            })
            .collect()
    }

    /// Returns what the census shows against the objects that were read.
    pub fn breaks(&self, found: &[Object]) -> Vec<Break> {
        let differs = |object: &Object| -> Option<Break> {
            let (kind, detail) = match (self.objects.get(&object.name), object.sha256) {
                (None, _) => (BreakKind::ExtraObject, "the census does not list it".to_owned()),
                (Some(listed), Some(sha256)) if *listed != sha256 => (
                    BreakKind::DigestMismatch,
                    format!("the census lists SHA-256 `{listed}`, and the object has `{sha256}`"),
                ),
                // An object that could not be read to its end says so itself.
                (Some(_), _) => return None,
            };
            let object = object.name.clone();
            Some(Break { object, line: 0, offset: 0, seq: None, kind, detail })
        };
        found.iter().filter_map(differs).collect()
    }
}

/// Adds `breaks` of objects to the logs of a source that lie in these objects; what lies in no log goes to the first.
pub fn onto(logs: &mut [Log], breaks: &[Break]) {
    for found in breaks {
        let held = logs.iter().any(|log| log.objects.contains(&found.object));
        for (log, at) in logs.iter_mut().zip(0..) {
            if log.objects.contains(&found.object) || (!held && at == 0) {
                log.verdict = Verdict::Altered;
                log.completeness = log.completeness.min(Completeness::Contiguous);
                log.reasons.push(format!("`{}` at {}: {}", found.kind, found.object, found.detail));
                log.breaks.push(found.clone());
                log.breaks.sort();
            }
        }
    }
}

/// A digest says that some record of the object is not what it was, and not which.
pub fn holes(breaks: &[Break], source: &str, lifetime: Period) -> Vec<Hole> {
    let hole = |found: &Break| Hole { line: 0, ..Hole::torn_by(found, source, lifetime) };
    breaks.iter().map(hole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "5f0c61b4f6d0ac2e3b8ac0a6fd8a1f5d4d2b6c8a4a0d0e8d4b8f6a1c3e5d7f90";

    fn object(name: &str, sha256: Option<Digest>) -> Object {
        Object { source: "s".into(), name: name.into(), bytes: 0, sha256, records: 0, error: None }
    }

    #[test]
    fn lines_of_sha256sum_are_read_and_nothing_else() {
        let census = Census::parse(&format!("{HEX}  a.jsonl\n{HEX} *./b c.jsonl\n")).unwrap();
        assert_eq!(census.objects.keys().collect::<Vec<_>>(), ["a.jsonl", "b c.jsonl"]);
        assert_eq!(Census::parse(""), Err(CensusError::Empty));
        for bad in [
            HEX.to_owned(),
            format!("{HEX} a"),
            format!("{HEX}  "),
            format!("{}  a", HEX.to_uppercase()),
            format!("\\{HEX}  a"),
            "short  a".to_owned(),
            "\n".to_owned(),
        ] {
            assert!(matches!(Census::parse(&bad), Err(CensusError::Malformed { line: 1, .. })), "{bad:?}");
        }
        let twice = Census::parse(&format!("{HEX}  a\n{HEX}  ./a\n"));
        assert_eq!(twice, Err(CensusError::Twice { line: 2, name: "a".into() }));
    }

    #[test]
    fn objects_are_compared_by_name_and_digest() {
        let census = Census::parse(&format!("{HEX}  a\n{HEX}  b\n")).unwrap();
        let same = Digest::from_hex(HEX);
        let kinds = |found: &[Object]| -> Vec<BreakKind> {
            census.breaks(found).iter().map(|found| found.kind).collect()
        };
        assert_eq!(kinds(&[object("a", same), object("b", None)]), []);
        assert_eq!(kinds(&[object("a", Some(Digest::of(b"")))]), [BreakKind::DigestMismatch]);
        assert_eq!(kinds(&[object("c", same)]), [BreakKind::ExtraObject]);
        assert_eq!(census.absent(&[]).len(), 2);
    }
}
