//! Asking for orders.

use super::apply::{customer_prefix, number_key, order_key, reference_prefix};
use crate::{
    Cursor, Live, Page, Row, StoreError,
    row::{self, Walk},
};
use daybook_domain::{CustomerId, OrderId, OrderNumber};

/// Orders as shown.
#[derive(Debug, Clone)]
pub struct Orders {
    pub(crate) live: Live,
}

impl Orders {
    /// The order with this id, an [`super::OrderView`].
    pub fn by_id(&self, id: OrderId) -> Result<Option<Row>, StoreError> {
        let Some(live) = self.live.current() else { return Ok(None) };
        row::get(&live.keyspace, &order_key(id))
    }

    /// The order people call so, an [`super::OrderView`].
    pub fn by_number(&self, number: &OrderNumber) -> Result<Option<Row>, StoreError> {
        let Some(live) = self.live.current() else { return Ok(None) };
        let snapshot = live.snapshot();
        let Some(id) = row::at(&snapshot, &live.keyspace, &number_key(number))? else { return Ok(None) };
        row::at(&snapshot, &live.keyspace, &row::key(b'o', &[id.as_ref()]))
    }

    /// The orders that carry this reference, each an [`super::OrderView`], in the order of their ids.
    pub fn by_reference(
        &self,
        reference: &str,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.page(&reference_prefix(reference), cursor, limit)
    }

    /// A customer's orders, each an [`super::OrderView`], the newest first.
    pub fn of_customer(
        &self,
        customer: &CustomerId,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.page(&customer_prefix(customer.as_str()), cursor, limit)
    }

    /// The orders whose ids end the keys under `prefix`.
    fn page(&self, prefix: &[u8], cursor: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let Some(live) = self.live.current() else { return Ok(Page::empty()) };
        let snapshot = live.snapshot();
        let walk = (prefix, cursor, Walk::Up);
        row::page(&snapshot, &live.keyspace, walk, limit, |key, _| {
            let id = &key[key.len().saturating_sub(16)..];
            row::at(&snapshot, &live.keyspace, &row::key(b'o', &[id]))
        })
    }
}
