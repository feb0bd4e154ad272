//! Requests with an idempotency key that changed nothing: the one event says so, so that a retry is answered alike
//! though the world has moved on.
//!
//! What changes something needs none of this: its events carry the command's id. The stream's id is the command's
//! id, and its one event has the id that the command's first event would have had. So the log, which takes an event
//! id once, decides which of two attempts counts, on any number of nodes.

mod commands;
mod events;
#[expect(clippy::module_inception, reason = "the aggregate has the name of its folder")]
mod request;
mod samples;

pub use commands::{RecordUnchanged, RequestCommand, RequestRejection};
pub use events::{RequestChangedNothing, RequestEvent};
pub use request::UnchangedRequest;
