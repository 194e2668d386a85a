//! Logs inside archives: each file is an object of its own, and what cannot be read is a hole and never silence.
#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::io::Write as _;

use countersign::integrity::verdict::BreakKind;
use countersign::report::model::Report;

use crate::support::{Workspace, conserves, countersign};

const CREATE: &str = r#"{"event":"access_request.create","code":"T5000I","uid":"u1","time":"2026-06-03T10:00:00Z","cluster_name":"corp","id":"req-1","state":"PENDING","user":"dana","roles":["db"]}"#;
const REVIEW: &str = r#"{"event":"access_request.review","code":"T5002I","uid":"u2","time":"2026-06-03T10:05:00Z","cluster_name":"corp","id":"req-1","state":"APPROVED","proposed_state":"APPROVED","reviewer":"lee"}"#;

/// Files of one log, in pieces.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(format!("{REVIEW}\n").as_bytes()).unwrap();
    vec![("a.jsonl", format!("{CREATE}\n").into_bytes()), ("deep/b.jsonl.gz", packed.finish().unwrap())]
}

/// Writes a zip archive as APPNOTE 4.3 has it, so that a test can put anything into it.
fn zip(files: &[(&str, Vec<u8>)], deflated: bool) -> Vec<u8> {
    let (mut out, mut central) = (Vec::new(), Vec::new());
    let mut entries = 0_u16;
    for (name, bytes) in [("deep/", Vec::new())].iter().chain(files) {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let packed = match deflated {
            true => {
                let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            false => bytes.clone(),
        };
        let start = u32::try_from(out.len()).unwrap();
        let small = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
        let large = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
        // Version needed, flags, method, time, date; then checksum, sizes, and lengths.
        let mut shared = vec![20, 0, 0, 0, if deflated { 8 } else { 0 }, 0, 0, 0, 0x21, 0];
        shared.extend(crc.sum().to_le_bytes());
        shared.extend(large(packed.len()));
        shared.extend(large(bytes.len()));
        shared.extend(small(name.len()));
        shared.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&shared);
        out.extend(name.as_bytes());
        out.extend(packed);
        central.extend(b"PK\x01\x02\x14\x00");
        central.extend(&shared);
        central.extend([0; 10]);
        central.extend(start.to_le_bytes());
        central.extend(name.as_bytes());
        entries += 1;
    }
    let (offset, length) = (u32::try_from(out.len()).unwrap(), u32::try_from(central.len()).unwrap());
    out.extend(&central);
    out.extend(b"PK\x05\x06\x00\x00\x00\x00");
    out.extend(entries.to_le_bytes());
    out.extend(entries.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend(offset.to_le_bytes());
    out.extend([0, 0]);
    out
}

fn tar(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        archive.append(&header(name, tar::EntryType::Regular, bytes.len()), bytes.as_slice()).unwrap();
    }
    archive.into_inner().unwrap()
}

/// A header whose name is written as it is, however hostile.
fn header(name: &str, kind: tar::EntryType, size: usize) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size as u64);
    header.set_cksum();
    header
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// Runs a workspace whose log folder holds one archive.
fn run(name: &str, bytes: Vec<u8>) -> (Workspace, Report) {
    let workspace = Workspace::with_source("teleport");
    workspace.write(&format!("logs/{name}"), bytes);
    let report = workspace.library(None).assessment.report().clone();
    conserves(&report);
    (workspace, report)
}

fn names(report: &Report) -> Vec<&str> {
    report.objects.iter().map(|object| object.name.as_str()).collect()
}

#[test]
fn every_file_of_an_archive_is_an_object_of_its_own() {
    let plain = Workspace::with_source("teleport");
    for (name, bytes) in files() {
        plain.write(&format!("logs/{}", name.replace("deep/", "")), bytes);
    }
    let plain = plain.library(None);
    let sums = |report: &Report| -> Vec<_> {
        report.objects.iter().map(|o| (o.sha256, o.bytes, o.records)).collect()
    };
    for (archive, bytes) in [
        ("x.zip", zip(&files(), true)),
        ("x.zip", zip(&files(), false)),
        ("x.tar", tar(&files())),
        ("x.tar.gz", gzip(&tar(&files()))),
        ("x.tgz", gzip(&tar(&files()))),
        ("x.tar.zst", zstd::encode_all(tar(&files()).as_slice(), 1).unwrap()),
    ] {
        let (_, report) = run(archive, bytes);
        let inside = |name: &str| format!("logs/{archive}!/{name}");
        assert_eq!(names(&report), [inside("a.jsonl"), inside("deep/b.jsonl.gz")], "{archive}");
        assert_eq!(sums(&report), sums(plain.assessment.report()), "{archive}");
        let tally = &report.sources[0].tally;
        assert_eq!(
            (tally.read, tally.mapped, tally.events),
            (2, 2, plain.assessment.report().sources[0].tally.events)
        );
        assert!(
            report.holes.iter().all(|hole| hole.kind != BreakKind::UnreadableObject),
            "{:?}",
            report.holes
        );
    }
}

#[test]
fn a_pattern_names_files_inside_an_archive() {
    let workspace = Workspace::with_source("teleport");
    let mut all = files();
    all.push(("notes/readme.txt", b"not a log".to_vec()));
    all.push((".DS_Store", b"not a log".to_vec()));
    workspace.write("logs/x.zip", zip(&all, true));
    workspace.write("logs/beside.jsonl", "no record\n");
    let with = |pattern: &str| {
        workspace.edit("countersign.toml", |text| {
            let start = text.find("objects = ").unwrap();
            format!("{}objects = [\"{pattern}\"]\n", &text[..start])
        });
        workspace.library(None).assessment.report().clone()
    };
    let report = with("logs/*.zip!/{*.jsonl,deep/*}");
    assert_eq!(names(&report), ["logs/x.zip!/a.jsonl", "logs/x.zip!/deep/b.jsonl.gz"]);
    assert_eq!(report.sources[0].tally.rejected.values().sum::<u64>(), 0);
    let nothing = with("logs/x.zip!/*.csv");
    assert!(names(&nothing).is_empty());
    let kinds: Vec<_> = nothing.holes.iter().map(|hole| hole.kind).collect();
    assert!(kinds.contains(&BreakKind::MissingObject), "{:?}", nothing.holes);
}

#[test]
fn names_that_lead_elsewhere_links_and_doubles_are_holes_and_the_rest_is_read() {
    let log = format!("{CREATE}\n").into_bytes();
    let mut archive = tar::Builder::new(Vec::new());
    for (name, kind) in [
        ("ok.jsonl", tar::EntryType::Regular),
        ("../up.jsonl", tar::EntryType::Regular),
        ("/etc/abs.jsonl", tar::EntryType::Regular),
        ("a\\b.jsonl", tar::EntryType::Regular),
        ("line\nbreak.jsonl", tar::EntryType::Regular),
        ("link.jsonl", tar::EntryType::Symlink),
        ("device.jsonl", tar::EntryType::Fifo),
        ("ok.jsonl", tar::EntryType::Regular),
    ] {
        let size = if kind == tar::EntryType::Regular { log.len() } else { 0 };
        archive.append(&header(name, kind, size), &log[..size]).unwrap();
    }
    let (workspace, report) = run("x.tar", archive.into_inner().unwrap());
    assert_eq!(names(&report), ["logs/x.tar!/ok.jsonl"], "the first of its name");
    let unreadable = report.holes.iter().filter(|hole| hole.kind == BreakKind::UnreadableObject);
    let details: Vec<&str> = unreadable.map(|hole| hole.detail.as_str()).collect();
    for what in [
        "leads out",
        "absolute",
        "backslash",
        "control characters",
        "is a link",
        "no ordinary file",
        "has its name",
    ] {
        assert!(details.iter().any(|detail| detail.contains(what)), "{what}: {details:?}");
    }
    // Each is a hole, the run is incomplete, and nobody's terminal gets a line break from a name.
    let ran = workspace.run("check", &[]);
    assert_eq!(ran.exit, 5, "{}", ran.out);
    assert!(!ran.out.contains("line\nbreak"), "{}", ran.out);
}

#[test]
fn archives_that_lie_or_break_off_are_holes() {
    let whole = tar(&files());
    let zipped = zip(&files(), true);
    // The checksum in the central directory, 16 bytes after its signature.
    let central = zipped.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let second =
        central + 4 + zipped[central + 4..].windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let mut wrong = zipped.clone();
    wrong[second + 16] ^= 1;
    let mut encrypted = zipped.clone();
    encrypted[second + 8] |= 1;
    for (what, name, bytes, kind) in [
        ("no zip", "x.zip", b"{\"event\":1}\n".to_vec(), BreakKind::UnreadableObject),
        ("no tar", "x.tar", b"{\"event\":1}\n".to_vec(), BreakKind::UnreadableObject),
        ("cut after a file", "x.tar", whole[..700].to_vec(), BreakKind::UnreadableObject),
        ("cut zip", "x.zip", zipped[..zipped.len() - 30].to_vec(), BreakKind::UnreadableObject),
        ("wrong checksum", "x.zip", wrong, BreakKind::UnreadableObject),
        ("encrypted", "x.zip", encrypted, BreakKind::UnreadableObject),
        ("empty", "x.zip", zip(&[], false), BreakKind::MissingObject),
    ] {
        let workspace = Workspace::with_source("teleport");
        workspace.write(&format!("logs/{name}"), bytes);
        let report = workspace.library(None).assessment.report().clone();
        let kinds: Vec<BreakKind> = report.holes.iter().map(|hole| hole.kind).collect();
        assert!(kinds.contains(&kind), "{what}: {:?}", report.holes);
    }
}

#[test]
fn an_archive_that_unpacks_to_far_more_than_it_is_gives_nothing() {
    let zeros = vec![b' '; 8 << 20];
    for (name, bytes) in [
        ("x.zip", zip(&[("a.jsonl", zeros.clone())], true)),
        ("x.tar.gz", gzip(&tar(&[("a.jsonl", zeros.clone())]))),
    ] {
        let workspace = Workspace::with_source("teleport");
        workspace.write(&format!("logs/{name}"), bytes);
        let report = workspace.library(None).assessment.report().clone();
        let detail: Vec<&str> = report.holes.iter().map(|hole| hole.detail.as_str()).collect();
        assert!(
            detail.iter().any(|detail| detail.contains("more than 200 times its size")),
            "{name}: {detail:?}"
        );
        assert_eq!(report.sources[0].tally.read, 0, "{name}");
    }
}

#[test]
fn a_pack_of_files_from_an_archive_derives_again() {
    let workspace = Workspace::with_source("teleport");
    workspace.write("logs/x.zip", zip(&files(), true));
    let out = workspace.at("pack");
    let ran = workspace.run("report", &["--formats", "json", "--out", out.to_str().unwrap()]);
    assert!(matches!(ran.exit, 0 | 4), "{} {}", ran.out, ran.err);
    let verified = countersign(&["verify", out.to_str().unwrap()]);
    assert!(!verified.out.contains("altered"), "{}", verified.out);
    assert!(verified.out.contains("x.zip!/a.jsonl") || verified.exit == 4, "{}", verified.out);
}
