//! The contracts of events: what `schemas/events/` holds, made from the event types. The HTTP interface's contract is
//! made by `daybook_api`, that of NATS by `asyncapi.rs`.

use daybook_domain::{Event, EventKind};
use std::path::PathBuf;

/// The JSON Schema of every event with the path it has under `schemas/`:
/// `events/<aggregate>/<Type>.v<version>.json`.
#[must_use]
pub fn event_schemas() -> Vec<(PathBuf, String)> {
    let schemas = Event::schemas().into_iter();
    let file = |(kind, schema): (EventKind, schemars::Schema)| {
        let EventKind { aggregate, name: event_type, version, .. } = kind;
        let path = PathBuf::from(format!("events/{aggregate}/{event_type}.v{version}.json"));
        (path, format!("{:#}\n", schema.as_value()))
    };
    schemas.map(file).collect()
}
