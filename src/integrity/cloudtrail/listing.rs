//! Log files against the digests that list them.

use std::collections::BTreeMap;

use super::TrailInput;
use super::chain::{Blank, Digests, HOUR_MS, whole};
use super::digest::ListedFile;
use super::key::Signed;
use super::name;
use super::object::TrailObject;
use crate::clock::Moment;
use crate::integrity::keyring::Standing;
use crate::integrity::verdict::{Break, BreakKind, Grade};
use crate::redact::shown;

/// What a log file is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Worth {
    /// A digest lists it with this hash; the grade is that of the digest.
    Listed {
        grade: Grade,
        /// What the signature of the digest shows.
        signed: Signed,
    },
    /// No digest lists it, and none that is there should.
    Unlisted,
    /// It proves nothing.
    Damaged(BreakKind),
    /// It repeats the log file with this index.
    Repeats(usize),
}

/// The log files of a source, judged.
pub(super) struct Listing {
    /// By index of the item; `None` for what is no log file.
    pub(super) worth: Vec<Option<Worth>>,
    pub(super) breaks: Vec<Break>,
    pub(super) blanks: Vec<Blank>,
    /// Digests that count without a hole: how far back their events go before the hour began, at most.
    pub(super) lateness_ms: i64,
}

/// Judges every log file.
///
/// `bound` is false where nothing says whose digests these should be: a pinned key then shows no more than a listed one.
pub(super) fn examine(input: &TrailInput<'_>, digests: &Digests<'_>, bound: bool) -> Listing {
    let mut listing = Listing {
        worth: vec![None; input.items.len()],
        breaks: Vec::new(),
        blanks: Vec::new(),
        lateness_ms: HOUR_MS,
    };
    let mut by_file: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, item) in input.items.iter().enumerate() {
        let is_log = matches!(item.object, Some(TrailObject::Log { .. }));
        if is_log || item.fault.is_some() {
            by_file.entry(name::unpacked(name::file(item.name))).or_default().push(at);
        }
        // Single lines, as other services export them, are files that no digest can list.
        let is_lines = item.object.is_none() && item.records > 0;
        listing.worth[at] = match item.fault {
            Some((kind, _)) if is_lines => Some(Worth::Damaged(kind)),
            None if is_log || is_lines => Some(Worth::Unlisted),
            _ => None,
        };
    }
    for (chain, broken) in digests.chains.iter().map(|chain| (&chain.nodes, chain.broken)) {
        for node in chain.iter().map(|at| &digests.nodes[*at]) {
            let worth = match (node.damaged, grade(node.signed, bound)) {
                (Some(kind), _) => Worth::Damaged(kind),
                // Where a chain is broken, nothing shows that what no trusted key signed was not rewritten.
                (None, grade) if broken && grade != Grade::PinnedSigned => Worth::Damaged(BreakKind::Altered),
                (None, grade) => Worth::Listed { grade, signed: node.signed },
            };
            for file in &node.file.files {
                if let (Some((oldest, _)), None) = (file.times, node.damaged) {
                    let late = node.file.start.ms().saturating_sub(oldest.ms());
                    listing.lateness_ms = listing.lateness_ms.max(late);
                }
                let found = by_file.get(name::unpacked(name::file(&file.key))).map_or(&[][..], Vec::as_slice);
                listing.judge(input, node.object, node.damaged, file, found, worth);
            }
        }
    }
    listing.repeats(input);
    listing.extras(input, digests);
    listing
}

impl Listing {
    /// Judges what the objects hold of one entry of the digest `object`.
    fn judge(
        &mut self,
        input: &TrailInput<'_>,
        object: &str,
        damaged: Option<BreakKind>,
        file: &ListedFile,
        found: &[usize],
        worth: Worth,
    ) {
        let places: Vec<usize> =
            found.iter().copied().filter(|at| name::fits(input.items[*at].name, &file.key)).collect();
        if places.is_empty() {
            if damaged.is_none() {
                let detail = format!("lists `{}`, which is not among the objects", shown(&file.key));
                self.blank(file, object, BreakKind::MissingObject, &detail);
                self.breaks.push(whole(object, BreakKind::MissingObject, detail));
            }
            return;
        }
        for at in places {
            let item = &input.items[at];
            let Some(TrailObject::Log { sha256 }) = item.object else {
                // It could not be read, which is a break of its own.
                if let (Some((kind, detail)), None) = (item.fault, damaged) {
                    self.blank(file, item.name, kind, detail);
                }
                continue;
            };
            let bucket = name::bucket(item.name).is_none_or(|bucket| bucket == file.bucket);
            if *sha256 == file.sha256 && bucket {
                self.improve(at, worth);
            } else if damaged.is_none() {
                let detail = if bucket {
                    format!("`{object}` states SHA-256 {}, found {sha256}", file.sha256)
                } else {
                    format!("`{object}` lists it in bucket `{}`", shown(&file.bucket))
                };
                self.blank(file, item.name, BreakKind::DigestMismatch, &detail);
                self.breaks.push(whole(item.name, BreakKind::DigestMismatch, detail));
                self.worth[at] = Some(Worth::Damaged(BreakKind::DigestMismatch));
            }
        }
    }

    /// Notes what one more digest shows of a log file. A mismatch stays; else the strongest counts.
    fn improve(&mut self, at: usize, worth: Worth) {
        let rank = |worth: &Worth| match worth {
            Worth::Damaged(BreakKind::DigestMismatch) => (3, Grade::None),
            Worth::Listed { grade, .. } => (2, *grade),
            Worth::Damaged(_) => (1, Grade::None),
            Worth::Unlisted | Worth::Repeats(_) => (0, Grade::None),
        };
        let slot = &mut self.worth[at];
        if slot.as_ref().is_none_or(|known| rank(known) < rank(&worth)) {
            *slot = Some(worth);
        }
    }

    fn blank(&mut self, file: &ListedFile, object: &str, kind: BreakKind, detail: &str) {
        // A file without times says nothing about when its events were.
        let (from, to) = file.times.unwrap_or((Moment::from_ms(i64::MIN), Moment::from_ms(i64::MAX)));
        self.blanks.push(Blank {
            from: from.min(to),
            to: to.max(from).plus_ms(1),
            kind,
            object: object.to_owned(),
            detail: detail.to_owned(),
            late: false,
        });
    }

    /// Counts a log file once that stands in two objects.
    fn repeats(&mut self, input: &TrailInput<'_>) {
        let mut first: BTreeMap<_, usize> = BTreeMap::new();
        for (at, item) in input.items.iter().enumerate() {
            let Some(TrailObject::Log { sha256 }) = item.object else { continue };
            let known = *first.entry((name::unpacked(name::file(item.name)), sha256)).or_insert(at);
            if known != at && self.worth[known] == self.worth[at] {
                self.worth[at] = Some(Worth::Repeats(known));
                let detail = format!("the same log file as `{}`", input.items[known].name);
                self.breaks.push(whole(item.name, BreakKind::ReExport, detail));
            }
        }
    }

    /// Refuses a log file that a digest at hand would list, if CloudTrail had delivered it.
    ///
    /// The name of a log file has the minute of its delivery. The digest of that hour lists it, or the one after it.
    fn extras(&mut self, input: &TrailInput<'_>, digests: &Digests<'_>) {
        for (at, item) in input.items.iter().enumerate() {
            let (Some(Worth::Unlisted), Some(log)) = (self.worth[at], name::log(item.name)) else { continue };
            let spoken = |moment: Moment| {
                digests.chains.iter().flat_map(|chain| &chain.nodes).map(|node| &digests.nodes[*node]).any(
                    |node| {
                        let same = node.name.is_some_and(|name| {
                            (name.account, name.region) == (log.account, log.region) && !name.backfill
                        });
                        node.is_solid() && same && node.file.start <= moment && moment < node.file.end
                    },
                )
            };
            if spoken(log.delivered) && spoken(log.delivered.plus_ms(HOUR_MS)) {
                let detail = "no digest of its hour lists it, nor the one after; where a second trail delivers to the same \
                              folder, bring the digests of both";
                self.worth[at] = Some(Worth::Damaged(BreakKind::ExtraObject));
                self.breaks.push(whole(item.name, BreakKind::ExtraObject, detail));
                if let Some((from, to)) = item.times {
                    self.blanks.push(Blank {
                        from,
                        to: to.plus_ms(1),
                        kind: BreakKind::ExtraObject,
                        object: item.name.to_owned(),
                        detail: detail.to_owned(),
                        late: false,
                    });
                }
            }
        }
    }
}

/// Returns the grade of the log files that a digest lists.
fn grade(signed: Signed, bound: bool) -> Grade {
    match signed {
        Signed::By { standing: Standing::Trusted, .. } if bound => Grade::PinnedSigned,
        Signed::By { standing: Standing::Trusted | Standing::Expired | Standing::WrongPurpose, .. }
        | Signed::Claimed { .. } => Grade::SelfSigned,
        Signed::By { .. } | Signed::Unchecked | Signed::Absent | Signed::Wrong => Grade::Consistent,
    }
}
