//! HTTP: commands in, queries out; the `daybook` binary.
//!
//! ```text
//! request ──> server ──> router ──> edge ──> commands ──> engine ──> log
//!                                       '──> queries  ──> read models
//! ```
//!
//! - [`Daybook`] is a whole shop in one process: open it, serve it or call its router, shut it down.
//! - Every address stands in `router.rs`; every kind of error in `problem/catalogue.rs`.
//! - Nothing is decided here: what a command may do is the domain's, how it becomes durable the engine's.

mod admin;
mod asyncapi;
mod audit;
pub mod cli;
mod commands;
mod data_dir;
mod daybook;
mod events;
mod health;
mod http;
mod metrics;
mod node;
mod openapi;
mod options;
pub mod problem;
mod queries;
mod router;
mod routes;
mod server;
mod shop;
mod write_path;

pub use asyncapi::text as asyncapi_text;
pub use data_dir::DataDirError;
pub use daybook::{Daybook, OpenError};
pub use http::Outside;
pub use node::{NodeRole, ReadStore, Roles, Store, UnknownReadStore, UnknownRole, UnknownStore};
pub use openapi::text as openapi_text;
pub use options::{Limits, Nats, RecordFor, ServeOptions};
