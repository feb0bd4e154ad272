//! Compares a history, record by record, with what was signed over it, and says which record is not what was signed.
//!
//! The signed roots decide; the published hashes only help to name the place. Where the records have the signed root,
//! it is a published hash that is wrong, and no record.

use crate::{
    frontier::Frontier,
    merkle::Hash,
    note::Checkpoint,
    published::PublishedLeaves,
    tiles::{WIDTH, tile_path},
};

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
    /// The records are what was signed; this file of published hashes is not.
    Tile { path: String },
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
}

/// More about single records is not listed.
const MOST_LISTED: usize = 100;

/// A comparison under way.
pub struct Comparison {
    tree: Frontier,
    newest: Option<Checkpoint>,
    kept: Vec<Checkpoint>,
    leaves: Option<PublishedLeaves>,
    /// All records so far were there, so that roots mean something.
    whole: bool,
    /// … and each stood where it belongs.
    in_place: bool,
    newest_holds: Option<bool>,
    found: Compared,
}

impl Comparison {
    /// Compares with the newest checkpoint, those that were kept, and the published hashes.
    #[must_use]
    pub fn new(newest: Option<Checkpoint>, kept: Vec<Checkpoint>, leaves: Option<PublishedLeaves>) -> Self {
        let (tree, found) = (Frontier::default(), Compared::default());
        Self { tree, newest, kept, leaves, whole: true, in_place: true, newest_holds: None, found }
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
        {
            self.note(Mismatch::Record { position: index + 1 });
        }
        let group = self.tree.push(leaf);
        if let Some(group) = group.filter(|_| self.in_place) {
            self.compare_group(group);
        }
        if self.whole {
            self.compare_roots();
        }
    }

    fn compare_group(&mut self, group: Hash) {
        let (last, first) = (self.tree.size(), self.tree.size() - WIDTH + 1);
        let published = self.leaves.as_mut().and_then(|leaves| leaves.group((first - 1) / WIDTH));
        let named = |one: &Mismatch| matches!(one, Mismatch::Record { position } if *position >= first);
        if published.is_some_and(|published| published != group) && !self.found.of_records.iter().any(named) {
            self.note(Mismatch::Among { first, last });
        }
    }

    fn compare_roots(&mut self) {
        let size = self.tree.size();
        if let Some(newest) = self.newest.as_ref().filter(|newest| newest.size == size) {
            let holds = self.tree.root() == newest.root;
            self.newest_holds = Some(holds);
            self.found.reached_newest = true;
            if !holds {
                self.found.of_all.push(Mismatch::Root { size });
            }
        }
        for kept in self.kept.iter().filter(|kept| kept.size == size) {
            self.found.kept += 1;
            if self.tree.root() != kept.root {
                self.found.of_all.push(Mismatch::Rewritten { size });
            }
        }
    }

    fn note(&mut self, mismatch: Mismatch) {
        let list = &mut self.found.of_records;
        if list.len() < MOST_LISTED { list.push(mismatch) } else { self.found.more = true }
    }

    /// What was found.
    #[must_use]
    pub fn end(mut self) -> Compared {
        let Some(leaves) = self.leaves.take() else { return self.found };
        if self.newest_holds == Some(true) {
            let suspects = std::mem::take(&mut self.found.of_records);
            let mut tiles: Vec<String> =
                suspects.iter().map(|suspect| tile_at_fault(suspect, &leaves)).collect();
            tiles.extend(leaves.wrong_tiles());
            tiles.sort();
            tiles.dedup();
            self.found.of_records = tiles.into_iter().map(|path| Mismatch::Tile { path }).collect();
        }
        self.found
    }
}

/// The records are right, so it is this tile that is not.
fn tile_at_fault(suspect: &Mismatch, leaves: &PublishedLeaves) -> String {
    match suspect {
        Mismatch::Record { position } => leaves.tile_of(position - 1),
        Mismatch::Among { first, .. } => tile_path(1, (first - 1) / WIDTH / WIDTH, WIDTH),
        Mismatch::Tile { path } => path.clone(),
        Mismatch::Root { .. } | Mismatch::Rewritten { .. } => "tile".to_owned(),
    }
}
