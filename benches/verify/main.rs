//! Measures `countersign verify` against the limits of the machine, in one run.
//!
//! ```text
//! cargo bench --bench verify              # medium: 128 MiB and 100,000 signatures, a few minutes
//! cargo bench --bench verify -- --small   # seconds, to see that the bench itself works
//! cargo bench --bench verify -- --large   # 1 GiB, 4 GiB, and 1,000,000 signatures
//! ```
//!
//! A figure of seconds says more about the machine than about the program, so each is a ratio to a limit: work that no
//! verifier of the same bytes can leave out, done by the same libraries on all cores. Limit and program run in turns, and
//! of each the best of several turns counts, so that other work on the machine disturbs both alike. Logs are written to
//! the build folder and removed at the end. Exits with 1 where a budget is exceeded.

#![expect(clippy::print_stdout, reason = "the table is the result")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made has no result")]

mod input;
mod limit;
mod program;
mod table;

use std::path::Path;
use std::process::ExitCode;

use input::Input;
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
    /// Turns of limit and program, of which the best counts.
    turns: usize,
}

const MIB: u64 = 1 << 20;

const SIZES: [Size; 3] = [
    Size { name: "small", chained: 16 * MIB, larger: None, signed: 10_000, turns: 3 },
    Size { name: "medium", chained: 128 * MIB, larger: Some(512 * MIB), signed: 100_000, turns: 5 },
    Size { name: "large", chained: 1024 * MIB, larger: Some(4096 * MIB), signed: 1_000_000, turns: 5 },
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
    println!("{table}");
    if table.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Hashing only: no key is trusted, so no signature can be checked.
fn chained(size: &Size, folder: &Path, table: &mut Table) {
    let log = Input::chained(folder, size.chained);
    let tenth = Input::chained(folder, size.chained / 10);
    let (mut best, mut peak) = (program::Cost::WORST, 0);
    let (mut limit, mut small) = (program::Cost::WORST, program::Cost::WORST);
    for _ in 0..size.turns {
        limit = limit.min(limit::hashing(&log));
        let (cost, memory) = program::verify(&log, None);
        best = best.min(cost);
        peak = peak.max(memory);
        small = small.min(program::verify(&tenth, None).0);
    }
    let what = format!("chain only, {} of {}-byte lines", table::bytes(log.bytes), log.bytes / log.lines);
    table.ratio(&what, "read, and SHA-256 of lines and object", limit, best, Budget::AtMost(2.5));
    table.growth(&format!("{} to {}", table::bytes(tenth.bytes), table::bytes(log.bytes)), small, best);
    table.memory(&what, peak, MEMORY);
    tenth.remove();
    log.remove();
    if let Some(bytes) = size.larger {
        let log = Input::chained(folder, bytes);
        let (_, memory) = program::verify(&log, None);
        table.memory(&format!("chain only, {}", table::bytes(log.bytes)), memory, MEMORY);
        log.remove();
    }
}

/// A signature on every line, all by one key.
fn signed(size: &Size, folder: &Path, table: &mut Table) {
    let log = Input::signed(folder, size.signed);
    let signatures = limit::Signatures::read(&log);
    let (mut limit, mut best, mut peak) = (program::Cost::WORST, program::Cost::WORST, 0);
    for _ in 0..size.turns.min(3) {
        limit = limit.min(signatures.verify_strict());
        let (cost, memory) = program::verify(&log, log.trust.as_deref());
        best = best.min(cost);
        peak = peak.max(memory);
    }
    let what = format!("signature per line, {} lines, one key", log.lines);
    table.ratio(&what, "`verify_strict` in a loop", limit, best, Budget::RateAtLeast(1.8));
    table.memory(&what, peak, MEMORY);
    log.remove();
}
