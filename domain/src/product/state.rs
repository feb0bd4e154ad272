//! A product as its events have made it.

use super::{PricesChanged, ProductCommand, ProductEvent, ProductRejection, ProductSpec, ProductStatus};
use crate::{ProductId, aggregate::aggregate};
use serde::{Deserialize, Serialize};

aggregate!(Product, "product", ProductCommand, ProductEvent, ProductRejection);

/// Nothing yet, or an offer that is drafted, published or archived.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Product {
    pub(super) offer: Option<Box<Offer>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Offer {
    pub(super) product_id: ProductId,
    pub(super) status: ProductStatus,
    pub(super) spec: ProductSpec,
}

impl Product {
    /// Changes whenever snapshots written before cannot be used any more.
    pub const STATE_VERSION: u32 = 1;

    /// Takes over what happened.
    pub fn evolve(&mut self, event: &ProductEvent) {
        if let ProductEvent::ProductCreated(created) = event {
            self.offer = Some(Box::new(Offer {
                product_id: created.product_id.clone(),
                status: created.status,
                spec: created.spec.clone(),
            }));
        }
        let Some(offer) = &mut self.offer else { return };
        match event {
            ProductEvent::ProductCreated(_) => {}
            ProductEvent::ProductRevised(revised) => offer.spec = revised.spec.clone(),
            ProductEvent::PricesChanged(PricesChanged { changed, .. }) => {
                for change in changed {
                    if let Some(variant) = offer.spec.variants.iter_mut().find(|v| v.sku == change.sku) {
                        variant.prices.clone_from(&change.prices);
                    }
                }
            }
            ProductEvent::ProductPublished(_) => offer.status = ProductStatus::Published,
            ProductEvent::ProductUnpublished(_) => offer.status = ProductStatus::Draft,
            ProductEvent::ProductArchived(_) => offer.status = ProductStatus::Archived,
        }
    }
}
