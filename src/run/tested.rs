//! The executions that tests looked at, each with what every test says of it: the rows of a workpaper.
//!
//! A test of another table counts for an execution through the request it ran under: the weakest state over the decisions, or
//! the request, of that id.

use std::collections::{BTreeMap, BTreeSet};

use super::Run;
use crate::assess::place::Places;
use crate::clock::Moment;
use crate::column::{FrameReader, Row};
use crate::control::item::{Evaluation, State};
use crate::digest::Digest;
use crate::report::workpaper::{Attribute, MAX_POPULATION, Population, SAMPLE, Tested};
use crate::sample;
use crate::table::{Decision, Execution, Request};

/// The executions that a run tested.
pub struct Executions<'a> {
    run: &'a Run,
    places: Places<'a>,
    reader: FrameReader<'a, Execution>,
    /// Time, id, and row of each execution that some test looked at, in that order.
    order: Vec<(Option<i64>, &'a str, usize)>,
    /// The tests shown, in catalogue order.
    tests: Vec<Shown<'a>>,
}

/// A test that says something of executions.
struct Shown<'a> {
    subject: &'a str,
    evaluation: &'a Evaluation,
}

impl<'a> Executions<'a> {
    /// Looks up the executions of `run`; none where it has no such table.
    pub fn of(run: &'a Run) -> Option<Self> {
        let (frame, events) = (run.tables.get(Execution::TABLE)?, run.tables.get("event")?);
        let tests: Vec<Shown<'_>> = attributes(run)
            .filter_map(|test| {
                Some(Shown { subject: &test.subject, evaluation: run.evaluations.get(&test.id)? })
            })
            .collect();
        let looked_at = |id: &str| {
            let mut of_executions = tests.iter().filter(|test| test.subject == Execution::TABLE);
            of_executions.any(|test| test.evaluation.state(id).is_some())
        };
        let (ids, times) =
            (frame.column("execution_id").ok()?.str().ok()?, frame.column("ts_ms").ok()?.i64().ok()?);
        let mut order: Vec<(Option<i64>, &str, usize)> = ids
            .iter()
            .zip(times.iter())
            .zip(0..)
            .filter_map(|((id, time), row)| Some((time, id.filter(|id| looked_at(id))?, row)))
            .collect();
        order.sort_unstable();
        Some(Self { run, places: Places::of(events), reader: FrameReader::new(frame), order, tests })
    }

    /// Returns the tests shown of an execution, in the order of [`Tested::states`].
    pub fn attributes(&self) -> Vec<Attribute> {
        attributes(self.run)
            .map(|test| Attribute { test: test.id.clone(), title: test.title.clone() })
            .collect()
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Returns the ids, by time.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(|(_, id, _)| *id)
    }

    /// Returns the first `most`, by time.
    pub fn first(&self, most: usize) -> Vec<Tested> {
        let rows: Vec<usize> = self.order.iter().take(most).map(|(_, _, row)| *row).collect();
        self.rows(&rows)
    }

    /// Returns a sample, lowest rank first.
    pub fn sample(&self, seed: &str, size: usize) -> Vec<Tested> {
        let rows: BTreeMap<&str, usize> = self.order.iter().map(|(_, id, row)| (*id, *row)).collect();
        let drawn = sample::draw(seed, self.ids(), size);
        let drawn: Vec<usize> =
            drawn.iter().filter_map(|drawn| rows.get(drawn.item.as_str()).copied()).collect();
        self.rows(&drawn)
    }

    /// Returns what a workpaper shows of them. The seed of its sample is `results`, which nobody chooses freely.
    pub fn population(&self, results: Digest) -> Population {
        let seed = results.to_string();
        Population {
            attributes: self.attributes(),
            executions: self.len(),
            digest: sample::population_digest(self.ids()).to_string(),
            first: self.first(MAX_POPULATION),
            sample: self.sample(&seed, SAMPLE),
            seed,
        }
    }

    fn rows(&self, indices: &[usize]) -> Vec<Tested> {
        let rows: Vec<Execution> = indices.iter().map(|index| self.reader.row(*index)).collect();
        let requests: BTreeSet<&str> = rows.iter().filter_map(|row| row.request_id.as_deref()).collect();
        let asked = of_requests::<Request>(self.run, &requests, |row| row.request_id.clone());
        let decided = of_requests::<Decision>(self.run, &requests, |row| row.request_id.clone());
        rows.iter().map(|row| self.tested(row, &asked, &decided)).collect()
    }

    fn tested(
        &self,
        row: &Execution,
        asked: &BTreeMap<String, Vec<Request>>,
        decided: &BTreeMap<String, Vec<Decision>>,
    ) -> Tested {
        let id = row.execution_id.clone().unwrap_or_default();
        let request = row.request_id.as_deref().unwrap_or_default();
        let asked = asked.get(request).map_or(&[][..], Vec::as_slice);
        let decided = decided.get(request).map_or(&[][..], Vec::as_slice);
        let states = self.tests.iter().map(|test| match test.subject {
            Execution::TABLE => test.evaluation.state(&id),
            Decision::TABLE => weakest(test.evaluation, decided.iter().map(|row| row.decision_id.as_deref())),
            _ => weakest(test.evaluation, asked.iter().map(|row| row.request_id.as_deref())),
        });
        let states = states.map(|state| state.map(State::word)).collect();
        let place = self.places.find(row.event_id.as_deref().unwrap_or_default()).unwrap_or_default();
        let approvers: BTreeSet<&str> = decided
            .iter()
            .filter(|row| matches!(row.outcome.as_deref(), Some("approve" | "auto_approve")))
            .map(|row| row.reviewer_id.as_deref().unwrap_or("not named"))
            .collect();
        let requesters: BTreeSet<&str> = asked.iter().filter_map(|row| row.actor_id.as_deref()).collect();
        let joined = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
        Tested {
            item: id,
            case: row.request_id.clone().or_else(|| row.orphan_case()).unwrap_or_default(),
            source: row.source_id.clone().unwrap_or_default(),
            native_id: place.native_id,
            time: row.ts_ms.map(Moment::from_ms),
            requester: joined(requesters),
            approver: joined(approvers),
            executor: row.actor_id.clone().unwrap_or_default(),
            action: row.action_name.clone().or_else(|| row.action_class.clone()).unwrap_or_default(),
            resource: row.resource_id.clone().unwrap_or_default(),
            environment: row.env.clone().unwrap_or_default(),
            object: place.object,
            line: place.line,
            grade: place.grade.word().to_owned(),
            states,
        }
    }
}

/// Returns the deviation tests that say something of an execution, in catalogue order.
fn attributes(run: &Run) -> impl Iterator<Item = &crate::report::model::Test> {
    let tables = [Execution::TABLE, Decision::TABLE, Request::TABLE];
    let tests = run.assessment.report().tests.iter();
    tests.filter(move |test| test.kind == "deviation" && tables.contains(&test.subject.as_str()))
}

/// Returns the rows of a table by request, for those wanted.
fn of_requests<R: Row>(
    run: &Run,
    wanted: &BTreeSet<&str>,
    request: impl Fn(&R) -> Option<String>,
) -> BTreeMap<String, Vec<R>> {
    let mut by_request: BTreeMap<String, Vec<R>> = BTreeMap::new();
    let Some(frame) = run.tables.get(R::TABLE) else { return by_request };
    let reader = FrameReader::<R>::new(frame);
    for index in crate::assess::place::rows_where(frame, "request_id", |id| wanted.contains(id)) {
        let row = reader.row(index);
        if let Some(request) = request(&row) {
            by_request.entry(request).or_default().push(row);
        }
    }
    by_request
}

/// Returns the weakest state over `ids`; nothing where the test looked at none of them.
fn weakest<'a>(evaluation: &Evaluation, ids: impl Iterator<Item = Option<&'a str>>) -> Option<State> {
    let weakness = |state: &State| match state {
        State::Exception => 0,
        State::Untestable => 1,
        State::Accepted => 2,
        State::Pending => 3,
        State::Ok => 4,
    };
    ids.flatten().filter_map(|id| evaluation.state(id)).min_by_key(weakness)
}
