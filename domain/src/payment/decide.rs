//! What a payment answers to commands. Answers of the gateway are in `outcome.rs`.
//!
//! `captured + voided ≤ authorised` and `refunded ≤ captured`, counting what was asked and is not answered
//! yet. An operation asked for again under its id changes nothing. What costs nothing needs no gateway: an
//! order with nothing to pay is authorised at once.

use super::{
    AuthorizationRequested, CaptureRequested, OperationKind, Payment, PaymentAuthorized, PaymentCancelled,
    PaymentCommand, PaymentEvent, PaymentRejection, PaymentStatus, PaymentVoided, RefundDeferred,
    RefundRequested, RequestAuthorization, RequestCapture, RequestRefund, RequestVoid, VoidDeferred,
    VoidRequested,
    state::{Account, Answer, Authorization},
};
use crate::{Context, Money, OperationId, text::looks_like_card_number};

pub(super) type Decision = Result<Vec<PaymentEvent>, PaymentRejection>;

impl Payment {
    /// The events that follow from the command, or why there are none.
    pub fn decide(&self, command: PaymentCommand, _context: &Context) -> Decision {
        use PaymentCommand as C;
        match (self, command) {
            (Self::Absent, C::RequestAuthorization(request)) => begin(request),
            (Self::Absent, C::RequestVoid(void)) => {
                let RequestVoid { payment_id, order_id, operation_id: _ } = void;
                Ok(vec![PaymentEvent::PaymentCancelled(PaymentCancelled { payment_id, order_id })])
            }
            (Self::Absent, C::RequestCapture(_) | C::RequestRefund(_) | C::RecordOutcome(_)) => {
                Err(PaymentRejection::PaymentNotFound {})
            }
            (Self::CalledOff, C::RequestVoid(_)) => Ok(Vec::new()),
            (
                Self::CalledOff,
                C::RequestAuthorization(_) | C::RequestCapture(_) | C::RequestRefund(_) | C::RecordOutcome(_),
            ) => Err(wrong_state(PaymentStatus::CalledOff)),
            (Self::Open(_), C::RequestAuthorization(_)) => Err(PaymentRejection::PaymentExists {}),
            (Self::Open(account), C::RequestCapture(capture)) => account.capture(&capture),
            (Self::Open(account), C::RequestVoid(void)) => account.void(&void),
            (Self::Open(account), C::RequestRefund(refund)) => account.refund(&refund),
            (Self::Open(account), C::RecordOutcome(record)) => account.record(record),
        }
    }

    fn state_name(status: PaymentStatus) -> &'static str {
        match status {
            PaymentStatus::Pending => "pending",
            PaymentStatus::ActionRequired => "waiting for the customer",
            PaymentStatus::Unknown => "pending, its outcome unknown",
            PaymentStatus::Authorized => "authorized",
            PaymentStatus::PartiallyCaptured => "partially captured",
            PaymentStatus::Captured => "captured",
            PaymentStatus::PartiallyRefunded => "partially refunded",
            PaymentStatus::Refunded => "refunded",
            PaymentStatus::Declined => "declined",
            PaymentStatus::Voided => "voided",
            PaymentStatus::Failed => "failed",
            PaymentStatus::CalledOff => "called off",
        }
    }
}

fn wrong_state(status: PaymentStatus) -> PaymentRejection {
    PaymentRejection::PaymentInWrongState { state: Payment::state_name(status).to_owned() }
}

fn begin(request: RequestAuthorization) -> Decision {
    let RequestAuthorization { payment_id, order_id, operation_id, amount, token, skus } = request;
    if amount.minor < 0 {
        return Err(invalid("amount", "must not be negative"));
    }
    if looks_like_card_number(&token) {
        return Err(invalid("token", "looks like a payment card's number, which must never be written down"));
    }
    let authorized = (amount.minor == 0).then(|| {
        let (reference, skus) = ("nothing-to-pay".to_owned(), skus.clone());
        PaymentAuthorized { payment_id, order_id, operation_id, amount, reference, skus }
    });
    let requested = AuthorizationRequested { payment_id, order_id, operation_id, amount, token, skus };
    let mut events = Vec::with_capacity(2);
    events.push(PaymentEvent::AuthorizationRequested(requested));
    events.extend(authorized.map(PaymentEvent::PaymentAuthorized));
    Ok(events)
}

impl Account {
    fn capture(&self, capture: &RequestCapture) -> Decision {
        let RequestCapture { operation_id, amount } = *capture;
        self.check_amount(amount)?;
        if amount.minor == 0 || self.knows(operation_id) {
            return Ok(Vec::new());
        }
        if self.authorization != Authorization::Granted {
            return Err(self.in_wrong_state());
        }
        self.at_most(amount, self.uncaptured())?;
        let (payment_id, order_id) = (self.payment_id, self.order_id);
        let requested = CaptureRequested { payment_id, order_id, operation_id, amount };
        Ok(vec![PaymentEvent::CaptureRequested(requested)])
    }

    fn void(&self, void: &RequestVoid) -> Decision {
        let RequestVoid { payment_id, order_id, operation_id } = *void;
        if (payment_id, order_id) != (self.payment_id, self.order_id) {
            return Err(invalid("payment_id", "does not belong to this payment"));
        }
        if self.knows(operation_id) || self.deferred_void.is_some() {
            return Ok(Vec::new());
        }
        let answer = self.pending_of(OperationKind::Authorize).map(|operation| operation.answer);
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
    pub(super) fn let_go(&self, operation_id: OperationId) -> Vec<PaymentEvent> {
        let (payment_id, order_id) = (self.payment_id, self.order_id);
        if self.amount == 0 && self.authorization == Authorization::Granted {
            return vec![PaymentEvent::PaymentVoided(PaymentVoided { payment_id, order_id, operation_id })];
        }
        let rest = self.uncaptured();
        if rest <= 0 {
            return Vec::new();
        }
        let amount = self.money(rest);
        vec![PaymentEvent::VoidRequested(VoidRequested { payment_id, order_id, operation_id, amount })]
    }

    fn refund(&self, refund: &RequestRefund) -> Decision {
        let RequestRefund { operation_id, amount } = *refund;
        self.check_amount(amount)?;
        let deferred = self.deferred_refunds.iter().any(|(id, _)| *id == operation_id);
        if amount.minor == 0 || deferred || self.knows(operation_id) {
            return Ok(Vec::new());
        }
        if self.authorization != Authorization::Granted {
            return Err(self.in_wrong_state());
        }
        let waiting = self.deferred_refunds.iter().map(|(_, amount)| *amount).fold(0, i64::saturating_add);
        let may_be_captured = self.captured.saturating_add(self.asked(OperationKind::Capture));
        let ever = may_be_captured.saturating_add(self.uncaptured());
        self.at_most(amount, ever.saturating_sub(self.given_back()).saturating_sub(waiting))?;
        let (payment_id, order_id) = (self.payment_id, self.order_id);
        if waiting == 0 && amount.minor <= self.refundable() {
            let requested = RefundRequested { payment_id, order_id, operation_id, amount };
            return Ok(vec![PaymentEvent::RefundRequested(requested)]);
        }
        let deferred = RefundDeferred { payment_id, order_id, operation_id, amount };
        Ok(vec![PaymentEvent::RefundDeferred(deferred)])
    }

    /// Authorised, and neither captured nor voided nor asked to be.
    pub(super) fn uncaptured(&self) -> i64 {
        let gone = self.captured.saturating_add(self.voided);
        let going = self.asked(OperationKind::Capture).saturating_add(self.asked(OperationKind::Void));
        self.amount.saturating_sub(gone).saturating_sub(going)
    }

    fn given_back(&self) -> i64 {
        self.refunded.saturating_add(self.asked(OperationKind::Refund))
    }

    /// Captured, and neither refunded nor asked to be.
    pub(super) fn refundable(&self) -> i64 {
        self.captured.saturating_sub(self.given_back())
    }

    pub(super) fn knows(&self, id: OperationId) -> bool {
        self.settled.contains(&id) || self.pending.iter().any(|operation| operation.id == id)
    }

    pub(super) const fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    pub(super) fn in_wrong_state(&self) -> PaymentRejection {
        wrong_state(self.status())
    }

    fn check_amount(&self, amount: Money) -> Result<(), PaymentRejection> {
        if amount.currency != self.currency {
            return Err(invalid(
                "amount",
                &format!("is in {}, the payment in {}", amount.currency, self.currency),
            ));
        }
        if amount.minor < 0 {
            return Err(invalid("amount", "must not be negative"));
        }
        Ok(())
    }

    fn at_most(&self, requested: Money, possible: i64) -> Result<(), PaymentRejection> {
        if requested.minor <= possible {
            return Ok(());
        }
        Err(PaymentRejection::MoreThanPossible { requested, possible: self.money(possible.max(0)) })
    }
}

fn invalid(field: &str, detail: &str) -> PaymentRejection {
    PaymentRejection::InvalidPayment { field: field.to_owned(), detail: detail.to_owned() }
}
