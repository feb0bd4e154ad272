//! Asking for carts.

use super::apply::cart_key;
use crate::{Live, Row, StoreError, row};
use daybook_domain::{CartId, Timestamp};
use uuid::Uuid;

/// Carts as shown.
#[derive(Debug, Clone)]
pub struct Carts {
    pub(crate) live: Live,
}

impl Carts {
    /// The cart with this id, a [`super::CartView`].
    pub async fn by_id(&self, id: CartId) -> Result<Option<Row>, StoreError> {
        let Some(live) = self.live.asked()? else { return Ok(None) };
        live.get(&cart_key(id)).await
    }

    /// Up to `limit` active carts that nothing happened to since `since`, the longest idle first.
    pub async fn idle_since(&self, since: Timestamp, limit: usize) -> Result<Vec<CartId>, StoreError> {
        let Some(live) = self.live.asked()? else { return Ok(Vec::new()) };
        let end = row::key(b'a', &[&since.as_nanos().max(0).to_be_bytes()]);
        let keys = live.keys(&row::key(b'a', &[]), &end, limit).await?;
        let ids = keys.into_iter().map(|key| {
            let id = key.get(9..).and_then(|id| Uuid::from_slice(id).ok());
            id.map(CartId::new).ok_or_else(|| StoreError::damaged(&key, "not an entry of an active cart"))
        });
        ids.collect()
    }
}
