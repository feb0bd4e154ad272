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

/// What is to be done about an event.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Reaction {
    #[default]
    Nothing,
    /// Execute these, in any order, and hand all outcomes to [`Process::resolve`].
    Commands(Vec<Command>),
    /// Make this call, then record its outcome on the payment.
    CallGateway(GatewayRequest),
    /// Ask for the status of this operation, again and again with growing pauses, until it is known; if the
    /// gateway has never seen it, make the call. Then record the outcome on the payment.
    ResolveGateway(GatewayRequest),
}

/// How one command of a reaction went: the events it caused (also when it had been executed before), or no.
pub type StepOutcome = Result<Vec<Event>, Rejection>;

/// An event as a process sees it.
#[derive(Debug, Clone, Copy)]
pub struct Occurrence<'a> {
    pub event: &'a Event,
    /// The id part of the stream the event stands in.
    pub aggregate_id: &'a str,
    /// The business time of the event; commands that follow happen at the same time.
    pub occurred_at: Timestamp,
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
}
