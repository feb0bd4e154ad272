//! The catalog: products by id, SKU, category and brand, what they cost and what they cost before.

mod apply;
mod offers;
mod queries;
mod view;

pub use apply::CatalogProjection;
pub use queries::{Catalog, Offer};
pub use view::{PriceChange, ProductView, SkuOffer};
