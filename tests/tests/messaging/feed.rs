//! Followers over NATS, our own and other programs': same events, same order, each once, whatever happens to the server.

use super::{KEY, append, assert_stream_equals, client, everything, relay, supervisor};
use anyhow::Context as _;
use async_nats::jetstream::{
    self,
    consumer::{DeliverPolicy, pull::OrderedConfig},
};
use daybook_event_log::{EventLog, MemoryLog, PageLimits, Position, RecordedEvent, cloud_event};
use daybook_messaging::{NatsLog, STREAM_NAME};
use daybook_subscriptions::Source;
use daybook_tests::servers::nats::NatsServer;
use futures::StreamExt as _;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

async fn collect(
    fed: Arc<dyn EventLog>,
    from: Position,
    until: Position,
) -> anyhow::Result<Vec<RecordedEvent>> {
    let mut events = Vec::new();
    let mut source = Source::new(fed, from, PageLimits { events: 64, bytes: 10_000 });
    while events.last().is_none_or(|last: &RecordedEvent| last.position() < until) {
        events.extend(tokio::time::timeout(super::PATIENCE, source.next()).await??.events);
    }
    Ok(events)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_sees_the_past_and_the_news_without_a_gap() -> anyhow::Result<()> {
    let (server, log) = (NatsServer::start().await?, Arc::new(MemoryLog::new()));
    append(&log, 150).await?;
    let relay = relay(&log, &server.url()).await?;
    let fed = Arc::new(NatsLog::start(&supervisor(), log.clone(), (client(&server.url()).await?, KEY)));
    let following = tokio::spawn(collect(fed, Position::ZERO, Position::new(450)));
    append(&log, 300).await?;
    assert_eq!(following.await??, everything(&log).await?);
    relay.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_misses_nothing_while_the_server_is_away() -> anyhow::Result<()> {
    let (server, log) = (NatsServer::start().await?, Arc::new(MemoryLog::new()));
    let relay = relay(&log, &server.url()).await?;
    let fed = Arc::new(NatsLog::start(&supervisor(), log.clone(), (client(&server.url()).await?, KEY)));
    let following = tokio::spawn(collect(fed, Position::ZERO, Position::new(800)));
    append(&log, 200).await?;
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.kill()?;
    append(&log, 200).await?;
    server.wipe()?;
    server.start_again().await?;
    append(&log, 200).await?;
    tokio::time::sleep(Duration::from_millis(200)).await;
    append(&log, 200).await?;
    assert_eq!(following.await??, everything(&log).await?);
    relay.stop().await;
    Ok(())
}

/// What another program does: it takes messages in turn, and when it is interrupted it begins again behind the last one
/// that it has. Sequences are positions, so that is all it has to remember.
async fn subscribe(url: String, until: u64) -> anyhow::Result<Vec<RecordedEvent>> {
    let mut events = Vec::new();
    while (events.len() as u64) < until {
        // Whatever interrupted it, a server that is away or a stream that is gone, it is tried again.
        let _ = take(&url, &mut events, until).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(events)
}

async fn take(url: &str, events: &mut Vec<RecordedEvent>, until: u64) -> anyhow::Result<()> {
    let stream = jetstream::new(client(url).await?).get_stream(STREAM_NAME).await?;
    let start_sequence = events.len() as u64 + 1;
    let deliver_policy = DeliverPolicy::ByStartSequence { start_sequence };
    let config = OrderedConfig { deliver_policy, ..OrderedConfig::default() };
    let mut messages = stream.create_consumer(config).await?.messages().await?;
    while (events.len() as u64) < until {
        // A stream that was deleted does not always say so.
        let message = tokio::time::timeout(Duration::from_secs(2), messages.next()).await?;
        let message = message.context("the end")??;
        events.push(cloud_event::read(&message.payload)?);
    }
    Ok(())
}

/// Followers of both kinds through some trouble, that comes while events are told and while none are.
async fn go_on_through(trouble: impl AsyncFn(&NatsServer) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let (server, log) = (NatsServer::start().await?, Arc::new(MemoryLog::new()));
    let relay = relay(&log, &server.url()).await?;
    let fed = Arc::new(NatsLog::start(&supervisor(), log.clone(), (client(&server.url()).await?, KEY)));
    let ours = tokio::spawn(collect(fed, Position::ZERO, Position::new(600)));
    let others = tokio::spawn(subscribe(server.url(), 600));
    append(&log, 200).await?;
    trouble(&server).await?;
    append(&log, 200).await?;
    assert_stream_equals(&log, &server.url()).await?;
    trouble(&server).await?;
    append(&log, 200).await?;
    assert_stream_equals(&log, &server.url()).await?;
    let everything = everything(&log).await?;
    assert_eq!(ours.await??, everything);
    let others = tokio::time::timeout(super::PATIENCE, others).await???;
    assert!(others == everything, "another program saw {} events differently", others.len());
    relay.stop().await;
    Ok(())
}

/// The same, with the server killed and started again; meanwhile something happens to it.
async fn go_on_though_killed(
    meanwhile: impl AsyncFn(&NatsServer) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    go_on_through(async |server| {
        server.kill()?;
        meanwhile(server).await?;
        server.start_again().await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_misses_anything_when_the_server_is_killed() -> anyhow::Result<()> {
    go_on_though_killed(async |_| Ok(())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_misses_anything_when_the_server_forgets_everything() -> anyhow::Result<()> {
    go_on_though_killed(async |server| server.wipe()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_misses_anything_when_the_server_is_set_back() -> anyhow::Result<()> {
    let copied = AtomicBool::new(false);
    go_on_though_killed(async |server| {
        if copied.swap(true, Ordering::Relaxed) { server.set_back() } else { server.keep_copy() }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_misses_anything_when_the_server_is_away_for_a_while() -> anyhow::Result<()> {
    go_on_though_killed(async |_| {
        tokio::time::sleep(Duration::from_secs(3)).await;
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_misses_anything_when_the_stream_is_deleted() -> anyhow::Result<()> {
    go_on_through(async |server| {
        let jetstream = jetstream::new(client(&server.url()).await?);
        // Deleted before it was made there is nothing to delete.
        let _ = jetstream.delete_stream(STREAM_NAME).await;
        Ok(())
    })
    .await
}
