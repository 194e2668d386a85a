//! Section 3: what was read, from where, and how it came to be there.

use super::build::{paragraph, table};
use super::text::{DOT, count, minute_or_dash, of, or_dash, plural, second};
use super::{MAX_ROWS, View, section, subsection};
use crate::report::document::{Block, Section, Table, Text, Tone};
use crate::report::figure::coverage;
use crate::report::model::Report;

pub(super) fn write(view: &View, sections: &mut Vec<Section>) {
    let report = view.report;
    let mut blocks = vec![paragraph(format!(
        "{} were configured. Records from anywhere else were not examined.",
        plural(report.sources.len(), "source", "sources")
    ))];
    if !report.days.is_empty() && !report.sources.is_empty() {
        blocks.push(Block::Figure(coverage::figure(report)));
    }
    blocks.push(Block::Table(sources(report)));
    sections.push(section("3", "sources", "Scope and sources", blocks));
    sections.push(subsection(
        "3.1",
        "extraction",
        "Extraction",
        vec![
            paragraph(
                "As declared by management. A count that differs from the records read is reported as a gap.",
            ),
            Block::Table(extraction(report)),
        ],
    ));
    sections.push(subsection("3.2", "objects", "Objects read", vec![Block::Table(objects(report))]));
}

fn sources(report: &Report) -> Table {
    let days = report.days.len();
    table("source-list", "Sources")
        .column("Source", 14)
        .column("Product and profile", 18)
        .column("Role", 10)
        .column("Integrity mechanism", 18)
        .column("Grade: found, demanded", 16)
        .number("Records", 9)
        .column("First and last record (UTC)", 18)
        .number("Days with records", 10)
        .empty("No source is configured.")
        .rows(report.sources.iter().map(|source| {
            vec![
                Text::mono(&source.id).at(super::links::anchor("source", &source.id)),
                Text::body(
                    [source.product.as_str(), source.profile.as_str(), source.basis.as_str()].join(DOT),
                ),
                Text::body(&source.role),
                Text::body(or_dash(&source.mechanism)),
                Text::body(format!("{}{DOT}demanded {}", source.grade, source.require)),
                Text::body(count(source.tally.read)),
                Text::body(format!("{} to {}", minute_or_dash(source.first), minute_or_dash(source.last))),
                Text::body(of(source.days_covered, days)),
            ]
        }))
}

fn extraction(report: &Report) -> Table {
    table("extraction-list", "How the objects of each source came to be")
        .column("Source", 14)
        .column("Extracted by", 14)
        .column("At (UTC)", 16)
        .column("How", 34)
        .number("Records: read of declared", 14)
        .empty("No source is configured.")
        .rows(report.sources.iter().map(|source| {
            let id = Text::mono(&source.id);
            match &source.extracted {
                None => vec![
                    id,
                    Text::mark("not declared", Tone::Unknown),
                    Text::body("–"),
                    Text::body("–"),
                    Text::body(format!("{} of –", count(source.tally.read))),
                ],
                Some(extracted) => {
                    let records = match extracted.records {
                        Some(declared) if declared == source.tally.read => {
                            Text::body(of(source.tally.read, declared))
                        }
                        Some(declared) => Text::mark(of(source.tally.read, declared), Tone::Bad),
                        None => Text::body(format!("{} of –", count(source.tally.read))),
                    };
                    vec![
                        id,
                        Text::body(&extracted.by),
                        Text::body(second(extracted.at)),
                        Text::mono(&extracted.how),
                        records,
                    ]
                }
            }
        }))
}

fn objects(report: &Report) -> Table {
    table("object-list", "Objects, as stored")
        .column("Object", 26)
        .column("Source", 12)
        .number("Bytes", 10)
        .number("Records", 9)
        .column("SHA-256", 29)
        .column("Read", 14)
        .empty("No object was read.")
        .filter()
        .capped(&report.objects, MAX_ROWS, "objects", |object| {
            vec![
                Text::mono(&object.name),
                Text::mono(&object.source),
                Text::body(count(object.bytes)),
                Text::body(count(object.records)),
                object.sha256.map_or_else(|| Text::body("–"), |digest| Text::mono(digest.to_string())),
                object
                    .error
                    .as_ref()
                    .map_or_else(|| Text::body("to the end"), |error| Text::mark(error, Tone::Bad)),
            ]
        })
}
