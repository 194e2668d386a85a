//! What must hold for any input, one function for each fuzz target.

use std::io::{BufReader, Cursor};

use countersign::integrity::canon::Canon;
use countersign::integrity::checkpoint::Checkpoint;
use countersign::integrity::cloudtrail::object::{self as trail_object, TrailObject};
use countersign::integrity::foreign::envelope::Signers;
use countersign::integrity::foreign::seen::SignatureSeen;
use countersign::integrity::foreign::{ChainFormat, ChainLibrary, Keys, dsse_line, jws};
use countersign::integrity::json::scan_object;
use countersign::integrity::keyring::Keyring;
use countersign::integrity::tree::{Limits, Node, parse};
use countersign::integrity::verdict::BreakKind;
use countersign::source::container::Unpacked;
use countersign::source::framing::{Lines, MAX_DEPTH, MAX_RECORD, Record, document_records};

/// The scanner and the tree: whatever the scanner takes the tree reads, and every leaf is found by its pointer.
pub fn json(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(scanned) = scan_object(text, 0, MAX_DEPTH) {
        assert!(
            parse(&text[..scanned.end], &Limits::RECORD).is_ok(),
            "the scanner takes it and the tree does not"
        );
    }
    let Ok(node) = parse(text, &Limits::RECORD) else { return };
    for (pointer, leaf) in node.leaves() {
        assert!(std::ptr::eq(node.at(&pointer).expect("a leaf has a place"), leaf));
        assert_eq!(parse(leaf.raw().expect("it was read"), &Limits::RECORD).as_ref(), Ok(leaf));
    }
}

/// The canonicalisers: what one writes it writes again from what it wrote, but for numbers it must refuse there.
pub fn canon(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(node) = parse(text, &Limits::RECORD) else { return };
    for canon in Canon::ALL {
        let Ok(once) = canon.to_bytes(&node) else { continue };
        let once = String::from_utf8(once).expect("canonical bytes are text");
        let again = parse(&once, &Limits::RECORD).expect("canonical bytes are JSON");
        match canon.to_bytes(&again) {
            Ok(twice) => assert_eq!(twice, once.as_bytes(), "{canon}"),
            Err(error) => assert_eq!(error.break_kind(), BreakKind::UnsafeNumber, "{canon}"),
        }
        assert_eq!(texts(&node).len(), texts(&again).len(), "{canon} lost a text");
    }
}

fn texts(node: &Node<'_>) -> Vec<String> {
    node.leaves().into_iter().filter_map(|(_, leaf)| leaf.text().map(str::to_owned)).collect()
}

/// An object as stored, plain or compressed: reading ends, and lines lie one after the other.
pub fn object(data: &[u8]) {
    let Ok(unpacked) = Unpacked::new(Box::new(Cursor::new(data.to_vec()))) else { return };
    let mut lines = Lines::new(BufReader::new(unpacked), 0, u64::MAX, MAX_RECORD);
    let (mut next, mut number) = (0, 0);
    while let Ok(Some(line)) = lines.next_line() {
        assert_eq!((line.offset, line.number), (next, number + 1));
        let length = line.oversize.map_or(line.bytes.len() as u64, |(length, _)| length);
        next = line.offset + length + u64::from(line.ended);
        number = line.number;
    }
}

/// A JSON document with records in it: each record is a slice of the text, behind the one before.
pub fn document(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(records) = document_records(text, &["/entries".to_owned(), String::new()]) else { return };
    let mut next = 0;
    for record in records {
        let at = usize::try_from(record.offset).expect("it lies in memory");
        assert_eq!(text.get(at..at + record.text.len()), Some(record.text));
        assert!(at >= next, "records overlap");
        next = at + record.text.len();
    }
}

/// An object of AWS CloudTrail: what is read as a digest file names its times in order, and no text is two things.
pub fn trail(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(TrailObject::Digest(digest)) = trail_object::read(text) {
        assert!(digest.start <= digest.end);
        assert_eq!(digest.sha256, countersign::digest::Digest::of(data));
    }
}

/// A record, examined as each shipped chain profile says: no input makes a signature fit where no key is trusted.
pub fn record(data: &[u8]) {
    static SHIPPED: std::sync::LazyLock<ChainLibrary> =
        std::sync::LazyLock::new(|| ChainLibrary::shipped().expect("shipped profiles load"));
    let Ok(text) = std::str::from_utf8(data) else { return };
    let keyring = Keyring::empty();
    let keys = Keys { log: "gate", keyring: &keyring, mac: &[] };
    for format in SHIPPED.iter() {
        let record = Record::new(text, 0, 1, 0);
        let Ok(seen) = format.examine(&record, &keys) else { continue };
        let fits = |signature: &SignatureSeen| matches!(signature, SignatureSeen::Fits { .. });
        assert!(!seen.iter().any(|seen| fits(&seen.signature)), "{}", format.id());
    }
}

/// JWS and DSSE: no input makes a signature fit where no key is trusted.
pub fn envelope(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let keyring = Keyring::empty();
    let signers = Signers { log: "gate", keyring: &keyring };
    for opened in [jws::open(text, &[], &signers), dsse_line::open(text, &[], &signers)].into_iter().flatten()
    {
        assert!(!opened.signatures.iter().any(|seen| matches!(seen, SignatureSeen::Fits { .. })));
        if let Some(payload) = opened.payload {
            assert!(parse(&payload, &Limits::RECORD).is_ok());
        }
    }
}

/// Checkpoints: what is read under no trusted key is never a checkpoint that somebody vouched for.
pub fn checkpoint(data: &[u8]) {
    if let Ok(checkpoint) = Checkpoint::parse(data, &Keyring::empty()) {
        assert!(checkpoint.vouched().is_empty(), "{:?}", checkpoint.text());
    }
}

/// Chain profiles: loading ends, whatever the text. The id is that of the seed, which the text must repeat.
pub fn chain(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(format) = ChainFormat::parse("agent-receipts", text) {
        assert!(!format.layers().is_empty());
    }
}
