//! Where the events are, and where the read models: in the data directory, or on a Postgres server. The event store is
//! opened here, and asked now and then whether it is still there.

use super::{NodeHealth, keep_end};
use crate::data_dir::DataDir;
use daybook_event_log::{
    EmbeddedLog, EmbeddedOptions, EventLog, KnownEvent, Leases, LocalLeases, LogError, Position,
};
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
    /// Opens it, where it has what is `known` of it; `tell` is called with what is waited for while a server is not there.
    pub(crate) async fn open(
        &self,
        folder: PathBuf,
        known: Option<KnownEvent>,
        embedded: EmbeddedOptions,
        tell: &(dyn Fn(String) + Send + Sync),
    ) -> Result<Arc<dyn EventLog>, LogError> {
        Ok(match self {
            Self::Embedded => {
                let place = folder.display().to_string();
                let log = EmbeddedLog::open(folder, embedded)?;
                if let Some(known) = known {
                    known.expect_in(&log, &place).await?;
                }
                Arc::new(log)
            }
            Self::Postgres(options) => {
                let options = PostgresOptions { known, ..options.clone() };
                Arc::new(PostgresLog::connect_telling(options, tell).await?)
            }
        })
    }

    /// Opens it to be looked at only, whatever is known of it.
    pub(crate) async fn open_read_only(&self, folder: PathBuf) -> Result<Arc<dyn EventLog>, LogError> {
        Ok(match self {
            Self::Embedded => Arc::new(EmbeddedLog::open_read_only(folder)?),
            Self::Postgres(options) => Arc::new(PostgresLog::open_read_only(options.clone()).await?),
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

    /// The same with at most so many connections that read.
    pub(crate) fn reading_over(self, read_connections: u32) -> Self {
        match self {
            Self::Embedded => Self::Embedded,
            Self::Postgres(options) => Self::Postgres(PostgresOptions { read_connections, ..options }),
        }
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

/// Asks the log every second whether it is there and takes events, and reports to `health`. What is there then, the log must
/// have for ever: it is kept in `dir`.
pub(crate) async fn look_after(
    log: Arc<dyn EventLog>,
    dir: DataDir,
    health: Arc<NodeHealth>,
    stop: CancellationToken,
) {
    let mut kept = Position::ZERO;
    while stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
        let looking = async {
            log.check().await.map_err(|error| error.to_string())?;
            keep_end(&*log, &dir, &mut kept).await
        };
        let error = match tokio::time::timeout(ANSWER_WITHIN, looking).await {
            Ok(looked) => looked.err(),
            Err(_) => Some(format!(
                "no answer within {ANSWER_WITHIN:?}; is its server overloaded, or the way to it cut?"
            )),
        };
        health.set_store_error(error);
    }
}
