//! The files of a pack that people read: `bag-info.txt`, `VERIFY.md`, and the read-me.
//!
//! Names come from the workspace and are data: each sink below has its own way to keep them from being anything else.

use crate::digest::Digest;
use crate::pack::layout::FORMAT;
use crate::report::model::Report;

const README: &str = include_str!("readme.txt");
const VERIFY: &str = include_str!("verify.md");
const VERIFY_SIGNED: &str = include_str!("verify-signed.md");
const VERIFY_UNSIGNED: &str = include_str!("verify-unsigned.md");
const README_REDACTED: &str = include_str!("readme-redacted.txt");
const VERIFY_REDACTED: &str = include_str!("verify-redacted.md");

/// Label of the line by which a pack of ours is known.
const FORMAT_LABEL: &str = "Countersign-Pack";

/// The content of `bag-info.txt`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct BagInfo {
    /// Program and version that sealed the pack.
    pub(super) agent: String,
    /// UTC day of the run's as-of.
    pub(super) date: String,
    /// `<bytes>.<files>` of the payload.
    pub(super) oxum: String,
    /// Entity.
    pub(super) organization: String,
    /// Pack format.
    pub(super) format: String,
    /// Results digest.
    pub(super) results: String,
    /// Whether the pack carries a statement.
    pub(super) signed: bool,
}

impl BagInfo {
    pub(super) fn new(report: &Report, results: Digest, oxum: String, signed: bool) -> Self {
        Self {
            agent: concat!("countersign ", env!("CARGO_PKG_VERSION")).to_owned(),
            date: report.as_of.day(),
            oxum,
            organization: one_line(&report.entity),
            format: FORMAT.to_owned(),
            results: results.to_string(),
            signed,
        }
    }

    pub(super) fn print(&self) -> String {
        let statement = if self.signed { "signed" } else { "unsigned" };
        [
            ("Bag-Software-Agent", self.agent.as_str()),
            ("Bagging-Date", &self.date),
            ("Payload-Oxum", &self.oxum),
            ("Source-Organization", &self.organization),
            (FORMAT_LABEL, &self.format),
            ("Countersign-Results-Digest", &self.results),
            ("Countersign-Statement", statement),
        ]
        .iter()
        .map(|(label, value)| format!("{label}: {value}\n"))
        .collect()
    }

    /// Parses the file, and refuses every byte that [`BagInfo::print`] would not have written.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.lines();
        let mut value = |label: &str| {
            lines.next().and_then(|line| line.strip_prefix(label)?.strip_prefix(": ")).map(str::to_owned)
        };
        let parsed = Self {
            agent: value("Bag-Software-Agent")?,
            date: value("Bagging-Date")?,
            oxum: value("Payload-Oxum")?,
            organization: value("Source-Organization")?,
            format: value(FORMAT_LABEL)?,
            results: value("Countersign-Results-Digest")?,
            signed: value("Countersign-Statement")? == "signed",
        };
        (parsed.print().as_bytes() == bytes).then_some(parsed)
    }
}

/// Tells whether a `bag-info.txt` says that a program of this name wrote the pack, whatever the version.
pub(super) fn claims_to_be_ours(bag_info: &[u8]) -> bool {
    let prefix = format!("{FORMAT_LABEL}: countersign/pack/");
    bag_info.split(|&b| b == b'\n').any(|line| line.starts_with(prefix.as_bytes()))
}

/// Returns the read-me of the payload.
pub(super) fn readme(report: &Report, results: Digest, redacted: bool) -> String {
    let template = if redacted { format!("{README}{README_REDACTED}") } else { README.to_owned() };
    fill(&template, report, results, &one_line(&report.entity))
}

/// Returns `VERIFY.md` for a pack signed with `key`, or for an unsigned one.
pub(super) fn verify(report: &Report, results: Digest, key: Option<Digest>, redacted: bool) -> String {
    let statement = match key {
        Some(key) => VERIFY_SIGNED.replace("{{key}}", &key.to_string()),
        None => VERIFY_UNSIGNED.to_owned(),
    };
    let mut template = VERIFY.replace("{{statement}}", statement.trim_end());
    if redacted {
        template.push_str(VERIFY_REDACTED);
    }
    fill(&template, report, results, &markdown(&report.entity))
}

/// Fills the entity in last, so that a name that looks like a placeholder stays a name.
fn fill(template: &str, report: &Report, results: Digest, entity: &str) -> String {
    template
        .replace("{{from}}", &report.period.from.to_string())
        .replace("{{to}}", &report.period.to.to_string())
        .replace("{{as_of}}", &report.as_of.to_string())
        .replace("{{results}}", &results.to_string())
        .replace("{{entity}}", entity)
}

/// Returns `text` without anything that could start a line, move the cursor, or turn the writing around.
fn one_line(text: &str) -> String {
    let line: String = text.chars().map(|c| if moves(c) { '\u{fffd}' } else { c }).collect();
    if line.trim().is_empty() { "not stated".to_owned() } else { line.trim().to_owned() }
}

fn moves(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns `text` as Markdown that shows exactly these characters.
fn markdown(text: &str) -> String {
    let mut escaped = String::new();
    for c in one_line(text).chars() {
        if c.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_names_in_every_file() {
        assert_eq!(
            one_line("Acme\r\nPayload-Oxum: 0.0\u{202e}"),
            "Acme\u{fffd}\u{fffd}Payload-Oxum: 0.0\u{fffd}"
        );
        assert_eq!(one_line(" \n"), "\u{fffd}");
        assert_eq!(one_line("  "), "not stated");
        assert_eq!(markdown("<b>[x](y)`#"), "\\<b\\>\\[x\\]\\(y\\)\\`\\#");
    }

    #[test]
    fn every_flipped_bit_of_the_bag_info_is_refused_or_read() {
        let info = BagInfo {
            agent: "countersign 0.1.0".to_owned(),
            date: "2026-10-01".to_owned(),
            oxum: "10.2".to_owned(),
            organization: "Acme".to_owned(),
            format: FORMAT.to_owned(),
            results: Digest::ZERO.to_string(),
            signed: true,
        };
        let bytes = info.print().into_bytes();
        assert_eq!(BagInfo::parse(&bytes), Some(info.clone()));
        assert!(claims_to_be_ours(&bytes));
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            assert_ne!(BagInfo::parse(&changed), Some(info.clone()), "byte {position}");
        }
    }
}
