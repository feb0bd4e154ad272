//! What happens to locations.

use crate::{CountryCode, LocationId, event::events};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

events! {
    /// What happens to locations.
    LocationEvent of super::Location, upcast by upcast {
        LocationOpened = 1,
        LocationChanged = 1,
        LocationClosed = 1,
    }
}

/// No event has an older schema yet.
fn upcast(_event_type: &str, _from_version: u16, payload: serde_json::Value) -> serde_json::Value {
    payload
}

/// What a location is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LocationKind {
    /// Goods are kept and sent from there.
    Warehouse,
    /// Customers come there.
    Store,
    /// A supplier keeps the goods and sends them.
    Dropship,
}

/// What a shop says about a location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct LocationDetails {
    pub name: String,
    pub kind: LocationKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
}

/// Stock may be received there from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LocationOpened {
    pub location_id: LocationId,
    #[serde(flatten)]
    pub details: LocationDetails,
}

/// It is described otherwise from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LocationChanged {
    pub location_id: LocationId,
    #[serde(flatten)]
    pub details: LocationDetails,
}

/// Nothing is received there any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LocationClosed {
    pub location_id: LocationId,
}
