//! How a connection ends. A socket that is closed while the client still sends is reset, and a reset takes the answer
//! with it that the client has not read yet; so the sending side is closed first, and what still comes is read and
//! thrown away, for a bounded time and up to a bounded size.

use super::{connection::HandedBack, refusal, write_timeout::Stall};
use crate::problem::{Problem, kind};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout, timeout_at},
};

/// A client that says nothing for this long has heard the answer, or never will.
const SILENCE: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(20);
/// Enough for a client that sends a whole large body before it listens.
const THROWN_AWAY_BYTES: usize = 128 << 20;

/// Ends the connection that hyper has left. `cut_off`: a request's head did not arrive in time.
pub(super) async fn part(handed_back: &HandedBack, cut_off: bool) {
    let Some(mut left) = handed_back.lock().take() else { return };
    if cut_off {
        if !left.heard {
            // Nobody asked anything: an idle connection may go at once.
            return;
        }
        let late = Problem::new(&kind::REQUEST_TIMEOUT, "the request's head did not arrive in time");
        if !matches!(timeout(SILENCE, left.stream.write_all(&refusal::written(&late))).await, Ok(Ok(()))) {
            return;
        }
    }
    listen_out(&mut left.stream).await;
}

/// Says no more, and listens until the client has said everything or the patience with it ends.
pub(super) async fn listen_out(stream: &mut Stall) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let (until, mut thrown_away) = (Instant::now() + LONGEST, 0);
    let mut room = vec![0; 16 << 10];
    while thrown_away < THROWN_AWAY_BYTES {
        let silence = until.min(Instant::now() + SILENCE);
        match timeout_at(silence, stream.read(&mut room)).await {
            Ok(Ok(count)) if count > 0 => thrown_away += count,
            _ => return,
        }
    }
}
