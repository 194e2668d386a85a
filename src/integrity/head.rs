//! Heads: the last record of a log, as somebody wrote it down outside the log.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::clock::Moment;
use crate::digest::Digest;
use crate::integrity::countersign_log::{MAX_SEQ, is_log_name};

/// One head: `<log> <seq> <sha256 of that line>`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct LogHead {
    /// Log name.
    pub log: String,
    /// Sequence number of the record.
    pub seq: u64,
    /// SHA-256 of its line.
    pub digest: Digest,
}

/// A head of which somebody whom the verifier trusts showed when it existed. The writer of the log could not choose that time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WitnessedHead {
    /// The head.
    pub head: LogHead,
    /// When it was seen.
    pub seen_at: Moment,
}

impl fmt::Display for LogHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.log, self.seq, self.digest)
    }
}

/// Why a text is not a list of heads.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum HeadError {
    /// There is no head in it. The user can fix this.
    #[error("expected a head, found an empty file")]
    Empty,
    /// A line is something else. The user can fix this.
    #[error("line {line}: expected `<log> <seq> <sha256>`, found {found}")]
    Malformed {
        /// Line number, from 1.
        line: usize,
        /// What is wrong with it.
        found: String,
    },
    /// Two heads for one log. The user can fix this.
    #[error("line {line}: log `{log}` has a head already")]
    Twice {
        /// Line number, from 1.
        line: usize,
        /// Log name.
        log: String,
    },
}

impl HeadError {
    /// Returns what to do about it.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Twice { .. } => "keep one head per log, the later one".to_owned(),
            _ => "give the line that `countersign append` printed, such as `gate-eu 41 5f0c…`".to_owned(),
        })
    }
}

/// Parses a head file: one head per line.
///
/// # Errors
///
/// Refuses an empty text, a line of another shape, and two heads for one log.
pub fn parse_heads(text: &str) -> Result<Vec<LogHead>, HeadError> {
    let mut heads: Vec<LogHead> = Vec::new();
    for (index, line) in text.strip_suffix('\n').unwrap_or(text).split('\n').enumerate() {
        if text.is_empty() {
            return Err(HeadError::Empty);
        }
        let line_number = index + 1;
        let head = parse_head(line).map_err(|found| HeadError::Malformed { line: line_number, found })?;
        if heads.iter().any(|known| known.log == head.log) {
            return Err(HeadError::Twice { line: line_number, log: head.log });
        }
        heads.push(head);
    }
    Ok(heads)
}

fn parse_head(line: &str) -> Result<LogHead, String> {
    let parts: Vec<&str> = line.split(' ').collect();
    let [log, seq, digest] = parts[..] else { return Err(format!("{} words", parts.len())) };
    if !is_log_name(log) {
        return Err("a log name that is not `[a-z0-9._-]{1,64}`".to_owned());
    }
    let canonical = seq.bytes().all(|b| b.is_ascii_digit()) && (seq == "0" || !seq.starts_with('0'));
    let seq = seq.parse::<u64>().ok().filter(|seq| canonical && *seq <= MAX_SEQ);
    let seq = seq.ok_or("a sequence number that is none")?;
    let digest = Digest::from_hex(digest).ok_or("a digest that is not 64 lower-case hex digits")?;
    Ok(LogHead { log: log.to_owned(), seq, digest })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "5f0c61b4f6d0ac2e3b8ac0a6fd8a1f5d4d2b6c8a4a0d0e8d4b8f6a1c3e5d7f90";

    #[test]
    fn a_head_survives_printing_and_parsing() {
        let head = LogHead { log: "gate-eu".into(), seq: 41, digest: Digest::from_hex(HEX).unwrap() };
        assert_eq!(parse_heads(&format!("{head}\n")).unwrap(), std::slice::from_ref(&head));
        assert_eq!(parse_heads(&head.to_string()).unwrap(), [head]);
    }

    #[test]
    fn one_file_may_hold_the_heads_of_several_logs_but_not_two_of_one() {
        assert_eq!(parse_heads(&format!("a 0 {HEX}\nb 1 {HEX}\n")).unwrap().len(), 2);
        let error = parse_heads(&format!("a 0 {HEX}\na 1 {HEX}\n")).unwrap_err();
        assert_eq!(error, HeadError::Twice { line: 2, log: "a".into() });
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!(parse_heads(""), Err(HeadError::Empty));
        for bad in [
            format!("a 01 {HEX}"),
            format!("a +1 {HEX}"),
            format!("A 1 {HEX}"),
            format!("a 1  {HEX}"),
            format!("a 9223372036854775808 {HEX}"),
            format!("a 1 {}", HEX.to_uppercase()),
            format!("a 1 {HEX}\r\n"),
            format!("a 1 {HEX}\n\n"),
            "\n".to_owned(),
        ] {
            assert!(matches!(parse_heads(&bad), Err(HeadError::Malformed { .. })), "{bad:?}");
        }
    }
}
