//! The control library: tests, catalogues, mappings and parameters, checked as a whole.
//!
//! The shipped `controls/` is embedded in the program. A workspace's own `controls/` lies over it by path: a file
//! of the same path replaces the shipped one, and another adds to it. Each of these is reported.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use include_dir::{Dir, include_dir};
use polars::prelude::DataFrame;

use super::catalog::{self, Catalog};
use super::definition::Test;
use super::error::ControlError;
use super::mapping::{self, Link};
use super::parameter::{self, Parameter, Parameters};
use super::portable::{PARAM, Published};
use crate::clock::{Moment, Period};
use crate::digest::Digest;
use crate::report::model;
use crate::table::schemas;

/// The shipped library.
static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/controls");

/// The size that no control file reaches; a greater one is no control file.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The depth that no control folder reaches, so that a loop of links ends.
const MAX_DEPTH: usize = 8;

/// The control library, checked.
#[derive(Clone, Debug)]
pub struct Library {
    /// Tests, by id.
    pub tests: BTreeMap<String, Test>,
    /// Frameworks, shipped ones first.
    pub catalogs: Vec<Catalog>,
    /// Links, by control in catalogue order, then by test.
    pub links: Vec<Link>,
    /// Parameter profiles.
    pub parameters: Parameters,
    files: BTreeMap<String, Vec<u8>>,
    overrides: Vec<model::Override>,
}

impl Library {
    /// Loads the shipped library, with the files of the folder `overrides` laid over it.
    ///
    /// # Errors
    ///
    /// Says which file cannot be read or is wrong.
    pub fn load(overrides: Option<&Path>) -> Result<Self, ControlError> {
        let mut files = shipped();
        let mut replaced = Vec::new();
        if let Some(folder) = overrides {
            for (path, bytes) in read_folder(folder)? {
                let sha256 = Digest::of(&bytes);
                let shipped = files.get(&path).map(|bytes| Digest::of(bytes));
                if shipped != Some(sha256) {
                    let path = format!("controls/{path}");
                    replaced.push(model::Override { path, sha256, shipped });
                }
                files.insert(path, bytes);
            }
        }
        let library = Self::from_files(files, replaced)?;
        library.loosens_nothing_alone()?;
        Ok(library)
    }

    /// Loads a library that lies whole in `folder`, such as a pack's, and takes nothing from the shipped one.
    ///
    /// Files that differ from the shipped ones are listed by [`Library::overrides`].
    ///
    /// # Errors
    ///
    /// Says which file cannot be read or is wrong.
    pub fn load_only(folder: &Path) -> Result<Self, ControlError> {
        let shipped = shipped();
        let files: BTreeMap<String, Vec<u8>> = read_folder(folder)?.into_iter().collect();
        let replaced = files
            .iter()
            .filter(|(path, bytes)| shipped.get(*path) != Some(*bytes))
            .map(|(path, bytes)| model::Override {
                path: format!("controls/{path}"),
                sha256: Digest::of(bytes),
                shipped: shipped.get(path).map(|bytes| Digest::of(bytes)),
            })
            .collect();
        Self::from_files(files, replaced)
    }

    /// Refuses a workspace's `base` that is looser than the shipped one where nobody approved it.
    fn loosens_nothing_alone(&self) -> Result<(), ControlError> {
        const PATH: &str = "parameters/base.toml";
        let mut original = Parameters::default();
        let files = shipped();
        original.add(PATH, Texts(&files).read(PATH)?)?;
        let text = Texts(&self.files).read(PATH)?;
        for shipped in original.resolve("base")? {
            let own = self.parameters.resolve("base")?.into_iter().find(|own| own.column == shipped.column);
            let Some(own) = own else { continue };
            let turned = own.tighter != shipped.tighter;
            if turned || (shipped.loosened_by(own.value) && own.approved_by.is_none()) {
                let detail = format!(
                    "`{}` is looser than the shipped {}, or turns what is tighter, and no `approved_by` says who allowed it",
                    own.name(),
                    shipped.value
                );
                return Err(ControlError::invalid(PATH, detail).located(text));
            }
        }
        Ok(())
    }

    fn from_files(
        files: BTreeMap<String, Vec<u8>>,
        overrides: Vec<model::Override>,
    ) -> Result<Self, ControlError> {
        let texts = Texts(&files);
        let parameters = texts.parameters()?;
        let published = published(&parameters)?;
        let tests = texts.tests(&published)?;
        relies_on_known(&texts, &tests)?;
        let catalogs = texts.catalogs()?;
        let links = texts.links(&catalogs, &tests)?;
        for profile in parameters.profiles() {
            parameters.resolve(profile)?;
        }
        Ok(Self { tests, catalogs, links, parameters, files, overrides })
    }

    /// Returns the one-row frame `param` for a run.
    ///
    /// # Errors
    ///
    /// Names an unknown profile, or a period without time.
    pub fn param_frame(
        &self,
        profile: &str,
        period: Period,
        as_of: Moment,
    ) -> Result<DataFrame, ControlError> {
        parameter::frame(&self.parameters.resolve(profile)?, period, as_of)
    }

    /// Returns the parameters of a profile.
    ///
    /// # Errors
    ///
    /// Names an unknown profile.
    pub fn profile(&self, profile: &str) -> Result<Vec<Parameter>, ControlError> {
        self.parameters.resolve(profile)
    }

    /// Returns a framework.
    ///
    /// # Errors
    ///
    /// Names an unknown framework, with the nearest known one.
    pub fn catalog(&self, id: &str) -> Result<&Catalog, ControlError> {
        self.catalogs.iter().find(|catalog| catalog.id == id).ok_or_else(|| {
            let known = self.catalogs.iter().map(|catalog| catalog.id.as_str());
            ControlError::unknown("frameworks", "framework", id, known)
        })
    }

    /// Returns the framework that a workspace selects: its id, and after a `/` one of its baselines, if any.
    ///
    /// # Errors
    ///
    /// Names an unknown framework or baseline, with the nearest known one.
    pub fn selected<'s>(&self, selection: &'s str) -> Result<(&Catalog, Option<&'s str>), ControlError> {
        let (id, baseline) = match selection.split_once('/') {
            Some((id, baseline)) => (id, Some(baseline)),
            None => (selection, None),
        };
        let catalog = self.catalog(id)?;
        match baseline {
            Some(name) if !catalog.baselines().contains(name) => {
                Err(ControlError::unknown("frameworks", "baseline", name, catalog.baselines()))
            }
            _ => Ok((catalog, baseline)),
        }
    }

    /// Returns a test by id, whatever its case.
    ///
    /// # Errors
    ///
    /// Names an unknown test, with the nearest known one.
    pub fn test(&self, id: &str) -> Result<&Test, ControlError> {
        let upper = id.to_ascii_uppercase();
        self.tests.get(&upper).ok_or_else(|| {
            ControlError::unknown("controls", "test", &upper, self.tests.keys().map(String::as_str))
        })
    }

    /// Returns the files that a workspace replaced or added, by path.
    pub fn overrides(&self) -> &[model::Override] {
        &self.overrides
    }

    /// Returns every file of the library, by path below `controls/`.
    pub fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }

    /// Returns the files that shaped the results, `controls/` included in the path; cases shape none.
    pub fn policy(&self) -> Vec<model::PolicyFile> {
        self.files
            .iter()
            .filter(|(path, _)| !path.contains("/cases/"))
            .map(|(path, bytes)| model::PolicyFile {
                path: format!("controls/{path}"),
                sha256: Digest::of(bytes),
            })
            .collect()
    }

    /// Returns the tables that a query may read, `param` included, with their columns.
    ///
    /// # Errors
    ///
    /// As [`Parameters::columns`].
    pub fn published(&self) -> Result<Published, ControlError> {
        published(&self.parameters)
    }
}

/// Returns the published tables and `param`, with their columns.
fn published(parameters: &Parameters) -> Result<Published, ControlError> {
    let mut published: Published = schemas()
        .into_iter()
        .map(|schema| {
            let columns = schema.columns.iter().map(|column| column.name.to_owned()).collect();
            (schema.table.to_owned(), columns)
        })
        .collect();
    published.insert(PARAM.to_owned(), parameters.columns()?);
    Ok(published)
}

fn relies_on_known(texts: &Texts<'_>, tests: &BTreeMap<String, Test>) -> Result<(), ControlError> {
    for test in tests.values() {
        for other in &test.relies_on {
            if !tests.contains_key(other) {
                let path = format!("{}/test.toml", test.folder());
                let error = ControlError::unknown(&path, "test", other, tests.keys().map(String::as_str));
                return Err(error.located(texts.read(&path)?));
            }
        }
    }
    Ok(())
}

/// The files of a library, read as text.
struct Texts<'a>(&'a BTreeMap<String, Vec<u8>>);

impl<'a> Texts<'a> {
    fn read(&self, path: &str) -> Result<&'a str, ControlError> {
        let bytes = self.0.get(path).ok_or_else(|| {
            ControlError::unknown("controls", "file", path, self.0.keys().map(String::as_str))
        })?;
        std::str::from_utf8(bytes).map_err(|error| ControlError::invalid(path, error.to_string()))
    }

    /// Looks for the line of an error in the file that it names.
    fn locate(&self, error: ControlError) -> ControlError {
        let text = error.path().and_then(|path| self.read(path).ok());
        match text {
            Some(text) => error.located(text),
            None => error,
        }
    }

    /// Returns the paths of the form `folder/*.extension`.
    fn in_folder(&self, folder: &str, extension: &str) -> Vec<&'a str> {
        self.0
            .keys()
            .filter(|path| {
                path.strip_prefix(folder)
                    .and_then(|rest| rest.strip_prefix('/'))
                    .is_some_and(|name| !name.contains('/') && name.ends_with(extension))
            })
            .map(String::as_str)
            .collect()
    }

    fn parameters(&self) -> Result<Parameters, ControlError> {
        let mut parameters = Parameters::default();
        for path in self.in_folder("parameters", ".toml") {
            let text = self.read(path)?;
            parameters.add(path, text).map_err(|error| error.located(text))?;
        }
        Ok(parameters)
    }

    fn tests(&self, published: &Published) -> Result<BTreeMap<String, Test>, ControlError> {
        let folders: BTreeSet<&str> = self
            .0
            .keys()
            .filter_map(|path| path.strip_prefix("tests/"))
            .filter_map(|rest| rest.split_once('/').map(|(folder, _)| folder))
            .collect();
        folders
            .into_iter()
            .map(|name| {
                let folder = format!("tests/{name}");
                let test = Test::parse(
                    &folder,
                    self.read(&format!("{folder}/test.toml"))?,
                    self.read(&format!("{folder}/population.sql"))?,
                    self.read(&format!("{folder}/exceptions.sql"))?,
                    published,
                )
                .map_err(|error| self.locate(error))?;
                Ok((test.id.clone(), test))
            })
            .collect()
    }

    fn catalogs(&self) -> Result<Vec<Catalog>, ControlError> {
        let mut catalogs: Vec<Catalog> = Vec::new();
        for path in self.in_folder("catalogs", ".toml") {
            for catalog in catalog::parse(path, self.read(path)?, |table| self.read(table))? {
                if catalogs.iter().any(|known| known.id == catalog.id) {
                    let detail = format!("the catalogue `{}` is defined twice", catalog.id);
                    return Err(ControlError::invalid(path, detail));
                }
                catalogs.push(catalog);
            }
        }
        for path in self.in_folder("mappings", ".toml") {
            let Some((id, about)) = mapping::declared(path, self.read(path)?)? else { continue };
            if catalogs.iter().any(|known| known.id == id) {
                let detail = format!("`{id}` is declared already: leave out `[framework]`");
                return Err(ControlError::invalid(path, detail).located(self.read(path)?));
            }
            let table = format!("catalogs/{id}.csv");
            catalogs.push(Catalog::bare(&id, about, &table, self.read(&table)?)?);
        }
        for path in self.in_folder("catalogs", ".csv") {
            let name = path.trim_start_matches("catalogs/").trim_end_matches(".csv");
            // A shipped file of catalogues names each table after its framework.
            if !catalogs.iter().any(|catalog| catalog.id == name) {
                let detail = "no file declares this framework: write a mapping with `[framework]`";
                return Err(ControlError::invalid(path, detail));
            }
        }
        Ok(catalogs)
    }

    fn links(&self, catalogs: &[Catalog], tests: &BTreeMap<String, Test>) -> Result<Vec<Link>, ControlError> {
        let mut found: BTreeMap<(String, String), Link> = BTreeMap::new();
        for path in self.in_folder("mappings", ".toml") {
            for link in mapping::parse(path, self.read(path)?, catalogs, tests)? {
                let key = (link.control.clone(), link.test.clone());
                if found.contains_key(&key) {
                    let detail = format!("the link {} to `{}` stands twice", link.test, link.control);
                    return Err(ControlError::invalid(path, detail));
                }
                found.insert(key, link);
            }
        }
        let order: BTreeMap<&str, usize> = catalogs
            .iter()
            .flat_map(|catalog| &catalog.controls)
            .enumerate()
            .map(|(index, control)| (control.id.as_str(), index))
            .collect();
        let mut links: Vec<Link> = found.into_values().collect();
        links.sort_by(|a, b| {
            let place = |link: &Link| order.get(link.control.as_str()).copied();
            (place(a), &a.test).cmp(&(place(b), &b.test))
        });
        Ok(links)
    }
}

fn shipped() -> BTreeMap<String, Vec<u8>> {
    fn walk(folder: &Dir<'_>, files: &mut BTreeMap<String, Vec<u8>>) {
        for file in folder.files() {
            if let Some(path) = file.path().to_str() {
                files.insert(path.replace('\\', "/"), file.contents().to_vec());
            }
        }
        folder.dirs().for_each(|inner| walk(inner, files));
    }
    let mut files = BTreeMap::new();
    walk(&SHIPPED, &mut files);
    files
}

/// Tells whether a file is for people, not part of the library.
fn is_note(name: &str) -> bool {
    name == "CODEOWNERS" || Path::new(name).extension().is_some_and(|extension| extension == "md")
}

/// Refuses a file that nothing would read, so that a misspelt folder is not silently ignored.
fn known_place(path: &str) -> Result<(), ControlError> {
    const FOLDERS: &[&str] = &["catalogs", "mappings", "parameters", "tests"];
    let folder = path.split_once('/').map_or("", |(folder, _)| folder);
    if FOLDERS.contains(&folder) {
        Ok(())
    } else {
        let detail = format!("expected it in one of the folders {}", FOLDERS.join(", "));
        Err(ControlError::invalid(path, detail))
    }
}

/// Reads every file below `folder`, hidden ones and notes excepted, with paths relative to it.
fn read_folder(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, ControlError> {
    fn walk(
        folder: &Path,
        prefix: &str,
        depth: usize,
        files: &mut Vec<(String, Vec<u8>)>,
    ) -> Result<(), ControlError> {
        let error = |source| ControlError::Read { path: folder.to_owned(), source };
        if depth > MAX_DEPTH {
            return Err(ControlError::invalid(prefix, format!("folders lie more than {MAX_DEPTH} deep")));
        }
        for entry in fs::read_dir(folder).map_err(error)? {
            let path = entry.map_err(error)?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                let detail = format!("the file name `{}` is not UTF-8", path.display());
                return Err(ControlError::invalid(prefix, detail));
            };
            if name.starts_with('.') {
                continue;
            }
            let below = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
            let error = |source| ControlError::Read { path: path.clone(), source };
            let metadata = fs::metadata(&path).map_err(error)?;
            if metadata.is_dir() {
                walk(&path, &below, depth + 1, files)?;
                continue;
            }
            if is_note(name) {
                continue;
            }
            known_place(&below)?;
            if metadata.len() > MAX_FILE_BYTES {
                let found = metadata.len();
                return Err(ControlError::Oversize { path: below, found, limit: MAX_FILE_BYTES });
            }
            files.push((below, fs::read(&path).map_err(error)?));
        }
        Ok(())
    }
    let mut files = Vec::new();
    walk(folder, "", 0, &mut files)?;
    files.sort();
    Ok(files)
}
