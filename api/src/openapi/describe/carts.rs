//! The routes under `/carts`.

use super::{CART, ORDER, receipt};
use crate::{
    http::{EmptyBody, Nothing, Receipt},
    openapi::Operation,
    problem::kind,
    resources::carts::{
        AddedLines, CartBody, ContactBody, CustomerBody, LinesBody, MergeBody, QuantityBody,
        checkout::{CheckoutAnswer, CheckoutBody},
    },
};
use daybook_views::cart::CartPage;
use serde_json::{Value, json};

const TAG: &str = "carts";

fn with_lines() -> Value {
    json!({ "id": CART, "position": 4711, "version": 2, "lines": [
        { "line_id": 1, "sku": "MUG-RED", "quantity": 2, "unit_price": { "minor": 1299, "currency": "GBP" } },
    ] })
}

/// A command on one cart with the usual answer.
fn on_cart(id: &'static str, summary: &'static str) -> Operation {
    Operation::command(TAG, id, summary)
        .answers::<Receipt<Nothing>>(200, "Done and durable.", receipt(CART))
        .etag()
        .problems(&[&kind::INVALID_PARAMETER, &kind::NOT_FOUND, &kind::CONFLICT])
}

pub(crate) fn create() -> Operation {
    Operation::command(TAG, "createCart", "Begin a cart")
        .says("With lines, if there are any already. Prices and titles come from the catalog. Under the same Idempotency-Key the cart has the same id.")
        .body::<CartBody>(json!({ "currency": "GBP", "country": "GB",
            "lines": [{ "sku": "MUG-RED", "quantity": 2 }] }))
        .answers::<Receipt<AddedLines>>(201, "The cart is there.", with_lines())
        .etag()
        .location()
        .problems(&[&kind::UNKNOWN_SKU])
}

pub(crate) fn show() -> Operation {
    Operation::query(TAG, "getCart", "A cart, and what blocks its checkout")
        .says("`blockers` compares an active cart with today's prices and stock: `PriceChanged`, `NotForSale`, `OutOfStock`, `NoLines`. Blockers may change without a new version.")
        .answers::<CartPage>(200, "The cart.", crate::resources::carts::view::example())
        .conditional()
        .at_any_time()
        .problems(&[&kind::NOT_FOUND])
}

pub(crate) fn discard() -> Operation {
    on_cart("discardCart", "Throw a cart away").optional_body::<EmptyBody>(json!({}))
}

pub(crate) fn add_lines() -> Operation {
    Operation::command(TAG, "addLines", "Put one or several articles into a cart")
        .says("The same SKU at the same price adds to the line that is there; at another price it is another line.")
        .body::<LinesBody>(json!([{ "sku": "MUG-RED", "quantity": 2 }, { "sku": "TEAPOT", "quantity": 1 }]))
        .answers::<Receipt<AddedLines>>(200, "Done and durable, with the lines that are new.", with_lines())
        .etag()
        .problems(&[
            &kind::INVALID_PARAMETER,
            &kind::NOT_FOUND,
            &kind::CONFLICT,
            &kind::UNKNOWN_SKU,
            &kind::FOREIGN_CURRENCY,
        ])
}

pub(crate) fn change_line() -> Operation {
    on_cart("changeLine", "Change how many of an article").body::<QuantityBody>(json!({ "quantity": 3 }))
}

pub(crate) fn remove_line() -> Operation {
    on_cart("removeLine", "Take an article out").optional_body::<EmptyBody>(json!({}))
}

pub(crate) fn set_contact() -> Operation {
    on_cart("setContact", "Say who the goods go to and where")
        .says("Replaces what was said before. This is the only place for personal data.")
        .body::<ContactBody>(json!({ "country": "GB", "personal": { "name": "Ada Lovelace",
            "email": "ada@example.com", "shipping_address": { "lines": ["12 St James's Square"],
            "city": "London", "postal_code": "SW1Y 4JH", "country": "GB" } } }))
}

pub(crate) fn assign() -> Operation {
    on_cart("assignCustomer", "Say whose cart it is").body::<CustomerBody>(json!({ "customer_id": "17850" }))
}

pub(crate) fn reprice() -> Operation {
    on_cart("repriceCart", "Accept today's prices").optional_body::<EmptyBody>(json!({}))
}

pub(crate) fn merge() -> Operation {
    on_cart("mergeCart", "Move a guest cart's lines into another cart")
        .says("Ends this cart; its lines appear in `into` moments later. Refused if `into` could not take them: if it is not there, over, in another currency, or would be too large.")
        .body::<MergeBody>(json!({ "into": "0199a5b1-0d2f-7a63-9c4e-8b7a6d5c4e3f" }))
        .problems(&[&kind::FOREIGN_CURRENCY])
}

pub(crate) fn copy() -> Operation {
    Operation::command(TAG, "copyCart", "Begin a new cart with the same articles at today's prices")
        .says("For example after an order was rejected: a cart can become only one order.")
        .optional_body::<EmptyBody>(json!({}))
        .answers::<Receipt<AddedLines>>(201, "The new cart is there.", with_lines())
        .etag()
        .location()
        .problems(&[&kind::INVALID_PARAMETER, &kind::NOT_FOUND, &kind::UNKNOWN_SKU])
}

pub(crate) fn checkout() -> Operation {
    let confirmed = json!({ "id": ORDER, "number": "06CTB-C3W7R-HT5M", "cart_id": CART, "status": "confirmed",
        "position": 4720, "version": 3, "order": { "id": ORDER, "status": "confirmed" } });
    let placed = json!({ "id": ORDER, "number": "06CTB-C3W7R-HT5M", "cart_id": CART, "status": "placed", "position": 4711 });
    Operation::command(TAG, "checkout", "Turn a cart into an order")
        .says("Waits for the outcome, 2 seconds unless `Prefer: wait=N` (0 to 30) says otherwise. `Prefer: return=minimal` leaves out the order itself. At the simulated gateway the token decides: `tok_visa` is approved, `tok_declined` and `tok_insufficient_funds` are declined, `tok_action_required` waits for POST /payments/{id}/confirm, `tok_timeout_approved` answers late.")
        .param("header", "Prefer", "`wait=N`: how many seconds to wait for the outcome. `return=minimal`: leave out the order.", json!({"type": "string"}), json!("wait=5"))
        .body::<CheckoutBody>(json!({ "payment_token": "tok_visa", "reference": "PO-2041",
            "charges": [{ "kind": "shipping", "label": "Royal Mail 48", "amount": { "minor": 395, "currency": "GBP" } }] }))
        .answers::<CheckoutAnswer>(201, "The order is confirmed: stock is set aside and payment authorised.", confirmed)
        .etag()
        .location()
        .answers::<CheckoutAnswer>(202, "The order is placed and its outcome not known yet; look at `Location`.", placed)
        .location()
        .problems(&[
            &kind::INVALID_PARAMETER,
            &kind::PAYMENT_DECLINED,
            &kind::PAYMENT_TIMED_OUT,
            &kind::NOT_FOUND,
            &kind::CONFLICT,
            &kind::OUT_OF_STOCK,
            &kind::CHECKOUT_BLOCKED,
            &kind::RESERVATION_EXPIRED,
            &kind::CARD_NUMBER_REFUSED,
        ])
}
