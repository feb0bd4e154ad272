//! Followers under a supervisor: pages without a gap through faults and panics, leases, upkeep, stop.

use super::*;
use crate::{Status, Supervised, Supervisor, TaskSpec, testing::append};
use daybook_event_log::{Lease, LocalLeases, MemoryLog};
use parking_lot::Mutex;
use std::{sync::atomic::AtomicU64, time::Duration};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const LIMITS: PageLimits = PageLimits { events: 3, bytes: usize::MAX };

/// What a subscriber has taken in, and what it is to answer next.
#[derive(Default)]
struct Shared {
    taken: Mutex<Vec<u64>>,
    faults: Mutex<Vec<Option<Fault>>>,
    starts: AtomicU64,
    upkeep: Notify,
    kept_up: AtomicU64,
}

#[derive(Clone, Default)]
struct Sample(Arc<Shared>);

#[async_trait]
impl Subscriber for Sample {
    fn wants(&self, event: &RecordedEvent) -> bool {
        event.position().get() != 2
    }

    async fn start(&mut self) -> Result<Position, Fault> {
        self.0.starts.fetch_add(1, Ordering::Relaxed);
        Ok(Position::new(self.0.taken.lock().last().copied().unwrap_or(0)))
    }

    async fn handle(&mut self, page: Page) -> Result<(), Fault> {
        match self.0.faults.lock().pop() {
            Some(Some(fault)) => return Err(fault),
            Some(None) => panic!("as it was told to"),
            None => {}
        }
        self.0.taken.lock().extend(page.events.iter().map(|event| event.position().get()));
        Ok(())
    }

    async fn upkeep_due(&mut self) {
        self.0.upkeep.notified().await;
    }

    async fn upkeep(&mut self) -> Result<(), Fault> {
        self.0.kept_up.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

struct Node {
    stop: CancellationToken,
    supervisor: Supervisor,
    task: Supervised,
    following: Following,
}

fn node(log: &Arc<dyn EventLog>, leases: &LocalLeases, sample: &Sample) -> Node {
    let stop = CancellationToken::new();
    let supervisor = Supervisor::new(stop.clone()).with_seed(1);
    let following = Following::new(log.clone(), Arc::new(leases.clone()), "sample", LIMITS);
    let (runs, sample) = (following.clone(), sample.clone());
    let task = supervisor.task(TaskSpec::new("sample"), move |context| {
        let (following, sample) = (runs.clone(), sample.clone());
        async move { following.run(sample, context).await }
    });
    Node { stop, supervisor, task, following }
}

async fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        sleep(Duration::from_millis(1)).await;
    }
}

fn log() -> Arc<dyn EventLog> {
    Arc::new(MemoryLog::new())
}

#[tokio::test(start_paused = true)]
async fn faults_that_pass_and_panics_make_no_gap_and_no_repetition() {
    let (log, sample) = (log(), Sample::default());
    let away = || Some(Fault::Passing("the server is away".to_owned()));
    sample.0.faults.lock().extend([away(), None, away(), away(), None]);
    append(&log, 10).await;
    let node = node(&log, &LocalLeases::default(), &sample);
    until(|| sample.0.taken.lock().last() == Some(&10)).await;
    append(&log, 2).await;
    until(|| sample.0.taken.lock().last() == Some(&12)).await;
    assert_eq!(*sample.0.taken.lock(), [1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], "2 is not wanted");
    assert_eq!((sample.0.starts.load(Ordering::Relaxed), node.supervisor.statuses()[0].panics), (6, 2));
    node.task.status().wait_for(|status| *status == Status::Running).await.unwrap();
    node.stop.cancel();
    node.supervisor.ended().await;
    assert!(!node.following.leads());
}

#[tokio::test(start_paused = true)]
async fn a_fatal_fault_ends_it_and_gives_the_lease_back() {
    let (log, leases, sample) = (log(), LocalLeases::default(), Sample::default());
    sample.0.faults.lock().push(Some(Fault::Fatal("contradiction".to_owned())));
    append(&log, 1).await;
    let node = node(&log, &leases, &sample);
    node.task.ended().await;
    assert_eq!(*node.task.status().borrow(), Status::Failed("contradiction".to_owned()));
    assert!(!node.following.leads());
    leases.acquire("sample").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_node_leads_the_other_stands_by_and_takes_over() {
    let (log, leases) = (log(), LocalLeases::default());
    let (one, other) = (Sample::default(), Sample::default());
    let first = node(&log, &leases, &one);
    until(|| first.following.leads()).await;
    let second = node(&log, &leases, &other);
    second.task.status().wait_for(|status| *status == Status::Standby).await.unwrap();
    append(&log, 5).await;
    until(|| one.0.taken.lock().len() == 4).await;
    assert!(!second.following.leads() && other.0.taken.lock().is_empty());
    first.task.stop().await;
    second.task.status().wait_for(|status| *status == Status::Running).await.unwrap();
    until(|| other.0.taken.lock().len() == 4).await;
}

#[tokio::test(start_paused = true)]
async fn upkeep_comes_between_pages_and_while_nothing_comes() {
    let (log, sample) = (log(), Sample::default());
    let node = node(&log, &LocalLeases::default(), &sample);
    for round in 1..=3 {
        append(&log, 4).await;
        sample.0.upkeep.notify_one();
        until(|| sample.0.kept_up.load(Ordering::Relaxed) == round).await;
    }
    until(|| sample.0.taken.lock().last() == Some(&12)).await;
    sample.0.upkeep.notify_one();
    until(|| sample.0.kept_up.load(Ordering::Relaxed) == 4).await;
    node.task.stop().await;
}

/// A lease that can be lost.
struct Losing {
    lose: Arc<Notify>,
}

struct Lost(Arc<Notify>);

#[async_trait]
impl Leases for Losing {
    async fn acquire(&self, _: &str) -> Result<Box<dyn Lease>, daybook_event_log::LogError> {
        Ok(Box::new(Lost(self.lose.clone())))
    }
}

#[async_trait]
impl Lease for Lost {
    async fn lost(&self) {
        self.0.notified().await;
    }

    async fn recall(&self) -> Result<Option<Vec<u8>>, daybook_event_log::LogError> {
        Ok(None)
    }

    async fn remember(&self, _: &[u8]) -> Result<(), daybook_event_log::LogError> {
        Ok(())
    }

    async fn recall_parts(&self, _: u64) -> Result<Vec<Vec<u8>>, daybook_event_log::LogError> {
        Ok(Vec::new())
    }

    async fn remember_part(&self, _: u64, _: &[u8]) -> Result<(), daybook_event_log::LogError> {
        Ok(())
    }

    async fn forget_parts_before(&self, _: u64) -> Result<(), daybook_event_log::LogError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_lease_ends_the_work_and_is_asked_for_again() {
    let (log, sample, lose) = (log(), Sample::default(), Arc::new(Notify::new()));
    let stop = CancellationToken::new();
    let supervisor = Supervisor::new(stop.clone());
    let leases = Arc::new(Losing { lose: lose.clone() });
    let (following, runs) = (Following::new(log.clone(), leases, "sample", LIMITS), sample.clone());
    let task = supervisor.task(TaskSpec::new("sample"), move |context| {
        let (following, sample) = (following.clone(), runs.clone());
        async move { following.run(sample, context).await }
    });
    append(&log, 1).await;
    until(|| sample.0.taken.lock().len() == 1).await;
    lose.notify_one();
    let shown = task.status().wait_for(|status| status.why().is_some()).await.unwrap().clone();
    assert!(shown.why().unwrap().starts_with("the lease \"sample\" is lost"), "{shown:?}");
    append(&log, 2).await;
    until(|| sample.0.taken.lock().last() == Some(&3)).await;
    assert_eq!(sample.0.starts.load(Ordering::Relaxed), 2);
}
