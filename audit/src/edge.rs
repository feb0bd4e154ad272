//! The right edge of the tree: of each level the tile that is not full yet. It is all that the root needs, and all that
//! has to be kept while leaves are added; it can prove nothing about single leaves.

use crate::{
    merkle::{Hash, empty_hash, node_hash, root_of},
    tiles::WIDTH,
};

/// A tree's right edge.
#[derive(Debug, Clone, Default)]
pub(crate) struct TreeEdge {
    /// How many leaves.
    size: u64,
    /// The last tile of each level, not full.
    levels: Vec<Vec<Hash>>,
}

impl TreeEdge {
    /// The edge of a tree of `size` leaves, as these tiles have it.
    pub(crate) fn of(size: u64, levels: Vec<Vec<Hash>>) -> Self {
        Self { size, levels }
    }

    /// The width of the edge tile of each level that a tree of `size` leaves has: zero where it ends with a full one.
    pub(crate) fn widths(size: u64) -> impl Iterator<Item = (u8, u64, u64)> {
        let levels = (0_u8..8).map(move |level| (level, size >> (8 * u32::from(level))));
        levels.take_while(|(_, held)| *held > 0).map(|(level, held)| (level, held / WIDTH, held % WIDTH))
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The edge tile of each level, from the leaves upwards.
    pub(crate) fn levels(&self) -> &[Vec<Hash>] {
        &self.levels
    }

    /// Adds a leaf; hands on the tiles that are full now, with level and index.
    pub(crate) fn push<E>(
        &mut self,
        leaf: Hash,
        mut full: impl FnMut(u8, u64, &[Hash]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.size += 1;
        let (mut hash, mut index) = (leaf, (self.size - 1) / WIDTH);
        for level in 0.. {
            if self.levels.len() == usize::from(level) {
                self.levels.push(Vec::with_capacity(WIDTH as usize));
            }
            let edge = &mut self.levels[usize::from(level)];
            edge.push(hash);
            if (edge.len() as u64) < WIDTH {
                break;
            }
            let tile = std::mem::take(edge);
            full(level, index, &tile)?;
            hash = root_of(&tile);
            index /= WIDTH;
        }
        Ok(())
    }

    /// The root of the whole tree.
    pub(crate) fn root(&self) -> Hash {
        // Each level's edge stands for what is right of the full tiles above it.
        let mut root: Option<Hash> = None;
        for edge in &self.levels {
            let mut hashes = edge.as_slice();
            let mut parts = Vec::new();
            while !hashes.is_empty() {
                let perfect = 1_usize << hashes.len().ilog2();
                let (part, rest) = hashes.split_at(perfect);
                parts.push(root_of(part));
                hashes = rest;
            }
            for part in parts.into_iter().rev() {
                root = Some(root.map_or(part, |right| node_hash(part, right)));
            }
        }
        root.unwrap_or_else(empty_hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::leaf_hash;
    use std::convert::Infallible;

    #[test]
    fn roots_equal_those_of_the_definition_at_every_size() {
        let (mut edge, mut leaves, mut groups) = (TreeEdge::default(), Vec::new(), Vec::new());
        assert_eq!(edge.root(), root_of(&[]));
        for number in 0..1_100_u32 {
            leaves.push(leaf_hash(&number.to_le_bytes()));
            let full = |level: u8, index: u64, hashes: &[Hash]| -> Result<(), Infallible> {
                groups.push((level, index, hashes.to_vec()));
                Ok(())
            };
            let Ok(()) = edge.push(leaves[number as usize], full);
            assert_eq!(edge.root(), root_of(&leaves), "size {}", number + 1);
        }
        assert_eq!(groups.len(), 4);
        assert_eq!(groups[3], (0, 3, leaves[768..1_024].to_vec()));
        assert_eq!(TreeEdge::widths(1_100).collect::<Vec<_>>(), [(0, 4, 76), (1, 0, 4)]);
    }
}
