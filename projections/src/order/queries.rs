//! Asking for orders.

use super::apply::{customer_prefix, number_key, order_key, reference_prefix};
use crate::{
    Cursor, Live, Page, Row, StoreError,
    row::{Range, Walk},
};
use daybook_domain::{CustomerId, OrderId, OrderNumber};

/// Orders as shown.
#[derive(Debug, Clone)]
pub struct Orders {
    pub(crate) live: Live,
}

impl Orders {
    /// The order with this id, an [`super::OrderView`].
    pub async fn by_id(&self, id: OrderId) -> Result<Option<Row>, StoreError> {
        let Some(live) = self.live.asked()? else { return Ok(None) };
        live.get(&order_key(id)).await
    }

    /// The order people call so, an [`super::OrderView`].
    pub async fn by_number(&self, number: &OrderNumber) -> Result<Option<Row>, StoreError> {
        let Some(live) = self.live.asked()? else { return Ok(None) };
        live.led_by(&number_key(number)).await
    }

    /// The orders that carry this reference, each an [`super::OrderView`], in the order of their ids.
    pub async fn by_reference(
        &self,
        reference: &str,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.page(&reference_prefix(reference), cursor, limit).await
    }

    /// A customer's orders, each an [`super::OrderView`], the newest first.
    pub async fn of_customer(
        &self,
        customer: &CustomerId,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.page(&customer_prefix(customer.as_str()), cursor, limit).await
    }

    /// The orders whose ids end the keys under `prefix`.
    async fn page(&self, prefix: &[u8], cursor: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let Some(live) = self.live.asked()? else { return Ok(Page::empty()) };
        live.page(Range { prefix, cursor, walk: Walk::Up }, limit).await
    }
}
