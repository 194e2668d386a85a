//! Who approved for whom: a matrix of requesters and approvers, in which a person's own requests are outlined.

use std::collections::BTreeMap;

use super::{Area, SMALL, WIDTH, fit, label, line, rect};
use crate::report::document::{Align, Figure, Ink, Shape, Table, Text};
use crate::report::model::{Pair, Report};
use crate::report::view::build::table;
use crate::report::view::text::{count, of};

/// Requesters and approvers that have room; the table in the same section lists the pairs.
const MAX: usize = 12;
const LEFT: f32 = 150.0;
const ROW: f32 = 21.0;
const HEAD: f32 = 40.0;

/// Returns the matrix of those who asked and who approved most; none where nobody approved.
pub fn figure(report: &Report) -> Option<Figure> {
    let pairs = &report.people.pairs;
    if pairs.is_empty() {
        return None;
    }
    let (requesters, approvers) = (most(pairs, |pair| &pair.requester), most(pairs, |pair| &pair.approver));
    let width = ((WIDTH - LEFT) / approvers.len() as f32).min(70.0);
    let mut shapes = Vec::new();
    for (name, at) in approvers.iter().zip(0_u8..) {
        // Two heights in turn, so that names beside each other have room.
        let y = if at.is_multiple_of(2) { 12.0 } else { 27.0 };
        let x = LEFT + width * f32::from(at);
        shapes.push(label(
            x,
            y,
            SMALL,
            Ink::Text,
            Align::Start,
            fit(name, SMALL, (2.0 * width).min(WIDTH - x)),
        ));
        shapes.push(line(x, y + 3.0, x, HEAD - 3.0, Ink::Faint));
    }
    let max = pairs.iter().map(|pair| pair.approvals).max().unwrap_or(1).max(1);
    for (name, row) in requesters.iter().zip(0_u8..) {
        let y = HEAD + ROW * f32::from(row);
        shapes.push(label(0.0, y + 13.0, SMALL, Ink::Text, Align::Start, fit(name, SMALL, LEFT - 8.0)));
        for (approver, column) in approvers.iter().zip(0_u8..) {
            let area = Area { x: LEFT + width * f32::from(column), y, w: width - 2.0, h: ROW - 2.0 };
            let pair = pairs.iter().find(|pair| pair.requester == *name && pair.approver == *approver);
            shapes.extend(cell(area, pair, name == approver, max));
        }
    }
    let drawn: u64 = pairs
        .iter()
        .filter(|pair| {
            requesters.contains(&pair.requester.as_str()) && approvers.contains(&pair.approver.as_str())
        })
        .map(|pair| pair.approvals)
        .sum();
    let all: u64 = pairs.iter().map(|pair| pair.approvals).sum();
    Some(Figure {
        id: "approval-pairs".to_owned(),
        title: format!("Approvals by requester and approver: {} drawn", of(drawn, all)),
        description: "Rows are requesters, columns approvers, each the accountable person where the roster names one. The \
            number is that of approvals before the action; the longer the bar below it, the more. A cell with a mark on its \
            left is of one person on both sides."
            .to_owned(),
        width: WIDTH,
        height: HEAD + ROW * requesters.len() as f32 + 4.0,
        shapes,
        data: data(pairs, &requesters, &approvers),
        open: false,
    })
}

/// Returns those with the most approvals, by number and name.
fn most<'a>(pairs: &'a [Pair], who: fn(&Pair) -> &String) -> Vec<&'a str> {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for pair in pairs {
        *sums.entry(who(pair)).or_default() += pair.approvals;
    }
    let mut all: Vec<(&str, u64)> = sums.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    all.into_iter().take(MAX).map(|(name, _)| name).collect()
}

fn cell(area: Area, pair: Option<&Pair>, same: bool, max: u64) -> Vec<Shape> {
    let approvals = pair.map_or(0, |pair| pair.approvals);
    let title = pair.map_or_else(String::new, |pair| {
        format!("{} approved {} of {}", pair.approver, count(approvals), pair.requester)
    });
    let mut shapes = vec![rect(area, Ink::Faint, title)];
    if same {
        shapes.push(rect(Area { w: 3.0, ..area }, if approvals > 0 { Ink::Bad } else { Ink::Muted }, ""));
    }
    if approvals > 0 {
        let w = (area.w - 6.0) * approvals as f32 / max as f32;
        let ink = if same { Ink::Bad } else { Ink::Accent };
        shapes.push(rect(Area { x: area.x + 4.0, y: area.y + area.h - 4.0, w: w.max(1.5), h: 3.0 }, ink, ""));
        let text = count(approvals);
        shapes.push(label(area.x + area.w - 4.0, area.y + 12.0, SMALL, Ink::Text, Align::End, text));
    }
    shapes
}

fn data(pairs: &[Pair], requesters: &[&str], approvers: &[&str]) -> Table {
    let rows = pairs.iter().filter(|pair| {
        requesters.contains(&pair.requester.as_str()) && approvers.contains(&pair.approver.as_str())
    });
    table("approval-pairs-data", "Approvals by requester and approver")
        .column("Requester", 40)
        .column("Approver", 40)
        .number("Approvals", 20)
        .rows(rows.map(|pair| {
            vec![Text::body(&pair.requester), Text::body(&pair.approver), Text::body(count(pair.approvals))]
        }))
}
