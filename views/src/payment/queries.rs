//! Asking for payments.

use super::{PaymentProjection, apply::payment_key};
use crate::View;
use daybook_domain::PaymentId;
use daybook_event_log::{InvalidStreamId, StreamId};
use daybook_projections::Definition;
use daybook_read_store::{Live, Row, StoreError, UserKey};

/// Payments as shown.
#[derive(Debug, Clone)]
pub struct Payments {
    live: Live,
}

impl View for Payments {
    const ENTRY: &'static str = "payment";
    type Id = PaymentId;
    type Projection = PaymentProjection;

    fn define() -> (Self, Definition) {
        let live = Live::default();
        let definition = Definition::new(|_| Ok(PaymentProjection::default())).shown_by(live.clone());
        (Self { live }, definition)
    }

    fn in_memory() -> PaymentProjection {
        PaymentProjection::default()
    }

    fn key(id: &PaymentId) -> UserKey {
        payment_key(*id)
    }

    fn streams(id: &PaymentId) -> Result<Vec<StreamId>, InvalidStreamId> {
        Ok(vec![StreamId::new("payment", id)?])
    }
}

impl Payments {
    /// The payment with this id, a [`super::PaymentView`].
    pub async fn by_id(&self, id: PaymentId) -> Result<Option<Row>, StoreError> {
        let Some(live) = self.live.asked()? else { return Ok(None) };
        live.get(&payment_key(id)).await
    }
}
