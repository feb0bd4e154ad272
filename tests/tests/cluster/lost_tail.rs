//! A PostgreSQL server that has lost its newest events, as after a restore or when a standby took over that was behind: no
//! node goes on with it before a person says so.

use crate::{buy, decided, key, serve, stock};
use daybook_messaging::STREAM_NAME;
use daybook_tests::servers::{
    daybook::{Node, run},
    nats::NatsServer,
    postgres::PostgresServer,
};
use serde_json::{Value, json};
use std::path::PathBuf;

const LOST: &str = "has lost acknowledged events";

/// Two nodes over one server, which sold something before and after a backup was made.
struct Shop {
    server: PostgresServer,
    store: String,
    nodes: Vec<Node>,
    backup: PathBuf,
    /// Confirmed after the backup.
    lost: String,
}

impl Shop {
    async fn open(options: &[&str]) -> Self {
        let server = PostgresServer::start(&[]).await.unwrap();
        let store = server.database().await.unwrap();
        let options = [&["--store", &store], options].concat();
        let nodes = [Node::start(&options).await.unwrap(), Node::start(&options).await.unwrap()];
        stock(&nodes[0], "MUG", 100).await;
        let both: Vec<&Node> = nodes.iter().collect();
        let kept = buy(&both, 0, "MUG").await.unwrap();
        assert_eq!(decided(&nodes[1], &kept).await["state"], "confirmed");
        server.stop().unwrap();
        let backup = server.backup().unwrap();
        server.start_again().await.unwrap();
        let mut lost = String::new();
        for first in 0..4 {
            lost = buy(&both, first, "MUG").await.unwrap();
            for node in &nodes {
                assert_eq!(decided(node, &lost).await["state"], "confirmed");
            }
        }
        Self { server, store, nodes: Vec::from(nodes), backup, lost }
    }

    /// Gives the server the data of `copy`, and answers with what it had.
    async fn set_back(&self, copy: &std::path::Path) -> PathBuf {
        self.server.stop().unwrap();
        let had = self.server.restore(copy).unwrap();
        self.server.start_again().await.unwrap();
        had
    }

    async fn events(&self) -> i64 {
        let pool = sqlx::PgPool::connect(&self.store).await.unwrap();
        let (head, count): (i64, i64) =
            sqlx::query_as("SELECT position, (SELECT count(*) FROM events) FROM log_head")
                .fetch_one(&pool)
                .await
                .unwrap();
        assert_eq!(head, count);
        head
    }

    async fn all_refuse(&self) {
        for node in &self.nodes {
            let told = |body: &Value| {
                let missing = body["missing"].to_string();
                missing.contains(LOST) && missing.contains("daybook restore-accepted")
            };
            let shown = node.shows(told).await.unwrap();
            assert_ne!(shown["status"], "ready", "{shown}");
            let cart = json!({ "currency": "GBP", "lines": [{ "sku": "MUG", "quantity": 1 }] });
            let (status, problem) = node.post("/carts", &key(), &cart).await.unwrap();
            assert_eq!(status, 503, "{problem}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_refuse_a_server_that_lost_events_until_it_has_them_again() {
    let shop = Shop::open(&[]).await;
    let whole = shop.set_back(&shop.backup).await;
    let before = shop.events().await;
    shop.all_refuse().await;
    shop.nodes[1].kill().unwrap();
    shop.nodes[1].start_again().unwrap();
    shop.all_refuse().await;
    assert_eq!(shop.events().await, before, "something was written");
    shop.set_back(&whole).await;
    for node in &shop.nodes {
        node.ready().await.unwrap();
        let (status, order) = node.get(&format!("/orders/{}", shop.lost)).await.unwrap();
        assert_eq!((status, &order["state"]), (200, &json!("confirmed")), "{order}");
    }
    let both: Vec<&Node> = shop.nodes.iter().collect();
    let order = buy(&both, 0, "MUG").await.unwrap();
    assert_eq!(decided(&shop.nodes[1], &order).await["state"], "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_removed_under_open_connections_are_noticed_too() {
    let shop = Shop::open(&[]).await;
    let pool = sqlx::PgPool::connect(&shop.store).await.unwrap();
    let forged = "BEGIN; ALTER TABLE events DISABLE TRIGGER USER;
        UPDATE log_head SET position = position - 5;
        DELETE FROM events WHERE position > (SELECT position FROM log_head);
        ALTER TABLE events ENABLE TRIGGER USER; COMMIT";
    sqlx::raw_sql(forged).execute(&pool).await.unwrap();
    let before = shop.events().await;
    shop.all_refuse().await;
    assert_eq!(shop.events().await, before, "something was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_that_is_accepted_is_a_fork_that_another_key_signs() {
    let nats = NatsServer::start().await.unwrap();
    let shop = Shop::open(&["--nats", &nats.url()]).await;
    let (_, old_key) = shop.nodes[0].text("/audit/key").await.unwrap();
    let data: Vec<String> = shop.nodes.iter().map(|node| node.data().display().to_string()).collect();
    let accept = |data: &str| run(&["restore-accepted", "--data", data, "--store", &shop.store]).unwrap();
    // Nothing is lost yet, and the nodes run.
    let refused = accept(&data[0]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("stopped first"), "{refused:?}");
    shop.set_back(&shop.backup).await;
    shop.all_refuse().await;
    for (node, data) in shop.nodes.iter().zip(&data) {
        node.kill().unwrap();
        let accepted = accept(data);
        let said = String::from_utf8_lossy(&accepted.stdout).into_owned();
        assert!(accepted.status.success() && said.contains("audit-before-fork-1"), "{accepted:?}");
        let again = accept(data);
        assert!(String::from_utf8_lossy(&again.stdout).contains("nothing is lost"), "{again:?}");
    }
    async_nats::jetstream::new(async_nats::connect(nats.url()).await.unwrap())
        .delete_stream(STREAM_NAME)
        .await
        .unwrap();
    for node in &shop.nodes {
        node.start_again().unwrap();
        node.ready().await.unwrap();
        let (status, body) = node.get(&format!("/orders/{}", shop.lost)).await.unwrap();
        assert_eq!(status, 404, "{body}");
    }
    let both: Vec<&Node> = shop.nodes.iter().collect();
    for first in 0..6 {
        let order = buy(&both, first, "MUG").await.unwrap();
        assert_eq!(decided(&shop.nodes[1], &order).await["state"], "confirmed");
    }
    for node in &shop.nodes {
        let (status, stock) = node.get("/inventory/MUG").await.unwrap();
        assert_eq!((status, &stock["available"]), (200, &json!(93)), "{stock}");
        let caught_up = |body: &Value| {
            body["audit"]["lag_events"] == 0 && body["relay"]["lag_events"].as_u64().unwrap_or(0) == 0
        };
        let shown = node.shows(caught_up).await.unwrap();
        assert_eq!(shown["missing"], Value::Null, "{shown}");
    }
    let (_, new_key) = shop.nodes[0].text("/audit/key").await.unwrap();
    let name = |key: &str| key.split('+').next().unwrap_or_default().to_owned();
    assert_ne!(name(&old_key), name(&new_key));
}

#[test]
fn accepting_a_loss_where_nothing_is_known_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (there, nowhere) = (folder.path().join("data"), folder.path().join("nowhere"));
    let said = |data: &std::path::Path| {
        let output = run(&["restore-accepted", "--data", &data.display().to_string()]).unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(said(&nowhere).contains("does not exist"));
    assert!(!nowhere.exists());
    std::fs::create_dir(&there).unwrap();
    assert!(said(&there).contains("knows of no event"));
    let (code, wrong) = serve(&["--store", "mysql://shop"]);
    assert_eq!(code, Some(2), "{wrong}");
}
