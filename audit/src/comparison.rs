//! Compares a history, record by record, with what was signed over it, and says which record is not what was signed.
//!
//! The signed roots decide; the published hashes only help to name the place. Where the records have the signed root,
//! it is a published hash that is wrong, and no record. Where neither of both can be believed, both are named.

use crate::{
    edge::TreeEdge,
    merkle::{Hash, root_of},
    note::Checkpoint,
    published::{PublishedLeaves, TileState},
    tiles::WIDTH,
};
use std::{collections::BTreeMap, convert::Infallible};

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// This record is not what was signed.
    Record { position: u64 },
    /// One or more of these are not, and the hashes of all were put right for it.
    Among { first: u64, last: u64 },
    /// All records of the newest checkpoint together do not have its root.
    Root { size: u64 },
    /// The same, of a checkpoint that was kept.
    Rewritten { size: u64 },
    /// This file of published hashes is not what was signed.
    Tile { path: String },
    /// This file of published hashes contradicts these records, and nothing that is known to be right says which of
    /// both was changed.
    TileOrRecords { path: String, first: u64, last: u64 },
}

/// What a comparison showed: first about single records, then about the whole.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Compared {
    pub of_records: Vec<Mismatch>,
    pub of_all: Vec<Mismatch>,
    /// Whether there was more about single records.
    pub more: bool,
    /// Kept checkpoints that were reached.
    pub kept: u64,
    /// Whether the newest checkpoint was reached, whatever its root.
    pub reached_newest: bool,
    /// Whether all records of the newest checkpoint together have its root.
    pub has_signed_root: bool,
}

/// More about single records is not listed.
const MOST_LISTED: usize = 100;
/// More tiles with something in them are not looked at.
const MOST_SUSPECTS: usize = 4_096;

/// A comparison under way.
pub struct Comparison {
    tree: TreeEdge,
    newest: Option<Checkpoint>,
    kept: Vec<Checkpoint>,
    leaves: Option<PublishedLeaves>,
    /// All records so far were there, so that roots mean something.
    whole: bool,
    /// … and each stood where it belongs.
    in_place: bool,
    /// By tile of the first level.
    suspects: BTreeMap<u64, Suspect>,
    found: Compared,
}

/// A tile's worth of records that differ from what was published.
#[derive(Debug, Default)]
struct Suspect {
    /// The positions whose hash is not the published one.
    records: Vec<u64>,
    /// The root over the tile's records, where all of them stood in place.
    root: Option<Hash>,
    /// Whether that is not the root that was published in the level above.
    differs_above: bool,
}

impl Comparison {
    /// Compares with the newest checkpoint, those that were kept, and the published hashes.
    #[must_use]
    pub fn new(newest: Option<Checkpoint>, kept: Vec<Checkpoint>, leaves: Option<PublishedLeaves>) -> Self {
        let (tree, found, suspects) = (TreeEdge::default(), Compared::default(), BTreeMap::new());
        Self { tree, newest, kept, leaves, whole: true, in_place: true, suspects, found }
    }

    /// Records so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The root over them.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// Records could not be read; those that follow are compared with the published hashes only.
    pub fn skip(&mut self) {
        (self.whole, self.in_place) = (false, false);
    }

    /// The next record: the place it says it has, counted from zero, and its leaf hash.
    pub fn take(&mut self, index: u64, leaf: Hash) {
        self.in_place &= index == self.tree.size();
        if let Some(leaves) = &mut self.leaves
            && leaves.leaf(index).is_some_and(|published| published != leaf)
            && let Some(suspect) = self.suspect(index / WIDTH)
        {
            suspect.records.push(index + 1);
        }
        let mut group = None;
        let Ok(()) = self.tree.push(leaf, |level, tile, hashes| -> Result<(), Infallible> {
            group = (level == 0).then(|| (tile, root_of(hashes))).or(group);
            Ok(())
        });
        if let Some((tile, root)) = group.filter(|_| self.in_place) {
            self.compare_group(tile, root);
        }
        if self.whole {
            self.compare_roots();
        }
    }

    fn suspect(&mut self, tile: u64) -> Option<&mut Suspect> {
        if self.suspects.len() >= MOST_SUSPECTS && !self.suspects.contains_key(&tile) {
            self.found.more = true;
            return None;
        }
        Some(self.suspects.entry(tile).or_default())
    }

    fn compare_group(&mut self, tile: u64, root: Hash) {
        let published = self.leaves.as_mut().and_then(|leaves| leaves.group(tile));
        let differs_above = published.is_some_and(|published| published != root);
        if (differs_above || self.suspects.contains_key(&tile))
            && let Some(suspect) = self.suspect(tile)
        {
            (suspect.root, suspect.differs_above) = (Some(root), differs_above);
        }
    }

    fn compare_roots(&mut self) {
        let size = self.tree.size();
        if let Some(newest) = self.newest.as_ref().filter(|newest| newest.size == size) {
            self.found.has_signed_root = self.tree.root() == newest.root;
            self.found.reached_newest = true;
            if !self.found.has_signed_root {
                self.found.of_all.push(Mismatch::Root { size });
            }
            if let Some(leaves) = &mut self.leaves {
                leaves.know_the_edge(self.in_place.then_some(&self.tree));
            }
        }
        for kept in self.kept.iter().filter(|kept| kept.size == size) {
            self.found.kept += 1;
            if self.tree.root() != kept.root {
                self.found.of_all.push(Mismatch::Rewritten { size });
            }
        }
    }

    /// What was found.
    #[must_use]
    pub fn end(mut self) -> Compared {
        let Some(mut leaves) = self.leaves.take() else { return self.found };
        if !self.found.reached_newest {
            leaves.know_the_edge(None);
        }
        let suspects = std::mem::take(&mut self.suspects);
        let mut found = Vec::new();
        for (tile, suspect) in suspects {
            if self.found.has_signed_root {
                tiles_at_fault(tile, &suspect, &leaves, &mut found);
            } else {
                at_fault(tile, suspect, &mut leaves, &mut found);
            }
        }
        found.extend(leaves.wrong_tiles().into_iter().map(|path| Mismatch::Tile { path }));
        for (path, (first, last)) in leaves.doubtful_edge() {
            let doubt = Mismatch::TileOrRecords { path, first, last };
            if !found.contains(&doubt) {
                found.push(doubt);
            }
        }
        let mut tiles: Vec<&Mismatch> = Vec::new();
        found.iter().filter(|one| matches!(one, Mismatch::Tile { .. })).for_each(|one| {
            if !tiles.contains(&one) {
                tiles.push(one);
            }
        });
        let records = found.iter().filter(|one| !matches!(one, Mismatch::Tile { .. }));
        let mut listed: Vec<Mismatch> = records.cloned().collect();
        listed.extend(tiles.into_iter().cloned());
        self.found.more |= listed.len() > MOST_LISTED;
        listed.truncate(MOST_LISTED);
        self.found.of_records = listed;
        self.found
    }
}

/// All records are what was signed, so what differs from them is a tile's fault.
fn tiles_at_fault(tile: u64, suspect: &Suspect, leaves: &PublishedLeaves, found: &mut Vec<Mismatch>) {
    if !suspect.records.is_empty() {
        found.push(Mismatch::Tile { path: leaves.path(0, tile) });
    }
    if suspect.differs_above {
        found.push(Mismatch::Tile { path: leaves.path(1, tile / WIDTH) });
    }
}

/// Whether it is records or the tile, as far as what is known to be right can tell.
fn at_fault(tile: u64, suspect: Suspect, leaves: &mut PublishedLeaves, found: &mut Vec<Mismatch>) {
    let (path, (first, last)) = (leaves.path(0, tile), leaves.leaves_below(tile));
    match leaves.state(0, tile) {
        TileState::Right => {
            found.extend(suspect.records.into_iter().map(|position| Mismatch::Record { position }));
        }
        TileState::Wrong if leaves.is_edge(0, tile) => found.push(Mismatch::Tile { path }),
        TileState::Wrong => {
            found.push(Mismatch::Tile { path: path.clone() });
            let right = leaves.vouched(0, tile);
            match suspect.root {
                Some(root) if right == Some(root) => {}
                Some(_) if right.is_some() => found.push(Mismatch::Among { first, last }),
                _ => found.push(Mismatch::TileOrRecords { path, first, last }),
            }
        }
        TileState::Unknown => found.push(Mismatch::TileOrRecords { path, first, last }),
    }
}
