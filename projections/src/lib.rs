//! What the shop shows: read models, their runner and their store.

mod definition;
mod generation;
mod projection;
pub mod search;
mod store_error;
mod table;
mod tx;

pub use definition::Definition;
pub use generation::{Generation, GenerationId, Live};
pub use projection::{ApplyError, DecodedEvent, Flush, Projection};
pub use store_error::StoreError;
pub use table::Table;
pub use tx::Tx;
