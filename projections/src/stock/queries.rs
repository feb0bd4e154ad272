//! Asking for stock and what moved it.

use super::{
    StockView,
    apply::{holds_prefix, movements_prefix, stock_key},
    view::Hold,
};
use crate::{
    Cursor, Live, Page, Row, StoreError,
    row::{Range, Walk},
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
    pub async fn by_sku(&self, sku: &Sku, now: Timestamp) -> Result<Option<Row>, StoreError> {
        let Some(live) = self.live.asked()? else { return Ok(None) };
        let Some(stored) = live.get(&stock_key(sku)).await? else { return Ok(None) };
        let mut stock: StockView = stored.parse()?;
        if stock.holds_last_until.is_none_or(|until| now < until) {
            return Ok(Some(stored));
        }
        // Both again, as of one moment.
        let found = live.with_entries(&stock_key(sku), &holds_prefix(sku)).await?;
        let Some((stored, holds)) = found else { return Ok(None) };
        stock = stored.parse()?;
        for (_, hold) in holds {
            let hold: Hold = hold.parse()?;
            if hold.until <= now {
                stock.lapse(&hold);
            }
        }
        stock.derive();
        Ok(Some(written(&stock)?))
    }

    /// What moved the stock of a SKU, each a [`super::Movement`], the last first.
    pub async fn movements(
        &self,
        sku: &Sku,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let Some(live) = self.live.asked()? else { return Ok(Page::empty()) };
        live.page(Range { prefix: &movements_prefix(sku), cursor, walk: Walk::Down }, limit).await
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
