//! The log for clients of EventStoreDB: they read streams and `$all`, and follow both.
//!
//! Stands beside `api/` at the edge. Reads the log and changes nothing in it: there are no appends, no persistent
//! subscriptions, no filters and no system streams here. What is not there is answered with `Unimplemented`.

mod describe;
mod endpoint;
pub mod proto;
mod reading;
mod recorded;
mod streams;

pub use endpoint::Endpoint;
