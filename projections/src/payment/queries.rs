//! Asking for payments.

use super::apply::payment_key;
use crate::{Live, Row, StoreError, row};
use daybook_domain::PaymentId;

/// Payments as shown.
#[derive(Debug, Clone)]
pub struct Payments {
    pub(crate) live: Live,
}

impl Payments {
    /// The payment with this id, a [`super::PaymentView`].
    pub fn by_id(&self, id: PaymentId) -> Result<Option<Row>, StoreError> {
        let Some(live) = self.live.current() else { return Ok(None) };
        row::get(&live.keyspace, &payment_key(id))
    }
}
