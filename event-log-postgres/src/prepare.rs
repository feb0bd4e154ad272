//! Makes appends ready for the server on the thread of whoever appends, so that the one writer has less to do: checks
//! that each can be stored, and writes its texts as they will stand in the table.

use crate::{metadata, payload};
use daybook_event_log::{Append, AppendRejection, NewEvent, RecordedEvent};
use std::ops::Range;

/// An append that can be stored, with its texts.
pub(crate) struct Prepared {
    pub(crate) append: Append,
    /// Each event's payload and metadata, one after the other.
    text: String,
    cuts: Vec<(Range<usize>, Range<usize>)>,
}

impl Prepared {
    /// Refuses what the server could not store: one bad event would fail the whole group.
    pub(crate) fn new(append: Append, payload_bytes: usize) -> Result<Self, AppendRejection> {
        let reason = match append.events.is_empty() {
            true => Some("an append needs at least one event".to_owned()),
            false => append.events.iter().find_map(|event| check(event, payload_bytes).err()),
        };
        if let Some(reason) = reason {
            return Err(AppendRejection::Invalid { stream: append.stream, reason });
        }
        let mut text = String::with_capacity(append.events.iter().map(expected_bytes).sum());
        let mut cuts = Vec::with_capacity(append.events.len());
        for event in &append.events {
            let start = text.len();
            payload::wrap(&mut text, &event.event_type, &event.payload);
            let middle = text.len();
            metadata::write(&mut text, &event.metadata);
            cuts.push((start..middle, middle..text.len()));
        }
        Ok(Self { append, text, cuts })
    }

    /// Payload and metadata of each event, as they are stored.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cuts
            .iter()
            .map(|(payload, metadata)| (&self.text[payload.clone()], &self.text[metadata.clone()]))
    }
}

fn check(event: &NewEvent, payload_bytes: usize) -> Result<(), String> {
    RecordedEvent::check_sizes(event, payload_bytes)?;
    if event.event_type.contains(char::is_control) {
        return Err("the event type holds control characters".to_owned());
    }
    payload::check(&event.payload)
}

/// Metadata takes up to 256 bytes beside the actor.
fn expected_bytes(event: &NewEvent) -> usize {
    event.payload.len() + event.event_type.len() + event.metadata.actor.len() + 264
}
