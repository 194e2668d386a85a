//! What holds for every log, whatever was done to it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::logs::{Judged, Log, agent_receipts, agt_rust, forged, key, pipelock, plain, signet, trusted};
use crate::integrity::foreign::scan::ForeignSummary;
use crate::integrity::stitch::Fate;
use crate::integrity::verdict::{BreakKind, Completeness, Effect, Grade, Verdict};

/// The logs that are cut and forged: a computed and a stored link, interleaved chains, layers, signatures on some records.
fn log(which: usize) -> Log {
    match which {
        0 => Log::new("agent-receipts", agent_receipts(1, 9, &[1])),
        1 => Log::new("agent-receipts", agent_receipts(3, 10, &[1, 1, 1, 1, 2])),
        2 => Log::new("signet", signet(8)),
        3 => Log::new("pipelock", pipelock(1, 8)),
        4 => Log::new("pipelock", pipelock(2, 9)),
        5 => Log::new("signed-some", plain("signed-some", 9, |n| (n % 4 == 1).then_some(1))),
        6 => Log::new("of-lines", plain("of-lines", 9, |_| Some(1))),
        7 => Log::new("link-only", plain("link-only", 8, |_| Some(1))),
        _ => Log::new(
            "agt-rust",
            agt_rust(&[("a", "1"), ("a", "2"), ("a|b", "3"), ("a", "4"), ("a", "5"), ("a", "6")]),
        ),
    }
}

const LOGS: usize = 9;

/// One change of the lines of a log; numbers are taken modulo what is there.
#[derive(Clone, Debug)]
enum Edit {
    Drop(usize),
    Double(usize, usize),
    Swap(usize, usize),
    Garble(usize, usize),
    Garbage(usize, u8),
    Stranger(usize, usize),
    Split(usize, bool),
    Again(usize, usize),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let n = 0..64_usize;
    let one = prop_oneof![
        n.clone().prop_map(Edit::Drop),
        (n.clone(), n.clone()).prop_map(|(a, b)| Edit::Double(a, b)),
        (n.clone(), n.clone()).prop_map(|(a, b)| Edit::Swap(a, b)),
        (n.clone(), 0..2000_usize).prop_map(|(a, b)| Edit::Garble(a, b)),
        (n.clone(), 0..4_u8).prop_map(|(a, b)| Edit::Garbage(a, b)),
        (n.clone(), 0..LOGS).prop_map(|(a, b)| Edit::Stranger(a, b)),
        (n.clone(), any::<bool>()).prop_map(|(a, b)| Edit::Split(a, b)),
        (n.clone(), n).prop_map(|(a, b)| Edit::Again(a, b)),
    ];
    proptest::collection::vec(one, 0..4)
}

fn edit(log: &mut Log, edit: &Edit) {
    let objects = log.objects.len();
    let lines = log.lines();
    let count = lines.len();
    if count < 3 {
        return;
    }
    match *edit {
        Edit::Drop(at) => drop(lines.remove(at % count)),
        Edit::Double(at, to) => lines.insert(to % count, lines[at % count].clone()),
        Edit::Swap(a, b) => lines.swap(a % count, b % count),
        Edit::Garble(at, place) => {
            let line = &mut lines[at % count];
            if line.is_empty() {
                return;
            }
            let place = place % line.len();
            let other = if line.as_bytes()[place] == b'3' { "4" } else { "3" };
            line.replace_range(place..=place, other);
        }
        Edit::Garbage(at, what) => {
            let line = ["", "{", r#"{"type":"x"}"#, r#"{"a":1,"a":2}"#][usize::from(what)];
            lines.insert(at % count, line.to_owned());
        }
        Edit::Stranger(at, which) => {
            let other = self::log(which).objects.remove(0).1;
            lines[at % count] = other[at % other.len()].clone();
        }
        Edit::Split(at, first) => {
            let rest = lines.split_off(at % count);
            let mut name = if first { format!("0{objects}") } else { format!("z{objects}") };
            while log.objects.iter().any(|(known, _)| *known == name) {
                name.push('x');
            }
            log.objects.push((name, rest));
            log.objects.retain(|(_, lines)| !lines.is_empty());
            log.objects.sort();
        }
        Edit::Again(from, many) => {
            let again = lines[from % count..].iter().take(1 + many % 4).cloned().collect();
            log.objects.push((format!("y{objects}-{from}-{many}"), again));
            log.objects.dedup_by(|a, b| a.0 == b.0);
        }
    }
}

fn edited(which: usize, edits: &[Edit], head: Option<usize>) -> Log {
    let mut log = log(which);
    if let Some(at) = head {
        let line = at % log.objects[0].1.len();
        let record: Value = serde_json::from_str(&log.objects[0].1[line]).unwrap();
        let places = [&record["n"], &record["seq"], &record["credentialSubject"]["chain"]["sequence"]];
        let seq = places.iter().find_map(|seq| seq.as_u64()).unwrap_or_default();
        log.heads = vec![log.head(0, line, seq)];
    }
    edits.iter().for_each(|one| edit(&mut log, one));
    log
}

/// The counts of a verdict are those of the fates of its records.
fn counts_agree(judged: &Judged, whole: bool) {
    let log = &judged.verdict.log;
    let kept: Vec<Grade> = judged
        .fates
        .iter()
        .filter_map(|(.., fate)| match fate.expect("every admitted record has a fate") {
            Fate::Kept(grade) => Some(grade),
            Fate::Damaged(_) | Fate::Dropped(_) => None,
        })
        .collect();
    let covered = kept.iter().filter(|grade| **grade >= Grade::HeadAnchored).count() as u64;
    // Where only a part of a stretch was kept, the counts and the grade err downwards.
    assert!(log.covered <= covered, "{log:?} {:?}", judged.fates);
    if let Some(lowest) = kept.iter().min() {
        assert!(log.integrity <= *lowest, "{log:?} {:?}", judged.fates);
        assert!(
            log.verdict != Verdict::Verified || *lowest >= Grade::HeadAnchored,
            "{log:?} {:?}",
            judged.fates
        );
    }
    if whole {
        assert_eq!((log.records, log.covered), (kept.len() as u64, covered), "{log:?} {:?}", judged.fates);
        if log.rejected == 0 {
            assert_eq!(log.integrity, kept.iter().copied().min().unwrap_or(Grade::None));
        }
    }
}

/// Of a line that stands several times, copies may go, and never all.
fn one_copy_stays(log: &Log, judged: &Judged) {
    let mut stays: BTreeMap<&str, bool> = BTreeMap::new();
    for (object, lines) in &log.objects {
        let mut offset = 0;
        for line in lines {
            let mut fates = judged.fates.iter().filter(|(name, at, _)| name == object && *at == offset);
            if let Some((.., fate)) = fates.next() {
                *stays.entry(line).or_default() |= !matches!(fate, Some(Fate::Dropped(_)));
            }
            offset += line.len() as u64 + 1;
        }
    }
    let gone: Vec<&&str> = stays.iter().filter(|(_, stays)| !**stays).map(|(line, _)| line).collect();
    assert!(gone.is_empty(), "every copy went: {gone:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Where segments are cut changes nothing, not even in a log that was forged in several ways.
    #[test]
    fn any_cut_gives_the_same_verdict_breaks_holes_and_fates(
        which in 0..LOGS,
        edits in edits(),
        head in proptest::option::of(0..16_usize),
        window in proptest::option::of(0..9_u64),
        cuts in proptest::collection::btree_set(1..12_usize, 0..5),
    ) {
        let mut log = edited(which, &edits, head);
        log.keys[0].valid_until = window.map(|n| super::logs::at(&super::logs::second(n)));
        let whole = log.judge_cut(&[]);
        let cuts: Vec<usize> = cuts.into_iter().collect();
        let all: Vec<usize> = (1..32).collect();
        for cut in [log.judge_cut(&cuts), log.judge_cut(&all)] {
            counts_agree(&cut, edits.is_empty());
            prop_assert_eq!(comparable(&whole), comparable(&cut));
        }
        counts_agree(&whole, edits.is_empty());
        one_copy_stays(&log, &whole);
    }

    /// The fold is a function of the set of summaries.
    #[test]
    fn the_order_and_the_number_of_summaries_change_nothing(
        which in 0..LOGS,
        edits in edits(),
        cuts in proptest::collection::btree_set(1..12_usize, 1..5),
        order in proptest::collection::vec(any::<proptest::sample::Index>(), 0..24),
    ) {
        let log = edited(which, &edits, Some(5));
        let format = log.format();
        let cuts: Vec<usize> = cuts.into_iter().collect();
        let summaries: Vec<ForeignSummary> = log.scan(&format, &cuts).into_iter().map(|one| one.summary).collect();
        let expected = log.fold(&format, &summaries);
        let mut mixed: Vec<ForeignSummary> = order.iter().map(|at| at.get(&summaries).clone()).collect();
        mixed.extend(summaries.iter().rev().cloned());
        prop_assert_eq!(&expected, &log.fold(&format, &mixed));
        mixed.reverse();
        prop_assert_eq!(&expected, &log.fold(&format, &mixed));
    }

    /// Whatever was done to the lines, a verified log holds only lines of the true one, and of each chain all from some
    /// record to some record, once.
    #[test]
    fn what_is_verified_is_a_part_of_the_true_log(
        which in 0..LOGS,
        edits in edits(),
        head in proptest::option::of(0..16_usize),
    ) {
        let truth = log(which);
        let log = edited(which, &edits, head);
        let found = log.judge_cut(&[]);
        if found.verdict.log.verdict != Verdict::Verified {
            return Ok(());
        }
        let place: BTreeMap<String, usize> =
            truth.objects[0].1.iter().enumerate().map(|(place, line)| (covered_part(which, line), place)).collect();
        let mut chains: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for line in log.objects.iter().flat_map(|(_, lines)| lines) {
            let at = place.get(&covered_part(which, line));
            prop_assert!(at.is_some(), "a line that is not of the log: {}", line);
            chains.entry(chain_of(line)).or_default().insert(*at.unwrap());
        }
        for (chain, at) in chains {
            let all: Vec<usize> = truth.objects[0].1.iter().enumerate()
                .filter(|(_, line)| chain_of(line) == chain)
                .map(|(place, _)| place)
                .filter(|place| (at.first() <= Some(place)) && (Some(place) <= at.last()))
                .collect();
            prop_assert_eq!(all, at.into_iter().collect::<Vec<_>>());
        }
    }

    /// From a log without breaks, taking something away raises nothing but what no mechanism can show, and there
    /// completeness says so (contracts of the tool: monotonic).
    #[test]
    fn taking_something_away_never_improves_the_verdict(
        which in 0..LOGS,
        split in 1..8_usize,
        head in any::<bool>(),
        both in any::<bool>(),
        gone in 0..64_usize,
    ) {
        let mut log = edited(which, &[], None);
        if both {
            log.keys.push(trusted(&key(2)));
        }
        if head {
            let last = log.objects[0].1.len() - 1;
            log.heads = edited(which, &[], Some(last)).heads;
        }
        let most = log.objects[0].1.len() - 1;
        let rest = log.lines().split_off(split.min(most));
        log.objects.push(("b.jsonl".to_owned(), rest));
        let before = log.judge().log;
        prop_assert!(before.breaks.iter().all(|found| found.kind.effect(true) != Effect::Altered));

        let mut fewer = Vec::new();
        for index in 0..log.keys.len() {
            let mut less = log.clone();
            less.keys.remove(index);
            fewer.push(("key", less));
        }
        if head {
            fewer.push(("head", Log { heads: Vec::new(), ..log.clone() }));
        }
        for (what, less) in fewer {
            let after = less.judge().log;
            prop_assert!(after.verdict <= before.verdict, "{what}: {after:?}");
            prop_assert!(after.integrity <= before.integrity, "{what}: {after:?}");
            prop_assert!(after.completeness <= before.completeness, "{what}: {after:?}");
            prop_assert!(after.covered <= before.covered, "{what}: {after:?}");
        }

        let mut object = log.clone();
        object.objects.remove(gone % 2);
        let mut record = log.clone();
        let lines = &mut record.objects[gone % 2].1;
        let at = gone % lines.len();
        lines.remove(at);
        for less in [object, record] {
            let after = less.judge().log;
            prop_assert!(after.completeness <= before.completeness, "{before:?} {after:?}");
            if after.completeness > Completeness::Contiguous {
                prop_assert!(after.verdict <= before.verdict, "{before:?} {after:?}");
                prop_assert!(after.integrity <= before.integrity, "{before:?} {after:?}");
            }
        }
    }

    /// A record that is changed and hashed anew never stands in a verified log.
    #[test]
    fn a_changed_record_with_a_new_hash_is_never_verified(
        chain in prop_oneof![Just("signed-some"), Just("link-only"), Just("of-lines"), Just("prev-outside"), Just("by-id")],
        at in 0..6_usize,
        mend in any::<bool>(),
        head in any::<bool>(),
    ) {
        let mut log = Log::new(chain, plain(chain, 6, |n| (n == 5 || chain == "link-only" || chain == "of-lines").then_some(1)));
        if head {
            log.heads = vec![log.head(0, 5, 5)];
        }
        let mut lines = log.objects[0].1.clone();
        lines[at] = forged(chain, &lines[at], "a", json!("another"));
        // Whoever changes a record also mends the links behind it.
        for next in at + 1..lines.len() {
            if mend {
                let prev = super::logs::next_link(chain, &lines[next - 1]);
                lines[next] = forged(chain, &lines[next], "p", json!(prev));
            }
        }
        *log.lines() = lines;
        prop_assert_ne!(log.judge().log.verdict, Verdict::Verified);
    }
}

/// A verdict without its counts where a part of a stretch was set aside: which of its records that part holds is not in the
/// summaries, so that the counts err downwards, by more the fewer segments there are. The fates of the records do not err.
fn comparable(judged: &Judged) -> Judged {
    let overlap =
        |kind: BreakKind| matches!(kind, BreakKind::Duplicate | BreakKind::ReExport | BreakKind::Fork);
    let mut judged = Judged { verdict: judged.verdict.clone(), fates: judged.fates.clone() };
    if judged.verdict.log.breaks.iter().any(|found| overlap(found.kind)) {
        let log = &mut judged.verdict.log;
        (log.records, log.rejected, log.covered, log.signed, log.pinned) = (0, 0, 0, 0, 0);
        log.integrity = Grade::None;
        log.reasons.clear();
        // Nor is the first record of a key that is kept.
        for found in &mut judged.verdict.log.breaks {
            if found.kind.effect(true) == Effect::NotVerifiable {
                (found.line, found.offset) = (0, 0);
                found.detail.retain(|letter| !letter.is_ascii_digit());
            }
        }
        judged.verdict.log.breaks.sort();
    }
    judged
}

/// A line without what the format itself cannot cover: of agent receipts, all that stands around the signature.
fn covered_part(which: usize, line: &str) -> String {
    let mut record: Value = serde_json::from_str(line).unwrap();
    match record.as_object_mut() {
        Some(members) if which < 2 => {
            members.remove("proof");
            record.to_string()
        }
        _ => line.to_owned(),
    }
}

/// The session or the chain that a line says it is of.
fn chain_of(line: &str) -> String {
    let record: Value = serde_json::from_str(line).unwrap();
    let names = [&record["session_id"], &record["credentialSubject"]["chain"]["chain_id"]];
    names.iter().find_map(|name| name.as_str()).unwrap_or_default().to_owned()
}
