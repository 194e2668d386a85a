//! Where the values of a JSON text lie in its bytes, so that one can be changed and every other byte stays.
//!
//! For texts that are known to be JSON. It shares no code with the program.

use std::ops::Range;

/// A value that holds no other: a string, number, word, or an empty object or array.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Leaf {
    /// Names on the way to it, joined by dots; items of an array have their index.
    pub(crate) path: String,
    /// Its bytes.
    pub(crate) span: Range<usize>,
    /// Where its member begins, if it is a member of an object.
    pub(crate) name: Option<usize>,
}

/// Returns the leaves of the JSON value in `text`, in order.
pub(crate) fn leaves(text: &str) -> Vec<Leaf> {
    let mut scan = Scan { text: text.as_bytes(), at: 0, leaves: Vec::new(), name: None };
    scan.value("");
    scan.space();
    assert_eq!(scan.at, text.len(), "something follows the value");
    scan.leaves
}

/// Returns where each object in `text` begins.
pub(crate) fn objects(text: &str) -> Vec<usize> {
    let (mut found, mut within, mut escaped) = (Vec::new(), false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if within => escaped = true,
            b'"' => within = !within,
            b'{' if !within => found.push(at),
            _ => {}
        }
    }
    found
}

/// Returns where the items of the array `name` of the object in `text` lie, or of the array that `text` is.
pub(crate) fn items(text: &str, name: Option<&str>) -> Vec<Range<usize>> {
    let mut scan = Scan { text: text.as_bytes(), at: 0, leaves: Vec::new(), name: None };
    scan.space();
    if let Some(name) = name {
        let key = format!("\"{name}\"");
        scan.at = text.find(&key).unwrap() + key.len();
        scan.space();
        scan.take(b':');
        scan.space();
    }
    let mut items = Vec::new();
    scan.take(b'[');
    scan.space();
    while scan.peek() != b']' {
        let start = scan.at;
        scan.value("");
        items.push(start..scan.at);
        scan.comma();
    }
    items
}

struct Scan<'t> {
    text: &'t [u8],
    at: usize,
    leaves: Vec<Leaf>,
    name: Option<usize>,
}

impl Scan<'_> {
    fn value(&mut self, path: &str) {
        self.space();
        let start = self.at;
        let name = self.name.take();
        match self.peek() {
            b'{' => {
                self.at += 1;
                self.space();
                while self.peek() != b'}' {
                    let begins = self.at;
                    let inner = self.string();
                    self.space();
                    self.take(b':');
                    self.name = Some(begins);
                    self.value(&join(path, &inner));
                    self.comma();
                }
                self.at += 1;
                self.leaf_if_empty(path, start, name);
            }
            b'[' => {
                self.at += 1;
                self.space();
                let mut index = 0;
                while self.peek() != b']' {
                    self.value(&join(path, &index.to_string()));
                    index += 1;
                    self.comma();
                }
                self.at += 1;
                self.leaf_if_empty(path, start, name);
            }
            b'"' => {
                self.string();
                self.leaf(path, start, name);
            }
            _ => {
                while self.at < self.text.len() && !b",]} \n\r\t".contains(&self.peek()) {
                    self.at += 1;
                }
                self.leaf(path, start, name);
            }
        }
    }

    fn string(&mut self) -> String {
        let start = self.at;
        self.take(b'"');
        while self.peek() != b'"' {
            self.at += if self.peek() == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        serde_json::from_slice(&self.text[start..self.at]).unwrap()
    }

    fn leaf(&mut self, path: &str, start: usize, name: Option<usize>) {
        self.leaves.push(Leaf { path: path.to_owned(), span: start..self.at, name });
    }

    fn leaf_if_empty(&mut self, path: &str, start: usize, name: Option<usize>) {
        if self.text[start + 1..self.at - 1].iter().all(u8::is_ascii_whitespace) {
            self.leaf(path, start, name);
        }
    }

    fn comma(&mut self) {
        self.space();
        if self.peek() == b',' {
            self.at += 1;
            self.space();
        }
    }

    fn space(&mut self) {
        while self.at < self.text.len() && b" \n\r\t".contains(&self.text[self.at]) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) {
        assert_eq!(self.peek(), byte, "at {}", self.at);
        self.at += 1;
    }

    fn peek(&self) -> u8 {
        self.text[self.at]
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[test]
fn leaves_are_found_where_they_lie() {
    let text = r#" {"a": {"b":[1, "x\"]",{}], "c":null} ,"d":-1.5e3}"#;
    let found: Vec<(String, &str)> =
        leaves(text).into_iter().map(|leaf| (leaf.path, &text[leaf.span])).collect();
    let found: Vec<(&str, &str)> = found.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    assert_eq!(
        found,
        [("a.b.0", "1"), ("a.b.1", r#""x\"]""#), ("a.b.2", "{}"), ("a.c", "null"), ("d", "-1.5e3")]
    );
    let text = r#"{"n":1, "list" : [ {"a":[]} , 2 ]}"#;
    let found: Vec<&str> = items(text, Some("list")).into_iter().map(|span| &text[span]).collect();
    assert_eq!(found, [r#"{"a":[]}"#, "2"]);
}

#[test]
fn objects_are_found_outside_texts_only() {
    assert_eq!(objects(r#"{"a{":"{\"{","b":[{}, {"c":{}}]}"#), [0, 18, 22, 27]);
}
