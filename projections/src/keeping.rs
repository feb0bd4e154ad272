//! What a node keeps on its own disk, kept going. A lane that fails has met a full disk, or a broken one. Its threads
//! end, and queries go on from the rows of the last commit. When there is room the store is opened again and every
//! lane begins again from its checkpoint, so nothing is missed and nothing is taken twice.

use crate::{
    RunnerError, Steps,
    group::{Group, GroupWork, Groups},
    pauses::{Pauses, stopped_within},
    prepare::answer_from_what_is_there,
    runner::failed,
    seat::Seat,
};
use daybook_event_log::EventLog;
use daybook_read_store::{ReadStore, StoreError};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{runtime::Handle, sync::watch};

/// How often a full disk is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const PAUSES: Pauses =
    Pauses::new(Duration::from_millis(250), Duration::from_secs(30), Duration::from_secs(60));

pub(crate) struct Keeper {
    pub(crate) store: Arc<ReadStore>,
    /// The read models of each lane.
    pub(crate) lanes: Vec<Vec<Arc<Seat>>>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) steps: Steps,
    pub(crate) groups: Groups,
    /// Why a lane stopped; None while all are at work.
    pub(crate) failure: Arc<watch::Sender<Option<RunnerError>>>,
    pub(crate) stop: watch::Receiver<bool>,
}

impl Keeper {
    /// Starts all lanes. Must be called within a tokio runtime.
    pub(crate) async fn begin(&self) -> Result<(), RunnerError> {
        for seats in &self.lanes {
            let (store, seats, log) = (self.store.clone(), seats.clone(), self.log.clone());
            let work = GroupWork { store, seats, log, steps: self.steps, failure: self.failure.clone() };
            let group = Group::start(work).await?;
            self.groups.lock().push(group);
        }
        Ok(())
    }

    /// Begins again whenever a lane has failed, until told to stop.
    pub(crate) fn spawn(self) -> std::io::Result<std::thread::JoinHandle<()>> {
        let runtime = Handle::current();
        std::thread::Builder::new().name("read-models-keep".to_owned()).spawn(move || self.run(&runtime))
    }

    fn run(&self, runtime: &Handle) {
        let mut pauses = PAUSES;
        loop {
            let began = Instant::now();
            if runtime.block_on(self.stopped_before_failing()) {
                return;
            }
            self.end();
            if self.stopped_before_room(runtime, pauses.after(began.elapsed())) {
                return;
            }
            match self.begin_again(runtime) {
                Ok(()) => tracing::info!("the read models are kept current again"),
                Err(error) => {
                    tracing::error!(%error, "the read models cannot be kept current yet");
                    self.failure.send_replace(Some(error));
                }
            }
        }
    }

    async fn stopped_before_failing(&self) -> bool {
        let mut stop = self.stop.clone();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => true,
            _ = failed(self.failure.subscribe()) => false,
        }
    }

    /// Waits for the threads of all lanes, of which one at least has ended.
    fn end(&self) {
        let is_ours =
            |group: &mut Group| self.seats().any(|seat| group.names.contains(&seat.definition.name));
        let ours: Vec<_> = self.groups.lock().extract_if(.., is_ours).collect();
        ours.into_iter().for_each(Group::stop);
        // Those that wait for a rebuild learn that it is not under way; it goes on when the lanes do.
        self.seats().for_each(|seat| *seat.rebuild.lock() = None);
    }

    /// Waits `pause`, and until there is room; whether it was told to stop meanwhile.
    fn stopped_before_room(&self, runtime: &Handle, pause: Duration) -> bool {
        let mut next = pause;
        loop {
            if stopped_within(runtime, &self.stop, next) {
                return true;
            }
            match &*self.store {
                ReadStore::Embedded(door) if !door.has_room() => next = LOOK_EVERY,
                _ => return false,
            }
        }
    }

    fn begin_again(&self, runtime: &Handle) -> Result<(), RunnerError> {
        if let ReadStore::Embedded(door) = &*self.store {
            self.seats().for_each(|seat| seat.live.switch_off(Some(StoreError::Closed)));
            door.reopen()?;
            let seats: Vec<_> = self.seats().cloned().collect();
            answer_from_what_is_there(&seats)?;
        }
        self.failure.send_replace(None);
        runtime.block_on(self.begin())
    }

    fn seats(&self) -> impl Iterator<Item = &Arc<Seat>> {
        self.lanes.iter().flatten()
    }
}
