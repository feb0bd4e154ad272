//! Locations: where stock may be received, and where not any more.

mod apply;
mod queries;
mod view;

pub use apply::LocationProjection;
pub use queries::Locations;
pub use view::{LocationState, LocationView};
