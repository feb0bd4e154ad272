//! The simulated gateway's table, line by line, and what processes make of a gateway that hangs.

use crate::shop::{buy, check_out, create_cart, execute, line, log_and_clock, open_over, order, stocked};
use async_trait::async_trait;
use daybook_domain::{
    OperationId, OrderId,
    payment::{GatewayOutcome, GatewayRequest, OperationKind},
};
use daybook_engine::{EngineOptions, Gateway, OrderOutcome, SimulatedGateway};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

fn request(kind: OperationKind, token: &str) -> GatewayRequest {
    let order_id: OrderId = order(1);
    let operation_id: OperationId = order_id.payment_id().operation_id(&format!("{kind:?}"));
    let token = token.to_owned();
    GatewayRequest {
        operation_id,
        kind,
        payment_id: order_id.payment_id(),
        order_id,
        amount: crate::shop::pounds(1),
        token,
    }
}

fn said(outcome: &GatewayOutcome) -> String {
    match outcome {
        GatewayOutcome::Approved { .. } => "approved".to_owned(),
        GatewayOutcome::Declined { code } => code.clone(),
        GatewayOutcome::ActionRequired { .. } => "action".to_owned(),
        GatewayOutcome::Unknown => "unknown".to_owned(),
        GatewayOutcome::NotSeen => "not seen".to_owned(),
    }
}

#[tokio::test]
async fn each_token_is_answered_as_the_table_says_by_call_then_status_then_call_again() {
    for (token, expected) in [
        ("tok_visa", ["approved", "approved", "approved"]),
        ("tok_declined", ["card_declined", "card_declined", "card_declined"]),
        ("tok_insufficient_funds", ["insufficient_funds", "insufficient_funds", "insufficient_funds"]),
        ("tok_expired_card", ["expired_card", "expired_card", "expired_card"]),
        ("tok_timeout_approved", ["unknown", "approved", "unknown"]),
        ("tok_timeout_declined", ["unknown", "card_declined", "unknown"]),
        ("tok_timeout_lost", ["unknown", "not seen", "approved"]),
        ("tok_action_required", ["action", "action", "action"]),
    ] {
        let gateway = SimulatedGateway::new();
        let request = request(OperationKind::Authorize, token);
        let answers =
            [gateway.call(&request).await, gateway.status(&request).await, gateway.call(&request).await];
        assert_eq!(answers.each_ref().map(said), expected, "{token}");
    }
}

#[tokio::test]
async fn a_confirmed_action_approves_and_a_void_ends_the_waiting() {
    let gateway = SimulatedGateway::new();
    let authorize = request(OperationKind::Authorize, "tok_action_required");
    gateway.confirm_here(authorize.operation_id);
    assert_eq!(said(&gateway.status(&authorize).await), "approved");
    let gateway = SimulatedGateway::new();
    assert_eq!(said(&gateway.call(&request(OperationKind::Void, "")).await), "approved");
    gateway.confirm_here(authorize.operation_id);
    assert_eq!(said(&gateway.status(&authorize).await), "voided");
    let capture = request(OperationKind::Capture, "");
    assert_eq!(said(&gateway.status(&capture).await), "not seen");
    assert_eq!(said(&gateway.call(&capture).await), "approved");
}

/// Does not answer the first calls at all.
struct Hanging {
    answers: Semaphore,
    behind: SimulatedGateway,
}

#[async_trait]
impl Gateway for Hanging {
    async fn call(&self, request: &GatewayRequest) -> GatewayOutcome {
        // It arrives and is done; only the answer does not come.
        let outcome = self.behind.call(request).await;
        self.answers.acquire().await.expect("never closed").forget();
        outcome
    }

    async fn status(&self, request: &GatewayRequest) -> GatewayOutcome {
        self.behind.status(request).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_hangs_holds_up_its_own_order_only_and_is_asked_for_the_status() {
    let (log, clock) = log_and_clock();
    let gateway = Arc::new(Hanging { answers: Semaphore::new(0), behind: SimulatedGateway::new() });
    let options = EngineOptions { gateway: Arc::clone(&gateway) as _, ..EngineOptions::default() };
    let engine = open_over(log as _, clock, options).await;
    stocked(&engine).await;
    execute(&engine, 10, create_cart(1, vec![line("mug", 1)])).await.unwrap();
    let mut hanging = engine.watch_order(order(1));
    execute(&engine, 11, check_out(1, "tok_visa")).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(1), hanging.outcome()).await.is_err());
    gateway.answers.add_permits(1);
    // The permit goes to the first call, which answers in time; the second order's call hangs.
    assert!(matches!(hanging.outcome().await, OrderOutcome::Confirmed { .. }));
    let other = buy(&engine, 2, "tok_visa").await;
    assert!(matches!(other, OrderOutcome::Confirmed { .. }), "found out by asking: {other:?}");
}
