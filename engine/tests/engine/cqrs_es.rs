//! A plain cqrs-es program over the same log as the engine.

use crate::shop::{cart, create_cart, execute, gbp, line, log_and_clock, open_over};
use cqrs_es::{
    AggregateError, CqrsFramework, EventStore,
    persist::{PersistedEventRepository, PersistedEventStore},
};
use daybook_domain::{
    Actor, Context, Timestamp,
    cart::{AddLines, Cart, CartCommand, CartEvent, CreateCart},
};
use daybook_engine::{CqrsEsRepository, EngineOptions};
use daybook_event_log::{EventLog, MemoryLog, StreamId, Version};
use std::{collections::HashMap, sync::Arc};

type Framework = CqrsFramework<Cart, PersistedEventStore<CqrsEsRepository, Cart>>;

fn framework(log: &Arc<MemoryLog>) -> Framework {
    let repository = CqrsEsRepository::new(Arc::clone(log) as _);
    let context = Context { now: Timestamp::from_nanos(1_000), actor: Actor::Anonymous };
    CqrsFramework::new(PersistedEventStore::new_event_store(repository), vec![], context)
}

fn create() -> CartCommand {
    let create =
        CreateCart { cart_id: cart(1), currency: gbp(), country: None, customer_id: None, lines: vec![] };
    CartCommand::CreateCart(create)
}

fn add(name: &str) -> CartCommand {
    CartCommand::AddLines(AddLines { lines: vec![line(name, 1)] })
}

#[tokio::test]
async fn cqrs_es_and_the_engine_take_turns_on_one_stream() {
    let (log, clock) = log_and_clock();
    let id = cart(1).to_string();
    framework(&log).execute(&id, create()).await.unwrap();
    framework(&log).execute(&id, add("mug")).await.unwrap();
    let engine = open_over(Arc::clone(&log) as _, clock, EngineOptions::default()).await;
    let command = daybook_domain::Command::Cart(cart(1), add("pot"));
    let outcome = execute(&engine, 5, command).await.unwrap();
    assert_eq!(outcome.version, Version::new(3));
    engine.shutdown().await;
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
    let (log, clock) = log_and_clock();
    framework(&log).execute(&cart(1).to_string(), create()).await.unwrap();
    let engine = open_over(Arc::clone(&log) as _, clock, EngineOptions::default()).await;
    execute(&engine, 5, create_cart(2, vec![])).await.unwrap();
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
    let (log, _) = log_and_clock();
    let id = cart(1).to_string();
    let repository = CqrsEsRepository::new(Arc::clone(&log) as _);
    let store = PersistedEventStore::<_, Cart>::new_event_store(repository.clone());
    framework(&log).execute(&id, create()).await.unwrap();
    let mine = store.load_aggregate(&id).await.unwrap();
    framework(&log).execute(&id, add("mug")).await.unwrap();
    let events = store.load_events(&id).await.unwrap();
    let lost = store.commit(vec![events[1].payload.clone()], mine, HashMap::new()).await;
    assert!(matches!(lost, Err(AggregateError::AggregateConflict)));
    let metadata = HashMap::from([("command_id".to_owned(), crate::shop::id(9).to_string())]);
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
