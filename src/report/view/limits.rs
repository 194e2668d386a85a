//! Section 13: what these logs and tests cannot show.

use super::build::{list, paragraph, table};
use super::text::or_dash;
use super::{View, section, subsection};
use crate::report::document::{Block, Section, Text};

pub(super) fn write(view: &View, sections: &mut Vec<Section>) {
    let report = view.report;
    sections.push(section("13", "limits", "Limits", vec![
        list([
            "Absence: chains and signatures show that recorded entries were altered, reordered, or removed inside a verified range. They do not show that an action was never recorded. Completeness rests on the reconciliation in section 4.",
            "The tail: a chain does not show that its own end is missing, unless somebody else wrote down its last record.",
            "Time: moments are as the sources’ clocks had them.",
            "Identity: two accounts of one person are one person only where the roster says so.",
            "Meaning: that somebody approved is recorded; whether they understood what they approved is not.",
            "Mapping: a link between a test and a control is a claim of whoever made it, and it covers the part of the control that it names.",
        ]),
    ]));
    let sources = table("absent-list", "What each product does not log")
        .column("Source", 24)
        .column("Product", 26)
        .column("Not logged", 50)
        .empty("No source is configured.")
        .rows(report.sources.iter().map(|source| {
            vec![
                Text::mono(&source.id),
                Text::body(&source.product),
                Text::body(or_dash(&source.absent.join(", "))),
            ]
        }));
    let tests = table("cannot-show-list", "What each test cannot show")
        .column("Test", 24)
        .column("Cannot show", 76)
        .empty("No test ran.")
        .rows(report.tests.iter().map(|test| {
            vec![view.links.test(Text::mono(&test.id), &test.id), Text::body(or_dash(&test.cannot_show))]
        }));
    sections.push(subsection(
        "13.1",
        "absent",
        "What the sources do not log",
        vec![
            paragraph("A test that needs one of these is unable to test on that source’s items."),
            Block::Table(sources),
        ],
    ));
    sections.push(subsection("13.2", "cannot-show", "What the tests cannot show", vec![Block::Table(tests)]));
}
