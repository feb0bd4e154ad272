//! Lingering close: shuts down writing, then drains up to 20 s or 128 MiB, because a socket that is closed while the
//! client still sends is reset, and a reset discards an answer that the client has not read yet.

use super::{connection::HandedBack, refusal, write_timeout::WriteTimeout};
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

/// Closes the connection that hyper is done with. `cut_off`: a request's head did not arrive in time.
pub(super) async fn close(handed_back: &HandedBack, cut_off: bool) {
    let Some(mut released) = handed_back.lock().take() else { return };
    if cut_off {
        if !released.has_unanswered_bytes {
            // No request was begun: an idle connection is closed at once.
            return;
        }
        let late = Problem::new(&kind::REQUEST_TIMEOUT, "the request's head did not arrive in time");
        if !matches!(timeout(SILENCE, released.stream.write_all(&refusal::written(&late))).await, Ok(Ok(())))
        {
            return;
        }
    }
    drain(&mut released.stream).await;
}

/// Shuts down writing, and reads until the client has sent everything or a bound is reached.
pub(super) async fn drain(stream: &mut WriteTimeout) {
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
