//! The keys as this node knows them: the fold of their one stream, looked up again when it is older than a moment. A key
//! that another node revoked is so of no use here within that moment; whoever writes at this node looks at once.

use crate::problem::{Problem, kind};
use daybook_domain::{Decider as _, Event, KeyId, KeyListId, access::AccessKeys};
use daybook_event_log::{EventLog, StreamId, Version};
use parking_lot::RwLock;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// What is known is not looked up again for so long, …
const FRESH: Duration = Duration::from_millis(250);
/// … and not for so long where a key is asked for that is not known: it may have been made elsewhere a moment ago, and who
/// tries keys must not have the log read for each.
const FRESH_FOR_UNKNOWN: Duration = Duration::from_millis(20);
/// While the log cannot be read, what was known so long ago is still believed.
const BELIEVED: Duration = Duration::from_secs(30);
const PAGE: usize = 500;

/// The keys at one moment.
#[derive(Debug, Default)]
pub(super) struct KeysAtMoment {
    pub(super) keys: Arc<AccessKeys>,
    /// Of their stream.
    version: u64,
    looked_up: Option<Instant>,
}

pub(super) struct KnownKeys {
    log: Arc<dyn EventLog>,
    snapshot: RwLock<Arc<KeysAtMoment>>,
    /// One looks at a time; the others go on with what is known.
    turn: Mutex<()>,
}

impl KnownKeys {
    pub(super) fn new(log: Arc<dyn EventLog>) -> Self {
        Self { log, snapshot: RwLock::default(), turn: Mutex::new(()) }
    }

    /// The keys as they were at most a moment ago.
    pub(super) async fn current(&self) -> Result<Arc<KeysAtMoment>, Problem> {
        self.as_of_last(FRESH).await
    }

    /// The same with this one among them, if it was made before.
    pub(super) async fn current_with(&self, key_id: &KeyId) -> Result<Arc<KeysAtMoment>, Problem> {
        let known = self.current().await?;
        if known.keys.key(key_id).is_some() {
            return Ok(known);
        }
        self.as_of_last(FRESH_FOR_UNKNOWN).await
    }

    async fn as_of_last(&self, fresh: Duration) -> Result<Arc<KeysAtMoment>, Problem> {
        let known = self.snapshot.read().clone();
        let Some(looked_up) = known.looked_up else { return self.look().await };
        if looked_up.elapsed() < fresh {
            return Ok(known);
        }
        match self.turn.try_lock() {
            Ok(_turn) => match self.read_on(&known).await {
                Err(_) if looked_up.elapsed() < BELIEVED => Ok(known),
                read => read,
            },
            Err(_) if looked_up.elapsed() < BELIEVED => Ok(known),
            Err(_) => self.look().await,
        }
    }

    /// The keys as they are now.
    pub(super) async fn look(&self) -> Result<Arc<KeysAtMoment>, Problem> {
        let _turn = self.turn.lock().await;
        let known = self.snapshot.read().clone();
        self.read_on(&known).await
    }

    /// Folds what was written since. Whoever calls it has the turn.
    async fn read_on(&self, known: &KeysAtMoment) -> Result<Arc<KeysAtMoment>, Problem> {
        let stream = StreamId::new(AccessKeys::NAME, KeyListId)
            .map_err(|error| Problem::new(&kind::INTERNAL, error.to_string()))?;
        let (mut keys, mut version, began) = (known.keys.clone(), known.version, Instant::now());
        loop {
            let page = self.log.read_stream(&stream, Version::new(version + 1), PAGE).await?;
            for record in &page {
                let event = Event::decode(
                    record.aggregate(),
                    record.event_type(),
                    record.schema_version(),
                    record.payload(),
                );
                let event = event.map_err(|error| Problem::new(&kind::NEWER_PROGRAM, error.to_string()))?;
                if let Event::Access(event) = &event {
                    // Copied only where something was written since.
                    Arc::make_mut(&mut keys).evolve(event);
                }
                version = record.version().get();
            }
            if page.len() < PAGE {
                break;
            }
        }
        let snapshot = Arc::new(KeysAtMoment { keys, version, looked_up: Some(began) });
        *self.snapshot.write() = snapshot.clone();
        Ok(snapshot)
    }
}
