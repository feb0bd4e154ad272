//! The JetStream stream itself: made if it is not there, and checked to be fit before anything is published
//! to it.

use crate::{MessagingError, RelayOptions, STREAM_NAME, SUBJECTS};
use async_nats::{
    Client,
    jetstream::{
        Context, ContextBuilder,
        stream::{Config, RetentionPolicy, StorageType, Stream},
    },
};
use std::time::Duration;

/// How long a request or a message may wait for its answer. A cluster that elects a leader takes a few seconds; asking again is
/// cheaper than waiting for an answer that was lost with the old one.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// The oldest server that this was run against.
const OLDEST: (i64, i64) = (2, 9);

pub(crate) fn context(client: &Client) -> Context {
    ContextBuilder::new().timeout(ANSWER_WITHIN).ack_timeout(ANSWER_WITHIN).build(client.clone())
}

/// The stream, made if it is not there, with as many copies as are asked for.
pub(crate) async fn ensure(
    client: &Client,
    jetstream: &Context,
    options: &RelayOptions,
) -> Result<Stream, MessagingError> {
    let wanted = Config {
        name: STREAM_NAME.to_owned(),
        subjects: vec![SUBJECTS.to_owned()],
        storage: StorageType::File,
        num_replicas: options.replicas,
        description: Some("Every event of the shop; the sequence is the position in the log.".to_owned()),
        ..Config::default()
    };
    let opened = jetstream.get_or_create_stream(wanted).await;
    let (major, minor) = OLDEST;
    // An old server may refuse what it does not know, so its age is what to tell.
    if client.try_server_info().is_some() && !client.is_server_compatible(major, minor, 0) {
        return Err(MessagingError::TooOld { found: client.server_info().version });
    }
    let stream = opened.map_err(|error| MessagingError::opening(&error, options.replicas))?;
    fit(&stream.cached_info().config)?;
    match_copies(jetstream, &stream, options.replicas).await;
    Ok(stream)
}

/// Whether a stream of our name can hold what we tell.
fn fit(config: &Config) -> Result<(), MessagingError> {
    let wrong = if !config.subjects.iter().any(|subject| subject == SUBJECTS || subject == ">") {
        format!("its subjects are {}, not {SUBJECTS}", config.subjects.join(", "))
    } else if config.retention != RetentionPolicy::Limits {
        "it forgets what was consumed; its retention must be by limits".to_owned()
    } else if config.no_ack || config.sealed {
        "it is sealed, or does not acknowledge".to_owned()
    } else {
        return Ok(());
    };
    Err(MessagingError::ForeignStream { stream: STREAM_NAME.to_owned(), detail: wrong })
}

/// Brings the number of copies to what is asked for. A stream that cannot have them now is used as it is.
async fn match_copies(jetstream: &Context, stream: &Stream, copies: usize) {
    let found = &stream.cached_info().config;
    if found.num_replicas == copies {
        return;
    }
    let wanted = Config { num_replicas: copies, ..found.clone() };
    match jetstream.update_stream(wanted).await {
        Ok(_) => {
            tracing::info!(was = found.num_replicas, copies, "JetStream keeps another number of copies now")
        }
        Err(error) => tracing::warn!(
            %error, copies, found = found.num_replicas,
            "JetStream cannot keep as many copies as are asked for; the stream goes on with those it has"
        ),
    }
}

/// The sequence of the stream's last message; zero where it has none.
pub(crate) async fn last_sequence(stream: &Stream) -> Result<u64, MessagingError> {
    let info = stream.get_info().await;
    Ok(info.map_err(|e| MessagingError::jetstream("say where the stream ends", e))?.state.last_sequence)
}

/// The stream as a follower finds it.
pub(crate) async fn find(jetstream: &Context) -> Result<Stream, MessagingError> {
    jetstream.get_stream(STREAM_NAME).await.map_err(|e| MessagingError::jetstream("find the stream", e))
}

/// The largest message that server and stream take, headers included.
pub(crate) fn largest_message(client: &Client, stream: &Stream) -> usize {
    let of_server = client.server_info().max_payload;
    // Below zero for any.
    let of_stream = usize::try_from(stream.cached_info().config.max_message_size).ok();
    of_stream.filter(|bytes| *bytes > 0).map_or(of_server, |bytes| bytes.min(of_server))
}
