//! Leases: a task that one node at a time may do, for example running the processes or the relay to NATS. The
//! holder of the lease does the task, the others wait for it. A lease has a memory, which each holder leaves to the
//! next, for example how far it has got.
//!
//! Where the lease is kept decides who can compete for it: [`LocalLeases`] for a log in files, which one program has
//! open; the database server for a log that nodes share. Does not say what a task is, and does not start it.

use crate::LogError;
use async_trait::async_trait;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Gives out leases by name.
#[async_trait]
pub trait Leases: Send + Sync + 'static {
    /// Waits until nobody else holds the lease `name` (a few words, the same on all nodes), then holds it. A server
    /// that is away is waited for. Cancel-safe.
    ///
    /// # Errors
    /// What trying again does not help: a wrong URL, a password refused, missing rights.
    async fn acquire(&self, name: &str) -> Result<Box<dyn Lease>, LogError>;
}

/// A lease that is held until it is dropped or lost.
///
/// A holder that was cut off may go on for a moment before it notices. What it does in that time must do no harm when
/// another holder does it too, or must be refused where it is written.
#[async_trait]
pub trait Lease: Send + Sync {
    /// Resolves within a bounded time when it is no longer certain that the lease is held; the task has to stop then.
    async fn lost(&self);

    /// The memory that the last holder left; none if nobody did.
    async fn recall(&self) -> Result<Option<Vec<u8>>, LogError>;

    /// Replaces the memory that the next holder will find.
    async fn remember(&self, memory: &[u8]) -> Result<(), LogError>;

    /// The parts of a memory that is too large to be replaced as a whole, in the order of their numbers, beginning with
    /// `from`.
    async fn recall_parts(&self, from: u64) -> Result<Vec<Vec<u8>>, LogError>;

    /// Sets one part. Parts and [`Lease::remember`] do not touch each other.
    async fn remember_part(&self, number: u64, part: &[u8]) -> Result<(), LogError>;

    /// Removes the parts before `number`.
    async fn forget_parts_before(&self, number: u64) -> Result<(), LogError>;
}

/// Leases within this program, for a store that no other program can have open. They are granted at once unless a task
/// of this program holds them, are never lost, and their memory lasts as long as the program: what has to survive it
/// lies in the files of the task.
#[derive(Clone, Default)]
pub struct LocalLeases {
    names: Arc<Mutex<HashMap<String, Arc<Slot>>>>,
}

/// What is known of one name.
struct Slot {
    free: Arc<Semaphore>,
    memory: Mutex<Option<Vec<u8>>>,
    parts: Mutex<BTreeMap<u64, Vec<u8>>>,
}

impl Default for Slot {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(1)), memory: Mutex::default(), parts: Mutex::default() }
    }
}

struct LocalLease {
    slot: Arc<Slot>,
    _held: OwnedSemaphorePermit,
}

#[async_trait]
impl Leases for LocalLeases {
    async fn acquire(&self, name: &str) -> Result<Box<dyn Lease>, LogError> {
        let slot = Arc::clone(self.names.lock().entry(name.to_owned()).or_default());
        let held = Arc::clone(&slot.free).acquire_owned().await.map_err(|_| LogError::Closed)?;
        Ok(Box::new(LocalLease { slot, _held: held }))
    }
}

#[async_trait]
impl Lease for LocalLease {
    async fn lost(&self) {
        std::future::pending().await
    }

    async fn recall(&self) -> Result<Option<Vec<u8>>, LogError> {
        Ok(self.slot.memory.lock().clone())
    }

    async fn remember(&self, memory: &[u8]) -> Result<(), LogError> {
        *self.slot.memory.lock() = Some(memory.to_owned());
        Ok(())
    }

    async fn recall_parts(&self, from: u64) -> Result<Vec<Vec<u8>>, LogError> {
        Ok(self.slot.parts.lock().range(from..).map(|(_, part)| part.clone()).collect())
    }

    async fn remember_part(&self, number: u64, part: &[u8]) -> Result<(), LogError> {
        self.slot.parts.lock().insert(number, part.to_owned());
        Ok(())
    }

    async fn forget_parts_before(&self, number: u64) -> Result<(), LogError> {
        self.slot.parts.lock().retain(|part, _| *part >= number);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn one_task_at_a_time_holds_a_name_and_the_next_finds_what_it_left() {
        let leases = LocalLeases::default();
        let first = leases.acquire("work").await.unwrap();
        assert_eq!(first.recall().await.unwrap(), None);
        first.remember(b"one").await.unwrap();
        let other = leases.acquire("other work").await.unwrap();
        assert_eq!(other.recall().await.unwrap(), None, "each name has a memory of its own");
        let again = leases.clone();
        let mut second = again.acquire("work");
        assert!((&mut second).now_or_never().is_none(), "two hold one lease");
        assert_eq!(first.lost().now_or_never(), None);
        drop(first);
        let second = second.await.unwrap();
        assert_eq!(second.recall().await.unwrap().as_deref(), Some(b"one".as_slice()));
    }
}
