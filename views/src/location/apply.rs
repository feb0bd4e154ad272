//! What each event changes of a location as shown.

use super::{LocationState, LocationView};
use daybook_domain::{
    Event, Interests, LocationId,
    location::{Location, LocationChanged, LocationClosed, LocationEvent, LocationOpened},
};
use daybook_event_log::Position;
use daybook_projections::{ApplyError, DecodedEvent, Flush, Projection};
use daybook_read_store::{Checkpoint, IdForm, RowKind, StoreError, Table, Tx, UserKey, key};

/// The table of the rows, in the order of their ids.
pub(super) const LOCATIONS: &[u8] = b"l";

/// Rows: `l` location → [`LocationView`].
#[derive(Debug, Default)]
pub struct LocationProjection {
    locations: Table<LocationView>,
}

pub(super) fn location_key(id: &LocationId) -> UserKey {
    key(LOCATIONS[0], &[id.as_str().as_bytes()])
}

impl Projection for LocationProjection {
    const NAME: &'static str = "location";
    const VERSION: u32 = 1;
    const KINDS: &'static [RowKind] = &[RowKind::views(b'l', "locations", IdForm::Text)];
    const INTERESTS: Interests = Interests::all_of::<Location>();

    fn apply(&mut self, event: &DecodedEvent<'_>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        let Event::Location(location_event) = event.event else { return Ok(()) };
        let id = location_of(location_event);
        let row = location_key(id);
        if event.version() == 1 {
            self.locations.put_new(row.clone(), LocationView::untouched(id.clone()));
        }
        let location = self.locations.edit(&row, tx)?;
        let location = location.ok_or_else(|| ApplyError::missing("location", id))?;
        match location_event {
            LocationEvent::LocationOpened(LocationOpened { details, .. })
            | LocationEvent::LocationChanged(LocationChanged { details, .. }) => {
                location.details = Some(details.clone());
                location.state = LocationState::Open;
            }
            LocationEvent::LocationClosed(_) => location.state = LocationState::Closed,
        }
        location.updated_at = Some(event.occurred_at());
        location.version = event.version();
        location.position = location.position.max(event.position());
        Ok(())
    }

    fn flush(&mut self, up_to: Checkpoint, _when: Flush, tx: &mut Tx<'_>) -> Result<Position, StoreError> {
        self.locations.flush(tx)?;
        Ok(up_to.position)
    }

    fn committed(&mut self) {
        self.locations.settle();
    }

    fn discard(&mut self) {
        self.locations.discard();
    }
}

/// Which location an event is about.
fn location_of(event: &LocationEvent) -> &LocationId {
    match event {
        LocationEvent::LocationOpened(LocationOpened { location_id, .. })
        | LocationEvent::LocationChanged(LocationChanged { location_id, .. })
        | LocationEvent::LocationClosed(LocationClosed { location_id }) => location_id,
    }
}
