//! One row of the roster: an alias of a person, an agent, or a service, and when it is in force.

use crate::clock::Moment;

/// Kinds of principal that a roster knows.
pub(super) const KINDS: [&str; 3] = ["human", "agent", "service"];

/// Where a moment lies to the span of a row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Force {
    /// Outside.
    Out,
    /// The directory does not say when it ended: it may have been before, it may have been after.
    Unsure,
    /// Inside.
    In,
}

/// A row of the roster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Person {
    pub person: String,
    pub name: String,
    /// None where a directory does not say.
    pub kind: Option<String>,
    pub owner: Option<String>,
    pub ns: String,
    pub id: String,
    pub from: Option<Moment>,
    /// From here to `until` nobody says whether the row was still in force.
    pub certain_until: Option<Moment>,
    pub until: Option<Moment>,
    pub reviews: Vec<String>,
    /// File and place that state it.
    pub origin: String,
}

impl Person {
    /// Returns whether the row is in force at `at`; at an unknown time every row is.
    pub(super) fn force(&self, at: Option<Moment>) -> Force {
        let Some(at) = at else { return Force::In };
        if self.from.is_some_and(|from| at < from) || self.until.is_some_and(|until| until <= at) {
            return Force::Out;
        }
        match self.certain_until {
            Some(certain) if certain <= at => Force::Unsure,
            _ => Force::In,
        }
    }
}

/// Returns the namespace and id as they compare. E-mail addresses compare without case (RFC 5321 leaves that to the
/// host, and no host in use minds); other ids exactly.
pub(super) fn key(ns: &str, id: &str) -> (String, String) {
    let id = if ns == "email" { id.to_lowercase() } else { id.to_owned() };
    (ns.to_owned(), id)
}
