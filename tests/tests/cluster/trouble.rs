//! Servers that are away, slow to come, or not what they should be.

use crate::{buy, decided, serve, stock};
use daybook_tests::servers::{
    daybook::{Node, run},
    nats::NatsServer,
    postgres::{PostgresServer, database},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_comes_back_is_used_again_without_a_restart_of_ours() {
    let server = PostgresServer::start(&[]).await.unwrap();
    let store = server.database().await.unwrap();
    let node = Node::start(&["--store", &store]).await.unwrap();
    stock(&node, "MUG", 5).await;
    let (status, _) = node.get("/products/p-MUG?min_position=1&wait_ms=20000").await.unwrap();
    assert_eq!(status, 200);
    server.stop().unwrap();
    let missing = loop {
        let (status, body) = node.get("/readyz").await.unwrap();
        if status == 503 {
            break body["missing"].to_string();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert!(missing.contains("the event store cannot be reached"), "{missing}");
    let (status, _) = node.get("/products/p-MUG").await.unwrap();
    assert_eq!(status, 200, "reads go on");
    server.start_again().await.unwrap();
    node.ready().await.unwrap();
    let order = buy(&[&node], 0, "MUG").await.unwrap();
    assert_eq!(decided(&node, &order).await["state"], "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_becomes_read_only_is_told_of_and_takes_commands_again_afterwards() {
    let server = PostgresServer::start(&[]).await.unwrap();
    let store = server.database().await.unwrap();
    let node = Node::start(&["--store", &store]).await.unwrap();
    stock(&node, "MUG", 5).await;
    let administrator = sqlx::PgPool::connect(&server.url("postgres")).await.unwrap();
    let name = store.rsplit('/').next().unwrap();
    let set = async |read_only: &str| {
        let setting = format!("ALTER DATABASE {name} SET default_transaction_read_only = {read_only}");
        let cut = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        for statement in [setting, cut] {
            sqlx::raw_sql(&statement).execute(&administrator).await.unwrap();
        }
    };
    set("on").await;
    let told =
        |body: &serde_json::Value| body["missing"].to_string().contains("default_transaction_read_only");
    node.shows(told).await.unwrap();
    set("off").await;
    node.ready().await.unwrap();
    let order = buy(&[&node], 0, "MUG").await.unwrap();
    assert_eq!(decided(&node, &order).await["state"], "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_starts_before_its_store_is_alive_and_says_what_it_waits_for() {
    let server = PostgresServer::start(&[]).await.unwrap();
    let store = server.database().await.unwrap();
    server.stop().unwrap();
    let node = Node::start_unready(&["--store", &store]).unwrap();
    let (status, problem) = loop {
        match node.get("/readyz").await {
            Ok(answer) => break answer,
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    };
    assert_eq!(status, 503, "{problem}");
    assert!(problem["missing"][0].as_str().unwrap().contains("event store"), "{problem}");
    assert_eq!(node.get("/livez").await.unwrap().0, 200);
    server.start_again().await.unwrap();
    node.ready().await.unwrap();
}

#[test]
fn a_start_that_cannot_succeed_fails_with_what_to_do_and_without_the_password() {
    let (code, said) = serve(&["--store", "mysql://shop:s3cret@db/shop"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("postgres://user:password@host:port/database"), "{said}");
    let (code, said) = serve(&["--roles", "queries"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("--store postgres://"), "{said}");
    let (code, said) = serve(&["--nats", "nats://shop:s3cret@"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(!said.contains("s3cret"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_exist_is_named_at_once() {
    let store = database().await.unwrap() + "x";
    let (code, said) = serve(&["--store", &store]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("createdb"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_go_on_without_nats_and_the_relay_catches_up_when_it_is_there() {
    let nats = NatsServer::not_yet_started().unwrap();
    let node = Node::start(&["--nats", &nats.url()]).await.unwrap();
    stock(&node, "MUG", 5).await;
    let order = buy(&[&node], 0, "MUG").await.unwrap();
    assert_eq!(decided(&node, &order).await["state"], "confirmed");
    let relay = node.ready().await.unwrap()["relay"].clone();
    assert_eq!(relay["position"], 0, "{relay}");
    assert!(relay["lag_events"].as_u64().unwrap() > 0, "{relay}");
    let (_, metrics) = node.text("/metrics").await.unwrap();
    assert!(metrics.contains("\ndaybook_relay_active 1\n"), "{metrics}");
    let strangers: Vec<_> = metrics
        .lines()
        .filter(|line| !line.starts_with("daybook_") && !line.starts_with("# TYPE daybook_"))
        .collect();
    assert!(strangers.iter().all(|line| line.is_empty()), "{strangers:?}");
    nats.start_again().await.unwrap();
    loop {
        let relay = node.ready().await.unwrap()["relay"].clone();
        if relay["lag_events"] == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_in_the_same_data_directory_is_refused() {
    let store = database().await.unwrap();
    let node = Node::start(&["--store", &store]).await.unwrap();
    let data = node.data().display().to_string();
    let output = run(&["serve", "--listen", "127.0.0.1:0", "--data", &data, "--store", &store]).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("in use by another process"), "{said}");
    node.ready().await.unwrap();
}
