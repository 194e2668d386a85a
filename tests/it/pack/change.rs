//! No change to a pack goes unseen, and nothing in it is trusted.

use std::fs;
use std::path::Path;

use countersign::digest::Digest;
use countersign::integrity::verdict::{BreakKind, Verdict};
use countersign::pack::layout::{
    BAG_INFO, BAGIT, MANIFEST, REPORT_JSON, REPORT_PDF, STATEMENT, TAG_MANIFEST, VERIFY,
};
use countersign::pack::{PackError, PackFolder, Signature, StatementKey, dsse, seal};
use countersign::report::model::Report;

use super::fixture::{
    check, contents, key, kinds, moment, pack, pin, recompute_manifests, replace_in, report, table, tree,
};

#[test]
fn the_key_from_outside_decides() {
    let (_folder, out) = pack(true);
    let found = check(&out, &[pin(2), pin(1)]);
    let id = dsse::key_id(&key(1).verifying_key());
    assert_eq!(found.verdict, Verdict::Verified, "{:?}", found.breaks);
    assert_eq!(found.signature, Signature::Pinned { key: id, owner: "Acme internal audit".to_owned() });
    assert!(found.reasons.is_empty() && found.files == 25);

    for keys in [vec![], vec![pin(2)]] {
        let found = check(&out, &keys);
        assert_eq!(
            (found.verdict, &found.signature),
            (Verdict::NotVerifiable, &Signature::Claimed { key: id })
        );
        assert_eq!(kinds(&found), [(STATEMENT, BreakKind::UnknownKey)]);
    }
}

#[test]
fn a_key_that_does_not_count_verifies_nothing() {
    let (_folder, out) = pack(true);
    let as_of = report().as_of;
    let cases = [
        (StatementKey { other_purpose: Some("log".to_owned()), ..pin(1) }, Some(BreakKind::WrongPurposeKey)),
        (StatementKey { revoked_at: Some(as_of), ..pin(1) }, Some(BreakKind::RevokedKey)),
        (StatementKey { revoked_at: Some(as_of.plus_ms(1)), ..pin(1) }, None),
        (StatementKey { valid_until: Some(as_of), ..pin(1) }, Some(BreakKind::ExpiredKey)),
        (StatementKey { valid_until: Some(as_of.plus_ms(1)), ..pin(1) }, None),
        // A compromise reaches back, whenever it happened.
        (StatementKey { compromised_at: Some(moment("2030-01-01")), ..pin(1) }, Some(BreakKind::RevokedKey)),
    ];
    for (key, kind) in cases {
        let found = check(&out, std::slice::from_ref(&key));
        let verdict = if kind.is_some() { Verdict::NotVerifiable } else { Verdict::Verified };
        assert_eq!(found.verdict, verdict, "{key:?}");
        assert_eq!(found.breaks.first().map(|found| found.kind), kind, "{key:?}");
        assert_eq!(check(&out, &[key, pin(1)]).verdict, Verdict::Verified, "one entry that counts is enough");
    }
}

/// Positions to touch in a file of `length` bytes: all of a small file, a spread and both ends of a larger one.
fn positions(length: usize) -> Vec<usize> {
    if length <= 200 {
        return (0..length).collect();
    }
    let mut positions: Vec<usize> = (0..100).map(|i| i * length / 100).collect();
    positions.extend([length - 2, length - 1]);
    positions
}

#[test]
fn one_touched_byte_anywhere_is_altered() {
    for signed in [true, false] {
        let (_folder, out) = pack(signed);
        let keys = if signed { vec![pin(1)] } else { vec![] };
        let mut touched = 0;
        for (path, bytes) in tree(&out) {
            for position in positions(bytes.len()) {
                let mut changed = bytes.clone();
                changed[position] ^= 1 << (position % 8);
                fs::write(out.join(&path), &changed).unwrap();
                let found = check(&out, &keys);
                assert_eq!(found.verdict, Verdict::Altered, "{path}, byte {position}");
                let kind = found.breaks.iter().find(|found| found.object == path).map(|found| found.kind);
                // A touched tag manifest shows as its own malformation, or at the file whose line it is.
                if path != TAG_MANIFEST {
                    let malformed = path == MANIFEST && kind == Some(BreakKind::Malformed);
                    let named = [BreakKind::DigestMismatch, BreakKind::Malformed, BreakKind::BadSignature];
                    assert!(
                        malformed || kind.is_some_and(|kind| named.contains(&kind)),
                        "{path}, byte {position}: {kind:?}"
                    );
                }
                touched += 1;
            }
            fs::write(out.join(&path), &bytes).unwrap();
        }
        assert!(touched > 1_000, "{touched}");
        assert_eq!(check(&out, &keys).breaks, []);
    }
}

#[test]
fn whoever_cannot_sign_can_change_no_file_even_with_fresh_manifests() {
    let (_folder, out) = pack(true);
    for (path, bytes) in tree(&out) {
        if path == TAG_MANIFEST || path == MANIFEST {
            continue;
        }
        for position in [0, bytes.len() / 2, bytes.len().saturating_sub(1)] {
            let mut changed = bytes.clone();
            match changed.get_mut(position) {
                Some(byte) => *byte ^= 1,
                None => continue,
            }
            fs::write(out.join(&path), &changed).unwrap();
            recompute_manifests(&out);
            let found = check(&out, &[pin(1)]);
            assert_eq!(found.verdict, Verdict::Altered, "{path}, byte {position}");
        }
        fs::write(out.join(&path), &bytes).unwrap();
    }
    recompute_manifests(&out);
    assert_eq!(check(&out, &[pin(1)]).verdict, Verdict::Verified);
}

#[test]
fn a_stripped_statement_never_leaves_a_verified_pack() {
    let (_folder, out) = pack(true);
    fs::remove_file(out.join(STATEMENT)).unwrap();
    let found = check(&out, &[pin(1)]);
    // The folder stayed, and a folder without a file does not belong.
    assert_eq!(
        kinds(&found),
        [("attestation", BreakKind::ExtraObject), (STATEMENT, BreakKind::MissingObject)]
    );
    fs::remove_dir(out.join("attestation")).unwrap();
    recompute_manifests(&out);
    assert_eq!(kinds(&check(&out, &[pin(1)])), [(STATEMENT, BreakKind::MissingObject)]);
    replace_in(&out.join(BAG_INFO), "Statement: signed", "Statement: unsigned");
    recompute_manifests(&out);
    let found = check(&out, &[pin(1)]);
    assert_eq!((found.verdict, found.signature), (Verdict::NotVerifiable, Signature::Unsigned));
}

#[test]
fn a_pack_signed_anew_by_somebody_else_is_not_verified() {
    let folder = tempfile::tempdir().unwrap();
    let (report, table) = (report(), table());
    let json = serde_json::to_vec(&report).unwrap();
    let out = folder.path().join("pack");
    seal(contents(&report, &json, &table), Some(&key(9)), &out).unwrap();
    let found = check(&out, &[pin(1)]);
    assert_eq!(found.verdict, Verdict::NotVerifiable);
    // The same statement under the trusted key's id does not fit that key.
    let (ours, theirs) = (dsse::key_id(&key(1).verifying_key()), dsse::key_id(&key(9).verifying_key()));
    replace_in(&out.join(STATEMENT), &theirs.to_string(), &ours.to_string());
    recompute_manifests(&out);
    assert_eq!(kinds(&check(&out, &[pin(1)])), [(STATEMENT, BreakKind::BadSignature)]);
    // Nobody here holds that key, so nothing can be said about its signature.
    let found = check(&out, &[]);
    assert_eq!((found.verdict, found.signature), (Verdict::NotVerifiable, Signature::Unknown { key: ours }));
}

#[test]
fn a_statement_about_another_pack_does_not_fit() {
    let (_one, ours) = pack(true);
    let folder = tempfile::tempdir().unwrap();
    let other = Report { entity: "Other".to_owned(), ..report() };
    let (json, table) = (serde_json::to_vec(&other).unwrap(), table());
    let theirs = folder.path().join("pack");
    seal(contents(&other, &json, &table), Some(&key(1)), &theirs).unwrap();
    fs::copy(theirs.join(STATEMENT), ours.join(STATEMENT)).unwrap();
    recompute_manifests(&ours);
    let found = check(&ours, &[pin(1)]);
    assert_eq!(
        kinds(&found),
        [
            (VERIFY, BreakKind::DigestMismatch),
            (BAG_INFO, BreakKind::DigestMismatch),
            (REPORT_JSON, BreakKind::DigestMismatch),
            (MANIFEST, BreakKind::DigestMismatch),
        ]
    );
}

/// A name, a change, and the breaks that it makes.
type Move = (&'static str, fn(&Path), &'static [(&'static str, BreakKind)]);

#[test]
fn files_that_come_go_or_move_are_named() {
    let cases: [Move; 8] = [
        (
            "extra",
            |out| fs::write(out.join("data/extra"), "").unwrap(),
            &[("data/extra", BreakKind::ExtraObject)],
        ),
        (
            "extra tag",
            |out| fs::write(out.join("notes.txt"), "").unwrap(),
            &[("notes.txt", BreakKind::ExtraObject)],
        ),
        (
            "unsafe name",
            |out| fs::write(out.join("data/a\u{1b}[2J b"), "").unwrap(),
            &[("data/a\\u{1b}[2J b", BreakKind::ExtraObject)],
        ),
        (
            "empty folder",
            |out| fs::create_dir_all(out.join("data/x/y")).unwrap(),
            &[("data/x/y", BreakKind::ExtraObject)],
        ),
        (
            "removed",
            |out| fs::remove_file(out.join(REPORT_PDF)).unwrap(),
            &[(REPORT_PDF, BreakKind::MissingObject)],
        ),
        (
            "renamed",
            |out| {
                fs::rename(out.join("data/07_policy/run.json"), out.join("data/07_policy/rum.json")).unwrap()
            },
            &[
                ("data/07_policy/rum.json", BreakKind::ExtraObject),
                ("data/07_policy/run.json", BreakKind::MissingObject),
            ],
        ),
        (
            "no payload manifest",
            |out| fs::remove_file(out.join(MANIFEST)).unwrap(),
            &[(MANIFEST, BreakKind::MissingObject)],
        ),
        (
            "no tag manifest",
            |out| fs::remove_file(out.join(TAG_MANIFEST)).unwrap(),
            &[(TAG_MANIFEST, BreakKind::MissingObject)],
        ),
    ];
    for (name, change, expected) in cases {
        let (_folder, out) = pack(true);
        change(&out);
        let found = check(&out, &[pin(1)]);
        assert_eq!((found.verdict, kinds(&found)), (Verdict::Altered, expected.to_vec()), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn links_and_devices_are_refused_even_where_they_lead_to_the_right_bytes() {
    use std::os::unix::{fs::symlink, net::UnixListener};

    let (folder, out) = pack(true);
    let moved = folder.path().join("moved.json");
    fs::rename(out.join(REPORT_JSON), &moved).unwrap();
    symlink(&moved, out.join(REPORT_JSON)).unwrap();
    let found = check(&out, &[pin(1)]);
    assert!(kinds(&found).contains(&(REPORT_JSON, BreakKind::ExtraObject)), "{:?}", found.breaks);
    assert!(kinds(&found).contains(&(REPORT_JSON, BreakKind::MissingObject)));
    assert!(PackFolder::open(&out).unwrap().report_json().is_err());

    let (_folder, out) = pack(true);
    let moved = out.join("../data-moved");
    fs::rename(out.join("data"), &moved).unwrap();
    symlink(&moved, out.join("data")).unwrap();
    assert_eq!(check(&out, &[pin(1)]).verdict, Verdict::Altered);

    let (_folder, out) = pack(true);
    let _socket = UnixListener::bind(out.join("data/s")).unwrap();
    let found = check(&out, &[pin(1)]);
    assert_eq!(kinds(&found), [("data/s", BreakKind::ExtraObject)]);
    assert_eq!(found.breaks[0].detail, "neither file nor folder");
}

#[test]
fn a_manifest_cannot_reach_outside_its_bag() {
    let (_folder, out) = pack(false);
    let listed = fs::read_to_string(out.join(MANIFEST)).unwrap();
    let outside = format!("{}  data/../../secret\n", Digest::ZERO);
    fs::write(out.join(MANIFEST), outside + &listed).unwrap();
    let found = check(&out, &[]);
    let malformed = found.breaks.iter().find(|found| found.kind == BreakKind::Malformed).unwrap();
    assert_eq!((malformed.object.as_str(), malformed.line), (MANIFEST, 1));
    // A tag in the payload manifest, or the tag manifest in itself, is refused as well.
    for (manifest, line) in [(MANIFEST, BAGIT), (TAG_MANIFEST, TAG_MANIFEST), (TAG_MANIFEST, "data/x")] {
        let (_folder, out) = pack(false);
        fs::write(out.join(manifest), format!("{}  {line}\n", Digest::ZERO)).unwrap();
        assert!(kinds(&check(&out, &[])).contains(&(manifest, BreakKind::Malformed)), "{manifest} {line}");
    }
}

#[test]
fn a_wrong_oxum_is_named_where_it_stands() {
    let (_folder, out) = pack(false);
    replace_in(&out.join(BAG_INFO), "Payload-Oxum: ", "Payload-Oxum: 1");
    recompute_manifests(&out);
    assert_eq!(kinds(&check(&out, &[])), [(BAG_INFO, BreakKind::DigestMismatch)]);
}

#[test]
fn a_later_format_is_not_called_altered() {
    let (_folder, out) = pack(false);
    replace_in(&out.join(BAG_INFO), "countersign/pack/1", "countersign/pack/2");
    recompute_manifests(&out);
    let found = check(&out, &[]);
    assert_eq!(kinds(&found), [(BAG_INFO, BreakKind::UnrecognisedFormat)]);
    assert_eq!(found.verdict, Verdict::NotVerifiable);
}

#[test]
fn a_folder_of_somebody_else_is_no_pack() {
    let folder = tempfile::tempdir().unwrap();
    let open = |path: &Path| PackFolder::open(path).unwrap_err();
    assert!(open(folder.path()).is_usage());
    assert!(matches!(open(&folder.path().join("absent")), PackError::NotAPack { .. }));
    fs::write(folder.path().join(BAGIT), "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n").unwrap();
    fs::write(folder.path().join(BAG_INFO), "Source-Organization: A library\n").unwrap();
    assert!(open(folder.path()).to_string().ends_with("it is a bag of another program"));
    assert!(!PackFolder::is_pack(folder.path()));
    // Whatever single file a pack lost, it is still taken for one, and its loss is reported.
    let (_folder, out) = pack(true);
    for path in tree(&out).into_keys() {
        let bytes = fs::read(out.join(&path)).unwrap();
        fs::remove_file(out.join(&path)).unwrap();
        assert_eq!(check(&out, &[pin(1)]).verdict, Verdict::Altered, "{path}");
        fs::write(out.join(&path), bytes).unwrap();
    }
}
