//! A point in the past: by position, by the time of recording, or by the time it happened.

use crate::{EventLog, LogError, Position, RecordedEvent};

/// A point in the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// After this position (zero: before the first event). The moment is when that was written down.
    Position { position: u64, moment_ns: i64 },
    /// What had happened by then: each stream up to its first event that happened later.
    Occurred { moment_ns: i64 },
}

/// There is no such point.
#[derive(Debug, thiserror::Error)]
pub enum PointError {
    #[error("the log has positions 1 to {head}; {position} is none of them")]
    NoSuchPosition { position: u64, head: u64 },
    #[error(transparent)]
    Log(#[from] LogError),
}

impl Point {
    /// After the event at `position`; the moment is when that was written down.
    pub async fn at(log: &dyn EventLog, position: u64) -> Result<Self, PointError> {
        let missing = || PointError::NoSuchPosition { position, head: log.head().borrow().get() };
        if position == 0 {
            return Err(missing());
        }
        // The log is asked, not its head: where several nodes write, the head may be told of late.
        let page = log.read_all(Position::new(position), 1).await?;
        let event = page.first().filter(|event| event.position().get() == position).ok_or_else(missing)?;
        Ok(Self::Position { position, moment_ns: event.recorded_at_ns() })
    }

    /// After the last event that was written down at or before that moment.
    pub async fn recorded(log: &dyn EventLog, moment_ns: i64) -> Result<Self, LogError> {
        let head = log.head().borrow().get();
        let position = position_recorded_by(log, head, moment_ns).await?;
        Ok(Self::Position { position, moment_ns })
    }

    /// Whether the event belongs to this past, given that the one before it in its stream does.
    #[must_use]
    pub fn includes(self, event: &RecordedEvent) -> bool {
        match self {
            Self::Position { position, .. } => event.position().get() <= position,
            Self::Occurred { moment_ns } => event.occurred_at_ns() <= moment_ns,
        }
    }

    /// The moment in nanoseconds since the Unix epoch, for what ends by the clock.
    #[must_use]
    pub const fn moment_ns(self) -> i64 {
        match self {
            Self::Position { moment_ns, .. } | Self::Occurred { moment_ns } => moment_ns,
        }
    }

    /// No event after this position can belong to it; none: any may.
    #[must_use]
    pub const fn last_position(self) -> Option<u64> {
        match self {
            Self::Position { position, .. } => Some(position),
            Self::Occurred { .. } => None,
        }
    }
}

/// The last position up to `head` that was recorded at or before `time_ns`, by halving: the log is in the order of
/// recording. Where the clock of the machine that wrote it was once set back, any place where the time was passed
/// may be the answer.
pub async fn position_recorded_by(log: &dyn EventLog, head: u64, time_ns: i64) -> Result<u64, LogError> {
    let (mut known, mut beyond) = (0, head + 1);
    while beyond - known > 1 {
        let middle = known + (beyond - known) / 2;
        let page = log.read_all(Position::new(middle), 1).await?;
        if page.first().is_some_and(|event| event.recorded_at_ns() <= time_ns) {
            known = middle;
        } else {
            beyond = middle;
        }
    }
    Ok(known)
}
