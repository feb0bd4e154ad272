//! Followers over NATS: same events, same order, each once, whatever happens to the server.

use super::{append, client, everything, relay};
use daybook_event_log::{EventLog, MemoryLog, Position, RecordedEvent, follow};
use daybook_messaging::FedLog;
use daybook_tests::servers::nats::NatsServer;
use std::{sync::Arc, time::Duration};

async fn collect(
    fed: Arc<dyn EventLog>,
    from: Position,
    until: Position,
) -> anyhow::Result<Vec<RecordedEvent>> {
    let mut events = Vec::new();
    let mut following = follow(fed, from, 64);
    while events.last().is_none_or(|last: &RecordedEvent| last.position() < until) {
        events.extend(tokio::time::timeout(super::PATIENCE, following.next()).await??);
    }
    Ok(events)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_sees_the_past_and_the_news_without_a_gap() -> anyhow::Result<()> {
    let (server, log) = (NatsServer::start().await?, Arc::new(MemoryLog::new()));
    append(&log, 150).await?;
    let relay = relay(&log, &server.url()).await?;
    let fed = Arc::new(FedLog::start(log.clone(), client(&server.url()).await?));
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
    let fed = Arc::new(FedLog::start(log.clone(), client(&server.url()).await?));
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
