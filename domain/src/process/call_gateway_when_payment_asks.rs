//! What a payment asks for, the gateway is asked. What costs nothing is none of its business.

use super::{Process, Reaction, Refusal, Trigger};
use crate::{
    Event, EventData as _, Interests, Rejection,
    payment::{
        AuthorizationRequested, CaptureRequested, GatewayRequest, OperationKind, PaymentEvent,
        PaymentRejection, RefundRequested, VoidRequested,
    },
};

#[derive(Debug)]
pub(super) struct CallGatewayWhenPaymentAsks;

impl Process for CallGatewayWhenPaymentAsks {
    fn name(&self) -> &'static str {
        "call_gateway_when_payment_asks"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[
            AuthorizationRequested::KIND,
            CaptureRequested::KIND,
            VoidRequested::KIND,
            RefundRequested::KIND,
        ])
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        let Event::Payment(event) = trigger.event else { return Reaction::Nothing };
        macro_rules! request {
            ($kind:ident, $event:ident, $token:expr) => {
                GatewayRequest {
                    operation_id: $event.operation_id,
                    kind: OperationKind::$kind,
                    payment_id: $event.payment_id,
                    order_id: $event.order_id,
                    amount: $event.amount,
                    token: $token,
                }
            };
        }
        let request = match event {
            PaymentEvent::AuthorizationRequested(event) => request!(Authorize, event, event.token.clone()),
            PaymentEvent::CaptureRequested(event) => request!(Capture, event, String::new()),
            PaymentEvent::VoidRequested(event) => request!(Void, event, String::new()),
            PaymentEvent::RefundRequested(event) => request!(Refund, event, String::new()),
            _ => return Reaction::Nothing,
        };
        if request.amount.minor == 0 { Reaction::Nothing } else { Reaction::CallGateway(request) }
    }

    /// The payment does not wait for the answer any more.
    fn refused(&self, _trigger: Trigger<'_>, _command: &str, rejection: &Rejection) -> Refusal {
        Refusal::expected_if(matches!(
            rejection,
            Rejection::Payment(PaymentRejection::UnknownOperation { .. })
        ))
    }
}
