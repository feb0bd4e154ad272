//! The threads of the write path, apart from those that talk to clients.
//!
//! On the same ones, three tasks that decide and append would take turns with thousands of connections, and the
//! more there is to decide, the less often it would be their turn. The system's scheduler shares by thread.

use std::io;
use tokio::runtime::{Builder, Handle, Runtime};

pub(crate) struct WritePath(Option<Runtime>);

impl WritePath {
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().enable_all().thread_name("write-path").build()?;
        Ok(Self(Some(runtime)))
    }

    pub(crate) fn handle(&self) -> Option<Handle> {
        self.0.as_ref().map(|runtime| runtime.handle().clone())
    }
}

impl Drop for WritePath {
    fn drop(&mut self) {
        // Not waited for: whoever drops it may itself run on a runtime.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
