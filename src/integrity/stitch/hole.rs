//! The spans of time in which records may be missing (contracts of the format: blast radius).
//!
//! A hole runs from the intact record before the damage to the intact record after it, because a record in between has a
//! time in between. That holds only where the log's times never fall; elsewhere the hole is the whole period.

use std::collections::BTreeMap;

use super::judge::Case;
use super::sweep::Seg;
use crate::clock::{Moment, Period};
use crate::integrity::verdict::{Break, BreakKind, Effect};
use crate::report::model::Hole;

pub(super) fn find(case: &Case<'_>) -> Vec<Hole> {
    let intact = case
        .portions
        .iter()
        .filter(|portion| portion.intact)
        .map(|portion| Span::of(case, portion.seg))
        .collect();
    let mut finder = Finder { case, intact, holes: BTreeMap::new() };
    finder.at_breaks();
    finder.between_ranges();
    finder.at_start();
    finder.at_end();
    finder.silences();
    finder.holes.into_values().collect()
}

/// An intact range, with bounds of the times of its first and last record.
struct Span {
    seg: Seg,
    object: usize,
    line: u64,
    last_line: u64,
    start: Moment,
    end: Moment,
}

impl Span {
    fn of(case: &Case<'_>, seg: Seg) -> Self {
        let piece = case.chain.piece(seg);
        let stretch = &piece.stretch;
        Self {
            seg,
            object: piece.object,
            line: piece.line_of(seg.from),
            last_line: piece.line_of(seg.to),
            // The time of a record inside a stretch is not known; the bound makes a hole longer, never shorter.
            start: if seg.from == stretch.first { stretch.first_time } else { stretch.latest },
            end: if seg.to == stretch.last { stretch.last_time } else { stretch.earliest },
        }
    }
}

struct Finder<'a> {
    case: &'a Case<'a>,
    intact: Vec<Span>,
    /// Keyed by span and kind, so that neighbouring damaged lines make one hole.
    holes: BTreeMap<(Period, BreakKind), Hole>,
}

impl Finder<'_> {
    fn push(&mut self, span: Period, found: &Break) {
        let hole = Hole::torn_by(found, self.case.input.source, span);
        self.holes.entry((span, found.kind)).or_insert(hole);
    }

    /// Adds a hole between two intact moments; an open side is the edge of what is tested.
    fn add(&mut self, from: Option<Moment>, to: Option<Moment>, found: &Break) {
        let input = self.case.input;
        let span = if self.case.times_fall {
            input.period
        } else {
            let from = from.unwrap_or(input.period.from);
            // A record that is missing may have the very time of the record after it.
            let to = to.map_or(input.as_of, |to| to.plus_ms(1));
            Period { from: from.min(to.plus_ms(-1)), to: to.max(from.plus_ms(1)) }
        };
        self.push(span, found);
    }

    fn whole_period(&mut self, found: &Break) {
        let input = self.case.input;
        let to = input.period.to.max(input.as_of);
        self.push(Period { from: input.period.from, to }, found);
    }

    /// Damaged lines, torn tails, unread objects, and forks, each where it stands in its object.
    fn at_breaks(&mut self) {
        for found in self.case.breaks.clone() {
            match found.kind {
                BreakKind::MissingObject | BreakKind::Empty | BreakKind::Rejected => {
                    self.whole_period(&found)
                }
                BreakKind::Fork => {
                    let (before, _) = self.neighbours(&found);
                    self.add(before, None, &found);
                }
                BreakKind::UnreadableObject | BreakKind::TruncatedObject if found.line == 0 => {
                    let lines =
                        self.case.chain.group.objects.iter().find(|object| object.name == found.object);
                    let behind = Break { line: lines.map_or(0, |object| object.lines) + 1, ..found.clone() };
                    self.between_neighbours(&behind, &found);
                }
                BreakKind::TornTail => self.between_neighbours(&found, &found),
                _ if self.is_damaged_line(&found) => self.between_neighbours(&found, &found),
                _ => {}
            }
        }
    }

    fn is_damaged_line(&self, found: &Break) -> bool {
        let objects = &self.case.chain.group.objects;
        self.case.findings.damage.iter().any(|(object, damage)| {
            (&objects[*object].name, damage.line, damage.kind) == (&found.object, found.line, found.kind)
        })
    }

    fn between_neighbours(&mut self, place: &Break, found: &Break) {
        if self.intact.iter().any(|span| self.object_name(span) == place.object) {
            let (before, after) = self.neighbours(place);
            self.add(before, after, found);
        } else {
            self.whole_period(found);
        }
    }

    fn object_name(&self, span: &Span) -> &str {
        &self.case.chain.group.objects[span.object].name
    }

    /// Returns the times of the intact records around a line: those of its object, else those next in sequence.
    fn neighbours(&self, place: &Break) -> (Option<Moment>, Option<Moment>) {
        let own = || self.intact.iter().filter(|span| self.object_name(span) == place.object);
        let before = own().filter(|span| span.last_line < place.line).max_by_key(|span| span.last_line);
        let after = own().filter(|span| span.line > place.line).min_by_key(|span| span.line);
        let before = before.or_else(|| {
            let after = after?;
            self.intact.iter().rev().find(|span| span.seg.to < after.seg.from)
        });
        let after = after.or_else(|| {
            let before = before?;
            self.intact.iter().find(|span| span.seg.from > before.seg.to)
        });
        (before.map(|span| span.end), after.map(|span| span.start))
    }

    /// Neighbours by sequence that are not shown to follow one another.
    fn between_ranges(&mut self) {
        for index in 1..self.intact.len() {
            let (before, after) = (&self.intact[index - 1], &self.intact[index]);
            let seam = self.case.chain.seam(before.seg, after.seg);
            let same_piece = before.seg.piece == after.seg.piece && seam.missing == 0;
            if same_piece || seam.holds() {
                continue;
            }
            let (from, to, object, line) =
                (before.end, after.start, self.object_name(after).to_owned(), after.line);
            let explained = self.holes.values().any(|hole| hole.span.from <= from && hole.span.to > to);
            if explained {
                continue;
            }
            let kind = if seam.missing > 0 { BreakKind::Gap } else { BreakKind::Altered };
            let found = self.case.breaks.iter().find(|found| {
                found.object == object && found.line == line && found.kind.effect(true) == Effect::Altered
            });
            let detail = match found {
                Some(found) => found.detail.clone(),
                None => format!("expected sequence {}, found {}", before.seg.to + 1, after.seg.from),
            };
            let kind = found.map_or(kind, |found| found.kind);
            self.add(Some(from), Some(to), &Break { object, line, offset: 0, seq: None, kind, detail });
        }
    }

    /// What came before the first intact record.
    fn at_start(&mut self) {
        let Some(first) = self.intact.first() else { return self.nothing_intact() };
        let first_kept = self.case.findings.kept.first().map(|seg| seg.from);
        let shown = self.case.ends.begins && first_kept == Some(first.seg.from);
        let wrong = [BreakKind::TruncatedHead, BreakKind::WrongGenesis, BreakKind::LateStart];
        let at_first = |found: &&Break| wrong.contains(&found.kind) && found.seq == Some(first.seg.from);
        let found = self.case.breaks.iter().find(at_first).cloned();
        if shown && found.is_none() {
            return;
        }
        let place = Break {
            object: self.object_name(first).to_owned(),
            line: first.line,
            offset: 0,
            seq: Some(first.seg.from),
            kind: BreakKind::LateStart,
            detail: "nothing shows the records before this one".to_owned(),
        };
        let to = first.start;
        self.add(None, Some(to), &found.unwrap_or(place));
    }

    /// What came after the last intact record.
    fn at_end(&mut self) {
        let Some(last) = self.intact.last() else { return };
        let end = last.end;
        let last_kept = self.case.findings.kept.last().map(|seg| seg.to);
        let beyond_head = self.case.input.heads.iter().filter(|head| head.log == self.case.chain.group.name);
        let cut = beyond_head.map(|head| head.seq).max().is_some_and(|seq| Some(seq) > last_kept);
        let found = self.case.breaks.iter().find(|found| found.kind == BreakKind::TruncatedTail);
        if let Some(found) = found.filter(|_| cut).cloned() {
            self.add(Some(end), None, &found);
        } else if last_kept != Some(last.seg.to) {
            let found = self.first_altered();
            self.add(Some(end), None, &found);
        }
    }

    /// No record is intact: nothing bounds where others may be missing.
    fn nothing_intact(&mut self) {
        let has_lines = self.case.chain.group.objects.iter().any(|object| object.lines > 0);
        if has_lines {
            let found = self.first_altered();
            self.whole_period(&found);
        }
    }

    fn first_altered(&self) -> Break {
        let worst =
            self.case.breaks.iter().min_by_key(|found| (found.kind.effect(true) != Effect::Altered, *found));
        worst.cloned().unwrap_or(Break {
            object: String::new(),
            line: 0,
            offset: 0,
            seq: None,
            kind: BreakKind::Rejected,
            detail: "no record is intact".to_owned(),
        })
    }

    /// Longer without a record than the source allows, edges included.
    fn silences(&mut self) {
        let Some(longest) = self.case.input.max_silence else { return };
        let mut last = Some(self.case.input.period.from);
        for &seg in &self.case.findings.kept {
            let piece = self.case.chain.piece(seg);
            self.silence(longest, last, piece.stretch.first_time, seg.piece, piece.stretch.line);
            for silence in &piece.stretch.silences {
                self.silence(longest, Some(silence.from), silence.to, seg.piece, silence.line);
            }
            last = Some(piece.stretch.last_time);
        }
        if let Some(&seg) = self.case.findings.kept.last().filter(|_| !self.case.ends.closed) {
            let end = self.case.input.as_of.min(self.case.input.period.to);
            self.silence(longest, last, end, seg.piece, self.case.chain.piece(seg).next_line() - 1);
        }
    }

    fn silence(&mut self, longest: i64, from: Option<Moment>, to: Moment, piece: usize, line: u64) {
        let Some(from) = from.filter(|from| from.plus_ms(longest) < to) else { return };
        let span = Period { from, to };
        let hours = |ms: i64| format!("{}.{} h", ms / 3_600_000, ms % 3_600_000 / 360_000);
        let detail =
            format!("{} without a record, {} is allowed", hours(to.ms() - from.ms()), hours(longest));
        let object = self.case.chain.group.objects[self.case.chain.group.pieces[piece].object].name.clone();
        let source = self.case.input.source.to_owned();
        let hole = Hole { source, span, kind: BreakKind::Silence, object, line, detail };
        self.holes.entry((span, BreakKind::Silence)).or_insert(hole);
    }
}
