//! Products: one, lists of them by SKU, category or brand, and the commands on them.

mod commands;

use crate::{
    access::{Access, Load, Owner, RequestLimits, Retry},
    app::AppState,
    describe::{AnswerDoc, text},
    http::{
        Freshness, Id, IfNoneMatch, Listing, Paging, Query, RawJson, ViewAnswer, ViewQuery, listing,
        query_params, show_row,
    },
    problem::{Problem, kind},
    route::{ApiVersion::V1, Doc, Route, Routes},
};
use axum::{extract::State, http::Method};
use daybook_domain::{ProductId, Sku, access::Scope};
use daybook_read_store::Page;
use daybook_views::{Target, catalog::ProductView};
use serde_json::{Value, json};

const TAG: &str = "catalog";
const WRITE: Access = Access::scope(Scope::ProductsWrite);

fn done() -> AnswerDoc {
    AnswerDoc { text: "Done and durable.", example: json!({ "id": "mug", "position": 4711, "version": 7 }) }
}

/// Of a product that was there, and of one that was not.
fn put() -> [AnswerDoc; 2] {
    let texts = ["It was there, and is now what the body says.", "It was not there, and is now."];
    texts.map(|text| AnswerDoc { text, ..done() })
}

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Route {
            method: Method::GET,
            path: "/products",
            handler: list,
            version: V1,
            access: Access::PUBLIC,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "listProducts",
                tag: TAG,
                summary: "Products by SKU, category or brand",
                text: "At most one of the three; without any, all published products in the order of their categories.",
                problems: &[],
                answers: AnswerDoc { text: "A page of products.", example: json!({ "items": [example()] }) },
            },
        })
        .add(Route {
            method: Method::GET,
            path: "/products/{id}",
            handler: show,
            version: V1,
            access: Access::PUBLIC,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "getProduct",
                tag: TAG,
                summary: "A product, whatever its status",
                text: "",
                problems: &[],
                answers: AnswerDoc { text: "The product.", example: example() },
            },
        })
        .add(Route {
            method: Method::PUT,
            path: "/products/{id}",
            handler: commands::put,
            version: V1,
            access: WRITE,
            owner: Owner::Shop,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "putProduct",
                tag: TAG,
                summary: "Make a product what the body says, whether or not it exists",
                text: "Saying it again changes nothing. What the body leaves out is empty afterwards. A SKU is a variant of one product: 409 `SkuTaken` if another one on offer has it.",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT],
                answers: put(),
            },
        })
        .add(Route {
            method: Method::PUT,
            path: "/products/{id}/prices",
            handler: commands::put_prices,
            version: V1,
            access: WRITE,
            owner: Owner::Shop,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "putPrices",
                tag: TAG,
                summary: "Set the list prices of some of a product's SKUs",
                text: "",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT, &kind::UNKNOWN_SKU],
                answers: done(),
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/products/{id}/publish",
            handler: commands::publish,
            version: V1,
            access: WRITE,
            owner: Owner::Shop,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "publishProduct",
                tag: TAG,
                summary: "Let customers see and buy it",
                text: "",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT],
                answers: done(),
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/products/{id}/archive",
            handler: commands::archive,
            version: V1,
            access: WRITE,
            owner: Owner::Shop,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "archiveProduct",
                tag: TAG,
                summary: "Take it off the shelves for good",
                text: "",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT],
                answers: done(),
            },
        })
}

/// What a shop says about a product, for the document.
fn spec_example() -> Value {
    json!({ "state": "published", "title": "Enamel mug", "description": "Holds 300 ml of anything hot.",
        "brand": "Falcon", "category": ["Home", "Kitchen", "Mugs"], "attributes": { "colour": "red", "volume_ml": 300, "dishwasher_safe": true },
        "variants": [{ "sku": "MUG-RED", "options": { "colour": "red" }, "prices": [{ "minor": 1299, "currency": "GBP" }] }] })
}

fn example() -> Value {
    let mut product = spec_example();
    product["id"] = "mug".into();
    product["media"] = json!([]);
    product["created_at"] = "2026-11-22T10:00:00Z".into();
    product["updated_at"] = "2026-11-22T10:00:00Z".into();
    product["version"] = 1.into();
    product["position"] = 4701.into();
    product
}

query_params! {
    /// Which products are asked for.
    struct Wanted {
        sku: Option<Sku> = "sku",
            "The product that has this SKU, whatever its status.", text(), Value::Null;
        category: Option<String> = "category",
            "A category path with all below it: names joined by `/`; a slash in a name is `~1`, a tilde `~0`.",
            text(), json!("Home/Kitchen");
        brand: Option<String> = "brand", "A brand, written exactly so.", text(), Value::Null;
    }
}

async fn show(
    State(app): AppState,
    Id(id): Id<ProductId>,
    held: IfNoneMatch,
    query: ViewQuery,
) -> Result<ViewAnswer<ProductView>, Problem> {
    let (catalog, target) = (app.reads.catalog(), Target::Catalog(id.clone()));
    show_row(&app, query, &held, &target, catalog.by_id(&id)).await
}

async fn list(
    State(app): AppState,
    Query((Wanted { sku, category, brand }, paging, fresh)): Query<(Wanted, Paging<20, 200>, Freshness)>,
) -> Result<RawJson<Listing<ProductView>>, Problem> {
    app.wait_until(fresh).await?;
    let position = app.waiters.position();
    let catalog = app.reads.catalog();
    let found = match (sku, category, brand) {
        (Some(sku), None, None) => {
            Page { rows: catalog.by_sku(&sku).await?.into_iter().collect(), next: None }
        }
        (None, None, Some(brand)) => catalog.by_brand(&brand, paging.cursor.as_ref(), paging.limit).await?,
        (None, category, None) => {
            let path = category_path(category.as_deref().unwrap_or_default());
            catalog.by_category(&path, paging.cursor.as_ref(), paging.limit).await?
        }
        _ => {
            let detail = "name at most one of sku, category and brand; /search combines them";
            return Err(Problem::new(&kind::INVALID_PARAMETER, detail));
        }
    };
    Ok(listing(&found, position, &paging))
}

/// `Home/Kitchen/Mugs`; a slash within a name is written `~1` and a tilde `~0`, as in JSON Pointer.
fn category_path(text: &str) -> Vec<String> {
    let names = text.split('/').filter(|name| !name.is_empty());
    names.map(|name| name.replace("~1", "/").replace("~0", "~")).collect()
}
