use std::fs;

use ed25519_dalek::SigningKey;
use tempfile::TempDir;

use super::*;
use crate::digest::Digest;
use crate::integrity::merkle::{leaf_hash, root_of};
use crate::source::location::of_file;

/// Objects in a folder, and the lines in them.
struct Bench {
    folder: TempDir,
    objects: Vec<ObjectRef>,
}

impl Bench {
    fn new(texts: &[&[u8]]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let objects = texts
            .iter()
            .enumerate()
            .map(|(index, text)| {
                let file = folder.path().join(index.to_string());
                fs::write(&file, text).unwrap();
                of_file(&file, &index.to_string()).unwrap()
            })
            .collect();
        Self { folder, objects }
    }

    /// Cuts each object at every `cut` bytes, as a plan does, and counts lines as a scan does.
    fn cut(&self, cut: u64) -> Vec<TreeObject<'_>> {
        let of = |object: &'_ ObjectRef| {
            let bytes = fs::read(self.folder.path().join(&object.name)).unwrap();
            let starts: Vec<u64> = (0..object.size.max(1)).step_by(usize::try_from(cut).unwrap()).collect();
            let begins = |at: u64| at == 0 || bytes[usize::try_from(at - 1).unwrap()] == b'\n';
            starts
                .iter()
                .map(|start| {
                    let end = (start + cut).min(object.size);
                    (*start, (*start..end).filter(|at| begins(*at)).count() as u64)
                })
                .collect()
        };
        self.objects
            .iter()
            .map(|object| TreeObject { object, pieces: of(object), repeated: Vec::new() })
            .collect()
    }
}

fn checkpoint(lines: &[&[u8]]) -> Checkpoint {
    let leaves: Vec<Digest> = lines.iter().map(|line| leaf_hash(line)).collect();
    let key = SigningKey::from_bytes(&[1; 32]);
    Checkpoint::sign("log", lines.len() as u64, root_of(&leaves), &key).unwrap()
}

fn held(prefixes: &[(usize, u64)]) -> Shown {
    Shown::Held(prefixes.iter().map(|(object, lines)| Prefix { object: *object, lines: *lines }).collect())
}

const LINES: [&[u8]; 7] =
    [b"one", b"", b"\xff\x00 not text", b"four\r", b"a line that is longer than a cut", b"6", b"7"];

fn text(lines: &[&[u8]]) -> Vec<u8> {
    lines.iter().flat_map(|line| [*line, b"\n"].concat()).collect()
}

#[test]
fn every_prefix_is_held_wherever_the_object_is_cut() {
    let bench = Bench::new(&[&text(&LINES)]);
    for cut in 1..90 {
        for size in 0..=LINES.len() {
            let shown = compare(&bench.cut(cut), &checkpoint(&LINES[..size]));
            let expected = if size == 0 { held(&[]) } else { held(&[(0, size as u64)]) };
            assert_eq!(shown, expected, "{size} lines, cut at {cut}");
        }
    }
}

#[test]
fn other_and_fewer_lines_are_told_apart_and_never_held() {
    for cut in [1, 7, 1000] {
        for changed in 0..LINES.len() {
            let mut lines = LINES;
            lines[changed] = b"x";
            let bench = Bench::new(&[&text(&lines)]);
            let reaches = |size: usize| compare(&bench.cut(cut), &checkpoint(&LINES[..size]));
            assert_eq!(reaches(LINES.len()), Shown::Other, "line {changed}");
            // What lies before the change is still what it was.
            assert_eq!(reaches(changed) == held(&[(0, changed as u64)]), changed > 0);
        }
        let bench = Bench::new(&[&text(&LINES[..5])]);
        assert_eq!(compare(&bench.cut(cut), &checkpoint(&LINES)), Shown::Fewer { lines: 5 });
    }
}

#[test]
fn objects_follow_one_another_or_are_held_alone() {
    let (first, second) = (text(&LINES[..3]), text(&LINES[3..]));
    let bench = Bench::new(&[&first, b"", &second]);
    for cut in [1, 7, 1000] {
        let objects = bench.cut(cut);
        assert_eq!(compare(&objects, &checkpoint(&LINES)), held(&[(0, 3), (2, 4)]));
        assert_eq!(compare(&objects, &checkpoint(&LINES[..4])), held(&[(0, 3), (2, 1)]));
        assert_eq!(compare(&objects, &checkpoint(&LINES[..2])), held(&[(0, 2)]));
        // A file that goes on from another may have been sealed by itself.
        assert_eq!(compare(&objects, &checkpoint(&LINES[3..])), held(&[(2, 4)]));
        assert_eq!(compare(&objects, &checkpoint(&LINES[3..5])), held(&[(2, 2)]));
        assert_eq!(compare(&objects, &checkpoint(&LINES[2..5])), Shown::Other);
        assert_eq!(compare(&objects[..1], &checkpoint(&LINES[3..])), Shown::Fewer { lines: 3 });
    }
}

#[test]
fn bytes_after_the_last_line_end_are_no_leaf() {
    let mut torn = text(&LINES[..3]);
    torn.extend(LINES[3]);
    let rest = text(&LINES[4..]);
    let bench = Bench::new(&[&torn, &rest]);
    for cut in [1, 7, 1000] {
        let objects = bench.cut(cut);
        assert_eq!(compare(&objects[..1], &checkpoint(&LINES[..3])), held(&[(0, 3)]));
        assert_eq!(compare(&objects[..1], &checkpoint(&LINES[..4])), Shown::Fewer { lines: 3 });
        let without = [&LINES[..3], &LINES[4..]].concat();
        assert_eq!(compare(&objects, &checkpoint(&without)), held(&[(0, 3), (1, 3)]));
    }
}

#[test]
fn lines_that_repeat_another_object_count_once() {
    let (first, second) = (text(&LINES[..5]), text(&LINES[2..]));
    let bench = Bench::new(&[&first, &second]);
    for cut in [1, 7, 1000] {
        let mut objects = bench.cut(cut);
        assert_eq!(compare(&objects, &checkpoint(&LINES)), Shown::Other);
        objects[1].repeated = vec![(1, 3)];
        assert_eq!(compare(&objects, &checkpoint(&LINES)), held(&[(0, 5), (1, 5)]));
        assert_eq!(compare(&objects, &checkpoint(&LINES[..6])), held(&[(0, 5), (1, 4)]));
    }
}

#[test]
fn compressed_objects_are_their_lines() {
    let stored = zstd::encode_all(text(&LINES).as_slice(), 3).unwrap();
    let bench = Bench::new(&[&stored]);
    let objects = [TreeObject { object: &bench.objects[0], pieces: vec![(0, 7)], repeated: Vec::new() }];
    assert_eq!(compare(&objects, &checkpoint(&LINES)), held(&[(0, 7)]));
    let cut = Bench::new(&[&stored[..stored.len() / 2]]);
    let objects = [TreeObject { object: &cut.objects[0], pieces: vec![(0, 7)], repeated: Vec::new() }];
    assert!(matches!(compare(&objects, &checkpoint(&LINES)), Shown::Unread(_)));
}
