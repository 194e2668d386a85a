//! `countersign report`: makes the audit pack.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde::{Serialize, Serializer};

use super::gate::{FailOn, Gate};
use super::render::{self, Format, Renderings};
use super::{Common, Io, period};
use crate::control::item::Evaluation;
use crate::error::Failure;
use crate::exit::Exit;
use crate::identity;
use crate::pack::{NamedBytes, OutFolder, PackContents, SourceContent, SourceObject, dsse, redo, seal};
use crate::report::csv::guarded;
use crate::report::{console, json};
use crate::run::material::Material;
use crate::run::previous::Previous;
use crate::run::{Run, RunError, run as run_all};
use crate::settings::Workspace;

/// Make the audit pack: verify the logs, test every case, write reports and evidence.
#[derive(Args, Debug)]
pub(super) struct ReportArgs {
    /// Folder with a `countersign.toml`
    #[arg(default_value = ".")]
    workspace: PathBuf,
    /// Where the pack goes: a new or empty folder, or an earlier pack, which is replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Which renderings to write; `report.json` always is
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_values = ["html", "pdf", "xlsx", "json", "oscal", "csv", "sarif", "junit"])]
    formats: Vec<Format>,
    /// Key that signs the pack, instead of the workspace's
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The pack of the period before: its last records are where this period's logs must go on
    #[arg(long, value_name = "PACK")]
    previous: Option<PathBuf>,
    /// Exit with 1 on exceptions
    #[arg(long, value_name = "WHAT", default_value = "none")]
    fail_on: FailOn,
}

/// The state of one item, in `items.json`.
#[derive(Serialize)]
struct ItemState<'a> {
    subject_id: &'a str,
    state: &'static str,
}

pub(super) fn run(args: &ReportArgs, common: &Common, io: &mut Io<'_>) -> Result<Exit, Failure> {
    OutFolder::judge(&args.out)?;
    let workspace = Workspace::load(&args.workspace).map_err(RunError::from)?;
    let options = period::of_report(&workspace, common)?;
    let key_path =
        args.key.clone().or_else(|| workspace.pack.key.as_ref().map(|key| workspace.root.join(key)));
    let key = key_path.map(|path| dsse::read_signing_key(&path)).transpose()?;
    let templates = render::templates(&workspace.root)?;
    let mut material = Material::of_workspace(workspace)?;
    if let Some(path) = &args.previous {
        let previous = Previous::of_pack(path, &material.keyring).map_err(RunError::from)?;
        material.go_on_from(previous, options.period.from).map_err(RunError::from)?;
    }
    let run = run_all(&material, options)?;

    let report = run.assessment.report();
    let Renderings { html, pdf, xlsx, mut machine, ci } = Renderings::of(&run, &args.formats, &templates)?;
    machine.push(("items.json".to_owned(), Box::new(|out| items(&run, out))));
    let contents = PackContents {
        report,
        results: run.assessment.results_digest(),
        report_json: Box::new(|out| json::write(report, out)),
        report_html: html.as_deref().map(str::as_bytes),
        report_pdf: pdf.as_deref(),
        workpaper: xlsx.as_deref(),
        machine,
        tables: run.tables.iter().map(|(name, frame)| ((*name).to_owned(), frame)).collect(),
        population: population(&run, &material),
        sources: sources(&run, &material),
        trust: material.trust.clone(),
        policy: material.policy.clone(),
        ci,
    };
    let sealed = seal(contents, key.as_ref(), &args.out)?;

    let gate = Gate::of(&run, &material);
    let exit = Exit::worst(gate.common().chain(gate.exceptions(args.fail_on, None)));
    for line in console::summary(report) {
        io.result(&line)?;
    }
    let signed = if sealed.key.is_some() { "signed" } else { "not signed: no `[pack] key`" };
    io.result(&format!(
        "Wrote        {} · {signed} · results sha256 {}",
        args.out.display(),
        short(&sealed.results.to_string())
    ))?;
    io.result(&console::conclusion(report, exit.code()))?;
    gate.explain(io);
    Ok(exit)
}

fn short(digest: &str) -> &str {
    digest.get(..16).unwrap_or(digest)
}

/// `items.json`: the state of every item of every test, for whoever runs the tests again.
struct Items<'a>(&'a BTreeMap<String, Evaluation>);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(id, evaluation)| (id, States(evaluation))))
    }
}

/// The items of one test.
struct States<'a>(&'a Evaluation);

impl Serialize for States<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.0.states().map(|(subject_id, state)| ItemState { subject_id, state: state.word() }),
        )
    }
}

/// Writes `items.json`. With many cases it is the largest file of the pack but for the logs.
fn items(run: &Run, mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut out, &Items(&run.evaluations))?;
    out.write_all(b"\n")
}

fn population(run: &Run, material: &Material) -> Vec<NamedBytes> {
    let report = run.assessment.report();
    let mut rejected = Vec::new();
    for hole in report.holes.iter().filter(|hole| hole.line > 0) {
        rejected.extend(serde_json::to_vec(hole).expect("a hole is JSON"));
        rejected.push(b'\n');
    }
    let mut unresolved = csv::Writer::from_writer(Vec::new());
    let rows = report.unresolved.iter().map(|who| ["", "", "", "", &who.ns, &who.id, "", "", ""]);
    for row in std::iter::once(identity::COLUMNS).chain(rows) {
        unresolved.write_record(row.map(guarded)).expect("a vector takes every record");
    }
    let unresolved = unresolved.into_inner().expect("a vector takes every record");
    let tables = run.tables.keys().copied().collect();
    let redo = redo::script(material.controls.tests.values(), &tables).into_bytes();
    vec![
        (redo::REDO.to_owned(), redo),
        ("rejected.jsonl".to_owned(), rejected),
        ("unresolved-identities.csv".to_owned(), unresolved),
    ]
}

fn sources(run: &Run, material: &Material) -> Vec<SourceObject> {
    let report = run.assessment.report();
    report
        .objects
        .iter()
        .map(|object| {
            let found = material
                .objects
                .get(&object.source)
                .and_then(|(objects, _)| objects.iter().find(|found| found.name == object.name));
            SourceObject {
                source: object.source.clone(),
                name: object.name.clone(),
                sha256: object.sha256,
                bytes: object.bytes,
                error: object.error.clone(),
                content: match found {
                    // What a store did not give to the end, it is not asked for again.
                    Some(found) if found.file.is_none() && object.sha256.is_none() => SourceContent::Withheld,
                    Some(found) if material.workspace.pack.include_sources => content(found),
                    _ => SourceContent::Withheld,
                },
            }
        })
        .collect()
}

fn content(object: &crate::source::location::ObjectRef) -> SourceContent {
    match &object.file {
        Some(file) => SourceContent::File(file.clone()),
        None => match crate::source::object::open(object, None) {
            Ok(reader) => SourceContent::Reader(reader),
            Err(_) => SourceContent::Withheld,
        },
    }
}
