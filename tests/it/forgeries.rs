//! What an attacker writes to be called `verified`: none of it ever is.

use std::cell::Cell;

use countersign::integrity::verdict::{BreakKind, Completeness, Grade, Verdict};
use curve25519_dalek::EdwardsPoint;
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::scalar::Scalar;
use sha2::{Digest as _, Sha512};

use crate::chains::capture;
use crate::chains::edit::{self, Files};
use crate::chains::format::{Container, Format, formats, native, pem_trust, vectors_folder};
use crate::chains::resign::{self, Signer, by_stranger};
use crate::chains::{Answer, Brings, verify};
use crate::support::{SignedLog, Workspace, countersign, head_of, sample};

const KEY: &str = "keys/gate-eu-TEST-KEY.pem";
/// A key of the sample `acme` that the sample `clean` does not know.
const STRANGER: &str = "keys/acme-report-TEST-KEY.pem";

/// A clean log of twelve records, its own key, and one that nobody trusts.
struct Gate {
    format: Format,
    key: String,
    stranger: String,
}

impl Gate {
    fn new() -> Self {
        let read =
            |sample_name: &str, file: &str| std::fs::read_to_string(sample(sample_name).join(file)).unwrap();
        Self { format: native(), key: read("clean", KEY), stranger: read("acme", STRANGER) }
    }

    fn text(&self) -> &str {
        &self.format.files[0].1
    }

    fn signed_by(&self, key: &str) -> SignedLog {
        SignedLog::parse("gate-eu", key, self.text())
    }

    fn verify(&self, text: &str, trust: &str) -> Answer {
        verify(&[("gate-eu.jsonl".to_owned(), text.to_owned())], Brings { trust, ..Brings::default() })
    }
}

#[track_caller]
fn never_verified(what: &str, answer: &Answer) {
    assert!(answer.verdict < Some(Verdict::Verified) && answer.exit != 0, "{what}: {answer:?}");
}

#[test]
fn a_weak_key_is_refused_where_it_is_trusted_and_fits_nothing_where_it_is_not() {
    let gate = Gate::new();
    for point in EIGHT_TORSION {
        let raw = point.compress().to_bytes();
        let der = [&hex::decode("302a300506032b6570032100").unwrap()[..], &raw].concat();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", base64(&der));
        let workspace = Workspace::empty();
        workspace.write("a.jsonl", gate.text());
        workspace.write("trust.toml", pem_trust(&pem, "gate-eu"));
        let at = |name: &str| workspace.at(name).to_str().unwrap().to_owned();
        countersign(&["verify", &at("a.jsonl"), "--trust", &at("trust.toml")])
            .refuses(&["weak key", "small order"]);
        // A record that names that key, under a signature which fits every message.
        let line = gate.text().lines().next().unwrap();
        let id = countersign::digest::Digest::of(&raw).to_string();
        let named = line.find("\"key\":\"").unwrap() + 7;
        let forged = format!("{}{id}{}", &line[..named], &line[named + 64..line.len() - 130]);
        let forged =
            format!("{forged}{}{}\"}}\n", hex::encode([&[1][..], &[0; 31]].concat()), "0".repeat(64));
        let answer = gate.verify(&forged, &gate.format.trust);
        assert_eq!(answer.breaks, [BreakKind::UnknownKey], "{forged}");
        never_verified("a weak key", &answer);
    }
}

/// The signed points differ by a small-order point from what the key says: batch verification drops it with a
/// chance of one in eight or more, and cofactored verification always.
#[test]
fn signatures_on_which_verifiers_disagree_are_not_verified() {
    let secret = Scalar::from_bytes_mod_order([7; 32]);
    let (mut disagreed, mut refused) = (0, 0);
    for torsion in &EIGHT_TORSION[1..] {
        let public = (ED25519_BASEPOINT_POINT * secret + torsion).compress().to_bytes();
        let der = [&hex::decode("302a300506032b6570032100").unwrap()[..], &public].concat();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", base64(&der));
        let sign = |message: &[u8]| torsioned(&secret, torsion, &public, message);
        let id = countersign::digest::Digest::of(&public).to_string();
        let mut prev = "0".repeat(64);
        let mut text = String::new();
        let mut all_fit = true;
        for seq in 0..12 {
            let body = format!(
                "{{\"v\":\"countersign-log/1\",\"log\":\"gate-eu\",\"seq\":{seq},\"time\":\"2026-06-01T00:00:{seq:02}.000Z\",\
                 \"key\":\"{id}\",\"prev\":\"{prev}\",\"event\":{{\"kind\":\"heartbeat\"}}"
            );
            let (signature, fits) = sign(format!("countersign-log/1\n{body}").as_bytes());
            all_fit &= fits;
            let line = format!("{body},\"sig\":\"{}\"}}", hex::encode(signature));
            prev = countersign::digest::Digest::of(line.as_bytes()).to_string();
            text += &format!("{line}\n");
        }
        assert!(!all_fit, "twelve challenges are all multiples of the order of the point");
        let workspace = Workspace::empty();
        workspace.write("a.jsonl", &text);
        workspace.write("trust.toml", pem_trust(&pem, "gate-eu"));
        let at = |name: &str| workspace.at(name).to_str().unwrap().to_owned();
        let ran = countersign(&["verify", &at("a.jsonl"), "--trust", &at("trust.toml")]);
        match ran.exit {
            2 => refused += 1,
            3 => disagreed += 1,
            _ => panic!("{ran:#?}"),
        }
    }
    assert_eq!(disagreed + refused, 7);
}

#[test]
fn an_empty_log_is_never_verified() {
    for format in formats() {
        let empty = match format.container {
            Container::Lines | Container::Words => vec!["", "\n"],
            Container::Array => vec!["", "[]"],
            Container::Entries => vec!["", "{\"entries\":[]}"],
        };
        for text in empty {
            let files = vec![(format.files[0].0.clone(), text.to_owned())];
            never_verified(format.chain, &verify(&files, Brings::key(&format)));
        }
    }
}

#[test]
fn one_signed_record_among_unsigned_ones_verifies_none() {
    let gate = Gate::new();
    let mut lines: Vec<String> = gate.text().lines().map(|line| format!("{line}\n")).collect();
    for line in &mut lines[1..] {
        let bare = line.len() - 130;
        line.replace_range(bare..bare + 128, &"0".repeat(128));
    }
    never_verified("zeroed signatures", &gate.verify(&lines.concat(), &gate.format.trust));
    for line in &mut lines[1..] {
        let bare = line.len() - 139;
        line.replace_range(bare.., "}\n");
    }
    never_verified("no signatures", &gate.verify(&lines.concat(), &gate.format.trust));
}

#[test]
fn a_key_pinned_for_another_log_verifies_nothing() {
    for format in formats().iter().filter(|format| !format.trust.is_empty()) {
        let trust = format.trust.replace(&format!("\"{}\"", format.log), "\"another\"");
        assert_ne!(trust, format.trust);
        let answer = verify(&format.files, Brings { trust: &trust, ..Brings::key(format) });
        // A record that does not carry its key cannot say that it is one which is trusted for something else.
        let kinds = [BreakKind::WrongPurposeKey, BreakKind::UnknownKey];
        assert!(answer.breaks.iter().any(|kind| kinds.contains(kind)), "{}: {answer:?}", format.chain);
        never_verified(format.chain, &answer);
    }
}

#[test]
fn a_record_under_an_unknown_key_below_a_pinned_one_is_not_covered_by_the_chain() {
    let gate = Gate::new();
    let (log, stranger) = (gate.signed_by(&gate.key), gate.signed_by(&gate.stranger));
    for cut in [1, 6, 11] {
        let below = stranger.lines_then(cut, &log).concat();
        let answer = gate.verify(&below, &gate.format.trust);
        assert_eq!(answer.breaks, [BreakKind::UnknownKey], "{cut}");
        never_verified("below a pinned record", &answer);
        // Nor does a head help: each record of this format has a signature of its own.
        let head = head_of("gate-eu", 11, below.lines().last().unwrap());
        let brings = Brings { trust: &gate.format.trust, head: Some(&head), ..Brings::default() };
        never_verified("with a head", &verify(&[("a.jsonl".to_owned(), below)], brings));
    }
}

#[test]
fn a_log_of_another_gateway_is_not_verified_under_this_name() {
    let gate = Gate::new();
    let mut other = SignedLog::new("gate-us", &gate.stranger);
    other.records.clone_from(&gate.signed_by(&gate.key).records);
    let stranger = std::fs::read_to_string(sample("acme").join("keys/acme-report-TEST-KEY.pub")).unwrap();
    let trust = format!("{}{}", gate.format.trust, pem_trust(&stranger, "gate-us"));
    let files = [("gate-eu.jsonl".to_owned(), other.text())];
    // Under its own name it is sound: the trust file has its key.
    let own = verify(&files, Brings { trust: &trust, ..Brings::default() });
    assert_eq!(own.verdict, Some(Verdict::Verified), "{own:?}");
    let answer = verify(&files, Brings { trust: &trust, log: Some("gate-eu"), ..Brings::default() });
    never_verified("another gateway's log", &answer);
    // And in a workspace, under the source whose log it is not.
    let workspace = Workspace::unanchored();
    workspace.write("logs/gate-eu/gate-eu-2026-06.jsonl", other.text());
    workspace.edit("trust.toml", |text| format!("{text}\n{}", pem_trust(&stranger, "gate-us")));
    let (exit, check) = workspace.check();
    assert!(exit == 3 || exit == 4, "{exit}");
    let logs = check.logs.iter().filter(|log| log.source == "gate-eu");
    assert!(
        logs.clone().count() > 0 && logs.clone().all(|log| log.verdict < Verdict::Verified),
        "{:#?}",
        check.logs
    );
}

#[test]
fn a_revoked_key_cannot_backdate_itself() {
    let gate = Gate::new();
    let mut log = gate.signed_by(&gate.key);
    let revoked = "2026-06-01T07:30:00Z";
    let trust = gate.format.trust.replace("purpose", &format!("revoked_at = {revoked}\npurpose"));
    // The untouched log crosses the moment: what comes after it is not covered.
    let crossing = gate.verify(&log.text(), &trust);
    assert_eq!(crossing.breaks, [BreakKind::RevokedKey]);
    never_verified("crossing the revocation", &crossing);
    // Whoever stole the key goes on with times of before.
    let (before, after): (Vec<_>, Vec<_>) =
        log.records.iter().cloned().partition(|(time, _)| time.as_str() < "2026-06-01T07:30");
    assert!(!before.is_empty() && !after.is_empty());
    let back = before[0].0.clone();
    log.records = before;
    log.records.push(after[0].clone());
    log.records.extend(after[1..].iter().map(|(_, event)| (back.clone(), event.clone())));
    let answer = gate.verify(&log.text(), &trust);
    assert_eq!(answer.breaks, [BreakKind::RevokedKey]);
    never_verified("backdated", &answer);
    // A compromise needs no crossing: it reaches back over everything.
    let compromised = gate.format.trust.replace("purpose", &format!("compromised_at = {revoked}\npurpose"));
    let mut early = gate.signed_by(&gate.key);
    early.records.truncate(2);
    never_verified("compromised", &gate.verify(&early.text(), &compromised));
}

#[test]
fn a_pack_signed_by_the_keys_of_its_own_workspace_is_not_verified() {
    let workspace = Workspace::copy_of("clean");
    let trust = workspace.read("trust.toml");
    let path = |name: &str| workspace.at(name).to_str().unwrap().to_owned();
    workspace.write("outside.toml", &trust);
    // The gateway's own key signs the pack: it is trusted for the log, and for nothing else.
    workspace.edit("countersign.toml", |text| format!("{text}\n[pack]\nkey = \"{KEY}\"\n"));
    workspace.run("report", &["--out", &path("one")]).says(0, &[]);
    let head = path("heads/gate-eu.head");
    let outside = ["--trust", &path("outside.toml"), "--head", &head];
    let verify = |pack: &str, more: &[&str]| countersign(&[&["verify", &path(pack)], more].concat());
    verify("one", &outside).says(4, &["not-verifiable", "wrong-purpose-key"]);

    // Another key signs it, and the workspace's trust file, which the pack carries, says that it may.
    std::fs::copy(sample("acme").join(STRANGER), workspace.at("keys/own.pem")).unwrap();
    let public = std::fs::read_to_string(sample("acme").join("keys/acme-report-TEST-KEY.pub")).unwrap();
    workspace.edit("countersign.toml", |text| text.replace(KEY, "keys/own.pem"));
    workspace.edit("trust.toml", |text| {
        let entry =
            pem_trust(&public, "x").replace("\"log\"", "\"statement\"").replace("logs = [\"x\"]\n", "");
        format!("{text}\n{entry}")
    });
    workspace.run("report", &["--out", &path("two")]).says(0, &[]);
    verify("two", &[]).says(4, &["not-verifiable"]);
    verify("two", &outside).says(4, &["not-verifiable", "unknown-key"]);
    // It is sound but for who signed it: the same trust file, brought from outside, verifies it.
    verify("two", &["--trust", &path("trust.toml"), "--head", &head]).says(0, &["verified"]);
}

#[test]
fn forged_logs_of_other_products_are_never_verified() {
    let mut forged = 0;
    for format in formats() {
        for (name, files) in vectors_folder(format.chain, "forged-") {
            let answer = verify(&files, Brings::key(&format));
            never_verified(&name, &answer);
            let by_signature = [BreakKind::MissingSignature, BreakKind::WeakKey, BreakKind::UnknownKey];
            assert!(answer.breaks.iter().any(|kind| by_signature.contains(kind)), "{name}: {answer:?}");
            forged += 1;
        }
    }
    assert_eq!(forged, 3);
}

/// The neutral element as key and as R, with S = 0, fits every message unless verification is strict (RFC 8032, 5.1.7).
#[test]
fn logs_of_other_products_signed_by_a_weak_key_are_never_verified() {
    use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let signature: [u8; 64] = [neutral, [0; 32]].concat().try_into().unwrap();
    let loose = VerifyingKey::from_bytes(&neutral).unwrap();
    let sign = |message: &[u8]| {
        assert!(loose.verify(message, &Signature::from_bytes(&signature)).is_ok(), "other verifiers take it");
        signature
    };
    let mut forged = 0;
    for format in formats() {
        if format.resign.is_none() {
            continue;
        }
        let files = resigned(&format, &Signer { public: neutral, sign: &sign });
        never_verified(format.chain, &verify(&files, Brings::key(&format)));
        let nobody = Brings { trust: "", ..Brings::key(&format) };
        let answer = verify(&files, nobody);
        never_verified(format.chain, &answer);
        assert!(answer.grade <= Grade::Consistent, "{}: {answer:?}", format.chain);
        // Whoever means to trust that key is told why it cannot be.
        let workspace = Workspace::empty();
        workspace.write("a.log", &files[0].1);
        workspace.write("trust.toml", pem_trust(&capture::pem(&neutral), format.log));
        let at = |name: &str| workspace.at(name).to_str().unwrap().to_owned();
        countersign(&["verify", &at("a.log"), "--chain", format.chain, "--trust", &at("trust.toml")])
            .refuses(&["weak key", "small order"]);
        forged += 1;
    }
    assert_eq!(forged, 3);
}

/// The key differs by a small-order point from one that somebody holds; see
/// `signatures_on_which_verifiers_disagree_are_not_verified`.
#[test]
fn logs_of_other_products_on_which_verifiers_disagree_are_not_verified() {
    let secret = Scalar::from_bytes_mod_order([7; 32]);
    let mut tried = 0;
    for torsion in &EIGHT_TORSION[1..] {
        let public = (ED25519_BASEPOINT_POINT * secret + torsion).compress().to_bytes();
        let misfits = Cell::new(0);
        let sign = |message: &[u8]| {
            let (signature, fits) = torsioned(&secret, torsion, &public, message);
            misfits.set(misfits.get() + u32::from(!fits));
            signature
        };
        for format in formats() {
            if format.resign.is_none() {
                continue;
            }
            misfits.set(0);
            let files = resigned(&format, &Signer { public, sign: &sign });
            if misfits.get() == 0 {
                continue;
            }
            let workspace = Workspace::empty();
            workspace.write("a.log", &files[0].1);
            workspace.write("trust.toml", pem_trust(&capture::pem(&public), format.log));
            let at = |name: &str| workspace.at(name).to_str().unwrap().to_owned();
            let ran = countersign(&[
                "verify",
                &at("a.log"),
                "--chain",
                format.chain,
                "--log",
                format.log,
                "--trust",
                &at("trust.toml"),
            ]);
            assert!([2, 3, 4].contains(&ran.exit), "{}: {ran:#?}", format.chain);
            tried += 1;
        }
    }
    assert!(tried > 14, "{tried}");
}

/// Signs as somebody who holds `secret` and means the key `public`, which has the small-order part `torsion`; and tells whether
/// the signature is one that single verification takes.
fn torsioned(secret: &Scalar, torsion: &EdwardsPoint, public: &[u8; 32], message: &[u8]) -> ([u8; 64], bool) {
    let nonce = Scalar::from_bytes_mod_order([9; 32]);
    let r = (ED25519_BASEPOINT_POINT * nonce).compress().to_bytes();
    let hash = Sha512::new().chain_update(r).chain_update(public).chain_update(message).finalize();
    let challenge = Scalar::from_bytes_mod_order_wide(&hash.into());
    let signature = [r, (nonce + challenge * secret).to_bytes()].concat().try_into().unwrap();
    (signature, torsion * challenge == EIGHT_TORSION[0])
}

/// Returns the log of a format signed again by somebody else.
fn resigned(format: &Format, signer: &Signer<'_>) -> Vec<(String, String)> {
    let records = Files::of(format);
    let records: Vec<String> = (0..records.len()).map(|index| records.record(index).to_owned()).collect();
    let text = format.resign.unwrap()(&records, signer).join("\n") + "\n";
    vec![(format.files[0].0.clone(), text)]
}

/// Only the first record of each log keeps its signature; hashes that do not cover signatures still hold.
#[test]
fn one_signed_record_among_unsigned_ones_of_other_products_verifies_none() {
    let mut tried = 0;
    for format in formats() {
        let Some(signature) = format.signature.filter(|_| format.chain != "countersign-log") else {
            continue;
        };
        let mut files = Files::of(&format);
        for index in 1..files.len() {
            if let Some(bare) = edit::stripped(files.record(index), signature) {
                files = files.with(index, bare);
            }
        }
        let answer = verify(&files.texts(), Brings::key(&format));
        never_verified(format.chain, &answer);
        assert_eq!(answer.verdict, Some(Verdict::Altered), "{}: {answer:?}", format.chain);
        tried += 1;
    }
    assert_eq!(tried, 4);
}

/// The hash of this format leaves the proof out, so that the chain holds whoever signed. It does not stand in for a signature.
#[test]
fn a_receipt_under_an_unknown_key_between_pinned_ones_is_not_covered() {
    let format = capture::agent_receipts();
    let files = Files::of(&format);
    let stranger = Files::cut(&format.resigned.as_ref().unwrap().files, format.container);
    for index in 0..files.len() {
        let mixed = files.with(index, stranger.record(index).to_owned()).texts();
        let answer = verify(&mixed, Brings::key(&format));
        assert!(!answer.breaks.contains(&BreakKind::Altered), "the chain holds: {answer:?}");
        never_verified("between pinned ones", &answer);
        let head = answer.head.clone().unwrap();
        never_verified("with a head", &verify(&mixed, Brings { head: Some(&head), ..Brings::key(&format) }));
    }
}

/// Whoever stole a key goes on with times of before it was revoked; the chain has reached a later time already.
#[test]
fn a_revoked_key_cannot_backdate_itself_in_a_log_of_another_product() {
    let format = capture::agent_receipts();
    let files = Files::of(&format);
    let at = |index: usize, time: &str| {
        let record = files.record(index);
        let dated = record.replace(
            "\"issuanceDate\":\"2026-04-22T00:00:00Z\"",
            &format!("\"issuanceDate\":\"2026-04-22T{time}:00Z\""),
        );
        assert_ne!(dated, record);
        dated
    };
    let log = |times: [&str; 3]| {
        let records: Vec<String> = times.iter().enumerate().map(|(index, time)| at(index, time)).collect();
        let text = by_stranger(&records, resign::agent_receipts).join("\n") + "\n";
        vec![("a.jsonl".to_owned(), text)]
    };
    let own = pem_trust(&resign::stranger_pem(), format.log);
    let trust = own.replace("purpose", "revoked_at = 2026-04-22T09:00:00Z\npurpose");
    let verdict =
        |times: [&str; 3], trust: &str| verify(&log(times), Brings { trust, ..Brings::key(&format) });
    assert_eq!(verdict(["07:00", "08:00", "08:30"], &trust).verdict, Some(Verdict::Verified));
    for times in [["07:00", "08:00", "10:00"], ["07:00", "10:00", "08:30"], ["10:00", "07:00", "08:30"]] {
        let answer = verdict(times, &trust);
        assert_eq!(answer.breaks, [BreakKind::RevokedKey], "{times:?}: {answer:?}");
        never_verified("backdated", &answer);
        assert_eq!(verdict(times, &own).verdict, Some(Verdict::Verified), "{times:?}");
    }
    let compromised = own.replace("purpose", "compromised_at = 2030-01-01T00:00:00Z\npurpose");
    never_verified("compromised", &verdict(["07:00", "08:00", "08:30"], &compromised));
}

/// Receipts keep their signatures; what the recorder says around them is changed, and its chain computed again.
#[test]
fn an_unsigned_wrapper_around_signed_receipts_is_not_verified() {
    let format = capture::pipelock();
    let files = Files::of(&format);
    let entries: Vec<String> = (0..files.len()).map(|index| files.record(index).to_owned()).collect();
    let genuine = verify(&format.files, Brings::key(&format)).head;
    assert!(genuine.is_some());
    assert_eq!(capture::rechained(&entries), entries, "the capture is chained as its format says");
    for (old, new, count) in [
        ("receipt: allow read fetch", "receipt: denied by a person", 1),
        ("\"session_id\":\"proxy\"", "\"session_id\":\"other\"", 19),
    ] {
        // Without the checkpoint at its end, nothing signs the recorder's entries; with it, it signs the link that was there.
        // A checkpoint names no key, so that one which fits no trusted key may be by another.
        for (kept, kind) in [(17, None), (19, Some(BreakKind::UnknownKey))] {
            let mut forged = entries[..kept].to_vec();
            for entry in forged.iter_mut().skip(1).take(count) {
                *entry = entry.replacen(old, new, 1);
            }
            assert_ne!(forged[1], entries[1]);
            let text = capture::rechained(&forged).join("\n") + "\n";
            let files = [("a.jsonl".to_owned(), text)];
            let answer = verify(&files, Brings::key(&format));
            never_verified(new, &answer);
            let answer_to_head = verify(&files, Brings { head: genuine.as_deref(), ..Brings::key(&format) });
            assert_eq!(answer_to_head.verdict, Some(Verdict::Altered), "{new}: {answer_to_head:?}");
            assert!(kind.is_none_or(|kind| answer.breaks.contains(&kind)), "{new}, {kept}: {answer:?}");
        }
    }
}

/// No mechanism shows a cut tail, and so completeness must not claim it.
#[test]
fn a_cut_tail_is_never_more_than_contiguous() {
    for format in formats() {
        let files = Files::of(&format);
        let last = files.len() - 1;
        let cut = files.change(last, |records, at| drop(records.remove(at))).texts();
        let answer = verify(&cut, Brings::key(&format));
        assert!(answer.completeness <= Completeness::Contiguous, "{}: {answer:?}", format.chain);
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
