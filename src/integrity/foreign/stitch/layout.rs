//! Summaries to pieces per chain, with line numbers of whole objects and no trace of where the segments were cut.

use std::collections::{BTreeMap, BTreeSet};

use super::ForeignInput;
use crate::digest::Digest;
use crate::integrity::foreign::scan::{
    Back, Claim, Clock, DamagedRecord, ForeignSummary, MAX_DAMAGED, Spot, Strand, TerminalSeen, follows,
};
use crate::integrity::foreign::seen::LayerFacts;
use crate::integrity::verdict::{Break, BreakKind};

/// Which chain: layer, name, and the object where chains begin anew in each.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct ChainId {
    pub(super) layer: usize,
    pub(super) chain: String,
    pub(super) object: Option<usize>,
}

/// Everything found, by object and by chain.
pub(super) struct Layout<'a> {
    /// The set of summaries, by object and start.
    pub(super) runs: Vec<Run<'a>>,
    pub(super) objects: Vec<ForeignObject>,
    /// Damaged records, object by object in file order, with lines of whole objects.
    pub(super) damage: Vec<Damage>,
    /// Damaged records beyond the number that is listed.
    pub(super) unlisted_damage: u64,
    pub(super) chains: BTreeMap<ChainId, Vec<Piece>>,
    /// What records say about the end of a chain, with the object they lie in.
    pub(super) terminals: BTreeMap<ChainId, Vec<(usize, TerminalSeen)>>,
}

/// One summary and where it lies.
pub(super) struct Run<'a> {
    pub(super) summary: &'a ForeignSummary,
    pub(super) object: usize,
    /// Lines before it in its object.
    pub(super) base: u64,
}

pub(super) struct ForeignObject {
    pub(super) name: String,
    pub(super) lines: u64,
    pub(super) fault: Option<(BreakKind, String)>,
    /// Line, offset and length of bytes that are no whole record.
    pub(super) torn: Option<(u64, u64, u64)>,
    /// Line ranges in which more is broken than is listed.
    pub(super) unlisted: Vec<(u64, u64)>,
    /// Times in file order.
    pub(super) clock: Clock,
}

pub(super) struct Damage {
    pub(super) object: usize,
    pub(super) record: DamagedRecord,
}

/// Records of one chain in one object that follow from one another, as far as they reach.
pub(super) struct Piece {
    pub(super) object: usize,
    pub(super) records: u64,
    pub(super) first: Spot,
    pub(super) last: Spot,
    pub(super) prev: Back,
    pub(super) link: Option<Digest>,
    pub(super) clock: Clock,
    /// True where each of its records has a time.
    pub(super) timed: bool,
    pub(super) closes: bool,
    pub(super) parts: Vec<Part>,
}

/// The part of a piece that one strand holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Part {
    pub(super) run: usize,
    pub(super) strand: usize,
    /// Position of its first record in the piece.
    pub(super) from: u64,
    pub(super) records: u64,
}

impl Layout<'_> {
    pub(super) fn strand(&self, run: usize, strand: usize) -> &Strand {
        &self.runs[run].summary.strands[strand]
    }

    /// Builds a break at a record of a whole object.
    pub(super) fn break_at(&self, object: usize, spot: Spot, kind: BreakKind, detail: String) -> Break {
        let Spot { line, offset, seq, .. } = spot;
        Break { object: self.objects[object].name.clone(), line, offset, seq, kind, detail }
    }

    /// Counts the damaged records that lie between two places and may be of the chain.
    pub(super) fn damaged_between(&self, id: &ChainId, from: (usize, u64), to: (usize, u64)) -> u64 {
        let between = |damage: &&Damage| {
            let at = (damage.object, damage.record.line);
            let near = damage.object == from.0 || damage.object == to.0;
            let in_order = from < at && at < to;
            // Where the later place lies in an object of a smaller name, both ends count, and nothing in between.
            let turned =
                to < from && ((damage.object == from.0 && at > from) || (damage.object == to.0 && at < to));
            near && (in_order || turned) && is_of(&damage.record.claims, id)
        };
        self.damage.iter().filter(between).count() as u64
    }
}

fn is_of(claims: &[Claim], id: &ChainId) -> bool {
    claims.is_empty() || claims.iter().any(|claim| claim.layer == id.layer && claim.chain == id.chain)
}

pub(super) fn lay_out<'a>(input: &ForeignInput<'a>) -> Layout<'a> {
    let set: BTreeSet<&ForeignSummary> =
        input.summaries.iter().filter(|summary| summary.source == input.source).collect();
    let mut sorted: Vec<&ForeignSummary> = set.into_iter().collect();
    sorted.sort_by_key(|summary| (&summary.object, summary.start));
    let mut layout = Layout {
        runs: Vec::new(),
        objects: objects(input, &sorted),
        damage: Vec::new(),
        unlisted_damage: 0,
        chains: BTreeMap::new(),
        terminals: BTreeMap::new(),
    };
    for object in 0..layout.objects.len() {
        let name = layout.objects[object].name.clone();
        let first = sorted.partition_point(|summary| summary.object < name);
        for summary in sorted[first..].iter().take_while(|summary| summary.object == name) {
            layout.take(summary, object);
        }
    }
    layout.join(input.layers);
    layout
}

/// Returns all objects, listed ones first and in their order.
fn objects(input: &ForeignInput<'_>, sorted: &[&ForeignSummary]) -> Vec<ForeignObject> {
    let mut names = BTreeSet::new();
    let listed = input.objects.iter().map(|object| (&object.name, object.fault.clone()));
    let found = sorted.iter().map(|summary| (&summary.object, None));
    listed
        .chain(found)
        .filter(|(name, _)| names.insert(*name))
        .map(|(name, fault)| ForeignObject {
            name: name.clone(),
            lines: 0,
            fault,
            torn: None,
            unlisted: Vec::new(),
            clock: Clock::default(),
        })
        .collect()
}

impl<'a> Layout<'a> {
    /// Adds a run, moving its line numbers behind the lines taken so far.
    fn take(&mut self, summary: &'a ForeignSummary, object: usize) {
        let own = &mut self.objects[object];
        let base = own.lines;
        self.runs.push(Run { summary, object, base });
        let start = Spot { line: base + 1, offset: summary.start, seq: None, digest: Digest::ZERO };
        own.clock.extend(&moved_clock(&summary.clock, base), start);
        if let Some(torn) = &summary.torn {
            own.torn = Some((torn.line + base, torn.offset, torn.length));
        }
        if summary.unlisted > 0 {
            own.unlisted.push((base + 1, summary.lines));
        }
        own.lines += summary.lines;
        // As many as can be looked at one by one; the rest damages its segment.
        let room = MAX_DAMAGED.saturating_sub(self.damage.len());
        if summary.damaged.len() > room && summary.unlisted == 0 {
            own.unlisted.push((base + 1, summary.lines));
        }
        self.unlisted_damage += summary.damaged.len().saturating_sub(room) as u64;
        self.damage.extend(summary.damaged.iter().take(room).map(|record| Damage {
            object,
            record: DamagedRecord { line: record.line + base, ..record.clone() },
        }));
    }

    /// Joins the strands of each chain, as far as one follows the other and no damaged record of the chain lies between.
    fn join(&mut self, layers: &[LayerFacts]) {
        let mut chains: BTreeMap<ChainId, Vec<Piece>> = BTreeMap::new();
        let mut terminals: BTreeMap<ChainId, Vec<(usize, TerminalSeen)>> = BTreeMap::new();
        for (index, run) in self.runs.iter().enumerate() {
            let scope = |layer: usize| (!layers[layer].spans_files).then_some(run.object);
            for (at, strand) in run.summary.strands.iter().enumerate() {
                let object = scope(strand.layer);
                let id = ChainId { layer: strand.layer, chain: strand.chain.clone(), object };
                let next = Piece::of(run, index, at, strand);
                let pieces = chains.entry(id).or_default();
                let layer = &layers[strand.layer];
                match pieces.last_mut() {
                    Some(last) if last.goes_on(&next, layer) && !self.parted(strand, last, &next) => {
                        last.append(next);
                    }
                    _ => pieces.push(next),
                }
            }
            for terminal in &run.summary.terminals {
                let id = ChainId {
                    layer: terminal.layer,
                    chain: terminal.chain.clone(),
                    object: scope(terminal.layer),
                };
                let spot = moved(terminal.spot, run.base);
                let terminal = TerminalSeen { spot, ..terminal.clone() };
                terminals.entry(id).or_default().push((run.object, terminal));
            }
        }
        self.chains = chains;
        self.terminals = terminals;
    }

    /// Tells whether a damaged record that says it is of the chain lies between two pieces of one object.
    fn parted(&self, strand: &Strand, last: &Piece, next: &Piece) -> bool {
        self.damage.iter().any(|damage| {
            damage.object == last.object
                && (last.last.offset..next.first.offset).contains(&damage.record.offset)
                && damage
                    .record
                    .claims
                    .iter()
                    .any(|claim| claim.layer == strand.layer && claim.chain == strand.chain)
        })
    }
}

impl Piece {
    fn of(run: &Run<'_>, index: usize, at: usize, strand: &Strand) -> Self {
        Self {
            object: run.object,
            records: strand.records,
            first: moved(strand.first, run.base),
            last: moved(strand.last, run.base),
            prev: strand.prev,
            link: strand.link,
            clock: moved_clock(&strand.clock, run.base),
            timed: strand.timed,
            closes: strand.closes,
            parts: vec![Part { run: index, strand: at, from: 0, records: strand.records }],
        }
    }

    fn goes_on(&self, next: &Self, layer: &LayerFacts) -> bool {
        self.object == next.object
            && !self.closes
            && follows(layer, self.last.seq, self.link, next.first.seq, next.prev)
    }

    fn append(&mut self, next: Self) {
        self.clock.extend(&next.clock, next.first);
        self.timed &= next.timed;
        self.parts.extend(next.parts.iter().map(|part| Part { from: self.records + part.from, ..*part }));
        self.records += next.records;
        self.last = next.last;
        self.link = next.link;
        self.closes = next.closes;
    }
}

pub(super) fn moved(spot: Spot, lines: u64) -> Spot {
    Spot { line: spot.line + lines, ..spot }
}

fn moved_clock(clock: &Clock, lines: u64) -> Clock {
    Clock { first_fall: clock.first_fall.map(|spot| moved(spot, lines)), ..*clock }
}
