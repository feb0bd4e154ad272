//! What can be asked of a location, and why it may be refused.

use super::LocationDetails;
use crate::{LocationId, command::commands, rejection::rejections};

commands! {
    /// What can be asked of a location.
    LocationCommand { PutLocation, CloseLocation, }
}

/// Opens the location, again if it was closed, and makes it what `details` say. Saying it again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutLocation {
    pub location_id: LocationId,
    pub details: LocationDetails,
}

/// Nothing is received there any more; what is there can be sold, counted, and moved away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseLocation {
    pub location_id: LocationId,
}

rejections! {
    /// Why a location command is refused.
    LocationRejection {
        #[class(Missing)]
        #[error("no such location")]
        LocationNotFound {},
        #[class(Invalid)]
        #[error("{field}: {detail}")]
        InvalidLocation { field: String, detail: String },
    }
}
