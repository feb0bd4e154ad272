//! Messages that others publish to our subjects: noise, a forged next event, a copy of a genuine message. They stay in the
//! stream, and neither stop the relay nor become events of a node that follows by NATS.

use super::{KEY, PATIENCE, append, client, everything, relay, supervisor};
use anyhow::Context as _;
use async_nats::jetstream;
use daybook_event_log::{EventLog as _, MemoryLog, Position, RecordedEvent, cloud_event};
use daybook_messaging::{NatsLog, POSITION_HEADER, STREAM_NAME, subject_of};
use daybook_subscriptions::Source;
use daybook_tests::servers::nats::NatsServer;
use std::{sync::Arc, time::Duration};

/// The positions of the stream's messages that are the log's events, as they stand there.
async fn genuine(log: &MemoryLog, url: &str) -> anyhow::Result<Vec<u64>> {
    let stream = jetstream::new(client(url).await?).get_stream(STREAM_NAME).await?;
    let (events, last) = (everything(log).await?, stream.get_info().await?.state.last_sequence);
    let mut positions = Vec::new();
    for sequence in 1..=last {
        let message = stream.get_raw_message(sequence).await?;
        let Ok(told) = cloud_event::read(&message.payload) else { continue };
        let ours = events.iter().find(|event| event.as_bytes() == told.as_bytes());
        positions.extend(ours.map(|event| event.position().get()));
    }
    Ok(positions)
}

/// Waits until the relay has told all of the log.
async fn told(relay: &daybook_messaging::RelayTask, log: &MemoryLog) -> anyhow::Result<()> {
    let head = *log.head().borrow();
    let mut relayed = relay.relayed();
    let all = relayed.wait_for(|relayed| *relayed >= head);
    tokio::time::timeout(PATIENCE, all).await.context("the relay stands still")??;
    Ok(())
}

/// What a stranger sends who knows what our messages look like.
async fn send_strays(url: &str, next: &RecordedEvent) -> anyhow::Result<()> {
    let stranger = client(url).await?;
    let jetstream = jetstream::new(stranger.clone());
    let subject = subject_of(next.aggregate(), next.aggregate_id());
    jetstream.publish(subject.clone(), "noise".into()).await?.await?;
    let mut json = Vec::new();
    cloud_event::write(next, &mut json)?;
    let mut headers = async_nats::HeaderMap::new();
    headers.insert(POSITION_HEADER, next.position().to_string().as_str());
    headers.insert("Daybook-Signature", "00".repeat(32).as_str());
    jetstream.publish_with_headers(subject, headers, json.into()).await?.await?;
    // A copy, with everything that the genuine one has but its place.
    let stream = jetstream.get_stream(STREAM_NAME).await?;
    let copied = stream.get_raw_message(3).await?;
    let mut headers = copied.headers.clone();
    headers = headers
        .iter()
        .filter(|(name, _)| name.to_string().starts_with("Daybook"))
        .flat_map(|(name, values)| values.iter().map(move |value| (name.clone(), value.clone())))
        .fold(async_nats::HeaderMap::new(), |mut kept, (name, value)| {
            kept.insert(name, value);
            kept
        });
    jetstream.publish_with_headers(copied.subject, headers, copied.payload).await?.await?;
    Ok(())
}

/// The event that another log has at the position which ours has not reached.
async fn forged_next(log: &MemoryLog) -> anyhow::Result<RecordedEvent> {
    let (other, next) = (MemoryLog::new(), log.head().borrow().next());
    append(&other, usize::try_from(next.get())?).await?;
    other.read_all(next, 1).await?.pop().context("it is there")
}

#[tokio::test(flavor = "multi_thread")]
async fn strays_and_forgeries_neither_stop_the_relay_nor_reach_who_follows_by_nats() -> anyhow::Result<()> {
    let (server, log) = (NatsServer::start().await?, Arc::new(MemoryLog::new()));
    let relay_task = relay(&log, &server.url()).await?;
    append(&log, 100).await?;
    told(&relay_task, &log).await?;
    let fed = Arc::new(NatsLog::start(&supervisor(), log.clone(), (client(&server.url()).await?, KEY)));
    let mut by_nats = fed.by_nats();
    tokio::time::timeout(PATIENCE, by_nats.wait_for(|by_nats| *by_nats)).await??;
    let mut following = Source::new(fed.clone(), Position::ZERO, daybook_subscriptions::PAGE);
    let mut seen = Vec::new();
    for _ in 0..3 {
        send_strays(&server.url(), &forged_next(&log).await?).await?;
        // Longer than it takes to arrive.
        tokio::time::sleep(Duration::from_millis(100)).await;
        append(&log, 100).await?;
        told(&relay_task, &log).await?;
        while (seen.len() as u64) < log.head().borrow().get() {
            seen.extend(tokio::time::timeout(PATIENCE, following.next()).await??.events);
        }
        anyhow::ensure!(seen == everything(&log).await?, "what nobody of us wrote was taken for an event");
    }
    // The next relay finds its place behind strays.
    send_strays(&server.url(), &forged_next(&log).await?).await?;
    relay_task.stop().await;
    let relay_task = relay(&log, &server.url()).await?;
    append(&log, 100).await?;
    told(&relay_task, &log).await?;
    let mut told = genuine(&log, &server.url()).await?;
    // The copies of the third event are in the stream, too.
    anyhow::ensure!(told.iter().filter(|position| **position == 3).count() == 5, "{told:?}");
    let mut first_third = true;
    told.retain(|position| *position != 3 || std::mem::replace(&mut first_third, false));
    anyhow::ensure!(told == (1..=500).collect::<Vec<_>>(), "{told:?}");
    relay_task.stop().await;
    Ok(())
}
