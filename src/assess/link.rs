//! What links between sources do to the results that rest on them.

use std::collections::BTreeMap;

use crate::case::Tables;
use crate::column::{Row as _, text_at};
use crate::control::definition::{Kind, Test};
use crate::report::model::{JoinTally, LinkResult, Setting};
use crate::table::Execution;

/// Says which decisions no link could place. A test that reads decisions cannot tell what they were about.
pub(super) fn open_decisions(test: &Test, links: &[LinkResult]) -> Vec<String> {
    if test.kind == Kind::EvidenceQuality || !test.reads.iter().any(|table| table == "decision") {
        return Vec::new();
    }
    links
        .iter()
        .filter(|link| link.open_decisions > 0)
        .map(|link| {
            format!(
                "{} decisions of `{}` fit several requests of `{}`, or one of another requester: link `{}` joins them to none",
                link.open_decisions, link.from, link.to, link.id
            )
        })
        .collect()
}

/// Says which executions a test takes for those of a request by a weak link alone.
pub(super) fn weak(test: &Test, tables: &Tables) -> Vec<String> {
    // Who asks for no request of an execution rests on no link, whatever else it reads.
    let joins = test.reads.iter().any(|table| table == "execution")
        && [&test.population_sql, &test.exceptions_sql].iter().any(|query| query.contains("request_id"));
    if test.kind == Kind::EvidenceQuality || !joins {
        return Vec::new();
    }
    let Some(frame) = tables.get(Execution::TABLE) else { return Vec::new() };
    let (Ok(sources), Ok(grades)) = (frame.column("source_id"), frame.column("request_link")) else {
        return Vec::new();
    };
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for row in (0..frame.height()).filter(|row| text_at(grades, *row) == Some("weak")) {
        *counts.entry(text_at(sources, row).unwrap_or_default()).or_default() += 1;
    }
    counts
        .into_iter()
        .map(|(source, count)| {
            format!("{count} executions of `{source}` are joined to a request by a weak link: the same person, shortly before")
        })
        .collect()
}

/// Says on how many executions a test reads what they took from the record that lies nearest in time.
pub(super) fn nearest(test: &Test, sources: &[(&str, &BTreeMap<String, JoinTally>)]) -> Vec<String> {
    if test.kind == Kind::EvidenceQuality || !test.reads.iter().any(|table| table == "execution") {
        return Vec::new();
    }
    let taken = sources.iter().flat_map(|(source, joins)| {
        let near = joins.iter().filter(|(_, join)| join.nearest_ms.is_some() && join.taken > 0);
        near.map(move |(name, join)| (*source, name, join.taken))
    });
    taken
        .map(|(source, name, count)| {
            format!("{count} executions of `{source}` took values from the record nearest in time: join `{name}` is weak")
        })
        .collect()
}

/// Returns the line about links among the settings, where there are any.
pub(super) fn setting(links: &[LinkResult]) -> Option<Setting> {
    let of = |grade: &str| links.iter().filter(|link| link.grade == grade).count();
    let sum = |grade: &str| -> u64 {
        links.iter().filter(|link| link.grade == grade).map(|link| link.joined).sum()
    };
    let ambiguous: u64 = links.iter().map(|link| link.ambiguous).sum();
    let orphaned: u64 = links.iter().map(|link| link.orphaned).sum();
    (!links.is_empty()).then(|| Setting {
        name: "Links between sources".to_owned(),
        value: format!(
            "{} declared, {} events joined; {} weak, {} events joined; {ambiguous} ambiguous and {orphaned} orphaned events, joined to none",
            of("declared"),
            sum("declared"),
            of("weak"),
            sum("weak"),
        ),
    })
}
