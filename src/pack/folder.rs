//! A pack as found on disk: what a second derivation reads from it.
//!
//! Every file is read through its manifest line, so that what is used is what was checked.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock::{Moment, Period};
use crate::digest::Digest;
use crate::pack::error::PackError;
use crate::pack::layout::{
    BAG_INFO, BAGIT, MANIFEST, OBJECTS, POLICY, REDACTIONS, REPORT_JSON, RUN, TAG_MANIFEST, TRUST,
};
use crate::pack::manifest::{self, Manifest};
use crate::report::model::Report;

/// Schema of `run.json`.
const RUN_SCHEMA: &str = "countersign/run/1";
/// Schema of `objects.json`.
const OBJECTS_SCHEMA: &str = "countersign/pack-objects/1";

/// The longest file that is read into memory: far above any report, far below what would stop a machine.
const MAX_IN_MEMORY: u64 = 1 << 30;

/// The settings in force after the command line: with the policy folder, all that a second derivation needs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSettings {
    /// Always `countersign/run/1`.
    pub schema: String,
    /// Time after this moment was not tested.
    pub as_of: Moment,
    /// Start of the period.
    pub from: Moment,
    /// End of the period, exclusive.
    pub to: Moment,
    /// Number of the rules by which results were derived.
    pub derivation: u32,
}

impl RunSettings {
    /// Returns the settings that gave `report`.
    pub fn of(report: &Report) -> Self {
        Self {
            schema: RUN_SCHEMA.to_owned(),
            as_of: report.as_of,
            from: report.period.from,
            to: report.period.to,
            derivation: report.derivation,
        }
    }

    /// Returns the period.
    pub fn period(&self) -> Period {
        Period { from: self.from, to: self.to }
    }
}

/// Where an object of a source lies in the pack.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackedObject {
    /// Source id.
    pub source: String,
    /// Name as declared.
    pub name: String,
    /// Path in the pack; null where only the digest was packed, or nothing could be read.
    pub path: Option<String>,
    /// SHA-256 of the object as stored; null where it could not be read to the end and is not packed.
    pub sha256: Option<Digest>,
    /// Bytes as stored.
    pub bytes: u64,
    /// Why it was not read to the end.
    pub error: Option<String>,
}

/// The content of `objects.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Objects {
    schema: String,
    objects: Vec<PackedObject>,
}

/// Returns the bytes of `objects.json`.
pub(super) fn objects_json(objects: Vec<PackedObject>) -> Vec<u8> {
    to_json(&Objects { schema: OBJECTS_SCHEMA.to_owned(), objects })
}

/// Returns `value` as indented JSON with an LF at the end.
pub(super) fn to_json(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("text, integers and lists can be said in JSON");
    bytes.push(b'\n');
    bytes
}

/// A folder that looks like a pack of ours. Whether it is intact, [`PackFolder::check`] tells.
#[derive(Debug)]
pub struct PackFolder {
    pub(super) root: PathBuf,
    /// The payload manifest, where it can be read.
    manifest: Option<Manifest>,
}

impl PackFolder {
    /// Tells whether `path` is a folder that should be taken for a pack, possibly a damaged one.
    pub fn is_pack(path: &Path) -> bool {
        defect(path).is_none()
    }

    /// Opens the pack at `path`.
    ///
    /// # Errors
    /// [`PackError::NotAPack`] where the folder is nothing of ours.
    pub fn open(path: &Path) -> Result<Self, PackError> {
        if let Some(why) = defect(path) {
            return Err(PackError::NotAPack { folder: path.to_owned(), why: why.to_owned() });
        }
        let manifest = read_plain(&path.join(MANIFEST)).and_then(|bytes| manifest::parse(&bytes).ok());
        Ok(Self { root: path.to_owned(), manifest })
    }

    /// Returns the folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns where the file `path` of the pack lies, for files that are read as a stream.
    pub fn place(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Tells whether it is a pack from which values were withheld.
    pub fn is_redacted(&self) -> bool {
        self.manifest.as_ref().is_some_and(|manifest| manifest.contains_key(REDACTIONS))
    }

    /// Returns the folder with the workspace file, roster, heads, tests, mappings and profiles as used.
    pub fn policy_dir(&self) -> PathBuf {
        self.root.join(POLICY)
    }

    /// Returns the folder with the trust file as used. It is a claim: trust comes from outside the pack.
    pub fn trust_dir(&self) -> PathBuf {
        self.root.join(TRUST)
    }

    /// Returns the settings of the run.
    ///
    /// # Errors
    /// [`PackError::Unusable`] where the file is absent, differs from its manifest line, or says something else.
    pub fn run(&self) -> Result<RunSettings, PackError> {
        let run: RunSettings = self.read_json(RUN)?;
        expect_schema(RUN, &run.schema, RUN_SCHEMA)?;
        Ok(run)
    }

    /// Returns where each source object lies, in the report's order.
    ///
    /// # Errors
    /// As [`PackFolder::run`]; also where a path does not lie below `data/05_sources/`.
    pub fn objects(&self) -> Result<Vec<PackedObject>, PackError> {
        let Objects { schema, objects } = self.read_json(OBJECTS)?;
        expect_schema(OBJECTS, &schema, OBJECTS_SCHEMA)?;
        for path in objects.iter().filter_map(|object| object.path.as_deref()) {
            let listed = self.manifest.as_ref().is_some_and(|manifest| manifest.contains_key(path));
            if !listed || !path.starts_with(crate::pack::layout::SOURCES) {
                return Err(unusable(
                    OBJECTS,
                    format!("`{}` is no source object of the pack", path.escape_debug()),
                ));
            }
        }
        Ok(objects)
    }

    /// Returns the bytes of the canonical report.
    ///
    /// # Errors
    /// As [`PackFolder::run`].
    pub fn report_json(&self) -> Result<Vec<u8>, PackError> {
        self.read(REPORT_JSON)
    }

    /// Returns the bytes of the payload file `path`, once they match its manifest line. Source objects may be too
    /// long for this; [`PackFolder::place`] leads to them, and [`PackFolder::objects`] has their digests.
    ///
    /// # Errors
    /// [`PackError::Unusable`] where the file is absent, listed nowhere, or differs.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, PackError> {
        let manifest = self
            .manifest
            .as_ref()
            .ok_or_else(|| unusable(MANIFEST, "it is absent or malformed".to_owned()))?;
        let expected =
            *manifest.get(path).ok_or_else(|| unusable(path, "no manifest lists it".to_owned()))?;
        let bytes = read_plain(&self.place(path))
            .ok_or_else(|| unusable(path, "it is no file that can be read".to_owned()))?;
        let found = Digest::of(&bytes);
        if found != expected {
            return Err(unusable(path, format!("expected sha256 {expected}, found {found}")));
        }
        Ok(bytes)
    }

    fn read_json<T: for<'de> Deserialize<'de>>(&self, path: &str) -> Result<T, PackError> {
        serde_json::from_slice(&self.read(path)?).map_err(|error| unusable(path, error.to_string()))
    }
}

/// Returns why `path` is no pack of ours. A damaged pack is one still, so one remaining mark is enough.
fn defect(path: &Path) -> Option<&'static str> {
    if !path.is_dir() {
        return Some("it is not a folder");
    }
    let there = |name: &str| fs::symlink_metadata(path.join(name)).is_ok();
    if !there(BAGIT) && !there(TAG_MANIFEST) && !there(BAG_INFO) {
        return Some("expected a file `bagit.txt`, found none");
    }
    let ours = match read_plain(&path.join(BAG_INFO)) {
        // Every label of ours begins alike, so no single change can hide all of them.
        Some(info) => {
            info.split(|&b| b == b'\n').filter(|line| line.starts_with(b"Countersign-")).count() > 0
        }
        None => there(REPORT_JSON),
    };
    (!ours).then_some("it is a bag of another program")
}

/// Reads a regular file into memory; a link is not followed.
pub(super) fn read_plain(path: &Path) -> Option<Vec<u8>> {
    let metadata = fs::symlink_metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_IN_MEMORY {
        return None;
    }
    fs::read(path).ok()
}

fn unusable(path: &str, why: String) -> PackError {
    PackError::Unusable { path: path.to_owned(), why }
}

fn expect_schema(path: &str, found: &str, expected: &str) -> Result<(), PackError> {
    if found == expected {
        return Ok(());
    }
    Err(unusable(path, format!("expected schema `{expected}`, found `{}`", found.escape_debug())))
}
