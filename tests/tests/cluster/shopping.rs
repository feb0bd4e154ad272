//! Shopping over a shared store while nodes are killed: nothing acknowledged is lost, nothing happens twice.

use crate::{buy, decided, stock};
use daybook_tests::servers::{daybook::Node, nats::NatsServer, postgres::database};
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_on_postgres_is_confirmed_and_is_still_there_after_kill_minus_nine() {
    let store = database().await.unwrap();
    let node = Node::start(&["--store", &store]).await.unwrap();
    stock(&node, "MUG", 5).await;
    let order = buy(&[&node], 0, "MUG").await.unwrap();
    assert_eq!(decided(&node, &order).await["state"], "confirmed");
    node.kill().unwrap();
    node.start_again().unwrap();
    node.ready().await.unwrap();
    assert_eq!(decided(&node, &order).await["state"], "confirmed");
    let another = buy(&[&node], 0, "MUG").await.unwrap();
    assert_eq!(decided(&node, &another).await["state"], "confirmed");
    let (status, proof) = node.get(&format!("/orders/{order}/proof")).await.unwrap();
    assert_eq!((status, proof["events"][0]["type"].as_str()), (200, Some("OrderPlaced")), "{proof}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_command_nodes_sell_exactly_what_there_is_while_one_is_killed() {
    const UNITS: usize = 40;
    const BUYERS: usize = 60;
    let store = database().await.unwrap();
    let one = Node::start(&["--store", &store]).await.unwrap();
    let two = Node::start(&["--store", &store]).await.unwrap();
    stock(&one, "HOT", u32::try_from(UNITS).unwrap()).await;
    let nodes = [&one, &two];
    // The first node began to run the processes; it is killed in the middle of them.
    assert_eq!(one.ready().await.unwrap()["runs_processes"], true);
    let killing = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        one.kill().unwrap();
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        one.start_again().unwrap();
    };
    let buying = futures::future::join_all((0..BUYERS).map(|buyer| buy(&nodes, buyer, "HOT")));
    let (orders, ()) = futures::join!(buying, killing);
    one.ready().await.unwrap();
    assert_eq!(two.ready().await.unwrap()["runs_processes"], true, "{}", two.log());
    let placed: Vec<String> = orders.into_iter().flatten().collect();
    assert_eq!(placed.iter().collect::<BTreeSet<_>>().len(), placed.len(), "an order was given twice");
    let mut confirmed = 0;
    for order in &placed {
        confirmed += usize::from(decided(&two, order).await["state"] == "confirmed");
    }
    assert_eq!(confirmed, UNITS, "of {} orders", placed.len());
    for node in nodes {
        let stock = settled(node, "/inventory/HOT").await;
        assert_eq!(stock["available"], 0, "{stock}");
    }
}

/// A read model that has everything.
async fn settled(node: &Node, path: &str) -> Value {
    let head = node.ready().await.unwrap()["position"].as_u64().unwrap();
    let (status, shown) = node.get(&format!("{path}?min_position={head}&wait_ms=20000")).await.unwrap();
    assert_eq!(status, 200, "{shown}");
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_kills_loses_nothing_and_the_query_node_and_nats_have_it_all() {
    const UNITS: usize = 60;
    const BUYERS: usize = 90;
    let (store, nats) = (database().await.unwrap(), NatsServer::start().await.unwrap());
    let address = nats.url();
    let start = async |roles: &str| {
        Node::start(&["--store", &store, "--nats", &address, "--roles", roles]).await.unwrap()
    };
    let one = start("commands,processes,relay").await;
    let two = start("commands,processes,relay").await;
    let queries = start("queries").await;
    stock(&one, "HOT", u32::try_from(UNITS).unwrap()).await;
    let nodes = [&one, &two];
    let pause = |ms| tokio::time::sleep(Duration::from_millis(ms));
    let trouble = async {
        pause(300).await;
        one.kill().unwrap();
        pause(500).await;
        nats.kill().unwrap();
        nats.wipe().unwrap();
        one.start_again().unwrap();
        one.ready().await.unwrap();
        two.kill().unwrap();
        pause(500).await;
        nats.start_again().await.unwrap();
        queries.kill().unwrap();
        two.start_again().unwrap();
        queries.start_again().unwrap();
    };
    let buying = futures::future::join_all((0..BUYERS).map(|buyer| async move {
        pause(40 * buyer as u64).await;
        buy(&nodes, buyer, "HOT").await
    }));
    let (orders, ()) = futures::join!(buying, trouble);
    for node in [&one, &two, &queries] {
        node.ready().await.unwrap();
    }
    let placed: BTreeSet<String> = orders.into_iter().flatten().collect();
    let mut confirmed = 0;
    for order in &placed {
        confirmed += usize::from(decided(&queries, order).await["state"] == "confirmed");
    }
    assert_eq!(confirmed, UNITS, "of {} orders", placed.len());
    let stock = settled(&queries, "/inventory/HOT").await;
    assert_eq!(stock["available"], 0, "{stock}");
    // Exactly one of the two relays, and NATS has every event once at its own number.
    let active = async |node: &Node| node.ready().await.unwrap()["relay"]["active"] == true;
    while active(&one).await == active(&two).await {
        pause(50).await;
    }
    let head = one.ready().await.unwrap()["position"].as_u64().unwrap();
    let client = async_nats::connect(&address).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    loop {
        if let Ok(stream) = jetstream.get_stream("daybook-events").await {
            let state = &stream.get_info().await.unwrap().state;
            assert_eq!(state.messages, state.last_sequence, "the stream has gaps");
            if state.last_sequence >= head {
                break;
            }
        }
        pause(50).await;
    }
}
