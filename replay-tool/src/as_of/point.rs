//! A point in the past as the command line names it.

use crate::{cli::Usage, source::Opened, when};
use clap::Args;
use daybook_event_log::{Point, PointError};

/// Exactly one of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct When {
    /// After the event at this position
    #[arg(long, env = "DAYBOOK_REPLAY_POSITION", value_name = "N")]
    position: Option<u64>,
    /// After the last event written down at or before this time; a date is the start of that day (UTC)
    #[arg(long, env = "DAYBOOK_REPLAY_RECORDED", value_parser = when::parse, value_name = "TIME")]
    recorded: Option<i64>,
    /// After what had happened by this time; a date is the start of that day (UTC), so its own sales are not in it
    #[arg(long, env = "DAYBOOK_REPLAY_OCCURRED", value_parser = when::parse, value_name = "TIME")]
    occurred: Option<i64>,
}

impl When {
    /// The time that is asked for, for people.
    pub(super) fn moment(&self) -> Option<String> {
        self.occurred.or(self.recorded).map(|moment| format!("{} UTC", when::show(moment)))
    }

    pub(super) async fn point(&self, opened: &Opened) -> anyhow::Result<Point> {
        let log = &*opened.log;
        if let Some(moment_ns) = self.occurred {
            return Ok(Point::Occurred { moment_ns });
        }
        if let Some(moment_ns) = self.recorded {
            return Ok(Point::recorded(log, moment_ns).await?);
        }
        Point::at(log, self.position.unwrap_or(opened.head)).await.map_err(|error| match error {
            PointError::NoSuchPosition { .. } => Usage(error.to_string()).into(),
            PointError::Log(error) => error.into(),
        })
    }
}
