//! A case, moment by moment: who asked, who decided, and what ran, in lanes.

use super::{Area, SMALL, WIDTH, fit, hatched, label, line, rect};
use crate::clock::Moment;
use crate::duration::elapsed;
use crate::report::document::{Align, Block, Figure, Ink, Shape, Table};
use crate::report::model::{Case, CaseMoment};
use crate::report::view::text::second;

const LEFT: f32 = 92.0;
const LANE: f32 = 22.0;
const MARK: f32 = 9.0;
/// Distinct moments that have room beside each other; a longer case is told by its table alone.
const MAX_COLUMNS: usize = 6;
/// Rows of the table that still stand below the figure on paper.
const MAX_MOMENTS: usize = 12;

/// The lanes, from above; what ends an approval stands in the lane of decisions.
const LANES: [&str; 3] = ["request", "decision", "execution"];

/// Returns the lanes of `case`, with `data` as the table of its moments; the table alone where one moment or too many have
/// a time.
pub fn block(case: &Case, id: String, data: Table) -> Block {
    let mut times: Vec<Moment> = case.moments.iter().filter_map(|moment| moment.at).collect();
    times.sort_unstable();
    times.dedup();
    if !(2..=MAX_COLUMNS).contains(&times.len()) || case.moments.len() > MAX_MOMENTS {
        return Block::Table(data);
    }
    let axis = Axis { times };
    let bottom = LANE * LANES.len() as f32;
    let mut shapes: Vec<Shape> = case.moments.iter().filter_map(|moment| axis.validity(moment)).collect();
    for (lane, at) in LANES.iter().zip(0_u8..) {
        let y = LANE * f32::from(at) + LANE / 2.0;
        shapes.push(line(LEFT - 6.0, y, WIDTH, y, Ink::Faint));
        shapes.push(label(0.0, y + 3.5, SMALL, Ink::Muted, Align::Start, *lane));
    }
    shapes.extend(case.moments.iter().zip(0..).flat_map(|(moment, at)| axis.mark(case, moment, at)));
    shapes.extend(axis.labels(bottom));
    Block::Figure(Figure {
        id,
        title: format!("Order of {}", case.id),
        description:
            "Moments in order, not to scale; the time between them below. Hatched: until an approval ends."
                .to_owned(),
        width: WIDTH,
        height: bottom + 30.0,
        shapes,
        data,
        open: true,
    })
}

/// Distinct moments, each with a column of its own.
struct Axis {
    times: Vec<Moment>,
}

impl Axis {
    fn width(&self) -> f32 {
        (WIDTH - LEFT) / self.times.len() as f32
    }

    /// Returns the left end of the column of the first moment at or after `at`.
    fn x(&self, at: Moment) -> f32 {
        LEFT + self.width() * self.times.partition_point(|time| *time < at) as f32
    }

    /// Shades the time in which a decision is valid: to its end, or to the end of the figure where that is later.
    fn validity(&self, moment: &CaseMoment) -> Option<Shape> {
        let (from, until) = (self.x(moment.at?), moment.valid_to?);
        // Between two columns, an end stands just before the one that it excludes.
        let to = self.x(until) - if self.times.contains(&until) { 0.0 } else { 8.0 };
        let title = format!("valid until {}", second(until));
        let area = Area { x: from + MARK / 2.0, y: LANE * 1.5, w: to - from - MARK / 2.0, h: LANE };
        (area.w > 1.0).then(|| hatched(area, Ink::Faint, title))
    }

    fn mark(&self, case: &Case, moment: &CaseMoment, index: usize) -> Vec<Shape> {
        let Some(at) = moment.at else { return Vec::new() };
        let lane = lane(moment);
        let (x, y) = (self.x(at), LANE * f32::from(lane));
        let beside = |other: &&CaseMoment| other.at == moment.at && self::lane(other) == lane;
        // Several in one place stand behind each other; only the first has room for its name.
        let before = case.moments[..index].iter().filter(beside).count();
        let area = Area { x: x + 3.0 * before as f32, y: y + (LANE - MARK) / 2.0, w: MARK, h: MARK };
        let title = format!("{} {}: {}", second(at), moment.lane, moment.what);
        let mut shapes = vec![rect(area, ink(moment), title)];
        if before == 0 {
            let room = self.width() - MARK - 12.0;
            let text = fit(moment.person.as_deref().unwrap_or(&moment.who), SMALL, room);
            shapes.push(label(
                area.x + MARK + 4.0,
                y + LANE / 2.0 - 2.0,
                SMALL,
                Ink::Text,
                Align::Start,
                text,
            ));
        }
        shapes
    }

    /// Writes each moment below its column, and under it the time since the one before.
    fn labels(&self, bottom: f32) -> Vec<Shape> {
        let mut shapes = Vec::new();
        for (index, at) in self.times.iter().enumerate() {
            let x = LEFT + self.width() * index as f32;
            let time = second(*at);
            // The table has the year; what tells the moments apart is the day and the clock.
            let time = time.get(5..19).unwrap_or(&time);
            shapes.push(label(
                x,
                bottom + 12.0,
                SMALL,
                Ink::Muted,
                Align::Start,
                fit(time, SMALL, self.width()),
            ));
            if let Some(before) = index.checked_sub(1).map(|before| self.times[before]) {
                let text = format!("+ {}", elapsed(at.ms() - before.ms()));
                shapes.push(label(x, bottom + 25.0, SMALL, Ink::Text, Align::Start, text));
            }
        }
        shapes
    }
}

fn lane(moment: &CaseMoment) -> u8 {
    match moment.lane.as_str() {
        "request" => 0,
        "execution" => 2,
        _ => 1,
    }
}

fn ink(moment: &CaseMoment) -> Ink {
    match lane(moment) {
        0 => Ink::Unknown,
        1 => Ink::Accent,
        _ => Ink::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;
    use crate::report::view::build::table;

    fn drawn(case: &Case) -> Option<Figure> {
        match block(case, "case-x-figure".to_owned(), table("t", "t").rows([])) {
            Block::Figure(figure) => Some(figure),
            _ => None,
        }
    }

    fn at(text: &str) -> Option<Moment> {
        Some(text.parse().unwrap())
    }

    /// A case whose execution ran before the decision.
    fn early() -> Case {
        let mut case = fixture::report().cases[0].clone();
        for (moment, time) in case.moments.iter_mut().zip(["10:00:00", "10:10:00", "10:03:00"]) {
            moment.at = at(&format!("2026-07-08T{time}Z"));
        }
        case
    }

    fn title_of(shape: &Shape) -> Option<(&str, f32)> {
        match shape {
            Shape::Rect { title, x, .. } => Some((title, *x)),
            _ => None,
        }
    }

    #[test]
    fn what_ran_before_its_approval_stands_left_of_it() {
        let figure = drawn(&early()).unwrap();
        let x = |lane: &str| {
            let found = figure
                .shapes
                .iter()
                .filter_map(title_of)
                .find(|(title, _)| title.contains(&format!(" {lane}:")));
            found.unwrap().1
        };
        assert!(x("request") < x("execution") && x("execution") < x("decision"));
        let texts: Vec<_> = figure
            .shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Label { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        assert!(texts.contains(&"+ 3 min") && texts.contains(&"+ 7 min"), "{texts:?}");
    }

    #[test]
    fn an_end_before_the_execution_is_drawn_before_it() {
        let mut case = early();
        case.moments[1].at = at("2026-07-08T10:01:00Z");
        case.moments[1].valid_to = at("2026-07-08T10:02:00Z");
        let figure = drawn(&case).unwrap();
        let shaded = figure.shapes.iter().find_map(|shape| match shape {
            Shape::Rect { hatched: true, x, w, title, .. } => Some((x + w, title.as_str())),
            _ => None,
        });
        let ran = figure.shapes.iter().filter_map(title_of).find(|(title, _)| title.contains(" execution:"));
        let (end, title) = shaded.unwrap();
        assert!(end < ran.unwrap().1 && title == "valid until 2026-07-08 10:02:00");
    }

    #[test]
    fn a_case_of_one_moment_or_of_many_is_told_by_its_table() {
        let mut case = early();
        case.moments.truncate(1);
        assert!(drawn(&case).is_none());
        let mut case = early();
        case.moments = (0..20).map(|_| case.moments[0].clone()).chain(case.moments.clone()).collect();
        assert!(drawn(&case).is_none());
    }
}
