//! An operation the gateway did not answer, or for which the customer has to act, is asked about until known.

use super::{Process, Reaction, Refusal, Trigger};
use crate::{
    Event, EventData as _, Interests, Rejection,
    payment::{
        GatewayRequest, OperationKind, PaymentActionRequired, PaymentEvent, PaymentOutcomeUnknown,
        PaymentRejection,
    },
};

#[derive(Debug)]
pub(super) struct ResolvePaymentWhenOutcomeIsUnknown;

impl Process for ResolvePaymentWhenOutcomeIsUnknown {
    fn name(&self) -> &'static str {
        "resolve_payment_when_outcome_is_unknown"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[PaymentOutcomeUnknown::KIND, PaymentActionRequired::KIND])
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        let Event::Payment(event) = trigger.event else { return Reaction::Nothing };
        let request = match event {
            PaymentEvent::PaymentOutcomeUnknown(unknown) => GatewayRequest {
                operation_id: unknown.operation_id,
                kind: unknown.operation,
                payment_id: unknown.payment_id,
                order_id: unknown.order_id,
                amount: unknown.amount,
                token: unknown.token.clone(),
            },
            PaymentEvent::PaymentActionRequired(action) => GatewayRequest {
                operation_id: action.operation_id,
                kind: OperationKind::Authorize,
                payment_id: action.payment_id,
                order_id: action.order_id,
                amount: action.amount,
                token: action.token.clone(),
            },
            _ => return Reaction::Nothing,
        };
        Reaction::ResolveGateway(request)
    }

    /// The payment does not wait for the answer any more.
    fn refused(&self, _trigger: Trigger<'_>, _command: &str, rejection: &Rejection) -> Refusal {
        Refusal::expected_if(matches!(
            rejection,
            Rejection::Payment(PaymentRejection::UnknownOperation { .. })
        ))
    }
}
