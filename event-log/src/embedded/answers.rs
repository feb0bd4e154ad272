//! The two answers that one call of `append` waits for, on the side of the log.

use crate::{AppendOutcome, AppendResult, LogError};
use tokio::sync::oneshot;

/// Each answer is given at most once. Whoever asked may have gone: the events are in the log all the same.
pub(super) struct Answers {
    /// None once it is given.
    sequenced: Option<oneshot::Sender<AppendResult>>,
    durable: oneshot::Sender<AppendResult>,
}

impl Answers {
    /// Answers to be given, and where they arrive: sequenced, durable.
    pub(super) fn new() -> (Self, oneshot::Receiver<AppendResult>, oneshot::Receiver<AppendResult>) {
        let (sequenced, is_sequenced) = oneshot::channel();
        let (durable, is_durable) = oneshot::channel();
        (Self { sequenced: Some(sequenced), durable }, is_sequenced, is_durable)
    }

    /// The places of the group are fixed.
    pub(super) fn sequenced(&mut self, outcomes: &[AppendOutcome]) {
        // Most callers wait for durable only; they are spared the copy.
        if let Some(answer) = self.sequenced.take().filter(|answer| !answer.is_closed()) {
            let _ = answer.send(Ok(outcomes.to_vec()));
        }
    }

    /// The group is on the disk.
    pub(super) fn durable(self, outcomes: Vec<AppendOutcome>) {
        let _ = self.durable.send(Ok(outcomes));
    }

    /// The group will not become durable.
    pub(super) fn fail(mut self, error: LogError) {
        if let Some(answer) = self.sequenced.take() {
            let _ = answer.send(Err(error.clone()));
        }
        let _ = self.durable.send(Err(error));
    }
}
