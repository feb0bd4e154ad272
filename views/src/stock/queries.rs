//! Asking for stock and what moved it.

use super::{
    StockProjection, StockView,
    apply::{MOVEMENTS, SHORT, holds_prefix, movements_prefix, stock_key},
    view::Hold,
};
use crate::{AsOf, View};
use daybook_domain::{Sku, Timestamp};
use daybook_event_log::{InvalidStreamId, StreamId};
use daybook_projections::{Definition, ReplayError};
use daybook_read_store::{Cursor, Entry, Live, Page, Range, Row, StoreError, UserKey, Walk, parse};

/// Stock as shown.
#[derive(Debug, Clone)]
pub struct Stock {
    live: Live,
}

impl View for Stock {
    const ENTRY: &'static str = "stock";
    type Id = Sku;
    type Projection = StockProjection;

    fn define() -> (Self, Definition) {
        let live = Live::default();
        let definition = Definition::new(|_| Ok(StockProjection::default())).shown_by(live.clone());
        (Self { live }, definition)
    }

    fn in_memory() -> StockProjection {
        StockProjection::default()
    }

    fn key(id: &Sku) -> UserKey {
        stock_key(id)
    }

    fn streams(id: &Sku) -> Result<Vec<StreamId>, InvalidStreamId> {
        Ok(vec![StreamId::new("inventory", id)?])
    }

    /// With holds that had expired by then counted as free.
    async fn replayed(as_of: &AsOf<'_>, id: &Sku) -> Result<Option<Row>, ReplayError> {
        // Movements are not asked for, and a hot SKU has millions.
        let wanted = |key: &[u8]| !key.starts_with(MOVEMENTS);
        let replay = as_of.replay(Self::streams(id)?, Self::in_memory(), wanted).await?;
        let Some((replay, stored)) =
            replay.and_then(|replay| replay.row(&stock_key(id)).map(|row| (replay, row)))
        else {
            return Ok(None);
        };
        let moment = Timestamp::from_nanos(as_of.point().moment_ns());
        let prefix = holds_prefix(id);
        let holds = replay.under(&prefix).map(|(key, value)| parse(key, value));
        Ok(Some(at_moment(&stored, holds, moment)?))
    }
}

impl Stock {
    /// The stock of a SKU at the time `now`, a [`StockView`]: holds that last until before `now` are counted
    /// as free.
    pub async fn by_sku(&self, sku: &Sku, now: Timestamp) -> Result<Option<Row>, StoreError> {
        let Some(live) = self.live.asked()? else { return Ok(None) };
        let Some(stored) = live.get(&stock_key(sku)).await? else { return Ok(None) };
        let stock: StockView = stored.parse()?;
        if stock.holds_last_until.is_none_or(|until| now < until) {
            return Ok(Some(stored));
        }
        // Both again, as of one moment.
        let at = move |stored: Row, holds: Vec<Entry>| {
            at_moment(&stored, holds.iter().map(|(_, hold)| hold.parse()), now)
        };
        live.with_entries(&stock_key(sku), &holds_prefix(sku), at).await
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

    /// The SKUs of which orders wait for units that are not there, each a [`StockView`], in the order of the SKUs.
    pub async fn short(&self, cursor: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let Some(live) = self.live.asked()? else { return Ok(Page::empty()) };
        live.page(Range { prefix: SHORT, cursor, walk: Walk::Up }, limit).await
    }
}

/// The row of stock, with those of `holds` counted as free that lasted until before `now`.
fn at_moment(
    stored: &Row,
    holds: impl Iterator<Item = Result<Hold, StoreError>>,
    now: Timestamp,
) -> Result<Row, StoreError> {
    let mut stock: StockView = stored.parse()?;
    if stock.holds_last_until.is_none_or(|until| now < until) {
        return Ok(stored.clone());
    }
    for hold in holds {
        let hold = hold?;
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
