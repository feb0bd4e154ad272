//! `show`: one aggregate's story. Folds the stream with today's code and says what each event changed.

use crate::{
    cli::{ToolVerdict, Usage},
    diff::{Change, changes, for_people},
    out::{Out, Tone},
    source::Source,
    when,
};
use clap::Args;
use daybook_domain::{AggregateState, Event, EventError};
use daybook_event_log::{RecordedEvent, StreamId, Version};
use serde_json::{Value, json, value::RawValue};

const EXAMPLES: &str = "\
Examples:
  daybook-replay --data ./shop show inventory-85123A             why is stock 47?
  daybook-replay --data ./shop show order-0199a5f0-… --payload   with each event's own fields
  daybook-replay --data ./shop --json show cart-0199a5ef-…       one JSON object an event

`stats` lists the busiest streams. Personal data stands in the payload's `personal` object, and is shown.";

/// `show`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Show {
    /// The stream: <aggregate>-<id>
    #[arg(value_name = "STREAM", env = "DAYBOOK_REPLAY_SHOW")]
    stream: String,

    /// Show each event's own fields, too
    #[arg(long, env = "DAYBOOK_REPLAY_PAYLOAD")]
    payload: bool,

    /// Begin the story at this version (the state is still folded from the first)
    #[arg(long, env = "DAYBOOK_REPLAY_FROM_VERSION", value_name = "N", default_value_t = 1)]
    from_version: u64,

    /// End the story after this version
    #[arg(long, env = "DAYBOOK_REPLAY_TO_VERSION", value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
    to_version: u64,
}

/// Changes of one event that people are told.
const MOST_TOLD: usize = 40;

/// Events read at a time.
const PAGE: usize = 1_000;

impl Show {
    pub(crate) async fn run(self, source: &Source, out: &mut Out) -> anyhow::Result<ToolVerdict> {
        let stream = StreamId::parse(&self.stream).map_err(|error| Usage(error.to_string()))?;
        let opened = source.open().await?;
        let mut story =
            Story { state: AggregateState::new(stream.aggregate()), before: Value::Null, broken: None };
        story.before = story.snapshot();
        let (mut next, mut told) = (Version::new(1), 0_u64);
        loop {
            let page = opened.log.read_stream(&stream, next, PAGE).await?;
            let Some(last) = page.last() else { break };
            next = last.version().next();
            for event in &page {
                if event.version().get() > self.to_version {
                    break;
                }
                let changed = story.take(event);
                if event.version().get() >= self.from_version {
                    told += 1;
                    self.tell(event, &changed, &story, out)?;
                }
            }
            if next.get() > self.to_version {
                break;
            }
        }
        if told == 0 {
            eprintln!("daybook-replay: {stream} has no events here; `stats` lists the busiest streams");
            return Ok(ToolVerdict::Found);
        }
        Ok(if story.broken.is_some() { ToolVerdict::Found } else { ToolVerdict::AllIsWell })
    }

    fn tell(
        &self,
        event: &RecordedEvent,
        changed: &[Change],
        story: &Story,
        out: &mut Out,
    ) -> anyhow::Result<()> {
        if out.json {
            return out.json_line(&document(event, changed, story)?);
        }
        let name = out.tone(Tone::Heading, event.event_type());
        out.line(format_args!("{:>4}  {name}  by {}", event.version().get(), event.actor()))?;
        let (occurred, recorded) = (when::show(event.occurred_at_ns()), when::show(event.recorded_at_ns()));
        let place = format!("{occurred} (recorded {recorded}, position {})", event.position());
        out.line(format_args!("      {}", out.tone(Tone::Faint, place)))?;
        if let Some(why) = why(event) {
            out.line(format_args!("      {}", out.tone(Tone::Faint, why)))?;
        }
        if self.payload {
            out.line(format_args!("      {}", String::from_utf8_lossy(event.payload())))?;
        }
        let told = for_people(changed.to_vec());
        let more = told.len().saturating_sub(MOST_TOLD);
        for Change { path, before, after } in told.into_iter().take(MOST_TOLD) {
            let line = match (before, after) {
                (Some(before), Some(after)) => {
                    format!("{path}: {before} → {}", out.tone(Tone::Accent, after))
                }
                (None, Some(after)) => format!("{} {path}: {after}", out.tone(Tone::Good, "+")),
                (Some(before), None) => format!("{} {path}: {before}", out.tone(Tone::Bad, "−")),
                (None, None) => continue,
            };
            out.line(format_args!("      {line}"))?;
        }
        if more > 0 {
            let more = out.tone(Tone::Faint, format_args!("… and {more} more changes; --json has them all"));
            out.line(format_args!("      {more}"))?;
        }
        if let Some(problem) = &story.broken {
            out.line(format_args!("      {}", out.tone(Tone::Bad, problem)))?;
        }
        Ok(out.line("")?)
    }
}

/// What led to the event, as far as it is known.
fn why(event: &RecordedEvent) -> Option<String> {
    let parts = [
        ("command", event.command_id()),
        ("caused by", event.causation_id()),
        ("part of", event.correlation_id()),
    ];
    let known: Vec<String> =
        parts.iter().filter(|(_, id)| !id.is_nil()).map(|(what, id)| format!("{what} {id}")).collect();
    (!known.is_empty()).then(|| known.join(", "))
}

fn document(event: &RecordedEvent, changed: &[Change], story: &Story) -> anyhow::Result<Value> {
    let id = |id: uuid::Uuid| (!id.is_nil()).then_some(id);
    let payload: &RawValue = serde_json::from_slice(event.payload())?;
    Ok(json!({
        "position": event.position(),
        "stream": event.stream(),
        "version": event.version(),
        "event_id": event.event_id(),
        "type": event.event_type(),
        "schema_version": event.schema_version(),
        "occurred_at": when::rfc3339(event.occurred_at_ns()),
        "recorded_at": when::rfc3339(event.recorded_at_ns()),
        "actor": event.actor(),
        "command_id": id(event.command_id()),
        "correlation_id": id(event.correlation_id()),
        "causation_id": id(event.causation_id()),
        "payload": payload,
        "changes": changed,
        "problem": story.broken,
    }))
}

/// The aggregate as the events so far have made it.
struct Story {
    state: Option<AggregateState>,
    before: Value,
    /// Why the state cannot be told any more.
    broken: Option<String>,
}

impl Story {
    fn take(&mut self, event: &RecordedEvent) -> Vec<Change> {
        let (aggregate, kind) = (event.aggregate(), event.event_type());
        let decoded = Event::decode(aggregate, kind, event.schema_version(), event.payload());
        match (&mut self.state, decoded) {
            (Some(state), Ok(decoded)) if self.broken.is_none() => state.apply(&decoded),
            // Another program's: its fields are shown, and what they make is not known here.
            (_, Err(EventError::UnknownAggregate(_))) => {}
            (_, Err(error)) => self.broken = Some(format!("the state cannot be told from here on: {error}")),
            _ => {}
        }
        if self.broken.is_some() {
            return Vec::new();
        }
        let after = self.snapshot();
        let changed = changes(&self.before, &after);
        self.before = after;
        changed
    }

    fn snapshot(&self) -> Value {
        let snapshot = self.state.as_ref().map(AggregateState::to_snapshot).unwrap_or_default();
        serde_json::from_slice(&snapshot).unwrap_or(Value::Null)
    }
}
