//! From a cart to an order: what the processes lead to, for every way a payment can go.

use crate::shop::{buy, open, order, stocked};
use daybook_domain::order::RejectReason;
use daybook_engine::OrderOutcome;
use daybook_event_log::{StreamId, Version};

#[tokio::test(start_paused = true)]
async fn a_paid_order_is_confirmed_and_its_stock_committed() {
    let engine = open().await;
    stocked(&engine).await;
    let outcome = buy(&engine, 1, "tok_visa").await;
    assert!(matches!(outcome, OrderOutcome::Confirmed { .. }), "{outcome:?}");
    let stream = StreamId::new("order", order(1)).unwrap();
    let events = engine.log().read_stream(&stream, Version::new(1), 10).await.unwrap();
    let types: Vec<&str> = events.iter().map(|event| event.event_type()).collect();
    assert_eq!(types, ["OrderPlaced", "OrderAllocated", "OrderConfirmed"]);
    let head = *engine.log().head().borrow();
    engine.processes_caught_up(head).await;
}

#[tokio::test(start_paused = true)]
async fn a_declined_payment_rejects_the_order_with_the_gateways_reason() {
    let engine = open().await;
    stocked(&engine).await;
    for (n, token, reason) in [
        (1, "tok_declined", "card_declined"),
        (2, "tok_insufficient_funds", "insufficient_funds"),
        (3, "tok_expired_card", "expired_card"),
        (4, "tok_timeout_declined", "card_declined"),
    ] {
        match buy(&engine, n, token).await {
            OrderOutcome::Rejected { reason: RejectReason::PaymentDeclined { code }, .. } => {
                assert_eq!(code, reason, "{token}");
            }
            other => panic!("{token}: {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_payment_without_an_answer_is_found_out_by_asking() {
    let engine = open().await;
    stocked(&engine).await;
    for (n, token) in [(1, "tok_timeout_approved"), (2, "tok_timeout_lost")] {
        let outcome = buy(&engine, n, token).await;
        assert!(matches!(outcome, OrderOutcome::Confirmed { .. }), "{token}: {outcome:?}");
    }
}
