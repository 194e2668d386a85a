//! One chain: what lies between neighbours, and both of its ends.

use std::collections::{BTreeMap, BTreeSet};

use super::ForeignInput;
use super::layout::{ChainId, Layout, Piece};
use super::order::{Ordered, Reader, order};
use crate::digest::Digest;
use crate::integrity::foreign::scan::{Back, Signer, Spot, TerminalSeen};
use crate::integrity::foreign::seen::LayerFacts;
use crate::integrity::stitch::sweep::{Overlap, Seg};
use crate::integrity::verdict::{Break, BreakKind, Effect};

/// A chain while it is judged.
pub(super) struct Chain<'a> {
    pub(super) id: &'a ChainId,
    pub(super) layer: &'a LayerFacts,
    pub(super) pieces: &'a [Piece],
    pub(super) ordered: Ordered,
    pub(super) breaks: Vec<Break>,
    /// Object, offset and kind of each break.
    known: BTreeSet<(usize, u64, BreakKind)>,
    /// Overlaps by the piece that was set aside.
    overlaps_of: BTreeMap<usize, Vec<usize>>,
    /// Per pair of neighbouring kept ranges, whether the later is shown to follow the earlier.
    pub(super) seams: Vec<bool>,
    /// Ranges that repeat or contradict a kept one.
    pub(super) aside: Vec<(Seg, BreakKind)>,
    /// True where the first record is the chain's first.
    pub(super) begins: bool,
    /// True where the last record says that nothing may follow.
    pub(super) closed: bool,
    /// True where a damaged record says that it is of this chain.
    pub(super) damaged: bool,
}

impl<'a> Chain<'a> {
    pub(super) fn examine(
        input: &ForeignInput<'a>,
        layout: &'a Layout<'_>,
        id: &'a ChainId,
        pieces: &'a [Piece],
        reader: &Reader<'_>,
    ) -> Self {
        let layer = &input.layers[id.layer];
        let ordered = order(layout, layer, id, pieces, reader);
        let mut chain = Self {
            id,
            layer,
            pieces,
            ordered,
            breaks: Vec::new(),
            known: BTreeSet::new(),
            overlaps_of: BTreeMap::new(),
            seams: Vec::new(),
            aside: Vec::new(),
            begins: false,
            closed: false,
            damaged: layout.damage.iter().any(|damage| {
                let mut claims = damage.record.claims.iter();
                id.object.is_none_or(|object| object == damage.object)
                    && claims.any(|claim| claim.layer == id.layer && claim.chain == id.chain)
            }),
        };
        chain.numbers(layout);
        chain.overlaps(layout);
        chain.reorder(layout);
        chain.between(layout);
        chain.start(layout);
        chain.end(layout);
        for (object, terminal) in layout.terminals.get(id).into_iter().flatten() {
            chain.terminal(layout, *object, terminal);
        }
        chain
    }

    pub(super) fn kept(&self) -> &[Seg] {
        &self.ordered.sweep.kept
    }

    pub(super) fn piece(&self, seg: Seg) -> &'a Piece {
        &self.pieces[seg.piece]
    }

    /// Returns the piece of the first kept record.
    pub(super) fn first_piece(&self) -> Option<&'a Piece> {
        self.kept().first().map(|seg| self.piece(*seg))
    }

    /// Tells whether nothing but its own records' signatures holds the chain together.
    pub(super) fn is_loose(&self) -> bool {
        !self.layer.linked && !self.layer.sequenced
    }

    /// Tells whether something was removed, changed or added, so that what rests on the chain alone proves nothing.
    pub(super) fn broken(&self) -> bool {
        let breaks = self.breaks.iter().any(|found| {
            found.kind.effect(true) == Effect::Altered
                && !matches!(found.kind, BreakKind::Duplicate | BreakKind::Reordered)
        });
        breaks || (!self.is_loose() && (self.damaged || self.seams.contains(&false)))
    }

    fn note(&mut self, layout: &Layout<'_>, piece: usize, spot: Spot, kind: BreakKind, detail: String) {
        let object = self.pieces[piece].object;
        if self.known.insert((object, spot.offset, kind)) {
            self.breaks.push(layout.break_at(object, spot, kind, detail));
        }
    }

    /// Returns the record at a place, as far as the summaries know it.
    fn spot(&self, piece: usize, place: u64) -> Spot {
        let own = &self.pieces[piece];
        let nth = place - self.ordered.at[piece];
        if nth == 0 {
            own.first
        } else if nth + 1 == own.records {
            own.last
        } else {
            let seq = own.first.seq.map(|seq| seq + nth * self.layer.step);
            let offset = self.ordered.marks[piece].get(&nth).copied();
            Spot { seq, offset: offset.unwrap_or(own.first.offset), ..own.first }
        }
    }

    /// Sequence numbers that do not fit the layer, and first records that are none.
    fn numbers(&mut self, layout: &Layout<'_>) {
        if !self.layer.sequenced {
            return;
        }
        for (index, piece) in self.pieces.iter().enumerate() {
            let LayerFacts { start, step, .. } = self.layer;
            if self.ordered.unnumbered.contains(&index) {
                let found = piece.first.seq.map_or("none".to_owned(), |seq| seq.to_string());
                let detail =
                    format!("sequence number {found}, expected one from {start} on in steps of {step}");
                self.note(layout, index, piece.first, BreakKind::Malformed, detail);
                continue;
            }
            let first = piece.first.seq == Some(*start);
            let wrong = self.layer.linked
                && if first { !piece.prev.may_begin() } else { piece.prev == Back::Genesis };
            if wrong {
                let says = if first { "names a record before it" } else { "says that it is the first" };
                let detail = format!(
                    "the record with sequence {} {says}, and the first has sequence {start}",
                    piece.first.seq.unwrap_or_default()
                );
                self.note(layout, index, piece.first, BreakKind::WrongGenesis, detail);
            }
        }
    }

    fn overlaps(&mut self, layout: &Layout<'_>) {
        let overlaps = self.ordered.sweep.overlaps.clone();
        for (index, (seg, kept, overlap)) in overlaps.into_iter().enumerate() {
            self.overlaps_of.entry(seg.piece).or_default().push(index);
            let (here, there) = (self.spot(seg.piece, seg.from), self.spot(kept, seg.from));
            let same_object = self.pieces[seg.piece].object == self.pieces[kept].object;
            let name = layout.objects[self.pieces[kept].object].name.clone();
            let many = if seg.records() == 1 {
                String::new()
            } else {
                format!("{} records from here: ", seg.records())
            };
            let (spot, kind, what) = match overlap {
                Overlap::Same if same_object => {
                    (here, BreakKind::Duplicate, "stands there already, byte for byte")
                }
                Overlap::Same => (here, BreakKind::ReExport, "stands there already, byte for byte"),
                Overlap::Fork(first) => (
                    self.spot(seg.piece, first),
                    BreakKind::Fork,
                    "has the same place in the chain, with other bytes",
                ),
                Overlap::Unknown => {
                    (here, BreakKind::UnreadableObject, "has the same place, and the two cannot be compared")
                }
            };
            let detail = format!("{many}the record near {name}:{} {what}", there.line);
            self.note(layout, seg.piece, spot, kind, detail);
            self.aside.push((seg, kind));
        }
    }

    /// Kept ranges of one object that do not stand in the order of the chain.
    fn reorder(&mut self, layout: &Layout<'_>) {
        if self.is_loose() {
            return;
        }
        let mut in_file_order = self.kept().to_vec();
        in_file_order.sort_by_key(|seg| (seg.piece, seg.from));
        let mut greatest: Option<(usize, u64)> = None;
        for seg in in_file_order {
            let object = self.piece(seg).object;
            let before = greatest.filter(|(other, _)| *other == object).map(|(_, place)| place);
            if before.is_some_and(|before| seg.from < before) && !self.ordered.unresolved.contains(&seg.piece)
            {
                let spot = self.spot(seg.piece, seg.from);
                let detail = "it stands behind records that follow it in the chain".to_owned();
                self.note(layout, seg.piece, spot, BreakKind::Reordered, detail);
            }
            greatest = Some((object, before.unwrap_or(0).max(seg.to)));
        }
    }

    /// What lies between each two neighbours.
    fn between(&mut self, layout: &Layout<'_>) {
        let kept = self.kept().to_vec();
        for (at, pair) in kept.windows(2).enumerate() {
            let (before, after) = (pair[0], pair[1]);
            let missing = after.from - before.to - 1;
            let holds = missing == 0 && self.linked(before, after);
            self.seams.push(holds);
            if holds {
                continue;
            }
            if missing > 0 {
                self.gap(layout, before, after, missing);
            } else {
                let next = kept.get(at + 2).copied();
                self.mismatch(layout, before, after, next);
            }
        }
    }

    /// Tells whether a range is shown to follow the one before it.
    fn linked(&self, before: Seg, after: Seg) -> bool {
        if !self.layer.linked {
            return true;
        }
        if let (Some(end), Some(back)) = (self.end_link(before), self.back(after)) {
            return back.link() == Some(end);
        }
        // One of the two ends inside its piece, where another was kept for it: byte for byte the same, or not.
        let same = |piece: usize, other: usize, at: &dyn Fn(Seg) -> bool| {
            self.overlaps_of.get(&piece).into_iter().flatten().any(|index| {
                let (seg, kept, overlap) = &self.ordered.sweep.overlaps[*index];
                *overlap == Overlap::Same && *kept == other && at(*seg)
            })
        };
        same(after.piece, before.piece, &|seg| seg.to == before.to)
            || same(before.piece, after.piece, &|seg| seg.from == after.from)
    }

    fn end_link(&self, seg: Seg) -> Option<Digest> {
        let piece = self.piece(seg);
        (seg.to - self.ordered.at[seg.piece] + 1 == piece.records).then_some(piece.link).flatten()
    }

    fn back(&self, seg: Seg) -> Option<Back> {
        (seg.from == self.ordered.at[seg.piece]).then_some(self.piece(seg).prev)
    }

    fn gap(&mut self, layout: &Layout<'_>, before: Seg, after: Seg, missing: u64) {
        let end = (self.piece(before).object, self.spot(before.piece, before.to).line);
        let start = (self.piece(after).object, self.spot(after.piece, after.from).line);
        let damaged = layout.damaged_between(self.id, end, start);
        let unresolved = self.ordered.unresolved.contains(&after.piece);
        if damaged >= missing || (unresolved && damaged > 0) {
            return;
        }
        let spot = self.spot(after.piece, after.from);
        let detail = if self.layer.sequenced {
            let expected =
                self.spot(before.piece, before.to).seq.map(|seq| seq.saturating_add(self.layer.step));
            let found = spot.seq.map_or("none".to_owned(), |seq| seq.to_string());
            let are = match missing - damaged {
                1 => "1 record is".to_owned(),
                many => format!("{many} records are"),
            };
            format!("expected sequence {}, found {found}: {are} missing", expected.unwrap_or_default())
        } else {
            "the record that it names as the one before is not there: records were removed, or the one before was changed"
                .to_owned()
        };
        self.note(layout, after.piece, spot, BreakKind::Gap, detail);
    }

    /// Two neighbours by number, of which the later names another record than the earlier.
    fn mismatch(&mut self, layout: &Layout<'_>, before: Seg, after: Seg, next: Option<Seg>) {
        // The rest of a range that contradicts what was kept; the fork is a break already.
        let forked = self.overlaps_of.get(&after.piece).into_iter().flatten().any(|index| {
            let (seg, _, overlap) = &self.ordered.sweep.overlaps[*index];
            matches!(overlap, Overlap::Fork(_)) && seg.to == before.to
        });
        if forked {
            return;
        }
        let signed = |signer: Signer| matches!(signer, Signer::Fits { .. } | Signer::SelfSigned { .. });
        let ends = |seg: Seg, first: bool| {
            let parts = &self.piece(seg).parts;
            let part = if first { parts.first() } else { parts.last() };
            part.is_some_and(|part| {
                let strand = layout.strand(part.run, part.strand);
                signed(if first { strand.first_signer } else { strand.last_signer })
            })
        };
        let (earlier, later) = (ends(before, false), ends(after, true));
        let (first, last) = (self.spot(after.piece, after.from), self.spot(before.piece, before.to));
        if earlier && later {
            let detail = "it names another record as the one before it, and both are signed".to_owned();
            self.note(layout, after.piece, first, BreakKind::Fork, detail);
            return;
        }
        let both_sides = after.records() == 1
            && next.is_some_and(|next| next.from == after.to + 1 && !self.linked(after, next));
        if earlier || (both_sides && !later) {
            let detail = "it names another record as the one before it".to_owned();
            self.note(layout, after.piece, first, BreakKind::Altered, detail);
        } else if !self.blamed(before) {
            let next = format!("{}:{}", layout.objects[self.piece(after).object].name, first.line);
            let detail = if later {
                format!("the next record, at {next}, is signed and names another as the one before it")
            } else {
                format!(
                    "the next record, at {next}, names another as the one before it: one of the two was changed"
                )
            };
            self.note(layout, before.piece, last, BreakKind::Altered, detail);
        }
    }

    /// Tells whether a range of one record was found to be altered already.
    fn blamed(&self, seg: Seg) -> bool {
        let offset = self.spot(seg.piece, seg.to).offset;
        seg.records() == 1 && self.known.contains(&(self.piece(seg).object, offset, BreakKind::Altered))
    }

    fn start(&mut self, layout: &Layout<'_>) {
        let Some(&first) = self.kept().first() else { return };
        let piece = self.piece(first);
        let whole = first.from == self.ordered.at[first.piece];
        let numbered = !self.layer.sequenced || piece.first.seq == Some(self.layer.start);
        let linked =
            !self.layer.linked || (piece.prev.may_begin() && !self.ordered.unresolved.contains(&first.piece));
        self.begins = !self.is_loose() && whole && numbered && linked;
        if self.begins || self.is_loose() {
            return;
        }
        let damaged = layout.damaged_between(
            self.id,
            (piece.object, 0),
            (piece.object, self.spot(first.piece, first.from).line),
        );
        if self.layer.sequenced && first.from <= damaged && damaged > 0 {
            return;
        }
        let spot = self.spot(first.piece, first.from);
        let detail = match spot.seq.filter(|_| self.layer.sequenced) {
            Some(seq) => format!("the first record has sequence {seq}, and nothing shows what came before"),
            None => {
                "the first record names one before it that is not there, and nothing shows what came before"
                    .to_owned()
            }
        };
        self.note(layout, first.piece, spot, BreakKind::LateStart, detail);
    }

    fn end(&mut self, layout: &Layout<'_>) {
        let kept = self.kept().to_vec();
        let closes = |seg: &&Seg| {
            let piece = self.piece(**seg);
            piece.closes && seg.to - self.ordered.at[seg.piece] + 1 == piece.records
        };
        let Some(close) = kept.iter().find(closes).copied() else { return };
        if let Some(next) = kept.iter().find(|seg| seg.from > close.to) {
            let spot = self.spot(next.piece, next.from);
            let place = self.spot(close.piece, close.to);
            let detail = format!(
                "the record at {}:{} said that it is the last of the chain",
                layout.objects[self.piece(close).object].name,
                place.line
            );
            self.note(layout, next.piece, spot, BreakKind::TruncatedTail, detail);
        } else {
            self.closed = layout.objects[self.piece(close).object].torn.is_none();
        }
    }

    /// Compares the chain with what a record says of its end.
    fn terminal(&mut self, layout: &Layout<'_>, object: usize, terminal: &TerminalSeen) {
        let Some(&last) = self.kept().last() else { return };
        let found = self.spot(last.piece, last.to);
        let total: u64 = self.kept().iter().map(|seg| seg.records()).sum();
        let complete = self.begins && !self.seams.contains(&false);
        let mut breaks = Vec::new();
        if let (Some(says), Some(seq)) = (terminal.seq, found.seq) {
            if says > seq {
                let detail = format!("it says that the chain reaches sequence {says}, and it ends at {seq}");
                breaks.push((BreakKind::TruncatedTail, detail));
            } else if terminal.last && !terminal.own && says < seq {
                let detail =
                    format!("it says that the chain ends at sequence {says}, and it goes on to {seq}");
                breaks.push((BreakKind::TruncatedTail, detail));
            } else if terminal.last && terminal.own && says.saturating_add(self.layer.step) < seq {
                let detail =
                    format!("it says that the chain ends at sequence {says}, and it has sequence {seq}");
                breaks.push((BreakKind::Altered, detail));
            }
        }
        if let Some(says) =
            terminal.count.filter(|says| complete && (*says > total || (terminal.last && *says != total)))
        {
            let kind = if says > total && !terminal.own { BreakKind::TruncatedTail } else { BreakKind::Gap };
            breaks.push((kind, format!("it says that the chain holds {says} records, found {total}")));
        }
        let at_end = terminal.seq.map_or(terminal.last, |says| Some(says) == found.seq);
        if let (Some(says), true, false) = (terminal.head, at_end, terminal.own)
            && self.end_link(last).is_some_and(|link| link != says)
        {
            breaks.push((BreakKind::Altered, "it says that the chain ends in another record".to_owned()));
        }
        for (kind, detail) in breaks {
            let found = layout.break_at(object, terminal.spot, kind, detail);
            if !self.breaks.contains(&found) {
                self.breaks.push(found);
            }
        }
        if self.closes_from_outside(terminal) {
            self.closed = true;
        }
    }

    /// Tells whether a record of another chain shows where this one ends.
    fn closes_from_outside(&self, terminal: &TerminalSeen) -> bool {
        let cut = self.breaks.iter().any(|found| found.kind == BreakKind::TruncatedTail);
        let shown = terminal.seq.is_some() || terminal.count.is_some() || terminal.head.is_some();
        terminal.last && !terminal.own && shown && !cut
    }
}
