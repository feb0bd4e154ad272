//! What happened, durably and in order.
//!
//! The log is the record of the shop: every event of every aggregate, numbered by a dense
//! [`Position`], never changed, never reordered. This crate knows nothing of what events mean.
//!
//! What every backend guarantees:
//!
//! - **Acknowledged means durable.** [`EventLog::append`] resolves only when the events would survive
//!   a power cut. That their places are fixed may be known before ([`AppendFuture`]); what is lost then is lost with
//!   everything behind it.
//! - **All or nothing.** One [`Append`] enters one stream whole or not at all; many appends share one
//!   group commit, and a conflict rejects one append, never its neighbours.
//! - **Dense and ordered.** Positions count 1, 2, 3 … without gaps, in commit order; versions do the
//!   same within each stream.
//! - **Once.** An event id enters the log once. Appending the same events again answers with where
//!   they already are.
//! - **No gap between past and present.** [`EventLog::head`] says when there is more, [`EventLog::read_page`] reads on
//!   from where one is: in order, each event once. `daybook-subscriptions` does so for all who follow.
//!
//! The backends here: [`EmbeddedLog`], files in one directory and the default; [`MemoryLog`], the oracle of the
//! others and the log of unit tests. Backends on servers are crates of their own (`event-log-postgres`). Feature
//! `contract` has the tests a backend must pass, feature `simulation` a disk that loses, tears and fails on demand.
//!
//! [`Leases`] say which of several nodes does what only one may do at a time.

mod append;
mod append_future;
mod background;
mod causes;
pub mod cloud_event;
#[cfg(feature = "contract")]
pub mod contract;
mod embedded;
mod error;
mod id;
mod import;
mod known_event;
mod leases;
mod log;
mod memory;
mod page;
mod point;
mod position;
mod record;

#[cfg(any(test, feature = "simulation"))]
pub mod simulation;

pub use append::{Append, AppendOutcome, AppendRejection, Appended, ExpectedVersion, NewEvent};
pub use append_future::{AppendFuture, AppendResult};
pub use background::{in_background, lower_priority};
pub use causes::with_causes;
pub use embedded::{
    Directory, Disk, DiskFile, EmbeddedLog, EmbeddedOptions, EmbeddedReader, FileIdentity, make_directory,
};
pub use error::LogError;
pub use id::{InvalidStreamId, StreamId};
pub use import::{ImportError, LogImport, compare, copy, not_yet_imported};
pub use known_event::KnownEvent;
pub use leases::{Lease, Leases, LocalLeases};
pub use log::{EventLog, first_event_id};
pub use memory::MemoryLog;
pub use page::{PageLimits, PageRoom};
pub use point::{Point, PointError, position_recorded_by};
pub use position::{Position, Version};
pub use record::{InvalidRecord, Metadata, RecordedEvent};
