//! What can go wrong between the log and NATS, each with what to do about it.

use crate::SUBJECTS;
use async_nats::jetstream::{
    ErrorCode,
    context::{CreateStreamError, CreateStreamErrorKind, PublishError, PublishErrorKind},
};
use daybook_event_log::{LogError, Position};
use daybook_subscriptions::Fault;
use std::error::Error as _;

/// Why publishing stopped for now. The relay and the followers retry all of these by themselves, except
/// [`MessagingError::ForeignStream`] and [`MessagingError::TooOld`], which need a person first; they are looked at again
/// all the same, so nothing has to be restarted.
#[derive(Debug, thiserror::Error)]
pub enum MessagingError {
    #[error(
        "the NATS address {address:?} cannot be used: {detail}; expected nats://host:port, or tls://host:port"
    )]
    InvalidAddress { address: String, detail: String },
    #[error("the {what} for NATS cannot be read from {path}: {detail}")]
    UnusableFile { what: String, path: String, detail: String },
    #[error("TLS to NATS cannot be set up: {detail}")]
    Tls { detail: String },
    #[error(
        "NATS cannot be reached at {address}: {detail}; is nats-server running there, with JetStream on (-js)?"
    )]
    Unreachable { address: String, detail: String },
    #[error("nats-server is {found}; 2.9 or newer is needed, so upgrade it")]
    TooOld { found: String },
    #[error("JetStream could not {operation}: {detail}")]
    JetStream { operation: &'static str, detail: String },
    #[error(
        "the JetStream stream {stream:?} is not fed from this log ({detail}); remove it (nats stream rm {stream}), or give this \
         shop a NATS account of its own; the stream is then made and fed from the first event"
    )]
    ForeignStream { stream: String, detail: String },
    /// The stream was truncated, wiped or restored, or others publish to it.
    #[error(
        "the JetStream stream ends at message {found} and not at {known}; going on from the last event that it has. If this \
         comes again and again, another program publishes to daybook.events: let NATS permit that to the nodes only"
    )]
    Moved { found: u64, known: u64 },
    #[error("event {position} cannot be told: {detail}")]
    Untellable { position: u64, detail: String },
    #[error(transparent)]
    Log(#[from] LogError),
}

impl From<MessagingError> for Fault {
    /// An event that cannot be published stops the relay, which publishes in order; everything else may pass.
    fn from(error: MessagingError) -> Self {
        match error {
            MessagingError::Log(error) => error.into(),
            MessagingError::Untellable { position, detail } => {
                Self::Event { at: Position::new(position), why: detail }
            }
            error => Self::Passing(error.to_string()),
        }
    }
}

const OFF: &str = "JetStream is off or has no leader: start nats-server with -js, give this account JetStream, and see that most servers of a cluster are up";
const NO_ROOM: &str =
    "JetStream has no room: free some space or raise max_file_store; what is missing is then fed by itself";

impl MessagingError {
    pub(crate) fn jetstream(operation: &'static str, error: impl std::fmt::Display) -> Self {
        Self::JetStream { operation, detail: error.to_string() }
    }

    /// Why the stream could not be opened.
    pub(crate) fn opening(error: &CreateStreamError, replicas: usize) -> Self {
        let advice = match error.kind() {
            CreateStreamErrorKind::JetStreamUnavailable | CreateStreamErrorKind::TimedOut => OFF.to_owned(),
            CreateStreamErrorKind::JetStream(said) => match said.error_code() {
                ErrorCode::JETSTREAM_NOT_ENABLED | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT => {
                    OFF.to_owned()
                }
                ErrorCode::STREAM_SUBJECT_OVERLAP => {
                    format!(
                        "another stream takes {SUBJECTS} already: remove it or its subjects (nats stream ls)"
                    )
                }
                ErrorCode::STREAM_REPLICAS_NOT_SUPPORTED | ErrorCode::CLUSTER_NO_PEERS => {
                    format!(
                        "{replicas} copies need as many servers in a cluster with room: ask for fewer, or start them"
                    )
                }
                code => by_code(code).unwrap_or("see nats-server's log").to_owned(),
            },
            _ => "see nats-server's log".to_owned(),
        };
        Self::JetStream { operation: "open the stream", detail: format!("{error}; {advice}") }
    }

    /// Why a message was not taken.
    pub(crate) fn publishing(error: &PublishError) -> Self {
        let said = error.source().and_then(|source| source.downcast_ref::<async_nats::jetstream::Error>());
        let advice = match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => Some("raise max_payload of nats-server"),
            PublishErrorKind::StreamNotFound | PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe => {
                Some(OFF)
            }
            _ => said.and_then(|said| by_code(said.error_code())),
        };
        let detail = match advice {
            Some(advice) => format!("{error}; {advice}"),
            None => error.to_string(),
        };
        Self::JetStream { operation: "take a message", detail }
    }
}

/// JetStream says "no room" in several ways; the last is any failure of its store.
fn by_code(code: ErrorCode) -> Option<&'static str> {
    let no_room = [
        ErrorCode::INSUFFICIENT_RESOURCES,
        ErrorCode::STORAGE_RESOURCES_EXCEEDED,
        ErrorCode::ACCOUNT_RESOURCES_EXCEEDED,
        ErrorCode::STREAM_STORE_FAILED,
    ];
    no_room.contains(&code).then_some(NO_ROOM)
}
