//! The evidence of each resolution: which rows of the roster named an id, how often, and when.

use std::collections::BTreeMap;

use polars::prelude::DataFrame;

use crate::clock::Moment;
use crate::column::FrameBuilder;
use crate::identity::{Resolution, Roster};
use crate::table::ResolutionRow;

/// How often one answer of the roster was used.
struct Uses {
    answer: Resolution,
    count: i64,
    first: Option<Moment>,
    last: Option<Moment>,
}

/// The answers of the roster, by namespace and id.
#[derive(Default)]
pub(super) struct Evidence(BTreeMap<String, BTreeMap<String, Vec<Uses>>>);

impl Evidence {
    /// Notes that `answer` was given for an id at `at`.
    pub(super) fn add(&mut self, ns: &str, id: &str, answer: &Resolution, at: Option<Moment>) {
        // Most ids come again and again; only a new one is copied.
        if !self.0.get(ns).is_some_and(|ids| ids.contains_key(id)) {
            self.0.entry(ns.to_owned()).or_default().insert(id.to_owned(), Vec::new());
        }
        let Some(all) = self.0.get_mut(ns).and_then(|ids| ids.get_mut(id)) else { return };
        match all.iter_mut().find(|uses| uses.answer == *answer) {
            Some(uses) => {
                uses.count += 1;
                uses.first = uses.first.min(at).or(at);
                uses.last = uses.last.max(at);
            }
            None => all.push(Uses { answer: answer.clone(), count: 1, first: at, last: at }),
        }
    }

    /// Returns the `resolution` table, sorted by namespace, id, and first use.
    pub(super) fn finish(self, roster: &Roster) -> DataFrame {
        let stated = |rows: &[usize]| {
            let places: Vec<&str> = rows.iter().map(|row| roster.origin(*row)).collect();
            (!places.is_empty()).then(|| places.join(" | "))
        };
        let mut rows = FrameBuilder::<ResolutionRow>::default();
        for (ns, ids) in self.0 {
            for (id, mut all) in ids {
                all.sort_by(|a, b| (a.first, a.answer.state).cmp(&(b.first, b.answer.state)));
                for uses in all {
                    let answer = uses.answer;
                    rows.push(&ResolutionRow {
                        actor_id: Some(crate::redact::shown(&id)),
                        actor_ns: Some(crate::redact::shown(&ns)),
                        identity: Some(answer.state.to_owned()),
                        kind: answer.kind,
                        principal_id: answer.principal,
                        stated_by: stated(&answer.rows),
                        owned_by: stated(&answer.owners),
                        uses: Some(uses.count),
                        first_ms: uses.first.map(Moment::ms),
                        last_ms: uses.last.map(Moment::ms),
                    });
                }
            }
        }
        rows.finish()
    }
}
