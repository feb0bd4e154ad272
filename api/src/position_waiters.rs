//! Waiting for read models: requests queue by the position they want to see, and one task wakes those whose
//! position has been reached. (If each request watched the position itself, every commit would wake them all.) How long
//! and how many may wait is `edge/waits.rs`.

use crate::edge::{WaitEnd, Waits};
use daybook_event_log::Position;
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{oneshot, watch};

/// The queue. Cheap to clone; all clones are one queue.
#[derive(Clone)]
pub(crate) struct PositionWaiters {
    /// What all of the read models show.
    position: Arc<watch::Sender<Position>>,
    queue: Arc<Mutex<Queue>>,
    /// Numbers the waiters.
    arrived: Arc<AtomicU64>,
    waits: Arc<Waits>,
}

/// By the position that is waited for, and the waiter's number.
type Queue = BTreeMap<(u64, u64), oneshot::Sender<()>>;

/// A place in the queue, which is left when this is dropped.
struct QueuePlace<'a> {
    waiters: &'a PositionWaiters,
    key: (u64, u64),
}

impl Drop for QueuePlace<'_> {
    fn drop(&mut self) {
        self.waiters.queue.lock().remove(&self.key);
    }
}

impl PositionWaiters {
    /// A queue for the read models whose progress `models` tell; its task ends with them.
    pub(crate) fn new(models: Vec<watch::Receiver<Position>>, waits: Arc<Waits>) -> Self {
        let waiters =
            Self { position: Arc::default(), queue: Arc::default(), arrived: Arc::default(), waits };
        tokio::spawn(waiters.clone().wake(models));
        waiters
    }

    /// Everything up to here is visible.
    pub(crate) fn position(&self) -> u64 {
        self.position.borrow().get()
    }

    /// Waits until `position` is visible, at most `within`.
    pub(crate) async fn reached(&self, position: u64, within: Duration) -> Result<(), WaitEnd> {
        if self.position() >= position {
            return Ok(());
        }
        if within.is_zero() {
            return Err(WaitEnd::NotInTime);
        }
        let (reached, wait) = oneshot::channel();
        let key = (position, self.arrived.fetch_add(1, Ordering::Relaxed));
        self.queue.lock().insert(key, reached);
        let _place = QueuePlace { waiters: self, key };
        // It may have been reached while this took its place, before the waker could see it.
        if self.position() >= position {
            return Ok(());
        }
        // The sender is never dropped before the place.
        self.waits.wait(within, wait).await.map(drop)
    }

    async fn wake(self, mut models: Vec<watch::Receiver<Position>>) {
        let Some((first, others)) = models.split_first_mut() else { return };
        loop {
            let shown = *first.borrow_and_update();
            for other in &mut *others {
                if other.wait_for(|position| *position >= shown).await.is_err() {
                    return;
                }
            }
            self.position.send_replace(shown);
            self.wake_up_to(shown.get());
            if first.changed().await.is_err() {
                return;
            }
        }
    }

    fn wake_up_to(&self, position: u64) {
        let mut queue = self.queue.lock();
        let later = queue.split_off(&(position.saturating_add(1), 0));
        let reached = std::mem::replace(&mut *queue, later);
        drop(queue);
        for (_, waiter) in reached {
            // The request may be gone.
            let _ = waiter.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_util::sync::CancellationToken;

    fn waiters() -> (watch::Sender<Position>, PositionWaiters) {
        let (publish, position) = watch::channel(Position::ZERO);
        let waits = Arc::new(Waits::new(CancellationToken::new()));
        (publish, PositionWaiters::new(vec![position], waits))
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_is_woken_when_its_position_is_reached_and_not_before() {
        let (publish, waiters) = waiters();
        let reader = tokio::spawn({
            let waiters = waiters.clone();
            async move { waiters.reached(5, Duration::from_secs(60)).await }
        });
        publish.send(Position::new(4)).unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!reader.is_finished());
        publish.send(Position::new(5)).unwrap();
        assert_eq!(reader.await.unwrap(), Ok(()));
        assert!(waiters.queue.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_gives_up_or_is_dropped_leaves_nothing_in_the_queue() {
        let (_publish, waiters) = waiters();
        assert_eq!(waiters.reached(1, Duration::from_secs(3)).await, Err(WaitEnd::NotInTime));
        {
            let dropped = waiters.reached(u64::MAX, Duration::from_secs(30));
            tokio::time::timeout(Duration::from_secs(1), dropped).await.unwrap_err();
        }
        assert!(waiters.queue.lock().is_empty());
    }
}
