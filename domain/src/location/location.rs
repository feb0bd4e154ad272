//! The aggregate: one location, and whether it is open.

use super::{
    CloseLocation, LocationChanged, LocationClosed, LocationCommand, LocationDetails, LocationEvent,
    LocationOpened, LocationRejection, PutLocation,
};
use crate::{CacheClass, Context, Decider, LocationId, card_number::looks_like_card_number, text::objection};
use serde::{Deserialize, Serialize};

const NAME_CHARS: usize = 200;
/// The location that every shop has from the beginning.
const MAIN: &str = "main";

/// What was said of the location last, and whether it was closed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Location {
    details: Option<LocationDetails>,
    is_closed: bool,
}

impl Decider for Location {
    const NAME: &'static str = "location";
    const STATE_VERSION: u32 = 1;
    const CACHE: CacheClass = CacheClass::Normal;
    type Id = LocationId;
    type Command = LocationCommand;
    type Event = LocationEvent;
    type Rejection = LocationRejection;

    fn decide(
        &self,
        command: LocationCommand,
        _context: &Context,
    ) -> Result<Vec<LocationEvent>, LocationRejection> {
        match command {
            LocationCommand::PutLocation(put) => self.put(put),
            LocationCommand::CloseLocation(_) if self.is_closed => Ok(Vec::new()),
            LocationCommand::CloseLocation(CloseLocation { location_id }) => {
                if self.is_open(&location_id) {
                    Ok(vec![LocationEvent::LocationClosed(LocationClosed { location_id })])
                } else {
                    Err(LocationRejection::LocationNotFound {})
                }
            }
        }
    }

    fn evolve(&mut self, event: &LocationEvent) {
        match event {
            LocationEvent::LocationOpened(LocationOpened { details, .. })
            | LocationEvent::LocationChanged(LocationChanged { details, .. }) => {
                self.details = Some(details.clone());
                self.is_closed = false;
            }
            LocationEvent::LocationClosed(_) => self.is_closed = true,
        }
    }
}

impl Location {
    /// The location that every shop has without opening it.
    ///
    /// # Panics
    /// Never: the name is a location id.
    #[must_use]
    pub fn main_id() -> LocationId {
        MAIN.parse().expect("the name is a location id")
    }

    /// Whether stock may be received there, if this is the state of the location called so.
    #[must_use]
    pub fn is_open(&self, location_id: &LocationId) -> bool {
        !self.is_closed && (self.details.is_some() || location_id.as_str() == MAIN)
    }

    /// Whether it was there and is not open any more.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.is_closed
    }

    fn put(&self, put: PutLocation) -> Result<Vec<LocationEvent>, LocationRejection> {
        let PutLocation { location_id, details } = put;
        check_name(&details.name)?;
        Ok(match &self.details {
            Some(known) if !self.is_closed && *known == details => Vec::new(),
            Some(_) if !self.is_closed => {
                vec![LocationEvent::LocationChanged(LocationChanged { location_id, details })]
            }
            Some(_) | None => vec![LocationEvent::LocationOpened(LocationOpened { location_id, details })],
        })
    }
}

fn check_name(name: &str) -> Result<(), LocationRejection> {
    let invalid = |detail| LocationRejection::InvalidLocation { field: "/name".to_owned(), detail };
    if let Some(detail) = objection(name, 1, NAME_CHARS) {
        return Err(invalid(detail));
    }
    if looks_like_card_number(name) {
        return Err(invalid("looks like a payment card's number".to_owned()));
    }
    Ok(())
}
