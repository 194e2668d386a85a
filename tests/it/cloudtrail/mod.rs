//! AWS CloudTrail: what each change to a folder of log files and digest files ends in.
#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

mod folder;
mod matrix;
mod process;

use std::sync::LazyLock;

use countersign::integrity::cloudtrail::Expected;
use countersign::integrity::keyring::TrustedKey;
use countersign::integrity::stitch::{Fate, LogVerdict};
use countersign::integrity::verdict::{BreakKind, Completeness, Grade, Verdict};
use countersign::report::model::Hole;
use serde_json::Value;

use self::folder::{Folder, Key, LOG, kinds, sidecar};
pub(crate) use self::matrix::matrix;

static AWS: LazyLock<Key> = LazyLock::new(|| Key::load("aws"));
static FRESH: LazyLock<Key> = LazyLock::new(|| Key::load("fresh"));

static QUARTER: LazyLock<Folder> = LazyLock::new(|| Folder::quarter(&AWS));

fn quarter() -> Folder {
    QUARTER.clone()
}

fn judge(folder: &Folder) -> LogVerdict {
    folder.judge(&[AWS.trusted()])
}

/// Asserts the verdict and one kind among the breaks.
#[track_caller]
fn finds(folder: &Folder, verdict: Verdict, kind: BreakKind) -> LogVerdict {
    let found = judge(folder);
    assert_eq!(found.log.verdict, verdict, "{:#?}", found.log);
    assert!(kinds(&found).contains(&kind), "{kind}: {:#?}", found.log.breaks);
    found
}

#[track_caller]
fn verified(folder: &Folder) -> LogVerdict {
    let found = judge(folder);
    assert_eq!(found.log.verdict, Verdict::Verified, "{:#?}", found.log);
    found
}

fn spans(holes: &[Hole]) -> Vec<String> {
    holes
        .iter()
        .map(|hole| {
            format!("{} {} {}", hole.kind, &hole.span.from.minute()[11..], &hole.span.to.minute()[11..])
        })
        .collect()
}

#[test]
fn intact_folder_is_verified_and_never_more_than_contiguous() {
    let found = verified(&quarter());
    let log = &found.log;
    assert_eq!((log.records, log.covered, log.signed, log.pinned, log.rejected), (9, 9, 9, 9, 0));
    assert_eq!((log.integrity, log.completeness), (Grade::PinnedSigned, Completeness::Contiguous));
    assert_eq!(log.keys, [AWS.public.id().to_string()]);
    assert!(log.breaks.is_empty() && log.reasons.is_empty(), "{log:#?}");
    // No digest speaks of what came before the first and after the last.
    assert_eq!(spans(&found.holes), ["late-start 00:00 09:01", "silence 13:01 00:00"]);
}

#[test]
fn fingerprint_is_the_name_that_aws_gives_a_key() {
    // The example of `aws cloudtrail list-public-keys` in AWS's own documentation.
    let value = "MIIBCgKCAQEAlSS3cl92HDycr/MTj0moOhas8habjrraXw+KzlWF0axSI2tcF+3iJ9BKQAVSKxGwxwu3m0wG3J+kUl1xboEcEPHYoIYMbgfS\
                 w7KGnuDKwkLzsQWhUJ0cIbOHASox1vv/5fNXkrHhGbDCHeVXm804c83nvHUEFYThr1PfyP/8HwrCtR3FX5OANtQCP61C1nJtSSkC8JSQUOrI\
                 P4CuwJjc+4WGDk+BGH5m9iuiAKkipEHWmUl8/P7XpfpWQuk4h8g3pXZOrNXr08lbh4d39svj7UqdhvOXoBISp9t/EXYuePGEtBdrKD9Dz+VH\
                 wyUPtBQvYr9BnkF88qBnaPNhS44rzwIDAQAB";
    let key = countersign::integrity::cloudtrail::key::ListedKey {
        fingerprint: String::new(),
        value: value.into(),
    };
    let public = key.public().unwrap();
    assert_eq!(
        countersign::integrity::cloudtrail::key::fingerprint(&public),
        "7f3f401420072e50a65a141430817ab3"
    );
}

#[test]
fn without_a_pinned_key_nothing_is_verified() {
    let found = quarter().judge(&[]);
    assert_eq!((found.log.verdict, found.log.integrity), (Verdict::NotVerifiable, Grade::SelfSigned));
    assert_eq!((found.log.covered, found.log.signed), (0, 9));
    assert_eq!(kinds(&found), [BreakKind::UnknownKey]);

    let mut unlisted = quarter();
    unlisted.objects.remove("public-keys.json");
    let found = unlisted.judge(&[]);
    assert_eq!((found.log.integrity, found.log.signed), (Grade::Consistent, 0));
    // With the key pinned, the list is not needed.
    verified(&unlisted);
}

#[test]
fn a_key_that_does_not_count_for_this_log_verifies_nothing() {
    let at = |text: &str| Some(text.parse().unwrap());
    let key = AWS.trusted();
    for (key, kind, grade) in [
        (
            TrustedKey { logs: vec!["other".into()], ..key.clone() },
            BreakKind::WrongPurposeKey,
            Grade::SelfSigned,
        ),
        (
            TrustedKey { revoked_at: at("2026-08-04T12:00:00Z"), ..key.clone() },
            BreakKind::RevokedKey,
            Grade::Consistent,
        ),
        (
            TrustedKey { compromised_at: at("2027-01-01"), ..key.clone() },
            BreakKind::RevokedKey,
            Grade::Consistent,
        ),
        (
            TrustedKey { valid_from: at("2026-08-04T12:30:00Z"), ..key.clone() },
            BreakKind::ExpiredKey,
            Grade::SelfSigned,
        ),
        (
            TrustedKey { valid_until: at("2026-08-04T10:00:00Z"), ..key },
            BreakKind::ExpiredKey,
            Grade::SelfSigned,
        ),
    ] {
        let found = quarter().judge(&[key]);
        assert_eq!((found.log.verdict, found.log.integrity), (Verdict::NotVerifiable, grade), "{kind}");
        assert_eq!(kinds(&found), [kind]);
    }
}

#[test]
fn a_signature_of_aws_for_somebody_else_is_not_enough() {
    let unnamed = quarter().judge_as(&[AWS.trusted()], &Expected::default());
    assert_eq!((unnamed.log.verdict, unnamed.log.integrity), (Verdict::NotVerifiable, Grade::SelfSigned));
    assert!(unnamed.log.reasons[0].contains("name the accounts"), "{:?}", unnamed.log.reasons);

    for (name, value) in [("accounts", "999988887777"), ("trails", "other"), ("buckets", "elsewhere")] {
        let account = if name == "accounts" { value } else { folder::ACCOUNT };
        let expected = Expected::of("aws", |key| match key {
            _ if key == name => Some(value),
            "accounts" => Some(account),
            _ => None,
        });
        let found = quarter().judge_as(&[AWS.trusted()], &expected);
        assert_eq!((found.log.verdict, found.log.rejected), (Verdict::Altered, 9), "{name}");
        assert_eq!(kinds(&found), [BreakKind::Spliced], "{name}");
    }
    let right = Expected::of("aws", |key| match key {
        "accounts" => Some("999988887777, 111122223333"),
        "trails" => Some("main"),
        _ => Some("acme-trail"),
    });
    assert_eq!(quarter().judge_as(&[AWS.trusted()], &right).log.verdict, Verdict::Verified);
}

/// Every leaf of every digest, changed, removed, and doubled; never verified, and never without a break.
#[test]
fn no_leaf_of_a_digest_can_be_changed() {
    let whole = quarter();
    let mut changed = 0;
    for digest in 0..whole.digests.len() {
        let document = whole.document(digest);
        for pointer in leaves(&document, "") {
            for change in [Change::Alter, Change::Remove, Change::Double] {
                let mut folder = whole.clone();
                let text = mutated(&document, &pointer, change);
                if text == folder.objects[&folder.digests[digest]] {
                    continue;
                }
                folder.objects.insert(folder.digests[digest].clone(), text);
                let found = judge(&folder);
                // A last digest that names an unknown key is one that nobody can check, which is not verified either.
                let last = digest == 3 && pointer == "/digestPublicKeyFingerprint" && change == Change::Alter;
                let (verdict, kind) = match last {
                    true => (Verdict::NotVerifiable, BreakKind::UnknownKey),
                    false => (Verdict::Altered, found.log.breaks[0].kind),
                };
                assert_eq!(
                    found.log.verdict, verdict,
                    "digest {digest} {pointer} {change:?}: {:#?}",
                    found.log
                );
                assert_eq!(found.log.breaks[0].kind, kind, "digest {digest} {pointer} {change:?}");
                // What the changed digest lists is no longer covered; the second lists nothing.
                let covered = if digest == 1 { 9 } else { 8 };
                assert!(found.log.covered <= covered, "digest {digest} {pointer}");
                changed += 1;
            }
        }
    }
    // Fifteen members and six of each of six files, less what is null and cannot be doubled.
    assert!(changed > 200, "{changed}");
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Change {
    Alter,
    Remove,
    Double,
}

fn leaves(value: &Value, at: &str) -> Vec<String> {
    match value {
        Value::Object(members) => {
            members.iter().flat_map(|(name, value)| leaves(value, &format!("{at}/{name}"))).collect()
        }
        Value::Array(items) if !items.is_empty() => items
            .iter()
            .enumerate()
            .flat_map(|(index, value)| leaves(value, &format!("{at}/{index}")))
            .collect(),
        _ => vec![at.to_owned()],
    }
}

fn mutated(document: &Value, pointer: &str, change: Change) -> String {
    let mut document = document.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    if let Change::Alter = change {
        let leaf = document.pointer_mut(pointer).unwrap();
        *leaf = match leaf {
            Value::String(text) => {
                let last = text.pop().unwrap();
                Value::String(format!("{text}{}", if last == '1' { '2' } else { '1' }))
            }
            Value::Array(_) => Value::Array(vec![Value::Null]),
            _ => Value::String("x".into()),
        };
        return document.to_string();
    }
    let members = document.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    let value = members.remove(name).unwrap();
    if let Change::Remove = change {
        return document.to_string();
    }
    // The same member twice, the second with another value: readers differ on which counts.
    members.insert(name.to_owned(), Value::String("@@".into()));
    let twice = format!("{value},\"{name}\":\"x\"");
    document.to_string().replace("\"@@\"", &twice)
}

#[test]
fn no_record_of_a_log_file_can_be_changed() {
    let whole = quarter();
    for name in &whole.logs {
        for (from, to) in
            [("user/dana", "user/lee"), ("\"readOnly\":false", "\"readOnly\":true"), ("}}", "}} ")]
        {
            let mut folder = whole.clone();
            let text = folder.objects[name].replacen(from, to, 1);
            if text == folder.objects[name] {
                continue;
            }
            folder.objects.insert(name.clone(), text);
            let found = finds(&folder, Verdict::Altered, BreakKind::DigestMismatch);
            assert_eq!(found.log.integrity, Grade::None);
            let fate = found.fate_at(name, 1, countersign::integrity::cloudtrail::NO_KEY);
            assert_eq!(fate, Some(Fate::Damaged(BreakKind::DigestMismatch)));
        }
    }
}

#[test]
fn swapped_log_files_are_found() {
    let mut folder = quarter();
    let (first, second) = (folder.logs[0].clone(), folder.logs[1].clone());
    let text = folder.objects[&first].clone();
    let other = folder.objects.insert(second, text).unwrap();
    folder.objects.insert(first, other);
    let found = finds(&folder, Verdict::Altered, BreakKind::DigestMismatch);
    assert_eq!((found.log.covered, found.log.rejected), (6, 3));
}

#[test]
fn a_missing_log_file_is_named_and_its_time_is_a_hole() {
    let mut folder = quarter();
    let name = folder.logs[2].clone();
    folder.objects.remove(&name);
    let found = finds(&folder, Verdict::NotVerifiable, BreakKind::MissingObject);
    assert!(found.log.breaks.iter().any(|found| found.detail.contains(&name)));
    assert!(spans(&found.holes).contains(&"missing-object 11:02 11:02".to_owned()), "{:?}", found.holes);
    assert_eq!(found.log.completeness, Completeness::Unknown);
}

#[test]
fn dropped_digests_are_gaps_one_by_one() {
    for (dropped, missing) in [(vec![1], 1), (vec![1, 2], 2), (vec![2], 1)] {
        let mut folder = quarter();
        for digest in &dropped {
            folder.drop_digest(*digest);
        }
        let found = finds(&folder, Verdict::Altered, BreakKind::Gap);
        let gaps = found.log.breaks.iter().filter(|found| found.kind == BreakKind::Gap).count();
        assert_eq!(gaps, missing, "{dropped:?}: {:#?}", found.log.breaks);
        assert_eq!(found.log.completeness, Completeness::Unknown);
        assert!(found.holes.iter().any(|hole| hole.kind == BreakKind::Gap));
    }
}

#[test]
fn a_hole_reaches_back_as_far_as_deliveries_were_late() {
    let mut folder = quarter();
    folder.drop_digest(1);
    assert!(spans(&judge(&folder).holes).contains(&"gap 09:01 11:01".to_owned()));
}

#[test]
fn a_cut_tail_is_not_seen_and_never_above_contiguous() {
    let mut folder = quarter();
    for name in &quarter().logs[3..] {
        folder.objects.remove(name);
    }
    folder.drop_digest(3);
    let found = verified(&folder);
    assert_eq!((found.log.records, found.log.completeness), (6, Completeness::Contiguous));
    assert!(spans(&found.holes).contains(&"silence 12:01 00:00".to_owned()));
}

#[test]
fn a_cut_head_is_a_late_start_and_a_hole() {
    let mut folder = quarter();
    folder.drop_digest(0);
    for name in &quarter().logs[..2] {
        folder.objects.remove(name);
    }
    let found = verified(&folder);
    assert_eq!(kinds(&found), [BreakKind::LateStart]);
    assert!(spans(&found.holes).contains(&"late-start 00:00 10:01".to_owned()));
}

#[test]
fn a_head_cut_without_its_log_files_leaves_them_uncovered() {
    let mut folder = quarter();
    folder.drop_digest(0);
    let found = judge(&folder);
    assert_eq!((found.log.verdict, found.log.records, found.log.covered), (Verdict::NotVerifiable, 9, 6));
    assert_eq!(found.log.integrity, Grade::Parsed);
}

#[test]
fn logging_that_was_off_is_said_and_is_a_hole() {
    let mut folder = Folder::new();
    folder.hour(&AWS, &[1], "");
    folder.stop(3);
    folder.hour(&AWS, &[1], "");
    let found = verified(&folder);
    assert_eq!(kinds(&found), [BreakKind::LateStart]);
    assert_eq!(found.log.completeness, Completeness::Unknown);
    assert!(spans(&found.holes).contains(&"late-start 10:01 13:01".to_owned()), "{:?}", found.holes);
}

#[test]
fn a_digest_replaced_by_another_validly_signed_one_is_found() {
    let mut folder = quarter();
    let mut document = folder.document(1);
    // AWS could sign this: the same hour, and a log file that was never there.
    document["logFiles"] = folder.document(2)["logFiles"].clone();
    let last = folder.digests[1].clone();
    folder.store(&AWS, &document);
    let found = finds(&folder, Verdict::Altered, BreakKind::DigestMismatch);
    assert!(found.log.breaks.iter().any(|found| found.object == last));
}

#[test]
fn a_digest_that_stands_twice_is_counted_once_and_two_for_one_place_are_a_fork() {
    let mut folder = quarter();
    let name = folder.digests[2].clone();
    let copy = name.replace("AWSLogs", "copy/AWSLogs");
    folder.objects.insert(copy.clone(), folder.objects[&name].clone());
    let log = folder.logs[2].clone();
    folder.objects.insert(log.replace("AWSLogs", "copy/AWSLogs"), folder.objects[&log].clone());
    let found = verified(&folder);
    assert_eq!((found.log.records, kinds(&found)), (9, vec![BreakKind::ReExport]));

    let mut document = folder.document(2);
    document["newestEventTime"] = Value::Null;
    document["oldestEventTime"] = Value::String("x".into());
    folder.objects.insert(copy, document.to_string());
    finds(&folder, Verdict::Altered, BreakKind::Fork);
}

#[test]
fn metadata_that_is_absent_leaves_only_the_last_digest_unsigned() {
    let mut folder = quarter();
    for name in folder.digests.clone() {
        folder.objects.remove(&sidecar(&name));
    }
    // Each digest but the last is vouched for by its own signature, which the next one repeats.
    let found = judge(&folder);
    assert_eq!((found.log.verdict, found.log.covered), (Verdict::NotVerifiable, 6));
    assert_eq!(found.log.integrity, Grade::Consistent);
    assert!(
        found.log.reasons.iter().any(|reason| reason.contains(".metadata.json")),
        "{:?}",
        found.log.reasons
    );
}

#[test]
fn metadata_that_was_stripped_or_changed_is_found() {
    let whole = quarter();
    for (digest, change, kind) in [
        (1, r#"{"Metadata":{}}"#, BreakKind::MissingSignature),
        (3, r#"{"Metadata":{}}"#, BreakKind::MissingSignature),
        (3, r#"{"Metadata":{"signature":"ab"}}"#, BreakKind::MissingSignature),
        (
            3,
            r#"{"Metadata":{"signature":"ab","signature-algorithm":"SHA1withRSA"}}"#,
            BreakKind::BadSignature,
        ),
        (
            3,
            r#"{"Metadata":{"signature":"ab","signature-algorithm":"SHA256withRSA"}}"#,
            BreakKind::BadSignature,
        ),
        (
            3,
            r#"{"Metadata":{"signature":"zz","signature-algorithm":"SHA256withRSA"}}"#,
            BreakKind::BadSignature,
        ),
        (1, r#"{"Metadata":{"signature":"ab","signature-algorithm":"SHA256withRSA"}}"#, BreakKind::Altered),
        (1, r#"{"Metadata":{"signature":"a","signature":"b"}}"#, BreakKind::DuplicateKey),
    ] {
        let mut folder = whole.clone();
        folder.objects.insert(sidecar(&folder.digests[digest]), change.into());
        finds(&folder, Verdict::Altered, kind);
    }
    let mut folder = whole.clone();
    let upper = folder.objects[&sidecar(&folder.digests[3])].clone();
    let signature = upper.split('"').nth(5).unwrap().to_owned();
    folder.objects.insert(sidecar(&folder.digests[3]), upper.replace(&signature, &signature.to_uppercase()));
    finds(&folder, Verdict::Altered, BreakKind::BadSignature);
}

#[test]
fn a_chain_signed_again_with_a_fresh_key_is_never_verified() {
    // The attacker names the own key, and lists it.
    let found = judge(&Folder::quarter(&FRESH));
    assert_eq!((found.log.verdict, found.log.integrity), (Verdict::NotVerifiable, Grade::SelfSigned));

    // The attacker goes on naming the key of AWS.
    let mut folder = quarter();
    let document = folder.document(3);
    folder.store(&FRESH, &document);
    let found = finds(&folder, Verdict::Altered, BreakKind::BadSignature);
    assert_eq!((found.log.covered, found.log.rejected), (6, 3));

    // A list that gives the name of the key of AWS to another key makes that key no better.
    folder
        .objects
        .insert("public-keys.json".into(), FRESH.listed().replace(&FRESH.fingerprint(), &AWS.fingerprint()));
    let found = judge(&folder);
    assert_eq!((found.log.verdict, found.log.covered), (Verdict::NotVerifiable, 6));
}

#[test]
fn a_digest_of_another_bucket_or_place_is_no_part_of_the_chain() {
    let mut folder = quarter();
    let mut document = folder.document(3);
    document["digestS3Bucket"] = "elsewhere".into();
    folder.objects.insert(folder.digests[3].clone(), document.to_string());
    finds(&folder, Verdict::Altered, BreakKind::BadSignature);

    // Moved: an intact digest under the name of another hour.
    let mut folder = quarter();
    let (from, to) = (folder.digests[3].clone(), folder.digests[3].replace("T130131Z", "T140131Z"));
    for (from, to) in [(from.clone(), to.clone()), (sidecar(&from), sidecar(&to))] {
        let text = folder.objects.remove(&from).unwrap();
        folder.objects.insert(to, text);
    }
    finds(&folder, Verdict::Altered, BreakKind::Spliced);
}

#[test]
fn a_log_file_that_no_digest_lists_is_extra_where_one_would_and_uncovered_elsewhere() {
    let mut folder = quarter();
    let name = folder.logs[2].clone();
    // Inside hours of which digests speak.
    let planted = name.replace(".json.gz", "x.json.gz");
    folder.objects.insert(planted.clone(), folder.objects[&folder.logs[0]].clone());
    let found = finds(&folder, Verdict::Altered, BreakKind::ExtraObject);
    assert_eq!((found.log.covered, found.log.rejected), (9, 2));
    folder.objects.remove(&planted);
    // After the last digest, in another region, and under a name that says nothing.
    for (from, to) in [("T1106Z", "T1306Z"), ("eu-west-1", "eu-west-2"), ("_CloudTrail_", "_x_")] {
        let mut folder = folder.clone();
        folder.objects.insert(name.replace(from, to), folder.objects[&folder.logs[0]].clone());
        let found = judge(&folder);
        let log = &found.log;
        assert_eq!(
            (log.verdict, log.integrity, log.records, log.covered),
            (Verdict::NotVerifiable, Grade::Parsed, 11, 9),
            "{to}"
        );
        assert!(log.reasons.iter().any(|reason| reason.contains("listed by no digest")), "{:?}", log.reasons);
    }
}

#[test]
fn several_regions_and_backfilled_hours_are_chains_of_one_log() {
    let mut folder = quarter();
    let mut other = Folder { region: "us-east-1", ..Folder::new() };
    other.hour(&AWS, &[4], "");
    other.hour(&AWS, &[1], "");
    let mut backfill = Folder { region: "eu-west-2", ..Folder::new() };
    backfill.hour(&AWS, &[2], "_backfill");
    folder.join(&other);
    folder.join(&backfill);
    let found = verified(&folder);
    assert_eq!((found.log.records, found.log.covered), (16, 16));
    // Damage in one chain leaves what the other's signatures cover.
    folder.objects.remove(&other.digests[0]).unwrap();
    let found = finds(&folder, Verdict::NotVerifiable, BreakKind::LateStart);
    assert_eq!(found.log.covered, 12);

    backfill.objects.insert(
        sidecar(&backfill.digests[0]),
        backfill.objects[&sidecar(&backfill.digests[0])].replace("backfill-generation", "x"),
    );
    finds(&backfill, Verdict::Altered, BreakKind::Malformed);
}

#[test]
fn log_files_alone_are_not_verifiable_and_empty_hours_are_no_records() {
    let mut folder = quarter();
    for digest in 0..4 {
        folder.drop_digest(digest);
    }
    let found = judge(&folder);
    assert_eq!(
        (found.log.verdict, found.log.integrity, found.log.completeness),
        (Verdict::NotVerifiable, Grade::Parsed, Completeness::Unknown)
    );
    assert!(found.log.reasons[0].contains("log file validation"), "{:?}", found.log.reasons);

    let mut empty = Folder::new();
    empty.hour(&AWS, &[], "");
    let found = judge(&empty);
    assert_eq!((found.log.verdict, found.log.records), (Verdict::NotVerifiable, 0));
    assert!(found.log.reasons.contains(&"there is no record".to_owned()));
}

/// From an intact folder, removing any object or key raises nothing.
#[test]
fn removing_an_object_never_helps() {
    let whole = quarter();
    let best = judge(&whole).log;
    for name in whole.objects.keys() {
        let mut folder = whole.clone();
        folder.objects.remove(name);
        let log = judge(&folder).log;
        assert!(log.verdict <= best.verdict && log.integrity <= best.integrity, "{name}");
        assert!(log.completeness <= best.completeness && log.covered <= best.covered, "{name}");
        assert!(folder.judge(&[]).log.verdict < Verdict::Verified, "{name}");
    }
}

#[test]
fn the_log_name_binds_accounts() {
    assert_eq!(Expected::of(LOG, |_| None).accounts.len(), 1);
    assert!(Expected::of("aws-11112222333", |_| None).accounts.is_empty());
    assert!(Expected::of("aws1111222233334", |_| None).accounts.is_empty());
}
