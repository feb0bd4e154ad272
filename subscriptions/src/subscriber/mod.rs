//! A follower of the log as it is written, and how it is run: with its lease, from its own position, page by page, and
//! again after what passes. The supervisor runs it and restarts it after a panic.

use crate::{Fault, Page, Source, TaskContext};
use async_trait::async_trait;
use daybook_event_log::{EventLog, Leases, PageLimits, Position, RecordedEvent};
use std::{
    convert::Infallible,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::time::{Instant, sleep};

/// A follower of the log. Any of its futures may be dropped at any await, when it is told to stop or its lease is lost;
/// what it does must therefore be found out by [`Subscriber::start`], or do no harm when it is done twice.
#[async_trait]
pub trait Subscriber: Send {
    /// Whether it handles this event. Pages hold no other.
    fn wants(&self, event: &RecordedEvent) -> bool;

    /// Finds out from its own truth (rows, the size of a tree, the end of a stream, a checkpoint) up to where it has
    /// handled the log. Called at the start and after each fault that passes.
    async fn start(&mut self) -> Result<Position, Fault>;

    /// Handles a page. Pages come in order, each event once for each start.
    async fn handle(&mut self, page: Page) -> Result<(), Fault>;

    /// Resolves when [`Subscriber::upkeep`] is due, whether events come or not. Must be cancel-safe.
    async fn upkeep_due(&mut self) {
        pending().await
    }

    /// Does what is due beside the pages: a timer, a check, a retry that a person asked for.
    async fn upkeep(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

/// How a subscriber follows. Cheap to clone.
#[derive(Clone)]
pub struct Following {
    log: Arc<dyn EventLog>,
    leases: Arc<dyn Leases>,
    lease: &'static str,
    limits: PageLimits,
    leads: Arc<AtomicBool>,
}

/// What ends a wait of the runner.
enum Next {
    Page(Page),
    Upkeep,
}

impl Following {
    /// Follows `log` while holding the lease of this name. Names are the same on all nodes and stay the same.
    #[must_use]
    pub fn new(
        log: Arc<dyn EventLog>,
        leases: Arc<dyn Leases>,
        lease: &'static str,
        limits: PageLimits,
    ) -> Self {
        Self { log, leases, lease, limits, leads: Arc::default() }
    }

    /// Whether this node holds the lease.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.leads.load(Ordering::Relaxed)
    }

    /// Runs `subscriber` until it is told to stop. Faults that pass are tried again here, with the lease held; all others
    /// are the supervisor's, and so is a lost lease.
    ///
    /// # Errors
    /// Why it cannot go on.
    pub async fn run(&self, mut subscriber: impl Subscriber, context: TaskContext) -> Result<(), Fault> {
        let Some(lease) = context.lease(&*self.leases, self.lease).await? else { return Ok(()) };
        let _leads = Leads::begin(&self.leads);
        let lost = async {
            lease.lost().await;
            Fault::Passing(format!("the lease {:?} is lost: another node may have it now", self.lease))
        };
        tokio::select! {
            biased;
            () = context.stopped() => Ok(()),
            fault = lost => Err(fault),
            fault = self.lead(&mut subscriber, &context) => Err(fault),
        }
    }

    async fn lead(&self, subscriber: &mut impl Subscriber, context: &TaskContext) -> Fault {
        let mut backoff = context.backoff();
        loop {
            let began = Instant::now();
            match self.drive(subscriber, context).await {
                Ok(never) => match never {},
                Err(Fault::Passing(why)) => context.backing_off(why),
                Err(fault) => return fault,
            }
            sleep(backoff.after(began.elapsed())).await;
        }
    }

    /// From the subscriber's own position on.
    async fn drive(
        &self,
        subscriber: &mut impl Subscriber,
        context: &TaskContext,
    ) -> Result<Infallible, Fault> {
        let checkpoint = subscriber.start().await?;
        let mut source = Source::new(self.log.clone(), checkpoint, self.limits);
        if *self.log.head().borrow() <= checkpoint {
            context.running();
        }
        loop {
            let next = tokio::select! {
                biased;
                () = subscriber.upkeep_due() => Next::Upkeep,
                page = source.next() => Next::Page(page?),
            };
            match next {
                Next::Upkeep => subscriber.upkeep().await?,
                Next::Page(mut page) => {
                    page.events.retain(|event| subscriber.wants(event));
                    subscriber.handle(page).await?;
                }
            }
            context.running();
        }
    }
}

/// Says that the lease is held, for as long as this lives.
struct Leads<'a>(&'a AtomicBool);

impl<'a> Leads<'a> {
    fn begin(leads: &'a AtomicBool) -> Self {
        leads.store(true, Ordering::Relaxed);
        Self(leads)
    }
}

impl Drop for Leads<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
