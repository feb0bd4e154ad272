//! Waiting for read models: requests queue by the position they want to see, and one task wakes those whose
//! position has been reached. (If each request watched the position itself, every commit would wake them all.)

use daybook_event_log::Position;
use parking_lot::Mutex;
use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
    sync::Arc,
    time::Duration,
};
use tokio::sync::{oneshot, watch};

/// The queue. Cheap to clone; all clones are one queue.
#[derive(Clone)]
pub(crate) struct PositionWaiters {
    /// What all of the read models show.
    position: Arc<watch::Sender<Position>>,
    queue: Arc<Mutex<BinaryHeap<Reverse<Waiter>>>>,
}

struct Waiter {
    position: u64,
    reached: oneshot::Sender<()>,
}

impl PositionWaiters {
    /// A queue for the read models whose progress `models` tell; its task ends with them.
    pub(crate) fn new(models: Vec<watch::Receiver<Position>>) -> Self {
        let waiters = Self { position: Arc::default(), queue: Arc::default() };
        tokio::spawn(waiters.clone().wake(models));
        waiters
    }

    /// Everything up to here is visible.
    pub(crate) fn position(&self) -> u64 {
        self.position.borrow().get()
    }

    /// Whether `position` is visible, after at most `within`.
    pub(crate) async fn reached(&self, position: u64, within: Duration) -> bool {
        if self.position() >= position {
            return true;
        }
        if within.is_zero() {
            return false;
        }
        let (reached, wait) = oneshot::channel();
        self.queue.lock().push(Reverse(Waiter { position, reached }));
        // It may have been reached while this took its place, before the waker could see it.
        if self.position() >= position {
            return true;
        }
        matches!(tokio::time::timeout(within, wait).await, Ok(Ok(())))
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
        loop {
            let mut queue = self.queue.lock();
            match queue.peek() {
                Some(Reverse(waiter)) if waiter.position <= position => {}
                _ => return,
            }
            let waiter = queue.pop();
            drop(queue);
            if let Some(Reverse(waiter)) = waiter {
                // The request may be gone.
                let _ = waiter.reached.send(());
            }
        }
    }
}

impl PartialEq for Waiter {
    fn eq(&self, other: &Self) -> bool {
        self.position == other.position
    }
}

impl Eq for Waiter {}

impl PartialOrd for Waiter {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiter {
    fn cmp(&self, other: &Self) -> Ordering {
        self.position.cmp(&other.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_reader_is_woken_when_its_position_is_reached_and_not_before() {
        let (publish, position) = watch::channel(Position::ZERO);
        let waiters = PositionWaiters::new(vec![position]);
        let reader = tokio::spawn({
            let waiters = waiters.clone();
            async move { waiters.reached(5, Duration::from_secs(60)).await }
        });
        publish.send(Position::new(4)).unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!reader.is_finished());
        publish.send(Position::new(5)).unwrap();
        assert!(reader.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_gives_up_after_its_time() {
        let (_publish, position) = watch::channel(Position::ZERO);
        assert!(!PositionWaiters::new(vec![position]).reached(1, Duration::from_secs(3)).await);
    }
}
