//! Views of the past: an entry as it was at a point, in the JSON it is shown in.
//!
//! An entry is made of the events of one or two streams, so only these are read, up to the point asked for, and
//! replayed in memory by the same projections that keep the live rows. Nothing is written, and the live views are not
//! asked. Which streams and which projection is said by each [`View`](crate::View).
//!
//! ```text
//! Point (where in the past) ─> AsOf ─> StreamUntil (a stream up to there) ─> InMemoryReplay (a projection) ─> Row
//! ```

mod stream_until;

use daybook_event_log::{EventLog, Point, Position, StreamId, Version};
use daybook_projections::{InMemoryReplay, Projection, ReplayError};
use stream_until::{MergedStreams, StreamUntil};

/// The shop as it was at a point.
#[derive(Clone, Copy)]
pub struct AsOf<'l> {
    log: &'l dyn EventLog,
    point: Point,
}

impl<'l> AsOf<'l> {
    /// What `log` said at `point`.
    #[must_use]
    pub fn new(log: &'l dyn EventLog, point: Point) -> Self {
        Self { log, point }
    }

    /// The point in the past.
    #[must_use]
    pub fn point(&self) -> Point {
        self.point
    }

    /// What `projection` makes of these streams, up to the point; of its rows only those that are `wanted` are kept.
    /// None if nothing had happened yet in the first stream: as of a business time a payment may be told of before its
    /// order.
    pub async fn replay<P: Projection>(
        &self,
        streams: Vec<StreamId>,
        projection: P,
        wanted: impl Fn(&[u8]) -> bool + Send,
    ) -> Result<Option<InMemoryReplay<P>>, ReplayError> {
        let streams = streams.into_iter().map(|stream| StreamUntil::new(stream, self.point));
        let mut streams = MergedStreams::new(streams.collect());
        if streams.is_without_first(self.log).await? {
            return Ok(None);
        }
        let mut replay = InMemoryReplay::new(projection);
        loop {
            let events = streams.next(self.log).await?;
            if events.is_empty() {
                return Ok(Some(replay));
            }
            for event in &events {
                replay.take(event)?;
            }
            replay.settle(&wanted)?;
            // A long story must not keep others from being told.
            tokio::task::yield_now().await;
        }
    }
}

/// Where the first of these streams begins.
pub(crate) async fn first_position(
    log: &dyn EventLog,
    streams: Vec<StreamId>,
) -> Result<Option<Position>, ReplayError> {
    let Some(stream) = streams.first() else { return Ok(None) };
    let first = log.read_stream(stream, Version::new(1), 1).await?;
    Ok(first.first().map(|event| event.position()))
}
