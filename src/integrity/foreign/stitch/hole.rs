//! The spans of time in which records of a foreign log may be missing (contracts of the format: blast radius).
//!
//! As in our own format, a hole runs from the intact record before the damage to the intact record after it, where times never
//! fall. Damage to a chain is bounded by the times of that chain, damage that no chain claims by those of the file.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::Chain;
use super::cover::Covered;
use super::judge::Case;
use super::layout::Damage;
use crate::clock::{Moment, Period};
use crate::integrity::foreign::scan::Clock;
use crate::integrity::verdict::{Break, BreakKind, Effect};
use crate::report::model::Hole;

pub(super) fn find<'a>(case: &'a Case<'a>) -> Vec<Hole> {
    let layout = case.layout();
    let name = |damage: &'a Damage| layout.objects[damage.object].name.as_str();
    let mut finder = Finder {
        case,
        damaged: layout.damage.iter().map(|damage| (name(damage), damage.record.offset)).collect(),
        truncated: case.breaks.iter().filter(|found| found.kind == BreakKind::TruncatedHead).collect(),
        times_fall: layout.objects.iter().any(|object| object.clock.first_fall.is_some()),
        holes: BTreeMap::new(),
    };
    finder.objects();
    finder.damaged();
    for index in 0..case.judged.chains.len() {
        finder.chain(index);
    }
    finder.rest();
    finder.holes.into_values().collect()
}

struct Finder<'a> {
    case: &'a Case<'a>,
    /// Places of the damaged records.
    damaged: BTreeSet<(&'a str, u64)>,
    /// First records that do not go on from a brought head.
    truncated: Vec<&'a Break>,
    /// True where some record of an object is earlier than the one before it.
    times_fall: bool,
    /// Keyed by span and kind, so that neighbouring damaged records make one hole.
    holes: BTreeMap<(Period, BreakKind), Hole>,
}

impl Finder<'_> {
    fn push(&mut self, span: Period, found: &Break) {
        let hole = Hole::torn_by(found, self.case.input.source, span);
        self.holes.entry((span, found.kind)).or_insert(hole);
    }

    fn whole_period(&mut self, found: &Break) {
        let input = self.case.input;
        let to = input.period.to.max(input.as_of);
        self.push(Period { from: input.period.from, to }, found);
    }

    /// Adds a hole between two intact moments; an open side is the edge of what is tested.
    fn between(&mut self, from: Option<Moment>, to: Option<Moment>, found: &Break) {
        let input = self.case.input;
        let from = from.unwrap_or(input.period.from);
        // A record that is missing may have the very time of the record after it.
        let to = to.map_or(input.as_of, |to| to.plus_ms(1));
        self.push(Period { from: from.min(to.plus_ms(-1)), to: to.max(from.plus_ms(1)) }, found);
    }

    /// Objects that are missing, empty, or not read to their end.
    fn objects(&mut self) {
        for found in self.case.breaks.clone() {
            match found.kind {
                BreakKind::MissingObject | BreakKind::Empty | BreakKind::Rejected if found.line == 0 => {
                    self.whole_period(&found);
                }
                BreakKind::UnreadableObject | BreakKind::TruncatedObject | BreakKind::Oversize
                    if found.line == 0 =>
                {
                    self.behind(&found);
                }
                BreakKind::TornTail => self.behind(&found),
                _ => {}
            }
        }
    }

    /// What lay behind the last record of an object that was read.
    fn behind(&mut self, found: &Break) {
        let objects = &self.case.layout().objects;
        let Some(index) = objects.iter().position(|object| object.name == found.object) else {
            return self.whole_period(found);
        };
        let clock = &objects[index].clock;
        match clock.last.filter(|_| !self.times_fall) {
            // Objects may lie in any order, so the next one says nothing of where this one ends.
            Some(last) => self.between(Some(last), None, found),
            None => self.whole_period(found),
        }
    }

    /// Damaged records, between their neighbours in the file.
    fn damaged(&mut self) {
        let layout = self.case.layout();
        for damage in &layout.damage {
            let record = &damage.record;
            let (kind, detail) = &record.faults[0];
            let found = Break {
                object: layout.objects[damage.object].name.clone(),
                line: record.line,
                offset: record.offset,
                seq: None,
                kind: *kind,
                detail: detail.clone(),
            };
            if self.times_fall {
                self.whole_period(&found);
                continue;
            }
            let (before, after) = self.neighbours(damage);
            match (before, after) {
                (None, None) => self.whole_period(&found),
                (before, after) => self.between(before, after, &found),
            }
        }
    }

    /// Returns the times of the intact records around a damaged one, across the cuts between segments.
    fn neighbours(&self, damage: &Damage) -> (Option<Moment>, Option<Moment>) {
        let layout = self.case.layout();
        let record = &damage.record;
        let own = layout.runs.iter().enumerate().filter(|(_, run)| run.object == damage.object);
        let at = own.clone().rev().find(|(_, run)| run.base < record.line).map(|(index, _)| index);
        let mut before = record.before;
        let mut after = record.after;
        for (index, run) in own {
            let clock: &Clock = &run.summary.clock;
            if Some(index) < at && record.before.is_none() {
                before = clock.last.or(before);
            }
            if Some(index) > at && after.is_none() {
                after = clock.first;
            }
        }
        (before, after)
    }

    fn chain(&mut self, index: usize) {
        let judged = self.case.judged;
        let chain = &judged.chains[index];
        if chain.kept().is_empty() {
            return;
        }
        if chain.is_loose() {
            return;
        }
        let rising = rises(chain);
        self.seams(chain, rising);
        if !self.case.joined.contains(&index) {
            self.start(chain, rising);
        }
        self.end(chain, rising);
        self.weak(index, rising);
    }

    /// Adds a hole in a chain; without times that rise along it, the hole is the whole period.
    fn in_chain(&mut self, rising: bool, from: Option<Moment>, to: Option<Moment>, found: &Break) {
        if rising { self.between(from, to, found) } else { self.whole_period(found) }
    }

    /// Neighbours that are not shown to follow one another.
    fn seams(&mut self, chain: &Chain<'_>, rising: bool) {
        let kept = chain.kept();
        let objects = &self.case.layout().objects;
        let mut at: BTreeMap<(&str, u64), Vec<&Break>> = BTreeMap::new();
        for found in chain.breaks.iter().filter(|found| found.kind.effect(true) == Effect::Altered) {
            at.entry((&found.object, found.offset)).or_default().push(found);
        }
        for (index, holds) in chain.seams.iter().enumerate() {
            if *holds {
                continue;
            }
            let (before, after) = (kept[index], kept[index + 1]);
            let (a, b) = (chain.piece(before), chain.piece(after));
            let whole_before = before.to - chain.ordered.at[before.piece] + 1 == a.records;
            let whole_after = after.from == chain.ordered.at[after.piece];
            // The time of a record inside a piece is not known; the bound makes a hole longer, never shorter.
            let from = if whole_before { a.clock.last } else { a.clock.earliest };
            let to = if whole_after { b.clock.first } else { b.clock.latest };
            let here = at.get(&(objects[b.object].name.as_str(), b.first.offset)).into_iter().flatten();
            let there = at.get(&(objects[a.object].name.as_str(), a.last.offset)).into_iter().flatten();
            let there = there.filter(|found| found.kind == BreakKind::Altered);
            let found = here.chain(there).next().map(|found| (*found).clone()).unwrap_or(Break {
                object: objects[b.object].name.clone(),
                line: b.first.line,
                offset: b.first.offset,
                seq: b.first.seq,
                kind: BreakKind::Gap,
                detail: "it is not shown to follow the record before it".to_owned(),
            });
            self.in_chain(rising, from, to, &found);
        }
        for found in &chain.breaks {
            if found.kind == BreakKind::Fork {
                let from = chain.kept().first().and_then(|seg| chain.piece(*seg).clock.first);
                self.in_chain(rising, from, None, found);
            }
        }
    }

    /// What came before the first record.
    fn start(&mut self, chain: &Chain<'_>, rising: bool) {
        let Some(&first) = chain.kept().first() else { return };
        if chain.begins {
            return;
        }
        let piece = chain.piece(first);
        let wrong = [BreakKind::TruncatedHead, BreakKind::WrongGenesis, BreakKind::LateStart];
        let object = &self.case.layout().objects[piece.object].name;
        let at_first = |found: &&Break| {
            wrong.contains(&found.kind) && found.offset == piece.first.offset && found.object == *object
        };
        let known = self.truncated.iter().copied().chain(&chain.breaks).find(at_first).cloned();
        let found = known.unwrap_or(Break {
            object: object.clone(),
            line: piece.first.line,
            offset: piece.first.offset,
            seq: piece.first.seq,
            kind: BreakKind::LateStart,
            detail: "nothing shows the records before this one".to_owned(),
        });
        self.in_chain(rising, None, piece.clock.first, &found);
    }

    /// What a record of the chain, or of another, says is missing at the end.
    fn end(&mut self, chain: &Chain<'_>, rising: bool) {
        let cut = chain.breaks.iter().find(|found| found.kind == BreakKind::TruncatedTail);
        if let Some(found) = cut.cloned() {
            let last = chain.kept().last().and_then(|seg| chain.piece(*seg).clock.last);
            self.in_chain(rising, last, None, &found);
        }
    }

    /// Records that nothing but a broken chain holds.
    fn weak(&mut self, index: usize, rising: bool) {
        let judged = self.case.judged;
        if !self.case.tally.weak.contains_key(&index) {
            return;
        }
        let (chain, cover) = (&judged.chains[index], &judged.covers[index]);
        let altered = |found: &&Break| found.kind.effect(true) == Effect::Altered;
        let Some(found) =
            chain.breaks.iter().find(altered).or(self.case.breaks.iter().find(altered)).cloned()
        else {
            return;
        };
        let kept = chain.kept();
        for (at, covered) in cover.covered.iter().enumerate() {
            let before = at.checked_sub(1).map(|at| chain.piece(kept[at]).clock.last);
            let from = match covered {
                Covered::Whole => continue,
                Covered::Until(time) => *time,
                Covered::Not => before.filter(|_| cover.covered[at - 1] == Covered::Whole).flatten(),
            };
            let to = kept
                .get(at + 1)
                .filter(|_| cover.covered[at + 1] != Covered::Not)
                .and_then(|next| chain.piece(*next).clock.first);
            self.in_chain(rising, from, to, &found);
        }
    }

    /// Brought heads whose line is not there, and whatever else touches no chain.
    fn rest(&mut self) {
        let case = self.case;
        let of_chains: BTreeSet<&Break> = case.judged.chains.iter().flat_map(|chain| &chain.breaks).collect();
        for found in &case.breaks {
            match found.kind {
                BreakKind::TruncatedTail if !of_chains.contains(found) => match case.sole_chain() {
                    Some(chain) => {
                        let last = chain.kept().last().and_then(|seg| chain.piece(*seg).clock.last);
                        self.in_chain(rises(chain), last, None, found);
                    }
                    None => self.whole_period(found),
                },
                // A head of another record at that place: whoever wrote it down saw another log.
                BreakKind::Fork if !of_chains.contains(found) => self.whole_period(found),
                // Where the chain begins anew, nothing bounds what is gone.
                BreakKind::TruncatedHead if !self.has_hole(found) => self.whole_period(found),
                BreakKind::BadSignature
                    if found.line > 0 && !self.damaged.contains(&(found.object.as_str(), found.offset)) =>
                {
                    self.whole_period(found);
                }
                _ => {}
            }
        }
    }
}

impl Finder<'_> {
    fn has_hole(&self, found: &Break) -> bool {
        let of =
            |hole: &Hole| (&hole.object, hole.line, hole.kind) == (&found.object, found.line, found.kind);
        self.holes.values().any(of)
    }
}

/// Tells whether every record of a chain has a time that is not before that of the record before it.
fn rises(chain: &Chain<'_>) -> bool {
    let falls = chain.kept().windows(2).any(|pair| {
        let (a, b) = (&chain.piece(pair[0]).clock, &chain.piece(pair[1]).clock);
        a.last > b.first
    });
    let timed = chain.kept().iter().all(|seg| {
        let piece = chain.piece(*seg);
        piece.timed && piece.clock.first_fall.is_none()
    });
    timed && !falls
}
