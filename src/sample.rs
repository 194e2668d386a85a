//! Samples that anybody can draw again: in ids and a seed, out the ids of lowest rank.
//!
//! The rank of an item is the SHA-256 of the seed, one zero byte, and its id; the sample is the `size` items of lowest rank, in
//! that order. No item is drawn twice, the order of the input does not matter, and a longer sample begins with the shorter one.
//! A seed that is chosen after the population digest is known cannot have been chosen for what it draws.
//! `docs/formats/sample.md` has the same rule for people, with five lines of Python.

use std::collections::BTreeSet;

use crate::digest::{Digest, Hasher};

/// An item of a sample.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Drawn {
    /// SHA-256 of seed, zero byte, and id.
    pub rank: Digest,
    /// Id.
    pub item: String,
}

/// Draws `size` of `items`, or all where there are no more, lowest rank first.
pub fn draw<'a>(seed: &str, items: impl IntoIterator<Item = &'a str>, size: usize) -> Vec<Drawn> {
    let mut lowest: BTreeSet<Drawn> = BTreeSet::new();
    for item in items {
        let rank = rank(seed, item);
        if lowest.len() >= size && lowest.last().is_none_or(|last| last.rank < rank) {
            continue;
        }
        lowest.insert(Drawn { rank, item: item.to_owned() });
        if lowest.len() > size {
            lowest.pop_last();
        }
    }
    lowest.into_iter().collect()
}

/// Returns the digest of a population: SHA-256 of its ids, sorted bytewise, each once and followed by LF.
pub fn population_digest<'a>(items: impl IntoIterator<Item = &'a str>) -> Digest {
    let items: BTreeSet<&str> = items.into_iter().collect();
    let mut hasher = Hasher::default();
    for item in items {
        hasher.update(item.as_bytes());
        hasher.update(b"\n");
    }
    hasher.finish()
}

fn rank(seed: &str, item: &str) -> Digest {
    let mut hasher = Hasher::default();
    hasher.update(seed.as_bytes());
    hasher.update(&[0]);
    hasher.update(item.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(drawn: &[Drawn]) -> Vec<&str> {
        drawn.iter().map(|drawn| drawn.item.as_str()).collect()
    }

    #[test]
    fn known_draw() {
        // printf 'seed\0b' | sha256sum, and so on.
        let drawn = draw("seed", ["a", "b", "c", "d", "e"], 5);
        let mut by_hand: Vec<(Digest, &str)> =
            ["a", "b", "c", "d", "e"].map(|id| (Digest::of(format!("seed\0{id}").as_bytes()), id)).into();
        by_hand.sort();
        assert_eq!(ids(&drawn), by_hand.iter().map(|(_, id)| *id).collect::<Vec<_>>());
        assert_eq!(drawn[0].rank, by_hand[0].0);
    }

    #[test]
    fn order_and_repetition_of_the_input_change_nothing_and_a_longer_sample_begins_with_the_shorter() {
        let names: Vec<String> = (0..200).map(|i| format!("item-{i}")).collect();
        let forward = draw("s", names.iter().map(String::as_str), 25);
        let twice = names.iter().rev().chain(&names).map(String::as_str);
        assert_eq!(draw("s", twice, 25), forward);
        assert_eq!(draw("s", names.iter().map(String::as_str), 40)[..25], forward);
        assert_ne!(ids(&draw("t", names.iter().map(String::as_str), 25)), ids(&forward));
        assert_eq!(draw("s", ["x"], 25).len(), 1);
        assert!(draw("s", ["x"], 0).is_empty());
    }

    #[test]
    fn the_population_digest_depends_on_every_item_and_not_on_their_order() {
        assert_eq!(population_digest(["b", "a", "b"]), Digest::of(b"a\nb\n"));
        assert_ne!(population_digest(["ab"]), population_digest(["a", "b"]));
    }
}
