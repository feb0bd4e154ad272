//! The use of the store on this node's disk by the workers that share it. A worker that failed may have left the store in
//! a state in which it takes no write, or shows rows that were never stored. So the session ends for all workers of the
//! store: each lets go of it, and the first that comes back opens it again, once there is room on the disk.

use crate::{RunnerError, startup::answer_from_what_is_there, status::ProjectionStatus};
use daybook_read_store::{ReadStore, StoreError};
use daybook_subscriptions::{CancellationToken, TaskContext};
use parking_lot::{Condvar, Mutex};
use std::{sync::Arc, time::Duration};

/// How often a full disk is looked at, and whether the others have let go.
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub(crate) struct StoreSession {
    store: Arc<ReadStore>,
    /// All whose rows or generations are in the store.
    statuses: Vec<Arc<ProjectionStatus>>,
    state: Mutex<SessionState>,
    changed: Condvar,
}

#[derive(Default)]
struct SessionState {
    users: usize,
    /// The store is to be opened again before it is used.
    is_over: bool,
    /// Cancelled when it is over.
    over: CancellationToken,
}

impl StoreSession {
    /// A session of `store`, which is open.
    pub(crate) fn new(store: Arc<ReadStore>, statuses: Vec<Arc<ProjectionStatus>>) -> Self {
        Self { store, statuses, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Takes part; opens the store again if that has to be. None: told to stop.
    pub(crate) fn enter(self: &Arc<Self>, context: &TaskContext) -> Result<Option<SessionUse>, RunnerError> {
        let mut state = self.state.lock();
        while state.is_over {
            if context.is_stopped() {
                return Ok(None);
            }
            if state.users > 0 || !self.store.has_room() {
                self.changed.wait_for(&mut state, LOOK_EVERY);
                continue;
            }
            self.statuses.iter().for_each(|status| status.live.switch_off(Some(StoreError::Closed)));
            self.store.reopen()?;
            answer_from_what_is_there(&self.statuses)?;
            tracing::info!("the read store is open again");
            (state.is_over, state.over) = (false, CancellationToken::new());
        }
        state.users += 1;
        Ok(Some(SessionUse { session: self.clone(), over: state.over.clone(), ends: false }))
    }
}

/// A worker's part in a session. Must be dropped after everything that it has of the store.
pub(crate) struct SessionUse {
    session: Arc<StoreSession>,
    over: CancellationToken,
    ends: bool,
}

impl SessionUse {
    /// Cancelled when another worker has ended the session.
    pub(crate) fn over(&self) -> &CancellationToken {
        &self.over
    }

    /// Whether the session ends with this use.
    pub(crate) fn set_ends(&mut self, ends: bool) {
        self.ends = ends;
    }
}

impl Drop for SessionUse {
    fn drop(&mut self) {
        let mut state = self.session.state.lock();
        state.users -= 1;
        if self.ends {
            state.is_over = true;
            state.over.cancel();
        }
        self.session.changed.notify_all();
    }
}
