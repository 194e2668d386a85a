use std::collections::BTreeMap;

use lopdf::{Dictionary, Object, ObjectId};

use super::*;
use crate::report::document::{Section, Text};

fn document(sections: &[(&str, u8)]) -> Document {
    let section = |(id, level): &(&str, u8)| Section {
        id: (*id).to_owned(),
        number: String::new(),
        title: format!("Title of {id}"),
        level: *level,
        blocks: vec![Block::Paragraph { text: Text::body("text") }],
    };
    Document {
        title: "Title (with) \\ Ünïcode".into(),
        subtitle: String::new(),
        running_head: String::new(),
        language: "en-GB".into(),
        results_digest: "ab".repeat(32),
        cover: Vec::new(),
        verdicts: Vec::new(),
        statement: String::new(),
        sections: sections.iter().map(section).collect(),
    }
}

/// Returns titles with their depth, as a reader walks the bookmarks.
fn walk(tree: &lopdf::Document, node: &Dictionary, depth: usize, titles: &mut Vec<(usize, String)>) {
    let mut next = node.get(b"First").and_then(Object::as_reference).ok();
    while let Some(id) = next {
        let item = tree.get_dictionary(id).unwrap();
        titles.push((depth, lopdf::decode_text_string(item.get(b"Title").unwrap()).unwrap()));
        walk(tree, item, depth + 1, titles);
        next = item.get(b"Next").and_then(Object::as_reference).ok();
    }
}

fn parse(document: &Document) -> lopdf::Document {
    lopdf::Document::load_mem(&render(document).unwrap()).unwrap()
}

fn catalog(tree: &lopdf::Document) -> &Dictionary {
    tree.catalog().unwrap()
}

#[test]
fn bookmarks_nest_in_the_order_of_the_document() {
    let tree = parse(&document(&[("z", 1), ("y", 2), ("x", 2), ("a", 1), ("b", 1), ("c", 2)]));
    let outlines: ObjectId = catalog(&tree).get(b"Outlines").unwrap().as_reference().unwrap();
    let mut titles = Vec::new();
    walk(&tree, tree.get_dictionary(outlines).unwrap(), 0, &mut titles);
    let titles: Vec<_> =
        titles.iter().map(|(depth, title)| (*depth, title.trim_start_matches("Title of "))).collect();
    assert_eq!(titles, [(0, "z"), (1, "y"), (1, "x"), (0, "a"), (0, "b"), (1, "c")]);
}

#[test]
fn metadata_is_ours_and_claims_no_standard() {
    let tree = parse(&document(&[("a", 1)]));
    let language = lopdf::decode_text_string(catalog(&tree).get(b"Lang").unwrap()).unwrap();
    assert_eq!(language, "en-GB");
    let info = tree.trailer.get(b"Info").unwrap().as_reference().unwrap();
    let info: BTreeMap<String, String> = tree
        .get_dictionary(info)
        .unwrap()
        .iter()
        .map(|(key, value)| {
            (String::from_utf8_lossy(key).into_owned(), lopdf::decode_text_string(value).unwrap())
        })
        .collect();
    assert_eq!(info["Title"], "Title (with) \\ Ünïcode");
    assert!(!info.keys().any(|key| key.contains("GTS") || key.contains("Date")), "{info:?}");
}

#[test]
fn the_file_id_is_the_results_digest() {
    let tree = parse(&document(&[("a", 1)]));
    let id = tree.trailer.get(b"ID").unwrap().as_array().unwrap();
    assert_eq!(id[0].as_str().unwrap(), [0xab; 32]);
    assert_eq!(id[0], id[1]);
}

#[test]
fn an_empty_document_is_printed() {
    assert_eq!(parse(&document(&[])).get_pages().len(), 2);
}
