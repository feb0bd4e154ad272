//! What one node of several does, and with which servers: its roles, its event store, the processes and the relay
//! that only one node at a time may run. On one machine all of it is in one process and this is hardly noticed.

mod duties;
mod health;
mod processes;
mod relaying;
mod roles;
mod store;

pub(crate) use duties::Duties;
pub(crate) use health::{Health, NatsHealth, Relaying};
pub use roles::{NodeRole, Roles, UnknownRole};
pub use store::{ReadStore, Store, UnknownReadStore, UnknownStore};
