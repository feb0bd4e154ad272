//! All events of all aggregates, and the way between an event and its stored payload.
//!
//! Stored payload: the event's fields as one JSON object; type name and schema version stand beside it.
//! (As serde sees the enum, that object is wrapped in its type name; this is what plain cqrs-es programs
//! write, and the Postgres backend speaks.) An event once released is never edited: a new shape gets the
//! next schema version, and an upcaster lifts the old one.

use crate::{
    cart::CartEvent, inventory::InventoryEvent, order::OrderEvent, payment::PaymentEvent,
    product::ProductEvent,
};

/// A stored event that today's code cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    #[error("no aggregate is called {0:?}")]
    UnknownAggregate(String),
    #[error("{aggregate} has no event {event_type:?}; a newer program wrote it, or it is not Daybook's")]
    UnknownType { aggregate: &'static str, event_type: String },
    #[error("{event_type} has schema version {found}, and this program knows up to {known}")]
    NewerSchema { event_type: &'static str, found: u16, known: u16 },
    #[error("{event_type} does not have the expected fields: {detail}")]
    Malformed { event_type: &'static str, detail: String },
}

/// Declares an aggregate's events: `Variant = schema version` for payload structs of the same names.
macro_rules! events {
    ($(#[$doc:meta])* $name:ident of $aggregate:literal, upcast by $upcast:path { $($variant:ident = $version:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($variant($variant),)+
        }

        impl $name {
            /// Type name and current schema version of every event of this aggregate.
            pub const TYPES: &'static [(&'static str, u16)] = &[$((stringify!($variant), $version),)+];

            /// The stored type name. Persisted: a variant must never be renamed.
            #[must_use]
            pub const fn type_name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => stringify!($variant),)+
                }
            }

            /// The schema version that today's code writes.
            #[must_use]
            pub const fn schema_version(&self) -> u16 {
                match self {
                    $(Self::$variant(_) => $version,)+
                }
            }

            /// The payload to store: the fields as one JSON object.
            #[must_use]
            pub fn encode(&self) -> Vec<u8> {
                match self {
                    $(Self::$variant(event) => serde_json::to_vec(event),)+
                }
                .expect("events have text keys and no failing serializers")
            }

            /// Reads a stored payload of any released schema version.
            pub fn decode(event_type: &str, schema_version: u16, payload: &[u8]) -> Result<Self, $crate::EventError> {
                match event_type {
                    $(stringify!($variant) => {
                        let malformed = |detail: String| $crate::EventError::Malformed {
                            event_type: stringify!($variant), detail,
                        };
                        if schema_version > $version {
                            return Err($crate::EventError::NewerSchema {
                                event_type: stringify!($variant), found: schema_version, known: $version,
                            });
                        }
                        if schema_version == $version {
                            return serde_json::from_slice(payload).map(Self::$variant)
                                .map_err(|error| malformed(error.to_string()));
                        }
                        let old = serde_json::from_slice(payload).map_err(|error| malformed(error.to_string()))?;
                        let lifted = $upcast(event_type, schema_version, old);
                        serde_json::from_value(lifted).map(Self::$variant).map_err(|error| malformed(error.to_string()))
                    })+
                    _ => Err($crate::EventError::UnknownType {
                        aggregate: $aggregate, event_type: event_type.to_owned(),
                    }),
                }
            }

            /// Lifts the fields of an event from an older schema version to the current one.
            #[must_use]
            pub fn upcast(event_type: &str, from_version: u16, fields: serde_json::Value) -> serde_json::Value {
                $upcast(event_type, from_version, fields)
            }

            /// The JSON Schema of each event's payload as today's code writes it.
            #[must_use]
            pub fn schemas() -> Vec<(&'static str, u16, schemars::Schema)> {
                vec![$((stringify!($variant), $version, schemars::schema_for!($variant)),)+]
            }
        }

        impl cqrs_es::DomainEvent for $name {
            fn event_type(&self) -> String {
                self.type_name().to_owned()
            }

            fn event_version(&self) -> String {
                self.schema_version().to_string()
            }
        }
    };
}
pub(crate) use events;

macro_rules! all_events {
    ($($variant:ident($events:ident) = $aggregate:literal,)+) => {
        /// Something that happened in the shop.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Event {
            $($variant($events),)+
        }

        impl Event {
            /// Every aggregate with its events' type names and current schema versions.
            pub const TYPES: &'static [(&'static str, &'static [(&'static str, u16)])] =
                &[$(($aggregate, $events::TYPES),)+];

            /// Which kind of aggregate it happened to.
            #[must_use]
            pub const fn aggregate(&self) -> &'static str {
                match self { $(Self::$variant(_) => $aggregate,)+ }
            }

            #[must_use]
            pub const fn type_name(&self) -> &'static str {
                match self { $(Self::$variant(event) => event.type_name(),)+ }
            }

            #[must_use]
            pub const fn schema_version(&self) -> u16 {
                match self { $(Self::$variant(event) => event.schema_version(),)+ }
            }

            /// The payload to store.
            #[must_use]
            pub fn encode(&self) -> Vec<u8> {
                match self { $(Self::$variant(event) => event.encode(),)+ }
            }

            /// Reads a stored payload of any released schema version.
            pub fn decode(
                aggregate: &str, event_type: &str, schema_version: u16, payload: &[u8],
            ) -> Result<Self, EventError> {
                match aggregate {
                    $($aggregate => $events::decode(event_type, schema_version, payload).map(Self::$variant),)+
                    _ => Err(EventError::UnknownAggregate(aggregate.to_owned())),
                }
            }

            /// The JSON Schema of every event: aggregate, type, version, schema.
            #[must_use]
            pub fn schemas() -> Vec<(&'static str, &'static str, u16, schemars::Schema)> {
                let mut all = Vec::new();
                $(all.extend($events::schemas().into_iter().map(|(t, v, s)| ($aggregate, t, v, s)));)+
                all
            }
        }

        $(impl From<$events> for Event {
            fn from(event: $events) -> Self {
                Self::$variant(event)
            }
        })+
    };
}

all_events! {
    Product(ProductEvent) = "product",
    Cart(CartEvent) = "cart",
    Order(OrderEvent) = "order",
    Inventory(InventoryEvent) = "inventory",
    Payment(PaymentEvent) = "payment",
}
