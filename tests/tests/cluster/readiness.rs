//! Readiness says what is: that nothing can be appended, that a read model stands still, that a node is about to stop.

use crate::{key, stock};
use daybook_tests::servers::{daybook::Node, postgres::database};
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};

fn misses(shown: &Value, what: &str) -> bool {
    shown["missing"].to_string().contains(what)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_another_program_has_locked_makes_the_node_unready_until_it_lets_go() {
    let store = database().await.unwrap();
    let node = Node::start(&["--store", &store]).await.unwrap();
    stock(&node, "MUG", 5).await;
    for lock in ["SELECT * FROM log_head FOR UPDATE", "LOCK TABLE events IN SHARE MODE"] {
        let mut other = PgConnection::connect(&store).await.unwrap();
        let mut transaction = other.begin().await.unwrap();
        transaction.execute(lock).await.unwrap();
        node.shows(|shown| misses(shown, "pg_stat_activity")).await.unwrap();
        transaction.rollback().await.unwrap();
        node.ready().await.unwrap();
        stock(&node, "CUP", 5).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_to_stop_says_so_first_and_serves_on_meanwhile() {
    let node = Node::start(&["--drain-grace", "10s"]).await.unwrap();
    let product = json!({ "state": "published", "title": "Mug",
        "variants": [{ "sku": "MUG", "prices": [{ "minor": 1299, "currency": "GBP" }] }] });
    let serves = async {
        node.shows(|shown| misses(shown, "about to stop")).await.unwrap();
        // A new connection, and a command.
        node.put("/products/p-MUG", &key(), &product).await.unwrap().0
    };
    let (stopped, served) = tokio::join!(node.stop(), serves);
    stopped.unwrap();
    assert!(matches!(served, 200 | 201), "{served}");
    assert!(node.get("/livez").await.is_err(), "it has stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_of_a_node_is_shown_with_its_state_and_its_lag() {
    let node = Node::start(&[]).await.unwrap();
    stock(&node, "MUG", 5).await;
    let level = |shown: &Value| {
        let at = |part: &Value| part["lag_events"] == 0 && part["position"] == shown["position"];
        let parts = ["catalog", "cart", "order", "stock", "payment", "search"];
        let projections = parts.iter().map(|name| &shown["projections"][name]);
        projections.chain([&shown["audit"]]).all(at)
    };
    let shown = node.shows(level).await.unwrap();
    for name in ["catalog", "search"] {
        assert_eq!(shown["projections"][name]["status"], "running", "{shown}");
    }
    assert_eq!(shown["followers"]["audit"]["status"], "running", "{shown}");
    assert_eq!(shown["dead_letters"], json!({ "projections": 0, "processes": 0 }), "{shown}");
}
