//! What one node of several does, and with which servers: its roles, its event store, the processes and the relay
//! that only one node at a time may run. On one machine all of it is in one process and this is hardly noticed.

mod audit_tree;
mod health;
mod known_event;
mod lag;
mod process_memory;
mod processes;
mod report;
mod secret;
mod store;
mod tasks;

pub(crate) use audit_tree::open_audit_tree;
pub(crate) use health::{NatsHealth, NodeHealth};
pub(crate) use known_event::{keep_end, known_event};
pub use lag::LagLimits;
pub(crate) use lag::LagWatch;
pub(crate) use report::NodeReport;
pub(crate) use secret::shop_secret;
pub use store::{ReadStore, Store, UnknownReadStore, UnknownStore};
pub(crate) use tasks::NodeTasks;
