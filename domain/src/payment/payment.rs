//! The aggregate: where a payment stands, and what it answers in each state. What an open payment does is in
//! `account.rs`.

use super::{
    Account, PaymentCancelled, PaymentCommand, PaymentEvent, PaymentRejection, PaymentStatus, RequestVoid,
    beginning::begin,
};
use crate::{CacheClass, Context, Decider, PaymentId};
use serde::{Deserialize, Serialize};

pub(super) type Decision = Result<Vec<PaymentEvent>, PaymentRejection>;

/// Nothing yet, called off before it began, or an account of what was asked and answered.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum Payment {
    #[default]
    Absent,
    CalledOff,
    Open(Box<Account>),
}

impl Decider for Payment {
    const NAME: &'static str = "payment";
    const STATE_VERSION: u32 = 2;
    const CACHE: CacheClass = CacheClass::Normal;
    type Id = PaymentId;
    type Command = PaymentCommand;
    type Event = PaymentEvent;
    type Rejection = PaymentRejection;

    fn decide(&self, command: PaymentCommand, _context: &Context) -> Decision {
        use PaymentCommand as C;
        match (self, command) {
            (Self::Absent, C::RequestAuthorization(request)) => begin(request),
            (Self::Absent, C::RequestVoid(void)) => {
                let RequestVoid { payment_id, order_id, operation_id: _ } = void;
                Ok(vec![PaymentEvent::PaymentCancelled(PaymentCancelled { payment_id, order_id })])
            }
            (
                Self::Absent,
                C::RequestCapture(_)
                | C::ReleaseRest(_)
                | C::RequestRefund(_)
                | C::RecordOutcome(_)
                | C::RetryOperation(_),
            ) => Err(PaymentRejection::PaymentNotFound {}),
            (Self::CalledOff, C::RequestVoid(_)) => Ok(Vec::new()),
            (
                Self::CalledOff,
                C::RequestAuthorization(_)
                | C::RequestCapture(_)
                | C::ReleaseRest(_)
                | C::RequestRefund(_)
                | C::RecordOutcome(_)
                | C::RetryOperation(_),
            ) => Err(PaymentStatus::CalledOff.is_wrong()),
            (Self::Open(_), C::RequestAuthorization(_)) => Err(PaymentRejection::PaymentExists {}),
            (Self::Open(account), C::RequestCapture(capture)) => account.capture(&capture),
            (Self::Open(account), C::RequestVoid(void)) => account.void(&void),
            (Self::Open(account), C::ReleaseRest(release)) => account.release(&release),
            (Self::Open(account), C::RequestRefund(refund)) => account.refund(&refund),
            (Self::Open(account), C::RecordOutcome(record)) => account.record(record),
            (Self::Open(account), C::RetryOperation(retry)) => account.retry(&retry),
        }
    }

    fn evolve(&mut self, event: &PaymentEvent) {
        match event {
            PaymentEvent::AuthorizationRequested(requested) => {
                *self = Self::Open(Box::new(Account::new(requested)));
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

impl Payment {
    /// Where it stands; none before anything was asked.
    #[must_use]
    pub fn status(&self) -> Option<PaymentStatus> {
        match self {
            Self::Absent => None,
            Self::CalledOff => Some(PaymentStatus::CalledOff),
            Self::Open(account) => Some(account.status()),
        }
    }
}
