//! The amounts of a payment, and the operations asked of the gateway. Amounts are minor units of the payment's
//! currency.
//!
//! `captured + voided ≤ authorised` and `refunded ≤ captured`, counting what was asked and is not answered yet.

use super::{
    OperationKind,
    failed_operation::{FailedOperation, Repetition},
};
use crate::{OperationId, PaymentId};
use serde::{Deserialize, Serialize};

/// What was authorised, captured, voided and refunded, and what of it the gateway has not answered yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Ledger {
    #[serde(rename = "amount")]
    authorized: i64,
    captured: i64,
    voided: i64,
    refunded: i64,
    void_failed: bool,
    /// Asked of the gateway and not answered for good.
    pending: Vec<Operation>,
    /// Captures, voids and refunds that the gateway refused, and that were not asked for again.
    failed: Vec<FailedOperation>,
    /// Answered for good.
    settled: Vec<OperationId>,
    /// The void to request once the authorisation is known.
    deferred_void: Option<OperationId>,
    /// The refunds to request once enough is captured, oldest first.
    deferred_refunds: Vec<(OperationId, i64)>,
}

/// One request to the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Operation {
    pub(super) id: OperationId,
    pub(super) kind: OperationKind,
    pub(super) amount: i64,
    pub(super) answer: Answer,
    repetition: Repetition,
}

/// The last thing the gateway said about a pending operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Answer {
    None,
    Unknown,
    ActionRequired,
}

impl Ledger {
    /// An authorisation of `amount` is asked for.
    pub(super) fn new(authorization: OperationId, amount: i64) -> Self {
        let mut ledger = Self {
            authorized: amount,
            captured: 0,
            voided: 0,
            refunded: 0,
            void_failed: false,
            pending: Vec::new(),
            failed: Vec::new(),
            settled: Vec::new(),
            deferred_void: None,
            deferred_refunds: Vec::new(),
        };
        ledger.push(authorization, OperationKind::Authorize, amount, Repetition::none(authorization));
        ledger
    }

    pub(super) const fn authorized(&self) -> i64 {
        self.authorized
    }

    pub(super) const fn captured(&self) -> i64 {
        self.captured
    }

    pub(super) const fn voided(&self) -> i64 {
        self.voided
    }

    pub(super) const fn refunded(&self) -> i64 {
        self.refunded
    }

    /// The gateway refused to let go of the money.
    pub(super) const fn void_failed(&self) -> bool {
        self.void_failed
    }

    pub(super) const fn deferred_void(&self) -> Option<OperationId> {
        self.deferred_void
    }

    pub(super) fn deferred_refunds(&self) -> &[(OperationId, i64)] {
        &self.deferred_refunds
    }

    pub(super) fn pending(&self, id: OperationId) -> Option<Operation> {
        self.pending.iter().find(|operation| operation.id == id).copied()
    }

    pub(super) fn pending_of(&self, kind: OperationKind) -> Option<Operation> {
        self.pending.iter().find(|operation| operation.kind == kind).copied()
    }

    pub(super) fn is_settled(&self, id: OperationId) -> bool {
        self.settled.contains(&id)
    }

    pub(super) fn knows(&self, id: OperationId) -> bool {
        self.is_settled(id) || self.pending(id).is_some()
    }

    /// The sum of what is asked of the gateway and not answered.
    fn asked(&self, kind: OperationKind) -> i64 {
        let asked = self.pending.iter().filter(|operation| operation.kind == kind);
        asked.map(|operation| operation.amount).fold(0, i64::saturating_add)
    }

    /// Authorised, and neither captured nor voided nor asked to be.
    pub(super) fn uncaptured(&self) -> i64 {
        let gone = self.captured.saturating_add(self.voided);
        let going = self.asked(OperationKind::Capture).saturating_add(self.asked(OperationKind::Void));
        self.authorized.saturating_sub(gone).saturating_sub(going)
    }

    fn given_back(&self) -> i64 {
        self.refunded.saturating_add(self.asked(OperationKind::Refund))
    }

    /// Captured, and neither refunded nor asked to be.
    pub(super) fn refundable(&self) -> i64 {
        self.captured.saturating_sub(self.given_back())
    }

    /// The sum of the refunds that wait for a capture.
    pub(super) fn waiting_to_refund(&self) -> i64 {
        self.deferred_refunds.iter().map(|(_, amount)| *amount).fold(0, i64::saturating_add)
    }

    /// What may be refunded at some time: captured or still to be, and neither given back nor waiting to be.
    pub(super) fn ever_refundable(&self) -> i64 {
        let may_be_captured = self.captured.saturating_add(self.asked(OperationKind::Capture));
        let ever = may_be_captured.saturating_add(self.uncaptured());
        ever.saturating_sub(self.given_back()).saturating_sub(self.waiting_to_refund())
    }

    pub(super) fn failed(&self, id: OperationId) -> Option<&FailedOperation> {
        self.failed.iter().find(|failed| failed.id() == id)
    }

    /// Something is asked of the gateway; its id says whether it repeats what was refused.
    pub(super) fn ask(&mut self, payment: PaymentId, id: OperationId, kind: OperationKind, amount: i64) {
        let repeated = self.failed.iter().position(|failed| failed.next_id(payment) == id);
        let repetition = repeated.map_or(Repetition::none(id), |at| self.failed.remove(at).next());
        self.push(id, kind, amount, repetition);
    }

    fn push(&mut self, id: OperationId, kind: OperationKind, amount: i64, repetition: Repetition) {
        self.pending.push(Operation { id, kind, amount, answer: Answer::None, repetition });
    }

    /// The gateway refused.
    pub(super) fn fail(&mut self, id: OperationId) {
        let failed = self.pending(id);
        let failed = failed.map(|it| FailedOperation::new(id, it.kind, it.amount, it.repetition));
        self.failed.extend(failed);
        self.settle(id);
    }

    pub(super) fn answer(&mut self, id: OperationId, answer: Answer) {
        if let Some(operation) = self.pending.iter_mut().find(|operation| operation.id == id) {
            operation.answer = answer;
        }
    }

    /// The gateway answered for good.
    pub(super) fn settle(&mut self, id: OperationId) {
        self.pending.retain(|operation| operation.id != id);
        self.settled.push(id);
    }

    pub(super) fn capture(&mut self, id: OperationId, captured_total: i64) {
        self.captured = captured_total;
        self.settle(id);
    }

    pub(super) fn refund(&mut self, id: OperationId, refunded_total: i64) {
        self.refunded = refunded_total;
        self.settle(id);
    }

    pub(super) fn defer_void(&mut self, id: OperationId) {
        self.deferred_void = Some(id);
    }

    pub(super) fn request_void(&mut self, payment: PaymentId, id: OperationId, amount: i64) {
        self.deferred_void = None;
        self.ask(payment, id, OperationKind::Void, amount);
    }

    /// A void is through. `ends_authorization`: it ended one that was still waited for, or that was for nothing.
    pub(super) fn void(&mut self, id: OperationId, ends_authorization: bool) {
        let amount = self.pending(id).map_or(0, |void| void.amount);
        self.voided = self.voided.saturating_add(amount);
        self.void_failed = false;
        if ends_authorization && let Some(request) = self.pending_of(OperationKind::Authorize) {
            self.settle(request.id);
        }
        self.settle(id);
    }

    pub(super) fn fail_void(&mut self, id: OperationId) {
        self.void_failed = true;
        self.fail(id);
    }

    pub(super) fn defer_refund(&mut self, id: OperationId, amount: i64) {
        self.deferred_refunds.push((id, amount));
    }

    pub(super) fn request_refund(&mut self, payment: PaymentId, id: OperationId, amount: i64) {
        self.deferred_refunds.retain(|(deferred, _)| *deferred != id);
        self.ask(payment, id, OperationKind::Refund, amount);
    }

    pub(super) fn fail_refund(&mut self, id: OperationId) {
        self.deferred_refunds.retain(|(deferred, _)| *deferred != id);
        self.fail(id);
    }
}
