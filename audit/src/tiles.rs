//! The tree as static files, in the layout of C2SP *tlog-tiles*: each tile holds up to 256 hashes of one level.
//!
//! `tile/<level>/<index>` for a full tile and `tile/<level>/<index>.p/<width>` for one that is not full yet; the
//! index is written in groups of three digits (`x001/x234/067`). A tile of level `L + 1` holds the roots of the
//! full tiles of level `L`. Full tiles never change.

use crate::merkle::{Hash, empty_hash, node_hash, root_of, split};
use std::{
    borrow::Cow,
    fs, io,
    path::{Path, PathBuf},
};

/// Hashes per full tile.
pub(crate) const WIDTH: u64 = 256;

/// What is wrong with the tiles.
#[derive(Debug, thiserror::Error)]
pub enum TileError {
    #[error("tile {path}: {source}")]
    Io { path: String, source: io::Error },
    #[error(
        "tile {path} has {found} bytes where {expected} belong; the tiles are damaged and can be rebuilt from the log"
    )]
    Damaged { path: String, found: usize, expected: usize },
}

/// The path of a tile below its folder; `width` is 256 for a full one.
#[must_use]
pub fn tile_path(level: u8, index: u64, width: u64) -> String {
    let mut name = format!("{:03}", index % 1_000);
    let mut rest = index / 1_000;
    while rest > 0 {
        name = format!("x{:03}/{name}", rest % 1_000);
        rest /= 1_000;
    }
    if width == WIDTH { format!("tile/{level}/{name}") } else { format!("tile/{level}/{name}.p/{width}") }
}

/// The tree of one size, as far as it was written.
#[derive(Debug, Clone)]
pub struct Tiles {
    folder: PathBuf,
    /// How many leaves.
    size: u64,
    /// The last tile of each level, not full.
    edge: Vec<Vec<Hash>>,
}

impl Tiles {
    /// An empty tree in `folder`.
    #[must_use]
    pub fn empty(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), size: 0, edge: Vec::new() }
    }

    /// The tree of `size` leaves that was written to `folder`.
    pub fn open(folder: &Path, size: u64) -> Result<Self, TileError> {
        let mut tiles = Self { folder: folder.to_owned(), size, edge: Vec::new() };
        let mut hashes = size;
        while hashes > 0 {
            let level = tiles.edge.len();
            let width = hashes % WIDTH;
            let edge =
                if width == 0 { Vec::new() } else { tiles.read(level as u8, hashes / WIDTH, width)? };
            tiles.edge.push(edge);
            hashes /= WIDTH;
        }
        Ok(tiles)
    }

    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; writes the tiles that are full now.
    pub fn push(&mut self, leaf: Hash) -> Result<(), TileError> {
        self.size += 1;
        let (mut hash, mut level, mut index) = (leaf, 0_u8, (self.size - 1) / WIDTH);
        loop {
            if self.edge.len() == usize::from(level) {
                self.edge.push(Vec::with_capacity(WIDTH as usize));
            }
            let edge = &mut self.edge[usize::from(level)];
            edge.push(hash);
            if (edge.len() as u64) < WIDTH {
                return Ok(());
            }
            let full = std::mem::take(edge);
            self.write(level, index, &full)?;
            hash = root_of(&full);
            level += 1;
            index /= WIDTH;
        }
    }

    /// Writes the tiles that are not full, so that the tree of this size can be opened again.
    pub fn write_edge(&self) -> Result<(), TileError> {
        let mut hashes = self.size;
        for (level, edge) in self.edge.iter().enumerate() {
            if !edge.is_empty() {
                self.write(level as u8, hashes / WIDTH, edge)?;
            }
            hashes /= WIDTH;
        }
        Ok(())
    }

    /// The root of the whole tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        // Each level's edge stands for what is right of the full tiles above it.
        let mut root: Option<Hash> = None;
        for edge in self.edge.iter() {
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

    /// The root over leaves `from..to` of this tree.
    pub(crate) fn root_over(&self, from: u64, to: u64) -> Result<Hash, TileError> {
        let count = to - from;
        if count.is_power_of_two() && from.is_multiple_of(count) {
            return self.perfect(count.ilog2(), from / count);
        }
        let middle = from + split(count);
        Ok(node_hash(self.root_over(from, middle)?, self.root_over(middle, to)?))
    }

    /// The root of perfect subtree `index` of height `height`.
    fn perfect(&self, height: u32, index: u64) -> Result<Hash, TileError> {
        let (level, within) = (height / 8, height % 8);
        let first = index << within;
        let (tile, offset) = (first / WIDTH, (first % WIDTH) as usize);
        let hashes = self.hashes(level as u8, tile)?;
        let wanted = hashes.get(offset..offset + (1 << within)).ok_or_else(|| TileError::Damaged {
            path: tile_path(level as u8, tile, WIDTH),
            found: hashes.len() * 32,
            expected: (offset + (1 << within)) * 32,
        })?;
        Ok(root_of(wanted))
    }

    /// All hashes of one tile: from memory if it is the last of its level, else from its file.
    pub(crate) fn hashes(&self, level: u8, tile: u64) -> Result<Cow<'_, [Hash]>, TileError> {
        let held = self.size >> (8 * u32::from(level));
        match self.edge.get(usize::from(level)).filter(|_| tile == held / WIDTH) {
            Some(edge) => Ok(Cow::Borrowed(edge)),
            None => self.read(level, tile, WIDTH).map(Cow::Owned),
        }
    }

    fn read(&self, level: u8, index: u64, width: u64) -> Result<Vec<Hash>, TileError> {
        let path = tile_path(level, index, width);
        let bytes = fs::read(self.folder.join(&path))
            .map_err(|source| TileError::Io { path: path.clone(), source })?;
        let expected = (width * 32) as usize;
        if bytes.len() != expected {
            return Err(TileError::Damaged { path, found: bytes.len(), expected });
        }
        let hash = |chunk: &[u8]| Hash(std::array::from_fn(|at| chunk[at]));
        Ok(bytes.chunks_exact(32).map(hash).collect())
    }

    fn write(&self, level: u8, index: u64, hashes: &[Hash]) -> Result<(), TileError> {
        let path = tile_path(level, index, hashes.len() as u64);
        let file = self.folder.join(&path);
        let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
        let written =
            fs::create_dir_all(file.parent().unwrap_or(&self.folder)).and_then(|()| fs::write(&file, bytes));
        written.map_err(|source| TileError::Io { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::leaf_hash;

    #[test]
    fn paths_are_written_in_groups_of_three_digits() {
        assert_eq!(tile_path(0, 67, 256), "tile/0/067");
        assert_eq!(tile_path(1, 1_234_067, 8), "tile/1/x001/x234/067.p/8");
    }

    #[test]
    fn roots_equal_those_of_the_definition_at_every_size() {
        let folder = tempfile::tempdir().unwrap();
        let mut tiles = Tiles::empty(folder.path());
        let mut leaves = Vec::new();
        for number in 0..1_100_u32 {
            leaves.push(leaf_hash(&number.to_le_bytes()));
            tiles.push(leaves[number as usize]).unwrap();
            assert_eq!(tiles.root(), root_of(&leaves), "size {}", number + 1);
        }
    }

    #[test]
    fn a_tree_that_was_written_can_be_opened_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut tiles = Tiles::empty(folder.path());
        let leaves: Vec<Hash> = (0..70_000_u32).map(|number| leaf_hash(&number.to_le_bytes())).collect();
        for leaf in &leaves[..66_000] {
            tiles.push(*leaf).unwrap();
        }
        tiles.write_edge().unwrap();
        let mut again = Tiles::open(folder.path(), 66_000).unwrap();
        assert_eq!(again.root(), tiles.root());
        for leaf in &leaves[66_000..] {
            again.push(*leaf).unwrap();
        }
        assert_eq!(again.root(), root_of(&leaves));
        assert_eq!(again.root_over(0, 70_000).unwrap(), root_of(&leaves));
        assert_eq!(again.root_over(4_096, 69_999).unwrap(), root_of(&leaves[4_096..69_999]));
    }
}
