//! Joins between records of one source, once all of them are there: what their profile lets an event take from another.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::DataFrame;

use super::repeat;
use crate::column::{FrameBuilder, FrameReader, text_at};
use crate::event::Event;
use crate::profile::{Offer, Profile, Taking, read_keys};
use crate::report::model::JoinTally;

/// What is offered, by source, join, and key.
type Offers = BTreeMap<(String, String, String), Vec<Offer>>;

/// What became of wishes to take values, by source and join.
pub type Tallies = BTreeMap<String, BTreeMap<String, JoinTally>>;

/// Lets the events of `parts` take what their profiles say from other records of their source. Ids stay as they are.
pub fn inherit(
    parts: &mut [DataFrame],
    profiles: &BTreeMap<&str, &Profile>,
    chained: &BTreeSet<&str>,
) -> Tallies {
    let mut tallies = Tallies::new();
    if profiles.values().all(|profile| profile.joins().is_empty()) {
        return tallies;
    }
    let offers = offered(parts, profiles, chained);
    for frame in parts {
        let wishes = frame.column("takes").is_ok_and(|column| column.null_count() < column.len());
        if !wishes {
            continue;
        }
        let mut filled = FrameBuilder::<Event>::default();
        for mut event in FrameReader::<Event>::new(frame).rows() {
            take(&mut event, profiles, &offers, &mut tallies);
            filled.push(&event);
        }
        *frame = filled.finish();
    }
    tallies
}

fn offered(parts: &[DataFrame], profiles: &BTreeMap<&str, &Profile>, chained: &BTreeSet<&str>) -> Offers {
    let repeats = repeat::find(parts, chained);
    let mut offers = Offers::new();
    for (frame, part) in parts.iter().zip(0..) {
        let Ok(column) = frame.column("offers") else { continue };
        let reader = FrameReader::<Event>::new(frame);
        for row in 0..frame.height() {
            // An older state of a row, or the same one exported again, offers nothing of its own.
            let Some(keys) = text_at(column, row).filter(|_| !repeats.contains(part, row)) else { continue };
            let mut event = reader.row(row);
            let source = event.source.clone().unwrap_or_default();
            let Some(profile) = profiles.get(source.as_str()) else { continue };
            for (name, key) in read_keys(keys) {
                let Some(join) = profile.joins().iter().find(|join| join.name() == name) else { continue };
                offers.entry((source.clone(), name, key)).or_default().push(join.offer(&mut event));
            }
        }
    }
    offers
}

fn take(event: &mut Event, profiles: &BTreeMap<&str, &Profile>, offers: &Offers, tallies: &mut Tallies) {
    let Some(wishes) = event.takes.as_deref().map(read_keys) else { return };
    let source = event.source.clone().unwrap_or_default();
    let Some(profile) = profiles.get(source.as_str()) else { return };
    // In the order of the profile, so that what one join fills is not null for the next.
    for join in profile.joins() {
        let Some(key) = wishes.get(join.name()) else { continue };
        let at = (source.clone(), join.name().to_owned(), key.clone());
        let taken = join.take(event, offers.get(&at).map_or(&[], Vec::as_slice));
        let tally = tallies.entry(source.clone()).or_default().entry(join.name().to_owned()).or_default();
        match taken {
            Taking::Taken => tally.taken += 1,
            Taking::Missing => tally.missing += 1,
            Taking::Ambiguous => tally.ambiguous += 1,
        }
    }
}
