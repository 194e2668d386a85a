//! What lies between two neighbours by sequence number: a link, a gap, or damaged lines.

use std::collections::BTreeSet;

use super::layout::{Damage, Piece};
use super::sweep::{Chain, Overlap, Seg, Sweep};
use crate::digest::Digest;
use crate::integrity::keyring::{Keyring, Standing};
use crate::integrity::verdict::{Break, BreakKind};

/// What lies between the end of one kept range and the start of the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seam {
    /// Sequence numbers that stand in neither.
    pub(super) missing: u64,
    /// Whether the later record names the earlier line; `None` where records are missing, or no link was to be had.
    pub(super) linked: Option<bool>,
}

impl Seam {
    /// Tells whether the two ranges are shown to follow one another.
    pub(super) fn holds(self) -> bool {
        self.missing == 0 && self.linked == Some(true)
    }
}

/// Breaks found so far, and the damaged lines with the kind that their surroundings give them.
pub(super) struct Findings {
    pub(super) breaks: BTreeSet<Break>,
    /// Kept ranges over all objects, in order of sequence.
    pub(super) kept: Vec<Seg>,
    /// Ranges set aside because they repeat a kept one, and why.
    pub(super) dropped: Vec<(Seg, BreakKind)>,
    /// Ranges set aside because they contradict a kept one.
    pub(super) forked: Vec<(Seg, BreakKind)>,
    /// Damaged lines, as (object, damage with its final kind).
    pub(super) damage: Vec<(usize, Damage)>,
}

/// Looks at everything between the first and the last record.
pub(super) fn examine(chain: &Chain<'_>, keyring: &Keyring, heads: &[(u64, Digest)]) -> Findings {
    let mut findings = Findings {
        breaks: BTreeSet::new(),
        kept: Vec::new(),
        dropped: Vec::new(),
        forked: Vec::new(),
        damage: Vec::new(),
    };
    let mut examiner = Examiner { chain, keyring, findings: &mut findings };
    let mut all = Vec::new();
    for object in 0..chain.group.objects.len() {
        let sweep = examiner.within(object);
        examiner.seams(&sweep.kept, true);
        all.extend(sweep.kept);
    }
    let sweep = chain.sweep(all);
    examiner.overlaps(&sweep, BreakKind::ReExport);
    examiner.seams(&sweep.kept, false);
    examiner.damage(&sweep.kept, heads);
    findings.kept = sweep.kept;
    findings
}

impl Chain<'_> {
    pub(super) fn seam(&self, before: Seg, after: Seg) -> Seam {
        let missing = after.from - before.to - 1;
        let linked = (missing == 0)
            .then(|| Some(self.prev(after.piece, after.from)? == self.digest(before.piece, before.to)?))
            .flatten();
        Seam { missing, linked }
    }

    /// Builds a break at record `seq` of piece `index`.
    pub(super) fn break_at(&self, index: usize, seq: u64, kind: BreakKind, detail: String) -> Break {
        let piece = &self.group.pieces[index];
        Break {
            object: self.group.objects[piece.object].name.clone(),
            line: piece.line_of(seq),
            offset: self.offset(index, seq),
            seq: Some(seq),
            kind,
            detail,
        }
    }

    /// Counts the damaged lines behind the last record of a range.
    pub(super) fn damaged_after(&self, seg: Seg) -> u64 {
        self.damage_after(seg.piece).map(|(_, _, lines)| lines).sum()
    }

    /// Counts the damaged lines before the first record of a range.
    pub(super) fn damaged_before(&self, seg: Seg) -> u64 {
        self.damage_before(seg.piece).map(|(_, _, lines)| lines).sum()
    }

    /// Returns the damaged lines between `piece` and the next piece of its object.
    fn damage_after(&self, index: usize) -> impl Iterator<Item = (usize, u64, u64)> {
        let piece = &self.group.pieces[index];
        let next = self.group.pieces.get(index + 1).filter(|next| next.object == piece.object);
        self.damage_between(piece.object, piece.next_line(), next.map_or(u64::MAX, |next| next.stretch.line))
    }

    /// Returns the damaged lines between the piece before `piece` in its object, and it.
    fn damage_before(&self, index: usize) -> impl Iterator<Item = (usize, u64, u64)> {
        let piece = &self.group.pieces[index];
        let last =
            index.checked_sub(1).map(|at| &self.group.pieces[at]).filter(|last| last.object == piece.object);
        self.damage_between(piece.object, last.map_or(0, Piece::next_line), piece.stretch.line)
    }

    /// Returns damaged lines of `object` from line `from` to before line `to`, as (object, line, number of lines).
    fn damage_between(&self, object: usize, from: u64, to: u64) -> impl Iterator<Item = (usize, u64, u64)> {
        let damage = self.group.objects[object].damage.iter();
        damage
            .filter(move |damage| (from..to).contains(&damage.line))
            .map(move |damage| (object, damage.line, damage.lines))
    }

    /// Counts the damaged lines that lie between two ranges and can be what is missing there.
    fn damaged_lines_between(&self, before: Seg, after: Seg) -> u64 {
        let mut between = BTreeSet::new();
        if before.to == self.piece(before).last() {
            between.extend(self.damage_after(before.piece));
        }
        if after.from == self.piece(after).first() {
            between.extend(self.damage_before(after.piece));
        }
        between.iter().map(|(_, _, lines)| lines).sum()
    }
}

struct Examiner<'a> {
    chain: &'a Chain<'a>,
    keyring: &'a Keyring,
    findings: &'a mut Findings,
}

impl Examiner<'_> {
    fn note(&mut self, index: usize, seq: u64, kind: BreakKind, detail: String) {
        let found = self.chain.break_at(index, seq, kind, detail);
        let known =
            self.findings.breaks.iter().any(|known| {
                (&known.object, known.line, known.kind) == (&found.object, found.line, found.kind)
            });
        if !known {
            self.findings.breaks.insert(found);
        }
    }

    /// Looks at one object alone: repeated and reordered records.
    fn within(&mut self, object: usize) -> Sweep {
        let pieces = &self.chain.group.pieces;
        let first = pieces.partition_point(|piece| piece.object < object);
        let own = pieces[first..].iter().take_while(|piece| piece.object == object).enumerate();
        let whole =
            own.map(|(index, piece)| Seg { piece: first + index, from: piece.first(), to: piece.last() });
        let sweep = self.chain.sweep(whole.collect());
        self.overlaps(&sweep, BreakKind::Duplicate);
        let mut in_file_order = sweep.kept.clone();
        in_file_order.sort_by_key(|seg| (seg.piece, seg.from));
        let mut greatest = None;
        for seg in in_file_order {
            if let Some(greatest) = greatest.filter(|greatest| seg.from < *greatest) {
                let detail = format!("sequence {} stands after {greatest}", seg.from);
                self.note(seg.piece, seg.from, BreakKind::Reordered, detail);
            }
            greatest = greatest.max(Some(seg.to));
        }
        sweep
    }

    fn overlaps(&mut self, sweep: &Sweep, repeated: BreakKind) {
        for &(seg, kept, overlap) in &sweep.overlaps {
            let place = self.chain.group.pieces[kept].line_of(seg.from);
            let object = &self.chain.group.objects[self.chain.group.pieces[kept].object].name;
            let numbers = if seg.from == seg.to {
                format!("sequence {}", seg.from)
            } else {
                format!("sequence {} to {}", seg.from, seg.to)
            };
            match overlap {
                Overlap::Same => {
                    let detail = format!("{numbers} stands at {object}:{place} already, byte for byte");
                    self.note(seg.piece, seg.from, repeated, detail);
                    self.findings.dropped.push((seg, repeated));
                }
                Overlap::Fork(first) => {
                    let there = self.chain.group.pieces[kept].line_of(first);
                    let detail =
                        format!("sequence {first} stands at {object}:{there} already, with other bytes");
                    self.note(seg.piece, first, BreakKind::Fork, detail);
                    self.findings.forked.push((seg, BreakKind::Fork));
                }
                Overlap::Unknown => {
                    let detail =
                        format!("{numbers} stands at {object}:{place} too, and the two cannot be compared");
                    self.note(seg.piece, seg.from, BreakKind::UnreadableObject, detail);
                    self.findings.forked.push((seg, BreakKind::UnreadableObject));
                }
            }
        }
    }

    /// Looks at neighbours by sequence: within one object, or those that lie in two.
    fn seams(&mut self, kept: &[Seg], within_object: bool) {
        let broken: Vec<bool> =
            kept.windows(2).map(|pair| self.chain.seam(pair[0], pair[1]).linked == Some(false)).collect();
        for (at, pair) in kept.windows(2).enumerate() {
            let (before, after) = (pair[0], pair[1]);
            let same_object = self.chain.piece(before).object == self.chain.piece(after).object;
            if same_object != within_object {
                continue;
            }
            let seam = self.chain.seam(before, after);
            if seam.missing > 0 {
                self.gap(before, after, seam.missing);
            } else if broken[at] && !self.goes_on_from_fork(before, after) {
                let both_sides = after.records() == 1 && broken.get(at + 1) == Some(&true);
                self.mismatch(before, after, both_sides);
            }
        }
    }

    /// Tells whether `after` is the rest of a range that contradicts what was kept up to `before`.
    fn goes_on_from_fork(&self, before: Seg, after: Seg) -> bool {
        self.findings.forked.iter().any(|(seg, _)| seg.piece == after.piece && seg.to == before.to)
    }

    fn gap(&mut self, before: Seg, after: Seg, missing: u64) {
        let damaged = self.chain.damaged_lines_between(before, after);
        let unexplained = missing.saturating_sub(damaged);
        if unexplained == 0 {
            return;
        }
        let are =
            if unexplained == 1 { "1 record is".to_owned() } else { format!("{unexplained} records are") };
        let detail = format!("expected sequence {}, found {}: {are} missing", before.to + 1, after.from);
        self.note(after.piece, after.from, BreakKind::Gap, detail);
    }

    /// Two neighbours by number, of which the later names another line than the earlier.
    fn mismatch(&mut self, before: Seg, after: Seg, both_sides: bool) {
        let at_edge = |seg: Seg, first: bool| {
            let piece = self.chain.piece(seg);
            let key = if first { piece.stretch.first_key } else { piece.stretch.last_key };
            let checked = piece.stretch.signers.get(&key).is_some_and(|signer| signer.checked);
            checked && self.keyring.judge_log(key, &piece.stretch.log, piece.judged_at) != Standing::Revoked
        };
        let (earlier_signed, later_signed) = (at_edge(before, false), at_edge(after, true));
        let named =
            self.chain.prev(after.piece, after.from).map(|digest| digest.to_string()).unwrap_or_default();
        let found =
            self.chain.digest(before.piece, before.to).map(|digest| digest.to_string()).unwrap_or_default();
        if earlier_signed && later_signed {
            let detail =
                format!("it names `{named}` as the line before, found `{found}`; both lines are signed");
            self.note(after.piece, after.from, BreakKind::Fork, detail);
        } else if earlier_signed || (both_sides && !later_signed) {
            let detail = format!("it names `{named}` as the line before, found `{found}`");
            self.note(after.piece, after.from, BreakKind::Altered, detail);
        } else if !self.blamed(before) {
            let detail = format!("its digest is `{found}`, the next record names `{named}`");
            self.note(before.piece, before.to, BreakKind::Altered, detail);
        }
    }

    /// Tells whether a range of one record was found to be altered already.
    fn blamed(&self, seg: Seg) -> bool {
        let piece = self.chain.piece(seg);
        let object = &self.chain.group.objects[piece.object].name;
        let line = piece.line_of(seg.to);
        let same =
            |known: &Break| known.object == *object && known.line == line && known.kind == BreakKind::Altered;
        seg.records() == 1 && self.findings.breaks.iter().any(same)
    }

    /// Gives each damaged line its final kind, by what the next record says of it.
    fn damage(&mut self, kept: &[Seg], heads: &[(u64, Digest)]) {
        for object in 0..self.chain.group.objects.len() {
            let listed = &self.chain.group.objects[object];
            for (at, damage) in listed.damage.iter().enumerate() {
                let mut damage = damage.clone();
                let upgradable = matches!(damage.kind, BreakKind::BadSignature | BreakKind::Oversize);
                let named = if upgradable { self.named_by_next(object, at, kept, heads) } else { None };
                if let (Some(named), Some(digest)) = (named, damage.digest)
                    && named != digest
                {
                    damage.kind = BreakKind::Altered;
                    damage.detail = format!(
                        "{}; its digest is `{digest}`, the next record names `{named}`",
                        damage.detail
                    );
                }
                self.findings.breaks.insert(Break {
                    object: listed.name.clone(),
                    line: damage.line,
                    offset: damage.offset,
                    seq: damage.seq,
                    kind: damage.kind,
                    detail: damage.detail.clone(),
                });
                self.findings.damage.push((object, damage));
            }
        }
    }

    /// Returns the digest that the record after damaged line number `at` of `object` names as the line before.
    fn named_by_next(
        &self,
        object: usize,
        at: usize,
        kept: &[Seg],
        heads: &[(u64, Digest)],
    ) -> Option<Digest> {
        let pieces = &self.chain.group.pieces;
        let damage = &self.chain.group.objects[object].damage;
        let next_line = damage[at].line + damage[at].lines;
        if let Some(next) = damage.get(at + 1).filter(|next| next.line == next_line) {
            return next.prev;
        }
        if let Some(next) =
            pieces.iter().find(|piece| piece.object == object && piece.stretch.line == next_line)
        {
            return Some(next.stretch.prev);
        }
        if next_line <= self.chain.group.objects[object].lines {
            return None;
        }
        // The last line of its object: the chain goes on in another one, or a head says what stood here.
        let last = pieces.iter().rposition(|piece| piece.object == object)?;
        let here = kept.iter().position(|seg| seg.piece == last && seg.to == pieces[last].last())?;
        let trailing = self.chain.damaged_after(kept[here]);
        match kept.get(here + 1) {
            Some(next) if next.from == kept[here].to + 1 + trailing => self.chain.prev(next.piece, next.from),
            Some(_) => None,
            None => heads.iter().find(|(seq, _)| *seq == kept[here].to + trailing).map(|(_, digest)| *digest),
        }
    }
}
