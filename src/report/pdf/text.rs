//! Paragraphs to lines: fallback faces, direction, and line breaks.
//!
//! The base direction is always left to right. A name in Hebrew inside an English sentence, or alone in a cell, then
//! never turns the order of the words around it.

use std::{ops::Range, rc::Rc};

use unicode_bidi::{BidiInfo, Level};
use unicode_linebreak::linebreaks;

use super::{
    PdfError,
    fonts::{Face, FaceId},
    shape::{Shaped, Shaper},
    shown::{Shown, StandIn, is_mark, show},
};

/// Longest piece that is shaped at once, in bytes, so that text without any break costs linear time.
const MAX_PIECE: usize = 256;

/// Characters after which a word that fits no line is broken for choice.
const BREAK_AFTER: &[u8] = b"/_.:=@-,;&?#|+";

/// Text ready to be broken into lines at any width; lengths in `fonts::UNITS`.
#[derive(Debug)]
pub(super) struct Prepared {
    text: String,
    segments: Vec<Segment>,
}

/// What stays together on a line, with the spaces after it.
#[derive(Clone, Debug)]
struct Segment {
    pieces: Vec<Piece>,
    /// Width without the spaces at the end.
    width: i32,
    /// Width with them.
    full_width: i32,
}

/// Glyphs of one face and one direction.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Face.
    pub(super) face: FaceId,
    /// Glyphs.
    pub(super) shaped: Rc<Shaped>,
    /// Set where it stands for another character; the inner value is the character that copying gives back.
    pub(super) stand_in: Option<Option<char>>,
    range: Range<usize>,
    level: Level,
    space: bool,
}

/// A line, from left to right.
#[derive(Debug)]
pub(super) struct Line {
    /// Pieces in visual order.
    pub(super) pieces: Vec<Piece>,
    /// Width.
    pub(super) width: i32,
}

impl Prepared {
    /// Shapes `text`.
    pub(super) fn new(shaper: &mut Shaper<'_>, face: Face, text: &str) -> Result<Self, PdfError> {
        let Shown { text, stand_ins } = show(text, |c| shaper.face_of(face, c).is_some());
        let levels = levels(&text);
        let mut segments = Vec::new();
        let mut start = 0;
        for (end, _) in linebreaks(&text) {
            // A hyphen belongs to an identifier.
            if face == Face::Mono && end < text.len() && text[start..end].ends_with('-') {
                continue;
            }
            while start < end {
                let stop = floor_char(&text, end.min(start + MAX_PIECE));
                let stop = if face == Face::Mono { after_slash(&text, start, stop) } else { stop };
                let part = start..stop;
                segments.push(Segment::new(shaper, face, &text, part, &levels, &stand_ins)?);
                start = stop;
            }
        }
        Ok(Self { text, segments })
    }

    /// Returns the width of the widest part that is not broken for choice.
    pub(super) fn longest_segment(&self) -> i32 {
        self.segments.iter().map(|segment| segment.width).max().unwrap_or_default()
    }

    /// Returns the width on one line.
    pub(super) fn width(&self) -> i32 {
        let Some((last, rest)) = self.segments.split_last() else { return 0 };
        rest.iter().map(|segment| segment.full_width).sum::<i32>() + last.width
    }

    /// Breaks the text into lines no wider than `max`; stops soon after `most` lines.
    pub(super) fn lines(
        &self,
        shaper: &mut Shaper<'_>,
        max: i32,
        most: usize,
    ) -> Result<Vec<Line>, PdfError> {
        let mut lines = Vec::new();
        let mut pieces: Vec<Piece> = Vec::new();
        let mut used = 0;
        for segment in &self.segments {
            let mut rest = segment.clone();
            if lines.len() >= most {
                return Ok(lines);
            }
            loop {
                if used + rest.width <= max {
                    used += rest.full_width;
                    pieces.append(&mut rest.pieces);
                    break;
                }
                // A word that fits no line starts on this one only where a good part of the line is left.
                let room = max - used;
                let fits_a_line = rest.width <= max;
                if !pieces.is_empty() && (fits_a_line || room < max / 3) {
                    lines.push(Line::new(std::mem::take(&mut pieces)));
                    used = 0;
                    continue;
                }
                let (head, tail) = rest.split(shaper, &self.text, room)?;
                pieces.extend(head.pieces);
                let Some(tail) = tail else {
                    used += head.full_width;
                    break;
                };
                lines.push(Line::new(std::mem::take(&mut pieces)));
                used = 0;
                rest = tail;
            }
        }
        if !pieces.is_empty() || lines.is_empty() {
            lines.push(Line::new(pieces));
        }
        Ok(lines)
    }
}

impl Segment {
    fn new(
        shaper: &mut Shaper<'_>,
        face: Face,
        text: &str,
        part: Range<usize>,
        levels: &[Level],
        stand_ins: &[StandIn],
    ) -> Result<Self, PdfError> {
        let level = |at: usize| levels.get(at).copied().unwrap_or(Level::ltr());
        let words = text[part.clone()].trim_end_matches(' ').len() + part.start;
        let mut pieces: Vec<Piece> = Vec::new();
        let mut at = part.start;
        while at < part.end {
            let (end, id, stand_in, space) = if let Some(found) = stand_in_at(stand_ins, at) {
                (
                    found.range.end.min(part.end),
                    Face::Mono.chain()[0],
                    Some(found.original.filter(|_| found.range.start == at)),
                    false,
                )
            } else if at >= words {
                (part.end, face.chain()[0], None, true)
            } else {
                let (end, id) = run(shaper, face, &text[..words], at, levels, stand_ins);
                (end, id, None, false)
            };
            let shaped = shaper.shape(id, level(at).is_rtl(), &text[at..end])?;
            pieces.push(Piece { face: id, shaped, stand_in, range: at..end, level: level(at), space });
            at = end;
        }
        Ok(Self::of(pieces))
    }

    fn of(pieces: Vec<Piece>) -> Self {
        let full_width = pieces.iter().map(|piece| piece.shaped.width).sum();
        let spaces: i32 =
            pieces.iter().rev().take_while(|piece| piece.space).map(|piece| piece.shaped.width).sum();
        Self { pieces, width: full_width - spaces, full_width }
    }

    /// Splits it so that the first part is no wider than `max`, or as short as it can be.
    fn split(self, shaper: &mut Shaper<'_>, text: &str, max: i32) -> Result<(Self, Option<Self>), PdfError> {
        let mut head = Vec::new();
        let mut tail = Vec::new();
        let mut room = max;
        for piece in self.pieces {
            if !tail.is_empty() {
                tail.push(piece);
                continue;
            }
            if piece.space || piece.shaped.width <= room || (head.is_empty() && piece.stand_in.is_some()) {
                room -= piece.shaped.width;
                head.push(piece);
                continue;
            }
            match piece.split_point(text, room, head.is_empty()) {
                Some(point) => {
                    let (start, end) = (piece.range.start, piece.range.end);
                    head.push(piece.part(shaper, text, start..point)?);
                    tail.push(piece.part(shaper, text, point..end)?);
                }
                None if head.is_empty() => head.push(piece),
                None => tail.push(piece),
            }
        }
        let tail = (!tail.is_empty()).then(|| Self::of(tail));
        Ok((Self::of(head), tail))
    }
}

impl Piece {
    /// Returns the byte before which it is broken to be no wider than `max`.
    fn split_point(&self, text: &str, max: i32, must: bool) -> Option<usize> {
        if self.stand_in.is_some() {
            return None;
        }
        let mut clusters: Vec<(usize, i32)> = self
            .shaped
            .glyphs
            .iter()
            .map(|glyph| (self.range.start + glyph.cluster, glyph.advance))
            .collect();
        clusters.sort_by_key(|(at, _)| *at);
        let mut width = 0;
        let mut points = Vec::new();
        for (at, advance) in clusters {
            let mark = text[at..].chars().next().is_some_and(is_mark);
            if at > self.range.start && !mark && points.last() != Some(&at) {
                if width > max && !(must && points.is_empty()) {
                    break;
                }
                points.push(at);
            }
            width += advance;
        }
        let last = *points.last()?;
        let whole = &text.as_bytes()[self.range.clone()];
        if whole.len() >= 32 && whole.iter().all(u8::is_ascii_hexdigit) {
            let digits = last - self.range.start;
            return Some(if digits > 8 { last - digits % 8 } else { last });
        }
        let choice = points
            .iter()
            .rev()
            .take(points.len() / 2)
            .find(|at| BREAK_AFTER.contains(&text.as_bytes()[**at - 1]));
        Some(choice.copied().unwrap_or(last))
    }

    fn part(&self, shaper: &mut Shaper<'_>, text: &str, range: Range<usize>) -> Result<Self, PdfError> {
        let shaped = shaper.shape(self.face, self.level.is_rtl(), &text[range.clone()])?;
        Ok(Self { shaped, range, ..self.clone() })
    }
}

impl Line {
    /// Puts the pieces of a line in visual order (Unicode Standard Annex 9, L1 and L2), without the spaces at its end.
    fn new(mut pieces: Vec<Piece>) -> Self {
        while pieces.last().is_some_and(|piece| piece.space) {
            pieces.pop();
        }
        let highest = pieces.iter().map(|piece| piece.level).max().unwrap_or(Level::ltr());
        for level in (1..=highest.number()).rev() {
            let mut from = 0;
            while from < pieces.len() {
                let run = pieces[from..].iter().take_while(|piece| piece.level.number() >= level).count();
                pieces[from..from + run].reverse();
                from += run.max(1);
            }
        }
        let width = pieces.iter().map(|piece| piece.shaped.width).sum();
        Self { pieces, width }
    }

    /// Adds another line at its right end.
    pub(super) fn append(&mut self, other: Self) {
        self.pieces.extend(other.pieces);
        self.width += other.width;
    }
}

/// Returns the level of each byte; empty where all of the text runs left to right.
fn levels(text: &str) -> Vec<Level> {
    if text.is_ascii() {
        return Vec::new();
    }
    let info = BidiInfo::new(text, Some(Level::ltr()));
    if info.has_rtl() { info.levels } else { Vec::new() }
}

fn stand_in_at(stand_ins: &[StandIn], at: usize) -> Option<&StandIn> {
    let found = stand_ins.partition_point(|stand_in| stand_in.range.end <= at);
    stand_ins.get(found).filter(|stand_in| stand_in.range.start <= at)
}

/// Returns the end and the face of the run that starts at `at`: one face, one level, no stand-in.
fn run(
    shaper: &Shaper<'_>,
    face: Face,
    text: &str,
    at: usize,
    levels: &[Level],
    stand_ins: &[StandIn],
) -> (usize, FaceId) {
    let next = stand_ins.get(stand_ins.partition_point(|stand_in| stand_in.range.start < at));
    let end = next.map_or(text.len(), |stand_in| stand_in.range.start.min(text.len()));
    let first = face.chain()[0];
    let mut id = None;
    for (offset, c) in text[at..end].char_indices() {
        let known = id.unwrap_or(first);
        let wanted = if c.is_ascii() && known == first {
            first
        } else if id.is_some() && is_mark(c) && shaper.faces()[known].holds(c) {
            known
        } else {
            shaper.face_of(face, c).unwrap_or(first)
        };
        if levels.get(at + offset) != levels.get(at) || *id.get_or_insert(wanted) != wanted {
            return (at + offset, known);
        }
    }
    (end, id.unwrap_or(first))
}

/// Returns the end of the first part of a path, also where a digit follows, which the Unicode rules keep with it.
fn after_slash(text: &str, start: usize, end: usize) -> usize {
    let part = &text.as_bytes()[start..end];
    let slash = part.windows(2).position(|pair| pair[0] == b'/' && pair[1].is_ascii_alphanumeric());
    slash.map_or(end, |at| start + at + 1)
}

/// Returns the last character boundary at or before `at`.
fn floor_char(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
