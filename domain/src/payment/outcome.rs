//! What a payment makes of the gateway's answers.
//!
//! An answer that was recorded changes nothing. While an operation's outcome is unknown it stays pending and
//! counts as if it had happened, until the gateway says. What waited for an answer follows in the same
//! decision: the void of an order that came to nothing meanwhile, the refund of goods that came back before
//! they were paid for.

use super::{
    CaptureFailed, GatewayOutcome, OperationKind, PaymentActionRequired, PaymentAuthorized, PaymentCaptured,
    PaymentDeclined, PaymentEvent, PaymentOutcomeUnknown, PaymentRefunded, PaymentRejection, PaymentVoided,
    RecordOutcome, RefundFailed, RefundRequested, VoidFailed, VoidRequested,
    decide::Decision,
    state::{Account, Answer, Operation},
};

impl Account {
    pub(super) fn record(&self, record: RecordOutcome) -> Decision {
        let RecordOutcome { operation_id, outcome } = record;
        let pending = self.pending.iter().find(|operation| operation.id == operation_id).copied();
        let settled = self.settled.contains(&operation_id);
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
        let Operation { id: operation_id, kind, amount, answer: _ } = operation;
        let (payment_id, order_id) = (self.payment_id, self.order_id);
        match kind {
            OperationKind::Authorize => {
                let (amount, skus) = (self.money(amount), self.skus.clone());
                let authorized =
                    PaymentAuthorized { payment_id, order_id, operation_id, amount, reference, skus };
                // Also one that the gateway refused while it waited for the customer.
                let again = self.void_failed.then(|| payment_id.operation_id("void-after-authorization"));
                let void = self.deferred_void.or(again).map(|operation_id| {
                    PaymentEvent::VoidRequested(VoidRequested { payment_id, order_id, operation_id, amount })
                });
                let mut events = Vec::with_capacity(2);
                events.push(PaymentEvent::PaymentAuthorized(authorized));
                events.extend(void);
                events
            }
            OperationKind::Capture => {
                let captured = self.captured.saturating_add(amount);
                let (amount, captured_total) = (self.money(amount), self.money(captured));
                let event = PaymentCaptured { payment_id, order_id, operation_id, amount, captured_total };
                let mut events = vec![PaymentEvent::PaymentCaptured(event)];
                self.refund_deferred(self.refundable().saturating_add(amount.minor), &mut events);
                events
            }
            OperationKind::Void => {
                vec![PaymentEvent::PaymentVoided(PaymentVoided { payment_id, order_id, operation_id })]
            }
            OperationKind::Refund => {
                let refunded_total = self.money(self.refunded.saturating_add(amount));
                let amount = self.money(amount);
                let event = PaymentRefunded { payment_id, order_id, operation_id, amount, refunded_total };
                vec![PaymentEvent::PaymentRefunded(event)]
            }
        }
    }

    /// Requests the refunds that waited, oldest first, as far as `refundable` goes.
    fn refund_deferred(&self, refundable: i64, events: &mut Vec<PaymentEvent>) {
        let mut left = refundable;
        for &(operation_id, amount) in &self.deferred_refunds {
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
        let Operation { id: operation_id, kind, amount: _, answer: _ } = operation;
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
                if let Some(operation_id) = self.deferred_void {
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
