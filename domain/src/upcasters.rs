//! Old event shapes for plain cqrs-es programs: the same `upcast` functions that [`crate::Event::decode`] uses,
//! as cqrs-es' [`EventUpcaster`]s.
//!
//! cqrs-es stores an event as serde sees the enum, wrapped in its type name; the functions see the fields.

use crate::{
    cart::CartEvent, inventory::InventoryEvent, order::OrderEvent, payment::PaymentEvent,
    product::ProductEvent,
};
use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use serde_json::Value;

/// Lifts the fields of an event from a schema version to the current one.
pub type Lift = fn(event_type: &str, from_version: u16, fields: Value) -> Value;

/// Lifts one event type.
#[derive(Debug, Clone, Copy)]
pub struct Upcaster {
    event_type: &'static str,
    current: u16,
    lift: Lift,
}

/// One for every event type.
#[must_use]
pub fn upcasters() -> Vec<Box<dyn EventUpcaster>> {
    let aggregates: [(&[(&'static str, u16)], Lift); 5] = [
        (ProductEvent::TYPES, ProductEvent::upcast),
        (CartEvent::TYPES, CartEvent::upcast),
        (OrderEvent::TYPES, OrderEvent::upcast),
        (InventoryEvent::TYPES, InventoryEvent::upcast),
        (PaymentEvent::TYPES, PaymentEvent::upcast),
    ];
    let mut all: Vec<Box<dyn EventUpcaster>> = Vec::new();
    for (types, lift) in aggregates {
        for (event_type, current) in types {
            all.push(Box::new(Upcaster::new(event_type, *current, lift)));
        }
    }
    all
}

impl Upcaster {
    #[must_use]
    pub fn new(event_type: &'static str, current: u16, lift: Lift) -> Self {
        Self { event_type, current, lift }
    }
}

impl EventUpcaster for Upcaster {
    fn can_upcast(&self, event_type: &str, event_version: &str) -> bool {
        event_type == self.event_type
            && event_version.parse().is_ok_and(|version: u16| version < self.current)
    }

    fn upcast(&self, mut event: SerializedEvent) -> SerializedEvent {
        let from = event.event_version.parse().unwrap_or(self.current);
        if let Some(fields) = event.payload.get_mut(self.event_type) {
            *fields = (self.lift)(self.event_type, from, fields.take());
        }
        event.event_version = self.current.to_string();
        event
    }
}
