//! Admission control: refuses new carts while too many customers are served at a time.
//!
//! When more arrives than can be done, all waiting times grow until every client gives up before it is answered. So new
//! carts are refused at once, while carts that are being filled and paid for go on. A short burst is admitted: what counts
//! is that the excess stays (as for packets in a queue: Nichols, Jacobson, "Controlling Queue Delay", 2012).

use crate::{
    app::App,
    describe::{DescribeInput, Description},
    problem::{Problem, kind},
};
use axum::{extract::FromRequestParts, http::request::Parts};
use metrics::{Counter, Gauge, counter, gauge};
use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};
use tokio::time::Instant;

/// How long there may be too many, …
const EXCESS_MS: u64 = 500;
/// … and how many times as many as configured are too many at once.
const BURST_FACTOR: usize = 4;

/// Counts the carts being made and the checkouts under way.
pub(crate) struct Admission {
    most: usize,
    serving: AtomicUsize,
    /// Since when there are too many, in milliseconds after `began`; 0: there are not. It ends at half of what may be,
    /// because each customer that leaves is followed by the next at once while the excess stays.
    excess_since: AtomicU64,
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
            excess_since: AtomicU64::new(0),
            began: Instant::now(),
            refused,
            gauge,
        }
    }

    /// Counts one more customer until the permit is dropped. Called when the request has been read whole, so that a slow
    /// sender holds no permit.
    pub(crate) fn permit(&self) -> CustomerPermit<'_> {
        let serving = self.serving.fetch_add(1, Ordering::Relaxed) + 1;
        if serving >= self.most && self.excess_since.load(Ordering::Relaxed) == 0 {
            self.excess_since.store(self.now_ms(), Ordering::Relaxed);
        }
        self.gauge.increment(1.0);
        CustomerPermit(self)
    }

    fn is_full(&self) -> bool {
        let serving = self.serving.load(Ordering::Relaxed);
        if serving < self.most {
            return false;
        }
        let since = self.excess_since.load(Ordering::Relaxed);
        serving >= self.most.saturating_mul(BURST_FACTOR) || since > 0 && self.now_ms() - since >= EXCESS_MS
    }

    /// Never 0.
    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }
}

/// A place of a customer being served.
pub(crate) struct CustomerPermit<'a>(&'a Admission);

impl Drop for CustomerPermit<'_> {
    fn drop(&mut self) {
        let left = self.0.serving.fetch_sub(1, Ordering::Relaxed) - 1;
        if left <= self.0.most / 2 && self.0.excess_since.load(Ordering::Relaxed) > 0 {
            self.0.excess_since.store(0, Ordering::Relaxed);
        }
        self.0.gauge.decrement(1.0);
    }
}

/// Extractor; the first argument of a handler that makes a cart, so that overload is refused before the body is read.
pub(crate) struct Admitted;

impl FromRequestParts<Arc<App>> for Admitted {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        if !app.admission.is_full() {
            return Ok(Self);
        }
        app.admission.refused.increment(1);
        let text = "more customers come than can be served; those who have a cart go first";
        Err(Problem::new(&kind::OVERLOADED, text).retry_after(2))
    }
}

impl DescribeInput for Admitted {
    fn describe(to: &mut Description) {
        to.is_admitted = true;
        to.problems.push(&kind::OVERLOADED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_admitted_until_it_has_stayed_for_a_while_or_is_too_large() {
        let admission = Admission::new(2);
        let mut served: Vec<_> = (0..7).map(|_| admission.permit()).collect();
        assert!(!admission.is_full(), "it has just begun");
        served.push(admission.permit());
        assert!(admission.is_full(), "four times as many as there should be");
        served.truncate(3);
        assert!(!admission.is_full());
        let began = admission.excess_since.load(Ordering::Relaxed);
        tokio::time::advance(Duration::from_millis(EXCESS_MS)).await;
        assert!(admission.is_full(), "it has stayed");
        served.truncate(1);
        assert!(!admission.is_full());
        served.push(admission.permit());
        assert!(
            !admission.is_full() && admission.excess_since.load(Ordering::Relaxed) > began,
            "a new burst"
        );
    }

    #[test]
    fn a_server_for_no_customers_is_full() {
        assert!(Admission::new(0).is_full());
    }
}
