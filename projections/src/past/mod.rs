//! Read models of the past: an order, a cart, stock, a product or a payment as it was, in the JSON it is shown in.
//!
//! Each of these is made of the events of one or two streams, so only these are read, up to the point asked for,
//! and folded in memory by the same projections that keep the live rows. Nothing is written, and the live read
//! models are not asked. Only a search is made of the whole shop.
//!
//! ```text
//! Point (where in the past) ─> Past ─> cut (a stream up to there) ─> fold (a projection, in memory) ─> Row
//! ```

mod cut;
mod fold;
mod point;
mod shop;
mod thing;

pub use point::{Point, PointError, position_recorded_by};
pub use thing::{Shown, Thing};

use crate::{
    Row, StoreError,
    cart::{self, CartPage, CartProjection, CartState, CartView},
    catalog::{self, CatalogProjection, ProductView},
    order::{self, OrderProjection},
    payment::{self, PaymentProjection},
    stock::{self, StockProjection, StockView},
};
use cut::{Cut, Merged};
use daybook_domain::{CartId, EventError, Money, OrderId, PaymentId, ProductId, Sku, product::ProductStatus};
use daybook_event_log::{EventLog, InvalidStreamId, LogError, Position, StreamId};
use fold::Fold;
use std::fmt::Display;

/// The shop as it was at a point.
pub struct Past<'l> {
    log: &'l dyn EventLog,
    point: Point,
}

/// Why the past cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Id(#[from] InvalidStreamId),
    #[error("the event at position {position} cannot be read by this program: {source}")]
    Undecodable { position: Position, source: EventError },
    #[error("the event at position {position} cannot be shown by this program: {detail}")]
    Inapplicable { position: Position, detail: String },
    #[error(transparent)]
    Row(#[from] StoreError),
}

impl<'l> Past<'l> {
    /// What `log` said at `point`.
    #[must_use]
    pub fn new(log: &'l dyn EventLog, point: Point) -> Self {
        Self { log, point }
    }

    /// The order, an [`order::OrderView`]; none if there was none yet.
    pub async fn order(&self, id: OrderId) -> Result<Option<Row>, PastError> {
        let orders = self.cut("order", id)?;
        let mut streams = Merged::new(vec![orders, self.cut("payment", id.payment_id())?]);
        // As of a business time a payment may be told of before its order.
        if streams.is_without_first(self.log).await? {
            return Ok(None);
        }
        let fold = self.fold(OrderProjection::default(), streams, |_| true).await?;
        Ok(fold.row(&order::order_key(id)))
    }

    /// The stock, a [`StockView`], with holds that had lapsed by then counted as free.
    pub async fn stock(&self, sku: &Sku) -> Result<Option<Row>, PastError> {
        let streams = Merged::new(vec![self.cut("inventory", sku)?]);
        // Movements are not asked for, and a hot SKU has millions.
        let wanted = |key: &[u8]| !key.starts_with(stock::MOVEMENTS);
        let fold = self.fold(StockProjection::default(), streams, wanted).await?;
        let Some(stored) = fold.row(&stock::stock_key(sku)) else { return Ok(None) };
        let holds = stock::holds_prefix(sku);
        Ok(Some(stock::at_moment(&stored, fold.under(&holds), self.point.moment())?))
    }

    /// The cart as stored, a [`CartView`].
    pub async fn cart(&self, id: CartId) -> Result<Option<Row>, PastError> {
        let streams = Merged::new(vec![self.cut("cart", id)?]);
        let fold = self.fold(CartProjection::default(), streams, |_| true).await?;
        Ok(fold.row(&cart::cart_key(id)))
    }

    /// The cart with what would have blocked its checkout then. A line's price is looked up at the product it was
    /// added from.
    pub async fn cart_page(&self, id: CartId) -> Result<Option<CartPage>, PastError> {
        let Some(row) = self.cart(id).await? else { return Ok(None) };
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
                None => (line.product_id.clone(), self.product_view(&line.product_id).await?),
            };
            prices.push(view.as_ref().and_then(|view| price(view, &line.sku, &cart)));
            product = Some((id, view));
        }
        let mut stocks = Vec::new();
        for sku in cart::wanted(&cart).into_iter().map(|(sku, _)| sku) {
            let stock = self.stock(sku).await?;
            stocks.push(stock.map(|row| row.parse::<StockView>()).transpose()?);
        }
        let blockers = cart::blockers(&cart, &prices, &stocks);
        Ok(Some(CartPage { cart, blockers }))
    }

    /// The product, whatever its status, a [`ProductView`].
    pub async fn product(&self, id: &ProductId) -> Result<Option<Row>, PastError> {
        let streams = Merged::new(vec![self.cut("product", id)?]);
        let fold = self.fold(CatalogProjection::alone(), streams, |_| true).await?;
        Ok(fold.row(&catalog::product_key(id)))
    }

    /// The payment, a [`payment::PaymentView`].
    pub async fn payment(&self, id: PaymentId) -> Result<Option<Row>, PastError> {
        let streams = Merged::new(vec![self.cut("payment", id)?]);
        let fold = self.fold(PaymentProjection::default(), streams, |_| true).await?;
        Ok(fold.row(&payment::payment_key(id)))
    }

    async fn product_view(&self, id: &ProductId) -> Result<Option<ProductView>, PastError> {
        Ok(self.product(id).await?.map(|row| row.parse()).transpose()?)
    }

    fn cut(&self, aggregate: &str, id: impl Display) -> Result<Cut, InvalidStreamId> {
        Ok(Cut::new(StreamId::new(aggregate, id)?, self.point))
    }

    async fn fold<P: crate::Projection>(
        &self,
        projection: P,
        mut streams: Merged,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Fold<P>, PastError> {
        let mut fold = Fold::new(projection);
        loop {
            let events = streams.next(self.log).await?;
            if events.is_empty() {
                return Ok(fold);
            }
            for event in &events {
                fold.take(event)?;
            }
            fold.settle(&wanted)?;
            // A long story must not keep others from being told.
            tokio::task::yield_now().await;
        }
    }
}

fn price(product: &ProductView, sku: &Sku, cart: &CartView) -> Option<Money> {
    if product.status != ProductStatus::Published {
        return None;
    }
    let variant = product.variants.iter().find(|variant| variant.sku == *sku)?;
    variant.prices.iter().copied().find(|price| price.currency == cart.currency)
}
