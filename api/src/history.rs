//! A stream of the log, decoded: what a command needs to know is read from here, so that it is never behind. A long one is
//! read, decoded and folded beside the threads that serve connections.

use crate::{
    edge::Readers,
    problem::{Problem, kind},
};
use daybook_domain::Event;
use daybook_event_log::{EventLog, RecordedEvent, StreamId, Version};
use std::{fmt::Display, sync::Arc};

/// Events read at a time.
const PAGE: usize = 1_000;
/// So many are decoded by whoever asks: most streams are no longer, and were written a moment ago.
const SHORT: usize = 32;

/// Where histories are read from.
#[derive(Clone)]
pub(crate) struct Histories {
    log: Arc<dyn EventLog>,
    readers: Arc<Readers>,
}

impl Histories {
    pub(crate) fn new(log: Arc<dyn EventLog>, readers: Arc<Readers>) -> Self {
        Self { log, readers }
    }

    /// What `fold` makes of all events of one stream; of none where there are none.
    pub(crate) async fn of<T: Send + 'static>(
        &self,
        aggregate: &str,
        id: impl Display,
        fold: impl FnOnce(Vec<Event>) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let stream = StreamId::new(aggregate, id)
            .map_err(|error| Problem::new(&kind::INVALID_PARAMETER, error.to_string()))?;
        let first = self.log.read_stream(&stream, Version::new(1), SHORT).await?;
        if first.len() < SHORT {
            return Ok(fold(first.iter().map(decoded).collect::<Result<_, _>>()?));
        }
        let log = self.log.clone();
        self.readers.run(async move { Ok(fold(read(&*log, &stream).await?)) }).await?
    }
}

async fn read(log: &dyn EventLog, stream: &StreamId) -> Result<Vec<Event>, Problem> {
    let mut events = Vec::new();
    let mut from = Version::new(1);
    loop {
        let page = log.read_stream(stream, from, PAGE).await?;
        for record in &page {
            events.push(decoded(record)?);
        }
        match page.last() {
            Some(last) if page.len() == PAGE => from = last.version().next(),
            _ => return Ok(events),
        }
    }
}

fn decoded(record: &RecordedEvent) -> Result<Event, Problem> {
    let event =
        Event::decode(record.aggregate(), record.event_type(), record.schema_version(), record.payload());
    event.map_err(|error| {
        tracing::error!(%error, stream = record.stream(), "an event cannot be read");
        Problem::new(&kind::INTERNAL, "the history of this resource cannot be read by this program")
    })
}
