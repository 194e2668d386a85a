//! `countersign redact`: makes a second pack without what is withheld, to hand on.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::render::{Format, Renderings};
use super::{Common, Io, input, secret};
use crate::assess::DERIVATION;
use crate::error::Failure;
use crate::exit::Exit;
use crate::pack::redacted::{Class, KEY_BYTES, Original, Redacted, RedactionKey, redact};
use crate::pack::{
    NamedBytes, OutFolder, PackContents, PackFolder, SourceContent, SourceObject, dsse, layout, redo, seal,
};
use crate::report::html::Templates;
use crate::report::json;
use crate::run::Run;
use crate::run::material::Material;

/// Make a second pack without persons, resources, or texts, to hand on.
///
/// The first pack must hold its logs: its results are derived again before anything is written. The second has no logs, and of what
/// is withheld only pseudonyms and commitments, each of which the holder of the key can open.
#[derive(Args, Debug)]
pub(super) struct RedactArgs {
    /// The pack to make it from
    #[arg(value_name = "PACK")]
    pack: PathBuf,
    /// Where the redacted pack goes: a new or empty folder, or an earlier pack, which is replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What to withhold; texts always are
    #[arg(long, value_name = "CLASS", required = true, num_args = 1.., value_delimiter = ',')]
    withhold: Vec<Withhold>,
    /// The redaction key, 32 bytes; made where it does not exist. It opens what is withheld
    #[arg(long, value_name = "FILE")]
    redaction_key: PathBuf,
    /// Write what opens each commitment to a new file, to hand on line by line
    #[arg(long, value_name = "FILE")]
    disclosures: Option<PathBuf>,
    /// Key that signs the redacted pack
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// A class as typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Withhold {
    /// Persons, agents, and services
    People,
    /// Reasons, commands, and whatever else is free text
    Text,
    /// Targets and environments
    Resources,
}

impl Withhold {
    fn class(self) -> Class {
        match self {
            Self::People => Class::People,
            Self::Text => Class::Text,
            Self::Resources => Class::Resources,
        }
    }
}

/// The renderings that need no more than the report.
const FORMATS: [Format; 7] =
    [Format::Html, Format::Pdf, Format::Json, Format::Oscal, Format::Csv, Format::Sarif, Format::Junit];

pub(super) fn run(args: &RedactArgs, common: &Common, io: &mut Io<'_>) -> Result<Exit, Failure> {
    make(args, common, io).map_err(|failure| failure.leaving("no pack was written"))
}

fn make(args: &RedactArgs, common: &Common, io: &mut Io<'_>) -> Result<Exit, Failure> {
    OutFolder::judge(&args.out)?;
    let pack = PackFolder::open(&args.pack)?;
    refuse_places(args)?;
    if pack.is_redacted() {
        return Err(Failure::message(
            Exit::Usage,
            format!("pack `{}` is redacted already", args.pack.display()),
            "give the pack that it was made from",
        ));
    }
    let (signing, redaction) =
        (args.key.as_deref().map(dsse::read_signing_key).transpose()?, read_key(args)?);
    let (material, run) = derived_again(&pack, args, common)?;
    let report = run.assessment.report();
    let queries = (!report.overrides.iter().any(|entry| entry.path.starts_with("controls/")))
        .then(|| redo::script(material.controls.tests.values(), &run.tables.keys().copied().collect()));
    let original = Original {
        report,
        results: run.assessment.results_digest(),
        tables: &run.tables,
        queries: queries.as_deref(),
    };
    let classes: BTreeSet<Class> = args.withhold.iter().map(|class| class.class()).collect();
    let (key, made) = match redaction {
        Some(bytes) => (bytes, false),
        None => (secret::random()?, true),
    };
    let mut redacted = redact(original, &classes, RedactionKey::new(key))
        .map_err(|error| Failure::new(Exit::Usage, &error, error.help()))?;
    let assessment = run.assessment.withholding(redacted.report.clone()).ok_or_else(|| {
        Failure::message(
            Exit::Incomplete,
            "the redacted report does not conclude what the pack concludes",
            "report this; it is a bug in the tool",
        )
    })?;
    redacted.report = assessment.report().clone();
    if made {
        secret::write_new(&args.redaction_key, secret::PRIVATE, |file| file.write_all(&key))?;
    }
    if let Some(path) = &args.disclosures {
        secret::write_new(path, secret::PRIVATE, |file| redacted.disclosures(file))?;
    }

    let Renderings { html, pdf, mut machine, ci, .. } =
        Renderings::of_assessment(&assessment, &FORMATS, &Templates::shipped())?;
    machine.push(("items.json".to_owned(), Box::new(|out| items(&run, &redacted, out))));
    machine.push((layout::REDACTIONS_NAME.to_owned(), Box::new(|out| redacted.list(out))));
    let contents = PackContents {
        report: &redacted.report,
        results: assessment.results_digest(),
        report_json: Box::new(|out| json::write(&redacted.report, out)),
        report_html: html.as_deref().map(str::as_bytes),
        report_pdf: pdf.as_deref(),
        workpaper: None,
        machine,
        tables: redacted.tables.iter().map(|(name, frame)| (name.clone(), frame)).collect(),
        population: population(queries),
        sources: sources(&redacted),
        trust: Vec::new(),
        policy: Vec::new(),
        ci,
    };
    let sealed = seal(contents, signing.as_ref(), &args.out)?;
    io.result(&format!("Withheld     {}, and ids and digests", redacted.withheld().join(", ")))?;
    io.result(&format!("Made from    results sha256 {}", run.assessment.results_digest()))?;
    let signed = if sealed.key.is_some() { "signed" } else { "not signed: no `--key`" };
    io.result(&format!(
        "Wrote        {} · {signed} · results sha256 {}",
        args.out.display(),
        sealed.results
    ))?;
    if made {
        io.note(&format!(
            "note: made the redaction key `{}`; keep it as you keep the first pack",
            args.redaction_key.display()
        ));
    }
    Ok(Exit::Done)
}

/// Derives the results of `pack` again; what does not come out byte for byte is not sealed anew.
fn derived_again(pack: &PackFolder, args: &RedactArgs, common: &Common) -> Result<(Material, Run), Failure> {
    let settings = pack.run()?;
    if settings.derivation != DERIVATION {
        return Err(Failure::message(
            Exit::Usage,
            format!(
                "the pack was made under derivation {}, and this program has {DERIVATION}",
                settings.derivation
            ),
            "use the version that made it",
        ));
    }
    let (material, run) = input::run(&args.pack, common)?;
    if json::to_bytes(run.assessment.report()) != pack.report_json()? {
        return Err(Failure::message(
            Exit::Altered,
            format!(
                "`data/01_report.json` of pack `{}` is not what the pack's own files give",
                args.pack.display()
            ),
            "bring the pack as it was sealed; `countersign verify` says more",
        ));
    }
    Ok((material, run))
}

/// Refuses places that would destroy the first pack, or take a secret into a pack.
fn refuse_places(args: &RedactArgs) -> Result<(), Failure> {
    let pack = resolved(&args.pack);
    let out = resolved(&args.out);
    if out.starts_with(&pack) || pack.starts_with(&out) {
        return Err(Failure::message(
            Exit::Usage,
            format!("`--out` `{}` is the pack itself, or lies in it or around it", args.out.display()),
            "give another `--out`",
        ));
    }
    let secrets =
        [("--redaction-key", Some(&args.redaction_key)), ("--disclosures", args.disclosures.as_ref())];
    for (option, path) in secrets {
        let Some(path) = path else { continue };
        let place = resolved(path);
        if place.starts_with(&pack) || place.starts_with(&out) {
            return Err(Failure::message(
                Exit::Usage,
                format!("`{option}` `{}` lies in a pack", path.display()),
                "keep it outside; whoever has it can open what is withheld",
            ));
        }
    }
    if let Some(path) = args.disclosures.as_ref().filter(|path| path.symlink_metadata().is_ok()) {
        return Err(Failure::message(
            Exit::Usage,
            format!("`{}` exists, and disclosures are never overwritten", path.display()),
            "give another `--disclosures`",
        ));
    }
    Ok(())
}

/// Returns `path` without links, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    if let Ok(place) = fs::canonicalize(path) {
        return place;
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (path.file_name(), parent == path) {
        (Some(name), false) => resolved(parent).join(name),
        _ => path.to_owned(),
    }
}

/// Reads the redaction key, or returns nothing where there is none yet.
fn read_key(args: &RedactArgs) -> Result<Option<[u8; KEY_BYTES]>, Failure> {
    let path = &args.redaction_key;
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.symlink_metadata().is_err() => {
            return Ok(None);
        }
        Err(error) => return Err(super::append::unreadable("redaction key", path, &error)),
    };
    let found = bytes.len();
    <[u8; KEY_BYTES]>::try_from(bytes).map(Some).map_err(|_| {
        Failure::message(
            Exit::Usage,
            format!("`{}` is no redaction key: expected {KEY_BYTES} bytes, found {found}", path.display()),
            "give a file that `redact` made, or a path at which there is none",
        )
    })
}

/// Writes `items.json`, each list ordered by pseudonym.
fn items(run: &Run, redacted: &Redacted, mut out: impl Write) -> io::Result<()> {
    let mut tests = serde_json::Map::new();
    for (test, evaluation) in &run.evaluations {
        let mut states: Vec<(String, &str)> =
            evaluation.states().map(|(subject, state)| (redacted.pseudonym(subject), state.word())).collect();
        states.sort();
        let states = states
            .into_iter()
            .map(|(subject_id, state)| serde_json::json!({"subject_id": subject_id, "state": state}));
        tests.insert(test.clone(), states.collect());
    }
    serde_json::to_writer(&mut out, &tests)?;
    out.write_all(b"\n")
}

fn population(queries: Option<String>) -> Vec<NamedBytes> {
    queries.map(|queries| (redo::REDO.to_owned(), queries.into_bytes())).into_iter().collect()
}

fn sources(redacted: &Redacted) -> Vec<SourceObject> {
    let objects = redacted.report.objects.iter();
    objects
        .map(|object| SourceObject {
            source: object.source.clone(),
            name: object.name.clone(),
            sha256: None,
            bytes: object.bytes,
            error: object.error.clone(),
            content: SourceContent::Withheld,
        })
        .collect()
}
