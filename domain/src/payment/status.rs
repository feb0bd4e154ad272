//! Where a payment stands as a whole.

use super::{
    OperationKind, PaymentRejection,
    ledger::{Answer, Ledger},
};
use serde::{Deserialize, Serialize};

/// Whether money was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Authorization {
    Pending,
    Granted,
    Declined,
    /// Given back before it was granted.
    Voided,
}

/// Derived from the amounts of the payment.
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

impl PaymentStatus {
    pub(super) fn of(authorization: Authorization, ledger: &Ledger) -> Self {
        let pending = ledger.pending_of(OperationKind::Authorize).map(|operation| operation.answer);
        match authorization {
            Authorization::Pending if ledger.void_failed() => Self::Failed,
            Authorization::Pending => match pending {
                Some(Answer::Unknown) => Self::Unknown,
                Some(Answer::ActionRequired) => Self::ActionRequired,
                Some(Answer::None) | None => Self::Pending,
            },
            Authorization::Declined => Self::Declined,
            Authorization::Voided => Self::Voided,
            Authorization::Granted if ledger.void_failed() => Self::Failed,
            Authorization::Granted => Self::of_granted(ledger),
        }
    }

    fn of_granted(ledger: &Ledger) -> Self {
        let (captured, voided, refunded) = (ledger.captured(), ledger.voided(), ledger.refunded());
        if captured > 0 && refunded == captured {
            Self::Refunded
        } else if refunded > 0 {
            Self::PartiallyRefunded
        } else if captured > 0 && captured == ledger.authorized() - voided {
            Self::Captured
        } else if captured > 0 {
            Self::PartiallyCaptured
        } else if voided > 0 {
            Self::Voided
        } else {
            Self::Authorized
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::ActionRequired => "waiting for the customer",
            Self::Unknown => "pending, its outcome unknown",
            Self::Authorized => "authorized",
            Self::PartiallyCaptured => "partially captured",
            Self::Captured => "captured",
            Self::PartiallyRefunded => "partially refunded",
            Self::Refunded => "refunded",
            Self::Declined => "declined",
            Self::Voided => "voided",
            Self::Failed => "failed",
            Self::CalledOff => "called off",
        }
    }

    /// The refusal of a command that this status forbids.
    pub(super) fn is_wrong(self) -> PaymentRejection {
        PaymentRejection::PaymentInWrongState { state: self.name().to_owned() }
    }
}
