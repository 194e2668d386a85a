//! Section 5: what was verified, with which keys, what broke, and what nothing covers.

use super::build::{fact, heading, list, paragraph, table};
use super::text::{count, listed, minute_or_dash, of, or_dash, place, plural};
use super::{MAX_ROWS, View, links, section, subsection, tone};
use crate::integrity::verdict::{Break, Effect};
use crate::report::document::{Block, Section, Table, Text, Tone};
use crate::report::model::{Key, Log, Report, SeqRange};

pub(super) fn write(view: &View, sections: &mut Vec<Section>) {
    let report = view.report;
    let mut blocks = vec![
        paragraph(
            "A log is verified when every record is covered by something from outside the log: a pinned key, or a head that the verifier brought. A key that only the log names is a claim.",
        ),
        Block::Table(logs(report)),
    ];
    for log in &report.logs {
        blocks.extend(log_block(log));
    }
    sections.push(section("5", "integrity", "Integrity verification", blocks));
    sections.push(subsection("5.1", "breaks", "Breaks", vec![Block::Table(breaks(report))]));
    sections.push(subsection(
        "5.2",
        "keys",
        "Key register",
        vec![
            paragraph("Owner and purpose come from the trust file of the workspace, never from a log."),
            Block::Table(keys(report)),
        ],
    ));
    sections.push(subsection(
        "5.3",
        "uncovered",
        "Fields that nothing covers",
        vec![Block::Table(uncovered(report))],
    ));
}

fn logs(report: &Report) -> Table {
    table("log-list", "Logs")
        .column("Log", 16)
        .column("Verdict", 15)
        .column("Grade of the weakest record", 16)
        .column("Completeness", 14)
        .number("Covered", 15)
        .number("Signed by a pinned key", 14)
        .number("Breaks", 10)
        .empty("No log was read.")
        .rows(report.logs.iter().map(|log| {
            vec![
                Text::mono(&log.log).to(anchor(log)),
                Text::mark(tone::verdict_phrase(log.verdict), tone::verdict(log.verdict)),
                Text::body(log.integrity.word()),
                Text::body(log.completeness.word()),
                Text::body(of(log.covered, log.records)),
                Text::body(of(log.pinned, log.records)),
                Text::body(count(log.breaks.len())),
            ]
        }))
}

fn log_block(log: &Log) -> Vec<Block> {
    let title = format!("Log {}: {}", log.log, tone::verdict_phrase(log.verdict));
    let mut blocks = vec![heading(title, anchor(log))];
    if !log.reasons.is_empty() {
        blocks.push(paragraph("Why it is not verified, and what would help:"));
        blocks.push(list(log.reasons.iter().map(String::as_str)));
    }
    let mut facts = vec![
        fact("Source", Text::mono(&log.source)),
        fact("Objects", Text::mono(objects(&log.objects))),
        fact("Covered", Text::body(of(log.covered, log.records) + " records")),
        fact("With a signature that fits", Text::body(of(log.signed, log.records) + " records")),
        fact("Signed by a pinned key", Text::body(of(log.pinned, log.records) + " records")),
        fact("Rejected", Text::body(of(log.rejected, log.records) + " records")),
    ];
    if let Some(first) = log.first {
        facts.push(fact("First sequence number", Text::body(count(first))));
    }
    if let Some(head) = &log.head {
        facts.push(fact("Last sequence number", Text::body(count(head.seq))));
        facts.push(fact("Digest of the last line", Text::mono(head.digest.to_string())));
    }
    if let Some(range) = log.in_period {
        facts.push(fact("Sequence numbers in the period", Text::body(numbers(range))));
    }
    facts.extend(log.keys.iter().map(|key| fact("Signed with key", Text::mono(key))));
    blocks.push(Block::Facts { title: format!("Facts of log {}", log.log), facts });
    blocks
}

/// Says which numbers the records in the period carry, and how many between them none carries.
fn numbers(range: SeqRange) -> String {
    let span = format!("{} to {}", count(range.first), count(range.last));
    match range.absent() {
        0 => format!("{span}, every number between them"),
        absent => {
            format!("{span}; no record in the period carries {} of them", count(absent))
        }
    }
}

/// Returns the anchor of `log`; its name alone could stand in two sources.
fn anchor(log: &Log) -> String {
    if log.log == log.source {
        links::anchor("log", &log.log)
    } else {
        links::anchor("log", &format!("{}/{}", log.source, log.log))
    }
}

/// Returns the names, or how many there are from which to which; section 3 lists each.
fn objects(names: &[String]) -> String {
    match names {
        [first, .., last] if names.len() > 6 => {
            format!("{}: {first} to {last}", plural(names.len(), "object", "objects"))
        }
        _ => listed(names),
    }
}

fn breaks(report: &Report) -> Table {
    let all: Vec<(&Log, &Break)> =
        report.logs.iter().flat_map(|log| log.breaks.iter().map(move |b| (log, b))).collect();
    table("break-list", "Breaks, by log and place")
        .column("Log", 13)
        .column("Where", 24)
        .column("Kind", 14)
        .number("Sequence", 10)
        .number("Byte offset", 11)
        .column("Expected and found", 28)
        .empty("No break is listed.")
        .filter()
        .capped(&all, MAX_ROWS, "logs/breaks", |(log, found)| {
            let note = matches!(found.kind.effect(log.signed > 0 || log.covered > 0), Effect::Note);
            vec![
                Text::mono(&log.log),
                Text::mono(place(&found.object, found.line)),
                Text::mark(found.kind.word(), if note { Tone::Plain } else { Tone::Bad }),
                Text::body(found.seq.map_or_else(|| "–".to_owned(), count)),
                Text::body(count(found.offset)),
                Text::body(&found.detail),
            ]
        })
}

fn keys(report: &Report) -> Table {
    table("key-list", "Keys that signed records, or that the trust file names")
        .column("Key id (SHA-256 of the public key)", 26)
        .column("Standing", 12)
        .column("Owner", 16)
        .column("Purpose and logs", 17)
        .column("Valid (UTC)", 19)
        .number("Records signed", 10)
        .empty("No key was used, and none is trusted.")
        .capped(&report.keys, MAX_ROWS, "keys", |key| {
            let standing = if key.standing == "trusted" { Tone::Good } else { Tone::Caution };
            vec![
                Text::mono(&key.id),
                Text::mark(&key.standing, standing),
                Text::body(or_dash(&key.owner)),
                Text::body(if key.purpose.is_empty() {
                    "–".to_owned()
                } else {
                    format!("{}: {}", key.purpose, listed(&key.logs))
                }),
                validity(key),
                Text::body(count(key.records)),
            ]
        })
}

fn validity(key: &Key) -> Text {
    let mut parts = vec![match (key.valid_from, key.valid_until) {
        (None, None) => "no limit".to_owned(),
        (Some(from), None) => format!("from {}", from.minute()),
        (None, Some(until)) => format!("before {}", until.minute()),
        (Some(from), Some(until)) => format!("{} to before {}", from.minute(), until.minute()),
    }];
    parts.extend(key.revoked_at.map(|at| format!("revoked {}", minute_or_dash(Some(at)))));
    parts.extend(key.compromised_at.map(|at| format!("compromised {}", minute_or_dash(Some(at)))));
    let text = parts.join(super::text::DOT);
    if parts.len() > 1 { Text::mark(text, Tone::Bad) } else { Text::body(text) }
}

fn uncovered(report: &Report) -> Table {
    let rows = report.logs.iter().flat_map(|log| {
        log.uncovered_fields.iter().map(|field| vec![Text::mono(&log.log), Text::mono(field)])
    });
    table(
        "uncovered-list",
        "Mapped fields that no hash or signature covers; tests that ask for more are unable to test on them",
    )
    .column("Log", 30)
    .column("Field", 70)
    .empty("No uncovered field is listed.")
    .rows(rows)
}
