//! The leaf hashes that were published as tiles, for saying which record is not what was signed.

use crate::{
    merkle::Hash,
    note::Checkpoint,
    tiles::{TileError, Tiles, WIDTH},
};
use std::path::Path;

/// Leaf hashes under a checkpoint, read a tile at a time: records come in order, so each tile is read once.
#[derive(Debug)]
pub struct PublishedLeaves {
    tiles: Tiles,
    tile: Option<u64>,
    hashes: Vec<Hash>,
}

impl PublishedLeaves {
    /// The leaves in the tiles of `folder`. None where the tiles do not have the signed root: then they prove nothing
    /// about single records.
    #[must_use]
    pub fn open(folder: &Path, signed: &Checkpoint) -> Option<Self> {
        let tiles = Tiles::open(folder, signed.size).ok().filter(|tiles| tiles.root() == signed.root)?;
        Some(Self { tiles, tile: None, hashes: Vec::new() })
    }

    /// The leaf's hash as it was published; none beyond the checkpoint.
    pub fn leaf(&mut self, index: u64) -> Result<Option<Hash>, TileError> {
        if index >= self.tiles.size() {
            return Ok(None);
        }
        let tile = index / WIDTH;
        if self.tile != Some(tile) {
            self.hashes = self.tiles.hashes(0, tile)?.into_owned();
            self.tile = Some(tile);
        }
        Ok(self.hashes.get((index % WIDTH) as usize).copied())
    }
}
