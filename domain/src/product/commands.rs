//! What can be asked of a product, and why it may be refused.

use super::{ProductSpec, ProductStatus, SkuPrices};
use crate::{Currency, ProductId, Sku, command::commands, rejection::rejections};

commands! {
    /// What can be asked of a product.
    ProductCommand { PutProduct, ChangePrices, PublishProduct, ArchiveProduct, }
}

/// Makes the product what `spec` says, whether or not it existed. Saying it again changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct PutProduct {
    pub product_id: ProductId,
    pub spec: ProductSpec,
    pub status: ProductStatus,
    /// The SKUs that were claimed for the product; none: to be told which ones have to be.
    pub claimed: Option<ClaimedSkus>,
}

/// SKUs that were made a product's before it lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedSkus {
    pub skus: Vec<Sku>,
    /// The product's version that the claims name.
    pub product_version: u64,
}

/// Sets all list prices of the SKUs named.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangePrices {
    pub changes: Vec<SkuPrices>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct PublishProduct {}

#[derive(Debug, Clone, PartialEq)]
pub struct ArchiveProduct {}

rejections! {
    /// Why a product command is refused.
    ProductRejection {
        #[class(Missing)]
        #[error("no such product")]
        ProductNotFound {},
        #[class(Conflict)]
        #[error("the product is archived")]
        ProductIsArchived {},
        #[class(Invalid)]
        #[error("{field}: {detail}")]
        InvalidProduct { field: String, detail: String },
        #[class(Own("unknown-sku"))]
        #[error("the product has no variant {sku}")]
        UnknownVariant { sku: Sku },
        #[class(Invalid)]
        #[error("{sku} has two prices in {currency}")]
        DuplicatePrice { sku: Sku, currency: Currency },
        #[class(Conflict)]
        #[error("{} SKUs have to be claimed for the product at version {product_version} first", skus.len())]
        SkusNotClaimed { skus: Vec<Sku>, product_version: u64 },
    }
}
