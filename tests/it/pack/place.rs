//! Where a pack may be put, and that nobody loses anything by it.

use std::fs;

use countersign::integrity::verdict::Verdict;
use countersign::pack::layout::{BAG_INFO, BAGIT, REPORT_PDF, STATEMENT};
use countersign::pack::{OutFolder, PackError};

use super::fixture::{check, pack, pin, seal_at, tree};

#[test]
fn the_place_may_be_absent_empty_or_an_earlier_pack() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("deep/er/pack");
    seal_at(&out, true).unwrap();
    let first = tree(&out);
    // An earlier pack is replaced whole, a changed one as well, and nothing stays beside it.
    fs::write(out.join(REPORT_PDF), "touched").unwrap();
    seal_at(&out, true).unwrap();
    assert!(tree(&out) == first);
    seal_at(&out, false).unwrap();
    assert!(!out.join(STATEMENT).exists());
    assert_eq!(fs::read_dir(out.parent().unwrap()).unwrap().count(), 1);

    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    seal_at(&empty, true).unwrap();
    assert!(tree(&empty) == first);
}

#[test]
fn what_is_not_ours_is_refused_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    assert!(matches!(seal_at(&file, true).unwrap_err(), PackError::NotAFolder { .. }));
    assert_eq!(fs::read(&file).unwrap(), b"mine");

    let theirs = folder.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join("thesis.txt"), "mine").unwrap();
    let before = tree(folder.path());
    let error = seal_at(&theirs, true).unwrap_err();
    assert!(error.is_usage() && error.help().is_some());
    assert!(error.to_string().ends_with("it holds `thesis.txt`"), "{error}");
    assert!(tree(folder.path()) == before);

    // A bag of another program.
    fs::write(theirs.join(BAGIT), "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n").unwrap();
    fs::write(theirs.join(BAG_INFO), "Source-Organization: A library\n").unwrap();
    assert!(matches!(seal_at(&theirs, true).unwrap_err(), PackError::Occupied { .. }));
    assert!(theirs.join("thesis.txt").exists());
}

#[test]
fn an_earlier_pack_with_a_strangers_file_in_it_is_kept() {
    for stranger in ["notes.txt", "data/01_report.pdf.bak", "a b"] {
        let (folder, out) = pack(true);
        fs::write(out.join(stranger), "mine").unwrap();
        let before = tree(folder.path());
        let error = seal_at(&out, true).unwrap_err();
        assert!(error.to_string().ends_with(&format!("it holds `{stranger}`")), "{error}");
        assert!(tree(folder.path()) == before);
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_a_folder_stands_for_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("disk/real"), folder.path().join("link"));
    fs::create_dir_all(&real).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    seal_at(&link, true).unwrap();
    seal_at(&link, true).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(check(&real, &[pin(1)]).verdict, Verdict::Verified);
    // A link that leads nowhere is nothing to write through.
    let broken = folder.path().join("broken");
    std::os::unix::fs::symlink(folder.path().join("absent"), &broken).unwrap();
    assert!(matches!(OutFolder::judge(&broken).unwrap_err(), PackError::NotAFolder { .. }));
}

#[test]
fn a_place_that_cannot_be_written_is_an_output_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "mine").unwrap();
    let error = seal_at(&folder.path().join("file/below/pack"), true).unwrap_err();
    assert!(matches!(error, PackError::Io { .. }) && !error.is_usage(), "{error}");
    assert!(error.help().is_some());
    assert_eq!(tree(folder.path()).len(), 1);
}

#[test]
fn a_run_that_was_killed_does_not_stand_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join(".pack.partial-0");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("half"), "").unwrap();
    let out = folder.path().join("pack");
    seal_at(&out, true).unwrap();
    assert_eq!(check(&out, &[pin(1)]).verdict, Verdict::Verified);
    assert!(left.join("half").exists(), "it may belong to a run that is still going");
}
