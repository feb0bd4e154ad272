//! The contracts of events: what `schemas/events/` holds, made from the event types. The HTTP interface's contract is
//! made by `daybook_api`, that of NATS by `asyncapi.rs`.

use daybook_domain::Event;
use std::path::PathBuf;

/// The JSON Schema of every event with the path it has under `schemas/`:
/// `events/<aggregate>/<Type>.v<version>.json`.
#[must_use]
pub fn event_schemas() -> Vec<(PathBuf, String)> {
    let schemas = Event::schemas().into_iter();
    let file = |(aggregate, event_type, version, schema): (&str, &str, u16, schemars::Schema)| {
        let path = PathBuf::from(format!("events/{aggregate}/{event_type}.v{version}.json"));
        (path, format!("{:#}\n", schema.as_value()))
    };
    schemas.map(file).collect()
}
