//! A payment as its events have made it. Amounts are minor units of the account's currency.

use super::{OperationKind, PaymentCommand, PaymentEvent, PaymentRejection};
use crate::{Currency, OperationId, OrderId, PaymentId, Sku, aggregate::aggregate};
use serde::{Deserialize, Serialize};

aggregate!(Payment, "payment", PaymentCommand, PaymentEvent, PaymentRejection);

/// Nothing yet, called off before it began, or an account of what was asked and answered.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum Payment {
    #[default]
    Absent,
    CalledOff,
    Open(Box<Account>),
}

/// Whether money was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Authorization {
    Pending,
    Granted,
    Declined,
    /// Given back before it was granted.
    Voided,
}

/// Where a payment stands as a whole; derived from its amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentStatus {
    Pending,
    ActionRequired,
    Unknown,
    Authorized,
    PartiallyCaptured,
    Captured,
    PartiallyRefunded,
    Refunded,
    Declined,
    Voided,
    /// The gateway would not let go of the money; somebody has to look.
    Failed,
    CalledOff,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub(super) payment_id: PaymentId,
    pub(super) order_id: OrderId,
    pub(super) currency: Currency,
    pub(super) token: String,
    pub(super) skus: Vec<Sku>,
    pub(super) authorization: Authorization,
    pub(super) amount: i64,
    pub(super) captured: i64,
    pub(super) voided: i64,
    pub(super) refunded: i64,
    pub(super) void_failed: bool,
    /// Asked of the gateway and not answered for good.
    pub(super) pending: Vec<Operation>,
    /// Answered for good.
    pub(super) settled: Vec<OperationId>,
    /// The void to request once the authorisation is known.
    pub(super) deferred_void: Option<OperationId>,
    /// The refunds to request once enough is captured, oldest first.
    pub(super) deferred_refunds: Vec<(OperationId, i64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Operation {
    pub(super) id: OperationId,
    pub(super) kind: OperationKind,
    pub(super) amount: i64,
    pub(super) answer: Answer,
}

/// The last thing the gateway said about a pending operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Answer {
    None,
    Unknown,
    ActionRequired,
}

impl Payment {
    /// Changes whenever snapshots written before cannot be used any more.
    pub const STATE_VERSION: u32 = 1;

    /// Where it stands; none before anything was asked.
    #[must_use]
    pub fn status(&self) -> Option<PaymentStatus> {
        match self {
            Self::Absent => None,
            Self::CalledOff => Some(PaymentStatus::CalledOff),
            Self::Open(account) => Some(account.status()),
        }
    }

    /// Takes over what happened.
    pub fn evolve(&mut self, event: &PaymentEvent) {
        match event {
            PaymentEvent::AuthorizationRequested(requested) => {
                *self = Self::Open(Box::new(Account {
                    payment_id: requested.payment_id,
                    order_id: requested.order_id,
                    currency: requested.amount.currency,
                    token: requested.token.clone(),
                    skus: requested.skus.clone(),
                    authorization: Authorization::Pending,
                    amount: requested.amount.minor,
                    captured: 0,
                    voided: 0,
                    refunded: 0,
                    void_failed: false,
                    pending: vec![Operation {
                        id: requested.operation_id,
                        kind: OperationKind::Authorize,
                        amount: requested.amount.minor,
                        answer: Answer::None,
                    }],
                    settled: Vec::new(),
                    deferred_void: None,
                    deferred_refunds: Vec::new(),
                }));
            }
            PaymentEvent::PaymentCancelled(_) => *self = Self::CalledOff,
            _ => {
                if let Self::Open(account) = self {
                    account.evolve(event);
                }
            }
        }
    }
}

impl Account {
    fn evolve(&mut self, event: &PaymentEvent) {
        use PaymentEvent as E;
        match event {
            E::AuthorizationRequested(_) | E::PaymentCancelled(_) => {}
            E::PaymentAuthorized(authorized) => {
                self.authorization = Authorization::Granted;
                self.forget_authorization_request();
                self.settle(authorized.operation_id);
            }
            E::PaymentActionRequired(action) => self.answer(action.operation_id, Answer::ActionRequired),
            E::PaymentOutcomeUnknown(unknown) => self.answer(unknown.operation_id, Answer::Unknown),
            E::PaymentDeclined(declined) => {
                self.authorization = Authorization::Declined;
                self.forget_authorization_request();
                self.settle(declined.operation_id);
            }
            E::CaptureRequested(requested) => {
                self.ask(requested.operation_id, OperationKind::Capture, requested.amount.minor);
            }
            E::PaymentCaptured(captured) => {
                self.captured = captured.captured_total.minor;
                self.settle(captured.operation_id);
            }
            E::CaptureFailed(failed) => self.settle(failed.operation_id),
            E::VoidDeferred(deferred) => self.deferred_void = Some(deferred.operation_id),
            E::VoidRequested(requested) => {
                self.deferred_void = None;
                self.ask(requested.operation_id, OperationKind::Void, requested.amount.minor);
            }
            E::PaymentVoided(voided) => self.voided(voided.operation_id),
            E::VoidFailed(failed) => {
                self.void_failed = true;
                self.settle(failed.operation_id);
            }
            E::RefundDeferred(deferred) => {
                self.deferred_refunds.push((deferred.operation_id, deferred.amount.minor));
            }
            E::RefundRequested(requested) => {
                self.deferred_refunds.retain(|(id, _)| *id != requested.operation_id);
                self.ask(requested.operation_id, OperationKind::Refund, requested.amount.minor);
            }
            E::PaymentRefunded(refunded) => {
                self.refunded = refunded.refunded_total.minor;
                self.settle(refunded.operation_id);
            }
            E::RefundFailed(failed) => {
                self.deferred_refunds.retain(|(id, _)| *id != failed.operation_id);
                self.settle(failed.operation_id);
            }
        }
    }

    fn ask(&mut self, id: OperationId, kind: OperationKind, amount: i64) {
        self.pending.push(Operation { id, kind, amount, answer: Answer::None });
    }

    fn answer(&mut self, id: OperationId, answer: Answer) {
        if let Some(operation) = self.pending.iter_mut().find(|operation| operation.id == id) {
            operation.answer = answer;
        }
    }

    fn settle(&mut self, id: OperationId) {
        self.pending.retain(|operation| operation.id != id);
        self.settled.push(id);
    }

    /// A void ends an authorisation that was still waited for, or that was for nothing.
    fn voided(&mut self, id: OperationId) {
        let amount = self.pending.iter().find(|operation| operation.id == id).map_or(0, |void| void.amount);
        self.voided = self.voided.saturating_add(amount);
        self.void_failed = false;
        if self.authorization == Authorization::Pending || self.amount == 0 {
            self.authorization = Authorization::Voided;
            self.forget_authorization_request();
            if let Some(request) = self.pending_of(OperationKind::Authorize) {
                self.settle(request.id);
            }
        }
        self.settle(id);
    }

    /// What is needed to repeat the request or to go on after it is not needed any more.
    fn forget_authorization_request(&mut self) {
        self.token = String::new();
        self.skus = Vec::new();
    }

    pub(super) fn pending_of(&self, kind: OperationKind) -> Option<Operation> {
        self.pending.iter().find(|operation| operation.kind == kind).copied()
    }

    /// The sum of what is asked of the gateway and not answered.
    pub(super) fn asked(&self, kind: OperationKind) -> i64 {
        let asked = self.pending.iter().filter(|operation| operation.kind == kind);
        asked.map(|operation| operation.amount).fold(0, i64::saturating_add)
    }

    pub(super) fn status(&self) -> PaymentStatus {
        let pending = self.pending_of(OperationKind::Authorize).map(|operation| operation.answer);
        match self.authorization {
            Authorization::Pending if self.void_failed => PaymentStatus::Failed,
            Authorization::Pending => match pending {
                Some(Answer::Unknown) => PaymentStatus::Unknown,
                Some(Answer::ActionRequired) => PaymentStatus::ActionRequired,
                Some(Answer::None) | None => PaymentStatus::Pending,
            },
            Authorization::Declined => PaymentStatus::Declined,
            Authorization::Voided => PaymentStatus::Voided,
            Authorization::Granted if self.void_failed => PaymentStatus::Failed,
            Authorization::Granted => self.granted_status(),
        }
    }

    fn granted_status(&self) -> PaymentStatus {
        if self.captured > 0 && self.refunded == self.captured {
            PaymentStatus::Refunded
        } else if self.refunded > 0 {
            PaymentStatus::PartiallyRefunded
        } else if self.captured > 0 && self.captured == self.amount - self.voided {
            PaymentStatus::Captured
        } else if self.captured > 0 {
            PaymentStatus::PartiallyCaptured
        } else if self.voided > 0 {
            PaymentStatus::Voided
        } else {
            PaymentStatus::Authorized
        }
    }
}
