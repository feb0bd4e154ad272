//! The routes under `/orders`.

use super::{CART, ORDER, PAYMENT, receipt};
use crate::{
    http::{Listing, Nothing, Receipt},
    openapi::Operation,
    problem::kind,
    resources::orders::{
        CancelBody, CreditBody, Credited, DeliverBody, ReturnBody, Returned, ShipBody, Shipped,
    },
};
use daybook_views::order::OrderView;
use serde_json::{Value, json};

const TAG: &str = "orders";

fn problems(operation: Operation) -> Operation {
    operation.etag().problems(&[&kind::INVALID_PARAMETER, &kind::NOT_FOUND, &kind::CONFLICT])
}

pub(crate) fn cancel() -> Operation {
    let operation = Operation::command(TAG, "cancelOrder", "Cancel an order of which nothing has left")
        .says("What was set aside is let go, and the authorised payment voided.")
        .body::<CancelBody>(json!({ "reason": "ordered twice" }));
    problems(operation.answers::<Receipt<Nothing>>(200, "Cancelled.", receipt(ORDER)))
}

pub(crate) fn ship() -> Operation {
    let answer = json!({ "id": ORDER, "position": 4730, "version": 4,
        "shipment_id": "0199a5c0-1a2b-7c3d-8e4f-5a6b7c8d9e0f" });
    let operation = Operation::command(TAG, "shipOrder", "Goods leave")
        .says("Without `lines`, everything not yet shipped. Their price is captured.")
        .optional_body::<ShipBody>(json!({ "lines": [{ "line_id": 1, "quantity": 2 }],
            "carrier": "Royal Mail", "tracking": "RM123456789GB" }));
    problems(operation.answers::<Receipt<Shipped>>(200, "Shipped.", answer))
}

pub(crate) fn deliver() -> Operation {
    let operation = Operation::command(TAG, "deliverOrder", "Goods arrived at the customer")
        .says("Without `lines`, everything shipped and not yet delivered.")
        .optional_body::<DeliverBody>(json!({ "lines": [{ "line_id": 1, "quantity": 2 }] }));
    problems(operation.answers::<Receipt<Nothing>>(200, "Delivered.", receipt(ORDER)))
}

pub(crate) fn take_back() -> Operation {
    let answer = json!({ "id": ORDER, "position": 4760, "version": 6,
        "return_id": "0199a5c4-2b3c-7d4e-9f5a-6b7c8d9e0f1a" });
    let operation = Operation::command(TAG, "returnGoods", "Goods come back")
        .says("Their price is refunded; `sellable` goods go back into stock.")
        .body::<ReturnBody>(json!({ "lines": [{ "line_id": 1, "quantity": 1, "condition": "sellable" }],
            "reason": "wrong colour" }));
    problems(operation.answers::<Receipt<Returned>>(200, "Taken back.", answer))
}

pub(crate) fn show() -> Operation {
    Operation::query(TAG, "getOrder", "An order with its lines, shipments, payment and timeline")
        .says("The entity tag has version and position, since the payment shown may change without a new version; as `If-Match` it means the version.")
        .answers::<OrderView>(200, "The order.", example())
        .conditional()
        .at_any_time()
        .problems(&[&kind::NOT_FOUND])
}

pub(crate) fn list() -> Operation {
    let text = || json!({ "type": "string" });
    Operation::query(TAG, "findOrders", "Orders by number, customer or reference")
        .says("Exactly one of the three. A customer's orders come newest first.")
        .param(
            "query",
            "number",
            "What people call the order; with or without hyphens, in any case.",
            text(),
            json!("06CTB-C3W7R-HT5M"),
        )
        .param("query", "customer", "The customer's id.", text(), json!("17850"))
        .param("query", "reference", "The shop's or the customer's own reference.", text(), json!("PO-2041"))
        .paged(200)
        .answers::<Listing<OrderView>>(200, "A page of orders.", json!({ "items": [example()] }))
}

fn example() -> Value {
    let money = |minor: i64| json!({ "minor": minor, "currency": "GBP" });
    let at = "2026-11-22T10:00:00Z";
    json!({ "order_id": ORDER, "number": "06CTB-C3W7R-HT5M", "cart_id": CART, "payment_id": PAYMENT,
        "currency": "GBP", "country": "GB", "state": "confirmed", "fulfilment": "allocated",
        "payment": { "state": "authorized", "authorized": money(2598) },
        "lines": [{ "line_id": 1, "sku": "MUG-RED", "product_id": "mug", "title": "Enamel mug",
            "unit_price": money(1299), "net": money(2598), "ordered": 2, "open": 0, "allocated": 2, "shipped": 0,
            "cancelled": 0, "delivered": 0, "returned": 0 }],
        "total": money(2598),
        "allocations": [{ "sku": "MUG-RED", "location": "main", "quantity": 2 }],
        "personal": {},
        "timeline": [{ "event": "OrderPlaced", "occurred_at": at, "recorded_at": at, "actor": "anonymous", "position": 4713 }],
        "placed_at": at, "updated_at": at, "version": 3, "position": 4720 })
}

pub(crate) fn credit() -> Operation {
    let answer = json!({ "id": ORDER, "position": 4770, "version": 7,
        "credit_id": "0199a5c8-3c4d-7e5f-8a6b-7c8d9e0f1a2b" });
    let operation = Operation::command(TAG, "creditOrder", "Give money back though no goods come back")
        .says("For example a discount granted later. At most what was captured and not given back yet.")
        .body::<CreditBody>(json!({ "kind": "discount", "label": "late delivery",
            "amount": { "minor": 250, "currency": "GBP" } }));
    problems(operation.answers::<Receipt<Credited>>(200, "Credited.", answer))
}
