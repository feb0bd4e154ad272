//! What would block a cart's checkout, told before anybody tries: found from the cart, what its articles cost and
//! what is there of them. Checkout itself decides again, by the same rule for prices (`CheckoutBlocker::of_line`); for
//! stock it is the reservation that decides, after the order is placed.

use super::CartView;
use crate::stock::{LocationStock, StockView};
use ahash::AHashMap;
use daybook_domain::{LineId, Money, Sku, cart::CheckoutBlocker};
use schemars::JsonSchema;
use serde::Serialize;

/// A cart and what blocks its checkout.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CartPage {
    #[serde(flatten)]
    pub cart: CartView,
    /// Of an active cart: what would block its checkout right now; empty if nothing does.
    #[schemars(with = "Vec<BlockerShape>")]
    pub blockers: Vec<CheckoutBlocker>,
}

impl CartPage {
    /// As the interface shows it.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("carts have text keys and no failing serializers")
    }
}

/// What stands between a cart and its order; each kind has other members.
#[derive(JsonSchema)]
#[schemars(rename = "CheckoutBlocker")]
#[expect(dead_code, reason = "it describes in one place what the variants of CheckoutBlocker are written as")]
struct BlockerShape {
    /// `no_lines`, `price_changed`, `not_for_sale`, `out_of_stock` or `negative_total`.
    blocker: String,
    /// Of `price_changed`.
    change: Option<PriceChangeShape>,
    /// Of `not_for_sale`.
    line_id: Option<LineId>,
    /// Of `not_for_sale` and `out_of_stock`.
    sku: Option<Sku>,
    /// Of `out_of_stock`: units that the cart has.
    requested: Option<u32>,
    /// Of `out_of_stock`: units that can be had.
    available: Option<i64>,
    /// Of `negative_total`.
    total: Option<Money>,
}

/// A price that is not what the cart has.
#[derive(JsonSchema)]
#[schemars(rename = "CartPriceChange")]
#[expect(dead_code, reason = "it describes what PriceChange is written as")]
struct PriceChangeShape {
    line_id: LineId,
    sku: Sku,
    in_cart: Money,
    /// Null: not for sale any more.
    now: Option<Money>,
}

/// How many units of each SKU the cart has, in the order in which it has them.
#[must_use]
pub fn wanted(cart: &CartView) -> Vec<(&Sku, u32)> {
    let mut places: AHashMap<&Sku, usize> = AHashMap::new();
    let mut wanted: Vec<(&Sku, u32)> = Vec::new();
    for line in &cart.lines {
        let place = *places.entry(&line.sku).or_insert(wanted.len());
        match wanted.get_mut(place) {
            Some((_, units)) => *units = units.saturating_add(line.quantity.get()),
            None => wanted.push((&line.sku, line.quantity.get())),
        }
    }
    wanted
}

/// What blocks the checkout of an active cart, given what each line costs now (none: it is not for sale) and the
/// stock of each SKU that is [`wanted`], both in their order.
#[must_use]
pub fn blockers(
    cart: &CartView,
    prices: &[Option<Money>],
    stocks: &[Option<StockView>],
) -> Vec<CheckoutBlocker> {
    let mut found = Vec::new();
    if cart.lines.is_empty() {
        found.push(CheckoutBlocker::NoLines);
    }
    for (line, now) in cart.lines.iter().zip(prices) {
        found.extend(CheckoutBlocker::of_line(line.line_id, &line.sku, line.unit_price, *now));
    }
    for ((sku, requested), stock) in wanted(cart).into_iter().zip(stocks) {
        let available = stock.as_ref().map_or(0, sellable);
        if available < i64::from(requested) {
            found.push(CheckoutBlocker::OutOfStock { sku: sku.clone(), requested, available });
        }
    }
    found
}

/// What can be sold over all locations, backorders included.
fn sellable(stock: &StockView) -> i64 {
    let at = |location: &LocationStock| {
        location.available.saturating_add(i64::from(location.backorder_limit)).max(0)
    };
    stock.locations.iter().map(at).fold(0, i64::saturating_add)
}
