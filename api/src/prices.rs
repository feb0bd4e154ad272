//! What is for sale at which price: every line added and every checkout asks. The catalog answers from memory; here it
//! is made sure that a client who just changed a product sees the change.

use crate::{
    cart_history::CartHistory, history::Histories, position_waiters::PositionWaiters, problem::Problem,
};
use daybook_domain::{CartId, Currency, Sku, cart::CurrentOffer, product::ProductStatus};
use daybook_views::{Views, catalog::SkuOffer};
use quick_cache::sync::Cache;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// How long a change that was just made is waited for; after that the catalog answers as it is.
const CHANGE_WAIT: Duration = Duration::from_secs(2);
/// Carts whose currency is remembered, about 5 MB.
const REMEMBERED_CARTS: usize = 100_000;

/// Prices of SKUs, and of what is in a cart.
pub(crate) struct Prices {
    reads: Views,
    histories: Histories,
    waiters: PositionWaiters,
    /// The last change of the catalog made through this server.
    changed_at: AtomicU64,
    /// A cart's currency never changes, so it need not be read from the log for every line.
    currencies: Cache<CartId, Currency>,
}

impl Prices {
    pub(crate) fn new(reads: Views, histories: Histories, waiters: PositionWaiters) -> Self {
        let currencies = Cache::new(REMEMBERED_CARTS);
        Self { reads, histories, waiters, changed_at: AtomicU64::new(0), currencies }
    }

    /// A product changed with the event at `position`.
    pub(crate) fn changed_at(&self, position: u64) {
        self.changed_at.fetch_max(position, Ordering::Relaxed);
    }

    /// What is offered for `sku`; none if it is not for sale.
    pub(crate) async fn find(&self, sku: &Sku) -> Result<Option<Arc<SkuOffer>>, Problem> {
        let changed_at = self.changed_at.load(Ordering::Relaxed);
        if self.waiters.position() < changed_at {
            // If the wait ends before, the catalog answers as it is.
            let _ = self.waiters.reached(changed_at, CHANGE_WAIT).await;
        }
        let offer = self.reads.catalog().sku_offer(sku).await?;
        Ok(offer.filter(|offer| offer.status == ProductStatus::Published))
    }

    /// Notes the currency of a cart that is about to be made. (If it is not made, no command can use it.)
    pub(crate) fn remember_currency(&self, id: CartId, currency: Currency) {
        self.currencies.insert(id, currency);
    }

    pub(crate) async fn cart_currency(&self, id: CartId) -> Result<Currency, Problem> {
        if let Some(currency) = self.currencies.get(&id) {
            return Ok(currency);
        }
        let currency = CartHistory::read(&self.histories, id).await?.currency;
        self.currencies.insert(id, currency);
        Ok(currency)
    }

    /// What the catalog says now of every SKU in the cart.
    pub(crate) async fn of_cart(&self, id: CartId) -> Result<Vec<CurrentOffer>, Problem> {
        let cart = CartHistory::read(&self.histories, id).await?;
        let mut offers = Vec::with_capacity(cart.lines.len());
        for line in cart.lines {
            let offer = self.find(&line.sku).await?;
            let unit_price = offer.and_then(|offer| offer.price(cart.currency));
            offers.push(CurrentOffer { sku: line.sku, unit_price });
        }
        Ok(offers)
    }
}
