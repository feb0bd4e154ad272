//! The aggregate: who owns one SKU.

use super::{ClaimSku, SkuClaim, SkuClaimed, SkuOwnerCommand, SkuOwnerEvent, SkuOwnerRejection};
use crate::{CacheClass, Context, Decider, Sku};
use serde::{Deserialize, Serialize};

/// Nobody yet, or the last product that claimed it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SkuOwner {
    claim: Option<SkuClaim>,
}

impl Decider for SkuOwner {
    const NAME: &'static str = "skuowner";
    const STATE_VERSION: u32 = 1;
    const CACHE: CacheClass = CacheClass::Normal;
    type Id = Sku;
    type Command = SkuOwnerCommand;
    type Event = SkuOwnerEvent;
    type Rejection = SkuOwnerRejection;

    fn decide(
        &self,
        command: SkuOwnerCommand,
        _context: &Context,
    ) -> Result<Vec<SkuOwnerEvent>, SkuOwnerRejection> {
        let SkuOwnerCommand::ClaimSku(ClaimSku { sku, claim, replaces }) = command;
        match &self.claim {
            Some(own) if *own == claim => Ok(Vec::new()),
            Some(other) if other.product_id != claim.product_id && replaces.as_ref() != Some(other) => {
                let SkuClaim { product_id, product_version } = other.clone();
                Err(SkuOwnerRejection::SkuTaken { sku, product_id, product_version })
            }
            // A product that claims its own anew says so: whoever found the old claim to be over must notice.
            Some(_) | None => Ok(vec![SkuOwnerEvent::SkuClaimed(SkuClaimed { sku, claim })]),
        }
    }

    fn evolve(&mut self, event: &SkuOwnerEvent) {
        let SkuOwnerEvent::SkuClaimed(claimed) = event;
        self.claim = Some(claimed.claim.clone());
    }
}
