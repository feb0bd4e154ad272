//! Rows as they are now, ahead of the database.
//!
//! Within half a second an order is placed, reserved, paid and confirmed, in four steps, and a row that sells well
//! changes in every one. Queries see each step at once, from here; the database takes what came of all of them, so
//! a row is written to disk once and not with every change. What is here goes with the process. So does the
//! checkpoint that belongs to it, and the events after the one before are applied again.
//!
//! ```text
//! a step's writes ─> changes ─> pending ─> database
//!                       └──────────┴──────────┴──── queries: the first that knows a key
//! ```

use crate::Checkpoint;
use fjall::{UserKey, UserValue};
use parking_lot::RwLock;
use std::{collections::BTreeMap, mem, sync::Arc};

/// Key to value, or to nothing where the row goes.
type Changes = BTreeMap<UserKey, Option<UserValue>>;

#[derive(Default)]
pub(super) struct Overlay(RwLock<OverlayState>);

#[derive(Default)]
struct OverlayState {
    ahead: Ahead,
    /// Where the generation stands with them.
    checkpoint: Option<Checkpoint>,
}

/// What is ahead of the database at one moment. It does not change while somebody looks at it: whoever shows more makes a
/// copy then.
#[derive(Default, Clone)]
pub(super) struct Ahead {
    pub(super) changes: Arc<Changes>,
    /// Those on their way to the database.
    pub(super) pending: Arc<Changes>,
}

impl Overlay {
    /// What is ahead, with what `begin` makes while nothing moves between the two. Neither may wait for anything.
    pub(super) fn with<T>(&self, begin: impl FnOnce() -> T) -> (Ahead, T) {
        let state = self.0.read();
        (state.ahead.clone(), begin())
    }

    /// What is known of the row under `key`: its value, or that it is gone. None: ask the database.
    pub(super) fn get(&self, key: &[u8]) -> Option<Option<UserValue>> {
        self.0.read().ahead.get(key).cloned()
    }

    pub(super) fn is_empty(&self) -> bool {
        let state = self.0.read();
        state.ahead.changes.is_empty() && state.ahead.pending.is_empty() && state.checkpoint.is_none()
    }

    /// Lets queries see a step's writes, all at once.
    pub(super) fn show(&self, rows: Vec<(UserKey, Option<UserValue>)>, checkpoint: Option<Checkpoint>) {
        let mut state = self.0.write();
        Arc::make_mut(&mut state.ahead.changes).extend(rows);
        state.checkpoint = checkpoint.or(state.checkpoint);
    }

    /// What is to be written now: everything that was shown and not yet written. Queries see it from here until
    /// [`Overlay::written`].
    pub(super) fn begin_write(&self) -> (Arc<Changes>, Option<Checkpoint>) {
        let mut state = self.0.write();
        let changes = mem::take(&mut state.ahead.changes);
        if state.ahead.pending.is_empty() {
            state.ahead.pending = changes;
        } else {
            // What could not be written stays ahead of the database, and goes with what came after.
            Arc::make_mut(&mut state.ahead.pending).extend(Arc::unwrap_or_clone(changes));
        }
        (state.ahead.pending.clone(), state.checkpoint.take())
    }

    /// The database has what [`Overlay::begin_write`] gave out.
    pub(super) fn written(&self) {
        let written = mem::take(&mut self.0.write().ahead.pending);
        // Let go of outside the lock: there may be many.
        drop(written);
    }
}

impl Ahead {
    pub(super) fn get(&self, key: &[u8]) -> Option<&Option<UserValue>> {
        self.changes.get(key).or_else(|| self.pending.get(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, value: Option<&str>) -> (UserKey, Option<UserValue>) {
        (key.as_bytes().into(), value.map(|value| value.as_bytes().into()))
    }

    fn at(position: u64) -> Option<Checkpoint> {
        Some(Checkpoint { position: daybook_event_log::Position::new(position), ..Checkpoint::default() })
    }

    #[test]
    fn the_newest_is_seen_until_the_database_has_it() {
        let overlay = Overlay::default();
        overlay.show(vec![row("a", Some("1")), row("b", Some("1"))], at(1));
        let (pending, checkpoint) = overlay.begin_write();
        assert_eq!((pending.len(), checkpoint), (2, at(1)));
        overlay.show(vec![row("b", None), row("c", Some("2"))], at(2));
        let text = |key: &str| {
            overlay
                .get(key.as_bytes())
                .map(|row| row.map(|value| String::from_utf8_lossy(&value).into_owned()))
        };
        assert_eq!(text("a"), Some(Some("1".to_owned())));
        assert_eq!((text("b"), text("d")), (Some(None), None), "gone is not the same as not known");
        overlay.written();
        assert_eq!((text("a"), text("b"), text("c")), (None, Some(None), Some(Some("2".to_owned()))));
    }

    #[test]
    fn what_could_not_be_written_goes_with_what_came_after() {
        let overlay = Overlay::default();
        overlay.show(vec![row("a", Some("1")), row("b", Some("1"))], at(1));
        let first = overlay.begin_write();
        overlay.show(vec![row("b", Some("2"))], at(2));
        let (pending, checkpoint) = overlay.begin_write();
        assert_eq!((pending.len(), checkpoint), (2, at(2)));
        assert_eq!(pending.get(&b"b"[..]), Some(&Some("2".as_bytes().into())));
        assert_eq!(first.0.get(&b"b"[..]), Some(&Some("1".as_bytes().into())));
        overlay.written();
        assert!(overlay.is_empty());
    }
}
