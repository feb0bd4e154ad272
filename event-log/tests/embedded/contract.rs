//! The embedded log keeps the contract, with segments so small that it crosses many.

use async_trait::async_trait;
use daybook_event_log::{EmbeddedLog, EmbeddedOptions, EventLog, contract::Backend};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};
use tempfile::TempDir;

/// Remembers the directory of every log, so that it can be opened again.
struct Embedded {
    options: EmbeddedOptions,
    places: Mutex<HashMap<usize, Arc<TempDir>>>,
}

impl Embedded {
    fn with_segments_of(segment_bytes: usize) -> Self {
        // Nothing is kept in memory, so that reading goes to the files.
        let options = EmbeddedOptions { segment_bytes, recent_bytes: 0, ..EmbeddedOptions::small() };
        Self { options, places: Mutex::default() }
    }

    fn open(&self, place: Arc<TempDir>) -> Arc<dyn EventLog> {
        let log = EmbeddedLog::open(place.path(), self.options.clone()).expect("the log opens");
        let log: Arc<dyn EventLog> = Arc::new(log);
        self.places.lock().insert(Arc::as_ptr(&log).addr(), place);
        log
    }
}

#[async_trait]
impl Backend for Embedded {
    async fn fresh(&self) -> Arc<dyn EventLog> {
        self.open(Arc::new(tempfile::tempdir().expect("there is room for a directory")))
    }

    async fn reopen(&self, log: Arc<dyn EventLog>) -> Arc<dyn EventLog> {
        log.close().await.expect("the log closes");
        let place = self.places.lock().remove(&Arc::as_ptr(&log).addr()).expect("it was opened here");
        self.open(place)
    }
}

mod one_segment {
    daybook_event_log::contract_tests!(super::Embedded::with_segments_of(1 << 20));
}

mod many_segments {
    use daybook_event_log::contract::model;

    #[tokio::test]
    async fn random_histories_agree_with_the_oracle() {
        model::random_histories_agree_with_the_oracle(&super::Embedded::with_segments_of(4 << 10)).await;
    }
}
