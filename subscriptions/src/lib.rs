//! Following the log: what every follower needs and none should write again.
//!
//! Stands between `event-log` and those who follow it (relay, audit, projections, processes, the feed of events). Knows
//! nothing of what events mean, and nothing of HTTP.
//!
//! - [`Source`]: pages of the log, bounded in events and bytes, first the past, then the present, without a gap.
//! - [`Subscriber`] and [`Following`]: a follower as it is written, and what runs it: lease, position, pages, pauses.
//! - [`Parking`], [`DeadLetters`]: what cannot be handled is kept for a person; behind it only its stream waits.
//! - [`CheckpointStore`]: a position in a file or in the memory of a lease; [`replace_file`] for files that are never torn.
//! - [`Backoff`]: pauses between tries, 20 ms to 30 s, with jitter.
//! - [`Supervisor`]: runs tasks and threads, restarts them, knows the [`Status`] of each.
//! - [`Fault`]: why a follower cannot go on.
//!
//! # How to add a follower
//!
//! 1. Write a type that implements [`Subscriber`]; or [`EventHandler`], run by [`Parking`], if it handles one event at a
//!    time and its streams do not depend on each other.
//! 2. `start` answers up to where its own truth reaches. Keep a [`CheckpointStore`] only if what it makes does not tell that,
//!    and save it after the effect, never before.
//! 3. Name each failure by what follows from it: [`Fault::Passing`] is tried again, [`Fault::Event`] is parked or ends it,
//!    [`Fault::Newer`] waits for an upgrade, [`Fault::Fatal`] ends it and needs a person.
//! 4. Handling may be dropped at any await and repeated after a crash. Say in the file's head why that does no harm.
//! 5. Make a [`Following`] with a lease name that no other follower has, and start it where the node starts its tasks
//!    (`server/src/node/`): [`Supervisor::task`], or [`Supervisor::thread`] if it computes or writes files in bursts.
//!    [`TaskSpec::required`] if the node is not ready without it. Its status is then in `/readyz` and its panics in
//!    `daybook_task_panics_total`; nothing else has to be registered.
//! 6. Test it with a memory log: a fault that passes, a panic, and a restart between effect and checkpoint.

mod backoff;
mod checkpoint;
mod dead_letters;
mod fault;
mod parking;
mod restarts;
mod source;
mod status;
mod subscriber;
mod supervisor;
mod task;
#[cfg(test)]
mod testing;

pub use backoff::{Backoff, BackoffLimits};
pub use checkpoint::{CheckpointFile, CheckpointStore, LeaseMemory, replace_file};
pub use dead_letters::{DeadLetter, DeadLetterError, DeadLetters, SkippedLetter};
pub use fault::Fault;
pub use parking::{EventHandler, Parking};
pub use source::{PAGE, Page, Source, Wants};
pub use status::{Status, TaskStatus};
pub use subscriber::{Following, Subscriber};
pub use supervisor::Supervisor;
pub use task::{Supervised, TaskContext, TaskSpec};
pub use tokio_util::sync::CancellationToken;
