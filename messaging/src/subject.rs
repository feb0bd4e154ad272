//! All names on NATS, on one page.

/// The JetStream stream that holds every event.
pub const STREAM_NAME: &str = "daybook-events";

/// Every subject of the stream; subscribe to this for everything, or to `daybook.events.order.*`.
pub const SUBJECTS: &str = "daybook.events.>";

/// Header with the event's position in the log. The message's sequence in the stream is the same number, unless others have
/// published to the stream.
pub const POSITION_HEADER: &str = "Daybook-Position";

/// The subject of one aggregate's events: `daybook.events.<aggregate>.<id>`.
///
/// A full stop in an id would begin another token, so it is written `%2E`; likewise what has a meaning of its own in a
/// subject, spaces, and the per cent sign itself.
#[must_use]
pub fn subject_of(aggregate: &str, id: &str) -> String {
    let mut subject = String::with_capacity(16 + aggregate.len() + id.len());
    subject.push_str("daybook.events.");
    subject.push_str(aggregate);
    subject.push('.');
    for character in id.chars() {
        match character {
            '.' => subject.push_str("%2E"),
            '*' => subject.push_str("%2A"),
            '>' => subject.push_str("%3E"),
            ' ' => subject.push_str("%20"),
            '%' => subject.push_str("%25"),
            other => subject.push(other),
        }
    }
    subject
}

#[cfg(test)]
mod tests {
    use super::subject_of;

    #[test]
    fn a_subject_has_four_tokens_whatever_the_id_holds() {
        assert_eq!(subject_of("order", "0199"), "daybook.events.order.0199");
        assert_eq!(subject_of("inventory", ".a..b."), "daybook.events.inventory.%2Ea%2E%2Eb%2E");
        assert_eq!(subject_of("inventory", "A 1*>%2E"), "daybook.events.inventory.A%201%2A%3E%252E");
    }
}
