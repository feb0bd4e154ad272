//! Waiting for something on behalf of a client. A wait ends when what is waited for is there, at its time, when the
//! client has left, and when the server stops. Long waits are counted: there are only so many, and so many per client.

use super::{
    client::client_left,
    client_budget::{ClientBudget, ClientPermit},
};
use crate::problem::{Problem, kind};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// Waits that may last at a time.
const MOST: usize = 1_024;
/// Those of one client.
const MOST_PER_CLIENT: usize = 256;
/// A wait that is over sooner is not counted: reads after a write wait for some milliseconds, and a busy shop has many.
const UNCOUNTED: Duration = Duration::from_secs(1);

/// Why a wait ended before what it waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitEnd {
    NotInTime,
    ClientLeft,
    Stopping,
    /// Too many wait.
    TooMany,
}

impl WaitEnd {
    /// The problem to answer with; `not_in_time` where it was a matter of time.
    pub(crate) fn problem(self, not_in_time: impl FnOnce() -> Problem) -> Problem {
        match self {
            // Nobody reads the answer to a client that left.
            Self::NotInTime | Self::ClientLeft => not_in_time(),
            Self::Stopping => Problem::new(&kind::UNAVAILABLE, "the server is shutting down").retry_after(5),
            Self::TooMany => {
                let detail = "too many requests wait, or too many of yours; ask again, or without a wait";
                Problem::new(&kind::OVERLOADED, detail).retry_after(1)
            }
        }
    }
}

/// Who waits, and until when at most.
pub(crate) struct Waits {
    places: Arc<ClientBudget>,
    stopping: CancellationToken,
}

impl Waits {
    pub(crate) fn new(stopping: CancellationToken) -> Self {
        Self { places: ClientBudget::new(MOST, MOST_PER_CLIENT), stopping }
    }

    /// What `awaited` becomes, if that is within `within` and the wait is not ended before.
    pub(crate) async fn wait<F: Future>(&self, within: Duration, awaited: F) -> Result<F::Output, WaitEnd> {
        let now = Instant::now();
        tokio::select! {
            biased;
            waited = self.timed(now + within.min(UNCOUNTED), now + within, awaited) => waited,
            () = client_left() => Err(WaitEnd::ClientLeft),
            () = self.stopping.cancelled() => Err(WaitEnd::Stopping),
        }
    }

    async fn timed<F: Future>(
        &self,
        uncounted: Instant,
        deadline: Instant,
        awaited: F,
    ) -> Result<F::Output, WaitEnd> {
        let mut awaited = std::pin::pin!(awaited);
        if let Ok(there) = timeout_at(uncounted, &mut awaited).await {
            return Ok(there);
        }
        if uncounted == deadline {
            return Err(WaitEnd::NotInTime);
        }
        let _place: ClientPermit = self.places.take().ok_or(WaitEnd::TooMany)?;
        timeout_at(deadline, awaited).await.map_err(|_| WaitEnd::NotInTime)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_at_its_time_when_too_many_wait_and_when_the_server_stops() {
        let stopping = CancellationToken::new();
        let waits = Arc::new(Waits::new(stopping.clone()));
        let wait = |seconds| {
            let waits = waits.clone();
            tokio::spawn(async move { waits.wait(Duration::from_secs(seconds), pending::<()>()).await })
        };
        assert_eq!(wait(3).await.unwrap(), Err(WaitEnd::NotInTime));
        let held: Vec<_> = (0..MOST).map(|_| wait(60)).collect();
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(wait(60).await.unwrap(), Err(WaitEnd::TooMany));
        assert_eq!(wait(1).await.unwrap(), Err(WaitEnd::NotInTime), "short ones are not counted");
        stopping.cancel();
        for wait in held {
            assert_eq!(wait.await.unwrap(), Err(WaitEnd::Stopping));
        }
    }
}
