//! Work that may read and decode much, beside the threads that serve connections: so much at a time as there are cores,
//! and only so much may wait for that.

use crate::problem::{Problem, kind};
use std::sync::Arc;
use tokio::{runtime::Handle, sync::Semaphore, task::spawn_blocking};

/// How many may wait for each that is at work.
const WAITING: usize = 128;

pub(crate) struct Readers {
    at_work: Arc<Semaphore>,
    /// Also those at work.
    asked: Semaphore,
}

impl Readers {
    /// So many at a time.
    pub(crate) fn new(at_work: usize) -> Self {
        Self { at_work: Arc::new(Semaphore::new(at_work)), asked: Semaphore::new(at_work * (WAITING + 1)) }
    }

    /// What `work` leads to. Whoever does not wait for it any more frees its place in the queue; what has begun goes on
    /// to its end and counts until then.
    pub(crate) async fn run<F>(&self, work: F) -> Result<F::Output, Problem>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let Ok(_asked) = self.asked.try_acquire() else {
            let detail = "too many long histories are being read";
            return Err(Problem::new(&kind::OVERLOADED, detail).retry_after(1));
        };
        let stopped = || Problem::new(&kind::UNAVAILABLE, "the server is shutting down").retry_after(5);
        let permit = self.at_work.clone().acquire_owned().await.map_err(|_| stopped())?;
        let runtime = Handle::current();
        let done = spawn_blocking(move || {
            let _permit = permit;
            runtime.block_on(work)
        });
        match done.await {
            Ok(done) => Ok(done),
            // Reported where the panics of handlers are.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(stopped()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn so_much_is_at_work_so_much_waits_and_the_rest_is_refused() {
        let readers = Arc::new(Readers::new(1));
        let (end, ended) = oneshot::channel::<()>();
        let run = |readers: Arc<Readers>, ended: oneshot::Receiver<()>| {
            tokio::spawn(async move { readers.run(async move { ended.await.is_ok() }).await })
        };
        let first = run(readers.clone(), ended);
        let mut waiting = Vec::new();
        for _ in 0..WAITING {
            let (end, ended) = oneshot::channel();
            drop(end);
            waiting.push(run(readers.clone(), ended));
        }
        while readers.asked.available_permits() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let refused = readers.run(async {}).await.unwrap_err();
        assert_eq!(refused.kind.name, "overloaded");
        waiting.pop().unwrap().abort();
        while readers.asked.available_permits() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        end.send(()).unwrap();
        assert!(first.await.unwrap().unwrap());
        assert!(readers.run(async { true }).await.unwrap());
    }
}
