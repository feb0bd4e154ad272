//! Asking for products, offers and prices.

use super::{
    CatalogProjection, SkuOffer,
    apply::{category_path, history_prefix, offer_key, product_key, text},
    offers::Offers,
};
use crate::{
    Cursor, Definition, Live, Page, Row, StoreError,
    row::{self, Walk},
};
use daybook_domain::{Currency, Money, ProductId, Sku, product::ProductStatus};
use std::sync::Arc;

/// Products as shown.
#[derive(Debug, Clone)]
pub struct Catalog {
    pub(crate) live: Live,
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

impl Catalog {
    /// The queries, and the projection that feeds them.
    pub(crate) fn define() -> (Definition, impl FnOnce(Live) -> Self) {
        let offers = Arc::new(Offers::default());
        let projected = offers.clone();
        let definition = Definition::new(move |_| Ok(CatalogProjection::new(projected.clone())));
        (definition, move |live| Self { live, offers })
    }

    /// The product with this id, whatever its status, a [`super::ProductView`].
    pub fn by_id(&self, id: &ProductId) -> Result<Option<Row>, StoreError> {
        let Some(live) = self.live.current() else { return Ok(None) };
        row::get(&live.keyspace, &product_key(id))
    }

    /// The product that has this SKU as a variant, a [`super::ProductView`].
    pub fn by_sku(&self, sku: &Sku) -> Result<Option<Row>, StoreError> {
        match self.sku_offer(sku)? {
            Some(offer) => self.by_id(&offer.product_id),
            None => Ok(None),
        }
    }

    /// What a cart needs to know of a SKU: its product, title, price and status. From memory, about a
    /// microsecond; as fresh as [`Catalog`] itself.
    pub fn offer(&self, sku: &Sku, currency: Currency) -> Result<Option<Offer>, StoreError> {
        Ok(self.sku_offer(sku)?.map(|offer| Offer {
            product_id: offer.product_id.clone(),
            title: offer.title.clone(),
            status: offer.status,
            unit_price: offer.price(currency),
        }))
    }

    /// A SKU's prices in all currencies. From memory, like [`Catalog::offer`].
    pub fn sku_offer(&self, sku: &Sku) -> Result<Option<Arc<SkuOffer>>, StoreError> {
        self.offers.get(sku, || {
            let Some(live) = self.live.current() else { return Ok(None) };
            row::get(&live.keyspace, &offer_key(sku))?.map(|row| row.parse()).transpose()
        })
    }

    /// Published products in a category and all below it, each a [`super::ProductView`]; all with an empty path.
    /// In the order of category, then id.
    pub fn by_category(
        &self,
        path: &[String],
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.browse(&row::key(b'c', &[&category_path(path)]), cursor, limit)
    }

    /// Published products of a brand, written exactly so, each a [`super::ProductView`], in the order of their ids.
    pub fn by_brand(&self, brand: &str, cursor: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        self.browse(&row::key(b'b', &[&text(brand), &[0]]), cursor, limit)
    }

    /// What a SKU has cost, each a [`super::PriceChange`], the last first.
    pub fn price_history(
        &self,
        sku: &Sku,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let Some(live) = self.live.current() else { return Ok(Page::empty()) };
        let prefix = history_prefix(sku);
        row::page(&live.snapshot(), &live.keyspace, (&prefix, cursor, Walk::Down), limit, row::itself)
    }

    fn browse(&self, prefix: &[u8], cursor: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let Some(live) = self.live.current() else { return Ok(Page::empty()) };
        let snapshot = live.snapshot();
        row::page(&snapshot, &live.keyspace, (prefix, cursor, Walk::Up), limit, |key, _| {
            let id = key.rsplit(|byte| *byte == 0).next().unwrap_or_default();
            row::at(&snapshot, &live.keyspace, &row::key(b'p', &[id]))
        })
    }
}
