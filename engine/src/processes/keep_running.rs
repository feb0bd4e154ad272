//! One start of the processes under supervision: the first goes on from what the engine has read, a later one, after a
//! panic, reads again what was kept. It is as after a crash of the program, without one.

use super::{Kept, runner::Runner};
use crate::shared::EngineShared;
use daybook_domain::process::Process;
use daybook_subscriptions::{Fault, TaskContext};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use tokio::sync::Mutex;

/// What one start leaves to the next.
pub(crate) struct Starts {
    first: Mutex<Option<Kept>>,
    /// The runner of the last start.
    last: Mutex<Option<Runner>>,
    count: AtomicU32,
}

impl Starts {
    /// The first start goes on from `kept`.
    pub(crate) fn new(kept: Kept) -> Arc<Self> {
        Arc::new(Self { first: Mutex::new(Some(kept)), last: Mutex::new(None), count: AtomicU32::new(0) })
    }
}

/// Runs the processes until they are told to stop.
pub(crate) async fn keep_running(
    shared: Arc<EngineShared>,
    processes: Vec<Arc<dyn Process>>,
    starts: Arc<Starts>,
    context: TaskContext,
) -> Result<(), Fault> {
    let mut last = starts.last.lock().await;
    let _open = shared.process_messages.reader();
    if let Some(mut panicked) = last.take() {
        // What it was writing must be written before the file is read.
        panicked.settle().await;
    }
    let kept = match starts.first.lock().await.take() {
        Some(kept) => kept,
        None => Kept::open(shared.options.state_dir.clone(), &shared.log)
            .await
            .map_err(|error| Fault::Passing(error.to_string()))?,
    };
    let number = starts.count.fetch_add(1, Ordering::Relaxed);
    let runner = last.insert(Runner::new(Arc::clone(&shared), processes, kept, number));
    runner.run(context.stop()).await
}
