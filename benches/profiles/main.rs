//! Measures how fast source profiles map JSON records, against a bare parse of the same bytes, in one run and on one core.
//!
//! ```text
//! cargo bench --bench profiles              # every profile, a minute or two
//! cargo bench --bench profiles -- teleport  # those whose name holds a word
//! ```
//!
//! The limit is what no mapping can leave out: `serde_json` into a tree that borrows its text, each record for itself. The mapping
//! finds the records, digests each, parses it, applies the profile, masks, and makes the events. Records are those of the
//! profile's own samples that give events, over and over. Limit and mapping run in turns, and the best of each
//! counts, so that other work on the machine weighs on both alike. Ends with 1 where a budget is exceeded.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures time, and no result depends on it")]
#![expect(clippy::print_stdout, reason = "the table is the result")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made has no result")]

mod bare;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use countersign::integrity::record::VerifiedRecord;
use countersign::profile::library::{Entry, Library};
use countersign::profile::{Mapped, Profile};

/// Bytes of records per profile and turn.
const BYTES: usize = 4 << 20;
/// Turns of limit and mapping.
const TURNS: usize = 7;
/// The profile of `countersign-log/1`, and the part of the limit's rate that it must reach.
const NATIVE: (&str, f64) = ("countersign", 1.0 / 3.0);
/// The part that every other profile must reach.
const SLOWEST: f64 = 1.0 / 6.0;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let library = Library::shipped().unwrap();
    let asked = |entry: &&Entry| {
        words.is_empty() || words.iter().any(|word| entry.profile().name().contains(word.as_str()))
    };
    println!(
        "{:<18} {:>7} {:>12} {:>12} {:>8}  budget",
        "profile", "records", "bare MiB/s", "mapped MiB/s", "ratio"
    );
    let mut kept = true;
    let mut measured = 0;
    for entry in library.entries().filter(asked) {
        let profile = entry.profile();
        let lines = lines(entry);
        if lines.is_empty() {
            println!("{:<18} no JSON line of a sample gives an event", profile.name());
            continue;
        }
        kept &= measure(profile, &lines);
        measured += 1;
    }
    // A word that fits nothing measures nothing, and that is no result.
    ExitCode::from(u8::from(!kept || measured == 0))
}

/// Measures one profile on `lines`, prints its row, and tells whether it keeps its budget.
fn measure(profile: &Profile, lines: &[String]) -> bool {
    let mut text = String::with_capacity(BYTES + (1 << 16));
    let mut records = 0_u32;
    while text.len() < BYTES {
        let next = lines.iter().cycle().nth(usize::try_from(records).unwrap() % lines.len()).unwrap();
        text.push_str(next);
        text.push('\n');
        records += 1;
    }
    let (mut limit, mut ours) = (Duration::MAX, Duration::MAX);
    for _ in 0..TURNS {
        limit =
            limit.min(timed(|| text.lines().for_each(|line| drop(black_box(bare::parse(line).unwrap())))));
        ours = ours.min(timed(|| {
            let events = map(profile, &text);
            assert!(events >= u64::from(records), "every record gives an event");
        }));
    }
    let rate = |time: Duration| {
        f64::from(u32::try_from(text.len()).unwrap()) / f64::from(1 << 20) / time.as_secs_f64()
    };
    let ratio = limit.as_secs_f64() / ours.as_secs_f64();
    let budget = if profile.name() == NATIVE.0 { NATIVE.1 } else { SLOWEST };
    let verdict = if ratio >= budget { "kept" } else { "missed" };
    println!(
        "{:<18} {records:>7} {:>12.1} {:>12.1} {ratio:>8.3}  ≥ {budget:.3} {verdict}",
        profile.name(),
        rate(limit),
        rate(ours)
    );
    ratio >= budget
}

/// Maps every record of `text`, and returns how many events they gave.
fn map(profile: &Profile, text: &str) -> u64 {
    let context = profile.context("bench", "bench.jsonl", &BTreeMap::new()).unwrap();
    let mut events = Vec::new();
    let mut made = 0;
    profile
        .object("bench.jsonl", text, &mut |record| {
            let record = VerifiedRecord::unprotected(record.unwrap(), "bench");
            let mapped = profile.map(&record, &context, &mut events);
            assert!(matches!(mapped, Mapped::Events(_)), "{mapped:?}");
            made += events.len() as u64;
            black_box(&events);
            events.clear();
        })
        .unwrap();
    made
}

/// Returns the lines of a profile's samples that are JSON and give events, each for itself.
fn lines(entry: &Entry) -> Vec<String> {
    let samples = entry.files().iter();
    samples
        .filter(|(name, _)| name.starts_with("sample") && name.ends_with(".jsonl"))
        .flat_map(|(_, bytes)| String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| bare::parse(line).is_ok() && gives_events(entry.profile(), line))
        .collect()
}

/// Tells whether everything that a line holds gives events.
fn gives_events(profile: &Profile, line: &str) -> bool {
    let context = profile.context("bench", "bench.jsonl", &BTreeMap::new()).unwrap();
    let (mut records, mut giving) = (0, 0);
    let read = profile.object("bench.jsonl", line, &mut |record| {
        records += 1;
        let Ok(record) = record else { return };
        let mapped = profile.map(&VerifiedRecord::unprotected(record, "bench"), &context, &mut Vec::new());
        giving += u32::from(matches!(mapped, Mapped::Events(_)));
    });
    read.is_ok() && records > 0 && records == giving
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
