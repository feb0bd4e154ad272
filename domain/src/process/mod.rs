//! Processes: events in, commands out. Pure; the engine follows the log, asks each process what is to be
//! done, does it, and hands back how it went.
//!
//! Every step may be repeated after a crash: a command's id is derived from the process' name, the event
//! that caused it and its number, so that a repetition finds the recorded outcome.
//!
//! ```text
//! CartCheckedOut ─→ PlaceOrder ─→ ReserveStock per SKU ─→ AllocateOrder ─→ RequestAuthorization ─→ (gateway)
//!   ─→ RecordOutcome ─→ CommitReservation per SKU ─→ ConfirmOrder ─→ CompleteCart
//! any "no" ─→ RejectOrder ─→ ReleaseReservation per SKU, RequestVoid, AbandonCart
//! ```

use crate::{Command, Event, Rejection, Timestamp, payment::GatewayRequest};
use std::time::Duration;

/// What is to be done about an event.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Reaction {
    #[default]
    Nothing,
    /// Execute these, in any order, and hand all outcomes to [`Process::resolve`].
    Commands(Vec<Command>),
    /// Make this call, then record its outcome on the payment.
    CallGateway(GatewayRequest),
    /// Ask for the status of this operation, again and again with growing pauses, and record each answer on
    /// the payment; if the gateway has never seen it, make the call. Over when the answer is an approval or a
    /// decline, or when recording is refused: then the payment does not wait for it any more.
    ResolveGateway(GatewayRequest),
}

/// What an event means for the one deadline a process may have on each stream.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Deadline {
    #[default]
    Unchanged,
    /// Execute the command when `after` has passed since the event was recorded, as of the business time
    /// `occurred_at + after`. Replaces the stream's earlier deadline of this process. A refusal is harmless.
    Set {
        after: Duration,
        command: Command,
    },
    Cleared,
}

/// How one command of a reaction went: the events it caused (also when it had been executed before), or no.
pub type StepOutcome = Result<Vec<Event>, Rejection>;

/// An event as a process sees it.
#[derive(Debug, Clone, Copy)]
pub struct Occurrence<'a> {
    pub event: &'a Event,
    /// The id part of the stream the event stands in.
    pub aggregate_id: &'a str,
    /// The event's number within its stream, from 1.
    pub version: u64,
    /// The business time of the event; commands that follow happen at the same time.
    pub occurred_at: Timestamp,
}

/// What a shop may set about its processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessConfig {
    /// How long stock is set aside for an order that is not paid for yet.
    pub reservation_hold: Duration,
    /// After how long without any event an active cart is abandoned; none: never.
    pub cart_idle: Option<Duration>,
}

impl Default for ProcessConfig {
    fn default() -> Self {
        Self { reservation_hold: Duration::from_secs(15 * 60), cart_idle: None }
    }
}

/// A rule of the form "when this happens, do that".
pub trait Process: Send + Sync {
    /// A sentence, for example `reserve_stock_when_order_is_placed`. Persisted in command ids and actors.
    fn name(&self) -> &'static str;

    /// Whether events of this type concern it, so that others need not be decoded.
    fn concerns(&self, aggregate: &str, event_type: &str) -> bool;

    /// What is to be done about an event.
    fn react(&self, occurrence: Occurrence<'_>) -> Reaction;

    /// What is to be done when all commands of the reaction have their outcomes, in the same order.
    fn resolve(&self, occurrence: Occurrence<'_>, outcomes: &[StepOutcome]) -> Vec<Command> {
        let _ = (occurrence, outcomes);
        Vec::new()
    }

    /// What is to be done if nothing else happens in time.
    fn deadline(&self, occurrence: Occurrence<'_>) -> Deadline {
        let _ = occurrence;
        Deadline::Unchanged
    }
}
