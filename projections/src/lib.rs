//! Keeps read models current: what a projection is, the threads that apply events to rows and commit them, rebuilds
//! beside what answers, dead letters, and how fresh each read model is.
//!
//! Which read models there are is not known here: `daybook-views` and `daybook-search` hand their [`Definition`]s to
//! [`ReadModels::open`]. Rows and checkpoints are in `daybook-read-store`.

mod admin;
mod applier;
mod apply_loop;
mod commit_group;
mod dead_letter;
mod decoded;
mod definition;
mod failure;
mod follow_limits;
mod generation_watcher;
mod projection;
mod read_models;
mod rebuild;
mod replay;
mod startup;
mod status;
mod store_session;
mod worker;
mod worker_handle;

pub use admin::{Freshness, WaitError};
pub use apply_loop::Retried;
pub use dead_letter::{DeadLetter, SkippedLetter};
pub use decoded::decode;
pub use definition::Definition;
pub use failure::RunnerError;
pub use follow_limits::FollowLimits;
pub use projection::{ApplyError, DecodedEvent, Flush, Projection};
pub use read_models::{Options, Part, ReadModels, ReadServer};
pub use replay::{InMemoryReplay, ReplayError};
pub use status::{ProjectionReport, RebuildProgress};
