//! Events of the log, decoded once for all projections of a group, and how pages of them are read.

use crate::FollowLimits;
use daybook_domain::{Event, EventError, Interests, KindIndex};
use daybook_event_log::{EventLog, LogError, Position, RecordedEvent};
use daybook_subscriptions::{AheadPage, Page, Source};
use std::sync::Arc;
use tokio::{sync::mpsc, task::JoinHandle};

/// An event with what the domain makes of it.
pub(crate) struct DecodedRecord {
    pub(crate) record: RecordedEvent,
    /// None: the event is of no aggregate that the domain knows.
    kind: Option<KindIndex>,
    /// None: no projection of the group wants it.
    pub(crate) event: Option<Result<Event, EventError>>,
}

impl DecodedRecord {
    pub(crate) fn new(record: RecordedEvent, interests: &Interests) -> Self {
        let kind = Event::kind_index(record.aggregate(), record.event_type());
        let event = kind.filter(|kind| interests.contain(*kind)).map(|_| decode(&record));
        Self { record, kind, event }
    }

    /// A page, decoded for projections with these interests together.
    pub(crate) fn page(page: Page, interests: &Interests) -> Vec<Self> {
        page.events.into_iter().map(|record| Self::new(record, interests)).collect()
    }

    /// Whether a newer program wrote it, so that this one cannot read it.
    pub(crate) fn is_of_newer_program(&self) -> bool {
        matches!(&self.event, Some(Err(error)) if error.is_for_newer_program())
    }

    /// Whether a projection with these interests wants it.
    pub(crate) fn is_in(&self, interests: &Interests) -> bool {
        self.kind.is_some_and(|kind| interests.contain(kind))
    }
}

/// What the domain makes of a record.
pub fn decode(record: &RecordedEvent) -> Result<Event, EventError> {
    Event::decode(record.aggregate(), record.event_type(), record.schema_version(), record.payload())
}

/// A decoded page that was read ahead.
pub(crate) type EventPage = AheadPage<Vec<DecodedRecord>>;

/// Reads and decodes `log` from `checkpoint` to `until` in a task of its own: the pages, and how it ended.
pub(crate) fn read_to(
    log: &Arc<dyn EventLog>,
    checkpoint: Position,
    until: Position,
    interests: Interests,
    limits: FollowLimits,
) -> (mpsc::UnboundedReceiver<EventPage>, JoinHandle<Result<(), LogError>>) {
    let mut source = Source::new(log.clone(), checkpoint, limits.page()).until(until);
    let (sender, pages) = mpsc::unbounded_channel();
    let reading = tokio::spawn(async move {
        let decode = |page| DecodedRecord::page(page, &interests);
        limits.ahead().run(&mut source, decode, |page| sender.send(page).is_ok()).await
    });
    (pages, reading)
}
