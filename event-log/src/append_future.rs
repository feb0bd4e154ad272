//! The two answers to an append: *sequenced* and *durable*.
//!
//! Sequenced: position and version are fixed; conflicts, repetitions and a full disk are known. What is sequenced can
//! still be lost, by a crash or a failed sync, but only together with everything that was sequenced behind it. So
//! whoever reacts to it inside this program leaves no effect without its cause; what goes outside waits for durable.
//!
//! A log whose server decides at the commit gives both answers at once.

use crate::{AppendOutcome, LogError};
use futures::{FutureExt, future::BoxFuture};
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// One outcome for each append of a group, or why the log takes none.
pub type AppendResult = Result<Vec<AppendOutcome>, LogError>;

/// The answers to one call of [`crate::EventLog::append`]. As a future it resolves when the group is durable.
pub struct AppendFuture {
    /// None where it comes together with the other.
    sequenced: Option<BoxFuture<'static, AppendResult>>,
    durable: BoxFuture<'static, AppendResult>,
}

impl AppendFuture {
    /// Answers of a log that sequences first. `sequenced` resolves before `durable`, or with it.
    #[must_use]
    pub fn new(
        sequenced: impl Future<Output = AppendResult> + Send + 'static,
        durable: impl Future<Output = AppendResult> + Send + 'static,
    ) -> Self {
        Self { sequenced: Some(sequenced.boxed()), durable: durable.boxed() }
    }

    /// Answers of a log where what is sequenced is durable.
    #[must_use]
    pub fn at_once(durable: impl Future<Output = AppendResult> + Send + 'static) -> Self {
        Self { sequenced: None, durable: durable.boxed() }
    }

    /// Both answers are known already.
    #[must_use]
    pub fn ready(result: AppendResult) -> Self {
        Self::new(std::future::ready(result.clone()), std::future::ready(result))
    }

    /// The two answers, sequenced and durable, each by itself.
    #[must_use]
    pub fn split(self) -> (BoxFuture<'static, AppendResult>, BoxFuture<'static, AppendResult>) {
        match self.sequenced {
            Some(sequenced) => (sequenced, self.durable),
            None => {
                let both = self.durable.shared();
                (both.clone().boxed(), both.boxed())
            }
        }
    }

    /// Takes the first answer out; none where it comes together with the other, which is left here.
    pub fn take_sequenced(&mut self) -> Option<BoxFuture<'static, AppendResult>> {
        self.sequenced.take()
    }

    /// The same answers, durable only after `gate` as well.
    #[must_use]
    pub fn durable_after(self, gate: impl Future<Output = ()> + Send + 'static) -> Self {
        let (sequenced, durable) = self.split();
        Self::new(sequenced, async move {
            gate.await;
            durable.await
        })
    }
}

impl Future for AppendFuture {
    type Output = AppendResult;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<AppendResult> {
        // Tells the log that nobody waits for the first answer.
        self.sequenced = None;
        self.durable.poll_unpin(cx)
    }
}
