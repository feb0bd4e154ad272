//! What can be asked about who owns a SKU, and why it may be refused.

use super::SkuClaim;
use crate::{ProductId, Sku, command::commands, rejection::rejections};

commands! {
    /// What can be asked about who owns a SKU.
    SkuOwnerCommand { ClaimSku, }
}

/// Makes the SKU the product's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimSku {
    pub sku: Sku,
    pub claim: SkuClaim,
    /// The claim that is known to be over, if there is one.
    pub replaces: Option<SkuClaim>,
}

rejections! {
    /// Why it is refused.
    SkuOwnerRejection {
        #[class(Conflict)]
        #[error("{sku} is a variant of product {product_id}; take it out there or archive that first")]
        SkuTaken { sku: Sku, product_id: ProductId, product_version: u64 },
    }
}
