//! Changes to a log: of one value, and of the order of its records.

use super::format::{Container, Cut, Format};
use super::json::{self, Leaf};

/// A log as it lies in files, cut into records.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    names: Vec<String>,
    cuts: Vec<Cut>,
}

impl Files {
    pub(crate) fn of(format: &Format) -> Self {
        Self::cut(&format.files, format.container)
    }

    pub(crate) fn cut(files: &[(String, String)], container: Container) -> Self {
        let cuts = files.iter().map(|(_, text)| Cut::of(text, container)).collect();
        Self { names: files.iter().map(|(name, _)| name.clone()).collect(), cuts }
    }

    /// Returns the files: name and text.
    pub(crate) fn texts(&self) -> Vec<(String, String)> {
        self.names.iter().cloned().zip(self.cuts.iter().map(Cut::text)).collect()
    }

    /// Returns the number of records.
    pub(crate) fn len(&self) -> usize {
        self.cuts.iter().map(|cut| cut.records.len()).sum()
    }

    /// Returns the text of a record.
    pub(crate) fn record(&self, index: usize) -> &str {
        let (file, at) = self.place(index);
        &self.cuts[file].records[at]
    }

    /// Returns the files with another text for a record.
    pub(crate) fn with(&self, index: usize, record: String) -> Self {
        self.change(index, |records, at| records[at] = record)
    }

    /// Returns the files after a change to the records of the file in which `index` lies, and its place there.
    pub(crate) fn change(&self, index: usize, change: impl FnOnce(&mut Vec<String>, usize)) -> Self {
        let (file, at) = self.place(index);
        let mut changed = self.clone();
        change(&mut changed.cuts[file].records, at);
        changed
    }

    /// Leaves a file out, unless it is the only one.
    pub(crate) fn drop_file(&mut self, index: usize) {
        if self.cuts.len() > 1 {
            let index = index % self.cuts.len();
            self.names.remove(index);
            self.cuts.remove(index);
        }
    }

    /// Returns `index`, or the record before it where no other follows in its file.
    pub(crate) fn with_neighbour(&self, index: usize) -> usize {
        let (file, at) = self.place(index);
        if at + 1 < self.cuts[file].records.len() { index } else { index - 1 }
    }

    fn place(&self, index: usize) -> (usize, usize) {
        let mut at = index;
        for (file, cut) in self.cuts.iter().enumerate() {
            if at < cut.records.len() {
                return (file, at);
            }
            at -= cut.records.len();
        }
        panic!("there is no record {index}");
    }
}

/// One changed value of a record.
pub(crate) struct Change {
    /// Path of the leaf.
    pub(crate) path: String,
    /// What was done to it.
    pub(crate) how: &'static str,
    /// The record.
    pub(crate) record: String,
}

/// Returns the record with each of its values changed, made another type, and left out.
pub(crate) fn changes(record: &str, container: Container) -> Vec<Change> {
    if container == Container::Words {
        return words(record);
    }
    let mut changes = Vec::new();
    for leaf in json::leaves(record) {
        let value = &record[leaf.span.clone()];
        let mut add = |how, record| changes.push(Change { path: leaf.path.clone(), how, record });
        add("changed", replaced(record, &leaf, &another(value)));
        add("of another type", replaced(record, &leaf, &retyped(value)));
        if let Some(record) = without(record, &leaf) {
            add("left out", record);
        }
    }
    changes
}

/// Returns the record without the member `path`.
pub(crate) fn stripped(record: &str, path: &str) -> Option<String> {
    without(record, json::leaves(record).iter().find(|leaf| leaf.path == path)?)
}

/// Returns the record with one more member, which no format knows.
pub(crate) fn extended(record: &str) -> String {
    record.replacen('{', "{\"injected\":\"approved\",", 1)
}

/// Returns the record with one more member in each object that lies within it.
pub(crate) fn extended_within(record: &str) -> Vec<String> {
    let objects = json::objects(record);
    let extended = |at: &usize| {
        let rest = record[at + 1..].trim_start();
        let comma = if rest.starts_with('}') { "" } else { "," };
        format!("{}\"injected\":\"approved\"{comma}{rest}", &record[..=*at])
    };
    objects.iter().filter(|at| **at > 0).map(extended).collect()
}

/// Returns the record with text moved between neighbours among `members`, so that their join by `separator` stays the same, in
/// each way in which one separator allows it, and the two members between which the boundary moved.
pub(crate) fn shifted(record: &str, separator: char, members: &[&str]) -> Vec<(String, String, String)> {
    let leaves = json::leaves(record);
    let span = |name: &str| leaves.iter().find(|leaf| leaf.path == name).unwrap().span.clone();
    let mut found = Vec::new();
    for pair in members.windows(2) {
        let (left, right) = (span(pair[0]), span(pair[1]));
        assert!(left.end < right.start, "the members stand in the order in which they are joined");
        let (a, b) = (&record[left.start + 1..left.end - 1], &record[right.start + 1..right.end - 1]);
        let mut moved = Vec::new();
        if let Some((kept, over)) = a.split_once(separator) {
            moved.push((kept.to_owned(), format!("{over}{separator}{b}")));
        }
        if let Some((over, kept)) = b.split_once(separator) {
            moved.push((format!("{a}{separator}{over}"), kept.to_owned()));
        }
        for (a, b) in moved {
            let between = &record[left.end - 1..right.start + 1];
            let text = format!("{}{a}{between}{b}{}", &record[..left.start + 1], &record[right.end - 1..]);
            found.push((text, pair[0].to_owned(), pair[1].to_owned()));
        }
    }
    found
}

fn words(record: &str) -> Vec<Change> {
    let words: Vec<&str> = record.split(' ').collect();
    let change = |index: usize| {
        let mut words = words.clone();
        let word = another(words[index]);
        words[index] = &word;
        Change { path: index.to_string(), how: "changed", record: words.join(" ") }
    };
    (0..words.len()).map(change).collect()
}

fn replaced(record: &str, leaf: &Leaf, value: &str) -> String {
    format!("{}{value}{}", &record[..leaf.span.start], &record[leaf.span.end..])
}

/// Leaves a member out, with the comma after it, or else the one before it.
fn without(record: &str, leaf: &Leaf) -> Option<String> {
    let (before, after) = (&record[..leaf.name?], &record[leaf.span.end..]);
    if let Some(after) = after.trim_start().strip_prefix(',') {
        return Some(format!("{before}{}", after.trim_start()));
    }
    let before = before.trim_end();
    Some(format!("{}{after}", before.strip_suffix(',').unwrap_or(before)))
}

/// Returns another value of the same type.
fn another(value: &str) -> String {
    match value {
        "true" => "false".to_owned(),
        "false" => "true".to_owned(),
        "null" => "0".to_owned(),
        _ if value.starts_with('{') => "{\"x\":1}".to_owned(),
        _ if value.starts_with('[') => "[1]".to_owned(),
        _ => match middle(value) {
            Some(at) => {
                let other = match value.as_bytes()[at] {
                    b'a' => 'b',
                    b'1' => '2',
                    byte if byte.is_ascii_digit() => '1',
                    _ => 'a',
                };
                format!("{}{other}{}", &value[..at], &value[at + 1..])
            }
            None => format!("{}x\"", &value[..value.len() - 1]),
        },
    }
}

/// Finds a letter or digit near the middle that is no part of an escape; of a number, its last digit.
fn middle(value: &str) -> Option<usize> {
    let bytes = value.as_bytes();
    let plain =
        |at: &usize| bytes[*at].is_ascii_alphanumeric() && !bytes[at.saturating_sub(6)..*at].contains(&b'\\');
    if !value.starts_with('"') {
        return (0..bytes.len()).rev().find(|at| bytes[*at].is_ascii_alphanumeric());
    }
    (bytes.len() / 2..bytes.len()).chain(0..bytes.len() / 2).find(plain)
}

/// Returns a value of another type that prints alike.
fn retyped(value: &str) -> String {
    match value {
        "true" | "false" | "null" => format!("\"{value}\""),
        "\"\"" => "null".to_owned(),
        _ if value.starts_with(['{', '[']) => "null".to_owned(),
        _ if value.starts_with('"') => {
            let inner = &value[1..value.len() - 1];
            let number = inner.parse::<u64>().is_ok_and(|number| number.to_string() == inner);
            if number { inner.to_owned() } else { format!("[{value}]") }
        }
        _ => format!("\"{value}\""),
    }
}

#[test]
fn each_change_is_one_and_leaves_json() {
    let record = r#"{"a":"caf\u00e9","b":[1,"7"],"c":null,"d":{}}"#;
    let found: Vec<String> = changes(record, Container::Lines).into_iter().map(|c| c.record).collect();
    assert_eq!(
        found,
        [
            r#"{"a":"aaf\u00e9","b":[1,"7"],"c":null,"d":{}}"#,
            r#"{"a":["caf\u00e9"],"b":[1,"7"],"c":null,"d":{}}"#,
            r#"{"b":[1,"7"],"c":null,"d":{}}"#,
            r#"{"a":"caf\u00e9","b":[2,"7"],"c":null,"d":{}}"#,
            r#"{"a":"caf\u00e9","b":["1","7"],"c":null,"d":{}}"#,
            r#"{"a":"caf\u00e9","b":[1,"1"],"c":null,"d":{}}"#,
            r#"{"a":"caf\u00e9","b":[1,7],"c":null,"d":{}}"#,
            r#"{"a":"caf\u00e9","b":[1,"7"],"c":0,"d":{}}"#,
            r#"{"a":"caf\u00e9","b":[1,"7"],"c":"null","d":{}}"#,
            r#"{"a":"caf\u00e9","b":[1,"7"],"d":{}}"#,
            r#"{"a":"caf\u00e9","b":[1,"7"],"c":null,"d":{"x":1}}"#,
            r#"{"a":"caf\u00e9","b":[1,"7"],"c":null,"d":null}"#,
            r#"{"a":"caf\u00e9","b":[1,"7"],"c":null}"#,
        ]
    );
    assert!(found.iter().all(|text| serde_json::from_str::<serde_json::Value>(text).is_ok()));
}
