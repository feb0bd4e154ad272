//! A batch_channel for one reader: many senders put in, the reader takes all there is at once.
//!
//! Cheaper than a channel where whole batches are wanted: one lock and at most one wake-up per batch.

use parking_lot::Mutex;
use std::task::{Context, Poll, Waker};

/// Unbounded by itself: what is put in is bounded by its senders.
pub(crate) struct BatchChannel<T> {
    inner: Mutex<ChannelState<T>>,
}

struct ChannelState<T> {
    messages: Vec<T>,
    reader: Option<Waker>,
}

impl<T> BatchChannel<T> {
    pub(crate) const fn new() -> Self {
        Self { inner: Mutex::new(ChannelState { messages: Vec::new(), reader: None }) }
    }

    /// Puts all of `messages` in, leaving it empty.
    pub(crate) fn put(&self, messages: &mut Vec<T>) {
        if messages.is_empty() {
            return;
        }
        let mut inner = self.inner.lock();
        if inner.messages.is_empty() {
            std::mem::swap(&mut inner.messages, messages);
        } else {
            inner.messages.append(messages);
        }
        let reader = inner.reader.take();
        drop(inner);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Moves everything there is to `into`, which must be empty.
    pub(crate) fn take_now(&self, into: &mut Vec<T>) {
        std::mem::swap(&mut self.inner.lock().messages, into);
    }

    /// Moves everything to `into`, which must be empty; pending while there is nothing.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>, into: &mut Vec<T>) -> Poll<()> {
        let mut inner = self.inner.lock();
        if inner.messages.is_empty() {
            inner.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        std::mem::swap(&mut inner.messages, into);
        Poll::Ready(())
    }
}
