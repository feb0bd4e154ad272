//! What the catalog offers for a SKU: every line added and every checkout asks. The catalog answers from
//! memory; here it is made sure that a client who just changed a product sees the change.

use crate::{position_waiters::Waiting, problem::Problem};
use daybook_domain::{ProductId, Sku, product::ProductStatus};
use daybook_views::{Views, catalog::SkuOffer};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// How long a change that was just made is waited for; after that the catalog answers as it is.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) struct Offers {
    reads: Views,
    waiting: Waiting,
    /// The last change of the catalog made through this server.
    changed_at: AtomicU64,
}

impl Offers {
    pub(crate) fn new(reads: Views, waiting: Waiting) -> Self {
        Self { reads, waiting, changed_at: AtomicU64::new(0) }
    }

    /// A product changed with the event at `position`.
    pub(crate) fn changed_at(&self, position: u64) {
        self.changed_at.fetch_max(position, Ordering::Relaxed);
    }

    /// The product other than `product` that has `sku` among its variants, unless it is archived. As the catalog
    /// shows it now: two products that are made in the same moment may both have a SKU.
    pub(crate) async fn taken_by_another(
        &self,
        sku: &Sku,
        product: &ProductId,
    ) -> Result<Option<ProductId>, Problem> {
        let offer = self.reads.catalog().sku_offer(sku).await?;
        let other = offer.filter(|o| o.product_id != *product && o.status != ProductStatus::Archived);
        Ok(other.map(|offer| offer.product_id.clone()))
    }

    /// What is offered for `sku`; none if it is not for sale.
    pub(crate) async fn find(&self, sku: &Sku) -> Result<Option<Arc<SkuOffer>>, Problem> {
        let changed_at = self.changed_at.load(Ordering::Relaxed);
        if self.waiting.position() < changed_at {
            self.waiting.reached(changed_at, PATIENCE).await;
        }
        let offer = self.reads.catalog().sku_offer(sku).await?;
        Ok(offer.filter(|offer| offer.status == ProductStatus::Published))
    }
}
