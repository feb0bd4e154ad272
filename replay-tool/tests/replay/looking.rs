//! `stats` and `show`, and what happens when the command line is wrong.

use crate::{
    data::{Data, good, run},
    shop::{Book, cart_id},
};
use daybook_event_log::{
    Append, EmbeddedLog, EmbeddedOptions, EventLog as _, ExpectedVersion, Metadata, NewEvent, StreamId,
};
use serde_json::Value;

#[test]
fn stats_count_every_event_once_by_type_aggregate_and_day() {
    let data = Data::of(&Book::day(8));
    let stats = data.json(&["stats"]);
    assert_eq!(stats["events"], data.head);
    let sum = |list: &str| -> u64 {
        stats[list].as_array().unwrap().iter().map(|entry| entry["events"].as_u64().unwrap()).sum()
    };
    assert_eq!([sum("types"), sum("aggregates"), sum("days")], [data.head; 3]);
    let of_type = |name: &str| {
        let types = stats["types"].as_array().unwrap();
        types.iter().find(|entry| entry["type"] == name).unwrap()["events"].clone()
    };
    assert_eq!(of_type("CartCreated"), 8);
    assert_eq!(of_type("OrderPlaced"), 6);
    assert_eq!(stats["days"][0]["day"], "1970-01-01");
    let page = good(data.run(&["stats"]));
    assert!(page.contains("cart CartCreated") && page.contains('█'), "{page}");
    assert!(!page.contains('\u{1b}'), "no colours where nobody sees them");
}

#[test]
fn stats_of_a_selection_count_only_that() {
    let data = Data::of(&Book::day(4));
    let stats = data.json(&["stats", "--aggregate", "inventory", "--to-position", "10"]);
    assert_eq!(stats["events"], 5);
    assert_eq!(stats["streams"], 5);
}

#[test]
fn a_story_says_what_each_event_changed() {
    let data = Data::of(&Book::day(1));
    let order = format!("order-{}", cart_id(0).order_id());
    let told = good(data.run(&["--json", "show", &order]));
    let events: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["type"], "OrderPlaced");
    assert_eq!(events[0]["actor"], "staff:tester");
    assert!(events.iter().all(|event| !event["changes"].as_array().unwrap().is_empty()));
    let told = good(data.run(&["show", "inventory-SKU-0"]));
    assert!(told.contains("StockReceived") && told.contains("→"), "{told}");
}

#[test]
fn a_stream_that_is_not_there_is_a_finding() {
    let data = Data::of(&Book::day(1));
    let output = data.run(&["show", "order-nobody"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no events"));
}

#[test]
fn a_wrong_command_line_ends_with_two_and_says_what_to_do() {
    let without = run(&["stats"]);
    assert_eq!(without.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&without.stderr).contains("--data"));
    assert_eq!(run(&["--data", "x", "show", "not a stream"]).status.code(), Some(2));
    assert_eq!(run(&["nonsense"]).status.code(), Some(2));
    assert_eq!(run(&["--data", "/nowhere", "stats"]).status.code(), Some(1));
}

#[test]
fn a_shop_that_is_running_can_be_looked_at_and_goes_on() {
    let data = Data::of(&Book::day(2));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _entered = runtime.enter();
    let running = EmbeddedLog::open(data.path("log"), EmbeddedOptions::default()).unwrap();
    assert_eq!(data.json(&["stats"])["events"], data.head);
    let event = NewEvent {
        event_id: uuid::Uuid::from_u128(4_711),
        event_type: "CartAbandoned".into(),
        schema_version: 1,
        metadata: Metadata::default(),
        payload: bytes::Bytes::from_static(b"{}"),
    };
    let stream = StreamId::new("cart", cart_id(77)).unwrap();
    let append = Append { stream, expected: ExpectedVersion::NoStream, events: vec![event] };
    runtime.block_on(running.append(vec![append])).unwrap()[0].clone().unwrap();
    assert_eq!(data.json(&["stats"])["events"], data.head + 1);
    let rebuild = data.run(&["rebuild"]);
    assert_eq!(rebuild.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&rebuild.stderr).contains("in use"));
}
