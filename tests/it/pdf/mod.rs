//! The PDF report, from a document to bytes.

mod sample;

use std::path::Path;

use countersign::report::pdf::render;

#[test]
fn prints_a_rich_document() {
    let bytes = render(&sample::document()).unwrap();
    keep("rich.pdf", &bytes);
}

/// Keeps a file for people and for `tests/interop/pdf_checks.py` to look at.
fn keep(name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pdf");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), bytes).unwrap();
}
