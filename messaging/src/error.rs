//! What can go wrong between the log and NATS.

use daybook_event_log::LogError;

/// Why telling others stopped for now. The relay and the feeds retry all of these by themselves, except
/// [`MessagingError::ForeignStream`], which needs a person.
#[derive(Debug, thiserror::Error)]
pub enum MessagingError {
    #[error("the NATS address {address:?} cannot be used: {detail}")]
    InvalidAddress { address: String, detail: String },
    #[error(
        "NATS cannot be reached at {address}: {detail}; is nats-server running there, with JetStream on (-js)?"
    )]
    Unreachable { address: String, detail: String },
    #[error("JetStream could not {operation}: {detail}")]
    JetStream { operation: &'static str, detail: String },
    #[error(
        "the JetStream stream {stream:?} was not fed from this log ({detail}); remove that stream, or name another one, \
         then the relay feeds it from the start"
    )]
    ForeignStream { stream: String, detail: String },
    /// The stream ends before what was relayed: it was truncated, wiped or restored.
    #[error("the JetStream stream is at {found}, {relayed} had been relayed; feeding again what is missing")]
    Truncated { found: u64, relayed: u64 },
    #[error("event {position} cannot be told: {detail}")]
    Untellable { position: u64, detail: String },
    #[error(transparent)]
    Log(#[from] LogError),
}

impl MessagingError {
    pub(crate) fn jetstream(operation: &'static str, error: impl std::fmt::Display) -> Self {
        Self::JetStream { operation, detail: error.to_string() }
    }
}
