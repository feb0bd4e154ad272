//! All read models of the shop behind one door: opened from a directory, kept current from a log, asked.

use crate::{
    Definition, Live, ReadStore, RunnerError, StoreError,
    decoded::{Reader, read_ahead},
    lane::Lane,
    prepare::{Prepared, prepare},
    rebuild::Rebuild,
    runner::{self, LaneThreads, LaneWork},
    search::SearchConfig,
    seat::Seat,
    shop::Shop,
};
use daybook_event_log::{EventLog, Position};
use parking_lot::Mutex;
use std::{
    path::Path,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::{runtime::Handle, sync::watch};

/// How read models are kept.
#[derive(Debug, Clone)]
pub struct Options {
    /// Memory for rows read from disk, in bytes.
    pub cache_bytes: u64,
    /// Under load, events are collected at least this long between two commits. An idle read model takes an
    /// event at once.
    pub pace_ms: u64,
    /// How to search; None: not at all.
    pub search: Option<SearchConfig>,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, pace_ms: 20, search: Some(SearchConfig::default()) }
    }
}

/// All read models. Cheap to clone.
#[derive(Clone)]
pub struct ReadModels {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Arc<ReadStore>,
    pub(crate) seats: Vec<Arc<Seat>>,
    pub(crate) running: Mutex<Option<Running>>,
    pub(crate) failure: Arc<watch::Sender<Option<RunnerError>>>,
    pub(crate) shop: Shop,
    options: Options,
}

pub(crate) struct Running {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) runtime: Handle,
    pub(crate) lanes: Vec<(Vec<&'static str>, LaneThreads)>,
    pub(crate) rebuilds: Vec<JoinHandle<()>>,
    pub(crate) stop_rebuilds: watch::Sender<bool>,
}

/// A generation this far behind its lane is filled beside it, not in it.
const BESIDE_EVENTS: u64 = 100_000;

impl ReadModels {
    pub(crate) fn assemble(
        dir: &Path,
        options: Options,
        definitions: Vec<Definition>,
        shop: impl FnOnce(&dyn Fn(&str) -> Live) -> Shop,
    ) -> Result<Self, StoreError> {
        let store = ReadStore::open(dir, options.cache_bytes)?;
        let seats: Vec<_> =
            definitions.into_iter().map(|definition| Arc::new(Seat::new(definition))).collect();
        let live = |name: &str| {
            let seat = seats.iter().find(|seat| seat.definition.name == name);
            seat.map(|seat| seat.live.clone()).unwrap_or_default()
        };
        let shop = shop(&live);
        let failure = Arc::new(watch::Sender::new(None));
        let inner = Inner { store, seats, running: Mutex::new(None), failure, options, shop };
        let models = Self { inner: Arc::new(inner) };
        crate::prepare::answer_from_what_is_there(&models.inner)?;
        Ok(models)
    }

    /// Starts following `log`, from where each read model stands. Must be called within a tokio runtime.
    pub async fn start(&self, log: Arc<dyn EventLog>) -> Result<(), RunnerError> {
        let inner = &self.inner;
        let (stop_rebuilds, stopped) = watch::channel(false);
        let mut running = Running {
            log: log.clone(),
            runtime: Handle::current(),
            lanes: Vec::new(),
            rebuilds: Vec::new(),
            stop_rebuilds,
        };
        let (apart, together): (Vec<_>, Vec<_>) =
            inner.seats.iter().cloned().partition(|seat| seat.definition.apart);
        let groups = std::iter::once(together).chain(apart.into_iter().map(|seat| vec![seat]));
        for seats in groups.filter(|seats| !seats.is_empty()) {
            let Prepared { lane, beside } = prepare(&inner.store, &seats, &log, BESIDE_EVENTS).await?;
            let names: Vec<_> = seats.iter().map(|seat| seat.definition.name).collect();
            let concerns = seats.iter().map(|seat| seat.definition.concerns).collect();
            let work = LaneWork {
                lane,
                seats: seats.clone(),
                log: log.clone(),
                concerns,
                pace: Duration::from_millis(inner.options.pace_ms),
                failure: inner.failure.clone(),
            };
            let name = if names.len() > 1 { "read-models" } else { names[0] };
            let threads = runner::spawn(name, work).map_err(no_thread)?;
            for (seat, member) in beside {
                let lane = Lane { store: inner.store.clone(), members: vec![member] };
                let (log, adopter, stop) = (log.clone(), threads.messages.clone(), stopped.clone());
                let rebuild = Rebuild { lane, seat, log, adopter, stop };
                running.rebuilds.push(rebuild.spawn(Handle::current()).map_err(no_thread)?);
            }
            running.lanes.push((names, threads));
        }
        *inner.running.lock() = Some(running);
        Ok(())
    }

    /// Brings all read models to `until` (or the log's end) in this task, without following on. For replays
    /// and tests; not while started.
    pub async fn catch_up(
        &self,
        log: &Arc<dyn EventLog>,
        until: Option<Position>,
    ) -> Result<Position, RunnerError> {
        let inner = &self.inner;
        let Prepared { mut lane, .. } = prepare(&inner.store, &inner.seats, log, u64::MAX).await?;
        let concerns = inner.seats.iter().map(|seat| seat.definition.concerns).collect();
        let from = lane.members.iter().map(|member| member.checkpoint.position).min();
        let mut reached = from.unwrap_or_default();
        let (mut chunks, reading) = read_ahead(Reader::new(log.clone(), reached, until), concerns);
        while let Some(chunk) = chunks.recv().await {
            lane.apply(&chunk)?;
            reached = chunk.last().map_or(reached, |last| last.record.position());
        }
        reading.await.map_err(|panic| RunnerError::Log(panic.to_string()))??;
        lane.commit_waiting(crate::Flush::Now)?;
        for (member, seat) in lane.members.iter().flat_map(|member| {
            let seat = inner.seats.iter().find(|seat| seat.definition.name == member.definition.name);
            seat.map(|seat| (member, seat))
        }) {
            seat.publish(member.visible);
        }
        Ok(reached)
    }

    /// Ends the current batch, commits, and lets go of the log. Queries go on answering. Blocks for as long as
    /// a batch takes.
    pub fn shutdown(&self) -> Result<(), StoreError> {
        let began = Instant::now();
        if let Some(running) = self.inner.running.lock().take() {
            running.stop_rebuilds.send_replace(true);
            for rebuild in running.rebuilds {
                // A rebuild that panicked has said so; the next start goes on from its checkpoint.
                let _ = rebuild.join();
            }
            for (_, threads) in running.lanes {
                threads.join();
            }
        }
        self.inner.store.persist()?;
        tracing::info!(took_ms = began.elapsed().as_millis(), "read models stopped");
        Ok(())
    }
}

pub(crate) fn no_thread(error: std::io::Error) -> RunnerError {
    RunnerError::Store(StoreError::Unavailable { operation: "starting a thread", detail: error.to_string() })
}
