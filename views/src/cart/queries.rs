//! Asking for carts.

use super::{CartPage, CartProjection, CartState, CartView, apply::cart_key, blockers, wanted};
use crate::{
    AsOf, Rendered, View,
    catalog::{Catalog, ProductView},
    stock::{Stock, StockView},
};
use daybook_domain::{CartId, Money, ProductId, Sku, Timestamp, product::ProductStatus};
use daybook_event_log::{InvalidStreamId, StreamId};
use daybook_projections::{Definition, ReplayError};
use daybook_read_store::{Live, Row, StoreError, UserKey, key};
use uuid::Uuid;

/// Carts as shown.
#[derive(Debug, Clone)]
pub struct Carts {
    live: Live,
}

impl View for Carts {
    const ENTRY: &'static str = "cart";
    type Id = CartId;
    type Projection = CartProjection;

    fn define() -> (Self, Definition) {
        let live = Live::default();
        let definition = Definition::new(|_| Ok(CartProjection::default())).shown_by(live.clone());
        (Self { live }, definition)
    }

    fn in_memory() -> CartProjection {
        CartProjection::default()
    }

    fn key(id: &CartId) -> UserKey {
        cart_key(*id)
    }

    fn streams(id: &CartId) -> Result<Vec<StreamId>, InvalidStreamId> {
        Ok(vec![StreamId::new("cart", id)?])
    }

    async fn rendered(as_of: &AsOf<'_>, id: &CartId) -> Result<Option<Rendered>, ReplayError> {
        let Some(page) = page_as_of(as_of, id).await? else { return Ok(None) };
        let (version, position) = (page.cart.version, page.cart.position);
        Ok(Some(Rendered { json: page.to_json(), version, position }))
    }
}

impl Carts {
    /// The cart with this id, a [`super::CartView`].
    pub async fn by_id(&self, id: CartId) -> Result<Option<Row>, StoreError> {
        let Some(live) = self.live.asked()? else { return Ok(None) };
        live.get(&cart_key(id)).await
    }

    /// Up to `limit` active carts that nothing happened to since `since`, the longest idle first.
    pub async fn idle_since(&self, since: Timestamp, limit: usize) -> Result<Vec<CartId>, StoreError> {
        let Some(live) = self.live.asked()? else { return Ok(Vec::new()) };
        let end = key(b'a', &[&since.as_nanos().max(0).to_be_bytes()]);
        let keys = live.keys(&key(b'a', &[]), &end, limit).await?;
        let ids = keys.into_iter().map(|entry| {
            let id = entry.get(9..).and_then(|id| Uuid::from_slice(id).ok());
            id.map(CartId::new).ok_or_else(|| StoreError::damaged(&entry, "not an entry of an active cart"))
        });
        ids.collect()
    }
}

/// The cart with what would have blocked its checkout then. A line's price is looked up at the product it was added
/// from.
async fn page_as_of(as_of: &AsOf<'_>, id: &CartId) -> Result<Option<CartPage>, ReplayError> {
    let Some(row) = Carts::replayed(as_of, id).await? else { return Ok(None) };
    let cart: CartView = row.parse()?;
    if cart.state != CartState::Active {
        return Ok(Some(CartPage { cart, blockers: Vec::new() }));
    }
    let mut prices: Vec<Option<Money>> = Vec::with_capacity(cart.lines.len());
    let mut product: Option<(ProductId, Option<ProductView>)> = None;
    for line in &cart.lines {
        let known = product.take().filter(|(id, _)| *id == line.product_id);
        let (id, view) = match known {
            Some(known) => known,
            None => (line.product_id.clone(), product_as_of(as_of, &line.product_id).await?),
        };
        prices.push(view.as_ref().and_then(|view| price(view, &line.sku, &cart)));
        product = Some((id, view));
    }
    let mut stocks = Vec::new();
    for sku in wanted(&cart).into_iter().map(|(sku, _)| sku) {
        let stock = Stock::replayed(as_of, sku).await?;
        stocks.push(stock.map(|row| row.parse::<StockView>()).transpose()?);
    }
    let blockers = blockers(&cart, &prices, &stocks);
    Ok(Some(CartPage { cart, blockers }))
}

async fn product_as_of(as_of: &AsOf<'_>, id: &ProductId) -> Result<Option<ProductView>, ReplayError> {
    Ok(Catalog::replayed(as_of, id).await?.map(|row| row.parse()).transpose()?)
}

fn price(product: &ProductView, sku: &Sku, cart: &CartView) -> Option<Money> {
    if product.status != ProductStatus::Published {
        return None;
    }
    let variant = product.variants.iter().find(|variant| variant.sku == *sku)?;
    variant.prices.iter().copied().find(|price| price.currency == cart.currency)
}
