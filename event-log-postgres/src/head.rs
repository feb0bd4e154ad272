//! How far the log goes: fed by our own commits, by the server's notifications of everyone's, and by asking now and
//! then in case a notification is lost. Never runs backwards. Also tells the other nodes of our commits, off the
//! path of the commits themselves.

use crate::{connection, failure::Failure, retrying_reader::RetryingReader, row, server::PostgresServer};
use daybook_event_log::{LogError, Position};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// The channel named in the schema.
const CHANNEL: &str = "daybook_head";

/// How long the connection for notifications may take to open.
const CONNECT_WITHIN: Duration = Duration::from_secs(30);

/// A node that is told later than this would hardly notice; telling costs the server a little each time.
const TELL_EVERY: Duration = Duration::from_millis(2);

/// The last known position. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Head {
    /// Gone once the log is closed, which ends its followers.
    sender: Arc<Mutex<Option<watch::Sender<Position>>>>,
    receiver: watch::Receiver<Position>,
}

impl Head {
    pub(crate) fn new(position: Position) -> Self {
        let (sender, receiver) = watch::channel(position);
        Self { sender: Arc::new(Mutex::new(Some(sender))), receiver }
    }

    pub(crate) fn advance(&self, position: Position) {
        if let Some(sender) = &*self.sender.lock() {
            sender.send_if_modified(|known| {
                let further = position > *known;
                if further {
                    *known = position;
                }
                further
            });
        }
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
}

/// Asks the server how far the log goes.
pub(crate) const ASK: &str = "SELECT position FROM log_head";

/// Keeps `head` current and passes on what we commit, for as long as it is polled.
pub(crate) async fn keep_current(
    head: Head,
    committed: watch::Receiver<Position>,
    reader: RetryingReader,
    server: PostgresServer,
    every: Duration,
) {
    tokio::join!(listen(&head, &server, every), poll(&head, &reader, every), tell(committed, &reader));
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
        // While there is no connection to listen on, polling goes on by itself.
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
        match notification.payload().parse() {
            Ok(position) => head.advance(Position::new(position)),
            Err(_) => tracing::debug!(payload = notification.payload(), "a notification that is no position"),
        }
    }
}

async fn poll(head: &Head, reader: &RetryingReader, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        let before = head.get();
        match reader.once(sqlx::query(ASK)).await.map(|rows| Position::new(row::only_number(&rows))) {
            Ok(position) if position < before => tracing::error!(
                known = before.get(),
                found = position.get(),
                "the log on the server ends before events that were seen in it: was it restored from a backup? Stop all nodes and rebuild the read models"
            ),
            Ok(position) => head.advance(position),
            Err(Failure::Lasting(LogError::Closed)) => return,
            Err(failure) => tracing::debug!(?failure, "asking for the head failed and is tried again"),
        }
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
