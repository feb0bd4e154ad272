//! The routes under `/inventory`.

use super::receipt;
use crate::{
    http::{Listing, Nothing, Receipt},
    openapi::Operation,
    problem::kind,
    resources::inventory::{AdjustBody, CountBody, PolicyBody, ReceiveBody, TransferBody},
};
use daybook_views::stock::{Movement, StockView};
use serde_json::json;

const TAG: &str = "inventory";

fn on_stock(id: &'static str, summary: &'static str) -> Operation {
    Operation::command(TAG, id, summary)
        .answers::<Receipt<Nothing>>(200, "Done and durable.", receipt("MUG-RED"))
        .etag()
        .problems(&[&kind::INVALID_PARAMETER, &kind::CONFLICT])
}

pub(crate) fn receive() -> Operation {
    on_stock("receiveStock", "Goods arrived")
        .body::<ReceiveBody>(json!({ "location": "main", "quantity": 100, "reference": "DN-881" }))
}

pub(crate) fn adjust() -> Operation {
    on_stock("adjustStock", "Correct the stock by hand, for a reason")
        .body::<AdjustBody>(json!({ "location": "main", "delta": -2, "reason": "broken in the warehouse" }))
}

pub(crate) fn transfer() -> Operation {
    on_stock("transferStock", "Move units from one location to another")
        .body::<TransferBody>(json!({ "from": "main", "to": "shop-bath", "quantity": 12 }))
}

pub(crate) fn count() -> Operation {
    on_stock("countStock", "Record what somebody counted")
        .body::<CountBody>(json!({ "location": "main", "counted": 97 }))
}

pub(crate) fn policy() -> Operation {
    on_stock("setStockPolicy", "Say how deep a location may be sold")
        .body::<PolicyBody>(json!({ "location": "main", "safety_stock": 5, "backorder_limit": 0 }))
}

pub(crate) fn show() -> Operation {
    let example = json!({ "sku": "MUG-RED", "on_hand": 100, "reserved": 2, "available": 98,
        "locations": [{ "location": "main", "on_hand": 100, "reserved": 2, "safety_stock": 0, "backorder_limit": 0, "available": 98 }],
        "holds": 0, "updated_at": "2026-11-22T10:00:00Z", "version": 4, "position": 4716 });
    Operation::query(TAG, "getStock", "How much of a SKU is where, and how much of it can be sold")
        .answers::<StockView>(200, "The stock.", example)
        .conditional()
        .at_any_time()
        .problems(&[&kind::NOT_FOUND])
}

pub(crate) fn movements() -> Operation {
    let movement = json!({ "kind": "received", "location": "main", "on_hand_delta": 100, "reserved_delta": 0,
        "on_hand": 100, "reserved": 0, "reference": "DN-881", "actor": "staff:anna", "at": "2026-11-22T10:00:00Z", "position": 4702 });
    Operation::query(TAG, "getMovements", "Why the stock is what it is: every movement, the last first")
        .paged(500)
        .answers::<Listing<Movement>>(200, "A page of movements.", json!({ "items": [movement] }))
}
