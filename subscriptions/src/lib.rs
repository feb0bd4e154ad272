//! Following the log: what every follower needs and none should write again.
//!
//! Stands between `event-log` and those who follow it (relay, audit, projections, processes, the feed of events). Knows
//! nothing of what events mean, and nothing of HTTP.
//!
//! - [`Backoff`]: pauses between tries, 20 ms to 30 s, with jitter.
//! - [`Supervisor`]: runs tasks and threads, restarts them, knows the [`Status`] of each.
//! - [`Fault`]: why a follower cannot go on.

mod backoff;
mod fault;
mod restarts;
mod status;
mod supervisor;
mod task;

pub use backoff::{Backoff, BackoffLimits};
pub use fault::Fault;
pub use status::{Status, TaskStatus};
pub use supervisor::Supervisor;
pub use task::{Supervised, TaskContext, TaskSpec};
pub use tokio_util::sync::CancellationToken;
