//! Locations: where stock is kept, each opened before anything is received there.
//!
//! ```text
//! (none) --PutLocation--> open --PutLocation--> open --CloseLocation--> closed --PutLocation--> open
//! ```
//!
//! The location `main` comes with the shop: it is open until somebody closes it, so that a shop with one warehouse has
//! nothing to open. The stock itself is decided per SKU ([`crate::inventory`]), which knows locations by their ids only;
//! that what people write names an open location is looked up where commands come in.

mod commands;
mod events;
#[expect(clippy::module_inception, reason = "the aggregate has the name of its folder")]
mod location;
mod samples;

pub use commands::{CloseLocation, LocationCommand, LocationRejection, PutLocation};
pub use events::{
    LocationChanged, LocationClosed, LocationDetails, LocationEvent, LocationKind, LocationOpened,
};
pub use location::Location;
