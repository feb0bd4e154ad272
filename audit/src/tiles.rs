//! The tree as static files, in the layout of C2SP *tlog-tiles*: each tile holds up to 256 hashes of one level.
//!
//! `tile/<level>/<index>` for a full tile and `tile/<level>/<index>.p/<width>` for one that is not full yet; the
//! index is written in groups of three digits (`x001/x234/067`). A tile of level `L + 1` holds the roots of the
//! full tiles of level `L`. Full tiles never change. How they lie on the disk is [`TileFiles`]' matter.

use crate::{
    merkle::{Hash, empty_hash, node_hash, root_of, split},
    tile_files::TileFiles,
};
use std::{borrow::Cow, io, path::Path};

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

/// Level, index and width of the tile that has this path; none has any other text.
#[must_use]
pub fn tile_at(path: &str) -> Option<(u8, u64, u64)> {
    let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let (groups, width) = match rest.split_once(".p/") {
        Some((groups, width)) => (groups, width.parse().ok().filter(|width| *width < WIDTH)?),
        None => (rest, WIDTH),
    };
    let mut index = 0_u64;
    for group in groups.split('/') {
        let digits: u64 = group.strip_prefix('x').unwrap_or(group).parse().ok()?;
        index = index.checked_mul(1_000)?.checked_add(digits)?;
    }
    let tile = (level.parse().ok()?, index, width);
    (width > 0 && tile_path(tile.0, tile.1, tile.2) == path).then_some(tile)
}

/// The tree of one size, as far as it was written.
#[derive(Debug, Clone)]
pub struct Tiles {
    files: TileFiles,
    /// How many leaves.
    size: u64,
    /// The last tile of each level, not full.
    edge: Vec<Vec<Hash>>,
}

impl Tiles {
    /// An empty tree, to be written to `files`.
    #[must_use]
    pub fn empty(files: TileFiles) -> Self {
        Self { files, size: 0, edge: Vec::new() }
    }

    /// The tree of `size` leaves that was written to `folder`.
    pub fn open(folder: &Path, size: u64) -> Result<Self, TileError> {
        let mut tiles = Self { files: TileFiles::found_in(folder), size, edge: Vec::new() };
        let mut hashes = size;
        while hashes > 0 {
            let level = tiles.edge.len();
            let width = hashes % WIDTH;
            let edge =
                if width == 0 { Vec::new() } else { tiles.files.read(level as u8, hashes / WIDTH, width)? };
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
            self.files.write(level, index, &full)?;
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
                self.files.write(level as u8, hashes / WIDTH, edge)?;
            }
            hashes /= WIDTH;
        }
        Ok(())
    }

    /// Makes what was written durable.
    pub(crate) fn sync(&self) -> Result<(), TileError> {
        (0..self.edge.len()).try_for_each(|level| self.files.sync(level as u8))
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
            None => self.files.read(level, tile, WIDTH).map(Cow::Owned),
        }
    }

    /// The first `width` hashes of a tile; none where the tree does not have so many there.
    pub fn tile(&self, level: u8, tile: u64, width: u64) -> Result<Option<Vec<Hash>>, TileError> {
        let held = self.size.checked_shr(8 * u32::from(level)).unwrap_or(0);
        let end = tile.checked_mul(WIDTH).and_then(|first| first.checked_add(width));
        if !(1..=WIDTH).contains(&width) || end.is_none_or(|end| end > held) {
            return Ok(None);
        }
        Ok(self.hashes(level, tile)?.get(..width as usize).map(<[Hash]>::to_vec))
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
    fn only_paths_that_tiles_have_are_read() {
        for (level, index, width) in [(0, 67, 256), (1, 1_234_067, 8), (63, 0, 255), (0, u64::MAX / 256, 1)] {
            assert_eq!(tile_at(&tile_path(level, index, width)), Some((level, index, width)));
        }
        for path in [
            "",
            "0",
            "0/67",
            "../signing-key",
            "0/../../signing-key",
            "0/000.p/../x",
            "0/000.p",
            "0//000",
            "0/x000",
            "/0/000",
            "0/000/",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/1000",
            "00/000",
            "+0/000",
            "a/000",
            "0/000.p/1/000",
            "0/x99999999999999999999/000",
        ] {
            assert_eq!(tile_at(&format!("tile/{path}")), None, "{path}");
        }
    }

    #[test]
    fn roots_equal_those_of_the_definition_at_every_size() {
        let folder = tempfile::tempdir().unwrap();
        let mut tiles = Tiles::empty(TileFiles::packed(folder.path()));
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
        let mut tiles = Tiles::empty(TileFiles::packed(folder.path()));
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
        let last = again.tile(0, 273, 112).unwrap();
        assert_eq!(last.as_deref(), Some(&leaves[273 * 256..]), "the last tile so far");
        assert_eq!(again.tile(0, 273, 113).unwrap(), None);
        assert_eq!(again.tile(0, 3, 10).unwrap().as_deref(), Some(&leaves[768..778]));
        assert_eq!(again.tile(9, 0, 1).unwrap(), None);
    }
}
