//! Nodes that share their read models on a server: each shows what another wrote, whoever keeps them current may be
//! killed at any moment, and in the end they are what a fresh replay of the log makes of it.

use crate::{buy, decided, serve, stock};
use daybook_event_log::EventLog;
use daybook_event_log_postgres::{PostgresLog, PostgresOptions};
use daybook_projections::{Options, ReadServer};
use daybook_tests::servers::{
    daybook::Node,
    postgres::{PostgresServer, database},
};
use daybook_views::Views;
use sqlx::{Connection as _, Executor as _};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Every row of the read models that nodes share.
fn rows(models: &Views) -> Vec<(&'static str, String, String)> {
    let of = |name: &'static str| {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        models.rows(name).unwrap().into_iter().map(move |(key, row)| (name, text(&key), text(row.json())))
    };
    Views::NAMES.iter().copied().flat_map(of).collect()
}

/// What a fresh replay of the log at `store` makes, and what is at `reads` once that is as far.
async fn replayed_and_kept(store: &str, reads: &str) -> [Vec<(&'static str, String, String)>; 2] {
    let log: Arc<dyn EventLog> = Arc::new(PostgresLog::connect(PostgresOptions::new(store)).await.unwrap());
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let replayed = Views::replay(log.clone(), None, one.path()).await.unwrap();
    let server = ReadServer { url: reads.to_owned(), patience: Duration::from_secs(10) };
    tokio::task::spawn_blocking(move || {
        let options = Options { server: Some(server), ..Options::default() };
        let kept = Views::open(other.path(), options).unwrap();
        while kept.visible() < *log.head().borrow() {
            std::thread::sleep(Duration::from_millis(50));
            kept.look_again().unwrap();
        }
        [rows(&replayed), rows(&kept)]
    })
    .await
    .unwrap()
}

async fn projects(node: &Node) -> bool {
    matches!(node.get("/readyz").await, Ok((200, body)) if body["projects"] == true)
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_read_models_show_every_nodes_writes_and_survive_the_one_who_keeps_them() {
    let (store, reads) = (database().await.unwrap(), database().await.unwrap());
    let with = async |roles: &str| {
        Node::start(&["--store", &store, "--read-store", &reads, "--roles", roles]).await.unwrap()
    };
    let projectors = [with("projector").await, with("projector").await];
    let commands = with("commands,processes").await;
    let queries = [with("queries").await, with("queries").await];
    stock(&commands, "MUG", 50).await;
    let mut orders = Vec::new();
    for n in 0..12 {
        if n % 3 == 2 {
            let mut killed = 0;
            for node in &projectors {
                if projects(node).await {
                    node.kill().unwrap();
                    node.start_again().unwrap();
                    killed += 1;
                }
            }
            assert!(killed < 2, "two nodes kept the read models at once");
        }
        let order = buy(&[&commands], 0, "MUG").await.unwrap();
        // The asker waits on its node for what another node wrote and a third one shows.
        let (status, head) = commands.get("/readyz").await.unwrap();
        assert_eq!(status, 200, "{head}");
        let path = format!("/orders/{order}?min_position={}&wait_ms=20000", head["position"]);
        let (status, shown) = queries[n % 2].get(&path).await.unwrap();
        assert_eq!(status, 200, "{shown}");
        orders.push(order);
    }
    for (n, order) in orders.iter().enumerate() {
        assert_eq!(decided(&queries[n % 2], order).await["state"], "confirmed");
    }
    let (_, problem) = queries[0]
        .post("/admin/projections/order/rebuild", &crate::key(), &serde_json::json!({}))
        .await
        .unwrap();
    assert_eq!(problem["role"], "projector", "{problem}");
    commands.kill().unwrap();
    let [replayed, kept] = replayed_and_kept(&store, &reads).await;
    assert!(replayed.len() > 50, "{}", replayed.len());
    assert_eq!(replayed, kept);
}

/// A product, written at one node, is found by every node's own search.
async fn found_everywhere(nodes: &[Node], writer: usize, sku: &str) {
    stock(&nodes[writer], sku, 5).await;
    let (_, shown) = nodes[writer].get("/readyz").await.unwrap();
    for node in nodes {
        let path = format!("/search?q={sku}&min_position={}&wait_ms=30000", shown["position"]);
        let (status, found) = node.get(&path).await.unwrap();
        assert_eq!((status, found["hits"].as_array().map(Vec::len)), (200, Some(1)), "{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_search_of_each_node_follows_whoever_keeps_the_shared_rows_and_whatever_becomes_of_the_lease() {
    let server = PostgresServer::start(&[]).await.unwrap();
    let (store, reads) = (server.database().await.unwrap(), server.database().await.unwrap());
    let with = async || Node::start(&["--store", &store, "--read-store", &reads]).await.unwrap();
    let nodes = [with().await, with().await];
    found_everywhere(&nodes, 0, "MUG").await;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let mut operator = sqlx::PgConnection::connect(&reads).await.unwrap();
    operator.execute(cut).await.unwrap();
    operator.close().await.unwrap();
    found_everywhere(&nodes, 1, "CUP").await;
    server.stop().unwrap();
    server.start_again().await.unwrap();
    for node in &nodes {
        node.ready().await.unwrap();
    }
    found_everywhere(&nodes, 0, "JUG").await;
    for node in &nodes {
        let shown = node.shows(|shown| shown["projections"]["search"]["lag_events"] == 0).await.unwrap();
        assert_eq!(shown["projections"]["search"]["status"], "running", "{shown}");
    }
    // After the restart of the server a lease is taken anew, which takes its time.
    let since = Instant::now();
    loop {
        let mut keep = 0;
        for node in &nodes {
            keep += usize::from(projects(node).await);
        }
        if keep == 1 {
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "{keep} nodes keep the shared rows");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_with_its_own_log_may_have_its_read_models_on_a_server() {
    let reads = database().await.unwrap();
    let node = Node::start(&["--read-store", &reads]).await.unwrap();
    stock(&node, "MUG", 5).await;
    let order = buy(&[&node], 0, "MUG").await.unwrap();
    assert_eq!(decided(&node, &order).await["state"], "confirmed");
    node.kill().unwrap();
    node.start_again().unwrap();
    assert_eq!(node.ready().await.unwrap()["status"], "ready");
    assert_eq!(decided(&node, &order).await["state"], "confirmed");
    let (status, found) = node.get("/search?q=product&min_position=1&wait_ms=20000").await.unwrap();
    assert_eq!(status, 200, "{found}");
}

#[test]
fn a_read_store_that_cannot_be_is_refused_without_the_password() {
    let (code, said) = serve(&["--read-store", "mysql://shop:s3cret@db/shop"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("postgres://user:password@host:port/database"), "{said}");
    assert!(!said.contains("s3cret"), "{said}");
}
