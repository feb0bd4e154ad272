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
//! OrderShipped ─→ ShipReserved per SKU, RequestCapture, ReleaseRest with the last ─→ (gateway)
//! LinesCancelled ─→ ReleaseUnits per SKU, ReleaseRest when nothing is left to ship ─→ (gateway)
//! ReservationMoved, ReservationReduced, StockShort, StockCovered ─→ MoveAllocation, SetShortage per order
//! OrderReturned ─→ ReturnStock per SKU, RequestRefund ─→ (gateway)
//! OrderCredited ─→ RequestRefund ─→ (gateway)
//! CaptureFailed, VoidFailed, RefundFailed ─→ RetryOperation, 1, 6, 24, 72 h later ─→ (gateway)
//! ```

mod abandon_cart_when_nothing_happens;
mod call_gateway_when_payment_asks;
mod commit_stock_when_payment_is_authorized;
mod complete_cart_when_order_is_confirmed;
mod move_lines_when_cart_is_merged;
mod place_order_when_cart_is_checked_out;
mod refund_payment_when_order_is_credited;
mod reject_order_when_payment_is_declined;
mod reject_order_when_payment_times_out;
mod release_all_when_order_comes_to_nothing;
mod release_stock_and_payment_when_lines_are_cancelled;
mod request_payment_when_order_is_allocated;
mod reserve_stock_when_order_is_placed;
mod resolve_payment_when_outcome_is_unknown;
mod restock_and_refund_when_goods_are_returned;
mod retry_payment_operation_when_it_fails;
mod ship_stock_and_capture_payment_when_order_is_shipped;
mod tell_orders_when_their_stock_changes;

use crate::{
    Command, Event, Interests, Money, PaymentId, Quantity, Rejection, Sku, Timestamp,
    payment::{GatewayRequest, PaymentCommand, ReleaseRest},
};
use std::{collections::BTreeMap, time::Duration};

/// What is to be done about an event.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Reaction {
    #[default]
    Nothing,
    /// Execute these, in any order, and hand all outcomes to [`Process::resolve`].
    Commands(Vec<Command>),
    /// Make this call, then record its outcome on the payment. If it may have been made before, because the
    /// program stopped before an outcome was recorded, resolve it instead.
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
    /// `occurred_at + after`. Replaces the stream's earlier deadline of this process.
    Set {
        after: Duration,
        command: Command,
    },
    Cleared,
}

/// How one command of a reaction went: the events it caused (also when it had been executed before), or no.
pub type StepOutcome = Result<Vec<Event>, Rejection>;

/// What it means to a process that one of its commands was refused. There is no answer to be left out: a refusal that
/// nobody expects must not vanish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is a possible end, or [`Process::resolve`] says what follows.
    Expected,
    /// Begin the whole reaction again after this time: [`Process::react`], with the next [`Trigger::attempt`].
    Retry { after: Duration },
    /// Somebody has to look. The reaction is over until they have it tried again.
    DeadLetter,
}

impl Refusal {
    /// Expected under a condition, otherwise something that somebody has to look at.
    #[must_use]
    pub const fn expected_if(expected: bool) -> Self {
        if expected { Self::Expected } else { Self::DeadLetter }
    }
}

/// An event as a process sees it.
#[derive(Debug, Clone, Copy)]
pub struct Trigger<'a> {
    pub event: &'a Event,
    /// The id part of the stream the event stands in.
    pub aggregate_id: &'a str,
    /// The event's number within its stream, from 1.
    pub version: u64,
    /// The business time of the event; commands that follow happen at the same time.
    pub occurred_at: Timestamp,
    /// How often the reaction was begun before: after a [`Refusal::Retry`], or because somebody asked for it.
    pub attempt: u32,
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

    /// The events that it reacts to; others are not decoded for it. Asked once, when the program starts.
    fn interests(&self) -> Interests;

    /// What is to be done about an event.
    fn react(&self, trigger: Trigger<'_>) -> Reaction;

    /// What is to be done when all commands of the reaction have their outcomes, in the same order.
    fn resolve(&self, trigger: Trigger<'_>, outcomes: &[StepOutcome]) -> Vec<Command> {
        let _ = (trigger, outcomes);
        Vec::new()
    }

    /// What it means that `command` was refused, one of those of `react`, `resolve`, `deadline`, or the recording of the
    /// gateway's answer. Asked when all commands of the step have their answers; then the worst meaning counts.
    fn refused(&self, trigger: Trigger<'_>, command: &str, rejection: &Rejection) -> Refusal;

    /// Types of events that, later in the same stream, show that the reaction is over. Looked for when a
    /// reaction may have been begun before: a refusal leaves no trace, and what was refused then might be
    /// granted now.
    fn conclusions(&self) -> &'static [&'static str] {
        &[]
    }

    /// What is to be done if nothing else happens in time.
    fn deadline(&self, trigger: Trigger<'_>) -> Deadline {
        let _ = trigger;
        Deadline::Unchanged
    }
}

/// All processes of the shop.
#[must_use]
pub fn all(config: ProcessConfig) -> Vec<Box<dyn Process>> {
    vec![
        Box::new(place_order_when_cart_is_checked_out::PlaceOrderWhenCartIsCheckedOut),
        Box::new(reserve_stock_when_order_is_placed::ReserveStockWhenOrderIsPlaced { hold: config.reservation_hold }),
        Box::new(request_payment_when_order_is_allocated::RequestPaymentWhenOrderIsAllocated),
        Box::new(call_gateway_when_payment_asks::CallGatewayWhenPaymentAsks),
        Box::new(resolve_payment_when_outcome_is_unknown::ResolvePaymentWhenOutcomeIsUnknown),
        Box::new(retry_payment_operation_when_it_fails::RetryPaymentOperationWhenItFails),
        Box::new(commit_stock_when_payment_is_authorized::CommitStockWhenPaymentIsAuthorized),
        Box::new(complete_cart_when_order_is_confirmed::CompleteCartWhenOrderIsConfirmed),
        Box::new(reject_order_when_payment_is_declined::RejectOrderWhenPaymentIsDeclined),
        Box::new(reject_order_when_payment_times_out::RejectOrderWhenPaymentTimesOut { hold: config.reservation_hold }),
        Box::new(release_all_when_order_comes_to_nothing::ReleaseAllWhenOrderComesToNothing),
        Box::new(release_stock_and_payment_when_lines_are_cancelled::ReleaseStockAndPaymentWhenLinesAreCancelled),
        Box::new(ship_stock_and_capture_payment_when_order_is_shipped::ShipStockAndCapturePaymentWhenOrderIsShipped),
        Box::new(tell_orders_when_their_stock_changes::TellOrdersWhenTheirStockChanges),
        Box::new(restock_and_refund_when_goods_are_returned::RestockAndRefundWhenGoodsAreReturned),
        Box::new(refund_payment_when_order_is_credited::RefundPaymentWhenOrderIsCredited),
        Box::new(move_lines_when_cart_is_merged::MoveLinesWhenCartIsMerged),
        Box::new(abandon_cart_when_nothing_happens::AbandonCartWhenNothingHappens { idle: config.cart_idle }),
    ]
}

/// How many units of each SKU there are in all, in the order of the SKUs.
fn units_per_sku<'a>(units: impl Iterator<Item = (&'a Sku, Quantity)>) -> BTreeMap<&'a Sku, Quantity> {
    let mut sums: BTreeMap<&Sku, Quantity> = BTreeMap::new();
    for (sku, more) in units {
        // A cart holds no more of a SKU over all its lines than a quantity can say.
        sums.entry(sku).and_modify(|sum| *sum = sum.plus(more).unwrap_or(*sum)).or_insert(more);
    }
    sums
}

/// Lets go of what is authorised for lines that were cancelled; once in the life of an order.
fn release_rest(payment_id: PaymentId, amount: Money) -> Command {
    let operation_id = payment_id.operation_id("release");
    Command::Payment(payment_id, PaymentCommand::ReleaseRest(ReleaseRest { operation_id, amount }))
}
