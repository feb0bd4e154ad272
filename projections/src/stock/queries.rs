//! Asking for stock and what moved it.

use super::{
    StockView,
    apply::{holds_prefix, movements_prefix, stock_key},
    view::Hold,
};
use crate::{
    Cursor, Live, Page, Row, StoreError,
    row::{self, Walk},
};
use daybook_domain::{Sku, Timestamp};
use fjall::{UserKey, UserValue};

/// Stock as shown.
#[derive(Debug, Clone)]
pub struct Stock {
    pub(crate) live: Live,
}

impl Stock {
    /// The stock of a SKU at the time `now`, a [`StockView`]: holds that last until before `now` are counted
    /// as free.
    pub fn by_sku(&self, sku: &Sku, now: Timestamp) -> Result<Option<Row>, StoreError> {
        let Some(live) = self.live.current() else { return Ok(None) };
        let Some(stored) = row::get(&live.keyspace, &stock_key(sku))? else { return Ok(None) };
        let mut stock: StockView = stored.parse()?;
        if stock.holds_last_until.is_none_or(|until| now < until) {
            return Ok(Some(stored));
        }
        let snapshot = live.snapshot();
        let Some(stored) = row::at(&snapshot, &live.keyspace, &stock_key(sku))? else { return Ok(None) };
        stock = stored.parse()?;
        row::walk(&snapshot, &live.keyspace, &holds_prefix(sku), None, Walk::Up, |key, value| {
            let hold: Hold = crate::table::parse(key, &value)?;
            if hold.until <= now {
                stock.lapse(&hold);
            }
            Ok(true)
        })?;
        stock.derive();
        Ok(Some(written(&stock)?))
    }

    /// What moved the stock of a SKU, each a [`super::Movement`], the last first.
    pub fn movements(&self, sku: &Sku, cursor: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let Some(live) = self.live.current() else { return Ok(Page::empty()) };
        let prefix = movements_prefix(sku);
        let walk = (&*prefix, cursor, Walk::Down);
        row::page(&live.snapshot(), &live.keyspace, walk, limit, row::itself)
    }
}

/// The row of stock, with those of `holds` counted as free that lasted until before `now`.
pub(crate) fn at_moment<'r>(
    stored: &Row,
    holds: impl Iterator<Item = (&'r UserKey, &'r UserValue)>,
    now: Timestamp,
) -> Result<Row, StoreError> {
    let mut stock: StockView = stored.parse()?;
    if stock.holds_last_until.is_none_or(|until| now < until) {
        return Ok(stored.clone());
    }
    for (key, value) in holds {
        let hold: Hold = crate::table::parse(key, value)?;
        if hold.until <= now {
            stock.lapse(&hold);
        }
    }
    stock.derive();
    written(&stock)
}

fn written(stock: &StockView) -> Result<Row, StoreError> {
    let json = serde_json::to_vec(stock).map_err(|error| StoreError::damaged(b"(stock)", error))?;
    Ok(json.into())
}
