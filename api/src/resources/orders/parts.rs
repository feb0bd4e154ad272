//! Shipments, returns and credits: parts of an order that were made by a command and have addresses of their own. They are
//! shown as the order's view has them, with the order's version.

use super::{ID, READ, TAG};
use crate::{
    access::{Load, Owner, RequestLimits, Retry},
    app::{App, AppState},
    describe::AnswerDoc,
    http::{Freshness, IfNoneMatch, PartId, Query, ViewAnswer, not_found},
    problem::Problem,
    route::{ApiVersion::V1, Doc, Route, Routes},
};
use axum::{extract::State, http::Method};
use daybook_domain::{CreditId, OrderId, ReturnId, ShipmentId};
use daybook_views::order::{CreditView, OrderView, ReturnView, ShipmentView};
use serde::Serialize;
use serde_json::{Value, json};

const SHIPMENT_ID: &str = "0199a5c0-1a2b-7c3d-8e4f-5a6b7c8d9e0f";
const RETURN_ID: &str = "0199a5c4-2b3c-7d4e-9f5a-6b7c8d9e0f1a";
const CREDIT_ID: &str = "0199a5c8-3c4d-7e5f-8a6b-7c8d9e0f1a2b";
const AT: &str = "2026-11-22T10:00:00Z";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Route {
            method: Method::GET,
            path: "/orders/{id}/shipments/{shipment_id}",
            handler: shipment,
            version: V1,
            access: READ,
            owner: Owner::Order,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "getShipment",
                tag: TAG,
                summary: "Goods of an order that left together",
                text: "",
                problems: &[],
                answers: AnswerDoc { text: "The shipment.", example: shipment_example() },
            },
        })
        .add(Route {
            method: Method::GET,
            path: "/orders/{id}/returns/{return_id}",
            handler: returned,
            version: V1,
            access: READ,
            owner: Owner::Order,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "getReturn",
                tag: TAG,
                summary: "Goods of an order that came back together",
                text: "",
                problems: &[],
                answers: AnswerDoc { text: "The return.", example: return_example() },
            },
        })
        .add(Route {
            method: Method::GET,
            path: "/orders/{id}/credits/{credit_id}",
            handler: credit,
            version: V1,
            access: READ,
            owner: Owner::Order,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "getCredit",
                tag: TAG,
                summary: "Money of an order that was given back though no goods came back",
                text: "",
                problems: &[],
                answers: AnswerDoc { text: "The credit.", example: credit_example() },
            },
        })
}

/// What each command answers with.
pub(super) fn receipt(position: u64, version: u64, name: &str) -> Value {
    let made = match name {
        "shipment_id" => SHIPMENT_ID,
        "return_id" => RETURN_ID,
        _ => CREDIT_ID,
    };
    json!({ "id": ID, "position": position, "version": version, name: made })
}

fn shipment_example() -> Value {
    json!({ "id": SHIPMENT_ID, "lines": [{ "line_id": 1, "quantity": 2 }],
        "amount": { "minor": 2598, "currency": "GBP" }, "carrier": "Royal Mail", "tracking": "RM123456789GB", "shipped_at": AT })
}

fn return_example() -> Value {
    json!({ "id": RETURN_ID, "lines": [{ "line_id": 1, "sku": "MUG-RED", "quantity": 1, "condition": "sellable" }],
        "refund": { "minor": 1299, "currency": "GBP" }, "reason": "wrong colour", "returned_at": AT })
}

fn credit_example() -> Value {
    json!({ "id": CREDIT_ID, "kind": "discount", "label": "late delivery",
        "amount": { "minor": 250, "currency": "GBP" }, "credited_at": AT })
}

async fn shipment(
    State(app): AppState,
    PartId(order, id): PartId<OrderId, ShipmentId>,
    held: IfNoneMatch,
    Query(fresh): Query<Freshness>,
) -> Result<ViewAnswer<ShipmentView>, Problem> {
    let find = |order: OrderView| order.shipments.into_iter().find(|part| part.shipment_id == id);
    show(&app, order, &held, fresh, find, "shipment").await
}

async fn returned(
    State(app): AppState,
    PartId(order, id): PartId<OrderId, ReturnId>,
    held: IfNoneMatch,
    Query(fresh): Query<Freshness>,
) -> Result<ViewAnswer<ReturnView>, Problem> {
    let find = |order: OrderView| order.returns.into_iter().find(|part| part.return_id == id);
    show(&app, order, &held, fresh, find, "return").await
}

async fn credit(
    State(app): AppState,
    PartId(order, id): PartId<OrderId, CreditId>,
    held: IfNoneMatch,
    Query(fresh): Query<Freshness>,
) -> Result<ViewAnswer<CreditView>, Problem> {
    let find = |order: OrderView| order.credits.into_iter().find(|part| part.credit_id == id);
    show(&app, order, &held, fresh, find, "credit").await
}

async fn show<P: Serialize>(
    app: &App,
    id: OrderId,
    held: &IfNoneMatch,
    fresh: Freshness,
    find: impl FnOnce(OrderView) -> Option<P>,
    what: &str,
) -> Result<ViewAnswer<P>, Problem> {
    app.wait_until(fresh).await?;
    let position = app.waiters.position();
    let row = app.reads.orders().by_id(id).await?.ok_or_else(|| not_found("order"))?;
    let order: OrderView = row.parse()?;
    let version = order.version;
    let part = find(order).ok_or_else(|| not_found(what))?;
    let body = serde_json::to_vec(&part).expect("parts of orders have text keys and no failing serializers");
    Ok(ViewAnswer::new(body, version, position, held))
}
