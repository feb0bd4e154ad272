//! Reactions of processes that came to no end by themselves: kept until somebody has them tried again or skips them.

use daybook_event_log::{Position, StreamId};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A reaction that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadReaction {
    /// Which process reacted.
    pub process: String,
    /// Where the event stands that it reacted to.
    pub position: Position,
    pub stream: StreamId,
    pub event_type: String,
    /// Whether it reacted to the event's deadline, not to the event itself.
    #[serde(default)]
    pub is_deadline: bool,
    /// What stood in the way, for people.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was given up, in nanoseconds since 1970.
    pub since_ns: i64,
}

/// Names a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DeadReactionId {
    pub position: Position,
    pub process: String,
}

impl DeadReaction {
    #[must_use]
    pub fn id(&self) -> DeadReactionId {
        DeadReactionId { position: self.position, process: self.process.clone() }
    }
}

/// All of them, in the order of their events. The runner writes, anybody reads.
#[derive(Default)]
pub(crate) struct DeadReactions {
    inner: Mutex<ListState>,
}

#[derive(Default)]
struct ListState {
    letters: BTreeMap<DeadReactionId, DeadReaction>,
    /// Added or removed since the last [`DeadReactions::take_changes`].
    changed: BTreeSet<DeadReactionId>,
}

impl DeadReactions {
    /// At most `limit` after the given one, or from the first on.
    pub(crate) fn list(&self, after: Option<&DeadReactionId>, limit: usize) -> Vec<DeadReaction> {
        let inner = self.inner.lock();
        let later = inner.letters.iter().filter(|(id, _)| after.is_none_or(|after| *id > after));
        later.take(limit).map(|(_, letter)| letter.clone()).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.inner.lock().letters.len()
    }

    pub(crate) fn contains(&self, id: &DeadReactionId) -> bool {
        self.inner.lock().letters.contains_key(id)
    }

    /// Takes the place of all there were.
    pub(super) fn restore(&self, letters: Vec<DeadReaction>) {
        let letters = letters.into_iter().map(|letter| (letter.id(), letter)).collect();
        *self.inner.lock() = ListState { letters, changed: BTreeSet::new() };
    }

    pub(super) fn add(&self, letter: DeadReaction) {
        let mut inner = self.inner.lock();
        inner.changed.insert(letter.id());
        inner.letters.insert(letter.id(), letter);
    }

    pub(super) fn remove(&self, id: &DeadReactionId) -> Option<DeadReaction> {
        let mut inner = self.inner.lock();
        let removed = inner.letters.remove(id)?;
        inner.changed.insert(id.clone());
        Some(removed)
    }

    /// Whether the process has given up the event, or its deadline.
    pub(super) fn holds(&self, process: &str, position: Position) -> bool {
        let inner = self.inner.lock();
        !inner.letters.is_empty()
            && inner.letters.contains_key(&DeadReactionId { position, process: process.to_owned() })
    }

    pub(super) fn has_changes(&self) -> bool {
        !self.inner.lock().changed.is_empty()
    }

    /// Those that were added or removed since this was last asked; a removed one without its content.
    pub(super) fn take_changes(&self) -> Vec<(DeadReactionId, Option<DeadReaction>)> {
        let mut inner = self.inner.lock();
        let changed = std::mem::take(&mut inner.changed);
        changed.into_iter().map(|id| (id.clone(), inner.letters.get(&id).cloned())).collect()
    }
}
