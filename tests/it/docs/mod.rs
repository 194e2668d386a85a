//! Pages that are made from the program: each must be what the program says now.
//!
//! `COUNTERSIGN_BLESS=1 cargo test --test it docs::` writes them.

mod controls;
mod members;
mod performance;
mod sources;
mod tables;
mod threats;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What stands at the head of every generated page.
const MARK: &str = "<!-- Generated: COUNTERSIGN_BLESS=1 cargo test --test it docs:: writes this page. Do not edit it. -->\n\n";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares the page `path` with `text`, or writes it where that was asked for.
pub(crate) fn same(path: &Path, text: &str) {
    let shown = path.strip_prefix(root()).unwrap().display();
    if std::env::var_os("COUNTERSIGN_BLESS").is_some_and(|value| value == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        return;
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    if let Some((line, (found, expected))) =
        (1..).zip(found.lines().zip(text.lines())).find(|(_, (a, b))| a != b)
    {
        panic!("`{shown}` is stale at line {line}:\n  page:    {found}\n  program: {expected}");
    }
    assert_eq!(found.len(), text.len(), "`{shown}` is stale: one is the beginning of the other");
}

/// Compares the folder `path` with `pages`, by file name; a page that nothing makes any more is noticed.
fn same_folder(path: &str, pages: &BTreeMap<String, String>) {
    let folder = root().join(path);
    for (name, text) in pages {
        same(&folder.join(name), text);
    }
    let mut found: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(
        found,
        pages.keys().cloned().collect::<Vec<_>>(),
        "`{path}` holds other pages than the generated ones"
    );
}

/// Wraps `text` at spaces, so that a page reads well as plain text.
fn wrapped(text: &str) -> String {
    const WIDTH: usize = 110;
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().unwrap();
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}

/// Returns `text` fit for a cell of a table.
fn cell(text: &str) -> String {
    text.trim().replace('|', "\\|")
}

/// Returns the words as inline code, joined by commas; `none` where there are none.
pub(crate) fn listed<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{}`", word.as_ref())).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
