//! A capture, void or refund that the gateway refused: when it is asked for again, and under which id.

use super::{OperationKind, PaymentRejection};
use crate::{OperationId, PaymentId};
use serde::{Deserialize, Serialize};

/// After how many hours each repetition follows.
const AFTER_HOURS: [u64; 4] = [1, 6, 24, 72];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FailedOperation {
    id: OperationId,
    kind: OperationKind,
    amount: i64,
    repetition: Repetition,
}

/// Of those operations that repeat one another: the first, and how many there were after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Repetition {
    first: OperationId,
    number: u32,
}

impl Repetition {
    /// An operation that repeats none.
    pub(super) const fn none(first: OperationId) -> Self {
        Self { first, number: 0 }
    }
}

impl FailedOperation {
    pub(super) const fn new(
        id: OperationId,
        kind: OperationKind,
        amount: i64,
        repetition: Repetition,
    ) -> Self {
        Self { id, kind, amount, repetition }
    }

    pub(super) const fn id(&self) -> OperationId {
        self.id
    }

    pub(super) const fn kind(&self) -> OperationKind {
        self.kind
    }

    pub(super) const fn amount(&self) -> i64 {
        self.amount
    }

    pub(super) const fn next(&self) -> Repetition {
        Repetition { first: self.repetition.first, number: self.repetition.number + 1 }
    }

    /// The id under which it is asked for again.
    pub(super) fn next_id(&self, payment_id: PaymentId) -> OperationId {
        let Repetition { first, number } = self.next();
        payment_id.operation_id(&format!("{}:r{number}", first.uuid()))
    }

    /// Refuses to ask again by itself: it is not time yet, or that was done often enough.
    pub(super) fn not_yet(&self) -> PaymentRejection {
        let repeated = usize::try_from(self.repetition.number).unwrap_or(usize::MAX);
        match AFTER_HOURS.get(repeated) {
            Some(hours) => PaymentRejection::RetryNotDue { after_seconds: hours * 3_600 },
            None => PaymentRejection::RetriesExhausted { operation_id: self.id },
        }
    }
}
