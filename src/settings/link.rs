//! Links between sources: which columns of two products say the same thing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::file::{check_name, duration_ms, invalid, known_source};
use super::{Role, SettingsError, Source, near};
use crate::event::Event;

/// A link: events of one source belong to the cases of another.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its name in the report.
    pub id: String,
    /// Source whose events are joined.
    pub from: String,
    /// Source whose requests they belong to.
    pub to: String,
    /// Columns that must all be equal.
    pub pairs: Vec<Pair>,
    /// Longest time between an execution and the request it is joined to; such a link is weak.
    pub within_ms: Option<i64>,
}

/// Two columns that must be equal.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Column of the events that are joined.
    pub from: LinkColumn,
    /// What stands before the value there, and does not belong to it.
    pub prefix: Option<String>,
    /// Column of the events that they are joined to.
    pub to: LinkColumn,
}

/// A column of the event that a link may compare.
#[derive(Clone, Copy, Debug)]
pub struct LinkColumn {
    /// Its name.
    pub name: &'static str,
    /// True where one value names one case, or nearly so.
    pub identifies: bool,
    read: fn(&Event) -> Option<&str>,
}

macro_rules! link_columns {
    ($($name:ident $identifies:literal,)+) => {
        /// The columns that a link may compare.
        const COLUMNS: &[LinkColumn] = &[$(LinkColumn {
            name: stringify!($name),
            identifies: $identifies,
            read: |event| event.$name.as_deref(),
        }),+];
    };
}

link_columns! {
    corr_request true,
    corr_session true,
    corr_run true,
    corr_change true,
    native_id true,
    ticket true,
    command_digest false,
    action_name false,
    action_class false,
    resource_id false,
    resource_type false,
    resource_group false,
    env false,
    policy_id false,
    channel_id false,
    requester_id false,
    requester_email false,
    subject_id false,
    executor_id false,
    executor_name false,
    executor_email false,
}

impl LinkColumn {
    fn find(name: &str) -> Option<Self> {
        COLUMNS.iter().find(|column| column.name == name).copied()
    }

    /// Returns the value of the column; of a correlation id, what stands after instance and type. A text in which
    /// something was masked has no value: two different secrets read alike.
    pub fn value(self, event: &Event) -> Option<&str> {
        let text = (self.read)(event)?;
        let mut masked = event.masked.as_deref().map(crate::redact::hits).into_iter().flatten();
        if masked.any(|(column, ..)| column == self.name) {
            return None;
        }
        if self.name.starts_with("corr_") { text.splitn(3, ':').nth(2) } else { Some(text) }
    }
}

impl Pair {
    /// Returns the value that an event to be joined gives, without the prefix; nothing where it has none or another.
    pub fn from_value<'e>(&self, event: &'e Event) -> Option<&'e str> {
        let value = self.from.value(event)?;
        self.prefix.as_deref().map_or(Some(value), |prefix| value.strip_prefix(prefix))
    }

    /// Says what is compared.
    pub fn describe(&self) -> String {
        let after = self.prefix.as_deref().map(|prefix| format!(" after `{prefix}`")).unwrap_or_default();
        format!("`{}`{after} = `{}`", self.from.name, self.to.name)
    }
}

impl Link {
    /// Returns the word for how sure the link is.
    pub fn grade(&self) -> &'static str {
        if self.within_ms.is_some() { "weak" } else { "declared" }
    }
}

/// `[[link]]` as typed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkEntry {
    id: String,
    from: String,
    to: String,
    equal: Vec<PairEntry>,
    within: Option<String>,
}

/// One pair of `equal`, as typed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PairEntry {
    from: String,
    prefix: Option<String>,
    to: String,
}

/// Validates the links of a workspace.
pub(super) fn links(entries: Vec<LinkEntry>, sources: &[Source]) -> Result<Vec<Link>, SettingsError> {
    let mut ids = BTreeSet::new();
    let mut links = Vec::new();
    for entry in entries {
        let place = format!("link `{}`", entry.id);
        check_name(&place, &entry.id)?;
        if !ids.insert(entry.id.clone()) {
            return Err(invalid(place, "is declared twice", Some("give each link its own `id`".to_owned())));
        }
        links.push(link(entry, &place, sources)?);
    }
    if let Some(link) = circle(&links) {
        return Err(invalid(
            format!("link `{}`", link.id),
            format!("leads from source `{}` back to itself", link.from),
            Some("let the links of a case lead to one source, the one that records its requests".to_owned()),
        ));
    }
    Ok(links)
}

fn link(entry: LinkEntry, place: &str, sources: &[Source]) -> Result<Link, SettingsError> {
    for id in [&entry.from, &entry.to] {
        known_source(sources, place, id)?;
    }
    let role = |id: &str| sources.iter().find(|source| source.id == id).map(|source| source.role);
    if role(&entry.to) != Some(Role::Approvals) {
        return Err(invalid(
            place,
            format!("source `{}` records no requests, its role is not `approvals`", entry.to),
            Some("let `to` name the source that records who asked".to_owned()),
        ));
    }
    if role(&entry.from) == Some(Role::Independent) {
        return Err(invalid(
            place,
            format!(
                "source `{}` is an independent record, which no link may join to what it is held against",
                entry.from
            ),
            Some("let `from` name a source with the role `approvals` or `executions`".to_owned()),
        ));
    }
    let pairs: Vec<Pair> =
        entry.equal.into_iter().map(|entry| pair(entry, place)).collect::<Result<_, _>>()?;
    let within_ms = entry.within.map(|text| duration_ms(place, "within", &text)).transpose()?;
    if pairs.is_empty() {
        return Err(invalid(
            place,
            "`equal` names no columns",
            Some("name at least one pair of columns".to_owned()),
        ));
    }
    if within_ms.is_none() && !pairs.iter().any(|pair| pair.to.identifies) {
        let names: Vec<&str> =
            COLUMNS.iter().filter(|column| column.identifies).map(|column| column.name).collect();
        return Err(invalid(
            place,
            format!("compares nothing that tells one case of `{}` from another", entry.to),
            Some(format!("compare one of {}, or give `within` for a weak link", names.join(", "))),
        ));
    }
    Ok(Link { id: entry.id, from: entry.from, to: entry.to, pairs, within_ms })
}

fn pair(entry: PairEntry, place: &str) -> Result<Pair, SettingsError> {
    let column = |name: &str| {
        LinkColumn::find(name).ok_or_else(|| {
            let names = || COLUMNS.iter().map(|column| column.name);
            let help = near(name, names()).map_or_else(
                || format!("use one of {}", names().collect::<Vec<_>>().join(", ")),
                |word| format!("did you mean `{word}`?"),
            );
            invalid(place, format!("no link can compare the column `{name}`"), Some(help))
        })
    };
    let (from, to) = (column(&entry.from)?, column(&entry.to)?);
    if entry.prefix.as_deref() == Some("") {
        return Err(invalid(place, "`prefix` is empty", Some("remove `prefix`".to_owned())));
    }
    Ok(Pair { from, prefix: entry.prefix, to })
}

/// Returns a link that can be followed back to where it begins.
fn circle(links: &[Link]) -> Option<&Link> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for link in links {
        next.entry(&link.from).or_default().insert(&link.to);
    }
    links.iter().find(|link| {
        let mut seen = BTreeSet::new();
        let mut open = vec![link.to.as_str()];
        while let Some(source) = open.pop() {
            if source == link.from {
                return true;
            }
            if seen.insert(source) {
                open.extend(next.get(source).into_iter().flatten());
            }
        }
        false
    })
}
