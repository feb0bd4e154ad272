//! The routes under `/payments`.

use super::{ORDER, PAYMENT, receipt};
use crate::{
    http::{EmptyBody, Nothing, Receipt},
    openapi::Operation,
    problem::kind,
};
use daybook_views::payment::PaymentView;
use serde_json::json;

const TAG: &str = "payments";

pub(crate) fn show() -> Operation {
    let money = json!({ "minor": 2993, "currency": "GBP" });
    let example = json!({ "payment_id": PAYMENT, "order_id": ORDER, "state": "authorized", "authorized": money,
        "operations": [{ "operation_id": "0199a5b0-7c3e-8e11-9c2b-1d0e9f8a7b6c", "kind": "authorize",
            "state": "done", "amount": money, "reference": "sim-0199a5b0", "asked_at": "2026-11-22T10:00:00Z",
            "settled_at": "2026-11-22T10:00:00Z" }],
        "updated_at": "2026-11-22T10:00:00Z", "version": 2, "position": 4718 });
    Operation::query(TAG, "getPayment", "Where the money of an order is")
        .says("`action_url` says where the customer has to do something before the payment can go on.")
        .answers::<PaymentView>(200, "The payment.", example)
        .conditional()
        .at_any_time()
        .problems(&[&kind::NOT_FOUND])
}

pub(crate) fn confirm() -> Operation {
    Operation::command(TAG, "confirmPayment", "Do what the simulated gateway asked of the customer")
        .says("For orders paid with `tok_action_required`. At a real gateway the customer does this there.")
        .optional_body::<EmptyBody>(json!({}))
        .answers::<Receipt<Nothing>>(200, "The payment goes on.", receipt(PAYMENT))
        .etag()
        .problems(&[&kind::INVALID_PARAMETER, &kind::NOT_FOUND, &kind::CONFLICT])
}
