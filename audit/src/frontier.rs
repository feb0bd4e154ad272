//! The tree as it grows, in memory: only the roots of the perfect subtrees at its right edge, which is all that
//! its root needs. For checking a history from one end to the other; it can prove nothing about single leaves.

use crate::{
    merkle::{Hash, empty_hash, node_hash},
    tiles::WIDTH,
};

/// A tree's right edge.
#[derive(Debug, Clone, Default)]
pub struct Frontier {
    size: u64,
    /// The perfect subtrees, the largest first; one for each bit of the size.
    roots: Vec<Hash>,
}

impl Frontier {
    /// How many leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf. With the last of each 256 leaves it answers the root over these, which is what a tile of the
    /// second level has of them.
    pub fn push(&mut self, leaf: Hash) -> Option<Hash> {
        let (mut hash, mut group) = (leaf, None);
        // Each subtree that is full now joins the one of its size before it.
        for height in 1..=self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                hash = node_hash(left, hash);
            }
            if height == WIDTH.ilog2() {
                group = Some(hash);
            }
        }
        self.roots.push(hash);
        self.size += 1;
        group
    }

    /// The root of the whole tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let from_the_right = self.roots.iter().rev().copied();
        from_the_right.reduce(|right, left| node_hash(left, right)).unwrap_or_else(empty_hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{leaf_hash, root_of};

    #[test]
    fn roots_equal_those_of_the_definition_at_every_size() {
        let (mut tree, mut leaves) = (Frontier::default(), Vec::new());
        assert_eq!(tree.root(), root_of(&[]));
        for number in 0..1_100_u32 {
            leaves.push(leaf_hash(&number.to_le_bytes()));
            let group = tree.push(leaves[number as usize]);
            let full = leaves.len().is_multiple_of(256);
            assert_eq!(group, full.then(|| root_of(&leaves[leaves.len() - 256..])), "{number}");
            assert_eq!((tree.size(), tree.root()), (u64::from(number) + 1, root_of(&leaves)));
        }
    }
}
