//! The tree as it grows, in memory: only the roots of the perfect subtrees at its right edge, which is all that
//! its root needs. For checking a history from one end to the other; it can prove nothing about single leaves.

use crate::merkle::{Hash, empty_hash, node_hash};

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

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each subtree that is full now joins the one of its size before it.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                hash = node_hash(left, hash);
            }
        }
        self.roots.push(hash);
        self.size += 1;
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
            tree.push(leaves[number as usize]);
            assert_eq!((tree.size(), tree.root()), (u64::from(number) + 1, root_of(&leaves)));
        }
    }
}
