//! The hashes that were published as tiles: what each record's hash was, and which of these tiles are what was signed.
//!
//! The signed root vouches for the tiles at the right edge, an edge tile for the full ones below it, and these for those
//! below them. So each tile is right, wrong, or of no tile's knowledge, and a wrong one is named by its path.

use crate::{
    edge::TreeEdge,
    merkle::{Hash, root_of},
    note::Checkpoint,
    tile_files::TileFiles,
    tiles::{WIDTH, tile_path},
};
use std::{collections::BTreeMap, path::Path};

/// What is known of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TileState {
    /// Its hashes are those that were signed over.
    Right,
    Wrong,
    /// The tile above it, which would tell, is itself not known to be right.
    Unknown,
}

/// Hashes under a checkpoint, read a tile at a time: records come in order, so each tile is read once.
#[derive(Debug)]
pub struct PublishedLeaves {
    files: TileFiles,
    signed: Checkpoint,
    /// The edge tile of each level as published; none where it cannot be read.
    edge: Vec<Option<Vec<Hash>>>,
    /// The last tile that was read of the first and the second level, with its hashes.
    read: [Option<(u64, Vec<Hash>)>; 2],
    /// Which edge tiles are right, once this was found out.
    edge_states: Vec<TileState>,
    /// The same tiles as the records make them, where all records were there.
    edge_of_records: Option<TreeEdge>,
    states: BTreeMap<(u8, u64), TileState>,
}

impl PublishedLeaves {
    /// The hashes in the tiles of `folder`; none if it has no tiles, which can be made again from the records.
    #[must_use]
    pub fn open(folder: &Path, signed: &Checkpoint) -> Option<Self> {
        if !["tile", "tiles"].iter().any(|name| folder.join(name).is_dir()) {
            return None;
        }
        let files = TileFiles::found_in(folder);
        let read = |(level, index, width)| match width {
            0 => Some(Vec::new()),
            _ => files.read(level, index, width).ok(),
        };
        let edge = TreeEdge::widths(signed.size).map(read).collect();
        let (edge_states, states) = (Vec::new(), BTreeMap::new());
        let (signed, read) = (signed.clone(), [None, None]);
        Some(Self { files, signed, edge, read, edge_states, edge_of_records: None, states })
    }

    /// The leaf's hash as it was published; none beyond the checkpoint, or if its tile cannot be read.
    pub(crate) fn leaf(&mut self, index: u64) -> Option<Hash> {
        self.hash(0, index)
    }

    /// The root over the 256 leaves of one tile as the level above has it.
    pub(crate) fn group(&mut self, tile: u64) -> Option<Hash> {
        self.hash(1, tile)
    }

    fn hash(&mut self, level: u8, index: u64) -> Option<Hash> {
        if index >= self.held(level) {
            return None;
        }
        let (tile, at) = (index / WIDTH, (index % WIDTH) as usize);
        let kept = self.read.get(usize::from(level))?;
        if kept.as_ref().is_none_or(|(number, _)| *number != tile) {
            let hashes = self.tile(level, tile).unwrap_or_default();
            self.read[usize::from(level)] = Some((tile, hashes));
        }
        self.read[usize::from(level)].as_ref()?.1.get(at).copied()
    }

    /// Hashes of a level.
    fn held(&self, level: u8) -> u64 {
        self.signed.size.checked_shr(8 * u32::from(level)).unwrap_or(0)
    }

    /// Whether it is the last tile of its level, which is not full.
    pub(crate) fn is_edge(&self, level: u8, tile: u64) -> bool {
        tile == self.held(level) / WIDTH
    }

    fn tile(&self, level: u8, tile: u64) -> Option<Vec<Hash>> {
        if self.is_edge(level, tile) {
            return self.edge.get(usize::from(level)).cloned().flatten();
        }
        self.files.read(level, tile, WIDTH).ok()
    }

    /// The tile's path.
    pub(crate) fn path(&self, level: u8, tile: u64) -> String {
        let width = if self.is_edge(level, tile) { self.held(level) % WIDTH } else { WIDTH };
        tile_path(level, tile, width)
    }

    /// The places of the leaves below a tile of the first level, counted from one.
    pub(crate) fn leaves_below(&self, tile: u64) -> (u64, u64) {
        (tile * WIDTH + 1, ((tile + 1) * WIDTH).min(self.signed.size))
    }

    /// Finds out which tiles at the edge are right: those that together have the signed root. Where they do not, some of
    /// them are replaced by what the records make of them, if that leads to the signed root: then it is these.
    pub(crate) fn know_the_edge(&mut self, of_records: Option<&TreeEdge>) {
        let published = |level: usize| self.edge.get(level).cloned().flatten();
        let of_records = of_records.filter(|edge| edge.size() == self.signed.size);
        self.edge_of_records = of_records.cloned();
        let levels = self.edge.len();
        let mut choices: Vec<u32> = (0..1_u32 << levels).collect();
        choices.sort_by_key(|replaced| replaced.count_ones());
        for replaced in choices {
            let taken = (0..levels).map(|level| match (replaced >> level & 1, of_records) {
                (0, _) => published(level),
                (_, Some(edge)) => edge.levels().get(level).cloned(),
                _ => None,
            });
            let Some(taken) = taken.collect::<Option<Vec<_>>>() else { continue };
            if TreeEdge::of(self.signed.size, taken).root() == self.signed.root {
                let state =
                    |level| if replaced >> level & 1 == 0 { TileState::Right } else { TileState::Wrong };
                self.edge_states = (0..levels).map(state).collect();
                return;
            }
        }
        let unread = |edge: &Option<Vec<Hash>>| match edge {
            None => TileState::Wrong,
            Some(hashes) if hashes.is_empty() => TileState::Right,
            Some(_) => TileState::Unknown,
        };
        self.edge_states = self.edge.iter().map(unread).collect();
    }

    /// Whether the tile is right. [`Self::know_the_edge`] comes first.
    pub(crate) fn state(&mut self, level: u8, tile: u64) -> TileState {
        if self.is_edge(level, tile) {
            return self.edge_states.get(usize::from(level)).copied().unwrap_or(TileState::Unknown);
        }
        if let Some(known) = self.states.get(&(level, tile)) {
            return *known;
        }
        let state = match (self.tile(level, tile), self.vouched(level, tile)) {
            (None, _) => TileState::Wrong,
            (Some(_), None) => TileState::Unknown,
            (Some(hashes), Some(root)) if root_of(&hashes) == root => TileState::Right,
            (Some(_), Some(_)) => TileState::Wrong,
        };
        self.states.insert((level, tile), state);
        state
    }

    /// The root over a full tile as the tile above has it; none where that is not known to be right.
    pub(crate) fn vouched(&mut self, level: u8, tile: u64) -> Option<Hash> {
        let (above, at) = (tile / WIDTH, (tile % WIDTH) as usize);
        if self.state(level + 1, above) != TileState::Right {
            return None;
        }
        self.tile(level + 1, above)?.get(at).copied()
    }

    /// Edge tiles that are not known to be right and differ from what the records make of them, with the leaves below them.
    pub(crate) fn doubtful_edge(&self) -> Vec<(String, (u64, u64))> {
        let levels = (0_u8..).zip(self.edge_states.iter().zip(&self.edge));
        let doubtful = levels.filter_map(|(level, (state, published))| {
            let made = self.edge_of_records.as_ref().map(|edge| edge.levels().get(usize::from(level)));
            let agrees = made.is_some_and(|made| made == published.as_ref());
            let (tile, each) = (self.held(level) / WIDTH, WIDTH.pow(u32::from(level) + 1));
            let below = (tile.saturating_mul(each) + 1, self.signed.size);
            (*state == TileState::Unknown && !agrees).then(|| (self.path(level, tile), below))
        });
        doubtful.collect()
    }

    /// The tiles above the first level, and those at the edge, that are wrong.
    pub(crate) fn wrong_tiles(&mut self) -> Vec<String> {
        let levels = u8::try_from(self.edge.len()).unwrap_or(u8::MAX);
        let mut wrong = Vec::new();
        for level in 0..levels {
            let full = self.held(level) / WIDTH;
            let edge = u64::from(!self.held(level).is_multiple_of(WIDTH));
            let first = if level == 0 { full } else { 0 };
            for tile in first..full + edge {
                if self.state(level, tile) == TileState::Wrong {
                    wrong.push(self.path(level, tile));
                }
            }
        }
        wrong
    }
}
