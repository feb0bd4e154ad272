//! Products: what is offered, in which variants, at which list prices.
//!
//! ```text
//! (none) --PutProduct--> Draft | Published --PutProduct/ArchiveProduct--> … | Archived
//! ```

mod command;
mod decide;
mod event;
mod limits;
mod state;

pub use command::{
    ArchiveProduct, ChangePrices, ProductCommand, ProductRejection, PublishProduct, PutProduct,
};
pub use event::{
    AttributeValue, Media, PricesChanged, ProductArchived, ProductCreated, ProductEvent, ProductPublished,
    ProductRevised, ProductSpec, ProductStatus, ProductUnpublished, SkuPrices, Variant,
};
pub use state::Product;
