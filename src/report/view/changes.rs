//! Section 10: what became of the exceptions of the pack of the period before.

use std::collections::{BTreeMap, BTreeSet};

use super::build::{code, fact, list, paragraph, table};
use super::text::{count, plural, second, second_or_dash, short, span};
use super::{MAX_ROWS, View, section};
use crate::report::document::{Block, Section, Table, Text, Tone};
use crate::report::model::{Earlier, Since};

/// States of an earlier exception, and what each means.
const STATES: [(&str, &str); 4] = [
    ("carried", "it is in this report, too"),
    ("closed", "its moment lies in this period and its source was read, and no test notes it any more"),
    ("out-of-window", "its moment lies outside this period, so nothing here says whether it was put right"),
    ("source-missing", "its source is not in this report, so nothing could be seen of it"),
];

pub(super) fn write(view: &View, sections: &mut Vec<Section>) {
    let title = "Changes since the previous pack";
    let blocks = view.report.since.as_ref().map_or_else(
        || {
            vec![
                paragraph(
                    "This report goes on from no earlier pack, so it says nothing of earlier exceptions. The first command makes one that does; the second compares any two packs.",
                ),
                code("countersign report WORKSPACE --previous PACK --out DIR"),
                code("countersign diff PACK PACK"),
            ]
        },
        |since| changes(view, since),
    );
    sections.push(section("10", "changes", title, blocks));
}

fn changes(view: &View, since: &Since) -> Vec<Block> {
    let earlier: BTreeSet<&str> = since.exceptions.iter().map(|found| found.id.as_str()).collect();
    let new = view.report.exceptions.iter().filter(|found| !earlier.contains(found.id.as_str())).count();
    let with = |state: &str| since.exceptions.iter().filter(|found| found.state == state).count();
    let counts = STATES.map(|(state, _)| format!("{} {}", count(with(state)), words(state)));
    vec![
        Block::Facts {
            title: "The previous pack".to_owned(),
            facts: vec![
                fact("Period", Text::body(span(since.period))),
                fact("As of", Text::body(second(since.as_of))),
                fact("Results digest", Text::mono(since.results.to_string())),
                fact(
                    "Signed by",
                    since.signed_by.as_ref().map_or_else(
                        || Text::mark("no trusted key", Tone::Caution),
                        |owner| Text::body(owner.as_str()),
                    ),
                ),
            ],
        },
        paragraph(format!(
            "{} here that it lacks. Of its {}: {}.",
            plural(new, "exception", "exceptions"),
            plural(since.exceptions.len(), "exception", "exceptions"),
            counts.join(", ")
        )),
        list(STATES.map(|(state, meaning)| format!("{}: {meaning}.", words(state)))),
        Block::Table(by_test(view, since, &earlier)),
        Block::Table(register(view, since)),
    ]
}

fn words(state: &str) -> String {
    state.replace('-', " ")
}

/// Returns how many exceptions of each test there were, are, came, and went.
fn by_test(view: &View, since: &Since, earlier: &BTreeSet<&str>) -> Table {
    // Before, here, new, then one for each state.
    let mut rows: BTreeMap<&str, [usize; 3 + STATES.len()]> = BTreeMap::new();
    for found in &view.report.exceptions {
        let row = rows.entry(&found.test).or_default();
        row[1] += 1;
        row[2] += usize::from(!earlier.contains(found.id.as_str()));
    }
    for found in &since.exceptions {
        let row = rows.entry(&found.test).or_default();
        row[0] += 1;
        if let Some(at) = STATES.iter().position(|(state, _)| *state == found.state) {
            row[3 + at] += 1;
        }
    }
    table("change-tests", "Exceptions by test, before and here")
        .column("Test", 22)
        .number("Before", 11)
        .number("Here", 11)
        .number("New", 11)
        .number("Carried", 11)
        .number("Closed", 11)
        .number("Out of window", 12)
        .number("Source missing", 11)
        .empty("Neither the previous pack nor this report notes an exception.")
        .rows(rows.into_iter().map(|(test, counts)| {
            let mut row = vec![view.links.test(Text::mono(test), test)];
            row.extend(counts.map(|n| Text::body(count(n))));
            row
        }))
}

fn register(view: &View, since: &Since) -> Table {
    table("earlier-exceptions", "Exceptions of the previous pack, in its order")
        .column("Exception", 13)
        .column("State", 14)
        .column("Test", 11)
        .column("Severity", 10)
        .column("Item", 20)
        .column("When (UTC)", 14)
        .column("What was noted", 22)
        .empty("The previous pack notes no exception.")
        .filter()
        .capped(&since.exceptions, MAX_ROWS, "since", |found: &Earlier| {
            let tone = if found.state == "closed" { Tone::Plain } else { Tone::Caution };
            vec![
                view.links.exception(Text::mono(short(&found.id)), &found.id),
                Text::mark(words(&found.state), tone),
                view.links.test(Text::mono(&found.test), &found.test),
                Text::body(&found.severity),
                Text::mono(format!("{} {}", found.source, found.native_id)),
                Text::body(second_or_dash(found.time)),
                Text::body(&found.summary),
            ]
        })
}
