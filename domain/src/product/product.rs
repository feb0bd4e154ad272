//! The aggregate: an offer that is drafted, published or archived. What a product may look like is in `limits.rs`.

use super::{
    ChangePrices, PricesChanged, ProductArchived, ProductCommand, ProductCreated, ProductEvent,
    ProductPublished, ProductRejection, ProductRevised, ProductSpec, ProductStatus, ProductUnpublished,
    PutProduct, SkuPrices, limits,
};
use crate::{CacheClass, Context, Decider, ProductId, Sku};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

type Decision = Result<Vec<ProductEvent>, ProductRejection>;

/// Nothing yet, or an offer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Product {
    offer: Option<Box<Offer>>,
    /// How many events it has.
    version: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Offer {
    product_id: ProductId,
    status: ProductStatus,
    spec: ProductSpec,
}

impl Decider for Product {
    const NAME: &'static str = "product";
    const STATE_VERSION: u32 = 2;
    const CACHE: CacheClass = CacheClass::Hot;
    type Id = ProductId;
    type Command = ProductCommand;
    type Event = ProductEvent;
    type Rejection = ProductRejection;

    fn decide(&self, command: ProductCommand, _context: &Context) -> Decision {
        use ProductCommand as C;
        use ProductStatus::{Archived, Draft, Published};
        if let C::PutProduct(put) = &command {
            limits::check(&put.spec)?;
            self.check_claims(put)?;
        }
        let Some(offer) = &self.offer else {
            return match command {
                C::PutProduct(put) => Ok(create(put)),
                C::ChangePrices(_) | C::PublishProduct(_) | C::ArchiveProduct(_) => {
                    Err(ProductRejection::ProductNotFound {})
                }
            };
        };
        match (offer.status, command) {
            // An archived product that is put again is back.
            (Draft | Published | Archived, C::PutProduct(put)) => Ok(offer.put(put)),
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
        self.version += 1;
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

impl Product {
    /// Whether it has the SKU among its variants and is not archived.
    #[must_use]
    pub fn offers(&self, sku: &Sku) -> bool {
        self.offer.as_ref().is_some_and(|offer| {
            offer.status != ProductStatus::Archived && offer.spec.variants.iter().any(|own| own.sku == *sku)
        })
    }

    /// What it does not offer yet has to be claimed at this very version: a claim that the product went on without is
    /// over, and may have been taken by another.
    fn check_claims(&self, put: &PutProduct) -> Result<(), ProductRejection> {
        if put.status == ProductStatus::Archived {
            return Ok(());
        }
        let claimed = |sku: &Sku| {
            put.claimed
                .as_ref()
                .is_some_and(|claims| claims.product_version == self.version && claims.skus.contains(sku))
        };
        let new: Vec<&Sku> = put.spec.variants.iter().map(|variant| &variant.sku).collect();
        let new: Vec<&Sku> = new.into_iter().filter(|sku| !self.offers(sku)).collect();
        if new.iter().all(|sku| claimed(sku)) {
            return Ok(());
        }
        let skus = new.into_iter().cloned().collect();
        Err(ProductRejection::SkusNotClaimed { skus, product_version: self.version })
    }
}

fn create(put: PutProduct) -> Vec<ProductEvent> {
    let PutProduct { product_id, spec, status, claimed: _ } = put;
    vec![ProductEvent::ProductCreated(ProductCreated { product_id, status, spec })]
}

impl Offer {
    fn put(&self, put: PutProduct) -> Vec<ProductEvent> {
        let mut events = Vec::new();
        if put.spec != self.spec {
            events.push(self.revise(put.spec));
        }
        if put.status != self.status {
            events.extend(self.turn(put.status));
        }
        events
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
        && variants.iter().zip(&new.variants).all(|(old, new)| {
            old.sku == new.sku && old.options == new.options && old.barcodes == new.barcodes
        })
}
