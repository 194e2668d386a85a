//! Section 12: actors that no roster row names, and ids that a reader may take for another.

use super::build::{paragraph, table};
use super::text::{count, minute_or_dash, plural};
use super::{MAX_ROWS, View, section};
use crate::report::document::{Block, Section, Table, Text, Tone};

pub(super) fn write(view: &View, sections: &mut Vec<Section>) {
    let unresolved = &view.report.unresolved;
    let table = table(
        "unresolved-list",
        format!("Unresolved: {}", plural(unresolved.len(), "identity", "identities")),
    )
    .column("Id", 34)
    .column("Namespace", 20)
    .column("Why", 16)
    .number("Events", 12)
    .column("First (UTC)", 18)
    .empty("No unresolved identity is listed.")
    .filter()
    .capped(unresolved, MAX_ROWS, "unresolved", |identity| {
        vec![
            Text::mono(&identity.id),
            Text::mono(&identity.ns),
            Text::mark(&identity.why, Tone::Caution),
            Text::body(count(identity.events)),
            Text::body(minute_or_dash(identity.first)),
        ]
    });
    let lookalikes = self::lookalikes(view);
    sections.push(section("12", "identities", "Unresolved identities", vec![
        paragraph("Whether two names mean one person is decided by the roster alone. Where it is silent, tests that compare people are unable to test."),
        Block::Table(table),
        paragraph("Two ids that look alike are two ids. They are listed so that nobody takes one for the other; no result depends on it."),
        Block::Table(lookalikes),
    ]));
}

fn lookalikes(view: &View) -> Table {
    let lookalikes = &view.report.lookalikes;
    table("lookalike-list", format!("Look-alikes: {}", plural(lookalikes.len(), "identity", "identities")))
        .column("Id", 28)
        .column("Namespace", 16)
        .column("Why", 22)
        .column("Looks like", 22)
        .column("Characters outside ASCII", 12)
        .empty("No id looks like another one.")
        .filter()
        .capped(lookalikes, MAX_ROWS, "lookalikes", |found| {
            vec![
                Text::mono(&found.id),
                Text::mono(&found.ns),
                Text::mark(&found.why, Tone::Caution),
                Text::mono(found.like.join(" ")),
                Text::mono(&found.code_points),
            ]
        })
}
