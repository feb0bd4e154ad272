//! The hashes that were published as tiles, for saying which record is not what was signed, and which tile is not
//! what belongs there.

use crate::{
    merkle::{Hash, root_of},
    note::Checkpoint,
    tiles::{Tiles, WIDTH, tile_path},
};
use std::path::Path;

/// Hashes under a checkpoint, read a tile at a time: records come in order, so each tile is read once.
#[derive(Debug)]
pub struct PublishedLeaves {
    /// None where they do not have the signed root: then they prove nothing about single records.
    tiles: Option<Tiles>,
    /// The last tile that was read of the first and the second level, with its hashes.
    read: [Option<(u64, Vec<Hash>)>; 2],
    /// Tiles that cannot be read, or all of them.
    unreadable: Vec<String>,
}

impl PublishedLeaves {
    /// The hashes in the tiles of `folder`; none if it has no tiles, which can be made again from the records.
    #[must_use]
    pub fn open(folder: &Path, signed: &Checkpoint) -> Option<Self> {
        if !["tile", "tiles"].iter().any(|name| folder.join(name).is_dir()) {
            return None;
        }
        let tiles = Tiles::open(folder, signed.size).ok().filter(|tiles| tiles.root() == signed.root);
        let unreadable = if tiles.is_none() { vec!["tile".to_owned()] } else { Vec::new() };
        Some(Self { tiles, read: [None, None], unreadable })
    }

    /// The leaf's hash as it was published; none beyond the checkpoint, or if its tile cannot be read.
    pub(crate) fn leaf(&mut self, index: u64) -> Option<Hash> {
        self.hash(0, index)
    }

    /// The root over the 256 leaves of one tile as the level above has it.
    pub(crate) fn group(&mut self, index: u64) -> Option<Hash> {
        self.hash(1, index)
    }

    fn hash(&mut self, level: u8, index: u64) -> Option<Hash> {
        let tiles = self.tiles.as_ref()?;
        if index >= tiles.size() >> (8 * u32::from(level)) {
            return None;
        }
        let (tile, read) = (index / WIDTH, self.read.get_mut(usize::from(level))?);
        if read.as_ref().is_none_or(|(number, _)| *number != tile) {
            let hashes = tiles.hashes(level, tile).map(|hashes| hashes.into_owned());
            if hashes.is_err() {
                self.unreadable.push(tile_path(level, tile, WIDTH));
            }
            *read = Some((tile, hashes.unwrap_or_default()));
        }
        read.as_ref()?.1.get((index % WIDTH) as usize).copied()
    }

    /// The path of the tile that has the leaf.
    pub(crate) fn tile_of(&self, leaf: u64) -> String {
        tile_path(0, leaf / WIDTH, WIDTH)
    }

    /// The tiles that could not be read, and those above the second level that are not the roots of those below.
    /// What the second level has is compared with records.
    pub(crate) fn wrong_tiles(mut self) -> Vec<String> {
        let mut wrong = std::mem::take(&mut self.unreadable);
        let Some(tiles) = self.tiles else { return wrong };
        for level in 1_u8.. {
            let full = tiles.size() >> (8 * (u32::from(level) + 1));
            if full == 0 {
                break;
            }
            for tile in 0..full {
                let root = tiles.hashes(level, tile).map(|hashes| root_of(&hashes));
                let above = tiles.hashes(level + 1, tile / WIDTH);
                let above = above.ok().and_then(|hashes| hashes.get((tile % WIDTH) as usize).copied());
                let path = tile_path(level, tile, WIDTH);
                if root.ok() != above && !wrong.contains(&path) {
                    wrong.push(path);
                }
            }
        }
        wrong
    }
}
