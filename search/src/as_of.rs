//! The search as it was: made of all products and their stock, so it takes a pass over the whole log.

use crate::{SearchIndex, offline_index::OfflineIndex};
use ahash::AHashSet;
use daybook_domain::{Event, EventError};
use daybook_event_log::{EventLog, Point, Position, RecordedEvent};
use daybook_projections::{ReplayError, decode};
use daybook_read_store::StoreError;
use std::{path::Path, sync::Arc, thread};

/// Events read at a time.
const PAGE: u64 = 16_384;

/// The search as `log` had it at `point`, filled in `folder`, which must be empty and may go when the index is not
/// asked any more. `progress` is told the positions that were passed.
pub async fn as_of(
    log: &dyn EventLog,
    point: Point,
    folder: &Path,
    mut progress: impl FnMut(u64),
) -> Result<Arc<SearchIndex>, ReplayError> {
    let head = log.head().borrow().get();
    let last = point.last_position().unwrap_or(head).min(head);
    let mut search = OfflineIndex::begin(folder).map_err(StoreError::from)?;
    // Streams that went on after the point.
    let mut over: AHashSet<Box<str>> = AHashSet::new();
    let mut next = 1;
    while next <= last {
        let limit = usize::try_from(PAGE.min(last - next + 1)).unwrap_or(1);
        let page = log.read_all(Position::new(next), limit).await?;
        let Some(end) = page.last() else { break };
        next = end.position().get() + 1;
        let mut shown: Vec<RecordedEvent> = page.into_iter().filter(OfflineIndex::wants).collect();
        shown.retain(|event| {
            let includes = !over.contains(event.stream()) && point.includes(event);
            if !includes {
                over.insert(event.stream().into());
            }
            includes
        });
        for (record, event) in shown.iter().zip(&decode_all(&shown)) {
            search.take(record, event).map_err(|error| ReplayError::of(record.position(), error))?;
        }
        search.settle();
        progress(next - 1);
    }
    Ok(search.finish().map_err(StoreError::from)?)
}

/// Decodes on two threads: nine tenths of the time go there.
fn decode_all(records: &[RecordedEvent]) -> Vec<Result<Event, EventError>> {
    let all = |records: &[RecordedEvent]| records.iter().map(decode).collect::<Vec<_>>();
    let (first, second) = records.split_at(records.len() / 2);
    thread::scope(|scope| {
        let other = scope.spawn(|| all(second));
        let mut decoded = all(first);
        // A decoder that panics does so here, too.
        decoded.extend(other.join().unwrap_or_else(|_| all(second)));
        decoded
    })
}
