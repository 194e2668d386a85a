//! Seals a pack: everything in the one order in which no digest depends on itself.
//!
//! Payload, payload manifest, tags, statement, tag manifest (`docs/formats/pack.md`, "What covers what").

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use polars::prelude::DataFrame;

use crate::digest::Digest;
use crate::pack::bag::{BagFile, BagWriter, TagWriter, Written};
use crate::pack::dsse::{self, Envelope};
use crate::pack::error::PackError;
use crate::pack::folder::{PackedObject, RunSettings, objects_json, to_json};
use crate::pack::layout::{
    BAG_INFO, CI, MACHINE, MANIFEST, OBJECTS, POLICY, POPULATION, README, REDACTIONS, REPORT_HTML,
    REPORT_JSON, REPORT_PDF, RUN, SOURCES, STATEMENT, STATEMENT_KEY, TABLES, TRUST, VERIFY, WORKPAPER,
    object_file_name,
};
use crate::pack::out::OutFolder;
use crate::pack::statement::{self, Sha256, Subject};
use crate::pack::{parquet, text};
use crate::report::model::Report;

/// A file of the pack: its path below the folder of its kind, and its bytes.
pub type NamedBytes = (String, Vec<u8>);

/// Writes the bytes of a file of the pack that may be too large to hold.
pub type Fill<'a> = Box<dyn FnOnce(&mut BagFile) -> io::Result<()> + 'a>;

/// Everything that goes into a pack.
pub struct PackContents<'a> {
    /// The report; `run.json`, the statement and the texts are made from it.
    pub report: &'a Report,
    /// The results digest: the SHA-256 of what `report_json` writes.
    pub results: Digest,
    /// Writes the canonical bytes of that report.
    pub report_json: Fill<'a>,
    /// The report as HTML.
    pub report_html: Option<&'a [u8]>,
    /// The report as PDF.
    pub report_pdf: Option<&'a [u8]>,
    /// The workpaper, an XLSX workbook.
    pub workpaper: Option<&'a [u8]>,
    /// Files below `data/02_machine/`, among them `items.json`.
    pub machine: Vec<(String, Fill<'a>)>,
    /// Tables, by name.
    pub tables: Vec<(String, &'a DataFrame)>,
    /// Further files below `data/04_population/`: `rejected.jsonl`, `unresolved-identities.csv`.
    pub population: Vec<NamedBytes>,
    /// Source objects, in the report's order.
    pub sources: Vec<SourceObject>,
    /// Files below `data/06_keys/trust/`: `trust.toml`, and the public keys that it names.
    pub trust: Vec<NamedBytes>,
    /// Files below `data/07_policy/`, except `run.json`.
    pub policy: Vec<NamedBytes>,
    /// Files below `data/08_ci/`.
    pub ci: Vec<(String, Fill<'a>)>,
}

/// An object that the run read.
pub struct SourceObject {
    /// Source id.
    pub source: String,
    /// Name as declared.
    pub name: String,
    /// SHA-256 that the run saw; null where it could not read the object to the end.
    pub sha256: Option<Digest>,
    /// Bytes that the run saw.
    pub bytes: u64,
    /// Why the run could not read it to the end.
    pub error: Option<String>,
    /// Where its bytes come from.
    pub content: SourceContent,
}

/// Where the bytes of a source object come from.
pub enum SourceContent {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A local file.
    File(PathBuf),
    /// Whatever this yields, such as a download.
    Reader(Box<dyn Read + Send>),
    /// Nowhere: digest and length alone go into the pack.
    Withheld,
}

/// A pack that lies in its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sealed {
    /// SHA-256 of the canonical report.
    pub results: Digest,
    /// Id of the key that signed it; null for an unsigned pack.
    pub key: Option<Digest>,
}

/// Writes the pack of `contents`, signed with `key`, and puts it at `out`.
///
/// The place afterwards holds the whole pack or, on an error, what it held before.
///
/// # Errors
/// [`PackError`]; `is_usage` tells a wrong call from failed output.
pub fn seal(contents: PackContents<'_>, key: Option<&SigningKey>, out: &Path) -> Result<Sealed, PackError> {
    let place = OutFolder::judge(out)?;
    let partial = place.begin()?;
    let sealed = write(contents, key, partial.root())?;
    place.put(partial)?;
    Ok(sealed)
}

fn write(contents: PackContents<'_>, key: Option<&SigningKey>, root: &Path) -> Result<Sealed, PackError> {
    let report = contents.report;
    let results = contents.results;
    let redacted = is_redacted(&contents);
    let mut bag = BagWriter::new(root);
    write_payload(&mut bag, contents, key)?;

    let info = text::BagInfo::new(report, results, bag.oxum(), key.is_some());
    let key_id = key.map(|key| dsse::key_id(&key.verifying_key()));
    let mut tags = bag.close()?;
    tags.add(BAG_INFO, info.print().as_bytes())?;
    tags.add(VERIFY, text::verify(report, results, key_id, redacted).as_bytes())?;
    if let Some(key) = key {
        let payload = statement::compose(subjects(&tags), report, results);
        tags.add(STATEMENT, &Envelope::sign(payload, key).to_bytes())?;
    }
    tags.finish()?;
    Ok(Sealed { results, key: key_id })
}

fn is_redacted(contents: &PackContents<'_>) -> bool {
    contents.machine.iter().any(|(name, _)| REDACTIONS.strip_prefix(MACHINE) == Some(name.as_str()))
}

/// The files that the statement names, where the pack holds them. The manifest stands for all the payload.
pub(super) const SUBJECTS: [&str; 5] = [MANIFEST, BAG_INFO, VERIFY, REPORT_HTML, REPORT_PDF];

fn subjects(tags: &TagWriter) -> Vec<Subject> {
    let subject = |path: &&str| {
        let sha256 = tags.digest(path)?;
        Some(Subject { name: (*path).to_owned(), digest: Sha256 { sha256 } })
    };
    SUBJECTS.iter().filter_map(subject).collect()
}

fn write_payload(
    bag: &mut BagWriter,
    contents: PackContents<'_>,
    key: Option<&SigningKey>,
) -> Result<(), PackError> {
    let (report, results) = (contents.report, contents.results);
    bag.add(README, text::readme(report, results, is_redacted(&contents)).as_bytes())?;
    write_results(bag, results, contents.report_json)?;
    if let Some(html) = contents.report_html {
        bag.add(REPORT_HTML, html)?;
    }
    if let Some(pdf) = contents.report_pdf {
        bag.add(REPORT_PDF, pdf)?;
    }
    if let Some(workpaper) = contents.workpaper {
        bag.add(WORKPAPER, workpaper)?;
    }
    fill_all(bag, MACHINE, contents.machine)?;
    write_tables(bag, &contents.tables)?;
    add_all(bag, POPULATION, &contents.population)?;
    write_sources(bag, contents.sources)?;
    if let Some(key) = key {
        bag.add(STATEMENT_KEY, dsse::public_pem(&key.verifying_key()).as_bytes())?;
    }
    add_all(bag, TRUST, &contents.trust)?;
    bag.add(RUN, &to_json(&RunSettings::of(report)))?;
    add_all(bag, POLICY, &contents.policy)?;
    fill_all(bag, CI, contents.ci)
}

/// Writes `report.json`. Every other file of the pack names its digest, so it must have that one.
fn write_results(bag: &mut BagWriter, results: Digest, fill: Fill<'_>) -> Result<(), PackError> {
    let failed = || PackError::io("write", Path::new(REPORT_JSON));
    let written = bag.add_with(REPORT_JSON, |file| fill(file).map_err(failed()))?;
    if written.sha256 == results {
        return Ok(());
    }
    let found = written.sha256;
    Err(failed()(io::Error::other(format!("its digest is {found}, and the results digest is {results}"))))
}

fn fill_all(bag: &mut BagWriter, folder: &str, files: Vec<(String, Fill<'_>)>) -> Result<(), PackError> {
    for (name, fill) in files {
        let path = format!("{folder}{name}");
        bag.add_with(&path, |file| fill(file).map_err(PackError::io("write", Path::new(&path))))?;
    }
    Ok(())
}

fn add_all(bag: &mut BagWriter, folder: &str, files: &[NamedBytes]) -> Result<(), PackError> {
    for (name, bytes) in files {
        bag.add(&format!("{folder}{name}"), bytes)?;
    }
    Ok(())
}

fn write_tables(bag: &mut BagWriter, tables: &[(String, &DataFrame)]) -> Result<(), PackError> {
    for (name, frame) in tables {
        let path = format!("{TABLES}{name}.parquet");
        bag.add_with(&path, |file| parquet::write(name, frame, file))?;
    }
    Ok(())
}

fn write_sources(bag: &mut BagWriter, sources: Vec<SourceObject>) -> Result<(), PackError> {
    let mut objects = Vec::with_capacity(sources.len());
    for (index, source) in sources.into_iter().enumerate() {
        let path = format!("{SOURCES}{:04}/{}", index + 1, object_file_name(&source.name));
        let SourceObject { source, name, sha256, bytes, error, content } = source;
        let written = match content {
            SourceContent::Bytes(bytes) => Some(bag.add(&path, &bytes)?),
            SourceContent::File(from) => Some(bag.add_file(&path, &from)?),
            SourceContent::Reader(from) => Some(bag.add_reader(&path, from)?),
            SourceContent::Withheld => None,
        };
        let object = match written {
            None => PackedObject { source, name, path: None, sha256, bytes, error },
            Some(Written { sha256: found, bytes }) => {
                if let Some(expected) = sha256.filter(|expected| *expected != found) {
                    return Err(PackError::SourceChanged { source_id: source, name, expected, found });
                }
                PackedObject { source, name, path: Some(path), sha256: Some(found), bytes, error }
            }
        };
        objects.push(object);
    }
    bag.add(OBJECTS, &objects_json(objects))?;
    Ok(())
}
