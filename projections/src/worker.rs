//! Read models that are kept current together, at work: the thread that reads for them, the thread that applies, and
//! the rebuilds beside them. Who starts a worker again after a failure is in `local_workers` and `shared_workers`.

use crate::{
    FollowLimits, RunnerError,
    applier::Applier,
    apply_loop::{ApplyLoop, Message},
    commit_group::CommitGroup,
    failure::FailureCell,
    feed::{self, FeedOptions},
    reader::Reader,
    rebuild::Rebuild,
    startup::{Prepared, prepare},
    status::ProjectionStatus,
};
use daybook_domain::Interests;
use daybook_event_log::EventLog;
use daybook_read_store::ReadStore;
use daybook_subscriptions::CancellationToken;
use parking_lot::Mutex;
use std::{
    sync::{Arc, mpsc},
    thread::JoinHandle,
};
use tokio::runtime::Handle;

/// The workers of this process.
pub(crate) type Workers = Arc<Mutex<Vec<Worker>>>;

pub(crate) struct Worker {
    names: Vec<&'static str>,
    messages: mpsc::Sender<Message>,
    feed: JoinHandle<()>,
    apply: JoinHandle<()>,
    rebuilds: Vec<JoinHandle<()>>,
    stop: StopOnDrop,
}

/// Tells threads to stop when their owner is gone.
pub(crate) struct StopOnDrop(pub(crate) CancellationToken);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// What a worker works with.
pub(crate) struct WorkerParts {
    pub(crate) store: Arc<ReadStore>,
    pub(crate) statuses: Vec<Arc<ProjectionStatus>>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) limits: FollowLimits,
    /// Where the failure of one of its threads is left.
    pub(crate) failure: FailureCell,
}

/// A generation this far behind its group is filled beside it, not in it.
const BESIDE_EVENTS: u64 = 100_000;

impl Worker {
    /// Starts following the log, from where each read model stands. Must be called within a tokio runtime.
    pub(crate) async fn start(parts: WorkerParts) -> Result<Self, RunnerError> {
        let WorkerParts { store, statuses, log, limits, failure } = parts;
        let Prepared { mut group, beside } = prepare(&store, &statuses, &log, BESIDE_EVENTS).await?;
        group.flush_interval = limits.flush_interval;
        let runtime = Handle::current();
        let names: Vec<_> = statuses.iter().map(|status| status.definition.name).collect();
        let name = if names.len() > 1 { "read-models" } else { names[0] };
        let wanted = statuses.iter().map(|status| status.definition.interests);
        let interests = wanted.fold(Interests::NONE, Interests::and);
        let background = statuses.iter().all(|status| status.definition.apart);
        let from = group.appliers.iter().map(|applier| applier.checkpoint.position).min();
        let from = from.unwrap_or(*log.head().borrow());
        let stop = CancellationToken::new();

        let (messages, inbox) = mpsc::channel();
        let reader = Reader::new(log.clone(), interests, from, None, limits);
        let options = FeedOptions { limits, background, stop: stop.clone(), failure: failure.clone() };
        let pages = messages.clone();
        let feed = feed::spawn(format!("{name}-feed"), reader, options, move |page| {
            pages.send(Message::Page(page)).is_ok()
        });
        let feed = feed.map_err(RunnerError::no_thread)?;

        let (applying, thread) = (log.clone(), format!("{name}-apply"));
        let apply = std::thread::Builder::new().name(thread.clone()).spawn(move || {
            if background {
                daybook_event_log::lower_priority();
            }
            let mut work = ApplyLoop { group, statuses, log: applying, interests, limits, runtime };
            failure.watch(&thread, || work.run(&inbox));
        });
        let apply = apply.map_err(RunnerError::no_thread)?;

        let mut worker = Self { names, messages, feed, apply, rebuilds: Vec::new(), stop: StopOnDrop(stop) };
        for (status, applier) in beside {
            worker.fill_beside(&store, status, applier, &log, Handle::current())?;
        }
        Ok(worker)
    }

    /// Whether it keeps the read model `name` current.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.contains(&name)
    }

    /// Sends to the thread that applies.
    pub(crate) fn send(&self, message: Message) -> Result<(), RunnerError> {
        self.messages.send(message).map_err(|_| RunnerError::NotRunning)
    }

    /// Fills a generation beside the group, which takes it over when it has caught up.
    pub(crate) fn fill_beside(
        &mut self,
        store: &Arc<ReadStore>,
        status: Arc<ProjectionStatus>,
        applier: Applier,
        log: &Arc<dyn EventLog>,
        runtime: Handle,
    ) -> Result<(), RunnerError> {
        let rebuild = Rebuild {
            group: CommitGroup::new(store.clone(), vec![applier]),
            status,
            log: log.clone(),
            adopter: self.messages.clone(),
            stop: self.stop.0.clone(),
        };
        self.rebuilds.push(rebuild.spawn(runtime).map_err(RunnerError::no_thread)?);
        Ok(())
    }

    /// Ends the current batch, commits, and waits for the threads. Blocks.
    pub(crate) fn stop(self) {
        self.stop.0.cancel();
        for rebuild in self.rebuilds {
            // It has reported its failures itself; the next start goes on from its checkpoint.
            let _ = rebuild.join();
        }
        // Either thread may have ended by itself; there is nothing left to do for it then.
        let _ = self.messages.send(Message::Stop);
        let _ = self.apply.join();
        let _ = self.feed.join();
    }
}
