//! The two answers that one call of `append` waits for, on the side of the log.

use crate::{AppendOutcome, AppendResult, LogError};
use tokio::sync::oneshot;

/// Each answer is given once, also when the thread that was to give it panics. Whoever asked may have gone: the events
/// are in the log all the same.
pub(super) struct Answers {
    /// None once it is given.
    sequenced: Option<oneshot::Sender<AppendResult>>,
    durable: Option<oneshot::Sender<AppendResult>>,
}

impl Answers {
    /// Answers to be given, and where they arrive: sequenced, durable.
    pub(super) fn new() -> (Self, oneshot::Receiver<AppendResult>, oneshot::Receiver<AppendResult>) {
        let (sequenced, is_sequenced) = oneshot::channel();
        let (durable, is_durable) = oneshot::channel();
        (Self { sequenced: Some(sequenced), durable: Some(durable) }, is_sequenced, is_durable)
    }

    /// The places of the group are fixed.
    pub(super) fn sequenced(&mut self, outcomes: &[AppendOutcome]) {
        // Most callers wait for durable only; they are spared the copy.
        if let Some(answer) = self.sequenced.take().filter(|answer| !answer.is_closed()) {
            let _ = answer.send(Ok(outcomes.to_vec()));
        }
    }

    /// The group is on the disk.
    pub(super) fn durable(mut self, outcomes: Vec<AppendOutcome>) {
        if let Some(answer) = self.durable.take() {
            let _ = answer.send(Ok(outcomes));
        }
    }

    /// The group will not become durable.
    pub(super) fn fail(mut self, error: &LogError) {
        self.refuse(error);
    }

    fn refuse(&mut self, error: &LogError) {
        for answer in [self.sequenced.take(), self.durable.take()].into_iter().flatten() {
            let _ = answer.send(Err(error.clone()));
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.refuse(&LogError::Poisoned { detail: "a thread of the log met a bug".to_owned() });
    }
}
