//! Where log and stream agree: the last event of the log that the stream has, looked for from the stream's end. Messages
//! that others published to our subjects may stand behind it or between; they are passed over.

use crate::{MessageKey, MessagingError, POSITION_HEADER, STREAM_NAME, signature::SIGNATURE_HEADER};
use async_nats::jetstream::{
    message::StreamMessage,
    stream::{RawMessageErrorKind, Stream},
};
use daybook_event_log::{EventLog, KnownEvent, Position, cloud_event};

/// Behind so many messages that are not ours, a person has to look.
const MAX_STRAYS: u64 = 10_000;
/// So many are looked at for the last of our own that were signed with another key.
const MAX_FOREIGN_SIGNED: u64 = 1_000;

/// The end of a stream, compared with the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamEnd {
    /// The last position that the stream has.
    pub(crate) position: Position,
    /// The stream's last sequence. It is the same number unless others have published to the stream.
    pub(crate) sequence: u64,
}

impl StreamEnd {
    /// Looks for it, back to what is `known` of an earlier look or to a bound. Fails where the stream holds what this log does not: it is fed by another shop, or the log was
    /// restored to an earlier time.
    pub(crate) async fn find(
        log: &dyn EventLog,
        stream: &Stream,
        key: &MessageKey,
        known: Option<Self>,
    ) -> Result<Self, MessagingError> {
        let state = stream
            .get_info()
            .await
            .map_err(|e| MessagingError::jetstream("say where the stream ends", e))?
            .state;
        let sequence = state.last_sequence;
        if state.messages == 0 {
            // What aged out had been published. The sequence is the best that is known of its position.
            let told = Position::new(sequence).min(*log.head().borrow());
            return Ok(Self { position: told, sequence });
        }
        let bound = known.map_or(MAX_STRAYS, |known| sequence.saturating_sub(known.sequence).max(MAX_STRAYS));
        let (mut unsigned, mut looks_like_ours, mut strays) = (None, false, 0);
        for at in (state.first_sequence..=sequence).rev() {
            let Some(message) = message(stream, at).await? else { continue };
            if key.has_signed(&message.headers, at, &message.payload) {
                let position = in_log(log, &message).await?.ok_or_else(|| foreign(at, &message))?;
                return Ok(Self { position, sequence });
            }
            strays += 1;
            looks_like_ours |= message.headers.get(SIGNATURE_HEADER).is_some()
                || message.headers.get(POSITION_HEADER).is_some();
            if strays <= MAX_FOREIGN_SIGNED
                && let Some(position) = in_log(log, &message).await?
            {
                unsigned = unsigned.max(Some(position));
                // Nothing else was published between, so this is no copy of an earlier message.
                if position.get() == at {
                    return Ok(Self { position, sequence });
                }
            }
            if strays > bound || (unsigned.is_some() && strays > MAX_FOREIGN_SIGNED) {
                break;
            }
        }
        match unsigned {
            Some(position) => Ok(Self { position, sequence }),
            None if looks_like_ours || strays > bound => {
                let detail = format!("none of its last {strays} messages is an event of the log");
                Err(MessagingError::ForeignStream { stream: STREAM_NAME.to_owned(), detail })
            }
            None => Ok(Self { position: Position::ZERO, sequence }),
        }
    }
}

/// The message at `sequence`; none if it was removed.
async fn message(stream: &Stream, sequence: u64) -> Result<Option<StreamMessage>, MessagingError> {
    match stream.get_raw_message(sequence).await {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(MessagingError::jetstream("read a message of the stream", error)),
    }
}

/// The position of the log's event that the message is, byte for byte, or names.
async fn in_log(log: &dyn EventLog, message: &StreamMessage) -> Result<Option<Position>, MessagingError> {
    let Ok(named) = cloud_event::identify(&message.payload) else { return Ok(None) };
    let ours = log.read_all(named.position, 1).await?;
    let Some(ours) = ours.first().filter(|ours| KnownEvent::from(*ours) == named) else { return Ok(None) };
    let is_ours = match cloud_event::read(&message.payload) {
        Ok(told) => told.as_bytes() == ours.as_bytes(),
        // A reference to an event that was too large.
        Err(_) => true,
    };
    Ok(is_ours.then_some(named.position))
}

fn foreign(sequence: u64, message: &StreamMessage) -> MessagingError {
    let position = message.headers.get(POSITION_HEADER).map_or("?", |said| said.as_str());
    let detail = format!("message {sequence} is not the log's event {position}");
    MessagingError::ForeignStream { stream: STREAM_NAME.to_owned(), detail }
}
