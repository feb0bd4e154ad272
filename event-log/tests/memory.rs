//! The oracle keeps the contract it is the measure of.

use async_trait::async_trait;
use daybook_event_log::{EventLog, MemoryLog, contract::Backend};
use std::sync::Arc;

struct Memory;

#[async_trait]
impl Backend for Memory {
    async fn fresh(&self) -> Arc<dyn EventLog> {
        Arc::new(MemoryLog::new())
    }

    async fn reopen(&self, log: Arc<dyn EventLog>) -> Arc<dyn EventLog> {
        log
    }
}

daybook_event_log::contract_tests!(Memory);
