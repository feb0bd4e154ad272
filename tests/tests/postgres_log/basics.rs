//! What one node may rely on, and what it is told when the server is not fit.

use crate::given::{added, append, assert_sound, database, event, everything, log, stream};
use daybook_event_log::{
    AppendRejection, EventLog as _, ExpectedVersion, LogError, Metadata, PageLimits, Position, Version,
};
use daybook_event_log_postgres::{PostgresLog, PostgresOptions};
use daybook_subscriptions::Source;
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

#[tokio::test]
async fn an_event_comes_back_exactly_as_it_was_appended() {
    let url = database().await;
    let log = log(&url).await;
    let mut new = event(" { \"b\" : 1.50, \"a\":\"\\u0000 }{ ä\", \"b\":2 }\n");
    new.schema_version = 7;
    new.event_type = "Odd \"type\"".into();
    new.metadata = Metadata {
        occurred_at_ns: -5_000_000_001,
        command_id: Uuid::from_u128(1),
        correlation_id: Uuid::from_u128(2),
        causation_id: Uuid::from_u128(3),
        request_hash: u64::MAX,
        actor: "staff:Zoë".to_owned(),
    };
    let stream = stream("a-b-ä/1");
    let outcome =
        log.append(vec![append(&stream, ExpectedVersion::NoStream, vec![new.clone()])]).await.unwrap();
    let appended = outcome[0].clone().unwrap();

    let read = log.read_stream(&stream, Version::new(1), 10).await.unwrap();
    let all = log.read_all(Position::new(1), 10).await.unwrap();
    let found = log.find(new.event_id).await.unwrap().unwrap();
    assert_eq!((&read, &all), (&vec![found.clone()], &vec![found.clone()]));
    assert_eq!(found.payload(), &new.payload[..]);
    assert_eq!(found.event_type(), new.event_type);
    assert_eq!(found.schema_version(), 7);
    assert_eq!(found.metadata(), new.metadata);
    assert_eq!(found.stream_id(), stream);
    assert_eq!(found.recorded_at_ns(), appended.recorded_at_ns);
    assert_eq!((found.position(), found.version()), (appended.first_position, appended.last_version));
    assert_eq!(log.stream_version(&stream).await.unwrap(), Version::new(1));
    assert_eq!(log.find(Uuid::now_v7()).await.unwrap(), None);
}

#[tokio::test]
async fn a_refused_append_leaves_its_neighbours_in_peace_and_takes_no_position() {
    let url = database().await;
    let log = log(&url).await;
    let (a, b) = (stream("a"), stream("b"));
    let first = append(&a, ExpectedVersion::NoStream, vec![added(1), added(2)]);
    log.append(vec![first.clone()]).await.unwrap();
    let mut too_odd = added(9);
    too_odd.payload = "[]".into();
    let mut reused = added(4);
    reused.event_id = first.events[1].event_id;

    let outcomes = log
        .append(vec![
            append(&a, ExpectedVersion::NoStream, vec![added(3)]),
            append(&b, ExpectedVersion::NoStream, vec![added(4)]),
            first.clone(),
            append(&b, ExpectedVersion::Exact(Version::new(1)), vec![too_odd]),
            append(&b, ExpectedVersion::Any, vec![reused.clone()]),
            append(&a, ExpectedVersion::Exact(Version::new(2)), vec![added(5)]),
            append(&a, ExpectedVersion::Exact(Version::new(2)), vec![added(6)]),
            append(&b, ExpectedVersion::Any, vec![]),
            append(&b, ExpectedVersion::Any, vec![added(7)]),
        ])
        .await
        .unwrap();

    let conflict = |stream, expected, actual| Err(AppendRejection::Conflict { stream, expected, actual });
    assert_eq!(outcomes[0], conflict(a.clone(), ExpectedVersion::NoStream, Version::new(2)));
    assert_eq!(outcomes[1].as_ref().unwrap().first_position, Position::new(3));
    let again = outcomes[2].as_ref().unwrap();
    assert!(again.already_there);
    assert_eq!((again.first_position, again.last_version), (Position::new(1), Version::new(2)));
    assert!(outcomes[3].as_ref().unwrap_err().to_string().contains("JSON object"));
    assert_eq!(
        outcomes[4],
        Err(AppendRejection::EventIdReused { stream: b.clone(), event_id: reused.event_id })
    );
    assert_eq!(outcomes[5].as_ref().unwrap().first_position, Position::new(4));
    assert_eq!(outcomes[6], conflict(a, ExpectedVersion::Exact(Version::new(2)), Version::new(3)));
    assert!(outcomes[7].is_err());
    assert_eq!(outcomes[8].as_ref().unwrap().first_version, Version::new(2));
    let history = everything(&log).await;
    assert_sound(&history);
    assert_eq!(history.len(), 5);
}

#[tokio::test]
async fn a_follower_sees_the_past_and_then_what_another_node_appends() {
    let url = database().await;
    let (ours, theirs) = (Arc::new(log(&url).await), log(&url).await);
    let stream = stream("a");
    ours.append(vec![append(&stream, ExpectedVersion::Any, vec![added(1)])]).await.unwrap();
    let mut follower = Source::new(ours.clone(), Position::ZERO, PageLimits::events(10));
    assert_eq!(follower.next().await.unwrap().events.len(), 1);
    theirs.append(vec![append(&stream, ExpectedVersion::Any, vec![added(2), added(3)])]).await.unwrap();
    let next = follower.next().await.unwrap();
    assert_eq!(next.first, Position::new(2));
    assert_eq!(follower.next_position(), Position::new(2).plus(next.events.len() as u64));
}

#[tokio::test]
async fn calls_take_effect_in_their_order_and_closing_waits_for_them() {
    let url = database().await;
    let node = log(&url).await;
    let stream = stream("a");
    let calls: Vec<_> = (0..100)
        .map(|n| node.append(vec![append(&stream, ExpectedVersion::Exact(Version::new(n)), vec![added(n)])]))
        .collect();
    node.close().await.unwrap();
    for (call, n) in calls.into_iter().zip(1..) {
        assert_eq!(call.await.unwrap()[0].as_ref().unwrap().first_version, Version::new(n));
    }
    let late = node.append(vec![append(&stream, ExpectedVersion::Any, vec![added(1)])]).await;
    assert!(late.unwrap_err().to_string().contains("closed"));
    assert_sound(&everything(&log(&url).await).await);
}

#[tokio::test]
async fn a_schema_of_a_newer_program_is_refused() {
    let url = database().await;
    log(&url).await.close().await.unwrap();
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    sqlx::query("INSERT INTO daybook_schema (version) VALUES (99)").execute(&pool).await.unwrap();
    let error = PostgresLog::connect(PostgresOptions::new(&url)).await.err().unwrap();
    assert!(error.to_string().contains("use a newer program"), "{error}");
    assert_eq!(format!("{error:?}").split(' ').next(), Some("NewerFormat"));
}

#[tokio::test]
async fn a_table_of_somebody_else_is_refused_and_left_alone() {
    let url = database().await;
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    sqlx::query("CREATE TABLE events (name text)").execute(&pool).await.unwrap();
    let error = PostgresLog::connect(PostgresOptions::new(&url)).await.err().unwrap();
    assert!(error.to_string().contains("is not a Daybook log"), "{error}");
    let columns: i64 =
        sqlx::query_scalar("SELECT count(*) FROM information_schema.columns WHERE table_name = 'events'")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(columns, 1);
}

#[tokio::test]
async fn a_read_only_database_is_refused_with_what_to_do() {
    let url = database().await;
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    let name = url.rsplit('/').next().unwrap();
    sqlx::query(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"))
        .execute(&pool)
        .await
        .unwrap();
    let error = PostgresLog::connect(PostgresOptions::new(&url)).await.err().unwrap().to_string();
    assert!(error.contains("default_transaction_read_only"), "{error}");
}

#[tokio::test]
async fn an_unreachable_server_and_a_missing_database_are_named_without_the_password() {
    let port = daybook_tests::servers::free_port().unwrap();
    let mut options = PostgresOptions::new(format!("postgres://shop:s3cret@127.0.0.1:{port}/orders"));
    options.connect_for = Duration::from_millis(50);
    let unreachable = PostgresLog::connect(options).await.err().unwrap().to_string();
    assert!(unreachable.contains(&format!("postgres://127.0.0.1:{port}/orders")), "{unreachable}");
    assert!(!unreachable.contains("s3cret"), "{unreachable}");

    let url = database().await.replace("daybook@", "daybook:s3cret@") + "missing";
    let missing = PostgresLog::connect(PostgresOptions::new(url)).await.err().unwrap().to_string();
    assert!(missing.contains("createdb") && !missing.contains("s3cret"), "{missing}");
}

#[tokio::test]
async fn a_missing_event_is_reported_and_not_skipped() {
    let url = database().await;
    let log = log(&url).await;
    log.append(vec![append(&stream("a"), ExpectedVersion::Any, vec![added(1), added(2), added(3)])])
        .await
        .unwrap();
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    let refused = sqlx::query("DELETE FROM events WHERE position = 2").execute(&pool).await.unwrap_err();
    assert!(refused.to_string().contains("only ever appended to"), "{refused}");
    sqlx::query("ALTER TABLE events DISABLE TRIGGER daybook_refuse_change").execute(&pool).await.unwrap();
    sqlx::query("DELETE FROM events WHERE position = 2").execute(&pool).await.unwrap();
    let error = log.read_all(Position::new(1), 10).await.unwrap_err();
    assert!(error.to_string().contains("position 2 is missing, 3 follows"), "{error}");
    assert!(std::matches!(error, LogError::Damaged { .. }));
}
