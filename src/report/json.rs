//! The canonical bytes of `report.json`: in a [`Report`], out bytes that are the same everywhere, and back.
//!
//! The rule is on `docs/formats/report-json.md`: one line of UTF-8 with LF at its end, no white space between
//! tokens, members in the order of the page, integers only. The results digest is the SHA-256 of these bytes, so
//! [`parse`] refuses a file that says the same with other bytes.

use std::io::{self, BufWriter, Write};

use thiserror::Error;

use crate::digest::{Digest, Hasher};
use crate::report::model::Report;

/// The only schema that [`parse`] reads.
pub const SCHEMA: &str = "countersign/report/1";

/// Writes the canonical bytes of `report`, which may be too large to hold.
///
/// # Errors
/// What `out` gives.
pub fn write(report: &Report, out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    serde_json::to_writer(&mut out, report)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Returns the canonical bytes of `report`.
pub fn to_bytes(report: &Report) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(report, &mut bytes).expect(SAYS_ALL);
    bytes
}

/// Returns the results digest: the SHA-256 of the canonical bytes.
pub fn digest(report: &Report) -> Digest {
    let mut hasher = Hasher::default();
    write(report, &mut hasher).expect(SAYS_ALL);
    hasher.finish()
}

const SAYS_ALL: &str =
    "a report holds strings, integers, booleans and maps keyed by words, all of which JSON can say";

/// Reads a report back from its canonical bytes.
///
/// # Errors
/// Returns an error where the bytes are not JSON of this schema, or not the canonical ones.
pub fn parse(bytes: &[u8]) -> Result<Report, JsonError> {
    let report: Report = serde_json::from_slice(bytes).map_err(|error| JsonError::Malformed {
        line: error.line(),
        column: error.column(),
        detail: error.to_string(),
    })?;
    if report.schema != SCHEMA {
        return Err(JsonError::Schema { found: report.schema });
    }
    let canonical = to_bytes(&report);
    match first_difference(bytes, &canonical) {
        None => Ok(report),
        Some(offset) => Err(JsonError::NotCanonical { offset }),
    }
}

/// Returns the offset of the first byte in which the two differ, the end of the shorter one included.
fn first_difference(found: &[u8], expected: &[u8]) -> Option<usize> {
    if found == expected {
        return None;
    }
    let shared = found.iter().zip(expected).take_while(|(a, b)| a == b).count();
    Some(shared)
}

/// Why a `report.json` cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum JsonError {
    /// Not JSON, or not the members that the schema has. The file was damaged or is another one.
    #[error("`report.json` cannot be parsed at line {line}, column {column}: {detail}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser says.
        detail: String,
    },
    /// Another schema. A newer program may have written it.
    #[error("`report.json` has schema `{found}`, expected `{SCHEMA}`")]
    Schema {
        /// The schema it names.
        found: String,
    },
    /// The content can be read, but the bytes are not the canonical ones. The file was rewritten.
    #[error("`report.json` is not in canonical form: byte {offset} differs")]
    NotCanonical {
        /// Offset of the first byte that differs, from 0.
        offset: usize,
    },
}

impl JsonError {
    /// Returns what to do about it.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Malformed { .. } => "take `report.json` from the pack again, unopened".to_owned(),
            Self::Schema { found } => format!("use a release of countersign that reads `{found}`"),
            Self::NotCanonical { .. } => {
                "take the file as `countersign report` wrote it; an editor or formatter changed it".to_owned()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::fixture;

    #[test]
    fn bytes_come_back_as_the_same_report() {
        let report = fixture::report();
        let bytes = to_bytes(&report);
        assert_eq!(parse(&bytes), Ok(report));
    }

    #[test]
    fn bytes_are_one_line_and_begin_with_the_schema() {
        let bytes = to_bytes(&fixture::report());
        assert_eq!(bytes.iter().filter(|b| **b == b'\n').count(), 1);
        assert_eq!(bytes.last(), Some(&b'\n'));
        assert!(bytes.starts_with(br#"{"schema":"countersign/report/1","derivation":"#));
    }

    #[test]
    fn the_smallest_report_has_these_very_bytes() {
        let span = r#"{"from":"2026-07-01T00:00:00.000Z","to":"2026-10-01T00:00:00.000Z"}"#;
        let verdicts = concat!(
            r#"{"integrity":"not-verifiable","logs_verified":0,"logs":0,"population":"not-evidenced","#,
            r#""completeness":"unknown","tests":"no_occurrence","outcomes":{}}"#,
        );
        let frozen = format!(
            concat!(
                r#"{{"schema":"countersign/report/1","derivation":1,"entity":"Zoë / \"Co\"\u001b\n","system":"","period":{},"#,
                r#""as_of":"2026-10-01T00:00:00.000Z","verdicts":{},"sources":[],"objects":[],"logs":[],"holes":[],"#,
                r#""waterfall":[],"tests":[],"frameworks":[],"controls":[],"mappings":[],"exceptions":[],"waivers":[],"#,
                r#""untestable":[],"pending":[],"cases":[],"days":[],"people":{{"pairs":[],"pairs_total":0,"#,
                r#""approvers":[],"approvers_total":0,"agents":[],"agents_total":0,"latencies":[]}},"#,
                r#""keys":[],"unresolved":[],"lookalikes":[],"redactions":[],"parameters":[],"#,
                r#""settings":[],"overrides":[],"policy":[]}}"#,
                "\n"
            ),
            span, verdicts
        );
        let report = fixture::empty();
        assert_eq!(report.entity, "Zoë / \"Co\"\u{1b}\n");
        assert_eq!(String::from_utf8(to_bytes(&report)).unwrap(), frozen);
    }

    #[test]
    fn no_number_is_a_float() {
        fn walk(value: &Value, path: &str) {
            match value {
                Value::Number(n) => assert!(n.is_i64() || n.is_u64(), "float at {path}: {n}"),
                Value::Array(items) => items.iter().for_each(|v| walk(v, path)),
                Value::Object(members) => members.iter().for_each(|(k, v)| walk(v, &format!("{path}/{k}"))),
                _ => {}
            }
        }
        walk(&serde_json::to_value(fixture::report()).unwrap(), "");
    }

    #[test]
    fn maps_are_sorted_whatever_order_they_were_filled_in() {
        let mut report = fixture::report();
        let ignored = &mut report.sources[0].tally.ignored;
        ignored.insert("zulu".to_owned(), 1);
        ignored.insert("alpha".to_owned(), 2);
        let text = String::from_utf8(to_bytes(&report)).unwrap();
        assert!(text.find("\"alpha\":2") < text.find("\"zulu\":1"));
    }

    #[test]
    fn another_layout_of_the_same_content_is_refused() {
        let report = fixture::report();
        let mut pretty = serde_json::to_vec_pretty(&report).unwrap();
        pretty.push(b'\n');
        assert_eq!(parse(&pretty), Err(JsonError::NotCanonical { offset: 1 }));

        let mut without_end = to_bytes(&report);
        without_end.pop();
        assert_eq!(parse(&without_end), Err(JsonError::NotCanonical { offset: without_end.len() }));
    }

    #[test]
    fn a_member_that_the_schema_lacks_is_refused() {
        let text = String::from_utf8(to_bytes(&fixture::report())).unwrap();
        let extended = text.replacen(r#""derivation":"#, r#""extra":1,"derivation":"#, 1);
        assert!(matches!(parse(extended.as_bytes()), Err(JsonError::NotCanonical { .. })));
    }

    #[test]
    fn another_schema_is_named() {
        let mut report = fixture::report();
        report.schema = "countersign/report/2".to_owned();
        let error = parse(&to_bytes(&report)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`report.json` has schema `countersign/report/2`, expected `countersign/report/1`"
        );
        assert!(error.help().unwrap().contains("countersign/report/2"));
    }

    #[test]
    fn every_single_digit_change_turns_the_digest() {
        let report = fixture::report();
        let mut other = report.clone();
        other.exceptions[0].line += 1;
        assert_ne!(digest(&report), digest(&other));
        assert_eq!(digest(&report), Digest::of(&to_bytes(&report)));
    }

    #[test]
    fn the_format_page_names_every_member() {
        let page = include_str!("../../docs/formats/report-json.md");
        fn walk(value: &Value, page: &str, missing: &mut Vec<String>) {
            match value {
                Value::Array(items) => items.iter().for_each(|v| walk(v, page, missing)),
                Value::Object(members) => {
                    for (name, v) in members {
                        let free = ["ignored", "rejected", "outcomes"].contains(&name.as_str());
                        if !page.contains(&format!("`{name}`")) {
                            missing.push(name.clone());
                        }
                        if !free {
                            walk(v, page, missing);
                        }
                    }
                }
                _ => {}
            }
        }
        let mut missing = Vec::new();
        walk(&serde_json::to_value(fixture::report()).unwrap(), page, &mut missing);
        assert!(missing.is_empty(), "docs/formats/report-json.md lacks {missing:?}");
    }
}
