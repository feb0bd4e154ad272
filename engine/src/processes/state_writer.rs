//! Writes the processes' state beside their loop, one batch at a time, and none before the log has made durable what it
//! rests on: after a crash it would tell of what never was.

use super::state_file::StateFile;
use daybook_event_log::Position;
use futures::FutureExt;
use std::{
    io,
    task::{Context, Poll},
};
use tokio::{sync::oneshot, task::JoinHandle};

/// Someone who waits until what was changed is kept.
pub(crate) type Answer = oneshot::Sender<()>;

pub(super) struct StateWriter {
    /// None while a batch is written, and where nothing is kept.
    file: Option<StateFile>,
    keeps: bool,
    /// The next batch, and the position up to which the log must be durable before it is written.
    prepared: Option<(Position, Vec<u8>)>,
    writing: Option<JoinHandle<Written>>,
    /// A batch that could not be written; nothing may be written before it.
    failed: Option<Vec<u8>>,
    /// Why the last batch could not be written.
    trouble: Option<String>,
    /// Who waits for the batch that is written, and for the next.
    waiting: Vec<Answer>,
    waiting_next: Vec<Answer>,
}

type Written = (StateFile, Vec<u8>, io::Result<()>);

impl StateWriter {
    pub(super) const fn new(file: Option<StateFile>) -> Self {
        let keeps = file.is_some();
        Self {
            file,
            keeps,
            prepared: None,
            writing: None,
            failed: None,
            trouble: None,
            waiting: Vec::new(),
            waiting_next: Vec::new(),
        }
    }

    /// Whether anything is kept at all.
    pub(super) const fn keeps(&self) -> bool {
        self.keeps
    }

    /// Why the last batch could not be written, if so.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Whether somebody waits for the next batch.
    pub(super) fn is_awaited(&self) -> bool {
        !self.waiting_next.is_empty()
    }

    /// Answers when everything that was changed until now is kept.
    pub(super) fn answer_when_kept(&mut self, answer: Answer) {
        if self.keeps {
            self.waiting_next.push(answer);
        } else {
            let _ = answer.send(());
        }
    }

    /// Whether a batch is on its way to the file.
    pub(super) const fn is_busy(&self) -> bool {
        self.writing.is_some() || self.prepared.is_some()
    }

    /// The position up to which the log must be durable before what is prepared can be written.
    pub(super) fn waits_for(&self) -> Option<Position> {
        self.prepared.as_ref().map(|(rests_on, _)| *rests_on)
    }

    /// Prepares the batch that `next` makes, which rests on nothing behind that position; but first one that could not
    /// be written.
    pub(super) fn prepare(&mut self, rests_on: Position, next: impl FnOnce() -> Vec<u8>) {
        if self.file.is_none() || self.is_busy() {
            return;
        }
        self.prepared = Some(match self.failed.take() {
            Some(failed) => (Position::ZERO, failed),
            None => {
                self.waiting.append(&mut self.waiting_next);
                (rests_on, next())
            }
        });
    }

    /// Begins to write what is prepared, if it rests on nothing behind `durable`.
    pub(super) fn write(&mut self, durable: Position) {
        let Some((_, batch)) = self.prepared.take_if(|(rests_on, _)| *rests_on <= durable) else { return };
        let Some(mut file) = self.file.take() else { return };
        self.writing = Some(tokio::task::spawn_blocking(move || {
            let result = file.append(&batch);
            (file, batch, result)
        }));
    }

    /// Resolves when the batch is written; pending while none is.
    pub(super) fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(writing) = &mut self.writing else { return Poll::Pending };
        let Poll::Ready(written) = writing.poll_unpin(cx) else { return Poll::Pending };
        self.writing = None;
        match written {
            Ok((file, _, Ok(()))) => {
                (self.file, self.trouble) = (Some(file), None);
                for answer in self.waiting.drain(..) {
                    let _ = answer.send(());
                }
            }
            Ok((file, batch, Err(error))) => {
                tracing::warn!(%error, "could not write how far the processes are; trying again");
                (self.file, self.failed, self.trouble) = (Some(file), Some(batch), Some(error.to_string()));
            }
            Err(error) => {
                tracing::error!(%error, "nothing more is kept of how far the processes are until the next start");
                (self.keeps, self.trouble) = (false, Some(error.to_string()));
            }
        }
        Poll::Ready(())
    }

    /// Waits for the batch that is written, if any.
    pub(super) async fn settle(&mut self) {
        if self.writing.is_some() {
            std::future::poll_fn(|cx| self.poll_written(cx)).await;
        }
    }
}
