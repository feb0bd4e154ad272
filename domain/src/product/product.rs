//! The aggregate: an offer that is drafted, published or archived. What a product may look like is in `limits.rs`.

use super::{
    ChangePrices, PricesChanged, ProductArchived, ProductCommand, ProductCreated, ProductEvent,
    ProductPublished, ProductRejection, ProductRevised, ProductSpec, ProductStatus, ProductUnpublished,
    PutProduct, SkuPrices, limits,
};
use crate::{CacheClass, Context, Decider, ProductId};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

type Decision = Result<Vec<ProductEvent>, ProductRejection>;

/// Nothing yet, or an offer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Product {
    offer: Option<Box<Offer>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Offer {
    product_id: ProductId,
    status: ProductStatus,
    spec: ProductSpec,
}

impl Decider for Product {
    const NAME: &'static str = "product";
    const STATE_VERSION: u32 = 1;
    const CACHE: CacheClass = CacheClass::Hot;
    type Id = ProductId;
    type Command = ProductCommand;
    type Event = ProductEvent;
    type Rejection = ProductRejection;

    fn decide(&self, command: ProductCommand, _context: &Context) -> Decision {
        use ProductCommand as C;
        use ProductStatus::{Archived, Draft, Published};
        let Some(offer) = &self.offer else {
            return match command {
                C::PutProduct(put) => create(put),
                C::ChangePrices(_) | C::PublishProduct(_) | C::ArchiveProduct(_) => {
                    Err(ProductRejection::ProductNotFound {})
                }
            };
        };
        match (offer.status, command) {
            // An archived product that is put again is back.
            (Draft | Published | Archived, C::PutProduct(put)) => offer.put(put),
            (Draft | Published, C::ChangePrices(change)) => offer.change_prices(change),
            (Archived, C::ChangePrices(_) | C::PublishProduct(_)) => {
                Err(ProductRejection::ProductIsArchived {})
            }
            (Draft, C::PublishProduct(_)) => Ok(offer.turn(Published)),
            (Published, C::PublishProduct(_)) | (Archived, C::ArchiveProduct(_)) => Ok(Vec::new()),
            (Draft | Published, C::ArchiveProduct(_)) => Ok(offer.turn(Archived)),
        }
    }

    fn evolve(&mut self, event: &ProductEvent) {
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

fn create(put: PutProduct) -> Decision {
    limits::check(&put.spec)?;
    let PutProduct { product_id, spec, status } = put;
    Ok(vec![ProductEvent::ProductCreated(ProductCreated { product_id, status, spec })])
}

impl Offer {
    fn put(&self, put: PutProduct) -> Decision {
        limits::check(&put.spec)?;
        let mut events = Vec::new();
        if put.spec != self.spec {
            events.push(self.revise(put.spec));
        }
        if put.status != self.status {
            events.extend(self.turn(put.status));
        }
        Ok(events)
    }

    /// Only prices differ: the shorter event, which says from what to what.
    fn revise(&self, new: ProductSpec) -> ProductEvent {
        let product_id = self.product_id.clone();
        if !same_but_prices(&self.spec, &new) {
            return ProductEvent::ProductRevised(ProductRevised { product_id, spec: new });
        }
        let pairs = self.spec.variants.iter().zip(new.variants).filter(|(old, new)| old.prices != new.prices);
        let (previous, changed) = pairs
            .map(|(old, new)| {
                let previous = SkuPrices { sku: old.sku.clone(), prices: old.prices.clone() };
                (previous, SkuPrices { sku: new.sku, prices: new.prices })
            })
            .unzip();
        ProductEvent::PricesChanged(PricesChanged { product_id, changed, previous })
    }

    fn change_prices(&self, change: ChangePrices) -> Decision {
        let mut seen = HashSet::with_capacity(change.changes.len());
        let mut changed = Vec::new();
        let mut previous = Vec::new();
        for SkuPrices { sku, prices } in change.changes {
            let Some(variant) = self.spec.variants.iter().find(|variant| variant.sku == sku) else {
                return Err(ProductRejection::UnknownVariant { sku });
            };
            limits::check_prices(&sku, &prices)?;
            if !seen.insert(&variant.sku) {
                let detail = format!("{sku} stands there twice");
                return Err(ProductRejection::InvalidProduct { field: "/variants".to_owned(), detail });
            }
            if variant.prices != prices {
                previous.push(SkuPrices { sku: sku.clone(), prices: variant.prices.clone() });
                changed.push(SkuPrices { sku, prices });
            }
        }
        if changed.is_empty() {
            return Ok(Vec::new());
        }
        let product_id = self.product_id.clone();
        Ok(vec![ProductEvent::PricesChanged(PricesChanged { product_id, changed, previous })])
    }

    fn turn(&self, status: ProductStatus) -> Vec<ProductEvent> {
        vec![status_event(self.product_id.clone(), status)]
    }
}

fn status_event(product_id: ProductId, status: ProductStatus) -> ProductEvent {
    match status {
        ProductStatus::Draft => ProductEvent::ProductUnpublished(ProductUnpublished { product_id }),
        ProductStatus::Published => ProductEvent::ProductPublished(ProductPublished { product_id }),
        ProductStatus::Archived => ProductEvent::ProductArchived(ProductArchived { product_id }),
    }
}

/// Destructured, so that a field added later has to be thought of here.
fn same_but_prices(old: &ProductSpec, new: &ProductSpec) -> bool {
    let ProductSpec { title, description, brand, category, attributes, media, variants, tax_class } = old;
    *title == new.title
        && *description == new.description
        && *brand == new.brand
        && *category == new.category
        && *attributes == new.attributes
        && *media == new.media
        && *tax_class == new.tax_class
        && variants.len() == new.variants.len()
        && variants
            .iter()
            .zip(&new.variants)
            .all(|(old, new)| old.sku == new.sku && old.options == new.options && old.barcode == new.barcode)
}
