//! The tree as static files, in the layout of C2SP *tlog-tiles*: each tile holds up to 256 hashes of one level.
//!
//! `tile/<level>/<index>` for a full tile and `tile/<level>/<index>.p/<width>` for one that is not full yet; the
//! index is written in groups of three digits (`x001/x234/067`). A tile of level `L + 1` holds the roots of the
//! full tiles of level `L`. Full tiles never change. How they lie on the disk is [`TileFiles`]' matter.

use crate::{
    edge::TreeEdge,
    merkle::{Hash, node_hash, root_of, split},
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
    edge: TreeEdge,
}

impl Tiles {
    /// An empty tree, to be written to `files`.
    #[must_use]
    pub fn empty(files: TileFiles) -> Self {
        Self { files, edge: TreeEdge::default() }
    }

    /// The tree of `size` leaves that was written to `folder`.
    pub fn open(folder: &Path, size: u64) -> Result<Self, TileError> {
        let files = TileFiles::found_in(folder);
        let read = |(level, index, width)| match width {
            0 => Ok(Vec::new()),
            _ => files.read(level, index, width),
        };
        let levels = TreeEdge::widths(size).map(read).collect::<Result<_, _>>()?;
        Ok(Self { files, edge: TreeEdge::of(size, levels) })
    }

    #[must_use]
    pub fn size(&self) -> u64 {
        self.edge.size()
    }

    /// Adds a leaf; writes the tiles that are full now.
    pub fn push(&mut self, leaf: Hash) -> Result<(), TileError> {
        let files = &self.files;
        self.edge.push(leaf, |level, index, full| files.write(level, index, full))
    }

    /// Writes the tiles that are not full, so that the tree of this size can be opened again.
    pub fn write_edge(&self) -> Result<(), TileError> {
        for ((level, index, _), edge) in TreeEdge::widths(self.size()).zip(self.edge.levels()) {
            if !edge.is_empty() {
                self.files.write(level, index, edge)?;
            }
        }
        Ok(())
    }

    /// Makes what was written durable.
    pub(crate) fn sync(&self) -> Result<(), TileError> {
        (0..self.edge.levels().len()).try_for_each(|level| self.files.sync(level as u8))
    }

    /// The root of the whole tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.edge.root()
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
        let held = self.size() >> (8 * u32::from(level));
        match self.edge.levels().get(usize::from(level)).filter(|_| tile == held / WIDTH) {
            Some(edge) => Ok(Cow::Borrowed(edge)),
            None => self.files.read(level, tile, WIDTH).map(Cow::Owned),
        }
    }

    /// The first `width` hashes of a tile; none where the tree does not have so many there.
    pub fn tile(&self, level: u8, tile: u64, width: u64) -> Result<Option<Vec<Hash>>, TileError> {
        let held = self.size().checked_shr(8 * u32::from(level)).unwrap_or(0);
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
