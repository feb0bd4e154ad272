//! Panics: each is caught where it harms least. A command's is its own, a process' is a dead letter, a loop's is a new
//! start; whatever had been written stays written.

use crate::{
    books::Books,
    shop::{buy, execute, id, log_and_clock, open_over, order, receive, stocked},
};
use daybook_domain::{
    Actor, Event, EventData as _, Interests, Rejection,
    order::{OrderEvent, OrderPlaced},
    process::{Process, Reaction, Refusal, Trigger},
};
use daybook_engine::{
    CommandError, CommandRequest, DeadReaction, DeadReactionId, Engine, EngineOptions, OrderOutcome,
};
use daybook_event_log::{EventLog, LogError, MemoryLog, Version};
use futures::future::join_all;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::{sleep, timeout};

/// Panics so many times at a place, and counts how often it was reached.
struct Bug {
    place: &'static str,
    left: AtomicUsize,
    reached: AtomicUsize,
}

impl Bug {
    fn at(place: &'static str, times: usize) -> Arc<Self> {
        Arc::new(Self { place, left: AtomicUsize::new(times), reached: AtomicUsize::new(0) })
    }

    fn options(self: &Arc<Self>) -> EngineOptions {
        let bug = Arc::clone(self);
        let on_reaching = move |place: &str| {
            if place != bug.place {
                return;
            }
            bug.reached.fetch_add(1, Ordering::Relaxed);
            let less = |left: usize| left.checked_sub(1);
            if bug.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
                panic!("a bug at {place}");
            }
        };
        EngineOptions { on_reaching: Some(Arc::new(on_reaching)), ..EngineOptions::default() }
    }

    fn strike(&self, times: usize) {
        self.left.store(times, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_decision_is_the_error_of_that_command_alone() {
    let (log, clock) = log_and_clock();
    let bug = Bug::at("decide ReceiveStock", 0);
    let engine = open_over(Arc::clone(&log) as _, clock, bug.options()).await;
    execute(&engine, 1, receive("mug", 1)).await.unwrap();
    bug.strike(1);
    let asked = (0..40).map(|n| {
        let engine = engine.clone();
        async move { execute(&engine, 10 + n, receive("mug", 1)).await }
    });
    let answers = join_all(asked).await;
    let panicked = |answer: &&Result<_, _>| matches!(answer, Err(CommandError::Panicked { .. }));
    assert_eq!(answers.iter().filter(panicked).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 39, "{answers:?}");
    let outcome = execute(&engine, 1_000, receive("mug", 1)).await.unwrap();
    assert_eq!(outcome.version, Version::new(41), "the stream is loaded again as the log has it");
    let books = Books::read(&log).await;
    books.numbers_are_dense();
    books.commands_happened_once();
    assert!(engine.statuses().iter().all(|task| task.panics == 0), "no loop was harmed");
}

#[tokio::test(start_paused = true)]
async fn a_command_that_panicked_twice_is_not_tried_again() {
    let (log, clock) = log_and_clock();
    let bug = Bug::at("decide ReceiveStock", 2);
    let engine = open_over(log as _, clock, bug.options()).await;
    for _ in 0..3 {
        let answer = execute(&engine, 1, receive("mug", 1)).await;
        assert!(matches!(answer, Err(CommandError::Panicked { .. })), "{answer:?}");
    }
    assert_eq!(bug.reached.load(Ordering::Relaxed), 2);
    execute(&engine, 2, receive("mug", 1)).await.expect("another command may fare better");
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_panics_begins_anew_and_what_it_had_is_found_in_the_log() {
    let (log, clock) = log_and_clock();
    let bug = Bug::at("shard", 0);
    let engine = open_over(Arc::clone(&log) as _, clock, bug.options()).await;
    stocked(&engine).await;
    for round in 0..3 {
        bug.strike(1);
        let asked = (0..30).map(|n| insist(&engine, 100 * (round + 1) + n));
        join_all(asked).await;
    }
    assert!(matches!(buy(&engine, 1, "tok_visa").await, OrderOutcome::Confirmed { .. }));
    let panics: u64 = engine.statuses().iter().map(|task| task.panics).sum();
    assert_eq!(panics, 3, "{:?}", engine.statuses());
    let books = Books::read(&log).await;
    books.numbers_are_dense();
    books.commands_happened_once();
}

/// Until it is done, through unknown outcomes.
async fn insist(engine: &Engine, n: u128) {
    loop {
        let request = CommandRequest::new(receive("cup", 1), id(n), Actor::Anonymous);
        match engine.execute(request).await {
            Ok(_) => return,
            Err(CommandError::Log(LogError::Closed)) => sleep(Duration::from_millis(50)).await,
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn orders_are_confirmed_although_a_shard_and_the_runner_panic_in_the_middle() {
    for place in ["shard", "processes"] {
        for after_ms in [0, 1, 2, 5] {
            let (log, clock) = log_and_clock();
            let bug = Bug::at(place, 0);
            let engine = open_over(Arc::clone(&log) as _, clock, bug.options()).await;
            stocked(&engine).await;
            let buying = (0..10).map(|n| {
                let engine = engine.clone();
                async move {
                    let outcome = timeout(Duration::from_secs(60), buy(&engine, n, "tok_visa")).await;
                    assert!(matches!(outcome, Ok(OrderOutcome::Confirmed { .. })), "order {n}: {outcome:?}");
                }
            });
            // Carts must not meet the bug, only what follows from them.
            let striking = async {
                sleep(Duration::from_millis(after_ms)).await;
                if place == "processes" {
                    bug.strike(1);
                }
            };
            tokio::join!(join_all(buying), striking);
            bug.strike(usize::from(place == "shard"));
            execute(&engine, 5_000, receive("cup", 1)).await.ok();
            for n in 10..12 {
                assert!(matches!(buy(&engine, n, "tok_visa").await, OrderOutcome::Confirmed { .. }));
            }
            let books = Books::read(&log).await;
            books.numbers_are_dense();
            books.commands_happened_once();
            (0..12).for_each(|n| books.order_is_decided_and_agrees(crate::shop::cart(n)));
        }
    }
}

/// Panics when an order is placed, until it is mended.
struct Buggy {
    mended: Arc<AtomicBool>,
    reactions: Arc<AtomicUsize>,
}

impl Process for Buggy {
    fn name(&self) -> &'static str {
        "panic_when_order_is_placed"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[OrderPlaced::KIND])
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        assert!(self.mended.load(Ordering::Relaxed), "a bug in a process");
        self.reactions.fetch_add(1, Ordering::Relaxed);
        assert!(matches!(trigger.event, Event::Order(OrderEvent::OrderPlaced(_))));
        Reaction::Commands(vec![receive("thanks", 1)])
    }

    fn refused(&self, _trigger: Trigger<'_>, _command: &str, _rejection: &Rejection) -> Refusal {
        Refusal::DeadLetter
    }
}

struct Shop {
    engine: Engine,
    mended: Arc<AtomicBool>,
    reactions: Arc<AtomicUsize>,
}

async fn with_buggy_process(log: &Arc<MemoryLog>, dir: &Path) -> Shop {
    let (_, clock) = log_and_clock();
    let (mended, reactions) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let process = Buggy { mended: Arc::clone(&mended), reactions: Arc::clone(&reactions) };
    let options = EngineOptions {
        further_processes: vec![Arc::new(process)],
        state_dir: Some(dir.to_owned()),
        ..EngineOptions::default()
    };
    Shop { engine: open_over(Arc::clone(log) as _, clock, options).await, mended, reactions }
}

fn ids(letters: &[DeadReaction]) -> Vec<DeadReactionId> {
    letters.iter().map(DeadReaction::id).collect()
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_process_is_a_dead_letter_that_is_kept_retried_and_skipped() {
    let (dir, (log, _)) = (tempfile::tempdir().unwrap(), log_and_clock());
    let shop = with_buggy_process(&log, dir.path()).await;
    stocked(&shop.engine).await;
    for n in 1..=3 {
        assert!(matches!(buy(&shop.engine, n, "tok_visa").await, OrderOutcome::Confirmed { .. }));
    }
    let letters = shop.engine.dead_letters(None, 10);
    assert_eq!(letters.len(), 3, "{letters:?}");
    assert_eq!((letters[0].process.as_str(), letters[0].attempts), ("panic_when_order_is_placed", 1));
    assert_eq!(letters[0].stream.as_str(), format!("order-{}", order(1)));
    assert!(letters[0].reason.contains("a bug in a process"), "{}", letters[0].reason);
    assert_eq!(ids(&shop.engine.dead_letters(Some(&letters[0].id()), 1)), [letters[1].id()]);
    sleep(Duration::from_secs(3)).await;
    drop(shop);

    let shop = with_buggy_process(&log, dir.path()).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(
        shop.engine.dead_letters(None, 10),
        letters,
        "they are kept, and not tried again by themselves"
    );
    assert!(shop.engine.retry_dead_letter(&letters[0].id()).await);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(shop.engine.dead_letters(None, 10).len(), 3, "it has failed again");
    shop.mended.store(true, Ordering::Relaxed);
    assert!(shop.engine.retry_dead_letter(&letters[0].id()).await);
    assert!(shop.engine.skip_dead_letter(&letters[1].id()).await);
    assert!(!shop.engine.skip_dead_letter(&letters[1].id()).await, "it is not there any more");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(shop.reactions.load(Ordering::Relaxed), 1);
    assert_eq!(ids(&shop.engine.dead_letters(None, 10)), [letters[2].id()]);
    drop(shop);

    let shop = with_buggy_process(&log, dir.path()).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(ids(&shop.engine.dead_letters(None, 10)), [letters[2].id()]);
    let head = *log.head().borrow();
    shop.engine.processes_caught_up(head).await;
    shop.engine.shutdown().await;
}
