//! AWS CloudTrail: log files, the hourly digest files that list and hash them, and the signatures of those.
//!
//! No chain profile can say this format: what is hashed are whole files, the signature is metadata of the object store
//! and lies beside the file, and one folder holds a chain per account, region, and trail. The exact construction, and
//! how the sidecar files are made, stand in `docs/formats/cloudtrail.md`.
//!
//! In: the objects of one source, each read alone ([`object::read`]). Out: the same verdict, holes, and fate of every line
//! as for a log of our own format ([`stitch`]). In steps:
//!
//! 1. `object`, `digest`, `name`: one object to facts; what its name and its content say must agree;
//! 2. `key`: which key signed a digest, and what that is worth;
//! 3. `chain`: digests of one trail in order of time, each against the one before it, every hour accounted for;
//! 4. `listing`: log files against the digests that list them;
//! 5. `judge`: grades, completeness, verdict, reasons, and the spans in which records may be missing.

mod chain;
pub mod digest;
mod judge;
pub mod key;
mod listing;
pub mod name;
pub mod object;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub use judge::{NO_KEY, bounds, is_housekeeping, stitch};

use crate::clock::{Moment, Period};
use crate::integrity::head::LogHead;
use crate::integrity::keyring::Keyring;
use crate::integrity::verdict::BreakKind;

/// One object of the source, as its segment saw it.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// Name as declared.
    pub name: &'a str,
    /// What it is; `None` where it could not be read or holds single lines.
    pub object: Option<&'a object::TrailObject>,
    /// Why it was not read to its end, and the facts.
    pub fault: Option<(BreakKind, &'a str)>,
    /// Records in it; 0 for what is no log file.
    pub records: u64,
    /// Lines in it.
    pub lines: u64,
    /// Least and greatest time of its records.
    pub times: Option<(Moment, Moment)>,
}

/// Whose digests belong to the source, as the workspace or the log's name says.
///
/// AWS signs the digests of all its customers in a region with one key. A signature alone therefore says "AWS wrote this
/// for somebody", and never for whom.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Expected {
    /// Account ids; where there are none, nothing says whose digests these should be, and the log cannot be verified.
    pub accounts: BTreeSet<String>,
    /// Trail names; empty where any may stand.
    pub trails: BTreeSet<String>,
    /// Buckets; empty where any may stand.
    pub buckets: BTreeSet<String>,
}

impl Expected {
    /// Name of the setting with account ids, and of its values.
    pub const SETTINGS: [&'static str; 3] = ["accounts", "trails", "buckets"];

    /// Takes the lists of a workspace's `set`, and every part of twelve digits of the log's name as an account.
    pub fn of<'s>(log: &str, setting: impl Fn(&str) -> Option<&'s str>) -> Self {
        let list = |name: &str| -> BTreeSet<String> {
            let words = setting(name).unwrap_or_default().split([',', ' ']);
            words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let [accounts, trails, buckets] = Self::SETTINGS.map(list);
        let named = log.split(['.', '_', '-']).filter(|part| name::is_account(part)).map(str::to_owned);
        Self { accounts: accounts.into_iter().chain(named).collect(), trails, buckets }
    }
}

/// Everything that is judged together: one source.
#[derive(Clone, Copy)]
pub struct TrailInput<'a> {
    /// Source id; it is the log's name too, to which trust binds keys.
    pub source: &'a str,
    /// Its objects, sorted by name.
    pub items: &'a [Item<'a>],
    /// Objects that should be there and are not: name, kind, and the facts.
    pub missing: &'a [(String, BreakKind, String)],
    /// Whose digests these should be.
    pub expected: &'a Expected,
    /// Heads brought from outside; none can be of this format.
    pub heads: &'a [LogHead],
    /// Trusted keys.
    pub keyring: &'a Keyring,
    /// Time for which the source is evidence.
    pub period: Period,
}
