//! One log: keys, grades, completeness, verdict, and the reasons for them.

use std::collections::BTreeMap;

use super::ends::{self, Ends};
use super::layout::{Layout, LogGroup};
use super::seam::{self, Findings};
use super::sweep::{Chain, Seg};
use super::{Fate, LogVerdict, Range, StitchInput, hole};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::integrity::chain::Place;
use crate::integrity::keyring::Standing;
use crate::integrity::verdict::{Break, BreakKind, Completeness, Effect, Grade, Verdict};
use crate::report::model::{Head, Log};

pub(super) fn judge(input: &StitchInput<'_>, layout: &Layout<'_>, group: &LogGroup) -> LogVerdict {
    let chain = Chain { layout, group, links: input.links };
    let heads: Vec<(u64, Digest)> = input
        .heads
        .iter()
        .filter(|head| head.log == group.name)
        .map(|head| (head.seq, head.digest))
        .collect();
    let findings = seam::examine(&chain, input.keyring, &heads);
    let ends = ends::examine(&chain, &findings, input.heads, input.after);
    let mut case = Case::new(input, &chain, &findings, &ends);
    case.object_breaks();
    case.clock_note();
    case.tally_all();
    let holes = hole::find(&case);
    case.verdict(holes)
}

/// A log while it is judged.
pub(super) struct Case<'a> {
    pub(super) input: &'a StitchInput<'a>,
    pub(super) chain: &'a Chain<'a>,
    pub(super) findings: &'a Findings,
    pub(super) ends: &'a Ends,
    pub(super) breaks: Vec<Break>,
    /// Kept ranges, cut where their grade changes, with the fate of each key's records.
    pub(super) portions: Vec<Portion>,
    pub(super) times_fall: bool,
    /// Sequence numbers that a brought head holds: from the first that links to it, up to it.
    anchored: Option<(u64, u64)>,
    /// The same for each head of which it was shown when it existed, with that moment.
    witnessed: Vec<(u64, u64, Moment)>,
    tally: Tally,
}

/// A kept range whose records share a fate, key by key.
pub(super) struct Portion {
    pub(super) seg: Seg,
    by_key: BTreeMap<Digest, Fate>,
    /// True where none of its records is damaged.
    pub(super) intact: bool,
}

#[derive(Default)]
struct Tally {
    records: u64,
    rejected: u64,
    covered: u64,
    signed: u64,
    lowest: Option<Grade>,
    keys: BTreeMap<Digest, u64>,
    /// Records that do not count because of their key, by standing and key, with the first of them.
    distrusted: BTreeMap<(Standing, Digest), (u64, usize, Place)>,
}

impl<'a> Case<'a> {
    fn new(input: &'a StitchInput<'a>, chain: &'a Chain<'a>, findings: &'a Findings, ends: &'a Ends) -> Self {
        Self {
            input,
            chain,
            findings,
            ends,
            breaks: findings.breaks.iter().chain(&ends.breaks).cloned().collect(),
            portions: Vec::new(),
            times_fall: false,
            anchored: ends.contained.map(|head| (linked_from(chain, &findings.kept, head), head)),
            witnessed: witnessed(input, chain, &findings.kept),
            tally: Tally::default(),
        }
    }

    /// Adds what is wrong with objects as a whole.
    fn object_breaks(&mut self) {
        let group = self.chain.group;
        let whole = |object: &str, kind, detail: String| Break {
            object: object.to_owned(),
            line: 0,
            offset: 0,
            seq: None,
            kind,
            detail,
        };
        for object in &group.objects {
            if let Some((kind, detail)) = &object.fault {
                self.breaks.push(whole(&object.name, *kind, detail.clone()));
            }
            if let Some(torn) = &object.torn {
                let detail = format!("{} bytes without a line end", torn.length);
                let offset = torn.offset;
                self.breaks.push(Break {
                    line: torn.line,
                    offset,
                    ..whole(&object.name, BreakKind::TornTail, detail)
                });
            }
            for unlisted in &object.unlisted {
                let detail = format!(
                    "more breaks than are listed in lines {} to {}",
                    unlisted.line,
                    unlisted.line + unlisted.lines - 1
                );
                self.breaks.push(whole(&object.name, BreakKind::Rejected, detail));
            }
        }
        let has_lines = group.objects.iter().any(|object| object.lines > 0 || object.torn.is_some());
        if !has_lines {
            let read = group.objects.iter().find(|object| object.fault.is_none());
            match read {
                Some(object) => {
                    self.breaks.push(whole(&object.name, BreakKind::Empty, "no record".to_owned()))
                }
                None if group.objects.is_empty() => {
                    let detail = format!("no object holds log `{}`", group.name);
                    self.breaks.push(whole("", BreakKind::MissingObject, detail));
                }
                None => {}
            }
        }
    }

    /// Notes the first record whose time is before the time of the record before it.
    fn clock_note(&mut self) {
        let mut first: Option<(usize, Place)> = None;
        let mut before = None;
        for &seg in &self.findings.kept {
            let piece = self.chain.piece(seg);
            let stretch = &piece.stretch;
            if seg.from == piece.first() && before.is_some_and(|before| stretch.first_time < before) {
                let place = Place { line: stretch.line, offset: stretch.offset, seq: seg.from };
                first.get_or_insert((seg.piece, place));
            }
            if let Some(place) = stretch.first_fall {
                first.get_or_insert((seg.piece, place));
            }
            before = (seg.to == piece.last()).then_some(stretch.last_time);
        }
        self.times_fall = first.is_some();
        if let Some((piece, place)) = first {
            let detail =
                "the time is before the time of the record before it; the first such record of the log";
            self.break_at_place(piece, place, BreakKind::ClockRollback, detail.to_owned());
        }
    }

    fn break_at_place(&mut self, piece: usize, place: Place, kind: BreakKind, detail: String) {
        let object = self.chain.group.objects[self.chain.group.pieces[piece].object].name.clone();
        let Place { line, offset, seq } = place;
        self.breaks.push(Break { object, line, offset, seq: Some(seq), kind, detail });
    }

    fn tally_all(&mut self) {
        let chain_broken = self.breaks.iter().any(|found| {
            found.kind.effect(true) == Effect::Altered
                && !matches!(found.kind, BreakKind::Duplicate | BreakKind::Reordered)
        });
        for &seg in &self.findings.kept {
            for part in self.cut_at_anchors(seg) {
                let portion = self.portion(part, chain_broken);
                self.portions.push(portion);
            }
        }
        let group = self.chain.group;
        let listed: u64 = self.findings.damage.iter().map(|(_, damage)| damage.lines).sum();
        let forked: u64 = self.findings.forked.iter().map(|(seg, _)| seg.records()).sum();
        let unlisted: u64 =
            group.objects.iter().flat_map(|object| &object.unlisted).map(|lines| lines.count).sum();
        self.tally.rejected += listed + forked + unlisted;
        for ((standing, key), (records, piece, place)) in self.tally.distrusted.clone() {
            if let Some(kind) = standing.kind() {
                let detail = format!("key `{key}`, {}", count(records, "record"));
                self.break_at_place(piece, place, kind, detail);
            }
        }
    }

    /// Cuts a range behind every head in it, so that each part lies under the same heads.
    fn cut_at_anchors(&self, seg: Seg) -> Vec<Seg> {
        let heads = self.anchored.iter().map(|(_, head)| *head);
        let mut ends: Vec<u64> = heads.chain(self.witnessed.iter().map(|(_, head, _)| *head)).collect();
        ends.retain(|head| seg.from <= *head && *head < seg.to);
        ends.push(seg.to);
        ends.sort_unstable();
        ends.dedup();
        let mut from = seg.from;
        let mut parts = Vec::new();
        for to in ends {
            parts.push(Seg { from, to, ..seg });
            from = to + 1;
        }
        parts
    }

    /// Returns the earliest moment at which all records of a range are shown to have existed.
    fn seen_at(&self, seg: Seg) -> Option<Moment> {
        let over = self.witnessed.iter().filter(|(from, to, _)| *from <= seg.from && seg.to <= *to);
        over.map(|(.., seen_at)| *seen_at).min()
    }

    /// Judges the keys of a kept range, and counts its records.
    fn portion(&mut self, seg: Seg, chain_broken: bool) -> Portion {
        let piece = self.chain.piece(seg);
        let stretch = &piece.stretch;
        let anchored = self.anchored.is_some_and(|(from, to)| from <= seg.from && seg.to <= to);
        let unlisted = self.chain.group.objects[piece.object].unlisted.iter().any(|lines| {
            piece.line_of(seg.from) < lines.line + lines.lines && lines.line <= piece.line_of(seg.to)
        });
        let seen_at = self.seen_at(seg);
        let standing = |key: &Digest| {
            self.input.keyring.judge_log_anchored(*key, &stretch.log, piece.judged_at, seen_at)
        };
        let standings: BTreeMap<Digest, Standing> =
            stretch.signers.keys().map(|key| (*key, standing(key))).collect();
        let mut portion = Portion { seg, by_key: BTreeMap::new(), intact: true };
        for (key, records) in shares(
            seg,
            piece.last() - piece.first() + 1,
            stretch
                .signers
                .iter()
                .map(|(key, signer)| (*key, signer.records, standings[key] == Standing::Trusted)),
        ) {
            let standing = standings[&key];
            let fate = if unlisted {
                Fate::Damaged(BreakKind::Rejected)
            } else {
                fate(standing, anchored, chain_broken)
            };
            portion.intact &= matches!(fate, Fate::Kept(_));
            portion.by_key.insert(key, fate);
            let checked = stretch.signers[&key].checked;
            self.tally.count(key, records, standing, checked, fate);
            if standing != Standing::Trusted {
                let mut place = stretch.signers[&key].first;
                if place.seq < seg.from {
                    // The key may have been worth something up to here.
                    let offset = self.chain.offset(seg.piece, seg.from);
                    place = Place { line: piece.line_of(seg.from), offset, seq: seg.from };
                }
                let first = (0, seg.piece, place);
                self.tally.distrusted.entry((standing, key)).or_insert(first).0 += records;
            }
        }
        portion
    }

    fn verdict(mut self, holes: Vec<crate::report::model::Hole>) -> LogVerdict {
        let group = self.chain.group;
        self.breaks.sort();
        self.breaks.dedup();
        let verdict = self.word();
        let kept = &self.findings.kept;
        let times = |seg: Option<&Seg>| seg.map(|seg| &self.chain.piece(*seg).stretch);
        let head = kept
            .last()
            .and_then(|seg| self.chain.digest(seg.piece, seg.to).map(|digest| Head { seq: seg.to, digest }));
        let mut ranges = self.ranges();
        ranges.sort();
        LogVerdict {
            first_time: times(kept.first()).map(|stretch| stretch.first_time),
            last_time: times(kept.last()).map(|stretch| stretch.last_time),
            times_fall: self.times_fall,
            closed: self.ends.closed,
            key_records: self.tally.keys.clone(),
            holes,
            ranges,
            groups: BTreeMap::new(),
            log: Log {
                source: self.input.source.to_owned(),
                log: group.name.clone(),
                verdict,
                reasons: self.reasons(verdict),
                objects: group.objects.iter().map(|object| object.name.clone()).collect(),
                records: self.tally.records,
                covered: self.tally.covered,
                rejected: self.tally.rejected,
                integrity: self.grade(),
                completeness: self.completeness(),
                signed: self.tally.signed,
                pinned: self.tally.covered,
                first: kept.first().map(|seg| seg.from),
                head,
                in_period: None,
                keys: self.tally.keys.keys().map(Digest::to_string).collect(),
                uncovered_fields: Vec::new(),
                breaks: self.breaks,
            },
        }
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
            && rejected == 0
            && !self.has(Effect::NotVerifiable)
            && !self.has(Effect::Population)
        {
            Verdict::Verified
        } else {
            Verdict::NotVerifiable
        }
    }

    fn grade(&self) -> Grade {
        if self.tally.rejected > 0 { Grade::None } else { self.tally.lowest.unwrap_or(Grade::None) }
    }

    fn completeness(&self) -> Completeness {
        let seams_hold = self.findings.kept.windows(2).all(|pair| self.chain.seam(pair[0], pair[1]).holds());
        let whole = self
            .chain
            .group
            .objects
            .iter()
            .all(|object| object.fault.is_none() && object.unlisted.is_empty());
        if self.findings.kept.is_empty() || self.tally.rejected > 0 || !seams_hold || !whole {
            return Completeness::Unknown;
        }
        let torn = self.chain.group.objects.iter().any(|object| object.torn.is_some());
        let cut = self.breaks.iter().any(|found| found.kind == BreakKind::TruncatedTail);
        match (torn || cut, self.ends.head_is_last, self.ends.closed) {
            (false, true, _) => Completeness::PinnedHead,
            (false, false, true) => Completeness::Terminated,
            _ => Completeness::Contiguous,
        }
    }

    fn ranges(&self) -> Vec<Range> {
        let objects = &self.chain.group.objects;
        let of_seg = |seg: Seg, by_key: BTreeMap<Digest, Fate>, otherwise: Fate| {
            let piece = self.chain.piece(seg);
            let object = objects[piece.object].name.clone();
            Range { object, line: piece.line_of(seg.from), lines: seg.records(), by_key, otherwise }
        };
        let unsure = Fate::Damaged(BreakKind::Rejected);
        let kept = self.portions.iter().map(|portion| of_seg(portion.seg, portion.by_key.clone(), unsure));
        let dropped = self
            .findings
            .dropped
            .iter()
            .map(|(seg, kind)| of_seg(*seg, BTreeMap::new(), Fate::Dropped(*kind)));
        let forked = self
            .findings
            .forked
            .iter()
            .map(|(seg, kind)| of_seg(*seg, BTreeMap::new(), Fate::Damaged(*kind)));
        let damaged = self.findings.damage.iter().map(|(object, damage)| Range {
            object: objects[*object].name.clone(),
            line: damage.line,
            lines: damage.lines,
            by_key: BTreeMap::new(),
            otherwise: Fate::Damaged(damage.kind),
        });
        kept.chain(dropped).chain(forked).chain(damaged).collect()
    }

    /// Says why the log is not verified, and what would help.
    fn reasons(&self, verdict: Verdict) -> Vec<String> {
        let mut reasons = Vec::new();
        if verdict == Verdict::Verified {
            return reasons;
        }
        let altered: Vec<&Break> =
            self.breaks.iter().filter(|found| found.kind.effect(true) == Effect::Altered).collect();
        if let Some(first) = altered.first() {
            let Break { object, line, kind, detail, .. } = first;
            reasons.push(format!(
                "{}, the first `{kind}` at {object}:{line}: {detail}",
                count(altered.len() as u64, "break")
            ));
        }
        for found in self.breaks.iter().filter(|found| found.kind.effect(true) == Effect::Population) {
            reasons.push(population_reason(found));
        }
        let total = self.tally.records + self.tally.rejected;
        for ((standing, key), (records, ..)) in &self.tally.distrusted {
            reasons.push(key_reason(*standing, *key, *records, total));
        }
        if self.tally.records == 0 && reasons.is_empty() {
            reasons.push("there is no record".to_owned());
        }
        reasons.extend(self.ends.remarks.iter().cloned());
        reasons
    }
}

impl Tally {
    fn count(&mut self, key: Digest, records: u64, standing: Standing, checked: bool, fate: Fate) {
        *self.keys.entry(key).or_default() += records;
        let Fate::Kept(grade) = fate else {
            self.rejected += records;
            return;
        };
        self.records += records;
        self.lowest = Some(self.lowest.map_or(grade, |lowest| lowest.min(grade)));
        if checked {
            self.signed += records;
        }
        if standing == Standing::Trusted {
            self.covered += records;
        }
    }
}

/// The fate of records by what their key is worth, whether a brought head holds them, and whether the chain is broken.
///
/// A record that a trusted key signed stands by itself. Any other record rests on its chain alone: where that is broken,
/// nothing shows that the record was not rewritten, unless a brought head holds it.
fn fate(standing: Standing, anchored: bool, chain_broken: bool) -> Fate {
    match (standing, anchored) {
        (Standing::Trusted, true) => Fate::Kept(Grade::PinnedAnchored),
        (Standing::Trusted, false) => Fate::Kept(Grade::PinnedSigned),
        (_, true) => Fate::Kept(Grade::HeadAnchored),
        (_, false) if chain_broken => Fate::Damaged(BreakKind::Altered),
        (Standing::Expired | Standing::WrongPurpose, false) => Fate::Kept(Grade::SelfSigned),
        (Standing::Unknown | Standing::Revoked, false) => Fate::Kept(Grade::Consistent),
    }
}

/// Returns the witnessed heads that the chain contains: from the first record that links to it, up to it, and when it was seen.
fn witnessed(input: &StitchInput<'_>, chain: &Chain<'_>, kept: &[Seg]) -> Vec<(u64, u64, Moment)> {
    let own = input.witnessed.iter().filter(|witnessed| witnessed.head.log == chain.group.name);
    own.filter_map(|witnessed| {
        let seq = witnessed.head.seq;
        let seg = kept.iter().find(|seg| seg.from <= seq && seq <= seg.to)?;
        let held = chain.digest(seg.piece, seq) == Some(witnessed.head.digest);
        held.then(|| (linked_from(chain, kept, seq), seq, witnessed.seen_at))
    })
    .collect()
}

/// Returns the first sequence number from which every record up to `head` is shown to follow the one before.
fn linked_from(chain: &Chain<'_>, kept: &[Seg], head: u64) -> u64 {
    let mut from = head;
    for (index, seg) in kept.iter().enumerate().rev().filter(|(_, seg)| seg.from <= head) {
        from = seg.from;
        if index == 0 || !chain.seam(kept[index - 1], *seg).holds() {
            break;
        }
    }
    from
}

/// Shares the records of a range out to its keys. Where only a part of a piece is kept and several keys signed in it, keys
/// that are not trusted come first: the count of covered records then errs downwards.
fn shares(
    seg: Seg,
    piece_records: u64,
    signers: impl Iterator<Item = (Digest, u64, bool)>,
) -> Vec<(Digest, u64)> {
    let mut signers: Vec<(Digest, u64, bool)> = signers.collect();
    if seg.records() == piece_records {
        return signers.into_iter().map(|(key, records, _)| (key, records)).collect();
    }
    signers.sort_by_key(|(key, _, trusted)| (*trusted, *key));
    let mut left = seg.records();
    let mut shares = Vec::new();
    for (key, records, _) in signers {
        let share = records.min(left);
        left -= share;
        shares.push((key, share));
    }
    shares
}

pub(in crate::integrity) fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

pub(in crate::integrity) fn key_reason(standing: Standing, key: Digest, records: u64, total: u64) -> String {
    key_help(standing, &format!("{records} of {} signed by key `{key}`,", count(total, "record")))
}

/// Says of records that `who` names why their key does not count, and what would help.
pub(in crate::integrity) fn key_help(standing: Standing, who: &str) -> String {
    match standing {
        Standing::Trusted | Standing::Unknown => format!(
            "{who} which the trust file does not name: if you know its owner, add it with `countersign keys trust`"
        ),
        Standing::Revoked => format!(
            "{who} which was revoked or is compromised: an independent record of these events would help"
        ),
        Standing::Expired => {
            format!(
                "{who} outside its validity: correct `valid_from` and `valid_until` if the owner confirms other dates"
            )
        }
        Standing::WrongPurpose => {
            format!(
                "{who} which is trusted for something else: add the log to `logs` of that key if its owner confirms it"
            )
        }
    }
}

pub(in crate::integrity) fn population_reason(found: &Break) -> String {
    let Break { object, line, kind, detail, .. } = found;
    let place = match (object.as_str(), line) {
        ("", _) => String::new(),
        (_, 0) => format!(" {object}"),
        _ => format!(" {object}:{line}"),
    };
    let help = match kind {
        BreakKind::TornTail => {
            ": read the log again when its writer is done, or set the bytes aside with `countersign append --recover`"
        }
        BreakKind::MissingObject | BreakKind::Empty => {
            ": bring the object, or remove the log from the source"
        }
        BreakKind::UnreadableObject | BreakKind::TruncatedObject => ": export the object again",
        _ => "",
    };
    format!("`{kind}`{place}: {detail}{help}")
}
