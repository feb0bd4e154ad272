//! What is recorded of a request that changed nothing.

use crate::event::events;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

events! {
    /// What is recorded of a request that changed nothing.
    RequestEvent of super::UnchangedRequest, upcast by upcast {
        RequestChangedNothing = 1,
    }
}

/// No event has an older schema yet.
fn upcast(_event_type: &str, _from_version: u16, payload: serde_json::Value) -> serde_json::Value {
    payload
}

/// A command with an idempotency key found everything as wished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RequestChangedNothing {
    /// The stream that the command was for.
    pub of_stream: String,
    /// That stream's version then.
    pub of_version: u64,
}
