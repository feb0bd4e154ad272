//! Load: closed-loop to find the peak, open-loop for latency.
//!
//! Closed loop: every connection sends its next request when it has its answer; good for the peak, useless
//! for latency, since a slow server is simply asked less. Open loop: requests are due at a fixed rate whatever
//! the server does, and latency counts from when a request was due, so waiting in line is not hidden
//! ("coordinated omission", Gil Tene).

use crate::client::Client;
use futures::future::LocalBoxFuture;
use hdrhistogram::Histogram;
use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

/// One operation of a scenario: may be several requests.
pub(crate) type Operation = Rc<dyn for<'a> Fn(&'a mut Client, u64) -> LocalBoxFuture<'a, anyhow::Result<()>>>;

/// What a run of load showed.
pub(crate) struct Measured {
    pub(crate) operations: u64,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
    pub(crate) seconds: f64,
    /// Latencies in microseconds.
    pub(crate) latencies_us: Histogram<u64>,
}

impl Measured {
    pub(crate) fn throughput(&self) -> f64 {
        self.operations as f64 / self.seconds
    }

    pub(crate) fn percentile_ms(&self, percentile: f64) -> f64 {
        self.latencies_us.value_at_percentile(percentile) as f64 / 1_000.0
    }
}

/// How the load is shaped.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) connections: usize,
    pub(crate) warm_up: Duration,
    pub(crate) duration: Duration,
    /// Operations due per second; none: closed loop.
    pub(crate) rate: Option<f64>,
}

/// Runs the load; must be called within a `LocalSet`. `first` numbers the first operation, so that
/// operations of several runs differ.
pub(crate) async fn run(
    address: SocketAddr,
    shape: Shape,
    first: u64,
    operation: Operation,
) -> anyhow::Result<Measured> {
    let start = Instant::now();
    let counted_from = start + shape.warm_up;
    let end = counted_from + shape.duration;
    let next = Rc::new(Cell::new(0_u64));
    let measured = Rc::new(RefCell::new(Measured {
        operations: 0,
        errors: 0,
        first_error: None,
        seconds: shape.duration.as_secs_f64(),
        latencies_us: Histogram::new_with_max(120_000_000, 3)?,
    }));
    let mut workers = Vec::new();
    for _ in 0..shape.connections {
        let mut client = Client::connect(address).await?;
        let (next, measured, operation) = (next.clone(), measured.clone(), operation.clone());
        workers.push(tokio::task::spawn_local(async move {
            loop {
                let number = next.replace(next.get() + 1);
                let due = match shape.rate {
                    Some(rate) => start + Duration::from_secs_f64(number as f64 / rate),
                    None => Instant::now(),
                };
                if due >= end {
                    return;
                }
                tokio::time::sleep_until(due.into()).await;
                let outcome = operation(&mut client, first + number).await;
                let done = Instant::now();
                let failed = outcome.is_err();
                if due >= counted_from && (shape.rate.is_some() || done <= end) {
                    let mut measured = measured.borrow_mut();
                    match outcome {
                        Ok(()) => measured.operations += 1,
                        Err(error) => {
                            measured.errors += 1;
                            measured.first_error.get_or_insert_with(|| format!("{error:#}"));
                        }
                    }
                    measured.latencies_us.saturating_record((done - due).as_micros() as u64);
                }
                if failed && let Ok(again) = Client::connect(address).await {
                    client = again;
                }
            }
        }));
    }
    for worker in workers {
        worker.await?;
    }
    let Ok(measured) = Rc::try_unwrap(measured) else { anyhow::bail!("a worker is still running") };
    Ok(measured.into_inner())
}
