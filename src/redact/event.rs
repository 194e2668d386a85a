//! An event made fit to be shown: every text of it is masked and bounded, and what was masked is kept beside it.

use std::collections::BTreeMap;

use super::detect::is_clean;
use super::mask::{Hit, Scope, mask};
use super::policy::Policy;
use crate::column::Brief;
use crate::event::Event;

/// The columns of an event that hold free text; all others hold ids, names, words, and times.
pub const FREE_TEXT: [&str; 5] = ["action_name", "command", "exec_code", "native_outcome", "reason"];

macro_rules! each_text {
    ($event:ident, $visit:expr; $( $name:ident $scope:ident, )+) => {
        $( if let Some(text) = &mut $event.$name { $visit(stringify!($name), text, Scope::$scope); } )+
    };
}

/// Masks and bounds the texts of `event`, and fills its columns `masked` and `secrets`.
///
/// Left out are columns that the program writes itself, columns of closed words, and `dedup_key`, `offers`, and `takes`, which join records
/// and are shown nowhere.
pub fn event(event: &mut Event, policy: &Policy) {
    let mut hits: BTreeMap<(&str, Hit), u64> = BTreeMap::new();
    let mut visit = |name: &'static str, text: &mut Brief, scope: Scope| {
        if is_clean(text, scope) && text.len() <= super::MAX_CHARS {
            return;
        }
        let (before, value) = text.split_at(instance(name, text));
        if let Some((masked, found)) = mask(value, policy, scope) {
            *text = format!("{before}{masked}").into();
            for hit in found {
                *hits.entry((name, hit)).or_default() += 1;
            }
        }
        if text.len() > super::MAX_CHARS {
            *text = super::cut(text).into();
        }
    };
    each_text! { event, visit;
        native_id Id,
        native_type Id,
        corr_request Id,
        corr_session Id,
        corr_run Id,
        corr_change Id,
        requester_ns Id,
        requester_id Id,
        requester_name Id,
        requester_email Id,
        subject_ns Id,
        subject_id Id,
        decider_ns Id,
        decider_id Id,
        decider_name Id,
        decider_email Id,
        decider_via Id,
        executor_ns Id,
        executor_id Id,
        executor_name Id,
        executor_email Id,
        action_name FreeText,
        command FreeText,
        command_digest Id,
        canonicalisation Id,
        edited_digest Id,
        resource_id Id,
        resource_type Id,
        resource_group Id,
        env Id,
        data_class Id,
        policy_id Id,
        policy_digest Id,
        native_outcome FreeText,
        decision_group Id,
        reason FreeText,
        ticket Id,
        channel_id Id,
        exec_code FreeText,
    }
    event.masked = listed(&hits, false);
    event.secrets = listed(&hits, true);
}

/// Returns where the value of a correlation id begins, after its instance and type; elsewhere the start of the text.
fn instance(name: &str, text: &str) -> usize {
    match name.starts_with("corr_") {
        true => text.match_indices(':').nth(1).map_or(0, |(at, _)| at + 1),
        false => 0,
    }
}

/// Reads what [`event`] wrote into `masked` or `secrets`: column, class, and count.
pub fn hits(listed: &str) -> impl Iterator<Item = (&str, &str, u64)> {
    listed.split(',').filter_map(|hit| {
        let (column, rest) = hit.split_once(':')?;
        let (class, count) = rest.split_once('=')?;
        Some((column, class, count.parse().ok()?))
    })
}

/// Returns hits as `column:class=count`, joined by commas; those that are exceptions alone, where `exceptions` says so.
fn listed(hits: &BTreeMap<(&str, Hit), u64>, exceptions: bool) -> Option<Brief> {
    let hits: Vec<String> = hits
        .iter()
        .filter(|((_, hit), _)| hit.exception || !exceptions)
        .map(|((name, hit), count)| format!("{name}:{}={count}", hit.class))
        .collect();
    (!hits.is_empty()).then(|| hits.join(",").into())
}
