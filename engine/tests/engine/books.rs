//! Looks at a whole log afterwards and says whether its books agree.

use daybook_domain::{
    CartId, Event, OrderId, Sku,
    inventory::InventoryEvent,
    order::{OrderEvent, OrderPlaced},
    payment::PaymentEvent,
};
use daybook_engine::Outcome;
use daybook_event_log::{EventLog, MemoryLog, Position, RecordedEvent};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt,
};
use uuid::Uuid;

pub(crate) struct Books {
    recorded: Vec<RecordedEvent>,
    events: Vec<Event>,
}

impl Books {
    pub(crate) async fn read(log: &MemoryLog) -> Self {
        let recorded = log.read_all(Position::new(1), usize::MAX).await.expect("reads");
        let decode = |recorded: &RecordedEvent| {
            Event::decode(
                recorded.aggregate(),
                recorded.event_type(),
                recorded.schema_version(),
                recorded.payload(),
            )
            .expect("what was written can be read")
        };
        let events = recorded.iter().map(decode).collect();
        Self { recorded, events }
    }

    pub(crate) fn numbers_are_dense(&self) {
        let mut versions: HashMap<&str, u64> = HashMap::new();
        for (recorded, position) in self.recorded.iter().zip(1..) {
            assert_eq!(recorded.position().get(), position);
            let version = versions.entry(recorded.stream()).or_insert(0);
            *version += 1;
            assert_eq!(recorded.version().get(), *version, "{recorded:?}");
        }
    }

    pub(crate) fn commands_happened_once(&self) {
        let mut ended: HashSet<Uuid> = HashSet::new();
        let mut ids = HashSet::new();
        let mut last: HashMap<&str, Uuid> = HashMap::new();
        for recorded in &self.recorded {
            assert!(ids.insert(recorded.event_id()), "{recorded:?} has an id of its own");
            let before = last.insert(recorded.stream(), recorded.command_id());
            if before != Some(recorded.command_id()) {
                assert!(ended.insert(recorded.command_id()), "{recorded:?}: its command happened before");
            }
        }
    }

    /// What follows from an event stands behind it: nothing is left of what a crash has taken the cause of.
    pub(crate) fn causes_are_there(&self) {
        let mut seen = HashSet::new();
        for recorded in &self.recorded {
            let cause = recorded.causation_id();
            let is_there = cause == recorded.command_id() || seen.contains(&cause);
            assert!(is_there, "{recorded:?} by {}: its cause is not in the log", recorded.actor());
            seen.insert(recorded.event_id());
        }
    }

    /// How many events of this type there are.
    pub(crate) fn count(&self, event_type: &str) -> usize {
        self.recorded.iter().filter(|recorded| recorded.event_type() == event_type).count()
    }

    pub(crate) fn hold(&self, acknowledged: &[Outcome]) {
        for outcome in acknowledged.iter().filter(|outcome| !outcome.events.is_empty()) {
            let at = usize::try_from(outcome.position.get()).expect("small") - 1;
            let recorded = self.recorded.get(at).expect("what was acknowledged is there");
            assert_eq!(recorded.stream(), outcome.stream.as_str());
            assert_eq!(recorded.version(), outcome.version);
            assert_eq!(self.events.get(at), outcome.events.last());
        }
    }

    /// The cart became one order, it was confirmed or rejected, and stock and payment say the same.
    pub(crate) fn order_is_decided_and_agrees(&self, cart: CartId) {
        let order = cart.order_id();
        let mut placed: Option<&OrderPlaced> = None;
        let (mut confirmed, mut refused) = (0, 0);
        for event in self.events.iter().filter_map(order_event) {
            match event {
                OrderEvent::OrderPlaced(event) if event.order_id == order => {
                    assert!(placed.replace(event).is_none(), "{order} was placed twice");
                }
                OrderEvent::OrderConfirmed(event) if event.order_id == order => confirmed += 1,
                OrderEvent::OrderRejected(event) if event.order_id == order => refused += 1,
                _ => {}
            }
        }
        let placed = placed.unwrap_or_else(|| panic!("{order} was placed"));
        assert_eq!(confirmed + refused, 1, "{order} is decided once");
        let (held, committed) = self.stock_of(order);
        let authorized = self.is_authorized(order);
        if confirmed == 1 {
            let mut ordered: BTreeMap<Sku, u32> = BTreeMap::new();
            for line in &placed.lines {
                *ordered.entry(line.sku.clone()).or_insert(0) += line.quantity.get();
            }
            assert_eq!(held, ordered, "{order}: stock held for what was ordered");
            assert!(ordered.keys().all(|sku| committed.contains(sku)), "{order}: stock is committed");
            assert!(authorized, "{order} is confirmed, so it is paid for");
        } else {
            assert_eq!(held, BTreeMap::new(), "{order} is rejected, so nothing is held");
            assert!(!authorized, "{order} is rejected, so no money is set aside");
        }
    }

    /// Units still set aside for an order, and the SKUs of which they are committed.
    fn stock_of(&self, order: OrderId) -> (BTreeMap<Sku, u32>, BTreeSet<Sku>) {
        let mut held = BTreeMap::new();
        let mut committed = BTreeSet::new();
        for event in &self.events {
            match event {
                Event::Inventory(InventoryEvent::StockReserved(event)) if event.order_id == order => {
                    let units = event.allocations.iter().map(|part| part.quantity.get()).sum::<u32>();
                    assert!(
                        held.insert(event.sku.clone(), units).is_none(),
                        "{order} holds {} twice",
                        event.sku
                    );
                }
                Event::Inventory(InventoryEvent::ReservationCommitted(event)) if event.order_id == order => {
                    committed.insert(event.sku.clone());
                }
                Event::Inventory(InventoryEvent::ReservationReleased(event)) if event.order_id == order => {
                    held.remove(&event.sku);
                    committed.remove(&event.sku);
                }
                Event::Inventory(InventoryEvent::ReservationExpired(event)) if event.order_id == order => {
                    held.remove(&event.sku);
                }
                _ => {}
            }
        }
        (held, committed)
    }

    fn is_authorized(&self, order: OrderId) -> bool {
        let mut authorized = false;
        for event in &self.events {
            match event {
                Event::Payment(PaymentEvent::PaymentAuthorized(event)) if event.order_id == order => {
                    authorized = true;
                }
                Event::Payment(PaymentEvent::PaymentVoided(event)) if event.order_id == order => {
                    authorized = false;
                }
                _ => {}
            }
        }
        authorized
    }

    /// What left is paid for, what was given back is paid back, and nothing else.
    pub(crate) fn money_follows_goods(&self, order: OrderId) {
        let (mut shipped, mut captured, mut credited, mut refunded) = (0, 0, 0, 0);
        for event in &self.events {
            match event {
                Event::Order(OrderEvent::OrderShipped(event)) if event.order_id == order => {
                    shipped += event.amount.minor;
                }
                Event::Order(OrderEvent::OrderCredited(event)) if event.order_id == order => {
                    credited += event.amount.minor;
                }
                Event::Payment(PaymentEvent::PaymentCaptured(event)) if event.order_id == order => {
                    captured += event.amount.minor;
                }
                Event::Payment(PaymentEvent::PaymentRefunded(event)) if event.order_id == order => {
                    refunded += event.amount.minor;
                }
                _ => {}
            }
        }
        assert_eq!((captured, refunded), (shipped, credited), "{order}: captured and refunded");
    }

    pub(crate) fn stock_is_never_oversold(&self) {
        let mut free: BTreeMap<Sku, i64> = BTreeMap::new();
        for (event, recorded) in self.events.iter().zip(&self.recorded) {
            let Event::Inventory(event) = event else { continue };
            let (sku, change) = match event {
                InventoryEvent::StockReceived(event) => (&event.sku, i64::from(event.quantity.get())),
                InventoryEvent::StockReserved(event) => {
                    let units = event.allocations.iter().map(|part| i64::from(part.quantity.get()));
                    (&event.sku, -units.sum::<i64>())
                }
                InventoryEvent::ReservationReleased(event) => {
                    let units = event.allocations.iter().map(|part| i64::from(part.quantity.get()));
                    (&event.sku, units.sum())
                }
                InventoryEvent::ReservationExpired(event) => {
                    let units = event.allocations.iter().map(|part| i64::from(part.quantity.get()));
                    (&event.sku, units.sum())
                }
                _ => continue,
            };
            let left = free.entry(sku.clone()).or_insert(0);
            *left += change;
            assert!(*left >= 0, "{recorded:?} sells what is not there");
        }
    }
}

impl fmt::Display for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.recorded.iter().try_for_each(|recorded| writeln!(f, "{recorded:?} by {}", recorded.actor()))
    }
}

fn order_event(event: &Event) -> Option<&OrderEvent> {
    if let Event::Order(event) = event { Some(event) } else { None }
}
