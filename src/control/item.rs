//! Runs a test: its population and its exceptions become items, each with one state.
//!
//! The population decides which items there are and which cannot be tested; the exceptions say which of the rest
//! did not hold. An exception outside the population would be an item that nobody counted: an internal error.

use std::borrow::Cow;

use polars::prelude::*;

use super::definition::Test;
use super::error::ControlError;
use super::query::{self, Tables};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::duration;

/// The state of one item.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum State {
    /// It held.
    Ok,
    /// It did not hold.
    Exception,
    /// It did not hold, and a valid waiver covers it.
    Accepted,
    /// Something missing would decide it.
    Untestable,
    /// Its limit ends after as-of.
    Pending,
}

impl State {
    /// Returns the word printed for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Exception => "exception",
            Self::Accepted => "accepted",
            Self::Untestable => "untestable",
            Self::Pending => "pending",
        }
    }
}

/// One item that is not simply ok.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// Key of the subject in its table.
    pub subject_id: String,
    /// Its state; a waiver may turn an exception into an accepted one.
    pub state: State,
    /// Defect phrase of an exception; else what is missing (`table.column`) or awaited.
    pub reason: String,
    /// The facts of an exception, label and value, in the query's order.
    pub facts: Vec<(String, String)>,
}

/// What running a test gave.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// Keys of every item, sorted, each once.
    pub subjects: StringChunked,
    /// The items that are not ok, sorted by subject id.
    pub items: Vec<Item>,
    /// SHA-256 of `population.sql`.
    pub population_sql: Digest,
    /// SHA-256 of `exceptions.sql`.
    pub exceptions_sql: Digest,
}

/// Items per state; their sum is N.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Items that held.
    pub ok: u64,
    /// Exceptions that no waiver covers.
    pub exception: u64,
    /// Exceptions under a valid waiver.
    pub accepted: u64,
    /// Items that could not be tested.
    pub untestable: u64,
    /// Items whose limit ends after as-of.
    pub pending: u64,
}

impl Counts {
    /// Returns N.
    pub fn population(&self) -> u64 {
        self.ok + self.exception + self.accepted + self.untestable + self.pending
    }

    /// Returns the exceptions, accepted ones included.
    pub fn exceptions(&self) -> u64 {
        self.exception + self.accepted
    }
}

impl Evaluation {
    /// Counts the items by state, as they stand now.
    pub fn counts(&self) -> Counts {
        let with = |state| self.items.iter().filter(|item| item.state == state).count() as u64;
        let mut counts = Counts {
            ok: 0,
            exception: with(State::Exception),
            accepted: with(State::Accepted),
            untestable: with(State::Untestable),
            pending: with(State::Pending),
        };
        counts.ok = (self.subjects.len() as u64).saturating_sub(counts.population());
        counts
    }

    /// Returns the item of a subject, where it is not ok.
    pub fn item(&self, subject_id: &str) -> Option<&Item> {
        let found = self.items.binary_search_by(|item| item.subject_id.as_str().cmp(subject_id));
        found.ok().and_then(|index| self.items.get(index))
    }

    /// Returns the state of a subject, where it is in the population.
    pub fn state(&self, subject_id: &str) -> Option<State> {
        match self.item(subject_id) {
            Some(item) => Some(item.state),
            None => contains(&self.subjects, subject_id).then_some(State::Ok),
        }
    }

    /// Returns every item with its state, sorted by subject id.
    pub fn states(&self) -> impl Iterator<Item = (&str, State)> {
        self.each().map(|(subject, item)| (subject, item.map_or(State::Ok, |item| item.state)))
    }

    /// Returns every item with its state in words, as cases write it, sorted by subject id.
    pub fn described(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        let described = |item: &Item| match (item.state, &item.reason) {
            (State::Ok, _) => "ok".into(),
            (state @ (State::Exception | State::Accepted), reason) => {
                format!("{}: {reason}", state.word()).into()
            }
            (state @ (State::Untestable | State::Pending), reason) => {
                format!("{}:{reason}", state.word()).into()
            }
        };
        self.each().map(move |(subject, item)| (subject, item.map_or("ok".into(), described)))
    }

    /// Returns every subject with its item, where that is not simply ok.
    fn each(&self) -> impl Iterator<Item = (&str, Option<&Item>)> {
        let mut items = self.items.iter().peekable();
        let subjects = self.subjects.iter().flatten();
        subjects.map(move |subject| (subject, items.next_if(|item| item.subject_id == subject)))
    }

    /// Returns the items of one state, sorted by subject id.
    pub fn with(&self, state: State) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.state == state)
    }
}

/// Runs both queries of `test` on `tables`.
///
/// A subject that the population gives more than once is one item, untestable or pending where any of its rows
/// is. Of several exception rows of one subject the first by reason and facts stands.
///
/// # Errors
///
/// [`ControlError::Query`] where the engine refuses a query; [`ControlError::Contract`] where a query gives a null
/// or unknown value, or an exception outside the population.
pub fn evaluate(test: &Test, tables: &Tables) -> Result<Evaluation, ControlError> {
    let population_path = format!("controls/{}/population.sql", test.folder());
    let exceptions_path = format!("controls/{}/exceptions.sql", test.folder());
    let inputs = test.inputs();
    let population = query::run(&population_path, &test.population_sql, &inputs, tables)?;
    let exceptions = query::run(&exceptions_path, &test.exceptions_sql, &inputs, tables)?;

    let Population { subjects, aside } = population_of(&population_path, &population)?;
    let mut items = Vec::new();
    for row in exception_rows(&exceptions_path, &exceptions)? {
        if !contains(&subjects, &row.subject_id) {
            let detail = format!("`{}` is an exception outside the population", row.subject_id);
            return Err(ControlError::Contract { path: exceptions_path, detail });
        }
        if aside.binary_search_by(|item| item.subject_id.cmp(&row.subject_id)).is_err() {
            items.push(row);
        }
    }
    items.extend(aside);
    // Two sorted runs: the sort merges them.
    items.sort_by(|a, b| a.subject_id.cmp(&b.subject_id));
    Ok(Evaluation {
        subjects,
        items,
        population_sql: test.population_digest(),
        exceptions_sql: test.exceptions_digest(),
    })
}

/// What a population query gives.
struct Population {
    /// Keys, sorted, each once.
    subjects: StringChunked,
    /// The items that it sets aside as untestable or pending, sorted.
    aside: Vec<Item>,
}

fn population_of(path: &str, frame: &DataFrame) -> Result<Population, ControlError> {
    let ids = text(path, frame, "subject_id")?;
    if ids.null_count() > 0 {
        return Err(contract(path, format!("{} rows without a subject_id", ids.null_count())));
    }
    let states = text(path, frame, "testability")?;
    // Sorted first and not made unique by Polars, which would copy every text: so they stay slices of the table's own.
    let order = ids.arg_sort(SortOptions::default());
    let sorted = |column: &StringChunked| {
        let taken = column.take(&order).map_err(|error| contract(path, error.to_string()))?;
        Ok::<_, ControlError>(taken.rechunk().into_owned())
    };
    let (ids, states) = (sorted(&ids)?, sorted(&states)?);
    Ok(Population { aside: set_aside(path, &ids, &states)?, subjects: distinct(path, ids)? })
}

/// Returns sorted keys, each once.
fn distinct(path: &str, sorted: StringChunked) -> Result<StringChunked, ControlError> {
    let others = sorted.iter().skip(1).chain([None]);
    let last_of_its_kind: BooleanChunked = sorted.iter().zip(others).map(|(own, next)| own != next).collect();
    if last_of_its_kind.all() {
        return Ok(sorted);
    }
    sorted.filter(&last_of_its_kind).map_err(|error| contract(path, error.to_string()))
}

/// Returns the items that sorted rows set aside as untestable or pending, in their order.
fn set_aside(path: &str, ids: &StringChunked, states: &StringChunked) -> Result<Vec<Item>, ControlError> {
    let mut items: Vec<Item> = Vec::new();
    for (id, state) in ids.iter().zip(states.iter()) {
        let (Some(id), Some(state)) = (id, state) else {
            return Err(contract(path, "a row without testability".to_owned()));
        };
        let (state, reason) = match state.split_once(':') {
            None if state == "testable" => continue,
            Some(("untestable", reason)) if !reason.is_empty() => (State::Untestable, reason),
            Some(("pending", reason)) if !reason.is_empty() => (State::Pending, reason),
            _ => {
                let expected = "testable, untestable:<column>, or pending:<what>";
                return Err(contract(path, format!("expected {expected}, found `{state}`")));
            }
        };
        let item = || Item { subject_id: id.to_owned(), state, reason: reason.to_owned(), facts: Vec::new() };
        // Untestable sorts before pending, so that of two rows the weaker stands, whatever their order.
        match items.last_mut().filter(|known| known.subject_id == id) {
            None => items.push(item()),
            Some(known) if (known.state, known.reason.as_str()) <= (state, reason) => {}
            Some(known) => *known = item(),
        }
    }
    Ok(items)
}

/// Returns the exceptions, sorted, the first row of each subject.
fn exception_rows(path: &str, exceptions: &DataFrame) -> Result<Vec<Item>, ControlError> {
    let ids = text(path, exceptions, "subject_id")?;
    let reasons = text(path, exceptions, "reason")?;
    let facts: Vec<&Column> = exceptions
        .columns()
        .iter()
        .filter(|column| !matches!(column.name().as_str(), "subject_id" | "reason"))
        .collect();
    let mut rows = Vec::with_capacity(exceptions.height());
    for index in 0..exceptions.height() {
        let (Some(id), Some(reason)) = (ids.get(index), reasons.get(index)) else {
            return Err(contract(path, "a row without subject_id or reason".to_owned()));
        };
        let facts =
            facts.iter().map(|column| fact(path, column, index)).collect::<Result<Vec<_>, ControlError>>()?;
        rows.push(Item {
            subject_id: id.to_owned(),
            state: State::Exception,
            reason: reason.to_owned(),
            facts,
        });
    }
    rows.sort_by(|a, b| (&a.subject_id, &a.reason, &a.facts).cmp(&(&b.subject_id, &b.reason, &b.facts)));
    rows.dedup_by(|later, first| later.subject_id == first.subject_id);
    Ok(rows)
}

/// Returns label and value of one fact: `*_at_ms` is a moment, another `*_ms` a duration.
fn fact(path: &str, column: &Column, index: usize) -> Result<(String, String), ControlError> {
    let name = column.name().as_str();
    let value = column.get(index).map_err(|error| contract(path, error.to_string()))?;
    let value = match value {
        AnyValue::Null => "not logged".to_owned(),
        AnyValue::String(text) => text.to_owned(),
        AnyValue::StringOwned(text) => text.to_string(),
        AnyValue::Boolean(flag) => if flag { "yes" } else { "no" }.to_owned(),
        other => match (other.extract::<i64>(), name) {
            (Some(number), name) if name.ends_with("_at_ms") => Moment::from_ms(number).to_string(),
            (Some(number), name) if name.ends_with("_ms") => duration::exact(number),
            (Some(number), _) => number.to_string(),
            (None, name) => {
                let detail = format!("the column `{name}` is neither text, number, nor flag");
                return Err(contract(path, detail));
            }
        },
    };
    Ok((name.strip_suffix("_ms").unwrap_or(name).to_owned(), value))
}

/// Tells whether sorted `subjects` hold `id`.
fn contains(subjects: &StringChunked, id: &str) -> bool {
    let (mut low, mut high) = (0, subjects.len());
    while low < high {
        let middle = low + (high - low) / 2;
        match subjects.get(middle).map(|found| found.cmp(id)) {
            Some(std::cmp::Ordering::Less) => low = middle + 1,
            Some(std::cmp::Ordering::Equal) => return true,
            _ => high = middle,
        }
    }
    false
}

/// Returns a column as text. A column without any value has no type of its own and counts as text.
fn text(path: &str, frame: &DataFrame, name: &str) -> Result<StringChunked, ControlError> {
    let column = frame.column(name).map_err(|error| contract(path, error.to_string()))?;
    let column = match column.dtype() {
        DataType::Null => column.cast(&DataType::String),
        _ => Ok(column.clone()),
    };
    column
        .and_then(|column| column.str().cloned())
        .map_err(|_| contract(path, format!("expected text in the column `{name}`")))
}

fn contract(path: &str, detail: String) -> ControlError {
    ControlError::Contract { path: path.to_owned(), detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_found_by_halving() {
        let subjects = StringChunked::from_iter_values("s".into(), ["a", "c", "e"].into_iter());
        let found: Vec<bool> =
            ["a", "b", "c", "d", "e", "f"].iter().map(|id| contains(&subjects, id)).collect();
        assert_eq!(found, [true, false, true, false, true, false]);
    }
}
