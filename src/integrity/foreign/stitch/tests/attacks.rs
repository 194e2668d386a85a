//! Each way in which a log could come out better than it is, one by one.

use serde_json::{Value, json};

use super::logs::{
    Log, Recorder, agent_receipts, agt_rust, at, finish, forged, key, kinds_of, made, next_link, pipelock,
    plain, second, signet, trusted,
};
use crate::digest::Digest;
use crate::integrity::head::LogHead;
use crate::integrity::verdict::{BreakKind, Completeness, Grade, Verdict};

fn all(_: u64) -> Option<u8> {
    Some(1)
}

#[track_caller]
fn never_verified(log: &Log) {
    let found = log.judge();
    assert_ne!(found.log.verdict, Verdict::Verified);
    assert!(!found.log.reasons.is_empty(), "no reason is given");
}

#[test]
fn intact_logs_are_worth_what_their_formats_allow() {
    use Completeness::{Contiguous, Unknown};
    use Verdict::{NotVerifiable, Verified};
    Log::new("agent-receipts", agent_receipts(1, 6, &[1])).expect(Verified, Grade::PinnedSigned, Contiguous);
    Log::new("agent-receipts", agent_receipts(3, 9, &[1])).expect(Verified, Grade::PinnedSigned, Contiguous);
    Log::new("signet", signet(4)).expect(NotVerifiable, Grade::Consistent, Contiguous);
    Log::new("pipelock", pipelock(2, 10)).expect(NotVerifiable, Grade::Consistent, Contiguous);
    Log::new("agt-rust", agt_rust(&[("a", "b"), ("a", "c")])).expect(
        NotVerifiable,
        Grade::Consistent,
        Contiguous,
    );
    for chain in ["signed-some", "hash-beside", "of-lines"] {
        Log::new(chain, plain(chain, 5, all)).expect(Verified, Grade::PinnedSigned, Contiguous);
    }
    for chain in ["unplaced", "loose"] {
        Log::new(chain, plain(chain, 5, all)).expect(Verified, Grade::PinnedSigned, Unknown);
    }
}

#[test]
fn nothing_at_all_is_never_verified() {
    let found = Log::new("agent-receipts", Vec::new()).expect(
        Verdict::NotVerifiable,
        Grade::None,
        Completeness::Unknown,
    );
    assert_eq!(kinds_of(&found), [BreakKind::Empty]);
    let mut none = Log::new("agent-receipts", Vec::new());
    none.objects.clear();
    let found = none.expect(Verdict::NotVerifiable, Grade::None, Completeness::Unknown);
    assert_eq!(kinds_of(&found), [BreakKind::MissingObject]);
}

#[test]
fn a_signature_over_the_link_does_not_cover_the_record_that_carries_it() {
    let mut log = Log::new("link-only", plain("link-only", 5, all));
    let found = log.expect(Verdict::NotVerifiable, Grade::Consistent, Completeness::Contiguous);
    assert_eq!((found.log.records, found.log.covered), (5, 4));
    let last = forged("link-only", &log.objects[0].1[4], "a", json!("another"));
    log.lines()[4] = last;
    never_verified(&log);
    // One before the last is held by the signature behind it.
    let mut log = Log::new("link-only", plain("link-only", 5, all));
    let changed = forged("link-only", &log.objects[0].1[2], "a", json!("another"));
    log.lines()[2] = changed;
    log.altered(&[BreakKind::Fork]);
}

#[test]
fn an_id_for_a_link_carries_no_cover() {
    let mut log = Log::new("by-id", plain("by-id", 5, |n| (n == 4).then_some(1)));
    let found = log.expect(Verdict::NotVerifiable, Grade::Parsed, Completeness::Contiguous);
    assert_eq!(found.log.covered, 1);
    log.heads = vec![log.head(0, 4, 4)];
    assert_eq!(log.judge().log.covered, 1);
    let changed = forged("by-id", &log.objects[0].1[1], "a", json!("another"));
    log.lines()[1] = changed;
    never_verified(&log);
}

#[test]
fn a_hash_without_the_link_carries_no_cover() {
    let sign = |n| (n == 4).then_some(1);
    let mut log = Log::new("prev-outside", plain("prev-outside", 5, sign));
    log.expect(Verdict::NotVerifiable, Grade::Parsed, Completeness::Contiguous);
    // The first record is another one; the second names it, and its hash does not show that.
    let first = forged("prev-outside", &log.objects[0].1[0], "a", json!("another"));
    let mut second: Value = serde_json::from_str(&log.objects[0].1[1]).unwrap();
    second["p"] = json!(next_link("prev-outside", &first));
    *log.lines() = [vec![first, second.to_string()], log.objects[0].1[2..].to_vec()].concat();
    never_verified(&log);
    log.heads = vec![log.head(0, 4, 4)];
    never_verified(&log);
}

#[test]
fn a_hash_beside_a_signature_does_not_cover_what_the_signature_leaves_out() {
    let format = made("hash-beside");
    assert!(format.protects("/a") && format.protects("/p"));
    assert!(!format.protects("/c"));
    assert!(made("of-lines").protects("/c"));
    assert!(made("signed-some").protects("/c"));
    let mut log = Log::new("hash-beside", plain("hash-beside", 3, all));
    let last = forged("hash-beside", &log.objects[0].1[2], "c", json!("another"));
    log.lines()[2] = last;
    assert!(log.judge().log.uncovered_fields.contains(&"/c".to_owned()));
    log.mapped.insert("/c".to_owned(), ["execution.command".to_owned()].into());
    never_verified(&log);
    assert!(log.judge().log.uncovered_fields.contains(&"execution.command".to_owned()));
}

#[test]
fn text_that_can_move_between_fields_is_not_covered() {
    let mut log = Log::new("agt-rust", agt_rust(&[("agent", "read"), ("agent", "write")]));
    log.mapped.insert("/agent_id".to_owned(), ["request.requester_id".to_owned()].into());
    log.heads = vec![log.head(0, 1, 1)];
    log.expect(Verdict::Verified, Grade::HeadAnchored, Completeness::PinnedHead);

    let mut log =
        Log { objects: Log::new("agt-rust", agt_rust(&[("a|b", "c"), ("agent", "write")])).objects, ..log };
    log.heads = vec![log.head(0, 1, 1)];
    never_verified(&log);
    // The same bytes are hashed, and the head does not show it.
    let moved = log.objects[0].1[0].replace("a|b", "a").replace("\"c\"", "\"b|c\"");
    assert_ne!(moved, log.objects[0].1[0]);
    log.lines()[0] = moved;
    assert_eq!(kinds_of(&log.judge()), []);
    never_verified(&log);
}

#[test]
fn what_another_layer_covers_in_other_records_is_not_covered_in_this_one() {
    let record =
        |k: u64, c: &str| finish("split", json!({ "k": k, "a": format!("a{k}"), "c": c, "p": "" }), Some(1));
    let mut log = Log::new("split", vec![record(1, "x")]);
    log.mapped.insert("/c".to_owned(), ["execution.command".to_owned()].into());
    assert!(log.format().protects("/c"));
    log.expect(Verdict::Verified, Grade::PinnedSigned, Completeness::Unknown);
    log.lines().push(record(2, "y"));
    never_verified(&log);
}

#[test]
fn columns_that_nothing_covers_keep_a_log_from_being_verified() {
    let mut log = Log::new("agent-receipts", agent_receipts(1, 3, &[1]));
    log.columns = vec!["execution.command".to_owned()];
    let found = log.expect(Verdict::NotVerifiable, Grade::PinnedSigned, Completeness::Contiguous);
    assert!(found.log.uncovered_fields.contains(&"execution.command".to_owned()));
    assert!(found.log.reasons[0].contains("execution.command"), "{:?}", found.log.reasons);
}

#[test]
fn lines_that_no_layer_selects_are_not_covered() {
    let mut log = Log::new("pipelock", pipelock(1, 4));
    log.heads = vec![log.head(0, 4, 4)];
    log.expect(Verdict::Verified, Grade::HeadAnchored, Completeness::Contiguous);
    for line in ["", r#"{"type":"decision"}"#] {
        let mut log = log.clone();
        log.lines().insert(1, line.to_owned());
        let found = log.expect(Verdict::NotVerifiable, Grade::Parsed, Completeness::Unknown);
        assert_eq!(found.log.covered, 5);
    }
}

#[test]
fn a_signed_value_shown_again_without_its_wrapping_is_a_copy() {
    let mut log = Log::new("pipelock", pipelock(1, 4));
    let entry: Value = serde_json::from_str(&log.objects[0].1[1]).unwrap();
    let raw = &log.objects[0].1[1];
    let from = raw.find("\"detail\":").unwrap() + 9;
    let detail = raw[from..raw.find(",\"prev_hash\"").unwrap()].to_owned();
    assert_eq!(serde_json::from_str::<Value>(&detail).unwrap(), entry["detail"]);
    log.lines().push(detail);
    log.heads = vec![log.head(0, 4, 4)];
    log.altered(&[BreakKind::Duplicate]);
}

#[test]
fn copies_of_records_that_nothing_links_are_found_by_their_bytes() {
    let mut log = Log::new("loose", plain("loose", 5, all));
    let copy = log.objects[0].1[1].clone();
    log.lines().push(copy);
    let found = log.judge();
    assert_eq!((found.log.verdict, kinds_of(&found)), (Verdict::Altered, vec![BreakKind::Duplicate]));
    // Where not all were compared, nothing shows that there is none.
    let mut log = Log::new("loose", plain("loose", 5, all));
    log.max_ids = 2;
    never_verified(&log);
}

#[test]
fn a_head_speaks_for_one_chain_and_not_for_others_that_may_be_gone() {
    let mut log = Log::new("agent-receipts", agent_receipts(1, 6, &[1]));
    log.heads = vec![log.head(0, 5, 6)];
    log.expect(Verdict::Verified, Grade::PinnedAnchored, Completeness::Contiguous);
    let mut log = Log::new("of-lines", plain("of-lines", 6, all));
    log.heads = vec![log.head(0, 5, 5)];
    log.expect(Verdict::Verified, Grade::PinnedAnchored, Completeness::PinnedHead);
}

#[test]
fn heads_that_the_log_does_not_have_alter_it() {
    for (chain, lines, first) in
        [("agent-receipts", agent_receipts(1, 6, &[1]), 1), ("of-lines", plain("of-lines", 6, all), 0)]
    {
        let log = Log::new(chain, lines);
        let mut cut = log.clone();
        cut.heads = vec![log.head(0, 5, first + 5)];
        cut.lines().pop();
        let found = cut.altered(&[BreakKind::TruncatedTail]);
        assert!(found.log.completeness <= Completeness::Contiguous);
        // The number is another one than the record's.
        let mut other = log.clone();
        other.heads = vec![log.head(0, 4, first + 5)];
        other.altered(&[BreakKind::Fork]);
        // One in the middle holds what lies before it only.
        let mut early = log.clone();
        early.keys.clear();
        early.heads = vec![log.head(0, 3, first + 3)];
        let found = early.judge();
        assert_eq!((found.log.verdict, found.log.covered), (Verdict::NotVerifiable, 4));
        assert!(found.log.completeness <= Completeness::Contiguous);
    }
}

#[test]
fn a_log_goes_on_from_the_head_of_what_came_before_or_is_altered() {
    let whole = plain("of-lines", 6, all);
    let head = |seq: usize| LogHead {
        log: "log".to_owned(),
        seq: seq as u64,
        digest: Digest::of(whole[seq].as_bytes()),
    };
    let rest = |after: Vec<LogHead>| Log { after, ..Log::new("of-lines", whole[3..].to_vec()) };
    let found = rest(vec![head(2)]).expect(Verdict::Verified, Grade::PinnedSigned, Completeness::Contiguous);
    assert_eq!((found.log.breaks.len(), found.holes.len()), (0, 0));
    // Without it, what came before is not shown.
    let found = rest(Vec::new()).expect(Verdict::Verified, Grade::PinnedSigned, Completeness::Contiguous);
    assert_eq!(found.log.breaks[0].kind, BreakKind::LateStart);
    assert_eq!(found.holes.len(), 1);
    rest(vec![head(1)]).altered(&[BreakKind::TruncatedHead]);
    rest(vec![LogHead { digest: head(1).digest, ..head(2) }]).altered(&[BreakKind::TruncatedHead]);
    // One that begins anew does not go on from anything.
    let gone = LogHead { seq: 99, ..head(2) };
    let gone = LogHead { digest: Digest::of(b"gone"), ..gone };
    let log = Log { after: vec![gone], ..Log::new("of-lines", whole.clone()) };
    log.altered(&[BreakKind::TruncatedHead]);

    let receipts = agent_receipts(1, 6, &[1]);
    let head = |seq: usize| LogHead {
        log: "log".to_owned(),
        seq: seq as u64,
        digest: Digest::of(receipts[seq - 1].as_bytes()),
    };
    let rest = |after: Vec<LogHead>| Log { after, ..Log::new("agent-receipts", receipts[3..].to_vec()) };
    let found = rest(vec![head(3)]).expect(Verdict::Verified, Grade::PinnedSigned, Completeness::Contiguous);
    assert_eq!(found.holes.len(), 1, "the number alone does not show which record came before");
    rest(vec![head(2)]).altered(&[BreakKind::TruncatedHead]);
}

#[test]
fn numbers_that_no_signature_covers_show_no_hole() {
    let mut log = Log::new("unplaced", plain("unplaced", 5, all));
    // One is taken out, and the others are linked and numbered anew beside their signatures.
    let mut lines: Vec<String> = Vec::new();
    for (n, line) in log.objects[0].1.iter().enumerate().filter(|(n, _)| *n != 2) {
        let number = n - usize::from(n > 2);
        let renumbered = forged("unplaced", line, "n", json!(number));
        let prev = lines.last().map_or(String::new(), |line| next_link("unplaced", line));
        lines.push(forged("unplaced", &renumbered, "p", json!(prev)));
    }
    *log.lines() = lines;
    let found = log.judge();
    assert_eq!(kinds_of(&found), []);
    assert_eq!(found.log.completeness, Completeness::Unknown);
}

/// Edits of the lines of one chain, and what each must be called.
#[test]
fn every_edit_has_its_name() {
    use BreakKind::{Duplicate, Fork, Gap, Reordered};
    for (chain, lines) in [
        ("agent-receipts", agent_receipts(1, 7, &[1])),
        ("signet", signet(7)),
        ("signed-some", plain("signed-some", 7, |n| (n == 6).then_some(1))),
        ("of-lines", plain("of-lines", 7, all)),
        (
            "agt-rust",
            agt_rust(&[("a", "1"), ("a", "2"), ("a", "3"), ("a", "4"), ("a", "5"), ("a", "6"), ("a", "7")]),
        ),
    ] {
        let edited = |edit: &dyn Fn(&mut Vec<String>)| {
            let mut log = Log::new(chain, lines.clone());
            edit(log.lines());
            log
        };
        edited(&|lines| drop(lines.remove(3))).altered(&[Gap]);
        edited(&|lines| drop(lines.drain(2..5))).altered(&[Gap]);
        edited(&|lines| lines.swap(2, 3)).altered(&[Reordered]);
        edited(&|lines| lines.insert(4, lines[3].clone())).altered(&[Duplicate]);
        edited(&|lines| lines.push(lines[3].clone())).altered(&[Duplicate]);
        edited(&|lines| lines.rotate_left(3)).altered(&[Reordered]);
        // Cut at either end, nothing shows it, and completeness says so.
        for cut in [edited(&|lines| drop(lines.pop())), edited(&|lines| drop(lines.remove(0)))] {
            let found = cut.judge();
            assert_eq!(kinds_of(&found), [], "{chain}");
            assert!(found.log.completeness <= Completeness::Contiguous);
        }
        // The same records in another object are exported twice, other ones are a fork.
        let mut twice = Log::new(chain, lines.clone());
        twice.objects.push(("b.jsonl".to_owned(), lines[2..5].to_vec()));
        let found = twice.judge();
        assert_eq!(kinds_of(&found), [BreakKind::ReExport], "{chain}");
        assert_eq!(found.log.records, 7, "{chain}");
        let mut on = Log::new(chain, lines[..5].to_vec());
        on.objects.push(("b.jsonl".to_owned(), lines[2..].to_vec()));
        let found = on.judge();
        assert_eq!((kinds_of(&found), found.log.records), (vec![BreakKind::ReExport], 7), "{chain}");
        let whole = Log::new(chain, lines.clone()).judge().log;
        assert_eq!((found.log.verdict, found.log.integrity), (whole.verdict, whole.integrity), "{chain}");
    }
    let forked = |chain: &str, lines: &[String]| -> String {
        forged(chain, lines.last().unwrap(), "a", json!("another"))
    };
    let lines = plain("signed-some", 7, |_| None);
    let mut log = Log::new("signed-some", lines.clone());
    log.objects.push(("b.jsonl".to_owned(), vec![forked("signed-some", &lines)]));
    log.altered(&[Fork]);
}

#[test]
fn rotated_files_are_one_log_whatever_their_names() {
    for (chain, lines) in
        [("agent-receipts", agent_receipts(2, 9, &[1])), ("of-lines", plain("of-lines", 9, all))]
    {
        for names in [["a", "b", "c"], ["c", "a", "b"]] {
            let mut log = Log::new(chain, Vec::new());
            let parts = [&lines[..3], &lines[3..5], &lines[5..]];
            log.objects =
                names.iter().zip(parts).map(|(name, part)| ((*name).to_owned(), part.to_vec())).collect();
            log.objects.sort();
            log.expect(Verdict::Verified, Grade::PinnedSigned, Completeness::Contiguous);
            let middle = log.objects.iter().position(|(_, part)| part.len() == 2).unwrap();
            log.objects.remove(middle);
            log.altered(&[BreakKind::Gap]);
        }
    }
}

#[test]
fn one_changed_byte_is_found_wherever_it_lies() {
    for (chain, lines) in [
        ("agent-receipts", agent_receipts(2, 4, &[1])),
        ("signet", signet(3)),
        ("pipelock", pipelock(1, 4)),
        ("of-lines", plain("of-lines", 3, all)),
    ] {
        let intact = Log::new(chain, lines.clone()).judge().log;
        for index in 0..lines.len() {
            for place in (0..lines[index].len()).step_by(11) {
                let byte = lines[index].as_bytes()[place];
                let other = if byte == b'7' { '8' } else { '7' };
                let mut line = lines[index].clone();
                line.replace_range(place..=place, &other.to_string());
                let mut log = Log::new(chain, lines.clone());
                log.lines()[index] = line.clone();
                let found = log.judge().log;
                let worse = found.verdict < intact.verdict
                    || !found.breaks.is_empty()
                    || found.covered < intact.covered;
                let open = found.uncovered_fields.iter().any(|field| open_at(&line, field, place));
                assert!(worse || open, "{chain} {index} {place} {line}");
                assert!(found.verdict <= intact.verdict);
            }
        }
    }
}

/// Tells whether `place` of a line lies in the member that an uncovered pointer names.
fn open_at(line: &str, field: &str, place: usize) -> bool {
    let name = field.rsplit('/').next().unwrap();
    let Some(from) = line.find(&format!("\"{name}\":")) else { return true };
    (from..from + name.len() + 60).contains(&place)
}

#[test]
fn a_shared_key_is_worth_a_code_and_no_more() {
    let mut log = Log::new("mac", plain("mac", 4, all));
    log.keys.clear();
    let found = log.expect(Verdict::NotVerifiable, Grade::Consistent, Completeness::Contiguous);
    assert_eq!(kinds_of(&found), [BreakKind::UnknownKey]);
    log.mac = vec![vec![1; 32]];
    log.expect(Verdict::NotVerifiable, Grade::Mac, Completeness::Contiguous);
    log.heads = vec![log.head(0, 3, 3)];
    log.expect(Verdict::Verified, Grade::HeadAnchored, Completeness::PinnedHead);
    log.heads.clear();
    log.mac = vec![vec![2; 32]];
    log.altered(&[BreakKind::BadSignature]);
}

#[test]
fn one_record_without_its_signature_is_not_covered() {
    let mut log = Log::new("agent-receipts", agent_receipts(1, 5, &[1]));
    let mut bare: Value = serde_json::from_str(&log.objects[0].1[2]).unwrap();
    bare["proof"].as_object_mut().unwrap().remove("proofValue");
    log.lines()[2] = bare.to_string();
    log.altered(&[BreakKind::MissingSignature]);
    // Where some are signed, one behind it covers it, and none before does.
    let some = |signed: &'static [u64]| {
        Log::new("signed-some", plain("signed-some", 5, |n| signed.contains(&n).then_some(1)))
    };
    some(&[0, 4]).expect(Verdict::Verified, Grade::PinnedSigned, Completeness::Contiguous);
    let found = some(&[0, 3]).expect(Verdict::NotVerifiable, Grade::Consistent, Completeness::Contiguous);
    assert_eq!(found.log.covered, 4);
    some(&[]).expect(Verdict::NotVerifiable, Grade::Consistent, Completeness::Contiguous);
}

#[test]
fn one_record_of_another_key_is_not_covered() {
    // Under a name of its own, nobody knows the key.
    let log = Log::new("agent-receipts", agent_receipts(1, 6, &[1, 1, 2]));
    let found = log.judge();
    assert_eq!((found.log.verdict, kinds_of(&found)), (Verdict::NotVerifiable, vec![BreakKind::UnknownKey]));
    assert_eq!(found.log.covered, 4);
    // Under the name of the pinned key, it is a forgery.
    let mut forged = log.clone();
    *forged.lines() = forged.objects[0].1.iter().map(|line| line.replace("did:x:2", "did:x:1")).collect();
    forged.altered(&[BreakKind::BadSignature]);
    // Both are pinned: both count.
    let mut both = log;
    both.keys.push(trusted(&key(2)));
    both.expect(Verdict::Verified, Grade::PinnedSigned, Completeness::Contiguous);
    // A later signature of the pinned key covers the content, and the key is still nobody's.
    let log = Log::new("signed-some", plain("signed-some", 4, |n| Some(if n == 1 { 2 } else { 1 })));
    log.altered(&[BreakKind::BadSignature]);
}

#[test]
fn keys_count_inside_their_windows_only() {
    let lines = plain("of-lines", 6, all);
    let log = |edit: &dyn Fn(&mut crate::integrity::keyring::TrustedKey)| {
        let mut log = Log::new("of-lines", lines.clone());
        edit(&mut log.keys[0]);
        log.judge().log
    };
    let covered = |found: &crate::report::model::Log, kind: BreakKind| {
        assert_eq!(found.verdict, Verdict::NotVerifiable);
        assert!(found.breaks.iter().any(|found| found.kind == kind), "{:?}", found.breaks);
        found.covered
    };
    // Half-open: the first moment counts, the last does not.
    let found = log(&|key| key.valid_until = Some(at(&second(3))));
    assert_eq!(covered(&found, BreakKind::ExpiredKey), 3);
    let found = log(&|key| key.valid_from = Some(at(&second(3))));
    assert_eq!(covered(&found, BreakKind::ExpiredKey), 3);
    let found = log(&|key| key.revoked_at = Some(at(&second(4))));
    assert_eq!(covered(&found, BreakKind::RevokedKey), 4);
    assert_eq!(found.integrity, Grade::Consistent);
    let found = log(&|key| key.compromised_at = Some(at(&second(5))));
    assert_eq!(covered(&found, BreakKind::RevokedKey), 0);
    let found = log(&|key| {
        key.valid_from = Some(at(&second(0)));
        key.valid_until = Some(at(&second(6)));
    });
    assert_eq!((found.verdict, found.covered), (Verdict::Verified, 6));
    let found = log(&|key| key.logs = vec!["another".to_owned()]);
    assert_eq!((found.verdict, found.covered), (Verdict::NotVerifiable, 0));
}

#[test]
fn a_late_record_cannot_date_itself_back_into_the_window_of_its_key() {
    let mut lines: Vec<String> = Vec::new();
    for (n, time) in [0, 1, 9, 2, 3].into_iter().enumerate() {
        let prev = lines.last().map_or(String::new(), |line| next_link("of-lines", line));
        let record = json!({ "n": n, "i": "i", "t": second(time), "a": "a", "c": "c", "p": prev });
        lines.push(finish("of-lines", record, Some(1)));
    }
    for cuts in [&[][..], &[3], &[2, 4], &[1, 2, 3, 4]] {
        let mut log = Log::new("of-lines", lines.clone());
        log.keys[0].valid_until = Some(at(&second(5)));
        let found = log.judge_cut(cuts).verdict.log;
        assert_eq!((found.verdict, found.covered), (Verdict::NotVerifiable, 2), "{cuts:?}");
    }
}

#[test]
fn a_record_that_says_it_is_the_last_is_the_last() {
    let mut lines = plain("of-lines", 4, all);
    let close = json!({ "n": 4, "i": "i", "t": second(4), "a": "close", "c": "c", "p": next_link("of-lines", &lines[3]) });
    lines.push(finish("of-lines", close, Some(1)));
    let closed = Log::new("of-lines", lines.clone());
    closed.expect(Verdict::Verified, Grade::PinnedSigned, Completeness::Terminated);
    Log::new("of-lines", lines[..4].to_vec()).expect(
        Verdict::Verified,
        Grade::PinnedSigned,
        Completeness::Contiguous,
    );
    let more = json!({ "n": 5, "i": "i", "t": second(5), "a": "more", "c": "c", "p": next_link("of-lines", &lines[4]) });
    lines.push(finish("of-lines", more, Some(1)));
    let found = Log::new("of-lines", lines).altered(&[BreakKind::TruncatedTail]);
    assert!(found.log.completeness <= Completeness::Contiguous);
}

#[test]
fn a_torn_tail_is_named_and_is_no_end() {
    let mut log = Log::new("of-lines", plain("of-lines", 4, all));
    log.heads = vec![log.head(0, 3, 3)];
    log.torn = true;
    let found = log.expect(Verdict::NotVerifiable, Grade::PinnedAnchored, Completeness::Contiguous);
    assert_eq!(kinds_of(&found), [BreakKind::TornTail]);
    assert_eq!(found.holes.len(), 1);
}

#[test]
fn an_outer_layer_that_holds_covers_the_inner_one_and_no_more() {
    // The checkpoint covers the entries before it, and not itself.
    let mut recorder = Recorder::default();
    for _ in 0..3 {
        recorder.receipt("s", 1);
    }
    recorder.checkpoint("s", 1);
    let found = Log::new("pipelock", recorder.lines.clone()).judge().log;
    assert_eq!((found.verdict, found.covered, found.records), (Verdict::NotVerifiable, 3, 4));
    // Receipts of a key that nobody pinned are covered where the recorder is, by a head.
    let mut other = Recorder::default();
    (0..3).for_each(|_| other.receipt("s", 2));
    let mut log = Log::new("pipelock", other.lines);
    let found = log.judge().log;
    assert_eq!((found.verdict, found.covered), (Verdict::NotVerifiable, 0));
    assert!(found.breaks.iter().any(|found| found.kind == BreakKind::UnknownKey));
    log.heads = vec![log.head(0, 2, 2)];
    log.expect(Verdict::Verified, Grade::HeadAnchored, Completeness::Contiguous);
    // A head of one session says nothing of another.
    let mut two = Log::new("pipelock", pipelock(2, 6));
    two.heads = vec![two.head(0, 7, 3)];
    let found = two.judge().log;
    assert_eq!((found.verdict, found.covered), (Verdict::NotVerifiable, 7));
}

#[test]
fn a_receipt_that_was_made_twice_is_a_fork() {
    let mut recorder = Recorder::default();
    recorder.receipt("s", 1);
    recorder.receipt("s", 1);
    let detail = |line: &str| {
        let from = line.find("\"detail\":").unwrap() + 9;
        line[from..line.find(",\"prev_hash\"").unwrap()].to_owned()
    };
    let again = detail(&recorder.lines[0]);
    recorder.entry("s", "action_receipt", &again);
    let found = Log::new("pipelock", recorder.lines).judge();
    assert_eq!(found.log.verdict, Verdict::Altered);
    assert!(kinds_of(&found).contains(&BreakKind::Fork), "{:?}", found.log.breaks);
}
