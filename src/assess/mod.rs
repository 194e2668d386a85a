//! Results to one assessment: the only value that renderers see.
//!
//! In: stitched logs, tables, and the evaluation of every test. Out: an [`Assessment`]. Here holes turn results into
//! `unable to test`, exceptions get their ids and places, and everything that a report states is counted once.

pub(crate) mod case;
mod days;
pub(crate) mod exception;
mod judge;
mod link;
mod noted;
mod people;
pub(crate) mod place;
mod source;
mod waived;

use std::collections::{BTreeMap, BTreeSet};

use self::judge::{Judged, judge};
use self::place::Place;
use crate::case::Tables;
use crate::clock::{Moment, Period};
use crate::column::text_at;
use crate::control::ControlError;
use crate::control::coverage::{Standing, controls};
use crate::control::definition::{Kind, Test as Definition};
use crate::control::item::{Evaluation, State};
use crate::control::library::Library;
use crate::digest::Digest;
use crate::identity::Roster;
use crate::integrity::keyring::Keyring;
use crate::integrity::verdict::{Completeness, Grade, Verdict};
use crate::redact::{Action, Class, Policy};
use crate::report::json;
use crate::report::model::{
    Framework, Hole, Key, LinkResult, Lookalike, Mapping, Override, PolicyFile, Redaction, Report, Setting,
    Source, Test, TestOutcome, UnresolvedIdentity, Untestable, Verdicts, WaterfallStep,
};
use crate::run::previous::Previous;
use crate::segment::plan::SourcePlan;
use crate::segment::stitch::{Stitched, window};
use crate::settings::{Role, Workspace};
use crate::waiver::Waiver;

/// Raised with any change of the program that can turn a result.
pub const DERIVATION: u32 = 4;

/// Items listed per test among the untestable and the pending; the counts are always complete.
const MAX_LISTED: usize = 1_000;

/// A finished assessment. Only this module builds one.
#[derive(Clone, PartialEq, Debug)]
pub struct Assessment {
    report: Report,
    results_digest: Digest,
}

impl Assessment {
    /// Returns the content.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Returns the SHA-256 of the canonical `report.json`.
    pub fn results_digest(&self) -> Digest {
        self.results_digest
    }

    /// Returns an assessment with `report`, which says less and concludes the same; nothing where it concludes otherwise.
    pub fn withholding(&self, report: Report) -> Option<Self> {
        (conclusions(&self.report) == conclusions(&report)).then(|| Self::seal(report))
    }

    /// Seals a report.
    fn seal(report: Report) -> Self {
        let results_digest = json::digest(&report);
        Self { report, results_digest }
    }

    /// Wraps a report made by hand.
    #[cfg(test)]
    pub(crate) fn for_tests(report: Report) -> Self {
        Self::seal(report)
    }
}

/// Everything that a report concludes, in an order that no name decides.
fn conclusions(report: &Report) -> (Verdicts, Vec<String>) {
    let mut lines = Vec::new();
    lines.push(format!("{:?} {} {}", report.period, report.as_of, report.derivation));
    lines.extend(
        report.sources.iter().map(|source| format!("{} {} {:?}", source.id, source.grade, source.tally)),
    );
    lines.extend(report.logs.iter().map(|log| {
        let (source, verdict, breaks) = (&log.source, log.verdict, log.breaks.len());
        format!(
            "{source} {verdict} {} {} {} {} {breaks}",
            log.integrity, log.completeness, log.records, log.covered
        )
    }));
    lines.extend(report.holes.iter().map(|hole| format!("{} {:?} {}", hole.source, hole.span, hole.kind)));
    lines.extend(report.tests.iter().map(|test| {
        let counts = [test.population, test.exceptions, test.accepted, test.untestable, test.pending];
        format!("{} {:?} {} {counts:?}", test.id, test.result, test.reliance)
    }));
    lines.extend(report.controls.iter().map(|control| {
        let counts = [control.population, control.exceptions];
        format!("{} {} {} {} {counts:?}", control.id, control.status, control.reach, control.cap)
    }));
    lines.extend(report.exceptions.iter().map(|exception| {
        let accepted = exception.accepted.is_some();
        format!("{} {} {} {accepted}", exception.test, exception.severity, exception.grade)
    }));
    for items in [&report.untestable, &report.pending] {
        lines.extend(items.iter().map(|item| format!("{} {} {}", item.test, item.source, item.line)));
    }
    for rows in [&report.review, &report.limited] {
        lines.extend(rows.iter().map(|row| format!("{} {} {}", row.test, row.source, row.line)));
    }
    lines.extend(
        report.waivers.iter().map(|waiver| format!("{} {} {}", waiver.test, waiver.state, waiver.accepted)),
    );
    lines.sort();
    (report.verdicts.clone(), lines)
}

/// Everything an assessment rests on.
pub struct Inputs<'a> {
    /// The workspace.
    pub workspace: &'a Workspace,
    /// The period.
    pub period: Period,
    /// Time after this moment is not tested.
    pub as_of: Moment,
    /// Sources with their profiles.
    pub sources: &'a [SourcePlan<'a>],
    /// What the segments showed.
    pub stitched: &'a Stitched,
    /// The tables.
    pub tables: &'a Tables,
    /// Events per source that repeat a fact.
    pub repeated: &'a BTreeMap<String, u64>,
    /// What the links between sources joined.
    pub links: Vec<LinkResult>,
    /// Identities that could not be resolved.
    pub unresolved: Vec<UnresolvedIdentity>,
    /// The control library.
    pub library: &'a Library,
    /// The evaluation of every test, by id; what a waiver covers becomes accepted.
    pub evaluations: &'a mut BTreeMap<String, Evaluation>,
    /// Waivers.
    pub waivers: &'a [Waiver],
    /// The roster.
    pub roster: &'a Roster,
    /// Trusted keys.
    pub keyring: &'a Keyring,
    /// The pack of the period before, where the run goes on from one.
    pub previous: Option<&'a Previous>,
    /// Files of the workspace that replace or add to shipped ones.
    pub overrides: Vec<Override>,
    /// Digests of everything that shaped the results, apart from the control library.
    pub policy: Vec<PolicyFile>,
}

/// Makes the assessment.
///
/// # Errors
///
/// Names an unknown framework or control.
pub fn assess(inputs: Inputs<'_>) -> Result<Assessment, ControlError> {
    let window = window(inputs.period, inputs.as_of);
    let holes = touching(&inputs.stitched.holes, window);
    let judged = judge(&inputs, &holes);
    let links = links(inputs.library);
    let failing = failing(&inputs);
    let stated_by: BTreeSet<String> = failing.iter().map(|item| item.event.clone()).collect();
    let events: BTreeSet<&str> = stated_by.iter().map(String::as_str).collect();
    let listed = listed(&inputs);
    let noted = noted::events(inputs.library, inputs.evaluations);
    let wanted: BTreeSet<&str> =
        events.iter().copied().chain(listed.iter().map(|item| item.1.as_str())).chain(noted).collect();
    let empty = polars::prelude::DataFrame::default();
    let places = place::places(inputs.tables.get("event").unwrap_or(&empty), &wanted);
    let items = exception::items(inputs.tables, &events);
    let outcomes = judged.iter().map(|(id, judged)| (id.clone(), judged.outcome)).collect();
    let ground = waived::Ground {
        failing: &failing,
        places: &places,
        tables: inputs.tables,
        outcomes: &outcomes,
        as_of: inputs.as_of,
    };
    let (waivers, accepted) = waived::accept(inputs.waivers, &ground, inputs.evaluations);
    // Moved and not copied, for there may be a hundred thousand.
    let failing = failing
        .into_iter()
        .map(|mut item| {
            item.accepted = accepted.get(&(item.test.clone(), item.event.clone())).cloned();
            item
        })
        .collect();

    let exceptions = exception::exceptions(failing, &places, items, &links);

    let mut by_case: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for found in &exceptions {
        by_case.entry(found.case.clone().unwrap_or_default()).or_default().push(found.id.clone());
    }
    let cases = case::timelines(inputs.tables, &by_case.keys().cloned().collect(), &by_case, inputs.roster);

    let sources: Vec<Source> = inputs
        .sources
        .iter()
        .zip(&inputs.stitched.sources)
        .map(|(plan, found)| {
            let repeated = inputs.repeated.get(&plan.settings.id).copied().unwrap_or_default();
            source::source(plan, found, &inputs.stitched.logs, inputs.keyring, window, repeated)
        })
        .collect();
    let (days, counts) = days(&inputs, window, &holes, &events);
    let standings: BTreeMap<String, Standing<'_>> = judged
        .iter()
        .map(|(id, judged)| {
            let evaluation = inputs.evaluations.get(id);
            (id.clone(), Standing { outcome: judged.outcome, reliance: &judged.reliance, evaluation })
        })
        .collect();
    let out_of_scope: BTreeMap<String, String> = inputs
        .workspace
        .out_of_scope
        .iter()
        .map(|entry| (entry.control.clone(), format!("{} (decided by {})", entry.reason, entry.decided_by)))
        .collect();
    let controls = controls(inputs.library, &inputs.workspace.frameworks, &standings, &out_of_scope)?;
    let tests: Vec<Test> = inputs
        .library
        .tests
        .values()
        .filter_map(|test| test_entry(&inputs, test, judged.get(&test.id)?))
        .collect();
    let untestable = list(&inputs, &listed, State::Untestable, &places);
    let pending = list(&inputs, &listed, State::Pending, &places);
    let noted = |kind| noted::noted(inputs.library, inputs.evaluations, kind, inputs.tables, &places);
    let (review, limited) = (noted(Kind::Indicator), noted(Kind::EvidenceQuality));
    let settings = settings(&inputs)?;
    let previous = inputs.previous;
    let mut policy = inputs.policy;
    policy.extend(inputs.library.policy());
    policy.sort_by(|a, b| a.path.cmp(&b.path));
    let mut overrides = inputs.overrides;
    overrides.extend(inputs.library.overrides().iter().cloned());
    overrides.sort_by(|a, b| a.path.cmp(&b.path));

    let mut report = Report {
        schema: "countersign/report/1".to_owned(),
        derivation: DERIVATION,
        entity: inputs.workspace.entity.clone(),
        system: inputs.workspace.system.clone(),
        period: inputs.period,
        as_of: inputs.as_of,
        verdicts: verdicts(inputs.stitched, &tests, &sources, &holes),
        waterfall: waterfall(&sources, &counts),
        objects: inputs.stitched.sources.iter().flat_map(|source| source.objects.clone()).collect(),
        sources,
        logs: inputs.stitched.logs.clone(),
        holes,
        tests,
        frameworks: frameworks(inputs.library, &inputs.workspace.frameworks)?,
        controls,
        mappings: mappings(inputs.library, &inputs.workspace.frameworks),
        exceptions,
        waivers,
        since: None,
        untestable,
        pending,
        review,
        limited,
        cases,
        links: inputs.links,
        days,
        people: people::people(inputs.tables, window, inputs.roster, &events),
        keys: keys(inputs.keyring, inputs.stitched),
        lookalikes: lookalikes(inputs.tables),
        redactions: redactions(inputs.tables, &inputs.workspace.redaction),
        unresolved: inputs.unresolved,
        parameters: inputs.library.profile(&inputs.workspace.parameters)?.iter().map(Into::into).collect(),
        settings,
        overrides,
        policy,
    };
    report.since = previous.map(|previous| previous.since(&report));
    Ok(Assessment::seal(report))
}

/// Returns the ids, of those that were resolved and those of the roster, that look odd or like another one.
fn lookalikes(tables: &Tables) -> Vec<Lookalike> {
    let mut ids = Vec::new();
    for table in ["resolution", "identity"] {
        let Some(frame) = tables.get(table) else { continue };
        let (Ok(ns), Ok(id)) = (frame.column("actor_ns"), frame.column("actor_id")) else { continue };
        ids.extend((0..frame.height()).filter_map(|row| Some((text_at(ns, row)?, text_at(id, row)?))));
    }
    crate::identity::lookalikes(ids)
}

/// Says what is masked: which detectors, what becomes of personal data, and how many values are declared harmless.
fn masking(workspace: &Workspace) -> String {
    let personal = [Class::Card, Class::Email, Class::Phone].map(|class| {
        let action = match workspace.redaction.action(class) {
            Action::Keep => "shown",
            Action::Mask => "masked",
            Action::Exception => "masked, an exception",
        };
        format!("{class} {action}")
    });
    format!(
        "secrets, always, by detectors of version {}; {}; {} declared harmless",
        crate::redact::DETECTORS_VERSION,
        personal.join("; "),
        workspace.allowed.len()
    )
}

/// Counts what was masked in the texts of all events, by source and class.
fn redactions(tables: &Tables, policy: &Policy) -> Vec<Redaction> {
    let mut all: BTreeMap<(&str, &str), (u64, u64)> = BTreeMap::new();
    let Some(frame) = tables.get("event") else { return Vec::new() };
    let (Ok(sources), Ok(masked)) = (frame.column("source_id"), frame.column("masked")) else {
        return Vec::new();
    };
    for row in 0..frame.height() {
        let (Some(source), Some(listed)) = (text_at(sources, row), text_at(masked, row)) else { continue };
        let mut classes = BTreeSet::new();
        for (_, class, count) in crate::redact::hits(listed) {
            let entry = all.entry((source, class)).or_default();
            entry.0 += count;
            entry.1 += u64::from(classes.insert(class));
        }
    }
    let is_exception =
        |class: &str| Class::from_word(class).is_some_and(|class| policy.action(class) == Action::Exception);
    all.into_iter()
        .map(|((source, class), (hits, events))| Redaction {
            source: source.to_owned(),
            class: class.to_owned(),
            hits,
            events,
            exception: is_exception(class),
        })
        .collect()
}

/// Returns the holes that touch the tested window.
fn touching(holes: &[Hole], window: Period) -> Vec<Hole> {
    holes.iter().filter(|hole| hole.span.touches(window)).cloned().collect()
}

/// Returns the items that are exceptions of a deviation test.
fn failing(inputs: &Inputs<'_>) -> Vec<exception::Failing> {
    let mut failing = Vec::new();
    for test in inputs.library.tests.values().filter(|test| test.kind == Kind::Deviation) {
        let Some(evaluation) = inputs.evaluations.get(&test.id) else { continue };
        let items =
            evaluation.items.iter().filter(|item| matches!(item.state, State::Exception | State::Accepted));
        failing.extend(items.map(|item| exception::Failing {
            test: test.id.clone(),
            severity: test.severity.word().to_owned(),
            subject: test.subject.clone(),
            event: item.subject_id.clone(),
            reason: item.reason.clone(),
            facts: item.facts.clone(),
            accepted: None,
        }));
    }
    failing
}

/// Returns the items set aside, as test, subject and state, up to [`MAX_LISTED`] of each test and state.
fn listed(inputs: &Inputs<'_>) -> Vec<(String, String, State)> {
    let mut listed = Vec::new();
    for (id, evaluation) in inputs.evaluations.iter() {
        for state in [State::Untestable, State::Pending] {
            let items = evaluation.with(state).take(MAX_LISTED);
            listed.extend(items.map(|item| (id.clone(), item.subject_id.clone(), state)));
        }
    }
    listed
}

fn list(
    inputs: &Inputs<'_>,
    listed: &[(String, String, State)],
    state: State,
    places: &BTreeMap<String, Place>,
) -> Vec<Untestable> {
    let mut list: Vec<Untestable> = listed
        .iter()
        .filter(|item| item.2 == state)
        .filter_map(|(test, subject, _)| {
            let item = inputs.evaluations.get(test)?.item(subject)?;
            let place = places.get(subject).cloned().unwrap_or_else(|| Place::of_subject(subject));
            Some(Untestable {
                test: test.clone(),
                source: place.source,
                native_id: place.native_id,
                object: place.object,
                line: place.line,
                reason: item.reason.clone(),
            })
        })
        .collect();
    list.sort();
    list
}

/// Returns the qualified control ids that each test bears on.
fn links(library: &Library) -> BTreeMap<String, BTreeSet<String>> {
    let mut links: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for link in &library.links {
        links.entry(link.test.clone()).or_default().insert(link.control.clone());
    }
    links
}

fn days(
    inputs: &Inputs<'_>,
    window: Period,
    holes: &[Hole],
    exceptions: &BTreeSet<&str>,
) -> (Vec<crate::report::model::Day>, days::Executions) {
    let records: Vec<BTreeMap<String, u64>> = inputs
        .stitched
        .sources
        .iter()
        .map(|source| {
            let mut days: BTreeMap<String, u64> = BTreeMap::new();
            for (day, count) in source.times.values().flat_map(|times| &times.days) {
                *days.entry(Moment::of_day(*day).day()).or_default() += count;
            }
            days
        })
        .collect();
    let sources: Vec<days::SourceDays<'_>> = inputs
        .sources
        .iter()
        .zip(&records)
        .map(|(source, records)| {
            let id = source.settings.id.as_str();
            let mut logs = inputs.stitched.logs.iter().filter(|log| log.source == id).peekable();
            let verified = logs.peek().is_some() && logs.all(|log| log.verdict == Verdict::Verified);
            days::SourceDays { id, records, verified }
        })
        .collect();
    let untestable: BTreeSet<&str> = inputs
        .evaluations
        .iter()
        .filter(|(id, _)| inputs.library.tests.get(*id).is_some_and(|test| test.subject == "execution"))
        .flat_map(|(_, evaluation)| evaluation.with(State::Untestable))
        .map(|item| item.subject_id.as_str())
        .collect();
    days::days(inputs.tables, window, &sources, holes, exceptions, &untestable)
}

fn test_entry(inputs: &Inputs<'_>, test: &Definition, judged: &Judged) -> Option<Test> {
    let evaluation = inputs.evaluations.get(&test.id)?;
    let counts = evaluation.counts();
    Some(Test {
        id: test.id.clone(),
        slug: test.slug.clone(),
        title: test.title.clone(),
        kind: test.kind.word().to_owned(),
        severity: test.severity.word().to_owned(),
        subject: test.subject.clone(),
        objective: test.objective.clone(),
        predicate: test.predicate.clone(),
        cannot_show: test.cannot_show.clone(),
        remedy: test.remedy.clone(),
        result: judged.outcome,
        reliance: judged.reliance.word().to_owned(),
        reasons: judged.reasons.clone(),
        population: counts.population(),
        exceptions: counts.exceptions(),
        accepted: counts.accepted,
        untestable: counts.untestable,
        pending: counts.pending,
        population_sql: evaluation.population_sql,
        exceptions_sql: evaluation.exceptions_sql,
        sources: judged.sources.clone(),
    })
}

fn verdicts(stitched: &Stitched, tests: &[Test], sources: &[Source], holes: &[Hole]) -> Verdicts {
    let mut outcomes: BTreeMap<TestOutcome, usize> = BTreeMap::new();
    for test in tests {
        *outcomes.entry(test.result).or_default() += 1;
    }
    let independent = sources.iter().any(|source| source.role == Role::Independent.word());
    Verdicts {
        integrity: stitched.logs.iter().map(|log| log.verdict).min().unwrap_or(Verdict::NotVerifiable),
        logs_verified: stitched.logs.iter().filter(|log| log.verdict == Verdict::Verified).count(),
        logs: stitched.logs.len(),
        population: match (holes.is_empty(), independent) {
            (false, _) => "gaps-found",
            (true, true) => "reconciled",
            (true, false) => "not-evidenced",
        }
        .to_owned(),
        completeness: stitched.logs.iter().map(|log| log.completeness).min().unwrap_or(Completeness::Unknown),
        tests: outcomes.keys().next().copied().unwrap_or(TestOutcome::UnableToTest),
        outcomes,
    }
}

fn waterfall(sources: &[Source], executions: &days::Executions) -> Vec<WaterfallStep> {
    let sum = |pick: fn(&Source) -> u64| sources.iter().map(pick).sum::<u64>();
    let mut aside: BTreeMap<String, u64> = BTreeMap::new();
    for tally in sources.iter().map(|source| &source.tally) {
        for (reason, count) in &tally.ignored {
            *aside.entry(format!("ignored: {reason}")).or_default() += count;
        }
        for (kind, count) in &tally.rejected {
            *aside.entry(format!("rejected: {kind}")).or_default() += count;
        }
        *aside.entry("no rule of the profile matches".to_owned()).or_default() += tally.observations;
        *aside.entry("heartbeats and other records of the log itself".to_owned()).or_default() +=
            tally.housekeeping;
        *aside.entry("stand in two objects".to_owned()).or_default() += tally.duplicates;
    }
    let mut steps = vec![
        WaterfallStep {
            id: "records".to_owned(),
            label: "Records read".to_owned(),
            unit: "records".to_owned(),
            items: sum(|source| source.tally.read),
            set_aside: aside.into_iter().filter(|(_, count)| *count > 0).collect(),
        },
        WaterfallStep {
            id: "mapped".to_owned(),
            label: "Records that state a fact".to_owned(),
            unit: "records".to_owned(),
            items: sum(|source| source.tally.mapped),
            set_aside: Vec::new(),
        },
        WaterfallStep {
            id: "events".to_owned(),
            label: "Events made from them".to_owned(),
            unit: "events".to_owned(),
            items: sum(|source| source.tally.events),
            set_aside: vec![(
                "repeat a fact already stated".to_owned(),
                sum(|source| source.tally.repeated_events),
            )],
        },
        WaterfallStep {
            id: "distinct-events".to_owned(),
            label: "Events counted".to_owned(),
            unit: "events".to_owned(),
            items: sum(|source| source.tally.events) - sum(|source| source.tally.repeated_events),
            set_aside: Vec::new(),
        },
    ];
    steps.extend(days::execution_steps(executions));
    steps
}

fn frameworks(library: &Library, ids: &[String]) -> Result<Vec<Framework>, ControlError> {
    ids.iter()
        .map(|id| {
            let (catalog, baseline) = library.selected(id)?;
            let name = match baseline {
                Some(baseline) => format!("{}, baseline {baseline}", catalog.name),
                None => catalog.name.clone(),
            };
            Ok(Framework { id: catalog.id.clone(), name, count: catalog.controls.len() })
        })
        .collect()
}

fn mappings(library: &Library, frameworks: &[String]) -> Vec<Mapping> {
    let listed = |control: &str| {
        control.split_once(':').is_some_and(|(framework, _)| {
            frameworks.iter().any(|id| id.split_once('/').map_or(id.as_str(), |(id, _)| id) == framework)
        })
    };
    library
        .links
        .iter()
        .filter(|link| listed(&link.control))
        .map(|link| Mapping {
            control: link.control.clone(),
            test: link.test.clone(),
            relation: link.relation.word().to_owned(),
            why: link.why.clone(),
            not_shown: link.not_shown.clone(),
            confidence: link.confidence.word().to_owned(),
            reviewed: link.reviewed_by.is_some(),
        })
        .collect()
}

/// Returns the keys of the trust file and those that only a log names, by id.
fn keys(keyring: &Keyring, stitched: &Stitched) -> Vec<Key> {
    let mut signed: BTreeMap<String, u64> = BTreeMap::new();
    for verdict in stitched.verdicts.values().flatten() {
        for (key, records) in &verdict.key_records {
            *signed.entry(key.to_string()).or_default() += records;
        }
    }
    let mut keys: BTreeMap<String, Key> = keyring
        .keys()
        .map(|key| {
            let id = key.public.id().to_string();
            let records = signed.get(&id).copied().unwrap_or_default();
            let entry = Key {
                id: id.clone(),
                owner: key.owner.clone(),
                purpose: key.purpose.word().to_owned(),
                logs: key.logs.clone(),
                standing: "trusted".to_owned(),
                valid_from: key.valid_from,
                valid_until: key.valid_until,
                revoked_at: key.revoked_at,
                compromised_at: key.compromised_at,
                records,
            };
            (id, entry)
        })
        .collect();
    for (id, records) in signed {
        keys.entry(id.clone()).or_insert_with(|| Key {
            id,
            owner: String::new(),
            purpose: String::new(),
            logs: Vec::new(),
            standing: "claimed".to_owned(),
            valid_from: None,
            valid_until: None,
            revoked_at: None,
            compromised_at: None,
            records,
        });
    }
    keys.into_values().collect()
}

fn settings(inputs: &Inputs<'_>) -> Result<Vec<Setting>, ControlError> {
    let Inputs { workspace, library, roster, .. } = *inputs;
    let parameters = library.profile(&workspace.parameters)?;
    let owner = parameters
        .iter()
        .find(|parameter| parameter.column == "sod_02_owner_may_approve_own_agent")
        .is_some_and(|parameter| parameter.value != 0);
    let setting = |name: &str, value: String| Setting { name: name.to_owned(), value };
    let mut settings = vec![
        setting(
            "Owner approving an own agent",
            if owner { "allowed by this workspace" } else { "counts as self-approval" }.to_owned(),
        ),
        setting("Parameter profile", workspace.parameters.clone()),
        setting(
            "Roster",
            if roster.is_present() { "given" } else { "none: identities compare only within one namespace" }
                .to_owned(),
        ),
        setting(
            "Rules that say which executions must be approved",
            match workspace.gated.len() {
                0 => "none: only executions that the product itself held".to_owned(),
                count => format!("{count}, the first match decides"),
            },
        ),
    ];
    settings.extend(link::setting(&inputs.links));
    settings.push(setting("Masked in text from logs", masking(workspace)));
    if let Some(previous) = inputs.previous {
        settings.push(setting("Goes on from", previous.describe(workspace, inputs.period.from)));
    }
    Ok(settings)
}

/// Counts the untestable items by test, source and missing column. The source is empty where no event states the item.
pub fn untestable(
    tables: &Tables,
    evaluations: &BTreeMap<String, Evaluation>,
) -> BTreeMap<(String, String, String), u64> {
    let items = |evaluation: &Evaluation| -> Vec<(String, String)> {
        evaluation
            .with(State::Untestable)
            .map(|item| (item.subject_id.clone(), item.reason.clone()))
            .collect()
    };
    let all: Vec<(&String, Vec<(String, String)>)> =
        evaluations.iter().map(|(test, evaluation)| (test, items(evaluation))).collect();
    let wanted: BTreeSet<&str> =
        all.iter().flat_map(|(_, items)| items).map(|(subject, _)| subject.as_str()).collect();
    let places = tables.get("event").map(|events| place::places(events, &wanted)).unwrap_or_default();
    let mut counts = BTreeMap::new();
    for (test, items) in all {
        for (subject, column) in items {
            let source = places.get(&subject).map(|place| place.source.clone()).unwrap_or_default();
            *counts.entry((test.clone(), source, column)).or_default() += 1;
        }
    }
    counts
}

/// Returns the lowest grade that a source must not fall below, and the grade found, for sources that do.
pub fn below_required(report: &Report) -> Vec<(&str, Grade, Grade)> {
    report
        .sources
        .iter()
        .filter(|source| source.grade < source.require)
        .map(|source| (source.id.as_str(), source.require, source.grade))
        .collect()
}
