//! Fills a new generation beside the one that answers, then hands it to the lane to be switched to.
//!
//! Side effects: none. Projections write rows and nothing else, so filling again is invisible until the switch.

use crate::{
    RunnerError, Steps,
    decoded::Reader,
    lane::Lane,
    runner::Message,
    seat::{Pace, Seat},
};
use daybook_event_log::EventLog;
use std::{
    sync::{Arc, mpsc},
    thread::JoinHandle,
};
use tokio::{runtime::Handle, sync::watch};

/// What a rebuild works with.
pub(crate) struct Rebuild {
    /// With the one member to be filled.
    pub(crate) lane: Lane,
    pub(crate) seat: Arc<Seat>,
    pub(crate) log: Arc<dyn EventLog>,
    /// The lane to hand it to.
    pub(crate) adopter: mpsc::Sender<Message>,
    /// Gives up when true; the next start goes on from where it was.
    pub(crate) stop: watch::Receiver<bool>,
}

impl Rebuild {
    /// Begins; from now on the seat tells how far it is.
    pub(crate) fn spawn(self, runtime: Handle) -> std::io::Result<JoinHandle<()>> {
        let (name, seat) = (self.seat.definition.name, self.seat.clone());
        let pace = Pace::new(self.lane.members[0].checkpoint.position);
        self.tell(&pace);
        let begun = std::thread::Builder::new().name(format!("rebuild-{name}")).spawn(move || {
            daybook_event_log::lower_priority();
            let seat = self.seat.clone();
            if let Err(error) = self.run(&runtime, &pace) {
                tracing::error!(%error, projection = name, "the rebuild stopped; the old rows go on answering");
                *seat.rebuild.lock() = None;
            }
        });
        if begun.is_err() {
            *seat.rebuild.lock() = None;
        }
        begun
    }

    fn tell(&self, pace: &Pace) {
        let (member, head) = (&self.lane.members[0], *self.log.head().borrow());
        let at = member.checkpoint.position;
        let progress = pace.progress(member.definition.name, member.generation.id(), at, head);
        *self.seat.rebuild.lock() = Some(progress);
    }

    fn run(mut self, runtime: &Handle, pace: &Pace) -> Result<(), RunnerError> {
        let from = self.lane.members[0].checkpoint.position;
        let interests = self.seat.definition.interests;
        let mut reader =
            Reader::new(self.log.clone(), interests, from, None, Steps::filling(&self.lane.store));
        loop {
            self.tell(pace);
            if *self.stop.borrow() {
                return Ok(());
            }
            let events = runtime.block_on(reader.read())?;
            if events.is_empty() {
                break;
            }
            self.lane.apply(&events)?;
        }
        let member = Box::new(self.lane.members.remove(0));
        // If the lane is gone, so is the process' wish for a rebuild; the next start goes on with it.
        let _ = self.adopter.send(Message::Adopt(member));
        Ok(())
    }
}
