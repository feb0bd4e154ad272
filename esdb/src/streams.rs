//! `Streams.Read`: pages of a stream or of the whole log, and subscriptions, which go on with what comes.
//!
//! Answers go through a short queue, so that a slow client holds back its own reading and nothing else. Reads include the
//! event that they begin at; subscriptions begin behind it.

use crate::proto::StreamIdentifier;
use crate::proto::streams::read_resp::{CaughtUp, Content, StreamNotFound, SubscriptionConfirmation};
use crate::proto::streams::streams_server::Streams;
use crate::proto::streams::{ReadReq, ReadResp};
use crate::reading::{ReadFrom, Reading};
use crate::recorded::{pair, shown};
use daybook_event_log::{EventLog, LogError, PageLimits, Position, RecordedEvent, StreamId, Version};
use daybook_subscriptions::CancellationToken;
use futures::StreamExt;
use futures::stream::{BoxStream, unfold};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{Sender, channel};
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// What is read at once, and no client has more than one such page waiting.
const PAGE: PageLimits = PageLimits { events: 256, bytes: 1 << 20 };
/// Answers that wait for a slow client.
const QUEUE: usize = 64;
/// Reads and subscriptions at a time, each of which may hold a page.
const READS: usize = 4_096;

type Answers = Sender<Result<ReadResp, Status>>;

/// Why a read ends before its end.
enum Ended {
    /// The client is gone.
    Unheard,
    /// The client is told.
    Told(Status),
}

impl From<LogError> for Ended {
    fn from(error: LogError) -> Self {
        Self::Told(match error {
            LogError::Unavailable { .. } | LogError::Closed => Status::unavailable(error.to_string()),
            LogError::Damaged { .. } => Status::data_loss(error.to_string()),
            other => Status::internal(other.to_string()),
        })
    }
}

/// The log as streams.
#[derive(Clone)]
pub(crate) struct LogStreams {
    log: Arc<dyn EventLog>,
    stop: CancellationToken,
    places: Arc<Semaphore>,
}

impl LogStreams {
    pub(crate) fn new(log: Arc<dyn EventLog>, stop: CancellationToken) -> Self {
        Self { log, stop, places: Arc::new(Semaphore::new(READS)) }
    }

    async fn answer(&self, reading: Reading, answers: Answers) {
        let outcome = tokio::select! {
            outcome = self.run(&reading, &answers) => outcome,
            () = answers.closed() => return,
            // Never an orderly end: clients would ask again at once, and for ever.
            () = self.stop.cancelled() => Err(Ended::Told(Status::unavailable("the node is stopping"))),
        };
        if let Err(Ended::Told(status)) = outcome {
            // A client that is gone needs no answer.
            let _ = answers.send(Err(status)).await;
        }
    }

    async fn run(&self, reading: &Reading, answers: &Answers) -> Result<(), Ended> {
        // What is no name of ours is the name of no stream.
        let stream = reading.stream.as_deref().map(StreamId::parse);
        match (stream, reading.count) {
            (None, Some(count)) => self.page(None, reading, count, answers).await,
            (None, None) => self.follow(None, reading, answers).await,
            (Some(Ok(stream)), Some(count)) => self.page(Some(&stream), reading, count, answers).await,
            (Some(Ok(stream)), None) => self.follow(Some(&stream), reading, answers).await,
            (Some(Err(_)), Some(_)) => send(answers, not_found(reading)).await,
            (Some(Err(error)), None) => Err(Ended::Told(Status::invalid_argument(error.to_string()))),
        }
    }

    /// The last version of `stream`, or the last position.
    async fn last(&self, stream: Option<&StreamId>) -> Result<u64, Ended> {
        Ok(match stream {
            Some(stream) => self.log.stream_version(stream).await?.get(),
            None => self.log.head().borrow().get(),
        })
    }

    async fn read(
        &self,
        stream: Option<&StreamId>,
        from: u64,
        count: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let limits = PageLimits { events: count, ..PAGE };
        match stream {
            Some(stream) => self.log.read_stream(stream, Version::new(from), count).await,
            None => self.log.read_page(Position::new(from), limits).await,
        }
    }

    async fn page(
        &self,
        stream: Option<&StreamId>,
        reading: &Reading,
        count: u64,
        answers: &Answers,
    ) -> Result<(), Ended> {
        let last = self.last(stream).await?;
        if last == 0 && stream.is_some() {
            return send(answers, not_found(reading)).await;
        }
        if reading.backwards {
            self.backwards(stream, reading, count, last, answers).await?;
        } else {
            self.forwards(stream, reading, count, last, answers).await?;
        }
        if !reading.tells_ends {
            return Ok(());
        }
        let end = match stream {
            Some(_) => Content::LastStreamPosition(last - 1),
            None => Content::LastAllStreamPosition(pair(Position::new(last))),
        };
        send(answers, end).await
    }

    async fn forwards(
        &self,
        stream: Option<&StreamId>,
        reading: &Reading,
        count: u64,
        last: u64,
        answers: &Answers,
    ) -> Result<(), Ended> {
        let mut next = match reading.from {
            ReadFrom::Start => 1,
            ReadFrom::End => return Ok(()),
            ReadFrom::At(at) => at.max(1),
        };
        let until = last.min(next.saturating_add(count - 1));
        while next <= until {
            let events = self.read(stream, next, at_once(until - next + 1)).await?;
            if events.is_empty() {
                break;
            }
            next += events.len() as u64;
            for event in &events {
                send(answers, shown(event, reading.id_as_text)).await?;
            }
        }
        Ok(())
    }

    async fn backwards(
        &self,
        stream: Option<&StreamId>,
        reading: &Reading,
        count: u64,
        last: u64,
        answers: &Answers,
    ) -> Result<(), Ended> {
        let mut end = match reading.from {
            ReadFrom::Start => last.min(1),
            ReadFrom::End => last,
            ReadFrom::At(at) => at.min(last),
        };
        let stop = end.saturating_sub(count);
        while end > stop {
            let wanted = at_once(end - stop);
            let first = end - wanted as u64 + 1;
            let mut events = self.read(stream, first, wanted).await?;
            // A page that is bounded in bytes ends early: read what is behind it, before anything is sent.
            while events.len() < wanted {
                let more = self.read(stream, first + events.len() as u64, wanted - events.len()).await?;
                if more.is_empty() {
                    return Err(Ended::Told(Status::internal("the log answered fewer events than it has")));
                }
                events.extend(more);
            }
            for event in events.iter().rev() {
                send(answers, shown(event, reading.id_as_text)).await?;
            }
            end = first - 1;
        }
        Ok(())
    }

    async fn follow(
        &self,
        stream: Option<&StreamId>,
        reading: &Reading,
        answers: &Answers,
    ) -> Result<(), Ended> {
        let mut head = self.log.head();
        let mut next = match reading.from {
            ReadFrom::Start => 1,
            ReadFrom::End => self.last(stream).await?.saturating_add(1),
            ReadFrom::At(at) => at.saturating_add(1),
        };
        let subscription_id = Uuid::new_v4().to_string();
        send(answers, Content::Confirmation(SubscriptionConfirmation { subscription_id })).await?;
        let mut is_live = false;
        loop {
            // Marked before it is read: what comes meanwhile wakes the wait below.
            head.borrow_and_update();
            let events = self.read(stream, next, PAGE.events).await?;
            for event in &events {
                send(answers, shown(event, reading.id_as_text)).await?;
            }
            next = next.saturating_add(events.len() as u64);
            if !events.is_empty() {
                continue;
            }
            if !std::mem::replace(&mut is_live, true) {
                send(answers, Content::CaughtUp(CaughtUp {})).await?;
            }
            head.changed().await.map_err(|_| LogError::Closed)?;
        }
    }
}

#[tonic::async_trait]
impl Streams for LogStreams {
    type ReadStream = BoxStream<'static, Result<ReadResp, Status>>;

    async fn read(&self, request: Request<ReadReq>) -> Result<Response<Self::ReadStream>, Status> {
        let reading = Reading::of(request.into_inner())?;
        let place = self.places.clone().try_acquire_owned().map_err(|_| {
            Status::resource_exhausted(format!(
                "{READS} reads and subscriptions are under way; try again later"
            ))
        })?;
        let (answers, queue) = channel(QUEUE);
        let streams = self.clone();
        tokio::spawn(async move {
            streams.answer(reading, answers).await;
            drop(place);
        });
        let answered = unfold(queue, |mut queue| async move { queue.recv().await.map(|next| (next, queue)) });
        Ok(Response::new(answered.boxed()))
    }
}

/// How many of `left` are read at once.
fn at_once(left: u64) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).min(PAGE.events)
}

fn not_found(reading: &Reading) -> Content {
    let stream_name = reading.stream.clone().unwrap_or_default().into_bytes();
    Content::StreamNotFound(StreamNotFound { stream_identifier: Some(StreamIdentifier { stream_name }) })
}

async fn send(answers: &Answers, answer: impl Into<ReadResp>) -> Result<(), Ended> {
    answers.send(Ok(answer.into())).await.map_err(|_| Ended::Unheard)
}

impl From<Content> for ReadResp {
    fn from(content: Content) -> Self {
        Self { content: Some(content) }
    }
}
