//! Read models that are kept current together, at work: their lane's threads, and the rebuilds beside it.

use crate::{
    RunnerError, Steps,
    lane::Lane,
    member::Member,
    prepare::{Prepared, prepare},
    read_models::no_thread,
    rebuild::Rebuild,
    runner::{self, LaneThreads, LaneWork},
    seat::Seat,
};
use daybook_domain::Interests;
use daybook_event_log::EventLog;
use daybook_read_store::ReadStore;
use parking_lot::Mutex;
use std::{sync::Arc, thread::JoinHandle};
use tokio::{runtime::Handle, sync::watch};

/// The groups at work in this process.
pub(crate) type Groups = Arc<Mutex<Vec<Group>>>;

pub(crate) struct Group {
    pub(crate) names: Vec<&'static str>,
    pub(crate) threads: LaneThreads,
    rebuilds: Vec<JoinHandle<()>>,
    stop_rebuilds: watch::Sender<bool>,
}

/// What a group works with.
pub(crate) struct GroupWork {
    pub(crate) store: Arc<ReadStore>,
    pub(crate) seats: Vec<Arc<Seat>>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) steps: Steps,
    /// Where a failure that stopped it is told.
    pub(crate) failure: Arc<watch::Sender<Option<RunnerError>>>,
}

/// A generation this far behind its lane is filled beside it, not in it.
const BESIDE_EVENTS: u64 = 100_000;

impl Group {
    /// Starts following the log, from where each read model stands. Must be called within a tokio runtime.
    pub(crate) async fn start(work: GroupWork) -> Result<Self, RunnerError> {
        let GroupWork { store, seats, log, steps, failure } = work;
        let Prepared { mut lane, beside } = prepare(&store, &seats, &log, BESIDE_EVENTS).await?;
        lane.hold = steps.hold;
        let names: Vec<_> = seats.iter().map(|seat| seat.definition.name).collect();
        let wanted = seats.iter().map(|seat| seat.definition.interests);
        let interests = wanted.fold(Interests::NONE, Interests::and);
        let name = if names.len() > 1 { "read-models" } else { names[0] };
        let work = LaneWork { lane, seats: seats.clone(), log: log.clone(), interests, steps, failure };
        let threads = runner::spawn(name, work).map_err(no_thread)?;
        let (stop_rebuilds, _) = watch::channel(false);
        let mut group = Self { names, threads, rebuilds: Vec::new(), stop_rebuilds };
        for (seat, member) in beside {
            group.fill_beside(&store, seat, member, &log, Handle::current())?;
        }
        Ok(group)
    }

    /// Fills a generation beside the lane, which takes it over when it has caught up.
    pub(crate) fn fill_beside(
        &mut self,
        store: &Arc<ReadStore>,
        seat: Arc<Seat>,
        member: Member,
        log: &Arc<dyn EventLog>,
        runtime: Handle,
    ) -> Result<(), RunnerError> {
        let rebuild = Rebuild {
            lane: Lane::new(store.clone(), vec![member]),
            seat,
            log: log.clone(),
            adopter: self.threads.messages.clone(),
            stop: self.stop_rebuilds.subscribe(),
        };
        self.rebuilds.push(rebuild.spawn(runtime).map_err(no_thread)?);
        Ok(())
    }

    /// Ends the current batch, commits, and waits for the threads. Blocks.
    pub(crate) fn stop(self) {
        self.stop_rebuilds.send_replace(true);
        for rebuild in self.rebuilds {
            // A rebuild that panicked has said so; the next start goes on from its checkpoint.
            let _ = rebuild.join();
        }
        self.threads.join();
    }
}
