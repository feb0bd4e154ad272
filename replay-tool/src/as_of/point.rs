//! A point in the past: by position, by the time of recording, or by the time it happened.

use crate::{cli::Usage, source::Opened, when};
use clap::Args;
use daybook_domain::Timestamp;
use daybook_event_log::{Position, RecordedEvent};

/// Exactly one of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct When {
    /// After the event at this position
    #[arg(long, env = "DAYBOOK_REPLAY_POSITION", value_name = "N")]
    position: Option<u64>,
    /// After the last event written down at or before this time
    #[arg(long, env = "DAYBOOK_REPLAY_RECORDED", value_parser = when::parse, value_name = "TIME")]
    recorded: Option<i64>,
    /// After what had happened by this time
    #[arg(long, env = "DAYBOOK_REPLAY_OCCURRED", value_parser = when::parse, value_name = "TIME")]
    occurred: Option<i64>,
}

/// A point in the past.
#[derive(Debug, Clone, Copy)]
pub(super) enum Point {
    /// After this position; the moment is what holds of stock are measured by.
    Position { position: u64, moment_ns: i64 },
    /// What had happened by then.
    Occurred(i64),
}

impl When {
    pub(super) async fn point(&self, opened: &Opened) -> anyhow::Result<Point> {
        if let Some(moment_ns) = self.occurred {
            return Ok(Point::Occurred(moment_ns));
        }
        if let Some(moment_ns) = self.recorded {
            let position = when::position_recorded_by(&*opened.log, opened.head, moment_ns).await?;
            return Ok(Point::Position { position, moment_ns });
        }
        let position = self.position.unwrap_or(opened.head);
        if position == 0 || position > opened.head {
            let problem = format!("the log has positions 1 to {}; {position} is none of them", opened.head);
            return Err(Usage(problem).into());
        }
        let page = opened.log.read_all(Position::new(position), 1).await?;
        let moment_ns = page.first().map_or(0, RecordedEvent::recorded_at_ns);
        Ok(Point::Position { position, moment_ns })
    }
}

impl Point {
    /// Whether the event belongs to this past, given that the one before it in its stream does.
    pub(super) fn includes(self, event: &RecordedEvent) -> bool {
        match self {
            Self::Position { position, .. } => event.position().get() <= position,
            Self::Occurred(time_ns) => event.occurred_at_ns() <= time_ns,
        }
    }

    pub(super) fn moment(self) -> Timestamp {
        match self {
            Self::Position { moment_ns, .. } | Self::Occurred(moment_ns) => Timestamp::from_nanos(moment_ns),
        }
    }

    /// No event after this position can belong to it.
    pub(super) fn last_position(self) -> u64 {
        match self {
            Self::Position { position, .. } => position,
            Self::Occurred(_) => u64::MAX,
        }
    }
}
