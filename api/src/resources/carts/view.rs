//! The cart as stored, and what would block its checkout right now.

use crate::{
    app::{App, AppState},
    http::{AsOfParams, Id, IfNoneMatch, Query, ViewAnswer, ViewQuery, not_found},
    problem::Problem,
};
use axum::extract::State;
use daybook_domain::{CartId, cart::CheckoutBlocker};
use daybook_engine::{Clock, SystemClock};
use daybook_read_store::version_of;
use daybook_views::{
    Target,
    cart::{self, CartPage, CartState, CartView},
    stock::StockView,
};
use serde_json::{Value, json};

pub(super) async fn show(
    State(app): AppState,
    Id(id): Id<CartId>,
    held: IfNoneMatch,
    Query((AsOfParams(point), wanted)): ViewQuery,
) -> Result<ViewAnswer<CartPage>, Problem> {
    if let Some(point) = point {
        return point.show(&app, wanted, &held, &Target::Carts(id)).await;
    }
    app.wait_until(wanted).await?;
    let position = app.waiters.position();
    let row = app.reads.carts().by_id(id).await?.ok_or_else(|| not_found("cart"))?;
    let cart: CartView = row.parse()?;
    let blockers = if cart.state == CartState::Active { blockers(&app, &cart).await? } else { Vec::new() };
    let mut body = row.json().to_vec();
    // The row is one JSON object; the blockers become its last member.
    body.pop();
    body.extend_from_slice(b",\"blockers\":");
    serde_json::to_writer(&mut body, &blockers).expect("blockers have text keys and no failing serializers");
    body.push(b'}');
    let version = version_of(row.json());
    Ok(ViewAnswer::new(body, version, position, &held))
}

async fn blockers(app: &App, cart: &CartView) -> Result<Vec<CheckoutBlocker>, Problem> {
    let (mut prices, mut stocks) = (Vec::with_capacity(cart.lines.len()), Vec::new());
    for line in &cart.lines {
        prices.push(app.prices.find(&line.sku).await?.and_then(|offer| offer.price(cart.currency)));
    }
    let now = SystemClock.now();
    for (sku, _) in cart::wanted(cart) {
        let stock = app.reads.stock().by_sku(sku, now).await?;
        stocks.push(stock.map(|row| row.parse::<StockView>()).transpose()?);
    }
    Ok(cart::blockers(cart, &prices, &stocks))
}

/// For the document.
pub(super) fn example() -> Value {
    let money = |minor: i64| json!({ "minor": minor, "currency": "GBP" });
    json!({
        "id": "0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a90", "state": "active", "currency": "GBP", "country": "GB",
        "lines": [{ "line_id": 1, "sku": "MUG-RED", "product_id": "mug", "title": "Enamel mug", "quantity": 2,
            "unit_price": money(1299), "line_total": money(2598) }],
        "total": money(2598), "contact": {},
        "created_at": "2026-11-22T10:00:00Z", "updated_at": "2026-11-22T10:00:00Z", "version": 2, "position": 4711,
        "blockers": [{ "blocker": "out_of_stock", "sku": "MUG-RED", "requested": 2, "available": 1 }],
    })
}
