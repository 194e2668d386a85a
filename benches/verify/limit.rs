//! The least work that any verifier of the same bytes must do, on all cores.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use memchr::{memchr, memrchr};
use rayon::prelude::*;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::input::Input;
use super::program::{Cost, Watch};

/// Bytes of lines that one thread hashes at a time.
const RANGE: u64 = 8 << 20;

/// Reads the log, and hashes every line and the whole.
pub(crate) fn hashing(log: &Input) -> Cost {
    each_line(log, |line| {
        black_box(Sha256::digest(line));
    })
}

/// As [`hashing`], and reads every line as JSON, writes it anew, and hashes that.
pub(crate) fn rewriting(log: &Input) -> Cost {
    each_line(log, |line| {
        black_box(Sha256::digest(line));
        let value: Value = serde_json::from_slice(line).unwrap();
        black_box(Sha256::digest(value.to_string()));
    })
}

fn each_line(log: &Input, act: impl Fn(&[u8]) + Sync) -> Cost {
    let watch = Watch::start();
    let ranges: Vec<Option<u64>> =
        [None].into_iter().chain((0..log.bytes.div_ceil(RANGE)).map(|range| Some(range * RANGE))).collect();
    let lines: u64 = ranges
        .into_par_iter()
        .with_max_len(1)
        .map(|start| match start {
            None => object(log),
            Some(start) => lines(log, start, &act),
        })
        .sum();
    assert_eq!(lines, log.lines, "the limit hashes every line");
    watch.stop()
}

/// Hashes the whole log, and counts no line.
fn object(log: &Input) -> u64 {
    let mut file = File::open(&log.file).unwrap();
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer).unwrap() {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    black_box(hasher.finalize());
    0
}

/// Does its work on the lines that begin in the range from `start`, and counts them.
fn lines(log: &Input, start: u64, act: impl Fn(&[u8])) -> u64 {
    let mut file = BufReader::with_capacity(1 << 18, File::open(&log.file).unwrap());
    let mut line = Vec::new();
    let end = (start + RANGE).min(log.bytes);
    let mut at = start.saturating_sub(1);
    file.seek(SeekFrom::Start(at)).unwrap();
    if start > 0 {
        at += file.skip_until(b'\n').unwrap() as u64;
    }
    let mut count = 0;
    while at < end {
        let buffered = file.fill_buf().unwrap();
        let whole = memrchr(b'\n', buffered).map_or(0, |last| last + 1);
        if whole == 0 {
            line.clear();
            at += file.read_until(b'\n', &mut line).unwrap() as u64;
            act(&line[..line.len() - 1]);
            count += 1;
            continue;
        }
        let mut used = 0;
        while at < end && used < whole {
            let length = memchr(b'\n', &buffered[used..whole]).unwrap();
            act(&buffered[used..used + length]);
            used += length + 1;
            at += length as u64 + 1;
            count += 1;
        }
        file.consume(used);
    }
    count
}

/// What is signed, with its signatures, in memory.
pub(crate) struct Signatures {
    key: VerifyingKey,
    signed: Vec<(Vec<u8>, Signature)>,
}

/// Length of `,"sig":"` + 128 hex digits + `"}` at the end of a line.
const TAIL: usize = 138;

impl Signatures {
    /// Reads the signatures of a log, of whose lines `open` gives what is signed and the signature.
    pub(crate) fn read(log: &Input, open: impl Fn(&str) -> (Vec<u8>, Signature)) -> Self {
        let file = BufReader::new(File::open(&log.file).unwrap());
        let signed = file.lines().map(|line| open(&line.unwrap())).collect();
        Self { key: Input::key().verifying_key(), signed }
    }

    /// Opens a line of `countersign-log/1`.
    pub(crate) fn of_line(line: &str) -> (Vec<u8>, Signature) {
        let (body, tail) = line.split_at(line.len() - TAIL);
        let mut signature = [0; 64];
        hex::decode_to_slice(&tail[8..136], &mut signature).unwrap();
        (format!("countersign-log/1\n{body}").into_bytes(), Signature::from_bytes(&signature))
    }

    /// Opens a receipt of Signet, whose members stand in the order of their names.
    pub(crate) fn of_receipt(line: &str) -> (Vec<u8>, Signature) {
        let mut record: Value = serde_json::from_str(line).unwrap();
        let mut receipt = record["receipt"].take();
        let members = receipt.as_object_mut().unwrap();
        let signature = members.remove("sig").unwrap();
        members.remove("id").unwrap();
        let bytes = STANDARD.decode(signature.as_str().unwrap().trim_start_matches("ed25519:")).unwrap();
        (receipt.to_string().into_bytes(), Signature::from_slice(&bytes).unwrap())
    }

    /// Verifies each, strictly.
    pub(crate) fn verify_strict(&self) -> Cost {
        let watch = Watch::start();
        let good = self
            .signed
            .par_iter()
            .filter(|(message, signature)| self.key.verify_strict(message, signature).is_ok());
        assert_eq!(good.count(), self.signed.len(), "every signature fits");
        watch.stop()
    }
}
