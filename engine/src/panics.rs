//! Catches panics of code that must not take its caller with it: decisions, processes, the gateway.

use futures::FutureExt;
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Runs `run`; if it panics, says with which words. `place` is for metrics.
///
/// The caller must not go on using what `run` may have left half changed.
pub(crate) fn caught<T>(place: &'static str, run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| report(place, &*panic))
}

/// The same for a future.
pub(crate) async fn caught_future<T>(place: &'static str, run: impl Future<Output = T>) -> Result<T, String> {
    AssertUnwindSafe(run).catch_unwind().await.map_err(|panic| report(place, &*panic))
}

fn report(place: &'static str, panic: &(dyn Any + Send)) -> String {
    metrics::counter!("daybook_engine_panics_total", "in" => place).increment(1);
    let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
    let words = words.or_else(|| panic.downcast_ref::<String>().cloned());
    words.unwrap_or_else(|| "a panic without words".to_owned())
}
