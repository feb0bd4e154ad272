//! An open payment: what it is for, what is asked of the gateway, and what becomes of the answers. The amounts are
//! in `ledger.rs`.
//!
//! An operation asked for again under its id changes nothing, and so does an answer that was recorded. While an
//! operation's outcome is unknown it stays pending and counts as if it had happened, until the gateway says. What
//! waited for an answer follows in the same decision: the void of an order that came to nothing meanwhile, the
//! refund of goods that came back before they were paid for.

use super::{
    AuthorizationRequested, CaptureFailed, CaptureRequested, GatewayOutcome, OperationKind,
    PaymentActionRequired, PaymentAuthorized, PaymentCaptured, PaymentDeclined, PaymentEvent,
    PaymentOutcomeUnknown, PaymentRefunded, PaymentRejection, PaymentStatus, PaymentVoided, RecordOutcome,
    RefundDeferred, RefundFailed, RefundRequested, ReleaseRest, RequestCapture, RequestRefund, RequestVoid,
    RetryOperation, VoidDeferred, VoidFailed, VoidRequested,
    ledger::{Answer, Ledger, Operation},
    payment::Decision,
    status::Authorization,
};
use crate::{Currency, Money, OperationId, OrderId, PaymentId, Sku};
use serde::{Deserialize, Serialize};

/// What an open payment knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    payment_id: PaymentId,
    order_id: OrderId,
    currency: Currency,
    token: String,
    skus: Vec<Sku>,
    authorization: Authorization,
    #[serde(flatten)]
    ledger: Ledger,
}

impl Account {
    pub(super) fn new(requested: &AuthorizationRequested) -> Self {
        Self {
            payment_id: requested.payment_id,
            order_id: requested.order_id,
            currency: requested.amount.currency,
            token: requested.token.clone(),
            skus: requested.skus.clone(),
            authorization: Authorization::Pending,
            ledger: Ledger::new(requested.operation_id, requested.amount.minor),
        }
    }

    pub(super) fn evolve(&mut self, event: &PaymentEvent) {
        use PaymentEvent as E;
        match event {
            E::AuthorizationRequested(_) | E::PaymentCancelled(_) => {}
            E::PaymentAuthorized(authorized) => {
                self.end_request(Authorization::Granted);
                self.ledger.settle(authorized.operation_id);
            }
            E::PaymentActionRequired(action) => {
                self.ledger.answer(action.operation_id, Answer::ActionRequired);
            }
            E::PaymentOutcomeUnknown(unknown) => self.ledger.answer(unknown.operation_id, Answer::Unknown),
            E::PaymentDeclined(declined) => {
                self.end_request(Authorization::Declined);
                self.ledger.settle(declined.operation_id);
            }
            E::CaptureRequested(requested) => {
                let (id, amount) = (requested.operation_id, requested.amount.minor);
                self.ledger.ask(self.payment_id, id, OperationKind::Capture, amount);
            }
            E::PaymentCaptured(captured) => {
                self.ledger.capture(captured.operation_id, captured.captured_total.minor);
            }
            E::CaptureFailed(failed) => self.ledger.fail(failed.operation_id),
            E::VoidDeferred(deferred) => self.ledger.defer_void(deferred.operation_id),
            E::VoidRequested(requested) => {
                let amount = requested.amount.minor;
                self.ledger.request_void(self.payment_id, requested.operation_id, amount);
            }
            E::PaymentVoided(voided) => {
                let ends = self.authorization == Authorization::Pending || self.ledger.authorized() == 0;
                if ends {
                    self.end_request(Authorization::Voided);
                }
                self.ledger.void(voided.operation_id, ends);
            }
            E::VoidFailed(failed) => self.ledger.fail_void(failed.operation_id),
            E::RefundDeferred(deferred) => {
                self.ledger.defer_refund(deferred.operation_id, deferred.amount.minor);
            }
            E::RefundRequested(requested) => {
                let amount = requested.amount.minor;
                self.ledger.request_refund(self.payment_id, requested.operation_id, amount);
            }
            E::PaymentRefunded(refunded) => {
                self.ledger.refund(refunded.operation_id, refunded.refunded_total.minor);
            }
            E::RefundFailed(failed) => self.ledger.fail_refund(failed.operation_id),
        }
    }

    /// Forgets what was needed to repeat the request or to go on after it.
    fn end_request(&mut self, authorization: Authorization) {
        self.authorization = authorization;
        self.token = String::new();
        self.skus = Vec::new();
    }

    pub(super) fn status(&self) -> PaymentStatus {
        PaymentStatus::of(self.authorization, &self.ledger)
    }

    pub(super) fn capture(&self, capture: &RequestCapture) -> Decision {
        let RequestCapture { operation_id, amount } = *capture;
        self.check_amount(amount)?;
        if amount.minor == 0 || self.ledger.knows(operation_id) {
            return Ok(Vec::new());
        }
        if self.authorization != Authorization::Granted {
            return Err(self.status().is_wrong());
        }
        self.at_most(amount, self.ledger.uncaptured())?;
        let (payment_id, order_id) = (self.payment_id, self.order_id);
        let requested = CaptureRequested { payment_id, order_id, operation_id, amount };
        Ok(vec![PaymentEvent::CaptureRequested(requested)])
    }

    pub(super) fn void(&self, void: &RequestVoid) -> Decision {
        let RequestVoid { payment_id, order_id, operation_id } = *void;
        if (payment_id, order_id) != (self.payment_id, self.order_id) {
            return Err(invalid("/payment_id", "does not belong to this payment"));
        }
        if self.ledger.knows(operation_id) || self.ledger.deferred_void().is_some() {
            return Ok(Vec::new());
        }
        let answer = self.ledger.pending_of(OperationKind::Authorize).map(|operation| operation.answer);
        match self.authorization {
            Authorization::Declined | Authorization::Voided => Ok(Vec::new()),
            Authorization::Granted => Ok(self.let_go(operation_id)),
            // The gateway is waiting too, so it can be told to stop.
            Authorization::Pending if answer == Some(Answer::ActionRequired) => Ok(self.let_go(operation_id)),
            // Voiding what may not have arrived yet could be overtaken by it.
            Authorization::Pending => {
                let deferred = VoidDeferred { payment_id, order_id, operation_id };
                Ok(vec![PaymentEvent::VoidDeferred(deferred)])
            }
        }
    }

    /// Gives back what is authorised and neither captured nor asked to be.
    fn let_go(&self, operation_id: OperationId) -> Vec<PaymentEvent> {
        let (payment_id, order_id) = (self.payment_id, self.order_id);
        if self.ledger.authorized() == 0 && self.authorization == Authorization::Granted {
            return vec![PaymentEvent::PaymentVoided(PaymentVoided { payment_id, order_id, operation_id })];
        }
        let rest = self.ledger.uncaptured();
        if rest <= 0 {
            return Vec::new();
        }
        let amount = self.money(rest);
        vec![PaymentEvent::VoidRequested(VoidRequested { payment_id, order_id, operation_id, amount })]
    }

    /// Lets go of a part of what is authorised.
    pub(super) fn release(&self, release: &ReleaseRest) -> Decision {
        let ReleaseRest { operation_id, amount } = *release;
        self.check_amount(amount)?;
        if amount.minor == 0 || self.ledger.knows(operation_id) {
            return Ok(Vec::new());
        }
        if self.authorization != Authorization::Granted {
            return Err(self.status().is_wrong());
        }
        self.at_most(amount, self.ledger.uncaptured())?;
        let (payment_id, order_id) = (self.payment_id, self.order_id);
        let requested = VoidRequested { payment_id, order_id, operation_id, amount };
        Ok(vec![PaymentEvent::VoidRequested(requested)])
    }

    pub(super) fn refund(&self, refund: &RequestRefund) -> Decision {
        let RequestRefund { operation_id, amount } = *refund;
        self.check_amount(amount)?;
        let deferred = self.ledger.deferred_refunds().iter().any(|(id, _)| *id == operation_id);
        if amount.minor == 0 || deferred || self.ledger.knows(operation_id) {
            return Ok(Vec::new());
        }
        if self.authorization != Authorization::Granted {
            return Err(self.status().is_wrong());
        }
        self.at_most(amount, self.ledger.ever_refundable())?;
        let (payment_id, order_id) = (self.payment_id, self.order_id);
        if self.ledger.waiting_to_refund() == 0 && amount.minor <= self.ledger.refundable() {
            let requested = RefundRequested { payment_id, order_id, operation_id, amount };
            return Ok(vec![PaymentEvent::RefundRequested(requested)]);
        }
        let deferred = RefundDeferred { payment_id, order_id, operation_id, amount };
        Ok(vec![PaymentEvent::RefundDeferred(deferred)])
    }

    /// Asks again for what the gateway refused.
    pub(super) fn retry(&self, retry: &RetryOperation) -> Decision {
        let RetryOperation { operation_id, is_time } = *retry;
        let Some(failed) = self.ledger.failed(operation_id) else {
            // Asked for again already, and then it is known.
            let known = self.ledger.knows(operation_id);
            return if known { Ok(Vec::new()) } else { Err(unknown(operation_id)) };
        };
        if !is_time {
            return Err(failed.not_yet());
        }
        let (operation_id, amount) = (failed.next_id(self.payment_id), self.money(failed.amount()));
        match failed.kind() {
            OperationKind::Authorize => Err(unknown(operation_id)),
            OperationKind::Capture => self.capture(&RequestCapture { operation_id, amount }),
            OperationKind::Refund => self.refund(&RequestRefund { operation_id, amount }),
            OperationKind::Void if self.authorization == Authorization::Granted => {
                // Some of it may be let go under another id meanwhile.
                let amount = self.money(amount.minor.min(self.ledger.uncaptured()));
                self.release(&ReleaseRest { operation_id, amount })
            }
            OperationKind::Void => {
                let (payment_id, order_id) = (self.payment_id, self.order_id);
                self.void(&RequestVoid { payment_id, order_id, operation_id })
            }
        }
    }

    const fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    fn check_amount(&self, amount: Money) -> Result<(), PaymentRejection> {
        if amount.currency != self.currency {
            return Err(invalid(
                "/amount",
                &format!("is in {}, the payment in {}", amount.currency, self.currency),
            ));
        }
        if amount.minor < 0 {
            return Err(invalid("/amount", "must not be negative"));
        }
        Ok(())
    }

    fn at_most(&self, requested: Money, possible: i64) -> Result<(), PaymentRejection> {
        if requested.minor <= possible {
            return Ok(());
        }
        Err(PaymentRejection::MoreThanPossible { requested, possible: self.money(possible.max(0)) })
    }

    pub(super) fn record(&self, record: RecordOutcome) -> Decision {
        let RecordOutcome { operation_id, outcome } = record;
        let pending = self.ledger.pending(operation_id);
        let settled = self.ledger.is_settled(operation_id);
        match (pending, outcome) {
            (Some(operation), GatewayOutcome::Approved { reference }) => {
                Ok(self.approve(operation, reference))
            }
            (Some(operation), GatewayOutcome::Declined { code }) => Ok(self.decline(operation, code)),
            (Some(operation), GatewayOutcome::ActionRequired { url }) => Ok(self.act(operation, url)),
            (Some(operation), GatewayOutcome::Unknown) => Ok(self.wonder(operation)),
            // Whoever asked makes the call now; nothing has happened yet.
            (Some(_), GatewayOutcome::NotSeen) => Ok(Vec::new()),
            (None, GatewayOutcome::Approved { .. } | GatewayOutcome::Declined { .. }) if settled => {
                Ok(Vec::new())
            }
            // Nobody waits for it any more: whoever keeps asking the gateway is told to stop.
            (
                None,
                GatewayOutcome::Approved { .. }
                | GatewayOutcome::Declined { .. }
                | GatewayOutcome::ActionRequired { .. }
                | GatewayOutcome::Unknown
                | GatewayOutcome::NotSeen,
            ) => Err(PaymentRejection::UnknownOperation { operation_id }),
        }
    }

    fn approve(&self, operation: Operation, reference: String) -> Vec<PaymentEvent> {
        let Operation { id: operation_id, kind, amount, .. } = operation;
        let (payment_id, order_id) = (self.payment_id, self.order_id);
        match kind {
            OperationKind::Authorize => {
                let (amount, skus) = (self.money(amount), self.skus.clone());
                let authorized =
                    PaymentAuthorized { payment_id, order_id, operation_id, amount, reference, skus };
                // Also one that the gateway refused while it waited for the customer.
                let again =
                    self.ledger.void_failed().then(|| payment_id.operation_id("void-after-authorization"));
                let void = self.ledger.deferred_void().or(again).map(|operation_id| {
                    PaymentEvent::VoidRequested(VoidRequested { payment_id, order_id, operation_id, amount })
                });
                let mut events = Vec::with_capacity(2);
                events.push(PaymentEvent::PaymentAuthorized(authorized));
                events.extend(void);
                events
            }
            OperationKind::Capture => {
                let captured = self.ledger.captured().saturating_add(amount);
                let (amount, captured_total) = (self.money(amount), self.money(captured));
                let event = PaymentCaptured { payment_id, order_id, operation_id, amount, captured_total };
                let mut events = vec![PaymentEvent::PaymentCaptured(event)];
                self.refund_deferred(self.ledger.refundable().saturating_add(amount.minor), &mut events);
                events
            }
            OperationKind::Void => {
                vec![PaymentEvent::PaymentVoided(PaymentVoided { payment_id, order_id, operation_id })]
            }
            OperationKind::Refund => {
                let refunded_total = self.money(self.ledger.refunded().saturating_add(amount));
                let amount = self.money(amount);
                let event = PaymentRefunded { payment_id, order_id, operation_id, amount, refunded_total };
                vec![PaymentEvent::PaymentRefunded(event)]
            }
        }
    }

    /// Requests the refunds that waited, oldest first, as far as `refundable` goes.
    fn refund_deferred(&self, refundable: i64, events: &mut Vec<PaymentEvent>) {
        let mut left = refundable;
        for &(operation_id, amount) in self.ledger.deferred_refunds() {
            if amount > left {
                break;
            }
            left -= amount;
            let (payment_id, order_id, amount) = (self.payment_id, self.order_id, self.money(amount));
            let requested = RefundRequested { payment_id, order_id, operation_id, amount };
            events.push(PaymentEvent::RefundRequested(requested));
        }
    }

    fn decline(&self, operation: Operation, code: String) -> Vec<PaymentEvent> {
        let Operation { id: operation_id, kind, .. } = operation;
        let (payment_id, order_id) = (self.payment_id, self.order_id);
        let event = match kind {
            OperationKind::Authorize => {
                PaymentEvent::PaymentDeclined(PaymentDeclined { payment_id, order_id, operation_id, code })
            }
            OperationKind::Capture => {
                PaymentEvent::CaptureFailed(CaptureFailed { payment_id, order_id, operation_id, code })
            }
            OperationKind::Void => {
                PaymentEvent::VoidFailed(VoidFailed { payment_id, order_id, operation_id, code })
            }
            OperationKind::Refund => {
                PaymentEvent::RefundFailed(RefundFailed { payment_id, order_id, operation_id, code })
            }
        };
        vec![event]
    }

    /// Only a customer who authorises can be asked to act; for everything else that answer is a no.
    fn act(&self, operation: Operation, url: String) -> Vec<PaymentEvent> {
        let (payment_id, order_id, operation_id) = (self.payment_id, self.order_id, operation.id);
        match (operation.kind, operation.answer) {
            (OperationKind::Authorize, Answer::ActionRequired) => Vec::new(),
            (OperationKind::Authorize, Answer::None | Answer::Unknown) => {
                let (amount, token) = (self.money(operation.amount), self.token.clone());
                let action = PaymentActionRequired { payment_id, order_id, operation_id, url, amount, token };
                let mut events = vec![PaymentEvent::PaymentActionRequired(action)];
                // Nobody is to act for an order that came to nothing.
                if let Some(operation_id) = self.ledger.deferred_void() {
                    let void = VoidRequested { payment_id, order_id, operation_id, amount };
                    events.push(PaymentEvent::VoidRequested(void));
                }
                events
            }
            (OperationKind::Capture | OperationKind::Void | OperationKind::Refund, _) => {
                self.decline(operation, "action_required".to_owned())
            }
        }
    }

    fn wonder(&self, operation: Operation) -> Vec<PaymentEvent> {
        if operation.answer != Answer::None {
            return Vec::new();
        }
        let token = match operation.kind {
            OperationKind::Authorize => self.token.clone(),
            OperationKind::Capture | OperationKind::Void | OperationKind::Refund => String::new(),
        };
        vec![PaymentEvent::PaymentOutcomeUnknown(PaymentOutcomeUnknown {
            payment_id: self.payment_id,
            order_id: self.order_id,
            operation_id: operation.id,
            operation: operation.kind,
            amount: self.money(operation.amount),
            token,
        })]
    }
}

const fn unknown(operation_id: OperationId) -> PaymentRejection {
    PaymentRejection::UnknownOperation { operation_id }
}

pub(super) fn invalid(field: &str, detail: &str) -> PaymentRejection {
    PaymentRejection::InvalidPayment { field: field.to_owned(), detail: detail.to_owned() }
}
