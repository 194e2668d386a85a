//! The records of one segment of a foreign log to admitted records, rejected ones, and one summary.
//!
//! The counterpart of [`chain`](crate::integrity::chain) for logs that a chain profile describes. A segment is an object or
//! a range of its lines. Records of several chains may lie between one another, so records that follow from one
//! another are joined into *strands*, one open per chain; whatever takes more than one strand to see is left to
//! [`stitch`](super::stitch).
//!
//! What a record is worth can depend on a signature far behind it. So a strand remembers, for each key, the last record it
//! signed (a *cut*), and records are counted by the cuts they lie between. Both stay small, however long the segment.

mod summary;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use self::summary::{
    Back, Cell, Claim, Clock, Cut, CutBy, DamagedRecord, ForeignSummary, Group, IdSeen, Signer, Spot, Strand,
    TerminalSeen,
};
use super::pointer::ANY_INDEX;
use super::seen::{LayerFacts, Seen, SignatureSeen, Signed};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::integrity::chain::{Rejected, TornTail, window};
use crate::integrity::record::VerifiedRecord;
use crate::integrity::verdict::{BreakKind, Effect, Grade};
use crate::redact::shown;
use crate::source::framing::Record;

/// Most strands in one segment: chains, breaks within them, and changes of a key's standing together.
pub const MAX_STRANDS: usize = 8192;
/// Most groups and most cells in one segment: combinations of strand and signer that its records have.
pub const MAX_GROUPS: usize = 16_384;
/// Most signers from which cover may reach back in one strand. A log is written by few keys.
pub const MAX_CUTS: usize = 256;
/// Most damaged records listed of one segment.
pub const MAX_DAMAGED: usize = 4096;
/// Most records of one segment that speak of an end.
pub const MAX_TERMINALS: usize = 4096;
/// Most ids of one segment that `verify` compares; a report compares all.
pub const MAX_IDS: usize = 16_384;
/// Most ids of a whole log that `verify` compares: its segments share them, however many there are.
pub const MAX_IDS_OF_LOG: u64 = 1 << 17;
/// Most uncovered pointers listed of one segment.
pub const MAX_UNCOVERED: usize = 64;
/// Longest name of a chain that is kept as it stands; a longer one is kept as its digest.
const MAX_CHAIN_NAME: usize = 128;
/// Most faults listed of one record.
const MAX_FAULTS: usize = 4;

/// Columns by the pointer of the value that fills them, even in part.
pub type Mapped = BTreeMap<String, BTreeSet<String>>;

/// What a scanner must know before the first record.
#[derive(Clone, Copy, Debug)]
pub struct ForeignOptions<'a> {
    /// Source id, which is the name of the log.
    pub source: &'a str,
    /// Object name as declared.
    pub object: &'a str,
    /// Byte offset of the segment in the decompressed object.
    pub start: u64,
    /// The layers of the format.
    pub layers: &'a [LayerFacts],
    /// Moments at which the standing of some key changes.
    pub boundaries: &'a [Moment],
    /// Digests of the heads that were brought.
    pub heads: &'a [Digest],
    /// Pointers that the source profile reads, and the columns that they fill; `*` stands for any array index.
    pub mapped: &'a Mapped,
    /// Most ids to keep.
    pub max_ids: usize,
}

/// A record that was admitted.
#[derive(Clone, Copy, Debug)]
pub struct ForeignAdmitted<'a> {
    /// The record, at grade `parsed`; [`stitch`](super::stitch) has the final one.
    pub record: VerifiedRecord<'a>,
    /// When it was written, where a hash covers its time.
    pub time: Option<Moment>,
    /// Index of its group in the summary.
    pub group: usize,
}

/// What became of one record.
#[derive(Clone, Debug)]
pub enum ForeignScanned<'a> {
    /// Nothing is wrong with it by itself.
    Admitted(ForeignAdmitted<'a>),
    /// It is damaged, or of more breaks than are listed.
    Rejected(Rejected),
}

/// What an examination of one record gave.
pub type Examined = Result<Vec<Seen>, (BreakKind, String)>;

/// Follows the chains of one segment in file order.
#[derive(Debug)]
pub struct ForeignScanner<'a> {
    options: ForeignOptions<'a>,
    summary: ForeignSummary,
    /// Strands that may go on, by layer and chain.
    open: BTreeMap<(usize, String), usize>,
    /// Per strand, its cuts while it is open.
    cuts: Vec<BTreeMap<CutBy, Cut>>,
    /// Per group, records by where the next cut of each member lies; [`OPEN`] where there is none yet.
    cells: Vec<BTreeMap<Vec<u64>, u64>>,
    groups: BTreeMap<Vec<(usize, Signer)>, usize>,
    /// Per strand, the groups it is a member of.
    groups_of: Vec<Vec<usize>>,
    cell_count: usize,
    /// Damaged records before this one know the time after them.
    settled: usize,
    /// True where no layer of the format holds all others.
    wrapped_in_turn: bool,
}

/// Stands for a cut that has not come yet.
const OPEN: u64 = u64::MAX;

impl<'a> ForeignScanner<'a> {
    /// Returns a scanner that has seen no record.
    pub fn new(options: ForeignOptions<'a>) -> Self {
        Self {
            options,
            summary: ForeignSummary {
                source: options.source.to_owned(),
                object: options.object.to_owned(),
                start: options.start,
                lines: 0,
                strands: Vec::new(),
                groups: Vec::new(),
                damaged: Vec::new(),
                terminals: Vec::new(),
                heads: BTreeMap::new(),
                ids: Vec::new(),
                ids_cut: false,
                notes: BTreeMap::new(),
                uncovered: BTreeSet::new(),
                uncovered_cut: false,
                exposed: BTreeSet::new(),
                torn: None,
                clock: Clock::default(),
                unlisted: 0,
            },
            open: BTreeMap::new(),
            cuts: Vec::new(),
            cells: Vec::new(),
            groups: BTreeMap::new(),
            groups_of: Vec::new(),
            cell_count: 0,
            settled: 0,
            wrapped_in_turn: options.layers.iter().filter(|layer| layer.within.is_empty()).count() > 1,
        }
    }

    /// Notes that the segment has so many lines.
    pub fn lines(&mut self, lines: u64) {
        self.summary.lines = lines;
    }

    /// Notes pointers of a record that nothing covers.
    pub fn uncovered<S: AsRef<str>>(&mut self, pointers: impl IntoIterator<Item = S>) {
        for pointer in pointers {
            let pointer = pointer.as_ref();
            if self.summary.uncovered.contains(pointer) {
                continue;
            }
            let read = self.options.mapped.keys().filter(|mapped| overlap(mapped, pointer));
            self.summary.exposed.extend(read.cloned());
            if self.summary.uncovered.len() >= MAX_UNCOVERED {
                self.summary.uncovered_cut = true;
            } else {
                self.summary.uncovered.insert(shown(pointer));
            }
        }
    }

    /// Takes the next record and what its examination gave.
    pub fn record<'r>(&mut self, record: Record<'r>, examined: Examined) -> ForeignScanned<'r>
    where
        'a: 'r,
    {
        let spot = Spot { line: record.line, offset: record.offset, seq: None, digest: record.digest };
        if self.options.heads.contains(&record.digest) {
            self.summary.heads.entry(record.digest).or_insert(spot);
        }
        let seen = match examined {
            Ok(seen) => seen,
            Err(fault) => return ForeignScanned::Rejected(self.damage(spot, vec![fault], &[])),
        };
        let faults = faults(&seen);
        let (damage, notes): (Vec<_>, Vec<_>) = faults
            .into_iter()
            .partition(|(kind, _)| !matches!(kind.effect(true), Effect::Note | Effect::NotVerifiable));
        if !damage.is_empty() {
            return ForeignScanned::Rejected(self.damage(spot, damage, &seen));
        }
        for (kind, detail) in notes {
            self.summary.notes.entry(kind).or_insert((spot, detail, 0)).2 += 1;
        }
        match self.admit(spot, &seen) {
            Some(group) => {
                let time = seen.iter().find_map(|seen| self.time(seen));
                self.summary.clock.add(time, spot);
                self.settle(time);
                // Where a layer holds several chains, their numbers do not order the records of the log.
                let seq = seen.iter().find(|seen| seen.chain.is_empty()).and_then(|seen| seen.seq);
                let record = VerifiedRecord::graded(record, self.options.source, seq, Grade::Parsed);
                ForeignScanned::Admitted(ForeignAdmitted { record, time, group })
            }
            None => {
                self.summary.unlisted += 1;
                let detail = "this segment has more chains or breaks than are listed".to_owned();
                ForeignScanned::Rejected(rejected(spot, BreakKind::Rejected, detail))
            }
        }
    }

    /// Takes a record that could not be read as one: too long, or no text.
    pub fn unreadable(
        &mut self,
        line: u64,
        offset: u64,
        digest: Option<Digest>,
        kind: BreakKind,
        detail: String,
    ) -> Rejected {
        let spot = Spot { line, offset, seq: None, digest: digest.unwrap_or(Digest::ZERO) };
        let mut rejected = self.damage(spot, vec![(kind, detail)], &[]);
        rejected.digest = digest;
        if let Some(damaged) = self.summary.damaged.last_mut().filter(|damaged| damaged.offset == offset) {
            damaged.digest = digest;
        }
        rejected
    }

    /// Takes bytes after the last line end that are no whole record.
    pub fn torn(&mut self, line: u64, offset: u64, length: u64) {
        self.summary.torn = Some(TornTail { line, offset, length });
    }

    /// Returns the summary.
    pub fn finish(mut self) -> ForeignSummary {
        for (strand, cuts) in self.summary.strands.iter_mut().zip(&self.cuts) {
            strand.cuts = cuts.values().copied().collect();
            strand.cuts.sort_unstable();
        }
        for (group, cells) in self.summary.groups.iter_mut().zip(&self.cells) {
            group.cells = cells
                .iter()
                .map(|(next, records)| Cell {
                    ranks: next
                        .iter()
                        .zip(&group.members)
                        .map(|(next, (strand, _))| {
                            self.summary.strands[*strand].cuts.partition_point(|cut| cut.reach < *next)
                        })
                        .collect(),
                    records: *records,
                })
                .collect();
        }
        self.summary
    }

    /// Returns the time of a record as far as it proves something.
    fn time(&self, seen: &Seen) -> Option<Moment> {
        seen.time.filter(|_| self.options.layers[seen.layer].time_covered)
    }

    /// Adds an intact record to its strands, and returns its group; `None` where a limit is hit.
    fn admit(&mut self, spot: Spot, seen: &[Seen]) -> Option<usize> {
        let mut members = Vec::with_capacity(seen.len());
        for one in seen {
            let spot = Spot { seq: one.seq, ..spot };
            let strand = self.extend(one, spot)?;
            self.note_outer(strand, one, seen);
            members.push((strand, signer(&one.signature)));
        }
        members.sort_unstable();
        let group = self.group(&members, spot)?;
        let time = seen.iter().find_map(|seen| self.time(seen));
        for (strand, signer) in &members {
            self.cut_before(*strand, *signer, spot, time)?;
        }
        let cell = vec![OPEN; members.len()];
        if !self.cells[group].contains_key(&cell) {
            self.cell_count += 1;
            if self.cell_count > MAX_GROUPS {
                return None;
            }
        }
        *self.cells[group].entry(cell).or_default() += 1;
        for (strand, signer) in &members {
            self.cut_after(*strand, *signer, spot, time)?;
        }
        self.note_ids(seen, spot);
        for one in seen {
            self.note_terminal(one, Spot { seq: one.seq, ..spot })?;
        }
        Some(group)
    }

    /// Adds a record to the open strand of its chain, or begins another.
    fn extend(&mut self, seen: &Seen, spot: Spot) -> Option<usize> {
        let key = (seen.layer, chain_name(&seen.chain));
        let time = self.time(seen);
        let open = self.open.get(&key).copied();
        let goes_on = open.filter(|index| self.continues(&self.summary.strands[*index], seen, time));
        let link = seen.link.as_deref().map(Digest::of);
        let signer = signer(&seen.signature);
        let index = match goes_on {
            Some(index) => index,
            None => {
                if self.summary.strands.len() >= MAX_STRANDS {
                    return None;
                }
                let index = self.summary.strands.len();
                self.summary.strands.push(Strand {
                    layer: seen.layer,
                    chain: key.1.clone(),
                    records: 0,
                    first: spot,
                    last: spot,
                    prev: Back::of(seen.prev.as_ref()),
                    link,
                    first_signer: signer,
                    last_signer: signer,
                    clock: Clock::default(),
                    timed: time.is_some(),
                    cuts: Vec::new(),
                    outer: BTreeSet::new(),
                    alone: false,
                    closes: false,
                });
                self.cuts.push(BTreeMap::new());
                self.groups_of.push(Vec::new());
                self.open.insert(key, index);
                index
            }
        };
        let strand = &mut self.summary.strands[index];
        strand.records += 1;
        strand.last = spot;
        strand.link = link;
        strand.last_signer = signer;
        strand.clock.add(time, spot);
        strand.closes = seen.terminal.as_ref().is_some_and(|end| end.last && end.of.is_none());
        Some(index)
    }

    fn continues(&self, strand: &Strand, seen: &Seen, time: Option<Moment>) -> bool {
        let layer = &self.options.layers[seen.layer];
        let latest = strand.clock.latest.max(time);
        let same_window = match (strand.clock.latest, latest) {
            (Some(before), Some(after)) => {
                window(self.options.boundaries, before) == window(self.options.boundaries, after)
            }
            _ => true,
        };
        !strand.closes
            && strand.timed == time.is_some()
            && same_window
            && follows(layer, strand.last.seq, strand.link, seen.seq, Back::of(seen.prev.as_ref()))
    }

    /// Notes in which chains of containing layers a record lies.
    fn note_outer(&mut self, strand: usize, one: &Seen, seen: &[Seen]) {
        let within = &self.options.layers[one.layer].within;
        let mut outer = seen.iter().filter(|other| within.contains(&other.layer)).peekable();
        let strand = &mut self.summary.strands[strand];
        if outer.peek().is_none() {
            strand.alone = true;
        }
        for other in outer {
            let name = (other.layer, chain_name(&other.chain));
            if strand.outer.len() < MAX_CUTS {
                strand.outer.insert(name);
            } else if !strand.outer.contains(&name) {
                strand.alone = true;
            }
        }
    }

    fn group(&mut self, members: &[(usize, Signer)], spot: Spot) -> Option<usize> {
        if let Some(group) = self.groups.get(members) {
            return Some(*group);
        }
        if self.summary.groups.len() >= MAX_GROUPS {
            return None;
        }
        let group = self.summary.groups.len();
        self.summary.groups.push(Group { members: members.to_vec(), cells: Vec::new(), first: spot });
        self.cells.push(BTreeMap::new());
        self.groups.insert(members.to_vec(), group);
        for (strand, _) in members {
            self.groups_of[*strand].push(group);
        }
        Some(group)
    }

    /// Tells whether the signature of a record covers what came before it in its chain, or with it.
    fn reaches(&self, strand: usize, signer: Signer) -> Option<&'a LayerFacts> {
        let layer = &self.options.layers[self.summary.strands[strand].layer];
        let signs = matches!(signer, Signer::Fits { .. } | Signer::SelfSigned { .. });
        // Where each record is signed, and its signature stands for it, no other stands in.
        let stands_in = layer.signed == Signed::Some || !layer.signs_record;
        (layer.binds && stands_in && layer.signs_link && signs).then_some(layer)
    }

    /// Cuts a strand before its last record, where a signature over the link alone covers what came before.
    fn cut_before(&mut self, strand: usize, signer: Signer, spot: Spot, time: Option<Moment>) -> Option<()> {
        if self.reaches(strand, signer).is_some_and(|layer| !layer.signs_record) {
            let reach = self.summary.strands[strand].records - 1;
            let by = CutBy::Signature(signer);
            self.set_cut(strand, Cut { reach, until: spot.offset, time, by })?;
        }
        Some(())
    }

    /// Cuts a strand after its last record, where a signature or a head covers that record and what came before.
    fn cut_after(&mut self, strand: usize, signer: Signer, spot: Spot, time: Option<Moment>) -> Option<()> {
        let (reach, until) = (self.summary.strands[strand].records, spot.offset + 1);
        if self.reaches(strand, signer).is_some_and(|layer| layer.signs_record) {
            self.set_cut(strand, Cut { reach, until, time, by: CutBy::Signature(signer) })?;
        }
        let linked = self.options.layers[self.summary.strands[strand].layer].linked;
        if linked && self.options.heads.contains(&spot.digest) {
            self.set_cut(strand, Cut { reach, until, time, by: CutBy::Head(spot.digest) })?;
        }
        Some(())
    }

    fn set_cut(&mut self, strand: usize, cut: Cut) -> Option<()> {
        let (by, reach) = (cut.by, cut.reach);
        let cuts = &mut self.cuts[strand];
        if cuts.len() >= MAX_CUTS && !cuts.contains_key(&by) {
            return None;
        }
        let old = cuts.insert(by, cut).map(|old| old.reach);
        // Where the key's earlier cut is no longer one, what lay before it lies before the next that is.
        let gone = old.filter(|old| !cuts.values().any(|cut| cut.reach == *old));
        let next =
            gone.and_then(|gone| cuts.values().map(|cut| cut.reach).filter(|reach| *reach > gone).min());
        for group in self.groups_of[strand].clone() {
            let members = &self.summary.groups[group].members;
            let cells = std::mem::take(&mut self.cells[group]);
            let before = cells.len();
            for (mut place, records) in cells {
                for (at, (member, _)) in place.iter_mut().zip(members) {
                    if *member != strand {
                        continue;
                    }
                    if *at == OPEN {
                        *at = reach;
                    } else if Some(*at) == gone {
                        *at = next.unwrap_or(reach);
                    }
                }
                *self.cells[group].entry(place).or_default() += records;
            }
            self.cell_count -= before - self.cells[group].len();
        }
        Some(())
    }

    fn note_ids(&mut self, seen: &[Seen], spot: Spot) {
        let stated: BTreeSet<Digest> = seen.iter().flat_map(|seen| seen.ids.iter().copied()).collect();
        // A record that neither a link nor a number nor an id tells from a copy of itself is known by its bytes.
        let bare = |seen: &Seen| {
            let layer = &self.options.layers[seen.layer];
            !layer.linked && !layer.sequenced
        };
        let whole = (stated.is_empty() && !seen.is_empty() && seen.iter().all(bare)).then_some(spot.digest);
        // Where a signed value may stand in a record of one layer or of another, its hash is its name in both.
        let signed = seen
            .iter()
            .filter(|seen| self.wrapped_in_turn && self.options.layers[seen.layer].signed == Signed::Each);
        let links = signed.filter_map(|seen| seen.link.as_deref().map(Digest::of));
        let named = links.map(|link| Digest::of_parts([b"link".as_slice(), link.as_bytes()]));
        for id in stated.into_iter().chain(whole).chain(named) {
            if self.summary.ids.len() >= self.options.max_ids {
                self.summary.ids_cut = true;
                return;
            }
            self.summary.ids.push(IdSeen { id, spot });
        }
    }

    fn note_terminal(&mut self, seen: &Seen, spot: Spot) -> Option<()> {
        let Some(end) = &seen.terminal else { return Some(()) };
        if self.summary.terminals.len() >= MAX_TERMINALS {
            return None;
        }
        let own = (seen.layer, seen.chain.clone());
        let (layer, chain) = end.of.clone().unwrap_or_else(|| own.clone());
        self.summary.terminals.push(TerminalSeen {
            own: (layer, &chain) == (own.0, &own.1),
            layer,
            chain: chain_name(&chain),
            spot,
            last: end.last,
            count: end.count,
            seq: end.seq,
            head: end.head.as_deref().map(Digest::of),
        });
        Some(())
    }

    /// Lists a damaged record, and ends the strands that it says it is of.
    fn damage(&mut self, spot: Spot, mut faults: Vec<(BreakKind, String)>, seen: &[Seen]) -> Rejected {
        faults.truncate(MAX_FAULTS);
        for (_, detail) in &mut faults {
            *detail = shown(detail);
        }
        for one in seen {
            self.open.remove(&(one.layer, chain_name(&one.chain)));
        }
        let rejected = rejected(spot, faults[0].0, faults[0].1.clone());
        if self.summary.damaged.len() >= MAX_DAMAGED {
            self.summary.unlisted += 1;
            return rejected;
        }
        let claim = |one: &Seen| Claim {
            layer: one.layer,
            chain: chain_name(&one.chain),
            seq: one.seq,
            prev: Back::of(one.prev.as_ref()),
            link: one.link.as_deref().map(Digest::of),
        };
        self.summary.damaged.push(DamagedRecord {
            line: spot.line,
            offset: spot.offset,
            faults,
            digest: Some(spot.digest),
            claims: seen.iter().map(claim).collect(),
            before: self.summary.clock.last,
            after: None,
        });
        rejected
    }

    /// Gives the damaged records since the last intact one the time after them.
    fn settle(&mut self, time: Option<Moment>) {
        if time.is_none() {
            return;
        }
        for damaged in &mut self.summary.damaged[self.settled..] {
            damaged.after = time;
        }
        self.settled = self.summary.damaged.len();
    }
}

/// Tells whether a record follows from one with these values, as its layer demands.
pub(super) fn follows(
    layer: &LayerFacts,
    seq: Option<u64>,
    link: Option<Digest>,
    next: Option<u64>,
    prev: Back,
) -> bool {
    let numbered = match (seq, next) {
        _ if !layer.sequenced => true,
        (Some(seq), Some(next)) => seq.checked_add(layer.step) == Some(next),
        _ => false,
    };
    numbered && (!layer.linked || (link.is_some() && prev.link() == link))
}

/// Tells whether one of two pointers leads to the other's value or into it.
fn overlap(one: &str, other: &str) -> bool {
    let mut tokens = one.split('/').zip(other.split('/'));
    tokens.all(|(one, other)| one == other || one == ANY_INDEX || other == ANY_INDEX)
}

/// Returns the name under which a chain is kept.
pub fn chain_name(chain: &str) -> String {
    if chain.len() <= MAX_CHAIN_NAME {
        chain.to_owned()
    } else {
        format!("sha256:{}", Digest::of(chain.as_bytes()))
    }
}

fn signer(signature: &SignatureSeen) -> Signer {
    match signature {
        SignatureSeen::Fits { key, claim } => Signer::Fits { key: *key, claim: *claim },
        SignatureSeen::SelfSigned { key } => Signer::SelfSigned { key: *key },
        SignatureSeen::Unchecked { claim } => Signer::Unchecked { claim: *claim },
        SignatureSeen::NotSigned | SignatureSeen::Missing | SignatureSeen::Wrong { .. } => Signer::Nobody,
    }
}

/// Returns everything that is wrong with a record by itself, in any layer.
fn faults(seen: &[Seen]) -> Vec<(BreakKind, String)> {
    let mut faults = Vec::new();
    for one in seen {
        faults.extend(one.faults.iter().cloned());
        match &one.signature {
            SignatureSeen::Missing => {
                let detail = "it carries no signature, and its format signs each record".to_owned();
                faults.push((BreakKind::MissingSignature, detail));
            }
            SignatureSeen::Wrong { kind, detail } => faults.push((*kind, detail.clone())),
            _ => {}
        }
    }
    faults
}

fn rejected(spot: Spot, kind: BreakKind, detail: String) -> Rejected {
    Rejected { kind, detail, line: spot.line, offset: spot.offset, digest: Some(spot.digest) }
}
