//! Telling others over a real nats-server, in good and bad times. At the end of every test the JetStream
//! stream holds every event of the log once, in order, and so does whoever listened.

mod feed;
mod limits;
mod panics;
mod relay;
mod strays;

use anyhow::Context as _;
use async_nats::jetstream;
use bytes::Bytes;
use daybook_event_log::{
    Append, EventLog, ExpectedVersion, LocalLeases, MemoryLog, Metadata, NewEvent, Position, RecordedEvent,
    StreamId, cloud_event,
};
use daybook_messaging::{
    MessageKey, NatsOptions, POSITION_HEADER, Relay, RelayOptions, RelayTask, STREAM_NAME, connect,
};
use daybook_subscriptions::{CancellationToken, Supervisor};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// Long enough for a loaded machine; nothing waits for it when all is well.
const PATIENCE: Duration = Duration::from_secs(60);

/// That of the shop whose nodes these are.
const KEY: MessageKey = MessageKey::new([7; 32]);

async fn client(url: &str) -> anyhow::Result<async_nats::Client> {
    Ok(connect(&NatsOptions { address: url.to_owned(), ..NatsOptions::default() }).await?)
}

/// A relay with a supervisor and leases of its own, as if it ran on a node of its own.
async fn relay(log: &Arc<MemoryLog>, url: &str) -> anyhow::Result<RelayTask> {
    let options = RelayOptions { check_every: Duration::from_millis(100), ..RelayOptions::default() };
    let nats = (client(url).await?, options, KEY);
    Ok(Relay::spawn(&supervisor(), log.clone(), Arc::new(LocalLeases::default()), nats))
}

fn supervisor() -> Supervisor {
    Supervisor::new(CancellationToken::new())
}

/// Appends `count` events to a few streams, in groups.
async fn append(log: &MemoryLog, count: usize) -> anyhow::Result<()> {
    for first in (0..count).step_by(50) {
        let group = (first..count.min(first + 50)).map(|number| Append {
            stream: StreamId::new("order", format!("o.{}", number % 7)).expect("a valid name"),
            expected: ExpectedVersion::Any,
            events: vec![NewEvent {
                event_id: Uuid::new_v4(),
                event_type: "OrderPlaced".into(),
                schema_version: 1,
                metadata: Metadata { occurred_at_ns: 1_700_000_000_000_000_000, ..Metadata::default() },
                payload: Bytes::from(format!(r#"{{"number":{number}}}"#)),
            }],
        });
        for outcome in log.append(group.collect()).await? {
            outcome?;
        }
    }
    Ok(())
}

async fn everything(log: &MemoryLog) -> anyhow::Result<Vec<RecordedEvent>> {
    Ok(log.read_all(Position::new(1), usize::MAX).await?)
}

/// Waits until the stream ends where the log does, then compares every message with the log.
async fn assert_stream_equals(log: &MemoryLog, url: &str) -> anyhow::Result<()> {
    let head = log.head().borrow().get();
    let jetstream = jetstream::new(client(url).await?);
    let started = tokio::time::Instant::now();
    let stream = loop {
        if let Ok(stream) = jetstream.get_stream(STREAM_NAME).await
            && let Ok(info) = stream.get_info().await
            && info.state.last_sequence >= head
        {
            break stream;
        }
        anyhow::ensure!(started.elapsed() < PATIENCE, "the stream does not catch up with position {head}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let state = stream.get_info().await?.state;
    anyhow::ensure!(
        (state.first_sequence, state.last_sequence, state.messages) == (1, head, head),
        "{state:?}, head {head}"
    );
    for event in everything(log).await? {
        let message = stream.get_raw_message(event.position().get()).await?;
        let position = message.headers.get(POSITION_HEADER).context("no position")?.as_str().to_owned();
        anyhow::ensure!(
            position == event.position().to_string(),
            "message {} says {position}",
            event.position()
        );
        let told = cloud_event::read(&message.payload)?;
        anyhow::ensure!(told.as_bytes() == event.as_bytes(), "{told:?} is not {event:?}");
    }
    Ok(())
}
