//! A channel for one reader: many senders put in, the reader takes all there is at once.
//!
//! Cheaper than a channel where whole batches are wanted: one lock and at most one wake-up per batch. While there is no
//! reader, what senders put in is dropped: a reader that has failed for good would never take it.

use parking_lot::Mutex;
use std::task::{Context, Poll, Waker};

/// Unbounded by itself: what is put in is bounded by its senders, who wait for answers.
pub(crate) struct BatchChannel<T> {
    inner: Mutex<ChannelState<T>>,
}

struct ChannelState<T> {
    messages: Vec<T>,
    reader: Option<Waker>,
    /// There is no reader.
    closed: bool,
}

/// Keeps the channel open. At its end what nobody has taken is dropped.
pub(crate) struct BatchReader<'a, T> {
    channel: &'a BatchChannel<T>,
}

impl<T> BatchChannel<T> {
    /// A channel that takes messages already now, if a reader is to come.
    pub(crate) const fn new(open: bool) -> Self {
        Self { inner: Mutex::new(ChannelState { messages: Vec::new(), reader: None, closed: !open }) }
    }

    /// Opens the channel for a reader.
    pub(crate) fn reader(&self) -> BatchReader<'_, T> {
        self.inner.lock().closed = false;
        BatchReader { channel: self }
    }

    /// Puts one message in, also while there is no reader, for the next one.
    pub(crate) fn put_for_next_reader(&self, message: T) {
        let mut inner = self.inner.lock();
        inner.messages.push(message);
        let reader = inner.reader.take();
        drop(inner);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Puts all of `messages` in, leaving it empty.
    pub(crate) fn put(&self, messages: &mut Vec<T>) {
        if messages.is_empty() {
            return;
        }
        let mut inner = self.inner.lock();
        if inner.closed {
            drop(inner);
            return messages.clear();
        }
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

impl<T> Drop for BatchReader<'_, T> {
    fn drop(&mut self) {
        let mut inner = self.channel.inner.lock();
        (inner.closed, inner.reader) = (true, None);
        let left = std::mem::take(&mut inner.messages);
        drop(inner);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_is_put_in_without_a_reader_is_dropped_and_the_next_reader_finds_only_what_was_meant_for_it() {
        let (channel, message) = (BatchChannel::new(true), Arc::new(()));
        let put = |times: usize| channel.put(&mut vec![Arc::clone(&message); times]);
        put(2);
        let reader = channel.reader();
        put(3);
        assert_eq!(Arc::strong_count(&message), 6, "what came before the first reader is kept for it");
        drop(reader);
        put(100);
        assert_eq!(Arc::strong_count(&message), 1, "a reader that has ended takes nothing any more");
        channel.put_for_next_reader(Arc::clone(&message));
        let _reader = channel.reader();
        let mut taken = Vec::new();
        channel.take_now(&mut taken);
        assert_eq!(taken.len(), 1);
    }
}
