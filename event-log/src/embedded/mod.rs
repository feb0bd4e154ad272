//! The log as files in one directory of this machine: the default backend.
//!
//! ```text
//! append ─> queue ─> sequencer ─> writer: one write, one fdatasync per batch ─> answers, head, readers
//!                       │                                                          ▲
//!                    segments: indexes of all segments <───────── event_reader ─────┘
//!                       │
//!                    maintenance: prepares segments, writes indexes of full ones, compresses them
//! ```
//!
//! A directory holds `daybook.log` (whose log this is), `daybook.lock`, `NNNNNNNNNN.segment` (the
//! record: see [`format`]), for full ones in time `NNNNNNNNNN.segment.zst` in their place (see
//! [`compressed`]), and `NNNNNNNNNN.index` (derived, may be deleted). What is assumed of the disk: a sync
//! that succeeds is durable, and writing behind durable bytes does not harm them. On copy-on-write file
//! systems prepared segments reserve no room, so a full disk may then show up as a failed write.

mod active;
mod answers;
mod compressed;
mod disk;
mod event_reader;
mod filter;
mod format;
mod identity;
mod index_file;
mod maintenance;
mod options;
mod pool;
mod reader;
mod recent;
mod recovery;
mod scan;
mod segment;
mod segment_files;
mod segments;
mod sequencer;
mod table;
mod threads;
mod writer;

pub use disk::{Directory, Disk, DiskFile, FileIdentity, make_directory};
pub use options::EmbeddedOptions;
pub use reader::EmbeddedReader;

use crate::{
    Append, AppendFuture, EventLog, LogError, PageLimits, Position, RecordedEvent, StreamId, Version,
    import::{ImportError, LogImport, groups, not_yet_imported, taken_as_is},
};
use async_trait::async_trait;
use disk::unavailable;
use event_reader::EventReader;
use maintenance::Maintenance;
use parking_lot::Mutex;
use segment_files::SegmentFiles;
use segments::Segments;
use sequencer::Sequencer;
use std::{path::Path, sync::Arc, thread::JoinHandle};
use tokio::sync::watch;
use uuid::Uuid;
use writer::Writer;

/// An event log in a directory, written by this process alone.
///
/// Dropping it waits for what was accepted; [`EventLog::close`] does so without blocking the thread.
pub struct EmbeddedLog {
    segments: Arc<Segments>,
    writer: Arc<Writer>,
    head: watch::Receiver<Position>,
    closed: watch::Receiver<bool>,
    /// Reads go to the disk in the thread that asks: for a log on which every step is in a known order.
    reads_inline: bool,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl EmbeddedLog {
    /// Opens the log in `dir`, and makes one where there is nothing or an empty directory. Reads the
    /// last segment; blocks for as long as that takes.
    ///
    /// # Errors
    /// [`LogError::InUse`], [`LogError::NotALog`], [`LogError::NewerFormat`], [`LogError::Damaged`],
    /// [`LogError::Full`] where there is no room for a first segment, and [`LogError::Unavailable`].
    pub fn open(dir: impl AsRef<Path>, options: EmbeddedOptions) -> Result<Self, LogError> {
        Self::open_on(Arc::new(Directory::at(dir.as_ref(), true)?), options)
    }

    /// The same on any disk.
    ///
    /// # Errors
    /// As [`EmbeddedLog::open`].
    pub fn open_on(disk: Arc<dyn Disk>, options: EmbeddedOptions) -> Result<Self, LogError> {
        options.check()?;
        let forms = Arc::new(SegmentFiles::on(disk));
        let disk = Arc::clone(&forms) as Arc<dyn Disk>;
        // Looked at before locking, because locking writes and a foreign directory must stay as it is.
        identity::read(&*disk)?;
        let lock = identity::lock(&*disk)?;
        let log = match identity::read(&*disk)? {
            Some(log) => log,
            None => identity::create(&*disk, options.segment_bytes)?,
        };
        let mut found = recovery::look(&*disk, log)?;
        found.repair(&*disk, log)?;
        let mut to_compress = Vec::new();
        if options.compress {
            identity::upgrade(&*disk, log)?;
            let plain = forms.plain().map_err(|e| unavailable(&format!("reading {}", disk.place()), &e))?;
            let indexed = found.shelf.sealed.iter().map(|sealed| sealed.segment.ordinal);
            to_compress
                .extend(indexed.filter(|full| plain.contains(full) && !found.unindexed.contains(full)));
        }

        let marked = found.scanned.rested || found.scanned.last_part.is_none();
        let (end, head_at) = (found.scanned.end, Position::new(found.scanned.next.get() - 1));
        let segments = Arc::new(Segments::new(disk, log.salt(), options.recent_bytes, found.shelf));
        let (maintenance, waiting) =
            Maintenance::new(Arc::clone(&segments), log, &options, found.spare, forms);
        let maintenance = Arc::new(maintenance);
        let sequencer = Sequencer::new(
            Arc::clone(&segments),
            Arc::clone(&maintenance),
            options.clone(),
            end,
            found.last_recorded_at_ns,
        );
        let (head_sender, head) = watch::channel(head_at);
        let writer = Arc::new(Writer::new(
            Arc::clone(&segments),
            Arc::clone(&maintenance),
            sequencer,
            &options,
            head_sender,
        ));
        found.unindexed.into_iter().for_each(|ordinal| maintenance.index(ordinal));
        to_compress.into_iter().for_each(|ordinal| maintenance.compress(ordinal));
        let (closed_sender, closed) = watch::channel(false);
        let reads_inline = options.inline_maintenance;
        let thread = threads::start(
            (Arc::clone(&writer), maintenance),
            marked,
            (!options.inline_maintenance).then_some(waiting),
            lock,
            closed_sender,
        )?;
        Ok(Self { segments, writer, head, closed, reads_inline, thread: Mutex::new(Some(thread)) })
    }

    /// Opens the log in `dir` beside whoever writes to it, for reading only. Takes no lock and changes
    /// nothing. See [`EmbeddedReader`].
    ///
    /// # Errors
    /// As [`EmbeddedLog::open`], save for those that only a writer meets.
    pub fn open_read_only(dir: impl AsRef<Path>) -> Result<EmbeddedReader, LogError> {
        EmbeddedReader::open_on(Arc::new(Directory::at(dir.as_ref(), false)?))
    }

    fn durable(&self) -> Result<Position, LogError> {
        if *self.closed.borrow() { Err(LogError::Closed) } else { Ok(*self.head.borrow()) }
    }

    /// Reads what may have to come from the disk, beside the threads that serve others: a disk may be slow, and an index
    /// that is damaged is made anew by whoever asks it.
    async fn read_disk<T: Send + 'static>(
        &self,
        read: impl FnOnce(&EventReader<'_>) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if !self.reads_inline => {
                let segments = Arc::clone(&self.segments);
                let reading = runtime.spawn_blocking(move || read(&EventReader::of(&segments)));
                reading.await.map_err(|_| LogError::Closed)?
            }
            _ => read(&EventReader::of(&self.segments)),
        }
    }
}

#[async_trait]
impl EventLog for EmbeddedLog {
    fn append(&self, group: Vec<Append>) -> AppendFuture {
        self.writer.append(group, None)
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        from: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let until = self.durable()?;
        if let Some(held) = EventReader::of(&self.segments).stream_in_memory(stream, from, limit, until) {
            return Ok(held);
        }
        let stream = stream.clone();
        self.read_disk(move |reader| reader.read_stream(&stream, from, limit, until)).await
    }

    async fn read_all(&self, from: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        self.read_page(from, PageLimits::events(limit)).await
    }

    async fn read_page(&self, from: Position, limits: PageLimits) -> Result<Vec<RecordedEvent>, LogError> {
        let until = self.durable()?;
        if limits.events == 0 || from > until {
            return Ok(Vec::new());
        }
        let reader = EventReader::of(&self.segments);
        if reader.holds(from) {
            return reader.read_page(from, limits, until);
        }
        self.read_disk(move |reader| reader.read_page(from, limits, until)).await
    }

    async fn find(&self, event_id: Uuid) -> Result<Option<RecordedEvent>, LogError> {
        let until = self.durable()?;
        if let Some(known) = EventReader::of(&self.segments).id_in_memory(event_id, until) {
            return Ok(known);
        }
        self.read_disk(move |reader| reader.find(event_id, until)).await
    }

    async fn stream_version(&self, stream: &StreamId) -> Result<Version, LogError> {
        let until = self.durable()?;
        if let Some(known) = EventReader::of(&self.segments).version_in_memory(stream, until) {
            return Ok(known);
        }
        let stream = stream.clone();
        self.read_disk(move |reader| reader.version_of(&stream, until)).await
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.head.clone()
    }

    fn is_sole_writer(&self) -> bool {
        true
    }

    async fn check(&self) -> Result<(), LogError> {
        self.writer.check()
    }

    async fn close(&self) -> Result<(), LogError> {
        self.writer.close();
        // An error means that the sender is gone, which is what is waited for.
        let _ = self.closed.clone().wait_for(|closed| *closed).await;
        Ok(())
    }
}

#[async_trait]
impl LogImport for EmbeddedLog {
    async fn append_recorded(&self, events: &[RecordedEvent]) -> Result<Position, ImportError> {
        let head = self.durable()?;
        let new = not_yet_imported(self, head, events).await?;
        let groups: Vec<_> = groups(new).collect();
        // All are in line before the first is waited for, so that they share their syncs.
        let answers: Vec<_> =
            groups.iter().map(|(time_ns, group)| self.writer.append(group.clone(), Some(*time_ns))).collect();
        let mut reached = head;
        for ((_, group), answer) in groups.iter().zip(answers) {
            taken_as_is(group, &answer.await?, reached.next())?;
            reached = reached.plus(group.iter().map(|append| append.events.len() as u64).sum());
        }
        Ok(reached)
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        self.writer.close();
        if let Some(thread) = self.thread.lock().take() {
            let _ = thread.join();
        }
    }
}
