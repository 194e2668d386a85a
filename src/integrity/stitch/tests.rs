use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;

use super::*;
use crate::integrity::chain::{LogScanner, ScanOptions, Scanned};
use crate::integrity::countersign_log::Draft;
use crate::integrity::keyring::{Purpose, TrustedKey};
use crate::integrity::signature::PublicKey;
use crate::integrity::verdict::{Completeness, Effect, Verdict};

const START: i64 = 1_782_864_000_000; // 2026-07-01T00:00:00.000Z

fn signing(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn trusted(seed: u8, log: &str) -> TrustedKey {
    TrustedKey {
        public: PublicKey::of_signing_key(&signing(seed)).unwrap(),
        owner: "platform team".into(),
        purpose: Purpose::Log,
        logs: vec![log.into()],
        valid_from: None,
        valid_until: None,
        revoked_at: None,
        compromised_at: None,
    }
}

fn moment(minute: i64) -> Moment {
    Moment::from_ms(START + minute * 60_000)
}

/// Writes logs; every record is one minute after the one before unless told otherwise.
#[derive(Clone)]
struct Writer {
    log: String,
    seed: u8,
    seq: u64,
    prev: Digest,
    minute: i64,
}

impl Writer {
    fn new(log: &str) -> Self {
        Self { log: log.into(), seed: 1, seq: 0, prev: Digest::ZERO, minute: 0 }
    }

    fn write(&mut self, event: &str) -> String {
        let key = PublicKey::of_signing_key(&signing(self.seed)).unwrap().id();
        let time = moment(self.minute);
        let draft = Draft { log: &self.log, seq: self.seq, time, key, prev: self.prev, event };
        let line = draft.sign(|bytes| signing(self.seed).sign(bytes).to_bytes());
        self.prev = Digest::of(line.as_bytes());
        self.seq += 1;
        self.minute += 1;
        line
    }

    fn many(&mut self, count: usize) -> Vec<String> {
        (0..count)
            .map(|n| self.write(&format!("{{\"kind\":\"request\",\"id\":\"R-{}-{n}\"}}", self.seq)))
            .collect()
    }

    fn head(&self) -> LogHead {
        LogHead { log: self.log.clone(), seq: self.seq - 1, digest: self.prev }
    }
}

fn log(count: usize) -> Vec<String> {
    Writer::new("gate").many(count)
}

fn bytes_of(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| line.bytes().chain([b'\n'])).collect()
}

/// A source under test: objects as bytes, and what the verifier brings.
#[derive(Clone)]
struct Source {
    objects: Vec<(String, Vec<u8>)>,
    logs: Vec<String>,
    keyring: Keyring,
    heads: Vec<LogHead>,
    witnessed: Vec<WitnessedHead>,
    after: Vec<LogHead>,
    max_silence: Option<i64>,
    /// True where the store failed while the objects were read.
    broken_off: bool,
}

impl Source {
    fn of(objects: &[&[String]]) -> Self {
        Self::of_bytes(&objects.iter().map(|lines| bytes_of(lines)).collect::<Vec<_>>())
    }

    fn of_bytes(objects: &[Vec<u8>]) -> Self {
        Self {
            objects: objects
                .iter()
                .enumerate()
                .map(|(n, bytes)| (format!("{n}.jsonl"), bytes.clone()))
                .collect(),
            logs: vec!["gate".into()],
            keyring: Keyring::of([trusted(1, "gate")]),
            heads: Vec::new(),
            witnessed: Vec::new(),
            after: Vec::new(),
            max_silence: None,
            broken_off: false,
        }
    }

    fn unpinned(self) -> Self {
        Self { keyring: Keyring::empty(), ..self }
    }

    /// Scans with a cut before each of the given lines, counted over each object.
    fn runs(&self, cuts: &[usize]) -> Vec<RunSummary> {
        let mut runs = Vec::new();
        for (name, bytes) in &self.objects {
            let mut scanner = self.scanner(name, 0);
            let mut at = 0;
            for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
                if number > 0 && cuts.contains(&number) {
                    runs.push(std::mem::replace(&mut scanner, self.scanner(name, at)).finish());
                }
                match line.strip_suffix(b"\n") {
                    Some(line) => drop(scanner.line(line)),
                    None => drop(scanner.tail(line)),
                }
                at += line.len() as u64;
            }
            runs.push(scanner.finish());
        }
        runs
    }

    fn scanner<'a>(&'a self, object: &'a str, start: u64) -> LogScanner<'a> {
        LogScanner::new(ScanOptions {
            source: "gate",
            object,
            start,
            logs: &self.logs,
            keyring: &self.keyring,
            max_silence: self.max_silence,
        })
    }

    fn stitch(&self, runs: &[RunSummary]) -> Stitched {
        let fault = self.broken_off.then(|| (BreakKind::UnreadableObject, "the store failed".to_owned()));
        let fact = |(name, _): &(String, Vec<u8>)| ObjectFact { name: name.clone(), fault: fault.clone() };
        let facts: Vec<ObjectFact> = self.objects.iter().map(fact).collect();
        stitch(&StitchInput {
            source: "gate",
            logs: &self.logs,
            objects: &facts,
            runs,
            heads: &self.heads,
            witnessed: &self.witnessed,
            after: &self.after,
            keyring: &self.keyring,
            links: self,
            period: Period { from: moment(0), to: moment(1000) },
            as_of: moment(1000),
            max_silence: self.max_silence,
        })
    }

    fn verdict(&self) -> LogVerdict {
        let mut stitched = self.stitch(&self.runs(&[]));
        assert_eq!(stitched.logs.len(), 1);
        stitched.logs.remove(0)
    }
}

impl LinkIndex for Source {
    fn link_at(&self, run: &RunSummary, line: u64, _: u64) -> Option<Link> {
        let (_, bytes) = self.objects.iter().find(|(name, _)| *name == run.object)?;
        let mut offset = run.start;
        let segment = &bytes[usize::try_from(run.start).unwrap()..];
        for (number, text) in (1..).zip(segment.split_inclusive(|byte| *byte == b'\n')) {
            if number == line {
                return Some(Link { digest: Digest::of(text.strip_suffix(b"\n")?), offset });
            }
            offset += text.len() as u64;
        }
        None
    }
}

/// Returns the breaks that have an effect, as kind and line.
fn kinds(verdict: &LogVerdict) -> Vec<(BreakKind, u64)> {
    let breaks = verdict.log.breaks.iter().filter(|found| found.kind.effect(true) != Effect::Note);
    breaks.map(|found| (found.kind, found.line)).collect()
}

fn minutes(verdict: &LogVerdict) -> Vec<(i64, i64, BreakKind)> {
    let minute = |moment: Moment| (moment.ms() - START) / 60_000;
    verdict.holes.iter().map(|hole| (minute(hole.span.from), minute(hole.span.to), hole.kind)).collect()
}

#[test]
fn a_pinned_log_is_verified() {
    let verdict = Source::of(&[&log(10)]).verdict();
    assert_eq!(verdict.log.verdict, Verdict::Verified);
    assert_eq!(
        (verdict.log.records, verdict.log.covered, verdict.log.signed, verdict.log.rejected),
        (10, 10, 10, 0)
    );
    assert_eq!(
        (verdict.log.integrity, verdict.log.completeness),
        (Grade::PinnedSigned, Completeness::Contiguous)
    );
    assert_eq!((verdict.log.first, verdict.log.head.unwrap().seq), (Some(0), 9));
    assert_eq!((verdict.log.reasons, verdict.holes), (vec![], vec![]));
}

#[test]
fn without_the_key_it_is_not_verifiable_and_says_what_would_help() {
    let verdict = Source::of(&[&log(10)]).unpinned().verdict();
    assert_eq!(verdict.log.verdict, Verdict::NotVerifiable);
    assert_eq!((verdict.log.integrity, verdict.log.covered, verdict.log.records), (Grade::Consistent, 0, 10));
    assert_eq!(kinds(&verdict), [(BreakKind::UnknownKey, 1)]);
    assert!(
        verdict.log.reasons[0].starts_with("10 of 10 records signed by key `"),
        "{:?}",
        verdict.log.reasons
    );
    assert!(verdict.log.reasons[0].contains("countersign keys trust"));
}

#[test]
fn a_head_without_a_key_anchors_but_does_not_verify() {
    let mut writer = Writer::new("gate");
    let lines = writer.many(10);
    let source = Source { heads: vec![writer.head()], ..Source::of(&[&lines]).unpinned() };
    let verdict = source.verdict();
    assert_eq!((verdict.log.verdict, verdict.log.integrity), (Verdict::NotVerifiable, Grade::HeadAnchored));
    assert_eq!(verdict.log.completeness, Completeness::PinnedHead);
}

#[test]
fn a_head_makes_a_pinned_log_anchored() {
    let mut writer = Writer::new("gate");
    let mut lines = writer.many(6);
    let head = writer.head();
    let source = Source { heads: vec![head.clone()], ..Source::of(&[&lines]) };
    let verdict = source.verdict();
    assert_eq!(
        (verdict.log.integrity, verdict.log.completeness),
        (Grade::PinnedAnchored, Completeness::PinnedHead)
    );
    lines.extend(writer.many(4));
    let verdict = Source { heads: vec![head], ..Source::of(&[&lines]) }.verdict();
    assert_eq!(verdict.log.verdict, Verdict::Verified);
    assert_eq!(
        (verdict.log.integrity, verdict.log.completeness),
        (Grade::PinnedSigned, Completeness::Contiguous)
    );
    let key = PublicKey::of_signing_key(&signing(1)).unwrap().id();
    assert_eq!(verdict.fate_at("0.jsonl", 6, key), Some(Fate::Kept(Grade::PinnedAnchored)));
    assert_eq!(verdict.fate_at("0.jsonl", 7, key), Some(Fate::Kept(Grade::PinnedSigned)));
    assert_eq!(verdict.fate_at("0.jsonl", 11, key), None);
}

#[test]
fn a_cut_tail_shows_only_against_a_head() {
    let mut writer = Writer::new("gate");
    let lines = writer.many(10);
    let cut = Source::of(&[&lines[..7]]);
    let verdict = cut.verdict();
    assert_eq!(
        (verdict.log.verdict, verdict.log.completeness),
        (Verdict::Verified, Completeness::Contiguous)
    );
    let verdict = Source { heads: vec![writer.head()], ..cut }.verdict();
    assert_eq!(kinds(&verdict), [(BreakKind::TruncatedTail, 7)]);
    assert_eq!(verdict.log.completeness, Completeness::Contiguous);
    assert_eq!(minutes(&verdict), [(6, 1000, BreakKind::TruncatedTail)]);
    let verdict = Source { heads: vec![writer.head()], ..Source::of_bytes(&[vec![]]) }.verdict();
    assert_eq!(kinds(&verdict), [(BreakKind::TruncatedTail, 0), (BreakKind::Empty, 0)]);
}

#[test]
fn records_that_a_store_did_not_give_are_not_called_cut() {
    let mut writer = Writer::new("gate");
    let lines = writer.many(10);
    let cut = Source { heads: vec![writer.head()], broken_off: true, ..Source::of(&[&lines[..7]]) };
    let verdict = cut.verdict();
    assert_eq!(kinds(&verdict), [(BreakKind::UnreadableObject, 0)]);
    assert_eq!(
        (verdict.log.verdict, verdict.log.completeness),
        (Verdict::NotVerifiable, Completeness::Unknown)
    );
    assert!(verdict.log.reasons.iter().any(|reason| reason.contains("not in what could be read")));
    assert_eq!(minutes(&verdict).last(), Some(&(6, 1000, BreakKind::UnreadableObject)));
}

#[test]
fn a_head_that_contradicts_the_record_is_a_fork() {
    let mut writer = Writer::new("gate");
    let lines = writer.many(10);
    for seq in [4, 9] {
        let head = LogHead { seq, digest: Digest::of(b"other"), log: "gate".into() };
        let verdict = Source { heads: vec![head], ..Source::of(&[&lines]) }.verdict();
        assert_eq!(kinds(&verdict), [(BreakKind::Fork, seq + 1)]);
    }
}

#[test]
fn heads_of_no_log_are_handed_back() {
    let head = LogHead { log: "other".into(), seq: 3, digest: Digest::ZERO };
    let source = Source { heads: vec![head.clone()], ..Source::of(&[&log(3)]) };
    assert_eq!(source.stitch(&source.runs(&[])).unmatched_heads, [head]);
}

#[test]
fn a_late_start_is_a_note_and_a_hole_unless_the_head_before_is_brought() {
    let mut writer = Writer::new("gate");
    writer.many(5);
    let before = writer.head();
    let lines = writer.many(5);
    let verdict = Source::of(&[&lines]).verdict();
    assert_eq!((verdict.log.verdict, kinds(&verdict)), (Verdict::Verified, vec![]));
    assert_eq!(verdict.log.breaks[0].kind, BreakKind::LateStart);
    assert_eq!(minutes(&verdict), [(0, 5, BreakKind::LateStart)]);
    let verdict = Source { after: vec![before.clone()], ..Source::of(&[&lines]) }.verdict();
    assert_eq!((verdict.log.breaks, verdict.holes), (vec![], vec![]));
    let verdict = Source { after: vec![before.clone()], ..Source::of(&[&lines[1..]]) }.verdict();
    assert_eq!(kinds(&verdict), [(BreakKind::TruncatedHead, 1)]);
    assert_eq!(minutes(&verdict), [(0, 6, BreakKind::TruncatedHead)]);
    let other = LogHead { digest: Digest::of(b"other"), ..before };
    let verdict = Source { after: vec![other], ..Source::of(&[&lines]) }.verdict();
    assert_eq!(kinds(&verdict), [(BreakKind::TruncatedHead, 1)]);
}

#[test]
fn a_wrong_genesis_is_seen() {
    let mut writer = Writer { prev: Digest::of(b"something"), ..Writer::new("gate") };
    assert_eq!(kinds(&Source::of(&[&writer.many(3)]).verdict()), [(BreakKind::WrongGenesis, 1)]);
    let mut writer = Writer { seq: 4, ..Writer::new("gate") };
    assert_eq!(kinds(&Source::of(&[&writer.many(3)]).verdict()), [(BreakKind::WrongGenesis, 1)]);
}

#[test]
fn a_removed_line_is_a_gap_between_its_neighbours() {
    let mut lines = log(10);
    lines.remove(5);
    for source in [Source::of(&[&lines]), Source::of(&[&lines[..5], &lines[5..]])] {
        let verdict = source.verdict();
        assert_eq!(verdict.log.verdict, Verdict::Altered);
        assert_eq!(kinds(&verdict).iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [BreakKind::Gap]);
        assert_eq!(minutes(&verdict), [(4, 6, BreakKind::Gap)]);
        // The missing record may have the very time of the one after it, and the end of a span is exclusive.
        assert_eq!(verdict.holes[0].span, Period { from: moment(4), to: moment(6).plus_ms(1) });
        assert_eq!(verdict.log.completeness, Completeness::Unknown);
        assert_eq!((verdict.log.records, verdict.log.covered), (9, 9));
    }
}

#[test]
fn swapped_lines_are_reordered_and_nothing_else() {
    let mut lines = log(10);
    lines.swap(5, 6);
    let verdict = Source::of(&[&lines]).verdict();
    assert_eq!(kinds(&verdict), [(BreakKind::Reordered, 7)]);
    assert_eq!(verdict.holes, []);
    assert_eq!((verdict.log.records, verdict.log.completeness), (10, Completeness::Contiguous));
}

#[test]
fn a_doubled_line_is_a_duplicate_and_counts_once() {
    let mut lines = log(10);
    lines.insert(6, lines[5].clone());
    let verdict = Source::of(&[&lines]).verdict();
    assert_eq!(kinds(&verdict), [(BreakKind::Duplicate, 7)]);
    assert_eq!((verdict.log.records, verdict.log.covered), (10, 10));
    let key = PublicKey::of_signing_key(&signing(1)).unwrap().id();
    assert_eq!(verdict.fate_at("0.jsonl", 7, key), Some(Fate::Dropped(BreakKind::Duplicate)));
    let mut lines = log(10);
    lines.extend_from_within(3..8);
    assert_eq!(kinds(&Source::of(&[&lines]).verdict()), [(BreakKind::Duplicate, 11)]);
}

#[test]
fn an_edited_line_is_altered_and_damages_only_itself() {
    let mut lines = log(10);
    lines[5] = lines[5].replace("R-5", "R-X");
    let verdict = Source::of(&[&lines]).verdict();
    assert_eq!(kinds(&verdict), [(BreakKind::Altered, 6)]);
    assert_eq!((verdict.log.records, verdict.log.rejected, verdict.log.covered), (9, 1, 9));
    assert_eq!(minutes(&verdict), [(4, 6, BreakKind::Altered)]);
    // The last line has nobody to contradict it but its signature, or a head.
    let mut writer = Writer::new("gate");
    let mut lines = writer.many(10);
    lines[9] = lines[9].replace("R-9", "R-X");
    let verdict = Source::of(&[&lines]).verdict();
    assert_eq!(kinds(&verdict), [(BreakKind::BadSignature, 10)]);
    assert_eq!(minutes(&verdict), [(8, 1000, BreakKind::BadSignature)]);
    let verdict = Source { heads: vec![writer.head()], ..Source::of(&[&lines]) }.verdict();
    assert_eq!(kinds(&verdict), [(BreakKind::Altered, 10)]);
    // So has the last line of a rotated file, but for the file behind it.
    let mut writer = Writer::new("gate");
    let (mut one, two) = (writer.many(5), writer.many(5));
    one[4] = one[4].replace("R-4", "R-X");
    assert_eq!(kinds(&Source::of(&[&one, &two]).verdict()), [(BreakKind::Altered, 5)]);
}

#[test]
fn a_line_that_was_written_with_a_bad_signature_is_told_apart() {
    let mut writer = Writer::new("gate");
    let mut lines = writer.many(3);
    let mut forged = writer.write("{}");
    let flipped = if forged.ends_with("0\"}") { "1\"}" } else { "0\"}" };
    forged.replace_range(forged.len() - 3.., flipped);
    writer.prev = Digest::of(forged.as_bytes());
    lines.push(forged);
    lines.extend(writer.many(3));
    assert_eq!(kinds(&Source::of(&[&lines]).verdict()), [(BreakKind::BadSignature, 4)]);
}

#[test]
fn a_line_of_another_log_is_spliced() {
    let mut lines = log(6);
    lines.insert(3, Writer::new("other").write("{}"));
    for logs in [vec!["gate".to_owned()], vec![]] {
        let keyring =
            Keyring::of([TrustedKey { logs: vec!["gate".into(), "other".into()], ..trusted(1, "gate") }]);
        let verdict = Source { logs, keyring, ..Source::of(&[&lines]) }.verdict();
        assert_eq!(kinds(&verdict), [(BreakKind::Spliced, 4)]);
        assert_eq!((verdict.log.records, verdict.log.rejected), (6, 1));
    }
}

#[test]
fn two_signed_histories_are_a_fork_at_their_first_difference() {
    let mut writer = Writer::new("gate");
    let shared = writer.many(4);
    let mut other = Writer { minute: 500, ..writer.clone() };
    let one = [shared.clone(), writer.many(6)].concat();
    let two = [shared, other.many(8)].concat();
    let verdict = Source::of(&[&one, &two]).verdict();
    assert_eq!(kinds(&verdict), [(BreakKind::Fork, 5)]);
    assert_eq!(verdict.log.breaks.last().unwrap().object, "1.jsonl");
    assert_eq!(verdict.log.completeness, Completeness::Unknown);
    assert!(
        minutes(&verdict).contains(&(503, 1000, BreakKind::Fork))
            || minutes(&verdict).iter().any(|hole| hole.1 == 1000)
    );
    // In one file as well: a signed line that names another line than the one before it.
    let mut lines = one[..6].to_vec();
    lines.extend(two[6..].iter().cloned());
    assert_eq!(kinds(&Source::of(&[&lines]).verdict()), [(BreakKind::Fork, 7)]);
}

#[test]
fn a_byte_equal_overlap_is_a_re_export() {
    let lines = log(10);
    let verdict = Source::of(&[&lines[..7], &lines[4..]]).verdict();
    assert_eq!((verdict.log.verdict, verdict.log.records), (Verdict::Verified, 10));
    assert_eq!(verdict.log.breaks.iter().map(|found| found.kind).collect::<Vec<_>>(), [BreakKind::ReExport]);
    let key = PublicKey::of_signing_key(&signing(1)).unwrap().id();
    assert_eq!(verdict.fate_at("1.jsonl", 3, key), Some(Fate::Dropped(BreakKind::ReExport)));
    assert_eq!(verdict.fate_at("1.jsonl", 4, key), Some(Fate::Kept(Grade::PinnedSigned)));
    // The same, where the object with the later start is listed first and one holds the other whole.
    let verdict = Source::of(&[&lines[4..6], &lines]).verdict();
    assert_eq!((verdict.log.verdict, verdict.log.records), (Verdict::Verified, 10));
}

#[test]
fn rotated_files_join_in_any_order() {
    let lines = log(10);
    for order in [[&lines[..3], &lines[3..7], &lines[7..]], [&lines[7..], &lines[3..7], &lines[..3]]] {
        let verdict = Source::of(&order).verdict();
        assert_eq!(
            (verdict.log.verdict, verdict.log.breaks.len(), verdict.log.records),
            (Verdict::Verified, 0, 10)
        );
    }
}

#[test]
fn nothing_follows_a_closing_record() {
    let mut writer = Writer::new("gate");
    let mut lines = writer.many(3);
    lines.push(writer.write(r#"{"kind":"close"}"#));
    let verdict = Source::of(&[&lines]).verdict();
    assert_eq!(
        (verdict.log.verdict, verdict.log.completeness),
        (Verdict::Verified, Completeness::Terminated)
    );
    assert!(verdict.closed);
    let more = writer.many(2);
    let behind = [lines.clone(), more.clone()].concat();
    assert_eq!(kinds(&Source::of(&[&behind]).verdict()), [(BreakKind::TruncatedTail, 5)]);
    assert_eq!(kinds(&Source::of(&[&lines, &more]).verdict()), [(BreakKind::TruncatedTail, 1)]);
}

#[test]
fn a_torn_tail_is_missing_population_not_an_alteration() {
    let lines = log(5);
    let bytes = bytes_of(&lines);
    for cut in bytes.len() - lines[4].len()..bytes.len() {
        let verdict = Source::of_bytes(&[bytes[..cut].to_vec()]).verdict();
        assert_eq!(
            (verdict.log.verdict, kinds(&verdict)),
            (Verdict::NotVerifiable, vec![(BreakKind::TornTail, 5)]),
            "{cut}"
        );
        assert_eq!((verdict.log.records, verdict.log.completeness), (4, Completeness::Contiguous));
        assert_eq!(minutes(&verdict), [(3, 1000, BreakKind::TornTail)]);
    }
}

#[test]
fn in_a_chain_without_a_key_a_broken_link_damages_all_that_no_head_holds() {
    let mut writer = Writer::new("gate");
    let mut lines = writer.many(5);
    let head = writer.head();
    lines.extend(writer.many(5));
    lines[7] = lines[7].replace("R-7", "R-X");
    let verdict = Source::of(&[&lines]).unpinned().verdict();
    assert_eq!(kinds(&verdict), [(BreakKind::UnknownKey, 1), (BreakKind::Altered, 8)]);
    assert_eq!((verdict.log.records, verdict.log.rejected), (0, 10));
    assert_eq!(minutes(&verdict), [(0, 1000, BreakKind::Altered)]);
    let verdict = Source { heads: vec![head], ..Source::of(&[&lines]).unpinned() }.verdict();
    assert_eq!((verdict.log.records, verdict.log.rejected), (5, 5));
    assert_eq!(minutes(&verdict).iter().map(|hole| hole.1).max(), Some(1000));
}

#[test]
fn where_times_fall_a_hole_is_the_whole_period() {
    let mut writer = Writer::new("gate");
    let mut lines = writer.many(4);
    writer.minute = 1;
    lines.extend(writer.many(4));
    let verdict = Source::of(&[&lines]).verdict();
    assert_eq!((verdict.log.verdict, verdict.times_fall), (Verdict::Verified, true));
    assert_eq!(
        verdict.log.breaks.iter().map(|found| (found.kind, found.line)).collect::<Vec<_>>(),
        [(BreakKind::ClockRollback, 5)]
    );
    lines.remove(6);
    assert_eq!(minutes(&Source::of(&[&lines]).verdict()), [(0, 1000, BreakKind::Gap)]);
}

#[test]
fn a_late_record_cannot_backdate_itself_into_the_window_of_its_key() {
    let mut writer = Writer::new("gate");
    let mut lines = writer.many(3);
    writer.minute = 100;
    lines.extend(writer.many(1));
    writer.minute = 3;
    lines.extend(writer.many(2));
    let keyring = Keyring::of([TrustedKey { valid_until: Some(moment(50)), ..trusted(1, "gate") }]);
    for objects in [vec![&lines[..]], vec![&lines[..4], &lines[4..]], vec![&lines[..5], &lines[5..]]] {
        let source = Source { keyring: keyring.clone(), ..Source::of(&objects) };
        let verdict = source.verdict();
        assert_eq!(
            (verdict.log.verdict, verdict.log.covered, verdict.log.records),
            (Verdict::NotVerifiable, 3, 6)
        );
        assert_eq!(kinds(&verdict), [(BreakKind::ExpiredKey, 4)]);
    }
}

#[test]
fn a_compromise_spares_what_was_seen_before_it_and_nothing_else() {
    let mut writer = Writer::new("gate");
    let mut lines = writer.many(4);
    let head = writer.head();
    lines.extend(writer.many(4));
    let stolen = Keyring::of([TrustedKey { compromised_at: Some(moment(500)), ..trusted(1, "gate") }]);
    let judged = |seen: &[(&LogHead, i64)], keyring: &Keyring| {
        let witnessed = seen
            .iter()
            .map(|(head, minute)| WitnessedHead { head: (*head).clone(), seen_at: moment(*minute) });
        let heads = seen.iter().map(|(head, _)| (*head).clone()).collect();
        let source = Source { heads, keyring: keyring.clone(), ..Source::of(&[&lines[..3], &lines[3..]]) };
        let verdict = Source { witnessed: witnessed.collect(), ..source }.verdict();
        (verdict.log.verdict, verdict.log.covered, verdict.log.integrity, kinds(&verdict))
    };
    let revoked = |line: u64| vec![(BreakKind::RevokedKey, line)];
    let last = writer.head();
    // Records after the head rest on a key that somebody else may hold.
    assert_eq!(judged(&[(&head, 499)], &stolen), (Verdict::NotVerifiable, 4, Grade::Consistent, revoked(2)));
    assert_eq!(judged(&[(&last, 499)], &stolen), (Verdict::Verified, 8, Grade::PinnedAnchored, vec![]));
    assert_eq!(
        judged(&[(&last, 500)], &stolen),
        (Verdict::NotVerifiable, 0, Grade::HeadAnchored, revoked(1))
    );
    assert_eq!(
        judged(&[(&last, 600), (&head, 499)], &stolen),
        (Verdict::NotVerifiable, 4, Grade::HeadAnchored, revoked(2))
    );
    // A head that the chain does not hold shows nothing, whenever it was seen.
    let other = LogHead { digest: Digest::of(b"other"), ..last.clone() };
    assert_eq!(judged(&[(&other, 1)], &stolen).1, 0);
    // Nor does being seen lengthen the life of a key.
    let expired = Keyring::of([TrustedKey { valid_until: Some(moment(3)), ..trusted(1, "gate") }]);
    let plain = judged(&[(&last, 900)], &expired);
    assert_eq!((plain.0, plain.3), (Verdict::NotVerifiable, vec![(BreakKind::ExpiredKey, 1)]));
}

#[test]
fn each_standing_of_a_key_has_its_kind() {
    let lines = log(4);
    for (key, kind) in [
        (TrustedKey { revoked_at: Some(moment(2)), ..trusted(1, "gate") }, BreakKind::RevokedKey),
        (TrustedKey { compromised_at: Some(moment(900)), ..trusted(1, "gate") }, BreakKind::RevokedKey),
        (TrustedKey { valid_from: Some(moment(2)), ..trusted(1, "gate") }, BreakKind::ExpiredKey),
        (trusted(1, "other"), BreakKind::WrongPurposeKey),
        (trusted(2, "gate"), BreakKind::UnknownKey),
    ] {
        let verdict = Source { keyring: Keyring::of([key]), ..Source::of(&[&lines]) }.verdict();
        assert_eq!(verdict.log.verdict, Verdict::NotVerifiable);
        assert_eq!(kinds(&verdict).iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [kind]);
        assert_eq!(verdict.log.reasons.len(), 1);
    }
}

#[test]
fn two_keys_may_sign_one_log_and_each_is_counted() {
    let mut writer = Writer::new("gate");
    let mut lines = Vec::new();
    for n in 0..10 {
        writer.seed = 1 + n % 2;
        lines.extend(writer.many(1));
    }
    let both = Keyring::of([trusted(1, "gate"), trusted(2, "gate")]);
    let verdict = Source { keyring: both, ..Source::of(&[&lines]) }.verdict();
    assert_eq!((verdict.log.verdict, verdict.log.keys.len()), (Verdict::Verified, 2));
    let verdict = Source::of(&[&lines]).verdict();
    assert_eq!(
        (verdict.log.verdict, verdict.log.covered, verdict.log.records),
        (Verdict::NotVerifiable, 5, 10)
    );
    let id = |seed| PublicKey::of_signing_key(&signing(seed)).unwrap().id();
    assert_eq!(verdict.fate_at("0.jsonl", 1, id(1)), Some(Fate::Kept(Grade::PinnedSigned)));
    assert_eq!(verdict.fate_at("0.jsonl", 2, id(2)), Some(Fate::Kept(Grade::Consistent)));
}

#[test]
fn an_absent_or_empty_log_is_never_verified() {
    let verdict = Source::of(&[]).verdict();
    assert_eq!(
        (verdict.log.verdict, kinds(&verdict)),
        (Verdict::NotVerifiable, vec![(BreakKind::MissingObject, 0)])
    );
    let verdict = Source::of_bytes(&[vec![]]).verdict();
    assert_eq!((verdict.log.verdict, kinds(&verdict)), (Verdict::NotVerifiable, vec![(BreakKind::Empty, 0)]));
    assert_eq!(minutes(&verdict), [(0, 1000, BreakKind::Empty)]);
}

#[test]
fn a_file_of_another_version_is_unrecognised_but_a_line_of_it_is_malformed() {
    let lines: Vec<String> = log(3).iter().map(|line| line.replace("log/1", "log/2")).collect();
    let verdict = Source::of(&[&lines]).verdict();
    assert_eq!(verdict.log.verdict, Verdict::NotVerifiable);
    let mut lines = log(3);
    lines[1] = lines[1].replace("log/1", "log/2");
    assert_eq!(kinds(&Source::of(&[&lines]).verdict()), [(BreakKind::Malformed, 2)]);
}

#[test]
fn silence_beyond_the_allowed_is_a_hole_edges_included() {
    let mut writer = Writer { minute: 20, ..Writer::new("gate") };
    let mut lines = writer.many(3);
    writer.minute = 90;
    lines.extend(writer.many(1));
    let source = Source { max_silence: Some(30 * 60_000), ..Source::of(&[&lines]) };
    for cuts in [vec![], vec![3], vec![1, 2, 3]] {
        let verdict = source.stitch(&source.runs(&cuts)).logs.remove(0);
        assert_eq!(minutes(&verdict), [(22, 90, BreakKind::Silence), (90, 1000, BreakKind::Silence)]);
        assert_eq!(verdict.log.verdict, Verdict::Verified);
    }
}

#[test]
fn removing_a_key_head_object_or_record_raises_nothing() {
    let mut writer = Writer::new("gate");
    let (one, two) = (writer.many(4), writer.many(4));
    let full = Source { heads: vec![writer.head()], ..Source::of(&[&one, &two]) };
    let best = full.verdict().log;
    let without_last = Source::of(&[&one, &two[..3]]);
    let less = [
        full.clone().unpinned(),
        Source { heads: vec![], ..full.clone() },
        Source { objects: full.objects[..1].to_vec(), ..full.clone() },
        Source { objects: full.objects[1..].to_vec(), ..full.clone() },
        Source { heads: full.heads.clone(), ..without_last },
    ];
    for source in less {
        let log = source.verdict().log;
        assert!(
            log.verdict <= best.verdict
                && log.integrity <= best.integrity
                && log.completeness <= best.completeness
        );
    }
}

/// One fault, made to the lines of a log.
#[derive(Clone, Debug)]
enum Fault {
    None,
    Flip(usize, u8),
    Remove(usize),
    Double(usize),
    Swap(usize),
    Blank(usize),
    Torn(usize),
    Export(usize, usize),
}

fn faults() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::None),
        (0_usize..6000, 0_u8..8).prop_map(|(at, bit)| Fault::Flip(at, bit)),
        (0_usize..12).prop_map(Fault::Remove),
        (0_usize..12).prop_map(Fault::Double),
        (0_usize..11).prop_map(Fault::Swap),
        (0_usize..12).prop_map(Fault::Blank),
        (1_usize..200).prop_map(Fault::Torn),
        (0_usize..12, 0_usize..12).prop_map(|(a, b)| Fault::Export(a.min(b), a.max(b))),
    ]
}

/// A log of two keys with a rollback in it, in two files, with up to two faults.
fn faulty_source(faults: &[Fault], pinned: bool) -> Source {
    let mut writer = Writer::new("gate");
    let mut lines = writer.many(5);
    (writer.seed, writer.minute) = (2, 3);
    lines.extend(writer.many(7));
    let mut files = vec![bytes_of(&lines[..8]), bytes_of(&lines[8..])];
    for fault in faults {
        let mut first: Vec<Vec<u8>> = files[0].split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        let count = first.len();
        match fault {
            Fault::None => {}
            Fault::Flip(at, bit) => {
                let line = at % count;
                let within = at % first[line].len();
                first[line][within] ^= 1 << bit;
            }
            Fault::Remove(line) => drop(first.remove(line % count)),
            Fault::Double(line) => first.insert(line % count, first[line % count].clone()),
            Fault::Swap(line) => first.swap(line % (count - 1), line % (count - 1) + 1),
            Fault::Blank(line) => first.insert(line % count, b"\n".to_vec()),
            Fault::Torn(cut) => {
                let length = files[1].len();
                files[1].truncate(length - cut % length);
            }
            Fault::Export(from, to) => files.push(bytes_of(&lines[*from..*to])),
        }
        files[0] = first.concat();
    }
    let keyring = Keyring::of([
        TrustedKey { valid_until: Some(moment(4)), ..trusted(1, "gate") },
        TrustedKey { revoked_at: Some(moment(8)), ..trusted(2, "gate") },
    ]);
    let source = Source { keyring, ..Source::of_bytes(&files) };
    if pinned { source } else { source.unpinned() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn cuts_order_and_repetition_change_nothing(
        faults in proptest::collection::vec(faults(), 1..3),
        pinned in any::<bool>(),
        cuts in proptest::collection::btree_set(1_usize..12, 0..6),
        order in any::<u64>(),
    ) {
        let source = faulty_source(&faults, pinned);
        let whole = source.stitch(&source.runs(&[]));
        let mut runs = source.runs(&cuts.into_iter().collect::<Vec<_>>());
        runs.extend(runs.clone().into_iter().take(3));
        let length = runs.len() as u64;
        runs.rotate_left(usize::try_from(order % length).unwrap());
        runs.reverse();
        let again = source.stitch(&runs);
        prop_assert_eq!(whole.logs, again.logs);
    }

    #[test]
    fn every_line_has_one_fate_and_the_counts_add_up(
        faults in proptest::collection::vec(faults(), 1..3),
        pinned in any::<bool>(),
    ) {
        let source = faulty_source(&faults, pinned);
        let runs = source.runs(&[]);
        let verdict = source.stitch(&runs).logs.remove(0);
        let lines: u64 = runs.iter().map(|run| run.lines).sum();
        let dropped: u64 = verdict.ranges.iter().filter(|range| matches!(range.otherwise, Fate::Dropped(_))).map(|range| range.lines).sum();
        prop_assert_eq!(lines, verdict.log.records + verdict.log.rejected + dropped);
        prop_assert_eq!(lines, verdict.ranges.iter().map(|range| range.lines).sum::<u64>());
        let mut next: BTreeMap<&str, u64> = BTreeMap::new();
        for range in &verdict.ranges {
            let expected = next.entry(&range.object).or_insert(1);
            prop_assert_eq!(range.line, *expected);
            *expected += range.lines;
        }
    }
}

#[test]
fn any_bit_flipped_in_a_pinned_log_is_found() {
    let lines = log(4);
    let bytes = bytes_of(&lines);
    let good = Source::of_bytes(std::slice::from_ref(&bytes)).verdict();
    assert_eq!(good.log.verdict, Verdict::Verified);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1 << bit;
            let verdict = Source::of_bytes(&[bytes]).verdict();
            assert_eq!(
                verdict.log.verdict,
                Verdict::Altered,
                "byte {at}, bit {bit}: {:?}",
                verdict.log.breaks
            );
            let allowed = [
                BreakKind::Altered,
                BreakKind::BadSignature,
                BreakKind::Malformed,
                BreakKind::UnsafeNumber,
                BreakKind::Gap,
                BreakKind::DuplicateKey,
            ];
            let altering: Vec<_> = kinds(&verdict)
                .into_iter()
                .filter(|(kind, _)| kind.effect(true) == Effect::Altered)
                .collect();
            assert!(
                altering.iter().all(|(kind, _)| allowed.contains(kind)),
                "byte {at}, bit {bit}: {altering:?}"
            );
            let line = 1 + bytes_before(&lines, at);
            assert!(
                altering.iter().any(|(_, found)| (line..=line + 1).contains(found)),
                "byte {at}, bit {bit}: {altering:?}"
            );
            assert!(!verdict.holes.is_empty(), "byte {at}, bit {bit}");
        }
    }
}

fn bytes_before(lines: &[String], at: usize) -> u64 {
    let mut end = 0;
    lines
        .iter()
        .take_while(|line| {
            end += line.len() + 1;
            end <= at
        })
        .count() as u64
}

#[test]
fn framing_faults_have_their_kind() {
    let lines = log(5);
    let crlf: Vec<u8> = bytes_of(&lines)
        .iter()
        .flat_map(|b| if *b == b'\n' { vec![b'\r', b'\n'] } else { vec![*b] })
        .collect();
    let verdict = Source::of_bytes(&[crlf]).verdict();
    assert_eq!(kinds(&verdict), (1..=5).map(|line| (BreakKind::Malformed, line)).collect::<Vec<_>>());
    let bom = [b"\xef\xbb\xbf".to_vec(), bytes_of(&lines)].concat();
    let verdict = Source::of_bytes(&[bom]).verdict();
    assert_eq!(kinds(&verdict), [(BreakKind::Malformed, 1)]);
    let mut blank = lines;
    blank.insert(2, String::new());
    assert_eq!(kinds(&Source::of(&[&blank]).verdict()), [(BreakKind::Malformed, 3)]);
}

#[test]
fn an_overlong_line_is_oversize_or_altered_by_what_the_next_record_names() {
    let mut lines = log(3);
    lines[1] = format!("{}{}", lines[1], "x".repeat(1 << 20));
    let verdict = Source::of(&[&lines]).verdict();
    assert_eq!(kinds(&verdict), [(BreakKind::Altered, 2)]);
    lines.pop();
    let verdict = Source::of(&[&lines]).verdict();
    assert_eq!(
        (verdict.log.verdict, kinds(&verdict)),
        (Verdict::NotVerifiable, vec![(BreakKind::Oversize, 2)])
    );
}

#[test]
fn beyond_the_limits_the_segment_is_damaged_and_says_so() {
    let lines: Vec<String> = (0..5000).map(|n| format!("not a record {n}")).collect();
    let verdict = Source::of(&[&lines]).verdict();
    assert_eq!((verdict.log.rejected, verdict.log.records), (5000, 0));
    assert!(verdict.log.breaks.iter().any(|found| found.kind == BreakKind::Rejected));
    // The limit of a log holds over its segments and objects too, and a good record in such an object does not count.
    let good = log(1);
    let source = Source::of(&[&good, &[&lines[..2500], &good].concat(), &lines[2500..]]);
    let verdict = source.stitch(&source.runs(&[1000])).logs.remove(0);
    assert_eq!((verdict.log.verdict, verdict.log.rejected, verdict.log.records), (Verdict::Altered, 5000, 1));
}

#[test]
fn many_small_files_make_one_log() {
    let lines = log(2000);
    let files: Vec<&[String]> = lines.chunks(2).collect();
    let verdict = Source::of(&files).verdict();
    assert_eq!(
        (verdict.log.verdict, verdict.log.records, verdict.log.breaks.len()),
        (Verdict::Verified, 2000, 0)
    );
}

#[test]
fn lines_taken_together_come_out_as_one_by_one() {
    let mut writer = Writer::new("gate");
    let mut lines = writer.many(90);
    for seed in [2, 3, 1] {
        writer.seed = seed;
        lines.extend(writer.many(20));
    }
    writer.log = "other".into();
    lines.extend(writer.many(3));
    let flipped = |line: &str, at: usize| {
        let mut bytes = line.as_bytes().to_vec();
        bytes[at] ^= 1;
        String::from_utf8(bytes).unwrap()
    };
    for number in [3, 64, 65, 95, 115] {
        lines[number] = flipped(&lines[number], lines[number].len() - 20);
    }
    // A line that another key signed and that names this one, a broken one, a long one, and one that is none.
    let key = |seed| PublicKey::of_signing_key(&signing(seed)).unwrap().id().to_string();
    lines[70] = lines[70].replace(&key(1), &key(9));
    lines[71] = lines[71].replace("kind", "Kind ");
    lines[72] = format!("{}{}", lines[72], "x".repeat(1 << 20));
    lines[73] = String::new();
    let source = Source {
        keyring: Keyring::of([trusted(1, "gate"), trusted(2, "gate")]),
        logs: vec!["gate".into()],
        ..Source::of(&[&lines])
    };
    let bytes: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
    let mut scanner = source.scanner("a", 0);
    let alone: Vec<String> = bytes.iter().map(|line| format!("{:?}", scanner.line(line))).collect();
    let summary = scanner.finish();
    let rejected = alone.iter().filter(|scanned| scanned.starts_with("Rejected")).count();
    // Nobody can check the one changed signature by a key that is not known.
    assert_eq!((rejected, summary.damaged.len()), (11, 8), "{:#?}", summary.damaged);
    for length in [2, 7, 64, 500] {
        let mut scanner = source.scanner("a", 0);
        let together: Vec<String> = bytes
            .chunks(length)
            .flat_map(|chunk| scanner.lines(chunk))
            .map(|scanned| format!("{scanned:?}"))
            .collect();
        assert_eq!(together, alone);
        assert_eq!(scanner.finish(), summary);
    }
}

#[test]
fn a_scanner_gives_records_with_their_place_and_grade() {
    let lines = log(2);
    let source = Source::of(&[&lines]);
    let mut scanner = source.scanner("0.jsonl", 1000);
    let offset = 1000 + lines[0].len() as u64 + 1;
    scanner.line(lines[0].as_bytes());
    match scanner.line(lines[1].as_bytes()) {
        Scanned::Admitted(admitted) => {
            let record = admitted.record.record();
            assert_eq!((record.line, record.offset, record.text), (2, offset, lines[1].as_str()));
            assert_eq!((admitted.record.seq(), admitted.record.grade()), (Some(1), Grade::PinnedSigned));
        }
        Scanned::Rejected(rejected) => panic!("{rejected:?}"),
    }
    match scanner.line(b"{}") {
        Scanned::Rejected(rejected) => assert_eq!((rejected.kind, rejected.line), (BreakKind::Malformed, 3)),
        Scanned::Admitted(_) => panic!("admitted"),
    }
    assert_eq!(scanner.finish().length, bytes_of(&lines).len() as u64 + 3);
}

#[test]
fn a_summary_survives_serialising_and_stays_small() {
    let source = Source::of(&[&log(50)]);
    let run = source.runs(&[]).remove(0);
    let text = serde_json::to_string(&run).unwrap();
    assert!(text.len() < 1500, "{} bytes", text.len());
    assert_eq!(serde_json::from_str::<RunSummary>(&text).unwrap(), run);
}
