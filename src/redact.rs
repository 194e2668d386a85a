//! The one function that every shown value passes.
//!
//! Values that will be rendered, stored in tables, or packed go through [`shown`] where an event is made, so that
//! tests, report and pack read the same text. Detectors of secrets and personal fields plug in here.

/// The most characters of one value that are kept; the rest is committed to by its digest.
///
/// A command longer than this is not read by a person in a report, and an attacker could otherwise fill the pack.
pub const MAX_CHARS: usize = 4_096;

/// Returns `value` as it may be shown: over-long text is cut, and ends in its length and digest.
pub fn shown(value: &str) -> String {
    if value.chars().count() <= MAX_CHARS {
        return value.to_owned();
    }
    let head: String = value.chars().take(MAX_CHARS).collect();
    format!("{head} … [{} bytes in all, sha256 {}]", value.len(), crate::digest::Digest::of(value.as_bytes()))
}
