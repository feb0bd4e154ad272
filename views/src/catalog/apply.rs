//! What each event changes of a product as shown, of its offers, and of where it is found.
//!
//! What a SKU costs is said by the product that owns it, as the SKU's own stream has it, not by the product that changed
//! last: an archived product may list what another one offers now.

use super::{PriceChange, ProductView, SkuOffer, offers::Offers};
use ahash::{AHashMap, AHashSet};
use daybook_domain::{
    Event, Interests, Money, ProductId, Sku,
    product::{Product, ProductCreated, ProductEvent, ProductSpec, ProductStatus, Variant},
    skuowner::{SkuClaim, SkuOwner, SkuOwnerEvent},
};
use daybook_event_log::Position;
use daybook_projections::{ApplyError, DecodedEvent, Flush, Projection};
use daybook_read_store::{Checkpoint, IdForm, IdPlace, RowKind, StoreError, Table, Tx, UserKey, key};
use std::sync::Arc;

/// Rows: `p` product → [`ProductView`]; `s` SKU → [`SkuOffer`]; `c` category, 0, product → nothing and `b`
/// brand, 0, product → nothing, for published products; `h` SKU, 0, position → [`PriceChange`]; `o` SKU → the last
/// [`SkuClaim`].
#[derive(Debug)]
pub struct CatalogProjection {
    products: Table<ProductView>,
    claims: Table<SkuClaim>,
    /// Products touched in this batch, with the entries under which the store finds them.
    touched: AHashMap<ProductId, Vec<UserKey>>,
    offers: Arc<Offers>,
    changed: AHashSet<Sku>,
}

/// The entries under which browsing finds a product.
fn found_by(product: &ProductView) -> Vec<UserKey> {
    let mut entries = Vec::with_capacity(2);
    let id = product.product_id.as_str().as_bytes();
    if product.status == ProductStatus::Published {
        entries.push(key(b'c', &[&category_path(&product.category), &[0], id]));
        if let Some(brand) = &product.brand {
            entries.push(key(b'b', &[&text(brand), &[0], id]));
        }
    }
    entries
}

pub(crate) fn product_key(id: &ProductId) -> UserKey {
    key(b'p', &[id.as_str().as_bytes()])
}

pub(super) fn offer_key(sku: &Sku) -> UserKey {
    key(b's', &[sku.as_str().as_bytes()])
}

fn claim_key(sku: &Sku) -> UserKey {
    key(b'o', &[sku.as_str().as_bytes()])
}

pub(super) fn history_prefix(sku: &Sku) -> UserKey {
    key(b'h', &[sku.as_str().as_bytes(), &[0]])
}

/// A category as a key: each step ends with byte 1, so that a path is a prefix of those below it only.
pub(super) fn category_path(path: &[String]) -> Vec<u8> {
    path.iter().flat_map(|step| text(step).into_iter().chain([1])).collect()
}

/// Text without the two bytes that keys use as separators.
pub(super) fn text(text: &str) -> Vec<u8> {
    text.bytes().map(|byte| if byte < 2 { b' ' } else { byte }).collect()
}

impl Projection for CatalogProjection {
    const NAME: &'static str = "catalog";
    const VERSION: u32 = 2;
    const KINDS: &'static [RowKind] = &[
        RowKind::views(b'p', "products", IdForm::Text),
        RowKind::views(b's', "offers", IdForm::Text),
        RowKind::leads(b'c', "products_by_category", b'p', IdPlace::EndOfKey),
        RowKind::leads(b'b', "products_by_brand", b'p', IdPlace::EndOfKey),
        RowKind::records(b'h', "price_changes"),
        RowKind::records(b'o', "sku_claims"),
    ];
    const INTERESTS: Interests = Interests::all_of::<Product>().and(Interests::all_of::<SkuOwner>());

    fn apply(&mut self, event: &DecodedEvent<'_>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        if let Event::SkuOwner(SkuOwnerEvent::SkuClaimed(claimed)) = event.event {
            self.claims.put(claim_key(&claimed.sku), claimed.claim.clone());
        }
        let Event::Product(product_event) = event.event else { return Ok(()) };
        let mut said = Said::default();
        let product = match product_event {
            ProductEvent::ProductCreated(created) => self.begin(created, event, &mut said, tx)?,
            _ => self.touch(event, tx)?,
        };
        match product_event {
            ProductEvent::ProductCreated(_) => {}
            ProductEvent::ProductRevised(revised) => revise(product, &revised.spec, &mut said),
            ProductEvent::PricesChanged(changed) => {
                for new in &changed.changed {
                    let variant = product.variants.iter_mut().find(|variant| variant.sku == new.sku);
                    let variant = variant.ok_or_else(|| ApplyError::missing("variant", &new.sku))?;
                    variant.prices.clone_from(&new.prices);
                    said.prices.push((new.sku.clone(), new.prices.clone()));
                }
            }
            ProductEvent::ProductPublished(_) => product.status = ProductStatus::Published,
            ProductEvent::ProductUnpublished(_) => product.status = ProductStatus::Draft,
            ProductEvent::ProductArchived(_) => product.status = ProductStatus::Archived,
        }
        product.updated_at = event.occurred_at();
        product.version = event.version();
        product.position = product.position.max(event.position());
        for variant in &product.variants {
            said.offers.push((variant.sku.clone(), offer(product, variant)?));
        }
        let product_id = product.product_id.clone();
        self.show(said, &product_id, event, tx)
    }

    fn flush(&mut self, up_to: Checkpoint, _when: Flush, tx: &mut Tx<'_>) -> Result<Position, StoreError> {
        for (id, before) in self.touched.drain() {
            let Some(product) = self.products.get(&product_key(&id), tx)? else { continue };
            let now = found_by(product);
            for gone in before.iter().filter(|entry| !now.contains(entry)) {
                tx.remove(gone.clone());
            }
            for new in now.iter().filter(|entry| !before.contains(entry)) {
                tx.put(new.clone(), []);
            }
        }
        self.products.flush(tx)?;
        self.claims.flush(tx)?;
        Ok(up_to.position)
    }

    fn committed(&mut self) {
        self.offers.forget(self.changed.drain());
        self.products.settle();
        self.claims.settle();
    }

    fn discard(&mut self) {
        self.products.discard();
        self.claims.discard();
        self.touched.clear();
        self.changed.clear();
    }

    fn went_live(&mut self) {
        self.offers.forget_all();
    }
}

impl CatalogProjection {
    /// One that nobody asks for offers.
    pub(crate) fn alone() -> Self {
        Self::new(Arc::default())
    }

    pub(super) fn new(offers: Arc<Offers>) -> Self {
        Self {
            products: Table::default(),
            claims: Table::default(),
            touched: AHashMap::new(),
            offers,
            changed: AHashSet::new(),
        }
    }

    fn begin(
        &mut self,
        created: &ProductCreated,
        event: &DecodedEvent<'_>,
        said: &mut Said,
        tx: &mut Tx<'_>,
    ) -> Result<&mut ProductView, StoreError> {
        let mut product = ProductView {
            product_id: created.product_id.clone(),
            status: created.status,
            title: String::new(),
            description: String::new(),
            brand: None,
            category: Vec::new(),
            attributes: std::collections::BTreeMap::new(),
            media: Vec::new(),
            variants: Vec::new(),
            tax_class: None,
            created_at: event.occurred_at(),
            updated_at: event.occurred_at(),
            version: event.version(),
            position: event.position(),
        };
        revise(&mut product, &created.spec, said);
        let row = product_key(&created.product_id);
        self.touched.insert(created.product_id.clone(), Vec::new());
        self.products.put_new(row.clone(), product);
        Ok(self.products.edit(&row, tx)?.expect("the row was just put there"))
    }

    fn show(
        &mut self,
        said: Said,
        product: &ProductId,
        event: &DecodedEvent<'_>,
        tx: &mut Tx<'_>,
    ) -> Result<(), ApplyError> {
        for (sku, prices) in said.prices {
            if !self.is_anothers(&sku, product, tx)? {
                remember(&sku, &prices, event, tx);
            }
        }
        for sku in said.gone {
            drop_offer(&sku, product, tx)?;
            self.changed.insert(sku);
        }
        for (sku, offer) in said.offers {
            if !self.is_anothers(&sku, product, tx)? {
                tx.put(offer_key(&sku), offer);
                self.changed.insert(sku);
            }
        }
        Ok(())
    }

    fn is_anothers(&mut self, sku: &Sku, product: &ProductId, tx: &Tx<'_>) -> Result<bool, StoreError> {
        let claim = self.claims.get(&claim_key(sku), tx)?;
        Ok(claim.is_some_and(|claim| claim.product_id != *product))
    }

    fn touch(&mut self, event: &DecodedEvent<'_>, tx: &mut Tx<'_>) -> Result<&mut ProductView, ApplyError> {
        let id = event.record.aggregate_id();
        let row = key(b'p', &[id.as_bytes()]);
        let product = self.products.edit(&row, tx)?.ok_or_else(|| ApplyError::missing("product", id))?;
        if !self.touched.contains_key(&product.product_id) {
            self.touched.insert(product.product_id.clone(), found_by(product));
        }
        Ok(product)
    }
}

/// What a product's event says of SKUs; it counts for those that no other product owns.
#[derive(Default)]
struct Said {
    /// New prices, for the history.
    prices: Vec<(Sku, Vec<Money>)>,
    gone: Vec<Sku>,
    offers: Vec<(Sku, Vec<u8>)>,
}

/// Sets all but the status.
fn revise(product: &mut ProductView, spec: &ProductSpec, said: &mut Said) {
    for variant in &spec.variants {
        let before = product.variants.iter().find(|before| before.sku == variant.sku);
        if before.map_or(!variant.prices.is_empty(), |before| before.prices != variant.prices) {
            said.prices.push((variant.sku.clone(), variant.prices.clone()));
        }
    }
    let before = std::mem::take(&mut product.variants).into_iter().map(|variant| variant.sku);
    for sku in before.filter(|sku| !spec.variants.iter().any(|new| new.sku == *sku)) {
        said.prices.push((sku.clone(), Vec::new()));
        said.gone.push(sku);
    }
    product.set(spec);
}

/// Writes a SKU's prices into their history.
fn remember(sku: &Sku, prices: &[Money], event: &DecodedEvent<'_>, tx: &mut Tx<'_>) {
    let change = PriceChange { at: event.occurred_at(), prices: prices.to_vec(), position: event.position() };
    let json = serde_json::to_vec(&change).expect("prices have text keys and no failing serializers");
    let position = event.position().to_be_bytes();
    tx.put(key(b'h', &[sku.as_str().as_bytes(), &[0], &position]), json);
}

fn offer(product: &ProductView, variant: &Variant) -> Result<Vec<u8>, StoreError> {
    let offer = SkuOffer {
        sku: variant.sku.clone(),
        product_id: product.product_id.clone(),
        title: product.title.clone(),
        status: product.status,
        prices: variant.prices.clone(),
        version: product.version,
        position: product.position,
    };
    serde_json::to_vec(&offer).map_err(|error| StoreError::damaged(variant.sku.as_str().as_bytes(), error))
}

/// Removes the offer of a SKU its product no longer has, unless another product has it now.
fn drop_offer(sku: &Sku, product: &ProductId, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let row = offer_key(sku);
    if let Some(stored) = tx.get(&row)? {
        let offer: SkuOffer = daybook_read_store::parse(&row, &stored)?;
        if offer.product_id == *product {
            tx.remove(row);
        }
    }
    Ok(())
}
