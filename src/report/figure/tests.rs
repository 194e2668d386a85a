use super::*;
use crate::report::document::Figure;
use crate::report::fixture;

fn figures() -> Vec<Figure> {
    let report = fixture::report();
    let mut figures = vec![coverage::figure(&report), daily::figure(&report), waterfall::figure(&report)];
    figures.extend(
        [exceptions::figure(&report), latency::figure(&report), pairs::figure(&report)].map(Option::unwrap),
    );
    for framework in &report.frameworks {
        let controls: Vec<_> = report.controls.iter().filter(|c| c.id.starts_with(&framework.id)).collect();
        figures.push(matrix::figure(framework, &controls));
    }
    figures
}

#[test]
fn every_shape_lies_inside_its_figure() {
    for figure in figures() {
        for shape in &figure.shapes {
            let (left, top, right, bottom) = match shape {
                Shape::Rect { x, y, w, h, .. } => (*x, *y, x + w, y + h),
                Shape::Line { x1, y1, x2, y2, .. } => (x1.min(*x2), y1.min(*y2), x1.max(*x2), y1.max(*y2)),
                Shape::Label { x, y, size, align, text, .. } => {
                    let width = width_of(text, *size);
                    let left = match align {
                        Align::Start => *x,
                        Align::Middle => x - width / 2.0,
                        Align::End => x - width,
                    };
                    (left, y - size, left + width, *y)
                }
            };
            let inside =
                left >= -0.5 && top >= -0.5 && right <= figure.width + 0.5 && bottom <= figure.height + 0.5;
            assert!(inside, "{}: {shape:?} leaves {} × {}", figure.id, figure.width, figure.height);
        }
    }
}

#[test]
fn type_is_never_smaller_than_seven_points() {
    for figure in figures() {
        for shape in &figure.shapes {
            if let Shape::Label { size, text, .. } = shape {
                assert!(*size >= SMALL, "{}: {text} is {size} high", figure.id);
            }
        }
    }
}

#[test]
fn every_figure_fits_a_page_and_brings_its_data() {
    for figure in figures() {
        assert!(
            figure.width == WIDTH && figure.height > 40.0 && figure.height <= 940.0,
            "{} is {}",
            figure.id,
            figure.height
        );
        assert!(!figure.data.rows.is_empty() && !figure.description.is_empty(), "{}", figure.id);
    }
}

#[test]
fn many_sources_and_reasons_stay_on_one_page() {
    let mut report = fixture::report();
    report.sources = (0..90)
        .map(|i| crate::report::model::Source { id: format!("s{i}"), ..report.sources[0].clone() })
        .collect();
    report.waterfall[0].set_aside = (0..40).map(|i| (format!("reason {i}"), i + 1)).collect();
    let strip = coverage::figure(&report);
    let waterfall = waterfall::figure(&report);
    for figure in [&strip, &waterfall] {
        assert!(figure.height <= 940.0, "{} is {}", figure.id, figure.height);
        assert!(figure.shapes.iter().all(|s| !matches!(s, Shape::Label { y, .. } if *y > figure.height)));
    }
    assert!(strip.title.contains("64 of 90 sources drawn"), "{}", strip.title);
    assert_eq!(strip.data.rows.len(), 90);
    let labels: Vec<_> = waterfall
        .shapes
        .iter()
        .filter_map(|s| match s {
            Shape::Label { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    // The nine largest are 32 to 40; the other 31 reasons sum to 1 + 2 + … + 31.
    assert!(labels.contains(&"less: 31 further reasons") && labels.contains(&"−496"), "{labels:?}");
}

#[test]
fn a_single_day_can_be_drawn() {
    let mut report = fixture::report();
    report.days.truncate(1);
    for figure in [coverage::figure(&report), daily::figure(&report)] {
        assert!(
            figure
                .shapes
                .iter()
                .any(|s| matches!(s, Shape::Rect { title, .. } if title.contains("2026-07-01")))
        );
    }
}

#[test]
fn the_strip_has_a_tick_for_each_broken_day_and_nothing_where_no_record_is() {
    let report = fixture::report();
    let figure = coverage::figure(&report);
    let titled = |part: &str| {
        figure
            .shapes
            .iter()
            .filter(|s| matches!(s, Shape::Rect { title, .. } if title.contains(part)))
            .count()
    };
    assert_eq!(titled(": broken"), 1);
    assert_eq!(titled("gate-eu, 2026-07-01 to 2026-09-30: verified"), 1);
    assert_eq!(titled("hoop-prod"), 2, "the run is split by the two days without a record");
    assert_eq!(titled(": none"), 0);
}

#[test]
fn bars_of_a_day_sum_to_its_executions() {
    let report = fixture::report();
    let figure = daily::figure(&report);
    let scale: f32 = figure
        .shapes
        .iter()
        .filter_map(|s| match s {
            Shape::Rect { h, title, .. } if title.starts_with("2026-07-08") => Some(*h),
            _ => None,
        })
        .sum();
    let day = &report.days[7];
    let total = day.approved + day.automatic + day.break_glass + day.exceptions + day.other;
    let tallest = report
        .days
        .iter()
        .map(|d| d.approved + d.automatic + d.break_glass + d.exceptions + d.other)
        .max()
        .unwrap();
    assert!(tallest >= total);
    // 170 units stand for the ceiling of the axis, the next multiple of its step.
    let ceiling = tallest.div_ceil(10) * 10;
    assert!((scale - 170.0 * total as f32 / ceiling as f32).abs() < 0.1, "{scale} for {total} of {ceiling}");
}

#[test]
fn the_matrix_names_every_control() {
    let report = fixture::report();
    for framework in &report.frameworks {
        let controls: Vec<_> = report.controls.iter().filter(|c| c.id.starts_with(&framework.id)).collect();
        assert_eq!(controls.len(), framework.count);
        let figure = matrix::figure(framework, &controls);
        for control in controls {
            let id = control.id.split_once(':').unwrap().1;
            let found = figure.shapes.iter().any(|s| matches!(s, Shape::Label { text, .. } if text == id));
            assert!(found, "{id} is missing or cut");
        }
    }
}

#[test]
fn labels_that_are_too_wide_are_cut() {
    assert_eq!(fit("short", 10.0, 100.0), "short");
    let cut = fit("a rather long label for its room", 10.0, 60.0);
    assert!(cut.ends_with('…') && width_of(&cut, 10.0) <= 66.0, "{cut}");
}
