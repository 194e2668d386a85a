//! The bodies of the fuzz targets, on a stable compiler: seeds and some thousand changes of each.

#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is a crate of its own in `fuzz/`")]
mod targets;

use std::fs;
use std::path::Path;

use countersign::integrity::checkpoint::Checkpoint;
use countersign::integrity::cloudtrail::object::read;
use countersign::integrity::foreign::{ChainFormat, ChainLibrary, Keys};
use countersign::integrity::keyring::Keyring;
use countersign::source::framing::Record;

/// Numbers that look random and are the same in every run (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }
}

/// Runs `target` on each seed, on cuts of it, and on `count` changes of it by a few bytes.
fn run(target: fn(&[u8]), seeds: &[&[u8]], count: usize) {
    const BYTES: &[u8] = b"{}[]\",:\\u0019eE+-.tfn \n\0\xff\xc3\x80=_/~";
    let mut numbers = Numbers(7);
    for seed in seeds {
        target(seed);
        (0..seed.len()).for_each(|cut| target(&seed[..cut]));
        for _ in 0..count {
            let mut bytes = seed.to_vec();
            for _ in 0..=numbers.below(3) {
                let (at, byte) = (numbers.below(bytes.len() + 1), BYTES[numbers.below(BYTES.len())]);
                match numbers.below(3) {
                    0 if at < bytes.len() => bytes[at] = byte,
                    1 if at < bytes.len() => drop(bytes.remove(at)),
                    _ => bytes.insert(at, byte),
                }
            }
            target(&bytes);
        }
    }
}

/// A target, by its name, and how many changes of each of its seeds are tried.
type Target = (&'static str, fn(&[u8]), usize);

/// Every target.
const TARGETS: [Target; 9] = [
    ("json", targets::json, 5000),
    ("canon", targets::canon, 5000),
    ("object", targets::object, 1000),
    ("document", targets::document, 5000),
    ("envelope", targets::envelope, 2000),
    ("checkpoint", targets::checkpoint, 5000),
    ("chain", targets::chain, 500),
    ("trail", targets::trail, 2000),
    ("record", targets::record, 500),
];

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn every_target_holds_on_its_seeds_and_on_changes_of_them() {
    for (name, target, count) in TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name}");
        run(target, &seeds.iter().map(Vec::as_slice).collect::<Vec<_>>(), count);
    }
}

#[test]
fn every_target_of_the_fuzzer_is_run_here() {
    let manifest: toml::Value = toml::from_str(include_str!("../../fuzz/Cargo.toml")).unwrap();
    let built: Vec<&str> =
        manifest["bin"].as_array().unwrap().iter().map(|bin| bin["name"].as_str().unwrap()).collect();
    let mut here = TARGETS.map(|(name, _, _)| name);
    here.sort_unstable();
    let mut built = built;
    built.sort_unstable();
    assert_eq!(built, here);
}

/// A seed that is refused at once shows nothing.
#[test]
fn seeds_are_read_by_what_they_are_for() {
    let text = |target: &str, at: usize| String::from_utf8(seeds(target).remove(at)).unwrap();
    let checkpoint = text("checkpoint", 0);
    assert!(Checkpoint::parse(checkpoint.as_bytes(), &Keyring::empty()).is_ok(), "{checkpoint}");
    assert!(ChainFormat::parse("agent-receipts", &text("chain", 0)).is_ok());
    assert_eq!(seeds("trail").iter().filter(|seed| read(str::from_utf8(seed).unwrap()).is_ok()).count(), 4);
    let library = ChainLibrary::shipped().unwrap();
    let keys = Keys { log: "gate", keyring: &Keyring::empty(), mac: &[] };
    for seed in seeds("record") {
        let record = Record::new(str::from_utf8(&seed).unwrap(), 0, 1, 0);
        let taken =
            library.iter().any(|format| format.examine(&record, &keys).is_ok_and(|seen| !seen.is_empty()));
        assert!(taken, "{}", record.text);
    }
}
