//! Joins by nearest time: which record of a key gives, where no id says it.
//!
//! Such a join is weak. It is for executions alone, since no approval is placed by a guess; and it gives nothing where two
//! records lie as near, where two executions would take from a record that can give once, or where a hole may hide another.

use super::error::ProfileError;
use super::join::Offer;
use super::stamp::DurationUnit;
use super::syntax::{Node, Table};
use crate::clock::{Moment, Period};
use crate::redact::shown;

/// The longest time between a record and one that takes from it: a day. Beyond it nearness says nothing.
const MAX_WITHIN_MS: i64 = 24 * 60 * 60 * 1000;

/// How a join picks among the records of a key by time alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Nearest {
    /// Longest time between the two records, milliseconds, the end included.
    pub within_ms: i64,
    /// Whether a record gives to one event alone.
    pub once: bool,
}

/// What lies nearest to an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Choice<'o> {
    /// One record, or several as near that agree.
    One(&'o Offer),
    /// Several as near that do not agree.
    Several,
    /// None within the time allowed.
    None,
}

impl Nearest {
    /// Compiles `nearest` and `once` of a table of `[joins]`.
    pub(super) fn of(table: Table<'_>) -> Result<Option<Self>, ProfileError> {
        let once = table.opt("once");
        let Some(node) = table.opt("nearest") else {
            return match once {
                None => Ok(None),
                Some(node) => Err(node.error("`once` has a meaning beside `nearest` only", None)),
            };
        };
        Ok(Some(Self {
            within_ms: within_ms(node)?,
            once: once.map(|node| node.flag()).transpose()?.unwrap_or(false),
        }))
    }

    /// Returns the time in which a record must lie to give to an event at `at`, both ends included.
    pub(super) fn window(self, at: i64, earlier: bool) -> Period {
        let to = if earlier { at } else { at.saturating_add(self.within_ms) };
        Period {
            from: Moment::from_ms(at.saturating_sub(self.within_ms)),
            to: Moment::from_ms(to).plus_ms(1),
        }
    }

    /// Returns what lies nearest to `at` among `offers`, which stand in the order of their time, those without one first.
    pub(super) fn choose<'o>(self, at: i64, own: &str, offers: &'o [Offer], earlier: bool) -> Choice<'o> {
        let distance = |offer: &Offer| {
            let then = offer.at?;
            let apart = if then <= at { at.checked_sub(then)? } else { then.checked_sub(at)? };
            (apart <= self.within_ms && offer.id != own && (then <= at || !earlier)).then_some(apart)
        };
        let after = offers.partition_point(|offer| offer.at.is_none_or(|then| then <= at));
        let (before, behind) = offers.split_at(after);
        // On each side the first is the nearest, and those of its time stand beside it: no others are looked at.
        let others = |offer: &&Offer| offer.id != own;
        let sides = [before.iter().rev().find(others), behind.iter().find(others)];
        let Some(nearest) = sides.into_iter().flatten().filter_map(distance).min() else {
            return Choice::None;
        };
        let as_near = |offer: &&Offer| distance(offer) == Some(nearest);
        let run = |offer: &&Offer| offer.id == own || as_near(offer);
        let (left, right) = (before.iter().rev().take_while(run), behind.iter().take_while(run));
        let mut found = left.chain(right).filter(as_near);
        let Some(first) = found.next() else { return Choice::None };
        if found.all(|other| other.agrees(first)) { Choice::One(first) } else { Choice::Several }
    }
}

fn within_ms(node: Node<'_>) -> Result<i64, ProfileError> {
    let text = node.text()?;
    let nanos = DurationUnit::from_word("go").and_then(|unit| unit.read(text).ok());
    let ms = nanos.filter(|nanos| nanos % 1_000_000 == 0).map(|nanos| nanos / 1_000_000);
    ms.filter(|ms| (1..=MAX_WITHIN_MS).contains(ms)).ok_or_else(|| {
        let help = "write a length of time of at most a day: `500ms`, `30s`, `10m`, `2h`".to_owned();
        node.error(format!("`{}` is no time within which a record is near", shown(text)), Some(help))
    })
}
