//! A stream of the log, decoded: what a command needs to know is read from here, so that it is never behind.

use crate::problem::{Problem, kind};
use daybook_domain::Event;
use daybook_event_log::{EventLog, StreamId, Version};
use std::fmt::Display;

/// Events read at a time.
const PAGE: usize = 1_000;

/// All events of one stream; empty where there are none.
pub(crate) async fn history(
    log: &dyn EventLog,
    aggregate: &str,
    id: impl Display,
) -> Result<Vec<Event>, Problem> {
    let stream = StreamId::new(aggregate, id)
        .map_err(|error| Problem::new(&kind::INVALID_PARAMETER, error.to_string()))?;
    let mut events = Vec::new();
    let mut from = Version::new(1);
    loop {
        let page = log.read_stream(&stream, from, PAGE).await?;
        for record in &page {
            let event = Event::decode(
                record.aggregate(),
                record.event_type(),
                record.schema_version(),
                record.payload(),
            );
            events.push(event.map_err(|error| {
                tracing::error!(%error, stream = %stream, "an event cannot be read");
                Problem::new(&kind::INTERNAL, "the history of this resource cannot be read by this program")
            })?);
        }
        match page.last() {
            Some(last) if page.len() == PAGE => from = last.version().next(),
            _ => return Ok(events),
        }
    }
}
