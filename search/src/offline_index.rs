//! A search filled without the runner, for a look at the past: events in, an index out, nothing kept up to date.
//!
//! What cannot be applied parks its stream, as with the runner, but nobody is told.

use super::{Search, SearchConfig, SearchIndex, SearchIndexError, projection::SearchProjection};
use ahash::AHashSet;
use daybook_domain::{Event, EventData as _, EventError, Interests, inventory::ReservationCommitted};
use daybook_event_log::{Position, RecordedEvent};
use daybook_projections::{ApplyError, Flush, Projection as _};
use daybook_read_store::Checkpoint;
use std::{path::Path, sync::Arc};

pub(crate) struct OfflineIndex {
    projection: SearchProjection,
    parked: AHashSet<Box<str>>,
    reached: u64,
}

impl OfflineIndex {
    /// An empty one with its files in `dir`.
    pub(crate) fn begin(dir: &Path) -> Result<Self, SearchIndexError> {
        let projection = SearchProjection::open(dir, &SearchConfig::default(), Search::default())?;
        Ok(Self { projection, parked: AHashSet::new(), reached: 0 })
    }

    /// What a search is made of; a hold that is committed changes nothing that is for sale.
    const INTERESTS: Interests =
        SearchProjection::INTERESTS.without(Interests::of(&[ReservationCommitted::KIND]));

    pub(crate) fn wants(record: &RecordedEvent) -> bool {
        let kind = Event::kind_index(record.aggregate(), record.event_type());
        kind.is_some_and(|kind| Self::INTERESTS.contain(kind))
    }

    /// Takes in the next event.
    pub(crate) fn take(
        &mut self,
        record: &RecordedEvent,
        event: &Result<Event, EventError>,
    ) -> Result<(), ApplyError> {
        if self.parked.contains(record.stream()) {
            return Ok(());
        }
        self.reached = record.position().get();
        let taken = event.as_ref().ok().map(|event| self.projection.take(self.reached, event));
        match taken {
            Some(Ok(())) => Ok(()),
            Some(Err(error @ ApplyError::Store(_))) => Err(error),
            Some(Err(_)) | None => {
                self.parked.insert(record.stream().into());
                Ok(())
            }
        }
    }

    /// Nothing that was taken in comes again.
    pub(crate) fn settle(&mut self) {
        self.projection.committed();
    }

    /// The index of all that was taken in.
    pub(crate) fn finish(mut self) -> Result<Arc<SearchIndex>, SearchIndexError> {
        // Nobody asks later which log this was.
        let position = Position::new(self.reached);
        self.projection.flush_to(Checkpoint { position, ..Checkpoint::default() }, Flush::Now)?;
        Ok(Arc::clone(self.projection.index()))
    }
}
