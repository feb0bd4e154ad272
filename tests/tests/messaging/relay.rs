//! The relay against a server that is killed, wiped, set back, late, or shared.

use super::{append, assert_stream_equals, client, relay};
use async_nats::jetstream;
use daybook_event_log::MemoryLog;
use daybook_messaging::STREAM_NAME;
use daybook_tests::servers::nats::NatsServer;
use std::{sync::Arc, time::Duration};

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_told_once_and_in_order() -> anyhow::Result<()> {
    let (server, log) = (NatsServer::start().await?, Arc::new(MemoryLog::new()));
    append(&log, 300).await?;
    let relay = relay(&log, &server.url()).await?;
    append(&log, 300).await?;
    assert_stream_equals(&log, &server.url()).await?;
    relay.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_fed_again_when_it_is_back() -> anyhow::Result<()> {
    let (server, log) = (NatsServer::start().await?, Arc::new(MemoryLog::new()));
    let relay = relay(&log, &server.url()).await?;
    for _ in 0..3 {
        append(&log, 200).await?;
        server.kill()?;
        append(&log, 200).await?;
        server.start_again().await?;
    }
    assert_stream_equals(&log, &server.url()).await?;
    relay.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_server_is_fed_from_the_first_event() -> anyhow::Result<()> {
    let (server, log) = (NatsServer::start().await?, Arc::new(MemoryLog::new()));
    let relay = relay(&log, &server.url()).await?;
    append(&log, 400).await?;
    assert_stream_equals(&log, &server.url()).await?;
    server.kill()?;
    server.wipe()?;
    server.start_again().await?;
    assert_stream_equals(&log, &server.url()).await?;
    relay.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forgot_the_end_gets_it_again() -> anyhow::Result<()> {
    let (server, log) = (NatsServer::start().await?, Arc::new(MemoryLog::new()));
    let relay = relay(&log, &server.url()).await?;
    append(&log, 200).await?;
    assert_stream_equals(&log, &server.url()).await?;
    server.kill()?;
    server.keep_copy()?;
    server.start_again().await?;
    append(&log, 200).await?;
    assert_stream_equals(&log, &server.url()).await?;
    server.kill()?;
    server.set_back()?;
    server.start_again().await?;
    assert_stream_equals(&log, &server.url()).await?;
    relay.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_stream_is_made_and_fed_again() -> anyhow::Result<()> {
    let (server, log) = (NatsServer::start().await?, Arc::new(MemoryLog::new()));
    let relay = relay(&log, &server.url()).await?;
    append(&log, 200).await?;
    assert_stream_equals(&log, &server.url()).await?;
    jetstream::new(client(&server.url()).await?).delete_stream(STREAM_NAME).await?;
    append(&log, 100).await?;
    assert_stream_equals(&log, &server.url()).await?;
    relay.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_late_misses_nothing() -> anyhow::Result<()> {
    let (server, log) = (NatsServer::not_yet_started()?, Arc::new(MemoryLog::new()));
    let relay = relay(&log, &server.url()).await?;
    append(&log, 200).await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.start_again().await?;
    assert_stream_equals(&log, &server.url()).await?;
    relay.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_at_once_tell_everything_once() -> anyhow::Result<()> {
    let (server, log) = (NatsServer::start().await?, Arc::new(MemoryLog::new()));
    let relays = (relay(&log, &server.url()).await?, relay(&log, &server.url()).await?);
    for _ in 0..10 {
        append(&log, 100).await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_stream_equals(&log, &server.url()).await?;
    relays.0.stop().await;
    append(&log, 100).await?;
    assert_stream_equals(&log, &server.url()).await?;
    relays.1.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_fed_from_another_log_is_left_alone() -> anyhow::Result<()> {
    let (server, ours, others) =
        (NatsServer::start().await?, Arc::new(MemoryLog::new()), Arc::new(MemoryLog::new()));
    append(&others, 100).await?;
    let first = relay(&others, &server.url()).await?;
    assert_stream_equals(&others, &server.url()).await?;
    first.stop().await;
    append(&ours, 200).await?;
    let second = relay(&ours, &server.url()).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_stream_equals(&others, &server.url()).await?;
    assert_eq!(second.relayed().borrow().get(), 0, "nothing of ours may be told into another log's stream");
    second.stop().await;
    Ok(())
}
