//! Values that an event takes from another record of its source, found by a key.
//!
//! Mapping only writes down the keys: which records there are is known once all segments are stitched. Then
//! [`Join::take`] fills columns that the record left null, never a verdict, and says which record it took them from. Where
//! records with one key do not agree, nothing is taken.

use std::collections::BTreeMap;

use super::column::{EventColumn, Holds, ROLES, Role, Slot, column};
use super::error::{ProfileError, did_you_mean};
use super::nearest::{Choice, Nearest};
use super::syntax::{Key, Node, Table};
use crate::clock::Period;
use crate::event::Event;
use crate::integrity::verdict::Grade;
use crate::redact::shown;

/// Columns that belong together: a digest compares only with what made it.
const COMMAND: [&str; 5] =
    ["command", "command_state", "command_digest", "edited_digest", "canonicalisation"];

/// Columns that say what the record itself states. No other record can say it for it.
const OWN: [&str; 13] = [
    "native_id",
    "native_type",
    "outcome",
    "native_outcome",
    "basis",
    "phase",
    "resolution",
    "request_link",
    "quorum_link",
    "dedup_key",
    "snapshot_version",
    "received_ms",
    "exec_state",
];

/// The column that says which request an event belongs to.
const REQUEST: &str = "corr_request";

/// A kind of link between records of one source.
#[derive(Debug)]
pub struct Join {
    name: String,
    groups: Vec<Group>,
    /// Whether the record that gives must not be later than the one that takes.
    earlier: bool,
    /// Where the record that gives is the nearest one.
    nearest: Option<Nearest>,
}

/// Columns that are taken together, where those of `unless` are null.
#[derive(Debug)]
struct Group {
    name: &'static str,
    columns: Vec<&'static EventColumn>,
    unless: Vec<&'static EventColumn>,
}

/// What one event offers to others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    pub(super) id: String,
    pub(super) at: Option<i64>,
    grade: Option<Grade>,
    values: Vec<Option<Value>>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Value {
    Text(String),
    Int(i64),
    Flag(bool),
}

/// What became of a wish to take values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taking {
    /// One record gives them, or several that agree.
    Taken,
    /// No record has the key.
    Missing,
    /// Several records have the key, and do not agree.
    Ambiguous,
}

impl Join {
    /// Returns its name in the profile.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the names of the columns and principals that are taken.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.groups.iter().map(|group| group.name)
    }

    /// Compiles one table of `[joins]`.
    pub(super) fn of(key: Key<'_>, node: Node<'_>) -> Result<Self, ProfileError> {
        let table = node.table()?;
        table.only(&["columns", "order", "nearest", "once"])?;
        let fits = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if key.text.is_empty() || !fits(key.text) {
            return Err(key.error("the name of a join is lower-case letters and underscores", None));
        }
        let earlier = match table.opt("order") {
            None => true,
            Some(node) => node.word(&["before", "any"])? == "before",
        };
        let columns = table.need("columns")?;
        let groups = columns.list()?.into_iter().map(Group::of).collect::<Result<Vec<_>, _>>()?;
        if groups.is_empty() {
            return Err(columns.error("a join that takes nothing", None));
        }
        Ok(Self { name: key.text.to_owned(), groups, earlier, nearest: Nearest::of(table)? })
    }

    /// Returns how it tells by time which record is meant, where it does.
    pub fn nearest(&self) -> Option<Nearest> {
        self.nearest
    }

    /// Returns the time in which a record would have to lie to give to `event` by nearness, rather than what is there.
    ///
    /// `offers` stand in order ([`Offer::place`]).
    pub fn window(&self, event: &Event, offers: &[Offer]) -> Option<Period> {
        let (nearest, at) = (self.nearest?, event.time_ms?);
        let apart = match nearest.choose(at, own(event), offers, self.earlier) {
            Choice::One(offer) => offer.at.map(|then| then.abs_diff(at)),
            Choice::Several | Choice::None => None,
        };
        let apart = apart.and_then(|apart| i64::try_from(apart).ok()).unwrap_or(nearest.within_ms);
        Some(Nearest { within_ms: apart, ..nearest }.window(at, self.earlier))
    }

    /// Returns the id of the event that `event` alone may take from, where the join gives once.
    ///
    /// `offers` stand in order ([`Offer::place`]).
    pub fn claims<'o>(&self, event: &Event, offers: &'o [Offer]) -> Option<&'o str> {
        let nearest = self.nearest.filter(|nearest| nearest.once)?;
        match nearest.choose(event.time_ms?, own(event), offers, self.earlier) {
            Choice::One(offer) => Some(&offer.id),
            Choice::Several | Choice::None => None,
        }
    }

    /// Returns what `event` offers.
    pub fn offer(&self, event: &mut Event) -> Offer {
        Offer {
            id: event.id.clone().unwrap_or_default().into(),
            at: event.time_ms,
            grade: event.grade.as_deref().and_then(Grade::from_word),
            values: self.columns().map(|column| read(column, event)).collect(),
        }
    }

    /// Fills what `event` left null from the one record among `offers` that has its key. `doubted` says that by nearness
    /// another record, or another event, may be meant as well.
    ///
    /// `offers` stand in order ([`Offer::place`]).
    pub fn take(&self, event: &mut Event, offers: &[Offer], doubted: bool) -> Taking {
        let chosen = match self.nearest {
            None => self.by_key(event, offers),
            Some(nearest) => match event.time_ms {
                Some(at) => nearest.choose(at, own(event), offers, self.earlier),
                None => Choice::None,
            },
        };
        let first = match chosen {
            Choice::One(first) if self.nearest.is_none() || !doubted => first,
            Choice::None if self.nearest.is_none() || !doubted => {
                mark(event, "join_missing");
                return Taking::Missing;
            }
            _ => {
                mark(event, "join_ambiguous");
                if self.leaves_request_open(event) {
                    event.request_link = Some("ambiguous".into());
                }
                return Taking::Ambiguous;
            }
        };
        if self.fill(event, first) {
            mark(event, "joined");
            if self.nearest.is_some() {
                mark(event, "joined_nearest");
            }
            let link = format!("{}={}", self.name, first.id);
            let links = event.joined.take().map_or_else(|| link.clone(), |before| format!("{before},{link}"));
            event.joined = Some(links.into());
        }
        Taking::Taken
    }

    fn by_key<'o>(&self, event: &Event, offers: &'o [Offer]) -> Choice<'o> {
        let eligible = |offer: &&Offer| {
            offer.id != own(event)
                && (!self.earlier || matches!((offer.at, event.time_ms), (Some(at), Some(now)) if at <= now))
        };
        let mut eligible = offers.iter().filter(eligible);
        let Some(first) = eligible.next() else { return Choice::None };
        if eligible.all(|other| other.agrees(first)) { Choice::One(first) } else { Choice::Several }
    }

    /// Tells whether the request of an execution would have been one of several by nearness.
    fn leaves_request_open(&self, event: &Event) -> bool {
        self.nearest.is_some()
            && event.kind.as_deref() == Some("execution")
            && event.corr_request.is_none()
            && event.request_link.as_deref() != Some("none")
            && self.takes_request()
    }

    /// Tells whether it takes the id of a request.
    pub(super) fn takes_request(&self) -> bool {
        self.groups.iter().any(|group| group.name == REQUEST)
    }

    fn fill(&self, event: &mut Event, offer: &Offer) -> bool {
        let mut values = offer.values.iter();
        let (mut filled, asked) = (false, event.corr_request.is_some());
        for group in &self.groups {
            let given: Vec<_> = group.columns.iter().zip(values.by_ref()).collect();
            let free = group.unless.iter().all(|column| read(column, event).is_none());
            // Where the product shows that nobody asked, no nearness says otherwise.
            let unasked = self.nearest.is_some()
                && group.name == REQUEST
                && event.request_link.as_deref() == Some("none");
            if !free || unasked || given.iter().all(|(_, value)| value.is_none()) {
                continue;
            }
            for (column, value) in given {
                write(column, event, value.as_ref());
            }
            filled = true;
        }
        if filled {
            // What is taken proves no more than the record that it comes from.
            let own = event.grade.as_deref().and_then(Grade::from_word);
            if let (Some(own), Some(given)) = (own, offer.grade) {
                event.grade = Some(own.min(given).word().into());
            }
            if event.kind.as_deref() == Some("execution") && event.corr_request.is_some() {
                let word = if self.nearest.is_none() { "linked" } else { "nearest" };
                if self.nearest.is_none() || !asked {
                    event.request_link = Some(word.into());
                }
            }
            if event.quorum.is_some() {
                event.quorum_link = None;
            }
        }
        filled
    }

    fn columns(&self) -> impl Iterator<Item = &'static EventColumn> {
        self.groups.iter().flat_map(|group| group.columns.iter().copied())
    }
}

impl Offer {
    /// Tells whether it says the same.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.values == other.values
    }

    /// Returns its place among the offers of a key: by time, those without one first, then by id.
    pub fn place(&self) -> (Option<i64>, &str) {
        (self.at, &self.id)
    }
}

impl Group {
    fn of(node: Node<'_>) -> Result<Self, ProfileError> {
        let name = node.text()?;
        if let Some(role) = ROLES.iter().find(|role| role.name == name) {
            return Ok(Self::role(role));
        }
        if name == "command" {
            return Ok(Self {
                name: "command",
                columns: COMMAND.iter().filter_map(|name| column(name)).collect(),
                unless: ["command", "command_digest"].iter().filter_map(|name| column(name)).collect(),
            });
        }
        let Some(column) = column(name).filter(|column| joinable(column)) else {
            let help = did_you_mean(name, names().iter().copied());
            return Err(node.error(
                format!("`{}` is nothing that a record takes from another", shown(name)),
                Some(help),
            ));
        };
        Ok(Self { name: column.name, columns: vec![column], unless: vec![column] })
    }

    /// A principal is taken whole: an id means nothing without its namespace.
    fn role(role: &'static Role) -> Self {
        let of = |name: &str| name.strip_prefix(role.name).is_some_and(|rest| rest.starts_with('_'));
        let columns = super::column::COLUMNS.iter().filter(|column| column.holds == Holds::Principal);
        let columns: Vec<_> = columns.filter(|column| of(column.name)).collect();
        let ids = columns.iter().copied().filter(|column| column.name.ends_with("_id")).collect();
        Self { name: role.name, columns, unless: ids }
    }
}

fn own(event: &Event) -> &str {
    event.id.as_deref().unwrap_or_default()
}

fn joinable(column: &EventColumn) -> bool {
    let display = column.name.ends_with("_name") || column.name.ends_with("_email");
    let held = match column.holds {
        Holds::Mechanical => false,
        Holds::Principal => display,
        _ => true,
    };
    held && !OWN.contains(&column.name) && !COMMAND.contains(&column.name)
}

/// Returns the names that `columns` of a join may hold.
fn names() -> Vec<&'static str> {
    let single = super::column::COLUMNS.iter().filter(|column| joinable(column)).map(|column| column.name);
    ROLES.iter().map(|role| role.name).chain(["command"]).chain(single).collect()
}

fn read(column: &EventColumn, event: &mut Event) -> Option<Value> {
    match column.slot {
        Slot::Text(slot) => slot(event).as_deref().map(|text| Value::Text(text.to_owned())),
        Slot::Int(slot) => slot(event).map(Value::Int),
        Slot::Flag(slot) => slot(event).map(Value::Flag),
    }
}

fn write(column: &EventColumn, event: &mut Event, value: Option<&Value>) {
    match (column.slot, value) {
        (Slot::Text(slot), Some(Value::Text(text))) => *slot(event) = Some(text.as_str().into()),
        (Slot::Int(slot), Some(Value::Int(int))) => *slot(event) = Some(*int),
        (Slot::Flag(slot), Some(Value::Flag(flag))) => *slot(event) = Some(*flag),
        (Slot::Text(slot), _) => *slot(event) = None,
        (Slot::Int(slot), _) => *slot(event) = None,
        (Slot::Flag(slot), _) => *slot(event) = None,
    }
}

fn mark(event: &mut Event, mark: &str) {
    let mut marks: Vec<&str> = event.quality.as_deref().unwrap_or_default().split(',').collect();
    marks.retain(|known| !known.is_empty() && *known != mark);
    marks.push(mark);
    marks.sort_unstable();
    event.quality = Some(marks.join(",").into());
}

/// Compiles the keys of a rule, by join: `offers = { person = "/id" }`.
pub(super) fn keys<'t, T>(
    table: Table<'t>,
    name: &str,
    joins: &[&'t str],
    mut compile: impl FnMut(Node<'t>) -> Result<T, ProfileError>,
) -> Result<Vec<(usize, T)>, ProfileError> {
    let Some(node) = table.opt(name) else { return Ok(Vec::new()) };
    node.table()?
        .entries()
        .map(|(key, value)| match joins.iter().position(|join| *join == key.text) {
            Some(index) => Ok((index, compile(value)?)),
            None => {
                let help = did_you_mean(key.text, joins.iter().copied());
                Err(key.error(format!("`[joins]` has no `{}`", shown(key.text)), Some(help)))
            }
        })
        .collect()
}

/// Writes keys by join as the event holds them.
pub(super) fn written(keys: &BTreeMap<&str, String>) -> Option<String> {
    (!keys.is_empty()).then(|| serde_json::json!(keys).to_string())
}

/// Reads keys by join as an event holds them.
pub fn read_keys(text: &str) -> BTreeMap<String, String> {
    serde_json::from_str(text).unwrap_or_default()
}

/// Lets events that are all there is take from one another, as samples of a profile do.
pub(super) fn among(events: &mut [Event], joins: &[Join]) {
    let mut offers: BTreeMap<(String, String), Vec<Offer>> = BTreeMap::new();
    let counting = counting(events);
    for (event, counts) in events.iter_mut().zip(&counting) {
        let Some(keys) = event.offers.as_deref().filter(|_| *counts).map(read_keys) else { continue };
        for (name, key) in keys {
            if let Some(join) = joins.iter().find(|join| join.name() == name) {
                offers.entry((name, key)).or_default().push(join.offer(event));
            }
        }
    }
    for offers in offers.values_mut() {
        offers.sort_by(|a, b| a.place().cmp(&b.place()));
    }
    let of = |join: &Join, wishes: &BTreeMap<String, String>| {
        let key = wishes.get(join.name())?;
        Some(offers.get(&(join.name().to_owned(), key.clone())).map_or(&[][..], Vec::as_slice))
    };
    let mut claims: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for (event, counts) in events.iter().zip(&counting) {
        let Some(wishes) = event.takes.as_deref().filter(|_| *counts).map(read_keys) else { continue };
        for join in joins {
            if let Some(giver) = of(join, &wishes).and_then(|offers| join.claims(event, offers)) {
                *claims.entry((join.name(), giver)).or_default() += 1;
            }
        }
    }
    for event in events.iter_mut() {
        let Some(wishes) = event.takes.as_deref().map(read_keys) else { continue };
        for join in joins {
            if let Some(offers) = of(join, &wishes) {
                let giver = join.claims(event, offers);
                let shared = giver.and_then(|giver| claims.get(&(join.name(), giver)));
                join.take(event, offers, shared.is_some_and(|count| *count > 1));
            }
        }
    }
}

/// Tells of each event whether it counts among those that repeat its fact: the one of the greatest version, of equals the first.
fn counting(events: &[Event]) -> Vec<bool> {
    let mut best: BTreeMap<(&str, &str), (i64, usize)> = BTreeMap::new();
    for (index, event) in events.iter().enumerate() {
        let (Some(kind), Some(key)) = (event.kind.as_deref(), event.dedup_key.as_deref()) else { continue };
        let version = event.snapshot_version.unwrap_or(i64::MIN);
        let known = best.entry((kind, key)).or_insert((version, index));
        if version > known.0 {
            *known = (version, index);
        }
    }
    let counted = |(index, event): (usize, &Event)| match (event.kind.as_deref(), event.dedup_key.as_deref())
    {
        (Some(kind), Some(key)) => best.get(&(kind, key)).is_none_or(|(_, at)| *at == index),
        _ => true,
    };
    events.iter().enumerate().map(counted).collect()
}
