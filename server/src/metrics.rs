//! The recorder that the whole process records its metrics to, and their text for Prometheus.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::{sync::OnceLock, time::Duration};
use tokio_util::sync::CancellationToken;

/// Upper bounds of the time histograms' buckets, in seconds.
const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Upper bounds for sizes of batches and the like.
const SIZES: &[f64] =
    &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0];
/// Samples are moved into the histograms at this pace, so that they do not pile up between scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// Renders what was recorded. One per process, however many shops are open in it.
#[derive(Clone)]
pub(crate) struct Exporter(Option<PrometheusHandle>);

impl Exporter {
    /// The process' recorder; installed by the first call. Without one (another program brought its own),
    /// `/metrics` is empty.
    pub(crate) fn install() -> Self {
        static INSTALLED: OnceLock<Exporter> = OnceLock::new();
        INSTALLED
            .get_or_init(|| {
                let builder = PrometheusBuilder::new()
                    .set_buckets_for_metric(Matcher::Suffix("seconds".to_owned()), SECONDS)
                    .and_then(|builder| builder.set_buckets(SIZES));
                Exporter(builder.and_then(PrometheusBuilder::install_recorder).ok())
            })
            .clone()
    }

    pub(crate) async fn keep_up(self, stopping: CancellationToken) {
        let Some(handle) = self.0 else { return };
        while stopping.run_until_cancelled(tokio::time::sleep(UPKEEP)).await.is_some() {
            handle.run_upkeep();
        }
    }

    /// All that was recorded, in the Prometheus text format.
    pub(crate) fn render(&self) -> String {
        self.0.as_ref().map(PrometheusHandle::render).unwrap_or_default()
    }
}
