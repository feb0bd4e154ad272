//! Waiting for what becomes of an order.

use ahash::AHashMap;
use daybook_domain::{Event, OrderId, order::OrderEvent, order::RejectReason};
use daybook_event_log::{EventLog, Position, RecordedEvent, StreamId, Version};
use parking_lot::Mutex;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{sync::oneshot, time::sleep};

/// After how long without news the order's stream is read: the order may have been decided before anybody
/// watched it, or on another node.
const FIRST_LOOK: Duration = Duration::from_millis(25);
const LAST_LOOK: Duration = Duration::from_secs(1);

/// What became of an order's checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderOutcome {
    Confirmed { position: Position },
    Rejected { reason: RejectReason, position: Position },
    Cancelled { reason: String, position: Position },
}

impl OrderOutcome {
    pub(crate) fn of(event: &Event, position: Position) -> Option<(OrderId, Self)> {
        match event {
            Event::Order(OrderEvent::OrderConfirmed(event)) => {
                Some((event.order_id, Self::Confirmed { position }))
            }
            Event::Order(OrderEvent::OrderRejected(event)) => {
                let reason = event.reason.clone();
                Some((event.order_id, Self::Rejected { reason, position }))
            }
            Event::Order(OrderEvent::OrderCancelled(event)) => {
                let reason = event.reason.clone();
                Some((event.order_id, Self::Cancelled { reason, position }))
            }
            _ => None,
        }
    }
}

/// Who waits for which order.
#[derive(Default)]
pub(crate) struct OrderOutcomeWaiters {
    waiting: Mutex<AHashMap<OrderId, Vec<oneshot::Sender<OrderOutcome>>>>,
    count: AtomicUsize,
}

impl OrderOutcomeWaiters {
    pub(crate) fn watch(self: &Arc<Self>, order_id: OrderId, log: Arc<dyn EventLog>) -> OrderOutcomeWaiter {
        let (sender, news) = oneshot::channel();
        let mut waiting = self.waiting.lock();
        waiting.entry(order_id).or_default().push(sender);
        self.count.store(waiting.len(), Ordering::Release);
        drop(waiting);
        OrderOutcomeWaiter { order_id, news, known: None, log, watches: Arc::clone(self) }
    }

    /// Tells those who wait for it what has become of an order, durably.
    pub(crate) fn decided(&self, order_id: OrderId, outcome: &OrderOutcome) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut waiting = self.waiting.lock();
        let watchers = waiting.remove(&order_id).unwrap_or_default();
        self.count.store(waiting.len(), Ordering::Release);
        drop(waiting);
        for watcher in watchers {
            let _ = watcher.send(outcome.clone());
        }
    }

    fn leave(&self, order_id: OrderId) {
        let mut waiting = self.waiting.lock();
        if let Some(watchers) = waiting.get_mut(&order_id) {
            watchers.retain(|watcher| !watcher.is_closed());
            if watchers.is_empty() {
                waiting.remove(&order_id);
            }
        }
        self.count.store(waiting.len(), Ordering::Release);
    }
}

/// A place in the queue for an order's outcome. Dropping it leaves the queue.
pub struct OrderOutcomeWaiter {
    order_id: OrderId,
    news: oneshot::Receiver<OrderOutcome>,
    known: Option<OrderOutcome>,
    log: Arc<dyn EventLog>,
    watches: Arc<OrderOutcomeWaiters>,
}

impl OrderOutcomeWaiter {
    /// Reads in the log what has become of the order, so that [`OrderOutcomeWaiter::outcome`] need not wait for it. For
    /// orders that may have been decided before anybody watched: a retry's.
    pub async fn look_back(&mut self) {
        if self.known.is_none() {
            self.known = self.look().await;
        }
    }

    /// Resolves when the order is confirmed, rejected or cancelled; soon, if it was before anybody watched.
    /// Never, if it never is: wait with a limit. Cancel-safe.
    pub async fn outcome(&mut self) -> OrderOutcome {
        let mut look_after = FIRST_LOOK;
        loop {
            if let Some(known) = &self.known {
                return known.clone();
            }
            tokio::select! {
                biased;
                news = &mut self.news, if !self.news.is_terminated() => self.known = news.ok(),
                () = sleep(look_after) => {
                    look_after = LAST_LOOK.min(look_after * 2);
                    self.known = self.look().await;
                }
            }
        }
    }

    /// What the log says has become of the order, if anything.
    async fn look(&self) -> Option<OrderOutcome> {
        let stream = StreamId::new("order", self.order_id).ok()?;
        let mut from = Version::new(1);
        loop {
            let events = self.log.read_stream(&stream, from, 256).await.ok()?;
            from = events.last()?.version().next();
            let decided = events.iter().find_map(outcome_of);
            if decided.is_some() {
                return decided;
            }
        }
    }
}

fn outcome_of(recorded: &RecordedEvent) -> Option<OrderOutcome> {
    let event_type = recorded.event_type();
    if !["OrderConfirmed", "OrderRejected", "OrderCancelled"].contains(&event_type) {
        return None;
    }
    let event = Event::decode("order", event_type, recorded.schema_version(), recorded.payload()).ok()?;
    OrderOutcome::of(&event, recorded.position()).map(|(_, outcome)| outcome)
}

impl Drop for OrderOutcomeWaiter {
    fn drop(&mut self) {
        self.news.close();
        if !self.news.is_terminated() {
            self.watches.leave(self.order_id);
        }
    }
}
