use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;

use super::*;

type Files = BTreeMap<String, Vec<u8>>;

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

/// Writes a log as the specification's formula has it: tile `n` of level `l` holds `MTH(D[(n*256+i)*256^l : (n*256+i+1)*256^l])`.
fn log(size: u64) -> (Files, Checkpoint) {
    let leaves: Vec<Digest> = (0..size).map(|index| leaf_hash(&entry(index))).collect();
    let mut files = Files::new();
    for (level, span) in [(0, 1), (1, 256), (2, 65_536)] {
        let hashes: Vec<Digest> = leaves.chunks_exact(span).map(root_of).collect();
        for (tile, index) in hashes.chunks(256).zip(0..) {
            let bytes = tile.iter().flat_map(|hash| *hash.as_bytes()).collect();
            files.insert(name(&format!("tile/{level}"), index, tile.len() as u64), bytes);
        }
    }
    let all: Vec<Vec<u8>> = (0..size).map(entry).collect();
    for (bundle, index) in all.chunks(256).zip(0..) {
        let prefixed =
            |entry: &Vec<u8>| [&u16::try_from(entry.len()).unwrap().to_be_bytes(), entry.as_slice()].concat();
        files.insert(
            name("tile/entries", index, bundle.len() as u64),
            bundle.iter().flat_map(prefixed).collect(),
        );
    }
    let key = SigningKey::from_bytes(&[1; 32]);
    (files, Checkpoint::sign("acme.example/log", size, root_of(&leaves), &key).unwrap())
}

fn examined(files: &Files, checkpoint: &Checkpoint) -> Tiles {
    examine(&|name| Ok(files.get(name).cloned()), checkpoint, &[])
}

fn kinds(tiles: &Tiles) -> Vec<(&str, BreakKind)> {
    tiles.breaks.iter().map(|found| (found.object.as_str(), found.kind)).collect()
}

#[test]
fn names_are_those_of_the_specification() {
    assert_eq!(name("tile/0", 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(name("tile/entries", 0, 1), "tile/entries/000.p/1");
    assert_eq!(name("tile/1", 1000, 255), "tile/1/x001/000.p/255");
}

#[test]
fn example_of_the_specification_has_its_tiles() {
    let (files, checkpoint) = log(70_000);
    let count = |start: &str| files.keys().filter(|name| name.starts_with(start)).count();
    assert_eq!((count("tile/0/"), count("tile/1/"), count("tile/2/")), (274, 2, 1));
    assert!(
        files.contains_key("tile/0/273.p/112")
            && files.contains_key("tile/1/001.p/17")
            && files.contains_key("tile/2/000.p/1")
    );
    let found = examined(&files, &checkpoint);
    assert_eq!((found.entries, found.root, kinds(&found)), (70_000, Some(checkpoint.root), vec![]));
}

#[test]
fn whole_logs_hold_and_older_sizes_have_their_roots() {
    let (_, old) = log(100);
    for size in [0, 1, 255, 256, 257, 512, 700] {
        let (files, checkpoint) = log(size);
        let found = examine(&|name| Ok(files.get(name).cloned()), &checkpoint, &[100, size, size + 1]);
        assert_eq!(
            (found.entries, found.root, kinds(&found)),
            (size, Some(checkpoint.root), vec![]),
            "{size}"
        );
        let earlier = (size >= 100).then_some(old.root);
        assert_eq!(found.marks, [earlier, Some(checkpoint.root), None], "{size}");
    }
}

#[test]
fn full_tiles_stand_in_for_partial_ones_that_are_gone() {
    let (_, checkpoint) = log(300);
    let (files, _) = log(600);
    let found = examined(&files, &checkpoint);
    // Level 1 of the smaller tree is a partial tile that the larger log no longer has.
    assert_eq!((found.entries, found.root), (300, Some(checkpoint.root)));
    assert_eq!(kinds(&found), [("tile/1/000.p/1", BreakKind::MissingObject)]);
}

#[test]
fn every_missing_and_every_changed_file_is_named() {
    let (files, checkpoint) = log(600);
    for file in files.keys() {
        let mut without = files.clone();
        without.remove(file);
        let found = examined(&without, &checkpoint);
        assert_eq!(kinds(&found), [(file.as_str(), BreakKind::MissingObject)]);
        let lost = if file.starts_with("tile/entries") { found.entries < 600 } else { found.entries == 600 };
        assert!(lost, "{file}");
        for at in [0, 1, 2, files[file].len() - 1] {
            let mut changed = files.clone();
            changed.get_mut(file).unwrap()[at] ^= 1;
            let found = examined(&changed, &checkpoint);
            let wrong = found.root != Some(checkpoint.root) || !found.breaks.is_empty();
            assert!(wrong, "{file} changed at byte {at}");
            assert!(!found.breaks.is_empty(), "{file} at {at}: {found:?}");
        }
        let mut cut = files.clone();
        cut.get_mut(file).unwrap().pop();
        assert!(!examined(&cut, &checkpoint).breaks.is_empty(), "{file}");
    }
}

#[test]
fn invented_size_ends() {
    let key = SigningKey::from_bytes(&[1; 32]);
    let checkpoint = Checkpoint::sign("acme.example/log", u64::MAX, leaf_hash(b"x"), &key).unwrap();
    let found = examined(&log(3).0, &checkpoint);
    assert_eq!((found.breaks.len(), found.root), (MAX_BREAKS, None));
}
