//! One log: keys, grades, completeness, verdict, and the reasons for them.

use std::collections::{BTreeMap, BTreeSet};

use super::after::After;
use super::chain::Chain;
use super::cover::{Cover, Judge, Stay, cover};
use super::hole;
use super::layout::{Layout, Run, moved};
use super::order::Reader;
use super::record::{Judged, Outcome};
use super::{ForeignInput, MAX_WALKS};
use crate::digest::Digest;
use crate::integrity::foreign::scan::{Cell, CutBy, Group, Signer, Spot};
use crate::integrity::foreign::seen::Signed;
use crate::integrity::head::LogHead;
use crate::integrity::keyring::Standing;
use crate::integrity::stitch::judge::{count, key_help, population_reason};
use crate::integrity::stitch::{Fate, LogVerdict};
use crate::integrity::verdict::{Break, BreakKind, Completeness, Effect, Grade, Verdict};
use crate::report::model::{Head, Hole, Log};

/// Most places listed at which one value stands twice.
const MAX_REPEATS: usize = 1024;
/// Most uncovered fields named in a reason.
const MAX_NAMED: usize = 8;

pub(super) fn judge(input: &ForeignInput<'_>, layout: &Layout<'_>) -> LogVerdict {
    let reader = Reader::new(input);
    let chains: Vec<Chain<'_>> =
        layout.chains.iter().map(|(id, pieces)| Chain::examine(input, layout, id, pieces, &reader)).collect();
    let heads = usable_heads(input, layout, &chains);
    let judge = Judge { keyring: input.keyring, log: input.source, heads: &heads };
    let covers: Vec<Cover> = chains.iter().map(|chain| cover(layout, chain, &judge)).collect();
    let mut chain_of = BTreeMap::new();
    for (index, chain) in chains.iter().enumerate() {
        for part in chain.pieces.iter().flat_map(|piece| &piece.parts) {
            chain_of.insert((part.run, part.strand), index);
        }
    }
    let broken = chains.iter().map(Chain::broken).collect();
    let claims = claims(layout);
    let judged = Judged { layout, layers: input.layers, chains, covers, broken, chain_of, claims, judge };
    let after = After::compare(input, layout, &judged.chains);
    let mut case = Case {
        input,
        judged: &judged,
        open_columns: open_columns(input, layout),
        joined: after.joined,
        breaks: after.breaks,
        remarks: after.remarks,
        repeats_unknown: false,
        tally: Tally::default(),
    };
    if reader.exhausted() {
        case.remarks.push(format!(
            "records stand in more than {MAX_WALKS} places twice; beyond that they were not compared"
        ));
    }
    case.tally_all();
    case.object_breaks();
    case.record_breaks();
    case.heads();
    case.repeated_ids();
    let holes = hole::find(&case);
    case.verdict(holes)
}

/// Returns the names under which keys are claimed that fit a key bound to this log.
fn claims(layout: &Layout<'_>) -> BTreeSet<(usize, Digest)> {
    let mut claims = BTreeSet::new();
    for run in &layout.runs {
        for (strand, signer) in run.summary.groups.iter().flat_map(|group| &group.members) {
            if let Signer::Fits { claim, .. } = signer {
                claims.insert((run.summary.strands[*strand].layer, *claim));
            }
        }
    }
    claims
}

/// Returns the columns that some record fills from a value that nothing covers.
fn open_columns(input: &ForeignInput<'_>, layout: &Layout<'_>) -> Vec<String> {
    let exposed = layout.runs.iter().flat_map(|run| &run.summary.exposed);
    let found = exposed.filter_map(|pointer| input.mapped.get(pointer)).flatten();
    let columns: BTreeSet<&String> = input.uncovered_columns.iter().chain(found).collect();
    columns.into_iter().cloned().collect()
}

/// Returns the digests of the heads whose line is there and has the number that the head states.
fn usable_heads(input: &ForeignInput<'_>, layout: &Layout<'_>, chains: &[Chain<'_>]) -> Vec<Digest> {
    let own = input.heads.iter().filter(|head| head.log == input.source);
    own.filter(|head| {
        let numbers = numbers_of(layout, chains, head.digest);
        numbers.is_empty() || numbers.contains(&head.seq)
    })
    .map(|head| head.digest)
    .collect()
}

/// Returns the sequence numbers of the record with this digest, in each of its sequenced chains.
fn numbers_of(layout: &Layout<'_>, chains: &[Chain<'_>], digest: Digest) -> BTreeSet<u64> {
    let mut numbers = BTreeSet::new();
    for chain in chains.iter().filter(|chain| chain.layer.sequenced) {
        for part in chain.pieces.iter().flat_map(|piece| &piece.parts) {
            let strand = layout.strand(part.run, part.strand);
            let cut = strand.cuts.iter().find(|cut| cut.by == CutBy::Head(digest));
            let number = cut.and_then(|cut| {
                let nth = cut.reach.checked_sub(1)?;
                let first =
                    strand.last.seq?.checked_sub((strand.records - 1).checked_mul(chain.layer.step)?)?;
                first.checked_add(nth.checked_mul(chain.layer.step)?)
            });
            numbers.extend(number);
        }
    }
    numbers
}

/// Records of a group between the same cuts, with their outcome in each stay of a strand that is kept in part.
type Shared<'a> = (&'a Group, Vec<Outcome>, u64);

/// A log while it is judged.
pub(super) struct Case<'a> {
    pub(super) input: &'a ForeignInput<'a>,
    pub(super) judged: &'a Judged<'a>,
    /// Columns that rest, in some record, on a value that nothing covers.
    open_columns: Vec<String>,
    /// Chains that are shown to go on from a brought head.
    pub(super) joined: BTreeSet<usize>,
    pub(super) breaks: Vec<Break>,
    remarks: Vec<String>,
    /// True where records that nothing but their ids tells from copies were not all compared.
    repeats_unknown: bool,
    pub(super) tally: Tally,
}

#[derive(Default)]
pub(super) struct Tally {
    records: u64,
    rejected: u64,
    covered: u64,
    signed: u64,
    pinned: u64,
    lowest: Option<Grade>,
    keys: BTreeMap<Digest, u64>,
    /// Records whose key does not count, by standing and signer.
    distrusted: BTreeMap<(Standing, Signer), u64>,
    /// Records by a key of which others are known, that it did not sign.
    bad: BTreeMap<Signer, u64>,
    /// Lines that no layer selects.
    unselected: u64,
    /// Records that rest on a broken chain, by chain.
    pub(super) weak: BTreeMap<usize, u64>,
    /// First record of each signer.
    firsts: BTreeMap<(Standing, Signer), (usize, Spot)>,
    bad_firsts: BTreeMap<Signer, (usize, Spot)>,
    first_unselected: Option<(usize, Spot)>,
}

impl Tally {
    /// Notes the grade of records of which it is not known how many are kept: the log has no better one.
    fn may_be(&mut self, outcome: &Outcome) {
        if let Fate::Kept(grade) = outcome.fate {
            self.lowest = Some(self.lowest.map_or(grade, |lowest| lowest.min(grade)));
        }
    }

    fn add(&mut self, outcome: &Outcome, records: u64) {
        if records == 0 {
            return;
        }
        for key in &outcome.keys {
            *self.keys.entry(*key).or_default() += records;
        }
        let grade = match outcome.fate {
            Fate::Kept(grade) => grade,
            Fate::Dropped(_) => return,
            Fate::Damaged(_) => {
                self.rejected += records;
                return;
            }
        };
        self.records += records;
        self.lowest = Some(self.lowest.map_or(grade, |lowest| lowest.min(grade)));
        if !outcome.keys.is_empty() {
            self.signed += records;
        }
        if outcome.pinned {
            self.pinned += records;
        }
        if grade >= Grade::HeadAnchored {
            self.covered += records;
        }
    }
}

impl<'a> Case<'a> {
    pub(super) fn layout(&self) -> &'a Layout<'a> {
        self.judged.layout
    }

    fn tally_all(&mut self) {
        let judged = self.judged;
        self.tally.rejected += judged.layout.damage.len() as u64 + judged.layout.unlisted_damage;
        for (run, own) in judged.layout.runs.iter().enumerate() {
            self.tally.rejected += own.summary.unlisted;
            // Cells of strands that are only in part kept, by the strand that says so.
            let mut split: BTreeMap<usize, Vec<Shared<'_>>> = BTreeMap::new();
            for group in &own.summary.groups {
                self.note_firsts(run, group);
                if own.summary.unlisted > 0 {
                    self.tally.rejected += group.cells.iter().map(|cell| cell.records).sum::<u64>();
                    continue;
                }
                if group.members.is_empty() {
                    self.tally.unselected += group.cells.iter().map(|cell| cell.records).sum::<u64>();
                }
                // Only the outermost layer lets copies go, so it is its strand that tells how many stay.
                let layer_of = |strand: usize| judged.layout.strand(run, strand).layer;
                let layers: Vec<usize> = group.members.iter().map(|(strand, _)| layer_of(*strand)).collect();
                let inner = |strand: usize| judged.is_inner(layer_of(strand), &layers);
                let widest = group
                    .members
                    .iter()
                    .map(|(strand, _)| *strand)
                    .max_by_key(|strand| (!inner(*strand), judged.stays(run, *strand).len()));
                for cell in &group.cells {
                    let outcomes = self.outcomes(run, group, cell, widest);
                    match (outcomes.as_slice(), widest) {
                        ([only], _) => {
                            let only = only.clone();
                            self.count(run, group, &only, cell.records);
                        }
                        (_, Some(strand)) if !outcomes.is_empty() => {
                            split.entry(strand).or_default().push((group, outcomes, cell.records));
                        }
                        _ => self.tally.rejected += cell.records,
                    }
                }
            }
            for (strand, cells) in split {
                self.share(run, strand, cells);
            }
        }
    }

    /// Returns the outcome of a cell for each stay of its widest strand.
    fn outcomes(&self, run: usize, group: &Group, cell: &Cell, widest: Option<usize>) -> Vec<Outcome> {
        let judged = self.judged;
        let turns = widest.map_or(1, |strand| judged.stays(run, strand).len());
        let pick = |turn: usize| -> Option<Vec<(&Stay, usize)>> {
            group
                .members
                .iter()
                .zip(&cell.ranks)
                .map(|((strand, _), rank)| {
                    let stays = judged.stays(run, *strand);
                    let stay = if Some(*strand) == widest {
                        stays.get(turn)
                    } else {
                        stays.iter().find(|stay| stay.aside.is_none()).or_else(|| stays.first())
                    };
                    stay.map(|stay| (stay, *rank))
                })
                .collect()
        };
        (0..turns).filter_map(pick).map(|at| judged.outcome(run, group, &at)).collect()
    }

    /// Shares records out to the stays of a strand. Which of them lie in which is not known; those of the lowest grade are taken
    /// to be kept first, so that the count of covered records errs downwards.
    ///
    /// A key that does not count is noted wherever one of its records may be kept: the copy for which a record was set aside
    /// carries the same signature.
    fn share(&mut self, run: usize, strand: usize, mut cells: Vec<Shared<'_>>) {
        let judged = self.judged;
        let stays = judged.stays(run, strand);
        let mut order: Vec<usize> = (0..stays.len()).collect();
        order.sort_by_key(|index| stays[*index].aside.is_some());
        let mut room: Vec<u64> = stays.iter().map(Stay::records).collect();
        let worth = |outcomes: &[Outcome]| {
            outcomes
                .iter()
                .filter_map(|outcome| match outcome.fate {
                    Fate::Kept(grade) => Some(grade),
                    Fate::Damaged(_) | Fate::Dropped(_) => None,
                })
                .max()
        };
        cells.sort_by_key(|(_, outcomes, _)| worth(outcomes));
        for (group, outcomes, mut left) in cells {
            for outcome in &outcomes {
                self.count(run, group, outcome, 0);
                self.tally.may_be(outcome);
            }
            for index in &order {
                let share = room[*index].min(left);
                room[*index] -= share;
                left -= share;
                if share > 0
                    && let Some(outcome) = outcomes.get(*index)
                {
                    self.count(run, group, outcome, share);
                }
            }
            self.tally.rejected += left;
        }
    }

    fn count(&mut self, run: usize, group: &Group, outcome: &Outcome, records: u64) {
        self.note_distrust(outcome, records);
        if outcome.fate == Fate::Damaged(BreakKind::BadSignature) {
            for (strand, signer) in &group.members {
                let layer = self.judged.layout.strand(run, *strand).layer;
                if let Signer::Unchecked { claim } = signer
                    && self.judged.claims.contains(&(layer, *claim))
                {
                    *self.tally.bad.entry(*signer).or_default() += records;
                }
            }
        }
        if outcome.weak {
            for (strand, _) in &group.members {
                if let Some(chain) = self.judged.chain_of.get(&(run, *strand)) {
                    *self.tally.weak.entry(*chain).or_default() += records;
                }
            }
        }
        self.tally.add(outcome, records);
    }

    fn note_distrust(&mut self, outcome: &Outcome, records: u64) {
        if matches!(outcome.fate, Fate::Dropped(_) | Fate::Damaged(BreakKind::BadSignature)) {
            return;
        }
        for distrusted in &outcome.distrusted {
            *self.tally.distrusted.entry(*distrusted).or_default() += records;
        }
    }

    /// Notes the first record of each signer, wherever the cuts between segments lie.
    fn note_firsts(&mut self, run: usize, group: &Group) {
        let own = &self.judged.layout.runs[run];
        let place = (own.object, moved(group.first, own.base));
        if group.members.is_empty() {
            self.tally.first_unselected.get_or_insert(place);
        }
        for (strand, signer) in &group.members {
            let Some(chain) = self.judged.chain_of.get(&(run, *strand)) else { continue };
            if self.judged.stays(run, *strand).iter().all(|stay| stay.aside.is_some()) {
                continue;
            }
            let at = self.judged.covers[*chain].judged_at.get(&(run, *strand)).copied().flatten();
            let (_, standing) = self.judged.judge.own(self.judged.chains[*chain].layer, *signer, at);
            let keep = |first: &mut (usize, Spot)| {
                if (place.0, place.1.offset) < (first.0, first.1.offset) {
                    *first = place;
                }
            };
            if let Some(standing) = standing {
                self.tally.firsts.entry((standing, *signer)).and_modify(keep).or_insert(place);
            }
            self.tally.bad_firsts.entry(*signer).and_modify(keep).or_insert(place);
        }
    }

    /// Adds what is wrong with objects as a whole.
    fn object_breaks(&mut self) {
        let layout = self.layout();
        let whole = |object: &str, kind, detail: String| Break {
            object: object.to_owned(),
            line: 0,
            offset: 0,
            seq: None,
            kind,
            detail,
        };
        for object in &layout.objects {
            if let Some((kind, detail)) = &object.fault {
                self.breaks.push(whole(&object.name, *kind, detail.clone()));
            }
            if let Some((line, offset, length)) = object.torn {
                let detail = format!("{length} bytes without a line end");
                self.breaks.push(Break { line, offset, ..whole(&object.name, BreakKind::TornTail, detail) });
            }
            for (line, lines) in &object.unlisted {
                let detail =
                    format!("more chains or breaks than are listed in lines {line} to {}", line + lines - 1);
                self.breaks.push(whole(&object.name, BreakKind::Rejected, detail));
            }
        }
        let records = layout.runs.iter().any(|run| !run.summary.groups.is_empty());
        if !records && layout.damage.is_empty() && layout.objects.iter().all(|object| object.torn.is_none()) {
            match layout.objects.iter().find(|object| object.fault.is_none()) {
                Some(object) => {
                    self.breaks.push(whole(&object.name, BreakKind::Empty, "no record".to_owned()));
                }
                None if layout.objects.is_empty() => {
                    let detail = format!("no object holds log `{}`", self.input.source);
                    self.breaks.push(whole("", BreakKind::MissingObject, detail));
                }
                None => {}
            }
        }
    }

    /// Adds what is wrong with records and chains, and with the keys that signed them.
    fn record_breaks(&mut self) {
        let layout = self.layout();
        for damage in &layout.damage {
            let record = &damage.record;
            let seq = record.claims.iter().find_map(|claim| claim.seq);
            let spot = Spot { line: record.line, offset: record.offset, seq, digest: Digest::ZERO };
            for (kind, detail) in &record.faults {
                self.breaks.push(layout.break_at(damage.object, spot, *kind, detail.clone()));
            }
        }
        for (index, chain) in self.judged.chains.iter().enumerate() {
            let shown = |found: &&Break| found.kind != BreakKind::LateStart || !self.joined.contains(&index);
            self.breaks.extend(chain.breaks.iter().filter(shown).cloned());
        }
        let mut notes: BTreeMap<BreakKind, (usize, Spot, String, u64)> = BTreeMap::new();
        for run in &layout.runs {
            for (kind, (spot, detail, records)) in &run.summary.notes {
                let first = (run.object, moved(*spot, run.base), detail.clone(), 0);
                notes.entry(*kind).or_insert(first).3 += records;
            }
        }
        for (kind, (object, spot, detail, records)) in notes {
            let detail = format!("{detail}; {} in all", count(records, "such record"));
            self.breaks.push(layout.break_at(object, spot, kind, detail));
        }
        let fall = self.judged.chains.iter().filter(|chain| !chain.is_loose()).find_map(|chain| fall(chain));
        if let Some((object, spot)) = fall {
            let detail = "the time is before the time of the record before it in its chain".to_owned();
            self.breaks.push(layout.break_at(object, spot, BreakKind::ClockRollback, detail));
        }
        for ((standing, signer), records) in self.tally.distrusted.clone() {
            let Some((object, spot)) = self.tally.firsts.get(&(standing, signer)).copied() else { continue };
            let Some(kind) = standing.kind() else { continue };
            let detail = format!("{}{}", named(signer), self.many(records));
            self.breaks.push(layout.break_at(object, spot, kind, detail));
        }
        for (signer, records) in self.tally.bad.clone() {
            let Some((object, spot)) = self.tally.bad_firsts.get(&signer).copied() else { continue };
            let detail = format!(
                "the signature does not fit the key that other records of that name fit{}",
                self.many(records)
            );
            self.breaks.push(layout.break_at(object, spot, BreakKind::BadSignature, detail));
        }
    }

    /// Tells whether it is known of each record whether it was kept.
    fn is_exact(&self) -> bool {
        self.judged.chains.iter().all(|chain| chain.ordered.sweep.overlaps.is_empty())
    }

    /// Says how many records, where that is known.
    fn many(&self, records: u64) -> String {
        if self.is_exact() { format!(", {}", count(records, "record")) } else { String::new() }
    }

    /// Brought heads whose line is not there, or is not at the place that they state.
    fn heads(&mut self) {
        let layout = self.layout();
        let own: Vec<&LogHead> =
            self.input.heads.iter().filter(|head| head.log == self.input.source).collect();
        for head in own {
            let place = |run: &Run<'_>| {
                let spot = run.summary.heads.get(&head.digest)?;
                Some((run.object, moved(*spot, run.base)))
            };
            if let Some((object, spot)) = layout.runs.iter().find_map(place) {
                let numbers = numbers_of(layout, &self.judged.chains, head.digest);
                if !numbers.is_empty() && !numbers.contains(&head.seq) {
                    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
                    let detail = format!(
                        "it has sequence {}, and the head with its digest says {}",
                        numbers.join(" and "),
                        head.seq
                    );
                    self.breaks.push(layout.break_at(object, spot, BreakKind::Fork, detail));
                }
                continue;
            }
            if layout.objects.iter().any(|object| object.fault.is_some()) {
                self.remarks.push(format!("the head at sequence {} is not in what could be read", head.seq));
                continue;
            }
            let detail = format!("no record has the digest of the head at sequence {}", head.seq);
            let (object, spot) = self.last_record();
            if let Some(object) = object {
                self.breaks.push(layout.break_at(object, spot, BreakKind::TruncatedTail, detail));
            }
        }
    }

    /// Returns the last line of the last object that has one.
    fn last_record(&self) -> (Option<usize>, Spot) {
        let layout = self.layout();
        let bare = Spot { line: 0, offset: 0, seq: None, digest: Digest::ZERO };
        let lasts = self
            .judged
            .chains
            .iter()
            .flat_map(|chain| chain.pieces)
            .max_by_key(|piece| (piece.object, piece.last.offset));
        match lasts {
            Some(piece) => (Some(piece.object), piece.last),
            None => ((!layout.objects.is_empty()).then_some(0), bare),
        }
    }

    /// Values that no two records may share.
    fn repeated_ids(&mut self) {
        let layout = self.layout();
        let mut ids: Vec<(Digest, usize, Spot)> = Vec::new();
        for run in &layout.runs {
            ids.extend(run.summary.ids.iter().map(|seen| (seen.id, run.object, moved(seen.spot, run.base))));
        }
        ids.sort_unstable_by_key(|(id, object, spot)| (*id, *object, spot.offset));
        let known: BTreeSet<(&str, u64)> =
            self.breaks.iter().map(|found| (found.object.as_str(), found.offset)).collect();
        let all_chained = self.all_chained();
        let mut found = 0_usize;
        let mut repeats = Vec::new();
        for same in ids.chunk_by(|a, b| a.0 == b.0) {
            let (_, first_object, first) = same[0];
            for (_, object, spot) in &same[1..] {
                // The same bytes again are judged by the chain, where there is one.
                let same_bytes = spot.digest == first.digest;
                let known = known.contains(&(layout.objects[*object].name.as_str(), spot.offset));
                if same_bytes && (known || *object != first_object || all_chained) {
                    continue;
                }
                found += 1;
                if found > MAX_REPEATS {
                    continue;
                }
                let detail = format!(
                    "an id that no two records may share stands at {}:{} already",
                    layout.objects[first_object].name, first.line
                );
                repeats.push(layout.break_at(*object, *spot, BreakKind::Duplicate, detail));
            }
        }
        self.breaks.extend(repeats);
        if found > MAX_REPEATS {
            self.remarks.push(format!("{found} records repeat an id; the first {MAX_REPEATS} are listed"));
        }
        if layout.runs.iter().any(|run| run.summary.ids_cut) {
            self.repeats_unknown = !all_chained;
            self.remarks.push(
                "ids were compared for the first records of each segment only; `report` compares all"
                    .to_owned(),
            );
        }
    }

    /// Tells whether every record lies in a chain, so that a copy of it shows there.
    fn all_chained(&self) -> bool {
        let loose = |(index, chain): (usize, &Chain<'_>)| chain.is_loose() && !self.is_held(index);
        !self.judged.chains.iter().enumerate().any(loose)
    }

    fn verdict(mut self, holes: Vec<Hole>) -> LogVerdict {
        self.breaks.sort();
        self.breaks.dedup();
        let layout = self.layout();
        let verdict = self.word();
        let clocks = layout.objects.iter().map(|object| &object.clock);
        let sole = self.sole_chain();
        let last = sole.and_then(|chain| Some((chain, *chain.kept().last()?)));
        let head = last.map(|(chain, seg)| {
            let piece = chain.piece(seg);
            Head { seq: piece.last.seq.unwrap_or(seg.to), digest: piece.last.digest }
        });
        let first = sole.and_then(|chain| {
            let seg = *chain.kept().first()?;
            Some(chain.piece(seg).first.seq.unwrap_or(seg.from))
        });
        let groups = (0..layout.runs.len()).filter(|_| self.input.fates).map(|run| {
            let summary = layout.runs[run].summary;
            ((summary.object.clone(), summary.start), self.judged.spans(run))
        });
        LogVerdict {
            first_time: clocks.clone().filter_map(|clock| clock.earliest).min(),
            last_time: clocks.filter_map(|clock| clock.latest).max(),
            times_fall: self.breaks.iter().any(|found| found.kind == BreakKind::ClockRollback),
            closed: sole.is_some_and(|chain| chain.closed),
            key_records: self.tally.keys.clone(),
            holes,
            ranges: Vec::new(),
            groups: groups.collect(),
            log: Log {
                source: self.input.source.to_owned(),
                log: self.input.source.to_owned(),
                verdict,
                reasons: self.reasons(verdict),
                objects: layout.objects.iter().map(|object| object.name.clone()).collect(),
                records: self.tally.records,
                covered: self.tally.covered,
                rejected: self.tally.rejected,
                integrity: self.grade(),
                completeness: self.completeness(),
                signed: self.tally.signed,
                pinned: self.tally.pinned,
                first,
                head,
                in_period: None,
                keys: self.tally.keys.keys().map(Digest::to_string).collect(),
                uncovered_fields: self.uncovered_fields(),
                breaks: self.breaks,
            },
        }
    }

    fn uncovered_fields(&self) -> Vec<String> {
        let mut fields: BTreeSet<String> = BTreeSet::new();
        for run in &self.layout().runs {
            fields.extend(run.summary.uncovered.iter().cloned());
            if run.summary.uncovered_cut {
                fields.insert("…".to_owned());
            }
        }
        fields.extend(self.open_columns.iter().cloned());
        fields.into_iter().collect()
    }

    /// Returns the chain that holds every other, where there is one.
    pub(super) fn sole_chain(&self) -> Option<&Chain<'a>> {
        let mut top = self.judged.chains.iter().enumerate().filter(|(index, _)| !self.is_held(*index));
        match (top.next(), top.next()) {
            (Some((_, chain)), None) => Some(chain),
            _ => None,
        }
    }

    /// Tells whether every record of a chain lies in chains of layers that contain its own.
    fn is_held(&self, index: usize) -> bool {
        let chain = &self.judged.chains[index];
        let mut strands = chain
            .pieces
            .iter()
            .flat_map(|piece| &piece.parts)
            .map(|part| self.layout().strand(part.run, part.strand));
        !self.judged.layers[chain.id.layer].within.is_empty() && strands.all(|strand| !strand.alone)
    }

    fn has(&self, effect: Effect) -> bool {
        self.breaks.iter().any(|found| found.kind.effect(true) == effect)
    }

    fn word(&self) -> Verdict {
        let Tally { records, rejected, covered, .. } = self.tally;
        if self.has(Effect::Altered) {
            Verdict::Altered
        } else if records > 0
            && covered == records
            && self.all_may_be_covered()
            && rejected == 0
            && self.open_columns.is_empty()
            && !self.repeats_unknown
            && !self.has(Effect::NotVerifiable)
            && !self.has(Effect::Population)
        {
            Verdict::Verified
        } else {
            Verdict::NotVerifiable
        }
    }

    /// Tells whether no record that may be kept is worth less than cover from outside. Where a part of a stretch was set aside,
    /// the counts alone do not say so.
    fn all_may_be_covered(&self) -> bool {
        self.tally.lowest.is_some_and(|lowest| lowest >= Grade::HeadAnchored)
    }

    fn grade(&self) -> Grade {
        if self.tally.rejected > 0 { Grade::None } else { self.tally.lowest.unwrap_or(Grade::None) }
    }

    /// Returns the level of the worst chain.
    fn completeness(&self) -> Completeness {
        let layout = self.layout();
        let whole = layout.objects.iter().all(|object| object.fault.is_none() && object.unlisted.is_empty());
        if self.tally.records == 0
            || self.tally.rejected > 0
            || self.tally.unselected > 0
            || !whole
            || self.begins_anew()
        {
            return Completeness::Unknown;
        }
        let torn = layout.objects.iter().any(|object| object.torn.is_some());
        let cut = self.breaks.iter().any(|found| found.kind == BreakKind::TruncatedTail);
        let chains = &self.judged.chains;
        let mut of_layer: BTreeMap<usize, usize> = BTreeMap::new();
        let mut by_name: BTreeMap<(usize, &str), Vec<usize>> = BTreeMap::new();
        for (index, chain) in chains.iter().enumerate() {
            *of_layer.entry(chain.id.layer).or_default() += 1;
            by_name.entry((chain.id.layer, chain.id.chain.as_str())).or_default().push(index);
        }
        let own: Vec<Completeness> = (0..chains.len())
            .map(|index| self.level(index, of_layer[&chains[index].id.layer] == 1))
            .collect();
        let worst = (0..own.len())
            .map(|index| {
                self.outer_level(index, &by_name, &own).map_or(own[index], |outer| outer.max(own[index]))
            })
            .min()
            .unwrap_or(Completeness::Unknown);
        if torn || cut { worst.min(Completeness::Contiguous) } else { worst }
    }

    /// Tells whether each object begins a chain anew, so that nothing shows an object that is gone; not even one that is alone.
    fn begins_anew(&self) -> bool {
        // Records that nothing links begin nothing: where another layer chains them, that one says what is gone.
        self.judged.chains.iter().any(|chain| chain.id.object.is_some() && !chain.is_loose())
    }

    /// Returns the level of the chains that hold every record of a chain.
    fn outer_level(
        &self,
        index: usize,
        by_name: &BTreeMap<(usize, &str), Vec<usize>>,
        own: &[Completeness],
    ) -> Option<Completeness> {
        if !self.is_held(index) {
            return None;
        }
        let chain = &self.judged.chains[index];
        let strands = chain
            .pieces
            .iter()
            .flat_map(|piece| &piece.parts)
            .map(|part| self.layout().strand(part.run, part.strand));
        let outer: BTreeSet<(usize, &str)> =
            strands.flat_map(|strand| &strand.outer).map(|(layer, chain)| (*layer, chain.as_str())).collect();
        outer.iter().filter_map(|name| by_name.get(name)).flatten().map(|other| own[*other]).min()
    }

    /// Returns the level of one chain; `only` where its layer has no other.
    fn level(&self, index: usize, only: bool) -> Completeness {
        let chain = &self.judged.chains[index];
        let head_is_last = self.judged.covers[index].head_is_last;
        let forked = chain.aside.iter().any(|(_, kind)| *kind == BreakKind::Fork);
        // Whoever signed the records one by one did not sign their places, so that a hole can be closed up.
        let loose_places = chain.layer.signed != Signed::Never && !chain.layer.signs_place;
        let anchored = head_is_last && chain.layer.binds;
        if chain.is_loose()
            || chain.damaged
            || forked
            || chain.kept().is_empty()
            || chain.seams.contains(&false)
            || (loose_places && !anchored)
        {
            return Completeness::Unknown;
        }
        // Where a layer can hold several chains, the end of one says nothing of another that is not there.
        let open = !chain.id.chain.is_empty() || chain.id.object.is_some();
        match (head_is_last, chain.closed) {
            (true, _) if only && !open => Completeness::PinnedHead,
            (_, true) if !open => Completeness::Terminated,
            _ => Completeness::Contiguous,
        }
    }

    /// Says why the log is not verified, and what would help.
    fn reasons(&self, verdict: Verdict) -> Vec<String> {
        let mut reasons = Vec::new();
        if verdict == Verdict::Verified {
            return reasons;
        }
        let altered: Vec<&Break> =
            self.breaks.iter().filter(|found| found.kind.effect(true) == Effect::Altered).collect();
        if let Some(Break { object, line, kind, detail, .. }) = altered.first() {
            reasons.push(format!(
                "{}, the first `{kind}` at {object}:{line}: {detail}",
                count(altered.len() as u64, "break")
            ));
        }
        for found in self.breaks.iter().filter(|found| found.kind.effect(true) == Effect::Population) {
            // `append --recover`, which the common reason names, is for our own logs only.
            reasons.push(match found.kind {
                BreakKind::TornTail => format!(
                    "`torn-tail` {}:{}: {}: read the log again when its writer is done",
                    found.object, found.line, found.detail
                ),
                _ => population_reason(found),
            });
        }
        let total = self.tally.records + self.tally.rejected;
        for ((standing, signer), records) in &self.tally.distrusted {
            let who = match self.is_exact() {
                true => format!("{records} of {}", count(total, "record")),
                false => "records".to_owned(),
            };
            reasons.push(match signer {
                Signer::Fits { key, .. } | Signer::SelfSigned { key } => {
                    key_help(*standing, &format!("{who} signed by key `{key}`,"))
                }
                Signer::Nobody | Signer::Unchecked { .. } if self.all_symmetric() => format!(
                    "{records} of {} carry a code made with a shared key: bring that key with `--mac-key`",
                    count(total, "record")
                ),
                Signer::Nobody | Signer::Unchecked { .. } => format!(
                    "{who} signed by a key that the log only names: pin that key with `countersign keys trust`"
                ),
            });
        }
        if self.tally.unselected > 0 {
            let place = self.tally.first_unselected.map_or(String::new(), |(object, spot)| {
                format!(", the first at {}:{}", self.layout().objects[object].name, spot.line)
            });
            reasons.push(format!(
                "{} that no layer of the format covers{place}",
                count(self.tally.unselected, "line")
            ));
        }
        let uncovered =
            self.tally.records - self.tally.covered - self.tally.unselected.min(self.tally.records);
        let open = uncovered > 0 || (self.tally.records > 0 && !self.all_may_be_covered());
        if open && self.tally.distrusted.is_empty() && altered.is_empty() {
            reasons.push(self.uncovered_reason(uncovered, total));
        }
        if !self.open_columns.is_empty() {
            let named: Vec<&str> = self.open_columns.iter().take(MAX_NAMED).map(String::as_str).collect();
            let more = if self.open_columns.len() > MAX_NAMED { ", …" } else { "" };
            reasons.push(format!(
                "no hash or signature covers {}{more}, and tests read them: nothing in the log can show a change there",
                named.join(", ")
            ));
        }
        if self.tally.records == 0 && reasons.is_empty() {
            reasons.push("there is no record".to_owned());
        }
        reasons.extend(self.remarks.iter().cloned());
        reasons
    }

    /// Tells whether every layer that signs does so with a shared key.
    fn all_symmetric(&self) -> bool {
        let mut signing = self.judged.layers.iter().filter(|layer| layer.signed != Signed::Never).peekable();
        signing.peek().is_some() && signing.all(|layer| layer.symmetric)
    }

    fn uncovered_reason(&self, uncovered: u64, total: u64) -> String {
        let many = match uncovered {
            0 => "records beside those that stand twice".to_owned(),
            some => format!("{some} of {}", count(total, "record")),
        };
        if self.judged.layers.iter().all(|layer| !layer.linked) {
            return format!(
                "{many} carry no signature of a pinned key, and nothing links them to one that does"
            );
        }
        let how = "bring the last record as somebody else wrote it down, with `--head`";
        if self.tally.lowest == Some(Grade::Mac) {
            format!("{many} rest on a shared key, with which the verifier could have made them: {how}")
        } else if self.tally.pinned > 0 && !self.judged.layers.iter().any(|layer| layer.signs_link) {
            format!("{many} are in their place by their hash chain alone, which no signature covers: {how}")
        } else if self.tally.pinned > 0 {
            format!("{many} come after the last signature of a pinned key: {how}")
        } else {
            format!("{many} rest on their hash chain alone, which whoever wrote it can write anew: {how}")
        }
    }
}

/// Returns the first record of a chain whose time is before that of the record before it.
fn fall(chain: &Chain<'_>) -> Option<(usize, Spot)> {
    let mut before = None;
    for seg in chain.kept() {
        let piece = chain.piece(*seg);
        if let (Some(before), Some(first)) = (before, piece.clock.first)
            && first < before
        {
            return Some((piece.object, piece.first));
        }
        if let Some(spot) = piece.clock.first_fall {
            return Some((piece.object, spot));
        }
        before = piece.clock.last.or(before);
    }
    None
}

fn named(signer: Signer) -> String {
    match signer {
        Signer::Fits { key, .. } | Signer::SelfSigned { key } => format!("key `{key}`"),
        Signer::Nobody | Signer::Unchecked { .. } => "a key that is only named".to_owned(),
    }
}
