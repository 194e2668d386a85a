//! `countersign controls`: the control tests, the frameworks, and what links them.

mod coverage;
mod lint;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use polars::prelude::{ParquetReader, SerReader};
use serde::Serializer as _;

use super::{Common, Io};
use crate::control::case;
use crate::control::definition::Test;
use crate::control::item;
use crate::control::portable::PARAM;
use crate::control::query::Tables;
use crate::control::{ControlError, Library};
use crate::error::Failure;
use crate::exit::Exit;
use crate::run::RunError;
use crate::table::schemas;

/// List, show, check, and try the control tests
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    command: Command,

    /// Workspace whose `controls/` lies over the shipped ones
    #[arg(long, global = true, value_name = "DIR", default_value = ".")]
    workspace: PathBuf,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// List the tests and the frameworks
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a test with its queries, or a control with its links
    Show {
        /// Test such as AUTHZ-01, or control such as iso27001-2022:A.5.3
        id: String,
    },
    /// Print the published tables with their columns as JSON
    #[command(hide = true)]
    Schema,
    /// Say for each control in scope what its tests show on the workspace's logs
    Coverage {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Check every control file: form, references, and that each query is portable
    Lint,
    /// Run the tests' own cases
    Test {
        /// Tests to run; all where none is named
        ids: Vec<String>,
        /// Run the tests on the Parquet tables in DIR instead, and print the state of every item as JSON
        #[arg(long, value_name = "DIR", hide = true)]
        tables: Option<PathBuf>,
    },
}

/// Answers the subcommand as the program does: also those that need more of the workspace than its control files.
pub(super) fn answer(args: &Args, common: &Common, io: &mut Io<'_>) -> Result<Exit, Failure> {
    match &args.command {
        Command::Coverage { json } => return coverage::run(&args.workspace, *json, common, io),
        Command::Lint => lint::of_workspace(&args.workspace)?,
        _ => {}
    }
    run(args, io.out).map_err(RunError::from)?;
    Ok(Exit::Done)
}

/// Runs a subcommand that reads control files alone, and writes its result to `out`; `coverage` needs a whole run.
///
/// # Errors
///
/// [`ControlError`] where a control file is wrong, an id is unknown, or a case does not give what it expects.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<(), ControlError> {
    let library = library(&args.workspace)?;
    match &args.command {
        Command::Coverage { .. } => {
            Err(ControlError::unknown("controls", "command without a run", "coverage", []))
        }
        Command::List { json: true } => list_json(&library, out),
        Command::List { json: false } => list(&library, out),
        Command::Show { id } if id.contains(':') => show_control(&library, id, out),
        Command::Show { id } => show_test(&library, library.test(id)?, out),
        Command::Schema => schema(&library, out),
        Command::Lint => lint::of_library(&library, out),
        Command::Test { ids, tables: None } => try_cases(&library, &chosen(&library, ids)?, out),
        Command::Test { ids, tables: Some(folder) } => try_tables(&chosen(&library, ids)?, folder, out),
    }
}

fn library(workspace: &Path) -> Result<Library, ControlError> {
    let overrides = workspace.join("controls");
    Library::load(overrides.is_dir().then_some(overrides.as_path()))
}

fn list(library: &Library, out: &mut dyn Write) -> Result<(), ControlError> {
    for test in library.tests.values() {
        let (kind, severity) = (test.kind.word(), test.severity.word());
        writeln!(out, "{:9} {:17} {:9} {}", test.id, kind, severity, test.title)?;
    }
    writeln!(out)?;
    for catalog in &library.catalogs {
        let links = links_of(library, &catalog.id);
        writeln!(
            out,
            "{:18} {:3} controls, {links} links  {}",
            catalog.id,
            catalog.controls.len(),
            catalog.name
        )?;
    }
    Ok(())
}

fn list_json(library: &Library, out: &mut dyn Write) -> Result<(), ControlError> {
    let tests: Vec<_> = library
        .tests
        .values()
        .map(|test| {
            serde_json::json!({
                "id": test.id, "slug": test.slug, "title": test.title, "kind": test.kind.word(),
                "severity": test.severity.word(), "subject": test.subject,
            })
        })
        .collect();
    let frameworks: Vec<_> = library
        .catalogs
        .iter()
        .map(|catalog| {
            serde_json::json!({
                "id": catalog.id, "name": catalog.name, "controls": catalog.controls.len(),
                "links": links_of(library, &catalog.id),
            })
        })
        .collect();
    let list = serde_json::json!({
        "schema": "countersign/controls/1", "tests": tests, "frameworks": frameworks,
    });
    Ok(writeln!(out, "{list}")?)
}

fn schema(library: &Library, out: &mut dyn Write) -> Result<(), ControlError> {
    let mut tables: serde_json::Map<String, serde_json::Value> = schemas()
        .into_iter()
        .map(|schema| {
            let columns: Vec<_> = schema
                .columns
                .iter()
                .map(|column| serde_json::json!({ "name": column.name, "type": column.ty.word() }))
                .collect();
            (schema.table.to_owned(), serde_json::json!(columns))
        })
        .collect();
    let columns = library.published()?.remove(PARAM).unwrap_or_default();
    let columns: Vec<_> =
        columns.into_iter().map(|name| serde_json::json!({ "name": name, "type": "integer" })).collect();
    tables.insert(PARAM.to_owned(), serde_json::json!(columns));
    let schema = serde_json::json!({ "schema": "countersign/tables/1", "tables": tables });
    Ok(writeln!(out, "{schema}")?)
}

fn links_of(library: &Library, catalog: &str) -> usize {
    let of = |control: &str| control.split_once(':').is_some_and(|(framework, _)| framework == catalog);
    library.links.iter().filter(|link| of(&link.control)).count()
}

fn show_test(library: &Library, test: &Test, out: &mut dyn Write) -> Result<(), ControlError> {
    writeln!(out, "{} {}\n{}\n", test.id, test.slug, test.title)?;
    let requires: Vec<&str> = test.requires.iter().map(String::as_str).collect();
    let relies_on: Vec<&str> = test.relies_on.iter().map(String::as_str).collect();
    for (label, text) in [
        ("kind", format!("{}, {}", test.kind.word(), test.severity.word())),
        ("objective", test.objective.clone()),
        ("predicate", test.predicate.clone()),
        ("subject", format!("{}.{}", test.subject, test.subject_key)),
        ("requires", requires.join(", ")),
        ("relies on", if relies_on.is_empty() { "nothing".to_owned() } else { relies_on.join(", ") }),
        ("cannot show", test.cannot_show.clone()),
        ("remedy", test.remedy.clone()),
    ] {
        writeln!(out, "{label:11} {text}")?;
    }
    for parameter in library.profile("base")?.iter().filter(|one| test.parameters.contains(&one.column)) {
        writeln!(out, "parameter   {} = {}: {}", parameter.column, parameter.value, parameter.why)?;
    }
    for link in library.links.iter().filter(|link| link.test == test.id) {
        writeln!(out, "{:11} {}: {}", link.relation.word(), link.control, link.not_shown)?;
    }
    for (name, sql, digest) in [
        ("population.sql", &test.population_sql, test.population_digest()),
        ("exceptions.sql", &test.exceptions_sql, test.exceptions_digest()),
    ] {
        writeln!(out, "\n{name} sha256:{digest}\n{}", sql.trim_end())?;
    }
    Ok(())
}

fn show_control(library: &Library, id: &str, out: &mut dyn Write) -> Result<(), ControlError> {
    let framework = id.split_once(':').map_or(id, |(framework, _)| framework);
    let catalog = library.catalog(framework)?;
    let Some(control) = catalog.controls.iter().find(|control| control.id == id) else {
        let known = catalog.controls.iter().map(|control| control.id.as_str());
        return Err(ControlError::unknown("controls show", "control", id, known));
    };
    writeln!(out, "{}\n{} (our wording)\n", control.id, control.title)?;
    writeln!(out, "{:11} {}", "framework", catalog.name)?;
    writeln!(out, "{:11} {}", "group", control.group)?;
    writeln!(out, "{:11} {}: {}", "reach", control.reach.word(), control.can_show)?;
    let baselines: Vec<&str> = control.baselines.iter().map(String::as_str).collect();
    for (label, words) in [("also", control.aliases.join(", ")), ("baselines", baselines.join(", "))] {
        if !words.is_empty() {
            writeln!(out, "{label:11} {words}")?;
        }
    }
    for link in library.links.iter().filter(|link| link.control == id) {
        writeln!(out, "\n{} {}: {}", link.relation.word(), link.test, link.why)?;
        writeln!(out, "  not shown: {}", link.not_shown)?;
        if !link.needs.is_empty() {
            let needs: Vec<&str> = link.needs.iter().map(String::as_str).collect();
            writeln!(out, "  reaches a part at most without a clean {}", needs.join(", "))?;
        }
    }
    Ok(())
}

fn chosen<'a>(library: &'a Library, ids: &[String]) -> Result<Vec<&'a Test>, ControlError> {
    if ids.is_empty() {
        return Ok(library.tests.values().collect());
    }
    ids.iter().map(|id| library.test(id)).collect()
}

fn try_cases(library: &Library, tests: &[&Test], out: &mut dyn Write) -> Result<(), ControlError> {
    let (mut total, mut failed) = (0, 0);
    for test in tests {
        let cases = case::cases(library, test)?;
        case::all_kinds(test, &cases)?;
        let mut differing = 0;
        for case in &cases {
            let lines = case::differences(test, case)?;
            differing += usize::from(!lines.is_empty());
            for line in lines {
                writeln!(out, "{} {}: {line}", test.id, case.name)?;
            }
        }
        writeln!(out, "{:9} {} of {} cases as expected", test.id, cases.len() - differing, cases.len())?;
        total += cases.len();
        failed += differing;
    }
    if failed > 0 { Err(ControlError::Cases { failed, total }) } else { Ok(()) }
}

fn try_tables(tests: &[&Test], folder: &Path, out: &mut dyn Write) -> Result<(), ControlError> {
    let mut tables = Tables::new();
    for name in schemas().iter().map(|schema| schema.table).chain([PARAM]) {
        let path = folder.join(format!("{name}.parquet"));
        if !path.exists() && name != PARAM {
            continue;
        }
        let unreadable = |detail: String| ControlError::Table { path: path.clone(), detail };
        let file = File::open(&path).map_err(|error| unreadable(error.to_string()))?;
        let frame = ParquetReader::new(file).finish().map_err(|error| unreadable(error.to_string()))?;
        tables.insert(name, frame);
    }
    // Written test by test: the states of a million items each are more than the tables.
    let mut out = BufWriter::new(out);
    write!(out, r#"{{"schema":"countersign/controls-test/1","tests":{{"#)?;
    for (index, test) in tests.iter().enumerate() {
        let evaluation = item::evaluate(test, &tables)?;
        write!(out, r#"{}"{}":"#, if index == 0 { "" } else { "," }, test.id)?;
        let mut json = serde_json::Serializer::new(&mut out);
        json.collect_map(evaluation.described()).map_err(io::Error::from)?;
    }
    writeln!(out, "}}}}")?;
    Ok(out.flush()?)
}
