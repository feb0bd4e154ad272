//! Offers kept in memory, so that putting something into a cart costs no read.
//!
//! A copy is taken on first use and dropped when the catalog commits a change of it. A reader that loaded
//! before such a commit must not bring the old offer back, so it gives up if the shard saw any change since.

use super::SkuOffer;
use ahash::{AHashMap, RandomState};
use daybook_domain::Sku;
use parking_lot::RwLock;
use std::sync::Arc;

const SHARDS: usize = 64;
/// At most so many offers per shard, about 4 million in all; a full shard begins anew.
const SHARD_OFFERS: usize = 1 << 16;

/// Offers by SKU.
#[derive(Debug)]
pub(super) struct Offers {
    shards: Vec<RwLock<OfferShard>>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct OfferShard {
    /// None: there is no such SKU.
    offers: AHashMap<Sku, Option<Arc<SkuOffer>>>,
    /// Counts the changes seen.
    changes: u64,
}

impl Default for Offers {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| RwLock::default()).collect(), hasher: RandomState::new() }
    }
}

/// What is in memory of a SKU.
pub(super) enum Known {
    /// The offer; None: there is no such SKU.
    Offer(Option<Arc<SkuOffer>>),
    /// To be loaded, then kept with [`Offers::keep`], unless the shard has seen more changes by then.
    NotYet { changes: u64 },
}

impl Offers {
    pub(super) fn get(&self, sku: &Sku) -> Known {
        let shard = self.shard(sku).read();
        if let Some(offer) = shard.offers.get(sku) {
            metrics::counter!("daybook_projection_offer_cache_total", "outcome" => "hit").increment(1);
            return Known::Offer(offer.clone());
        }
        metrics::counter!("daybook_projection_offer_cache_total", "outcome" => "miss").increment(1);
        Known::NotYet { changes: shard.changes }
    }

    /// Keeps what was loaded since the shard had seen so many changes.
    pub(super) fn keep(&self, sku: &Sku, offer: &Option<Arc<SkuOffer>>, changes: u64) {
        let mut shard = self.shard(sku).write();
        if shard.changes == changes {
            if shard.offers.len() >= SHARD_OFFERS {
                shard.offers.clear();
            }
            shard.offers.insert(sku.clone(), offer.clone());
        }
    }

    /// These SKUs are not as they were.
    pub(super) fn forget(&self, changed: impl Iterator<Item = Sku>) {
        for sku in changed {
            let mut shard = self.shard(&sku).write();
            shard.changes += 1;
            shard.offers.remove(&sku);
        }
    }

    /// Nothing is as it was.
    pub(super) fn forget_all(&self) {
        for shard in &self.shards {
            let mut shard = shard.write();
            shard.changes += 1;
            shard.offers.clear();
        }
    }

    fn shard(&self, sku: &Sku) -> &RwLock<OfferShard> {
        let hash = self.hasher.hash_one(sku) >> 32;
        &self.shards[usize::try_from(hash).unwrap_or(0) % SHARDS]
    }
}
