//! A plain cqrs-es + postgres-es program at work on the same table at the same time.

use crate::given::{added, append, assert_sound, database, everything, log, stream};
use cqrs_es::{
    Aggregate, AggregateError, DomainEvent, EventStore as _, event_sink::EventSink,
    persist::PersistedEventStore,
};
use daybook_event_log::{EventLog as _, ExpectedVersion, Position, RecordedEvent, Version};
use daybook_event_log_postgres::{PostgresLog, PostgresOptions};
use postgres_es::{PostgresEventRepository, postgres_cqrs};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use std::{collections::HashMap, convert::Infallible, sync::Arc};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Counter {
    total: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum CounterEvent {
    Added { by: u64 },
}

impl DomainEvent for CounterEvent {
    fn event_type(&self) -> String {
        "Added".to_owned()
    }
    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

impl Aggregate for Counter {
    const TYPE: &'static str = "counter";
    type Command = Vec<u64>;
    type Event = CounterEvent;
    type Error = Infallible;
    type Services = ();

    async fn handle(&mut self, command: Vec<u64>, (): &(), sink: &EventSink<Self>) -> Result<(), Infallible> {
        for by in command {
            sink.write(CounterEvent::Added { by }, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: CounterEvent) {
        let CounterEvent::Added { by } = event;
        self.total += by;
    }
}

fn by(event: &RecordedEvent) -> u64 {
    let fields: HashMap<String, u64> = serde_json::from_slice(event.payload()).unwrap();
    fields["by"]
}

const TABLES_OF_POSTGRES_ES: &str = "CREATE TABLE events (
    aggregate_type text NOT NULL, aggregate_id text NOT NULL, sequence bigint CHECK (sequence >= 0) NOT NULL,
    event_type text NOT NULL, event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence))";

#[tokio::test]
async fn each_sees_the_events_of_the_other() {
    let url = database().await;
    let log = log(&url).await;
    let plain = postgres_cqrs::<Counter>(PgPool::connect(&url).await.unwrap(), vec![], ());
    log.append(vec![append(&stream("a"), ExpectedVersion::NoStream, vec![added(1)])]).await.unwrap();
    let said =
        HashMap::from([("actor".to_owned(), "staff:7".to_owned()), ("trace".to_owned(), "x".to_owned())]);
    plain.execute_with_metadata("a", vec![10, 20], said).await.unwrap();
    let outcome = log
        .append(vec![append(&stream("a"), ExpectedVersion::Exact(Version::new(3)), vec![added(100)])])
        .await
        .unwrap();
    assert_eq!(outcome[0].as_ref().unwrap().first_position, Position::new(4));

    let history = everything(&log).await;
    assert_sound(&history);
    let theirs = &history[1];
    assert_eq!((theirs.event_type(), theirs.actor(), by(theirs)), ("Added", "staff:7", 10));
    assert_eq!((theirs.schema_version(), theirs.occurred_at_ns()), (1, theirs.recorded_at_ns()));
    let found = log.find(theirs.event_id()).await.unwrap();
    assert_eq!(found.as_ref(), Some(theirs));

    let repository = PostgresEventRepository::new(PgPool::connect(&url).await.unwrap());
    let store = PersistedEventStore::<_, Counter>::new_event_store(repository);
    let seen = store.load_events("a").await.unwrap();
    assert_eq!(seen.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(seen[3].payload, CounterEvent::Added { by: 100 });
    assert_eq!(seen[3].metadata["actor"], "anonymous");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_update_is_lost_when_both_count_the_same_counters() {
    const CLIENTS: u64 = 8;
    const EACH: u64 = 25;
    let url = database().await;
    let log = Arc::new(log(&url).await);
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(20).connect(&url).await.unwrap();
    let mut work = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let (log, plain) = (log.clone(), postgres_cqrs::<Counter>(pool.clone(), vec![], ()));
        work.spawn(async move {
            for n in 0..EACH {
                let id = format!("{}", n % 3);
                if client % 2 == 0 { count_by_log(&log, &id).await } else { count_plainly(&plain, &id).await }
            }
        });
    }
    work.join_all().await;

    let history = everything(&*log).await;
    assert_sound(&history);
    assert_eq!(history.len() as u64, CLIENTS * EACH * 2);
    let repository = PostgresEventRepository::new(pool);
    let store = PersistedEventStore::<_, Counter>::new_event_store(repository);
    let mut total = 0;
    for id in ["0", "1", "2"] {
        total += store.load_aggregate(id).await.unwrap().aggregate.total;
    }
    assert_eq!(total, CLIENTS * EACH * 3);
}

async fn count_by_log(log: &PostgresLog, id: &str) {
    let stream = stream(id);
    loop {
        let version = log.stream_version(&stream).await.unwrap();
        let both = append(&stream, ExpectedVersion::Exact(version), vec![added(1), added(2)]);
        if log.append(vec![both]).await.unwrap()[0].is_ok() {
            return;
        }
    }
}

async fn count_plainly(plain: &postgres_es::PostgresCqrs<Counter>, id: &str) {
    loop {
        match plain.execute(id, vec![1, 2]).await {
            Ok(()) => return,
            Err(AggregateError::AggregateConflict) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_table_that_postgres_es_filled_before_is_taken_over() {
    let url = database().await;
    let pool = PgPool::connect(&url).await.unwrap();
    sqlx::raw_sql(TABLES_OF_POSTGRES_ES).execute(&pool).await.unwrap();
    let plain = postgres_cqrs::<Counter>(pool.clone(), vec![], ());
    for n in 1..=20 {
        plain.execute(&format!("{}", n % 7), vec![n, n + 100]).await.unwrap();
    }
    let log = log(&url).await;
    let history = everything(&log).await;
    assert_sound(&history);
    let written: Vec<u64> = history.iter().map(by).collect();
    assert_eq!(written, (1..=20).flat_map(|n| [n, n + 100]).collect::<Vec<u64>>());
    plain.execute("3", vec![1]).await.unwrap();
    assert_eq!(everything(&log).await.len(), 41);
}

#[tokio::test]
async fn an_event_that_cannot_be_named_is_refused_where_it_is_written() {
    #[derive(Default, Serialize, Deserialize)]
    struct Shouting;
    impl Aggregate for Shouting {
        const TYPE: &'static str = "Shouting";
        type Command = ();
        type Event = CounterEvent;
        type Error = Infallible;
        type Services = ();
        async fn handle(&mut self, (): (), (): &(), sink: &EventSink<Self>) -> Result<(), Infallible> {
            sink.write(CounterEvent::Added { by: 1 }, self).await;
            Ok(())
        }
        fn apply(&mut self, _: CounterEvent) {}
    }
    let url = database().await;
    let log = PostgresLog::connect(PostgresOptions::new(&url)).await.unwrap();
    let pool = PgPool::connect(&url).await.unwrap();
    let error = postgres_cqrs::<Shouting>(pool.clone(), vec![], ()).execute("a", ()).await.unwrap_err();
    assert!(error.to_string().contains("lower-case"), "{error}");
    let error = postgres_cqrs::<Counter>(pool, vec![], ()).execute("a b", vec![1]).await.unwrap_err();
    assert!(error.to_string().contains("without spaces"), "{error}");
    assert_eq!(everything(&log).await, []);
}
