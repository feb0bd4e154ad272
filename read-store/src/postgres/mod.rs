//! The read store on a PostgreSQL server: one projector fills it, any number of nodes ask it.
//!
//! Every generation of a read model has tables of its own: one per kind of view in the layout of postgres-es
//! (`view_id`, `version`, `payload`), and one per kind of entry, keyed so that they are walked in the same order, with
//! the same cursors, as on the embedded store. What is known of the generations stands beside them, in the schema
//! `daybook_read` like everything else; there the views that are live also have a name without numbers.
//!
//! ```text
//! projector ─> batch ─> one statement: fence, rows, checkpoint, dead letters, notification
//! query     ─> rows, query ─> query_pool (a few connections) ─> one statement
//! follower  ─> news: which generations are live, and how far
//! ```

mod batch;
mod bridge;
mod connection;
mod dead_letters;
mod failure;
mod generation_states;
mod generations;
mod key;
mod owner;
mod query;
mod query_pool;
mod rows;
mod schema;
mod statement;
mod switch;
mod tidy;

pub(crate) use batch::PostgresBatch;
pub use generation_states::{GenerationState, Listener};
pub(crate) use rows::PostgresRows;

use crate::StoreError;
use bridge::Bridge;
use connection::Purpose;
use daybook_event_log::Leases;
use daybook_event_log_postgres::{ConnectError, PostgresLeases};
use daybook_subscriptions::{Backoff, BackoffLimits, random_seed};
use query_pool::QueryPool;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Connections for queries of one node.
const ASKING: usize = 16;
/// Connections for the projector and its rebuilds.
const WRITING: usize = 4;
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const FOLLOW_WITHIN: Duration = Duration::from_secs(3);
const COMMIT_WITHIN: Duration = Duration::from_secs(60);
/// Between two tries to connect at the start.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub struct PostgresStore {
    shared: Arc<Shared>,
}

/// What rows and batches have of the store.
pub(crate) struct Shared {
    bridge: Bridge,
    writing: QueryPool,
    asking: QueryPool,
    /// For asking how far the read models are, which must not wait behind queries; on the store's own runtime.
    following: QueryPool,
}

impl PostgresStore {
    /// Connects, checks the server and brings the tables to this program's version; waits `patience` for a server
    /// that is away. Blocks.
    pub fn open(url: &str, patience: Duration) -> Result<Self, StoreError> {
        let server = connection::parse(url)?;
        let query_pool =
            |purpose, connections, within| QueryPool::new(server.clone(), purpose, connections, within);
        let shared = Arc::new(Shared {
            bridge: Bridge::new()?,
            writing: query_pool(Purpose::Writing, WRITING, COMMIT_WITHIN),
            asking: query_pool(Purpose::Asking, ASKING, ANSWER_WITHIN),
            following: query_pool(Purpose::Asking, 1, FOLLOW_WITHIN),
        });
        let store = Self { shared };
        let shared = store.shared.clone();
        store.shared.bridge.wait(async move { shared.reach(patience).await })?;
        Ok(store)
    }

    /// Makes the tables of the store itself, where somebody removed them.
    pub fn migrate(&self) -> Result<(), StoreError> {
        let shared = self.shared.clone();
        self.shared.bridge.wait(async move {
            let mut pooled = shared.writing.connection("preparing the tables").await?;
            schema::migrate(&mut pooled.connection, &shared.writing.place).await?;
            pooled.give_back();
            Ok(())
        })
    }

    /// Leases on this server.
    pub fn leases(&self) -> impl Leases + use<> {
        PostgresLeases::on(self.shared.asking.server.clone(), ANSWER_WITHIN)
    }

    /// The server as people may see it.
    pub fn place(&self) -> &str {
        &self.shared.asking.place
    }

    /// An empty batch.
    pub(crate) fn batch(&self) -> PostgresBatch {
        PostgresBatch::new(self.shared.clone())
    }
}

impl Shared {
    async fn reach(&self, patience: Duration) -> Result<(), StoreError> {
        let began = Instant::now();
        let mut backoff = Backoff::new(BackoffLimits::DEFAULT.up_to(LONGEST_PAUSE), random_seed());
        loop {
            let (server, place) = (&self.writing.server, &self.writing.place);
            match connection::try_open(server, Purpose::Writing, ANSWER_WITHIN).await {
                Ok(mut connection) => {
                    connection::check_server(&mut connection, place).await?;
                    return schema::migrate(&mut connection, place).await;
                }
                Err(ConnectError::Refused(error))
                    if !failure::is_passing(&error) || began.elapsed() >= patience =>
                {
                    return Err(failure::failed("connecting", place, error));
                }
                Err(ConnectError::Silent) if began.elapsed() >= patience => {
                    return Err(failure::silent("connecting", place, ANSWER_WITHIN));
                }
                Err(ConnectError::Refused(error)) => {
                    tracing::warn!(%error, place, "the read store's server is not there yet; trying again");
                }
                Err(ConnectError::Silent) => {
                    tracing::warn!(place, "the read store's server does not answer; trying again");
                }
            }
            tokio::time::sleep(backoff.pause()).await;
        }
    }
}
