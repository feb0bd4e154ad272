//! Snapshots on their way to the disk: beside the shard's work, one after the other, so that a later one of a
//! stream is never replaced by an earlier one.

use super::Shard;
use crate::snapshots::{self, Snapshots};
use daybook_event_log::StreamId;
use std::sync::Arc;
use tokio::task::JoinHandle;

#[derive(Default)]
pub(super) struct SnapshotQueue {
    waiting: Vec<(StreamId, Vec<u8>)>,
    writing: Option<JoinHandle<()>>,
}

impl SnapshotQueue {
    /// Queues a snapshot of a state that is durable.
    pub(super) fn push(&mut self, stream: StreamId, bytes: Vec<u8>) {
        self.waiting.retain(|(other, _)| *other != stream);
        self.waiting.push((stream, bytes));
    }

    /// Begins to write what waits, unless something is being written.
    pub(super) fn write(&mut self, to: &Arc<Snapshots>) {
        let busy = self.writing.as_ref().is_some_and(|write| !write.is_finished());
        if self.waiting.is_empty() || busy {
            return;
        }
        let (to, batch) = (Arc::clone(to), std::mem::take(&mut self.waiting));
        self.writing = Some(tokio::task::spawn_blocking(move || {
            for (stream, bytes) in batch {
                to.write(&stream, &bytes);
            }
        }));
    }

    async fn finish(&mut self, to: &Arc<Snapshots>) {
        while self.writing.is_some() || !self.waiting.is_empty() {
            if let Some(write) = self.writing.take() {
                // A panic there has been reported; a snapshot is never needed.
                let _ = write.await;
            }
            self.write(to);
        }
    }
}

impl Shard {
    /// At the end everything in memory is durable, so what took long to load is kept for the next start.
    pub(super) async fn write_last_snapshots(&mut self) {
        let every = self.shared.options.snapshot_every;
        if self.shared.snapshots.enabled() {
            for (stream, entry) in self.cache.iter() {
                let version = entry.version.get();
                let pause = every.max(version / 8);
                let since = version.saturating_sub(entry.snapshot_at.saturating_sub(pause));
                if version >= every && since >= pause / 4 {
                    let bytes = snapshots::encode(stream, &entry.state, entry.version, entry.last_event);
                    self.snapshots.push(stream.clone(), bytes);
                }
            }
        }
        let to = Arc::clone(&self.shared.snapshots);
        self.snapshots.finish(&to).await;
    }
}
