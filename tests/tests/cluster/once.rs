//! What happens once happens once on all nodes together: a key, an outcome without a change, the owner of a SKU.

use crate::{key, stock};
use daybook_tests::servers::{daybook::Node, postgres::database};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn product(sku: &str, minor: i64) -> Value {
    json!({ "state": "published", "title": format!("Product with {sku}"), "variants": [prices(sku, minor)] })
}

fn prices(sku: &str, minor: i64) -> Value {
    json!({ "sku": sku, "prices": [{ "minor": minor, "currency": "GBP" }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stands_for_one_command_on_every_node_also_when_it_changed_nothing() {
    let store = database().await.unwrap();
    let one = Node::start(&["--store", &store]).await.unwrap();
    let two = Node::start(&["--store", &store]).await.unwrap();
    stock(&one, "MUG", 5).await;
    let (cart, begin) = (json!({ "currency": "GBP" }), key());
    let mut ids = BTreeSet::new();
    for node in [&one, &two, &one] {
        let (status, made) = node.post("/carts", &begin, &cart).await.unwrap();
        assert_eq!(status, 201, "{made}");
        ids.insert(made["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 1, "a retry at another node made another cart: {ids:?}");

    let path = "/products/p-MUG/prices";
    let (unchanged, again) = (json!({ "variants": [prices("MUG", 1299)] }), key());
    let (status, first) = one.put(path, &again, &unchanged).await.unwrap();
    assert_eq!(status, 200, "{first}");
    let (status, _) = two.put(path, &key(), &json!({ "variants": [prices("MUG", 2000)] })).await.unwrap();
    assert_eq!(status, 200);
    for node in [&two, &one] {
        let (status, retried) = node.put(path, &again, &unchanged).await.unwrap();
        assert_eq!((status, &retried["repeated"]), (200, &json!(true)), "{retried}");
        assert_eq!(retried["position"], first["position"]);
    }
    let head = two.ready().await.unwrap()["position"].as_u64().unwrap();
    let (_, shown) = two.get(&format!("/products/p-MUG?min_position={head}&wait_ms=20000")).await.unwrap();
    assert_eq!(shown["variants"][0]["prices"][0]["minor"], 2000, "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_give_a_sku_to_one_product() {
    let store = database().await.unwrap();
    let one = Node::start(&["--store", &store]).await.unwrap();
    let two = Node::start(&["--store", &store]).await.unwrap();
    for round in 0..10 {
        let sku = format!("SKU-{round}");
        let asked =
            (0..6).map(|n| {
                let (node, sku) = (if n % 2 == 0 { &one } else { &two }, &sku);
                async move {
                    node.put(&format!("/products/P{round}-{n}"), &key(), &product(sku, 100)).await.unwrap()
                }
            });
        let answers = futures::future::join_all(asked).await;
        let owner: Vec<usize> = (0..6).filter(|n| answers[*n].0 == 201).collect();
        let &[owner] = &owner[..] else { panic!("one of them has to get {sku}: {answers:?}") };
        for (status, problem) in answers.iter().filter(|(status, _)| *status != 201) {
            assert_eq!((*status, &problem["reason"]), (409, &json!("SkuTaken")), "{problem}");
            assert_eq!(problem["product_id"], format!("P{round}-{owner}"));
        }
        // Given up at one node, it can be had at the other at once.
        let (status, _) =
            one.post(&format!("/products/P{round}-{owner}/archive"), &key(), &json!({})).await.unwrap();
        assert_eq!(status, 200);
        let (status, got) =
            two.put(&format!("/products/Q{round}"), &key(), &product(&sku, 200)).await.unwrap();
        assert_eq!(status, 201, "{got}");
    }
}
