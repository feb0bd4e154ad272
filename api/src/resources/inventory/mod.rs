//! The stock of a SKU: how much there is, the movements that explain it, and the commands on it.

mod commands;

use crate::{
    access::{Access, Load, Owner, RequestLimits, Retry},
    app::AppState,
    describe::AnswerDoc,
    http::{
        AsOfParams, Freshness, Id, IfNoneMatch, Listing, Paging, Query, RawJson, ViewAnswer, ViewQuery,
        listing, not_found,
    },
    problem::{Problem, kind},
    route::{ApiVersion::V1, Doc, Route, Routes},
};
use axum::{extract::State, http::Method};
use daybook_domain::{Sku, access::Scope};
use daybook_engine::{Clock, SystemClock};
use daybook_read_store::version_of;
use daybook_views::{
    Target,
    stock::{Movement, StockView},
};
use serde_json::{Value, json};

const TAG: &str = "inventory";
const WRITE: Access = Access::scope(Scope::InventoryWrite);

fn done() -> AnswerDoc {
    AnswerDoc {
        text: "Done and durable.",
        example: json!({ "id": "MUG-RED", "position": 4711, "version": 7 }),
    }
}

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Route {
            method: Method::GET,
            path: "/inventory/{sku}",
            handler: show,
            version: V1,
            access: Access::PUBLIC,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "getStock",
                tag: TAG,
                summary: "How much of a SKU is where, and how much of it can be sold",
                text: "",
                problems: &[],
                answers: AnswerDoc { text: "The stock.", example: example() },
            },
        })
        .add(Route {
            method: Method::GET,
            path: "/inventory/shortages",
            handler: shortages,
            version: V1,
            access: Access::scope(Scope::InventoryRead),
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "getShortages",
                tag: TAG,
                summary: "The SKUs of which orders wait for units that are not there",
                text: "Lost, or sold on backorder. What is received covers the oldest order first. `GET /orders?needs=stock` lists the orders.",
                problems: &[],
                answers: AnswerDoc { text: "A page of stocks, in the order of the SKUs.", example: json!({ "items": [short_example()] }) },
            },
        })
        .add(Route {
            method: Method::GET,
            path: "/inventory/{sku}/movements",
            handler: movements,
            version: V1,
            access: Access::scope(Scope::InventoryRead),
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "getMovements",
                tag: TAG,
                summary: "Why the stock is what it is: every movement, the last first",
                text: "",
                problems: &[],
                answers: AnswerDoc {
                    text: "A page of movements.",
                    example: json!({ "items": [movement_example()] }),
                },
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/inventory/{sku}/receive",
            handler: commands::receive,
            version: V1,
            access: WRITE,
            owner: Owner::Shop,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "receiveStock",
                tag: TAG,
                summary: "Goods arrived",
                text: "",
                problems: &[&kind::CONFLICT, &kind::UNKNOWN_LOCATION, &kind::UNKNOWN_SKU],
                answers: done(),
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/inventory/{sku}/adjust",
            handler: commands::adjust,
            version: V1,
            access: WRITE,
            owner: Owner::Shop,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "adjustStock",
                tag: TAG,
                summary: "Correct the stock by hand, for a reason",
                text: "A loss can only be of what is there. If orders wait for units that are lost, the newest are short.",
                problems: &[&kind::CONFLICT, &kind::NOT_THERE, &kind::UNKNOWN_LOCATION, &kind::UNKNOWN_SKU],
                answers: done(),
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/inventory/{sku}/transfer",
            handler: commands::transfer,
            version: V1,
            access: WRITE,
            owner: Owner::Shop,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "transferStock",
                tag: TAG,
                summary: "Move units from one location to another",
                text: "Only units that are there and not set aside for orders, those of the safety stock included.",
                problems: &[&kind::CONFLICT, &kind::NOT_THERE, &kind::RESERVED_UNITS, &kind::UNKNOWN_LOCATION, &kind::UNKNOWN_SKU],
                answers: done(),
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/inventory/{sku}/count",
            handler: commands::count,
            version: V1,
            access: WRITE,
            owner: Owner::Shop,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "countStock",
                tag: TAG,
                summary: "Record what somebody counted",
                text: "A count is a fact and never refused. Orders whose units are not there any more are moved to other locations or are short, the newest first.",
                problems: &[&kind::CONFLICT, &kind::UNKNOWN_LOCATION, &kind::UNKNOWN_SKU],
                answers: done(),
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/inventory/{sku}/policy",
            handler: commands::policy,
            version: V1,
            access: WRITE,
            owner: Owner::Shop,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "setStockPolicy",
                tag: TAG,
                summary: "Say how deep a location may be sold",
                text: "",
                problems: &[&kind::CONFLICT, &kind::UNKNOWN_LOCATION, &kind::UNKNOWN_SKU],
                answers: done(),
            },
        })
}

fn example() -> Value {
    json!({ "sku": "MUG-RED", "on_hand": 100, "reserved": 2, "available": 98,
        "locations": [{ "location": "main", "on_hand": 100, "reserved": 2, "safety_stock": 0, "backorder_limit": 0, "available": 98 }],
        "holds": 0, "updated_at": "2026-11-22T10:00:00Z", "version": 4, "position": 4716 })
}

fn short_example() -> Value {
    json!({ "sku": "MUG-RED", "on_hand": 1, "reserved": 3, "available": -2, "short": 2,
        "locations": [{ "location": "main", "on_hand": 1, "reserved": 3, "safety_stock": 0, "backorder_limit": 0, "available": -2, "short": 2 }],
        "holds": 0, "updated_at": "2026-11-22T10:00:00Z", "version": 9, "position": 4790 })
}

fn movement_example() -> Value {
    json!({ "kind": "received", "location": "main", "on_hand_delta": 100, "reserved_delta": 0,
        "on_hand": 100, "reserved": 0, "reference": "DN-881", "actor": "staff:anna", "at": "2026-11-22T10:00:00Z", "position": 4702 })
}

async fn show(
    State(app): AppState,
    Id(sku): Id<Sku>,
    held: IfNoneMatch,
    Query((AsOfParams(point), wanted)): ViewQuery,
) -> Result<ViewAnswer<StockView>, Problem> {
    if let Some(point) = point {
        return point.show(&app, wanted, &held, &Target::Stock(sku)).await;
    }
    app.wait_until(wanted).await?;
    let position = app.waiters.position();
    let row = app.reads.stock().by_sku(&sku, SystemClock.now()).await?;
    let row = row.ok_or_else(|| not_found("stock"))?;
    let version = version_of(row.json());
    Ok(ViewAnswer::new(row.into_bytes(), version, position, &held))
}

async fn movements(
    State(app): AppState,
    Id(sku): Id<Sku>,
    Query((paging, fresh)): Query<(Paging<50, 500>, Freshness)>,
) -> Result<RawJson<Listing<Movement>>, Problem> {
    app.wait_until(fresh).await?;
    let position = app.waiters.position();
    let found = app.reads.stock().movements(&sku, paging.cursor.as_ref(), paging.limit).await?;
    Ok(listing(&found, position, &paging))
}

async fn shortages(
    State(app): AppState,
    Query((paging, fresh)): Query<(Paging<50, 500>, Freshness)>,
) -> Result<RawJson<Listing<StockView>>, Problem> {
    app.wait_until(fresh).await?;
    let position = app.waiters.position();
    let found = app.reads.stock().short(paging.cursor.as_ref(), paging.limit).await?;
    Ok(listing(&found, position, &paging))
}
