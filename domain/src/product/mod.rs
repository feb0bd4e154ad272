//! Products: what is offered, in which variants, at which list prices.
//!
//! ```text
//! (none) --PutProduct--> Draft | Published --PutProduct/ArchiveProduct--> … | Archived
//! ```
//!
//! A SKU is offered by one product: what a product begins to offer is claimed before ([`crate::skuowner`]). A product
//! offers its SKUs unless it is archived.

mod commands;
mod events;
pub mod limits;
#[expect(clippy::module_inception, reason = "the aggregate has the name of its folder")]
mod product;
mod samples;

pub use commands::{
    ArchiveProduct, ChangePrices, ClaimedSkus, ProductCommand, ProductRejection, PublishProduct, PutProduct,
};
pub use events::{
    AttributeValue, Media, PricesChanged, ProductArchived, ProductCreated, ProductEvent, ProductPublished,
    ProductRevised, ProductSpec, ProductStatus, ProductUnpublished, SkuPrices, Variant,
};
pub use product::Product;
