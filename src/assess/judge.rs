//! What the algebra says of each test, given its items, the holes in what it reads, and the columns that anything fills.

use std::collections::{BTreeMap, BTreeSet};

use super::{Inputs, link, source};
use crate::control::definition::{Kind, Test as Definition};
use crate::control::item::{Evaluation, State};
use crate::control::outcome::{Circumstances, Reliance, outcome, reliance};
use crate::integrity::verdict::{Grade, Verdict};
use crate::report::model::{Hole, TestOutcome};
use crate::settings::Role;

/// Tables that only a workspace's reference files fill.
const STATED: [&str; 4] = ["agent_manifest", "policy_version", "role_assignment", "sod_rule"];

/// What the algebra says of one test.
pub(super) struct Judged {
    pub(super) outcome: TestOutcome,
    pub(super) reliance: Reliance,
    pub(super) reasons: Vec<String>,
    /// Ids of the sources that fill what it reads.
    pub(super) sources: Vec<String>,
}

/// Judges every test that was evaluated, by id. `holes` are those that touch the tested window.
pub(super) fn judge(inputs: &Inputs<'_>, holes: &[Hole]) -> BTreeMap<String, Judged> {
    let mut judged = BTreeMap::new();
    let mut outcomes: BTreeMap<String, TestOutcome> = BTreeMap::new();
    let filled = filled(inputs);
    for test in inputs.library.tests.values() {
        let Some(evaluation) = inputs.evaluations.get(&test.id) else { continue };
        let sources = read_by(test, inputs);
        // A hole does not stop a test that lists holes: it is a row of it.
        let stops = |hole: &&Hole| !test.lists_holes() && sources.contains(&hole.source);
        let touched: Vec<&Hole> = holes.iter().filter(stops).collect();
        let missing: Vec<&String> = test.requires.iter().filter(|column| !filled.contains(*column)).collect();
        let counts = evaluation.counts();
        let uncovered = uncovered(test, &sources, inputs);
        let open = link::open_decisions(test, &inputs.links);
        // A value that anybody can change is as good as none.
        let circumstances = Circumstances {
            holes: touched.len() + uncovered.len() + open.len(),
            fillable: missing.is_empty(),
        };
        let outcome = outcome(test.kind, &counts, circumstances);
        let mut reasons: Vec<String> =
            missing.iter().map(|column| format!("no configured source can fill `{column}`")).collect();
        if counts.untestable > 0 {
            reasons.push(untestable_reason(evaluation, counts.untestable));
        }
        reasons.extend(uncovered);
        reasons.extend(open);
        reasons.extend(touched.iter().take(5).map(|hole| hole_reason(hole)));
        if touched.len() > 5 {
            reasons.push(format!("{} more holes, listed in the report", touched.len() - 5));
        }
        outcomes.insert(test.id.clone(), outcome);
        judged.insert(test.id.clone(), Judged { outcome, reliance: Reliance::default(), reasons, sources });
    }
    for (id, entry) in &mut judged {
        let Some(test) = inputs.library.tests.get(id) else { continue };
        entry.reliance = reliance(test, &outcomes, limits(test, entry, inputs));
        let reasons = entry.reliance.reasons.iter().map(|reason| format!("limited reliance: {reason}"));
        entry.reasons.extend(reasons);
    }
    judged
}

/// Says which columns a test needs that no hash or signature covers, of sources of which more is demanded.
fn uncovered(test: &Definition, sources: &[String], inputs: &Inputs<'_>) -> Vec<String> {
    if test.lists_holes() {
        return Vec::new();
    }
    let mut reasons = Vec::new();
    for source in inputs.sources.iter().filter(|source| sources.contains(&source.settings.id)) {
        let Some(chain) = &source.chain else { continue };
        if source::required(source, inputs.keyring) <= Grade::Parsed {
            continue;
        }
        // Those that the profile leaves open, and those that some record does.
        let logs = inputs.stitched.logs.iter().filter(|log| log.source == source.settings.id);
        let found = logs.flat_map(|log| &log.uncovered_fields);
        let open: BTreeSet<&String> = chain.uncovered_columns.iter().chain(found).collect();
        let needed = open.into_iter().filter(|column| test.requires.contains(*column));
        reasons.extend(needed.map(|column| {
            format!(
                "no hash or signature of source `{}` covers `{column}`, and {} is demanded",
                source.settings.id,
                source::required(source, inputs.keyring)
            )
        }));
    }
    reasons
}

fn hole_reason(hole: &Hole) -> String {
    let place = if hole.line > 0 { format!(" at {}:{}", hole.object, hole.line) } else { String::new() };
    format!(
        "records of `{}` may be missing from {} to {} ({}{place})",
        hole.source, hole.span.from, hole.span.to, hole.kind
    )
}

/// Says how many items lack what, most first.
fn untestable_reason(evaluation: &Evaluation, total: u64) -> String {
    let mut columns: BTreeMap<&str, u64> = BTreeMap::new();
    for item in evaluation.with(State::Untestable) {
        *columns.entry(item.reason.as_str()).or_default() += 1;
    }
    let mut columns: Vec<(&str, u64)> = columns.into_iter().collect();
    columns.sort_by_key(|(column, count)| (std::cmp::Reverse(*count), *column));
    let parts: Vec<String> =
        columns.iter().map(|(column, count)| format!("{count} for want of `{column}`")).collect();
    format!("{total} items untestable: {}", parts.join(", "))
}

/// Returns what limits the reliance on a test, apart from the tests it relies on.
fn limits(test: &Definition, entry: &Judged, inputs: &Inputs<'_>) -> Vec<String> {
    if test.kind == Kind::EvidenceQuality {
        return Vec::new();
    }
    let mut limits: Vec<String> = inputs
        .stitched
        .logs
        .iter()
        .filter(|log| entry.sources.contains(&log.source) && log.verdict != Verdict::Verified)
        .map(|log| format!("log `{}` is {}", log.log, log.verdict))
        .collect();
    if !inputs.workspace.sources.iter().any(|source| source.role == Role::Independent) {
        limits.push("no independent record to reconcile the population with".to_owned());
    }
    let undeclared = inputs
        .sources
        .iter()
        .map(|source| &source.settings)
        .filter(|settings| entry.sources.contains(&settings.id) && settings.max_silence_ms.is_none());
    limits.extend(undeclared.map(|settings| {
        format!("no longest silence is declared for source `{}`: LOG-03 leaves it out", settings.id)
    }));
    if !inputs.roster.is_present() {
        limits.push("no roster: identities compare only within one namespace".to_owned());
    }
    limits.extend(link::weak(test, inputs.tables));
    let joins = inputs.sources.iter().zip(&inputs.stitched.sources);
    let joins: Vec<_> =
        joins.map(|(source, found)| (source.settings.id.as_str(), &found.tally.joins)).collect();
    limits.extend(link::nearest(test, &joins));
    limits
}

/// Returns the ids of the sources that fill a table which the test reads.
fn read_by(test: &Definition, inputs: &Inputs<'_>) -> Vec<String> {
    let of_every_source = ["integrity", "expected_source", "event"];
    inputs
        .sources
        .iter()
        .filter(|source| {
            test.reads.iter().any(|table| {
                of_every_source.contains(&table.as_str())
                    || match source.settings.role {
                        Role::Approvals => {
                            let prefix = format!("{table}.");
                            source.profile.columns_filled().iter().any(|column| column.starts_with(&prefix))
                        }
                        Role::Executions => table == "execution",
                        Role::Independent => table == "external_activity",
                    }
            })
        })
        .map(|source| source.settings.id.clone())
        .collect()
}

/// Returns `table.column` for every column that something in this run can fill.
fn filled(inputs: &Inputs<'_>) -> BTreeSet<String> {
    let mut filled: BTreeSet<String> = BTreeSet::new();
    for source in inputs.sources {
        let columns = source.profile.columns_filled();
        filled.extend(columns.into_iter().filter(|column| match source.settings.role {
            Role::Approvals => true,
            Role::Executions => column.starts_with("execution.") || column.starts_with("event."),
            Role::Independent => column.starts_with("event."),
        }));
    }
    let independent = inputs.sources.iter().filter(|source| source.settings.role == Role::Independent);
    filled.extend(independent.flat_map(|source| source.profile.columns_filled()).filter_map(|column| {
        // What ran, from the other side.
        column.strip_prefix("execution.").map(|column| format!("external_activity.{column}"))
    }));
    let tables: BTreeSet<String> =
        filled.iter().filter_map(|column| column.split('.').next()).map(str::to_owned).collect();
    for table in &tables {
        for column in ["requires_approval", "identity", "reviewer_identity", "quorum"] {
            filled.insert(format!("{table}.{column}"));
        }
    }
    for schema in crate::table::schemas() {
        let here = matches!(schema.table, "integrity" | "expected_source")
            || (matches!(schema.table, "identity" | "resolution") && inputs.roster.is_present())
            || (schema.table == "reviewer_grant" && !inputs.roster.reviewer_grants().is_empty())
            || (schema.table == "waiver" && !inputs.waivers.is_empty())
            || (STATED.contains(&schema.table)
                && inputs.tables.get(schema.table).is_some_and(|frame| frame.height() > 0));
        if here {
            filled.extend(schema.columns.iter().map(|column| format!("{}.{}", schema.table, column.name)));
        }
    }
    filled
}
