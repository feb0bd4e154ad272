//! How far the processes have got, kept in one file that is replaced as a whole.
//!
//! The file says up to where every event was seen, which of those are still being reacted to, and which
//! deadlines are set. Nothing is lost if it is old or missing: then more events are looked at again, and
//! every step that was done is found done.

use super::timers::KeptDeadline;
use crate::{EngineError, snapshots::replace_file};
use daybook_event_log::{EventLog, Position, first_event_id};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};
use uuid::Uuid;

const FILE: &str = "processes.json";
const FORMAT: u32 = 1;

/// What the file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    format: u32,
    /// The id of the log's first event, so that a checkpoint is never used with another log.
    log: Uuid,
    /// Every event up to here was seen.
    pub(crate) position: Position,
    /// Events up to `position` that are to be reacted to again.
    pub(crate) unfinished: Vec<Position>,
    pub(crate) deadlines: Vec<KeptDeadline>,
}

impl Checkpoint {
    pub(crate) fn new(position: Position, unfinished: Vec<Position>, deadlines: Vec<KeptDeadline>) -> Self {
        Self { position, unfinished, deadlines, ..Self::default() }
    }
}

/// Where checkpoints are kept; without a directory they are not.
#[derive(Clone)]
pub(crate) struct Checkpoints {
    dir: Option<PathBuf>,
    log: Uuid,
}

impl Checkpoints {
    /// Reads the last checkpoint; the beginning where there is none that can be read.
    pub(crate) async fn open(
        dir: Option<PathBuf>,
        log: &Arc<dyn EventLog>,
    ) -> Result<(Self, Checkpoint), EngineError> {
        let log_id = first_event_id(&**log).await?.unwrap_or_default();
        let head = *log.head().borrow();
        let checkpoints = Self { dir, log: log_id };
        let Some(path) = checkpoints.dir.as_ref().map(|dir| dir.join(FILE)) else {
            return Ok((checkpoints, Checkpoint::default()));
        };
        let checkpoint = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Checkpoint::default(),
            Err(source) => return Err(EngineError::StateDir { path, source }),
            Ok(bytes) => match serde_json::from_slice::<Checkpoint>(&bytes) {
                Ok(checkpoint) if checkpoint.format == FORMAT => checkpoint,
                _ => {
                    tracing::warn!(path = %path.display(), "ignoring a checkpoint that cannot be read");
                    Checkpoint::default()
                }
            },
        };
        if checkpoint.position > head {
            return Err(EngineError::CheckpointBeyondLog { path, checkpoint: checkpoint.position, head });
        }
        if checkpoint.position > Position::ZERO && checkpoint.log != log_id {
            tracing::warn!(path = %path.display(), "ignoring the checkpoint of another log");
            return Ok((checkpoints, Checkpoint::default()));
        }
        Ok((checkpoints, checkpoint))
    }

    pub(crate) const fn enabled(&self) -> bool {
        self.dir.is_some()
    }

    /// Notes the log's first event once there is one.
    pub(crate) fn know_first_event(&mut self, event_id: Uuid) {
        if self.log.is_nil() {
            self.log = event_id;
        }
    }

    pub(crate) const fn knows_log(&self) -> bool {
        !self.log.is_nil()
    }

    /// Replaces the file. A failure is told and costs time after the next start, nothing else.
    pub(crate) fn write(&self, mut checkpoint: Checkpoint) {
        let Some(dir) = &self.dir else { return };
        checkpoint.format = FORMAT;
        checkpoint.log = self.log;
        let bytes =
            serde_json::to_vec(&checkpoint).expect("a checkpoint of texts and numbers can be written");
        if let Err(error) = replace_file(dir, FILE, &bytes, true) {
            tracing::warn!(%error, "could not write the checkpoint of the processes");
        }
    }
}
