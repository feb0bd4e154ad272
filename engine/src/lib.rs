//! The write path: executes commands, groups commits, runs processes, answers retries.
//!
//! ```text
//! CommandRequest ──> Engine ──> shard (by stream) ──> aggregate decides ──> EventLog::append (one group)
//!                                 ^                                              │ durable
//!                                 '──── commands ──── processes <─── events ─────┴──> Outcome
//! ```
//!
//! It knows nothing of HTTP and read models. What it promises is in [`Engine`] and [`CommandRequest`].

mod batch_channel;
mod clock;
mod command_queue;
mod engine;
mod gateway;
mod ids;
mod options;
mod order_outcome;
mod outcome;
mod panics;
mod processes;
mod queued_command;
mod request;
mod shard;
mod shared;
mod shop_secret;
mod sku_claims;
mod snapshots;
mod unchanged;

pub use clock::{Clock, SettableClock, SystemClock};
pub use engine::Engine;
pub use gateway::{Gateway, SimulatedGateway};
pub use ids::event_id;
pub use options::{EngineOptions, OnReaching};
pub use order_outcome::{OrderOutcome, OrderOutcomeWaiter};
pub use outcome::{CommandError, EngineError, Outcome};
pub use processes::{DeadReaction, DeadReactionId, ProcessReport};
pub use request::{CommandRequest, Priority};
pub use shop_secret::{ContentDigest, ShopSecret};
