//! Keeps the tree up to date beside the running shop: follows the log, hashes, writes tiles, signs checkpoints.
//!
//! Nothing here is on the path of a command. It begins at the size of the tree. Whatever interrupts it, the tree is read
//! again as the latest checkpoint has it, so events are hashed again at most. What is never done is to sign something that
//! contradicts an earlier checkpoint, or to go on with the tree of another log: that is fatal and needs a person.

use crate::{
    AuditError, AuditTree,
    merkle::{Hash, leaf_hash},
    note::Checkpoint,
};
use async_trait::async_trait;
use daybook_event_log::{EventLog, LocalLeases, Position, RecordedEvent, lower_priority};
use daybook_subscriptions::{
    BackoffLimits, Fault, Following, PAGE, Page, Subscriber, Supervised, Supervisor, TaskSpec,
};
use std::{future::pending, sync::Arc, time::Duration};
use tokio::{
    runtime::Handle,
    time::{Instant, sleep_until},
};

/// How often a checkpoint is signed while events come in.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// How long a disk that was full is left alone at most.
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);

/// The follower that adds to an [`AuditTree`]. There must be one for each tree.
pub struct TreeWriter {
    tree: Arc<AuditTree>,
    log: Arc<dyn EventLog>,
    /// The checkpoint that was there at the start: the log must lead to it again.
    signed: Option<Checkpoint>,
    /// Whether what is in memory is what was hashed, and not what a failure left in between.
    is_sound: bool,
    /// When the next checkpoint may be signed.
    due: Instant,
}

impl TreeWriter {
    /// Adds the events of `log` to `tree`.
    #[must_use]
    pub fn new(tree: Arc<AuditTree>, log: Arc<dyn EventLog>) -> Self {
        Self { tree, log, signed: None, is_sound: false, due: Instant::now() }
    }

    /// Runs one under `supervisor`, in a thread of its own: it hashes and writes files in bursts, which commands must not
    /// wait for. Each node keeps a tree of its own, so it needs no lease that others compete for.
    pub fn spawn(supervisor: &Supervisor, tree: Arc<AuditTree>, log: Arc<dyn EventLog>) -> Supervised {
        let following = Following::new(log.clone(), Arc::new(LocalLeases::default()), "audit", PAGE);
        let spec = TaskSpec::new("audit").required().backoff(BackoffLimits::DEFAULT.up_to(LONGEST_BACKOFF));
        let runtime = Handle::current();
        supervisor.thread(spec, move |context| {
            lower_priority();
            runtime.block_on(following.run(Self::new(tree.clone(), log.clone()), context))?;
            // It was stopped, and nobody knows when it is started again.
            if tree.is_unsigned()
                && tree.write_failure().is_none()
                && let Err(error) = tree.sign()
            {
                tracing::warn!(%error, "what came last is not signed; the next start signs it");
            }
            Ok(())
        })
    }

    /// What follows from a failure.
    fn fault(&self, error: AuditError) -> Fault {
        match error {
            AuditError::Log(error) => error.into(),
            AuditError::Io { .. } | AuditError::Tile(_) => {
                self.tree.report_writing(Some(error.to_string()));
                Fault::Passing(error.to_string())
            }
            AuditError::Note { .. }
            | AuditError::LogChanged { .. }
            | AuditError::OtherLog { .. }
            | AuditError::NotCosigned { .. }
            | AuditError::LogShorter { .. } => Fault::Fatal(error.to_string()),
        }
    }

    async fn begin(&mut self) -> Result<Position, AuditError> {
        if !self.is_sound {
            self.tree.reopen()?;
            self.is_sound = true;
        }
        self.signed = self.tree.checkpoint()?;
        let head = *self.log.head().borrow();
        match &self.signed {
            Some(signed) if head.get() < signed.size => {
                Err(AuditError::LogShorter { head, size: signed.size })
            }
            _ => {
                self.compare_with_log().await?;
                Ok(Position::new(self.tree.size()))
            }
        }
    }

    /// Whether the tree is of this log at all: the records at its beginning, its middle and its end must be those that were
    /// hashed. (Whether any other was changed is what a verification is for.)
    async fn compare_with_log(&self) -> Result<(), AuditError> {
        let size = self.tree.size();
        for position in [size, size.div_ceil(2), size.min(1)] {
            let Some(index) = position.checked_sub(1) else { continue };
            let record = self.log.read_all(Position::new(position), 1).await?.into_iter().next();
            let hashed = self.tree.leaf(index)?;
            if record.map(|record| leaf_hash(record.as_bytes())) != hashed {
                let path = self.tree.folder().join("checkpoint").display().to_string();
                return Err(AuditError::OtherLog { position, path });
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Subscriber for TreeWriter {
    /// Every record is a leaf.
    fn wants(&self, _: &RecordedEvent) -> bool {
        true
    }

    async fn start(&mut self) -> Result<Position, Fault> {
        self.begin().await.map_err(|error| self.fault(error))
    }

    async fn handle(&mut self, page: Page) -> Result<(), Fault> {
        let leaves: Vec<Hash> = page.events.iter().map(|event| leaf_hash(event.as_bytes())).collect();
        self.is_sound = false;
        self.tree.push(&leaves, self.signed.as_ref()).map_err(|error| self.fault(error))?;
        self.is_sound = true;
        Ok(())
    }

    async fn upkeep_due(&mut self) {
        if self.tree.is_unsigned() {
            sleep_until(self.due).await;
        } else {
            pending().await
        }
    }

    async fn upkeep(&mut self) -> Result<(), Fault> {
        self.due = Instant::now() + CHECKPOINT_EVERY;
        self.is_sound = false;
        self.tree.sign().map_err(|error| self.fault(error))?;
        self.is_sound = true;
        self.tree.report_writing(None);
        Ok(())
    }
}
