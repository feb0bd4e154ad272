//! Following the log: what every follower needs and none should write again.
//!
//! Stands between `event-log` and those who follow it (relay, audit, projections, processes, the feed of events). Knows
//! nothing of what events mean, and nothing of HTTP.
//!
//! - [`Source`]: pages of the log, bounded in events and bytes, first the past, then the present, without a gap.
//!   [`ReadAhead`] reads them before they are asked for.
//! - [`Subscriber`] and [`Following`]: a follower as it is written, and what runs it: lease, position, pages, pauses.
//! - [`Backoff`]: pauses between tries, 20 ms to 30 s, with jitter.
//! - [`Supervisor`]: runs tasks and threads, restarts them, knows the [`Status`] of each.
//! - [`Fault`]: why a follower cannot go on.
//! - [`replace_file`]: for a file that is never torn.
//!
//! # How to add a follower
//!
//! 1. Write a type that implements [`Subscriber`].
//! 2. `start` answers up to where its own truth reaches: the size of its tree, the end of its stream, a position that it
//!    stores after the effect, never before.
//! 3. Name each failure by what follows from it: [`Fault::Passing`] is tried again, [`Fault::Event`] and [`Fault::Fatal`] end
//!    it and need a person, [`Fault::Newer`] waits for an upgrade. Rows that are made of events are a projection
//!    (`projections/`), which parks the stream of an event that it cannot apply.
//! 4. Handling may be dropped at any await and repeated after a crash. Say in the file's head why that does no harm.
//! 5. Make a [`Following`] with a lease name that no other follower has, and start it where the node starts its tasks
//!    (`server/src/node/`): [`Supervisor::task`], or [`Supervisor::thread`] if it computes or writes files in bursts.
//!    [`TaskSpec::required`] if the node is not ready without it. Its status is then in `/readyz` and its panics in
//!    `daybook_task_panics_total`; nothing else has to be registered.
//! 6. Test it with a memory log: a fault that passes, a panic, and a restart between effect and position.

mod backoff;
mod fault;
mod read_ahead;
mod replace_file;
mod restarts;
mod source;
mod status;
mod subscriber;
mod supervisor;
mod task;
#[cfg(test)]
mod testing;

pub use backoff::{Backoff, BackoffLimits, random_seed};
pub use fault::Fault;
pub use read_ahead::{AheadPage, ReadAhead};
pub use replace_file::replace_file;
pub use source::{PAGE, Page, Source, Wants};
pub use status::{Status, TaskStatus};
pub use subscriber::{Following, Subscriber};
pub use supervisor::Supervisor;
pub use task::{Supervised, TaskContext, TaskSpec};
pub use tokio_util::sync::{CancellationToken, DropGuard};
