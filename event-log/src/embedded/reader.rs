//! Reading a log without owning it: beside a live writer, or a copy.

use super::{
    disk::{Directory, Disk},
    event_reader::EventReader,
    format::{FORMAT, LogId, frame_len},
    identity, recovery,
    scan::{FIRST_BATCH, scan},
    segment::Segment,
    segment_files::SegmentFiles,
    segments::Segments,
};
use crate::{
    Append, AppendFuture, EventLog, LogError, PageLimits, Position, RecordedEvent, StreamId, Version,
};
use async_trait::async_trait;
use parking_lot::Mutex;
use std::{path::Path, sync::Arc};
use tokio::sync::watch;
use uuid::Uuid;

/// How often a log that changes while it is looked at is looked at again.
const ATTEMPTS: usize = 20;

/// A log opened for reading. It sees whole batches only, up to where it was last [refreshed]; beside a
/// live writer the very last of them may still be on its way to the disk.
///
/// [refreshed]: EmbeddedReader::refresh
pub struct EmbeddedReader {
    segments: Arc<Segments>,
    log: LogId,
    /// Where the next batch of the last segment will stand.
    end: Mutex<usize>,
    head_sender: watch::Sender<Position>,
    head: watch::Receiver<Position>,
}

impl EmbeddedReader {
    /// The newest format of log files this program reads.
    pub const FORMAT: u32 = FORMAT;

    /// Opens the log in `dir`; the same as [`super::EmbeddedLog::open_read_only`].
    ///
    /// # Errors
    /// [`LogError::NotALog`], [`LogError::NewerFormat`], [`LogError::Damaged`], [`LogError::Unavailable`].
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, LogError> {
        Self::open_on(Arc::new(Directory::at(dir.as_ref(), false)?))
    }

    /// The same on any disk.
    ///
    /// # Errors
    /// As [`EmbeddedReader::open`].
    pub fn open_on(disk: Arc<dyn Disk>) -> Result<Self, LogError> {
        let disk: Arc<dyn Disk> = Arc::new(SegmentFiles::on(disk));
        let log = identity::read(&*disk)?.ok_or_else(|| LogError::NotALog {
            path: disk.place(),
            detail: "there is no log in it yet".to_owned(),
        })?;
        let mut found = recovery::look(&*disk, log);
        // A writer that moves on between two looks leaves the same picture as damage; damage stays.
        for _ in 1..ATTEMPTS {
            if !matches!(found, Err(LogError::Damaged { .. })) {
                break;
            }
            found = recovery::look(&*disk, log);
        }
        let found = found?;
        let head_at = Position::new(found.scanned.next.get() - 1);
        let (head_sender, head) = watch::channel(head_at);
        let segments = Arc::new(Segments::read_only(disk, log.salt(), found.shelf));
        Ok(Self { segments, log, end: Mutex::new(found.scanned.end), head_sender, head })
    }

    /// Takes in what was written since, and returns the last position.
    ///
    /// # Errors
    /// [`LogError::Damaged`], [`LogError::Unavailable`]; what was seen before stays readable.
    pub fn refresh(&self) -> Result<Position, LogError> {
        let mut end = self.end.lock();
        loop {
            let (segment, next) = {
                let shelf = self.segments.shelf();
                (Arc::clone(&shelf.segment), shelf.active.next())
            };
            let scanned = scan(&segment, self.log.salt(), *end, next, |offset, event| {
                self.segments.shelf_mut().active.push_recorded(offset, &event);
                // Kept up with the index, so that a failure further on leaves the two agreeing.
                *end = offset as usize + frame_len(event.as_bytes().len());
                Ok(())
            })?;
            *end = scanned.end;
            self.head_sender.send_if_modified(|head| {
                let now = Position::new(scanned.next.get() - 1);
                std::mem::replace(head, now) != now
            });
            if !scanned.sealed {
                return Ok(*self.head.borrow());
            }
            let following = Segment::open(&*self.segments.disk, self.log, segment.ordinal + 1)?;
            self.segments.roll(scanned.end, Arc::new(following));
            self.segments.let_go_of_old_forms();
            *end = FIRST_BATCH;
        }
    }

    fn durable(&self) -> Position {
        *self.head.borrow()
    }
}

#[async_trait]
impl EventLog for EmbeddedReader {
    fn append(&self, _group: Vec<Append>) -> AppendFuture {
        AppendFuture::ready(Err(LogError::Unavailable {
            operation: "appending".to_owned(),
            detail: "the log was opened for reading only".to_owned(),
        }))
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        from: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        EventReader::of(&self.segments).read_stream(stream, from, limit, self.durable())
    }

    async fn read_all(&self, from: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        self.read_page(from, PageLimits::events(limit)).await
    }

    async fn read_page(&self, from: Position, limits: PageLimits) -> Result<Vec<RecordedEvent>, LogError> {
        let until = self.durable();
        if limits.events == 0 || from > until {
            return Ok(Vec::new());
        }
        // Beside this one there are no tasks that a slow disk could hold up: it is for tools.
        EventReader::of(&self.segments).read_page(from, limits, until)
    }

    async fn find(&self, event_id: Uuid) -> Result<Option<RecordedEvent>, LogError> {
        EventReader::of(&self.segments).find(event_id, self.durable())
    }

    async fn stream_version(&self, stream: &StreamId) -> Result<Version, LogError> {
        self.segments.version_of(stream, self.durable())
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.head.clone()
    }

    fn is_sole_writer(&self) -> bool {
        false
    }

    async fn close(&self) -> Result<(), LogError> {
        Ok(())
    }
}
