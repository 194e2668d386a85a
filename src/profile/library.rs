//! Where profiles come from: the folders shipped in the binary, and those of a workspace.

use std::collections::BTreeMap;
use std::path::Path;

use include_dir::{Dir, include_dir};

use super::error::ProfileError;
use super::load::unknown;
use super::{Profile, did_you_mean};
use crate::digest::Digest;

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/sources");

/// The file that makes a folder a profile.
const PROFILE: &str = "profile.toml";

/// Every profile at hand, by name.
#[derive(Debug)]
pub struct Library {
    entries: BTreeMap<String, Entry>,
}

/// One profile and the folder it was read from.
#[derive(Debug)]
pub struct Entry {
    profile: Profile,
    origin: Origin,
    replaces: Option<Digest>,
    files: BTreeMap<String, Vec<u8>>,
}

/// Where a profile's folder lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// In the binary.
    Shipped,
    /// In the workspace, at this path relative to it.
    Workspace(String),
}

impl Library {
    /// Returns the shipped profiles.
    ///
    /// # Errors
    ///
    /// A shipped profile that does not compile. This is a bug in the tool.
    pub fn shipped() -> Result<Self, ProfileError> {
        let mut entries = BTreeMap::new();
        for dir in SHIPPED.dirs() {
            let folder = dir.path().to_string_lossy().into_owned();
            let files: BTreeMap<String, Vec<u8>> = dir
                .files()
                .filter_map(|file| {
                    let name = file.path().file_name()?.to_string_lossy().into_owned();
                    Some((name, file.contents().to_vec()))
                })
                .collect();
            let entry = Entry::load(&folder, &format!("sources/{folder}"), files, Origin::Shipped)?;
            entries.insert(folder, entry);
        }
        Ok(Self { entries })
    }

    /// Returns the shipped profiles and those in `sources/` of `workspace`, which replace shipped ones by name.
    ///
    /// # Errors
    ///
    /// A folder of `sources/` that cannot be read, has no `profile.toml`, or whose profile does not compile.
    pub fn open(workspace: &Path) -> Result<Self, ProfileError> {
        let mut library = Self::shipped()?;
        let sources = workspace.join("sources");
        if !sources.is_dir() {
            return Ok(library);
        }
        for folder in folders(&sources)? {
            let shown = format!("sources/{folder}");
            let files = read_files(&sources.join(&folder))?;
            let mut entry = Entry::load(&folder, &shown, files, Origin::Workspace(shown.clone()))?;
            entry.replaces = library.entries.get(&folder).map(Entry::digest);
            library.entries.insert(folder, entry);
        }
        Ok(library)
    }

    /// Returns the profile of this name.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Unknown`], which names the nearest one.
    pub fn find(&self, name: &str) -> Result<&Entry, ProfileError> {
        self.entries.get(name).ok_or_else(|| unknown(name, self.entries.keys().map(String::as_str)))
    }

    /// Returns every entry, sorted by name.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Returns the entries that the workspace adds or replaces, sorted by name.
    pub fn overrides(&self) -> impl Iterator<Item = &Entry> {
        self.entries().filter(|entry| entry.origin != Origin::Shipped)
    }
}

impl Entry {
    fn load(
        folder: &str,
        shown: &str,
        files: BTreeMap<String, Vec<u8>>,
        origin: Origin,
    ) -> Result<Self, ProfileError> {
        let missing = || ProfileError::MissingFile { folder: folder.to_owned(), file: PROFILE };
        let bytes = files.get(PROFILE).ok_or_else(missing)?;
        let path = format!("{shown}/{PROFILE}");
        let text = std::str::from_utf8(bytes).map_err(|cause| ProfileError::Unreadable {
            path: path.clone(),
            cause: std::io::Error::new(std::io::ErrorKind::InvalidData, cause),
        })?;
        let profile = Profile::parse(&path, text)?;
        if profile.name() != folder {
            let place = super::Place { file: path, line: 1, column: 1 };
            return Err(ProfileError::Invalid {
                place,
                what: format!("expected the name of its folder, `{folder}`, found `{}`", profile.name()),
                help: Some(did_you_mean(profile.name(), [folder])),
            });
        }
        Ok(Self { profile, origin, replaces: None, files })
    }

    /// Returns the compiled profile.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Returns where it was read from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the digest of the shipped folder that this one replaces.
    pub fn replaces(&self) -> Option<Digest> {
        self.replaces
    }

    /// Returns the digest of the folder: SHA-256 over the names and digests of its files, each length-prefixed.
    pub fn digest(&self) -> Digest {
        let digests: Vec<(&str, Digest)> =
            self.files.iter().map(|(name, bytes)| (name.as_str(), Digest::of(bytes))).collect();
        Digest::of_parts(
            digests.iter().flat_map(|(name, digest)| [name.as_bytes(), digest.as_bytes().as_slice()]),
        )
    }

    /// Returns the files of the folder, by name.
    pub fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }
}

fn folders(sources: &Path) -> Result<Vec<String>, ProfileError> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(sources).map_err(|cause| unreadable(sources, cause))? {
        let entry = entry.map_err(|cause| unreadable(sources, cause))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn read_files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, ProfileError> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(|cause| unreadable(folder, cause))? {
        let path = entry.map_err(|cause| unreadable(folder, cause))?.path();
        if path.is_file() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, std::fs::read(&path).map_err(|cause| unreadable(&path, cause))?);
        }
    }
    Ok(files)
}

fn unreadable(path: &Path, cause: std::io::Error) -> ProfileError {
    ProfileError::Unreadable { path: path.display().to_string(), cause }
}
