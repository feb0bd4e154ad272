//! Events of one aggregate as a closed set, and the way between an event and its stored payload. All events
//! together are [`Event`](crate::Event), made by `aggregates!`.
//!
//! Stored payload: the event's fields as one JSON object; type name and schema version stand beside it.
//! (As serde sees the enum, that object is wrapped in its type name; this is what plain cqrs-es programs
//! write, and the Postgres backend speaks.) A released version of an event is never edited: `schemas/README.md`
//! says which changes need the next version, with an `upcast` that lifts the old shape.

use crate::interests::KindIndex;
use schemars::{JsonSchema, Schema};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::fmt::Debug;

/// Lifts the fields of an event from a schema version to the current one.
pub type Lift = fn(event_type: &str, from_version: u16, fields: Value) -> Value;

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

impl EventError {
    /// Whether a newer program may be able to read it.
    #[must_use]
    pub const fn is_for_newer_program(&self) -> bool {
        matches!(self, Self::UnknownType { .. } | Self::NewerSchema { .. })
    }
}

/// A kind of event: its type name, whose event it is, and the schema version that this program writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventKind {
    pub aggregate: &'static str,
    pub name: &'static str,
    pub version: u16,
    index: KindIndex,
}

impl EventKind {
    pub(crate) const fn new(
        aggregate: &'static str,
        name: &'static str,
        version: u16,
        index: KindIndex,
    ) -> Self {
        Self { aggregate, name, version, index }
    }

    #[must_use]
    pub const fn index(self) -> KindIndex {
        self.index
    }
}

/// The payload of one kind of event; implemented by `events!`.
pub trait EventData: Serialize + DeserializeOwned + JsonSchema {
    const KIND: EventKind;
}

/// The events of one aggregate; implemented by `events!`.
pub trait EventSet: cqrs_es::DomainEvent + Debug + Clone + PartialEq + Send + Sync + 'static {
    /// All kinds, in the order of the declaration.
    const KINDS: &'static [EventKind];

    fn kind(&self) -> EventKind;

    /// The kind that is stored under this type name.
    fn kind_of(event_type: &str) -> Option<EventKind>;

    /// The payload to store: the fields as one JSON object.
    fn encode(&self) -> Vec<u8>;

    /// Reads a stored payload of any released schema version.
    fn decode(event_type: &str, schema_version: u16, payload: &[u8]) -> Result<Self, EventError>;

    /// Lifts the fields of an event from an older schema version to the current one.
    fn upcast(event_type: &str, from_version: u16, fields: Value) -> Value;

    /// The JSON Schema of each event's payload as this program writes it.
    fn schemas() -> Vec<(EventKind, Schema)>;
}

/// Reads the payload of one kind of event.
pub(crate) fn decode_data<T: EventData>(
    schema_version: u16,
    payload: &[u8],
    lift: Lift,
) -> Result<T, EventError> {
    let EventKind { name: event_type, version: known, .. } = T::KIND;
    let malformed =
        |error: serde_json::Error| EventError::Malformed { event_type, detail: error.to_string() };
    if schema_version > known {
        return Err(EventError::NewerSchema { event_type, found: schema_version, known });
    }
    if schema_version == known {
        return serde_json::from_slice(payload).map_err(malformed);
    }
    let old = serde_json::from_slice(payload).map_err(malformed)?;
    serde_json::from_value(lift(event_type, schema_version, old)).map_err(malformed)
}

pub(crate) fn encode_data<T: EventData>(data: &T) -> Vec<u8> {
    serde_json::to_vec(data).expect("events have text keys and no failing serializers")
}

/// Declares an aggregate's events: `Variant = schema version` for payload structs of the same names. Names are
/// persisted: a variant must never be renamed.
macro_rules! events {
    (
        $(#[$doc:meta])*
        $name:ident of $state:ty, upcast by $upcast:path { $($variant:ident = $version:literal,)+ }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($variant($variant),)+
        }

        const _: () = {
            enum Place {
                $($variant,)+
            }

            $(impl $crate::EventData for $variant {
                const KIND: $crate::EventKind = $crate::EventKind::new(
                    <$state as $crate::Decider>::NAME,
                    stringify!($variant),
                    $version,
                    $crate::KindIndex::new(<$state as $crate::Listed>::ORDINAL, Place::$variant as u8),
                );
            })+
        };

        impl $crate::EventSet for $name {
            const KINDS: &'static [$crate::EventKind] = &[$(<$variant as $crate::EventData>::KIND,)+];

            fn kind(&self) -> $crate::EventKind {
                match self {
                    $(Self::$variant(_) => <$variant as $crate::EventData>::KIND,)+
                }
            }

            fn kind_of(event_type: &str) -> Option<$crate::EventKind> {
                match event_type {
                    $(stringify!($variant) => Some(<$variant as $crate::EventData>::KIND),)+
                    _ => None,
                }
            }

            fn encode(&self) -> Vec<u8> {
                match self {
                    $(Self::$variant(event) => $crate::event::encode_data(event),)+
                }
            }

            fn decode(
                event_type: &str,
                schema_version: u16,
                payload: &[u8],
            ) -> Result<Self, $crate::EventError> {
                match event_type {
                    $(stringify!($variant) => {
                        $crate::event::decode_data(schema_version, payload, $upcast).map(Self::$variant)
                    })+
                    _ => Err($crate::EventError::UnknownType {
                        aggregate: <$state as $crate::Decider>::NAME, event_type: event_type.to_owned(),
                    }),
                }
            }

            fn upcast(event_type: &str, from_version: u16, fields: serde_json::Value) -> serde_json::Value {
                $upcast(event_type, from_version, fields)
            }

            fn schemas() -> Vec<($crate::EventKind, schemars::Schema)> {
                vec![$((<$variant as $crate::EventData>::KIND, schemars::schema_for!($variant)),)+]
            }
        }

        impl cqrs_es::DomainEvent for $name {
            fn event_type(&self) -> String {
                $crate::EventSet::kind(self).name.to_owned()
            }

            fn event_version(&self) -> String {
                $crate::EventSet::kind(self).version.to_string()
            }
        }
    };
}
pub(crate) use events;
