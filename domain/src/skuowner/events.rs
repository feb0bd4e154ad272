//! What happens to the ownership of a SKU.

use crate::{ProductId, Sku, event::events};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

events! {
    /// What happens to the ownership of a SKU.
    SkuOwnerEvent of super::SkuOwner, upcast by upcast {
        SkuClaimed = 1,
    }
}

/// No event has an older schema yet.
fn upcast(_event_type: &str, _from_version: u16, payload: serde_json::Value) -> serde_json::Value {
    payload
}

/// Who claims a SKU, and what they were when they did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct SkuClaim {
    pub product_id: ProductId,
    /// The product's version when it claimed the SKU; its next version lists it, or the claim is over.
    pub product_version: u64,
}

/// The SKU is the product's from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkuClaimed {
    pub sku: Sku,
    #[serde(flatten)]
    pub claim: SkuClaim,
}
