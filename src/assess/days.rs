//! Counts per day, and what happened to every execution: the data of the figures and of the waterfall.

use std::collections::{BTreeMap, BTreeSet};

use crate::case::Tables;
use crate::clock::{Moment, Period};
use crate::column::{FrameReader, Row};
use crate::report::model::{Day, Hole, WaterfallStep};
use crate::table::{Decision, Execution};

const DAY_MS: i64 = 86_400_000;

/// The days of one source.
pub(super) struct SourceDays<'a> {
    pub(super) id: &'a str,
    /// Records per UTC day.
    pub(super) records: &'a BTreeMap<String, u64>,
    /// True where every log of the source is verified.
    pub(super) verified: bool,
}

/// What became of the executions.
#[derive(Default, Clone, PartialEq, Eq, Debug)]
pub(super) struct Executions {
    pub(super) logged: u64,
    pub(super) outside: u64,
    pub(super) not_gated: u64,
    pub(super) unknown: u64,
    pub(super) gated: u64,
    pub(super) break_glass: u64,
    pub(super) exceptions: u64,
    pub(super) untestable: u64,
}

/// Returns one row per day of `period`, and what became of the executions.
pub(super) fn days(
    tables: &Tables,
    period: Period,
    sources: &[SourceDays<'_>],
    holes: &[Hole],
    exceptions: &BTreeSet<&str>,
    untestable: &BTreeSet<&str>,
) -> (Vec<Day>, Executions) {
    let mut days: BTreeMap<String, Day> = BTreeMap::new();
    let mut at = period.from;
    while at < period.to {
        let coverage = sources.iter().map(|source| coverage(source, at, holes)).collect();
        days.insert(at.day(), Day { day: at.day(), coverage, ..Day::default() });
        at = Moment::from_ms(at.ms() - at.ms().rem_euclid(DAY_MS) + DAY_MS);
    }
    let (approved, automatic) = approvals(tables);
    let mut counts = Executions::default();
    let Some(frame) = tables.get(Execution::TABLE) else { return (days.into_values().collect(), counts) };
    for row in FrameReader::<Execution>::new(frame).rows() {
        counts.logged += 1;
        let Some(at) = row.ts_ms.map(Moment::from_ms).filter(|at| period.contains(*at)) else {
            counts.outside += 1;
            continue;
        };
        let id = row.execution_id.as_deref().unwrap_or_default();
        let asked = row.request_id.as_deref().unwrap_or_default();
        let Some(day) = days.get_mut(&at.day()) else { continue };
        match row.requires_approval {
            Some(false) => counts.not_gated += 1,
            None => counts.unknown += 1,
            Some(true) => {
                counts.gated += 1;
                counts.break_glass += u64::from(row.break_glass == Some(true));
                counts.exceptions += u64::from(exceptions.contains(id));
                counts.untestable += u64::from(!exceptions.contains(id) && untestable.contains(id));
            }
        }
        let slot = if exceptions.contains(id) {
            &mut day.exceptions
        } else if row.requires_approval != Some(true) || untestable.contains(id) {
            &mut day.other
        } else if row.break_glass == Some(true) {
            &mut day.break_glass
        } else if approved.contains(asked) {
            &mut day.approved
        } else if automatic.contains(asked) {
            &mut day.automatic
        } else {
            &mut day.other
        };
        *slot += 1;
    }
    (days.into_values().collect(), counts)
}

fn coverage(source: &SourceDays<'_>, at: Moment, holes: &[Hole]) -> (u64, String) {
    let records = source.records.get(&at.day()).copied().unwrap_or_default();
    let start = at.ms() - at.ms().rem_euclid(DAY_MS);
    let day = Period { from: Moment::from_ms(start), to: Moment::from_ms(start + DAY_MS) };
    let broken = holes.iter().any(|hole| hole.source == source.id && hole.span.touches(day));
    let state = match (broken, records, source.verified) {
        (true, _, _) => "broken",
        (_, 0, _) => "none",
        (_, _, true) => "verified",
        _ => "unverified",
    };
    (records, state.to_owned())
}

/// Returns the requests that a person approved, and those that only policy did.
pub(super) fn approvals(tables: &Tables) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut approved, mut automatic) = (BTreeSet::new(), BTreeSet::new());
    let frame = tables.get(Decision::TABLE);
    let text =
        |name: &str| frame.and_then(|frame| frame.column(name).ok()).and_then(|column| column.str().ok());
    if let (Some(requests), Some(outcomes)) = (text("request_id"), text("outcome")) {
        for (request, outcome) in requests.iter().zip(outcomes.iter()) {
            match (request, outcome) {
                (Some(request), Some("approve")) => approved.insert(request.to_owned()),
                (Some(request), Some("auto_approve")) => automatic.insert(request.to_owned()),
                _ => false,
            };
        }
    }
    (approved, automatic)
}

/// Returns the steps from executions logged to executions without an exception; each step's parts sum.
pub(super) fn execution_steps(counts: &Executions) -> Vec<WaterfallStep> {
    let step = |id: &str, label: &str, items: u64, set_aside: &[(&str, u64)]| WaterfallStep {
        id: id.to_owned(),
        label: label.to_owned(),
        unit: "executions".to_owned(),
        items,
        set_aside: set_aside.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect(),
    };
    let inside = counts.logged - counts.outside;
    let clean = counts.gated - counts.exceptions - counts.untestable;
    vec![
        step("executions", "Executions logged", counts.logged, &[("outside the period", counts.outside)]),
        step(
            "executions-in-period",
            "Executions in the period",
            inside,
            &[
                ("no approval demanded", counts.not_gated),
                ("cannot be told whether approval is demanded", counts.unknown),
            ],
        ),
        step(
            "executions-gated",
            "Executions that must be approved",
            counts.gated,
            &[("with an exception", counts.exceptions), ("untestable in some test", counts.untestable)],
        ),
        step("executions-clean", "Executions without an exception", clean, &[]),
    ]
}
