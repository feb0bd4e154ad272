//! Projections and threads that panic: what is parked, what starts again, and who tells.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop right there")]

use bytes::Bytes;
use daybook_domain::{
    Event, Interests,
    cart::{AbandonReason, Cart, CartAbandoned, CartEvent},
};
use daybook_event_log::{
    Append, EventLog, ExpectedVersion, MemoryLog, Metadata, NewEvent, Position, StreamId,
};
use daybook_projections::{
    ApplyError, DecodedEvent, Definition, Flush, Options, Projection, ReadModels, RunnerError, WaitError,
};
use daybook_read_store::{Checkpoint, RowKind, StoreError, Tx};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::{
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(60);

fn recorder() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| PrometheusBuilder::new().install_recorder().unwrap())
}

/// The value of a counter; 0 if it was never counted.
fn counted(series: &str) -> u64 {
    let text = recorder().render();
    let line = text.lines().find(|line| line.starts_with(series));
    line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

/// Keeps the position of each event, under `r`, stream.
macro_rules! sample {
    ($name:ident, $called:literal, $panics_at_event:expr) => {
        struct $name {
            /// While set, committing panics.
            flush_panics: Arc<AtomicBool>,
        }

        impl $name {
            /// Committing panics while the flag is set, from this generation on.
            fn definition(flag: &Arc<AtomicBool>, from_generation: u64) -> Definition {
                let (flag, never) = (flag.clone(), Arc::new(AtomicBool::new(false)));
                Definition::new(move |generation| {
                    let is_meant = generation.id().number >= from_generation;
                    let flush_panics = if is_meant { flag.clone() } else { never.clone() };
                    Ok(Self { flush_panics })
                })
            }
        }

        impl Projection for $name {
            const NAME: &'static str = $called;
            const VERSION: u32 = 1;
            const KINDS: &'static [RowKind] = &[RowKind::records(b'r', concat!($called, "_rows"))];

            const INTERESTS: Interests = Interests::all_of::<Cart>();

            fn apply(&mut self, event: &DecodedEvent<'_>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
                let key = format!("r{}", event.record.stream());
                tx.put(key.into_bytes(), event.position().to_string().into_bytes());
                assert!(Some(event.position()) != $panics_at_event, "poison at {}", event.position());
                Ok(())
            }

            fn flush(&mut self, up_to: Checkpoint, _: Flush, _: &mut Tx<'_>) -> Result<Position, StoreError> {
                assert!(!self.flush_panics.load(Ordering::SeqCst), "told to panic");
                Ok(up_to.position)
            }
        }
    };
}

sample!(Poisoned, "poisoned", Some(2));
sample!(Sound, "sound", None::<u64>);
sample!(Committing, "committing", None::<u64>);
sample!(Rebuilt, "rebuilt", None::<u64>);

async fn append(log: &MemoryLog, cart: u128) {
    let event = Event::from(CartEvent::CartAbandoned(CartAbandoned { reason: AbandonReason::Discarded }));
    let new = NewEvent {
        event_id: uuid::Uuid::new_v4(),
        event_type: event.type_name().into(),
        schema_version: event.schema_version(),
        metadata: Metadata::default(),
        payload: Bytes::from(event.encode()),
    };
    let stream = StreamId::new("cart", uuid::Uuid::from_u128(cart)).unwrap();
    let append = Append { stream, expected: ExpectedVersion::Any, events: vec![new] };
    log.append(vec![append]).await.unwrap().remove(0).unwrap();
}

async fn started(dir: &Path, log: &Arc<MemoryLog>, definitions: Vec<Definition>) -> ReadModels {
    recorder();
    let models = ReadModels::open(dir, Options::default(), definitions).unwrap();
    models.start(log.clone()).await.unwrap();
    models
}

async fn shows_all(models: &ReadModels, log: &MemoryLog) -> Result<(), WaitError> {
    let head = *log.head().borrow();
    models.wait_for(head, PATIENCE).await
}

fn position_of(models: &ReadModels, name: &str, cart: u128) -> u64 {
    let key = format!("rcart-{}", uuid::Uuid::from_u128(cart)).into_bytes();
    let row = models.rows(name).unwrap().into_iter().find(|(known, _)| *known == key);
    row.map_or(0, |(_, row)| row.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_at_which_a_projection_panics_parks_its_stream_and_everything_else_goes_on() {
    let (dir, log, never) = (tempfile::tempdir().unwrap(), Arc::<MemoryLog>::default(), Arc::default());
    let definitions = vec![Poisoned::definition(&never, 1), Sound::definition(&never, 1)];
    let models = started(dir.path(), &log, definitions).await;
    for cart in [1, 2, 3, 2, 1] {
        append(&log, cart).await;
    }
    shows_all(&models, &log).await.unwrap();

    let letters = models.dead_letters("poisoned", 10).unwrap();
    let waiting: Vec<_> = letters.iter().map(|letter| (letter.position, letter.error.as_deref())).collect();
    assert_eq!(waiting, [(2, Some("panicked: poison at 2")), (4, None)]);
    let poisoned = [1, 2, 3].map(|cart| position_of(&models, "poisoned", cart));
    assert_eq!(poisoned, [5, 0, 3], "half applied, or others of its streams are held up");
    assert_eq!([1, 2, 3].map(|cart| position_of(&models, "sound", cart)), [5, 4, 3]);
    assert!(models.dead_letters("sound", 10).unwrap().is_empty());

    assert_eq!(models.failure(), None);
    assert!(models.tasks().iter().all(|task| task.status.why().is_none()), "{:?}", models.tasks());
    assert_eq!(models.parked(), 2);
    assert_eq!(counted("daybook_projection_panics_total{projection=\"poisoned\"}"), 1);
    assert_eq!(counted("daybook_projection_dead_letters{projection=\"poisoned\"}"), 2);
    tokio::task::spawn_blocking(move || models.shutdown()).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_panics_is_reported_and_started_again_until_it_works() {
    let (dir, log) = (tempfile::tempdir().unwrap(), Arc::<MemoryLog>::default());
    let panics = Arc::new(AtomicBool::new(true));
    let models = started(dir.path(), &log, vec![Committing::definition(&panics, 1)]).await;
    append(&log, 1).await;
    let failure = loop {
        if let Some(failure) = models.failure() {
            break failure;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    let RunnerError::Stopped { worker, why } = &failure else { panic!("{failure:?}") };
    assert_eq!((worker.as_str(), why.as_str()), ("committing", "it panicked: told to panic"));

    // It is tried again, and again fails.
    while counted("daybook_task_panics_total{task=\"committing\"}") < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panics.store(false, Ordering::SeqCst);
    while shows_all(&models, &log).await.is_err() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!((models.failure(), position_of(&models, "committing", 1)), (None, 1));
    assert!(models.dead_letters("committing", 10).unwrap().is_empty(), "no event is to blame");
    tokio::task::spawn_blocking(move || models.shutdown()).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_panics_is_tried_again_beside_rows_that_stay_current() {
    let (dir, log) = (tempfile::tempdir().unwrap(), Arc::<MemoryLog>::default());
    append(&log, 1).await;
    let panics = Arc::new(AtomicBool::new(true));
    let models = started(dir.path(), &log, vec![Rebuilt::definition(&panics, 2)]).await;
    shows_all(&models, &log).await.unwrap();
    models.rebuild("rebuilt").unwrap();
    while counted("daybook_task_panics_total{task=\"rebuild-rebuilt\"}") < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(models.rebuilds().len(), 1, "it is under way as long as it is tried again");
    append(&log, 2).await;
    shows_all(&models, &log).await.unwrap();
    assert_eq!((models.failure(), position_of(&models, "rebuilt", 2)), (None, 2));

    panics.store(false, Ordering::SeqCst);
    while !models.rebuilds().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!([1, 2].map(|cart| position_of(&models, "rebuilt", cart)), [1, 2]);
    tokio::task::spawn_blocking(move || models.shutdown()).await.unwrap().unwrap();
}
