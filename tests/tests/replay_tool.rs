//! `daybook-replay` on a log in PostgreSQL: the answers are those of the same log in a directory and in a file.

#![expect(clippy::unwrap_used, reason = "a test fails by it, also in the functions its cases share")]

use bytes::Bytes;
use daybook_domain::{CartId, Event, Quantity, cart, inventory};
use daybook_event_log::{
    Append, EmbeddedLog, EmbeddedOptions, EventLog, ExpectedVersion, Metadata, NewEvent, StreamId, copy,
};
use daybook_event_log_postgres::{PostgresLog, PostgresOptions};
use daybook_tests::servers::postgres::database;
use sqlx::{Connection as _, PgConnection};
use std::{path::PathBuf, process::Command};
use uuid::Uuid;

/// Two carts and two deliveries of one SKU.
async fn fill(log: &dyn EventLog) {
    let mut on_hand = 0;
    for n in 1..=2 {
        let cart_id = CartId::new(Uuid::from_u128(n << 80 | 7));
        let created =
            cart::CartCreated { cart_id, currency: "GBP".parse().unwrap(), country: None, customer_id: None };
        on_hand += 5;
        let received = inventory::StockReceived {
            sku: "MUG".parse().unwrap(),
            location: "main".parse().unwrap(),
            quantity: Quantity::new(5).unwrap(),
            reference: None,
            on_hand,
        };
        let events: [(String, Event); 2] = [
            (cart_id.to_string(), cart::CartEvent::CartCreated(created).into()),
            ("MUG".to_owned(), inventory::InventoryEvent::StockReceived(received).into()),
        ];
        for (id, event) in events {
            let stream = StreamId::new(event.aggregate(), id).unwrap();
            let event = NewEvent {
                event_id: Uuid::new_v4(),
                event_type: event.type_name().into(),
                schema_version: event.schema_version(),
                metadata: Metadata::default(),
                payload: Bytes::from(event.encode()),
            };
            let append = Append { stream, expected: ExpectedVersion::Any, events: vec![event] };
            assert!(log.append(vec![append]).await.unwrap()[0].is_ok());
        }
    }
}

fn program() -> Command {
    let own = std::env::current_exe().unwrap();
    let folder: PathBuf = own.ancestors().nth(2).unwrap().to_owned();
    let program = folder.join("daybook-replay");
    assert!(program.exists(), "{} is not built; cargo build --workspace --bins", program.display());
    Command::new(program)
}

/// What the program says; it must have ended with 0.
fn says(arguments: &[&str]) -> String {
    let output = program().arg("--json").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_answers_the_same_from_a_directory_a_server_and_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let url = database().await.unwrap();
    let here = EmbeddedLog::open(folder.path().join("log"), EmbeddedOptions::default()).unwrap();
    fill(&here).await;
    let server = PostgresLog::connect(PostgresOptions::new(&url)).await.unwrap();
    copy(&here, &server, |_, _| {}).await.unwrap();
    let file = folder.path().join("events.jsonl");
    let file = file.to_str().unwrap();
    says(&["--store", &url, "export", "--format", "cloudevents", "--out", file]);
    for question in [
        &["stats"][..],
        &["show", "inventory-MUG"],
        &["as-of", "--position", "2", "stock", "MUG"],
        &["export", "--format", "jsonl", "--out", "-"],
    ] {
        let expected = says(&[&["--data", data], question].concat());
        assert!(expected.contains("MUG") || expected.contains("StockReceived"), "{expected}");
        assert_eq!(says(&[&["--store", &url], question].concat()), expected, "{question:?}");
        assert_eq!(says(&[&["--file", file], question].concat()), expected, "{question:?}");
    }
    assert!(says(&["--store", &url, "verify"]).contains("\"findings\": []"));
    // A node's own read models are filled from the log on the server, and compared with it.
    let node = folder.path().join("node");
    std::fs::create_dir(&node).unwrap();
    let node = node.to_str().unwrap();
    let of_node = |command: &[&str]| -> serde_json::Value {
        serde_json::from_str(&says(&[&["--store", &url, "--data", node], command].concat())).unwrap()
    };
    let rebuilt = of_node(&["rebuild", "--skip-search"]);
    assert_eq!(rebuilt["position"], 4);
    let report = of_node(&["verify"]);
    assert_eq!(report["rows"], rebuilt["rows"]);
    assert!(report["rows"].as_u64().unwrap() > 0, "{report}");
}

/// The tables of a database.
async fn tables(url: &str) -> Vec<String> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let asked = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";
    sqlx::query_scalar(asked).fetch_all(&mut connection).await.unwrap()
}

#[tokio::test]
async fn looking_at_a_database_without_a_log_says_so_and_leaves_it_as_it_is() {
    let url = database().await.unwrap();
    let output = program().args(["--store", &url, "stats"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("has no event log"), "{said}");
    assert_eq!(tables(&url).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_log_on_a_server_can_be_looked_at_by_who_may_only_read() {
    let url = database().await.unwrap();
    let server = PostgresLog::connect(PostgresOptions::new(&url)).await.unwrap();
    fill(&server).await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let user = format!("analyst_{}", Uuid::new_v4().simple());
    for statement in [
        format!("CREATE ROLE {user} LOGIN"),
        format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user}"),
        format!("ALTER ROLE {user} SET default_transaction_read_only TO on"),
    ] {
        sqlx::query(&statement).execute(&mut connection).await.unwrap();
    }
    let url = url.replace("daybook@", &format!("{user}@"));
    assert!(says(&["--store", &url, "stats"]).contains("\"events\": 4"));
}
