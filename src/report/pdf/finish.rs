//! Pages to a file: fonts, links, bookmarks, and metadata.

use lopdf::{Dictionary, Object, ObjectId, Stream, StringFormat};
use printpdf::{
    Actions, BorderArray, ColorArray, Destination, HighlightingMode, LinkAnnotation, Op, PdfDocument,
    PdfPage, PdfSaveOptions, Rect,
};

use super::{
    PdfError,
    canvas::pt,
    flow::{Flow, Place},
    fonts::{Embedded, embed, font_id},
    style::{PAGE_HEIGHT, PAGE_WIDTH},
};
use crate::report::document::Document;

/// Space above the target of a link or bookmark.
const ABOVE: f32 = 8.0;

/// Writes the pages.
pub(super) fn finish(mut flow: Flow<'_>, document: &Document) -> Result<Vec<u8>, PdfError> {
    add_links(&mut flow);
    let mut pdf = PdfDocument::new(&document.title);
    let mut embedded = Vec::new();
    for (face, used) in flow.shaper.faces().iter().enumerate() {
        if let Some(font) = embed(face, used)? {
            pdf.resources.fonts.map.insert(font_id(face), font.font.clone());
            embedded.push(font);
        }
    }
    let page = Rect::from_wh(pt(PAGE_WIDTH), pt(PAGE_HEIGHT));
    pdf.pages = std::mem::take(&mut flow.pages)
        .into_iter()
        .map(|canvas| PdfPage {
            media_box: page.clone(),
            trim_box: page.clone(),
            crop_box: page.clone(),
            ops: canvas.into_ops(),
        })
        .collect();
    let mut tree = pdf.to_lopdf_document(&PdfSaveOptions::default(), &mut Vec::new());
    drop(pdf);
    add_readings(&mut tree, &embedded)?;
    add_outline(&mut tree, document, &flow)?;
    add_metadata(&mut tree, document)?;
    tree.compress();
    let mut bytes = Vec::new();
    tree.save_to(&mut bytes).map_err(|source| PdfError::Write { reason: source.to_string() })?;
    Ok(bytes)
}

fn add_links(flow: &mut Flow<'_>) {
    for link in std::mem::take(&mut flow.links) {
        let Some(place) = flow.places.get(&link.target) else { continue };
        let [x, y, width, height] = link.area;
        let destination =
            Destination::Xyz { page: place.page + 1, left: Some(0.0), top: Some(top(place)), zoom: None };
        let annotation = LinkAnnotation::new(
            Rect::from_xywh(pt(x), pt(PAGE_HEIGHT - y - height), pt(width), pt(height)),
            Actions::go_to(destination),
            Some(BorderArray::Solid([0.0, 0.0, 0.0])),
            Some(ColorArray::Transparent),
            Some(HighlightingMode::Invert),
        );
        flow.pages[link.page].push(Op::LinkAnnotation { link: annotation });
    }
}

fn top(place: &Place) -> f32 {
    pt(PAGE_HEIGHT - place.y + ABOVE).0
}

/// Replaces what printpdf says about codes: they are readings of glyphs, not glyphs.
fn add_readings(tree: &mut lopdf::Document, embedded: &[Embedded]) -> Result<(), PdfError> {
    for font in embedded {
        let wanted = font.name.as_bytes();
        let is_font = |object: &&Object| {
            object.as_dict().is_ok_and(|dict| {
                dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Type0")
                    && dict.get(b"BaseFont").and_then(Object::as_name).is_ok_and(|name| name == wanted)
            })
        };
        let dict = tree.objects.values().find(is_font).and_then(|object| object.as_dict().ok());
        let dict = dict.ok_or_else(|| missing(&font.name))?;
        let to_unicode =
            dict.get(b"ToUnicode").and_then(Object::as_reference).map_err(|_| missing("ToUnicode"))?;
        let mut descendant = dict
            .get(b"DescendantFonts")
            .and_then(Object::as_array)
            .ok()
            .and_then(|fonts| fonts.first())
            .and_then(|font| font.as_dict().ok())
            .cloned()
            .ok_or_else(|| missing("DescendantFonts"))?;
        let mut dict = dict.clone();
        let id = tree.objects.iter().find(|(_, object)| is_font(object)).map(|(id, _)| *id);
        let id = id.ok_or_else(|| missing(&font.name))?;
        let map = tree.add_object(Stream::new(Dictionary::new(), font.glyph_map.clone()));
        descendant.set("CIDToGIDMap", map);
        dict.set("DescendantFonts", vec![Object::Dictionary(descendant)]);
        tree.objects.insert(id, Object::Dictionary(dict));
        let readings = Stream::new(Dictionary::new(), readings(&font.readings).into_bytes());
        tree.objects.insert(to_unicode, Object::Stream(readings));
    }
    Ok(())
}

/// Returns the table from codes to text (ISO 32000-1, 9.10.3).
fn readings(readings: &[String]) -> String {
    let mut map = String::from(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
         /CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n\
         /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
         1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n",
    );
    let read: Vec<(usize, &String)> =
        readings.iter().enumerate().filter(|(_, text)| !text.is_empty()).collect();
    for chunk in read.chunks(100) {
        map.push_str(&format!("{} beginbfchar\n", chunk.len()));
        for (code, text) in chunk {
            let units: String = text.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
            map.push_str(&format!("<{code:04X}> <{units}>\n"));
        }
        map.push_str("endbfchar\n");
    }
    map.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    map
}

/// A bookmark, before it is written.
struct Bookmark {
    id: ObjectId,
    level: u8,
    title: String,
    destination: Object,
}

/// Adds nested bookmarks in the order of the document, and each place by name.
fn add_outline(tree: &mut lopdf::Document, document: &Document, flow: &Flow<'_>) -> Result<(), PdfError> {
    let pages: Vec<ObjectId> = tree.get_pages().into_values().collect();
    let destination = |place: &Place| -> Option<Object> {
        let page = pages.get(place.page)?;
        Some(Object::Array(vec![
            Object::Reference(*page),
            Object::Name(b"XYZ".to_vec()),
            Object::Real(0.0),
            Object::Real(top(place)),
            Object::Null,
        ]))
    };
    let mut bookmarks = Vec::new();
    for section in &document.sections {
        let Some(destination) = flow.places.get(&section.id).and_then(destination) else { continue };
        let title = format!("{} {}", section.number, section.title).trim().to_owned();
        bookmarks.push(Bookmark {
            id: tree.new_object_id(),
            level: section.level.max(1),
            title,
            destination,
        });
    }
    let root = tree.new_object_id();
    write_outline(tree, root, &bookmarks);
    let mut names = Dictionary::new();
    for (id, place) in &flow.places {
        if let Some(destination) = destination(place) {
            names.set(id.as_bytes().to_vec(), destination);
        }
    }
    let names = tree.add_object(names);
    let catalog = tree.catalog_mut().map_err(|_| missing("Root"))?;
    catalog.set("Dests", names);
    if !bookmarks.is_empty() {
        catalog.set("Outlines", root);
        catalog.set("PageMode", Object::Name(b"UseOutlines".to_vec()));
    }
    Ok(())
}

fn write_outline(tree: &mut lopdf::Document, root: ObjectId, bookmarks: &[Bookmark]) {
    let parent = |index: usize| {
        bookmarks[..index]
            .iter()
            .rev()
            .find(|other| other.level < bookmarks[index].level)
            .map_or(root, |other| other.id)
    };
    let parents: Vec<ObjectId> = (0..bookmarks.len()).map(parent).collect();
    let children =
        |of: ObjectId| (0..bookmarks.len()).filter(|index| parents[*index] == of).collect::<Vec<_>>();
    for (index, bookmark) in bookmarks.iter().enumerate() {
        let mut dict = Dictionary::new();
        dict.set("Title", text_string(&bookmark.title));
        dict.set("Parent", parents[index]);
        dict.set("Dest", bookmark.destination.clone());
        let siblings = children(parents[index]);
        let at = siblings.iter().position(|sibling| *sibling == index).unwrap_or_default();
        if let Some(previous) = at.checked_sub(1) {
            dict.set("Prev", bookmarks[siblings[previous]].id);
        }
        if let Some(next) = siblings.get(at + 1) {
            dict.set("Next", bookmarks[*next].id);
        }
        // A negative count: the children are there and folded away.
        add_children(&mut dict, bookmarks, &children(bookmark.id), -1);
        tree.objects.insert(bookmark.id, Object::Dictionary(dict));
    }
    let mut dict = Dictionary::new();
    dict.set("Type", Object::Name(b"Outlines".to_vec()));
    add_children(&mut dict, bookmarks, &children(root), 1);
    tree.objects.insert(root, Object::Dictionary(dict));
}

fn add_children(dict: &mut Dictionary, bookmarks: &[Bookmark], children: &[usize], sign: i64) {
    if let (Some(first), Some(last)) = (children.first(), children.last()) {
        dict.set("First", bookmarks[*first].id);
        dict.set("Last", bookmarks[*last].id);
        dict.set("Count", sign * i64::try_from(children.len()).unwrap_or(i64::MAX));
    }
}

/// Sets what the file says about itself. No standard such as PDF/X or PDF/A is claimed, and no time is given.
fn add_metadata(tree: &mut lopdf::Document, document: &Document) -> Result<(), PdfError> {
    tree.version = "1.7".to_owned();
    let mut info = Dictionary::new();
    info.set("Title", text_string(&document.title));
    info.set("Subject", text_string(&document.subtitle));
    info.set("Keywords", text_string(&format!("results sha256 {}", document.results_digest)));
    info.set("Creator", text_string(concat!("Countersign ", env!("CARGO_PKG_VERSION"))));
    info.set("Producer", text_string("printpdf"));
    let old = tree.trailer.get(b"Info").and_then(Object::as_reference).map_err(|_| missing("Info"))?;
    tree.objects.insert(old, Object::Dictionary(info));
    let id = hex::decode(&document.results_digest)
        .unwrap_or_else(|_| document.results_digest.clone().into_bytes());
    let id = Object::String(id, StringFormat::Hexadecimal);
    tree.trailer.set("ID", vec![id.clone(), id]);
    let mut preferences = Dictionary::new();
    preferences.set("DisplayDocTitle", true);
    let catalog = tree.catalog_mut().map_err(|_| missing("Root"))?;
    catalog.set("Lang", text_string(&document.language));
    catalog.set("ViewerPreferences", Object::Dictionary(preferences));
    Ok(())
}

/// Returns a text string in UTF-16, written in hexadecimal: no character of it can end the string.
fn text_string(text: &str) -> Object {
    let mut bytes = vec![0xfe, 0xff];
    bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    Object::String(bytes, StringFormat::Hexadecimal)
}

fn missing(what: &str) -> PdfError {
    PdfError::Write { reason: format!("no `{what}` in the object tree") }
}
