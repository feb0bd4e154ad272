//! Whether the server had room for the last append. Appends are not held back by it: only they can find out that there is
//! room again; it is what readiness tells.

use crate::failure::Failure;
use daybook_event_log::LogError;
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// A refusal older than this says nothing of now: nobody has tried since.
const SAYS_SOMETHING_FOR: Duration = Duration::from_secs(5);

/// Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct DiskSpace {
    refused: Arc<Mutex<Option<(Instant, LogError)>>>,
}

impl DiskSpace {
    pub(crate) fn taken(&self) {
        *self.refused.lock() = None;
    }

    /// Takes note of a failure for want of room; others are nothing to it.
    pub(crate) fn refused_by(&self, failure: &Failure) {
        if let Failure::Lasting(full @ LogError::Full { .. }) = failure {
            *self.refused.lock() = Some((Instant::now(), full.clone()));
        }
    }

    pub(crate) fn check(&self) -> Result<(), LogError> {
        match &*self.refused.lock() {
            Some((at, full)) if at.elapsed() < SAYS_SOMETHING_FOR => Err(full.clone()),
            _ => Ok(()),
        }
    }
}
