//! Keeps a node that shares a read store informed: which generations answer, and up to where they show everything.
//! While this node is the projector itself, it knows that first hand, and what is heard here is left aside.

use crate::seat::Seat;
use ahash::AHashMap;
use daybook_event_log::{EventLog, first_event_id};
use daybook_read_store::{GenerationId, News, PostgresStore, StoreError};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;
use uuid::Uuid;

/// How long a lost notification may go unnoticed.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Whether this node is the projector; held while watermarks are told, so that there is one who tells.
pub(crate) type Leads = Arc<Mutex<bool>>;

pub(crate) struct Follower {
    store: Arc<PostgresStore>,
    seats: Vec<Arc<Seat>>,
    leads: Leads,
    trouble: Arc<Mutex<Option<StoreError>>>,
    /// Whose read models it is to follow; None: whosever they are.
    log: Option<Arc<dyn EventLog>>,
    /// The log's first event, once there is one.
    first: Option<Uuid>,
    /// What is reflected in what this process keeps in memory.
    seen: AHashMap<&'static str, (GenerationId, i64)>,
}

impl Follower {
    pub(crate) fn new(
        store: Arc<PostgresStore>,
        seats: Vec<Arc<Seat>>,
        leads: Leads,
        trouble: Arc<Mutex<Option<StoreError>>>,
        log: Option<Arc<dyn EventLog>>,
    ) -> Self {
        Self { store, seats, leads, trouble, log, first: None, seen: AHashMap::new() }
    }

    /// Follows until told to stop, or until nobody is left who could tell.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut ear = self.store.ear();
        loop {
            self.refresh().await;
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                () = ear.hear(LOOK_EVERY) => {}
            }
        }
    }

    /// Asks once.
    pub(crate) async fn refresh(&mut self) {
        let news = self.news().await;
        let leads = self.leads.clone();
        let leads = leads.lock();
        match &news {
            Ok(news) if !*leads => {
                for seat in self.seats.clone() {
                    if let Some(news) = news.iter().find(|news| news.model == seat.definition.name) {
                        self.take(&seat, news);
                    }
                }
            }
            Err(error @ (StoreError::Newer { .. } | StoreError::OtherLog { .. })) => {
                self.seats.iter().for_each(|seat| seat.live.switch_off(Some(error.clone())));
            }
            _ => {}
        }
        self.tell(news.err());
    }

    async fn news(&mut self) -> Result<Vec<News>, StoreError> {
        let (news, owner) = self.store.news().await?;
        if let (None, Some(log)) = (self.first, &self.log) {
            // A log that cannot be asked, or has nothing yet, is asked again.
            self.first = first_event_id(&**log).await.unwrap_or_default();
        }
        if let Some(ours) = self.first {
            self.store.refuse_other(ours, owner)?;
        }
        Ok(news)
    }

    fn take(&mut self, seat: &Seat, news: &News) {
        let definition = &seat.definition;
        if news.id.version > definition.version {
            let (what, place) =
                (format!("the read model {}", definition.name), self.store.place().to_owned());
            let (found, known) = (news.id.version, definition.version);
            seat.live.switch_off(Some(StoreError::Newer { what, place, found, known }));
            return;
        }
        if seat.live.current().is_none_or(|live| live.id() != news.id) {
            let generation = self.store.shown(definition.name, news.id, definition.kinds, 0);
            seat.live.switch_to(Arc::new(generation));
        }
        let now = (news.id, news.changed_at);
        if self.seen.insert(definition.name, now) != Some(now)
            && let Some(forget) = &definition.changed_elsewhere
        {
            forget();
        }
        seat.publish(news.position);
    }

    fn tell(&self, trouble: Option<StoreError>) {
        let mut known = self.trouble.lock();
        match (&*known, &trouble) {
            (None, Some(error)) => tracing::error!(%error, "the read store is missing"),
            (Some(_), None) => tracing::info!("the read store is back"),
            _ => {}
        }
        *known = trouble;
    }
}
