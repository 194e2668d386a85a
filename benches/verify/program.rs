//! One run of the program in a process of its own: its time, its processor time, and its peak memory.
#![expect(clippy::disallowed_methods, reason = "a measurement is of time")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::input::Input;

/// What a piece of work took.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Cost {
    /// Seconds from start to end.
    pub(crate) wall: f64,
    /// Seconds of all cores together.
    pub(crate) cpu: f64,
}

/// Measures this process and the children it has waited for.
pub(crate) struct Watch {
    began: Instant,
    cpu: f64,
}

impl Watch {
    pub(crate) fn start() -> Self {
        Self { began: Instant::now(), cpu: cpu() }
    }

    pub(crate) fn stop(&self) -> Cost {
        Cost { wall: self.began.elapsed().as_secs_f64(), cpu: cpu() - self.cpu }
    }
}

/// Verifies `log`, and returns the cost and the peak memory in bytes.
pub(crate) fn verify(log: &Input) -> (Cost, u64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.arg("verify").arg(&log.file).args(&log.arguments).arg("--json");
    let (cost, peak, said) = run(command);
    let said: Value = serde_json::from_str(&said).unwrap();
    let found = &said["logs"][0];
    for (name, expected) in [("records", log.lines), ("pinned", log.pinned), ("rejected", 0)] {
        assert_eq!(found[name], expected, "`{name}` of {said:#}");
    }
    let breaks = found["breaks"].as_array().unwrap();
    assert!(breaks.iter().all(|one| one["kind"] == "unknown-key"), "{said:#}");
    (cost, peak)
}

/// Runs `command` to its end; returns the cost, the peak memory in bytes, and what it wrote to standard output.
pub(crate) fn run(mut command: Command) -> (Cost, u64, String) {
    let watch = Watch::start();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(peak_memory(child.id()).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(2));
    }
    let cost = watch.stop();
    (cost, peak, std::io::read_to_string(child.stdout.take().unwrap()).unwrap())
}

/// Returns the most memory that process `id` has held, as Linux counts it; elsewhere nothing.
fn peak_memory(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

/// Returns the processor seconds of this process and its children, where Linux tells them.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name, in parentheses, may hold anything. User, system, and both of the children are fields 14 to 17.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}
