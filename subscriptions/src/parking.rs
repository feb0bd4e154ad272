//! A follower that handles one event at a time and parks what it cannot handle: behind a poison event only its own stream
//! waits, everything else goes on. Position and dead letters are stored, so it begins where it was.
//!
//! For followers whose streams do not depend on each other and whose effects may be repeated after a crash.

use crate::{CheckpointStore, DeadLetterError, DeadLetters, Fault, Page, Subscriber};
use async_trait::async_trait;
use daybook_event_log::{EventLog, Position, RecordedEvent};
use std::sync::Arc;

/// Handles one event.
#[async_trait]
pub trait EventHandler: Send {
    /// Whether it handles this event.
    fn wants(&self, event: &RecordedEvent) -> bool;

    /// Handles it. After a crash it may come again. [`Fault::Event`] parks its stream.
    async fn handle(&mut self, event: &RecordedEvent) -> Result<(), Fault>;
}

/// An [`EventHandler`] as a [`Subscriber`].
pub struct Parking<H> {
    handler: H,
    log: Arc<dyn EventLog>,
    checkpoint: Arc<dyn CheckpointStore>,
    letters: Arc<DeadLetters>,
}

impl<H: EventHandler> Parking<H> {
    /// Keeps its position in `checkpoint` and what it cannot handle in `letters`.
    #[must_use]
    pub fn new(
        handler: H,
        log: Arc<dyn EventLog>,
        checkpoint: Arc<dyn CheckpointStore>,
        letters: Arc<DeadLetters>,
    ) -> Self {
        Self { handler, log, checkpoint, letters }
    }

    /// Handles an event, or parks it.
    async fn take(&mut self, event: &RecordedEvent) -> Result<(), Fault> {
        if self.letters.is_parked(event.stream()) {
            return self.park(event, None).await;
        }
        match self.handler.handle(event).await {
            Err(Fault::Event { why, .. }) => {
                let (position, stream) = (event.position().get(), event.stream());
                tracing::error!(
                    position,
                    stream,
                    why,
                    "an event cannot be handled; its stream waits for a person"
                );
                self.park(event, Some(why)).await
            }
            handled => handled,
        }
    }

    async fn park(&mut self, event: &RecordedEvent, why: Option<String>) -> Result<(), Fault> {
        let event = event.clone();
        self.stored(move |letters| letters.park(event.position(), event.stream(), why)).await
    }

    /// Retries the letters of a stream, in order, until one fails again.
    async fn retry(&mut self, stream: &str) -> Result<(), Fault> {
        for letter in self.letters.of_stream(stream) {
            let read = self.log.read_all(letter.position, 1).await?;
            let Some(event) = read.first() else { return Ok(()) };
            match self.handler.handle(event).await {
                Ok(()) => self.stored(move |letters| letters.handled(letter.position)).await?,
                Err(Fault::Event { why, .. }) => return self.park(event, Some(why)).await,
                Err(fault) => {
                    // It was asked for, and goes on after the fault.
                    self.letters.retry(stream);
                    return Err(fault);
                }
            }
        }
        Ok(())
    }

    async fn stored(
        &mut self,
        change: impl FnOnce(&DeadLetters) -> Result<(), DeadLetterError> + Send + 'static,
    ) -> Result<(), Fault> {
        let letters = self.letters.clone();
        let changed = tokio::task::spawn_blocking(move || change(&letters)).await;
        match changed {
            Ok(Ok(()) | Err(DeadLetterError::Unknown { .. })) => Ok(()),
            // No room, in the list or on the disk: it stands still until there is.
            Ok(Err(error)) => Err(Fault::Passing(error.to_string())),
            Err(error) => Err(Fault::Passing(error.to_string())),
        }
    }
}

#[async_trait]
impl<H: EventHandler> Subscriber for Parking<H> {
    fn wants(&self, event: &RecordedEvent) -> bool {
        self.handler.wants(event)
    }

    async fn start(&mut self) -> Result<Position, Fault> {
        let saved = self.checkpoint.load().await?;
        let position = saved.and_then(|saved| std::str::from_utf8(&saved).ok()?.parse().ok());
        Ok(Position::new(position.unwrap_or(0)))
    }

    async fn handle(&mut self, page: Page) -> Result<(), Fault> {
        for event in &page.events {
            self.take(event).await?;
        }
        self.checkpoint.save(page.last.to_string().as_bytes()).await
    }

    async fn upkeep_due(&mut self) {
        self.letters.retry_asked().await;
    }

    async fn upkeep(&mut self) -> Result<(), Fault> {
        while let Some(stream) = self.letters.take_due() {
            self.retry(&stream).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        CheckpointFile, Following, PAGE, Status, Supervisor, TaskSpec,
        testing::{append, embedded},
    };
    use daybook_event_log::LocalLeases;
    use parking_lot::Mutex;
    use std::path::Path;
    use tokio_util::sync::CancellationToken;

    /// What was handled, and which positions cannot be handled at the moment.
    #[derive(Clone, Default)]
    struct Shared {
        handled: Arc<Mutex<Vec<u64>>>,
        poison: Arc<Mutex<Vec<u64>>>,
    }

    #[async_trait]
    impl EventHandler for Shared {
        fn wants(&self, _: &RecordedEvent) -> bool {
            true
        }

        async fn handle(&mut self, event: &RecordedEvent) -> Result<(), Fault> {
            let at = event.position();
            if self.poison.lock().contains(&at.get()) {
                return Err(Fault::Event { at, why: "poison".to_owned() });
            }
            self.handled.lock().push(at.get());
            Ok(())
        }
    }

    struct Running {
        stop: CancellationToken,
        supervisor: Supervisor,
        letters: Arc<DeadLetters>,
    }

    fn start(log: &Arc<dyn EventLog>, folder: &Path, shared: &Shared) -> Running {
        let stop = CancellationToken::new();
        let supervisor = Supervisor::new(stop.clone());
        let letters = Arc::new(DeadLetters::open(folder.join("letters"), 100).unwrap());
        let following = Following::new(log.clone(), Arc::new(LocalLeases::default()), "sample", PAGE);
        let checkpoint: Arc<dyn CheckpointStore> = Arc::new(CheckpointFile::new(folder.join("position")));
        let (log, shared, kept) = (log.clone(), shared.clone(), letters.clone());
        supervisor.task(TaskSpec::new("sample"), move |context| {
            let (following, handler) = (following.clone(), shared.clone());
            let parking = Parking::new(handler, log.clone(), checkpoint.clone(), kept.clone());
            async move { following.run(parking, context).await }
        });
        Running { stop, supervisor, letters }
    }

    async fn until(mut is_so: impl FnMut() -> bool) {
        while !is_so() {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }

    #[tokio::test]
    async fn a_poison_event_stops_only_its_stream_and_goes_on_in_order_when_retried_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let log = embedded(&folder.path().join("log"));
        let shared = Shared::default();
        shared.poison.lock().push(4);
        append(&log, 9).await;
        let first = start(&log, folder.path(), &shared);
        until(|| first.letters.list().len() == 2).await;
        until(|| shared.handled.lock().len() == 7).await;
        assert_eq!(*shared.handled.lock(), [1, 2, 3, 5, 6, 8, 9], "4 and 7 are of one stream");
        assert_eq!(first.supervisor.statuses()[0].status, Status::Running);
        until(|| folder.path().join("position").exists()).await;
        first.stop.cancel();
        first.supervisor.ended().await;

        append(&log, 1).await;
        let second = start(&log, folder.path(), &shared);
        until(|| second.letters.list().len() == 3).await;
        assert!(second.letters.retry("sample-1"));
        until(|| second.letters.list()[0].attempts == 2).await;
        assert_eq!(shared.handled.lock().len(), 7, "it is poison still, so those behind it wait");
        shared.poison.lock().clear();
        assert!(second.letters.retry("sample-1"));
        until(|| second.letters.list().is_empty()).await;
        assert_eq!(shared.handled.lock()[7..], [4, 7, 10]);
        second.stop.cancel();
        second.supervisor.ended().await;
    }

    #[tokio::test]
    async fn a_skipped_event_is_never_handled_and_those_behind_it_are() {
        let folder = tempfile::tempdir().unwrap();
        let log = embedded(&folder.path().join("log"));
        let shared = Shared::default();
        shared.poison.lock().push(1);
        append(&log, 4).await;
        let running = start(&log, folder.path(), &shared);
        until(|| running.letters.list().len() == 2).await;
        running.letters.skip(Position::new(1), "a test").unwrap();
        until(|| running.letters.list().is_empty()).await;
        assert_eq!(*shared.handled.lock(), [2, 3, 4]);
        assert_eq!(running.letters.skipped()[0].reason, "a test");
    }
}
