//! Samples of payments: states, commands, a full payload of every event, and any commands for random tests.

use super::*;
use crate::samples::*;
use crate::{PaymentId, Sku};

impl Sampled for Payment {
    fn sample_id() -> PaymentId {
        payment_id(1)
    }

    fn samples() -> Samples<Self> {
        use PaymentCommand as P;
        let (payment_id, order_id) = (payment_id(1), order_id(1));
        let authorize = P::RequestAuthorization(RequestAuthorization {
            payment_id,
            order_id,
            operation_id: operation(1, "authorize"),
            amount: gbp(100),
            token: "tok".into(),
            skus: vec![sku("mug")],
        });
        let void = P::RequestVoid(RequestVoid { payment_id, order_id, operation_id: operation(1, "void") });
        let amount = gbp(60);
        let capture = P::RequestCapture(RequestCapture { operation_id: operation(1, "capture"), amount });
        let refund = P::RequestRefund(RequestRefund { operation_id: operation(1, "refund"), amount });
        let record = |purpose, outcome| {
            P::RecordOutcome(RecordOutcome { operation_id: operation(1, purpose), outcome })
        };
        let retry =
            |is_time| P::RetryOperation(RetryOperation { operation_id: operation(1, "capture"), is_time });
        let approved = || GatewayOutcome::Approved { reference: "ref".into() };
        let declined = || GatewayOutcome::Declined { code: "no".into() };
        let act = || GatewayOutcome::ActionRequired { url: "https://bank.example".into() };
        let granted = vec![authorize.clone(), record("authorize", approved())];
        let then = |steps: &[P]| granted.iter().chain(steps).cloned().collect::<Vec<_>>();
        let captured = [capture.clone(), record("capture", approved())];
        let states: Vec<(_, Vec<P>)> = vec![
            ("absent", vec![]),
            ("called off", vec![void.clone()]),
            ("pending", vec![authorize.clone()]),
            ("unknown", vec![authorize.clone(), record("authorize", GatewayOutcome::Unknown)]),
            ("action required", vec![authorize.clone(), record("authorize", act())]),
            ("void deferred", vec![authorize.clone(), void.clone()]),
            ("authorized", granted.clone()),
            ("declined", vec![authorize.clone(), record("authorize", declined())]),
            ("voided", then(&[void.clone(), record("void", approved())])),
            ("partially captured", then(&captured)),
            ("capture refused", then(&[capture.clone(), record("capture", declined())])),
        ];
        Samples {
            states: states.into_iter().map(|(name, steps)| (name, decided::<Self>(&steps))).collect(),
            commands: vec![
                authorize,
                capture,
                void,
                P::ReleaseRest(ReleaseRest { operation_id: operation(1, "release"), amount: gbp(40) }),
                refund,
                record("authorize", approved()),
                record("authorize", declined()),
                record("authorize", act()),
                record("authorize", GatewayOutcome::Unknown),
                record("authorize", GatewayOutcome::NotSeen),
                retry(false),
                retry(true),
            ],
            events: events(),
        }
    }

    fn any_command(random: &mut Random) -> PaymentCommand {
        use PaymentCommand as P;
        let purpose = ["authorize", "capture", "void", "refund"][random.below(4)];
        let (operation_id, amount) = (operation(1, purpose), random.amount());
        let (payment_id, order_id) = (payment_id(1), order_id(1));
        match random.below(10) {
            0 => {
                let (token, skus): (_, Vec<Sku>) = ("tok".to_owned(), vec![sku("mug")]);
                let asked = RequestAuthorization { payment_id, order_id, operation_id, amount, token, skus };
                P::RequestAuthorization(asked)
            }
            1 => P::RequestCapture(RequestCapture { operation_id, amount }),
            2 => P::RequestVoid(RequestVoid { payment_id, order_id, operation_id }),
            3 => P::RequestRefund(RequestRefund { operation_id, amount }),
            4 => P::RetryOperation(RetryOperation { operation_id, is_time: random.one_in(2) }),
            5 => P::ReleaseRest(ReleaseRest { operation_id, amount }),
            _ => {
                let outcome = match random.below(6) {
                    0..=1 => GatewayOutcome::Approved { reference: "ref".to_owned() },
                    2 => GatewayOutcome::Declined { code: "no".to_owned() },
                    3 => GatewayOutcome::ActionRequired { url: "https://bank.example".to_owned() },
                    4 => GatewayOutcome::Unknown,
                    _ => GatewayOutcome::NotSeen,
                };
                P::RecordOutcome(RecordOutcome { operation_id, outcome })
            }
        }
    }
}

/// Every event with all the fields it can have.
fn events() -> Vec<PaymentEvent> {
    vec![
        PaymentEvent::AuthorizationRequested(AuthorizationRequested {
            payment_id: parsed(PAYMENT),
            order_id: parsed(ORDER),
            operation_id: parsed(OPERATION),
            amount: gbp(2_598),
            token: "tok_visa".to_owned(),
            skus: vec![parsed("MUG-RED")],
        }),
        PaymentEvent::PaymentAuthorized(PaymentAuthorized {
            payment_id: parsed(PAYMENT),
            order_id: parsed(ORDER),
            operation_id: parsed(OPERATION),
            amount: gbp(2_598),
            reference: "PO-2041".to_owned(),
            skus: vec![parsed("MUG-RED")],
        }),
        PaymentEvent::PaymentActionRequired(PaymentActionRequired {
            payment_id: parsed(PAYMENT),
            order_id: parsed(ORDER),
            operation_id: parsed(OPERATION),
            url: "https://shop.example/red-mug".to_owned(),
            amount: gbp(2_598),
            token: "tok_visa".to_owned(),
        }),
        PaymentEvent::PaymentDeclined(PaymentDeclined {
            payment_id: parsed(PAYMENT),
            order_id: parsed(ORDER),
            operation_id: parsed(OPERATION),
            code: "insufficient_funds".to_owned(),
        }),
        PaymentEvent::PaymentOutcomeUnknown(PaymentOutcomeUnknown {
            payment_id: parsed(PAYMENT),
            order_id: parsed(ORDER),
            operation_id: parsed(OPERATION),
            operation: OperationKind::Authorize,
            amount: gbp(2_598),
            token: "tok_visa".to_owned(),
        }),
        PaymentEvent::CaptureRequested(CaptureRequested {
            payment_id: parsed(PAYMENT),
            order_id: parsed(ORDER),
            operation_id: parsed(OPERATION),
            amount: gbp(2_598),
        }),
        PaymentEvent::PaymentCaptured(PaymentCaptured {
            payment_id: parsed(PAYMENT),
            order_id: parsed(ORDER),
            operation_id: parsed(OPERATION),
            amount: gbp(2_598),
            captured_total: gbp(2_598),
        }),
        PaymentEvent::CaptureFailed(CaptureFailed {
            payment_id: parsed(PAYMENT),
            order_id: parsed(ORDER),
            operation_id: parsed(OPERATION),
            code: "insufficient_funds".to_owned(),
        }),
        PaymentEvent::VoidRequested(VoidRequested {
            payment_id: parsed(PAYMENT),
            order_id: parsed(ORDER),
            operation_id: parsed(OPERATION),
            amount: gbp(2_598),
        }),
        PaymentEvent::PaymentVoided(PaymentVoided {
            payment_id: parsed(PAYMENT),
            order_id: parsed(ORDER),
            operation_id: parsed(OPERATION),
        }),
        PaymentEvent::VoidFailed(VoidFailed {
            payment_id: parsed(PAYMENT),
            order_id: parsed(ORDER),
            operation_id: parsed(OPERATION),
            code: "insufficient_funds".to_owned(),
        }),
        PaymentEvent::RefundRequested(RefundRequested {
            payment_id: parsed(PAYMENT),
            order_id: parsed(ORDER),
            operation_id: parsed(OPERATION),
            amount: gbp(2_598),
        }),
        PaymentEvent::PaymentRefunded(PaymentRefunded {
            payment_id: parsed(PAYMENT),
            order_id: parsed(ORDER),
            operation_id: parsed(OPERATION),
            amount: gbp(2_598),
            refunded_total: gbp(2_598),
        }),
        PaymentEvent::RefundFailed(RefundFailed {
            payment_id: parsed(PAYMENT),
            order_id: parsed(ORDER),
            operation_id: parsed(OPERATION),
            code: "insufficient_funds".to_owned(),
        }),
        PaymentEvent::VoidDeferred(VoidDeferred {
            payment_id: parsed(PAYMENT),
            order_id: parsed(ORDER),
            operation_id: parsed(OPERATION),
        }),
        PaymentEvent::RefundDeferred(RefundDeferred {
            payment_id: parsed(PAYMENT),
            order_id: parsed(ORDER),
            operation_id: parsed(OPERATION),
            amount: gbp(2_598),
        }),
        PaymentEvent::PaymentCancelled(PaymentCancelled {
            payment_id: parsed(PAYMENT),
            order_id: parsed(ORDER),
        }),
    ]
}
