//! Asking for payments.

use super::apply::payment_key;
use crate::{Live, Row, StoreError};
use daybook_domain::PaymentId;

/// Payments as shown.
#[derive(Debug, Clone)]
pub struct Payments {
    pub(crate) live: Live,
}

impl Payments {
    /// The payment with this id, a [`super::PaymentView`].
    pub async fn by_id(&self, id: PaymentId) -> Result<Option<Row>, StoreError> {
        let Some(live) = self.live.asked()? else { return Ok(None) };
        live.get(&payment_key(id)).await
    }
}
