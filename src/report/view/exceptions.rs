//! Section 7: every exception with the line that shows it, what is for review, and what could not be tested.

use std::collections::{BTreeMap, BTreeSet};

use super::build::{paragraph, table};
use super::text::{DOT, count, minute_or_dash, of, place, plural, second_or_dash, short};
use super::{MAX_EXCEPTIONS, MAX_ROWS, View, links, noted, section, subsection, tone};
use crate::report::document::{Block, Section, Table, Text, Tone};
use crate::report::figure;
use crate::report::model::{Exception, TestOutcome, Untestable, Waiver};

pub(super) fn write(view: &View, sections: &mut Vec<Section>) {
    let report = view.report;
    let shown = report.exceptions.len().min(MAX_EXCEPTIONS);
    let accepted = report.exceptions.iter().filter(|e| e.accepted.is_some()).count();
    let mut blocks = vec![paragraph(format!(
        "{} shown; {} accepted by a waiver. An id stays the same when the log is exported again. Each row names the object and line that show it.",
        of(shown, report.exceptions.len()),
        of(accepted, report.exceptions.len()),
    ))];
    blocks.extend(figure::exceptions::figure(report).map(Block::Figure));
    blocks.push(Block::Table(register(view)));
    blocks.push(paragraph(
        "Management’s response, owner, and due date for each are not part of this document.",
    ));
    sections.push(section("7", "exceptions", "Exceptions register", blocks));
    noted::write(view, ["7.1", "7.2"], sections);
    sections.push(subsection("7.3", "untestable", "Items that could not be tested", vec![
        paragraph("An item is untestable when a missing value would change its outcome. It is not counted as held."),
        Block::Table(by_cause(&report.untestable)),
        Block::Table(items(view, "untestable-list", "Untestable items", "untestable", &report.untestable)),
    ]));
    sections.push(subsection(
        "7.4",
        "pending",
        "Pending items",
        vec![
            paragraph("Their limit ends after the as-of moment; the next report has to look at them again."),
            Block::Table(items(view, "pending-list", "Pending items", "pending", &report.pending)),
        ],
    ));
    sections.push(subsection("7.5", "waivers", "Waivers", waivers(view)));
}

/// Returns every waiver of the workspace: also one that accepts nothing, or whose time is over.
fn waivers(view: &View) -> Vec<Block> {
    let waivers = &view.report.waivers;
    let with = |state: &str| waivers.iter().filter(|waiver| waiver.state == state).count();
    let expired = waivers.iter().filter(|waiver| waiver.expired).count();
    let mut blocks = vec![paragraph(
        "A waiver accepts exceptions that it names, for a limited time. They stay in the register and in every count. \
         It covers what happened while it was in force, and only where its approver is no party to any of the items.",
    )];
    if waivers.is_empty() {
        blocks.push(paragraph("The workspace states no waiver."));
        return blocks;
    }
    blocks.push(paragraph(format!(
        "{}: {} applied, {} unused, {} void. {} ended by the as-of moment.",
        plural(waivers.len(), "waiver", "waivers"),
        count(with("applied")),
        count(with("unused")),
        count(with("void")),
        of(expired, waivers.len()),
    )));
    let table = table("waiver-list", "Waivers, by file")
        .column("Waiver", 16)
        .column("Test", 11)
        .column("State", 13)
        .number("Accepted", 9)
        .number("May cover", 8)
        .column("In force (UTC)", 17)
        .column("Owner, approver", 18)
        .column("What, why, and what limits it", 42)
        .filter()
        .capped(waivers, MAX_ROWS, "waivers", |waiver| waiver_row(view, waiver));
    blocks.push(Block::Table(table));
    blocks
}

fn waiver_row(view: &View, waiver: &Waiver) -> Vec<Text> {
    let tone = match waiver.state.as_str() {
        "applied" => Tone::Plain,
        "unused" => Tone::Caution,
        _ => Tone::Bad,
    };
    let state = if waiver.expired { format!("{}{DOT}expired", waiver.state) } else { waiver.state.clone() };
    let compensating = waiver.compensating.as_ref().map(|other| {
        let result = other.result.map_or("did not run", TestOutcome::phrase);
        format!("Compensating control, shown by {} ({result}): {}", other.test, other.why)
    });
    let mut what = vec![waiver.scope.clone(), waiver.reason.clone()];
    what.extend(waiver.risk.as_ref().map(|risk| format!("Risk: {risk}")));
    what.extend(compensating);
    what.extend(waiver.reasons.iter().cloned());
    let people = match &waiver.requested_by {
        Some(by) => format!("{}, {} (asked for by {by})", waiver.owner, waiver.approved_by),
        None => format!("{}, {}", waiver.owner, waiver.approved_by),
    };
    vec![
        Text::mono(&waiver.id),
        view.links.test(Text::mono(&waiver.test), &waiver.test),
        Text::mark(state, tone),
        Text::body(of(waiver.accepted, waiver.matched)),
        Text::body(count(waiver.max_rows)),
        Text::body(format!(
            "{} to before {}",
            minute_or_dash(Some(waiver.from)),
            minute_or_dash(Some(waiver.expires))
        )),
        Text::body(people),
        Text::body(what.join(DOT)),
    ]
}

fn register(view: &View) -> Table {
    table("exception-register", "Exceptions, most severe first")
        .column("Exception", 13)
        .column("Severity", 11)
        .column("Test", 10)
        .column("Occurred (UTC)", 12)
        .column("What was found", 46)
        .column("Where", 24)
        .column("Case", 18)
        .empty("No exception is listed.")
        .filter()
        .capped(
            &first_of_each(&view.report.exceptions),
            MAX_EXCEPTIONS,
            "exceptions",
            |(exception, first)| row(view, exception, *first),
        )
}

/// Marks the first exception with each id: the one that links to the id lead to.
fn first_of_each(exceptions: &[Exception]) -> Vec<(&Exception, bool)> {
    let mut seen = BTreeSet::new();
    exceptions.iter().map(|exception| (exception, seen.insert(&exception.id))).collect()
}

fn row(view: &View, exception: &Exception, first: bool) -> Vec<Text> {
    let tests: Vec<&str> =
        std::iter::once(exception.test.as_str()).chain(exception.also.iter().map(String::as_str)).collect();
    let case = match &exception.case {
        Some(case) => view.links.case(Text::mono(case), case),
        None => Text::body("–"),
    };
    let tone = tone::severity(&exception.severity);
    let severity = match &exception.accepted {
        None => Text::mark(&exception.severity, tone),
        Some(_) => Text::mark(format!("{}{DOT}accepted", exception.severity), tone),
    };
    let id = Text::mono(short(&exception.id));
    vec![
        if first { id.at(links::anchor("exception", &exception.id)) } else { id },
        severity,
        view.links.test(Text::mono(tests.join(DOT)), &exception.test),
        Text::body(second_or_dash(exception.time)),
        Text::body(found(exception)),
        Text::mono(place(&exception.object, exception.line)),
        case,
    ]
}

/// Returns the defect phrase, who and what it was about, and the product's own id. `report.json` has every fact.
fn found(exception: &Exception) -> String {
    let fact = |label: &str| {
        exception.facts.iter().find(|(known, _)| known == label).map(|(_, value)| value.as_str())
    };
    let who = fact("executor").or_else(|| fact("approver")).or_else(|| fact("requester"));
    let person = fact("accountable person").filter(|person| who.is_none_or(|who| !who.starts_with(person)));
    let who = match (who, person) {
        (Some(who), Some(person)) => format!("{who} ({person})"),
        (who, person) => who.or(person).unwrap_or_default().to_owned(),
    };
    let what = match (fact("action"), fact("resource")) {
        (Some(action), Some(resource)) => format!("{action} on {resource}"),
        (action, resource) => action.or(resource).unwrap_or_default().to_owned(),
    };
    let waiver = exception.accepted.as_ref().map(|waiver| format!("accepted by waiver {waiver}"));
    let parts =
        [exception.summary.clone(), who, what, exception.native_id.clone(), waiver.unwrap_or_default()];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(DOT)
}

/// Items of one list that are printed; the cause table counts them all.
const MAX_ITEMS: usize = 100;

fn by_cause(items: &[Untestable]) -> Table {
    let mut causes: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    for item in items {
        *causes.entry((&item.test, &item.source, &item.reason)).or_default() += 1;
    }
    let causes: Vec<_> = causes.into_iter().collect();
    table("untestable-causes", "What is missing, by test and source")
        .column("Test", 14)
        .column("Source", 26)
        .column("Missing", 40)
        .number("Items", 12)
        .empty("None.")
        .capped(&causes, MAX_ROWS, "untestable", |((test, source, reason), items)| {
            vec![Text::mono(*test), Text::mono(*source), Text::mono(*reason), Text::body(count(*items))]
        })
}

fn items(view: &View, id: &str, caption: &str, member: &str, items: &[Untestable]) -> Table {
    let caption = format!("{caption}: {}", plural(items.len(), "item", "items"));
    table(id, caption)
        .column("Item", 24)
        .column("Test", 13)
        .column("Source", 16)
        .column("Missing", 22)
        .column("Where", 25)
        .empty("None.")
        .filter()
        .capped(items, MAX_ITEMS, member, |item| {
            vec![
                Text::mono(&item.native_id),
                view.links.test(Text::mono(&item.test), &item.test),
                Text::mono(&item.source),
                Text::mono(&item.reason),
                Text::mono(place(&item.object, item.line)),
            ]
        })
}
