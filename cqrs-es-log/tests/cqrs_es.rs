//! A plain cqrs-es program over the same log as the engine.

use cqrs_es::{
    AggregateError, CqrsFramework, EventStore,
    persist::{PersistedEventRepository, PersistedEventStore},
};
use daybook_cqrs_es_log::CqrsEsRepository;
use daybook_domain::{
    Actor, CartId, Command, Context, Currency, Money, Quantity, Timestamp,
    cart::{AddLines, Cart, CartCommand, CartEvent, CreateCart, NewLine},
};
use daybook_engine::{CommandRequest, Engine, EngineOptions, Outcome};
use daybook_event_log::{EventLog, MemoryLog, StreamId, Version};
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

type Framework = CqrsFramework<Cart, PersistedEventStore<CqrsEsRepository, Cart>>;

fn command_id(n: u128) -> Uuid {
    Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 + n)
}

fn cart(n: u128) -> CartId {
    CartId::new(command_id(0x1000_0000 + n))
}

fn gbp() -> Currency {
    "GBP".parse().expect("a currency")
}

fn line(name: &str) -> NewLine {
    NewLine {
        sku: name.parse().expect("a SKU"),
        product_id: name.parse().expect("a product id"),
        title: format!("the {name}"),
        quantity: Quantity::new(1).expect("a quantity"),
        unit_price: Money::new(250, gbp()),
    }
}

/// Executes a command with an engine of its own over `log`.
async fn execute(log: &Arc<MemoryLog>, command_id: u128, command: Command) -> Outcome {
    let engine = Engine::start(Arc::clone(log) as _, EngineOptions { shards: 2, ..EngineOptions::default() });
    let engine = engine.await.expect("the engine starts");
    let request = CommandRequest::new(command, self::command_id(command_id), Actor::Anonymous);
    let outcome = engine.execute(request).await.expect("the command is accepted");
    engine.shutdown().await;
    outcome
}

fn framework(log: &Arc<MemoryLog>) -> Framework {
    let repository = CqrsEsRepository::new(Arc::clone(log) as _);
    let context = Context { now: Timestamp::from_nanos(1_000), actor: Actor::Anonymous };
    CqrsFramework::new(PersistedEventStore::new_event_store(repository), vec![], context)
}

fn create(n: u128) -> CartCommand {
    let create =
        CreateCart { cart_id: cart(n), currency: gbp(), country: None, customer_id: None, lines: vec![] };
    CartCommand::CreateCart(create)
}

fn add(name: &str) -> CartCommand {
    CartCommand::AddLines(AddLines { lines: vec![line(name)] })
}

#[tokio::test]
async fn cqrs_es_and_the_engine_take_turns_on_one_stream() {
    let log = Arc::new(MemoryLog::new());
    let id = cart(1).to_string();
    framework(&log).execute(&id, create(1)).await.unwrap();
    framework(&log).execute(&id, add("mug")).await.unwrap();
    let outcome = execute(&log, 5, Command::Cart(cart(1), add("pot"))).await;
    assert_eq!(outcome.version, Version::new(3));
    framework(&log).execute(&id, add("cup")).await.unwrap();
    let repository = CqrsEsRepository::new(Arc::clone(&log) as _);
    let store = PersistedEventStore::<_, Cart>::new_event_store(repository);
    let events = store.load_events(&id).await.unwrap();
    let sequences: Vec<usize> = events.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, [1, 2, 3, 4]);
    assert!(matches!(events[2].payload, CartEvent::CartLinesAdded(_)));
}

#[tokio::test]
async fn both_write_the_same_bytes_for_the_same_event() {
    let log = Arc::new(MemoryLog::new());
    framework(&log).execute(&cart(1).to_string(), create(1)).await.unwrap();
    execute(&log, 5, Command::Cart(cart(2), create(2))).await;
    let mut payloads = Vec::new();
    for n in [1, 2] {
        let stream = StreamId::new("cart", cart(n)).unwrap();
        let event = log.read_stream(&stream, Version::new(1), 1).await.unwrap().remove(0);
        let text = String::from_utf8(event.payload().to_vec()).unwrap();
        let value: serde_json::Value =
            serde_json::from_str(&text.replace(&cart(n).to_string(), "id")).unwrap();
        payloads.push((event.event_type().to_owned(), event.schema_version(), value));
    }
    assert_eq!(payloads[0], payloads[1]);
}

#[tokio::test]
async fn a_lost_race_is_a_conflict_and_a_command_id_makes_a_command_happen_once() {
    let log = Arc::new(MemoryLog::new());
    let id = cart(1).to_string();
    let repository = CqrsEsRepository::new(Arc::clone(&log) as _);
    let store = PersistedEventStore::<_, Cart>::new_event_store(repository.clone());
    framework(&log).execute(&id, create(1)).await.unwrap();
    let mine = store.load_aggregate(&id).await.unwrap();
    framework(&log).execute(&id, add("mug")).await.unwrap();
    let events = store.load_events(&id).await.unwrap();
    let lost = store.commit(vec![events[1].payload.clone()], mine, HashMap::new()).await;
    assert!(matches!(lost, Err(AggregateError::AggregateConflict)));
    let metadata = HashMap::from([("command_id".to_owned(), command_id(9).to_string())]);
    for _ in 0..2 {
        framework(&log).execute_with_metadata(&id, add("pot"), metadata.clone()).await.unwrap();
    }
    assert_eq!(log.head().borrow().get(), 3);
    let mut all = repository.stream_all_events::<Cart>().await.unwrap();
    let mut count = 0;
    while let Some(event) = all.next::<Cart>(&[]).await {
        event.unwrap();
        count += 1;
    }
    assert_eq!(count, 3);
}
