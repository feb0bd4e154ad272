//! Old event shapes for plain cqrs-es programs: the same `upcast` functions that [`crate::Event::decode`] uses,
//! as cqrs-es' [`EventUpcaster`]s.
//!
//! cqrs-es stores an event as serde sees the enum, wrapped in its type name; the functions see the fields.

use crate::{AGGREGATES, Lift};
use cqrs_es::persist::{EventUpcaster, SerializedEvent};

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
    let mut all: Vec<Box<dyn EventUpcaster>> = Vec::new();
    for aggregate in AGGREGATES {
        for kind in aggregate.events {
            all.push(Box::new(Upcaster::new(kind.name, kind.version, aggregate.upcast)));
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
