//! The Merkle tree of RFC 6962 and RFC 9162: hashes, ranges that can be extended, and proofs.
//!
//! Nothing here says who vouches for a root. A proof shows that a leaf or an earlier tree belongs to a root; it is a
//! [checkpoint](crate::integrity::checkpoint), signed or brought, that gives the root its weight.

use thiserror::Error;

use crate::digest::{Digest, Hasher};

/// Put before the bytes of a leaf (RFC 9162 §2.1.1), so that no leaf is ever taken for a node.
const LEAF: u8 = 0;
/// Put before the two hashes of a node.
const NODE: u8 = 1;

/// Returns the hash of a leaf (RFC 9162 §2.1.1).
pub fn leaf_hash(bytes: &[u8]) -> Digest {
    let mut leaf = LeafHasher::default();
    leaf.update(bytes);
    leaf.finish()
}

/// Returns the hash of a node over its two children.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut bytes = [NODE; 65];
    bytes[1..33].copy_from_slice(left.as_bytes());
    bytes[33..].copy_from_slice(right.as_bytes());
    Digest::of(&bytes)
}

/// Returns the root of the tree without a leaf.
pub fn empty_root() -> Digest {
    Digest::of(b"")
}

/// Hashes a leaf that arrives in pieces.
#[derive(Clone)]
pub struct LeafHasher(Hasher);

impl Default for LeafHasher {
    fn default() -> Self {
        let mut hasher = Hasher::default();
        hasher.update(&[LEAF]);
        Self(hasher)
    }
}

impl LeafHasher {
    /// Adds `bytes` to the leaf.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the hash of the leaf.
    pub fn finish(self) -> Digest {
        self.0.finish()
    }
}

/// A node of a tree: the hash over the `2^level` leaves from `index * 2^level` on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Node {
    level: u32,
    index: u64,
    hash: Digest,
}

/// The leaves `[begin, end)` of a tree, held as the hashes of the fewest complete subtrees: at most two per level.
///
/// Ranges that touch can be joined, so that pieces of a log are hashed apart and in any order. A range that begins at 0
/// has a root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CompactRange {
    begin: u64,
    end: u64,
    nodes: Vec<Node>,
}

impl CompactRange {
    /// Returns the range without a leaf at `begin`.
    pub fn new(begin: u64) -> Self {
        Self { begin, end: begin, nodes: Vec::new() }
    }

    /// Returns the range `[0, size)` of the given hashes, largest subtree first; `None` where their number is another.
    pub fn of_hashes(size: u64, hashes: &[Digest]) -> Option<Self> {
        let levels = (0..u64::BITS).rev().filter(|level| size >> level & 1 == 1);
        if u32::try_from(hashes.len()) != Ok(size.count_ones()) {
            return None;
        }
        let mut range = Self::new(0);
        for (level, hash) in levels.zip(hashes) {
            range.nodes.push(Node { level, index: range.end >> level, hash: *hash });
            range.end += 1 << level;
        }
        Some(range)
    }

    /// Returns the index of its first leaf.
    pub fn begin(&self) -> u64 {
        self.begin
    }

    /// Returns the index after its last leaf.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Returns its hashes, left to right.
    pub fn hashes(&self) -> impl Iterator<Item = Digest> {
        self.nodes.iter().map(|node| node.hash)
    }

    /// Adds the hash of the next leaf.
    pub fn push(&mut self, leaf: Digest) {
        self.add(Node { level: 0, index: self.end, hash: leaf });
    }

    /// Adds the leaves of the range that begins where this one ends.
    ///
    /// # Errors
    ///
    /// Gives `next` back where it begins elsewhere.
    pub fn join(&mut self, next: Self) -> Result<(), Self> {
        if next.begin != self.end {
            return Err(next);
        }
        for node in next.nodes {
            self.add(node);
        }
        Ok(())
    }

    /// Adds a subtree, and completes those that it completes.
    fn add(&mut self, mut node: Node) {
        self.end += 1 << node.level;
        while let Some(left) = self.nodes.last()
            && left.level == node.level
            && node.index % 2 == 1
        {
            node = Node {
                level: node.level + 1,
                index: node.index / 2,
                hash: node_hash(&left.hash, &node.hash),
            };
            self.nodes.pop();
        }
        self.nodes.push(node);
    }

    /// Returns the root of the tree that has exactly these leaves; `None` where the range does not begin at 0.
    pub fn root(&self) -> Option<Digest> {
        if self.begin != 0 {
            return None;
        }
        let joined =
            self.nodes.iter().rev().map(|node| node.hash).reduce(|right, left| node_hash(&left, &right));
        Some(joined.unwrap_or_else(empty_root))
    }
}

/// Why a proof proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ProofError {
    /// The leaf lies outside the tree. The proof is at fault.
    #[error("leaf {index} lies outside a tree of {size} leaves")]
    Outside {
        /// Index of the leaf.
        index: u64,
        /// Leaves of the tree.
        size: u64,
    },
    /// The later tree is smaller. The proof is at fault.
    #[error("expected a tree of at least {first} leaves, found {second}")]
    Shrunk {
        /// Leaves of the earlier tree.
        first: u64,
        /// Leaves of the later one.
        second: u64,
    },
    /// Every tree goes on from the empty one, so that this proves nothing. The proof is at fault.
    #[error("the earlier tree is empty, so nothing can be shown about it")]
    FromEmpty,
    /// There are too many or too few hashes. The proof is at fault.
    #[error("the proof does not have as many hashes as the tree asks for")]
    Length,
    /// The hashes lead elsewhere. The proof is at fault, or the tree was changed.
    #[error("the proof leads to root `{found}`, expected `{expected}`")]
    Root {
        /// Root stated.
        expected: Digest,
        /// Root that the proof gives.
        found: Digest,
    },
}

/// Verifies that the leaf with hash `leaf` is leaf `index` of the tree of `size` leaves with `root` (RFC 9162 §2.1.3.2).
///
/// # Errors
///
/// Returns why it is not.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: Digest,
    proof: &[Digest],
    root: Digest,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Outside { index, size });
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node % 2 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node % 2 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    same_root(root, hash)
}

/// Verifies that the tree of `second` leaves with `second_root` goes on from the one of `first` leaves with `first_root`
/// (RFC 9162 §2.1.4.2).
///
/// # Errors
///
/// Returns why it does not.
pub fn verify_consistency(
    first: u64,
    second: u64,
    first_root: Digest,
    second_root: Digest,
    proof: &[Digest],
) -> Result<(), ProofError> {
    if second < first {
        return Err(ProofError::Shrunk { first, second });
    }
    if first == 0 {
        return Err(ProofError::FromEmpty);
    }
    if first == second {
        return if proof.is_empty() { same_root(first_root, second_root) } else { Err(ProofError::Length) };
    }
    // A first tree that is one complete subtree is its own first node, and the proof leaves it out.
    let (start, rest) = match proof.split_first() {
        _ if first.is_power_of_two() => (first_root, proof),
        Some((start, rest)) => (*start, rest),
        None => return Err(ProofError::Length),
    };
    let (mut node, mut last) = (first - 1, second - 1);
    while node % 2 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (start, start);
    for hash in rest {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node % 2 == 1 || node == last {
            old = node_hash(hash, &old);
            new = node_hash(hash, &new);
            while node % 2 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    same_root(first_root, old)?;
    same_root(second_root, new)
}

fn same_root(expected: Digest, found: Digest) -> Result<(), ProofError> {
    if expected == found { Ok(()) } else { Err(ProofError::Root { expected, found }) }
}

/// Returns the root over the leaves with these hashes.
pub fn root_of(leaves: &[Digest]) -> Digest {
    let mut range = CompactRange::new(0);
    leaves.iter().for_each(|leaf| range.push(*leaf));
    range.root().expect("the range begins at 0")
}

/// Returns the proof that leaf `index` belongs to the tree over `leaves` (RFC 9162 §2.1.3.1), or `None` where it does not.
pub fn inclusion_proof(leaves: &[Digest], index: usize) -> Option<Vec<Digest>> {
    let (mut low, mut high) = (0, leaves.len());
    if index >= high {
        return None;
    }
    let mut path = Vec::new();
    while high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            path.push(root_of(&leaves[middle..high]));
            high = middle;
        } else {
            path.push(root_of(&leaves[low..middle]));
            low = middle;
        }
    }
    path.reverse();
    Some(path)
}

/// Returns the proof that the tree over `leaves` goes on from the one over the first `first` of them (RFC 9162 §2.1.4.1), or
/// `None` where there is no such tree.
pub fn consistency_proof(leaves: &[Digest], first: usize) -> Option<Vec<Digest>> {
    let (mut low, mut high) = (0, leaves.len());
    if first == 0 || first > high {
        return None;
    }
    let mut path = Vec::new();
    while first != high {
        let middle = low + split(high - low);
        if first <= middle {
            path.push(root_of(&leaves[middle..high]));
            high = middle;
        } else {
            path.push(root_of(&leaves[low..middle]));
            low = middle;
        }
    }
    // The subtree on which both trees agree; where that is the whole first tree, whoever verifies has it.
    if low > 0 {
        path.push(root_of(&leaves[low..high]));
    }
    path.reverse();
    Some(path)
}

/// Returns the greatest power of two below `leaves`, which is at least 2.
fn split(leaves: usize) -> usize {
    1 << (leaves - 1).ilog2()
}

#[cfg(test)]
mod tests;
