//! Which events are meant: by type, aggregate, stream, position and time.

use crate::{source::Opened, when};
use clap::{Args, ValueEnum};
use daybook_event_log::{RecordedEvent, position_recorded_by};

/// Filters; what is not named is not asked for. All that are named must hold.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Selection {
    /// Only these event types, for example OrderPlaced,OrderShipped
    #[arg(long = "type", env = "DAYBOOK_REPLAY_TYPE", value_delimiter = ',', value_name = "TYPE")]
    types: Vec<String>,

    /// Only these kinds of aggregate: product, cart, order, inventory, payment
    #[arg(long, env = "DAYBOOK_REPLAY_AGGREGATE", value_delimiter = ',', value_name = "KIND")]
    aggregate: Vec<String>,

    /// Only these streams, for example inventory-85123A
    #[arg(long, env = "DAYBOOK_REPLAY_STREAM", value_delimiter = ',', value_name = "STREAM")]
    stream: Vec<String>,

    /// From this position on
    #[arg(long, env = "DAYBOOK_REPLAY_FROM_POSITION", value_name = "N")]
    pub(crate) from_position: Option<u64>,

    /// Up to and with this position
    #[arg(long, env = "DAYBOOK_REPLAY_TO_POSITION", value_name = "N")]
    pub(crate) to_position: Option<u64>,

    /// From this time on, and with it, for example 2010-12-01 (the start of that day, UTC) or 2010-12-01T08:26:00+01:00
    #[arg(long, env = "DAYBOOK_REPLAY_SINCE", value_parser = when::parse, value_name = "TIME")]
    since: Option<i64>,

    /// Before this time, which is not in it any more: --until 2010-12-02 ends with the first of December (UTC)
    #[arg(long, env = "DAYBOOK_REPLAY_UNTIL", value_parser = when::parse, value_name = "TIME")]
    until: Option<i64>,

    /// Which time --since, --until and days are about
    #[arg(long, env = "DAYBOOK_REPLAY_BY", value_enum, default_value_t = Time::Occurred)]
    pub(crate) by: Time,
}

/// When it happened in the world, or when it was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Time {
    #[default]
    Occurred,
    Recorded,
}

impl Time {
    pub(crate) fn of(self, event: &RecordedEvent) -> i64 {
        match self {
            Self::Occurred => event.occurred_at_ns(),
            Self::Recorded => event.recorded_at_ns(),
        }
    }
}

impl Selection {
    /// The stretch of the log that has to be read, as far as positions and recording times tell.
    pub(crate) async fn stretch(&self, opened: &Opened) -> anyhow::Result<(u64, u64)> {
        let (mut from, mut to) =
            (self.from_position.unwrap_or(1).max(1), self.to_position.unwrap_or(u64::MAX));
        if self.by == Time::Recorded {
            let log = &*opened.log;
            if let Some(since) = self.since {
                let before = position_recorded_by(log, opened.head, since.saturating_sub(1)).await?;
                from = from.max(before + 1);
            }
            if let Some(until) = self.until {
                to = to.min(position_recorded_by(log, opened.head, until.saturating_sub(1)).await?);
            }
        }
        Ok((from, to.min(opened.head)))
    }

    pub(crate) fn wants(&self, event: &RecordedEvent) -> bool {
        let named = |list: &[String], what: &str| list.is_empty() || list.iter().any(|entry| entry == what);
        let (position, time) = (event.position().get(), self.by.of(event));
        named(&self.types, event.event_type())
            && named(&self.aggregate, event.aggregate())
            && named(&self.stream, event.stream())
            && self.from_position.is_none_or(|from| position >= from)
            && self.to_position.is_none_or(|to| position <= to)
            && self.since.is_none_or(|since| time >= since)
            && self.until.is_none_or(|until| time < until)
    }
}
