//! Measures `countersign verify`, and `report`, against the limits of the machine, in one run.
//!
//! ```text
//! cargo bench --bench verify              # medium: 128 MiB and 100,000 signatures, a few minutes
//! cargo bench --bench verify -- --small   # seconds, to see that the bench itself works
//! cargo bench --bench verify -- --large   # 1 GiB, 4 GiB, and 1,000,000 signatures
//! ```
//!
//! A figure of seconds says more about the machine than about the program, so each is a ratio to a limit: work that no
//! verifier of the same bytes can leave out, done by the same libraries on all cores. Limit and program run in turns, and
//! the median of the turns' ratios counts, so that other work on the machine disturbs both alike. Logs are written to
//! the build folder and removed at the end. Exits with 1 where a budget is exceeded.

#![expect(clippy::print_stdout, reason = "the table is the result")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made has no result")]

mod foreign;
mod input;
mod limit;
mod program;
mod report;
mod table;

use std::path::Path;
use std::process::ExitCode;

use input::Input;
use program::Cost;
use table::{Budget, Table};

/// How much is measured.
struct Size {
    name: &'static str,
    /// Bytes of the log whose lines are hashed only.
    chained: u64,
    /// Bytes of a larger one, for the memory.
    larger: Option<u64>,
    /// Signed lines.
    signed: u64,
    /// Events of a report.
    events: u64,
    /// Exceptions of a report.
    exceptions: u64,
    /// Turns of limit and program.
    turns: usize,
}

const MIB: u64 = 1 << 20;

const SIZES: [Size; 3] = [
    Size {
        name: "small",
        chained: 16 * MIB,
        larger: None,
        signed: 10_000,
        events: 3_000,
        exceptions: 3_000,
        turns: 3,
    },
    Size {
        name: "medium",
        chained: 128 * MIB,
        larger: Some(512 * MIB),
        signed: 100_000,
        events: 100_000,
        exceptions: 100_000,
        turns: 5,
    },
    Size {
        name: "large",
        chained: 1024 * MIB,
        larger: Some(4096 * MIB),
        signed: 1_000_000,
        events: 1_000_000,
        exceptions: 100_000,
        turns: 5,
    },
];

/// Most memory of `verify`, whatever the size.
const MEMORY: u64 = 256 * MIB;

fn main() -> ExitCode {
    let asked = |size: &&Size| std::env::args().any(|arg| arg == format!("--{}", size.name));
    let size = SIZES.iter().find(asked).unwrap_or(&SIZES[1]);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut table = Table::new(size.name);
    chained(size, folder.path(), &mut table);
    signed(size, folder.path(), &mut table);
    foreign_chained(size, folder.path(), &mut table);
    foreign_signed(size, folder.path(), &mut table);
    report::memory(size.events, folder.path(), &mut table);
    report::exceptions(size.exceptions, size.turns.min(3), folder.path(), &mut table);
    println!("{table}");
    if table.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs limit and program on `log` in turns; returns the costs of both, and the peak memory.
fn in_turns(turns: usize, log: &Input, limit: impl Fn() -> Cost) -> (Vec<(Cost, Cost)>, u64) {
    let mut peak = 0;
    let costs = (0..turns).map(|_| {
        let limit = limit();
        let (cost, memory) = program::verify(log);
        peak = peak.max(memory);
        (limit, cost)
    });
    (costs.collect(), peak)
}

/// Hashing only: no key is trusted, so no signature can be checked.
fn chained(size: &Size, folder: &Path, table: &mut Table) {
    let log = Input::chained(folder, size.chained);
    let (turns, peak) = in_turns(size.turns, &log, || limit::hashing(&log));
    let what = format!("chain only, {} of {}-byte lines", table::bytes(log.bytes), log.bytes / log.lines);
    table.ratio(&what, "read, and SHA-256 of lines and object", &turns, Budget::AtMost(2.5));
    table.memory(&what, peak, MEMORY);
    let tenth = Input::chained(folder, size.chained / 10);
    let (turns, _) = in_turns(size.turns, &log, || program::verify(&tenth).0);
    table.growth(&format!("{} to {}", table::bytes(tenth.bytes), table::bytes(log.bytes)), &turns);
    tenth.remove();
    log.remove();
    if let Some(bytes) = size.larger {
        let log = Input::chained(folder, bytes);
        let (_, memory) = program::verify(&log);
        table.memory(&format!("chain only, {}", table::bytes(log.bytes)), memory, MEMORY);
        log.remove();
    }
}

/// A signature on every line, all by one key.
fn signed(size: &Size, folder: &Path, table: &mut Table) {
    let log = Input::signed(folder, size.signed);
    let signatures = limit::Signatures::read(&log, limit::Signatures::of_line);
    let (turns, peak) = in_turns(size.turns.min(3), &log, || signatures.verify_strict());
    let what = format!("signature per line, {} lines, one key", log.lines);
    table.ratio(&what, "`verify_strict` in a loop", &turns, Budget::RateAtLeast(1.8));
    table.memory(&what, peak, MEMORY);
    log.remove();
}

/// A chain that a profile describes, whose hash is over another spelling than the line's.
fn foreign_chained(size: &Size, folder: &Path, table: &mut Table) {
    let log = foreign::chained(folder, size.chained / 4);
    let (turns, peak) = in_turns(size.turns.min(3), &log, || limit::rewriting(&log));
    let what =
        format!("`agt-python-log`, {} of {}-byte lines", table::bytes(log.bytes), log.bytes / log.lines);
    let of = "read, `serde_json` to a value and back, and SHA-256 of both and of the object";
    table.ratio(&what, of, &turns, Budget::AtMost(2.5));
    table.memory(&what, peak, MEMORY);
    log.remove();
    if let Some(bytes) = size.larger {
        let log = foreign::chained(folder, bytes);
        let (_, memory) = program::verify(&log);
        table.memory(&format!("`agt-python-log`, {}", table::bytes(log.bytes)), memory, MEMORY);
        log.remove();
    }
}

/// A chain that a profile describes, and a signature on every line, all by one key.
fn foreign_signed(size: &Size, folder: &Path, table: &mut Table) {
    let log = foreign::signed(folder, size.signed / 4);
    let signatures = limit::Signatures::read(&log, limit::Signatures::of_receipt);
    let (turns, peak) = in_turns(size.turns.min(3), &log, || signatures.verify_strict());
    let what = format!("`signet`, {} lines, one key", log.lines);
    table.ratio(&what, "`verify_strict` in a loop", &turns, Budget::RateAtLeast(1.0));
    table.memory(&what, peak, MEMORY);
    log.remove();
}
