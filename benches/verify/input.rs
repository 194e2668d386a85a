//! Logs to measure with, about 600 bytes a line, the same bytes for the same size: `countersign-log/1` here, other products'
//! in `foreign`.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use countersign::clock::Moment;
use countersign::digest::Digest;
use countersign::integrity::countersign_log::Draft;
use countersign::integrity::signature::PublicKey;
use ed25519_dalek::{Signer as _, SigningKey};

/// A log on disk.
pub(crate) struct Input {
    /// The file.
    pub(crate) file: PathBuf,
    /// Its length.
    pub(crate) bytes: u64,
    /// Its lines.
    pub(crate) lines: u64,
    /// What `verify` is told of it besides the file.
    pub(crate) arguments: Vec<OsString>,
    /// Signatures by a key that `verify` is told to trust.
    pub(crate) pinned: u64,
}

/// Anybody may know this key: it signs nothing but measurements.
const SECRET: [u8; 32] = [7; 32];
pub(crate) const LOG: &str = "bench";
pub(crate) const START_MS: i64 = 1_782_864_000_000;

impl Input {
    /// Writes a log of about `bytes` bytes whose signatures are only shaped like some: nobody is to check them.
    pub(crate) fn chained(folder: &Path, bytes: u64) -> Self {
        let file = folder.join(format!("chained-{bytes}.jsonl"));
        let (bytes, lines) = write(
            &file,
            |written, _| written < bytes,
            |message| {
                let digest = *Digest::of(&message[..64]).as_bytes();
                let mut signature = [0; 64];
                signature[..32].copy_from_slice(&digest);
                signature[32..].copy_from_slice(&digest);
                signature
            },
        );
        Self { file, bytes, lines, arguments: Vec::new(), pinned: 0 }
    }

    /// Writes a log of `lines` signed lines, and the trust file that names its key.
    pub(crate) fn signed(folder: &Path, lines: u64) -> Self {
        let file = folder.join(format!("signed-{lines}.jsonl"));
        let key = SigningKey::from_bytes(&SECRET);
        let (bytes, lines) =
            write(&file, |_, written| written < lines, |message| key.sign(message).to_bytes());
        Self { file, bytes, lines, arguments: trusted(folder), pinned: lines }
    }

    /// Writes a log of `events` signed events, three to a case, spread over 80 days.
    pub(crate) fn cases(folder: &Path, events: u64) -> Self {
        let file = folder.join(format!("cases-{events}.jsonl"));
        let key = SigningKey::from_bytes(&SECRET);
        let step = 80 * 24 * 3600 * 1000 / events;
        let (bytes, lines) = write_events(
            &file,
            |_, written| written < events,
            |message| key.sign(message).to_bytes(),
            |number| (number * step, case_event(number)),
        );
        Self { file, bytes, lines, arguments: trusted(folder), pinned: lines }
    }

    /// Writes a log of `events` signed executions over 80 days, none of which anybody asked for or approved.
    pub(crate) fn unapproved(folder: &Path, events: u64) -> Self {
        let file = folder.join(format!("unapproved-{events}.jsonl"));
        let key = SigningKey::from_bytes(&SECRET);
        let step = 80 * 24 * 3600 * 1000 / events;
        let (bytes, lines) = write_events(
            &file,
            |_, written| written < events,
            |message| key.sign(message).to_bytes(),
            |number| {
                (
                    number * step,
                    case_event(number * 3 + 2)
                        .replace(&format!(",\"corr\":{{\"request\":\"r-{number}\"}}"), ""),
                )
            },
        );
        Self { file, bytes, lines, arguments: trusted(folder), pinned: lines }
    }

    /// Removes the log.
    pub(crate) fn remove(self) {
        std::fs::remove_file(self.file).unwrap();
    }

    /// Returns the key that signs.
    pub(crate) fn key() -> SigningKey {
        SigningKey::from_bytes(&SECRET)
    }
}

/// Writes the trust file that names the key, and returns the arguments that bring it.
pub(crate) fn trusted(folder: &Path) -> Vec<OsString> {
    let pem = PublicKey::of_signing_key(&Input::key()).unwrap().to_pem();
    let trust = folder.join("trust.toml");
    let text = format!(
        "[[key]]\npem = \"\"\"\n{pem}\"\"\"\nowner = \"bench\"\npurpose = \"log\"\nlogs = [\"{LOG}\"]\n"
    );
    std::fs::write(&trust, text).unwrap();
    ["--trust".into(), trust.into(), "--log".into(), LOG.into()].into()
}

/// Writes lines while `more`, given the bytes and lines so far, says so; returns both.
fn write(file: &Path, more: impl Fn(u64, u64) -> bool, sign: impl FnMut(&[u8]) -> [u8; 64]) -> (u64, u64) {
    write_events(file, more, sign, |number| (number, event(number)))
}

/// As [`write`], with the milliseconds of each event since the start, and the event.
fn write_events(
    file: &Path,
    more: impl Fn(u64, u64) -> bool,
    mut sign: impl FnMut(&[u8]) -> [u8; 64],
    event: impl Fn(u64) -> (u64, String),
) -> (u64, u64) {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(file).unwrap());
    let key = PublicKey::of_signing_key(&Input::key()).unwrap().id();
    let (mut bytes, mut lines, mut prev) = (0, 0, Digest::ZERO);
    while more(bytes, lines) {
        let (since, event) = event(lines);
        let time = Moment::from_ms(START_MS).plus_ms(i64::try_from(since).unwrap());
        let line = Draft { log: LOG, seq: lines, time, key, prev, event: &event }.sign(&mut sign);
        prev = Digest::of(line.as_bytes());
        out.write_all(line.as_bytes()).unwrap();
        out.write_all(b"\n").unwrap();
        bytes += line.len() as u64 + 1;
        lines += 1;
    }
    out.flush().unwrap();
    (bytes, lines)
}

/// Returns an event as a gateway writes it: a few members, two of them nested.
fn event(number: u64) -> String {
    format!(
        "{{\"kind\":\"execution\",\"id\":\"x-{number}\",\"corr\":{{\"request\":\"r-{number}\"}},\"executor\":{{\"kind\":\"agent\",\
         \"id\":\"a{:02}\"}},\"action\":{{\"name\":\"db.write\",\"class\":\"write\"}},\"target\":{{\"id\":\"db-{}\",\"env\":\"prod\",\"region\":\"eu-central\",\"zone\":\"b\"}}}}",
        number % 60,
        number % 40,
    )
}

/// Returns an event of a case: it is asked for, approved by somebody else, and run.
fn case_event(number: u64) -> String {
    let case = number / 3;
    let agent = case % 60;
    let action = format!(
        "\"action\":{{\"name\":\"db.write\",\"class\":\"write\"}},\"target\":{{\"id\":\"db-{}\",\"group\":\"g{}\",\"env\":\"prod\"}}",
        case % 40,
        case % 7,
    );
    let link = format!("\"corr\":{{\"request\":\"r-{case}\"}}");
    match number % 3 {
        0 => format!(
            "{{\"kind\":\"request\",\"id\":\"r-{case}\",{link},\"requester\":{{\"kind\":\"agent\",\"id\":\"a{agent:02}\"}},{action},\
             \"justification\":[{{\"text\":\"batch {case}\",\"by\":\"requester\"}}]}}"
        ),
        1 => format!(
            "{{\"kind\":\"decision\",\"id\":\"d-{case}\",{link},\"decider\":{{\"kind\":\"human\",\"id\":\"h{:02}\"}},\
             \"decision\":{{\"outcome\":\"approved\"}}}}",
            case % 20,
        ),
        _ => format!(
            "{{\"kind\":\"execution\",\"id\":\"x-{case}\",{link},\"executor\":{{\"kind\":\"agent\",\"id\":\"a{agent:02}\"}},{action},\
             \"execution\":{{\"state\":\"succeeded\"}}}}"
        ),
    }
}
