//! Asking for locations. `main` comes with the shop, so it is shown also where nothing happened to it yet.

use super::{
    LocationProjection, LocationView,
    apply::{LOCATIONS, location_key},
};
use crate::{AsOf, View};
use daybook_domain::{LocationId, location::Location};
use daybook_event_log::{InvalidStreamId, StreamId};
use daybook_projections::{Definition, ReplayError};
use daybook_read_store::{Cursor, Live, Page, Range, Row, StoreError, UserKey, Walk};

/// Locations as shown.
#[derive(Debug, Clone)]
pub struct Locations {
    live: Live,
}

impl View for Locations {
    const ENTRY: &'static str = "location";
    type Id = LocationId;
    type Projection = LocationProjection;

    fn define() -> (Self, Definition) {
        let live = Live::default();
        let definition = Definition::new(|_| Ok(LocationProjection::default())).shown_by(live.clone());
        (Self { live }, definition)
    }

    fn in_memory() -> LocationProjection {
        LocationProjection::default()
    }

    fn key(id: &LocationId) -> UserKey {
        location_key(id)
    }

    fn streams(id: &LocationId) -> Result<Vec<StreamId>, InvalidStreamId> {
        Ok(vec![StreamId::new("location", id)?])
    }

    async fn replayed(as_of: &AsOf<'_>, id: &LocationId) -> Result<Option<Row>, ReplayError> {
        let replay = as_of.replay(Self::streams(id)?, Self::in_memory(), |_| true).await?;
        match replay.and_then(|replay| replay.row(&Self::key(id))) {
            None if *id == Location::main_id() => Ok(Some(untouched_main()?)),
            row => Ok(row),
        }
    }
}

impl Locations {
    /// The location with this id, a [`LocationView`].
    pub async fn by_id(&self, id: &LocationId) -> Result<Option<Row>, StoreError> {
        let stored = match self.live.asked()? {
            Some(live) => live.get(&location_key(id)).await?,
            None => None,
        };
        match stored {
            None if *id == Location::main_id() => untouched_main().map(Some),
            stored => Ok(stored),
        }
    }

    /// All locations, each a [`LocationView`], in the order of their ids.
    pub async fn all(&self, cursor: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let range = Range { prefix: LOCATIONS, cursor, walk: Walk::Up };
        let main = Location::main_id();
        let main_key = location_key(&main);
        let is_before = range.beyond().is_none_or(|key| key < &*main_key);
        let Some(live) = self.live.asked()? else { return Ok(Page::empty()) };
        let mut page = live.page(range, limit).await?;
        if !is_before || live.get(&main_key).await?.is_some() {
            return Ok(page);
        }
        let mut ids = Vec::with_capacity(page.rows.len() + 1);
        for row in &page.rows {
            ids.push(row.parse::<LocationView>()?.location_id);
        }
        let place = ids.partition_point(|id| *id < main);
        // On a later page, unless this is the last one.
        if place == ids.len() && page.next.is_some() {
            return Ok(page);
        }
        page.rows.insert(place, untouched_main()?);
        ids.insert(place, main);
        if page.rows.len() > limit {
            page.rows.truncate(limit);
            page.next = ids.get(limit - 1).map(|last| Cursor::at(location_key(last).to_vec()));
        }
        Ok(page)
    }
}

fn untouched_main() -> Result<Row, StoreError> {
    let main = LocationView::untouched(Location::main_id());
    let json = serde_json::to_vec(&main).map_err(|error| StoreError::damaged(b"(location)", error))?;
    Ok(json.into())
}
