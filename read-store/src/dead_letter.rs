//! Events that a projection could not apply, as the store keeps them: where they belong, and a JSON text that only
//! the projections read. They are written with the batch that passes them over.

use ahash::AHashMap;

/// An event that waits in the dead letters of one generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedEvent {
    /// The stream whose later events wait behind it.
    pub stream: String,
    pub position: u64,
    /// What is known of it, one JSON object.
    pub json: String,
}

/// How many events of each parked stream wait.
pub type ParkedStreams = AHashMap<String, u64>;
