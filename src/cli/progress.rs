//! The progress bar: on a terminal, on standard error, and gone before anything else is written there.

use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::progress::{Watch, watch};

/// Shown for runs that take longer than a glance; without colour, and as wide as it must be.
const TEMPLATE: &str = "reading {bar:32} {binary_bytes} of {binary_total_bytes}, {msg}";
const BAR: &str = "█▌ ";

/// Shows progress from here on, where somebody looks: on a terminal that can move its cursor, and not in CI.
pub(super) fn show(quiet: bool) {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
    if !quiet && !dumb && !set("CI") && io::stderr().is_terminal() {
        watch(Box::new(Bar::new(ProgressDrawTarget::stderr_with_hz(10))));
    }
}

struct Bar {
    bar: ProgressBar,
    segments: AtomicU64,
    read: AtomicU64,
}

impl Bar {
    fn new(target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(None, target);
        let style =
            ProgressStyle::with_template(TEMPLATE).expect("the template is in sight, and a test draws it");
        bar.set_style(style.progress_chars(BAR));
        Self { bar, segments: AtomicU64::new(0), read: AtomicU64::new(0) }
    }

    fn say(&self) {
        let (read, all) = (self.read.load(Ordering::Relaxed), self.segments.load(Ordering::Relaxed));
        self.bar.set_message(format!("{read} of {all} {}", if all == 1 { "segment" } else { "segments" }));
    }
}

impl Watch for Bar {
    fn planned(&self, segments: u64, bytes: u64) {
        self.segments.store(segments, Ordering::Relaxed);
        self.read.store(0, Ordering::Relaxed);
        self.bar.reset();
        self.bar.set_length(bytes);
        self.say();
        // Long objects give no sign for seconds; what is shown stays true meanwhile.
        self.bar.enable_steady_tick(Duration::from_millis(250));
    }

    fn read(&self, bytes: u64) {
        self.read.fetch_add(1, Ordering::Relaxed);
        self.bar.inc(bytes);
        self.say();
    }

    fn done(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;

    use super::*;

    #[test]
    fn counts_segments_and_bytes_and_leaves_nothing() {
        let term = InMemoryTerm::new(4, 100);
        let bar = Bar::new(ProgressDrawTarget::term_like_with_hz(Box::new(term.clone()), 255));
        bar.planned(3, 4 << 20);
        bar.read(1 << 20);
        bar.bar.force_draw();
        let drawn = term.contents();
        assert!(
            drawn.starts_with("reading ") && drawn.ends_with("1.00 MiB of 4.00 MiB, 1 of 3 segments"),
            "{drawn}"
        );
        bar.read(1 << 20);
        bar.read(2 << 20);
        bar.bar.force_draw();
        assert!(term.contents().ends_with("4.00 MiB of 4.00 MiB, 3 of 3 segments"), "{}", term.contents());
        bar.done();
        assert_eq!(term.contents(), "");
        // The second derivation of `verify PACK` reads again, from the start.
        bar.planned(1, 10);
        bar.bar.force_draw();
        assert!(term.contents().ends_with("0 B of 10 B, 0 of 1 segment"), "{}", term.contents());
    }
}
