//! Who decided for whom, how long it took, and what agents ran: counts over the period. The tests judge; this counts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::{Column, DataFrame};

use super::days::approvals;
use crate::case::Tables;
use crate::clock::{Moment, Period};
use crate::column::{Row, flag_at, int_at, text_at};
use crate::identity::Roster;
use crate::report::model::{Agent, Approver, Latency, Pair, People};
use crate::table::{Decision, Execution, Request};

/// Rows listed of each kind; the totals are always complete.
const MAX_LISTED: usize = 500;

/// A decision faster than this was hardly read; the parameter of REV-01 decides what is an indicator.
const FAST_MS: i64 = 5_000;

/// Somebody, by namespace and id: the accountable person where the roster names one.
type Who = (String, String);

/// What a decision needs of its request.
struct Asked {
    by: Option<Who>,
    kind: String,
    at: Option<i64>,
}

/// Counts people's decisions and agents' executions in `window`. `exceptions` are the ids of executions with one.
pub(super) fn people(
    tables: &Tables,
    window: Period,
    roster: &Roster,
    exceptions: &BTreeSet<&str>,
) -> People {
    let votes = votes(tables, window);
    let name = |(ns, id): &Who| match roster.name(id) {
        Some(name) => name.to_owned(),
        None if ns.is_empty() => id.clone(),
        None => format!("{ns}:{id}"),
    };
    let mut pairs: Vec<Pair> = votes
        .pairs
        .iter()
        .map(|((requester, approver), approvals)| Pair {
            requester: name(requester),
            approver: name(approver),
            same: requester == approver,
            approvals: *approvals,
        })
        .collect();
    pairs.sort_by(|a, b| (Reverse(a.approvals), a).cmp(&(Reverse(b.approvals), b)));
    let mut approvers: Vec<Approver> =
        votes.approvers.into_iter().map(|(who, votes)| votes.counted(name(&who))).collect();
    approvers.sort_by(|a, b| (Reverse(a.approvals), a).cmp(&(Reverse(b.approvals), b)));
    let mut agents = agents(tables, window, exceptions, &name);
    agents.sort_by(|a, b| (Reverse(a.executions), a).cmp(&(Reverse(b.executions), b)));
    let totals = [pairs.len(), approvers.len(), agents.len()].map(|n| u64::try_from(n).unwrap_or(u64::MAX));
    pairs.truncate(MAX_LISTED);
    approvers.truncate(MAX_LISTED);
    agents.truncate(MAX_LISTED);
    let latencies = votes.latencies.into_iter().map(|(kind, times)| latency(kind, times)).collect();
    People {
        pairs,
        pairs_total: totals[0],
        approvers,
        approvers_total: totals[1],
        agents,
        agents_total: totals[2],
        latencies,
    }
}

/// What people decided.
#[derive(Default)]
struct Votes {
    pairs: BTreeMap<(Who, Who), u64>,
    approvers: BTreeMap<Who, Cast>,
    latencies: BTreeMap<String, Vec<i64>>,
}

/// What one person decided.
#[derive(Default)]
struct Cast {
    approvals: u64,
    denials: u64,
    times: Vec<i64>,
}

impl Cast {
    fn counted(mut self, who: String) -> Approver {
        self.times.sort_unstable();
        let fast = self.times.partition_point(|time| *time < FAST_MS);
        Approver {
            who,
            approvals: self.approvals,
            denials: self.denials,
            timed: u64::try_from(self.times.len()).unwrap_or(u64::MAX),
            median_ms: percentile(&self.times, 50),
            fast: u64::try_from(fast).unwrap_or(u64::MAX),
        }
    }
}

/// Counts the decisions that people made before the action.
fn votes(tables: &Tables, window: Period) -> Votes {
    let mut votes = Votes::default();
    let asked = asked(tables);
    let names = [
        "request_id",
        "ts_ms",
        "outcome",
        "phase",
        "reviewer_ns",
        "reviewer_id",
        "reviewer_principal_ns",
        "reviewer_principal_id",
    ];
    let Some((frame, [request, time, outcome, phase, ns, id, principal_ns, principal])) =
        columns(tables, Decision::TABLE, names)
    else {
        return votes;
    };
    for row in 0..frame.height() {
        let outcome = text_at(outcome, row).filter(|outcome| matches!(*outcome, "approve" | "deny"));
        let at = int_at(time, row).filter(|at| window.contains(Moment::from_ms(*at)));
        let who = who([principal_ns, principal], [ns, id], row);
        let (Some(outcome), Some(at), Some(who)) = (outcome, at, who) else { continue };
        if text_at(phase, row) == Some("post") {
            continue;
        }
        let asked = text_at(request, row).and_then(|request| asked.get(request));
        let cast = votes.approvers.entry(who.clone()).or_default();
        *(if outcome == "approve" { &mut cast.approvals } else { &mut cast.denials }) += 1;
        let Some(asked) = asked else { continue };
        if let Some(taken) = asked.at.map(|before| at - before).filter(|taken| *taken >= 0) {
            cast.times.push(taken);
            votes.latencies.entry(asked.kind.clone()).or_default().push(taken);
        }
        if let (Some(by), "approve") = (&asked.by, outcome) {
            *votes.pairs.entry((by.clone(), who)).or_default() += 1;
        }
    }
    votes
}

/// Returns who asked, and when, by request.
fn asked(tables: &Tables) -> BTreeMap<String, Asked> {
    let names = ["request_id", "ts_ms", "actor_ns", "actor_id", "actor_kind", "principal_ns", "principal_id"];
    let Some((frame, [request, time, ns, id, kind, principal_ns, principal])) =
        columns(tables, Request::TABLE, names)
    else {
        return BTreeMap::new();
    };
    (0..frame.height())
        .filter_map(|row| {
            let asked = Asked {
                by: who([principal_ns, principal], [ns, id], row),
                kind: text_at(kind, row).unwrap_or("unknown").to_owned(),
                at: int_at(time, row),
            };
            Some((text_at(request, row)?.to_owned(), asked))
        })
        .collect()
}

fn agents(
    tables: &Tables,
    window: Period,
    exceptions: &BTreeSet<&str>,
    name: &dyn Fn(&Who) -> String,
) -> Vec<Agent> {
    let names = [
        "execution_id",
        "request_id",
        "ts_ms",
        "actor_ns",
        "actor_id",
        "actor_kind",
        "principal_ns",
        "principal_id",
        "break_glass",
    ];
    let Some((frame, [execution, request, time, ns, id, kind, principal_ns, principal, emergency])) =
        columns(tables, Execution::TABLE, names)
    else {
        return Vec::new();
    };
    let (approved, automatic) = approvals(tables);
    let mut agents: BTreeMap<Who, Agent> = BTreeMap::new();
    for row in 0..frame.height() {
        let kind = text_at(kind, row).filter(|kind| matches!(*kind, "agent" | "service"));
        let inside = int_at(time, row).is_some_and(|at| window.contains(Moment::from_ms(at)));
        let (Some(kind), true, Some(id)) = (kind, inside, text_at(id, row)) else { continue };
        let who = (text_at(ns, row).unwrap_or_default().to_owned(), id.to_owned());
        let owner = text_at(principal, row)
            .map(|owner| (text_at(principal_ns, row).unwrap_or_default().to_owned(), owner.to_owned()))
            .filter(|owner| *owner != who);
        let agent = agents.entry(who).or_default();
        agent.kind = kind.to_owned();
        // The roster may give an agent another owner in the course of the period; the last one stands.
        agent.owner = owner.map(|owner| name(&owner)).or(agent.owner.take());
        agent.executions += 1;
        let asked = text_at(request, row).unwrap_or_default();
        agent.approved += u64::from(approved.contains(asked));
        agent.automatic += u64::from(!approved.contains(asked) && automatic.contains(asked));
        agent.break_glass += u64::from(flag_at(emergency, row) == Some(true));
        agent.exceptions += u64::from(text_at(execution, row).is_some_and(|id| exceptions.contains(id)));
    }
    let named = |(who, agent): (Who, Agent)| Agent { id: format!("{}:{}", who.0, who.1), ..agent };
    agents.into_iter().map(named).collect()
}

fn latency(kind: String, mut times: Vec<i64>) -> Latency {
    times.sort_unstable();
    let below = |end: i64| times.partition_point(|time| *time < end);
    let ends: Vec<usize> =
        Latency::CLASS_ENDS_MS.iter().map(|end| below(*end)).chain([times.len()]).collect();
    let starts = std::iter::once(0).chain(ends.iter().copied());
    Latency {
        kind,
        counts: ends.iter().zip(starts).map(|(end, start)| u64::try_from(end - start).unwrap_or(0)).collect(),
        p50_ms: percentile(&times, 50),
        p95_ms: percentile(&times, 95),
    }
}

/// Returns the least of the sorted `times` that at least `share` percent of them do not exceed.
fn percentile(times: &[i64], share: usize) -> Option<i64> {
    times.get((times.len() * share).div_ceil(100).saturating_sub(1)).copied()
}

/// Returns the accountable person of `row`, or the id as logged where nobody resolved it.
fn who(principal: [&Column; 2], logged: [&Column; 2], row: usize) -> Option<Who> {
    [principal, logged].into_iter().find_map(|[ns, id]| {
        Some((text_at(ns, row).unwrap_or_default().to_owned(), text_at(id, row)?.to_owned()))
    })
}

/// Returns a table with columns of it, where it is there.
fn columns<'a, const N: usize>(
    tables: &'a Tables,
    table: &str,
    names: [&str; N],
) -> Option<(&'a DataFrame, [&'a Column; N])> {
    let frame = tables.get(table)?;
    let found: Option<Vec<&Column>> = names.iter().map(|name| frame.column(name).ok()).collect();
    Some((frame, found?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        assert_eq!(percentile(&[], 50), None);
        assert_eq!([50, 95].map(|share| percentile(&[7], share)), [Some(7), Some(7)]);
        let times: Vec<i64> = (1..=20).collect();
        assert_eq!([50, 95].map(|share| percentile(&times, share)), [Some(10), Some(19)]);
    }

    #[test]
    fn every_time_has_one_class() {
        let found = latency("human".to_owned(), vec![0, 999, 1_000, 4_999, 5_000, 700_000_000]);
        assert_eq!(found.counts, [2, 2, 1, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!((found.p50_ms, found.p95_ms), (Some(1_000), Some(700_000_000)));
    }
}
