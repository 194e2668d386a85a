//! How far cover reaches in a chain, and what each record is worth by it.
//!
//! In a chain whose signatures contain the link, a signed record covers every record before it, as far back as each is
//! shown to follow the one before. A brought head does so in every linked chain. All other records stand by their own
//! signatures, or by nothing.

use std::collections::BTreeMap;

use super::chain::Chain;
use super::layout::{Layout, Part};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::integrity::foreign::scan::{Cut, CutBy, Signer};
use crate::integrity::foreign::seen::LayerFacts;
use crate::integrity::keyring::{Keyring, Standing};
use crate::integrity::stitch::Fate;
use crate::integrity::stitch::sweep::Seg;
use crate::integrity::verdict::{BreakKind, Grade};

/// What later records of a chain do for a record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Reach {
    /// Grade of the best signature that reaches it.
    pub(super) grade: Option<Grade>,
    /// True where a brought head reaches it.
    pub(super) head: bool,
}

impl Reach {
    fn or(self, other: Self) -> Self {
        Self { grade: self.grade.max(other.grade), head: self.head || other.head }
    }

    /// Tells whether something from outside covers the record.
    pub(super) fn covers(self) -> bool {
        self.head || self.grade >= Some(Grade::HeadAnchored)
    }
}

/// Records of one strand, next to one another, that are kept or set aside alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stay {
    /// Position of the first in its strand.
    pub(super) from: u64,
    /// Position of the last.
    pub(super) to: u64,
    /// Byte offset of the last, where it is not the strand's last.
    pub(super) until: Option<u64>,
    /// Why they do not count, where they do not.
    pub(super) aside: Option<Fate>,
    /// Per number of cuts that do not reach them, what does.
    pub(super) reach: Vec<Reach>,
}

impl Stay {
    pub(super) fn records(&self) -> u64 {
        self.to - self.from + 1
    }
}

/// What a chain says of each of its strands, by run and strand.
#[derive(Default)]
pub(super) struct Cover {
    pub(super) stays: BTreeMap<(usize, usize), Vec<Stay>>,
    /// Per strand, the moment at which its keys are judged; `None` where its records have no time.
    pub(super) judged_at: BTreeMap<(usize, usize), Option<Moment>>,
    /// Per kept range, how far from its start it is covered.
    pub(super) covered: Vec<Covered>,
    /// True where the last record of the chain is a brought head.
    pub(super) head_is_last: bool,
}

/// How far a kept range is covered from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Covered {
    /// Whole.
    Whole,
    /// Up to a record of this time, where it has one.
    Until(Option<Moment>),
    /// Not by anything that reaches back.
    Not,
}

/// Judges keys as the format and the trust file say.
pub(super) struct Judge<'a> {
    pub(super) keyring: &'a Keyring,
    pub(super) log: &'a str,
    pub(super) heads: &'a [Digest],
}

impl Judge<'_> {
    /// Returns the standing of a key. Without a time that a hash covers, a key that has a window is not shown to be inside.
    pub(super) fn standing(&self, key: Digest, at: Option<Moment>) -> Standing {
        let standing = self.keyring.judge_log(key, self.log, at.unwrap_or(Moment::from_ms(0)));
        let Some(known) = self.keyring.find(key).filter(|_| at.is_none()) else { return standing };
        match standing {
            Standing::Trusted | Standing::Expired if known.revoked_at.is_some() => Standing::Revoked,
            Standing::Trusted if known.valid_from.is_some() || known.valid_until.is_some() => {
                Standing::Expired
            }
            _ => standing,
        }
    }

    /// Returns the grade of a record that `signer` signed, and the standing of its key where it does not count.
    pub(super) fn own(
        &self,
        layer: &LayerFacts,
        signer: Signer,
        at: Option<Moment>,
    ) -> (Grade, Option<Standing>) {
        let bare = if layer.binds { Grade::Consistent } else { Grade::Parsed };
        // A signature over the link alone says nothing of the record that carries it.
        let lifted = |grade: Grade| if layer.signs_record { grade } else { bare };
        match signer {
            Signer::Nobody => (bare, None),
            Signer::Unchecked { .. } => (bare, Some(Standing::Unknown)),
            Signer::SelfSigned { key } => match self.standing(key, at) {
                Standing::Revoked => (bare, Some(Standing::Revoked)),
                // Trust in a key that the log holds is for whoever examined the record to find.
                Standing::Trusted => (lifted(Grade::SelfSigned), Some(Standing::Unknown)),
                standing => (lifted(Grade::SelfSigned), Some(standing)),
            },
            Signer::Fits { .. } if layer.symmetric => (lifted(Grade::Mac), None),
            Signer::Fits { key, .. } => match self.standing(key, at) {
                Standing::Trusted => (lifted(Grade::PinnedSigned), None),
                Standing::Revoked => (bare, Some(Standing::Revoked)),
                standing => (lifted(Grade::SelfSigned), Some(standing)),
            },
        }
    }

    fn reach(&self, layer: &LayerFacts, by: CutBy, at: Option<Moment>) -> Reach {
        if !layer.binds {
            return Reach::default();
        }
        match by {
            CutBy::Head(digest) => Reach { grade: None, head: self.heads.contains(&digest) },
            CutBy::Signature(signer) => {
                let whole = LayerFacts { signs_record: true, ..layer.clone() };
                let (grade, _) = self.own(&whole, signer, at);
                Reach { grade: (grade > Grade::Consistent).then_some(grade), head: false }
            }
        }
    }
}

/// Works out how far cover reaches in a chain.
pub(super) fn cover(layout: &Layout<'_>, chain: &Chain<'_>, judge: &Judge<'_>) -> Cover {
    let mut cover = Cover::default();
    cover.judge_times(layout, chain);
    let mut carry = Reach::default();
    let kept = chain.kept();
    cover.covered = vec![Covered::Not; kept.len()];
    for (index, seg) in kept.iter().enumerate().rev() {
        if chain.seams.get(index).is_some_and(|holds| !holds) || !chain.layer.linked {
            carry = Reach::default();
        }
        let from_behind = carry.covers();
        let last_cut = cover.range(layout, chain, judge, *seg, &mut carry);
        cover.covered[index] = match last_cut {
            _ if from_behind => Covered::Whole,
            Some((_, true)) => Covered::Whole,
            Some((time, false)) => Covered::Until(time),
            None => Covered::Not,
        };
    }
    for (seg, kind) in &chain.aside {
        let fate = match kind {
            BreakKind::Duplicate | BreakKind::ReExport => Fate::Dropped(*kind),
            kind => Fate::Damaged(*kind),
        };
        for (part, from, to) in parts(chain, *seg) {
            cover.stay(chain, *seg, part, from, to, Some(fate), Vec::new());
        }
    }
    for stays in cover.stays.values_mut() {
        stays.sort_by_key(|stay| stay.from);
    }
    cover.head_is_last = kept.last().is_some_and(|seg| {
        let piece = chain.piece(*seg);
        let whole = seg.to - chain.ordered.at[seg.piece] + 1 == piece.records;
        whole && judge.heads.contains(&piece.last.digest)
    });
    cover
}

/// Returns the strands that hold a range of places, with the positions in each of its first and last record there.
fn parts(chain: &Chain<'_>, seg: Seg) -> Vec<(Part, u64, u64)> {
    let at = chain.ordered.at[seg.piece];
    let (from, to) = (seg.from - at, seg.to - at);
    let held = |part: &&Part| part.from <= to && from < part.from + part.records;
    chain
        .piece(seg)
        .parts
        .iter()
        .filter(held)
        .map(|part| {
            (*part, from.max(part.from) - part.from, to.min(part.from + part.records - 1) - part.from)
        })
        .collect()
}

impl Cover {
    /// Judges time along the chain: no strand is judged at an earlier time than one before it.
    fn judge_times(&mut self, layout: &Layout<'_>, chain: &Chain<'_>) {
        let mut reached: Option<Moment> = None;
        for seg in chain.kept() {
            for (part, ..) in parts(chain, *seg) {
                let strand = layout.strand(part.run, part.strand);
                let at = if strand.timed { reached.max(strand.clock.latest) } else { None };
                reached = reached.max(at);
                let judged = self.judged_at.entry((part.run, part.strand)).or_insert(at);
                *judged = (*judged).max(at);
            }
        }
    }

    /// Follows cover backwards through a kept range. Returns the last cut that covers something from outside: its time, and
    /// whether it covers the range to its end.
    fn range(
        &mut self,
        layout: &Layout<'_>,
        chain: &Chain<'_>,
        judge: &Judge<'_>,
        seg: Seg,
        carry: &mut Reach,
    ) -> Option<(Option<Moment>, bool)> {
        let mut last_cut = None;
        for (number, (part, from, to)) in parts(chain, seg).into_iter().rev().enumerate() {
            let strand = layout.strand(part.run, part.strand);
            if layout.runs[part.run].summary.unlisted > 0 {
                *carry = Reach::default();
                let fate = Some(Fate::Damaged(BreakKind::Rejected));
                self.stay(chain, seg, part, from, to, fate, Vec::new());
                continue;
            }
            let at = self.judged_at.get(&(part.run, part.strand)).copied().flatten();
            let mut reach = vec![Reach::default(); strand.cuts.len() + 1];
            reach[strand.cuts.len()] = *carry;
            for (rank, cut) in strand.cuts.iter().enumerate().rev() {
                let own = if (from..=to).contains(&carrier(chain.layer, cut)) {
                    judge.reach(chain.layer, cut.by, at)
                } else {
                    Reach::default()
                };
                if own.covers() && last_cut.is_none() {
                    last_cut = Some((cut.time, number == 0 && cut.reach == to + 1));
                }
                reach[rank] = reach[rank + 1].or(own);
            }
            *carry = reach[0];
            self.stay(chain, seg, part, from, to, None, reach);
        }
        last_cut
    }

    #[allow(clippy::too_many_arguments, reason = "one stay is these values, and nothing else groups them")]
    fn stay(
        &mut self,
        chain: &Chain<'_>,
        seg: Seg,
        part: Part,
        from: u64,
        to: u64,
        aside: Option<Fate>,
        reach: Vec<Reach>,
    ) {
        let until =
            (to + 1 < part.records).then(|| chain.ordered.marks[seg.piece].get(&(part.from + to)).copied());
        // Where it is not known at which record of a strand a range ends, none of the strand is sure to be intact.
        let aside =
            if until == Some(None) { Some(Fate::Damaged(BreakKind::UnreadableObject)) } else { aside };
        let stay = Stay { from, to, until: until.flatten(), aside, reach };
        self.stays.entry((part.run, part.strand)).or_default().push(stay);
    }
}

/// Returns the position in its strand of the record that a cut is made by.
fn carrier(layer: &LayerFacts, cut: &Cut) -> u64 {
    match cut.by {
        CutBy::Signature(_) if !layer.signs_record => cut.reach,
        _ => cut.reach.saturating_sub(1),
    }
}
