//! Orders: one with all that became of it, orders by number, customer or reference, and the commands on them.

mod commands;
mod parts;

use crate::{
    access::{Access, Load, Owner, RequestLimits, Retry},
    app::AppState,
    describe::{AnswerDoc, text},
    http::{
        AsOfParams, Freshness, Id, IfNoneMatch, Listing, Paging, Query, RawJson, ViewAnswer, ViewQuery,
        listing, not_found, query_params,
    },
    problem::{Problem, kind},
    route::{ApiVersion::V1, Doc, Route, Routes},
};
use axum::{extract::State, http::Method};
use daybook_domain::{CustomerId, OrderId, OrderNumber, access::Scope};
use daybook_read_store::{Page, version_of};
use daybook_views::{
    Target,
    order::{OrderNeed, OrderView},
};
use serde_json::{Value, json};

const TAG: &str = "orders";
const ID: &str = "0199a5b0-7c3e-8f27-9b1d-5a6c7e8f9012";
const CART_ID: &str = "0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a90";
const PAYMENT_ID: &str = "0199a5b0-7c3e-8d44-b3a1-0c9d8e7f6a5b";

const READ: Access = Access::scope(Scope::OrdersRead).or_own();
const WRITE: Access = Access::scope(Scope::OrdersWrite);

fn receipt(position: u64, version: u64) -> Value {
    json!({ "id": ID, "position": position, "version": version })
}

pub(super) fn routes(routes: Routes) -> Routes {
    parts::routes(routes)
        .add(Route {
            method: Method::GET,
            path: "/orders",
            handler: list,
            version: V1,
            access: READ,
            owner: Owner::Customer,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "findOrders",
                tag: TAG,
                summary: "Orders by number, customer or reference",
                text: "Exactly one of the three. A customer's orders come newest first.",
                problems: &[],
                answers: AnswerDoc { text: "A page of orders.", example: json!({ "items": [example()] }) },
            },
        })
        .add(Route {
            method: Method::GET,
            path: "/orders/{id}",
            handler: show,
            version: V1,
            access: READ,
            owner: Owner::Order,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "getOrder",
                tag: TAG,
                summary: "An order with its lines, shipments, payment and timeline",
                text: "The payment is shown as it is now; it may change without a new version of the order.",
                problems: &[],
                answers: AnswerDoc { text: "The order.", example: example() },
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/orders/{id}/cancel",
            handler: commands::cancel,
            version: V1,
            access: WRITE.or_own(),
            owner: Owner::Order,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "cancelOrder",
                tag: TAG,
                summary: "Cancel an order, or units of it that have not left",
                text: "Without `lines` and `rest`, the whole order, of which nothing may have left. With `lines` so many units of each, with \
                    `rest` all that have not left: their stock is let go at once, and what they would have cost when nothing is left to ship. \
                    An order is paid for before some of its units can be cancelled.",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT],
                answers: AnswerDoc { text: "Cancelled.", example: receipt(4711, 7) },
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/orders/{id}/ship",
            handler: commands::ship,
            version: V1,
            access: WRITE,
            owner: Owner::Order,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "shipOrder",
                tag: TAG,
                summary: "Goods leave",
                text: "Without `lines`, everything not yet shipped. Their price is captured. Where units are set aside at several \
                    locations, `location` says which one they leave; it need not be one of these.",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT, &kind::CHOOSE_LOCATION, &kind::UNKNOWN_LOCATION],
                answers: AnswerDoc { text: "Shipped.", example: parts::receipt(4730, 4, "shipment_id") },
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/orders/{id}/deliver",
            handler: commands::deliver,
            version: V1,
            access: WRITE,
            owner: Owner::Order,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "deliverOrder",
                tag: TAG,
                summary: "Goods arrived at the customer",
                text: "Without `lines`, everything shipped and not yet delivered.",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT],
                answers: AnswerDoc { text: "Delivered.", example: receipt(4711, 7) },
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/orders/{id}/return",
            handler: commands::take_back,
            version: V1,
            access: WRITE,
            owner: Owner::Order,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "returnGoods",
                tag: TAG,
                summary: "Goods come back",
                text: "Their price is refunded; `sellable` goods go back into stock.",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT, &kind::UNKNOWN_LOCATION],
                answers: AnswerDoc { text: "Taken back.", example: parts::receipt(4760, 6, "return_id") },
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/orders/{id}/credit",
            handler: commands::credit,
            version: V1,
            access: WRITE,
            owner: Owner::Order,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "creditOrder",
                tag: TAG,
                summary: "Give money back though no goods come back",
                text: "For example a discount granted later. At most what was captured and not given back yet.",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT],
                answers: AnswerDoc { text: "Credited.", example: parts::receipt(4770, 7, "credit_id") },
            },
        })
}

fn example() -> Value {
    let money = |minor: i64| json!({ "minor": minor, "currency": "GBP" });
    let at = "2026-11-22T10:00:00Z";
    json!({ "id": ID, "number": "06CTB-C3W7R-HT5M", "cart_id": CART_ID, "payment_id": PAYMENT_ID,
        "currency": "GBP", "country": "GB", "state": "confirmed", "fulfilment": "allocated",
        "payment": { "state": "authorized", "authorized": money(2598) },
        "lines": [{ "line_id": 1, "sku": "MUG-RED", "product_id": "mug", "title": "Enamel mug",
            "unit_price": money(1299), "net": money(2598), "ordered": 2, "open": 0, "allocated": 2, "shipped": 0,
            "cancelled": 0, "delivered": 0, "returned": 0 }],
        "total": money(2598),
        "allocations": [{ "sku": "MUG-RED", "location": "main", "quantity": 2 }],
        "contact": {},
        "timeline": [{ "event": "OrderPlaced", "occurred_at": at, "recorded_at": at, "actor": "anonymous", "position": 4713 }],
        "placed_at": at, "updated_at": at, "version": 3, "position": 4720 })
}

query_params! {
    /// Which orders are asked for.
    struct Wanted {
        number: Option<OrderNumber> = "number",
            "What people call the order; with or without hyphens, in any case.", text(), Value::Null;
        customer: Option<CustomerId> = "customer_id", "The customer's id.", text(), Value::Null;
        reference: Option<String> = "reference",
            "The shop's or the customer's own reference.", text(), json!("PO-2041");
        needs: Option<OrderNeed> = "needs",
            "What somebody has to do next, the oldest order first: `shipping`, units are set aside, paid for and there; `stock`, units that are set aside are not there.",
            json!({ "type": "string", "enum": OrderNeed::ALL.map(OrderNeed::name) }), Value::Null;
    }
}

async fn show(
    State(app): AppState,
    Id(id): Id<OrderId>,
    held: IfNoneMatch,
    Query((AsOfParams(point), wanted)): ViewQuery,
) -> Result<ViewAnswer<OrderView>, Problem> {
    if let Some(point) = point {
        return point.show(&app, wanted, &held, &Target::Orders(id)).await;
    }
    app.wait_until(wanted).await?;
    let position = app.waiters.position();
    let row = app.reads.orders().by_id(id).await?.ok_or_else(|| not_found("order"))?;
    let version = version_of(row.json());
    Ok(ViewAnswer::new(row.into_bytes(), version, position, &held))
}

async fn list(
    State(app): AppState,
    Query((Wanted { number, customer, reference, needs }, paging, fresh)): Query<(
        Wanted,
        Paging<20, 200>,
        Freshness,
    )>,
) -> Result<RawJson<Listing<OrderView>>, Problem> {
    app.wait_until(fresh).await?;
    let position = app.waiters.position();
    let orders = app.reads.orders();
    let found = match (number, customer, reference, needs) {
        (Some(number), None, None, None) => {
            Page { rows: orders.by_number(&number).await?.into_iter().collect(), next: None }
        }
        (None, Some(customer), None, None) => {
            orders.of_customer(&customer, paging.cursor.as_ref(), paging.limit).await?
        }
        (None, None, Some(reference), None) => {
            orders.by_reference(&reference, paging.cursor.as_ref(), paging.limit).await?
        }
        (None, None, None, Some(need)) => orders.by_need(need, paging.cursor.as_ref(), paging.limit).await?,
        _ => {
            let detail = "name exactly one of number, customer_id, reference and needs";
            return Err(Problem::new(&kind::INVALID_PARAMETER, detail));
        }
    };
    Ok(listing(&found, position, &paging))
}
