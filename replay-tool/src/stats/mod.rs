//! `stats`: how much happened, of what, to whom and when. One pass over the log.

mod report;

use crate::{
    cli::ToolVerdict,
    out::Out,
    selection::{Selection, Time},
    source::Source,
    when,
};
use ahash::AHashMap;
use clap::Args;
use daybook_event_log::RecordedEvent;
use std::collections::BTreeMap;

const EXAMPLES: &str = "\
Examples:
  daybook-replay --data ./shop stats
  daybook-replay --data ./shop stats --aggregate order --since 2011-09-01
  daybook-replay --data ./shop --json stats | jq '.types[] | select(.type == \"OrderPlaced\").events'";

/// `stats`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Stats {
    #[command(flatten)]
    selection: Selection,

    /// Days are those on which it happened, or was written down
    #[arg(long, env = "DAYBOOK_REPLAY_DAYS", value_enum, default_value_t = Time::Occurred)]
    days: Time,

    /// How many of the busiest streams to list
    #[arg(long, env = "DAYBOOK_REPLAY_TOP", default_value_t = 10, value_name = "N")]
    top: usize,
}

/// Events and the bytes they take in the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct EventTally {
    events: u64,
    bytes: u64,
}

impl EventTally {
    fn add(&mut self, event: &RecordedEvent) {
        self.events += 1;
        self.bytes += event.as_bytes().len() as u64;
    }
}

#[derive(Debug, Default)]
struct Tallies {
    all: EventTally,
    /// By aggregate and type.
    types: BTreeMap<(Box<str>, Box<str>), EventTally>,
    streams: AHashMap<Box<str>, EventTally>,
    days: BTreeMap<i64, EventTally>,
    positions: Option<(u64, u64)>,
    recorded: Option<(i64, i64)>,
    occurred: Option<(i64, i64)>,
}

impl Tallies {
    fn add(&mut self, event: &RecordedEvent, days: Time) {
        self.all.add(event);
        let kind = (event.aggregate(), event.event_type());
        // The key is looked for before it is made: there are few types and many events.
        match self.types.iter_mut().find(|((aggregate, name), _)| (&**aggregate, &**name) == kind) {
            Some((_, tally)) => tally.add(event),
            None => self.types.entry((kind.0.into(), kind.1.into())).or_default().add(event),
        }
        match self.streams.get_mut(event.stream()) {
            Some(tally) => tally.add(event),
            None => self.streams.entry(event.stream().into()).or_default().add(event),
        }
        self.days.entry(when::day_of(days.of(event))).or_default().add(event);
        widen(&mut self.positions, event.position().get());
        widen(&mut self.recorded, event.recorded_at_ns());
        widen(&mut self.occurred, event.occurred_at_ns());
    }

    fn aggregates(&self) -> BTreeMap<&str, (EventTally, u64)> {
        let mut aggregates: BTreeMap<&str, (EventTally, u64)> = BTreeMap::new();
        for ((aggregate, _), tally) in &self.types {
            let (all, _) = aggregates.entry(aggregate).or_default();
            all.events += tally.events;
            all.bytes += tally.bytes;
        }
        for stream in self.streams.keys() {
            let aggregate = stream.split_once('-').map_or("", |(aggregate, _)| aggregate);
            aggregates.entry(aggregate).or_default().1 += 1;
        }
        aggregates
    }

    /// The streams with the most events.
    fn busiest(&self, top: usize) -> Vec<(&str, EventTally)> {
        let mut streams: Vec<_> = self.streams.iter().map(|(name, tally)| (&**name, *tally)).collect();
        let order =
            |a: &(&str, EventTally), b: &(&str, EventTally)| b.1.events.cmp(&a.1.events).then(a.0.cmp(b.0));
        if streams.len() > top && top > 0 {
            streams.select_nth_unstable_by(top - 1, order);
        }
        streams.truncate(top);
        streams.sort_unstable_by(order);
        streams
    }
}

fn widen<T: Ord + Copy>(range: &mut Option<(T, T)>, value: T) {
    *range = Some(range.map_or((value, value), |(least, most)| (least.min(value), most.max(value))));
}

impl Stats {
    pub(crate) async fn run(self, source: &Source, out: &mut Out) -> anyhow::Result<ToolVerdict> {
        let opened = source.open().await?;
        let mut tallies = Tallies::default();
        let stretch = self.selection.stretch(&opened).await?;
        opened
            .scan("counting", stretch, |event| {
                if self.selection.wants(event) {
                    tallies.add(event, self.days);
                }
                Ok(())
            })
            .await?;
        if out.json {
            out.json(&report::document(&tallies, opened.head, self.top))?;
        } else {
            report::page(out, &tallies, opened.head, self.top)?;
        }
        Ok(ToolVerdict::AllIsWell)
    }
}
