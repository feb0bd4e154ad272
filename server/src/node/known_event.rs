//! The last event that a node knows to have been durable: what it kept of the log's end, or what its read models have applied,
//! whichever is further. A program that was killed may have kept less than it had shown.

use crate::{OpenError, data_dir::DataDir};
use daybook_event_log::{EventLog, KnownEvent, Position};
use daybook_projections::ReadModels;

/// The foremost event that the log of this directory must have; none where nothing is known.
pub(crate) fn known_event(dir: &DataDir, reads: &ReadModels) -> Result<Option<KnownEvent>, OpenError> {
    let known = dir.known_event()?.into_iter().chain(reads.foremost_event()?);
    Ok(known.max_by_key(|known| known.position))
}

/// Keeps the log's last event in `dir`, unless it is the one that is `kept` there already.
pub(crate) async fn keep_end(log: &dyn EventLog, dir: &DataDir, kept: &mut Position) -> Result<(), String> {
    if *log.head().borrow() <= *kept {
        return Ok(());
    }
    let Some(last) = KnownEvent::last_of(log).await.map_err(|error| error.to_string())? else {
        return Ok(());
    };
    let dir = dir.clone();
    let written = tokio::task::spawn_blocking(move || dir.keep_known_event(last)).await;
    match written {
        Ok(Ok(())) => *kept = last.position,
        Ok(Err(error)) => return Err(error.to_string()),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
    Ok(())
}
