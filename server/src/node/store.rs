//! Where the events are, and where the read models: in the data directory, or on a Postgres server. The event store is
//! opened here, and asked now and then whether it is still there.

use super::NodeHealth;
use daybook_event_log::{EmbeddedLog, EmbeddedOptions, EventLog, Leases, LocalLeases, LogError};
use daybook_event_log_postgres::{PostgresLeases, PostgresLog, PostgresOptions};
use daybook_messaging::MessageKey;
use daybook_projections::ReadServer;
use std::{path::PathBuf, str::FromStr, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How long a server is waited for when the shop opens.
const WAIT_FOR_SERVER: Duration = Duration::from_secs(300);
/// Under which name the key of the messages is kept. Persisted.
const MESSAGE_KEY: &str = "daybook message key";
const LOOK_EVERY: Duration = Duration::from_secs(1);
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// The event store.
#[derive(Debug, Clone, Default)]
pub enum Store {
    /// Files in the data directory.
    #[default]
    Embedded,
    /// A PostgreSQL server, which several nodes may share.
    Postgres(PostgresOptions),
}

/// A text that names no event store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an event store; expected embedded, or postgres://user:password@host:port/database")]
pub struct UnknownStore;

impl Store {
    /// Opens it; `tell` is called with what is waited for while a server is not there.
    pub(crate) async fn open(
        &self,
        folder: PathBuf,
        embedded: EmbeddedOptions,
        tell: &(dyn Fn(String) + Send + Sync),
    ) -> Result<Arc<dyn EventLog>, LogError> {
        Ok(match self {
            Self::Embedded => Arc::new(EmbeddedLog::open(folder, embedded)?),
            Self::Postgres(options) => Arc::new(PostgresLog::connect_telling(options.clone(), tell).await?),
        })
    }

    /// The leases for what one of the nodes that share this store does at a time.
    pub(crate) fn leases(&self) -> Result<Arc<dyn Leases>, LogError> {
        Ok(match self {
            Self::Embedded => Arc::new(LocalLeases::default()),
            Self::Postgres(options) => Arc::new(PostgresLeases::new(options)?),
        })
    }

    /// The key that messages to the other nodes are signed with. The only node of a shop needs none that lasts.
    pub(crate) async fn message_key(&self) -> Result<MessageKey, LogError> {
        Ok(match self {
            Self::Embedded => MessageKey::by_chance(),
            Self::Postgres(options) => {
                MessageKey::new(PostgresLeases::new(options)?.secret(MESSAGE_KEY).await?)
            }
        })
    }

    pub(crate) const fn is_embedded(&self) -> bool {
        matches!(self, Self::Embedded)
    }
}

/// Whether this names a PostgreSQL server.
fn is_postgres(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

impl FromStr for Store {
    type Err = UnknownStore;

    fn from_str(text: &str) -> Result<Self, UnknownStore> {
        match text {
            "embedded" => Ok(Self::Embedded),
            url if is_postgres(url) => {
                let options = PostgresOptions::new(url);
                Ok(Self::Postgres(PostgresOptions { connect_for: WAIT_FOR_SERVER, ..options }))
            }
            _ => Err(UnknownStore),
        }
    }
}

/// The read store: where the rows of the read models are, but for search, which is always in the data directory.
#[derive(Debug, Clone, Default)]
pub enum ReadStore {
    /// Files in the data directory.
    #[default]
    Embedded,
    /// A PostgreSQL server, which several nodes may share.
    Postgres(ReadServer),
}

/// A text that names no read store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a read store; expected embedded, or postgres://user:password@host:port/database")]
pub struct UnknownReadStore;

impl ReadStore {
    pub(crate) fn server(&self) -> Option<&ReadServer> {
        match self {
            Self::Embedded => None,
            Self::Postgres(server) => Some(server),
        }
    }
}

impl FromStr for ReadStore {
    type Err = UnknownReadStore;

    fn from_str(text: &str) -> Result<Self, UnknownReadStore> {
        match text {
            "embedded" => Ok(Self::Embedded),
            url if is_postgres(url) => {
                Ok(Self::Postgres(ReadServer { url: url.to_owned(), patience: WAIT_FOR_SERVER }))
            }
            _ => Err(UnknownReadStore),
        }
    }
}

/// Asks the log every second whether it is there and takes events, and reports to `health`.
pub(crate) async fn look_after(log: Arc<dyn EventLog>, health: Arc<NodeHealth>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
        let error = match tokio::time::timeout(ANSWER_WITHIN, log.check()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!(
                "no answer within {ANSWER_WITHIN:?}; is its server overloaded, or the way to it cut?"
            )),
        };
        health.set_store_error(error);
    }
}
