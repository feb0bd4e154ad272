//! Gives appends their places: decides each in order of arrival against the log as it will be, and
//! lays accepted events out as batches for the writer to put on disk.
//!
//! What is decided here is not durable yet. It never has to be taken back: if the disk fails, the log
//! takes nothing more and no answer is given that rests on it.

use super::{
    active::KnownStream,
    answers::Answers,
    format::{BATCH_HEADER, BatchHeader, Kind, MARKS, encode_frame, frame_len, narrow},
    maintenance::{Maintenance, Spare},
    options::EmbeddedOptions,
    segment::Segment,
    segments::Segments,
};
use crate::{Append, AppendOutcome, AppendRejection, Appended, LogError, Position, RecordedEvent, Version};
use std::{collections::HashSet, collections::VecDeque, sync::Arc};
use uuid::Uuid;

/// One call of `append`, waiting.
pub(super) struct Job {
    pub(super) group: Vec<Append>,
    /// When it was recorded, if that was elsewhere; the clock says so otherwise.
    pub(super) recorded_at_ns: Option<i64>,
    pub(super) answers: Answers,
}

/// A batch on its way to the disk, with those who wait for it.
pub(super) struct FrameBatch {
    pub(super) segment: Arc<Segment>,
    pub(super) offset: usize,
    pub(super) first: Position,
    pub(super) events: u64,
    /// The batch as it will stand in the segment; empty if there is nothing to write.
    pub(super) bytes: Vec<u8>,
    pub(super) answers: Vec<(Answers, Vec<AppendOutcome>)>,
    pub(super) appends: u64,
}

pub(super) enum SequenceStep {
    Write(FrameBatch),
    Seal { segment: Arc<Segment>, offset: usize, next: Position },
}

/// Why a job has to wait.
pub(super) struct NotYet;

pub(super) struct Sequencer {
    segments: Arc<Segments>,
    maintenance: Arc<Maintenance>,
    options: EmbeddedOptions,
    /// Handed to the writer in this order, and before `open`.
    ready: VecDeque<SequenceStep>,
    open: FrameBatch,
    next: Position,
    last_recorded_at_ns: i64,
    /// A job is being taken. Still set afterwards: a panic ended it, and the open batch is of no use.
    is_taking: bool,
}

impl FrameBatch {
    fn empty(segment: Arc<Segment>, offset: usize, first: Position) -> Self {
        Self { segment, offset, first, events: 0, bytes: Vec::new(), answers: Vec::new(), appends: 0 }
    }

    /// Tells all who wait that it will not become durable.
    pub(super) fn fail(self, failure: &LogError) {
        for (answers, _) in self.answers {
            answers.fail(failure);
        }
    }

    /// Gives the first answer; the second comes when the batch is on the disk.
    fn answer_later(&mut self, mut answers: Answers, outcomes: Vec<AppendOutcome>) {
        answers.sequenced(&outcomes);
        self.answers.push((answers, outcomes));
    }
}

impl Sequencer {
    /// Goes on at `offset` of the segment in use.
    pub(super) fn new(
        segments: Arc<Segments>,
        maintenance: Arc<Maintenance>,
        options: EmbeddedOptions,
        offset: usize,
        last_recorded_at_ns: i64,
    ) -> Self {
        let (segment, next) = {
            let shelf = segments.shelf();
            (Arc::clone(&shelf.segment), shelf.active.next())
        };
        let open = FrameBatch::empty(segment, offset, next);
        Self {
            segments,
            maintenance,
            options,
            ready: VecDeque::new(),
            open,
            next,
            last_recorded_at_ns,
            is_taking: false,
        }
    }

    /// Decides a whole job, or gives it back if it has to wait for the next segment. With `wait` it
    /// waits here, provided nothing else is left to write meanwhile.
    pub(super) fn take(&mut self, job: Job, wait: bool) -> Result<(), (Job, NotYet)> {
        self.is_taking = true;
        let taken = self.take_whole(job, wait);
        self.is_taking = false;
        taken
    }

    /// Whether a panic in the middle of a job left the open batch in pieces.
    pub(super) const fn is_torn(&self) -> bool {
        self.is_taking
    }

    fn take_whole(&mut self, job: Job, wait: bool) -> Result<(), (Job, NotYet)> {
        let needed = job.group.iter().map(needed_bytes).sum::<usize>();
        if needed > self.capacity() {
            let outcomes = job.group.iter().map(|append| self.too_large(append, needed)).collect();
            self.open.answer_later(job.answers, outcomes);
            return Ok(());
        }
        match self.make_room(needed, wait) {
            Ok(()) => {}
            Err(None) => return Err((job, NotYet)),
            Err(Some(full)) => {
                // Nothing was decided for this job, so its answer waits for nothing.
                job.answers.fail(&full);
                return Ok(());
            }
        }
        let by_clock = || self.last_recorded_at_ns.max((self.options.clock)());
        self.last_recorded_at_ns = job.recorded_at_ns.unwrap_or_else(by_clock);
        let mut outcomes = Vec::with_capacity(job.group.len());
        for append in &job.group {
            match self.decide(append) {
                Ok(outcome) => outcomes.push(outcome),
                Err(unreadable) => {
                    // What this job already put into the batch stays: it is whole, append by append,
                    // and a repetition will find it.
                    job.answers.fail(&unreadable);
                    return Ok(());
                }
            }
        }
        self.open.answer_later(job.answers, outcomes);
        if self.open.bytes.len() >= self.options.max_batch_bytes {
            self.close_batch();
        }
        Ok(())
    }

    /// Ends the open batch, if there is anything in it, and puts it in line for the writer.
    pub(super) fn close_batch(&mut self) {
        if self.open.bytes.is_empty() && self.open.answers.is_empty() {
            return;
        }
        let end = self.open.offset + self.open.bytes.len();
        let following = FrameBatch::empty(Arc::clone(&self.open.segment), end, self.next);
        let mut batch = std::mem::replace(&mut self.open, following);
        if !batch.bytes.is_empty() {
            let header = BatchHeader {
                kind: Kind::FrameBatch,
                first: batch.first,
                length: narrow(batch.bytes.len() - BATCH_HEADER),
                events: narrow(usize::try_from(batch.events).unwrap_or(usize::MAX)),
                salt: self.segments.salt,
            };
            batch.bytes[..BATCH_HEADER].copy_from_slice(&header.encode());
        }
        self.ready.push_back(SequenceStep::Write(batch));
    }

    /// How many steps are in line for the writer, without the open batch.
    pub(super) fn steps_ready(&self) -> usize {
        self.ready.len()
    }

    /// The writer's next step, if there is one in line.
    pub(super) fn next_step(&mut self) -> Option<SequenceStep> {
        self.ready.pop_front()
    }

    /// Tells all who wait for a batch that it will not become durable.
    pub(super) fn fail_all(&mut self, failure: &LogError) {
        self.close_batch();
        for step in self.ready.drain(..) {
            if let SequenceStep::Write(batch) = step {
                batch.fail(failure);
            }
        }
    }

    /// Where the writer's last mark goes once everything is written.
    pub(super) fn end(&self) -> (Arc<Segment>, usize, Position) {
        (Arc::clone(&self.open.segment), self.open.offset, self.next)
    }

    /// The most bytes one job may take in an empty segment of the size now in use.
    fn capacity(&self) -> usize {
        self.open.segment.size.min(self.options.segment_bytes)
            - super::scan::FIRST_BATCH
            - BATCH_HEADER
            - MARKS
    }

    fn too_large(&self, append: &Append, needed: usize) -> AppendOutcome {
        Err(AppendRejection::Invalid {
            stream: append.stream.clone(),
            reason: format!(
                "together with its group it takes {needed} bytes; {} are possible at once",
                self.capacity()
            ),
        })
    }

    /// Makes sure that `needed` bytes fit behind the open batch, in the next segment if need be.
    fn make_room(&mut self, needed: usize, wait: bool) -> Result<(), Option<LogError>> {
        let end = self.open.offset + self.open.bytes.len();
        let ordinal = self.open.segment.ordinal + 1;
        if end + BATCH_HEADER + needed + MARKS <= self.open.segment.size {
            if end > self.open.segment.size / 4 {
                self.maintenance.want(ordinal);
            }
            return Ok(());
        }
        let idle = self.ready.is_empty() && self.open.bytes.is_empty() && self.open.answers.is_empty();
        match self.maintenance.take(ordinal, wait && idle) {
            Spare::Soon => Err(None),
            Spare::Impossible(error) => Err(Some(error)),
            Spare::Ready(segment) => {
                self.close_batch();
                let (full, offset, next) = self.end();
                self.ready.push_back(SequenceStep::Seal { segment: full, offset, next });
                self.segments.roll(offset + BATCH_HEADER, Arc::clone(&segment));
                self.open = FrameBatch::empty(segment, super::scan::FIRST_BATCH, next);
                Ok(())
            }
        }
    }

    fn decide(&mut self, append: &Append) -> Result<AppendOutcome, LogError> {
        if let Err(refused) = self.check(append) {
            return Ok(Err(refused));
        }
        match self.already_there(append)? {
            Some(Ok(there)) => return Ok(Ok(there)),
            Some(Err(refused)) => return Ok(Err(refused)),
            None => {}
        }
        let next_here = self.segments.shelf().active.next_version_in(append.stream.as_str());
        let actual = match next_here {
            Some(next) => Version::new(next - 1),
            None => self.segments.version_of(&append.stream, Position::new(u64::MAX))?,
        };
        if !append.expected.holds(actual) {
            let (stream, expected) = (append.stream.clone(), append.expected);
            return Ok(Err(AppendRejection::Conflict { stream, expected, actual }));
        }
        Ok(Ok(self.write(append, actual.next())))
    }

    fn check(&self, append: &Append) -> Result<(), AppendRejection> {
        let invalid = |reason| AppendRejection::Invalid { stream: append.stream.clone(), reason };
        if append.events.is_empty() {
            return Err(invalid("an append needs at least one event".to_owned()));
        }
        for event in &append.events {
            RecordedEvent::check_sizes(event, self.options.max_payload_bytes).map_err(invalid)?;
        }
        match repeated_id(append) {
            Some(event_id) => Err(AppendRejection::EventIdReused { stream: append.stream.clone(), event_id }),
            None => Ok(()),
        }
    }

    /// Where the append already stands, or the refusal if only something of it does.
    fn already_there(&self, append: &Append) -> Result<Option<AppendOutcome>, LogError> {
        if self.segments.certainly_new(append.events.iter().map(|event| event.event_id)) {
            return Ok(None);
        }
        let mut first: Option<KnownStream> = None;
        for (event, n) in append.events.iter().zip(0_u64..) {
            let known = self.segments.known(event.event_id)?;
            let goes_on = match (&first, &known) {
                (None, None) => continue,
                (None, Some(known)) => n == 0 && known.stream == append.stream,
                (Some(first), Some(known)) => {
                    known.position == first.position.plus(n)
                        && known.version == first.version.plus(n)
                        && known.stream == first.stream
                }
                (Some(_), None) => false,
            };
            if !goes_on {
                let event_id = if first.is_some() { append.events[0].event_id } else { event.event_id };
                let stream = append.stream.clone();
                return Ok(Some(Err(AppendRejection::EventIdReused { stream, event_id })));
            }
            first = first.or(known);
        }
        let more = append.events.len() as u64 - 1;
        Ok(first.map(|first| {
            Ok(Appended {
                first_position: first.position,
                last_position: first.position.plus(more),
                first_version: first.version,
                last_version: first.version.plus(more),
                recorded_at_ns: first.recorded_at_ns,
                already_there: true,
            })
        }))
    }

    fn write(&mut self, append: &Append, first_version: Version) -> Appended {
        let first_position = self.next;
        let recorded_at_ns = self.last_recorded_at_ns;
        let batch = &mut self.open;
        if batch.bytes.is_empty() {
            batch.bytes.reserve(64 << 10);
            batch.bytes.resize(BATCH_HEADER, 0);
        }
        let mut shelf = self.segments.shelf_mut();
        let slot = shelf.active.stream_slot(&append.stream, first_version);
        for (event, n) in append.events.iter().zip(0..) {
            let (position, version) = (first_position.plus(n), first_version.plus(n));
            let offset = narrow(batch.offset + batch.bytes.len());
            encode_frame(&mut batch.bytes, |out| {
                RecordedEvent::encode(out, &append.stream, position, version, recorded_at_ns, event);
            });
            shelf.active.push(slot, event.event_id, version, recorded_at_ns, offset);
        }
        let count = append.events.len() as u64;
        batch.events += count;
        batch.appends += 1;
        self.next = first_position.plus(count);
        Appended {
            first_position,
            last_position: first_position.plus(count - 1),
            first_version,
            last_version: first_version.plus(count - 1),
            recorded_at_ns,
            already_there: false,
        }
    }
}

fn needed_bytes(append: &Append) -> usize {
    append.events.iter().map(|event| frame_len(RecordedEvent::encoded_len(&append.stream, event))).sum()
}

fn repeated_id(append: &Append) -> Option<Uuid> {
    let ids = || append.events.iter().map(|event| event.event_id);
    if append.events.len() <= 16 {
        return ids()
            .enumerate()
            .find(|(n, id)| ids().take(*n).any(|earlier| earlier == *id))
            .map(|(_, id)| id);
    }
    let mut seen = HashSet::with_capacity_and_hasher(append.events.len(), ahash::RandomState::default());
    ids().find(|id| !seen.insert(*id))
}
