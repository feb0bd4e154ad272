//! The feed of events to somebody who follows it: through kills and restarts each event arrives once, in order.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use daybook_tests::{
    on_each_store,
    seed::Random,
    shop::{Day, On, ShopClient, TestShop, text},
};
use futures::StreamExt;
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

on_each_store!(a_follower_sees_everything_once_and_in_order_through_kills_and_restarts);

/// Follows by Server-Sent Events, going on behind the last id whenever the connection breaks, until `end` is reached.
async fn follow(shop: ShopClient, end: Arc<AtomicU64>) -> Vec<Value> {
    let mut seen: Vec<Value> = Vec::new();
    while (seen.len() as u64) < end.load(Ordering::Acquire) {
        let request =
            shop.http.get(shop.address() + "/events?follow=true").header("accept", "text/event-stream");
        let Ok(response) = request.header("last-event-id", seen.len()).send().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let (mut chunks, mut buffer) = (response.bytes_stream(), Vec::new());
        while (seen.len() as u64) < end.load(Ordering::Acquire) {
            // Only what ends in an empty line arrived whole.
            let next = tokio::time::timeout(Duration::from_millis(200), chunks.next()).await;
            match next {
                Ok(Some(Ok(chunk))) => buffer.extend_from_slice(&chunk),
                Ok(_) => break,
                Err(_) => continue,
            }
            while let Some(at) = buffer.windows(2).position(|pair| pair == b"\n\n") {
                let message = String::from_utf8(buffer.drain(..at + 2).collect()).unwrap();
                if let Some(data) = message.lines().find_map(|line| line.strip_prefix("data: ")) {
                    seen.push(serde_json::from_str(data).unwrap());
                }
            }
        }
    }
    seen
}

async fn a_follower_sees_everything_once_and_in_order_through_kills_and_restarts(on: On) {
    let mut random = Random::from_environment();
    let mut shop = TestShop::start_on(on).await;
    let end = Arc::new(AtomicU64::new(u64::MAX));
    let follower = tokio::spawn(follow(shop.client(), end.clone()));
    let mut day = Day::begin(&shop, &mut random).await;
    for round in 0..5 {
        day.go_on(&shop, &mut random, 20).await;
        match round % 2 {
            0 => shop.kill(),
            _ => shop.stop().await,
        }
        shop.restart().await;
    }
    end.store(shop.settled().await, Ordering::Release);
    let seen = follower.await.unwrap();
    let events = shop.events().await;
    assert!(events.len() > 50, "{} events: this shows nothing", events.len());
    for (seen, event) in seen.iter().zip(&events) {
        assert_eq!(text(&seen["position"]), text(&event["position"]));
        assert_eq!(seen, event);
    }
    assert_eq!(seen.len(), events.len());
}
