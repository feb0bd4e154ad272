//! Follows a shared read store: which generations answer queries, and up to where they show everything. While this node is
//! the projector, its worker publishes both, and what is read here is ignored.

use crate::status::ProjectionStatus;
use ahash::AHashMap;
use daybook_event_log::{EventLog, first_event_id};
use daybook_read_store::{GenerationId, GenerationState, PostgresStore, StoreError};
use daybook_subscriptions::{Fault, TaskContext};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// How long a lost notification may go unnoticed.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Whether this node is the projector. Locked while watermarks are published, so that only one task publishes them.
pub(crate) type LeaseHeld = Arc<Mutex<bool>>;

#[derive(Clone)]
pub(crate) struct GenerationWatcher {
    store: Arc<PostgresStore>,
    statuses: Vec<Arc<ProjectionStatus>>,
    holds_lease: LeaseHeld,
    last_error: Arc<Mutex<Option<StoreError>>>,
    /// Whose read models it is to follow; None: whosever they are.
    log: Option<Arc<dyn EventLog>>,
    /// The log's first event, once there is one.
    first: Option<Uuid>,
    /// What is reflected in what this process keeps in memory.
    seen: AHashMap<&'static str, (GenerationId, i64)>,
}

impl GenerationWatcher {
    pub(crate) fn new(
        store: Arc<PostgresStore>,
        statuses: Vec<Arc<ProjectionStatus>>,
        holds_lease: LeaseHeld,
        last_error: Arc<Mutex<Option<StoreError>>>,
        log: Option<Arc<dyn EventLog>>,
    ) -> Self {
        Self { store, statuses, holds_lease, last_error, log, first: None, seen: AHashMap::new() }
    }

    /// Follows until told to stop.
    pub(crate) async fn run(mut self, context: TaskContext) -> Result<(), Fault> {
        let mut listener = self.store.listener();
        loop {
            self.refresh().await;
            tokio::select! {
                biased;
                () = context.stopped() => return Ok(()),
                () = listener.recv(LOOK_EVERY) => {}
            }
        }
    }

    /// Asks once.
    pub(crate) async fn refresh(&mut self) {
        let states = self.states().await;
        let holds_lease = self.holds_lease.clone();
        let holds_lease = holds_lease.lock();
        match &states {
            Ok(states) if !*holds_lease => {
                for status in self.statuses.clone() {
                    if let Some(states) = states.iter().find(|states| states.model == status.definition.name)
                    {
                        self.take(&status, states);
                    }
                }
            }
            Err(error @ (StoreError::Newer { .. } | StoreError::OtherLog { .. })) => {
                self.statuses.iter().for_each(|status| status.live.switch_off(Some(error.clone())));
            }
            _ => {}
        }
        self.report(states.err());
    }

    async fn states(&mut self) -> Result<Vec<GenerationState>, StoreError> {
        let (states, owner) = self.store.states().await?;
        if let (None, Some(log)) = (self.first, &self.log) {
            // A log that cannot be asked, or has nothing yet, is asked again.
            self.first = first_event_id(&**log).await.unwrap_or_default();
        }
        if let Some(ours) = self.first {
            self.store.refuse_other(ours, owner)?;
        }
        Ok(states)
    }

    fn take(&mut self, status: &ProjectionStatus, states: &GenerationState) {
        let definition = &status.definition;
        if states.id.version > definition.version {
            let (what, place) =
                (format!("the read model {}", definition.name), self.store.place().to_owned());
            let (found, known) = (states.id.version, definition.version);
            status.live.switch_off(Some(StoreError::Newer { what, place, found, known }));
            return;
        }
        if status.live.current().is_none_or(|live| live.id() != states.id) {
            let generation = self.store.shown(definition.name, states.id, definition.kinds, 0);
            status.live.switch_to(Arc::new(generation));
        }
        let now = (states.id, states.changed_at);
        if self.seen.insert(definition.name, now) != Some(now)
            && let Some(forget) = &definition.changed_elsewhere
        {
            forget();
        }
        status.publish(states.position);
    }

    fn report(&self, last_error: Option<StoreError>) {
        let mut known = self.last_error.lock();
        match (&*known, &last_error) {
            (None, Some(error)) => tracing::error!(%error, "the read store is missing"),
            (Some(_), None) => tracing::info!("the read store is back"),
            _ => {}
        }
        *known = last_error;
    }
}
