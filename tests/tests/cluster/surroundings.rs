//! Servers that are slow, or of an age that is not ours.

use crate::{buy, decided, serve, stock};
use daybook_tests::servers::{
    cuttable::Cuttable,
    daybook::Node,
    nats::NatsServer,
    postgres::{PostgresServer, database},
};
use std::time::Duration;

/// The database at `url` says of itself that it is PostgreSQL 11 from now on.
async fn age(url: &str) {
    let name = url.rsplit('/').next().unwrap();
    let pool = sqlx::PgPool::connect(url).await.unwrap();
    let statements = format!(
        "CREATE SCHEMA older;
         CREATE FUNCTION older.current_setting(name text) RETURNS text LANGUAGE sql AS $$
             SELECT CASE name WHEN 'server_version_num' THEN '110022' WHEN 'server_version' THEN '11.22'
                 ELSE pg_catalog.current_setting(name) END $$;
         ALTER DATABASE {name} SET search_path = older, pg_catalog, public"
    );
    sqlx::raw_sql(&statements).execute(&pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_postgres_is_refused_with_its_version_and_the_one_that_is_needed() {
    let (store, old) = (database().await.unwrap(), database().await.unwrap());
    age(&old).await;
    for options in [&["--store", &old][..], &["--store", &store, "--read-store", &old]] {
        let (code, said) = serve(options);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("PostgreSQL 11.22") && said.contains("or newer is needed"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_nats_is_told_of_and_the_shop_sells_on() {
    let nats = NatsServer::start().await.unwrap();
    let line = Cuttable::to(nats.port()).await.unwrap();
    line.say_instead("\"version\":\"2.", "\"version\":\"1.");
    let node = Node::start(&["--nats", &format!("nats://127.0.0.1:{}", line.port())]).await.unwrap();
    stock(&node, "MUG", 5).await;
    let order = buy(&[&node], 0, "MUG").await.unwrap();
    assert_eq!(decided(&node, &order).await["state"], "confirmed");
    let told = |body: &serde_json::Value| body["relay"]["trouble"].to_string().contains("or newer is needed");
    let shown = node.shows(told).await.unwrap();
    assert_eq!(shown["status"], "ready", "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_answer_late_make_a_shop_slower_and_nothing_else() {
    let (postgres, nats) = (PostgresServer::start(&[]).await.unwrap(), NatsServer::start().await.unwrap());
    let lines = [Cuttable::to(postgres.port()).await.unwrap(), Cuttable::to(nats.port()).await.unwrap()];
    lines.iter().for_each(|line| line.slow_down(Duration::from_millis(60)));
    let through = |url: String| url.replace(&postgres.port().to_string(), &lines[0].port().to_string());
    let (store, reads) =
        (through(postgres.database().await.unwrap()), through(postgres.database().await.unwrap()));
    let nats = format!("nats://127.0.0.1:{}", lines[1].port());
    let node = Node::start(&["--store", &store, "--read-store", &reads, "--nats", &nats]).await.unwrap();
    stock(&node, "MUG", 5).await;
    for _ in 0..3 {
        let order = buy(&[&node], 0, "MUG").await.unwrap();
        assert_eq!(decided(&node, &order).await["state"], "confirmed");
    }
    let (status, stock) = node.get("/inventory/MUG").await.unwrap();
    assert_eq!((status, &stock["available"]), (200, &2.into()), "{stock}");
    let told = |body: &serde_json::Value| body["relay"]["lag_events"] == 0;
    let shown = node.shows(told).await.unwrap();
    assert_eq!(shown["missing"], serde_json::Value::Null, "{shown}");
}
