//! What server and generator used while a load ran: read just when counting begins and when it ends.

use crate::{machine::Process, server::Server};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// What a stretch of load cost.
#[derive(Serialize, Deserialize, Clone, Debug, Default)]
pub(crate) struct Cost {
    /// CPU time per second of time: 2.0 is two cores busy.
    pub(crate) server_cores: f64,
    pub(crate) generator_cores: f64,
    pub(crate) server_cpu_us_per_op: f64,
    pub(crate) generator_cpu_us_per_op: f64,
    pub(crate) server_rss_mib: u64,
    pub(crate) generator_rss_mib: u64,
    pub(crate) fsyncs_per_s: f64,
    /// As the server measured them.
    pub(crate) fsync_mean_ms: f64,
    pub(crate) log_events_per_s: f64,
}

/// Counters at one moment.
pub(crate) struct Reading {
    at: Instant,
    server_cpu: f64,
    generator_cpu: f64,
    fsyncs: f64,
    fsync_seconds: f64,
    log_events: f64,
}

impl Reading {
    pub(crate) async fn take(server: &Server) -> anyhow::Result<Self> {
        let metrics = server.metrics().await?;
        Ok(Self {
            at: Instant::now(),
            server_cpu: server.process().cpu_seconds(),
            generator_cpu: Process::own().cpu_seconds(),
            fsyncs: metrics.sum("daybook_log_fsync_seconds_count"),
            fsync_seconds: metrics.sum("daybook_log_fsync_seconds_sum"),
            log_events: metrics.sum("daybook_log_events_total"),
        })
    }

    /// What was used since `before`; per operation it is worked out once their number is known.
    pub(crate) fn since(&self, before: &Self, server: &Server) -> Cost {
        let seconds = (self.at - before.at).as_secs_f64();
        let fsyncs = self.fsyncs - before.fsyncs;
        Cost {
            server_cores: (self.server_cpu - before.server_cpu) / seconds,
            generator_cores: (self.generator_cpu - before.generator_cpu) / seconds,
            server_rss_mib: server.process().rss_mib(),
            generator_rss_mib: Process::own().rss_mib(),
            fsyncs_per_s: fsyncs / seconds,
            fsync_mean_ms: if fsyncs > 0.0 {
                (self.fsync_seconds - before.fsync_seconds) / fsyncs * 1_000.0
            } else {
                0.0
            },
            log_events_per_s: (self.log_events - before.log_events) / seconds,
            ..Cost::default()
        }
    }
}

/// Watches the server from when the warm-up ends until counting ends.
pub(crate) async fn watch(server: &Server, warm_up: Duration, counted: Duration) -> anyhow::Result<Cost> {
    let start = tokio::time::Instant::now();
    tokio::time::sleep_until(start + warm_up).await;
    let before = Reading::take(server).await?;
    tokio::time::sleep_until(start + warm_up + counted).await;
    Ok(Reading::take(server).await?.since(&before, server))
}

impl Cost {
    /// With the number of operations per second known.
    pub(crate) fn per_operation(mut self, per_second: f64) -> Self {
        if per_second > 0.0 {
            self.server_cpu_us_per_op = self.server_cores * 1e6 / per_second;
            self.generator_cpu_us_per_op = self.generator_cores * 1e6 / per_second;
        }
        self
    }
}
