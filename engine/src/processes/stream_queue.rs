//! The order of reactions to events of one stream: they begin one after the other, in the stream's order, because
//! what a cancellation undoes must have been done before. What waits for a time or for the outside holds up
//! nothing.

use super::trigger_event::TriggerEvent;
use ahash::AHashMap;
use daybook_event_log::StreamId;
use std::{collections::VecDeque, sync::Arc};

/// The event of a stream that is being reacted to, and those that come after it.
#[derive(Default)]
struct StreamQueue {
    holder: Option<Arc<TriggerEvent>>,
    queue: VecDeque<Arc<TriggerEvent>>,
}

/// The queues of all streams of which an event is being reacted to.
#[derive(Default)]
pub(super) struct StreamQueues {
    streams: AHashMap<StreamId, StreamQueue>,
    /// Streams whose holder has finished.
    ready: VecDeque<StreamId>,
    queued: usize,
}

impl StreamQueues {
    /// How many events wait for their turn.
    pub(super) const fn queued(&self) -> usize {
        self.queued
    }

    /// Queues the event if its stream is held; else hands it back, to be reacted to now.
    pub(super) fn enter(&mut self, event: Arc<TriggerEvent>) -> Option<Arc<TriggerEvent>> {
        let Some(stream) = self.streams.get_mut(&event.stream) else { return Some(event) };
        stream.queue.push_back(event);
        self.queued += 1;
        None
    }

    /// The event holds its stream from now on.
    pub(super) fn hold(&mut self, event: &Arc<TriggerEvent>) {
        self.streams.entry(event.stream.clone()).or_default().holder = Some(Arc::clone(event));
    }

    /// Nothing holds the stream any more.
    pub(super) fn release(&mut self, stream: StreamId) {
        self.ready.push_back(stream);
    }

    /// The next event whose turn has come.
    pub(super) fn next(&mut self) -> Option<Arc<TriggerEvent>> {
        while let Some(stream) = self.ready.front() {
            let Some(queue) = self.streams.get_mut(stream) else {
                self.ready.pop_front();
                continue;
            };
            if queue.holder.as_ref().is_some_and(|holder| holder.holds_its_stream()) {
                self.ready.pop_front();
                continue;
            }
            // The stream stays ready: this event may need nothing that holds it up.
            if let Some(event) = queue.queue.pop_front() {
                self.queued -= 1;
                return Some(event);
            }
            self.streams.remove(stream);
            self.ready.pop_front();
        }
        None
    }
}
