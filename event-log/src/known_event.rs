//! An event by which a log is recognised: a log that has another one at this position, or none, is another log, or one
//! that was set back. Says nothing of where such an event is kept.

use crate::{EventLog, LogError, Position, RecordedEvent};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An event that was durable, and where it stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownEvent {
    pub position: Position,
    pub event_id: Uuid,
}

impl KnownEvent {
    /// The last event of `log`; none while it is empty.
    ///
    /// # Errors
    /// What the log answers.
    pub async fn last_of(log: &dyn EventLog) -> Result<Option<Self>, LogError> {
        let head = *log.head().borrow();
        Ok(log.read_all(head, 1).await?.first().map(Self::from))
    }

    /// Whether it stands in `log` where it stood.
    ///
    /// # Errors
    /// [`LogError::Rewound`] if not; what the log answers.
    pub async fn expect_in(self, log: &dyn EventLog, place: &str) -> Result<(), LogError> {
        let there = log.read_all(self.position, 1).await?;
        let found = there.first().filter(|event| event.position() == self.position);
        self.expect(found.map(RecordedEvent::event_id), place)
    }

    /// Whether what was `found` at its position is this event.
    ///
    /// # Errors
    /// [`LogError::Rewound`] if not.
    pub fn expect(self, found: Option<Uuid>, place: &str) -> Result<(), LogError> {
        if found == Some(self.event_id) {
            return Ok(());
        }
        let found = found.map_or_else(|| "nothing".to_owned(), |id| format!("event {id}"));
        let detail =
            format!("it had event {} at position {}, and has {found} there", self.event_id, self.position);
        Err(LogError::Rewound { place: place.to_owned(), detail })
    }
}

impl From<&RecordedEvent> for KnownEvent {
    fn from(event: &RecordedEvent) -> Self {
        Self { position: event.position(), event_id: event.event_id() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_event_or_none_at_its_position_is_told_with_what_to_do() {
        let known = KnownEvent { position: Position::new(179), event_id: Uuid::from_u128(1) };
        known.expect(Some(Uuid::from_u128(1)), "the server").unwrap();
        for found in [None, Some(Uuid::from_u128(2))] {
            let said = known.expect(found, "the server").unwrap_err().to_string();
            assert!(said.contains("179") && said.contains("daybook restore-accepted"), "{said}");
        }
    }
}
