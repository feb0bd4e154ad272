//! Streams up to a point, a page at a time, merged in the order of the log.

use daybook_event_log::{EventLog, LogError, Point, RecordedEvent, StreamId, Version};
use std::collections::VecDeque;

/// Events read at a time.
const PAGE: usize = 256;

/// One stream up to a point.
pub(super) struct StreamUntil {
    stream: StreamId,
    point: Point,
    next: Version,
    page: VecDeque<RecordedEvent>,
    over: bool,
}

impl StreamUntil {
    pub(super) fn new(stream: StreamId, point: Point) -> Self {
        Self { stream, point, next: Version::new(1), page: VecDeque::new(), over: false }
    }

    /// Reads on where nothing is left of what was read.
    async fn fill(&mut self, log: &dyn EventLog) -> Result<(), LogError> {
        while self.page.is_empty() && !self.over {
            let read = log.read_stream(&self.stream, self.next, PAGE).await?;
            let Some(last) = read.last() else {
                self.over = true;
                return Ok(());
            };
            self.next = last.version().next();
            let count = read.len();
            self.page.extend(read.into_iter().take_while(|event| self.point.includes(event)));
            self.over = self.page.len() < count;
        }
        Ok(())
    }
}

/// Several streams as one, by position.
pub(super) struct MergedStreams(Vec<StreamUntil>);

impl MergedStreams {
    pub(super) fn new(streams: Vec<StreamUntil>) -> Self {
        Self(streams)
    }

    /// Whether the first of them has nothing.
    pub(super) async fn is_without_first(&mut self, log: &dyn EventLog) -> Result<bool, LogError> {
        let Some(first) = self.0.first_mut() else { return Ok(true) };
        first.fill(log).await?;
        Ok(first.page.is_empty())
    }

    /// The next events, in order; empty at the end.
    pub(super) async fn next(&mut self, log: &dyn EventLog) -> Result<Vec<RecordedEvent>, LogError> {
        for stream in &mut self.0 {
            stream.fill(log).await?;
        }
        let mut events = Vec::new();
        // As long as each stream that goes on has something at hand, the least position is known.
        loop {
            let heads = self.0.iter_mut().filter_map(|stream| {
                let position = stream.page.front()?.position();
                Some((position, stream))
            });
            let Some((_, least)) = heads.min_by_key(|(position, _)| *position) else { return Ok(events) };
            events.extend(least.page.pop_front());
            if least.page.is_empty() && !least.over {
                return Ok(events);
            }
        }
    }
}
