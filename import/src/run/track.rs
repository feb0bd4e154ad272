//! A track works through the days in order, many things at once, and tells others which days it has finished.
//! Other tracks gate their days on that, so that stock is there before sales and sales before returns, without
//! one slow order holding up the others.

use crate::ImportError;
use futures::{StreamExt, TryStreamExt, stream};
use std::{future::Future, sync::Mutex};
use tokio::sync::watch;

/// How many of its first days a track has finished.
pub(super) struct Finished {
    count: watch::Sender<usize>,
    /// Things left to do per day; none: not begun.
    left: Mutex<Vec<Option<usize>>>,
}

impl Finished {
    pub(super) fn new(days: usize) -> Self {
        Self { count: watch::Sender::new(0), left: Mutex::new(vec![None; days]) }
    }

    /// Waits until the first `days` days are finished.
    pub(super) async fn reached(&self, days: usize) {
        // Fails only when the sender is gone, which `self` holds.
        let _ = self.count.subscribe().wait_for(|count| *count >= days).await;
    }

    fn set(&self, day: usize, change: impl FnOnce(usize) -> usize) {
        let mut left = self.left.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(entry) = left.get_mut(day) {
            *entry = Some(change(entry.unwrap_or(0)));
        }
        let before = *self.count.borrow();
        let more = left[before..].iter().take_while(|left| **left == Some(0)).count();
        if more > 0 {
            self.count.send_replace(before + more);
        }
    }
}

/// Does `work` for all `items` of all days, at most `at_once` at a time; a day begins when its `gate` opens.
pub(super) async fn run_track<T, Gate, Work>(
    finished: &Finished,
    days: usize,
    at_once: usize,
    gate: impl Fn(usize) -> Gate,
    items: impl Fn(usize) -> Vec<T>,
    work: impl Fn(T) -> Work,
) -> Result<(), ImportError>
where
    Gate: Future<Output = ()>,
    Work: Future<Output = Result<(), ImportError>>,
{
    let (gate, items) = (&gate, &items);
    stream::iter(0..days)
        .then(|day| async move {
            gate(day).await;
            let items = items(day);
            finished.set(day, |_| items.len());
            stream::iter(items.into_iter().map(move |item| (day, item)))
        })
        .flatten()
        .map(|(day, item)| {
            let done = work(item);
            async move {
                done.await?;
                finished.set(day, |left| left.saturating_sub(1));
                Ok(())
            }
        })
        .buffer_unordered(at_once)
        .try_collect()
        .await
}
