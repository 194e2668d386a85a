//! Section 11: who decided for whom, how fast, and what agents ran.

use super::build::{paragraph, table};
use super::text::{count, of, or_dash};
use super::{View, section, subsection};
use crate::duration::elapsed;
use crate::report::document::{Block, Section, Table, Text, Tone};
use crate::report::figure::{latency, pairs};
use crate::report::model::People;

/// Rows of each list; `report.json` has more.
const MAX_LISTED: usize = 25;

pub(super) fn write(view: &View, sections: &mut Vec<Section>) {
    let people = &view.report.people;
    let mut blocks = vec![paragraph(
        "Decisions of people before the action, and what agents ran, in the period. These are counts for a reader to weigh: whether one of them is an exception or an indicator is said in sections 6 and 7 alone. People are the accountable ones where the roster names them, and ids as logged elsewhere.",
    )];
    blocks.extend(pairs::figure(view.report).map(Block::Figure));
    blocks.push(Block::Table(pair_list(people)));
    sections.push(section("11", "people", "People, agents, and separation of duties", blocks));
    let mut blocks = vec![paragraph(
        "A decision a few seconds after its request was hardly read; it may also be one of many that were looked at together. The time runs from the request, and not from the moment at which the approver saw it.",
    )];
    blocks.extend(latency::figure(view.report).map(Block::Figure));
    blocks.push(Block::Table(approvers(people)));
    sections.push(subsection("11.1", "approvers", "Approvers", blocks));
    sections.push(subsection("11.2", "agents", "Agents and services", vec![Block::Table(agents(people))]));
}

fn pair_list(people: &People) -> Table {
    let mut list = table("pair-list", "Approvals by requester and approver, most first")
        .column("Requester", 38)
        .column("Approver", 38)
        .number("Approvals", 12)
        .column("Note", 12)
        .empty("No person approved anything.")
        .capped(&people.pairs, MAX_LISTED, "people", |pair| {
            let note = if pair.same { Text::mark("same person", Tone::Bad) } else { Text::body(or_dash("")) };
            vec![
                Text::body(&pair.requester),
                Text::body(&pair.approver),
                Text::body(count(pair.approvals)),
                note,
            ]
        });
    list.total = people.pairs_total;
    list
}

fn approvers(people: &People) -> Table {
    let approvals: u64 = people.approvers.iter().map(|approver| approver.approvals).sum();
    let mut list = table("approver-list", "People who decided, most approvals first")
        .column("Approver", 30)
        .number("Approvals", 18)
        .number("Denials", 10)
        .number("Median time", 16)
        .number("Under 5 s", 16)
        .empty("No person decided anything.")
        .capped(&people.approvers, MAX_LISTED, "people", |approver| {
            vec![
                Text::body(&approver.who),
                Text::body(of(approver.approvals, approvals)),
                Text::body(count(approver.denials)),
                Text::body(approver.median_ms.map_or_else(|| or_dash(""), elapsed)),
                Text::body(of(approver.fast, approver.timed)),
            ]
        });
    list.total = people.approvers_total;
    list
}

fn agents(people: &People) -> Table {
    let mut list = table("agent-list", "Agents and services that ran something, most executions first")
        .column("Agent, as logged", 28)
        .column("Kind", 9)
        .column("Accountable", 18)
        .number("Executions", 11)
        .number("Approved by a person", 11)
        .number("By policy", 8)
        .number("Break-glass", 8)
        .number("Exceptions", 10)
        .empty("No agent and no service ran anything, as far as the logs and the roster tell.")
        .capped(&people.agents, MAX_LISTED, "people", |agent| {
            let owner = match &agent.owner {
                Some(owner) => Text::body(owner),
                None => Text::mark("nobody named", Tone::Caution),
            };
            let exceptions = match agent.exceptions {
                0 => Text::body("0"),
                n => Text::mark(count(n), Tone::Bad),
            };
            vec![
                Text::mono(&agent.id),
                Text::body(&agent.kind),
                owner,
                Text::body(count(agent.executions)),
                Text::body(count(agent.approved)),
                Text::body(count(agent.automatic)),
                Text::body(count(agent.break_glass)),
                exceptions,
            ]
        });
    list.total = people.agents_total;
    list
}
