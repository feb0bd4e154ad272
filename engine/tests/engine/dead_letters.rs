//! Commands of processes that fail in a way that trying again does not help: each is a dead letter at once, and nothing
//! else waits for it.

use crate::shop::{buy, id, log_and_clock, open_over, receive, stocked};
use daybook_domain::{
    EventData as _, Interests, Rejection,
    order::OrderPlaced,
    process::{Process, Reaction, Refusal, Trigger},
};
use daybook_engine::{DeadReaction, Engine, EngineOptions, OrderOutcome};
use daybook_event_log::{Append, EventLog, ExpectedVersion, MemoryLog, Metadata, NewEvent, StreamId};
use std::{sync::Arc, time::Duration};

/// Sends one command when an order is placed.
struct Thanks {
    name: &'static str,
}

impl Process for Thanks {
    fn name(&self) -> &'static str {
        self.name
    }

    fn interests(&self) -> Interests {
        Interests::of(&[OrderPlaced::KIND])
    }

    fn react(&self, _trigger: Trigger<'_>) -> Reaction {
        Reaction::Commands(vec![receive("thanks", 1)])
    }

    fn refused(&self, _trigger: Trigger<'_>, _command: &str, _rejection: &Rejection) -> Refusal {
        Refusal::DeadLetter
    }
}

async fn thanking(log: &Arc<MemoryLog>, name: &'static str) -> Engine {
    let (_, clock) = log_and_clock();
    let further_processes: Vec<Arc<dyn Process>> = vec![Arc::new(Thanks { name })];
    let options = EngineOptions { further_processes, ..EngineOptions::default() };
    let engine = open_over(Arc::clone(log) as _, clock, options).await;
    stocked(&engine).await;
    engine
}

async fn only_letter(engine: &Engine) -> DeadReaction {
    assert!(matches!(buy(engine, 1, "tok_visa").await, OrderOutcome::Confirmed { .. }), "others go on");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let letters = engine.dead_letters(None, 10);
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    letter.clone()
}

#[tokio::test(start_paused = true)]
async fn a_command_whose_event_cannot_be_stored_is_a_dead_letter() {
    let (log, _) = log_and_clock();
    // The process is the actor of its events, and an actor has at most 255 bytes.
    let name = "thank_".repeat(60).leak();
    let engine = thanking(&log, name).await;
    let letter = only_letter(&engine).await;
    assert!(letter.reason.contains("255"), "{}", letter.reason);
    assert_eq!((letter.process.as_str(), letter.attempts), (&*name, 1));
}

#[tokio::test(start_paused = true)]
async fn a_command_to_a_stream_that_no_program_can_read_is_a_dead_letter() {
    let (log, _) = log_and_clock();
    let newer = NewEvent {
        event_id: id(0x77),
        event_type: "StockReceived".into(),
        schema_version: 1,
        metadata: Metadata { command_id: id(0x78), ..Metadata::default() },
        payload: "{}".into(),
    };
    let stream = StreamId::new("inventory", "thanks").unwrap();
    let append = Append { stream, expected: ExpectedVersion::NoStream, events: vec![newer] };
    log.append(vec![append]).await.unwrap()[0].as_ref().unwrap();
    let engine = thanking(&log, "thank_when_order_is_placed").await;
    let letter = only_letter(&engine).await;
    assert!(
        letter.reason.contains("inventory-thanks") && letter.reason.contains("cannot be read"),
        "{}",
        letter.reason
    );
    assert_eq!(letter.attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_this_program_cannot_read_is_a_dead_letter_of_each_process_that_it_concerns() {
    let (log, clock) = log_and_clock();
    let garbled = NewEvent {
        event_id: id(0x77),
        event_type: "CartCheckedOut".into(),
        schema_version: 1,
        metadata: Metadata { command_id: id(0x78), ..Metadata::default() },
        payload: "{}".into(),
    };
    let stream = StreamId::new("cart", id(0x79)).unwrap();
    let append = Append { stream, expected: ExpectedVersion::NoStream, events: vec![garbled] };
    log.append(vec![append]).await.unwrap()[0].as_ref().unwrap();
    let engine = open_over(Arc::clone(&log) as _, clock, EngineOptions::default()).await;
    stocked(&engine).await;
    assert!(matches!(buy(&engine, 1, "tok_visa").await, OrderOutcome::Confirmed { .. }), "others go on");
    let letters = engine.dead_letters(None, 10);
    assert!(!letters.is_empty());
    for letter in letters {
        assert_eq!(letter.event_type, "CartCheckedOut");
        assert!(letter.reason.contains("cannot be read"), "{}", letter.reason);
    }
}
