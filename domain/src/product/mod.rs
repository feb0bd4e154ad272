//! Products: what is offered, in which variants, at which list prices.
//!
//! ```text
//! (none) --PutProduct--> Draft | Published --PutProduct/ArchiveProduct--> … | Archived
//! ```

mod commands;
mod events;
pub mod limits;
#[expect(clippy::module_inception, reason = "the aggregate has the name of its folder")]
mod product;
mod samples;

pub use commands::{
    ArchiveProduct, ChangePrices, ProductCommand, ProductRejection, PublishProduct, PutProduct,
};
pub use events::{
    AttributeValue, Media, PricesChanged, ProductArchived, ProductCreated, ProductEvent, ProductPublished,
    ProductRevised, ProductSpec, ProductStatus, ProductUnpublished, SkuPrices, Variant,
};
pub use product::Product;
