//! On a read store that nodes share, one of them is the projector. Who holds the lease is; the others stand by. The
//! lease keeps two from doing the same work; that two of them cannot do harm is seen to by the store, which refuses
//! whoever did not know of the last commit.
//!
//! Whatever fails, a lost lease, a server that is away, a commit of which nobody knows whether it went in: the
//! projector lets go of all it has in memory and begins again from what the store has.

use crate::{
    RunnerError, Steps,
    following::Leads,
    group::{Group, GroupWork, Groups},
    pauses::{Pauses, stopped_within},
    runner::failed,
    seat::Seat,
};
use daybook_event_log::{EventLog, Lease, Leases as _, Position, RecordedEvent, follow};
use daybook_read_store::{PostgresStore, ReadStore, StoreError};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{runtime::Handle, sync::watch, time::sleep};
use uuid::Uuid;

const TASK: &str = "daybook read models";
const TIDY_EVERY: Duration = Duration::from_secs(30);
const PAUSES: Pauses =
    Pauses::new(Duration::from_millis(250), Duration::from_secs(5), Duration::from_secs(10));

pub(crate) struct Leader {
    pub(crate) server: Arc<PostgresStore>,
    pub(crate) store: Arc<ReadStore>,
    pub(crate) seats: Vec<Arc<Seat>>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) runtime: Handle,
    pub(crate) steps: Steps,
    pub(crate) leads: Leads,
    pub(crate) groups: Groups,
    pub(crate) stop: watch::Receiver<bool>,
}

/// What ends a time as the projector, or interrupts it.
enum Turn {
    Stop,
    LeaseLost,
    Failed(RunnerError),
    Tidy,
}

impl Leader {
    pub(crate) fn spawn(self) -> std::io::Result<std::thread::JoinHandle<()>> {
        std::thread::Builder::new().name("read-models-lead".to_owned()).spawn(move || self.run())
    }

    fn run(self) {
        let runtime = self.runtime.clone();
        let mut pauses = PAUSES;
        loop {
            let began = Instant::now();
            if let Err(error) = self.lead() {
                tracing::error!(%error, "the read models cannot be kept current from here; beginning again");
            }
            if stopped_within(&runtime, &self.stop, pauses.after(began.elapsed())) {
                return;
            }
        }
    }

    /// Waits for the lease, then keeps the read models current until something ends it.
    fn lead(&self) -> Result<(), RunnerError> {
        let Some(lease) = self.lease()? else { return Ok(()) };
        let Some(first) = self.first_event()? else { return Ok(()) };
        self.server.migrate()?;
        self.server.claim(first)?;
        self.server.tidy()?;
        *self.leads.lock() = true;
        let ended = self.work(&*lease);
        let groups = std::mem::take(&mut *self.groups.lock());
        // Those that wait for a rebuild here learn that it is no longer under way.
        groups.into_iter().for_each(Group::stop);
        self.seats.iter().for_each(|seat| *seat.rebuild.lock() = None);
        *self.leads.lock() = false;
        ended
    }

    fn lease(&self) -> Result<Option<Box<dyn Lease>>, RunnerError> {
        let (mut stop, leases) = (self.stop.clone(), self.server.leases());
        let lease = self.runtime.block_on(async {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => None,
                lease = leases.acquire(TASK) => Some(lease),
            }
        });
        lease.transpose().map_err(|error| {
            RunnerError::Store(StoreError::Server {
                operation: "taking the lease",
                detail: error.to_string(),
            })
        })
    }

    /// Waits for the log to have an event, by which the read models are known to be its own; none if told to stop.
    fn first_event(&self) -> Result<Option<Uuid>, RunnerError> {
        let (mut stop, mut events) = (self.stop.clone(), follow(self.log.clone(), Position::ZERO, 1));
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => Ok(None),
                first = events.next() => Ok(first?.first().map(RecordedEvent::event_id)),
            }
        })
    }

    fn work(&self, lease: &dyn Lease) -> Result<(), RunnerError> {
        let failure = Arc::new(watch::Sender::new(None));
        let work = GroupWork {
            store: self.store.clone(),
            seats: self.seats.clone(),
            log: self.log.clone(),
            steps: self.steps,
            failure: failure.clone(),
        };
        let group = self.runtime.block_on(Group::start(work))?;
        self.groups.lock().push(group);
        tracing::info!(store = self.server.place(), "this node keeps the read models current now");
        loop {
            match self.runtime.block_on(self.turn(lease, failure.subscribe())) {
                Turn::Stop => return Ok(()),
                Turn::LeaseLost => {
                    tracing::warn!("the lease is lost: another node may keep the read models current now");
                    return Ok(());
                }
                Turn::Failed(error) => return Err(error),
                Turn::Tidy => self.server.tidy()?,
            }
        }
    }

    async fn turn(&self, lease: &dyn Lease, failure: watch::Receiver<Option<RunnerError>>) -> Turn {
        let mut stop = self.stop.clone();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => Turn::Stop,
            error = failed(failure) => Turn::Failed(error),
            () = lease.lost() => Turn::LeaseLost,
            () = sleep(TIDY_EVERY) => Turn::Tidy,
        }
    }
}
