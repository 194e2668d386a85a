//! One case of a run: found by any id that a person may have at hand, with its moments and what every test says of it.
//!
//! Its JSON is `countersign/case/1` (`docs/formats/case-json.md`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Run;
use super::material::Material;
use crate::assess::{case, exception, place};
use crate::clock::{Moment, Period};
use crate::column::{FrameReader, Row, int_at, text_at};
use crate::control::item::State;
use crate::integrity::verdict::Verdict;
use crate::report::model::{Case, CaseMoment, Exception, Report, TestOutcome};
use crate::table::{ApprovalCase, EventRow, IntegrityRow};

/// The shortest beginning of an exception id that is taken for one.
const MIN_PREFIX: usize = 4;

/// What `case --json` prints.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CaseView {
    /// Always `countersign/case/1`.
    pub schema: &'static str,
    /// Case id.
    pub id: String,
    /// Source of the request, else of what stands alone.
    pub source: String,
    /// The product's own id.
    pub native_id: String,
    /// approved, denied, expired, revoked, cancelled, pending, unknown.
    pub state: String,
    /// What is missing: request, decision.
    pub gaps: Vec<String>,
    /// The period tested.
    pub period: Period,
    /// Time after this moment was not tested.
    pub as_of: Moment,
    /// Moments, by time.
    pub moments: Vec<MomentView>,
    /// What each test says of each of its items in the case, by test and item.
    pub tests: Vec<TestView>,
    /// Exceptions in the case.
    pub exceptions: Vec<Exception>,
}

/// A moment of a case, and how far its record can be relied on.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct MomentView {
    /// The moment.
    #[serde(flatten)]
    pub moment: CaseMoment,
    /// ok, damaged, … as the `integrity` table says of the record; empty where it says nothing.
    pub status: String,
    /// Log that the record lies in; empty where nothing says.
    pub log: String,
    /// Verdict of that log; null where it is not known.
    pub verdict: Option<Verdict>,
}

/// What a test says of an item.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TestView {
    /// Test.
    pub test: String,
    /// What holds where there is no exception.
    pub title: String,
    /// Result of the whole test: a hole elsewhere can leave it unable to test though this item held.
    pub result: TestOutcome,
    /// Item: an execution, decision, request, or event.
    pub item: String,
    /// ok, exception, accepted, untestable, pending.
    pub state: &'static str,
    /// Defect phrase, or what is missing or awaited; empty where it held.
    pub reason: String,
    /// The facts of an exception, label and value.
    pub facts: Vec<(String, String)>,
}

/// What an id names.
#[derive(Clone, PartialEq, Debug)]
pub enum Named {
    /// One case.
    One(Box<CaseView>),
    /// Several: case id, and why it fits.
    Several(Vec<(String, &'static str)>),
    /// Exceptions that belong to no case.
    Alone(Vec<Exception>),
    /// Nothing.
    Nothing,
}

/// Finds what `id` names in `run`: a case id; an exception id or the beginning of one; or a product's own id of a request, decision,
/// execution, or other event.
pub fn find(material: &Material, run: &Run, id: &str) -> Named {
    let report = run.assessment.report();
    let mut fits: BTreeMap<String, &'static str> = BTreeMap::new();
    let mut alone = Vec::new();
    for row in rows_named::<ApprovalCase>(run, "case_id", id) {
        fits.insert(row.case_id.unwrap_or_default(), "case id");
    }
    // A whole case id means that case, whatever else has the same name.
    if fits.is_empty() {
        for exception in named_by(report, id) {
            match &exception.case {
                Some(case) => drop(fits.insert(case.clone(), "exception id")),
                None => alone.push(exception.clone()),
            }
        }
        for case in by_native_id(run, id) {
            fits.entry(case).or_insert("the product's own id");
        }
    }
    match (fits.len(), alone.is_empty()) {
        (0, true) => Named::Nothing,
        (0, false) => Named::Alone(alone),
        (1, true) => {
            let case = fits.into_keys().next().unwrap_or_default();
            view(material, run, &case).map_or(Named::Nothing, |view| Named::One(Box::new(view)))
        }
        _ => {
            let mut several: Vec<(String, &'static str)> = fits.into_iter().collect();
            several.extend(alone.into_iter().map(|exception| (exception.id, "an exception of no case")));
            Named::Several(several)
        }
    }
}

/// Returns the exceptions that `id` is the id of, or begins the ids of.
fn named_by<'a>(report: &'a Report, id: &'a str) -> impl Iterator<Item = &'a Exception> {
    let is_prefix = id.len() >= MIN_PREFIX;
    report.exceptions.iter().filter(move |exception| is_prefix && exception.id.starts_with(id))
}

/// Returns the cases of the events, and of the requests, that a product calls `id`.
fn by_native_id(run: &Run, id: &str) -> BTreeSet<String> {
    let mut cases: BTreeSet<String> =
        rows_named::<ApprovalCase>(run, "native_id", id).into_iter().filter_map(|row| row.case_id).collect();
    let events: BTreeSet<String> =
        rows_named::<EventRow>(run, "native_id", id).into_iter().filter_map(|row| row.event_id).collect();
    let wanted: BTreeSet<&str> = events.iter().map(String::as_str).collect();
    cases.extend(exception::items(&run.tables, &wanted).into_values().filter_map(|item| item.case));
    cases
}

fn rows_named<R: Row>(run: &Run, column: &str, name: &str) -> Vec<R> {
    let Some(frame) = run.tables.get(R::TABLE) else { return Vec::new() };
    let reader = FrameReader::<R>::new(frame);
    place::rows_where(frame, column, |found| found == name).into_iter().map(|row| reader.row(row)).collect()
}

fn view(material: &Material, run: &Run, id: &str) -> Option<CaseView> {
    let report = run.assessment.report();
    let wanted = BTreeSet::from([id.to_owned()]);
    let Case { id, state, gaps, moments, .. } =
        case::timelines(&run.tables, &wanted, &BTreeMap::new(), &material.roster).pop()?;
    let row = rows_named::<ApprovalCase>(run, "case_id", &id).pop()?;
    let records: BTreeSet<(&str, u64)> =
        moments.iter().map(|moment| (moment.object.as_str(), moment.line)).collect();
    let status = statuses(run, &records);
    let moments = moments
        .into_iter()
        .map(|moment| {
            let (status, log) = status
                .get(&(moment.source.clone(), moment.object.clone(), moment.line))
                .cloned()
                .unwrap_or_default();
            let of_log = report.logs.iter().find(|found| found.source == moment.source && found.log == log);
            MomentView { moment, status, verdict: of_log.map(|log| log.verdict), log }
        })
        .collect();
    Some(CaseView {
        schema: "countersign/case/1",
        source: row.source_id.unwrap_or_default(),
        native_id: row.native_id.unwrap_or_default(),
        state,
        gaps,
        period: report.period,
        as_of: report.as_of,
        moments,
        tests: tests(run, &id, &case::events_of(&run.tables, &wanted)),
        exceptions: report
            .exceptions
            .iter()
            .filter(|exception| exception.case.as_deref() == Some(id.as_str()))
            .cloned()
            .collect(),
        id,
    })
}

/// Returns status and log of each record, by source, object, and line.
fn statuses(run: &Run, records: &BTreeSet<(&str, u64)>) -> BTreeMap<(String, String, u64), (String, String)> {
    let mut found = BTreeMap::new();
    let Some(frame) = run.tables.get(IntegrityRow::TABLE) else { return found };
    let (Ok(objects), Ok(lines)) = (frame.column("object"), frame.column("line")) else { return found };
    let reader = FrameReader::<IntegrityRow>::new(frame);
    for index in 0..frame.height() {
        let line = int_at(lines, index).and_then(|line| u64::try_from(line).ok());
        let (Some(object), Some(line)) = (text_at(objects, index), line) else { continue };
        if !records.contains(&(object, line)) {
            continue;
        }
        let row = reader.row(index);
        let key = (row.source_id.unwrap_or_default(), object.to_owned(), line);
        let status = (row.status.unwrap_or_default(), row.log.unwrap_or_default());
        // A record and a break of it are two rows; the damage is what counts.
        let worse = found.get(&key).is_none_or(|(known, _): &(String, String)| known == "ok");
        if worse {
            found.insert(key, status);
        }
    }
    found
}

/// Returns what every test says of the items of a case.
fn tests(run: &Run, case: &str, events: &BTreeSet<String>) -> Vec<TestView> {
    let items: BTreeSet<&str> = events.iter().map(String::as_str).chain([case]).collect();
    let mut views = Vec::new();
    for test in &run.assessment.report().tests {
        let Some(evaluation) = run.evaluations.get(&test.id) else { continue };
        for id in &items {
            let Some(state) = evaluation.state(id) else { continue };
            let item = evaluation.item(id);
            views.push(TestView {
                test: test.id.clone(),
                title: test.title.clone(),
                result: test.result,
                item: (*id).to_owned(),
                state: state.word(),
                reason: item
                    .filter(|_| state != State::Ok)
                    .map(|item| item.reason.clone())
                    .unwrap_or_default(),
                facts: item.map(|item| item.facts.clone()).unwrap_or_default(),
            });
        }
    }
    views
}
