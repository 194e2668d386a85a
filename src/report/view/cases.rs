//! Section 9: the cases behind the exceptions, moment by moment.

use super::build::{heading, paragraph, table};
use super::text::{DOT, minute_or_dash, of, or_dash, place, second_or_dash, short};
use super::{View, links, section};
use crate::report::document::{Block, Section, Table, Text};
use crate::report::figure;
use crate::report::model::Case;

pub(super) fn write(view: &View, sections: &mut Vec<Section>) {
    let report = view.report;
    let shown = links::shown_cases(report);
    let mut blocks = vec![paragraph(format!(
        "{} cases that hold an exception are shown, in the order of the register{}.",
        of(shown.len(), report.cases.len()),
        if shown.len() < report.cases.len() { "; the rest lies in report.json/cases" } else { "" }
    ))];
    for case in shown {
        blocks.extend(case_block(view, case));
    }
    sections.push(section("9", "cases", "Cases behind the exceptions", blocks));
}

fn case_block(view: &View, case: &Case) -> Vec<Block> {
    let anchor = links::anchor("case", &case.id);
    let mut blocks = vec![heading(format!("Case {}: {}", case.id, case.state), anchor.clone())];
    let items: Vec<Text> = case
        .exceptions
        .iter()
        .map(|id| {
            let test = view.report.exceptions.iter().find(|exception| exception.id == *id);
            let what = test.map_or_else(String::new, |e| format!("{DOT}{}{DOT}{}", e.test, e.summary));
            view.links.exception(Text::body(format!("Exception {}{what}", short(id))), id)
        })
        .chain(case.gaps.iter().map(|gap| Text::body(format!("Missing: {gap}"))))
        .collect();
    if !items.is_empty() {
        blocks.push(Block::List { items });
    }
    let drawn = figure::timeline::figure(case, format!("{anchor}-order"), timeline(case, &anchor));
    blocks.push(drawn.map_or_else(Block::Table, Block::Figure));
    blocks
}

fn timeline(case: &Case, anchor: &str) -> Table {
    table(&format!("{anchor}-timeline"), format!("Timeline of {}", case.id))
        .column("When (UTC)", 16)
        .column("Step", 11)
        .column("Who, as logged", 17)
        .column("Accountable", 14)
        .column("What", 22)
        .column("Where", 20)
        .empty("No moment is known.")
        .rows(case.moments.iter().map(|moment| {
            let mut what = or_dash(&moment.what);
            if moment.valid_to.is_some() {
                what = format!("{what}{DOT}valid until {}", minute_or_dash(moment.valid_to));
            }
            vec![
                Text::body(second_or_dash(moment.at)),
                Text::body(&moment.lane),
                Text::body(or_dash(&moment.who)),
                Text::body(moment.person.as_deref().map_or_else(|| "–".to_owned(), or_dash)),
                Text::body(what),
                Text::mono([place(&moment.object, moment.line).as_str(), moment.grade.word()].join(DOT)),
            ]
        }))
}
