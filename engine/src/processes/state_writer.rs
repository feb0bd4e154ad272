//! Writes the processes' state beside their loop, one batch at a time.

use super::state_file::StateFile;
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
    writing: Option<JoinHandle<Written>>,
    /// A batch that could not be written; nothing may be written before it.
    failed: Option<Vec<u8>>,
    /// Who waits for the batch that is written, and for the next.
    waiting: Vec<Answer>,
    waiting_next: Vec<Answer>,
}

type Written = (StateFile, Vec<u8>, io::Result<()>);

impl StateWriter {
    pub(super) const fn new(file: Option<StateFile>) -> Self {
        let keeps = file.is_some();
        Self { file, keeps, writing: None, failed: None, waiting: Vec::new(), waiting_next: Vec::new() }
    }

    /// Whether anything is kept at all.
    pub(super) const fn keeps(&self) -> bool {
        self.keeps
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

    pub(super) const fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// Begins to write the batch that `next` makes; first one that could not be written.
    pub(super) fn begin(&mut self, next: impl FnOnce() -> Vec<u8>) {
        let Some(mut file) = self.file.take() else { return };
        let batch = match self.failed.take() {
            Some(failed) => failed,
            None => {
                self.waiting.append(&mut self.waiting_next);
                next()
            }
        };
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
                self.file = Some(file);
                for answer in self.waiting.drain(..) {
                    let _ = answer.send(());
                }
            }
            Ok((file, batch, Err(error))) => {
                tracing::warn!(%error, "could not write how far the processes are; trying again");
                (self.file, self.failed) = (Some(file), Some(batch));
            }
            Err(error) => {
                tracing::error!(%error, "nothing more is kept of how far the processes are until the next start");
                self.keeps = false;
            }
        }
        Poll::Ready(())
    }

    /// Waits for the batch that is written, if any.
    pub(super) async fn settle(&mut self) {
        if self.is_writing() {
            std::future::poll_fn(|cx| self.poll_written(cx)).await;
        }
    }
}
