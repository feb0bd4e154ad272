//! What must hold at the end of a scenario that wrote: the whole shop, checked by `daybook-replay verify` once its
//! server has stopped. That reads every frame, checks that positions and versions are dense, that the signed audit
//! tree fits, and that the live read models are those that a replay makes.

use crate::server::{AS_REPLAY, Server, program};
use anyhow::ensure;
use std::{path::Path, time::Instant};

/// Stops the server and verifies its shop. Answers how many seconds that took.
pub(crate) fn verify(server: Server, data: &Path) -> anyhow::Result<f64> {
    server.stop()?;
    let start = Instant::now();
    let output = program(AS_REPLAY)?.arg("--data").arg(data).arg("verify").output()?;
    ensure!(
        output.status.success(),
        "the shop does not hold together: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok((start.elapsed().as_secs_f64() * 10.0).round() / 10.0)
}
