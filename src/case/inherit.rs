//! Joins between records of one source, once all of them are there: what their profile lets an event take from another.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::DataFrame;

use super::repeat;
use crate::clock::Period;
use crate::column::{FrameBuilder, FrameReader, text_at};
use crate::event::Event;
use crate::profile::{Join, Offer, Profile, Taking, read_keys};
use crate::report::model::JoinTally;

/// What is offered, by source, join, and key.
type Offers = BTreeMap<(String, String, String), Vec<Offer>>;

/// What became of wishes to take values, by source and join.
pub type Tallies = BTreeMap<String, BTreeMap<String, JoinTally>>;

/// How many events would take from an event that gives once, by source, join, and the id of what gives.
type Claims = BTreeMap<(String, String, String), u64>;

/// What the events of a run may take, and what speaks against it.
struct Market<'a> {
    profiles: &'a BTreeMap<&'a str, &'a Profile>,
    offers: Offers,
    claims: Claims,
    /// Spans in which records of a source may be missing.
    holes: &'a [(&'a str, Period)],
}

/// Lets the events of `parts` take what their profiles say from other records of their source. Ids stay as they are.
///
/// In a span of `holes` a record may be missing that would have lain nearer than those that are there.
pub fn inherit(
    parts: &mut [DataFrame],
    profiles: &BTreeMap<&str, &Profile>,
    chained: &BTreeSet<&str>,
    holes: &[(&str, Period)],
) -> Tallies {
    let mut tallies = Tallies::new();
    if profiles.values().all(|profile| profile.joins().is_empty()) {
        return tallies;
    }
    let repeats = repeat::find(parts, chained);
    let offers = offered(parts, profiles, &repeats);
    let claims = claimed(parts, profiles, &repeats, &offers);
    let market = Market { profiles, offers, claims, holes };
    for frame in parts {
        if !asks(frame) {
            continue;
        }
        let mut filled = FrameBuilder::<Event>::default();
        for mut event in FrameReader::<Event>::new(frame).rows() {
            market.take(&mut event, &mut tallies);
            filled.push(&event);
        }
        *frame = filled.finish();
    }
    tallies
}

/// Tells whether an event of `frame` wishes to take values.
fn asks(frame: &DataFrame) -> bool {
    frame.column("takes").is_ok_and(|column| column.null_count() < column.len())
}

fn offered(parts: &[DataFrame], profiles: &BTreeMap<&str, &Profile>, repeats: &repeat::Repeats) -> Offers {
    let mut offers = Offers::new();
    for (frame, part) in parts.iter().zip(0..) {
        let Ok(column) = frame.column("offers") else { continue };
        let reader = FrameReader::<Event>::new(frame);
        for row in 0..frame.height() {
            // An older state of a row, or the same one exported again, offers nothing of its own.
            let Some(keys) = text_at(column, row).filter(|_| !repeats.contains(part, row)) else { continue };
            let mut event = reader.row(row);
            let source = event.source.as_deref().unwrap_or_default().to_owned();
            let Some(profile) = profiles.get(source.as_str()) else { continue };
            for (name, key) in read_keys(keys) {
                let Some(join) = profile.joins().iter().find(|join| join.name() == name) else { continue };
                offers.entry((source.clone(), name, key)).or_default().push(join.offer(&mut event));
            }
        }
    }
    for offers in offers.values_mut() {
        offers.sort_by(|a, b| a.place().cmp(&b.place()));
    }
    offers
}

/// Counts who would take what by a join that gives once. Which offer that is rests on time and key alone, so the order does not matter.
fn claimed(
    parts: &[DataFrame],
    profiles: &BTreeMap<&str, &Profile>,
    repeats: &repeat::Repeats,
    offers: &Offers,
) -> Claims {
    let mut claims = Claims::new();
    let once = |join: &Join| join.nearest().is_some_and(|nearest| nearest.once);
    if !profiles.values().any(|profile| profile.joins().iter().any(once)) {
        return claims;
    }
    for (frame, part) in parts.iter().zip(0..).filter(|(frame, _)| asks(frame)) {
        for (event, row) in FrameReader::<Event>::new(frame).rows().zip(0..) {
            let Some(wishes) = event.takes.as_deref().map(read_keys) else { continue };
            // The same execution, exported again, takes nothing from anybody.
            if repeats.contains(part, row) {
                continue;
            }
            let source = event.source.as_deref().unwrap_or_default();
            let Some(profile) = profiles.get(source) else { continue };
            for join in profile.joins().iter().filter(|join| once(join)) {
                let Some(key) = wishes.get(join.name()) else { continue };
                let at = (source.to_owned(), join.name().to_owned(), key.clone());
                if let Some(giver) = offers.get(&at).and_then(|offers| join.claims(&event, offers)) {
                    *claims.entry((at.0, at.1, giver.to_owned())).or_default() += 1;
                }
            }
        }
    }
    claims
}

impl Market<'_> {
    fn take(&self, event: &mut Event, tallies: &mut Tallies) {
        let Some(wishes) = event.takes.as_deref().map(read_keys) else { return };
        let source = event.source.as_deref().unwrap_or_default().to_owned();
        let Some(profile) = self.profiles.get(source.as_str()) else { return };
        // In the order of the profile, so that what one join fills is not null for the next.
        for join in profile.joins() {
            let Some(key) = wishes.get(join.name()) else { continue };
            let at = (source.clone(), join.name().to_owned(), key.clone());
            let offers = self.offers.get(&at).map_or(&[][..], Vec::as_slice);
            let doubted = self.is_doubted(join, event, &source, offers);
            let taken = join.take(event, offers, doubted);
            let tally = tallies.entry(source.clone()).or_default().entry(join.name().to_owned()).or_default();
            tally.nearest_ms = join.nearest().map(|nearest| nearest.within_ms);
            match taken {
                Taking::Taken => tally.taken += 1,
                Taking::Missing => tally.missing += 1,
                Taking::Ambiguous => tally.ambiguous += 1,
            }
        }
    }

    /// Tells whether another record may lie nearer, or another event take from the same one.
    fn is_doubted(&self, join: &Join, event: &Event, source: &str, offers: &[Offer]) -> bool {
        let hidden = join
            .window(event, offers)
            .is_some_and(|window| self.holes.iter().any(|(of, hole)| *of == source && hole.touches(window)));
        let shared = || {
            let giver = join.claims(event, offers)?;
            self.claims.get(&(source.to_owned(), join.name().to_owned(), giver.to_owned()))
        };
        hidden || shared().is_some_and(|count| *count > 1)
    }
}
