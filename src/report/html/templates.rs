//! The templates: those in the binary, and the files of a workspace that replace them by name.

use std::collections::BTreeMap;
use std::path::Path;

use include_dir::{Dir, include_dir};

use super::HtmlError;
use crate::digest::Digest;

static SHIPPED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/report-templates/html");

/// The templates, style sheet, and script that HTML reports are made with.
#[derive(Clone, Debug)]
pub struct Templates {
    files: BTreeMap<String, String>,
}

impl Templates {
    /// Returns the shipped ones.
    pub fn shipped() -> Self {
        let files = SHIPPED.files().filter_map(|file| {
            let name = file.path().file_name()?.to_str()?;
            Some((name.to_owned(), file.contents_utf8()?.to_owned()))
        });
        Self { files: files.collect() }
    }

    /// Returns the shipped ones with the files of `folder`, a workspace's `report-templates/html`, in their place.
    ///
    /// A folder that does not exist overrides nothing. Parts of a workspace's own have names that begin with `_`.
    ///
    /// # Errors
    /// Returns an error where a file cannot be read, or where its name is none that a report uses.
    pub fn with_overrides(folder: &Path) -> Result<Self, HtmlError> {
        let mut templates = Self::shipped();
        if !folder.is_dir() {
            return Ok(templates);
        }
        let unreadable = |path: &Path, error: std::io::Error| HtmlError::Unreadable {
            path: path.to_owned(),
            detail: error.to_string(),
        };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
            paths.push(entry.map_err(|error| unreadable(folder, error))?.path());
        }
        paths.sort();
        for path in paths.iter().filter(|path| path.is_file()) {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            // Left by editors and file managers; nobody means them as a template.
            if name.starts_with('.') || name.ends_with('~') {
                continue;
            }
            let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, error))?;
            templates.replace(&name, text)?;
        }
        Ok(templates)
    }

    /// Puts `text` in the place of the template `name`.
    ///
    /// # Errors
    /// Returns an error where no shipped template has that name and it does not begin with `_`.
    pub fn replace(&mut self, name: &str, text: String) -> Result<(), HtmlError> {
        let own_part = name.starts_with('_') && name.ends_with(".html");
        if !own_part && SHIPPED.get_file(name).is_none() {
            return Err(HtmlError::UnknownTemplate { name: name.to_owned(), near: nearest(name) });
        }
        self.files.insert(name.to_owned(), text);
        Ok(())
    }

    /// Returns the names that differ from what is shipped, with the digest as used and as shipped.
    pub fn overridden(&self) -> Vec<(String, Digest, Option<Digest>)> {
        let changed = self.files.iter().filter_map(|(name, text)| {
            let used = Digest::of(text.as_bytes());
            let shipped = SHIPPED.get_file(name).map(|file| Digest::of(file.contents()));
            (shipped != Some(used)).then(|| (name.clone(), used, shipped))
        });
        changed.collect()
    }

    /// Returns the names of the shipped ones, as a list for people.
    pub(super) fn names() -> String {
        let names: Vec<_> = Self::shipped().files.into_keys().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    }

    /// Returns those that are templates, and not style or script.
    pub(super) fn pages(&self) -> impl Iterator<Item = (&str, &str)> {
        let pages = self.files.iter().filter(|(name, _)| name.ends_with(".html"));
        pages.map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Returns the text of a file that is shipped, so that it is always there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.files.get(name).map_or("", String::as_str)
    }
}

/// Returns the shipped name nearest to `name`, where one is near.
fn nearest(name: &str) -> Option<String> {
    let names = Templates::shipped().files.into_keys();
    names
        .map(|known| (strsim::damerau_levenshtein(name, &known), known))
        .filter(|(distance, known)| *distance * 3 <= known.len())
        .min()
        .map(|(_, known)| known)
}
