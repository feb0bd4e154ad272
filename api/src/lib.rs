//! The HTTP interface: commands in, queries out.
//!
//! ```text
//! request ──> listener ──> edge ──> resources ──> engine ──> log
//!                                           '──> read models
//! ```
//!
//! - [`Api`] is the interface over a running shop: a router, and a listener that serves it.
//! - Every resource is a module of `resources/`; every kind of error stands in `problem/catalogue.rs`.
//! - Nothing is decided here: what a command may do is the domain's, how it becomes durable the engine's. What opens
//!   the stores and runs the rest of a node is the `daybook` program (`server/`).

mod access;
mod api;
mod app;
mod auth;
mod cart_history;
mod describe;
mod edge;
mod history;
mod http;
mod limits;
mod listener;
mod node_status;
mod openapi;
mod position_waiters;
mod prices;
pub mod problem;
mod resources;
mod roles;
mod route;
mod stock_names;
mod transport;

pub use api::{Api, Parts};
pub use auth::{AccessMode, KeyText, MalformedKey};
pub use edge::RemotePeer;
pub use limits::{Limits, RecordFor};
pub use node_status::NodeStatus;
pub use openapi::{routes_page, text as openapi_text};
pub use roles::{NodeRole, Roles, UnknownRole};
