//! The event log on a PostgreSQL server: for shops that have outgrown one machine, with several nodes writing at once and
//! other cqrs-es + postgres-es programs beside them.
//!
//! The table is postgres-es' `events` with a position, an event id and a time added. Who appends updates the one
//! row of `log_head` first and holds its lock until the commit: that makes positions dense and ordered by commit
//! without a leader, and lets everything else be checked under the lock. A trigger does the same for programs
//! that insert without knowing of it.
//!
//! ```text
//! append ─> prepare ─> queue ─> write (one writer, many calls to one commit)
//!                      └─> commit: all at once (group) or one by one (decide) ─> head
//! read_* ─> read ─> retrying_reader (a pool of connections) ─> row ─> payload, metadata
//! ```
//!
//! Also what others keep on such a server: leases ([`PostgresLeases`]), and the connections that the read store uses
//! too ([`PostgresServer`], [`ConnectionPool`]).

mod commit;
mod connection;
mod decide;
mod disk_space;
mod failure;
mod group;
mod head;
mod import;
mod lease;
mod metadata;
mod options;
mod payload;
mod pool;
mod prepare;
mod read;
mod retrying_reader;
mod row;
mod schema;
mod server;
mod write;

pub use lease::PostgresLeases;
pub use options::{DEFAULT_READ_CONNECTIONS, PostgresOptions};
pub use pool::{ConnectionPool, NotAvailable, PooledConnection};
pub use server::{ConnectError, InvalidUrl, PostgresServer, ServerFacts};

use async_trait::async_trait;
use daybook_event_log::{
    Append, AppendFuture, EventLog, LogError, PageLimits, Position, RecordedEvent, StreamId, Version,
};
use disk_space::DiskSpace;
use failure::{Failure, backoff};
use head::Head;
use parking_lot::Mutex;
use prepare::Prepared;
use read::Reader;
use retrying_reader::RetryingReader;
use sqlx::PgConnection;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::{AbortHandle, JoinHandle},
    time::{Instant, sleep},
};
use uuid::Uuid;
use write::{PostgresWriter, Request};

/// A log on a Postgres server.
pub struct PostgresLog {
    reader: Reader,
    queue: Mutex<Option<mpsc::UnboundedSender<Request>>>,
    payload_bytes: usize,
    writer: Mutex<Option<JoinHandle<()>>>,
    listener: AbortHandle,
    disk_space: DiskSpace,
}

impl PostgresLog {
    /// Connects, checks the server and brings the tables to this program's version.
    ///
    /// # Errors
    /// `Unavailable` if the server cannot be reached in time, refuses us, is too old or read-only; `NewerFormat`
    /// if a newer program has been here; `NotALog` if the table `events` is somebody else's.
    pub async fn connect(options: PostgresOptions) -> Result<Self, LogError> {
        Self::connect_telling(options, &|_| {}).await
    }

    /// The same; `tell` hears what is waited for while the server is not there.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_telling(
        options: PostgresOptions,
        tell: &(dyn Fn(String) + Send + Sync),
    ) -> Result<Self, LogError> {
        Self::open(options, Use::Writing, tell).await
    }

    /// Connects for reading only: changes nothing on the server, also where there are no tables yet, and takes no
    /// events (appends answer `Closed`). A standby or a user who may only read will do.
    ///
    /// # Errors
    /// As [`PostgresLog::connect`]; `NotALog` also if the database has no tables of a log.
    pub async fn open_read_only(options: PostgresOptions) -> Result<Self, LogError> {
        Self::open(options, Use::Reading, &|_| {}).await
    }

    async fn open(
        options: PostgresOptions,
        purpose: Use,
        tell: &(dyn Fn(String) + Send + Sync),
    ) -> Result<Self, LogError> {
        let server = options.server()?;
        let (connection, head) = reach(&options, &server, purpose, tell).await?;
        let retrying = RetryingReader::new(&options, server.clone());
        let (told, committed) = watch::channel(Position::ZERO);
        let keeping =
            head::keep_current(head.clone(), committed, retrying.clone(), server.clone(), options.poll_every);
        let listener = tokio::spawn(keeping).abort_handle();
        let reader = Reader::new(retrying, head.clone());
        let payload_bytes = options.payload_bytes;
        let disk_space = DiskSpace::default();
        if purpose == Use::Reading {
            server::close(connection).await;
            let (queue, writer) = (Mutex::new(None), Mutex::new(None));
            return Ok(Self { reader, queue, payload_bytes, writer, listener, disk_space });
        }
        let (queue, requests) = mpsc::unbounded_channel();
        let writer = PostgresWriter {
            options,
            server,
            head,
            told,
            disk_space: disk_space.clone(),
            connection: Some(connection),
        };
        let writer = Mutex::new(Some(tokio::spawn(writer.run(requests))));
        Ok(Self { reader, queue: Mutex::new(Some(queue)), payload_bytes, writer, listener, disk_space })
    }
}

/// What a log is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Writing,
    Reading,
}

const CONNECTING: &str = "opening the Postgres log";

/// Opens the first connection, with tables that are ready and a log that has what is known of it, trying for as long as the
/// options say.
async fn reach(
    options: &PostgresOptions,
    server: &PostgresServer,
    purpose: Use,
    tell: &(dyn Fn(String) + Send + Sync),
) -> Result<(PgConnection, Head), LogError> {
    let place = server.place();
    let deadline = Instant::now() + options.connect_for;
    let (mut backoff, mut told) = (backoff(), String::new());
    loop {
        let opened = async {
            let mut connection = connection::open(server, options.try_for).await?;
            connection::check_server(&mut connection, place, purpose).await?;
            match purpose {
                Use::Writing => schema::migrate(&mut connection, place).await?,
                Use::Reading => schema::expect(&mut connection, place).await?,
            }
            let head = Head::look_up(&mut connection, options.known, place).await?;
            Ok((connection, head))
        };
        let failure: Failure = match opened.await {
            Ok(opened) => return Ok(opened),
            Err(failure) => failure,
        };
        let Some(detail) = failure.waited_for().filter(|_| Instant::now() < deadline) else {
            return Err(failure.into_error(CONNECTING, place));
        };
        // The same again and again is said once.
        if detail != told {
            tracing::warn!(detail, "the Postgres server cannot be used yet; trying again");
            tell(detail.clone());
            told = detail;
        }
        sleep(backoff.pause()).await;
    }
}

#[async_trait]
impl EventLog for PostgresLog {
    fn append(&self, group: Vec<Append>) -> AppendFuture {
        let (answer, outcome) = oneshot::channel();
        let appends = group.into_iter().map(|append| Prepared::new(append, self.payload_bytes)).collect();
        let request = Request { appends, asked: Instant::now(), answer };
        let accepted = self.queue.lock().as_ref().is_some_and(|queue| queue.send(request).is_ok());
        if !accepted {
            return AppendFuture::ready(Err(LogError::Closed));
        }
        // Another node may win until the commit, so there is nothing to say before.
        AppendFuture::at_once(async move { outcome.await.unwrap_or(Err(LogError::Closed)) })
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        from: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.reader.stream(stream, from, limit).await
    }

    async fn read_streams(
        &self,
        wanted: &[(StreamId, Version)],
        limit: usize,
    ) -> Vec<Result<Vec<RecordedEvent>, LogError>> {
        match self.reader.streams(wanted, limit).await {
            Ok(found) => found.into_iter().map(Ok).collect(),
            Err(error) => wanted.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    async fn read_all(&self, from: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        self.reader.page(from, PageLimits::events(limit)).await
    }

    async fn read_page(&self, from: Position, limits: PageLimits) -> Result<Vec<RecordedEvent>, LogError> {
        self.reader.page(from, limits).await
    }

    async fn find(&self, event_id: Uuid) -> Result<Option<RecordedEvent>, LogError> {
        self.reader.find(event_id).await
    }

    async fn stream_version(&self, stream: &StreamId) -> Result<Version, LogError> {
        self.reader.version(stream).await
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.reader.head.subscribe()
    }

    fn is_sole_writer(&self) -> bool {
        false
    }

    async fn check(&self) -> Result<(), LogError> {
        self.reader.head.check()?;
        self.reader.retrying.check().await?;
        self.disk_space.check()
    }

    async fn close(&self) -> Result<(), LogError> {
        drop(self.queue.lock().take());
        let writer = self.writer.lock().take();
        if let Some(writer) = writer {
            writer.await.map_err(|e| failure::unavailable("closing the Postgres log", e.to_string()))?;
        }
        self.listener.abort();
        self.reader.head.close();
        self.reader.retrying.close().await;
        Ok(())
    }
}

impl Drop for PostgresLog {
    fn drop(&mut self) {
        self.listener.abort();
    }
}
