//! Digest files of one source: whose they are, who signed them, and whether each follows the one before it.

use std::collections::BTreeMap;

use super::digest::DigestFile;
use super::key::{KeyBook, ListedKey, Signed};
use super::name::{self, DigestName, METADATA_SUFFIX};
use super::object::{Metadata, TrailObject};
use super::{Expected, TrailInput};
use crate::clock::Moment;
use crate::integrity::keyring::Standing;
use crate::integrity::verdict::{Break, BreakKind, Effect};
use crate::redact::shown;

/// A digest is written every hour, also for an hour without events.
pub(super) const HOUR_MS: i64 = 3_600_000;
/// Most missing digests listed one by one between two that are there; the rest is one break.
const MAX_LISTED: usize = 1_000;

/// A digest file, and what is known of it.
pub(super) struct Node<'a> {
    pub(super) object: &'a str,
    pub(super) file: &'a DigestFile,
    /// What its key says; `None` where that contradicts the document.
    pub(super) name: Option<DigestName<'a>>,
    pub(super) signed: Signed,
    /// Why its word does not count.
    pub(super) damaged: Option<BreakKind>,
    /// Whether the same bytes stand in an object before it.
    pub(super) repeated: bool,
    /// Metadata of it and of its copies.
    sidecars: Vec<(&'a str, &'a Metadata)>,
}

impl Node<'_> {
    /// Tells whether a trusted key signed it and nothing is wrong with it.
    pub(super) fn is_solid(&self) -> bool {
        self.damaged.is_none() && matches!(self.signed, Signed::By { standing: Standing::Trusted, .. })
    }
}

/// Time of which no digest speaks, or none whose word counts.
pub(super) struct Blank {
    pub(super) from: Moment,
    pub(super) to: Moment,
    pub(super) kind: BreakKind,
    pub(super) object: String,
    pub(super) detail: String,
    /// Whether files delivered in that time may hold events from before it.
    pub(super) late: bool,
}

/// Digests of one trail in one account and region, by index and in order of time.
pub(super) struct Chain {
    pub(super) nodes: Vec<usize>,
    /// Whether each follows the one before it without time between.
    pub(super) whole: bool,
    /// Whether something in it was changed or is missing.
    pub(super) broken: bool,
}

/// What the digest files of a source show.
pub(super) struct Digests<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) chains: Vec<Chain>,
    pub(super) breaks: Vec<Break>,
    pub(super) blanks: Vec<Blank>,
    /// Objects that hold metadata of no digest among the objects.
    pub(super) orphans: Vec<&'a str>,
}

/// Returns a break of an object as a whole.
pub(super) fn whole(object: &str, kind: BreakKind, detail: impl Into<String>) -> Break {
    Break { object: object.to_owned(), line: 0, offset: 0, seq: None, kind, detail: detail.into() }
}

/// Examines all digest files.
pub(super) fn examine<'a>(input: &TrailInput<'a>) -> Digests<'a> {
    let (nodes, orphans) = gather(input);
    let mut digests = Digests { nodes, chains: Vec::new(), breaks: Vec::new(), blanks: Vec::new(), orphans };
    digests.fold_copies();
    digests.check_identity(input.expected);
    digests.group();
    digests.check_signatures(input);
    digests.note_keys();
    digests.check_links();
    digests.note_damage();
    digests
}

fn gather<'a>(input: &TrailInput<'a>) -> (Vec<Node<'a>>, Vec<&'a str>) {
    let mut nodes = Vec::new();
    let mut sidecars: BTreeMap<&str, &Metadata> = BTreeMap::new();
    for item in input.items {
        match item.object {
            Some(TrailObject::Digest(file)) => nodes.push(Node {
                object: item.name,
                file,
                name: name::digest(&file.key).filter(|name| {
                    name.account == file.account && name.end == file.end && name::fits(item.name, &file.key)
                }),
                signed: Signed::Absent,
                damaged: None,
                repeated: false,
                sidecars: Vec::new(),
            }),
            Some(TrailObject::Metadata(metadata)) => {
                sidecars.insert(item.name, metadata);
            }
            _ => {}
        }
    }
    for node in &mut nodes {
        let own = format!("{}{METADATA_SUFFIX}", node.object);
        // A download that unpacks the digest leaves the name of its sidecar as it was.
        let packed = format!("{}.gz{METADATA_SUFFIX}", node.object);
        for (name, metadata) in [own, packed].iter().filter_map(|name| sidecars.remove_entry(name.as_str())) {
            node.sidecars.push((name, metadata));
        }
    }
    (nodes, sidecars.into_keys().collect())
}

impl<'a> Digests<'a> {
    fn damage(&mut self, node: usize, kind: BreakKind, detail: impl Into<String>) {
        let node = &mut self.nodes[node];
        node.damaged.get_or_insert(kind);
        self.breaks.push(whole(node.object, kind, detail));
    }

    fn note(&mut self, node: usize, kind: BreakKind, detail: impl Into<String>) {
        self.breaks.push(whole(self.nodes[node].object, kind, detail));
    }

    /// Counts a digest once that stands in two objects, and refuses two different ones for one place.
    fn fold_copies(&mut self) {
        let mut first: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for at in 0..self.nodes.len() {
            let file = self.nodes[at].file;
            let known = *first.entry((&file.bucket, &file.key)).or_insert(at);
            if known == at {
                continue;
            }
            if self.nodes[known].file.sha256 == file.sha256 {
                self.nodes[at].repeated = true;
                let sidecars = std::mem::take(&mut self.nodes[at].sidecars);
                self.nodes[known].sidecars.extend(sidecars);
                if self.nodes[known].name.is_none() {
                    self.nodes[known].name = self.nodes[at].name;
                }
                self.note(
                    at,
                    BreakKind::ReExport,
                    format!("the same digest as `{}`", self.nodes[known].object),
                );
            } else {
                let other = self.nodes[known].object;
                self.damage(at, BreakKind::Fork, format!("another digest for the same key as `{other}`"));
                self.damage(
                    known,
                    BreakKind::Fork,
                    format!("another digest for the same key as `{}`", self.nodes[at].object),
                );
            }
        }
    }

    /// Refuses a digest whose key, document, and place disagree, and one of another account, trail, or bucket.
    fn check_identity(&mut self, expected: &Expected) {
        for at in 0..self.nodes.len() {
            if self.nodes[at].repeated {
                continue;
            }
            let file = self.nodes[at].file;
            let foreign = |what: &str, found: &str| format!("a digest of {what} `{}`", shown(found));
            let Some(name) = self.nodes[at].name else {
                let detail =
                    format!("its name, its key `{}`, its account and its end do not agree", shown(&file.key));
                self.damage(at, BreakKind::Spliced, detail);
                continue;
            };
            if name::bucket(self.nodes[at].object).is_some_and(|bucket| bucket != file.bucket) {
                self.damage(at, BreakKind::Spliced, foreign("bucket", &file.bucket));
            }
            for (what, found, wanted) in [
                ("account", name.account, &expected.accounts),
                ("trail", name.trail, &expected.trails),
                ("bucket", file.bucket.as_str(), &expected.buckets),
            ] {
                if !wanted.is_empty() && !wanted.contains(found) {
                    self.damage(at, BreakKind::Spliced, foreign(what, found));
                }
            }
        }
    }

    fn group(&mut self) {
        let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, node) in self.nodes.iter().enumerate().filter(|(_, node)| !node.repeated) {
            // One whose name says nothing stands with the chain that its own words name, so that the gap it leaves is one.
            let Some(name) = name::digest(&node.file.key) else { continue };
            groups.entry(DigestName { end: Moment::from_ms(0), ..name }).or_default().push(at);
        }
        for mut nodes in groups.into_values() {
            nodes.sort_by_key(|at| (self.nodes[*at].file.end, self.nodes[*at].object));
            self.chains.push(Chain { nodes, whole: true, broken: false });
        }
    }

    /// Returns the digests that name each digest as the one before them.
    fn followers(&self) -> BTreeMap<(&'a str, &'a str), Vec<usize>> {
        let mut followers: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, node) in self.nodes.iter().enumerate().filter(|(_, node)| !node.repeated) {
            if let Some(previous) = &node.file.previous {
                followers.entry((previous.bucket.as_str(), previous.key.as_str())).or_default().push(at);
            }
        }
        followers
    }

    /// Finds and checks the signature of every digest: from its metadata, else as the digest after it repeats it.
    fn check_signatures(&mut self, input: &TrailInput<'a>) {
        let listed = input.items.iter().filter_map(|item| match item.object {
            Some(TrailObject::Keys(keys)) => Some(keys),
            _ => None,
        });
        let listed: Vec<&ListedKey> = listed.flatten().collect();
        let book = KeyBook::new(input.source, input.keyring, listed);
        let followers = self.followers();
        for chain in 0..self.chains.len() {
            let mut latest = Moment::from_ms(i64::MIN);
            for index in 0..self.chains[chain].nodes.len() {
                let at = self.chains[chain].nodes[index];
                let file = self.nodes[at].file;
                latest = latest.max(file.end);
                if self.check_sidecars(at) {
                    continue;
                }
                let own =
                    self.nodes[at].sidecars.iter().find_map(|(_, metadata)| metadata.signature.as_deref());
                let repeated = followers
                    .get(&(file.bucket.as_str(), file.key.as_str()))
                    .into_iter()
                    .flatten()
                    .filter_map(|after| self.nodes[*after].file.previous.as_ref())
                    .map(|previous| previous.signature.as_str());
                let best = own
                    .into_iter()
                    .chain(repeated)
                    .map(|signature| book.judge(file, signature, latest))
                    .max_by_key(|signed| worth(*signed))
                    .unwrap_or(Signed::Absent);
                self.nodes[at].signed = best;
                self.judge_signature(at, best);
            }
        }
    }

    /// Refuses metadata without what AWS writes into it; true where it did.
    fn check_sidecars(&mut self, at: usize) -> bool {
        let backfill = self.nodes[at].name.is_some_and(|name| name.backfill);
        let faults: Vec<(BreakKind, String)> = self.nodes[at]
            .sidecars
            .iter()
            .filter_map(|(name, metadata)| match (&metadata.signature, &metadata.algorithm) {
                (None, _) => Some((
                    BreakKind::MissingSignature,
                    format!("`{name}` holds metadata without `signature`"),
                )),
                (_, None) => Some((
                    BreakKind::MissingSignature,
                    format!("`{name}` holds metadata without `signature-algorithm`"),
                )),
                (_, Some(algorithm)) if algorithm != super::digest::ALGORITHM => Some((
                    BreakKind::BadSignature,
                    format!("`{name}` states the algorithm `{}`", shown(algorithm)),
                )),
                _ if backfill && !metadata.backfilled => Some((
                    BreakKind::Malformed,
                    format!("`{name}` holds metadata without `backfill-generation-timestamp`"),
                )),
                _ => None,
            })
            .collect();
        let found = !faults.is_empty();
        for (kind, detail) in faults {
            self.damage(at, kind, detail);
        }
        found
    }

    fn judge_signature(&mut self, at: usize, signed: Signed) {
        if signed == Signed::Wrong {
            let fingerprint = shown(&self.nodes[at].file.fingerprint);
            let detail = format!("the signature does not fit key `{fingerprint}`, which the digest names");
            self.damage(at, BreakKind::BadSignature, detail);
        }
    }

    /// Notes each key that does not count once, at the first digest that it signed.
    fn note_keys(&mut self) {
        let mut found: BTreeMap<(BreakKind, String), (usize, u64)> = BTreeMap::new();
        for (at, node) in self.nodes.iter().enumerate().filter(|(_, node)| !node.repeated) {
            let key = match node.signed {
                Signed::Claimed { .. } | Signed::Unchecked => {
                    Some((BreakKind::UnknownKey, shown(&node.file.fingerprint)))
                }
                Signed::By { key, standing } => standing.kind().map(|kind| (kind, key.to_string())),
                Signed::Wrong | Signed::Absent => None,
            };
            if let Some(key) = key {
                found.entry(key).or_insert((at, 0)).1 += 1;
            }
        }
        for ((kind, key), (at, digests)) in found {
            let plural = if digests == 1 { "" } else { "s" };
            self.note(at, kind, format!("key `{key}`, {digests} digest{plural}"));
        }
    }

    fn check_links(&mut self) {
        let places: BTreeMap<(&str, &str), usize> = self
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| !node.repeated)
            .map(|(at, node)| ((node.file.bucket.as_str(), node.file.key.as_str()), at))
            .collect();
        for chain in 0..self.chains.len() {
            let nodes = self.chains[chain].nodes.clone();
            for (index, &at) in nodes.iter().enumerate() {
                let before = index.checked_sub(1).map(|index| nodes[index]);
                let whole = self.check_link(at, before, &places);
                self.chains[chain].whole &= whole;
            }
        }
    }

    /// Checks a digest against the one it names as the one before it; false where time lies between them.
    fn check_link(
        &mut self,
        at: usize,
        before: Option<usize>,
        places: &BTreeMap<(&str, &str), usize>,
    ) -> bool {
        let file = self.nodes[at].file;
        let Some(previous) = &file.previous else {
            let Some(before) = before else { return true };
            let earlier = self.nodes[before].file;
            if file.start < earlier.end {
                self.damage(
                    at,
                    BreakKind::Fork,
                    format!("begins before {} and names no digest before it", earlier.end),
                );
                return false;
            }
            let detail = format!(
                "names no digest before it: validation or logging was off from {} to {}",
                earlier.end, file.start
            );
            self.note(at, BreakKind::LateStart, detail.clone());
            self.blank(at, earlier.end, file.start, BreakKind::LateStart, detail, false);
            return file.start == earlier.end;
        };
        if let Some(&named) = places.get(&(previous.bucket.as_str(), previous.key.as_str())) {
            self.compare(at, named);
            let earlier = self.nodes[named].file;
            if Some(named) != before && before.is_some() {
                let detail =
                    format!("names `{}` as the digest before it, which is not", shown(&previous.key));
                self.damage(at, BreakKind::Fork, detail);
                return false;
            }
            if earlier.end < file.start {
                let detail = format!("no digest covers {} to {}", earlier.end, file.start);
                self.note(at, BreakKind::LateStart, detail.clone());
                self.blank(at, earlier.end, file.start, BreakKind::LateStart, detail, true);
            }
            return earlier.end >= file.start;
        }
        match before {
            None => {
                let detail =
                    format!("the digest before it, `{}`, is not among the objects", shown(&previous.key));
                self.note(at, BreakKind::LateStart, detail);
                true
            }
            Some(before) => {
                self.gap(at, before, &previous.key);
                false
            }
        }
    }

    /// Compares what `at` says of the digest before it with that digest.
    fn compare(&mut self, at: usize, named: usize) {
        let Some(previous) = &self.nodes[at].file.previous else { return };
        let found = self.nodes[named].file.sha256;
        let stated = self.nodes[named]
            .sidecars
            .iter()
            .filter_map(|(_, metadata)| metadata.signature.as_deref())
            .find(|signature| *signature != previous.signature);
        let fault = if previous.sha256 != found {
            Some((
                BreakKind::DigestMismatch,
                format!("the digest after it states SHA-256 {}, found {found}", previous.sha256),
            ))
        } else if stated.is_some() {
            Some((
                BreakKind::Altered,
                "its metadata holds another signature than the digest after it states".to_owned(),
            ))
        } else {
            None
        };
        let Some((kind, detail)) = fault else { return };
        // Whichever of the two a trusted key signed is believed; where both or neither, the later one speaks.
        if self.nodes[at].is_solid() || (self.nodes[at].damaged.is_none() && !self.nodes[named].is_solid()) {
            self.damage(named, kind, detail);
        } else if self.nodes[at].damaged.is_none() {
            let detail =
                format!("states another SHA-256 or signature of `{}` than it has", self.nodes[named].object);
            self.damage(at, kind, detail);
        }
    }

    /// Lists every digest that is missing between two.
    fn gap(&mut self, at: usize, before: usize, named: &str) {
        let (from, to) = (self.nodes[before].file.end, self.nodes[at].file.start);
        let late = |digests: &mut Self, detail: String| {
            digests.blank(at, from, to.max(from.plus_ms(1)), BreakKind::Gap, detail, true);
        };
        if to <= from {
            let detail =
                format!("names `{}` as the digest before it, which is not among the objects", shown(named));
            self.damage(at, BreakKind::Altered, detail.clone());
            return late(self, detail);
        }
        let mut listed = 0;
        let mut end = from;
        while end < to {
            end = end.plus_ms(HOUR_MS).min(to);
            listed += 1;
            if listed > MAX_LISTED {
                self.note(at, BreakKind::Gap, format!("no digest ends at {end}, nor at any hour up to {to}"));
                break;
            }
            self.note(at, BreakKind::Gap, format!("no digest ends at {end}"));
        }
        late(self, format!("no digest from {from} to {to}; the last one missing is `{}`", shown(named)));
    }

    fn blank(&mut self, at: usize, from: Moment, to: Moment, kind: BreakKind, detail: String, late: bool) {
        let object = self.nodes[at].object.to_owned();
        if from < to {
            self.blanks.push(Blank { from, to, kind, object, detail, late });
        }
    }

    /// Says which chains are broken, and that the hour of a damaged digest is not shown.
    fn note_damage(&mut self) {
        for at in 0..self.nodes.len() {
            let node = &self.nodes[at];
            let Some(kind) = node.damaged.filter(|_| !node.repeated) else { continue };
            let (from, to) = (node.file.start, node.file.end);
            self.blank(at, from, to, kind, "the digest of this hour does not count".to_owned(), true);
        }
        for chain in &mut self.chains {
            let objects: Vec<&str> = chain.nodes.iter().map(|at| self.nodes[*at].object).collect();
            let altered = self.breaks.iter().filter(|found| found.kind.effect(true) == Effect::Altered);
            chain.broken = altered.clone().any(|found| objects.contains(&found.object.as_str()));
            chain.whole &= !chain.broken;
        }
    }
}

/// Orders what several signatures of one digest show: the one that is worth most counts.
fn worth(signed: Signed) -> u8 {
    match signed {
        Signed::By { standing: Standing::Trusted, .. } => 6,
        Signed::By { standing: Standing::Expired | Standing::WrongPurpose, .. } => 5,
        Signed::By { .. } => 4,
        Signed::Claimed { .. } => 3,
        Signed::Unchecked => 1,
        Signed::Wrong => 2,
        Signed::Absent => 0,
    }
}
