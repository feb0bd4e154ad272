//! Asking for products, offers and prices.

use super::{
    CatalogProjection, SkuOffer,
    apply::{category_path, history_prefix, offer_key, product_key, text},
    offers::{Known, Offers},
};
use crate::View;
use daybook_domain::{Currency, Money, ProductId, Sku, product::ProductStatus};
use daybook_event_log::{InvalidStreamId, StreamId};
use daybook_projections::Definition;
use daybook_read_store::{Cursor, Live, Page, Range, Row, StoreError, UserKey, Walk, key};
use std::sync::Arc;

/// Products as shown.
#[derive(Debug, Clone)]
pub struct Catalog {
    live: Live,
    offers: Arc<Offers>,
}

/// What a cart needs to know of a SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub product_id: ProductId,
    pub title: String,
    pub status: ProductStatus,
    /// None: not for sale in this currency.
    pub unit_price: Option<Money>,
}

impl View for Catalog {
    const ENTRY: &'static str = "product";
    type Id = ProductId;
    type Projection = CatalogProjection;

    fn define() -> (Self, Definition) {
        let (live, offers) = (Live::default(), Arc::new(Offers::default()));
        let (projected, changed) = (offers.clone(), offers.clone());
        let definition = Definition::new(move |_| Ok(CatalogProjection::new(projected.clone())))
            .shown_by(live.clone())
            .when_changed_elsewhere(move || changed.forget_all());
        (Self { live, offers }, definition)
    }

    fn in_memory() -> CatalogProjection {
        CatalogProjection::alone()
    }

    fn key(id: &ProductId) -> UserKey {
        product_key(id)
    }

    fn streams(id: &ProductId) -> Result<Vec<StreamId>, InvalidStreamId> {
        Ok(vec![StreamId::new("product", id)?])
    }
}

impl Catalog {
    /// The product with this id, whatever its status, a [`super::ProductView`].
    pub async fn by_id(&self, id: &ProductId) -> Result<Option<Row>, StoreError> {
        let Some(live) = self.live.asked()? else { return Ok(None) };
        live.get(&product_key(id)).await
    }

    /// The product that has this SKU as a variant, a [`super::ProductView`].
    pub async fn by_sku(&self, sku: &Sku) -> Result<Option<Row>, StoreError> {
        match self.sku_offer(sku).await? {
            Some(offer) => self.by_id(&offer.product_id).await,
            None => Ok(None),
        }
    }

    /// What a cart needs to know of a SKU: its product, title, price and status. From memory, about a
    /// microsecond; as fresh as [`Catalog`] itself.
    pub async fn offer(&self, sku: &Sku, currency: Currency) -> Result<Option<Offer>, StoreError> {
        Ok(self.sku_offer(sku).await?.map(|offer| Offer {
            product_id: offer.product_id.clone(),
            title: offer.title.clone(),
            status: offer.status,
            unit_price: offer.price(currency),
        }))
    }

    /// A SKU's prices in all currencies. From memory, like [`Catalog::offer`].
    pub async fn sku_offer(&self, sku: &Sku) -> Result<Option<Arc<SkuOffer>>, StoreError> {
        let seen = match self.offers.get(sku) {
            Known::Offer(offer) => return Ok(offer),
            Known::NotYet { changes } => changes,
        };
        let Some(live) = self.live.asked()? else { return Ok(None) };
        let offer = live.get(&offer_key(sku)).await?.map(|row| row.parse()).transpose()?.map(Arc::new);
        self.offers.keep(sku, &offer, seen);
        Ok(offer)
    }

    /// Published products in a category and all below it, each a [`super::ProductView`]; all with an empty path.
    /// In the order of category, then id.
    pub async fn by_category(
        &self,
        path: &[String],
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.page(&key(b'c', &[&category_path(path)]), cursor, Walk::Up, limit).await
    }

    /// Published products of a brand, written exactly so, each a [`super::ProductView`], in the order of their ids.
    pub async fn by_brand(
        &self,
        brand: &str,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.page(&key(b'b', &[&text(brand), &[0]]), cursor, Walk::Up, limit).await
    }

    /// What a SKU has cost, each a [`super::PriceChange`], the last first.
    pub async fn price_history(
        &self,
        sku: &Sku,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.page(&history_prefix(sku), cursor, Walk::Down, limit).await
    }

    async fn page(
        &self,
        prefix: &[u8],
        cursor: Option<&Cursor>,
        walk: Walk,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let Some(live) = self.live.asked()? else { return Ok(Page::empty()) };
        live.page(Range { prefix, cursor, walk }, limit).await
    }
}
