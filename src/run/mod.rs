//! A whole run: material to assessment, on threads of this machine.
//!
//! [`run`] is plan, segments, stitch, tables, tests and assessment in this order, and nothing else. `report`, `check`
//! and `verify PACK` all call it.

pub mod case;
pub mod material;
mod overlap;
pub mod previous;
pub mod tested;

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::DataFrame;
use thiserror::Error;

use self::material::Material;
use self::previous::PreviousError;
use crate::assess::{Assessment, Inputs, assess};
use crate::case::{Context, Tables, inherit, join};
use crate::clock::{Moment, Period};
use crate::column::{FrameBuilder, Row, int_at, stacked, text_at, to_frame};
use crate::control::ControlError;
use crate::control::item::{Evaluation, evaluate};
use crate::identity::RosterError;
use crate::integrity::checkpoint::CheckpointError;
use crate::integrity::foreign::ChainError;
use crate::integrity::head::HeadError;
use crate::integrity::keyring::TrustError;
use crate::integrity::verdict::{Effect, Grade, Verdict};
use crate::pack::PackError;
use crate::profile::{Integrity, Profile, ProfileError};
use crate::reference::{Reference, ReferenceError};
use crate::report::model::{Hole, Log, SeqRange};
use crate::segment::census::CensusError;
use crate::segment::finish::{Parts, finish};
use crate::segment::links::Reread;
use crate::segment::parallel;
use crate::segment::plan::{ChainPlan, Plan, SEGMENT_BYTES, SourcePlan, plan};
use crate::segment::scan::Keep;
use crate::segment::stitch::{Anchors, Stitched, Summaries, lifetime, stitch, window};
use crate::settings::{Link, Role, SettingsError, Source};
use crate::table::{
    AgentManifest, ExpectedSource, IntegrityRow, PolicyVersion, RoleAssignment, SodRule, Waiver as WaiverRow,
};
use crate::waiver::{Waiver, WaiverError};

/// How a run is carried out.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The period.
    pub period: Period,
    /// Time after this moment is not tested.
    pub as_of: Moment,
    /// Bytes of a segment; it changes no result.
    pub segment_bytes: u64,
}

impl Options {
    /// Returns the options of a run over `period` as of `as_of`.
    pub fn new(period: Period, as_of: Moment) -> Self {
        Self { period, as_of, segment_bytes: SEGMENT_BYTES }
    }
}

/// What a run gave.
#[derive(Debug)]
pub struct Run {
    /// The assessment.
    pub assessment: Assessment,
    /// The tables that the tests read, `param` included.
    pub tables: Tables,
    /// The evaluation of every test, by id.
    pub evaluations: BTreeMap<String, Evaluation>,
    /// Untestable items by test, source and missing column.
    pub untestable: BTreeMap<(String, String, String), u64>,
    /// True where an object could not be read.
    pub unreadable: bool,
    /// Heads that match no input.
    pub unmatched_heads: Vec<String>,
}

/// Why a run was not possible. The user can fix these, unless a variant says otherwise.
#[derive(Debug, Error)]
pub enum RunError {
    /// The workspace file.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The trust file.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The roster.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// A source profile.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A chain profile.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A source has a chain profile, and its own format is `countersign-log/1`.
    #[error("source `{source_id}` names a chain profile, and its source profile reads `countersign-log/1`")]
    TwoChains {
        /// Source id.
        source_id: String,
    },
    /// A control, a mapping or a parameter.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A waiver.
    #[error(transparent)]
    Waiver(#[from] WaiverError),
    /// A reference file.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A head file.
    #[error("head file `{path}`")]
    Head {
        /// File, relative to the workspace.
        path: String,
        /// Why.
        #[source]
        source: HeadError,
    },
    /// A head file that is a checkpoint.
    #[error("checkpoint `{path}`")]
    Checkpoint {
        /// File, relative to the workspace.
        path: String,
        /// Why.
        #[source]
        source: CheckpointError,
    },
    /// A list of the objects of a source.
    #[error("census `{path}`")]
    Census {
        /// File, relative to the workspace.
        path: String,
        /// Why.
        #[source]
        source: CensusError,
    },
    /// A pack.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// A list that a pack holds.
    #[error("`{file}` of the pack is not what it should be")]
    Listed {
        /// File below `07_policy/`.
        file: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The pack of the period before.
    #[error(transparent)]
    Previous(#[from] PreviousError),
    /// Two sources read one object in the same way.
    #[error(
        "object `{object}` is read by source `{first}` and again by source `{second}`: its records would count twice"
    )]
    ReadTwice {
        /// Object, as the second source names it.
        object: String,
        /// Source id.
        first: String,
        /// Source id.
        second: String,
    },
    /// There is no time to test.
    #[error("as-of {as_of} is not after the start of the period, {from}")]
    AsOf {
        /// As-of.
        as_of: Moment,
        /// Start of the period.
        from: Moment,
    },
}

impl RunError {
    /// Says what to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Settings(error) => error.help(),
            Self::Trust(error) => error.help(),
            Self::Roster(error) => error.help(),
            Self::Profile(error) => error.help(),
            Self::Chain(error) => error.help(),
            Self::TwoChains { .. } => Some("remove `chain` from the source".to_owned()),
            Self::Control(error) => error.help(),
            Self::Waiver(error) => error.help(),
            Self::Reference(error) => error.help(),
            Self::Head { source, .. } => source.help(),
            Self::Checkpoint { source, .. } => source.help(),
            Self::Census { source, .. } => source.help(),
            Self::Pack(error) => error.help(),
            Self::Previous(error) => error.help(),
            Self::Listed { .. } => None,
            Self::ReadTwice { .. } => Some("take the object out of `objects` of one of the two".to_owned()),
            Self::AsOf { .. } => Some("give a later `--as-of`, or an earlier `period.from`".to_owned()),
        }
    }
}

/// Runs everything from plan to assessment.
///
/// # Errors
///
/// When something that the team declared is wrong. What is wrong with the logs is a result.
pub fn run(material: &Material, options: Options) -> Result<Run, RunError> {
    if options.as_of <= options.period.from {
        return Err(RunError::AsOf { as_of: options.as_of, from: options.period.from });
    }
    let window = window(options.period, options.as_of);
    let plan = plan(sources(material)?, options.segment_bytes);
    let (mut parts, summaries) = segments(&plan, material);
    let anchors = Anchors {
        keyring: &material.keyring,
        heads: &material.heads,
        checkpoints: &material.checkpoints,
        after: &material.after,
        census: &material.census,
        links: &Reread(&plan.sources),
        fates: true,
    };
    let mut stitched = stitch(&plan.sources, &summaries, window, &anchors);
    let order: Vec<String> = plan.sources.iter().map(|source| source.settings.id.clone()).collect();
    finish(&mut parts, &mut stitched, &order);
    stitched.holes.extend(overlap::shared(&plan.sources, &parts, window));
    stitched.holes.sort();

    let roles: BTreeMap<&str, Role> =
        plan.sources.iter().map(|source| (source.settings.id.as_str(), source.settings.role)).collect();
    let context = Context {
        roster: &material.roster,
        gated: &material.workspace.gated,
        links: &material.workspace.links,
        chained: those(&plan, |source| source.chain.is_some()),
        holes: hidden(&plan, &material.workspace.links, &stitched.holes),
        source_holes: stitched.holes.iter().map(|hole| (hole.source.as_str(), hole.span)).collect(),
        clock_tolerance_ms: parameter(material, "clock_tolerance_ms")?,
        max_review_ms: parameter(material, "bg_01_max_review_ms")?,
        withdrawal_grace_ms: parameter(material, "jit_01_grace_ms")?,
        match_window_ms: parameter(material, "log_08_match_window_ms")?,
        execution_holes: stitched
            .holes
            .iter()
            .filter(|hole| roles.get(hole.source.as_str()) != Some(&Role::Independent))
            .map(|hole| hole.span)
            .collect(),
        roles,
        state_reasons: those(&plan, |source| source.is_native()),
        log_withdrawals: those(&plan, |source| source.profile.rules().any(|(_, kind)| kind == "revocation")),
    };
    let (mut events, records) = in_order(parts, &order);
    let profiles = plan.sources.iter().map(|source| (source.settings.id.as_str(), source.profile)).collect();
    for (source, joins) in inherit::inherit(&mut events, &profiles, &context.chained, &context.source_holes) {
        if let Some(at) = order.iter().position(|known| *known == source) {
            stitched.sources[at].tally.joins = joins;
        }
    }
    let joined = join(events, &context);
    let mut tables = joined.tables;
    let inside = inside(&records, window);
    for log in &mut stitched.logs {
        log.in_period = inside.get(&(log.source.clone(), log.log.clone())).and_then(|inside| inside.numbers);
    }
    tables.insert(ExpectedSource::TABLE, to_frame(&expected(&plan, &stitched, &inside, window)));
    tables.insert(IntegrityRow::TABLE, integrity(records, &stitched.logs, &stitched.holes));
    let waivers: Vec<WaiverRow> = material.waivers.iter().map(Waiver::row).collect();
    tables.insert(WaiverRow::TABLE, to_frame(&waivers));
    stated(&mut tables, &material.reference);
    let parameters = &material.workspace.parameters;
    tables.insert("param", material.controls.param_frame(parameters, options.period, options.as_of)?);

    for schema in crate::table::schemas() {
        if let (false, Some(empty)) =
            (tables.contains_key(schema.table), crate::control::query::empty(schema.table))
        {
            tables.insert(schema.table, empty);
        }
    }
    let mut evaluations = BTreeMap::new();
    for test in material.controls.tests.values() {
        evaluations.insert(test.id.clone(), evaluate(test, &tables)?);
    }
    let assessment = assess(Inputs {
        workspace: &material.workspace,
        period: options.period,
        as_of: options.as_of,
        sources: &plan.sources,
        stitched: &stitched,
        tables: &tables,
        repeated: &joined.repeated,
        links: joined.links,
        unresolved: joined.unresolved,
        library: &material.controls,
        evaluations: &mut evaluations,
        waivers: &material.waivers,
        roster: &material.roster,
        keyring: &material.keyring,
        previous: material.previous.as_ref(),
        overrides: material.overrides(),
        policy: material.digests(),
    })?;
    let untestable = crate::assess::untestable(&tables, &evaluations);
    Ok(Run {
        assessment,
        untestable,
        tables,
        evaluations,
        unreadable: stitched.sources.iter().any(|source| source.unreadable),
        unmatched_heads: {
            let heads = stitched.unmatched_heads.iter().map(ToString::to_string);
            heads.chain(stitched.unmatched_checkpoints.iter().cloned()).collect()
        },
    })
}

/// Adds what the workspace states beside its logs.
fn stated(tables: &mut Tables, reference: &Reference) {
    tables.insert(SodRule::TABLE, to_frame(&reference.sod_rules));
    tables.insert(RoleAssignment::TABLE, to_frame(&reference.roles));
    tables.insert(AgentManifest::TABLE, to_frame(&reference.agents));
    tables.insert(PolicyVersion::TABLE, to_frame(&reference.policies));
}

/// Returns the events and the records of the parts, by source as declared, object, and offset.
fn in_order(mut parts: Parts, order: &[String]) -> (Vec<DataFrame>, Vec<DataFrame>) {
    let keys: Vec<_> =
        order.iter().flat_map(|source| parts.keys().filter(move |key| key.0 == *source).cloned()).collect();
    keys.iter().filter_map(|key| parts.remove(key)).map(|part| (part.events, part.records)).unzip()
}

/// Returns the holes by the instance that request ids of their source begin with: votes may be missing there, and in
/// every source that a link joins to it.
fn hidden<'a>(plan: &'a Plan<'_>, links: &[Link], holes: &[Hole]) -> Vec<(&'a str, Period)> {
    let instance = |source: &'a SourcePlan<'_>| {
        source.settings.set.get("request_instance").unwrap_or(&source.settings.id).as_str()
    };
    let mut hidden = Vec::new();
    for hole in holes {
        let Some(source) = plan.sources.iter().find(|source| source.settings.id == hole.source) else {
            continue;
        };
        if source.settings.role == Role::Approvals {
            let joined = linked(&hole.source, links);
            let sources = plan.sources.iter().filter(|source| joined.contains(source.settings.id.as_str()));
            hidden.extend(sources.map(|source| (instance(source), hole.span)));
        }
    }
    hidden
}

/// Returns `source` and every source whose cases links join with its own, one way or the other.
fn linked<'a>(source: &'a str, links: &'a [Link]) -> BTreeSet<&'a str> {
    let mut all = BTreeSet::from([source]);
    loop {
        let before = all.len();
        for link in links {
            if all.contains(link.from.as_str()) || all.contains(link.to.as_str()) {
                all.extend([link.from.as_str(), link.to.as_str()]);
            }
        }
        if all.len() == before {
            return all;
        }
    }
}

/// Returns the ids of the sources of which `holds` is true.
fn those<'a>(plan: &'a Plan<'_>, holds: impl Fn(&SourcePlan<'_>) -> bool) -> BTreeSet<&'a str> {
    plan.sources.iter().filter(|source| holds(source)).map(|source| source.settings.id.as_str()).collect()
}

/// Returns the limit of a test that the join needs; a workspace may have taken the test out, and then it is 0.
fn parameter(material: &Material, column: &str) -> Result<i64, RunError> {
    let parameters = material.controls.profile(&material.workspace.parameters)?;
    let limit = parameters.iter().find(|parameter| parameter.column == column);
    Ok(limit.map_or(0, |parameter| parameter.value))
}

fn sources(material: &Material) -> Result<Vec<SourcePlan<'_>>, RunError> {
    material
        .workspace
        .sources
        .iter()
        .map(|settings| {
            let profile = material.profiles.find(&settings.profile)?.profile();
            let (objects, missing) = material.objects.get(&settings.id).cloned().unwrap_or_default();
            let chain = chain_of(settings, profile)?.map(|id| material.chains.find(id)).transpose()?;
            let heads = [&material.heads, &material.after]
                .into_iter()
                .flat_map(|all| all.get(&settings.id).into_iter().flatten());
            Ok(SourcePlan {
                chain: chain.map(|format| ChainPlan::new(format, profile, heads)),
                context: profile
                    .context(&settings.id, "", &settings.set)?
                    .with_redaction(material.workspace.redaction.clone()),
                settings: settings.clone(),
                profile,
                objects,
                missing,
            })
        })
        .collect()
}

/// Returns the id of the chain profile of a source: what the workspace says, else what its source profile says.
pub(crate) fn chain_of<'a>(settings: &'a Source, profile: &'a Profile) -> Result<Option<&'a str>, RunError> {
    match (&settings.chain, profile.integrity()) {
        (Some(_), Integrity::CountersignLog) => Err(RunError::TwoChains { source_id: settings.id.clone() }),
        (Some(id), _) | (None, Integrity::Chain(id)) => Ok(Some(id)),
        (None, _) => Ok(None),
    }
}

fn segments(plan: &Plan<'_>, material: &Material) -> (Parts, Summaries) {
    let mut parts = Parts::new();
    let mut summaries = Summaries::new();
    for (part, summary) in parallel::segments(plan, &material.keyring, Keep::Rows) {
        let key = (summary.source.clone(), summary.object.clone(), summary.start);
        parts.insert(key.clone(), part);
        summaries.insert(key, summary);
    }
    (parts, summaries)
}

/// Returns the census: every log that is declared, and every one that was found.
fn expected(
    plan: &Plan<'_>,
    stitched: &Stitched,
    inside: &BTreeMap<(String, String), Inside>,
    window: Period,
) -> Vec<ExpectedSource> {
    let mut rows = Vec::new();
    for (source, found) in plan.sources.iter().zip(&stitched.sources) {
        let id = &source.settings.id;
        let lifetime = lifetime(source, window);
        let names = source.settings.logs.iter().chain(found.times.keys());
        let names: BTreeSet<&String> =
            if source.is_native() { names.collect() } else { [id].into_iter().collect() };
        for log in names {
            let times = found.times.get(log);
            let inside = inside.get(&(id.clone(), log.clone())).copied().unwrap_or_default();
            let number =
                |of: fn(SeqRange) -> u64| inside.numbers.and_then(|range| i64::try_from(of(range)).ok());
            rows.push(ExpectedSource {
                expected_id: Some(format!("{id}/{log}")),
                source_id: Some(id.clone()),
                log: Some(log.clone()),
                declared: Some(!source.is_native() || source.settings.logs.contains(log)),
                role: Some(source.settings.role.word().to_owned()),
                from_ms: Some(lifetime.from.ms()),
                to_ms: Some(lifetime.to.ms()),
                objects: i64::try_from(found.objects.len()).ok(),
                records: Some(inside.records),
                first_seq: number(|range| range.first),
                last_seq: number(|range| range.last),
                first_ms: times.and_then(|times| times.buckets.values().next()).map(|span| span.0.ms()),
                last_ms: times.and_then(|times| times.buckets.values().last()).map(|span| span.1.ms()),
                may_be_empty: Some(
                    source.settings.may_be_empty.as_ref().is_some_and(|(_, until)| window.to <= *until),
                ),
                max_silence_ms: source.settings.max_silence_ms,
                sequenced: Some(source.is_sequenced()),
                protected: Some(source.is_protected()),
            });
        }
    }
    rows
}

/// The records of a log whose time lies in the period.
#[derive(Clone, Copy, Default)]
struct Inside {
    records: i64,
    numbers: Option<SeqRange>,
}

/// Counts the records of each log whose time lies in `window`, and says which numbers they carry.
fn inside(records: &[DataFrame], window: Period) -> BTreeMap<(String, String), Inside> {
    let mut found: BTreeMap<(String, String), Inside> = BTreeMap::new();
    for frame in records {
        let (Ok(sources), Ok(logs), Ok(times), Ok(numbers)) =
            (frame.column("source_id"), frame.column("log"), frame.column("ts_ms"), frame.column("seq"))
        else {
            continue;
        };
        for row in 0..frame.height() {
            let (Some(source), Some(log), Some(at)) =
                (text_at(sources, row), text_at(logs, row), int_at(times, row))
            else {
                continue;
            };
            if window.contains(Moment::from_ms(at)) {
                let inside = found.entry((source.to_owned(), log.to_owned())).or_default();
                inside.records += 1;
                if let Some(seq) = int_at(numbers, row).and_then(|seq| u64::try_from(seq).ok()) {
                    inside.numbers = Some(SeqRange::with(inside.numbers, seq));
                }
            }
        }
    }
    found
}

/// Returns the `integrity` table: a row per record, per break, and per hole.
fn integrity(records: Vec<DataFrame>, logs: &[Log], holes: &[Hole]) -> DataFrame {
    let mut extra = FrameBuilder::<IntegrityRow>::default();
    for log in logs {
        let protected = log.verdict == Verdict::Altered || log.integrity > Grade::Parsed || log.signed > 0;
        // A note, such as a re-export, is no damage.
        let damage = log.breaks.iter().filter(|found| found.kind.effect(protected) != Effect::Note);
        for (found, at) in damage.zip(0..) {
            extra.push(&IntegrityRow {
                integrity_id: Some(format!("{}/{}#break-{at}", log.source, log.log)),
                source_id: Some(log.source.clone()),
                log: Some(log.log.clone()),
                object: Some(found.object.clone()),
                line: i64::try_from(found.line).ok(),
                seq: found.seq.and_then(|seq| i64::try_from(seq).ok()),
                ts_ms: None,
                to_ms: None,
                subject: Some("record".to_owned()),
                status: Some(if protected { "damaged" } else { "rejected" }.to_owned()),
                kind: Some(found.kind.word().to_owned()),
                grade: Some(Grade::None.word().to_owned()),
                sequenced: Some(protected),
                protected: Some(true),
            });
        }
    }
    for (hole, at) in holes.iter().zip(0..) {
        extra.push(&IntegrityRow {
            integrity_id: Some(format!("{}#hole-{at}", hole.source)),
            source_id: Some(hole.source.clone()),
            log: None,
            object: Some(hole.object.clone()),
            line: i64::try_from(hole.line).ok(),
            seq: None,
            ts_ms: Some(hole.span.from.ms()),
            to_ms: Some(hole.span.to.ms()),
            subject: Some("range".to_owned()),
            status: Some("missing".to_owned()),
            kind: Some(hole.kind.word().to_owned()),
            grade: Some(Grade::None.word().to_owned()),
            sequenced: Some(false),
            protected: Some(true),
        });
    }
    stacked::<IntegrityRow>(records.into_iter().chain([extra.finish()]))
}
