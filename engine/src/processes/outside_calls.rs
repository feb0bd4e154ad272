//! Calls to the payment gateway: a bounded number at a time, and beside the reactions, so that a gateway that is
//! slow keeps nothing else from going on.
//!
//! Each class of calls has permits and a queue of its own: what lets go of money never waits behind what takes it,
//! and asking again never keeps new payments waiting. A queue is short. What it does not take waits as a timer,
//! which is a line in a file, and its event is read again when there is room.

use super::{
    timers::{TimerKey, TimerKind},
    trigger_event::TriggerEvent,
};
use crate::{Gateway, panics::caught_future};
use daybook_domain::{
    Command,
    payment::{GatewayOutcome, GatewayRequest, OperationKind, PaymentCommand, RecordOutcome},
};
use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, timeout};

/// Calls that may wait for a permit, for each that there is.
const QUEUED_PER_PERMIT: usize = 2;
/// The part of the permits that releases have, and that polls have.
const SMALL_SHARE: usize = 4;

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallClass {
    /// Takes money, or sets it aside.
    Charge = 0,
    /// Lets go of money, or gives it back.
    Release = 1,
    /// Asks again what became of a charge.
    Poll = 2,
}

pub(super) const CALL_CLASSES: [CallClass; 3] = [CallClass::Charge, CallClass::Release, CallClass::Poll];

/// A call that is to be made, and for which reaction.
pub(super) struct OutsideCall {
    pub(super) event: Arc<TriggerEvent>,
    pub(super) process: usize,
    pub(super) request: GatewayRequest,
    /// Whether to go on asking while the answer is not final.
    pub(super) until_known: bool,
    /// How often it was asked before.
    pub(super) attempt: u32,
    /// The timer that began it.
    pub(super) timer: Option<TimerKey>,
}

impl OutsideCall {
    pub(super) fn class(&self) -> CallClass {
        match self.request.kind {
            OperationKind::Void | OperationKind::Refund => CallClass::Release,
            OperationKind::Authorize | OperationKind::Capture if self.until_known => CallClass::Poll,
            OperationKind::Authorize | OperationKind::Capture => CallClass::Charge,
        }
    }

    /// Whether the call may have been made before, so that the gateway is asked for its status first.
    fn status_first(&self) -> bool {
        self.until_known || self.attempt > 0 || self.event.recovering
    }

    /// The command that records the answer on the payment.
    pub(super) fn record(&self, answer: &GatewayOutcome) -> Command {
        let record = RecordOutcome { operation_id: self.request.operation_id, outcome: answer.clone() };
        Command::Payment(self.request.payment_id, PaymentCommand::RecordOutcome(record))
    }

    /// Whether the gateway has to be asked again after this answer.
    pub(super) const fn goes_on_after(&self, answer: &GatewayOutcome) -> bool {
        self.until_known && matches!(answer, GatewayOutcome::Unknown | GatewayOutcome::ActionRequired { .. })
    }
}

/// What came of a call.
pub(super) struct Answered {
    pub(super) call: OutsideCall,
    pub(super) answer: GatewayOutcome,
    pub(super) took: Duration,
}

pub(super) struct OutsideCalls {
    gateway: Arc<dyn Gateway>,
    limit: Duration,
    classes: [ClassCalls; 3],
    in_flight: FuturesUnordered<BoxFuture<'static, Answered>>,
}

struct ClassCalls {
    permits: usize,
    in_flight: usize,
    queue: VecDeque<OutsideCall>,
}

impl OutsideCalls {
    /// With so many permits for charges, and a part of that for each other class.
    pub(super) fn new(gateway: Arc<dyn Gateway>, permits: usize, limit: Duration) -> Self {
        let class =
            |permits: usize| ClassCalls { permits: permits.max(1), in_flight: 0, queue: VecDeque::new() };
        let small = permits / SMALL_SHARE;
        let classes = [class(permits), class(small), class(small)];
        Self { gateway, limit, classes, in_flight: FuturesUnordered::new() }
    }

    /// How many further calls of a class are taken.
    pub(super) fn room(&self, class: CallClass) -> usize {
        let ClassCalls { permits, in_flight, queue } = &self.classes[class as usize];
        (permits * (1 + QUEUED_PER_PERMIT)).saturating_sub(in_flight + queue.len())
    }

    /// How many calls are being made.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Makes the call as soon as there is a permit; hands it back if there is no room for it to wait.
    #[must_use]
    pub(super) fn put(&mut self, call: OutsideCall) -> Option<OutsideCall> {
        let class = call.class();
        if self.room(class) == 0 {
            return Some(call);
        }
        self.classes[class as usize].queue.push_back(call);
        self.begin(class);
        None
    }

    fn begin(&mut self, class: CallClass) {
        let calls = &mut self.classes[class as usize];
        while calls.in_flight < calls.permits {
            let Some(call) = calls.queue.pop_front() else { return };
            calls.in_flight += 1;
            self.in_flight.push(Box::pin(make(Arc::clone(&self.gateway), call, self.limit)));
        }
    }

    /// The next answer; pending while no call is in flight.
    pub(super) fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Answered> {
        match self.in_flight.poll_next_unpin(cx) {
            Poll::Ready(Some(answered)) => {
                let class = answered.call.class();
                self.classes[class as usize].in_flight -= 1;
                self.begin(class);
                Poll::Ready(answered)
            }
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

async fn make(gateway: Arc<dyn Gateway>, call: OutsideCall, limit: Duration) -> Answered {
    let begun = Instant::now();
    let request = &call.request;
    let asking = async {
        if call.status_first() {
            match gateway.status(request).await {
                GatewayOutcome::NotSeen => gateway.call(request).await,
                known => known,
            }
        } else {
            gateway.call(request).await
        }
    };
    // Whether a call that panicked or took too long was made is not known.
    let answer = match timeout(limit, caught_future("gateway", asking)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) | Err(_) => GatewayOutcome::Unknown,
    };
    // Asked again it would have been made: an answer that makes no sense is no answer.
    let answer = if answer == GatewayOutcome::NotSeen { GatewayOutcome::Unknown } else { answer };
    Answered { call, answer, took: begun.elapsed() }
}

impl From<CallClass> for TimerKind {
    fn from(class: CallClass) -> Self {
        match class {
            CallClass::Charge => Self::Charge,
            CallClass::Release => Self::Release,
            CallClass::Poll => Self::Poll,
        }
    }
}
