//! Units that are set aside for an order and not there, as the stock said last.
//!
//! The stock's events reach the order one by one and may overtake each other; the version of the SKU's stream says which
//! is the newer.

use super::{OrderEvent, OrderShort, ShortageResolved};
use crate::{OrderId, Quantity, Sku};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// By SKU; a SKU that was never short is not in it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Shortages(BTreeMap<Sku, Shortage>);

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Shortage {
    stock_version: u64,
    uncovered: u32,
}

impl Shortages {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The event if this is news.
    pub(super) fn news(
        &self,
        order_id: OrderId,
        sku: Sku,
        uncovered: u32,
        stock_version: u64,
    ) -> Option<OrderEvent> {
        let known = self.0.get(&sku).copied().unwrap_or_default();
        if stock_version <= known.stock_version || uncovered == known.uncovered {
            return None;
        }
        Some(match Quantity::new(uncovered) {
            Ok(uncovered) => OrderEvent::OrderShort(OrderShort { order_id, sku, uncovered, stock_version }),
            Err(_) => OrderEvent::ShortageResolved(ShortageResolved { order_id, sku, stock_version }),
        })
    }

    pub(super) fn set(&mut self, sku: &Sku, uncovered: u32, stock_version: u64) {
        self.0.insert(sku.clone(), Shortage { stock_version, uncovered });
    }
}
