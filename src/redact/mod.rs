//! The one place where text from a log becomes text that may be shown.
//!
//! [`event`] masks and bounds every text of an event where the event is made, so that tests, report, and pack read the
//! same text; [`shown`] does the same for a value that stands in a message. A raw record is never shown. What is looked
//! for, and what the workspace may change, is in `docs/formats/redaction.md`.

mod class;
mod detect;
mod event;
mod filter;
mod mask;
mod policy;

pub use self::class::Class;
pub use self::detect::DETECTORS_VERSION;
pub use self::event::{FREE_TEXT, event, hits};
pub use self::mask::{Hit, Scope, mask};
pub use self::policy::{Action, Allowed, Policy};

/// The most characters of one value that are kept; the rest is committed to by its digest.
///
/// A command longer than this is not read by a person in a report, and an attacker could otherwise fill the pack.
pub const MAX_CHARS: usize = 4_096;

/// Returns `value` as it may be shown in a message: secrets are masked, and over-long text is cut.
///
/// Personal data stays: a message names what a person has to look for.
pub fn shown(value: &str) -> String {
    match mask(value, Policy::secrets(), Scope::FreeText) {
        Some((masked, _)) => cut(&masked),
        None => cut(value),
    }
}

/// Returns `value`, or its beginning with its length and digest. What is cut has been masked before.
fn cut(value: &str) -> String {
    if value.chars().count() <= MAX_CHARS {
        return value.to_owned();
    }
    let head: String = value.chars().take(MAX_CHARS).collect();
    format!("{head} … [{} bytes in all, sha256 {}]", value.len(), crate::digest::Digest::of(value.as_bytes()))
}

#[cfg(test)]
mod tests;
