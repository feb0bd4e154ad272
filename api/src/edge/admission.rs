//! Whether there is time for one more customer, told by how many are being served.
//!
//! When more arrives than can be done, everybody waits longer and longer, until nobody is served before they give up.
//! Then new carts are refused at once, while carts that are being filled and paid for go on. A crowd that is gone soon is let
//! in: what counts is that it stays (as for packets in a queue: Nichols, Jacobson, "Controlling Queue Delay", 2012).

use crate::{
    app::Shop,
    problem::{Problem, kind},
};
use axum::{extract::FromRequestParts, http::request::Parts};
use metrics::{Counter, Gauge, counter, gauge};
use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};
use tokio::time::Instant;

/// So long there may be too many, …
const CROWD_MS: u64 = 500;
/// … and so many times as many as there should be.
const CROWD: usize = 4;

/// Counts the carts being made and the checkouts under way.
pub(crate) struct Admission {
    most: usize,
    serving: AtomicUsize,
    /// Since when there are too many, in milliseconds after `began`; 0: there are not. It ends at half of what may be, since
    /// whoever leaves is followed by the next at once while a crowd stays.
    crowded_since: AtomicU64,
    began: Instant,
    refused: Counter,
    gauge: Gauge,
}

impl Admission {
    pub(crate) fn new(most: usize) -> Self {
        let (refused, gauge) =
            (counter!("daybook_http_carts_refused_total"), gauge!("daybook_http_customers_served"));
        Self {
            most,
            serving: AtomicUsize::new(0),
            crowded_since: AtomicU64::new(0),
            began: Instant::now(),
            refused,
            gauge,
        }
    }

    /// Counts one more until the answer is dropped. Called when the request has been read whole, so that nobody
    /// takes a place by sending slowly.
    pub(crate) fn serve(&self) -> Serving<'_> {
        let serving = self.serving.fetch_add(1, Ordering::Relaxed) + 1;
        if serving >= self.most && self.crowded_since.load(Ordering::Relaxed) == 0 {
            self.crowded_since.store(self.now_ms(), Ordering::Relaxed);
        }
        self.gauge.increment(1.0);
        Serving(self)
    }

    fn is_full(&self) -> bool {
        let serving = self.serving.load(Ordering::Relaxed);
        if serving < self.most {
            return false;
        }
        let since = self.crowded_since.load(Ordering::Relaxed);
        serving >= self.most.saturating_mul(CROWD) || since > 0 && self.now_ms() - since >= CROWD_MS
    }

    /// Never 0.
    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }
}

/// A customer being served.
pub(crate) struct Serving<'a>(&'a Admission);

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        let left = self.0.serving.fetch_sub(1, Ordering::Relaxed) - 1;
        if left <= self.0.most / 2 && self.0.crowded_since.load(Ordering::Relaxed) > 0 {
            self.0.crowded_since.store(0, Ordering::Relaxed);
        }
        self.0.gauge.decrement(1.0);
    }
}

/// Stands before the arguments of a handler that makes a cart, so that a refusal costs next to nothing.
pub(crate) struct Admitted;

impl FromRequestParts<Arc<Shop>> for Admitted {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, shop: &Arc<Shop>) -> Result<Self, Problem> {
        if !shop.admission.is_full() {
            return Ok(Self);
        }
        shop.admission.refused.increment(1);
        let text = "more customers come than can be served; those who have a cart go first";
        Err(Problem::new(&kind::OVERLOADED, text).retry_after(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn a_crowd_is_let_in_until_it_has_stayed_for_a_while_or_is_too_large() {
        let admission = Admission::new(2);
        let mut served: Vec<_> = (0..7).map(|_| admission.serve()).collect();
        assert!(!admission.is_full(), "it has just come");
        served.push(admission.serve());
        assert!(admission.is_full(), "four times as many as there should be");
        served.truncate(3);
        assert!(!admission.is_full());
        let come = admission.crowded_since.load(Ordering::Relaxed);
        tokio::time::advance(Duration::from_millis(CROWD_MS)).await;
        assert!(admission.is_full(), "it has stayed");
        served.truncate(1);
        assert!(!admission.is_full());
        served.push(admission.serve());
        assert!(
            !admission.is_full() && admission.crowded_since.load(Ordering::Relaxed) > come,
            "a new crowd"
        );
    }

    #[test]
    fn a_shop_for_nobody_is_full() {
        assert!(Admission::new(0).is_full());
    }
}
