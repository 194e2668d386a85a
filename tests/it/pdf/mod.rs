//! The PDF report, from a document to bytes.

mod sample;

use std::{path::Path, process::Command};

use countersign::report::{
    document::{Block, Document, Section, Text},
    pdf::render,
};
use lopdf::{Dictionary, Object};

#[test]
fn prints_every_kind_of_block() {
    let bytes = render(&sample::document()).unwrap();
    keep("rich.pdf", &bytes);
    let tree = parse(&bytes);
    let pages = tree.get_pages().len();
    assert!((25..=40).contains(&pages), "{pages} pages");
    assert!(bytes.len() < 400_000, "{} bytes", bytes.len());
}

#[test]
fn same_document_same_bytes_in_one_process_and_in_two() {
    let first = render(&sample::document()).unwrap();
    render(&plain("another document in between")).unwrap();
    assert!(
        first == render(&sample::document()).unwrap(),
        "a second document in the process changed the bytes"
    );

    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "pdf::prints_every_kind_of_block", "--test-threads=1"])
        .env("COUNTERSIGN_PDF_NAME", "other-process.pdf")
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
    assert!(first == std::fs::read(kept("other-process.pdf")).unwrap(), "another process gave other bytes");
}

#[test]
fn every_section_has_a_bookmark_and_a_name() {
    let document = sample::document();
    let tree = parse(&render(&document).unwrap());
    let catalog = tree.catalog().unwrap();
    let root = catalog.get(b"Outlines").unwrap().as_reference().unwrap();
    let mut titles = Vec::new();
    bookmarks(&tree, tree.get_dictionary(root).unwrap(), &mut titles);
    let wanted: Vec<String> = document.sections.iter().map(|s| format!("{} {}", s.number, s.title)).collect();
    assert_eq!(titles, wanted);
    let names = tree.get_dictionary(catalog.get(b"Dests").unwrap().as_reference().unwrap()).unwrap();
    for section in &document.sections {
        assert!(names.has(section.id.as_bytes()), "{}", section.id);
    }
    assert!(names.has(b"EX-9e3779b97f4a"), "a row of the register is a target");
}

#[test]
fn links_lead_to_pages_of_the_document() {
    let tree = parse(&render(&sample::document()).unwrap());
    let pages: Vec<_> = tree.get_pages().into_values().collect();
    let mut links = 0;
    for page in &pages {
        for annotation in tree.get_dictionary(*page).unwrap().get(b"Annots").unwrap().as_array().unwrap() {
            let action = annotation.as_dict().unwrap().get(b"A").unwrap().as_dict().unwrap();
            let target = action.get(b"D").unwrap().as_array().unwrap()[0].as_reference().unwrap();
            assert!(pages.contains(&target));
            links += 1;
        }
    }
    let document = sample::document();
    assert!(links >= document.sections.len() + 6, "{links} links: contents, five exceptions, and a section");
}

#[test]
fn a_link_without_target_is_text() {
    let mut document = plain("text");
    document.sections[0].blocks.push(Block::Paragraph { text: Text::body("lost").to("nowhere") });
    let tree = parse(&render(&document).unwrap());
    let annotations: usize = tree
        .get_pages()
        .into_values()
        .map(|page| tree.get_dictionary(page).unwrap().get(b"Annots").unwrap().as_array().unwrap().len())
        .sum();
    assert_eq!(annotations, 1, "only the contents link");
}

#[test]
fn long_tables_are_cut_at_500_rows_and_repeat_their_head() {
    let mut document = sample::document();
    let register = document.sections.iter_mut().find(|section| section.id == "exceptions").unwrap();
    let Some(Block::Table(table)) = register.blocks.last_mut() else { panic!("no register") };
    let row = table.rows[1].clone();
    table.rows.resize(2_000, row);
    let cut = pages(&document);
    let Some(Block::Table(table)) =
        document.sections.iter_mut().find(|s| s.id == "exceptions").unwrap().blocks.last_mut()
    else {
        panic!("no register")
    };
    table.rows.truncate(500);
    assert_eq!(pages(&document), cut);
}

#[test]
fn hostile_text_cannot_break_the_file() {
    let hostile: String = (0..=0x2_ffff)
        .filter_map(char::from_u32)
        .step_by(31)
        .chain(") Tj ET endstream endobj %%EOF\r\n\0".chars())
        .collect();
    let mut document = plain(&hostile);
    document.title.clone_from(&hostile);
    document.running_head.clone_from(&hostile);
    document.language = ") /X (".into();
    document.sections[0].title = hostile.chars().take(3_000).collect();
    let tree = parse(&render(&document).unwrap());
    assert!(tree.get_pages().len() > 10);
}

fn plain(text: &str) -> Document {
    Document {
        title: "A title".into(),
        subtitle: "A subtitle".into(),
        running_head: "Entity · system".into(),
        language: "en".into(),
        results_digest: "00".repeat(32),
        cover: Vec::new(),
        verdicts: Vec::new(),
        statement: text.into(),
        sections: vec![Section {
            id: "one".into(),
            number: "1".into(),
            title: "One".into(),
            level: 1,
            blocks: vec![Block::Paragraph { text: Text::body(text) }],
        }],
    }
}

fn pages(document: &Document) -> usize {
    parse(&render(document).expect("the document is printed")).get_pages().len()
}

fn parse(bytes: &[u8]) -> lopdf::Document {
    lopdf::Document::load_mem(bytes).expect("the file can be read")
}

fn bookmarks(tree: &lopdf::Document, node: &Dictionary, titles: &mut Vec<String>) {
    let mut next = node.get(b"First").and_then(Object::as_reference).ok();
    while let Some(id) = next {
        let item = tree.get_dictionary(id).expect("a bookmark is a dictionary");
        titles.push(item.get(b"Title").and_then(lopdf::decode_text_string).expect("a bookmark has a title"));
        bookmarks(tree, item, titles);
        next = item.get(b"Next").and_then(Object::as_reference).ok();
    }
}

/// Keeps a file for people and for `tests/interop/pdf_checks.py` to look at.
fn keep(name: &str, bytes: &[u8]) {
    let name = std::env::var("COUNTERSIGN_PDF_NAME").unwrap_or_else(|_| name.to_owned());
    let path = kept(&name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
    std::fs::write(path, bytes).expect("the file is written");
}

fn kept(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("pdf").join(name)
}
