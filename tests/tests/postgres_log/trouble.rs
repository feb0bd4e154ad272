//! Connections that are cut, backends that are killed, a server that restarts: nothing acknowledged is lost, and
//! nothing is written twice.

use crate::given::{added, append, assert_sound, database, everything, log, stream};
use daybook_event_log::{EventLog as _, ExpectedVersion, LogError, Position, Version};
use daybook_event_log_postgres::{PostgresLog, PostgresOptions};
use daybook_tests::servers::{cuttable::Cuttable, postgres::PostgresServer};
use sqlx::{Connection as _, PgConnection};
use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use uuid::Uuid;

/// Appends to its own stream until told to stop; every append must be acknowledged in the end.
async fn keep_appending(node: Arc<PostgresLog>, name: String, stop: Arc<AtomicBool>) -> Vec<Uuid> {
    let stream = stream(name);
    let mut acknowledged: Vec<Uuid> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let version = Version::new(acknowledged.len() as u64);
        let events = vec![added(1), added(2)];
        let ids = [events[0].event_id, events[1].event_id];
        let outcome =
            node.append(vec![append(&stream, ExpectedVersion::Exact(version), events)]).await.unwrap();
        assert_eq!(outcome[0].as_ref().unwrap().first_version, version.next());
        acknowledged.extend(ids);
    }
    acknowledged
}

struct Load {
    stop: Arc<AtomicBool>,
    work: tokio::task::JoinSet<Vec<Uuid>>,
}

impl Load {
    fn on(nodes: &[Arc<PostgresLog>]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut work = tokio::task::JoinSet::new();
        for (n, node) in nodes.iter().enumerate() {
            for client in 0..4 {
                work.spawn(keep_appending(node.clone(), format!("{n}-{client}"), stop.clone()));
            }
        }
        Self { stop, work }
    }

    /// Stops, and checks the history against what was acknowledged.
    async fn check(self, url: &str) {
        self.stop.store(true, Ordering::Relaxed);
        let acknowledged: Vec<Uuid> = self.work.join_all().await.into_iter().flatten().collect();
        let history = everything(&log(url).await).await;
        assert_sound(&history);
        let written: HashSet<Uuid> = history.iter().map(daybook_event_log::RecordedEvent::event_id).collect();
        assert_eq!(written.len(), acknowledged.len());
        assert!(acknowledged.iter().all(|id| written.contains(id)));
        assert!(!written.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_backends_lose_and_double_nothing() {
    let url = database().await;
    let load = Load::on(&[Arc::new(log(&url).await), Arc::new(log(&url).await)]);
    let mut killer = PgConnection::connect(&url).await.unwrap();
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(40)).await;
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .execute(&mut killer)
        .await
        .unwrap();
    }
    load.check(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_cut_at_any_moment_lose_and_double_nothing() {
    let url = database().await;
    let line = Cuttable::to(daybook_tests::servers::postgres::shared().await.unwrap().port()).await.unwrap();
    let cuttable = url.replace(&line.server_port().to_string(), &line.port().to_string());
    let load = Load::on(&[Arc::new(log(&cuttable).await), Arc::new(log(&url).await)]);
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_millis(25)).await;
        line.cut();
    }
    load.check(&url).await;
}

#[tokio::test]
async fn an_answer_lost_after_the_commit_is_asked_for_again_and_not_written_again() {
    let url = database().await;
    let line = Cuttable::to(daybook_tests::servers::postgres::shared().await.unwrap().port()).await.unwrap();
    let node = log(&url.replace(&line.server_port().to_string(), &line.port().to_string())).await;
    let stream = stream("a");
    for (n, expected) in
        [ExpectedVersion::NoStream, ExpectedVersion::Any, ExpectedVersion::Exact(Version::new(2))]
            .into_iter()
            .enumerate()
    {
        line.lose_answer_to("\"by\":77");
        let outcome = node.append(vec![append(&stream, expected, vec![added(77)])]).await.unwrap();
        let appended = outcome[0].as_ref().unwrap();
        assert_eq!(appended.first_position, Position::new(n as u64 + 1));
        assert!(appended.already_there);
    }
    assert_eq!(line.answers_lost(), 3);
    let history = everything(&log(&url).await).await;
    assert_sound(&history);
    assert_eq!(history.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_restarts_is_used_again_by_itself() {
    let server = PostgresServer::start(&[]).await.unwrap();
    let url = server.database().await.unwrap();
    let node = Arc::new(log(&url).await);
    let load = Load::on(std::slice::from_ref(&node));
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.stop().unwrap();
        server.start_again().await.unwrap();
    }
    let version = node.stream_version(&stream("0-0")).await.unwrap();
    assert!(version > Version::ZERO);
    // The head goes on being told of other nodes' events.
    let other = log(&url).await;
    let mut head = node.head();
    let outcome =
        other.append(vec![append(&stream("other"), ExpectedVersion::Any, vec![added(1)])]).await.unwrap();
    let last = outcome[0].as_ref().unwrap().last_position;
    head.wait_for(|position| *position >= last).await.unwrap();
    load.stop.store(true, Ordering::Relaxed);
    let acknowledged: usize = load.work.join_all().await.into_iter().map(|ids| ids.len()).sum();
    let history = everything(&other).await;
    assert_sound(&history);
    assert_eq!(history.len(), acknowledged + 1);
}

#[tokio::test]
async fn a_server_that_stays_away_is_an_error_that_says_so_and_appends_resume_after_it() {
    let server = PostgresServer::start(&[]).await.unwrap();
    let url = server.database().await.unwrap();
    let mut options = PostgresOptions::new(&url);
    options.retry_for = Duration::from_millis(100);
    let node = PostgresLog::connect(options).await.unwrap();
    server.stop().unwrap();
    let once = append(&stream("a"), ExpectedVersion::NoStream, vec![added(1)]);
    let error = node.append(vec![once.clone()]).await.unwrap_err().to_string();
    assert!(error.contains("append the same events again"), "{error}");
    let error = node.read_all(Position::new(1), 1).await.unwrap_err().to_string();
    assert!(error.contains("reading the Postgres log failed"), "{error}");
    server.start_again().await.unwrap();
    let outcome = node.append(vec![once]).await.unwrap();
    assert_eq!(outcome[0].as_ref().unwrap().first_position, Position::new(1));
}

#[tokio::test]
async fn a_program_that_holds_the_sequencer_delays_but_does_not_break() {
    let url = database().await;
    let node = log(&url).await;
    let mut holder = PgConnection::connect(&url).await.unwrap();
    let mut held = holder.begin().await.unwrap();
    sqlx::query("UPDATE log_head SET position = position + 1").execute(&mut *held).await.unwrap();
    let waiting = node.append(vec![append(&stream("a"), ExpectedVersion::NoStream, vec![added(1)])]);
    tokio::time::sleep(Duration::from_millis(100)).await;
    held.rollback().await.unwrap();
    assert_eq!(waiting.await.unwrap()[0].as_ref().unwrap().first_position, Position::new(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_fall_silent_are_given_up_and_replaced() {
    let url = database().await;
    let line = Cuttable::to(daybook_tests::servers::postgres::shared().await.unwrap().port()).await.unwrap();
    let mut options =
        PostgresOptions::new(url.replace(&line.server_port().to_string(), &line.port().to_string()));
    options.try_for = Duration::from_millis(500);
    options.retry_for = Duration::from_secs(60);
    let node = PostgresLog::connect(options).await.unwrap();
    let stream = stream("a");
    for n in 0..3 {
        line.silence();
        let expected = ExpectedVersion::Exact(Version::new(n));
        let outcome = node.append(vec![append(&stream, expected, vec![added(1)])]).await.unwrap();
        assert_eq!(outcome[0].as_ref().unwrap().first_position, Position::new(n + 1));
        line.silence();
        assert_eq!(node.read_all(Position::new(1), 10).await.unwrap().len() as u64, n + 1);
    }
}

/// A server on which the next `times` inserts fail with `code`.
async fn failing(url: &str, code: &str, times: u32) {
    let pool = sqlx::PgPool::connect(url).await.unwrap();
    let script = format!(
        "CREATE SEQUENCE failures;
         CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF nextval('failures') <= {times} THEN RAISE EXCEPTION 'as asked' USING ERRCODE = '{code}'; END IF;
             RETURN NULL;
         END $$;
         CREATE TRIGGER fail AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION fail();"
    );
    sqlx::raw_sql(&script).execute(&pool).await.unwrap();
}

#[tokio::test]
async fn a_deadlock_or_a_serialisation_failure_is_tried_again() {
    for code in ["40001", "40P01"] {
        let url = database().await;
        let node = log(&url).await;
        failing(&url, code, 3).await;
        let outcome =
            node.append(vec![append(&stream("a"), ExpectedVersion::NoStream, vec![added(1)])]).await.unwrap();
        assert_eq!(outcome[0].as_ref().unwrap().first_position, Position::new(1));
    }
}

#[tokio::test]
async fn a_full_disk_is_named_and_appends_resume_when_there_is_room() {
    let url = database().await;
    let node = log(&url).await;
    failing(&url, "53100", 1).await;
    let once = append(&stream("a"), ExpectedVersion::NoStream, vec![added(1)]);
    let error = node.append(vec![once.clone()]).await.unwrap_err();
    assert!(std::matches!(error, LogError::Full { .. }), "{error}");
    assert!(error.to_string().contains("free some space"), "{error}");
    let told = node.check().await.unwrap_err();
    assert!(std::matches!(told, LogError::Full { .. }), "{told}");
    assert!(node.append(vec![once]).await.unwrap()[0].is_ok());
    node.check().await.unwrap();
    assert_sound(&everything(&node).await);
}

#[tokio::test]
async fn an_event_the_server_cannot_store_is_refused_alone() {
    let url = database().await;
    let node = log(&url).await;
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    sqlx::query("ALTER TABLE events ADD CHECK (event_type <> 'Unwanted')").execute(&pool).await.unwrap();
    let mut unwanted = added(1);
    unwanted.event_type = "Unwanted".into();
    let group = vec![
        append(&stream("a"), ExpectedVersion::NoStream, vec![added(1)]),
        append(&stream("b"), ExpectedVersion::NoStream, vec![unwanted]),
        append(&stream("a"), ExpectedVersion::Exact(Version::new(1)), vec![added(2)]),
    ];
    let outcomes = node.append(group).await.unwrap();
    assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    assert!(outcomes[1].as_ref().unwrap_err().to_string().contains("check constraint"));
    assert_sound(&everything(&node).await);
}

#[tokio::test]
async fn a_server_with_a_password_and_a_certificate_is_used_with_both_checked() {
    let server = PostgresServer::start_guarded("s3cret").await.unwrap();
    let url = server.database().await.unwrap();
    let certificate = server.certificate();
    // The folder belongs to the server's user; its certificate is for everyone.
    let safe = format!("{url}?sslmode=verify-full&sslrootcert={}", certificate.display());
    let node = log(&safe).await;
    node.append(vec![append(&stream("a"), ExpectedVersion::NoStream, vec![added(1)])]).await.unwrap();
    assert_sound(&everything(&node).await);
    let mut watcher = PgConnection::connect(&url).await.unwrap();
    let (all, encrypted): (i64, i64) = sqlx::query_as(
        "SELECT count(*), count(*) FILTER (WHERE ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
          WHERE application_name = 'daybook'",
    )
    .fetch_one(&mut watcher)
    .await
    .unwrap();
    assert!(all > 0);
    assert_eq!(all, encrypted);

    let wrong = safe.replace("s3cret", "wr0ng");
    let error = PostgresLog::connect(PostgresOptions::new(wrong)).await.err().unwrap().to_string();
    assert!(error.contains("check user and password") && !error.contains("wr0ng"), "{error}");
    let mut distrusting = PostgresOptions::new(format!("{url}?sslmode=verify-full"));
    distrusting.connect_for = Duration::from_millis(10);
    let error = PostgresLog::connect(distrusting).await.err().unwrap().to_string();
    assert!(error.contains("certificate"), "{error}");
}

#[tokio::test]
async fn what_a_notification_says_is_not_believed() {
    let url = database().await;
    let (node, other) = (log(&url).await, log(&url).await);
    let mut anybody = PgConnection::connect(&url).await.unwrap();
    for nonsense in ["999999999999", "18446744073709551615", "-1", "", "nothing"] {
        sqlx::query("SELECT pg_notify('daybook_head', $1)")
            .bind(nonsense)
            .execute(&mut anybody)
            .await
            .unwrap();
    }
    let mut head = node.head();
    for n in 1..=20 {
        other.append(vec![append(&stream("a"), ExpectedVersion::Any, vec![added(n)])]).await.unwrap();
        let reached = *head.wait_for(|position| position.get() >= n).await.unwrap();
        assert_eq!(reached, Position::new(n));
        assert_eq!(node.read_all(Position::new(n), 10).await.unwrap().len(), 1);
    }
    node.check().await.unwrap();
}

#[tokio::test]
async fn a_connection_that_ends_while_the_log_is_opened_is_opened_again() {
    let url = database().await;
    let line = Cuttable::to(daybook_tests::servers::postgres::shared().await.unwrap().port()).await.unwrap();
    let cuttable = url.replace(&line.server_port().to_string(), &line.port().to_string());
    for (n, step) in (1..).zip(["server_version_num", "daybook_schema", "FROM log_head h"]) {
        line.lose_answer_to(step);
        drop(log(&cuttable).await);
        assert_eq!(line.answers_lost(), n, "{step}");
    }
}
