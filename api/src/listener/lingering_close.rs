//! Lingering close: shuts down writing, then drains up to 20 s or 128 MiB, because a socket that is closed while the
//! client still sends is reset, and a reset discards an answer that the client has not read yet.

use super::{connection::HandedBack, refusal, serving::no_place, write_timeout::WriteTimeout};
use crate::problem::{Problem, kind};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout, timeout_at},
};

/// A client that sends nothing for this long has read the answer, or never will.
const SILENCE: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(20);
/// Enough for a client that sends a whole large body before it reads.
const DRAINED_BYTES: usize = 128 << 20;

/// Why the server ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CloseReason {
    /// A request's head did not arrive in time.
    LateHead,
    /// It was accepted for health only, and nothing was asked.
    NoPlace,
    /// Its place was given to another.
    GaveWay,
}

/// Closes the connection that hyper is done with.
pub(super) async fn close(handed_back: &HandedBack, refusal: Option<CloseReason>) {
    let Some(mut released) = handed_back.lock().take() else { return };
    let has_begun = released.has_unanswered_bytes;
    let problem = match refusal {
        None => return drain(&mut released.stream).await,
        // No request was begun: an idle connection is closed at once.
        Some(CloseReason::LateHead | CloseReason::GaveWay) if !has_begun => return,
        Some(CloseReason::LateHead) => {
            Problem::new(&kind::REQUEST_TIMEOUT, "the request's head did not arrive in time")
        }
        Some(CloseReason::NoPlace | CloseReason::GaveWay) => no_place(),
    };
    let told = timeout(SILENCE, released.stream.write_all(&refusal::written(&problem))).await;
    // A connection that gave way has no place any more, so nothing is waited for.
    if matches!(told, Ok(Ok(()))) && refusal != Some(CloseReason::GaveWay) {
        drain(&mut released.stream).await;
    }
}

/// Shuts down writing, and reads until the client has sent everything or a bound is reached.
async fn drain(stream: &mut WriteTimeout) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let (until, mut drained) = (Instant::now() + LONGEST, 0);
    let mut buffer = vec![0; 16 << 10];
    while drained < DRAINED_BYTES {
        let deadline = until.min(Instant::now() + SILENCE);
        match timeout_at(deadline, stream.read(&mut buffer)).await {
            Ok(Ok(count)) if count > 0 => drained += count,
            _ => return,
        }
    }
}
