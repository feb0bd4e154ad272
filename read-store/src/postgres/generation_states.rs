//! State of the live generations, for a node that only asks: which they are, and how far they are; and a listener for
//! changes of it.

use super::{
    PostgresStore, Shared,
    generations::{column, id, position},
    schema,
};
use crate::{GenerationId, StoreError};
use daybook_event_log::Position;
use daybook_subscriptions::{Backoff, BackoffLimits, random_seed};
use sqlx::postgres::PgListener;
use std::{sync::Arc, time::Duration};
use tokio::{runtime::Handle, time::Instant};
use uuid::Uuid;

/// Between two tries to listen.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const DOING: &str = "asking how far the read models are";

/// A read model's live generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerationState {
    pub model: String,
    pub id: GenerationId,
    pub position: Position,
    /// Grows when rows change.
    pub changed_at: i64,
}

impl PostgresStore {
    /// The latest, and the first event of the log whose read models these are; in async code.
    pub async fn states(&self) -> Result<(Vec<GenerationState>, Option<Uuid>), StoreError> {
        self.shared.states().await
    }

    /// Hears when there may be something new. Runs on the store's own runtime.
    pub fn listener(&self) -> Listener {
        let backoff = Backoff::new(BackoffLimits::DEFAULT.up_to(LONGEST_PAUSE), random_seed());
        Listener { shared: self.shared.clone(), listener: None, backoff, try_at: Instant::now() }
    }

    /// The store's own runtime, on which its connections live. It ends with the store.
    #[must_use]
    pub fn runtime(&self) -> Handle {
        self.shared.bridge.handle()
    }

    /// Blocks until `work` is done, which is done elsewhere.
    pub fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.shared.bridge.wait(work)
    }
}

impl Shared {
    async fn states(&self) -> Result<(Vec<GenerationState>, Option<Uuid>), StoreError> {
        let asked = "SELECT version, number, model, position, changed_at, \
                     (SELECT max(version) FROM daybook_read.schema_version), \
                     (SELECT first_event FROM daybook_read.log) \
                     FROM daybook_read.generation WHERE role = 'live'";
        let rows = self.following.ask(DOING, || sqlx::query(asked)).await?;
        let read = |row| {
            let schema: Option<i32> = column(row, 5)?;
            schema::refuse_newer(schema.unwrap_or_default().unsigned_abs(), &self.asking.place)?;
            Ok(GenerationState {
                model: column(row, 2)?,
                id: id(row)?,
                position: position(row, 3)?,
                changed_at: column(row, 4)?,
            })
        };
        let owner = rows.first().map_or(Ok(None), |row| column(row, 6))?;
        let states: Result<_, StoreError> = rows.iter().map(read).collect();
        Ok((states?, owner))
    }
}

/// Listens for the notification that ends every commit.
pub struct Listener {
    shared: Arc<Shared>,
    listener: Option<PgListener>,
    /// Of connecting.
    backoff: Backoff,
    try_at: Instant,
}

impl Listener {
    /// Resolves when there may be something new, after `at_most` in any case: a notification may be lost, and while
    /// there is no connection there are none.
    pub async fn recv(&mut self, at_most: Duration) {
        // The caller asks in any case.
        let _ = tokio::time::timeout(at_most, self.listen()).await;
    }

    async fn listen(&mut self) {
        let listener = match &mut self.listener {
            Some(listener) => listener,
            None => {
                // Waiting and connecting may be cut short; the next call goes on with it.
                tokio::time::sleep_until(self.try_at).await;
                self.try_at = Instant::now() + self.backoff.pause();
                match connect(&self.shared).await {
                    Ok(listener) => {
                        self.backoff.reset();
                        self.listener.insert(listener)
                    }
                    Err(error) => {
                        tracing::debug!(%error, "listening for commits failed and is tried again");
                        return tokio::time::sleep_until(self.try_at).await;
                    }
                }
            }
        };
        match listener.try_recv().await {
            // What came meanwhile is answered by the same question.
            Ok(Some(_)) => while listener.next_buffered().is_some() {},
            Ok(None) => {}
            Err(error) => {
                tracing::debug!(%error, "listening for commits broke off and is begun again");
                self.listener = None;
            }
        }
    }
}

async fn connect(shared: &Shared) -> Result<PgListener, sqlx::Error> {
    shared.asking.server.listen("daybook_read", "", Duration::from_secs(5)).await
}
