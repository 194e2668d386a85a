//! One source: fate of every line, grades, completeness, verdict, the reasons for it, and the holes.

use std::collections::{BTreeMap, BTreeSet};

use super::TrailInput;
use super::chain::{Blank, Digests, HOUR_MS, whole};
use super::key::Signed;
use super::listing::{Listing, Worth};
use super::object::TrailObject;
use super::{chain, listing};
use crate::clock::{Moment, Period};
use crate::digest::Digest;
use crate::integrity::keyring::Standing;
use crate::integrity::stitch::{Fate, LogVerdict, Range, Stitched};
use crate::integrity::verdict::{Break, BreakKind, Completeness, Effect, Grade, Verdict};
use crate::report::model::{Hole, Log};

/// Key that every line of a log file names for [`LogVerdict::fate_at`]: none is signed by itself.
pub const NO_KEY: Digest = Digest::ZERO;

/// Longest time after the last digest that is no silence: its hour, and one until AWS has delivered the next.
const NEXT_DIGEST_MS: i64 = 2 * HOUR_MS;

/// Judges all objects of a source as one log.
pub fn stitch(input: &TrailInput<'_>) -> Stitched {
    let digests = chain::examine(input);
    let listing = listing::examine(input, &digests, !input.expected.accounts.is_empty());
    let mut case =
        Case { input, digests: &digests, listing: &listing, breaks: Vec::new(), tally: Tally::default() };
    case.gather_breaks();
    case.count();
    let mut unmatched_heads = input.heads.to_vec();
    unmatched_heads.sort();
    unmatched_heads.dedup();
    Stitched { logs: vec![case.verdict()], unmatched_heads, line_bases: BTreeMap::new() }
}

struct Case<'a> {
    input: &'a TrailInput<'a>,
    digests: &'a Digests<'a>,
    listing: &'a Listing,
    breaks: Vec<Break>,
    tally: Tally,
}

#[derive(Default)]
struct Tally {
    records: u64,
    rejected: u64,
    covered: u64,
    signed: u64,
    lowest: Option<Grade>,
    keys: BTreeMap<Digest, u64>,
    unlisted: Vec<String>,
    unsigned: Vec<String>,
    unknown: BTreeSet<String>,
}

impl Case<'_> {
    fn gather_breaks(&mut self) {
        self.breaks.extend(self.digests.breaks.iter().chain(&self.listing.breaks).cloned());
        for item in self.input.items {
            if let Some((kind, detail)) = item.fault {
                self.breaks.push(whole(item.name, kind, detail));
            }
        }
        for (name, kind, detail) in self.input.missing {
            self.breaks.push(whole(name, *kind, detail.clone()));
        }
        self.breaks.sort();
        self.breaks.dedup();
    }

    fn count(&mut self) {
        for (item, worth) in self.input.items.iter().zip(&self.listing.worth) {
            let tally = &mut self.tally;
            match worth {
                None | Some(Worth::Repeats(_)) => {}
                Some(Worth::Damaged(_)) => tally.rejected += item.records,
                Some(Worth::Unlisted) => {
                    tally.keep(item.records, Grade::Parsed);
                    tally.unlisted.push(item.name.to_owned());
                }
                Some(Worth::Listed { grade, signed }) => {
                    tally.keep(item.records, *grade);
                    if *grade == Grade::PinnedSigned {
                        tally.covered += item.records;
                    }
                    if let Signed::By { key, .. } | Signed::Claimed { key } = signed {
                        tally.signed += item.records;
                        *tally.keys.entry(*key).or_default() += item.records;
                    }
                }
            }
        }
        for node in self.digests.nodes.iter().filter(|node| !node.repeated && node.damaged.is_none()) {
            match node.signed {
                Signed::Absent => self.tally.unsigned.push(node.object.to_owned()),
                Signed::Claimed { .. } | Signed::Unchecked => {
                    self.tally.unknown.insert(crate::redact::shown(&node.file.fingerprint));
                }
                Signed::By { .. } | Signed::Wrong => {}
            }
        }
    }

    fn verdict(self) -> LogVerdict {
        let verdict = self.word();
        let times: Vec<(Moment, Moment)> = self.input.items.iter().filter_map(|item| item.times).collect();
        let holes = self.holes();
        LogVerdict {
            holes,
            ranges: self.ranges(),
            groups: BTreeMap::new(),
            key_records: self.tally.keys.clone(),
            first_time: times.iter().map(|(first, _)| *first).min(),
            last_time: times.iter().map(|(_, last)| *last).max(),
            // Files of several regions lie beside one another, and events in a file have no order.
            times_fall: true,
            closed: false,
            log: Log {
                source: self.input.source.to_owned(),
                log: self.input.source.to_owned(),
                verdict,
                reasons: self.reasons(verdict),
                objects: self.input.items.iter().map(|item| item.name.to_owned()).collect(),
                records: self.tally.records,
                covered: self.tally.covered,
                rejected: self.tally.rejected,
                integrity: if self.tally.rejected > 0 {
                    Grade::None
                } else {
                    self.tally.lowest.unwrap_or(Grade::None)
                },
                completeness: self.completeness(),
                signed: self.tally.signed,
                pinned: self.tally.covered,
                first: None,
                head: None,
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

    /// `verified` asks that every record is listed by a digest that a trusted key signed, and that every digest is such:
    /// one that nobody vouches for might have listed more.
    fn word(&self) -> Verdict {
        let Tally { records, rejected, covered, .. } = self.tally;
        let solid = self.digests.nodes.iter().all(|node| node.repeated || node.is_solid());
        if self.has(Effect::Altered) {
            Verdict::Altered
        } else if records > 0
            && covered == records
            && rejected == 0
            && solid
            && !self.has(Effect::NotVerifiable)
            && !self.has(Effect::Population)
        {
            Verdict::Verified
        } else {
            Verdict::NotVerifiable
        }
    }

    /// No digest shows that it is the last, so a cut tail stays unseen: never more than `contiguous`.
    fn completeness(&self) -> Completeness {
        let whole = !self.digests.chains.is_empty()
            && self.digests.chains.iter().all(|chain| chain.whole)
            && self.tally.unlisted.is_empty()
            && self.tally.rejected == 0
            && !self.has(Effect::Altered)
            && !self.has(Effect::Population);
        if whole { Completeness::Contiguous } else { Completeness::Unknown }
    }

    fn ranges(&self) -> Vec<Range> {
        let mut ranges: Vec<Range> = self
            .input
            .items
            .iter()
            .zip(&self.listing.worth)
            .filter_map(|(item, worth)| {
                let fate = match worth.as_ref()? {
                    Worth::Listed { grade, .. } => Fate::Kept(*grade),
                    Worth::Unlisted => Fate::Kept(Grade::Parsed),
                    Worth::Damaged(kind) => Fate::Damaged(*kind),
                    Worth::Repeats(_) => Fate::Dropped(BreakKind::ReExport),
                };
                Some(Range {
                    object: item.name.to_owned(),
                    line: 1,
                    lines: item.lines.max(1),
                    by_key: BTreeMap::new(),
                    otherwise: fate,
                })
            })
            .collect();
        ranges.sort();
        ranges
    }

    fn holes(&self) -> Vec<Hole> {
        let period = self.input.period;
        let mut holes = Vec::new();
        let mut add = |blank: &Blank| {
            let late = if blank.late { self.listing.lateness_ms } else { 0 };
            let from = Moment::from_ms(blank.from.ms().saturating_sub(late)).max(period.from);
            let to = blank.to.min(period.to);
            if from < to {
                holes.push(Hole {
                    source: self.input.source.to_owned(),
                    span: Period { from, to },
                    kind: blank.kind,
                    object: blank.object.clone(),
                    line: 0,
                    detail: blank.detail.clone(),
                });
            }
        };
        self.digests.blanks.iter().chain(&self.listing.blanks).for_each(&mut add);
        for chain in &self.digests.chains {
            let nodes = || chain.nodes.iter().map(|at| &self.digests.nodes[*at]);
            let (Some(first), Some(last)) = (nodes().next(), nodes().next_back()) else { continue };
            if first.name.is_some_and(|name| name.backfill) {
                continue;
            }
            let edge = |from, to, kind, object: &str, detail: String| Blank {
                from,
                to,
                kind,
                object: object.to_owned(),
                detail,
                late: false,
            };
            let start = first.file.start;
            let before = format!("no digest shows what came before {start}");
            add(&edge(period.from, start, BreakKind::LateStart, first.object, before));
            let end = last.file.end;
            if end.plus_ms(NEXT_DIGEST_MS) < period.to {
                let after = format!("no digest after {end}, and one is written every hour");
                add(&edge(end, period.to, BreakKind::Silence, last.object, after));
            }
        }
        holes.sort();
        holes
    }

    /// Says why the log is not verified, and what would help.
    fn reasons(&self, verdict: Verdict) -> Vec<String> {
        let mut reasons = Vec::new();
        if verdict == Verdict::Verified {
            return reasons;
        }
        let altered: Vec<&Break> =
            self.breaks.iter().filter(|found| found.kind.effect(true) == Effect::Altered).collect();
        if let Some(Break { object, kind, detail, .. }) = altered.first() {
            let breaks = counted(altered.len(), "break");
            reasons.push(format!("{breaks}, the first `{kind}` at {object}: {detail}"));
        }
        let missing: Vec<&Break> =
            self.breaks.iter().filter(|found| found.kind.effect(true) == Effect::Population).collect();
        if let Some(Break { object, kind, detail, .. }) = missing.first() {
            let objects = counted(missing.len(), "object");
            reasons.push(format!(
                "{objects} missing or unreadable, the first `{kind}` at {object}: {detail}: bring the object, or export it again"
            ));
        }
        self.digest_reasons(&mut reasons);
        if self.tally.records == 0 && reasons.is_empty() {
            reasons.push("there is no record".to_owned());
        }
        reasons
    }

    fn digest_reasons(&self, reasons: &mut Vec<String>) {
        let tally = &self.tally;
        if self.digests.nodes.is_empty() {
            reasons.push(
                "there is no digest file, so nothing can show a change: turn on log file validation, and bring the folder \
                 `CloudTrail-Digest` with the metadata of its files"
                    .to_owned(),
            );
            return;
        }
        if self.input.expected.accounts.is_empty() {
            reasons.push(
                "AWS signs the digests of all its customers with the same keys, and nothing says whose these should be: name \
                 the accounts in `set = { accounts = \"111122223333\" }`, or in the name of the log"
                    .to_owned(),
            );
        }
        if let Some(first) = tally.unsigned.first() {
            reasons.push(format!(
                "{} without a signature at hand, the first `{first}`: save its metadata as `{first}{}`",
                counted(tally.unsigned.len(), "digest"),
                super::name::METADATA_SUFFIX
            ));
        }
        for fingerprint in &tally.unknown {
            reasons.push(format!(
                "the trust file has no key with fingerprint `{fingerprint}`: compare it with AWS, and add it for this log"
            ));
        }
        let standings: BTreeSet<(Standing, Digest)> = self
            .digests
            .nodes
            .iter()
            .filter_map(|node| match node.signed {
                Signed::By { key, standing } if standing != Standing::Trusted => Some((standing, key)),
                _ => None,
            })
            .collect();
        for (standing, key) in standings {
            let kind = standing.kind().map(BreakKind::word).unwrap_or_default();
            reasons
                .push(format!("digests signed by key `{key}`, which does not count for this log: `{kind}`"));
        }
        if let Some(first) = tally.unlisted.first() {
            reasons.push(format!(
                "{} listed by no digest, the first `{first}`: bring the digests of their hours and of the hours after",
                counted(tally.unlisted.len(), "log file")
            ));
        }
        if let Some(first) = self.digests.orphans.first() {
            reasons.push(format!(
                "{} of no digest among the objects, the first `{first}`",
                counted(self.digests.orphans.len(), "metadata file")
            ));
        }
    }
}

impl Tally {
    fn keep(&mut self, records: u64, grade: Grade) {
        self.records += records;
        if records > 0 {
            self.lowest = Some(self.lowest.map_or(grade, |lowest| lowest.min(grade)));
        }
    }
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Returns the least and the greatest time of the records of an object, from the times of its buckets.
pub fn bounds(buckets: &BTreeMap<i64, (Moment, Moment)>) -> Option<(Moment, Moment)> {
    let low = buckets.values().map(|(low, _)| *low).min()?;
    let high = buckets.values().map(|(_, high)| *high).max()?;
    Some((low, high))
}

/// Tells whether an object holds no event of its own.
pub fn is_housekeeping(object: &TrailObject) -> bool {
    !matches!(object, TrailObject::Log { .. })
}
