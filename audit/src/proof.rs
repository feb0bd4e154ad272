//! Proofs about the tree: that a record is in it, and that an older tree is its beginning (RFC 9162, 2.1.3–2.1.4).

use crate::{
    merkle::{Hash, node_hash, split},
    tiles::{TileError, Tiles},
};
use serde::{Deserialize, Serialize};

/// A proof that does not prove what it is said to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof is wrong: {0}")]
pub struct ProofError(&'static str);

/// That a leaf is in a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InclusionProof {
    /// Which leaf, from 0: the record's position − 1.
    pub leaf_index: u64,
    /// Leaves of the tree.
    pub tree_size: u64,
    /// From the leaf's neighbour upwards.
    pub hashes: Vec<Hash>,
}

/// That a tree is the beginning of a larger one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsistencyProof {
    pub old_size: u64,
    pub new_size: u64,
    pub hashes: Vec<Hash>,
}

impl InclusionProof {
    /// Proves that leaf `leaf_index` is among the first `tree_size` leaves; none if it is not.
    pub fn new(tiles: &Tiles, leaf_index: u64, tree_size: u64) -> Result<Option<Self>, TileError> {
        if leaf_index >= tree_size || tree_size > tiles.size() {
            return Ok(None);
        }
        let (mut from, mut to, mut hashes) = (0, tree_size, Vec::new());
        while to - from > 1 {
            let middle = from + split(to - from);
            if leaf_index < middle {
                hashes.push(tiles.root_over(middle, to)?);
                to = middle;
            } else {
                hashes.push(tiles.root_over(from, middle)?);
                from = middle;
            }
        }
        hashes.reverse();
        Ok(Some(Self { leaf_index, tree_size, hashes }))
    }

    /// Checks that `leaf` is in the tree with this root.
    pub fn verify(&self, leaf: Hash, root: Hash) -> Result<(), ProofError> {
        if self.leaf_index >= self.tree_size {
            return Err(ProofError("the leaf is beyond the tree"));
        }
        let (mut node, mut last, mut hash) = (self.leaf_index, self.tree_size - 1, leaf);
        for sibling in &self.hashes {
            if last == 0 {
                return Err(ProofError("it has too many hashes"));
            }
            if node & 1 == 1 || node == last {
                hash = node_hash(*sibling, hash);
                while node & 1 == 0 && node != 0 {
                    node >>= 1;
                    last >>= 1;
                }
            } else {
                hash = node_hash(hash, *sibling);
            }
            node >>= 1;
            last >>= 1;
        }
        match (last, hash == root) {
            (0, true) => Ok(()),
            (0, false) => Err(ProofError("it leads to another root")),
            _ => Err(ProofError("it has too few hashes")),
        }
    }
}

impl ConsistencyProof {
    /// Proves that the first `old_size` leaves begin the first `new_size`; none if the sizes do not allow it.
    pub fn new(tiles: &Tiles, old_size: u64, new_size: u64) -> Result<Option<Self>, TileError> {
        if old_size == 0 || old_size > new_size || new_size > tiles.size() {
            return Ok(None);
        }
        let (mut from, mut to, mut whole, mut hashes) = (0, new_size, true, Vec::new());
        while old_size != to {
            let middle = from + split(to - from);
            if old_size <= middle {
                hashes.push(tiles.root_over(middle, to)?);
                to = middle;
            } else {
                hashes.push(tiles.root_over(from, middle)?);
                from = middle;
                whole = false;
            }
        }
        if !whole {
            hashes.push(tiles.root_over(from, to)?);
        }
        hashes.reverse();
        Ok(Some(Self { old_size, new_size, hashes }))
    }

    /// Checks that the tree with `old_root` is the beginning of the one with `new_root`.
    pub fn verify(&self, old_root: Hash, new_root: Hash) -> Result<(), ProofError> {
        if self.old_size == 0 || self.old_size > self.new_size {
            return Err(ProofError("its sizes are impossible"));
        }
        if self.old_size == self.new_size {
            let same = old_root == new_root && self.hashes.is_empty();
            return if same { Ok(()) } else { Err(ProofError("trees of one size have different roots")) };
        }
        let mut hashes = self.hashes.iter().copied();
        let (mut node, mut last) = (self.old_size - 1, self.new_size - 1);
        while node & 1 == 1 {
            node >>= 1;
            last >>= 1;
        }
        let missing = ProofError("it has too few hashes");
        let first = if self.old_size.is_power_of_two() { old_root } else { hashes.next().ok_or(missing)? };
        let (mut old, mut new) = (first, first);
        for hash in hashes {
            if last == 0 {
                return Err(ProofError("it has too many hashes"));
            }
            if node & 1 == 1 || node == last {
                old = node_hash(hash, old);
                new = node_hash(hash, new);
                while node & 1 == 0 && node != 0 {
                    node >>= 1;
                    last >>= 1;
                }
            } else {
                new = node_hash(new, hash);
            }
            node >>= 1;
            last >>= 1;
        }
        match (old == old_root, new == new_root, last) {
            (true, true, 0) => Ok(()),
            (_, _, 1..) => Err(missing),
            (false, ..) => Err(ProofError("the old tree is not the beginning of the new one")),
            (true, false, 0) => Err(ProofError("it leads to another new root")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{leaf_hash, root_of};

    fn tree(size: u32) -> (tempfile::TempDir, Tiles, Vec<Hash>) {
        let folder = tempfile::tempdir().unwrap();
        let mut tiles = Tiles::empty(crate::TileFiles::packed(folder.path()));
        let leaves: Vec<Hash> = (0..size).map(|number| leaf_hash(&number.to_le_bytes())).collect();
        leaves.iter().for_each(|leaf| tiles.push(*leaf).unwrap());
        (folder, tiles, leaves)
    }

    #[test]
    fn every_leaf_of_every_small_tree_can_be_proven_and_no_other() {
        let (_folder, tiles, leaves) = tree(70);
        for size in 1..=70_u64 {
            let root = root_of(&leaves[..size as usize]);
            for index in 0..size {
                let proof = InclusionProof::new(&tiles, index, size).unwrap().unwrap();
                assert_eq!(proof.verify(leaves[index as usize], root), Ok(()), "leaf {index} of {size}");
                assert!(proof.verify(leaf_hash(b"another"), root).is_err());
            }
            assert_eq!(InclusionProof::new(&tiles, size, size).unwrap(), None);
        }
    }

    #[test]
    fn every_small_tree_is_the_beginning_of_every_larger_one() {
        let (_folder, tiles, leaves) = tree(70);
        for new in 1..=70_u64 {
            for old in 1..=new {
                let (old_root, new_root) =
                    (root_of(&leaves[..old as usize]), root_of(&leaves[..new as usize]));
                let proof = ConsistencyProof::new(&tiles, old, new).unwrap().unwrap();
                assert_eq!(proof.verify(old_root, new_root), Ok(()), "{old} of {new}");
                assert!(proof.verify(leaf_hash(b"another"), new_root).is_err());
                assert!(proof.verify(old_root, leaf_hash(b"another")).is_err());
            }
        }
    }

    #[test]
    fn proofs_reach_across_tiles() {
        let (_folder, tiles, leaves) = tree(70_000);
        let root = root_of(&leaves);
        for index in [0, 255, 256, 65_535, 65_536, 69_999] {
            let proof = InclusionProof::new(&tiles, index, 70_000).unwrap().unwrap();
            assert_eq!(proof.verify(leaves[index as usize], root), Ok(()));
        }
        for old in [1, 256, 300, 65_536, 69_999] {
            let proof = ConsistencyProof::new(&tiles, old, 70_000).unwrap().unwrap();
            assert_eq!(proof.verify(root_of(&leaves[..old as usize]), root), Ok(()));
        }
    }
}
