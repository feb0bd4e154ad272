//! Tasks and threads that panic, end early, fail and stop, on a paused clock.

use super::*;
use crate::{BackoffLimits, Status};
use std::time::Duration;

struct Watched {
    supervisor: Supervisor,
    stop: CancellationToken,
    starts: Arc<AtomicU64>,
}

impl Watched {
    fn new() -> Self {
        let stop = CancellationToken::new();
        let supervisor = Supervisor::new(stop.clone()).with_seed(1);
        Self { supervisor, stop, starts: Arc::default() }
    }

    /// A task that does at its n-th start, from 1, what `work` says and then waits to be stopped.
    fn task(&self, work: impl Fn(u64) -> Result<(), Fault> + Send + Clone + 'static) -> Supervised {
        let starts = self.starts.clone();
        self.supervisor.task(TaskSpec::new("sample"), move |context| {
            let (work, start) = (work.clone(), starts.fetch_add(1, Ordering::Relaxed) + 1);
            async move {
                work(start)?;
                context.running();
                context.stopped().await;
                Ok(())
            }
        })
    }

    fn starts(&self) -> u64 {
        self.starts.load(Ordering::Relaxed)
    }

    fn shown(&self) -> TaskStatus {
        self.supervisor.statuses().remove(0)
    }
}

async fn until(task: &Supervised, wanted: impl FnMut(&Status) -> bool) -> Status {
    task.status().wait_for(wanted).await.unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_twice_is_started_again_and_works() {
    let watched = Watched::new();
    let task = watched.task(|start| if start <= 2 { panic!("start {start}") } else { Ok(()) });
    let shown = until(&task, |status| matches!(status, Status::BackingOff(_))).await;
    assert_eq!(shown, Status::BackingOff("it panicked: start 1".to_owned()));
    until(&task, |status| *status == Status::Running).await;
    assert_eq!((watched.starts(), watched.shown().panics), (3, 2));
    watched.stop.cancel();
    watched.supervisor.ended().await;
    assert_eq!(watched.shown().status, Status::Stopped);
}

#[tokio::test(start_paused = true)]
async fn five_panics_within_a_minute_are_a_failure() {
    let watched = Watched::new();
    let task = watched.task(|_| panic!("poison"));
    task.ended().await;
    let shown = watched.shown();
    assert_eq!((watched.starts(), shown.panics), (5, 5));
    assert!(shown.status.is_failed(), "{shown:?}");
    assert!(shown.status.why().unwrap().ends_with("poison"), "{shown:?}");
    watched.supervisor.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_that_always_restarts_works_after_however_many_panics() {
    let watched = Watched::new();
    let starts = watched.starts.clone();
    let task = watched.supervisor.task(TaskSpec::new("sample").always_restarts(), move |context| {
        let start = starts.fetch_add(1, Ordering::Relaxed) + 1;
        async move {
            assert!(start > 12, "start {start}");
            context.running();
            context.stopped().await;
            Ok(())
        }
    });
    until(&task, |status| matches!(status, Status::BackingOff(_))).await;
    until(&task, |status| *status == Status::Running).await;
    assert_eq!((watched.starts(), watched.shown().panics), (13, 12));
}

#[tokio::test(start_paused = true)]
async fn panics_far_apart_are_not_a_failure() {
    let watched = Watched::new();
    let starts = watched.starts.clone();
    let task = watched.supervisor.task(TaskSpec::new("sample"), move |context| {
        let start = starts.fetch_add(1, Ordering::Relaxed) + 1;
        async move {
            if start <= 20 {
                tokio::time::sleep(Duration::from_secs(20)).await;
                panic!("again");
            }
            context.running();
            context.stopped().await;
            Ok(())
        }
    });
    until(&task, |status| matches!(status, Status::BackingOff(_))).await;
    while watched.starts() <= 20 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!((watched.shown().status, watched.shown().panics), (Status::Running, 20));
}

#[tokio::test(start_paused = true)]
async fn an_end_that_nobody_asked_for_is_noticed() {
    let watched = Watched::new();
    let starts = watched.starts.clone();
    let task = watched.supervisor.task(TaskSpec::new("sample"), move |_| {
        starts.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok(()))
    });
    task.ended().await;
    assert_eq!((watched.starts(), watched.shown().panics), (5, 0));
    assert!(watched.shown().status.why().unwrap().ends_with("it ended without being told to"));
}

#[tokio::test]
async fn a_thread_that_returns_early_or_panics_is_started_again() {
    let watched = Watched::new();
    let starts = watched.starts.clone();
    let runtime = Handle::current();
    let task = watched.supervisor.thread(TaskSpec::new("sample-thread"), move |context| {
        assert_eq!(std::thread::current().name(), Some("sample-thread"));
        match starts.fetch_add(1, Ordering::Relaxed) {
            0 => Ok(()),
            1 => panic!("in a thread"),
            _ => {
                context.running();
                runtime.block_on(context.stopped());
                Ok(())
            }
        }
    });
    until(&task, |status| matches!(status, Status::BackingOff(why) if why.contains("in a thread"))).await;
    until(&task, |status| *status == Status::Running).await;
    assert_eq!((watched.starts(), watched.shown().panics), (3, 1));
    task.stop().await;
    assert_eq!(watched.shown().status, Status::Stopped);
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_for_ever_with_growing_pauses() {
    let watched = Watched::new();
    let began = tokio::time::Instant::now();
    let task =
        watched.task(
            |start| {
                if start <= 30 { Err(Fault::Passing("the server is away".to_owned())) } else { Ok(()) }
            },
        );
    let shown = until(&task, |status| matches!(status, Status::BackingOff(_))).await;
    assert_eq!(shown.why(), Some("the server is away"));
    until(&task, |status| *status == Status::Running).await;
    assert_eq!(watched.starts(), 31);
    let limits = BackoffLimits::DEFAULT;
    assert!(began.elapsed() > limits.longest * 10 && began.elapsed() < limits.longest * 30);
}

#[tokio::test(start_paused = true)]
async fn a_fatal_fault_is_shown_and_not_tried_again() {
    let watched = Watched::new();
    let task = watched.task(|_| Err(Fault::Fatal("the log was changed".to_owned())));
    task.ended().await;
    assert_eq!(watched.starts(), 1);
    let shown = serde_json::to_value(watched.shown()).unwrap();
    assert_eq!(shown, serde_json::json!({ "status": "failed", "why": "the log was changed" }));
}

#[tokio::test(start_paused = true)]
async fn a_restarted_task_is_backing_off_until_it_has_worked_a_good_while() {
    let watched = Watched::new();
    let starts = watched.starts.clone();
    let task = watched.supervisor.task(TaskSpec::new("sample"), move |context| {
        let start = starts.fetch_add(1, Ordering::Relaxed) + 1;
        async move {
            if start == 1 {
                return Err(Fault::Passing("once".to_owned()));
            }
            context.stopped().await;
            Ok(())
        }
    });
    while watched.starts() < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(watched.shown().status.why(), Some("once"));
    until(&task, |status| *status == Status::Running).await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_a_task_in_its_pause_and_a_panic_while_stopping_is_counted() {
    let watched = Watched::new();
    let paused = watched.supervisor.task(TaskSpec::new("paused"), |_| async {
        Err(Fault::Newer { at: daybook_event_log::Position::new(7) })
    });
    until(&paused, |status| matches!(status, Status::BackingOff(_))).await;
    let panics = watched.supervisor.task(TaskSpec::new("panics").required(), |context| async move {
        context.stopped().await;
        panic!("while stopping")
    });
    // The clock is paused: it moves once both tasks wait.
    tokio::time::sleep(Duration::from_secs(1)).await;
    watched.stop.cancel();
    watched.supervisor.ended().await;
    assert_eq!(
        (paused.status().borrow().clone(), panics.status().borrow().clone()),
        (Status::Stopped, Status::Stopped)
    );
    let shown = watched.supervisor.statuses();
    assert_eq!((shown[1].panics, shown[1].required), (1, true));
}
