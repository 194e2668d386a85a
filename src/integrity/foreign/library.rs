//! Where chain profiles come from: the files shipped in the binary, and those of a workspace.

use std::collections::BTreeMap;
use std::path::Path;

use include_dir::{Dir, include_dir};

use super::{ChainError, ChainFormat};
use crate::digest::Digest;
use crate::profile::did_you_mean;

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/chains");

/// Every chain profile at hand, by id.
#[derive(Debug)]
pub struct ChainLibrary {
    entries: BTreeMap<String, ChainEntry>,
}

/// One chain profile, and where it was read from.
#[derive(Debug)]
pub struct ChainEntry {
    format: ChainFormat,
    origin: ChainOrigin,
    replaces: Option<Digest>,
    text: String,
}

/// Where a chain profile lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChainOrigin {
    /// In the binary.
    Shipped,
    /// In the workspace, at this path relative to it.
    Workspace(String),
}

impl ChainLibrary {
    /// Returns the shipped profiles.
    ///
    /// # Errors
    ///
    /// A shipped profile that does not compile. This is a bug in the tool.
    pub fn shipped() -> Result<Self, ChainError> {
        let mut entries = BTreeMap::new();
        for file in SHIPPED.files() {
            let name = file.path().to_string_lossy().into_owned();
            let Some(id) = name.strip_suffix(".toml") else { continue };
            let text = text_of(&format!("chains/{name}"), file.contents().to_vec())?;
            entries.insert(id.to_owned(), ChainEntry::load(id, text, ChainOrigin::Shipped)?);
        }
        Ok(Self { entries })
    }

    /// Returns the shipped profiles and those in `chains/` of `workspace`, which replace shipped ones by id.
    ///
    /// # Errors
    ///
    /// A file of `chains/` that cannot be read or does not compile.
    pub fn open(workspace: &Path) -> Result<Self, ChainError> {
        let mut library = Self::shipped()?;
        let chains = workspace.join("chains");
        if !chains.is_dir() {
            return Ok(library);
        }
        for name in files(&chains)? {
            let Some(id) = name.strip_suffix(".toml") else { continue };
            let path = chains.join(&name);
            let bytes = std::fs::read(&path).map_err(|cause| unreadable(&path, cause))?;
            let text = text_of(&path.display().to_string(), bytes)?;
            let mut entry = ChainEntry::load(id, text, ChainOrigin::Workspace(format!("chains/{name}")))?;
            entry.replaces = library.entries.get(id).map(|shipped| shipped.format.digest());
            library.entries.insert(id.to_owned(), entry);
        }
        Ok(library)
    }

    /// Returns the format with this id.
    ///
    /// # Errors
    ///
    /// [`ChainError::Unknown`], which names the nearest one.
    pub fn find(&self, id: &str) -> Result<&ChainFormat, ChainError> {
        self.entry(id).map(ChainEntry::format)
    }

    /// Returns the entry with this id.
    ///
    /// # Errors
    ///
    /// [`ChainError::Unknown`], which names the nearest one.
    pub fn entry(&self, id: &str) -> Result<&ChainEntry, ChainError> {
        self.entries.get(id).ok_or_else(|| ChainError::Unknown {
            id: id.to_owned(),
            help: did_you_mean(id, self.entries.keys().map(String::as_str)),
        })
    }

    /// Returns every format, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = &ChainFormat> {
        self.entries.values().map(ChainEntry::format)
    }

    /// Returns every entry, sorted by id.
    pub fn entries(&self) -> impl Iterator<Item = &ChainEntry> {
        self.entries.values()
    }
}

impl ChainEntry {
    fn load(id: &str, text: String, origin: ChainOrigin) -> Result<Self, ChainError> {
        let format = ChainFormat::parse(id, &text)?;
        Ok(Self { format, origin, replaces: None, text })
    }

    /// Returns the compiled profile.
    pub fn format(&self) -> &ChainFormat {
        &self.format
    }

    /// Returns where it was read from.
    pub fn origin(&self) -> &ChainOrigin {
        &self.origin
    }

    /// Returns the digest of the shipped profile that it replaces.
    pub fn replaces(&self) -> Option<Digest> {
        self.replaces
    }

    /// Returns the text of the profile.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn files(folder: &Path) -> Result<Vec<String>, ChainError> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|cause| unreadable(folder, cause))? {
        let entry = entry.map_err(|cause| unreadable(folder, cause))?;
        if entry.path().is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn text_of(path: &str, bytes: Vec<u8>) -> Result<String, ChainError> {
    String::from_utf8(bytes).map_err(|cause| ChainError::Unreadable {
        path: path.to_owned(),
        cause: std::io::Error::new(std::io::ErrorKind::InvalidData, cause),
    })
}

fn unreadable(path: &Path, cause: std::io::Error) -> ChainError {
    ChainError::Unreadable { path: path.display().to_string(), cause }
}
