//! Where objects lie: paths, folders, globs and URLs, resolved to a sorted list of objects.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::TryStreamExt as _;
use globset::{GlobBuilder, GlobMatcher};
use object_store::local::LocalFileSystem;
use object_store::path::Path as StorePath;
use object_store::{ObjectStore, ObjectStoreExt as _};
use thiserror::Error;

use super::archive::{self, Fault, INSIDE, Member};

/// An object that can be read, with the name by which results speak of it.
#[derive(Clone, Debug)]
pub struct ObjectRef {
    /// Name as declared: never a path of the machine.
    pub name: String,
    /// Bytes as stored.
    pub size: u64,
    /// The file, for an object of the local file system.
    pub file: Option<PathBuf>,
    store: Arc<dyn ObjectStore>,
    path: StorePath,
    /// Entity tag of the version that was planned (RFC 9110 section 8.8.3). What is read is this version, or nothing.
    ///
    /// A version id of the store would do the same, and asks for a permission that readers often lack.
    etag: Option<String>,
    /// The archive that it is a file of, and where in it.
    member: Option<Arc<(Self, Member)>>,
}

impl ObjectRef {
    /// Tells whether it is a file inside an archive, which is read from its start only.
    pub fn is_member(&self) -> bool {
        self.member.is_some()
    }

    /// Returns the file where its bytes lie, of an archive where it is inside one, and its name in that.
    pub fn place(&self) -> (Option<&Path>, &str) {
        match self.member() {
            Some((archive, _)) => (archive.file.as_deref(), &self.name[archive.name.len()..]),
            None => (self.file.as_deref(), ""),
        }
    }

    /// Returns the archive that it is a file of, and where in it.
    pub(super) fn member(&self) -> Option<(&Self, &Member)> {
        self.member.as_deref().map(|(archive, member)| (archive, member))
    }

    /// Returns a file inside this archive.
    pub(super) fn inside(&self, name: &str, size: u64, member: Member) -> Self {
        Self {
            name: format!("{}{INSIDE}{name}", self.name),
            size,
            file: None,
            member: Some(Arc::new((self.clone(), member))),
            ..self.clone()
        }
    }

    /// Returns the store and the path in it.
    pub(super) fn stored(&self) -> (&Arc<dyn ObjectStore>, &StorePath) {
        (&self.store, &self.path)
    }

    /// Returns the entity tag of the version that was planned, where its store gives one.
    pub(super) fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }
}

/// Why a pattern gave no objects.
#[derive(Debug, Error)]
pub enum LocationError {
    /// Nothing lies there. The user can fix this.
    #[error("no object matches `{pattern}`")]
    NothingThere {
        /// The pattern as written.
        pattern: String,
    },
    /// The pattern cannot be read. The user can fix this.
    #[error("`{pattern}` is not a path, a glob or a URL")]
    BadPattern {
        /// The pattern as written.
        pattern: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file of an archive, or the archive, cannot be read. The user can fix this.
    #[error("`{name}`: {detail}")]
    Archive {
        /// Archive, or archive and file.
        name: String,
        /// What was expected and found.
        detail: String,
    },
    /// The store does not answer. The user can fix this.
    #[error("cannot list `{pattern}`")]
    Unreachable {
        /// The pattern as written.
        pattern: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl LocationError {
    /// Says what to do about it.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::NothingThere { .. } => {
                "check the path; it is relative to the folder of `countersign.toml`, and a glob matches files only"
                    .to_owned()
            }
            Self::BadPattern { .. } => {
                "write a path, a folder, a glob such as `logs/*.jsonl.gz`, or a URL such as `s3://bucket/prefix/`"
                    .to_owned()
            }
            Self::Archive { .. } => {
                "make the archive again, or unpack it and give the files; `logs.zip!/*.jsonl` names some of its files".to_owned()
            }
            Self::Unreachable { .. } => {
                "check that the location exists, and that this account may list it".to_owned()
            }
        })
    }
}

/// Lists the objects that `pattern` names, sorted by name. `base` is what a relative path is relative to.
///
/// Files and folders whose name begins with a dot are skipped inside a folder or a glob.
///
/// # Errors
///
/// When nothing matches, the pattern cannot be parsed, or the store does not answer.
pub fn resolve(pattern: &str, base: &Path) -> Result<Vec<ObjectRef>, LocationError> {
    let mut objects = match pattern.split_once("://") {
        Some(("file", path)) => local(path, Path::new("/"), pattern)?,
        Some(_) => remote(pattern)?,
        None => local(pattern, base, pattern)?,
    };
    if objects.is_empty() {
        return Err(LocationError::NothingThere { pattern: pattern.to_owned() });
    }
    objects.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(objects)
}

/// Lists the objects that `pattern` names, with the files of archives in place of the archives, sorted by name; and what of the
/// archives cannot be read. Behind `!/`, the pattern says which files of an archive are meant.
///
/// # Errors
///
/// As [`resolve`].
pub fn resolve_members(pattern: &str, base: &Path) -> Result<(Vec<ObjectRef>, Vec<Fault>), LocationError> {
    let (outer, inner) = match pattern.split_once(INSIDE) {
        Some((outer, inner)) => (outer, Some(matcher(inner, pattern)?)),
        None => (pattern, None),
    };
    let (mut objects, faults) = archive::expand(resolve(outer, base)?, inner.as_ref());
    // What lies beside the archives is not meant by a name inside one.
    objects.retain(|object| inner.is_none() || object.is_member());
    if objects.is_empty() && faults.is_empty() {
        return Err(LocationError::NothingThere { pattern: pattern.to_owned() });
    }
    objects.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((objects, faults))
}

/// Returns the local file `file` as an object with a name of its own.
///
/// # Errors
///
/// When it is not there or cannot be looked at.
pub fn of_file(file: &Path, name: &str) -> Result<ObjectRef, LocationError> {
    local_object(file, name.to_owned(), name)
}

/// Tells whether `pattern` names one object literally, without a glob.
pub fn is_literal(pattern: &str) -> bool {
    !pattern.contains(['*', '?', '[', '{'])
}

/// Splits a pattern at its last slash before the first wildcard: the folder to list, and the rest to match.
fn split_literal(pattern: &str) -> (&str, &str) {
    let wild = pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len());
    match pattern[..wild].rfind('/') {
        Some(slash) => pattern.split_at(slash + 1),
        None => ("", pattern),
    }
}

fn matcher(rest: &str, pattern: &str) -> Result<GlobMatcher, LocationError> {
    GlobBuilder::new(rest)
        .literal_separator(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|source| LocationError::BadPattern { pattern: pattern.to_owned(), source: Box::new(source) })
}

fn local(path: &str, base: &Path, pattern: &str) -> Result<Vec<ObjectRef>, LocationError> {
    let full = base.join(path);
    if is_literal(path) && full.is_file() {
        let (_, name) = split_literal(path);
        let name = if Path::new(path).is_absolute() { name } else { path };
        return Ok(vec![local_object(&full, name.to_owned(), pattern)?]);
    }
    let folder_pattern = format!("{}/**", path.trim_end_matches('/'));
    let path = if full.is_dir() { folder_pattern.as_str() } else { path };
    let (folder, rest) = split_literal(path);
    let matcher = matcher(rest, pattern)?;
    let root = base.join(folder);
    if !root.is_dir() {
        return Ok(Vec::new());
    }
    let mut objects = Vec::new();
    for below in files_below(&root, pattern)? {
        if matcher.is_match(&below) {
            let name =
                if Path::new(folder).is_absolute() { below.clone() } else { format!("{folder}{below}") };
            objects.push(local_object(&root.join(&below), name, pattern)?);
        }
    }
    Ok(objects)
}

/// Returns an entity tag as a header has it. The listings of Azure leave out its quotes.
fn quoted(tag: &str) -> String {
    if tag.ends_with('"') { tag.to_owned() } else { format!("\"{tag}\"") }
}

fn unreachable(pattern: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> LocationError {
    LocationError::Unreachable { pattern: pattern.to_owned(), source: source.into() }
}

fn local_object(file: &Path, name: String, pattern: &str) -> Result<ObjectRef, LocationError> {
    let size = std::fs::metadata(file).map_err(|error| unreachable(pattern, error))?.len();
    let file = std::path::absolute(file).map_err(|error| unreachable(pattern, error))?;
    let path = StorePath::from_absolute_path(&file).map_err(|error| unreachable(pattern, error))?;
    Ok(ObjectRef {
        name,
        size,
        file: Some(file),
        store: Arc::new(LocalFileSystem::new()),
        path,
        etag: None,
        member: None,
    })
}

/// Returns the paths of all files below `root`, relative to it, with `/` between their parts.
///
/// Listing goes over the file system, not over `LocalFileSystem::list`, which leaves out names it cannot encode.
fn files_below(root: &Path, pattern: &str) -> Result<Vec<String>, LocationError> {
    let mut files = Vec::new();
    let mut folders = vec![(root.to_path_buf(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| unreachable(pattern, error))? {
            let entry = entry.map_err(|error| unreachable(pattern, error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let below = format!("{prefix}{name}");
            let path = entry.path();
            if path.is_dir() {
                folders.push((path, format!("{below}/")));
            } else {
                files.push(below);
            }
        }
    }
    Ok(files)
}

/// Returns the settings and credentials of object stores, from the environment variables that their own tools read.
///
/// Only variables that name their store: a stray `TOKEN` or `REGION` of another program means nothing here.
fn credentials() -> impl Iterator<Item = (String, String)> {
    let stores = ["aws_", "azure_", "azurite_", "google_"];
    std::env::vars()
        .map(|(name, value)| (name.to_lowercase(), value))
        .filter(move |(name, _)| stores.iter().any(|store| name.starts_with(store)))
}

fn remote(pattern: &str) -> Result<Vec<ObjectRef>, LocationError> {
    let (folder, rest) = split_literal(pattern);
    let bad = |source: Box<dyn std::error::Error + Send + Sync>| LocationError::BadPattern {
        pattern: pattern.to_owned(),
        source,
    };
    let literal = is_literal(pattern);
    let url =
        url::Url::parse(if literal { pattern } else { folder }).map_err(|error| bad(Box::new(error)))?;
    let (store, path) =
        object_store::parse_url_opts(&url, credentials()).map_err(|error| bad(Box::new(error)))?;
    let store: Arc<dyn ObjectStore> = Arc::from(store);
    let mut absent = false;
    if literal && !pattern.ends_with('/') {
        match super::object::block_on(store.head(&path)) {
            Ok(meta) => {
                let (name, etag) = (pattern.to_owned(), meta.e_tag);
                return Ok(vec![ObjectRef {
                    name,
                    size: meta.size,
                    file: None,
                    store,
                    path,
                    etag,
                    member: None,
                }]);
            }
            // Nothing of that name; it may be a folder.
            Err(object_store::Error::NotFound { .. }) => absent = true,
            // What may not be looked at is not known to be missing.
            Err(error) => return Err(unreachable(pattern, super::object::refusal(error))),
        }
    }
    let below = if literal { "**" } else { rest };
    let matcher = matcher(below, pattern)?;
    let listed: Vec<_> = match super::object::block_on(store.list(Some(&path)).try_collect()) {
        Ok(listed) => listed,
        // A plain web server knows no folders: that it has no such page is its whole answer.
        Err(_) if absent && matches!(url.scheme(), "http" | "https") => Vec::new(),
        Err(error) => return Err(unreachable(pattern, super::object::refusal(error))),
    };
    let root = if literal { format!("{}/", pattern.trim_end_matches('/')) } else { folder.to_owned() };
    Ok(listed
        .into_iter()
        .filter_map(|meta| {
            let parts: Vec<_> =
                meta.location.prefix_match(&path)?.map(|part| part.as_ref().to_owned()).collect();
            let rest = parts.join("/");
            let name = format!("{root}{rest}");
            matcher.is_match(&rest).then(|| ObjectRef {
                name,
                size: meta.size,
                file: None,
                store: Arc::clone(&store),
                etag: meta.e_tag.as_deref().map(quoted),
                path: meta.location.clone(),
                member: None,
            })
        })
        .collect())
}

#[cfg(test)]
impl ObjectRef {
    /// Returns an object of a store as a listing would give it.
    pub(super) fn listed(store: Arc<dyn ObjectStore>, path: StorePath) -> Self {
        let meta = super::object::block_on(store.head(&path)).unwrap();
        Self {
            name: path.to_string(),
            size: meta.size,
            file: None,
            store,
            path,
            etag: meta.e_tag,
            member: None,
        }
    }
}
