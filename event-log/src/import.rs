//! Moving a log: the same events with the same positions, versions, ids and times in another backend. What was moved
//! can be told from the original by nobody, proofs over the stored bytes included.
//!
//! Not a way to change history: a log only takes what follows its own last event.

use crate::{Append, EventLog, ExpectedVersion, LogError, Position, RecordedEvent, Version};
use async_trait::async_trait;

/// Events read and written at a time.
const PAGE: usize = 2_000;

/// A log that can take over events which were recorded elsewhere.
#[async_trait]
pub trait LogImport: EventLog {
    /// Takes those of `events` that follow the log's last one exactly as they are, and answers with the last position.
    /// Those at positions the log has already are compared with what is there, so an interrupted import goes on by
    /// being repeated. Nobody else may append meanwhile.
    ///
    /// # Errors
    /// See [`ImportError`]; what was taken before stays.
    async fn append_recorded(&self, events: &[RecordedEvent]) -> Result<Position, ImportError>;
}

/// Why events were not taken over.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Log(#[from] LogError),
    /// One log is no copy of the other.
    #[error(
        "position {position} is {here:?} here and {there:?} there: these are different logs; import into an empty one"
    )]
    Differs { position: Position, here: RecordedEvent, there: RecordedEvent },
    /// One log ends before the other.
    #[error(
        "the log ends at position {head}, so position {first} cannot be next; import what lies between first"
    )]
    Gap { head: Position, first: Position },
    /// The log did not take an event, or gave it another place because somebody else appended meanwhile.
    #[error(
        "position {position} was not taken as it is: {detail}; let nobody else append, and import into an empty log"
    )]
    Refused { position: Position, detail: String },
}

/// Copies what `to` does not have yet, and answers with the last position both have. After an interruption the same
/// call goes on where it ended. `progress` is told of the position reached, and of the one to be reached.
///
/// # Errors
/// See [`ImportError`].
pub async fn copy(
    from: &dyn EventLog,
    to: &dyn LogImport,
    mut progress: impl FnMut(Position, Position) + Send,
) -> Result<Position, ImportError> {
    // The last event of `to` is read as well, so that a log of other events is noticed.
    let mut next = (*to.head().borrow()).max(Position::new(1));
    let mut reached = Position::ZERO;
    loop {
        let page = from.read_all(next, PAGE).await?;
        let Some(last) = page.last() else { break };
        reached = to.append_recorded(&page).await?;
        next = last.position().next();
        progress(reached, (*from.head().borrow()).max(reached));
    }
    let (theirs, ours) = (*from.head().borrow(), *to.head().borrow());
    if ours > theirs {
        return Err(ImportError::Gap { head: theirs, first: theirs.next() });
    }
    Ok(reached)
}

/// Compares two logs from the first event to the last, and answers with the last position of both.
///
/// # Errors
/// [`ImportError::Differs`] at the first difference, [`ImportError::Gap`] if one log ends before the other.
pub async fn compare(here: &dyn EventLog, there: &dyn EventLog) -> Result<Position, ImportError> {
    let mut reached = Position::ZERO;
    loop {
        let ours = here.read_all(reached.next(), PAGE).await?;
        let theirs = there.read_all(reached.next(), PAGE).await?;
        same(&ours, &theirs)?;
        let both = ours.len().min(theirs.len());
        reached = reached.plus(both as u64);
        if both == 0 {
            return match ours.first().or(theirs.first()) {
                Some(more) => Err(ImportError::Gap { head: reached, first: more.position() }),
                None => Ok(reached),
            };
        }
    }
}

/// Those of `events` that come after `head`, the last position of `log`, once those before are found to be the same. For
/// implementations of [`LogImport`].
///
/// # Errors
/// [`ImportError::Gap`] if events lie between; [`ImportError::Differs`] at the first difference.
pub async fn not_yet_imported<'e>(
    log: &dyn EventLog,
    head: Position,
    events: &'e [RecordedEvent],
) -> Result<&'e [RecordedEvent], ImportError> {
    let Some(first) = events.first() else { return Ok(events) };
    if first.position() > head.next() {
        return Err(ImportError::Gap { head, first: first.position() });
    }
    for pair in events.windows(2) {
        if pair[1].position() != pair[0].position().next() {
            return Err(ImportError::Gap { head: pair[0].position(), first: pair[1].position() });
        }
    }
    let known =
        usize::try_from(head.next().get() - first.position().get()).unwrap_or(usize::MAX).min(events.len());
    let (known, new) = events.split_at(known);
    same(&log.read_all(first.position(), known.len()).await?, known)?;
    Ok(new)
}

fn same(here: &[RecordedEvent], there: &[RecordedEvent]) -> Result<(), ImportError> {
    let different = here.iter().zip(there).find(|(here, there)| here != there);
    different.map_or(Ok(()), |(here, there)| {
        Err(ImportError::Differs { position: here.position(), here: here.clone(), there: there.clone() })
    })
}

/// Events as appends that a log which numbers by itself gives the same places: one group for each time of recording.
pub(crate) fn groups(events: &[RecordedEvent]) -> impl Iterator<Item = (i64, Vec<Append>)> {
    const GROUP: usize = 512;
    let by_time = events.chunk_by(|a, b| a.recorded_at_ns() == b.recorded_at_ns());
    by_time.flat_map(|same_time| same_time.chunks(GROUP)).map(|events| {
        let runs = events.chunk_by(|a, b| a.stream() == b.stream());
        (events[0].recorded_at_ns(), runs.map(as_append).collect())
    })
}

fn as_append(run: &[RecordedEvent]) -> Append {
    let before = Version::new(run[0].version().get().saturating_sub(1));
    Append {
        stream: run[0].stream_id(),
        expected: ExpectedVersion::Exact(before),
        events: run.iter().map(RecordedEvent::to_new_event).collect(),
    }
}

/// Whether a log that numbers by itself gave a group its places.
pub(crate) fn taken_as_is(
    appends: &[Append],
    outcomes: &[crate::AppendOutcome],
    mut position: Position,
) -> Result<(), ImportError> {
    for (append, outcome) in appends.iter().zip(outcomes) {
        let detail = match outcome {
            Ok(appended) if appended.first_position == position && !appended.already_there => None,
            Ok(appended) => Some(format!("it is at position {}", appended.first_position)),
            Err(rejection) => Some(rejection.to_string()),
        };
        if let Some(detail) = detail {
            return Err(ImportError::Refused { position, detail });
        }
        position = position.plus(append.events.len() as u64);
    }
    Ok(())
}
