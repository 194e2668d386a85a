//! Figures on large logs: `cargo test --lib foreign::stitch::tests::bench -- --ignored --nocapture`.

use std::time::Instant;

use super::logs::{Log, agent_receipts, plain};
use crate::integrity::foreign::scan::ForeignSummary;
use crate::integrity::verdict::Verdict;

/// Scans and folds, and prints how long both took.
#[expect(clippy::disallowed_methods, reason = "a figure is a time, and no result rests on it")]
fn run(name: &str, log: &Log) -> (Vec<ForeignSummary>, Verdict) {
    let format = log.format();
    let cuts: Vec<usize> = (0..log.objects[0].1.len()).step_by(5_000).skip(1).collect();
    let start = Instant::now();
    let summaries: Vec<ForeignSummary> =
        log.scan(&format, &cuts).into_iter().map(|one| one.summary).collect();
    let scanned = start.elapsed();
    let start = Instant::now();
    let verdict = log.fold(&format, &summaries).log.verdict;
    println!(
        "{name}: {} records, scan {scanned:?}, fold {:?}, {verdict}",
        log.objects[0].1.len(),
        start.elapsed()
    );
    (summaries, verdict)
}

#[test]
#[ignore = "figures, not a check"]
fn large_logs_take_linear_time() {
    let plain_log =
        |n: u64, sign: fn(u64) -> Option<u8>| Log::new("signed-some", plain("signed-some", n, sign));
    for n in [10_000, 20_000, 40_000] {
        run("one chain", &plain_log(n, |n| (n % 1000 == 999).then_some(1)));
    }
    let mut reversed = plain_log(20_000, |_| None);
    reversed.lines().reverse();
    run("every record before the one that it follows", &reversed);
    let mut broken = plain_log(20_000, |_| None);
    let every_other: Vec<String> = broken.objects[0].1.iter().step_by(2).cloned().collect();
    *broken.lines() = every_other;
    run("every other record gone", &broken);
    run("4,000 chains", &Log::new("agent-receipts", agent_receipts(4_000, 12_000, &[1])));
    let mut same = Log::new("loose", vec![plain("loose", 1, |_| Some(1)).remove(0); 20_000]);
    same.keys.clear();
    run("one record again and again", &same);
}
