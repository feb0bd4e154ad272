//! Whether there is time for one more customer, told by how many are being served.
//!
//! When more arrives than can be done, everybody waits longer and longer, until nobody is served before they give up.
//! Then new carts are refused at once, while carts that are being filled and paid for go on.

use crate::{
    problem::{Problem, kind},
    shop::Shop,
};
use axum::{extract::FromRequestParts, http::request::Parts};
use metrics::{Counter, Gauge, counter, gauge};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Counts the carts being made and the checkouts under way.
pub(crate) struct Admission {
    most: usize,
    serving: AtomicUsize,
    refused: Counter,
    gauge: Gauge,
}

impl Admission {
    pub(crate) fn new(most: usize) -> Self {
        let (refused, gauge) =
            (counter!("daybook_http_carts_refused_total"), gauge!("daybook_http_customers_served"));
        Self { most, serving: AtomicUsize::new(0), refused, gauge }
    }

    /// Counts one more until the answer is dropped. Called when the request has been read whole, so that nobody
    /// takes a place by sending slowly.
    pub(crate) fn serve(&self) -> Serving<'_> {
        self.serving.fetch_add(1, Ordering::Relaxed);
        self.gauge.increment(1.0);
        Serving(self)
    }

    fn is_full(&self) -> bool {
        self.serving.load(Ordering::Relaxed) >= self.most
    }
}

/// A customer being served.
pub(crate) struct Serving<'a>(&'a Admission);

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        self.0.serving.fetch_sub(1, Ordering::Relaxed);
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

    #[test]
    fn it_is_full_while_as_many_as_allowed_are_served() {
        let admission = Admission::new(2);
        let first = admission.serve();
        assert!(!admission.is_full());
        let second = admission.serve();
        assert!(admission.is_full());
        drop((first, second));
        assert!(!admission.is_full());
    }
}
