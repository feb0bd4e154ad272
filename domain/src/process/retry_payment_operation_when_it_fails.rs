//! A capture, void or refund that the gateway refuses is asked for again, on the payment's schedule. When that is used
//! up somebody has to look: goods may have left that nobody paid for.

use super::{Process, Reaction, Refusal, Trigger};
use crate::{
    Command, Event, EventData as _, Interests, Rejection,
    payment::{
        CaptureFailed, PaymentCommand, PaymentEvent, PaymentRejection, RefundFailed, RetryOperation,
        VoidFailed,
    },
};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct RetryPaymentOperationWhenItFails;

impl Process for RetryPaymentOperationWhenItFails {
    fn name(&self) -> &'static str {
        "retry_payment_operation_when_it_fails"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[CaptureFailed::KIND, VoidFailed::KIND, RefundFailed::KIND])
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        let Event::Payment(event) = trigger.event else { return Reaction::Nothing };
        let (payment_id, operation_id) = match event {
            PaymentEvent::CaptureFailed(failed) => (failed.payment_id, failed.operation_id),
            PaymentEvent::VoidFailed(failed) => (failed.payment_id, failed.operation_id),
            PaymentEvent::RefundFailed(failed) => (failed.payment_id, failed.operation_id),
            _ => return Reaction::Nothing,
        };
        // At first the payment is only asked when; after that its time has come, or somebody wants it now.
        let retry = RetryOperation { operation_id, is_time: trigger.attempt > 0 };
        Reaction::Commands(vec![Command::Payment(payment_id, PaymentCommand::RetryOperation(retry))])
    }

    fn refused(&self, _trigger: Trigger<'_>, _command: &str, rejection: &Rejection) -> Refusal {
        match rejection {
            Rejection::Payment(PaymentRejection::RetryNotDue { after_seconds }) => {
                Refusal::Retry { after: Duration::from_secs(*after_seconds) }
            }
            _ => Refusal::DeadLetter,
        }
    }
}
