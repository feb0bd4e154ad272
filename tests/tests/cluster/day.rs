//! A day in a cluster: two nodes that take commands, two that answer queries, two projectors, three NATS servers that keep three
//! copies of the stream, and PostgreSQL; all of them killed at random while people buy and staff receives goods. In the
//! evening nothing acknowledged is lost or doubled, the books agree, every node shows what a replay shows, and JetStream
//! holds every event once, in order.
//!
//! `SEED=n` repeats what is done and killed (as far as one machine's timing allows).

use crate::cluster::Cluster;
use daybook_tests::{
    seed::Random,
    shop::{Buyer, Purchase, ShopClient, ask_again_as_before, books},
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// The articles with the units there are in the morning; too few of some for everybody.
const ARTICLES: [(&str, u32); 3] = [("MUG", 40), ("POT", 90), ("LAMP", 2_000)];
const BUYERS: usize = 5;
const TROUBLES: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_random_kills_loses_and_doubles_nothing_anywhere() {
    let mut random = Random::from_environment();
    let cluster = Cluster::start().await;
    let (commands, queries) = (cluster.commands(), cluster.queries());
    let _ = commands.put("/locations/leeds", json!({ "name": "Leeds", "kind": "store" })).await.done();
    for (sku, units) in ARTICLES {
        let _ = commands.put_product(sku, 250).await;
        let _ = commands.receive(sku, units).await;
    }
    // A price comes from the read models of the node that is asked, so each must have seen the products.
    cluster.all_have_seen(queries.head().await).await;

    let closing = Arc::new(AtomicBool::new(false));
    let buyers: Vec<_> = (0..BUYERS)
        .map(|number| {
            tokio::spawn(Buyer::new(number, cluster.commands(), random.branch()).buy_until(closing.clone()))
        })
        .collect();
    let staff = tokio::spawn(receive_goods(cluster.commands(), random.branch(), closing.clone()));
    for _ in 0..TROUBLES {
        tokio::time::sleep(Duration::from_millis(random.below(600))).await;
        cluster.trouble(&mut random).await;
    }
    closing.store(true, Ordering::Relaxed);
    let mut ledger: Vec<Purchase> = Vec::new();
    for buyer in buyers {
        ledger.extend(buyer.await.unwrap());
    }
    let received = staff.await.unwrap();
    assert!(ledger.len() > TROUBLES, "only {} purchases: this shows nothing", ledger.len());
    cluster.all_up().await;

    let head = queries.settled().await;
    ask_again_as_before(&commands, &ledger).await;
    let after = queries.settled().await;
    let events = queries.events().await;
    let since = events.get(usize::try_from(head).unwrap()..);
    assert_eq!(after, head, "asking again wrote something: {since:?}");
    cluster.all_have_seen(head).await;
    println!("{} purchases, {} events, {TROUBLES} troubles", ledger.len(), events.len());
    books::the_log_is_whole(&events);
    books::every_cart_has_one_order_at_most_and_every_order_one_end(&events, &ledger);
    books::payments_agree_with_their_orders(&queries, &events).await;
    books::stock_agrees_with_orders_and_movements(&queries, &events, &received).await;

    cluster.one_node_runs_the_processes_and_one_the_relay().await;
    cluster.jetstream_holds_every_event_once_and_in_order().await;
    cluster.every_node_shows_what_a_replay_shows().await;
}

/// Receives a few units of something again and again; the units received of each article in the end, the morning's included.
async fn receive_goods(
    shop: ShopClient,
    mut random: Random,
    closing: Arc<AtomicBool>,
) -> Vec<(&'static str, u32)> {
    let mut received = BTreeMap::from(ARTICLES);
    let mut number = 0;
    while !closing.load(Ordering::Relaxed) {
        let ((sku, _), units) = (random.pick(&ARTICLES), 1 + random.below(5) as u32);
        let (path, key) = (format!("/inventory/{sku}/receive"), format!("delivery-{number}"));
        let answer = shop.insist(&path, &key, &json!({ "quantity": units })).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        *received.entry(sku).or_default() += units;
        number += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    received.into_iter().collect()
}
