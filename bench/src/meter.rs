//! What server and generator used while a load ran: read just when counting begins and when it ends, by a thread of its
//! own, because the generator's is busy and a busy server may take its time to tell of itself.

use crate::{machine::Process, metrics::Metrics, server::Server};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

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
    /// The server's CPU time an operation, by the name of the thread; threads that took less than a hundredth of it
    /// are left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) server_cpu_us_per_op_by_thread: BTreeMap<String, f64>,
    /// Between reading and reading: what the threads took, in cores.
    #[serde(skip)]
    cores_by_thread: BTreeMap<String, f64>,
}

/// Counters at one moment.
struct Reading {
    at: Instant,
    server_cpu: f64,
    server_threads: BTreeMap<String, f64>,
    generator_cpu: f64,
    /// When the server told the rest.
    told_at: Instant,
    fsyncs: f64,
    fsync_seconds: f64,
    log_events: f64,
}

impl Reading {
    async fn take(server: Process, address: SocketAddr) -> anyhow::Result<Self> {
        let (at, server_cpu, generator_cpu) =
            (Instant::now(), server.cpu_seconds(), Process::own().cpu_seconds());
        let server_threads = server.cpu_seconds_by_thread();
        let metrics = Metrics::of(address).await?;
        Ok(Self {
            at,
            server_cpu,
            server_threads,
            generator_cpu,
            told_at: Instant::now(),
            fsyncs: metrics.sum("daybook_log_fsync_seconds_count"),
            fsync_seconds: metrics.sum("daybook_log_fsync_seconds_sum"),
            log_events: metrics.sum("daybook_log_events_total"),
        })
    }

    /// What was used since `before`; per operation it is worked out once their number is known.
    fn since(&self, before: &Self, server: Process) -> Cost {
        let seconds = (self.at - before.at).as_secs_f64();
        let told = (self.told_at - before.told_at).as_secs_f64();
        let fsyncs = self.fsyncs - before.fsyncs;
        let cores_by_thread = self.server_threads.iter().map(|(name, cpu)| {
            let used = cpu - before.server_threads.get(name).copied().unwrap_or(0.0);
            (name.clone(), used / seconds)
        });
        Cost {
            server_cores: (self.server_cpu - before.server_cpu) / seconds,
            generator_cores: (self.generator_cpu - before.generator_cpu) / seconds,
            server_rss_mib: server.rss_mib(),
            generator_rss_mib: Process::own().rss_mib(),
            fsyncs_per_s: fsyncs / told,
            fsync_mean_ms: if fsyncs > 0.0 {
                (self.fsync_seconds - before.fsync_seconds) / fsyncs * 1_000.0
            } else {
                0.0
            },
            log_events_per_s: (self.log_events - before.log_events) / told,
            cores_by_thread: cores_by_thread.collect(),
            ..Cost::default()
        }
    }
}

/// Watches the server from when the warm-up ends until counting ends.
pub(crate) async fn watch(server: &Server, warm_up: Duration, counted: Duration) -> anyhow::Result<Cost> {
    let (process, address, start) = (server.process(), server.address, tokio::time::Instant::now());
    let watching = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            tokio::time::sleep_until(start + warm_up).await;
            let before = Reading::take(process, address).await?;
            tokio::time::sleep_until(start + warm_up + counted).await;
            anyhow::Ok(Reading::take(process, address).await?.since(&before, process))
        })
    });
    watching.await?
}

impl Cost {
    /// With the number of operations per second known.
    pub(crate) fn per_operation(mut self, per_second: f64) -> Self {
        if per_second > 0.0 {
            self.server_cpu_us_per_op = self.server_cores * 1e6 / per_second;
            self.generator_cpu_us_per_op = self.generator_cores * 1e6 / per_second;
            let least = self.server_cores / 100.0;
            let busy =
                std::mem::take(&mut self.cores_by_thread).into_iter().filter(|(_, cores)| *cores > least);
            self.server_cpu_us_per_op_by_thread =
                busy.map(|(name, cores)| (name, crate::report::round(cores * 1e6 / per_second))).collect();
        }
        self
    }
}
