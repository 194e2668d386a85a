//! What single records are worth, by all layers together.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::Chain;
use super::cover::{Cover, Judge, Reach, Stay};
use super::layout::Layout;
use crate::digest::Digest;
use crate::integrity::foreign::scan::{Group, Signer};
use crate::integrity::foreign::seen::LayerFacts;
use crate::integrity::keyring::Standing;
use crate::integrity::stitch::{Fate, Spans};
use crate::integrity::verdict::{BreakKind, Grade};

/// The chains of a log, judged.
pub(super) struct Judged<'a> {
    pub(super) layout: &'a Layout<'a>,
    pub(super) layers: &'a [LayerFacts],
    pub(super) chains: Vec<Chain<'a>>,
    pub(super) covers: Vec<Cover>,
    /// Per chain, whether it is broken.
    pub(super) broken: Vec<bool>,
    /// Chain of each strand, by run and strand.
    pub(super) chain_of: BTreeMap<(usize, usize), usize>,
    /// Names under which keys are claimed that fit a key bound to this log, by layer.
    pub(super) claims: BTreeSet<(usize, Digest)>,
    pub(super) judge: Judge<'a>,
}

/// Records that share everything that matters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Outcome {
    pub(super) fate: Fate,
    /// Keys that do not count, and do so for the record's worth; a claim stands for a key that nobody knows.
    pub(super) distrusted: BTreeSet<(Standing, Signer)>,
    /// True where the chain alone would have to hold it, and is broken.
    pub(super) weak: bool,
    /// Signatures that fit, whoever made them.
    pub(super) keys: BTreeSet<Digest>,
    /// True where a pinned key signed the record itself.
    pub(super) pinned: bool,
}

/// What one layer makes of a record.
struct Member {
    layer: usize,
    aside: Option<Fate>,
    /// `none` where its chain is broken and nothing else holds it.
    grade: Grade,
    weak: bool,
    distrusted: Option<(Standing, Signer)>,
    key: Option<Digest>,
    pinned: bool,
}

impl Judged<'_> {
    /// Judges the records of a group that lie in these stays, behind so many cuts.
    pub(super) fn outcome(&self, run: usize, group: &Group, at: &[(&Stay, usize)]) -> Outcome {
        let members: Vec<Member> = group
            .members
            .iter()
            .zip(at)
            .map(|((strand, signer), (stay, rank))| self.member(run, *strand, *signer, stay, *rank))
            .collect();
        let mut outcome = Outcome {
            fate: Fate::Kept(Grade::Parsed),
            distrusted: BTreeSet::new(),
            weak: false,
            keys: members.iter().filter_map(|member| member.key).collect(),
            pinned: members.iter().any(|member| member.pinned),
        };
        if let Some(fate) = self.aside(&members) {
            outcome.fate = fate;
            return outcome;
        }
        let better = |member: &&Member| {
            let within = &self.layers[member.layer].within;
            let outer = members.iter().filter(|other| within.contains(&other.layer)).map(|other| other.grade);
            outer.max().is_none_or(|outer| outer <= member.grade)
        };
        let counting: Vec<&Member> = members.iter().filter(better).collect();
        if let Some(grade) = counting.iter().map(|member| member.grade).min() {
            outcome.weak = counting.iter().any(|member| member.weak);
            outcome.fate = if outcome.weak { Fate::Damaged(BreakKind::Altered) } else { Fate::Kept(grade) };
        }
        for member in &members {
            let within = &self.layers[member.layer].within;
            let held = members
                .iter()
                .any(|other| within.contains(&other.layer) && other.grade >= Grade::HeadAnchored);
            outcome.distrusted.extend(member.distrusted.filter(|_| !held));
        }
        outcome
    }

    /// Returns why a record does not count, where it does not. Damage counts from whichever layer sees it. Which of two copies
    /// goes is for the outermost layer to say: each layer orders its own chains, and two that chose differently would drop both.
    fn aside(&self, members: &[Member]) -> Option<Fate> {
        let dropped = |fate: &Fate| matches!(fate, Fate::Dropped(_));
        let mut asides = members.iter().filter_map(|member| member.aside);
        if let Some(damaged) = asides.find(|fate| !dropped(fate)) {
            return Some(damaged);
        }
        let layers: Vec<usize> = members.iter().map(|member| member.layer).collect();
        let outermost =
            members.iter().find(|member| !self.is_inner(member.layer, &layers)).or(members.first());
        outermost.and_then(|member| member.aside)
    }

    /// Tells whether one of `layers` covers all that `layer` does.
    pub(super) fn is_inner(&self, layer: usize, layers: &[usize]) -> bool {
        self.layers[layer].within.iter().any(|outer| layers.contains(outer))
    }

    fn member(&self, run: usize, strand: usize, signer: Signer, stay: &Stay, rank: usize) -> Member {
        let index = self.chain_of[&(run, strand)];
        let (chain, cover) = (&self.chains[index], &self.covers[index]);
        let at = cover.judged_at.get(&(run, strand)).copied().flatten();
        let (own, standing) = self.judge.own(chain.layer, signer, at);
        let mut aside = stay.aside;
        if let Signer::Unchecked { claim } = signer
            && self.claims.contains(&(chain.id.layer, claim))
            && !matches!(aside, Some(Fate::Damaged(_)))
        {
            aside = Some(Fate::Damaged(BreakKind::BadSignature));
        }
        let reach = stay.reach.get(rank).copied().unwrap_or_default();
        let grade = graded(own, reach);
        let weak = !chain.is_loose() && self.broken[index] && grade < Grade::HeadAnchored;
        Member {
            layer: chain.id.layer,
            aside,
            grade: if weak { Grade::None } else { grade },
            weak,
            distrusted: standing.map(|standing| (standing, signer)),
            key: match signer {
                Signer::Fits { key, .. } | Signer::SelfSigned { key } => Some(key),
                Signer::Nobody | Signer::Unchecked { .. } => None,
            },
            pinned: own == Grade::PinnedSigned,
        }
    }

    /// Returns the stay of a strand that holds its record at `offset`.
    pub(super) fn stay_at(&self, run: usize, strand: usize, offset: u64) -> Option<&Stay> {
        let stays = self.stays(run, strand);
        let holds = |stay: &&Stay| stay.until.is_none_or(|until| offset <= until);
        stays.iter().find(holds).or_else(|| stays.last())
    }

    pub(super) fn stays(&self, run: usize, strand: usize) -> &[Stay] {
        let chain = self.chain_of.get(&(run, strand));
        chain.and_then(|chain| self.covers[*chain].stays.get(&(run, strand))).map_or(&[], Vec::as_slice)
    }

    /// Returns, for each group of a run, the offsets below which its records share a fate.
    pub(super) fn spans(&self, run: usize) -> Vec<Spans> {
        let summary = self.layout.runs[run].summary;
        summary.groups.iter().map(|group| self.spans_of(run, group)).collect()
    }

    fn spans_of(&self, run: usize, group: &Group) -> Spans {
        let mut ends = BTreeSet::from([u64::MAX]);
        for (strand, _) in &group.members {
            ends.extend(self.layout.strand(run, *strand).cuts.iter().map(|cut| cut.until));
            ends.extend(self.stays(run, *strand).iter().filter_map(|stay| stay.until).map(|until| until + 1));
        }
        let mut spans: Vec<(u64, Fate)> = Vec::new();
        let mut from = 0;
        for until in ends {
            let fate = self.fate_at(run, group, from);
            from = until;
            match spans.last_mut() {
                Some((end, last)) if *last == fate => *end = until,
                _ => spans.push((until, fate)),
            }
        }
        spans
    }

    fn fate_at(&self, run: usize, group: &Group, offset: u64) -> Fate {
        if self.layout.runs[run].summary.unlisted > 0 {
            return Fate::Damaged(BreakKind::Rejected);
        }
        let at: Option<Vec<(&Stay, usize)>> = group
            .members
            .iter()
            .map(|(strand, _)| {
                let cuts = &self.layout.strand(run, *strand).cuts;
                let rank = cuts.partition_point(|cut| cut.until <= offset);
                self.stay_at(run, *strand, offset).map(|stay| (stay, rank))
            })
            .collect();
        at.map_or(Fate::Damaged(BreakKind::Rejected), |at| self.outcome(run, group, &at).fate)
    }
}

fn graded(own: Grade, reach: Reach) -> Grade {
    let signed = reach.grade.map_or(own, |grade| own.max(grade));
    match (reach.head, signed) {
        (false, signed) => signed,
        (true, Grade::PinnedSigned) => Grade::PinnedAnchored,
        (true, signed) => signed.max(Grade::HeadAnchored),
    }
}
