//! Time from request to a person's decision: a histogram with classes that grow, one for each kind of requester.

use super::{Area, SMALL, TYPE, WIDTH, label, line, rect};
use crate::duration::{elapsed, exact};
use crate::report::document::{Align, Figure, Ink, Shape, Table, Text};
use crate::report::model::{Latency, Report};
use crate::report::view::build::table;
use crate::report::view::text::count;

const LEFT: f32 = 92.0;
const HEIGHT: f32 = 74.0;
/// Kinds of requester there are: human, agent, service, and unknown.
const MAX_PANELS: usize = 4;

/// Returns one panel for each kind of requester, each to its own scale from zero; none without a decision.
pub fn figure(report: &Report) -> Option<Figure> {
    let panels: Vec<&Latency> = report.people.latencies.iter().take(MAX_PANELS).collect();
    if panels.is_empty() {
        return None;
    }
    let mut shapes = Vec::new();
    let mut y = 0.0;
    for panel in &panels {
        shapes.extend(bars(panel, y));
        y += HEIGHT + 40.0;
    }
    Some(Figure {
        id: "decision-latency".to_owned(),
        title: "Time from request to a person’s decision".to_owned(),
        description: "Bars from zero, one for each class of time, in a panel for each kind of requester. Each panel has its own \
            scale, and the classes grow towards the right. Bars of decisions under five seconds are marked in another colour; \
            their labels say so too."
            .to_owned(),
        width: WIDTH,
        height: y,
        shapes,
        data: data(&panels),
        open: false,
    })
}

fn bars(panel: &Latency, top: f32) -> Vec<Shape> {
    let total: u64 = panel.counts.iter().sum();
    let max = panel.counts.iter().max().copied().unwrap_or(0).max(1);
    let classes = classes();
    let width = (WIDTH - LEFT) / classes.len() as f32;
    let base = top + HEIGHT;
    let mut shapes = vec![label(0.0, top + 14.0, TYPE, Ink::Text, Align::Start, title(&panel.kind))];
    let notes = [Some(format!("{} decisions", count(total))), half(panel), most(panel)];
    for (note, at) in notes.into_iter().flatten().zip(0_u8..) {
        let y = top + 29.0 + 14.0 * f32::from(at);
        shapes.push(label(0.0, y, SMALL, Ink::Muted, Align::Start, note));
    }
    for ((class, n), at) in classes.iter().zip(&panel.counts).zip(0_u8..) {
        let x = LEFT + width * f32::from(at);
        let height = (HEIGHT - 14.0) * *n as f32 / max as f32;
        let ink = if at < 2 { Ink::Caution } else { Ink::Accent };
        if *n > 0 {
            let area = Area { x: x + 2.0, y: base - height, w: width - 4.0, h: height };
            shapes.push(rect(area, ink, format!("{class}: {}", count(*n))));
            let text = count(*n);
            shapes.push(label(x + width / 2.0, base - height - 3.0, SMALL, Ink::Text, Align::Middle, text));
        }
        shapes.push(label(x + width / 2.0, base + 13.0, SMALL, Ink::Muted, Align::Middle, class.as_str()));
    }
    shapes.push(line(LEFT, base, WIDTH, base, Ink::Muted));
    shapes
}

/// Returns what the classes are called, in their order.
pub(crate) fn classes() -> Vec<String> {
    let ends = Latency::CLASS_ENDS_MS.iter().map(|end| format!("< {}", exact(*end)));
    ends.chain(["longer".to_owned()]).collect()
}

fn half(panel: &Latency) -> Option<String> {
    panel.p50_ms.map(|ms| format!("50 %: {}", elapsed(ms)))
}

fn most(panel: &Latency) -> Option<String> {
    panel.p95_ms.map(|ms| format!("95 %: {}", elapsed(ms)))
}

/// Says who asked.
fn title(kind: &str) -> &'static str {
    match kind {
        "human" => "Asked by people",
        "agent" => "Asked by agents",
        "service" => "By services",
        _ => "Kind unknown",
    }
}

fn data(panels: &[&Latency]) -> Table {
    let mut builder = table("decision-latency-data", "Decisions by people, by time since the request")
        .column("Requester", 16);
    for class in classes() {
        builder = builder.number(&class, 8);
    }
    builder.rows(panels.iter().map(|panel| {
        let counts = panel.counts.iter().map(|n| Text::body(count(*n)));
        std::iter::once(Text::body(title(&panel.kind))).chain(counts).collect()
    }))
}
