//! Publishes the log to NATS JetStream, for subscribers, and follows it there.
//!
//! ```text
//! log --relay--> JetStream stream "daybook-events" --> followers (NatsLog, other programs)
//!  '----------------------- whatever is missing --------^
//! ```
//!
//! The log is the record and the outbox; JetStream is delivery. By default JetStream syncs its files only
//! every two minutes, so it may forget what it acknowledged: the relay compares and feeds again. Positions without a gap
//! make it impossible to miss a gap or a duplicate. Who else may publish to our subjects cannot stop the relay, nor make
//! a node take for an event what is none: messages are signed with a key of the shop's nodes.
//!
//! This crate knows nothing of views, and nothing of what events mean.

mod connect;
mod error;
mod nats_log;
mod options;
mod relay;
mod signature;
mod stream;
mod stream_end;
mod subject;
mod tls;

pub use async_nats::Client;
pub use connect::{LastError, connect, connect_watched};
pub use error::MessagingError;
pub use nats_log::NatsLog;
pub use options::NatsOptions;
pub use relay::{Relay, RelayOptions, RelayTask};
pub use signature::MessageKey;
pub use subject::{POSITION_HEADER, STREAM_NAME, SUBJECTS, subject_of};
