//! Lets the threads that apply events wait for the server. Theirs is no async code; the waiting is done on a runtime
//! of its own, so that a thread may wait wherever it is, and never for work that only it could do.

use crate::StoreError;
use std::sync::mpsc;
use tokio::runtime::{Builder, Handle, Runtime};

pub(crate) struct Bridge {
    handle: Handle,
    /// Taken only when dropped.
    runtime: Option<Runtime>,
}

impl Bridge {
    pub(super) fn new() -> Result<Self, StoreError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("read-store")
            .enable_all()
            .build()
            .map_err(|error| StoreError::Unavailable {
                operation: "starting a thread",
                detail: error.to_string(),
            })?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    pub(super) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Blocks until `work` is done.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (done, answer) = mpsc::sync_channel(1);
        self.handle.spawn(async move {
            // Whoever waits does so until there is an answer.
            let _ = done.send(work.await);
        });
        answer.recv().unwrap_or_else(|_| {
            let detail = "the work broke off; the server's log may say why".to_owned();
            Err(StoreError::Unavailable { operation: "waiting for the read store", detail })
        })
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Dropping it in the ordinary way would block, which async code must not.
            runtime.shutdown_background();
        }
    }
}
