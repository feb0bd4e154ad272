//! Asking for orders.

use super::{
    OrderNeed, OrderProjection,
    apply::{customer_prefix, need_prefix, number_key, order_key, reference_prefix},
};
use crate::View;
use daybook_domain::{CustomerId, OrderId, OrderNumber};
use daybook_event_log::{InvalidStreamId, StreamId};
use daybook_projections::Definition;
use daybook_read_store::{Cursor, Live, Page, Range, Row, StoreError, UserKey, Walk};

/// Orders as shown.
#[derive(Debug, Clone)]
pub struct Orders {
    live: Live,
}

impl View for Orders {
    const ENTRY: &'static str = "order";
    type Id = OrderId;
    type Projection = OrderProjection;

    fn define() -> (Self, Definition) {
        let live = Live::default();
        let definition = Definition::new(|_| Ok(OrderProjection::default())).shown_by(live.clone());
        (Self { live }, definition)
    }

    fn in_memory() -> OrderProjection {
        OrderProjection::default()
    }

    fn key(id: &OrderId) -> UserKey {
        order_key(*id)
    }

    fn streams(id: &OrderId) -> Result<Vec<StreamId>, InvalidStreamId> {
        Ok(vec![StreamId::new("order", id)?, StreamId::new("payment", id.payment_id())?])
    }
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

    /// The orders about which this has to be done, each an [`super::OrderView`], the oldest first.
    pub async fn by_need(
        &self,
        need: OrderNeed,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.page(&need_prefix(need), cursor, limit).await
    }

    /// The orders whose ids end the keys under `prefix`.
    async fn page(&self, prefix: &[u8], cursor: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let Some(live) = self.live.asked()? else { return Ok(Page::empty()) };
        live.page(Range { prefix, cursor, walk: Walk::Up }, limit).await
    }
}
