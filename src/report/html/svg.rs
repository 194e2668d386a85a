//! A figure to inline SVG. Inks are classes, so that the page's theme colours them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::escape;
use crate::report::document::{Align, Figure, Ink, Shape};

/// Returns the `svg` element of `figure`.
pub(super) fn draw(figure: &Figure) -> String {
    let id = escape(&figure.id);
    let mut out = format!(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\n\
         <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n",
        unit(figure.width),
        unit(figure.height),
        escape(&figure.title),
        escape(&figure.description)
    );
    out.push_str(&patterns(figure, &id));
    for shape in &figure.shapes {
        out.push_str(&element(shape, &id));
        out.push('\n');
    }
    out.push_str("</svg>");
    out
}

/// Defines a hatching for each ink that is used hatched.
fn patterns(figure: &Figure, id: &str) -> String {
    let inks: BTreeSet<Ink> = figure
        .shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Rect { ink, hatched: true, .. } => Some(*ink),
            _ => None,
        })
        .collect();
    if inks.is_empty() {
        return String::new();
    }
    let mut out = String::from("<defs>\n");
    for ink in inks {
        let name = name(ink);
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "<pattern id=\"{id}-hatch-{name}\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
             <rect class=\"fill-{name} tint\" width=\"4\" height=\"4\"/><rect class=\"fill-{name}\" width=\"1.5\" height=\"4\"/></pattern>"
        );
    }
    out.push_str("</defs>\n");
    out
}

fn element(shape: &Shape, id: &str) -> String {
    match shape {
        Shape::Rect { x, y, w, h, ink, hatched, title } => {
            let fill = if *hatched {
                format!("fill=\"url(#{id}-hatch-{})\"", name(*ink))
            } else {
                format!("class=\"fill-{}\"", name(*ink))
            };
            let place = format!(
                "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
                unit(*x),
                unit(*y),
                unit(*w),
                unit(*h)
            );
            if title.is_empty() {
                format!("<rect {place} {fill}/>")
            } else {
                format!("<rect {place} {fill}><title>{}</title></rect>", escape(title))
            }
        }
        Shape::Line { x1, y1, x2, y2, ink, width } => format!(
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" class=\"stroke-{}\" stroke-width=\"{}\"/>",
            unit(*x1),
            unit(*y1),
            unit(*x2),
            unit(*y2),
            name(*ink),
            unit(*width)
        ),
        Shape::Label { x, y, size, ink, align, text } => {
            let anchor = match align {
                Align::Start => "start",
                Align::Middle => "middle",
                Align::End => "end",
            };
            format!(
                "<text x=\"{}\" y=\"{}\" font-size=\"{}\" text-anchor=\"{anchor}\" class=\"fill-{}\">{}</text>",
                unit(*x),
                unit(*y),
                unit(*size),
                name(*ink),
                escape(text)
            )
        }
    }
}

fn name(ink: Ink) -> &'static str {
    match ink {
        Ink::Text => "text",
        Ink::Muted => "muted",
        Ink::Faint => "faint",
        Ink::Paper => "paper",
        Ink::Good => "good",
        Ink::Caution => "caution",
        Ink::Bad => "bad",
        Ink::Unknown => "unknown",
        Ink::Accent => "accent",
        Ink::Black => "black",
        Ink::White => "white",
    }
}

/// Writes a length with at most two decimals.
fn unit(value: f32) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_two_decimals_at_most() {
        assert_eq!([0.0, 1.5, 2.0, 7.1251, -0.001, 460.0].map(unit), ["0", "1.5", "2", "7.13", "0", "460"]);
    }

    #[test]
    fn titles_cannot_leave_their_element() {
        assert_eq!(escape("</title>\"\u{202e}&'"), "&lt;/title&gt;&quot;‹U+202E›&amp;&#x27;");
    }
}
