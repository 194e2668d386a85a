use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde::Deserialize;

use super::*;

/// RFC 9162 §2.1.1, word for word.
fn naive(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(b""),
        [leaf] => *leaf,
        _ => {
            let mut k = 1;
            while k * 2 < leaves.len() {
                k *= 2;
            }
            node_hash(&naive(&leaves[..k]), &naive(&leaves[k..]))
        }
    }
}

fn leaves(count: usize) -> Vec<Digest> {
    (0..count).map(|at| leaf_hash(format!("leaf {at}").as_bytes())).collect()
}

#[test]
fn roots_are_those_of_certificate_transparency() {
    let data: [&[u8]; 8] = [
        b"",
        b"\0",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    for (size, root) in roots.iter().enumerate() {
        let hashes: Vec<Digest> = data[..size].iter().map(|leaf| leaf_hash(leaf)).collect();
        assert_eq!(root_of(&hashes).to_string(), *root, "{size} leaves");
    }
}

#[test]
fn every_small_tree_is_that_of_the_definition() {
    let all = leaves(130);
    for size in 0..=130 {
        let root = naive(&all[..size]);
        assert_eq!(root_of(&all[..size]), root, "{size} leaves");
        let mut range = CompactRange::new(0);
        all[..size].iter().for_each(|leaf| range.push(*leaf));
        let hashes: Vec<Digest> = range.hashes().collect();
        assert_eq!(CompactRange::of_hashes(size as u64, &hashes), Some(range.clone()), "{size} leaves");
        assert_eq!(CompactRange::of_hashes(size as u64 + 1, &hashes).filter(|_| size % 2 == 0), None);
    }
}

#[test]
fn every_proof_of_a_small_tree_verifies_and_no_other() {
    let all = leaves(40);
    let sized = |size: usize| u64::try_from(size).unwrap();
    for size in 1..=40 {
        let tree = &all[..size];
        let root = naive(tree);
        for index in 0..size {
            let proof = inclusion_proof(tree, index).unwrap();
            verify_inclusion(sized(index), sized(size), tree[index], &proof, root).unwrap();
            // Index alone is not bound by every path, but leaf, root and each hash are.
            verify_inclusion(sized(index), sized(size), leaf_hash(b"x"), &proof, root).unwrap_err();
            for at in 0..proof.len() {
                let mut changed = proof.clone();
                changed[at] = leaf_hash(b"x");
                verify_inclusion(sized(index), sized(size), tree[index], &changed, root).unwrap_err();
                changed.remove(at);
                verify_inclusion(sized(index), sized(size), tree[index], &changed, root).unwrap_err();
            }
        }
        for first in 1..=size {
            let proof = consistency_proof(tree, first).unwrap();
            let old = naive(&tree[..first]);
            verify_consistency(sized(first), sized(size), old, root, &proof).unwrap();
            verify_consistency(sized(first), sized(size), leaf_hash(b"x"), root, &proof).unwrap_err();
            verify_consistency(sized(first), sized(size), old, leaf_hash(b"x"), &proof).unwrap_err();
            for at in 0..proof.len() {
                let mut changed = proof.clone();
                changed[at] = leaf_hash(b"x");
                verify_consistency(sized(first), sized(size), old, root, &changed).unwrap_err();
            }
        }
        assert_eq!((inclusion_proof(tree, size), consistency_proof(tree, size + 1)), (None, None));
    }
}

proptest! {
    #[test]
    fn pieces_hashed_apart_give_the_root_of_the_whole(count in 0usize..131, cuts in prop::collection::vec(0usize..131, 0..5)) {
        let all = leaves(count);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(count)).collect();
        cuts.extend([0, count]);
        cuts.sort_unstable();
        let mut whole = CompactRange::new(0);
        for pair in cuts.windows(2) {
            let mut piece = CompactRange::new(pair[0] as u64);
            all[pair[0]..pair[1]].iter().for_each(|leaf| piece.push(*leaf));
            prop_assert_eq!(piece.root().is_some(), pair[0] == 0);
            whole.join(piece).unwrap();
        }
        prop_assert_eq!(whole.end(), count as u64);
        prop_assert_eq!(whole.root(), Some(naive(&all)));
        prop_assert!(whole.join(CompactRange::new(count as u64 + 1)).is_err());
    }
}

/// One file of the vectors of transparency-dev/merkle.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    leaf_idx: Option<u64>,
    tree_size: Option<u64>,
    root: Option<String>,
    leaf_hash: Option<String>,
    size1: Option<u64>,
    size2: Option<u64>,
    root1: Option<String>,
    root2: Option<String>,
    proof: Option<Vec<String>>,
    want_err: bool,
}

/// Decodes a leaf, which has the length of a hash by its type, or is refused before anything is verified.
fn leaf(text: &Option<String>) -> Option<Digest> {
    let bytes = STANDARD.decode(text.as_deref().unwrap_or_default()).unwrap();
    <[u8; 32]>::try_from(bytes).ok().map(Digest::from)
}

/// Decodes a hash. What has another length becomes one that is equal to itself and to nothing else.
fn hash(text: &Option<String>) -> Digest {
    let bytes = STANDARD.decode(text.as_deref().unwrap_or_default()).unwrap();
    <[u8; 32]>::try_from(bytes.as_slice()).map_or_else(|_| Digest::of(&bytes), Digest::from)
}

fn json_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            json_files(&entry, found);
        } else {
            found.push(entry);
        }
    }
}

/// Both suites whole, counted per folder: a suite that shrinks is a failed test.
#[test]
fn foreign_vectors() {
    let folder = std::env::var_os("COUNTERSIGN_VECTORS")
        .unwrap_or_else(|| panic!("set `COUNTERSIGN_VECTORS` to the folder of foreign test vectors"));
    let root = Path::new(&folder).join("merkle");
    let expected = [
        ("inclusion/0", 13),
        ("inclusion/1", 18),
        ("inclusion/2", 18),
        ("inclusion/3", 15),
        ("inclusion/4", 18),
        ("inclusion/single-entry", 4),
        ("inclusion/additional", 12),
        ("consistency/0", 1),
        ("consistency/1", 21),
        ("consistency/2", 21),
        ("consistency/3", 20),
        ("consistency/4", 21),
        ("consistency/additional", 14),
    ];
    let (mut accepted, mut refused) = (0, 0);
    for (name, count) in expected {
        let mut files = Vec::new();
        json_files(&root.join(name), &mut files);
        assert_eq!(files.len(), count, "{name}");
        for file in files {
            let vector: Vector = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
            let proof: Vec<Digest> =
                vector.proof.iter().flatten().map(|text| hash(&Some(text.clone()))).collect();
            let result = match (vector.leaf_idx, vector.size1) {
                (Some(index), None) => leaf(&vector.leaf_hash).ok_or(ProofError::Length).and_then(|leaf| {
                    let root = hash(&vector.root);
                    verify_inclusion(index, vector.tree_size.unwrap(), leaf, &proof, root)
                }),
                (None, Some(first)) => verify_consistency(
                    first,
                    vector.size2.unwrap(),
                    hash(&vector.root1),
                    hash(&vector.root2),
                    &proof,
                ),
                _ => panic!("{}: neither an inclusion nor a consistency proof", file.display()),
            };
            assert_eq!(result.is_err(), vector.want_err, "{}: {result:?}", file.display());
            *(if vector.want_err { &mut refused } else { &mut accepted }) += 1;
        }
    }
    assert_eq!((accepted, refused), (12, 184));
    let mut all = Vec::new();
    json_files(&root, &mut all);
    assert_eq!(all.len(), 196, "a folder that no list above names");
}
