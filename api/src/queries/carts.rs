//! `GET /carts/{id}`: the cart as stored, and what would block its checkout right now.

use super::{version_of, view::not_found};
use crate::{
    http::{Id, IfNoneMatch, Params, resource},
    problem::Problem,
    shop::{App, Shop},
};
use ahash::AHashMap;
use axum::{extract::State, response::Response};
use daybook_domain::{
    CartId, Sku,
    cart::{CheckoutBlocker, PriceChange},
};
use daybook_engine::{Clock, SystemClock};
use daybook_projections::{
    cart::{CartState, CartView},
    stock::{LocationStock, StockView},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

/// A cart and what blocks its checkout.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CartPage {
    #[serde(flatten)]
    pub cart: CartView,
    /// Of an active cart: what would block its checkout right now; empty if nothing does.
    #[schemars(with = "Vec<BlockerExample>")]
    pub blockers: Vec<CheckoutBlocker>,
}

/// `no_lines`, `price_changed`, `not_for_sale`, `out_of_stock` or `negative_total`, with its data.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CheckoutBlocker")]
struct BlockerExample {
    blocker: String,
    #[serde(flatten)]
    data: serde_json::Map<String, Value>,
}

pub(crate) async fn show(
    State(shop): App,
    Id(id): Id<CartId>,
    held: IfNoneMatch,
    mut params: Params,
) -> Result<Response, Problem> {
    let wanted = params.freshness()?;
    params.finish()?;
    shop.wait_until(wanted).await?;
    let position = shop.waiting.position();
    let row = shop.reads.carts().by_id(id)?.ok_or_else(|| not_found("cart"))?;
    let cart: CartView = row.parse()?;
    let blockers = if cart.state == CartState::Active { blockers(&shop, &cart).await? } else { Vec::new() };
    let mut body = row.json().to_vec();
    // The row is one JSON object; the blockers become its last member.
    body.pop();
    body.extend_from_slice(b",\"blockers\":");
    serde_json::to_writer(&mut body, &blockers).expect("blockers have text keys and no failing serializers");
    body.push(b'}');
    let version = version_of(row.json());
    // Blockers change without a new version of the cart, so a client that has seen any must not be told 304.
    let unchanged = if blockers.is_empty() { held } else { IfNoneMatch::nothing() };
    Ok(resource(body, version, position, &unchanged))
}

async fn blockers(shop: &Shop, cart: &CartView) -> Result<Vec<CheckoutBlocker>, Problem> {
    let mut found = Vec::new();
    if cart.lines.is_empty() {
        found.push(CheckoutBlocker::NoLines);
    }
    let mut wanted: AHashMap<&Sku, u32> = AHashMap::new();
    for line in &cart.lines {
        let (line_id, sku) = (line.line_id, line.sku.clone());
        let now = shop.offers.find(&sku).await?.and_then(|offer| offer.price(cart.currency));
        match now {
            None => found.push(CheckoutBlocker::NotForSale { line_id, sku }),
            Some(price) if price != line.unit_price => {
                let change = PriceChange { line_id, sku, in_cart: line.unit_price, now };
                found.push(CheckoutBlocker::PriceChanged { change });
            }
            Some(_) => {}
        }
        let units = wanted.entry(&line.sku).or_default();
        *units = units.saturating_add(line.quantity.get());
    }
    let now = SystemClock.now();
    for (sku, requested) in wanted {
        let stock = shop.reads.stock().by_sku(sku, now)?.map(|row| row.parse::<StockView>()).transpose()?;
        let available = stock.as_ref().map_or(0, sellable);
        if available < i64::from(requested) {
            found.push(CheckoutBlocker::OutOfStock { sku: sku.clone(), requested, available });
        }
    }
    Ok(found)
}

/// What can be sold over all locations, backorders included.
fn sellable(stock: &StockView) -> i64 {
    let at = |location: &LocationStock| {
        location.available.saturating_add(i64::from(location.backorder_limit)).max(0)
    };
    stock.locations.iter().map(at).fold(0, i64::saturating_add)
}

/// For the interface's description.
pub(crate) fn example() -> Value {
    let money = |minor: i64| json!({ "minor": minor, "currency": "GBP" });
    json!({
        "cart_id": "0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a90", "state": "active", "currency": "GBP", "country": "GB",
        "lines": [{ "line_id": 1, "sku": "MUG-RED", "product_id": "mug", "title": "Enamel mug", "quantity": 2,
            "unit_price": money(1299), "line_total": money(2598) }],
        "total": money(2598), "contact": {},
        "created_at": "2026-11-22T10:00:00Z", "updated_at": "2026-11-22T10:00:00Z", "version": 2, "position": 4711,
        "blockers": [{ "blocker": "out_of_stock", "sku": "MUG-RED", "requested": 2, "available": 1 }],
    })
}
