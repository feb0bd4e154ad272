//! The life of one supervised task: start, watch, judge how it ended, pause, start again. One loop for tasks and for
//! threads, because a thread is here a task that waits for its thread.

use crate::{
    Backoff, Fault, Status,
    task::{Supervised, TaskContext, TaskSpec},
};
use futures::{FutureExt, future::BoxFuture};
use std::{
    any::Any,
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, timeout},
};

/// So many panics and unasked ends …
const MAX_CRASHES: usize = 5;
/// … within this time make a task `Failed`.
const CRASH_WINDOW: Duration = Duration::from_secs(60);

/// One task and what is remembered of its failures.
pub(crate) struct Restarts {
    spec: TaskSpec,
    task: Supervised,
    panics: Arc<AtomicU64>,
    backoff: Backoff,
    /// When it crashed within the last minute.
    crashes: VecDeque<Instant>,
    /// What was logged last: the same fault again and again is logged once.
    logged: Option<String>,
}

/// What follows from the end of one start.
enum RestartVerdict {
    /// It is started again after a pause.
    Again { why: String, pause: Duration },
    /// It is not started again.
    Never { why: String },
}

impl Restarts {
    pub(crate) fn new(spec: TaskSpec, task: Supervised, panics: Arc<AtomicU64>, seed: u64) -> Self {
        let backoff = Backoff::new(spec.backoff, seed ^ hash(&spec.name));
        // A counter that is there before the first panic can be alerted on.
        metrics::counter!("daybook_task_panics_total", "task" => spec.name.to_string()).absolute(0);
        Self { spec, task, panics, backoff, crashes: VecDeque::new(), logged: None }
    }

    /// Runs the task until it is stopped or has failed.
    pub(crate) async fn run(
        mut self,
        mut start: impl FnMut(TaskContext) -> BoxFuture<'static, Result<(), Fault>> + Send,
    ) {
        let end = End(self.task.clone());
        while !self.task.stop.is_cancelled() {
            let began = Instant::now();
            let ending = self.once(&mut start).await;
            let verdict = self.judge(ending, began.elapsed());
            if self.task.stop.is_cancelled() {
                break;
            }
            match verdict {
                RestartVerdict::Never { why } => {
                    tracing::error!(task = %self.spec.name, why, "the task has failed and is not started again");
                    return end.at(Status::Failed(why));
                }
                RestartVerdict::Again { why, pause } => {
                    self.task.status.set(Status::BackingOff(why));
                    self.task.stop.run_until_cancelled(sleep(pause)).await;
                }
            }
        }
        end.at(Status::Stopped);
    }

    /// One start to its end. The inner error is the text of a panic.
    async fn once(
        &self,
        start: &mut (impl FnMut(TaskContext) -> BoxFuture<'static, Result<(), Fault>> + Send),
    ) -> Result<Result<(), Fault>, String> {
        let status = self.task.status.clone();
        let mut backoff = self.backoff.clone();
        backoff.reset();
        let context = TaskContext { stop: self.task.stop.clone(), status: status.clone(), backoff };
        // What the task shares with others must be sound after a panic: it is restarted from its stored state.
        let work = AssertUnwindSafe(async { start(context).await }).catch_unwind();
        let mut work = pin!(work);
        // Only what was said before this start is outdated by having worked a good while.
        let mut said = status.subscribe();
        said.mark_unchanged();
        let ended = match timeout(self.spec.backoff.good_while, &mut work).await {
            Ok(ended) => ended,
            Err(_still_working) => {
                let is_old = !said.has_changed().unwrap_or(true);
                if is_old && matches!(status.get(), Status::BackingOff(_)) {
                    status.set(Status::Running);
                }
                work.await
            }
        };
        ended.map_err(|panic| panic_text(&*panic))
    }

    fn judge(&mut self, ending: Result<Result<(), Fault>, String>, worked: Duration) -> RestartVerdict {
        if worked >= self.spec.backoff.good_while {
            self.logged = None;
        }
        let fault = match ending {
            Err(panic) => {
                self.panics.fetch_add(1, Ordering::Relaxed);
                metrics::counter!("daybook_task_panics_total", "task" => self.spec.name.to_string())
                    .increment(1);
                tracing::error!(task = %self.spec.name, panic, "the task panicked");
                return self.crashed(format!("it panicked: {panic}"), worked);
            }
            Ok(Ok(())) if self.task.stop.is_cancelled() => {
                return RestartVerdict::Never { why: String::new() };
            }
            Ok(Ok(())) => {
                tracing::error!(task = %self.spec.name, "the task ended without being told to");
                return self.crashed("it ended without being told to".to_owned(), worked);
            }
            Ok(Err(fault)) => fault,
        };
        let why = fault.to_string();
        match fault {
            Fault::Fatal(_) | Fault::Event { .. } => RestartVerdict::Never { why },
            Fault::Newer { .. } => self.again(why, self.spec.backoff.longest),
            Fault::Passing(_) => {
                let pause = self.backoff.after(worked);
                self.again(why, pause)
            }
        }
    }

    fn again(&mut self, why: String, pause: Duration) -> RestartVerdict {
        if self.logged.as_ref() != Some(&why) && !self.task.stop.is_cancelled() {
            tracing::warn!(task = %self.spec.name, why, "the task was interrupted and is started again");
            self.logged = Some(why.clone());
        }
        RestartVerdict::Again { why, pause }
    }

    fn crashed(&mut self, why: String, worked: Duration) -> RestartVerdict {
        let now = Instant::now();
        self.crashes.retain(|crash| now.duration_since(*crash) < CRASH_WINDOW);
        self.crashes.push_back(now);
        if self.crashes.len() >= MAX_CRASHES && !self.spec.always_restarts {
            return RestartVerdict::Never {
                why: format!("{MAX_CRASHES} times within {CRASH_WINDOW:?}: {why}"),
            };
        }
        RestartVerdict::Again { why, pause: self.backoff.after(worked) }
    }
}

/// Says that the task has ended, also when its runtime drops it.
struct End(Supervised);

impl End {
    fn at(self, status: Status) {
        self.0.status.set(status);
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let Supervised { stop, status, ended } = &self.0;
        if !matches!(status.get(), Status::Failed(_) | Status::Stopped) {
            status.set(if stop.is_cancelled() {
                Status::Stopped
            } else {
                Status::Failed("the runtime it ran on has ended".to_owned())
            });
        }
        // A thread of this task may still be at work.
        stop.cancel();
        ended.cancel();
    }
}

/// Runs `work` on a thread of its own, and waits for its end.
pub(crate) async fn in_thread(
    name: String,
    work: impl FnOnce() -> Result<(), Fault> + Send + 'static,
) -> Result<(), Fault> {
    let (sender, end) = oneshot::channel();
    let thread = move || {
        // Nobody waits any more if the runtime is gone.
        let _ = sender.send(catch_unwind(AssertUnwindSafe(work)));
    };
    std::thread::Builder::new()
        .name(name)
        .spawn(thread)
        .map_err(|error| Fault::Passing(format!("a thread could not be started: {error}")))?;
    match end.await {
        Ok(Ok(ending)) => ending,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(_dropped) => Err(Fault::Passing("its thread ended without an answer".to_owned())),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_owned())
}

/// FNV-1a: the same on every start, so that a given seed gives the same pauses.
fn hash(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
