//! Section 4: whether the population is all there is. Every record lands in one bucket, and the sums are printed.

use super::build::{paragraph, table};
use super::text::{DOT, count, of, place, plural, span};
use super::{MAX_ROWS, View, section, subsection, tone};
use crate::report::document::{Block, Section, Table, Text, Tone};
use crate::report::figure::{daily, waterfall};
use crate::report::model::{JoinTally, Report, Source, Tally, WaterfallStep};

pub(super) fn write(view: &View, sections: &mut Vec<Section>) {
    let report = view.report;
    let (phrase, tone) = tone::population(&report.verdicts.population);
    let mut blocks = vec![
        Block::Paragraph { text: Text::mark(format!("Population: {phrase}"), tone) },
        paragraph(
            "From records read to items tested: at each step, what went on and what was set aside, with its reason. Each set-aside item is counted; none disappears.",
        ),
    ];
    if !report.waterfall.is_empty() {
        blocks.push(Block::Figure(waterfall::figure(report)));
    }
    blocks.push(Block::Table(steps(report)));
    sections.push(section("4", "population", "Population: completeness and accuracy", blocks));
    sections.push(subsection("4.1", "conservation", "Where every record went", vec![
        paragraph("For each source: read = gave events + ignored by a rule + observations + housekeeping + rejected + duplicates."),
        Block::Table(conservation(report)),
        Block::Table(reasons(report)),
    ]));
    sections.push(subsection("4.2", "holes", "Holes", vec![
        paragraph("A hole is a span in which records may be missing. Tests that read its source are unable to test; exceptions found elsewhere stand."),
        Block::Table(holes(report)),
    ]));
    sections.push(subsection("4.3", "masked", "Masked in text from logs", vec![
        paragraph("Secrets, and personal data as the workspace decides, are masked where a record becomes an event. The logs themselves are not changed: their digests are those of the records as read."),
        Block::Table(masked(report)),
    ]));
    if !report.days.is_empty() {
        sections.push(subsection(
            "4.4",
            "daily",
            "Executions by day",
            vec![Block::Figure(daily::figure(report))],
        ));
    }
    if !report.links.is_empty() {
        sections.push(subsection("4.5", "source-links", "Links between sources", vec![
            paragraph("A declared link joins what two products record of one case by columns that the workspace names. A weak link joins an execution to the one request that the same person made shortly before; results that rest on it have limited reliance. What fits several requests is joined to none; what fits none is a case of its own, with gaps."),
            Block::Table(links(report)),
        ]));
    }
}

fn masked(report: &Report) -> Table {
    table("masked-list", "Masked, by source and class")
        .column("Source", 26)
        .column("Class", 24)
        .number("Values", 14)
        .number("Events", 14)
        .column("Means", 22)
        .empty("The detectors found nothing to mask.")
        .rows(report.redactions.iter().map(|found| {
            vec![
                Text::mono(&found.source),
                Text::mono(&found.class),
                Text::body(count(found.hits)),
                Text::body(count(found.events)),
                if found.exception {
                    Text::mark("exception of DAT-02", Tone::Caution)
                } else {
                    Text::body("masked only")
                },
            ]
        }))
}

fn links(report: &Report) -> Table {
    table("source-link-list", "Links, and what became of the events that they are for")
        .column("Link", 14)
        .column("From", 12)
        .column("To", 12)
        .column("Grade", 10)
        .column("Equal", 20)
        .number("Joined", 8)
        .number("Ambiguous", 8)
        .number("Orphaned", 8)
        .number("Not for it", 8)
        .empty("No link is declared.")
        .rows(report.links.iter().map(|link| {
            let tone = if link.within_ms.is_some() { Tone::Caution } else { Tone::Good };
            let doubt = |n: u64| if n > 0 { Text::mark(count(n), Tone::Caution) } else { Text::body("0") };
            vec![
                Text::mono(&link.id),
                Text::mono(&link.from),
                Text::mono(&link.to),
                Text::mark(&link.grade, tone),
                Text::body(link.compares.join(", ").replace('`', "")),
                Text::body(count(link.joined)),
                doubt(link.ambiguous),
                doubt(link.orphaned),
                Text::body(count(link.aside)),
            ]
        }))
}

fn steps(report: &Report) -> Table {
    let steps = &report.waterfall;
    table("waterfall-steps", "Reconciliation")
        .column("Step", 40)
        .column("Unit", 14)
        .number("Items", 14)
        .column("Check", 32)
        .empty("No record was read.")
        .rows(steps.iter().enumerate().flat_map(|(i, step)| {
            let next = steps[i + 1..].iter().find(|next| next.unit == step.unit);
            let aside = step.set_aside.iter().map(|(reason, n)| {
                vec![
                    Text::body(format!("less: {reason}")),
                    Text::body(&step.unit),
                    Text::body(format!("−{}", count(*n))),
                    Text::body(format!("{} set aside", of(*n, step.items))),
                ]
            });
            std::iter::once(vec![
                Text::strong(&step.label),
                Text::body(&step.unit),
                Text::strong(count(step.items)),
                sum_check(step, next),
            ])
            .chain(aside)
            .collect::<Vec<_>>()
        }))
}

/// Adds the step up again: what was set aside and what went on must make its items.
fn sum_check(step: &WaterfallStep, next: Option<&WaterfallStep>) -> Text {
    let aside: u64 = step.set_aside.iter().map(|(_, n)| n).sum();
    let Some(next) = next else { return Text::body("last step of its unit") };
    let text = format!("{} = {} + {} set aside", count(step.items), count(next.items), count(aside));
    if step.items == next.items + aside {
        Text::mark(text, Tone::Good)
    } else {
        Text::mark(
            format!("does not sum: {} is not {} + {}", count(step.items), count(next.items), count(aside)),
            Tone::Bad,
        )
    }
}

/// Returns the sum of the buckets of `tally`, which equals what was read.
fn buckets(tally: &Tally) -> u64 {
    tally.mapped
        + tally.ignored.values().sum::<u64>()
        + tally.observations
        + tally.housekeeping
        + tally.rejected.values().sum::<u64>()
        + tally.duplicates
}

fn conservation(report: &Report) -> Table {
    table("conservation-table", "Records of each source")
        .column("Source", 16)
        .number("Read", 9)
        .number("Gave events", 9)
        .number("Ignored", 9)
        .number("Observations", 10)
        .number("Housekeeping", 10)
        .number("Rejected", 9)
        .number("Duplicates", 9)
        .column("Check", 19)
        .empty("No source is configured.")
        .rows(report.sources.iter().map(conservation_row))
}

fn conservation_row(source: &Source) -> Vec<Text> {
    let tally = &source.tally;
    let sum = buckets(tally);
    let rejected: u64 = tally.rejected.values().sum();
    let check = if sum == tally.read {
        Text::mark(format!("sums to {}", count(sum)), Tone::Good)
    } else {
        Text::mark(format!("sums to {}, read {}", count(sum), count(tally.read)), Tone::Bad)
    };
    let rejected_text = if rejected == 0 { Text::body("0") } else { Text::mark(count(rejected), Tone::Bad) };
    vec![
        Text::mono(&source.id),
        Text::body(count(tally.read)),
        Text::body(count(tally.mapped)),
        Text::body(count(tally.ignored.values().sum::<u64>())),
        Text::body(count(tally.observations)),
        Text::body(count(tally.housekeeping)),
        rejected_text,
        Text::body(count(tally.duplicates)),
        check,
    ]
}

/// Lists why records were set aside, and how many events repeat a fact.
fn reasons(report: &Report) -> Table {
    let rows = report.sources.iter().flat_map(|source| {
        let tally = &source.tally;
        let row = |what: String, n: u64, total: u64, unit: &str| {
            vec![Text::mono(&source.id), Text::body(what), Text::body(format!("{} {unit}", of(n, total)))]
        };
        let ignored = tally
            .ignored
            .iter()
            .map(|(reason, n)| row(["ignored", reason].join(DOT), *n, tally.read, "records"));
        let rejected = tally
            .rejected
            .iter()
            .map(|(kind, n)| row(["rejected", kind.word()].join(DOT), *n, tally.read, "records"));
        let repeated = (tally.repeated_events > 0).then(|| {
            row("events that repeat a fact".to_owned(), tally.repeated_events, tally.events, "events")
        });
        let joins = tally.joins.iter().flat_map(|(name, join)| {
            let asked = join.taken + join.missing + join.ambiguous;
            let lines = [("no record to take from", join.missing), (several(join), join.ambiguous)];
            let near =
                join.nearest_ms.map(|_| ("taken from the record nearest in time, which is weak", join.taken));
            lines.into_iter().chain(near).filter(|(_, n)| *n > 0).map(move |(what, n)| {
                row([&format!("join {name}"), what].join(DOT), n, asked, "events that ask")
            })
        });
        ignored.chain(rejected).chain(repeated).chain(joins).collect::<Vec<_>>()
    });
    table("set-aside-reasons", "Why records were set aside")
        .column("Source", 20)
        .column("Reason", 50)
        .number("Count", 30)
        .empty("No record was set aside.")
        .rows(rows)
}

/// Says why several records that an event may take from give nothing.
fn several(join: &JoinTally) -> &'static str {
    if join.nearest_ms.is_none() { "records that do not agree" } else { "no record is surely the nearest" }
}

fn holes(report: &Report) -> Table {
    table("hole-list", format!("Holes: {}", plural(report.holes.len(), "span", "spans")))
        .column("Source", 14)
        .column("Kind", 14)
        .column("Span (UTC)", 26)
        .column("Shown by", 20)
        .column("Facts", 26)
        .empty("No hole is listed.")
        .capped(&report.holes, MAX_ROWS, "holes", |hole| {
            vec![
                Text::mono(&hole.source),
                Text::mark(hole.kind.word(), Tone::Bad),
                Text::body(span(hole.span)),
                Text::mono(place(&hole.object, hole.line)),
                Text::body(&hole.detail),
            ]
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn steps_of_the_fixture_sum() {
        let table = steps(&fixture::report());
        let bad: Vec<_> = table.rows.iter().flatten().filter(|cell| cell.tone == Tone::Bad).collect();
        assert!(bad.is_empty(), "{bad:?}");
        assert_eq!(table.rows.iter().filter(|row| row[3].tone == Tone::Good).count(), 3);
    }

    #[test]
    fn a_step_that_does_not_sum_says_so() {
        let mut report = fixture::report();
        report.waterfall[0].items += 1;
        let table = steps(&report);
        assert_eq!(table.rows[0][3].text, "does not sum: 6,655 is not 6,027 + 627");
        assert_eq!(table.rows[0][3].tone, Tone::Bad);
    }

    #[test]
    fn a_lost_record_is_seen_in_its_source() {
        let mut report = fixture::report();
        assert_eq!(conservation_row(&report.sources[1])[8].text, "sums to 1,239");
        report.sources[1].tally.mapped -= 1;
        let check = &conservation_row(&report.sources[1])[8];
        assert_eq!((check.text.as_str(), check.tone), ("sums to 1,238, read 1,239", Tone::Bad));
    }
}
