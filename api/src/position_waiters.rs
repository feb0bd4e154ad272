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
pub(crate) struct Waiting {
    /// What all of the read models show.
    position: Arc<watch::Sender<Position>>,
    queue: Arc<Mutex<BinaryHeap<Reverse<Place>>>>,
}

struct Place {
    position: u64,
    reached: oneshot::Sender<()>,
}

impl Waiting {
    /// A queue for the read models whose progress `models` tell; its task ends with them.
    pub(crate) fn new(models: Vec<watch::Receiver<Position>>) -> Self {
        let waiting = Self { position: Arc::default(), queue: Arc::default() };
        tokio::spawn(waiting.clone().wake(models));
        waiting
    }

    /// Everything up to here is visible.
    pub(crate) fn position(&self) -> u64 {
        self.position.borrow().get()
    }

    /// Whether `position` is visible, after at most `patience`.
    pub(crate) async fn reached(&self, position: u64, patience: Duration) -> bool {
        if self.position() >= position {
            return true;
        }
        if patience.is_zero() {
            return false;
        }
        let (reached, wait) = oneshot::channel();
        self.queue.lock().push(Reverse(Place { position, reached }));
        // It may have been reached while this took its place, when nobody saw it yet.
        if self.position() >= position {
            return true;
        }
        matches!(tokio::time::timeout(patience, wait).await, Ok(Ok(())))
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
                Some(Reverse(place)) if place.position <= position => {}
                _ => return,
            }
            let place = queue.pop();
            drop(queue);
            if let Some(Reverse(place)) = place {
                // Whoever waited may have gone.
                let _ = place.reached.send(());
            }
        }
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.position == other.position
    }
}

impl Eq for Place {}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
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
        let waiting = Waiting::new(vec![position]);
        let reader = tokio::spawn({
            let waiting = waiting.clone();
            async move { waiting.reached(5, Duration::from_secs(60)).await }
        });
        publish.send(Position::new(4)).unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!reader.is_finished());
        publish.send(Position::new(5)).unwrap();
        assert!(reader.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_gives_up_after_its_patience() {
        let (_publish, position) = watch::channel(Position::ZERO);
        assert!(!Waiting::new(vec![position]).reached(1, Duration::from_secs(3)).await);
    }
}
