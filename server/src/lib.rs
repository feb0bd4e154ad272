//! The `daybook` program: opens a shop's stores, runs the node's tasks, and serves the HTTP interface.
//!
//! ```text
//! command line ──> Daybook: data directory, event log, engine, read models, audit tree, relay
//!                      '──> daybook_api: the HTTP interface over them
//! ```
//!
//! - [`Daybook`] is a whole shop in one process: open it, serve it or call its router, shut it down.
//! - What the interface answers is `api`'s; how events are decided and stored is the engine's and the log's.

mod asyncapi;
pub mod cli;
mod data_dir;
mod daybook;
mod metrics;
mod node;
mod options;
mod write_path;

pub use asyncapi::text as asyncapi_text;
pub use data_dir::DataDirError;
pub use daybook::{AccessUnknown, Daybook, OpenError};
pub use node::{LagLimits, ReadStore, Store, UnknownReadStore, UnknownStore};
pub use options::{Nats, ServeOptions};
