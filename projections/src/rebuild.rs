//! Fills a new generation beside the one that answers, then hands it to the group to be switched to. What fails on the
//! way is tried again from the generation's checkpoint, after a pause; the rows that answer are not touched.
//!
//! Side effects: none. Projections write rows and nothing else, so filling again is invisible until the switch.

use crate::{
    FollowLimits, RunnerError,
    applier::Applier,
    apply_loop::Message,
    commit_group::CommitGroup,
    decoded::DecodedRecord,
    failure::caught,
    status::{ProgressMeter, ProjectionStatus},
};
use daybook_event_log::EventLog;
use daybook_subscriptions::{Backoff, BackoffLimits, CancellationToken, Source};
use std::{
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::Instant,
};
use tokio::{runtime::Handle, time::sleep};

/// What a rebuild works with.
pub(crate) struct Rebuild {
    /// With the one applier whose generation is to be filled.
    pub(crate) group: CommitGroup,
    pub(crate) status: Arc<ProjectionStatus>,
    pub(crate) log: Arc<dyn EventLog>,
    /// The group to hand it to.
    pub(crate) adopter: mpsc::Sender<Message>,
    /// Gives up when cancelled; the next start goes on from where it was.
    pub(crate) stop: CancellationToken,
}

impl Rebuild {
    /// Begins; from now on the projection's status shows how far it is.
    pub(crate) fn spawn(self, runtime: Handle) -> std::io::Result<JoinHandle<()>> {
        let (status, thread) = (self.status.clone(), format!("rebuild-{}", self.status.definition.name));
        let meter = ProgressMeter::new(self.group.appliers[0].checkpoint.position);
        self.report(&meter);
        let begun = std::thread::Builder::new().name(thread.clone()).spawn(move || {
            daybook_event_log::lower_priority();
            let shown = self.status.clone();
            let ended = caught(&thread, || {
                self.run(&thread, &runtime, &meter);
                Ok(())
            });
            if let Err(error) = ended {
                tracing::error!(%error, thread, "the rebuild stopped; the old rows go on answering");
                *shown.rebuild.lock() = None;
            }
        });
        if begun.is_err() {
            *status.rebuild.lock() = None;
        }
        begun
    }

    fn report(&self, meter: &ProgressMeter) {
        let (applier, head) = (&self.group.appliers[0], *self.log.head().borrow());
        let at = applier.checkpoint.position;
        let progress = meter.progress(applier.definition.name, applier.generation.id(), at, head);
        *self.status.rebuild.lock() = Some(progress);
    }

    fn run(mut self, thread: &str, runtime: &Handle, meter: &ProgressMeter) {
        let mut backoff = Backoff::new(BackoffLimits::DEFAULT, 0);
        loop {
            let began = Instant::now();
            let filled = caught(thread, || self.fill(runtime, meter));
            let Err(error) = filled else { break };
            let pause = backoff.after(began.elapsed());
            tracing::error!(%error, thread, ?pause, "the rebuild failed and is tried again; the old rows go on answering");
            // Within the runtime, which the timer belongs to.
            runtime.block_on(async { self.stop.run_until_cancelled(sleep(pause)).await });
            if self.stop.is_cancelled() {
                return;
            }
            // Nothing in memory is relied on after a failure.
            match caught(thread, || Ok(self.again()?)) {
                Ok(group) => self.group = group,
                Err(error) => tracing::error!(%error, thread, "the rebuild cannot go on yet"),
            }
        }
        if self.stop.is_cancelled() {
            return;
        }
        let applier = Box::new(self.group.appliers.remove(0));
        // If the group is gone, so is the process' wish for a rebuild; the next start goes on with it.
        let _ = self.adopter.send(Message::Adopt(applier));
    }

    /// To the log's end, or until it is to stop.
    fn fill(&mut self, runtime: &Handle, meter: &ProgressMeter) -> Result<(), RunnerError> {
        let from = self.group.appliers[0].checkpoint.position;
        let interests = self.status.definition.interests;
        let limits = FollowLimits::filling(&self.group.store).page();
        let mut source = Source::new(self.log.clone(), from, limits);
        while !self.stop.is_cancelled() {
            self.report(meter);
            let Some(page) = runtime.block_on(source.now())? else { break };
            self.group.apply(&DecodedRecord::page(page, &interests))?;
        }
        Ok(())
    }

    /// The same generation, from its checkpoint.
    fn again(&self) -> Result<CommitGroup, daybook_read_store::StoreError> {
        let (store, definition) = (&self.group.store, &self.status.definition);
        let id = self.group.appliers[0].generation.id();
        let generation = store.generation(definition.name, id, definition.kinds)?;
        let applier = Applier::new(definition.clone(), generation, store)?;
        Ok(CommitGroup::new(store.clone(), vec![applier]))
    }
}
