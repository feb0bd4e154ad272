//! The work spread over nodes: each answers what it does, and says so of what it does not.

use crate::{decided, insist, stock};
use daybook_tests::servers::{daybook::Node, nats::NatsServer, postgres::database};
use serde_json::json;

/// With everything that has a meaning of its own in an address or in a subject of messages.
const SKU: &str = "MUG 1/2 #5%2E+a*b>c.d:e&f?";

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_through_nodes_that_each_do_one_thing_and_follow_nats() {
    let (store, server) = (database().await.unwrap(), NatsServer::start().await.unwrap());
    let (store, nats) = (store.as_str(), server.url());
    let with = async |roles: &str| Node::start(&["--store", store, "--nats", &nats, "--roles", roles]).await;
    let commands = with("commands").await.unwrap();
    let (processes, standby) = (with("processes").await.unwrap(), with("processes,relay").await.unwrap());
    let queries = with("queries").await.unwrap();
    stock(&commands, SKU, 5).await;
    let cart = json!({ "currency": "GBP", "lines": [{ "sku": SKU, "quantity": 1 }] });
    let (_, made) = insist(&[&commands], 0, "/carts", &cart).await;
    let checkout = format!("/carts/{}/checkout", made["id"].as_str().unwrap());
    let (_, placed) = insist(&[&commands], 0, &checkout, &json!({ "payment_token": "tok_visa" })).await;
    let order = placed["id"].as_str().unwrap();
    assert_eq!(decided(&queries, order).await["state"], "confirmed");

    let (status, problem) = queries.post("/carts", &crate::key(), &cart).await.unwrap();
    assert_eq!((status, problem["type"].as_str()), (503, Some("/problems/role-not-here")), "{problem}");
    assert_eq!((problem["role"].as_str(), &problem["roles"]), (Some("commands"), &json!(["queries"])));
    let (status, problem) = commands.get(&format!("/orders/{order}")).await.unwrap();
    assert_eq!((status, problem["role"].as_str()), (503, Some("queries")), "{problem}");

    // One of the two runs the processes; when it is killed the other takes over.
    let runs = async |node: &Node| node.ready().await.unwrap()["runs_processes"] == true;
    assert!(runs(&processes).await && !runs(&standby).await);
    processes.kill().unwrap();
    while !runs(&standby).await {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let (_, made) = insist(&[&commands], 0, "/carts", &cart).await;
    let checkout = format!("/carts/{}/checkout", made["id"].as_str().unwrap());
    let (_, placed) = insist(&[&commands], 0, &checkout, &json!({ "payment_token": "tok_visa" })).await;
    assert_eq!(decided(&queries, placed["id"].as_str().unwrap()).await["state"], "confirmed");
    let relay = standby.ready().await.unwrap()["relay"].clone();
    assert_eq!(relay["active"], true, "{relay}");
}
