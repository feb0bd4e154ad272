//! The contract of every log, on a real PostgreSQL: each log is a database of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by it, also in the functions its cases share")]

use async_trait::async_trait;
use daybook_event_log::{EventLog, contract::Backend};
use daybook_event_log_postgres::{PostgresLog, PostgresOptions};
use parking_lot::Mutex;
use std::sync::{Arc, Weak};

#[derive(Default)]
struct OnPostgres {
    /// Where each log is. They are not kept open for it.
    places: Mutex<Vec<(Weak<dyn EventLog>, String)>>,
}

impl OnPostgres {
    async fn open(&self, url: String) -> Arc<dyn EventLog> {
        let log: Arc<dyn EventLog> =
            Arc::new(PostgresLog::connect(PostgresOptions::new(&url)).await.unwrap());
        self.places.lock().push((Arc::downgrade(&log), url));
        log
    }
}

#[async_trait]
impl Backend for OnPostgres {
    async fn fresh(&self) -> Arc<dyn EventLog> {
        self.open(daybook_tests::servers::postgres::database().await.unwrap()).await
    }

    async fn reopen(&self, log: Arc<dyn EventLog>) -> Arc<dyn EventLog> {
        log.close().await.unwrap();
        let url = {
            let mut places = self.places.lock();
            let at = places
                .iter()
                .position(|(known, _)| std::ptr::addr_eq(known.as_ptr(), Arc::as_ptr(&log)))
                .unwrap();
            places.swap_remove(at).1
        };
        self.open(url).await
    }
}

daybook_event_log::contract_tests!(OnPostgres::default());
