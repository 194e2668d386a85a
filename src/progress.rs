//! What a run tells whoever waits for it: how much there is to read, and how much was read.
//!
//! Nothing comes back from here, so no result can depend on it. [`watch`] is for the program alone, once, before it does
//! anything; a library that is used without it tells nobody.

use std::sync::OnceLock;

/// Somebody who waits for a run. Several threads call it at once.
pub trait Watch: Send + Sync {
    /// There are so many segments to read, of so many bytes as stored.
    fn planned(&self, segments: u64, bytes: u64);
    /// A segment of so many bytes was read.
    fn read(&self, bytes: u64);
    /// Everything planned was read.
    fn done(&self);
}

static WATCHER: OnceLock<Box<dyn Watch>> = OnceLock::new();

/// Names who is told; only the first call counts.
pub fn watch(watcher: Box<dyn Watch>) {
    let _ = WATCHER.set(watcher);
}

/// Tells whoever waits, if anybody does.
pub(crate) fn tell(say: impl FnOnce(&dyn Watch)) {
    if let Some(watcher) = WATCHER.get() {
        say(watcher.as_ref());
    }
}
