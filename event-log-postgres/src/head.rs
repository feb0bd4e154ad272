//! How far the log goes, and the event that it ends with: fed by our own commits, by what is read, and by asking the server,
//! which the notifications of other nodes prompt. What a notification says is not believed: any user of the database can
//! send one. Also tells the other nodes of our commits, off the path of the commits themselves.
//!
//! The head never runs backwards. A log that has not the event any more that was its last one was set back: from then on it
//! is not read and not appended to, until the event is there again.

use crate::{connection, failure::Failure, retrying_reader::RetryingReader, server::PostgresServer};
use daybook_event_log::{KnownEvent, LogError, Position};
use parking_lot::Mutex;
use sqlx::{
    PgConnection, Postgres, Row as _,
    postgres::{PgArguments, PgRow},
    query::Query,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

/// The channel named in the schema.
const CHANNEL: &str = "daybook_head";

/// How long the connection for notifications may take to open.
const CONNECT_WITHIN: Duration = Duration::from_secs(30);

/// A node that is told later than this would hardly notice; telling costs the server a little each time.
const TELL_EVERY: Duration = Duration::from_millis(2);

/// However many notifications there are, the server is not asked more often.
const ASK_EVERY: Duration = Duration::from_millis(2);

/// Asks the server how far the log goes.
pub(crate) const ASK: &str = "SELECT position FROM log_head";

/// The same, with the event there, and the one at a position that is known.
const LOOK: &str = "SELECT h.position, (SELECT e.event_id FROM events e WHERE e.position = h.position), \
                    (SELECT e.event_id FROM events e WHERE e.position = $1) FROM log_head h";

/// The last known event. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Head {
    /// Gone once the log is closed, which ends its followers.
    sender: Arc<Mutex<Option<watch::Sender<Position>>>>,
    receiver: watch::Receiver<Position>,
    last: Arc<Mutex<Last>>,
    /// Woken when there may be news on the server.
    news: Arc<Notify>,
}

struct Last {
    event: Option<KnownEvent>,
    /// Why the log on the server is not the one that is known; none: it is.
    lost: Option<LogError>,
}

impl Head {
    /// Of the log behind `connection`, which must have the event that is `known` of it.
    pub(crate) async fn look_up(
        connection: &mut PgConnection,
        known: Option<KnownEvent>,
        place: &str,
    ) -> Result<Self, Failure> {
        let rows = look(known).fetch_all(connection).await;
        let seen = HeadSeen::of(&rows.map_err(|e| Failure::of(e, "opening the Postgres log", place))?);
        seen.expect(known, place).map_err(Failure::Lasting)?;
        let (sender, receiver) = watch::channel(seen.position);
        let (sender, last) = (Mutex::new(Some(sender)), Mutex::new(Last { event: seen.last(), lost: None }));
        Ok(Self { sender: Arc::new(sender), receiver, last: Arc::new(last), news: Arc::default() })
    }

    /// Takes note of an event that is in the log.
    pub(crate) fn advance(&self, event: KnownEvent) {
        let mut last = self.last.lock();
        if last.lost.is_some() || last.event.is_some_and(|known| known.position >= event.position) {
            return;
        }
        last.event = Some(event);
        if let Some(sender) = &*self.sender.lock() {
            sender.send_replace(event.position);
        }
    }

    /// The last event that is known to be in the log.
    pub(crate) fn known(&self) -> Option<KnownEvent> {
        self.last.lock().event
    }

    /// Takes note that the log has lost what was known to be in it.
    pub(crate) fn lose(&self, error: LogError) {
        let mut last = self.last.lock();
        if last.lost.is_none() {
            tracing::error!(%error, "the event log has lost events; this node stops reading it and appending to it");
        }
        last.lost = Some(error);
    }

    /// Whether the log is the one that is known, as far as was seen.
    pub(crate) fn check(&self) -> Result<(), LogError> {
        self.last.lock().lost.clone().map_or(Ok(()), Err)
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Position> {
        self.receiver.clone()
    }

    pub(crate) fn get(&self) -> Position {
        *self.receiver.borrow()
    }

    pub(crate) fn close(&self) {
        drop(self.sender.lock().take());
    }

    /// Takes what the server was seen to have, when `known` was what was known.
    pub(crate) fn take(
        &self,
        seen: &HeadSeen,
        known: Option<KnownEvent>,
        place: &str,
    ) -> Result<(), LogError> {
        if let Err(error) = seen.expect(known, place) {
            self.lose(error.clone());
            return Err(error);
        }
        if self.last.lock().lost.take().is_some() {
            tracing::info!(place, "the event log has again what it had lost, and is used again");
        }
        if let Some(event) = seen.last() {
            self.advance(event);
        }
        Ok(())
    }
}

/// What the server answered to a look.
pub(crate) struct HeadSeen {
    position: Position,
    last: Option<Uuid>,
    at_known: Option<Uuid>,
}

impl HeadSeen {
    pub(crate) fn of(rows: &[PgRow]) -> Self {
        let row = rows.first();
        let id = |column: usize| row.and_then(|row| row.try_get::<Option<Uuid>, _>(column).ok().flatten());
        let position = row.and_then(|row| row.try_get::<i64, _>(0).ok()).unwrap_or_default();
        Self { position: Position::new(position.unsigned_abs()), last: id(1), at_known: id(2) }
    }

    fn last(&self) -> Option<KnownEvent> {
        self.last.map(|event_id| KnownEvent { position: self.position, event_id })
    }

    fn expect(&self, known: Option<KnownEvent>, place: &str) -> Result<(), LogError> {
        known.map_or(Ok(()), |known| known.expect(self.at_known, place))
    }
}

/// The statement whose answer [`HeadSeen`] reads.
pub(crate) fn look(known: Option<KnownEvent>) -> Query<'static, Postgres, PgArguments> {
    sqlx::query(LOOK).bind(parameters(known).0)
}

/// What is known, as parameters of a statement: position zero for nothing.
pub(crate) fn parameters(known: Option<KnownEvent>) -> (i64, Uuid) {
    known.map_or((0, Uuid::nil()), |known| (crate::read::number(known.position.get()), known.event_id))
}

/// Keeps `head` current and passes on what we commit, for as long as it is polled.
pub(crate) async fn keep_current(
    head: Head,
    committed: watch::Receiver<Position>,
    reader: RetryingReader,
    server: PostgresServer,
    every: Duration,
) {
    tokio::join!(listen(&head, &server, every), ask(&head, &reader, every), tell(committed, &reader));
}

/// Tells the other nodes how far we have written, the latest only, and no more often than they can use.
async fn tell(mut committed: watch::Receiver<Position>, reader: &RetryingReader) {
    while committed.changed().await.is_ok() {
        let position = committed.borrow_and_update().to_string();
        let told = reader.once(sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(position)).await;
        if let Err(failure) = told {
            tracing::debug!(
                ?failure,
                "other nodes could not be told of new events; they find them by asking"
            );
        }
        tokio::time::sleep(TELL_EVERY).await;
    }
}

async fn listen(head: &Head, server: &PostgresServer, every: Duration) {
    loop {
        // While there is no connection to listen on, asking now and then goes on by itself.
        if let Err(error) = receive(head, server).await {
            tracing::debug!(%error, "listening for new events failed and is tried again");
        }
        tokio::time::sleep(every).await;
    }
}

async fn receive(head: &Head, server: &PostgresServer) -> Result<(), sqlx::Error> {
    let mut listener = server.listen(CHANNEL, connection::SESSION, CONNECT_WITHIN).await?;
    loop {
        let Some(notification) = listener.try_recv().await? else { continue };
        // Of what we know already, our own commits above all, there is nothing to ask.
        let is_news =
            notification.payload().parse().is_ok_and(|position| Position::new(position) > head.get());
        if is_news {
            head.news.notify_one();
        }
    }
}

/// Asks the server where the log ends, whenever there may be news, and now and then.
async fn ask(head: &Head, reader: &RetryingReader, every: Duration) {
    loop {
        // Whether there was news or not, the question is the same.
        let _ = tokio::time::timeout(every, head.news.notified()).await;
        let known = head.known();
        match reader.once(look(known)).await.map(|rows| HeadSeen::of(&rows)) {
            // It is told of by whoever reads or appends, and by readiness.
            Ok(seen) => drop(head.take(&seen, known, reader.place())),
            Err(Failure::Lasting(LogError::Closed)) => return,
            Err(failure) => tracing::debug!(?failure, "asking for the head failed and is tried again"),
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// What `LogError` a reader gets that asks for events which the head says are there.
pub(crate) fn gap(place: &str, wanted: Position, found: Option<Position>) -> LogError {
    let detail = match found {
        Some(found) => format!("position {wanted} is missing, {found} follows"),
        None => format!("position {wanted} is missing"),
    };
    LogError::Damaged { place: format!("{place}, table events"), detail }
}
