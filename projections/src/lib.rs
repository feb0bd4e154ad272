//! Keeps read models current: what a projection is, the threads that apply events to rows and commit them, rebuilds
//! beside what answers, dead letters, and how fresh each read model is.
//!
//! Which read models there are is not known here: `daybook-views` and `daybook-search` hand their [`Definition`]s to
//! [`ReadModels::open`]. Rows and checkpoints are in `daybook-read-store`.

mod control;
mod dead_letter;
mod decoded;
mod definition;
mod feed;
mod following;
mod group;
mod keeping;
mod lane;
mod leading;
mod member;
mod pauses;
mod prepare;
mod projection;
mod read_models;
mod rebuild;
mod replay;
mod runner;
mod seat;
mod steps;

pub use control::{Freshness, WaitError};
pub use dead_letter::{DeadLetter, SkippedLetter};
pub use decoded::decode;
pub use definition::Definition;
pub use projection::{ApplyError, DecodedEvent, Flush, Projection};
pub use read_models::{Options, Part, ReadModels, ReadServer};
pub use replay::{InMemoryReplay, ReplayError};
pub use runner::{Retried, RunnerError};
pub use seat::RebuildProgress;
pub use steps::Steps;
