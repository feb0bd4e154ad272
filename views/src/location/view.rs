//! A location as the shop shows it.

use daybook_domain::{LocationId, Timestamp, location::LocationDetails};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where stock is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LocationView {
    #[serde(rename = "id")]
    pub location_id: LocationId,
    pub state: LocationState,
    /// None of `main`, for as long as nobody has described it.
    #[serde(flatten)]
    pub details: Option<LocationDetails>,
    /// None of `main`, for as long as nothing happened to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// The location's version, for conditional requests.
    pub version: u64,
    /// The log position of its last change.
    pub position: u64,
}

/// Whether stock may be received at a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LocationState {
    Open,
    /// What is there can be sold, counted and moved away.
    Closed,
}

impl LocationView {
    /// A location that nothing happened to.
    #[must_use]
    pub const fn untouched(location_id: LocationId) -> Self {
        Self {
            location_id,
            state: LocationState::Open,
            details: None,
            updated_at: None,
            version: 0,
            position: 0,
        }
    }
}
