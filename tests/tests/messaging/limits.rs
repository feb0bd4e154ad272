//! What JetStream's limits leave: events that are too large for a message, streams whose messages have aged out.

use super::{KEY, PATIENCE, append, client, everything, relay, supervisor};
use anyhow::Context as _;
use async_nats::jetstream::{self, stream::Config};
use bytes::Bytes;
use daybook_event_log::{
    Append, EventLog as _, ExpectedVersion, MemoryLog, Metadata, NewEvent, Position, StreamId, cloud_event,
};
use daybook_messaging::{NatsLog, RelayTask, STREAM_NAME, SUBJECTS};
use daybook_subscriptions::Source;
use daybook_tests::servers::nats::NatsServer;
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

async fn append_large(log: &MemoryLog, bytes: usize) -> anyhow::Result<()> {
    let event = NewEvent {
        event_id: Uuid::new_v4(),
        event_type: "OrderPlaced".into(),
        schema_version: 1,
        metadata: Metadata::default(),
        payload: Bytes::from(format!(r#"{{"note":"{}"}}"#, "x".repeat(bytes))),
    };
    let stream = StreamId::new("order", "large")?;
    let expected = ExpectedVersion::Any;
    log.append(vec![Append { stream, expected, events: vec![event] }]).await?.remove(0)?;
    Ok(())
}

async fn relayed(relay: &RelayTask, log: &MemoryLog) -> anyhow::Result<()> {
    let head = *log.head().borrow();
    let mut relayed = relay.relayed();
    let told = tokio::time::timeout(PATIENCE, relayed.wait_for(|relayed| *relayed >= head)).await;
    told.with_context(|| format!("the relay stands still: {:?}", relay.last_error()))??;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_too_large_for_a_message_is_told_without_its_data() -> anyhow::Result<()> {
    let (server, log) = (NatsServer::start().await?, Arc::new(MemoryLog::new()));
    let relay_task = relay(&log, &server.url()).await?;
    append(&log, 10).await?;
    relayed(&relay_task, &log).await?;
    let fed = Arc::new(NatsLog::start(&supervisor(), log.clone(), (client(&server.url()).await?, KEY)));
    let mut by_nats = fed.by_nats();
    tokio::time::timeout(PATIENCE, by_nats.wait_for(|by_nats| *by_nats)).await??;
    // Just below what the server takes, just above it, and far above.
    for bytes in [(1 << 20) - 4_000, (1 << 20) - 600, 1 << 20, 3 << 20] {
        append_large(&log, bytes).await?;
        append(&log, 10).await?;
    }
    relayed(&relay_task, &log).await?;
    // The next relay begins behind a message without data.
    append_large(&log, 2 << 20).await?;
    relayed(&relay_task, &log).await?;
    relay_task.stop().await;
    let relay_task = relay(&log, &server.url()).await?;
    append(&log, 10).await?;
    relayed(&relay_task, &log).await?;

    let stream = jetstream::new(client(&server.url()).await?).get_stream(STREAM_NAME).await?;
    let events = everything(&log).await?;
    let mut references = 0;
    for event in &events {
        let message = stream.get_raw_message(event.position().get()).await?;
        assert_eq!(cloud_event::identify(&message.payload)?, event.into());
        match cloud_event::read(&message.payload) {
            Ok(told) => assert_eq!(told.as_bytes(), event.as_bytes()),
            Err(_) => references += 1,
        }
    }
    assert!((3..=4).contains(&references), "{references}");
    let mut following = Source::new(fed, Position::ZERO, daybook_subscriptions::PAGE);
    let mut seen = Vec::new();
    while seen.len() < events.len() {
        seen.extend(tokio::time::timeout(PATIENCE, following.next()).await??.events);
    }
    assert!(seen == events, "who follows by NATS has other events");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_messages_have_all_aged_out_goes_on_where_it_was() -> anyhow::Result<()> {
    let (server, log) = (NatsServer::start().await?, Arc::new(MemoryLog::new()));
    let jetstream = jetstream::new(client(&server.url()).await?);
    let short = Config {
        name: STREAM_NAME.to_owned(),
        subjects: vec![SUBJECTS.to_owned()],
        max_age: Duration::from_millis(500),
        duplicate_window: Duration::from_millis(500),
        ..Config::default()
    };
    jetstream.create_stream(short).await?;
    let relay_task = relay(&log, &server.url()).await?;
    append(&log, 60).await?;
    relayed(&relay_task, &log).await?;
    relay_task.stop().await;
    let stream = jetstream.get_stream(STREAM_NAME).await?;
    let aged_out = async {
        while stream.get_info().await?.state.messages > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, aged_out).await??;
    append(&log, 7).await?;
    let relay_task = relay(&log, &server.url()).await?;
    relayed(&relay_task, &log).await?;
    assert_eq!(stream.get_info().await?.state.last_sequence, 67, "events were told again, or left out");
    Ok(())
}
